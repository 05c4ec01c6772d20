// What a browser loads before it shows anything, under gzip. Which files those are is seen, not listed.
import { gzipSync } from "node:zlib";
import { row } from "./report.mjs";

const KB = 1024;

export async function size(browser, { agent, nsqadmin }) {
  const [ours, theirs] = [await weigh(browser, `${agent.origin}/ui/topics`), await weigh(browser, `${nsqadmin.origin}/`)];
  const sum = (files, kinds) => files.filter(({ kind }) => kinds.test(kind)).reduce((all, { gzip }) => all + gzip, 0);
  return [
    row("wasm, gzip", "kb", sum(ours, /wasm/), { aim: 160 * KB }),
    row("script and style, gzip", "kb", sum(ours, /javascript|css/), { theirs: sum(theirs, /javascript|css/) }),
    row("all that is loaded but the data, gzip", "kb", sum(ours, ASSETS), { theirs: sum(theirs, ASSETS), aim: 220 * KB }),
  ];
}

const ASSETS = /wasm|javascript|css|html|image|font/;

/** Every file of the page, with what it weighs under gzip -9: both the same, however they are served. */
async function weigh(browser, url) {
  const page = await browser.newPage();
  const answers = [];
  page.on("response", (answer) => answers.push(answer));
  await page.goto(url, { waitUntil: "networkidle" });
  const files = [];
  for (const answer of answers) {
    const kind = answer.headers()["content-type"] ?? "";
    if (!ASSETS.test(kind) || answer.status() !== 200) continue;
    files.push({ url: answer.url(), kind, gzip: gzipSync(await answer.body(), { level: 9 }).length });
  }
  await page.close();
  return files;
}
