// The dashboard in a real Chromium, against the worker as `wrangler dev` serves it, and against the agent.
//
//   node tests/browser/run.mjs [a part of a test's name]
//
// What it needs is built by `make build` and named by tools/env.sh. Where something is missing it says so and tests
// nothing; with CI=true that is a failure.
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

/** What must be seen in a real browser. A test that shows some of it begins with the number: "3 a row appears …". */
const CHECKS = {
  1: "boot",
  2: "addresses",
  3: "rows come and go",
  4: "tombstones",
  5: "liveness",
  6: "create and delete",
  7: "a stream that is cut",
  8: "10,000 topics",
  9: "filters toggled fast",
  10: "keyboard alone",
  11: "axe",
  12: "small, zoomed, reduced motion, forced colours",
  13: "export",
  14: "hostile text",
  15: "read-only",
};

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const chromium = process.env.LOOKUPD_CHROMIUM_BIN;
const needs = [
  ["Chromium, named by LOOKUPD_CHROMIUM_BIN", chromium],
  ["the worker, built by `make build`", join(process.env.LOOKUPD_WORKER_BUILD ?? join(root, "worker", "build"), "index.js")],
  ["the agent, built by `cargo build -p lookupd-agent`", process.env.LOOKUPD_AGENT_BIN ?? join(root, "target", "debug", "lookupd-agent")],
  ["the dashboard, built by `make build`", join(process.env.LOOKUPD_ASSETS ?? join(root, "dist"), "ui", "index.html")],
  ["node_modules, installed by `npm ci`", join(root, "node_modules", "playwright-core")],
];
const missing = needs.filter(([, path]) => !path || !existsSync(path)).map(([what]) => what);
if (missing.length > 0) {
  console.log(`skipped: the browser tests need ${missing.join(", and ")}`);
  process.exit(process.env.CI === "true" ? 1 : 0);
}

process.env.PATH = `${join(root, "node_modules", ".bin")}:${process.env.PATH}`;
const named = process.argv[2];
const files = readdirSync(here).filter((name) => name.endsWith(".test.mjs")).map((name) => join(here, name));

// One file after the other: two browsers and two workers on two cores would time each other out. Forced, since where no
// name matches, node:test runs a file's `before` and never its `after`.
const tests = run({ files, concurrency: 1, forceExit: true, testNamePatterns: named });
const passed = new Map(Object.keys(CHECKS).map((number) => [number, []]));
tests.on("test:fail", () => (process.exitCode = 1));
tests.on("test:pass", ({ name, file, skip }) => {
  const number = /^\d+/.exec(name)?.[0];
  if (!skip && number) passed.get(number)?.push(basename(file, ".test.mjs"));
});
tests.on("end", () => {
  if (named) return;
  console.log("\nSeen in a real browser:");
  for (const [number, files] of passed) {
    const seen = files.length > 0 ? `${files.length} passed (${[...new Set(files)].join(", ")})` : "NOTHING PASSED";
    console.log(`  ${number.padStart(2)}. ${CHECKS[number]}: ${seen}`);
    if (files.length === 0) process.exitCode = 1;
  }
});
tests.compose(spec).pipe(process.stdout);
