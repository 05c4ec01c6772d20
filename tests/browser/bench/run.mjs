// The dashboard's budgets in a real Chromium, and the same figures of the real nsqadmin where it has the page.
//
//   node tests/browser/bench/run.mjs [section…]
//
// `make bench-dashboard` builds what it needs, and with no section named it writes the table into BENCHMARKS.md. It is no
// test: it says what it finds, and fails only where it can't measure.
import { launch } from "../browser.mjs";
import { startHomes } from "./homes.mjs";
import { interactive } from "./interactive.mjs";
import { memory } from "./memory.mjs";
import { seen } from "./seen.mjs";
import { size } from "./size.mjs";
import { table } from "./table.mjs";
import { describe, print, write } from "./report.mjs";

const SECTIONS = { size, interactive, table, seen, memory };

const only = process.argv.slice(2);
const unknown = only.filter((name) => !(name in SECTIONS));
if (unknown.length > 0) throw new Error(`no section ${unknown}: there are ${Object.keys(SECTIONS).join(", ")}`);

const browser = await launch();
const homes = await startHomes();
try {
  const machine = describe(browser.version(), homes.nsqadmin.version);
  console.log(`${machine}\n`);
  const rows = [];
  for (const [name, measure] of Object.entries(SECTIONS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    console.log(`· ${name}`);
    const found = await measure(browser, homes);
    found.forEach(print);
    rows.push(...found);
  }
  if (only.length === 0) write(machine, rows);
} finally {
  await browser.close();
  await homes.stop();
}
