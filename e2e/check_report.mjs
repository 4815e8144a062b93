// Opens a report in Chromium and uses it. Usage: node check_report.mjs REPORT.html FOLDER-FOR-PICTURES
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";

const [file, folder] = process.argv.slice(2).map((path) => resolve(path));
const fail = (text) => { console.error("failed: " + text); process.exitCode = 1; };
const hold = (what, text) => what || fail(text);
// Wall time on a shared machine: the figures are printed, the bounds are wide.
const within = (what, ms, aim, bound) => { console.log(`${what}: ${ms.toFixed(0)} ms (aim ${aim})`); hold(ms < bound, `${what} took ${ms} ms`); };

const profile = mkdtempSync(join(tmpdir(), "dualround-"));
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const context = await chromium.launchPersistentContext(profile, { executablePath: "/usr/bin/chromium", args: quiet, viewport: { width: 1280, height: 900 }, colorScheme: "light" });
const page = await context.newPage();
page.on("console", (message) => { if (["error", "warning"].includes(message.type())) fail(`console: ${message.text()}`); });
page.on("pageerror", (error) => fail(`script: ${error.message}`));
page.on("dialog", (dialog) => { fail("a dialog opened"); dialog.dismiss(); });
page.on("request", (request) => { if (!request.url().startsWith("file:")) fail(`network: ${request.url()}`); });
// Sentences as the browser shows them, for the independent reader; what explains them stands by itself.
const sentences = (list) => page.evaluate((list) => [...document.querySelectorAll(`ul.${list} > li`)].map((item) => {
  const why = [...item.querySelectorAll(".why")].map((node) => node.innerText);
  return why.reduce((text, part) => text.replace(part, ""), item.innerText).replace(/\s+/g, " ").trim();
}), list);
const whys = () => page.evaluate(() => [...document.querySelectorAll("ul.verdicts > li")].map((item) => {
  return [...item.querySelectorAll(".why")].map((node) => node.innerText.replace(/\s+/g, " ").trim());
}));
const shown = async () => ({ verdicts: await sentences("verdicts"), whys: await whys(), caveats: await sentences("caveats") });
const texts = {};
try {
  const size = statSync(file).size / 1e6;
  console.log(`size: ${size.toFixed(2)} MB (aim below 10)`);
  hold(size < 10, `the page has ${size} MB`);
  const began = Date.now();
  await page.goto("file://" + file);
  await page.waitForSelector("html[data-ready=yes]", { timeout: 60000 });
  console.log(`all charts drawn: ${Date.now() - began} ms`);
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
  within("first paint", paint, 2000, 6000);

  // The larger level.
  await page.locator("#levels button").last().click();
  const drawn = async (where) => {
    await page.waitForSelector("html[data-ready=yes]");
    await page.waitForTimeout(100);
    const canvases = await page.$$eval(".plot canvas:first-child", (all) => all.map((canvas) => {
      const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      let inked = 0;
      for (let i = 3; i < pixels.length; i += 4) inked += pixels[i] > 0;
      return { name: canvas.getAttribute("aria-label"), inked, drawn: canvas.dataset.drawn };
    }));
    hold(canvases.length >= 9, `${where}: only ${canvases.length} charts`);
    for (const one of canvases) hold(one.drawn === "yes" && one.inked > 500, `${where}: ${one.name} is empty`);
    return canvases.length;
  };
  console.log(`charts: ${await drawn("light")}`);
  const text = await page.innerText("body");
  hold(/Caveats/.test(text) && /http_503/.test(text), "caveats or failures are missing");
  hold(await page.$("#cold-to-warm tbody tr"), "no row cold to warm");
  await page.screenshot({ path: join(folder, "report-light.png") });

  // Hover over every chart of points: the tip comes soon and names a request.
  for (const title of ["Each request cold against warm", "TTFT against prompt tokens"]) {
    const canvas = page.locator("figure", { hasText: title }).locator("canvas").nth(1);
    await canvas.scrollIntoViewIfNeeded();
    const slowest = await canvas.evaluate((node) => {
      const box = node.getBoundingClientRect();
      const tip = document.querySelector(".tip");
      let most = 0, shown = "";
      for (let x = 0.05; x < 1; x += 0.05) for (let y = 0.05; y < 1; y += 0.1) {
        const at = { clientX: box.left + x * box.width, clientY: box.top + y * box.height, bubbles: true };
        const from = performance.now();
        node.dispatchEvent(new PointerEvent("pointermove", at));
        most = Math.max(most, performance.now() - from);
        if (!tip.hidden) shown = tip.textContent;
      }
      return { most, shown };
    });
    within(`hover over "${title}"`, slowest.most, 100, 400);
    hold(/#\d+ .*p\d+/s.test(slowest.shown), `the tip says "${slowest.shown}"`);
  }

  // Zoom of a round over time, by pointer and by key.
  const line = page.locator("figure", { hasText: "TTFT over time" }).first().locator("canvas").nth(1);
  await line.scrollIntoViewIfNeeded();
  const ink = () => line.evaluate((node) => { const c = node.previousElementSibling; return c.toDataURL().length; });
  const [before, box] = [await ink(), await line.boundingBox()];
  await page.mouse.move(box.x + box.width * 0.4, box.y + 80);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.45, box.y + 80);
  await page.mouse.up();
  hold((await ink()) !== before, "dragging does not zoom");
  await page.screenshot({ path: join(folder, "report-zoom.png") });
  await page.mouse.dblclick(box.x + box.width * 0.5, box.y + 80);
  hold((await ink()) === before, "a double click does not go back");
  await line.focus();
  await page.keyboard.press("+");
  hold((await ink()) !== before, "the key + does not zoom");
  await page.keyboard.press("0");
  hold((await ink()) === before, "the key 0 does not go back");

  // The table: few rows in the document, a filter, an order.
  const search = page.locator("#requests input[type=search]");
  await search.scrollIntoViewIfNeeded();
  hold((await page.$$("#requests tbody tr")).length < 100, "the whole table is in the document");
  hold(/20600 of 20600/.test(await page.innerText("#requests .filters")), "not all requests are in the table");
  const from = Date.now();
  await search.fill("p4321");
  hold(/2 of 20600/.test(await page.innerText("#requests .filters")), "the filter finds another number than 2");
  within("filter of 20,600 requests", Date.now() - from, 500, 3000);
  await search.fill("");
  await page.locator("#requests select").nth(2).selectOption({ label: "http_503" });
  hold(/busy|http_503/.test(await page.innerText("#requests tbody")), "failed requests are not found");
  await page.locator("#requests select").nth(2).selectOption("");
  const byTtft = page.locator("#requests th", { hasText: "TTFT" });
  await byTtft.locator("button").focus();
  for (const key of ["Enter", "Space"]) await page.keyboard.press(key);
  hold((await byTtft.getAttribute("aria-sort")) === "descending", "the order of the table is not told");
  const ttfts = await page.$$eval("#requests tbody tr:not(.pad)", (rows) => rows.slice(0, 20).map((row) => Number(row.cells[5].textContent)));
  hold(ttfts.every((v, i) => i === 0 || v <= ttfts[i - 1]), `TTFT is not in order: ${ttfts}`);

  // Definitions, language, theme.
  await page.locator("#cold-to-warm a.def", { hasText: "TTFT" }).click();
  hold(/t0/.test(await page.innerText(".definition")), "no definition of TTFT");
  await page.keyboard.press("Escape");
  texts.en = await shown();
  await page.click("#language");
  texts.zh = await shown();
  writeFileSync(join(folder, "sentences.json"), JSON.stringify(texts));
  hold(/冷轮/.test(await page.innerText("body")) && !/Cold round/.test(await page.innerText("#cold-to-warm")), "the page does not speak Chinese");
  await page.click("#theme");
  await drawn("dark");
  hold((await page.evaluate(() => getComputedStyle(document.body).backgroundColor)) === "rgb(20, 23, 27)", "the page is not dark");
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(folder, "report-dark-zh.png"), fullPage: true });
  await page.click("#language");
  await page.pdf({ path: join(folder, "report.pdf"), format: "A4" });
  const printed = readFileSync(join(folder, "report.pdf"), "latin1").match(/\/Type \/Page\b/g).length;
  console.log(`printed: ${printed} pages`);
  hold(printed >= 2 && printed < 20, `${printed} pages were printed`);
  hold((await page.getAttribute("html", "data-theme")) === "dark", "after printing the theme is another one");

  // Nothing in a text ran, and the policy would not have let it.
  hold((await page.evaluate(() => window.ran)) === undefined, "a text from the dataset or the server ran");
  hold((await page.$$("img, svg, iframe, a[href^=javascript]")).length === 0, "a text became an element");
  const policy = await page.getAttribute("meta[http-equiv=Content-Security-Policy]", "content");
  hold(/default-src 'none'/.test(policy) && !/unsafe/.test(policy), `the policy is ${policy}`);
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
console.log(process.exitCode ? "the report fails" : "the report works in Chromium");
