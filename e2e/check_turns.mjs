// The page of a run of sessions: charts by turn, in each language.
// Usage: node check_turns.mjs FOLDER-FOR-PICTURES SESSIONS.html COMPARISON.json
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { open } from "./browser.mjs";

const [folder, report, comparison] = process.argv.slice(2);
const fail = (text) => { console.error("failed: " + text); process.exitCode = 1; };
const hold = (what, text) => what || fail(text);
const told = JSON.parse(readFileSync(comparison, "utf8")).levels[0].sessions.rounds;
const percent = (part, of) => (100 * part) / of;

const browser = await open();
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
page.on("console", (message) => { if (["error", "warning"].includes(message.type())) fail(message.text()); });
page.on("pageerror", (error) => fail(error.message));
await page.goto("file://" + resolve(report));
const ready = () => page.waitForSelector("html[data-ready=yes]", { timeout: 60000 });
const chart = (title) => page.locator("figure", { hasText: title }).first();
const says = (title) => chart(title).locator("canvas").nth(1).evaluate((node) => document.getElementById(node.getAttribute("aria-describedby")).textContent);
await ready();
for (const round of told) {
  const text = await says("Hits by turn");
  for (const [kind, pick] of [["", "hit_tokens"], [", reachable", "reachable_tokens"]]) {
    const line = text.match(new RegExp(`round ${round.round} \\([^)]*\\)${kind}: ([^.]*(?:\\.\\d[^.]*)*)\\.`));
    hold(line, `no line of round ${round.round}${kind} in: ${text}`);
    const shares = [...(line ? line[1] : "").matchAll(/turn (\d+): ([\d.]+) %/g)];
    hold(shares.length === round.turns.length, `round ${round.round}${kind} has ${shares.length} of ${round.turns.length} turns`);
    for (const [, turn, share] of shares) {
      const of = round.turns.find((one) => one.turn === Number(turn)), right = percent(of[pick], of.prompt_tokens);
      hold(Math.abs(Number(share) - right) <= 0.01 * Math.max(1, right), `round ${round.round}${kind}, turn ${turn}: ${share} %, the file says ${right} %`);
    }
  }
}
hold(/turn 1: [\d.]+ ms/.test(await says("TTFT by turn")), "TTFT by turn says no time");
hold(/Sessions \(pairs\)/.test(await page.innerText("#cold-to-warm")), "the table counts no sessions");
const over = chart("Hits by turn").locator("canvas").nth(1);
await over.focus();
await page.keyboard.press("ArrowRight");
hold(/turn 1/.test(await page.innerText("body")), "the arrow keys step through no turn");
await page.screenshot({ path: join(folder, "turns.png"), fullPage: true });
await page.click("#language");
await ready();
await chart("各对话轮次的命中").waitFor({ timeout: 10000 });
const chinese = await page.innerText("body");
for (const word of ["各对话轮次的 TTFT", "会话 (请求对)", "可命中"]) hold(chinese.includes(word), `${word} is not on the Chinese page`);
await page.screenshot({ path: join(folder, "turns_zh.png"), fullPage: true });
await browser.close();
console.log(process.exitCode ? "the page of sessions fails" : "the page of sessions works in Chromium");
