// The times of each round: a dot a request, or from many requests on the share at or below.
const distribution = (data, level) => {
  const rounds = level.rounds.map((r) => ({ r, rows: successes(r).sort((a, b) => r.ttft[a] - r.ttft[b]) }));
  const count = most(rounds.map(({ rows }) => rows));
  if (count < DOTS) return leftOut("spread", say("fewRequests", DOTS));
  const looks = looksOf(level), xs = ({ r, rows }) => rows.map((i) => r.ttft[i]);
  const summary = rounds.map((one) => summaryOf(roundName(one.r), xs(one), " ms"));
  const x = { label: "TTFT (ms)", log: wide(rounds.flatMap(xs), 20), fromZero: true };
  return count < CURVE ? dots(data, rounds, looks, x, summary) : curve(data, rounds, looks, x, summary);
};
const curve = (data, rounds, looks, x, summary) => new Plot({
  title: say("ecdf"), term: "ttft", note: say("ecdfNote"), logToggle: "x", x, y: { label: say("share"), range: [0, 100] }, summary,
  series: rounds.map(({ r, rows }) => ({
    name: roundName(r), ...looks.get(r), kind: "step", xs: rows.map((i) => r.ttft[i]), ys: rows.map((_, k) => (100 * (k + 1)) / rows.length),
    tip: (k) => `${number((100 * (k + 1)) / rows.length)} %\n${details(data, r, rows[k])}`,
  })),
});
// A line of dots a round, its name above; dots that touch go up and down by turns.
const LINE = 60;
const dots = (data, rounds, looks, x, summary) => new Plot({
  title: say("spread"), term: "ttft", note: say("spreadNote", CURVE), logToggle: "x", x, y: { hidden: true, range: [0, rounds.length] }, entries: [], summary,
  height: 52 + LINE * rounds.length,
  series: rounds.map(({ r, rows }, at) => ({
    name: roundName(r), ...looks.get(r), kind: "points", xs: rows.map((i) => r.ttft[i]), ys: rows.map((_, k) => rounds.length - at - 0.65 - 0.12 * [0, 1, -1][k % 3]),
    tip: (k) => details(data, r, rows[k]),
  })),
  under(c, v) {
    rounds.forEach(({ r, rows }, at) => {
      const y = v.Y(rounds.length - at);
      c.textAlign = "left";
      c.textBaseline = "top";
      c.fillStyle = color("text");
      c.fillText(`${roundName(r)} · n = ${rows.length}`, v.left + 4, y + 2);
      if (!rows.length) return;
      const median = v.X(middle(rows.map((i) => r.ttft[i])));
      c.fillStyle = color(looks.get(r).color);
      c.fillRect(median - 1, v.Y(rounds.length - at - 0.4), 2, v.Y(rounds.length - at - 0.9) - v.Y(rounds.length - at - 0.4));
    });
  },
});
