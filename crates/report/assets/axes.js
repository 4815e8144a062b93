// Axes: which ticks they have, how much room their labels take, and how they are drawn.
const LABEL = 12;
const ticksOf = (axis, within, place, size, most) => {
  if (axis.hidden) return [];
  const named = (every) => axis.ticks.filter((_, i) => i % every === 0);
  return apart(axis.ticks ? [1, 2, 3, 5, 10].map(named) : (axis.log ? logarithmic : linear)(within, most), place, size);
};
const labelOf = (axis) => [axis.label, axis.log && axis.label ? say("logScale") : ""].filter(Boolean).join(mark("comma"));
// Returns where the labels of ticks lie: [axis, value, from, to].
const drawAxes = (c, v, plot) => {
  const { x, y } = plot, bottom = v.top + v.h, labels = [];
  c.strokeStyle = color("line");
  c.fillStyle = color("faint");
  c.lineWidth = 1;
  c.textAlign = "center";
  c.textBaseline = "top";
  for (const t of v.xTicks) {
    const at = Math.round(v.X(t)) + 0.5, text = (x.name || short)(t), half = c.measureText(text).width / 2;
    c.beginPath(); c.moveTo(at, v.top); c.lineTo(at, bottom); c.stroke();
    const middle = Math.max(half, Math.min(at, v.width - half - 1));
    c.fillText(text, middle, bottom + 5);
    labels.push(["x", t, middle - half, middle + half]);
  }
  c.fillText(labelOf(x), v.left + v.w / 2, bottom + 22);
  c.textAlign = "right";
  c.textBaseline = "middle";
  for (const t of v.yTicks) {
    const at = Math.round(v.Y(t)) + 0.5;
    c.beginPath(); c.moveTo(v.left, at); c.lineTo(v.left + v.w, at); c.stroke();
    c.fillText((y.name || short)(t), v.left - 6, at);
    labels.push(["y", t, at - LABEL / 2, at + LABEL / 2]);
  }
  if (!y.label) return labels;
  c.save();
  c.translate(9, v.top + v.h / 2);
  c.rotate(-Math.PI / 2);
  c.textAlign = "center";
  c.fillText(labelOf(y), 0, 0, v.h + 30);
  c.restore();
  return labels;
};
