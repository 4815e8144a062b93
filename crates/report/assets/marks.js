// What is drawn of a series: points, a cloud of very many points, a line or steps.
// From so many points on they hide each other, and how many lie in one place is drawn instead.
const CLOUD = 4000;
const points = (c, v, s) => {
  const n = s.xs.length;
  if (n > CLOUD) return cloud(c, v, s);
  const size = n > 600 ? 3 : 6, shape = n > 600 ? "square" : SHAPES[s.color];
  c.globalAlpha = 0.75;
  for (let i = 0; i < n; i++) {
    const x = v.X(s.xs[i]), y = v.Y(s.ys[i]);
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    outline(c, shape, x, y, size);
    c.fill();
  }
  c.globalAlpha = 1;
};
const CELL = 3;
const cloud = (c, v, s) => {
  const across = Math.ceil(v.w / CELL) + 1, counts = new Uint32Array(across * (Math.ceil(v.h / CELL) + 1));
  let most = 1;
  for (let i = 0; i < s.xs.length; i++) {
    const x = Math.floor((v.X(s.xs[i]) - v.left) / CELL), y = Math.floor((v.Y(s.ys[i]) - v.top) / CELL);
    if (!(x >= 0 && x < across && y >= 0)) continue;
    const count = ++counts[y * across + x];
    if (count > most) most = count;
  }
  counts.forEach((count, at) => {
    if (!count) return;
    c.globalAlpha = 0.3 + 0.7 * (Math.log(count) / Math.log(most + 1));
    c.fillRect(v.left + (at % across) * CELL, v.top + Math.floor(at / across) * CELL, CELL, CELL);
  });
  c.globalAlpha = 1;
};
const line = (c, v, s) => {
  c.beginPath();
  let down = false, lastY = 0;
  for (let i = 0; i < s.xs.length; i++) {
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
  if (s.marks) for (let i = 0; i < s.xs.length; i++) if (s.ys[i] !== null) {
    outline(c, SHAPES[s.color], v.X(s.xs[i]), v.Y(s.ys[i]), 7);
    c.fill();
  }
};
const drawSeries = (c, v, s) => {
  c.strokeStyle = c.fillStyle = color(s.color);
  c.lineWidth = 1.8;
  c.setLineDash(s.dash || []);
  (s.kind === "points" ? points : line)(c, v, s);
  c.setLineDash([]);
};
