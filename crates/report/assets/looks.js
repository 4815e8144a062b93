// How a round looks wherever it is drawn: its kind decides colour and shape, its cycle the dashes.
const SHAPES = { cold: "circle", warm: "square", third: "triangle", fourth: "diamond", fifth: "funnel" };
const DASHES = [[], [7, 3], [2, 2], [7, 3, 2, 3], [12, 4], [1, 4]];
const looksOf = (level) => {
  const colors = new Map(), times = new Map(), others = ["third", "fourth", "fifth"];
  let other = 0;
  return new Map(level.rounds.map((r) => {
    const kind = r.kind + r.name[0];
    if (!colors.has(kind)) colors.set(kind, r.kind === "cold" || r.kind === "warm" ? r.kind : others[other++ % 3]);
    const before = times.get(kind) || 0;
    times.set(kind, before + 1);
    return [r, { color: colors.get(kind), dash: DASHES[before % DASHES.length] }];
  }));
};
const outline = (c, shape, x, y, size) => {
  const h = size / 2;
  c.beginPath();
  if (shape === "circle") c.arc(x, y, h, 0, 7);
  else if (shape === "triangle") { c.moveTo(x, y - h); c.lineTo(x + h, y + h); c.lineTo(x - h, y + h); }
  else if (shape === "funnel") { c.moveTo(x, y + h); c.lineTo(x + h, y - h); c.lineTo(x - h, y - h); }
  else if (shape === "diamond") { c.moveTo(x, y - h); c.lineTo(x + h, y); c.lineTo(x, y + h); c.lineTo(x - h, y); }
  else c.rect(x - h, y - h, size, size);
  c.closePath();
};
