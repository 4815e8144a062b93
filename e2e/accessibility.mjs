// What axe-core finds on a report, in both languages and themes. Usage: node accessibility.mjs AXE.js REPORT.html…
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { open } from "./browser.mjs";

const [axe, ...files] = process.argv.slice(2).map((path) => resolve(path));
const counts = { critical: 0, serious: 0, moderate: 0, minor: 0 };
let rules = 0;
const browser = await open();
try {
  for (const file of files) for (const theme of ["light", "dark"]) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: theme });
    await page.goto("file://" + file);
    await page.waitForSelector("html[data-ready=yes]", { timeout: 60000 });
    // What is folded away has to hold too.
    await page.$$eval("details", (all) => { for (const one of all) one.open = true; });
    await page.evaluate(readFileSync(axe, "utf8"));
    for (const lang of ["en", "zh"]) {
      if ((await page.getAttribute("html", "data-lang")) !== lang) await page.click("#language");
      await page.waitForSelector("html[data-ready=yes]");
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 900 });
        await page.waitForTimeout(100);
        // What comes up, too: a point of a chart, a definition.
        await page.locator("canvas[tabindex]").first().focus();
        await page.keyboard.press("ArrowRight");
        await page.$eval("a.def", (link) => link.click());
        const found = await page.evaluate(() => window.axe.run(document));
        rules = found.passes.length + found.violations.length;
        for (const { id, impact, help, nodes } of found.violations) {
          counts[impact] += 1;
          console.log(`${impact}: ${id} (${help}), ${theme}, ${lang}, ${width} px, ${nodes.length} places, first ${nodes[0].target.join(" ")}: ${nodes[0].failureSummary.replace(/\s+/g, " ")}`);
        }
      }
    }
    await page.close();
  }
} finally {
  await browser.close();
}
console.log(`axe-core, ${rules} rules: ${Object.entries(counts).map(([impact, count]) => `${count} ${impact}`).join(", ")}`);
if (counts.critical + counts.serious > 0) process.exitCode = 1;
