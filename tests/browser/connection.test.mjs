// The way to the server: hidden tabs, a server that is away or talks nonsense, tokens.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { closePages, launch, open, setHidden } from "./browser.mjs";
import { row } from "./pages.mjs";
import { startWorker } from "./worker.mjs";

let shared;
let browser;
before(async () => {
  const clusters = "hidden,paused,nonsense,heartbeats";
  [shared, browser] = await Promise.all([startWorker({ CLUSTERS: clusters, INACTIVE_PRODUCER_TIMEOUT: "9s" }), launch()]);
});
after(async () => {
  await browser?.close();
  await shared?.stop();
});

/** A worker of the test's own. */
async function worker(t, vars) {
  const started = await startWorker(vars);
  t.after(async () => {
    try {
      await closePages(t);
    } finally {
      await started.stop();
    }
  });
  return started;
}

test("7 a hidden tab closes its stream, is told nothing and asks nothing, and catches up when it is seen", async (t) => {
  const server = shared.cluster("hidden");
  await server.register("orders");
  const page = await open(t, browser);
  const stream = page.waitForEvent("websocket");
  await page.clock.install();
  await page.goto(`${server.origin}/ui/topics`);
  await row(page, "orders").waitFor();
  const closed = (await stream).waitForEvent("close");
  await page.locator(".pill").getByText("Live").waitFor();
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("websocket", (opened) => asked.push(opened.url()));
  await setHidden(page, true);
  await closed;
  await page.clock.runFor(600_000);
  assert.deepEqual(asked, [], "asked while hidden");
  await server.register("payments");
  await Promise.all([page.waitForRequest("**/v1/changes*"), page.waitForEvent("websocket"), setHidden(page, false)]);
  await page.clock.resume();
  await row(page, "payments").waitFor();
  await page.locator(".pill").getByText("Live").waitFor();
});

test("paused by hand it stands still and says so, until it goes on", async (t) => {
  const server = shared.cluster("paused");
  await server.register("orders");
  const page = await open(t, browser);
  await page.goto(`${server.origin}/ui/topics`);
  await row(page, "orders").waitFor();
  await page.getByRole("button", { name: /Pause updates/ }).click();
  await page.locator(".banner").getByText("Paused").waitFor();
  await page.locator(".banner").getByText(/What you see is \d+ s old/).waitFor();
  await server.register("payments");
  await page.getByRole("button", { name: "Go on", exact: true }).click();
  await row(page, "payments").waitFor();
  await page.locator(".banner").waitFor({ state: "detached" });
});

test("a server that is killed leaves its last good data, and comes back with all of it", async (t) => {
  const server = await worker(t);
  await server.register("orders", "10.0.0.7:4151", { channel: "mail" });
  const page = await open(t, browser, { expected: /net::ERR_|status of 50\d|WebSocket connection to/ });
  await page.goto(`${server.origin}/ui/topics/orders`);
  await row(page, "10.0.0.7:4151").waitFor();
  await server.kill();
  await page.locator(".pill").getByText("Reconnecting").waitFor();
  await page.locator(".banner").getByText("The server can't be reached").waitFor();
  await page.locator(".banner").getByText(/What you see is \d+ s old/).waitFor();
  await row(page, "10.0.0.7:4151").getByText("Active", { exact: true }).waitFor();
  // Pages are computed here: one that was never open needs no server.
  await page.getByRole("link", { name: "mail", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "mail" }).waitFor();
  await row(page, "10.0.0.7:4151").waitFor();
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await server.restart();
  // Pressed in one go, if the page didn't try again by itself meanwhile.
  await page.evaluate(() => document.querySelector(".banner button")?.click());
  await page.locator(".pill").getByText("Live").waitFor();
  await page.locator(".banner").waitFor({ state: "detached" });
  await row(page, "10.0.0.7:4151").waitFor();
  await server.register("orders", "10.0.0.8:4151", { channel: "mail" });
  await row(page, "10.0.0.8:4151").waitFor();
});

test("nonsense in place of changes keeps the last good data, and is overcome", async (t) => {
  const server = shared.cluster("nonsense");
  await server.register("orders");
  const page = await open(t, browser, { expected: /status of (429|500|503)/ });
  // What is pushed isn't asked for.
  await page.routeWebSocket("**/v1/stream*", (stream) => stream.close());
  await page.goto(`${server.origin}/ui/topics`);
  await row(page, "orders").waitFor();
  for (const [answer, title] of [
    [{ status: 200, body: "<html>a captive portal</html>", contentType: "text/html" }, "The server's answer can't be read"],
    [{ status: 200, body: "" }, "The server's answer can't be read"],
    [{ status: 200, body: "\u0002\u0001", contentType: "application/octet-stream" }, "The server's answer can't be read"],
    [{ status: 500, body: "oops" }, "The server failed"],
    [{ status: 503, body: '{"message":"NOT_READY"}' }, "The server failed"],
    [{ status: 429, body: "" }, "The server asks for patience"],
  ]) {
    await page.route(/\/v1\/(changes|snapshot)/, (route) => route.fulfill(answer));
    await page.locator(".banner").getByText(title).waitFor();
    await row(page, "orders").waitFor();
    await page.unroute(/\/v1\/(changes|snapshot)/);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator(".banner").waitFor({ state: "detached" });
  }
});

test("15 without a token nothing is shown; with one it is, and a wrong one is told", async (t) => {
  const server = await worker(t, { ANONYMOUS: "none", ADMIN_TOKEN: "admin-secret" });
  await server.post("/topic/create?topic=secret", null, { Authorization: "Bearer admin-secret" });
  const page = await open(t, browser, { expected: /status of 40[13]/ });
  await page.goto(`${server.origin}/ui/topics`);
  await page.getByRole("heading", { level: 1, name: "This registry asks for a token" }).waitFor();
  assert.equal(await page.getByText("secret", { exact: true }).count(), 0);
  await page.getByLabel("Token").fill("wrong");
  await page.getByRole("button", { name: "Use this token" }).click();
  await page.getByText("The token that was tried was refused.").waitFor();
  await page.getByLabel("Token").fill("admin-secret");
  await page.getByRole("button", { name: "Use this token" }).click();
  await row(page, "secret").waitFor();
  await page.reload();
  await row(page, "secret").waitFor();
  assert.equal(await page.evaluate(() => JSON.stringify({ ...localStorage })), "{}", "a token stays with its tab");
  await page.getByRole("button", { name: "Create topic" }).click();
  await page.getByLabel("Topic name").fill("made");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "made" }).waitFor();
  await page.getByRole("button", { name: "Forget the token" }).click();
  await page.locator(".banner").getByText("The server asks for a token").waitFor();
  await page.getByRole("heading", { level: 1, name: "made" }).waitFor();
});

test("15 who may only read is offered nothing to change, and the API refuses him too", async (t) => {
  const tokens = { ADMIN_TOKEN: "admin-secret", REGISTER_TOKEN: "register-secret", READ_TOKEN: "read-secret" };
  const server = await worker(t, { ANONYMOUS: "read", ...tokens });
  const admin = { Authorization: "Bearer admin-secret" };
  const producer = { broadcast_address: "10.0.0.7", hostname: "api-1", tcp_port: 4150, http_port: 4151, version: "1.3.0" };
  await server.post("/register?topic=kept&channel=mail", producer, admin);
  await server.post("/topic/create?topic=unserved", null, admin);
  const page = await open(t, browser);
  const pages = {
    "/ui/": ["Register a producer"],
    "/ui/topics": ["Register a producer", "Create topic"],
    "/ui/topics/kept": ["Register a producer", "Delete", "Tombstone", "Unregister", "Create channel"],
    "/ui/topics/unserved": ["Register a producer", "Delete", "Register a producer", "Create channel"],
    "/ui/topics/kept/mail": ["Delete", "Tombstone", "Unregister"],
    "/ui/nodes": ["Register a producer"],
    "/ui/nodes/10.0.0.7%3A4151": ["Unregister", "Tombstone"],
    "/ui/lookup?topic=kept": [],
    "/ui/events": [],
    "/ui/graph": [],
    "/ui/settings": [],
  };
  const acts = /^(Create|Delete|Register|Tombstone|Unregister)\b/;
  const offered = async () => (await page.getByRole("button", { name: acts }).allInnerTexts()).map((text) => acts.exec(text)?.input.split("\n")[0]);
  const key = (name) => page.getByRole("button", { name });
  const enter = async (label, token) => {
    await key(label).click();
    await page.getByRole("textbox", { name: "Token" }).fill(token);
    await page.getByRole("button", { name: "Use this token" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  };
  const expected = {
    read: () => [],
    register: (acts) => acts.filter((act) => /^(Register|Unregister)/.test(act)),
    admin: (acts) => acts,
  };
  const check = async (right) => {
    for (const [path, acts] of Object.entries(pages)) {
      await page.goto(server.origin + path);
      await page.locator(".page").waitFor();
      await page.locator(".skeleton").waitFor({ state: "detached" });
      const shown = (await offered()).map((text) => acts.find((act) => text.startsWith(act)) ?? text);
      assert.deepEqual(shown.sort(), expected[right](acts).sort(), `${path} by ${right}`);
    }
  };
  await check("read");
  for (const path of ["/topic/delete?topic=kept", "/topic/create?topic=t", "/unregister?node=10.0.0.7:4151", "/topic/tombstone?topic=kept&node=10.0.0.7:4151"]) {
    const answer = await fetch(server.origin + path, { method: "POST" });
    assert.equal(answer.status, 401, path);
  }
  assert.deepEqual((await server.get("/topics")).body.topics, ["kept", "unserved"]);

  // What is entered and forgotten changes what is offered, at once and where one is.
  await page.goto(`${server.origin}/ui/topics/kept`);
  await enter("Read only: enter a token", "register-secret");
  await page.getByRole("button", { name: "Unregister" }).waitFor();
  await check("register");
  await page.goto(`${server.origin}/ui/topics/kept`);
  await enter("Enter another token", "admin-secret");
  await page.getByRole("button", { name: "Delete" }).waitFor();
  await check("admin");
  await page.goto(`${server.origin}/ui/topics/kept`);
  await page.getByRole("button", { name: "Delete" }).waitFor();
  await key("Forget the token").click();
  await page.getByRole("button", { name: acts }).first().waitFor({ state: "detached" });
  assert.deepEqual(await offered(), []);
  await row(page, "10.0.0.7:4151").waitFor();
});

test("15 who loses a right while he is asked is told, and can enter another token", async (t) => {
  const server = await worker(t, { ANONYMOUS: "read", ADMIN_TOKEN: "admin-secret" });
  await server.post("/topic/create?topic=kept", null, { Authorization: "Bearer admin-secret" });
  const page = await open(t, browser, { expected: /status of 40[13]/ });
  await page.goto(`${server.origin}/ui/topics/kept`);
  // The server says once that he may.
  await page.route(/\/v1\/(changes|snapshot)/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), "x-lookupd-right": "admin" } });
  });
  await page.reload();
  await page.getByRole("button", { name: "Delete" }).waitFor();
  await page.unroute(/\/v1\/(changes|snapshot)/);
  await page.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("alert").waitFor();
  await dialog.getByRole("button", { name: "Delete topic" }).waitFor({ state: "detached" });
  await dialog.getByRole("textbox", { name: "Token" }).fill("admin-secret");
  await dialog.getByRole("button", { name: "Use this token" }).click();
  await dialog.getByText("Removes 1 topic").waitFor();
  await dialog.getByLabel("Type kept to confirm").fill("kept");
  await dialog.getByRole("button", { name: "Delete topic" }).click();
  await page.getByText("Topic kept deleted.").waitFor();
});

test("5 a producer whose heartbeats stop turns silent, then inactive, and active when it is back", async (t) => {
  const server = shared.cluster("heartbeats");
  await server.register("orders");
  const page = await open(t, browser);
  await page.goto(`${server.origin}/ui/topics/orders`);
  await row(page, "10.0.0.7:4151").getByText("Active", { exact: true }).waitFor();
  await row(page, "10.0.0.7:4151").getByText("Silent", { exact: true }).waitFor();
  await row(page, "10.0.0.7:4151").getByText(/for \d+ s, inactive in \d+ s/).waitFor();
  await row(page, "10.0.0.7:4151").getByText("Inactive", { exact: true }).waitFor();
  assert.deepEqual((await server.get("/lookup?topic=orders")).body.producers, []);
  await page.getByRole("link", { name: "What consumers see" }).click();
  await page.getByText("Left out: inactive").waitFor();
  await server.register("orders");
  await page.getByText("Listed").waitFor();
});
