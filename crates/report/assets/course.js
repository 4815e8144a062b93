// A round over time: a bar a request while bars can be told apart, beyond that TTFT over the time of sending.
const BARS = 60;
const courses = (data, level) => {
  const longest = Math.max(1, ...level.rounds.map((r) => r.duration_ms)) / 1e3, count = most(level.rounds.map((r) => r.index));
  if (count < DOTS) return [leftOut("overTime", say("fewRequests", DOTS))];
  if (count > BARS) return ttftOverTime(data, level, longest);
  return level.rounds.map((r) => bars(data, level, r, longest, Math.min(280, 52 + 14 * count)));
};
const lasted = (r) => say("lasted", roundName(r), r.index.length, number(r.duration_ms / 1e3), r.outcome.filter(Boolean).length);

const bars = (data, level, r, longest, height) => {
  const order = [...r.index.keys()].filter((i) => present(r.start[i])).sort((a, b) => r.start[a] - r.start[b]);
  const end = (i) => r.start[i] + (present(r.latency[i]) ? r.latency[i] : 0);
  const inView = (v) => order.filter((i) => end(i) >= v.xr[0] * 1e3 && r.start[i] <= v.xr[1] * 1e3);
  const rowHeight = (v, rows) => Math.min(14, v.h / Math.max(1, rows.length));
  return new Plot({
    title: say("timeline", roundName(r)), term: "latency", // What holds for all of them is said once.
    note: r === level.rounds[0] ? sentences(say("timelineNote"), say("zoomNote")) : "", height, zoom: true, summary: [lasted(r)],
    entries: [["prefill", "prefill"], ["decode", "decode"], ...(r.outcome.some(Boolean) ? [["failed", "bad"]] : [])].map(([name, c]) => ({ name: say(name), color: c })),
    x: { label: say("sinceStart"), range: [0, longest] }, y: { hidden: true, range: [0, 1] },
    under(c, v) {
      const rows = inView(v), h = rowHeight(v, rows), tall = Math.max(1, h * 0.8);
      const [prefill, decode, bad] = ["prefill", "decode", "bad"].map(color);
      rows.forEach((i, at) => {
        const y = v.top + at * h, t0 = r.start[i], stop = end(i);
        const bar = (from, to, fill) => { c.fillStyle = fill; c.fillRect(v.X(from / 1e3), y, Math.max(0.5, v.X(to / 1e3) - v.X(from / 1e3)), tall); };
        if (r.outcome[i]) return bar(t0, stop, bad);
        const first = present(r.ttft[i]) ? t0 + r.ttft[i] : stop;
        bar(t0, first, prefill);
        bar(first, stop, decode);
      });
    },
    pick(x, y, v) {
      const rows = inView(v), h = rowHeight(v, rows), at = Math.floor((y - v.top) / h), i = rows[at];
      if (i === undefined || x < v.left) return null;
      const left = v.X(r.start[i] / 1e3);
      return { text: `${details(data, r, i)}\n${say("start")} ${number(r.start[i])}`, box: [left, v.top + at * h, Math.max(2, v.X(end(i) / 1e3) - left), Math.max(2, h)] };
    },
  });
};

// On one scale for all rounds.
const ttftOverTime = (data, level, longest) => {
  const all = level.rounds.map((r) => successes(r).filter((i) => present(r.start[i]))), values = level.rounds.map((r, at) => all[at].map((i) => r.ttft[i]));
  const log = wide(values.flat(), 20), looks = looksOf(level);
  return level.rounds.map((r, at) => {
    const rows = all[at], failed = [...r.index.keys()].filter((i) => r.outcome[i] && present(r.start[i]));
    return new Plot({
      title: say("course", roundName(r)), term: "ttft", zoom: true, logToggle: "y", entries: [], summary: [lasted(r)],
      note: sentences(failed.length ? say("courseFailed") : "", rows.length > CLOUD ? say("dense") : "", at ? "" : say("zoomNote")),
      x: { label: say("sinceStart"), range: [0, longest] }, y: { label: "TTFT (ms)", log, fromZero: true, values },
      series: [{
        name: roundName(r), ...looks.get(r), kind: "points", xs: rows.map((i) => r.start[i] / 1e3), ys: values[at],
        tip: (k) => `${details(data, r, rows[k])}\n${say("start")} ${number(r.start[rows[k]])}`,
      }],
      under(c, v) {
        c.fillStyle = color("bad");
        for (const i of failed) c.fillRect(v.X(r.start[i] / 1e3) - 0.5, v.top - 4, 1.5, 8);
      },
    });
  });
};
