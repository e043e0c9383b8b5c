// Opens a report in Chromium and uses it by keyboard and by links; prints what a reader meets.
// NODE_ROOT=<has node_modules> CHROME_PATH=<chromium> node keys_page.mjs report.html
import { createRequire } from "node:module";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(path.join(process.env.NODE_ROOT, "x.js"));
const puppeteer = require("puppeteer-core");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "page-"));
const browser = await puppeteer.launch({
  executablePath: process.env.CHROME_PATH, headless: true, userDataDir: folder,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
try {
  const url = pathToFileURL(path.resolve(process.argv[2])).href;
  const page = await browser.newPage();
  const open = async (hash) => {
    await page.goto("about:blank");
    await page.goto(url + hash, { waitUntil: "load" });
    await page.waitForFunction(() => document.querySelector("#rows tr.row"));
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  };
  const state = () => page.evaluate(() => ({
    entry: focusedEntry(), focus: document.activeElement.id || document.activeElement.tagName,
    inPanel: byId("panel").contains(document.activeElement), panel: byId("panel").open,
    shown: shownRow, visible: visible.length, open: data.status.filter((one) => one === 0).length, total,
  }));
  const press = async (key) => { await page.keyboard.press(key); await page.evaluate(() => new Promise((done) => requestAnimationFrame(done))); return state(); };
  const found = {};
  await open("");
  found.start = await state();
  found.first = await press("j");
  found.second = await press("j");
  found.back = await press("k");
  found.opened = await press("Enter");
  found.next = await press("j");
  await page.evaluate(() => document.querySelector(".panel-bar [aria-label='Previous finding']").focus());
  found.previous = await press("Enter");
  found.closed = await press("Escape");
  for (let n = 0; n < 40; n++) await press("j");
  found.far = await state();
  const unopened = await page.evaluate(() => fingerprintOf(data.status.findIndex((one) => one === 1)));
  await open("#f=" + unopened);
  found.linked = await state();
  await open("#f=00000000000000000000000000000000");
  found.unknown = { ...await state(), said: await page.evaluate(() => byId("said").textContent) };
  found.consoles = await page.evaluate((ids) => ids.map((id) => consoleLink(id, "").map((one) => one.querySelector("a").href)), [
    "arn:aws:s3:::weights", "arn:aws-cn:sagemaker:cn-north-1:123456789012:endpoint/a b", "arn:aws-cn:s3:::weights&x=1#y",
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/p/t/n", "javascript:alert(1)", "arn:evil:s3:::x",
  ]);
  found.inCode = await page.evaluate(() => consoleLink("arn:aws:s3:::weights", "main.tf:1").length);
  await open("#severity=critical%ZZ,high&status=0");
  found.damaged = await state();
  await open("#paths");
  await page.waitForFunction(() => byId("paths").getBoundingClientRect().top < 200, { timeout: 5000 });
  found.section = await page.evaluate(() => Math.round(byId("paths").getBoundingClientRect().top));
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
  fs.rmSync(folder, { recursive: true, force: true });
}
