// Sessions turn by turn: what came from the cache beside what could have, and TTFT.
const turnCharts = (data, level) => {
  const rounds = level.rounds.filter((r) => r.by_turn && r.by_turn.turn.length > 1);
  if (!rounds.length) return [];
  const looks = looksOf(level), most = peak(rounds.flatMap((r) => r.by_turn.turn));
  const line = (r, pick, unit, more) => {
    const of = r.by_turn, value = (i) => `${say("turn", of.turn[i])}${mark("colon")}${number(of[pick][i])} ${unit}`;
    const name = roundName(r);
    return {
      name, called: name, ...looks.get(r), kind: "line", marks: true, xs: of.turn, ys: of[pick], value,
      tip: (i) => `${more.called || name}\n${value(i)}\n${say("turnRequests", of.requests[i])}`, ...more,
    };
  };
  const known = (series) => series.filter((s) => s.ys.some(present));
  const chart = (title, term, note, unit, series, y) => series.length ? new Plot({
    title, term, note, series, entries: series.filter((s) => !s.beside).map((s) => ({ ...s, kind: "points" })),
    summary: series.map((s) => s.called + mark("colon") + s.xs.map((_, i) => s.value(i)).join(mark("semicolon"))),
    x: { label: say("turnAxis"), range: [0.6, most + 0.4], values: [1, most] }, y: { label: unit, fromZero: true, ...y },
  }) : null;
  const hits = known(rounds.map((r) => line(r, "hits", "%", {})));
  const reachable = known(rounds.map((r) => line(r, "reachable", "%", { dash: [5, 4], marks: false, beside: true, called: roundName(r) + mark("comma") + say("reachable") })));
  const times = known(rounds.map((r) => line(r, "ttft", "ms", {})));
  return [
    chart(say("hitsByTurn"), "reachable", reachable.length ? say("hitsByTurnNote") : "", "%", [...reachable, ...hits], { range: [0, 104] }),
    chart(say("ttftByTurn"), "turn", say("ttftByTurnNote"), "ms", times, {}),
  ];
};
