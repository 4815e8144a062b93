// Server metrics over each round.
// Two readings are a beginning and an end, which the tables have.
const READINGS = 3;
const metricCharts = (level) => [...new Set(level.rounds.flatMap((r) => r.metrics.map((m) => m.name)))].map((name) => () => metricChart(level, name));
const metricChart = (level, name) => {
  const looks = looksOf(level), of = (r) => r.metrics.filter((m) => m.name === name);
  const all = level.rounds.flatMap(of), [first] = all;
  const title = say("metric", name);
  if (!all.some((m) => m.series.length)) return { leftOut: `${title} (${say("noCourse")})` };
  if (most(all.flatMap((m) => m.series.map((s) => s.t))) < READINGS) return { leftOut: `${title} (${say("fewReadings", READINGS)})` };
  const series = level.rounds.flatMap((r) => of(r).flatMap((m) => m.series.map((s, k) => {
    const from = m.rises ? s.from : 0;
    const xs = s.t.map((t) => t / 1e3), ys = s.v.map((v) => (present(v) ? v - from : null));
    return {
      name: m.series.length > 1 ? `${roundName(r)} ${s.label}` : roundName(r), color: looks.get(r).color, dash: k ? [2 + 2 * k, 3] : looks.get(r).dash, kind: m.rises ? "line" : "step",
      xs, ys, marks: xs.length < 40, tip: (i) => `${name}${s.label ? " " + s.label : ""}\n${roundName(r)} · ${number(xs[i])} s\n${number(ys[i], 6)}`,
    };
  })));
  const what = first.quotient ? "quotient" : first.rises ? "increase" : "value";
  return new Plot({
    title, term: "prometheus", series, height: 220, x: { label: say("sinceStart") }, y: { label: say(what), fromZero: true },
    note: sentences(what === "value" ? "" : say(what + "Note"), all.some((m) => m.series.some((s) => s.thinned)) ? say("thinnedMetric") : ""),
    summary: series.map((s) => summaryOf(s.name, s.ys.filter(present))),
  });
};
