// Opens a report in Chromium and prints, as JSON, when its first row is there and what filters cost.
// NODE_ROOT=<has node_modules> CHROME_PATH=<chromium> node report_page.mjs report.html
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
  await page.setViewport({ width: 1280, height: 900 });
  await page.evaluateOnNewDocument(() => {
    globalThis.benchFirstRow = 0;
    new MutationObserver((_, watcher) => {
      if (!document.querySelector("#rows tr.row")) return;
      globalThis.benchFirstRow = performance.now();
      watcher.disconnect();
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto(pathToFileURL(path.resolve(process.argv[2])).href, { waitUntil: "load", timeout: 120000 });
  await page.waitForFunction(() => globalThis.benchFirstRow > 0, { timeout: 120000 });
  const found = await page.evaluate(async () => {
    const nodes = document.getElementsByTagName("*").length;
    const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    const cost = async (act) => {
      const started = performance.now();
      act();
      await drawn();
      return performance.now() - started;
    };
    const facet = document.querySelector("#facets input[type=checkbox]");
    const search = (text) => () => { choice.q = text; changed(); };
    const found = {
      firstRow: globalThis.benchFirstRow, nodes,
      facet: facet ? await cost(() => facet.click()) : null,
      facetOff: facet ? await cost(() => document.querySelector("#facets input[type=checkbox]").click()) : null,
      firstSearch: await cost(search("fraud")), search: await cost(search("ranking-a")),
      everything: await cost(search("")),
      sort: await cost(() => { choice.sort = document.querySelector("#sort option:last-child").value; changed(); }),
      group: await cost(() => { choice.sort = ""; choice.group = "rule"; changed(); }),
      nodesAfter: document.getElementsByTagName("*").length,
      heapMiB: performance.memory ? performance.memory.usedJSHeapSize / 1048576 : null,
    };
    return found;
  });
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
  fs.rmSync(folder, { recursive: true, force: true });
}
