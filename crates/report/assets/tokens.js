// TTFT over what had to be computed, with the line that was fitted.
const overTokens = (data, level) => {
  const looks = looksOf(level);
  const series = level.rounds.map((r) => {
    const rows = successes(r).filter((i) => present(r.input[i]) && present(r.cached[i]));
    return {
      name: roundName(r), ...looks.get(r), kind: "points", xs: rows.map((i) => Math.max(0, r.input[i] - r.cached[i])), ys: rows.map((i) => r.ttft[i]),
      tip: (k) => details(data, r, rows[k]),
    };
  });
  const count = most(series.map((s) => s.xs));
  if (count < DOTS) return leftOut("tokens", count ? say("fewRequests", DOTS) : say("noTokens"));
  const kinds = [...new Map(level.rounds.map((r) => [looks.get(r).color, { name: inLang(r.name), color: looks.get(r).color, kind: "points" }])).values()];
  const line = level.line;
  const note = line ? say("tokensLine", number(line.overhead_ms), number(line.ms_per_token)) : level.no_line ? say("tokensNone", inLang(level.no_line)) : "";
  const summary = series.flatMap((s) => [summaryOf(s.name + mark("comma") + say("computed"), s.xs), summaryOf(s.name + mark("comma") + "TTFT", s.ys, " ms")]);
  if (line) {
    const [low, high] = range(series.map((s) => s.xs), false, true);
    series.push({ name: "", color: "text", kind: "line", xs: [low, high], ys: [low, high].map((x) => line.overhead_ms + line.ms_per_token * x), dash: [6, 3] });
  }
  return new Plot({
    title: say("tokens"), term: "prefill", note: sentences(note, count > CLOUD ? say("dense") : ""), series, entries: kinds, summary,
    x: { label: say("computed"), fromZero: true }, y: { label: "TTFT (ms)", fromZero: true },
  });
};
