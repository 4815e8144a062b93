// Language, theme, the level that is shown, and definitions.
const root = document.documentElement;
const data = JSON.parse(document.getElementById("data").textContent);
document.body.append(tip);
const at = (id) => document.getElementById(id);
let chosen = 0, table = null;

// Charts are made one after another from the top, so that the page answers in between.
const places = { sweep: [], charts: [], metrics: [] };
let queue = [];
const later = () => setTimeout(() => {
  const next = queue.shift();
  if (!next) { root.dataset.ready = "yes"; return; }
  next();
  later();
});
const put = (place, charts) => {
  for (const chart of places[place]) chart.remove();
  const shown = (places[place] = []), missing = element("p", { className: "left-out" });
  at(place).replaceChildren();
  at(place + "-left-out").replaceChildren(missing);
  const section = at(place + "-section"), reasons = [];
  section.hidden = charts.length === 0;
  queue.push(...charts.map((make) => () => {
    // Another level or language was chosen meanwhile.
    if (places[place] !== shown) return;
    for (const chart of [make()].flat()) {
      if (!chart) continue;
      if (chart.leftOut) { reasons.push(chart.leftOut); missing.textContent = say("leftOut", reasons.join(mark("semicolon"))); continue; }
      shown.push(chart);
      at(place).append(chart.node);
      if (chart.draw) chart.draw();
    }
  }));
};
const drawLevel = () => {
  const level = data.levels[chosen];
  if (!level) return;
  put("charts", [distribution, scatter, overTokens, turnCharts, courses, arrivals, (_, level) => failures(level)].map((chart) => () => chart(data, level)));
  put("metrics", metricCharts(level));
};
const buttons = data.levels.map((level, index) => {
  const button = element("button", { type: "button", textContent: level.name });
  button.addEventListener("click", () => { chosen = index; press(); begin(drawLevel); });
  return button;
});
const press = () => buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(index === chosen)));
const chooser = () => {
  const [only] = data.levels, one = data.levels.length === 1;
  at("levels").replaceChildren(element("span", { textContent: one ? say("noChoice", say(data.load), only.name) : say(data.load) + mark("colon").trim() }), ...(one ? [] : buttons),
    element("span", { className: "facts", textContent: data.every > 1 ? say("thinned", data.every) : "" }));
  at("levels").ariaLabel = say(data.load);
  press();
};
const begin = (what) => {
  const idle = queue.length === 0;
  delete root.dataset.ready;
  what();
  if (idle) later();
};
const everything = () => begin(() => {
  queue = [];
  put("sweep", sweepCharts(data));
  chooser();
  drawLevel();
  queue.push(() => { table ||= requestTable(data); table.words(); });
});
const speak = (to) => {
  lang = to;
  root.dataset.lang = root.lang = to;
  everything();
};
const redraw = () => { for (const plot of plots) plot.draw(); };
const theme = (to) => { root.dataset.theme = to; redraw(); };

const bubble = element("div", { className: "definition", hidden: true, role: "status" });
document.body.append(bubble);
document.addEventListener("click", (event) => {
  const link = event.target.closest ? event.target.closest("a.def") : null;
  bubble.hidden = !link;
  if (!link) return;
  event.preventDefault();
  bubble.textContent = definition(link.getAttribute("href").slice("#def-".length));
  const box = link.getBoundingClientRect();
  bubble.style.left = Math.max(4, Math.min(box.left, innerWidth - bubble.offsetWidth - 8)) + "px";
  bubble.style.top = (box.bottom + 6 + bubble.offsetHeight > innerHeight ? Math.max(4, box.top - bubble.offsetHeight - 6) : box.bottom + 6) + "px";
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape") bubble.hidden = tip.hidden = true; });

at("language").addEventListener("click", () => speak(lang === "zh" ? "en" : "zh"));
at("theme").addEventListener("click", () => theme(root.dataset.theme === "dark" ? "light" : "dark"));
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
root.dataset.theme = prefersDark.matches ? "dark" : "light";
prefersDark.addEventListener("change", () => theme(prefersDark.matches ? "dark" : "light"));
// Paper is light, and narrower than the window; what has not been drawn yet is drawn now.
let before = null;
addEventListener("beforeprint", () => {
  while (queue.length) queue.shift()();
  before = root.dataset.theme;
  printing = true;
  theme("light");
  table.printing(true);
});
addEventListener("afterprint", () => {
  printing = false;
  if (before) theme(before);
  before = null;
  table.printing(false);
});
lang = data.lang;
// The first screen is painted before the charts are drawn.
requestAnimationFrame(() => setTimeout(everything));
