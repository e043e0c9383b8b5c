// Opens the live page in Chromium without script: axe in light and dark, wide and at 320 px.
// Usage: node live_page.mjs ADDRESS TOKEN FOLDER PATH...; signs in by the form, prints one JSON object.
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.env.NODE_ROOT, "package.json"));
const puppeteer = require("puppeteer-core");
const axe = require("axe-core").source;
const [address, token, folder, ...paths] = process.argv.slice(2);
const browser = await puppeteer.launch({
  executablePath: process.env.CHROME_PATH, headless: true,
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
});
const result = { elsewhere: [], errors: [], axe: {}, sideways: {}, status: {}, scripts: 0, titles: {} };

async function look(page, name) {
  for (const details of await page.$$("details")) await details.evaluate((d) => { d.open = true; });
  for (const scheme of ["light", "dark"]) {
    for (const width of [1280, 320]) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.setViewport({ width, height: 900 });
      const key = `${name} ${scheme} ${width}`;
      result.sideways[key] = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (folder) {
        const file = `${name.replace(/[^a-z0-9]+/gi, "_")}-${scheme}-${width}.png`;
        await page.screenshot({ path: path.join(folder, file), fullPage: true });
      }
      const found = await page.evaluate(`${axe}; axe.run()`);
      result.axe[key] = found.violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 120)}`);
    }
  }
  result.titles[name] = await page.title();
  result.scripts += (await page.$$("script")).length;
}

const page = await browser.newPage();
page.on("request", (r) => { if (!r.url().startsWith(address)) result.elsewhere.push(r.url()); });
page.on("console", (m) => { if (m.type() === "error") result.errors.push(m.text()); });
if (token) {
  await page.goto(`${address}/login`);
  await look(page, "login");
  await page.setJavaScriptEnabled(false);
  await page.goto(`${address}/login`);
  await page.type("input[name=token]", token);
  await Promise.all([page.waitForNavigation(), page.click("button")]);
  await page.setJavaScriptEnabled(true);
}
for (const name of paths) {
  const answer = await page.goto(address + name);
  result.status[name] = answer.status();
  await look(page, name);
}
await browser.close();
console.log(JSON.stringify(result));
