// The page of all components in all their states, which no release carries.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { closePages, launch, open, violations } from "./browser.mjs";
import { visit } from "./pages.mjs";
import { startWorker } from "./worker.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
let worker;
let browser;
before(async () => {
  [worker, browser] = await Promise.all([startWorker({}, process.env.LOOKUPD_GALLERY ?? join(root, "target", "gallery")), launch()]);
});
after(async () => {
  await browser?.close();
  await worker?.stop();
});

for (const colorScheme of ["light", "dark"]) {
  test(`11 axe finds nothing on any component in any state, ${colorScheme}`, async (t) => {
    const page = await open(t, browser, { colorScheme, reducedMotion: "reduce" });
    await visit(page, `${worker.origin}/ui/components`);
    for (const word of ["Active", "Silent", "Inactive", "Tombstoned", "No producers", "Reconnecting", "Token needed"]) {
      await page.locator("main").getByText(word, { exact: true }).first().waitFor();
    }
    const { found, nodes } = await violations(page);
    assert.deepEqual(found, []);
    t.diagnostic(`axe looked at ${nodes} nodes`);
    await page.getByRole("button", { name: "Say something" }).first().click();
    await page.getByText("Something was done.").waitFor();
    assert.deepEqual((await violations(page)).found, [], "with a notice");
  });
}

for (const forcedColors of ["none", "active"]) {
  test(`12 no component is wider than a small screen, forced colours ${forcedColors}`, async (t) => {
    const page = await open(t, browser, { viewport: { width: 360, height: 760 }, forcedColors });
    await visit(page, `${worker.origin}/ui/components`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 0, `${over} px too wide`);
  });
}

test("14 a node of 240 letters leaves the other columns in sight", async (t) => {
  const page = await open(t, browser);
  await visit(page, `${worker.origin}/ui/components`);
  const table = page.getByRole("table", { name: "Producers of topic" });
  const [state, frame] = await Promise.all([
    table.getByRole("columnheader", { name: "State" }).boundingBox(),
    page.locator(".table-frame").boundingBox(),
  ]);
  assert.ok(state.x + state.width <= frame.x + frame.width, "the state is out of sight");
});

test("a release has no such page", async (t) => {
  const release = await startWorker();
  t.after(async () => {
    await closePages(t);
    await release.stop();
  });
  const page = await open(t, browser);
  await visit(page, `${release.origin}/ui/components`);
  await page.getByRole("heading", { level: 1, name: "Page not found" }).waitFor();
});
