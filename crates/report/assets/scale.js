// Ranges of axes, and ticks whose labels stand apart.
const range = (values, log, fromZero) => {
  let low = Infinity, high = -Infinity;
  for (const list of values) for (const v of list) {
    if (v === null || !Number.isFinite(v) || (log && v <= 0)) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (low > high) return log ? [1, 10] : [0, 1];
  if (log) return low === high ? [low / 2, high * 2] : [low / 1.15, high * 1.15];
  if (fromZero && low > 0) low = 0;
  if (low === 0 && high === 0) return [0, 1];
  if (low === high) return [low - (low || 1) * 0.5, high + (high || 1) * 0.5];
  return [low, high + (high - low) * 0.04];
};
// Whether values span so many times: a few thousand of them tell.
const wide = (values, times) => {
  const every = Math.ceil(values.length / 4000), sorted = Float64Array.from(values.filter((v, i) => i % every === 0 && v > 0)).sort();
  const at = (share) => sorted[Math.floor(sorted.length * share)];
  return sorted.length > 1 && at(0.98) / at(0.02) > times;
};

const everyStep = ([low, high], step) => {
  const out = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at++) out.push(at * step);
  return out;
};
// From many ticks to few: steps of 1, 2 and 5 times a power of ten.
const linear = ([low, high], most) => {
  const out = [];
  for (let power = Math.floor(Math.log10((high - low) / most)); out.length < 6; power++)
    for (const m of [1, 2, 5]) {
      const list = everyStep([low, high], m * 10 ** power);
      if (list.length <= most) out.push(list);
    }
  return out;
};
const powers = ([low, high], marks, every) => {
  const out = [];
  for (let p = Math.floor(Math.log10(low)); p <= Math.ceil(Math.log10(high)); p++)
    if (p % every === 0) for (const m of marks) out.push(p < 0 ? m / 10 ** -p : m * 10 ** p);
  return out.filter((v) => v >= low * 0.999 && v <= high * 1.001);
};
// A range that holds hardly one of 1, 2 and 5 has ticks as a linear axis has.
const logarithmic = (within, most) => {
  const fine = powers(within, [1, 2, 5], 1);
  if (fine.length < 3) return linear(within, Math.min(most, 5));
  return [fine, ...[1, 2, 3, 4, 6].map((every) => powers(within, [1], every))];
};
// The first list whose labels do not touch; place and size of a label are in pixels.
const apart = (lists, place, size) => lists.find((list) => list.every((v, i) => i === 0
  || Math.abs(place(v) - place(list[i - 1])) >= (size(v) + size(list[i - 1])) / 2)) || lists[lists.length - 1];
const short = (v) => {
  for (const [size, letter] of [[1e9, "G"], [1e6, "M"]]) if (Math.abs(v) >= size) return number(v / size) + letter;
  return number(v);
};
