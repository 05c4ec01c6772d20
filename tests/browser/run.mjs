// The dashboard in a real Chromium, against the worker as `wrangler dev` serves it, and against the agent.
//
//   node tests/browser/run.mjs [a part of a test's name]
//
// What it needs is built by `make build` and named by tools/env.sh. Where something is missing it says so and tests
// nothing; with CI=true that is a failure.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

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

// One file after the other: two browsers and two workers on two cores would time each other out. Forced, since where no
// name matches, node:test runs a file's `before` and never its `after`.
const named = process.argv[2] ? ["--test-name-pattern", process.argv[2]] : [];
const files = readdirSync(here).filter((name) => name.endsWith(".test.mjs")).map((name) => join(here, name));
const tests = spawn(process.execPath, ["--test", "--test-concurrency=1", "--test-force-exit", "--test-reporter=spec", ...named, ...files], {
  stdio: "inherit",
  env: { ...process.env, PATH: `${join(root, "node_modules", ".bin")}:${process.env.PATH}` },
});
tests.on("exit", (code) => process.exit(code ?? 1));
