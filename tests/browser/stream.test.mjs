// Changes as they happen: the stream, and what becomes of the page without it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startAgent } from "./agent.mjs";
import { closePages, launch, open } from "./browser.mjs";
import { row } from "./pages.mjs";
import { startProxy } from "./proxy.mjs";
import { startWorker } from "./worker.mjs";

let worker;
let browser;
before(async () => {
  // Every second something is heard on a stream, by a timeout of 20 s.
  const clusters = "default,east,cut,mute,format";
  [worker, browser] = await Promise.all([startWorker({ CLUSTERS: clusters, INACTIVE_PRODUCER_TIMEOUT: "20s" }), launch()]);
});
after(async () => {
  await browser?.close();
  await worker?.stop();
});

/** Starts something for one test. */
async function started(t, start) {
  const running = await start;
  t.after(async () => {
    try {
      await closePages(t);
    } finally {
      await running.stop();
    }
  });
  return running;
}

const pill = (page, word) => page.locator(".pill").getByText(word, { exact: true }).waitFor();
const topics = (page) => page.getByRole("table").getByRole("link").allInnerTexts();

/** What the page asks for from now on, but for what somebody does. */
function questions(page) {
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  return asked;
}

for (const [home, serve] of [
  ["the worker", () => worker],
  ["a cluster of the worker", () => worker.cluster("east")],
  ["the agent", (t) => started(t, startAgent())],
  ["an agent that follows it", (t) => started(t, startAgent())],
]) {
  test(`3 what changes elsewhere is seen within a second, and nothing is asked for: ${home}`, async (t) => {
    const server = await serve(t);
    await server.post("/topic/create?topic=orders");
    const { origin } = home.endsWith("follows it") ? await started(t, startAgent([`--upstream=${server.origin}`])) : server;
    const page = await open(t, browser);
    await page.goto(`${origin}/ui/topics`);
    await row(page, "orders").waitFor();
    await pill(page, "Live");
    const asked = questions(page);
    for (const name of ["payments", "refunds", "shipments"]) {
      const from = Date.now();
      await server.post(`/topic/create?topic=${name}`);
      await row(page, name).waitFor();
      const took = Date.now() - from;
      t.diagnostic(`${name} seen after ${took} ms`);
      assert.ok(took < 1_000, `${name} after ${took} ms`);
    }
    await server.post("/topic/delete?topic=orders");
    await row(page, "orders").waitFor({ state: "detached" });
    assert.deepEqual(asked, []);
  });
}

test("a page that is opened while its agent's leader is away shows what the agent knows, and how old that is", async (t) => {
  const leader = await startAgent();
  await leader.post("/topic/create?topic=orders");
  const agent = await started(t, startAgent([`--upstream=${leader.origin}`]));
  const page = await open(t, browser, { expected: /WebSocket connection to/ });
  await page.goto(`${agent.origin}/ui/topics`);
  await pill(page, "Live");
  await row(page, "orders").waitFor();
  await leader.stop();
  await page.reload();
  await row(page, "orders").waitFor();
  await page.locator(".banner").getByText("The server can't reach its leader").waitFor();
  await page.locator(".banner").getByText(/What you see is \d+ s old/).waitFor();
  await pill(page, "Reconnecting");
});

test("7 a stream that is cut: the pill says so, it polls, and resynchronises without duplicates", async (t) => {
  const server = worker.cluster("cut");
  const proxy = await started(t, startProxy(server.origin));
  await server.post("/topic/create?topic=before");
  const page = await open(t, browser, { expected: /WebSocket connection to/ });
  await page.clock.install();
  await page.goto(`${proxy.origin}/clusters/cut/ui/topics`);
  await pill(page, "Live");
  const asked = questions(page);
  proxy.passes = false;
  proxy.cut();
  await pill(page, "Polling");
  await server.post("/topic/create?topic=meanwhile");
  await row(page, "meanwhile").waitFor();
  assert.ok(asked.includes("/clusters/cut/v1/changes"));
  assert.match(await page.locator(".pill").getAttribute("title"), /^No stream gets through/);
  proxy.passes = true;
  // It tries again within two minutes, by chance.
  await page.clock.fastForward(122_000);
  await pill(page, "Live");
  asked.length = 0;
  await server.post("/topic/create?topic=thereafter");
  await row(page, "thereafter").waitFor();
  assert.deepEqual(await topics(page), ["before", "meanwhile", "thereafter"]);
  assert.deepEqual(asked, []);
});

test("7 a stream on which nothing comes any more is given up, and another opened", async (t) => {
  const server = worker.cluster("mute");
  const proxy = await started(t, startProxy(server.origin));
  await server.post("/topic/create?topic=before");
  const page = await open(t, browser);
  await page.goto(`${proxy.origin}/clusters/mute/ui/topics`);
  await pill(page, "Live");
  const second = page.waitForEvent("websocket");
  proxy.mute();
  await server.post("/topic/create?topic=unheard");
  await row(page, "unheard").waitFor();
  await second;
  await pill(page, "Live");
  assert.deepEqual(await topics(page), ["before", "unheard"]);
  assert.equal(proxy.asked, 2);
});

test("7 where no stream gets through it polls, and rarely tries again", async (t) => {
  const server = await started(t, startAgent());
  const proxy = await started(t, startProxy(server.origin));
  proxy.passes = false;
  await server.post("/topic/create?topic=before");
  const page = await open(t, browser, { expected: /WebSocket connection to/ });
  let ended = 0;
  page.on("websocket", (stream) => stream.on("close", () => (ended += 1)));
  await page.clock.install();
  await page.goto(`${proxy.origin}/ui/topics`);
  await row(page, "before").waitFor();
  await pill(page, "Polling");
  for (const [attempt, wait] of [[1, 0], [2, 1_500], [3, 15_500], [4, 15_500]]) {
    await page.clock.fastForward(wait);
    await until(() => ended === attempt);
    // The page learns of it before its clock goes on.
    await page.evaluate(() => null);
  }
  await page.clock.fastForward(58_000);
  await server.post("/topic/create?topic=polled");
  await row(page, "polled").waitFor();
  assert.equal(proxy.asked, 4);
  proxy.passes = true;
  await page.clock.fastForward(122_000);
  await pill(page, "Live");
});

async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const UNKNOWN = Buffer.from([9, 1, 2, 3]);

/** Counts how often the page was loaded. */
function loads(page) {
  const count = { loads: 0 };
  page.on("load", () => (count.loads += 1));
  return count;
}

test("a format that it doesn't read makes the page reload once, and then keep what it has", async (t) => {
  const server = worker.cluster("format");
  await server.post("/topic/create?topic=kept");
  const page = await open(t, browser);
  let speak;
  await page.routeWebSocket("**/v1/stream*", (stream) => {
    const real = stream.connectToServer();
    speak = () => stream.send(UNKNOWN);
    real.onMessage((message) => stream.send(message));
  });
  const count = loads(page);
  await page.goto(`${server.origin}/ui/topics`);
  await pill(page, "Live");
  const reloaded = page.waitForEvent("load");
  speak();
  await reloaded;
  await row(page, "kept").waitFor();
  await pill(page, "Live");
  // It is of another release for good: what is asked for can't be read either.
  await page.route(/\/v1\/(changes|snapshot)/, (route) => route.fulfill({ status: 200, body: UNKNOWN, contentType: "application/octet-stream" }));
  speak();
  await page.locator(".banner").getByText("The server is of another release than this page").waitFor();
  await pill(page, "Reconnecting");
  await row(page, "kept").waitFor();
  assert.equal(count.loads, 2);
  const again = page.waitForEvent("load");
  await page.getByRole("button", { name: "Reload the page" }).click();
  await again;
  await page.getByRole("button", { name: "Reload the page" }).waitFor();
  assert.equal(count.loads, 3, "by hand, and not again by itself");
});

test("a stream that is closed for its format reloads the page once", async (t) => {
  const server = await started(t, startAgent());
  const page = await open(t, browser);
  let streams = 0;
  await page.routeWebSocket("**/v1/stream*", (stream) => {
    streams += 1;
    stream.close({ code: 4002, reason: "a message of an unknown format" });
  });
  const count = loads(page);
  await page.goto(`${server.origin}/ui/topics`);
  await page.waitForEvent("load");
  await page.getByText("No topics yet").waitFor();
  await pill(page, "Polling");
  assert.deepEqual([streams >= 2, count.loads], [true, 2]);
});

test("the stream carries the token, and ends with the right to ask", async (t) => {
  const token = "s3c(r)et/with=every; \"thing\"";
  const server = await started(t, startWorker({ ANONYMOUS: "none", ADMIN_TOKEN: token }));
  const authorization = { Authorization: `Bearer ${token}` };
  await server.post("/topic/create?topic=secret", null, authorization);
  const page = await open(t, browser, { expected: /status of 40[13]/ });
  const streams = [];
  page.on("websocket", (stream) => streams.push(stream));
  await page.goto(`${server.origin}/ui/topics`);
  await page.getByLabel("Token").fill("wrong");
  await page.getByRole("button", { name: "Use this token" }).click();
  await page.getByText("The token that was tried was refused.").waitFor();
  assert.equal(streams.length, 0, "who may not ask doesn't try to follow");
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Use this token" }).click();
  await row(page, "secret").waitFor();
  await pill(page, "Live");
  const asked = questions(page);
  await server.post("/topic/create?topic=pushed", null, authorization);
  await row(page, "pushed").waitFor();
  assert.deepEqual(asked, []);
  const closed = streams[0].waitForEvent("close");
  await page.getByRole("button", { name: "Forget the token" }).click();
  await pill(page, "Token needed");
  await closed;
  await row(page, "pushed").waitFor();
  assert.equal(streams.length, 1);
});
