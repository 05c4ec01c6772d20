// The page of all components in all their states, which only builds for the tests have.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { closePages, launch, open, violations } from "./browser.mjs";
import { fits, visit } from "./pages.mjs";
import { gallery, startWorker } from "./worker.mjs";

const isBuilt = existsSync(join(gallery, "ui", "index.html"));
const skip = isBuilt ? false : "the page of components isn't there: `tools/build.sh gallery` builds it";
if (skip && process.env.CI === "true") throw new Error(skip);

let worker;
let browser;
before(async () => {
  if (isBuilt) [worker, browser] = await Promise.all([startWorker({}, gallery), launch()]);
});
after(async () => {
  await browser?.close();
  await worker?.stop();
});

for (const colorScheme of ["light", "dark"]) {
  test(`11 axe finds nothing in any state of any component, ${colorScheme}`, { skip }, async (t) => {
    const page = await open(t, browser, { colorScheme, reducedMotion: "reduce" });
    await visit(page, `${worker.origin}/ui/components`);
    await page.getByRole("heading", { level: 1, name: "Components" }).waitFor();
    const { found, nodes } = await violations(page);
    t.diagnostic(`axe looked at ${nodes} nodes, and found ${found.length} violations`);
    assert.deepEqual(found, []);
  });
}

test("12 every component fits into 360 px, and into a page zoomed to 200 %", { skip }, async (t) => {
  for (const [viewport, deviceScaleFactor] of [[{ width: 360, height: 760 }, 1], [{ width: 640, height: 430 }, 2]]) {
    const page = await open(t, browser, { viewport, deviceScaleFactor });
    await visit(page, `${worker.origin}/ui/components`);
    await page.getByRole("heading", { level: 1, name: "Components" }).waitFor();
    await fits(page, `${viewport.width} px`);
  }
});

test("14 a node of 240 letters leaves the other columns in sight", { skip }, async (t) => {
  const page = await open(t, browser);
  await visit(page, `${worker.origin}/ui/components`);
  const table = page.getByRole("table", { name: "Producers of topic" });
  const [state, frame] = await Promise.all([
    table.getByRole("columnheader", { name: "State" }).boundingBox(),
    page.locator(".table-frame").boundingBox(),
  ]);
  assert.ok(state.x + state.width <= frame.x + frame.width, "the state is out of sight");
});

test("a release has no page of all components", async (t) => {
  const release = await startWorker();
  t.after(async () => {
    await closePages(t);
    await release.stop();
  });
  const page = await open(t, browser);
  await visit(page, `${release.origin}/ui/components`);
  await page.getByRole("heading", { level: 1, name: "Page not found" }).waitFor();
});
