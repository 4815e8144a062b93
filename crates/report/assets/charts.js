// The charts of one level, and those over all levels.
const COLORS = ["cold", "warm", "third", "fourth", "fifth"];
const present = (value) => value !== null && value !== undefined;
const roundName = (r) => `${say("round")} ${r.number} (${r.name[lang === "zh" ? 1 : 0]})`;
const wide = (values, times = 20) => {
  const sorted = values.filter((v) => v > 0).sort((a, b) => a - b);
  return sorted.length > 1 && sorted[Math.floor(sorted.length * 0.98)] / sorted[Math.floor(sorted.length * 0.02)] > times;
};
const label = (data, r, i) => {
  const id = data.texts.id[r.text[i]];
  return `#${r.index[i]}${id ? " " + id : ""}`;
};
const details = (data, r, i) => [
  `${label(data, r, i)} · ${roundName(r)}`,
  `TTFT ${number(r.ttft[i])} ms · ITL ${number(r.itl[i])} ms · ${say("latency")} ${number(r.latency[i])}`,
  `${say("input")} ${number(r.input[i], 9)} · ${say("cached")} ${number(r.cached[i], 9)} · ${say("output")} ${number(r.output[i], 9)}`,
  r.outcome[i] ? data.kinds[r.outcome[i]] : "",
].filter(Boolean).join("\n");

const ecdf = (data, level) => {
  const series = level.rounds.map((r, at) => {
    const order = [...r.ttft.keys()].filter((i) => r.outcome[i] === 0 && present(r.ttft[i])).sort((a, b) => r.ttft[a] - r.ttft[b]);
    return {
      name: roundName(r), color: COLORS[at % 5], kind: "step", xs: order.map((i) => r.ttft[i]), ys: order.map((_, k) => (k + 1) / order.length),
      tip: (k) => `${say("share")} ${number((k + 1) / order.length)}\n${details(data, r, order[k])}`,
    };
  });
  return new Plot({
    title: say("ecdf"), term: "ttft", note: say("ecdfNote"), series, logToggle: "x",
    x: { label: "TTFT (ms)", log: wide(series.flatMap((s) => s.xs)), fromZero: true }, y: { label: say("share"), range: [0, 1] },
  });
};

const pairsOf = (level) => {
  const out = [];
  for (const cold of level.rounds.filter((r) => r.kind === "cold"))
    for (const warm of level.rounds.filter((r) => r.kind === "warm" && r.epoch === cold.epoch)) {
      const at = new Map(warm.index.map((index, i) => [index, i]));
      cold.index.forEach((index, i) => {
        const j = at.get(index);
        if (j !== undefined && !cold.outcome[i] && !warm.outcome[j] && present(cold.ttft[i]) && present(warm.ttft[j])) out.push([cold, i, warm, j]);
      });
    }
  return out;
};
const scatter = (data, level) => {
  const pairs = pairsOf(level);
  const xs = pairs.map(([cold, i]) => cold.ttft[i]), ys = pairs.map(([, , warm, j]) => warm.ttft[j]);
  const log = wide(xs.concat(ys), 5);
  return new Plot({
    title: say("pairs"), term: "pairs", note: say("pairsNote"), logToggle: "xy", entries: [],
    x: { label: `TTFT ${say("cold")} (ms)`, log, fromZero: true }, y: { label: `TTFT ${say("warm")} (ms)`, log, fromZero: true },
    series: [{
      color: "warm", kind: "points", xs, ys,
      tip: (k) => { const [cold, i, warm, j] = pairs[k]; return `${say("ratio")} ${number(cold.ttft[i] / warm.ttft[j])}×\n${details(data, cold, i)}\n${details(data, warm, j)}`; },
    }],
    paint(c, v) {
      const [low, high] = [Math.max(v.xr[0], v.yr[0]), Math.min(v.xr[1], v.yr[1])];
      c.strokeStyle = color("faint");
      c.setLineDash([4, 4]);
      c.beginPath(); c.moveTo(v.X(low), v.Y(low)); c.lineTo(v.X(high), v.Y(high)); c.stroke();
      c.setLineDash([]);
    },
  });
};

const overTokens = (data, level) => {
  const series = level.rounds.map((r, at) => {
    const cached = (i) => (present(r.cached[i]) ? r.cached[i] : null);
    const rows = [...r.index.keys()].filter((i) => !r.outcome[i] && present(r.ttft[i]) && present(r.input[i]) && cached(i) !== null);
    return {
      name: roundName(r), color: COLORS[at % 5], kind: "points", xs: rows.map((i) => Math.max(0, r.input[i] - cached(i))), ys: rows.map((i) => r.ttft[i]),
      tip: (k) => details(data, r, rows[k]),
    };
  });
  const line = level.line, known = series.some((s) => s.xs.length);
  const note = !known ? say("noTokens") : line ? say("tokensLine", number(line.overhead_ms), number(line.ms_per_token)) : say("tokensNone", level.no_line ? level.no_line[lang === "zh" ? 1 : 0] : "-");
  if (known && line) {
    const [low, high] = range(series.map((s) => s.xs), false, true);
    series.push({ name: "", color: "text", kind: "line", xs: [low, high], ys: [low, high].map((x) => line.overhead_ms + line.ms_per_token * x), dash: [6, 3] });
  }
  return new Plot({ title: say("tokens"), term: "prefill", note, series, entries: series.filter((s) => s.name), x: { label: say("computed"), fromZero: true }, y: { label: "TTFT (ms)", fromZero: true } });
};

// A request's bars: the wait from the round's start to t0, prefill to the first token, decode to the end.
const timeline = (data, level, r, span) => {
  const order = [...r.index.keys()].filter((i) => present(r.start[i])).sort((a, b) => r.start[a] - r.start[b]);
  const end = (i) => r.start[i] + (present(r.latency[i]) ? r.latency[i] : 0);
  const inView = (v) => order.filter((i) => end(i) >= v.xr[0] * 1e3 && r.start[i] <= v.xr[1] * 1e3);
  const rowHeight = (v, rows) => Math.min(14, v.h / Math.max(1, rows.length));
  return new Plot({
    title: `${say("timeline")}: ${roundName(r)}`, term: "queue_wait_ms", note: say("timelineNote"), height: 280, zoom: true,
    entries: [["queue", "queue"], ["prefill", "cold"], ["decode", "third"], ["failed", "bad"]].map(([name, c]) => ({ name: say(name), color: c })),
    x: { label: say("sinceStart"), range: [0, span / 1e3] }, y: { hidden: true, range: [0, 1] },
    paint(c, v) {
      const rows = inView(v), h = rowHeight(v, rows), tall = Math.max(1, h * 0.85);
      const queue = color("queue"), prefill = color("cold"), decode = color("third"), bad = color("bad");
      rows.forEach((i, at) => {
        const y = MARGIN.top + at * h, t0 = r.start[i], stop = end(i);
        const bar = (from, to, fill) => { c.fillStyle = fill; c.fillRect(v.X(from / 1e3), y, Math.max(0.5, v.X(to / 1e3) - v.X(from / 1e3)), tall); };
        bar(0, t0, queue);
        if (r.outcome[i]) return bar(t0, stop, bad);
        const first = present(r.ttft[i]) ? t0 + r.ttft[i] : stop;
        bar(t0, first, prefill);
        bar(first, stop, decode);
      });
    },
    pick(x, y, v) {
      const rows = inView(v), h = rowHeight(v, rows), at = Math.floor((y - MARGIN.top) / h);
      const i = rows[at];
      if (i === undefined || x < MARGIN.left) return null;
      const left = v.X(r.start[i] / 1e3);
      return { text: `${details(data, r, i)}\n${say("queue")} ${number(r.start[i])} ms`, box: [left, MARGIN.top + at * h, Math.max(2, v.X(end(i) / 1e3) - left), Math.max(2, h)] };
    },
  });
};

const failures = (level) => {
  const kinds = [...new Set(level.rounds.flatMap((r) => Object.keys(r.failures)))].sort();
  const figure = element("figure", {}, element("h3", {}, defined("failures", say("failures"))));
  if (!kinds.length) { figure.append(element("p", { textContent: say("noFailures") })); return { node: figure, remove() {} }; }
  const most = Math.max(...level.rounds.flatMap((r) => Object.values(r.failures)));
  const table = element("table", {}, element("thead", {}, element("tr", {}, element("th"), ...level.rounds.map((r) => element("th", { textContent: roundName(r) })))));
  for (const kind of kinds) {
    const cells = level.rounds.map((r) => {
      const count = r.failures[kind] || 0, bar = element("i");
      Object.assign(bar.style, { display: "inline-block", height: ".7em", background: "var(--bad)", width: (90 * count) / most + "px", marginRight: ".4em" });
      return element("td", {}, bar, String(count));
    });
    const id = /^http_\d+$/.test(kind) ? "http_status" : kind;
    table.append(element("tr", {}, element("td", {}, defined(id, kind)), ...cells));
  }
  figure.append(element("div", { className: "scroll" }, table));
  return { node: figure, remove() {} };
};

const metricPlots = (level) => {
  const names = [...new Set(level.rounds.flatMap((r) => r.metrics.map((m) => m.name)))];
  return names.map((name) => {
    const series = [];
    let thinned = false;
    level.rounds.forEach((r, at) => {
      for (const m of r.metrics.filter((m) => m.name === name))
        m.series.forEach((s, k) => {
          thinned ||= s.thinned;
          const first = s.v.find(present) || 0, from = m.rises ? first : 0;
          const xs = s.t.map((t) => t / 1e3), ys = s.v.map((v) => (present(v) ? v - from : null));
          series.push({
            name: m.series.length > 1 ? `${roundName(r)} ${s.label}` : roundName(r), color: COLORS[at % 5], dash: k ? [2 + 2 * k, 3] : [], kind: m.rises ? "line" : "step",
            xs, ys, marks: xs.length < 40, tip: (i) => `${name}${s.label ? " " + s.label : ""}\n${roundName(r)} · ${number(xs[i])} s\n${number(ys[i], 6)}`,
          });
        });
    });
    // Of a histogram the page has no course over time.
    return series.length ? new Plot({ title: say("metric", name), term: "prometheus", note: say("metricNote") + (thinned ? "; " + say("thinnedMetric") : ""), series, height: 200, x: { label: say("sinceStart") }, y: { fromZero: true } }) : null;
  }).filter(Boolean);
};

const sweep = (data) => {
  if (data.levels.length < 2) return [];
  const at = data.levels.map((_, i) => i);
  const of = (kind, pick) => data.levels.map((level) => { const r = level.rounds.find((r) => r.kind === kind); const v = r ? r.summary[pick] : null; return present(v) ? v : null; });
  const one = (term, title, picks, note, y = {}) => {
    const series = picks.flatMap(([pick, dash]) => ["cold", "warm"].map((kind) => {
      const ys = of(kind, pick);
      return { name: say(kind), color: kind, dash, kind: "line", marks: true, xs: at, ys, tip: (i) => `${say("concurrency")} ${data.levels[i].name}\n${say(kind)} ${pick}: ${number(ys[i], 6)}` };
    }));
    if (series.every((s) => s.ys.every((v) => v === null))) return null;
    return new Plot({
      title, term, note, series, entries: series.slice(0, 2), height: 200,
      x: { label: say("concurrency"), range: [-0.4, at.length - 0.6], ticks: at, name: (i) => data.levels[i].name }, y: { fromZero: true, ...y },
    });
  };
  return [
    one("ttft", say("ttftSweep"), [["p50_ttft", []], ["p99_ttft", [5, 4]]], say("dashed")),
    one("itl", say("itlSweep"), [["p50_itl", []]]),
    one("token_throughput", say("throughput"), [["token_throughput", []]]),
    one("goodput", say("goodput"), [["goodput_request_rate", []]], "", { range: [0, 1.04] }),
    one("cache_hit_rate", say("hit"), [["cache_hit_rate", []]], "", { range: [0, 1.04] }),
  ].filter(Boolean);
};
