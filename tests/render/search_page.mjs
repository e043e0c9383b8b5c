// Opens a report in Chromium and holds its search against asking every row's whole text; prints
// how many searches were compared, and as many differences as a person would read.
// NODE_ROOT=<has node_modules> CHROME_PATH=<chromium> node search_page.mjs report.html
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
  const found = await page.evaluate(() => {
    const texts = Array.from({ length: total }, (_, row) => [
      idOf(row), data.name[row], messageOf(row), ruleOf(row).id, ruleOf(row).title,
      textOf("type", row), textOf("owner", row), fingerprintOf(row)].join("\n").toLowerCase());
    let seed = 20261124;
    const below = (most) => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % most; };
    const slice = () => {
      const text = texts[below(total)];
      const start = below(text.length);
      return text.slice(start, start + 1 + below(14)).split(/\s+/).filter(Boolean)[0] || "a";
    };
    const searches = [["no-such-word"], ["/"], [":"], ["-"]];
    while (searches.length < 1500) searches.push(below(5) ? [slice()] : [slice(), slice()]);
    const differences = [];
    for (const words of searches) {
      const kept = rowsWith(words);
      for (let row = 0; row < total && differences.length < 10; row++) {
        if (Boolean(kept[row]) !== words.every((word) => texts[row].includes(word))) differences.push([words, texts[row]]);
      }
    }
    return { compared: searches.length, differences };
  });
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
  fs.rmSync(folder, { recursive: true, force: true });
}
