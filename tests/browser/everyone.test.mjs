// What serves everyone: export, keyboard shortcuts, settings, the browser's language, the lookup tester without a server.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { startWorker } from "./worker.mjs";

let worker;
let browser;
before(async () => {
  [worker, browser] = await Promise.all([startWorker({ CLUSTERS: "default,export" }), launch()]);
});
after(async () => {
  await browser?.close();
  await worker?.stop();
});

/** Presses a button that saves a file, and reads that. */
async function saved(page, name) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
  return { file: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}

/** The rows of a CSV whose cells hold no line break. */
function rowsOf(csv) {
  const cells = /("(?:[^"]|"")*"|[^,]*)(?:,|$)/gy;
  return csv.trimEnd().split("\r\n").map((line) => {
    cells.lastIndex = 0;
    const row = [];
    while (cells.lastIndex < line.length) row.push(cells.exec(line)[1].replace(/^"|"$/g, "").replaceAll('""', '"'));
    return row;
  });
}

test("13 what is exported is what is filtered, in its order, and no cell is a formula", async (t) => {
  const post = (topics, more) =>
    worker.post("/clusters/export/register", {
      broadcast_address: "10.0.0.1", hostname: "api-1", tcp_port: 4150, http_port: 4151, version: "1.3.0", topics, ...more,
    });
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, number) => [`topic-${number}`, []]));
  await post({ ...many, "-minus": ["a", "b"] });
  await post({ "topic-7": [] }, { broadcast_address: "10.0.0.2", hostname: "=1+1", version: '+cmd|" /C calc"!A0' });
  await post({}, { broadcast_address: "10.0.0.3", hostname: "@SUM(A1)", version: "1,2" });
  const page = await open(t, browser);
  await page.goto(`${worker.origin}/clusters/export/ui/topics?q=topic-&sort=-name`);
  await page.getByText("300 of 301 topics").waitFor();
  const expected = Object.keys(many).sort().reverse();
  const csv = await saved(page, "Export CSV");
  assert.equal(csv.file, "export-topics.csv");
  const [heads, ...rows] = rowsOf(csv.text);
  assert.deepEqual(heads, ["topic", "state", "producers", "tombstoned", "silent", "inactive", "channels"]);
  assert.deepEqual(rows.map(([name]) => name), expected, "all rows, those out of view too");
  assert.deepEqual(rows.find(([name]) => name === "topic-7"), ["topic-7", "served", "2", "0", "0", "0", "0"]);
  const json = await saved(page, "Export JSON");
  assert.equal(json.file, "export-topics.json");
  assert.deepEqual(JSON.parse(json.text).map((row) => row.topic), expected);
  await page.getByRole("searchbox").fill("minus");
  await page.getByText("1 of 301 topics").waitFor();
  assert.deepEqual(rowsOf((await saved(page, "Export CSV")).text)[1], ["'-minus", "served", "1", "0", "0", "0", "2"]);
  assert.deepEqual(JSON.parse((await saved(page, "Export JSON")).text).map((row) => row.topic), ["-minus"], "JSON runs nothing");

  await page.goto(`${worker.origin}/clusters/export/ui/nodes?sort=-node`);
  await page.getByText("3 nodes").waitFor();
  const nodes = rowsOf((await saved(page, "Export CSV")).text);
  const column = (name) => nodes.slice(1).map((row) => row[nodes[0].indexOf(name)]);
  assert.deepEqual(column("node"), ["10.0.0.3:4151", "10.0.0.2:4151", "10.0.0.1:4151"]);
  assert.deepEqual(column("hostname"), ["'@SUM(A1)", "'=1+1", "api-1"]);
  assert.deepEqual(column("version"), ["1,2", `'+cmd|" /C calc"!A0`, "1.3.0"]);
});
