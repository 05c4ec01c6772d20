// What was measured, as it is printed and as BENCHMARKS.md shows it.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const page = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "BENCHMARKS.md");
const BEGIN = "<!-- written by `make bench-dashboard` -->";
const END = "<!-- the dashboard's until here -->";

/** A figure of ours, beside nsqadmin's where it has one, and beside its aim: the most that it may be. */
export function row(work, unit, ours, { theirs = null, aim = null } = {}) {
  return { work, unit, ours, theirs, aim };
}

export const UNITS = {
  kb: (bytes) => `${(bytes / 1024).toFixed(1)} KB`,
  mb: (bytes) => `${(bytes / (1024 * 1024)).toFixed(1)} MB`,
  ms: (milliseconds) => `${milliseconds < 10 ? milliseconds.toFixed(1) : grouped(Math.round(milliseconds))} ms`,
  count: (count) => grouped(count),
};

const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

/** A figure in its unit; a text says why there is none. */
const show = (unit, figure) => (figure === null ? "–" : typeof figure === "string" ? figure : UNITS[unit](figure));

const met = ({ ours, aim }) => (aim === null ? "" : ours <= aim ? "yes" : "**no**");

export function print(row) {
  const { work, unit, ours, theirs, aim } = row;
  const beside = theirs === null ? "" : `, nsqadmin ${show(unit, theirs)}`;
  const judged = aim === null ? "" : ` (aim ≤ ${show(unit, aim)}: ${ours <= aim ? "met" : "NOT MET"})`;
  console.log(`  ${work}: ${show(unit, ours)}${beside}${judged}`);
}

/** Writes the table into BENCHMARKS.md. */
export function write(machine, rows) {
  const text = readFileSync(page, "utf8");
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error("BENCHMARKS.md doesn't say where the table goes");
  const lines = rows.map((row) => {
    const aim = row.aim === null ? "" : `≤ ${show(row.unit, row.aim)}`;
    return `| ${row.work} | ${show(row.unit, row.theirs)} | ${show(row.unit, row.ours)} | ${aim} | ${met(row)} |\n`;
  });
  const table = `${machine}\n\n| figure | nsqadmin | dashboard | aim | met |\n|---|--:|--:|--:|---|\n${lines.join("")}`;
  writeFileSync(page, `${before}${BEGIN}\n${table}${END}${after}`);
  console.log("\nwritten into BENCHMARKS.md");
}

/** Where it was measured: figures mean nothing without it. */
export function describe(chromium, nsqadmin) {
  const memory = Math.floor(totalmem() / 2 ** 30);
  const agent = execFileSync(process.env.LOOKUPD_AGENT_BIN, ["--version"], { encoding: "utf8" }).trim();
  return `${cpus().length} × ${cpus()[0].model}, ${memory} GiB of memory, Linux ${release()}. Chromium ${chromium}, headless. ${nsqadmin}. ${agent}.`;
}

/** The middle one. */
export const median = (values) => percentile(values, 50);

/** The smallest that this many in a hundred don't exceed. */
export function percentile(values, percent) {
  const ordered = [...values].sort((a, b) => a - b);
  return ordered[Math.min(Math.floor((ordered.length * percent) / 100), ordered.length - 1)];
}
