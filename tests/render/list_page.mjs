// Opens a report in Chromium and prints its list as a reader meets it: the rows in order, how the
// groups are headed, and how much of the box is empty though there are more rows.
// NODE_ROOT=<has node_modules> CHROME_PATH=<chromium> node list_page.mjs report.html
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
  const page = await browser.newPage();
  await page.goto(pathToFileURL(path.resolve(process.argv[2])).href, { waitUntil: "load" });
  await page.waitForFunction(() => document.querySelector("#rows tr.row"));
  const found = await page.evaluate(async () => {
    const settled = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    await settled();
    const room = Math.floor(byId("scroller").clientHeight / rowHeight);
    const missing = Math.max(0, Math.min(room, entries.length) - document.querySelectorAll("#rows tr.row").length);
    const stateOf = (row) => [data.status[row], data.severity[row]];
    const tall = [...document.querySelectorAll("#rows tr.row")].filter((one) => Math.abs(one.offsetHeight - rowHeight) > 1).length;
    // The page begins with what is open; here the order of all is looked at.
    chosen.status.clear();
    const lists = {};
    for (const sort of ["", "rule", "resource", "place", "owner"]) {
      choice.sort = sort;
      changed();
      lists[sort] = Array.from(visible, (row) => [...stateOf(row), ruleOf(row).id]);
    }
    choice.sort = "";
    const groups = {};
    for (const group of ["rule", "resource"]) {
      choice.group = group;
      changed();
      await settled();
      groups[group] = entries.map((one) => ({
        rows: one.rows.map(stateOf), text: groupRow(one, 0).textContent, severity: one.worst,
      }));
    }
    return { lists, groups, missing, tall };
  });
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
  fs.rmSync(folder, { recursive: true, force: true });
}
