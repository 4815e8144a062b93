// Pointer and keys on a chart: what a point is, stepping through points, and zoom.
const tip = element("div", { className: "tip", hidden: true });
tip.setAttribute("role", "status");
const showTip = (x, y, text) => {
  tip.hidden = false;
  tip.textContent = text;
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - tip.offsetWidth - 8)) + "px";
  tip.style.top = Math.max(4, y + 14 + tip.offsetHeight > innerHeight ? y - tip.offsetHeight - 8 : y + 14) + "px";
};
addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
const clear = (plot) => {
  const c = plot.over.getContext("2d");
  c.clearRect(0, 0, plot.over.width, plot.over.height);
  return c;
};
const show = (plot, found) => {
  const c = clear(plot);
  if (!found) { tip.hidden = true; return; }
  const box = plot.over.getBoundingClientRect();
  c.strokeStyle = color("text");
  c.lineWidth = 1.5;
  if (found.box) c.strokeRect(...found.box);
  else { c.beginPath(); c.arc(found.x, found.y, 6, 0, 7); c.stroke(); }
  const [x, y] = found.box ? [Math.max(0, found.box[0]), found.box[1]] : [found.x, found.y];
  showTip(found.at ? found.at[0] : box.left + x, found.at ? found.at[1] : box.top + y, found.text);
};
const nearest = (plot, x, y) => {
  const v = plot.seen;
  let best = null, least = 40 * 40;
  for (const s of plot.series) {
    if (!s.tip) continue;
    for (let i = 0; i < s.xs.length; i++) {
      if (s.ys[i] === null) continue;
      const dx = v.X(s.xs[i]) - x, dy = v.Y(s.ys[i]) - y, d = dx * dx + dy * dy;
      if (d < least) { least = d; best = { x: x + dx, y: y + dy, series: s, i }; }
    }
  }
  return best && { x: best.x, y: best.y, text: best.series.tip(best.i) };
};
const pointing = (plot) => {
  plot.over.addEventListener("pointermove", (event) => {
    const v = plot.seen;
    if (!v || plot.drag) return;
    const box = plot.over.getBoundingClientRect(), [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const found = plot.pick ? plot.pick(x, y, v) : nearest(plot, x, y);
    show(plot, found && { ...found, at: [event.clientX, event.clientY] });
  });
  for (const name of ["pointerleave", "blur"]) plot.over.addEventListener(name, () => { clear(plot); tip.hidden = true; });
};
// Left and right go through a series by x, up and down change the series.
const stepping = (plot) => {
  let series = 0, at = -1;
  const orders = new Map();
  const orderOf = (s) => {
    if (!orders.has(s)) orders.set(s, [...s.xs.keys()].filter((i) => s.ys[i] !== null).sort((a, b) => s.xs[a] - s.xs[b]));
    return orders.get(s);
  };
  plot.over.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { clear(plot); tip.hidden = true; return; }
    const steps = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1], PageDown: [100, 0], PageUp: [-100, 0], Home: [-Infinity, 0], End: [Infinity, 0] }[event.key];
    const known = plot.series.filter((s) => s.tip && orderOf(s).length), v = plot.seen;
    if (!steps || !known.length || !v) return;
    event.preventDefault();
    series = (series + steps[1] + known.length) % known.length;
    const s = known[series], order = orderOf(s);
    at = Math.max(0, Math.min(order.length - 1, at + steps[0]));
    show(plot, { x: v.X(s.xs[order[at]]), y: v.Y(s.ys[order[at]]), text: s.tip(order[at]) });
  });
};
const zooming = (plot) => {
  const at = (event) => event.clientX - plot.over.getBoundingClientRect().left;
  const to = (zoomed) => { plot.zoomed = zoomed; plot.draw(); };
  plot.over.addEventListener("pointerdown", (event) => { plot.drag = { from: at(event) }; plot.over.setPointerCapture(event.pointerId); tip.hidden = true; });
  plot.over.addEventListener("pointermove", (event) => {
    if (!plot.drag) return;
    const c = clear(plot);
    c.globalAlpha = 0.15;
    c.fillStyle = color("text");
    c.fillRect(plot.drag.from, plot.seen.top, at(event) - plot.drag.from, plot.seen.h);
    c.globalAlpha = 1;
  });
  plot.over.addEventListener("pointerup", (event) => {
    const [a, b] = [plot.drag.from, at(event)].sort((p, q) => p - q);
    plot.drag = null;
    clear(plot);
    if (b - a > 6) to([plot.seen.backX(a), plot.seen.backX(b)]);
  });
  plot.over.addEventListener("pointercancel", () => { plot.drag = null; clear(plot); });
  plot.over.addEventListener("dblclick", () => to(null));
  plot.over.addEventListener("keydown", (event) => {
    const [low, high] = plot.seen ? plot.seen.xr : [0, 1];
    if (event.key === "+" || event.key === "=") to([low + (high - low) / 4, high - (high - low) / 4]);
    else if (event.key === "0" || event.key === "-") to(null);
  });
};
