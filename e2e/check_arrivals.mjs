// Pages of an open loop and of a search for the most load, in each language.
// Usage: node check_arrivals.mjs FOLDER-FOR-PICTURES RATES.html BACKLOG-MOST REPLAY.html MAX_LOAD.html
// RATES has two levels, of which the cold side cannot hold the second; BACKLOG-MOST is the most of its cold round's file.
import { join, resolve } from "node:path";
import { open } from "./browser.mjs";

const [folder, rates, most, replay, search] = process.argv.slice(2);
const fail = (text) => { console.error("failed: " + text); process.exitCode = 1; };
const hold = (what, text) => what || fail(text);
const ready = (page) => page.waitForSelector("html[data-ready=yes]", { timeout: 60000 });

const chart = (page, title) => page.locator("figure", { hasText: title }).first();
const inked = (figure) => figure.locator("canvas").first().evaluate((canvas) => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let inked = 0;
  for (let i = 3; i < pixels.length; i += 4) inked += pixels[i] > 0;
  return inked;
});

// The backlog of a level's rounds as the chart says it: the most of each.
const peaks = async (page) => {
  const figure = chart(page, "Backlog over time"), over = figure.locator("canvas").nth(1);
  const says = await over.evaluate((node) => document.getElementById(node.getAttribute("aria-describedby")).textContent);
  return [...says.matchAll(/at most ([\d,]+)/g)].map((found) => Number(found[1].replace(/,/g, "")));
};

const ofRates = async (page) => {
  for (const [at, held] of [[0, true], [1, false]]) {
    await page.locator("#levels button").nth(at).click();
    await ready(page);
    for (const title of ["Backlog over time", "Arrivals over time"]) hold((await inked(chart(page, title))) > 500, `level ${at}: "${title}" is empty`);
    const [cold, warm] = await peaks(page);
    if (held) hold(cold < 60, `a rate that is held has a backlog of ${cold}`);
    // The page looks at the ends of intervals, the file at each arrival.
    else hold(cold <= Number(most) && cold >= 0.9 * Number(most) && cold > 10 * warm, `backlogs of ${cold} and ${warm}, the file says ${most}`);
  }
  const over = chart(page, "Backlog over time").locator("canvas").nth(1);
  const ink = () => over.evaluate((node) => node.previousElementSibling.toDataURL().length);
  const before = await ink();
  await over.focus();
  await page.keyboard.press("+");
  hold((await ink()) !== before, "the key + does not zoom the backlog");
  const verdicts = await page.$$eval("ul.verdicts > li", (all) => all.map((one) => one.innerText));
  hold(!/cannot hold/.test(verdicts[0]) && /the cold side cannot hold this rate, the warm side can/.test(verdicts[1]), `verdicts: ${verdicts}`);
  hold(/60\/s constant: a side could not hold its rate/.test(await page.innerText("body")), "medians of an overloaded level are not labelled");
  await page.screenshot({ path: join(folder, "rates.png"), fullPage: true });
  await page.click("#language");
  await ready(page);
  await chart(page, "积压随时间的变化").waitFor({ timeout: 10000 });
  const chinese = await page.innerText("body");
  for (const word of ["积压随时间的变化", "到达随时间的变化", "请求速率", "冷轮承受不了该到达速率，热轮可以"]) hold(chinese.includes(word), `${word} is not on the Chinese page`);
};

const ofReplay = async (page) => {
  const table = () => page.innerText("#cold-to-warm");
  hold(/Replay/.test(await table()) && /×2\.5, gaps up to 1 s/.test(await table()), `the table of a replay: ${await table()}`);
  hold((await inked(chart(page, "Arrivals over time"))) > 500, "the arrivals of a replay are not drawn");
  await page.click("#language");
  hold(/回放/.test(await table()) && /×2\.5，间隔至多 1 秒/.test(await table()), `the table of a replay in Chinese: ${await table()}`);
};

const ofSearch = async (page) => {
  hold((await page.$$("table")).length === 2 && (await page.$$("svg circle, svg path")).length > 0, "a search has two tables and a chart");
  hold((await page.$$("script")).length === 0, "the page of a search has a script");
  hold((await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)), "the page of a search is wider than the window");
  await page.screenshot({ path: join(folder, "max-load.png"), fullPage: true });
};

const browser = await open();
try {
  for (const [file, look, drawn] of [[rates, ofRates, true], [replay, ofReplay, true], [search, ofSearch, false]]) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on("console", (message) => { if (["error", "warning"].includes(message.type())) fail(`${file}: ${message.text()}`); });
    page.on("pageerror", (error) => fail(`${file}: ${error.message}`));
    await page.goto("file://" + resolve(file));
    if (drawn) await ready(page);
    await look(page);
    await page.close();
  }
} finally {
  await browser.close();
}
console.log(process.exitCode ? "the pages of arrivals fail" : "the pages of arrivals work in Chromium");
