// How the dashboard starts, at each home: what it may load, and what is said where it can't go on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startAgent } from "./agent.mjs";
import { launch, open } from "./browser.mjs";
import { pagesOf, visit } from "./pages.mjs";
import { startWorker } from "./worker.mjs";

const HERE = { topic: "orders", channel: "mail", node: "10.0.0.7:4151" };
const homes = {};
let browser;
before(async () => {
  [homes.worker, homes.agent, browser] = await Promise.all([startWorker(), startAgent(), launch()]);
  for (const home of Object.values(homes)) await home.register(HERE.topic, HERE.node, { channel: HERE.channel });
});
after(async () => {
  await browser?.close();
  await Promise.all([homes.worker?.stop(), homes.agent?.stop()]);
});

const TYPES = { wasm: /^application\/wasm$/, js: /^text\/javascript/, css: /^text\/css/, svg: /^image\/svg\+xml/ };

for (const home of ["worker", "agent"]) {
  test(`1 boot: every page of the ${home} starts without an error, with its policy and its types`, async (t) => {
    const page = await open(t, browser);
    const loaded = new Map();
    page.on("response", (response) => {
      const extension = /\/ui\/.*\.(\w+)$/.exec(new URL(response.url()).pathname)?.[1];
      if (extension) loaded.set(extension, [response.status(), response.headers()["content-type"]]);
    });
    for (const [name, path] of Object.entries(pagesOf(HERE))) {
      const response = await visit(page, `${homes[home].origin}/ui${path}`);
      const headers = response.headers();
      assert.match(headers["content-type"], /^text\/html/, name);
      const policy = headers["content-security-policy"];
      const scripts = /script-src ([^;]*)/.exec(policy)[1];
      assert.ok(!scripts.includes("'unsafe-inline'") && !scripts.includes("'unsafe-eval'"), `${name}: ${scripts}`);
      assert.match(policy, /default-src 'none'/, name);
      assert.match(policy, /frame-ancestors 'none'/, name);
      assert.equal(headers["x-content-type-options"], "nosniff", name);
      assert.equal(await page.locator("[style]").count(), 0, `${name}: inline styles would be dropped`);
    }
    assert.deepEqual([...loaded.keys()].sort(), Object.keys(TYPES).sort(), "what a page loads");
    for (const [extension, [status, type]] of loaded) {
      assert.equal(status, 200, extension);
      assert.match(type, TYPES[extension]);
    }
  });
}

test("1 boot: a crash of the wasm is said, and overcome by a reload", async (t) => {
  const page = await open(t, browser, { expected: /RuntimeError|unreachable|out of bounds/ });
  await page.addInitScript(() => {
    const real = WebAssembly.instantiateStreaming;
    WebAssembly.instantiateStreaming = async (...given) => {
      const made = await real(...given);
      globalThis.wasm = made.instance.exports;
      return made;
    };
  });
  await visit(page, `${homes.worker.origin}/ui/topics`);
  const crash = page.getByRole("alert").filter({ hasText: "The dashboard crashed" });
  assert.equal(await crash.isVisible(), false);
  // Nothing in its memory is what it was, so that its own code traps in the next thing that happens.
  await page.evaluate(() => new Uint8Array(globalThis.wasm.memory.buffer).fill(0xff));
  await crash.waitFor();
  await page.getByRole("link", { name: "Reload the page" }).click();
  await page.getByRole("link", { name: "orders", exact: true }).waitFor();
  assert.equal(await crash.isVisible(), false);
});
