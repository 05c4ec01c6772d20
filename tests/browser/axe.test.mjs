// What axe finds wrong: on every page, light and dark, empty, full and in trouble, and in every dialog.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, violations } from "./browser.mjs";
import { HERE, ask, close, dialogsOf, fill, pagesOf, turnTo, visit } from "./pages.mjs";
import { startWorker } from "./worker.mjs";

let worker;
let browser;
before(async () => {
  [worker, browser] = await Promise.all([startWorker({ TOMBSTONE_LIFETIME: "600s", CLUSTERS: "default,empty" }), launch()]);
  await fill(worker);
});
after(async () => {
  await browser?.close();
  await worker?.stop();
});

for (const colorScheme of ["light", "dark"]) {
  /** A page that says how many nodes axe looked at on it. */
  const looking = async (t, options) => {
    // Colours are judged as they end up, not on their way there.
    const page = await open(t, browser, { colorScheme, reducedMotion: "reduce", ...options });
    let [nodes, wrong] = [0, 0];
    t.after(() => t.diagnostic(`axe looked at ${nodes} nodes, and found ${wrong} violations`));
    const check = async (what) => {
      const result = await violations(page);
      nodes += result.nodes;
      wrong += result.found.length;
      assert.deepEqual(result.found, [], what);
    };
    return { page, check };
  };

  test(`11 axe finds nothing on any page, full or empty, ${colorScheme}`, async (t) => {
    const { page, check } = await looking(t);
    for (const home of ["/ui", "/clusters/empty/ui"]) {
      await visit(page, `${worker.origin}${home}/`);
      for (const [name, path] of Object.entries(pagesOf(HERE))) {
        await turnTo(page, home + path);
        await check(`${name} of ${home}`);
      }
    }
  });

  test(`11 axe finds nothing in any dialog, ${colorScheme}`, async (t) => {
    const { page, check } = await looking(t);
    await visit(page, `${worker.origin}/ui/`);
    for (const [name, [path, button]] of Object.entries(dialogsOf(HERE))) {
      await turnTo(page, `/ui${path}`);
      await ask(page, button);
      await check(name);
      await close(page);
    }
  });

  test(`11 axe finds nothing where something is wrong, ${colorScheme}`, async (t) => {
    const { page, check } = await looking(t, { expected: /status of (401|500)/ });
    // Without a stream, which would leave nothing to ask for.
    await page.routeWebSocket("**/v1/stream*", (stream) => stream.close());
    await page.route("**/v1/snapshot*", (route) => route.fulfill({ status: 401, body: '{"message":"UNAUTHORIZED"}' }));
    await page.goto(`${worker.origin}/ui/`);
    await page.getByRole("textbox", { name: "Token" }).waitFor();
    await check("a token is asked for");
    await page.unroute("**/v1/snapshot*");

    await visit(page, `${worker.origin}/ui/`);
    await page.route("**/lookup?*", (route) => route.fulfill({ status: 500, body: "oops" }));
    await page.route("**/v1/changes*", (route) => route.fulfill({ status: 200, body: "?" }));
    await page.locator(".banner").waitFor();
    for (const [name, path] of Object.entries(pagesOf(HERE))) {
      await turnTo(page, `/ui${path}`);
      await check(`${name}, with answers that can't be read`);
    }
    await page.route("**/topic/create*", (route) => route.fulfill({ status: 401, body: "{}" }));
    await turnTo(page, "/ui/topics");
    await ask(page, "Create topic");
    await page.getByLabel("Topic name").fill("a");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await check("an act that is refused");
  });
}
