// How reports look and are used by keys, in each width, theme and language. Usage: node check_looks.mjs FOLDER-FOR-PICTURES FEW.html MANY.html
// FEW is of 12 requests at one level, MANY of thousands.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { open } from "./browser.mjs";

const [folder, few, many] = process.argv.slice(2).map((path) => resolve(path));
const fail = (text) => { console.error("failed: " + text); process.exitCode = 1; };
const hold = (what, text) => what || fail(text);
const ready = (page) => page.waitForSelector("html[data-ready=yes]", { timeout: 60000 });

// Everything that can be read off the page at once.
const read = (page) => page.evaluate(() => {
  const table = document.querySelector("#cold-to-warm");
  const charts = [...document.querySelectorAll("figure")].filter((figure) => figure.querySelector("canvas")).map((figure) => {
    const [base, over] = figure.querySelectorAll("canvas"), { labels, log, diagonal } = base.dataset;
    const described = document.getElementById(over.getAttribute("aria-describedby"));
    return {
      title: figure.querySelector("h3").innerText, labels: JSON.parse(labels), log, diagonal: diagonal && JSON.parse(diagonal), width: base.clientWidth,
      name: over.getAttribute("aria-label"), says: described && described.textContent, focusable: over.tabIndex === 0, hidden: base.getAttribute("aria-hidden"),
    };
  });
  return { page: [document.documentElement.scrollWidth, innerWidth], table: [table.scrollWidth, table.parentElement.clientWidth], lang: document.documentElement.lang, charts };
});

// Of the diagonal as drawn, the share of places at which the canvas has the colour of text.
const inked = (page) => page.evaluate(() => {
  const canvas = document.querySelector("canvas[data-diagonal]"), scale = canvas.width / canvas.clientWidth;
  const [x0, y0, x1, y1] = JSON.parse(canvas.dataset.diagonal), wanted = getComputedStyle(document.body).color.match(/\d+/g).map(Number);
  // Of a copy: Chromium warns of a canvas that is read again and again.
  const context = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height }).getContext("2d");
  context.drawImage(canvas, 0, 0);
  const { data, width } = context.getImageData(0, 0, canvas.width, canvas.height);
  const isWanted = (x, y) => { const p = 4 * (y * width + x); return data[p + 3] > 120 && wanted.every((v, k) => Math.abs(v - data[p + k]) < 60); };
  let hit = 0;
  for (let i = 1; i < 200; i++) {
    const [x, y] = [x0 + ((x1 - x0) * i) / 200, y0 + ((y1 - y0) * i) / 200].map((v) => Math.round(v * scale));
    if ([-1, 0, 1].some((dx) => [-1, 0, 1].some((dy) => isWanted(x + dx, y + dy)))) hit++;
  }
  return hit / 199;
});

// Texts on canvases are in these colours, which axe-core does not see.
const contrasts = (page) => page.evaluate(() => {
  const style = getComputedStyle(document.documentElement);
  const light = (name) => {
    const channels = style.getPropertyValue("--" + name).trim().match(/[0-9a-f]{2}/g).map((two) => parseInt(two, 16) / 255);
    const [r, g, b] = channels.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => { const [low, high] = [light(a), light(b)].sort((p, q) => p - q); return (high + 0.05) / (low + 0.05); };
  const wanted = [["text", 4.5], ["faint", 4.5], ["bad", 4.5], ...["cold", "warm", "third", "fourth", "fifth", "prefill", "decode", "good", "focus"].map((name) => [name, 3])];
  return wanted.flatMap(([name, least]) => ["panel", "page"].map((ground) => [`${name} on ${ground}`, ratio(name, ground), least])).filter(([, ratio, least]) => ratio < least);
});

const nice = (v) => { const m = v / 10 ** Math.floor(Math.log10(v) + 1e-9); return [1, 2, 5].some((n) => Math.abs(m - n) < 1e-6); };
const looks = (where, { page, table, lang, charts }, wanted) => {
  hold(page[0] <= page[1], `${where}: the page is ${page[0]} px wide, the window ${page[1]}`);
  hold(table[0] <= table[1], `${where}: the first table is ${table[0]} px wide, its place ${table[1]}`);
  hold(lang === wanted, `${where}: the page says it is in ${lang}`);
  for (const { title, labels, log, width: w, name, says, focusable, hidden } of charts) {
    hold(name && says && says.length > 20, `${where}: "${title}" has no words for who does not see it: ${name}, ${says}`);
    hold(focusable && hidden === "true", `${where}: "${title}" is not reached by keys, or twice`);
    for (const axis of ["x", "y"]) {
      const of = labels.filter(([a]) => a === axis), along = of.map(([, , from, to]) => [from, to]).sort((p, q) => p[0] - q[0]);
      hold(along.every(([from], i) => i === 0 || from > along[i - 1][1] + 2), `${where}: labels of ${axis} touch in "${title}": ${JSON.stringify(of)}`);
      if (axis === "x") hold(along.every(([from, to]) => from >= -0.5 && to <= w + 0.5), `${where}: labels are cut in "${title}": ${JSON.stringify(of)}`);
      if (!log.includes(axis) || !of.length) continue;
      const values = of.map(([, v]) => v).sort((p, q) => p - q), steps = values.slice(1).map((v, i) => v - values[i]);
      hold(values.length >= 2, `${where}: ${values.length} labels on the logarithmic ${axis} of "${title}"`);
      hold(values.every(nice) || steps.every((step) => Math.abs(step - steps[0]) < 1e-6 * step), `${where}: odd labels on the logarithmic ${axis} of "${title}": ${values}`);
    }
  }
};

const browser = await open();
const errors = (page) => { page.on("pageerror", (error) => fail(`script: ${error.message}`)); page.on("console", (message) => { if (["error", "warning"].includes(message.type())) fail(`console: ${message.text()}`); }); };
try {
  for (const [name, file] of [["few", few], ["many", many]]) for (const theme of ["light", "dark"]) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: theme });
    errors(page);
    await page.goto("file://" + file);
    await ready(page);
    for (const [ratio, low, least] of await contrasts(page)) fail(`${theme}: ${ratio} has a contrast of ${low.toFixed(2)}, below ${least}`);
    for (const lang of ["en", "zh"]) {
      if ((await page.getAttribute("html", "data-lang")) !== lang) { await page.click("#language"); await ready(page); }
      for (const width of [390, 1280, 1920]) {
        const where = `${name}, ${theme}, ${lang}, ${width} px`;
        await page.setViewportSize({ width, height: 900 });
        await page.waitForTimeout(150);
        const seen = await read(page);
        looks(where, seen, lang);
        const [scatter] = seen.charts.filter((chart) => chart.diagonal);
        if (!hold(scatter, `${where}: no diagonal`)) continue;
        const [x0, y0, x1, y1] = scatter.diagonal;
        hold(Math.abs(x1 - x0 - (y0 - y1)) < 1, `${where}: the scatter is not square: ${scatter.diagonal}`);
        const share = await inked(page);
        hold(share > 0.4, `${where}: only ${(100 * share).toFixed(0)} % of the diagonal is seen`);
        if (name === "few") await page.screenshot({ path: join(folder, `report-few-${width}-${theme}-${lang}.png`), fullPage: true });
      }
    }
    await page.close();
  }

  // Twelve requests are dots.
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  errors(page);
  await page.goto("file://" + few);
  await ready(page);
  const titles = await page.$$eval("figure h3", (all) => all.map((one) => one.innerText));
  hold(titles.includes("TTFT by round") && !titles.some((title) => /share of requests at or below|over time: round.*TTFT/.test(title)), `charts of twelve requests: ${titles}`);
  hold(/median \d.*maximum \d/.test(await page.textContent("figure .unseen")), "the first chart has no figures in words");

  // Keys alone: what they reach, that it is seen, and that a chart tells its points.
  const reached = new Set(), unseen = new Set();
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const node = document.activeElement, style = getComputedStyle(node);
      const canvas = node.tagName === "CANVAS", kind = node.id || (canvas ? "chart: " + node.getAttribute("aria-label") : node.closest("#requests") ? "requests: " + node.tagName : node.className || node.tagName);
      return node === document.body ? null : { kind, outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
    });
    if (!at) break;
    reached.add(at.kind);
    if (!at.outline) unseen.add(at.kind);
  }
  for (const wanted of ["language", "theme", "def", "SUMMARY", "requests: INPUT", "requests: SELECT", "requests: BUTTON", "requests: DIV", ...titles.filter((t) => !/Failures/.test(t)).map((t) => "chart: " + t)])
    hold(reached.has(wanted), `keys do not reach ${wanted}: ${[...reached].join(", ")}`);
  hold(!unseen.size, `focus is not seen on ${[...unseen].join(", ")}`);
  await page.locator("figure canvas[tabindex]").first().focus();
  await page.keyboard.press("ArrowRight");
  const first = await page.innerText(".tip");
  await page.keyboard.press("End");
  const last = await page.innerText(".tip");
  hold(/#\d+ .*TTFT \d/s.test(first) && first !== last, `keys on a chart tell "${first}", then "${last}"`);
  await page.keyboard.press("Escape");
  hold(await page.isHidden(".tip"), "the tip stays after Escape");
  await page.close();

  // As many requests as a page has at most, made of those there are.
  const html = readFileSync(many, "utf8"), from = html.indexOf('id="data">') + 10, to = html.indexOf("</script>", from);
  const data = JSON.parse(html.slice(from, to));
  const level = data.levels[data.levels.length - 1], columns = Object.keys(level.rounds[0]).filter((key) => Array.isArray(level.rounds[0][key]) && level.rounds[0][key].length === level.rounds[0].index.length);
  const most = 30000;
  for (const round of level.rounds) for (const key of columns) {
    const old = round[key];
    round[key] = Array.from({ length: most }, (_, i) => (key === "index" || key === "text" ? i : key === "ttft" && old[i % old.length] !== null ? Number((old[i % old.length] * (1 + (i % 97) / 970)).toFixed(3)) : old[i % old.length]));
  }
  data.levels = [level];
  data.texts = { id: Array.from({ length: most }, (_, i) => `request-${i}`), prompt: Array.from({ length: most }, (_, i) => `Request ${i} asks for something, and goes on a bit.`) };
  const large = join(folder, "report-60000.html");
  writeFileSync(large, html.slice(0, from) + JSON.stringify(data).replaceAll("<", "\\u003c") + html.slice(to));
  const times = [];
  for (let i = 0; i < 3; i++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    errors(page);
    await page.goto("file://" + large, { waitUntil: "commit" });
    await ready(page);
    times.push(await page.evaluate(() => [performance.getEntriesByName("first-contentful-paint")[0].startTime, performance.now()]));
    hold(/60000 of 60000/.test(await page.innerText("#requests .filters")), "not all of 60,000 requests are there");
    if (i === 2) await page.screenshot({ path: join(folder, "report-60000.png"), fullPage: true });
    await page.close();
  }
  times.sort((a, b) => a[1] - b[1]);
  const [paint, drawn] = times[1];
  console.log(`60,000 requests, ${(statSync(large).size / 1e6).toFixed(1)} MB: first paint ${paint.toFixed(0)} ms, everything drawn ${drawn.toFixed(0)} ms (median of 3, aim 1000)`);
  hold(drawn < 8000, `60,000 requests take ${drawn} ms`);
} finally {
  await browser.close();
}
console.log(process.exitCode ? "the looks fail" : "the looks hold in 3 widths, 2 themes, 2 languages");
