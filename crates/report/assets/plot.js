// A chart on two canvases: what is measured on the first, what the pointer touches on the second.
const tip = element("div", { className: "tip", hidden: true });
const showTip = (event, text) => {
  tip.textContent = text;
  tip.hidden = false;
  const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  const y = event.clientY + 14 + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 8 : event.clientY + 14;
  tip.style.left = Math.max(4, x) + "px";
  tip.style.top = Math.max(4, y) + "px";
};

const niceStep = (span, wanted) => {
  const raw = span / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= raw);
};
const ticks = ([low, high], log, wanted) => {
  if (log) {
    const powers = [];
    for (let p = Math.floor(Math.log10(low)); p <= Math.ceil(Math.log10(high)); p++)
      for (const m of high / low < 300 ? [1, 2, 5] : [1]) powers.push(m * 10 ** p);
    return powers.filter((v) => v >= low * 0.999 && v <= high * 1.001);
  }
  const step = niceStep(high - low || 1, wanted);
  const out = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at++) out.push(at * step);
  return out;
};
const range = (values, log, fromZero) => {
  let low = Infinity, high = -Infinity;
  for (const list of values) for (const v of list) {
    if (v === null || !Number.isFinite(v) || (log && v <= 0)) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (low > high) return log ? [1, 10] : [0, 1];
  if (log) return low === high ? [low / 2, high * 2] : [low / 1.08, high * 1.08];
  if (fromZero && low > 0) low = 0;
  if (low === high) return [low - (low || 1) * 0.5, high + (high || 1) * 0.5];
  return [low, high + (high - low) * 0.04];
};

const plots = new Set();
const MARGIN = { left: 58, right: 12, top: 8, bottom: 38 };

// options: title, term (its definition), note, x: {label, log, range, fromZero, ticks}, y likewise, series: [{name, color, kind: points|line|step,
// dash, xs, ys, tip(at)}], paint(context, view, colors), pick(x, y, view) -> {text, x, y}, logToggle: "x" | "xy", zoom, height
class Plot {
  constructor(options) {
    Object.assign(this, { height: 250, series: [] }, options);
    this.base = element("canvas", { role: "img" });
    this.over = element("canvas");
    this.legend = element("div", { className: "legend" });
    const area = element("div", { className: "plot" }, this.base, this.over);
    this.node = element("figure", { className: this.wide ? "wide" : "" },
      element("h3", {}, defined(this.term, this.title)), this.legend, area, element("figcaption", { textContent: this.note || "" }));
    this.base.setAttribute("aria-label", this.title + ". " + (this.note || ""));
    this.over.addEventListener("pointermove", (event) => this.hover(event));
    this.over.addEventListener("pointerleave", () => this.leave());
    if (this.zoom) this.zoomable();
    this.fillLegend();
    plots.add(this);
    this.sized = new ResizeObserver(() => this.draw());
    this.sized.observe(area);
  }
  remove() { this.sized.disconnect(); plots.delete(this); }
  fillLegend() {
    for (const entry of this.entries || this.series) {
      const dot = element("i");
      dot.style.background = `var(--${entry.color})`;
      this.legend.append(element("span", {}, dot, entry.name));
    }
    if (!this.logToggle) return;
    const box = element("input", { type: "checkbox", checked: Boolean(this.x.log || this.y.log) });
    box.addEventListener("change", () => {
      if (this.logToggle.includes("x")) this.x.log = box.checked;
      if (this.logToggle.includes("y")) this.y.log = box.checked;
      this.draw();
    });
    this.legend.append(element("label", {}, box, " " + say("log")));
  }
  view() {
    const width = this.base.clientWidth, height = this.height;
    const xr = this.zoomed || this.x.range || range(this.series.map((s) => s.xs), this.x.log, this.x.fromZero);
    const yr = this.y.range || range(this.series.map((s) => s.ys), this.y.log, this.y.fromZero);
    const plain = (v) => v, f = this.x.log ? Math.log : plain, g = this.y.log ? Math.log : plain;
    const w = width - MARGIN.left - MARGIN.right, h = height - MARGIN.top - MARGIN.bottom;
    const [x0, x1, y0, y1] = [f(xr[0]), f(xr[1]), g(yr[0]), g(yr[1])];
    return {
      width, height, w, h, xr, yr,
      X: (v) => MARGIN.left + ((f(v) - x0) / (x1 - x0)) * w,
      Y: (v) => MARGIN.top + h - ((g(v) - y0) / (y1 - y0)) * h,
      backX: (px) => { const t = x0 + ((px - MARGIN.left) / w) * (x1 - x0); return this.x.log ? Math.exp(t) : t; },
    };
  }
  draw() {
    const scale = devicePixelRatio || 1;
    if (!this.base.clientWidth) return;
    for (const canvas of [this.base, this.over]) {
      canvas.style.height = this.height + "px";
      canvas.width = Math.round(canvas.clientWidth * scale);
      canvas.height = Math.round(this.height * scale);
      canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
    }
    const v = (this.seen = this.view());
    const c = this.base.getContext("2d");
    c.font = "11px system-ui, sans-serif";
    this.axes(c, v);
    c.save();
    c.beginPath();
    c.rect(MARGIN.left, MARGIN.top - 2, v.w + 2, v.h + 4);
    c.clip();
    if (this.paint) this.paint(c, v);
    for (const series of this.series) this.one(c, v, series);
    c.restore();
    this.base.dataset.drawn = "yes";
  }
  axes(c, v) {
    c.strokeStyle = color("line");
    c.fillStyle = color("faint");
    c.lineWidth = 1;
    c.textAlign = "center";
    c.textBaseline = "top";
    let last = -Infinity;
    for (const t of this.x.ticks || ticks(v.xr, this.x.log, Math.max(3, v.w / 90))) {
      const at = Math.round(v.X(t)) + 0.5;
      c.beginPath(); c.moveTo(at, MARGIN.top); c.lineTo(at, MARGIN.top + v.h); c.stroke();
      const text = this.x.name ? this.x.name(t) : number(t);
      if (at - c.measureText(text).width / 2 > last + 4) {
        c.fillText(text, at, MARGIN.top + v.h + 5);
        last = at + c.measureText(text).width / 2;
      }
    }
    c.fillText(this.x.label || "", MARGIN.left + v.w / 2, MARGIN.top + v.h + 21);
    c.textAlign = "right";
    c.textBaseline = "middle";
    for (const t of this.y.hidden ? [] : ticks(v.yr, this.y.log, Math.max(3, v.h / 45))) {
      const at = Math.round(v.Y(t)) + 0.5;
      c.beginPath(); c.moveTo(MARGIN.left, at); c.lineTo(MARGIN.left + v.w, at); c.stroke();
      c.fillText(number(t), MARGIN.left - 6, at);
    }
    c.save();
    c.translate(11, MARGIN.top + v.h / 2);
    c.rotate(-Math.PI / 2);
    c.textAlign = "center";
    c.fillText(this.y.label || "", 0, 0);
    c.restore();
  }
  one(c, v, s) {
    c.strokeStyle = c.fillStyle = color(s.color);
    c.lineWidth = 1.8;
    c.setLineDash(s.dash || []);
    const n = s.xs.length;
    if (s.kind === "points") {
      const size = n > 4000 ? 2 : n > 600 ? 3 : 5;
      c.globalAlpha = n > 4000 ? 0.5 : 0.75;
      for (let i = 0; i < n; i++) {
        const [x, y] = [v.X(s.xs[i]), v.Y(s.ys[i])];
        if (x === x && y === y) c.fillRect(x - size / 2, y - size / 2, size, size);
      }
      c.globalAlpha = 1;
      return;
    }
    c.beginPath();
    let down = false, lastY = 0;
    for (let i = 0; i < n; i++) {
      if (s.ys[i] === null || !Number.isFinite(s.ys[i])) { down = false; continue; }
      const x = v.X(s.xs[i]), y = v.Y(s.ys[i]);
      if (!down) c.moveTo(x, y);
      else if (s.kind === "step") { c.lineTo(x, lastY); c.lineTo(x, y); }
      else c.lineTo(x, y);
      down = true;
      lastY = y;
    }
    c.stroke();
    c.setLineDash([]);
    if (s.marks) for (let i = 0; i < n; i++) if (s.ys[i] !== null) {
      c.beginPath(); c.arc(v.X(s.xs[i]), v.Y(s.ys[i]), 3, 0, 7); c.fill();
    }
  }
  nearest(x, y, v) {
    let best = null, least = 40 * 40;
    for (const s of this.series) {
      if (!s.tip) continue;
      for (let i = 0; i < s.xs.length; i++) {
        if (s.ys[i] === null) continue;
        const dx = v.X(s.xs[i]) - x, dy = v.Y(s.ys[i]) - y, d = dx * dx + dy * dy;
        if (d < least) { least = d; best = { x: x + dx, y: y + dy, series: s, at: i }; }
      }
    }
    return best && { x: best.x, y: best.y, text: best.series.tip(best.at) };
  }
  hover(event) {
    const v = this.seen;
    if (!v || this.drag) return;
    const box = this.over.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const found = (this.pick || this.nearest).call(this, x, y, v);
    const c = this.clear();
    if (!found) { tip.hidden = true; return; }
    c.strokeStyle = color("text");
    c.lineWidth = 1.5;
    if (found.box) c.strokeRect(...found.box);
    else { c.beginPath(); c.arc(found.x, found.y, 5, 0, 7); c.stroke(); }
    showTip(event, found.text);
  }
  clear() {
    const c = this.over.getContext("2d");
    c.clearRect(0, 0, this.over.width, this.over.height);
    return c;
  }
  leave() { this.clear(); tip.hidden = true; }
  zoomable() {
    const at = (event) => event.clientX - this.over.getBoundingClientRect().left;
    this.over.addEventListener("pointerdown", (event) => { this.drag = { from: at(event) }; this.over.setPointerCapture(event.pointerId); tip.hidden = true; });
    this.over.addEventListener("pointermove", (event) => {
      if (!this.drag) return;
      const c = this.clear();
      c.globalAlpha = 0.15;
      c.fillStyle = color("text");
      c.fillRect(this.drag.from, MARGIN.top, at(event) - this.drag.from, this.seen.h);
      c.globalAlpha = 1;
    });
    this.over.addEventListener("pointerup", (event) => {
      const [a, b] = [this.drag.from, at(event)].sort((p, q) => p - q);
      this.drag = null;
      this.clear();
      if (b - a > 6) { this.zoomed = [this.seen.backX(a), this.seen.backX(b)]; this.draw(); }
    });
    this.over.addEventListener("dblclick", () => { this.zoomed = null; this.draw(); });
  }
}
