// Chromium, and pages that notice every error.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

export function launch() {
  return chromium.launch({
    executablePath: process.env.LOOKUPD_CHROMIUM_BIN,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page in a context of its own. At its end no error may be left but those that `expected` matches. */
export async function open(test, browser, { expected, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  pages.set(test, [...(pages.get(test) ?? []), { context, errors, expected }]);
  test.after(() => closePages(test));
  return page;
}

const pages = new WeakMap();

/** Closes a test's pages and looks at their errors. To be done before the server ends that they ask all the while. */
export async function closePages(test) {
  const opened = pages.get(test) ?? [];
  pages.delete(test);
  await Promise.all(opened.map(({ context }) => context.close()));
  for (const { errors, expected } of opened) {
    assert.deepEqual(errors.filter((error) => !expected?.test(error)), [], "errors in the console");
  }
}

/** What axe finds wrong with the page as it is, and how many nodes it looked at. */
export async function violations(page) {
  // By the debugger's protocol, which the page's policy doesn't bind.
  await page.evaluate(axe);
  const result = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
  const nodes = result.passes.reduce((sum, rule) => sum + rule.nodes.length, 0);
  const found = result.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
  return { found, nodes };
}

/** Makes the page believe that its tab is hidden, or seen again. */
export function setHidden(page, hidden) {
  return page.evaluate((hidden) => {
    Object.defineProperty(document, "visibilityState", { value: hidden ? "hidden" : "visible", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
}
