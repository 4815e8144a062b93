// A chart on two canvases: what is measured on the first, what pointer and keys touch on the second.
const plots = new Set();
// Paper: the width of a column, and dots of the canvas to a pixel.
const PAPER = { width: 350, scale: 3 };
let printing = false, made = 0;

// options: title, term (its definition), note, summary: sentences for those who do not see it, x: {label, log, range, fromZero, ticks, name, hidden, values (its range is theirs)}, y likewise,
// series: [{name, color, kind: points|line|step, dash, marks, xs, ys, tip(at)}], entries (of the legend), under(c, v), over(c, v), pick(x, y, v) -> {text, box},
// logToggle: "x" | "xy", same (one range for both axes, drawn square), right (room for labels there), zoom, height
class Plot {
  constructor(options) {
    Object.assign(this, { height: 260, right: 14, series: [], summary: [] }, options);
    const id = "chart-" + ++made;
    this.base = element("canvas");
    this.over = element("canvas", { tabIndex: 0 });
    this.base.setAttribute("aria-hidden", "true");
    this.legend = element("div", { className: "legend" });
    this.area = element("div", { className: "plot" }, this.base, this.over);
    this.node = element("figure", { className: this.same ? "tall" : "" },
      element("h3", {}, defined(this.term, this.title)), this.legend, this.area, element("figcaption", { textContent: this.note || "" }),
      element("p", { className: "unseen", id, textContent: sentences(...this.summary.map((s) => s + mark("stop")), this.series.some((s) => s.tip) ? say("stepThrough") : "") }));
    this.over.setAttribute("role", "img");
    this.over.setAttribute("aria-label", this.title);
    this.over.setAttribute("aria-describedby", id);
    pointing(this);
    stepping(this);
    if (this.zoom) zooming(this);
    this.fillLegend();
    plots.add(this);
    this.sized = new ResizeObserver(() => { if (!printing && this.area.clientWidth !== this.drawnAt) this.draw(); });
    this.sized.observe(this.area);
  }
  remove() { this.sized.disconnect(); plots.delete(this); }
  fillLegend() {
    for (const { name, color, kind, dash } of this.entries || this.series) {
      const swatch = element("i", { className: kind === "line" || kind === "step" ? (dash && dash.length ? "dashed" : "line") : kind === "points" ? SHAPES[color] : "" });
      swatch.style.color = `var(--${color})`;
      this.legend.append(element("span", {}, swatch, name));
    }
    if (!this.logToggle) return;
    const box = element("input", { type: "checkbox", checked: Boolean(this.x.log || this.y.log) });
    box.addEventListener("change", () => {
      if (this.logToggle.includes("x")) this.x.log = box.checked;
      if (this.logToggle.includes("y")) this.y.log = box.checked;
      this.draw();
    });
    this.legend.append(element("label", {}, box, " " + say("logScale")));
  }
  ranges() {
    const { x, y, series } = this, xs = series.map((s) => s.xs), ys = series.map((s) => s.ys);
    if (this.same) { const both = range([...xs, ...ys], x.log, x.fromZero); return [both, both]; }
    return [this.zoomed || x.range || range(xs, x.log, x.fromZero), y.range || range(y.values || ys, y.log, y.fromZero)];
  }
  view(c) {
    const { x, y } = this, width = printing ? PAPER.width : this.area.clientWidth, top = 10, under = 42;
    const [xr, yr] = this.ranges();
    const plain = (v) => v, f = x.log ? Math.log : plain, g = y.log ? Math.log : plain;
    const [x0, x1, y0, y1] = [f(xr[0]), f(xr[1]), g(yr[0]), g(yr[1])];
    const v = {
      width, top, right: this.right, xr, yr, h: this.height - top - under,
      X: (value) => v.left + ((f(value) - x0) / (x1 - x0)) * v.w,
      Y: (value) => v.top + v.h - ((g(value) - y0) / (y1 - y0)) * v.h,
      backX: (px) => { const t = x0 + ((px - v.left) / v.w) * (x1 - x0); return x.log ? Math.exp(t) : t; },
    };
    const wideLabel = (t) => c.measureText((y.name || short)(t)).width;
    // A square may be lower than there is room: its labels are chosen again.
    for (const _ of this.same ? [1, 2] : [1]) {
      v.yTicks = ticksOf(y, yr, v.Y, () => LABEL + 6, Math.max(3, Math.floor(v.h / 28)));
      v.left = y.hidden ? 4 : Math.ceil(Math.max(16, ...v.yTicks.map(wideLabel))) + (y.label ? 26 : 10);
      v.w = width - v.left - v.right;
      if (this.same) v.w = v.h = Math.min(v.w, v.h);
    }
    v.height = v.h + top + under;
    v.xTicks = ticksOf(x, xr, v.X, (t) => c.measureText((x.name || short)(t)).width + 12, Math.max(3, Math.floor(v.w / 60)));
    return v;
  }
  draw() {
    if (!printing && !this.area.clientWidth) return;
    const c = this.base.getContext("2d"), scale = printing ? PAPER.scale : devicePixelRatio || 1;
    c.font = "12px " + getComputedStyle(document.body).fontFamily;
    const font = c.font, v = (this.seen = this.view(c));
    for (const canvas of [this.base, this.over]) {
      canvas.style.height = v.height + "px";
      canvas.width = Math.round(v.width * scale);
      canvas.height = Math.round(v.height * scale);
      canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
    }
    this.drawnAt = this.area.clientWidth;
    c.font = font;
    const labels = drawAxes(c, v, this);
    c.save();
    c.beginPath();
    c.rect(v.left - 4, v.top - 4, v.w + 8, v.h + 8);
    c.clip();
    if (this.under) this.under(c, v);
    for (const series of this.series) drawSeries(c, v, series);
    c.restore();
    if (this.above) this.above(c, v);
    // What the end-to-end test reads.
    Object.assign(this.base.dataset, { drawn: "yes", labels: JSON.stringify(labels), log: (this.x.log ? "x" : "") + (this.y.log ? "y" : "") });
  }
}
