// Opens a trend page in Chromium: axe in light and dark, no request, no sideways scroll at 320 px.
// Usage: node trend_page.mjs PAGE [FOLDER for pictures]; prints one JSON object.
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(path.join(process.env.NODE_ROOT, "package.json"));
const puppeteer = require("puppeteer-core");
const axe = require("axe-core").source;
const [page_file, folder] = process.argv.slice(2);
const browser = await puppeteer.launch({
  executablePath: process.env.CHROME_PATH, headless: true,
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
});
const result = { requests: 0, errors: [], axe: {}, sideways: {}, plots: 0, unnamed: 0, tables: 0 };
for (const scheme of ["light", "dark"]) {
  for (const width of [1280, 320]) {
    const page = await browser.newPage();
    await page.setBypassCSP(false);
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.setViewport({ width, height: 900 });
    page.on("request", (r) => { if (!r.url().startsWith("file:")) result.requests += 1; });
    page.on("console", (m) => { if (m.type() === "error") result.errors.push(m.text()); });
    await page.goto(pathToFileURL(page_file).href);
    for (const details of await page.$$("details")) await details.evaluate((d) => { d.open = true; });
    const name = `${scheme}-${width}`;
    result.sideways[name] = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (folder) await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
    const found = await page.evaluate(`${axe}; axe.run()`);
    result.axe[name] = found.violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 120)}`);
    result.plots = (await page.$$("svg[role=img]")).length;
    result.unnamed = (await page.$$("svg[role=img]:not([aria-label])")).length;
    result.tables = (await page.$$("table")).length;
    await page.close();
  }
}
await browser.close();
console.log(JSON.stringify(result));
