// The same request cold and warm, on one scale both ways: below the diagonal warm was faster.
const pairsOf = (level) => {
  const out = [];
  // Of an overloaded side no time is held against another.
  if (level.overloaded) return out;
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
  if (pairs.length < DOTS) return leftOut("pairs", level.overloaded ? say("overloaded") : say("noPairs", DOTS));
  const xs = pairs.map(([cold, i]) => cold.ttft[i]), ys = pairs.map(([, , warm, j]) => warm.ttft[j]);
  const log = wide(xs.concat(ys), 5), axis = (kind) => ({ label: `TTFT ${say(kind)} (ms)`, log, fromZero: true });
  const below = xs.filter((x, k) => ys[k] < x).length, note = say("pairsNote", below, pairs.length);
  return new Plot({
    title: say("pairs"), term: "pairs", note: sentences(note, pairs.length > CLOUD ? say("dense") : ""), logToggle: "xy", entries: [], same: true, height: 492, right: innerWidth < 600 ? 44 : 100,
    x: axis("cold"), y: axis("warm"), summary: [note.replace(/[.。]$/, ""), summaryOf(say("ratio"), xs.map((x, k) => x / ys[k]), "×")],
    series: [{
      color: "warm", kind: "points", xs, ys,
      tip: (k) => { const [cold, i, warm, j] = pairs[k]; return `${say("ratio")} ${number(xs[k] / ys[k])}×\n${details(data, cold, i)}\n${details(data, warm, j)}`; },
    }],
    above: diagonals,
  });
};
// Where both are equal, and where warm is twice, ten times, … as fast; each is named where it leaves the square.
function diagonals(c, v) {
  const [low, high] = v.xr;
  c.textAlign = "left";
  c.textBaseline = "middle";
  let last = -Infinity;
  for (const factor of low > 0 ? [1, 2, 10, 100, 1000] : [1, 2, 10]) {
    const end = v.Y(high / factor), [x0, y0] = low > 0 ? [low * factor, low] : [low, low / factor];
    if (x0 >= high || end - last < LABEL + 4 || end > v.top + v.h) continue;
    last = end;
    c.strokeStyle = c.fillStyle = color(factor === 1 ? "text" : "faint");
    c.lineWidth = factor === 1 ? 1.5 : 1;
    c.setLineDash(factor === 1 ? [6, 4] : [1, 4]);
    c.beginPath(); c.moveTo(v.X(x0), v.Y(y0)); c.lineTo(v.X(high), end); c.stroke();
    if (factor === 1) this.base.dataset.diagonal = JSON.stringify([v.X(x0), v.Y(y0), v.X(high), end]);
    c.fillText(factor === 1 ? say("equal") : v.right < 100 ? factor + "×" : say("faster", factor), v.left + v.w + 8, end);
  }
  c.setLineDash([]);
}
