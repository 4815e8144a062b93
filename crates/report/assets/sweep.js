// What changes with the load: the first cold and the first warm round of each level.
const TAIL = 100;
const sweepCharts = (data) => {
  if (data.levels.length < 2) return [];
  const rounds = data.levels.map((level) => ["cold", "warm"].map((kind) => level.rounds.find((r) => r.kind === kind)));
  const enough = rounds.flat().every((r) => !r || successes(r).length * data.every >= TAIL);
  const several = data.levels.some((level) => ["cold", "warm"].some((kind) => level.rounds.filter((r) => r.kind === kind).length > 1));
  const common = several ? say("firstRounds") : "";
  // The times of such a level say how long its round was.
  const over = data.levels.filter((level) => level.overloaded).map((level) => level.name);
  const grown = over.length ? say("overloadedLevels", over.join(mark("comma"))) : "";
  const tail = enough ? [["p99_ttft", [5, 4], "P99"]] : [];
  return [
    ["ttft", say(enough ? "tailSweep" : "ttftSweep"), [["p50_ttft", [], say("median")], ...tail], sentences(enough ? say("dashed") : say("fewForTail", TAIL), grown), "ms"],
    ["itl", say("itlSweep"), [["p50_itl", [], say("median")]], grown, "ms"],
    ["token_throughput", say("throughput"), [["token_throughput", [], ""]], "", "tokens/s"],
    ["goodput", say("goodput"), [["goodput_request_rate", [], ""]], "", "%"],
    ["goodput_request_throughput", say("goodputRate"), [["goodput_request_throughput", [], ""]], "", "requests/s"],
    ["cache_hit_rate", say("hit"), [["cache_hit_rate", [], ""]], "", "%"],
  ].map(([term, title, picks, note, unit]) => () => sweepChart(data, rounds, { term, title, picks, unit, note: sentences(note, common) }));
};
const sweepChart = (data, rounds, { term, title, picks, unit, note }) => {
  const at = data.levels.map((_, i) => i), factor = unit === "%" ? 100 : 1;
  const series = picks.flatMap(([pick, dash, name]) => ["cold", "warm"].map((kind, side) => {
    const ys = rounds.map((pair) => { const v = pair[side] ? pair[side].summary[pick] : null; return present(v) ? v * factor : null; });
    const called = name ? say(kind) + mark("comma") + name : say(kind);
    const value = (i) => `${say(data.load)} ${data.levels[i].name}${mark("colon")}${number(ys[i])} ${unit}`;
    return { name: say(kind), called, color: kind, dash, kind: "line", marks: true, xs: at, ys, tip: (i) => `${called}\n${value(i)}`, value };
  }));
  if (series.every((s) => s.ys.every((v) => v === null))) return null;
  return new Plot({
    title, term, note, series, entries: series.slice(0, 2).map((s) => ({ ...s, kind: "points" })), height: 220, summary: series.map((s) => s.called + mark("colon") + at.map(s.value).join(mark("semicolon"))),
    x: { label: say(data.load), range: [-0.4, at.length - 0.6], ticks: at, name: (i) => data.levels[i].name }, y: { label: unit, fromZero: true, ...(unit === "%" ? { range: [0, 104] } : {}) },
  });
};
