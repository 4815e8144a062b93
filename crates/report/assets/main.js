// Language, theme, the level that is shown, and definitions.
const root = document.documentElement;
const data = JSON.parse(document.getElementById("data").textContent);
document.body.append(tip);
let shown = [], overall = [], chosen = 0, table = null;

const fill = (id, made) => document.getElementById(id).replaceChildren(...made.map((plot) => plot.node));
const drawLevel = () => {
  for (const plot of shown) plot.remove();
  const level = data.levels[chosen];
  if (!level) return;
  const spans = level.rounds.map((r) => r.duration_ms);
  const span = Math.max(1, ...spans);
  const main = [ecdf(data, level), scatter(data, level), overTokens(data, level), failures(level)];
  const times = level.rounds.map((r) => timeline(data, level, r, span));
  const metrics = metricPlots(level);
  shown = [...main, ...times, ...metrics];
  fill("charts", [...main, ...times]);
  fill("metrics", metrics);
  document.getElementById("metrics-section").hidden = metrics.length === 0;
};
const chooser = () => {
  document.getElementById("levels").replaceChildren(say("concurrency") + ":", ...data.levels.map((level, at) => {
    const button = element("button", { type: "button", textContent: level.name });
    button.setAttribute("aria-pressed", String(at === chosen));
    button.addEventListener("click", () => { chosen = at; chooser(); drawLevel(); });
    return button;
  }));
};
const everything = () => {
  for (const plot of overall) plot.remove();
  overall = sweep(data);
  fill("sweep", overall);
  document.getElementById("sweep-section").hidden = overall.length === 0;
  chooser();
  drawLevel();
  table.words();
};
const speak = (to) => {
  lang = to;
  root.dataset.lang = root.lang = to;
  everything();
};
const redraw = () => { for (const plot of plots) plot.draw(); };
const theme = (to) => { root.dataset.theme = to; redraw(); };

const bubble = element("div", { className: "definition", hidden: true });
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
document.addEventListener("keydown", (event) => { if (event.key === "Escape") bubble.hidden = true; });

document.getElementById("language").addEventListener("click", () => speak(lang === "zh" ? "en" : "zh"));
document.getElementById("theme").addEventListener("click", () => theme(root.dataset.theme === "dark" ? "light" : "dark"));
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
root.dataset.theme = prefersDark.matches ? "dark" : "light";
prefersDark.addEventListener("change", () => theme(prefersDark.matches ? "dark" : "light"));
// Paper is light.
let before = null;
addEventListener("beforeprint", () => { before = root.dataset.theme; theme("light"); if (table) table.printing(true); });
addEventListener("afterprint", () => { if (before) theme(before); before = null; if (table) table.printing(false); });
lang = data.lang;
// The first screen is painted before the charts are drawn.
requestAnimationFrame(() => setTimeout(() => {
  table = requestTable(data);
  everything();
  root.dataset.ready = "yes";
}));
