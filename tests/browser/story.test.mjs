// What a person does with the dashboard, from the first producer to the last.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { row } from "./pages.mjs";
import { startWorker } from "./worker.mjs";

let worker;
let browser;
before(async () => {
  [worker, browser] = await Promise.all([
    startWorker({ TOMBSTONE_LIFETIME: "5s", CLUSTERS: "default,eu-1" }),
    launch(),
  ]);
});
after(async () => {
  await browser?.close();
  await worker?.stop();
});

test("3 an empty registry says what to do, and the first producer appears without a reload", async (t) => {
  const page = await open(t, browser);
  await page.goto(`${worker.origin}/ui/`);
  await page.getByText("Nothing is registered yet").waitFor();
  assert.match(await page.locator("pre").first().innerText(), /curl -X POST '.*\/register\?topic=orders/);
  await page.evaluate(() => (globalThis.notReloaded = true));
  await worker.register("orders", "10.0.0.7:4151", { channel: "mail" });
  await page.getByText("All is well").waitFor();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Topics" }).click();
  await row(page, "orders").waitFor();
  await row(page, "orders").getByRole("link").click();
  await row(page, "10.0.0.7:4151").getByText("Active", { exact: true }).waitFor();
  assert.equal(await page.evaluate(() => globalThis.notReloaded), true);
  const lookup = await worker.get("/lookup?topic=orders");
  assert.equal(lookup.body.producers[0].broadcast_address, "10.0.0.7");

  await worker.post("/unregister?node=10.0.0.7:4151");
  await page.getByText("No producer serves this topic").waitFor();
  await worker.register("orders", "10.0.0.7:4151", { channel: "mail" });
  await row(page, "10.0.0.7:4151").waitFor();
});

test("2 every page can be linked, reloaded and gone back to", async (t) => {
  await worker.register("foo#ephemeral", "[2001:db8::1]:4151", { channel: "bar#ephemeral" });
  const page = await open(t, browser);
  const pages = [
    ["/ui/", "Overview"],
    ["/ui/topics?q=foo&sort=-producers&state=served", "Topics"],
    ["/ui/topics/foo%23ephemeral", "foo#ephemeral"],
    ["/ui/topics/foo%23ephemeral/bar%23ephemeral", "bar#ephemeral"],
    ["/ui/nodes", "Nodes"],
    ["/ui/nodes/%5B2001%3Adb8%3A%3A1%5D%3A4151", "[2001:db8::1]:4151"],
    ["/ui/lookup?topic=foo%23ephemeral", "Lookup tester"],
    ["/ui/events?topic=foo%23ephemeral", "Events"],
    ["/ui/graph?topic=foo%23ephemeral", "Graph"],
    ["/ui/settings", "Settings"],
    ["/ui/no/such/page", "Page not found"],
  ];
  const heading = (name) => page.getByRole("heading", { level: 1, name, exact: true });
  for (const [path, name] of pages) {
    await page.goto(worker.origin + path);
    await heading(name).waitFor();
    await page.reload();
    await heading(name).waitFor();
    assert.match(await page.title(), /lookupd-edge$/);
    assert.equal(page.url(), worker.origin + path, "the address stays");
  }
  for (const [path, name] of pages.toReversed().slice(1)) {
    await page.goBack();
    await heading(name).waitFor();
    assert.equal(page.url(), worker.origin + path, "back");
  }
  // By links, and back.
  await page.goto(`${worker.origin}/ui/topics`);
  await page.getByRole("link", { name: "foo#ephemeral", exact: true }).click();
  await heading("foo#ephemeral").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "title", "the focus follows the route");
  await row(page, "[2001:db8::1]:4151").getByRole("link").first().click();
  await heading("[2001:db8::1]:4151").waitFor();
  assert.equal(new URL(page.url()).pathname, "/ui/nodes/%5B2001%3Adb8%3A%3A1%5D%3A4151");
  await page.goBack();
  await heading("foo#ephemeral").waitFor();
  await page.goBack();
  await heading("Topics").waitFor();
  await page.goForward();
  await heading("foo#ephemeral").waitFor();
});

test("2 names that a browser would take for a way up are linked all the same", async (t) => {
  await worker.register("..", "10.0.0.9:4151", { channel: "." });
  const page = await open(t, browser);
  await page.goto(`${worker.origin}/ui/topics?q=..`);
  await page.getByRole("link", { name: "..", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "..", exact: true }).waitFor();
  await page.getByRole("link", { name: ".", exact: true }).click();
  await page.reload();
  await page.getByRole("heading", { level: 1, name: ".", exact: true }).waitFor();
  await row(page, "10.0.0.9:4151").waitFor();
});

test("9 search, state and order are in the address, fast toggling included", async (t) => {
  await Promise.all(["alpha", "beta", "gamma"].map((name) => worker.register(name)));
  await worker.post("/topic/create?topic=zz-idle");
  const page = await open(t, browser);
  await page.goto(`${worker.origin}/ui/topics`);
  await row(page, "alpha").waitFor();
  await page.getByRole("searchbox", { name: "Search topics" }).fill("am");
  await row(page, "gamma").waitFor();
  assert.equal(await row(page, "alpha").count(), 0);
  assert.equal(new URL(page.url()).search, "?q=am");
  await page.getByRole("searchbox").fill("");
  await page.getByRole("combobox", { name: "State" }).selectOption("unserved");
  await row(page, "zz-idle").waitFor();
  assert.equal(new URL(page.url()).search, "?state=unserved");
  for (let round = 0; round < 20; round += 1) {
    await page.getByRole("searchbox").fill(round % 2 ? "no such topic" : "");
    await page.getByRole("combobox").selectOption(round % 3 ? "served" : "unserved");
  }
  await page.getByText("No topic matches").waitFor();
  await page.getByRole("link", { name: "Clear search and filter" }).click();
  await row(page, "alpha").waitFor();
  await page.getByRole("button", { name: "Producers" }).click();
  await page.waitForFunction(() => location.search === "?sort=-producers");
  assert.equal(await page.getByRole("columnheader", { name: "Producers" }).getAttribute("aria-sort"), "descending");
});

test("4 a tombstone hides a producer, its ring runs, and it comes back by itself", async (t) => {
  await worker.register("payments", "10.0.0.1:4151");
  await worker.register("payments", "10.0.0.2:4151");
  const page = await open(t, browser);
  await page.goto(`${worker.origin}/ui/topics/payments`);
  const hidden = row(page, "10.0.0.1:4151");
  await hidden.getByRole("button", { name: /Tombstone/ }).click();
  const dialog = page.getByRole("dialog", { name: "Tombstone this producer?" });
  await dialog.getByText("Adds 1 tombstone").waitFor();
  await dialog.getByText(/Hidden from \/lookup for 5 s, until \d+:\d\d:\d\d/).waitFor();
  await dialog.getByRole("button", { name: "Tombstone" }).click();
  const ring = hidden.locator(".ring-left");
  await ring.waitFor();
  await dialog.waitFor({ state: "detached" });
  const addresses = async () => (await worker.get("/lookup?topic=payments")).body.producers.map((one) => one.broadcast_address);
  assert.deepEqual(await addresses(), ["10.0.0.2"]);
  const start = await ring.getAttribute("stroke-dasharray");
  await page.waitForFunction((start) => document.querySelector(".ring-left")?.getAttribute("stroke-dasharray") !== start, start);
  await hidden.getByText("Active", { exact: true }).waitFor();
  assert.equal(await hidden.locator(".ring-left").count(), 0);
  assert.deepEqual(await addresses(), ["10.0.0.1", "10.0.0.2"]);
  // What was hidden before can be hidden again.
  await hidden.getByRole("button", { name: /Tombstone/ }).click();
  await dialog.getByText("Adds 1 tombstone").waitFor();
});

test("4 the lookup tester says who is listed and why one is left out", async (t) => {
  await worker.register("shipping", "10.0.0.1:4151");
  await worker.register("shipping", "10.0.0.2:4151");
  const page = await open(t, browser);
  await page.goto(`${worker.origin}/ui/lookup`);
  await page.getByLabel("Topic", { exact: true }).fill("shippi");
  await page.getByRole("button", { name: "shipping", exact: true }).click();
  await page.getByRole("heading", { name: "A consumer connects to 2 producers" }).waitFor();
  assert.equal(JSON.parse(await page.locator("pre.json").innerText()).producers.length, 2);
  await worker.post("/topic/tombstone?topic=shipping&node=10.0.0.1:4151");
  await page.getByText("Left out: tombstoned").waitFor();
  await page.getByText(/Hidden for another \d s/).waitFor();
  await page.getByRole("heading", { name: "A consumer connects to 1 producer" }).waitFor();
  await page.getByRole("heading", { name: "A consumer connects to 2 producers" }).waitFor();
  await page.getByLabel("Topic", { exact: true }).fill("nobody-has-this");
  await page.getByRole("heading", { name: "There is no such topic" }).waitFor();
  assert.match(await page.locator("pre.json").innerText(), /TOPIC_NOT_FOUND/);
});

test("6 a topic and a channel are created and deleted; a wrong name deletes nothing", async (t) => {
  const page = await open(t, browser);
  await page.goto(`${worker.origin}/ui/topics`);
  await page.getByRole("button", { name: "Create topic" }).click();
  const name = page.getByLabel("Topic name");
  await name.fill("no spaces");
  await page.getByText(/Expected 1 to 64/).waitFor();
  const create = page.getByRole("dialog").getByRole("button", { name: "Create topic" });
  assert.equal(await create.isDisabled(), true);
  await name.fill("invoices");
  await create.click();
  await page.getByRole("heading", { level: 1, name: "invoices" }).waitFor();
  await page.getByRole("button", { name: "Create channel" }).click();
  await page.getByLabel("Channel name").fill("archive");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "archive", exact: true }).click();

  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("Removes 1 channel").waitFor();
  const button = page.getByRole("button", { name: "Delete channel" });
  await page.getByLabel("Type archive to confirm").fill("archiv");
  await page.getByText("That is not its name.").waitFor();
  assert.equal(await button.isDisabled(), true);
  await page.keyboard.press("Enter");
  assert.deepEqual((await worker.get("/channels?topic=invoices")).body.channels, ["archive"]);
  await page.getByLabel("Type archive to confirm").fill("archive");
  await button.click();
  await page.getByRole("heading", { level: 1, name: "invoices" }).waitFor();
  await page.getByText("No channels").waitFor();

  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("Removes 1 topic").waitFor();
  await page.getByLabel("Type invoices to confirm").fill("invoices");
  await page.keyboard.press("Enter");
  await page.getByText("Topic invoices deleted.").waitFor();
  await page.getByRole("heading", { level: 1, name: "Topics" }).waitFor();
  assert.equal((await worker.get("/topics")).body.topics.includes("invoices"), false);
});

test("6 Esc closes a dialog and gives the focus back", async (t) => {
  await worker.register("orders");
  const page = await open(t, browser);
  await page.goto(`${worker.origin}/ui/topics/orders`);
  const button = page.getByRole("button", { name: "Delete" });
  await button.focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Type orders to confirm").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "typed", "the focus starts in the field");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await button.evaluate((element) => element === document.activeElement), true);
  // And once more, since what was asked was settled.
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
});

test("a producer is registered by the form, and unregistered", async (t) => {
  const page = await open(t, browser);
  await page.goto(`${worker.origin}/ui/nodes`);
  await page.getByRole("button", { name: "Register a producer" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("HTTP port").fill("70000");
  await dialog.getByRole("button", { name: "Register" }).click();
  await dialog.getByText("Expected a number from 1 to 65535").waitFor();
  await dialog.getByText("Expected letters, digits").waitFor();
  await dialog.getByLabel("Topic", { exact: true }).fill("tried");
  await dialog.getByLabel("Channel (optional)").fill("out");
  await dialog.getByLabel("HTTP port").fill("4151");
  await dialog.getByRole("button", { name: "Register" }).click();
  await page.getByText(/127\.0\.0\.1:4151 serves tried for \d/).waitFor();
  await row(page, "127.0.0.1:4151").getByText("Active", { exact: true }).waitFor();
  assert.equal((await worker.get("/lookup?topic=tried")).body.producers[0].hostname, "try-out");
  await row(page, "127.0.0.1:4151").getByRole("link").first().click();
  await page.getByRole("heading", { name: "Announced via http" }).waitFor();
  await page.getByRole("button", { name: "Unregister" }).click();
  await page.getByText("Removes 2 registrations").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Unregister" }).click();
  await page.getByText("There is no such node").waitFor();
});

test("6 what the server refuses is said where it was asked", async (t) => {
  await worker.register("orders");
  const page = await open(t, browser, { expected: /status of (409|500|507)/ });
  await page.goto(`${worker.origin}/ui/topics`);
  for (const [status, body, title] of [
    [507, { message: "REGISTRY_FULL", detail: "at most 20000 topics" }, "The registry is full"],
    [409, { message: "NOPE", detail: "not now" }, "The server refused"],
    [500, "<html><b>oops</b></html>", "The server failed"],
  ]) {
    await page.route("**/topic/create*", (route) =>
      route.fulfill({ status, body: typeof body === "string" ? body : JSON.stringify(body) }),
    );
    await page.getByRole("button", { name: "Create topic" }).click();
    await page.getByLabel("Topic name").fill("refused");
    await page.keyboard.press("Enter");
    const alert = page.getByRole("alert").filter({ hasText: title });
    await alert.waitFor();
    if (body.detail) await alert.getByText(body.detail).waitFor();
    assert.equal(await page.locator("dialog b").count(), 0, "an answer of HTML is not shown");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.unroute("**/topic/create*");
  }
});

test("2 clusters are kept apart, and their pages below their own address", async (t) => {
  const page = await open(t, browser);
  await page.goto(`${worker.origin}/clusters/eu-1/ui/topics`);
  await page.getByText("No topics yet").waitFor();
  await worker.post("/clusters/eu-1/topic/create?topic=only-here");
  await page.getByRole("link", { name: "only-here" }).click();
  await page.getByRole("heading", { level: 1, name: "only-here" }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/clusters/eu-1/ui/topics/only-here");
  assert.match(await page.title(), /eu-1/);
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "only-here" }).waitFor();
});
