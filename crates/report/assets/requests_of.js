// What the charts need of the requests of a round, and what they say of one.
// Below so many requests a round its times are dots: each step of a curve would be more than 3 %, and a P99 the maximum.
const CURVE = 30;
// Dots of fewer say no more than the table.
const DOTS = 3;
const successes = (r) => [...r.index.keys()].filter((i) => r.outcome[i] === 0 && present(r.ttft[i]));
const most = (lists) => Math.max(0, ...lists.map((list) => list.length));
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
// Of sorted values.
const middle = (sorted) => (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.floor(sorted.length / 2)]) / 2;
const summaryOf = (name, values, unit = "") => {
  const sorted = Float64Array.from(values).sort(), text = (v) => number(v) + unit;
  return sorted.length ? say("summary", name, sorted.length, text(sorted[0]), text(middle(sorted)), text(sorted[sorted.length - 1])) : say("nothing", name);
};
// A chart that says nothing at this size: its name and the reason stand in its place.
const leftOut = (key, why) => ({ leftOut: `${say(key)} (${why})` });
