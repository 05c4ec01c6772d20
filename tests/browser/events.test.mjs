// What happened, and what is connected with what.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { launch, open, violations } from "./browser.mjs";
import { startWorker } from "./worker.mjs";

let worker;
let browser;
before(async () => {
  [worker, browser] = await Promise.all([
    startWorker({ CLUSTERS: "default,events,pause,graph,crowd,hostile,axe,then,gap", TOMBSTONE_LIFETIME: "300s" }),
    launch(),
  ]);
  const graph = cluster("graph");
  await graph.register("orders", "10.0.0.1:4151", { topology_zone: "eu-1" });
  await graph.register("orders", "10.0.0.2:4151", { topology_zone: "eu-2" });
  await graph.register("clicks#ephemeral", "10.0.0.2:4151", { topology_zone: "eu-2" });
  await graph.register("orders", "[2001:db8::1]:4151");
  await graph.post("/topic/create?topic=idle");
  await graph.post("/topic/tombstone?topic=orders&node=10.0.0.2:4151");
});
after(async () => {
  await browser?.close();
  await worker?.stop();
});

/** The API and the pages of a cluster of its own. */
const cluster = (name) => worker.cluster(name);

const lines = (page) => page.locator(".events tbody tr:not(.spacer)");
const texts = (page) => lines(page).evaluateAll((rows) => rows.map((row) => row.innerText.replace(/\s+/g, " ")));
const query = (page) => new URL(page.url()).search;

test("what happens is listed as it happens, newest first, and one line tells of many topics", async (t) => {
  const at = cluster("events");
  const page = await open(t, browser);
  await page.goto(`${at.origin}/ui/events`);
  await page.getByText("Nothing happened yet").waitFor();
  await page.evaluate(() => (globalThis.notReloaded = true));
  await at.register("orders", "[2001:db8::1]:4151", { channel: "mail" });
  await lines(page).getByText("Registered").first().waitFor();
  await at.post("/topic/tombstone?topic=orders&node=[2001:db8::1]:4151");
  await lines(page).getByText("Tombstoned", { exact: true }).waitFor();
  const [newest] = await texts(page);
  assert.match(newest, /^Tombstoned \d+:\d\d:\d\d\s[AP]M ?, as of then orders \[2001:db8::1\]:4151/);
  const moment = lines(page).first().locator("time");
  assert.match(await moment.getAttribute("title"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

  const topics = Object.fromEntries(Array.from({ length: 500 }, (_, number) => [`many-${number}`, ["c"]]));
  const node = { broadcast_address: "10.0.0.2", hostname: "many", tcp_port: 4150, http_port: 4151, version: "1" };
  await at.post("/register", { ...node, topics });
  const many = page.getByRole("button", { name: "500 topics" });
  await many.waitFor();
  assert.equal(await lines(page).filter({ has: many }).count(), 1);
  await many.focus();
  await page.keyboard.press("Enter");
  const names = page.getByRole("group", { name: "500 topics" });
  await names.getByText("many-0: c").waitFor();
  await names.getByText("and 300 more").waitFor();
  await page.keyboard.press("Escape");
  await names.waitFor({ state: "hidden" });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "500 topics", "the focus is back");
  assert.equal(await page.evaluate(() => globalThis.notReloaded), true);

  // What a screen reader is told changes once a minute, not with each event.
  assert.equal(await page.locator(".events [aria-live], .events [role=status], .events [role=log]").count(), 0);

  // A topic's events, those of its producers among them, on its page, and when it is gone too.
  await at.post("/topic/delete?topic=orders");
  await page.goto(`${at.origin}/ui/topics/orders`);
  const latest = page.getByRole("region", { name: "Latest events" });
  await latest.getByText("Topic deleted").waitFor();
  await latest.getByRole("link", { name: "All of them" }).click();
  await page.getByRole("heading", { level: 1, name: "Events" }).waitFor();
  assert.equal(query(page), "?topic=orders");
  assert.ok((await texts(page)).every((text) => text.includes("orders") || text.includes("[2001:db8::1]:4151")));
  await page.getByRole("button", { name: "Topic orders" }).click();
  await lines(page).filter({ has: many }).waitFor();
  assert.equal(query(page), "");
});

test("2 filters of events are in the address, and lead there and back", async (t) => {
  const at = cluster("events");
  await at.register("payments", "10.0.0.9:4151");
  const page = await open(t, browser);
  await page.goto(`${at.origin}/ui/events`);
  await lines(page).first().waitFor();
  await page.getByRole("combobox", { name: "Type" }).selectOption("producer");
  await page.getByRole("searchbox", { name: "Search events" }).fill("payments");
  await page.waitForFunction(() => location.search === "?type=producer&q=payments");
  await page.waitForFunction(() => [...document.querySelectorAll(".events tbody tr:not(.spacer)")].every((row) => /payments/.test(row.innerText)));
  const found = await texts(page);
  assert.ok(found.length > 0 && found.every((text) => text.includes("10.0.0.9:4151")), found.join("\n"));
  await lines(page).first().getByRole("link", { name: "payments" }).click();
  await page.getByRole("heading", { level: 1, name: "payments" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Events" }).waitFor();
  assert.equal(query(page), "?type=producer&q=payments");
  assert.deepEqual(await texts(page), found);
  assert.equal(await page.getByRole("combobox", { name: "Type" }).inputValue(), "producer");
  await page.reload();
  await page.getByText("No event matches").or(lines(page).first()).waitFor();
  assert.equal(await page.getByRole("searchbox").inputValue(), "payments");
  // What is saved is what is found.
  await page.getByRole("searchbox").fill("payments");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export JSON" }).click();
  const saved = JSON.parse(await readFile(await (await download).path(), "utf8"));
  assert.deepEqual(saved.map((row) => [row.type, row.event, row.producer, row.via]), [["producer", "Registered", "10.0.0.9:4151", "http"]]);
  assert.equal(saved[0].topics, "payments; ");
  await page.getByRole("searchbox").fill("nothing like it");
  await page.getByText("No event matches").waitFor();
  await page.getByRole("link", { name: "Clear search and filter" }).click();
  await lines(page).first().waitFor();
  assert.equal(query(page), "");
});

test("a list that stands still loses nothing", async (t) => {
  const at = cluster("pause");
  const page = await open(t, browser);
  await page.goto(`${at.origin}/ui/events`);
  await page.getByText("Nothing happened yet").waitFor();
  await at.post("/topic/create?topic=before");
  await lines(page).getByRole("link", { name: "before" }).waitFor();
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByRole("button", { name: "Go on", exact: true }).waitFor();
  const created = Array.from({ length: 12 }, (_, number) => `meanwhile-${number}`);
  for (const topic of created) await at.post(`/topic/create?topic=${topic}`);
  await page.getByRole("button", { name: "12 new events" }).waitFor();
  assert.equal((await texts(page)).length, 1, "it stands still");
  // What else the page shows goes on.
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Topics" }).click();
  await page.getByRole("link", { name: "meanwhile-11" }).waitFor();
  await page.goBack();
  await page.getByRole("button", { name: "12 new events" }).click();
  await lines(page).getByRole("link", { name: "meanwhile-11" }).waitFor();
  const names = await lines(page).getByRole("link", { name: /^(before|meanwhile)/ }).allInnerTexts();
  assert.deepEqual(names, ["before", ...created].reverse());
});

/** What the picture shows: each node's wires by the topics that light up with it, and the table's rows. */
async function drawn(page) {
  const columns = await page.locator(".graph > ul").evaluateAll((lists) => lists.map((list) => [...list.querySelectorAll("a")].map((link) => link.textContent)));
  const wires = (path) => (path.match(/M/g) ?? []).length;
  const paths = (selector) => page.locator(selector).evaluateAll((all) => all.map((path) => path.getAttribute("d")));
  const byTopic = (await paths(".graph > ul:nth-of-type(1) .lit path")).map(wires);
  const states = (await paths(".graph > .wires path")).map(wires);
  return { columns, byTopic, states };
}

/** The rows of the table below: topic, zone, producer, state. */
const rows = (page) => lines(page).evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.innerText.trim())));

test("the graph's table says what its picture shows", async (t) => {
  const at = cluster("graph");
  const page = await open(t, browser);
  await page.goto(`${at.origin}/ui/graph`);
  await page.getByText("3 topics, 3 nodes and 3 zones").waitFor();
  const { columns, byTopic, states } = await drawn(page);
  assert.deepEqual(columns, [
    ["clicks#ephemeral", "idle", "orders"],
    ["10.0.0.1:4151", "10.0.0.2:4151", "[2001:db8::1]:4151"],
    ["eu-1", "eu-2", "No zone given"],
  ]);
  const table = await rows(page);
  assert.deepEqual(table, [
    ["clicks#ephemeral", "eu-2", "10.0.0.2:4151", "Active"],
    ["idle", "–", "–", "No producers"],
    ["orders", "eu-1", "10.0.0.1:4151", "Active"],
    ["orders", "eu-2", "10.0.0.2:4151", "Tombstoned"],
    ["orders", "–", "[2001:db8::1]:4151", "Active"],
  ]);
  // Each topic has as many wires as rows with a producer, and so has each state.
  assert.deepEqual(byTopic, columns[0].map((topic) => table.filter((row) => row[0] === topic && row[2] !== "–").length));
  const count = (state) => table.filter((row) => row[3] === state).length;
  assert.deepEqual(states, [...["Active", "Silent", "Inactive", "Tombstoned"].map(count), columns[1].length]);
  const dashes = await page.locator(".graph > .wires .tombstoned").evaluate((path) => getComputedStyle(path).strokeDasharray);
  assert.notEqual(dashes, "none", "not by colour alone");

  // A change is drawn by itself.
  await at.register("payments", "10.0.0.1:4151", { topology_zone: "eu-1" });
  await page.getByText("4 topics, 3 nodes and 3 zones").waitFor();
  assert.ok((await rows(page)).some((row) => row.join() === "payments,eu-1,10.0.0.1:4151,Active"));

  // What is drawn is filtered before, in the address.
  await page.getByRole("combobox", { name: "Zone" }).selectOption("eu-2");
  await page.getByText("2 topics, 1 node and 1 zone").waitFor();
  assert.equal(query(page), "?zone=eu-2");
  await page.getByRole("searchbox").fill("clicks");
  await page.getByText("1 topic, 1 node and 1 zone").waitFor();
  await page.reload();
  await page.getByText("1 topic, 1 node and 1 zone").waitFor();
  await page.getByRole("searchbox").fill("nothing like it");
  await page.getByText("Nothing to draw").waitFor();
  await page.getByRole("link", { name: "Clear search and filter" }).click();
  await page.getByText("4 topics, 3 nodes and 3 zones").waitFor();
  await page.goto(`${at.origin}/ui/topics/orders`);
  await page.getByRole("link", { name: "As a picture" }).click();
  await page.getByText("1 topic, 3 nodes and 3 zones").waitFor();
  await page.getByRole("button", { name: "Topic orders" }).click();
  await page.getByText("4 topics, 3 nodes and 3 zones").waitFor();
});

test("10 the graph is reached and followed by keyboard, and lights up what has the focus", async (t) => {
  const at = cluster("graph");
  const page = await open(t, browser, { reducedMotion: "reduce" });
  await page.goto(`${at.origin}/ui/graph?topic=orders`);
  await page.getByText("1 topic, 3 nodes and 3 zones").waitFor();
  const lit = () => page.locator(".graph .lit").evaluateAll((all) => all.filter((svg) => getComputedStyle(svg).opacity === "1").map((svg) => svg.parentElement.title));
  assert.deepEqual(await lit(), []);
  await page.getByRole("button", { name: "Topic orders" }).focus();
  const focused = [];
  for (let step = 0; step < 12 && focused.at(-1) !== "eu-2"; step += 1) {
    await page.keyboard.press("Tab");
    const name = await page.evaluate(() => document.activeElement.textContent);
    if (await page.evaluate(() => document.activeElement.closest(".graph") !== null)) {
      focused.push(name);
      assert.deepEqual(await lit(), [name]);
    }
  }
  assert.deepEqual(focused, ["orders", "10.0.0.1:4151", "10.0.0.2:4151", "[2001:db8::1]:4151", "eu-1", "eu-2"]);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.search === "?zone=eu-2");
  await page.getByText("2 topics, 1 node and 1 zone").waitFor();
  await page.goBack();
  await page.getByText("1 topic, 3 nodes and 3 zones").waitFor();
});

test("over 200 the graph draws the topics with most producers, and says what it leaves out", async (t) => {
  const at = cluster("crowd");
  const node = { hostname: "many", tcp_port: 4150, http_port: 4151, version: "1", topology_zone: "eu-1" };
  const names = Array.from({ length: 1_200 }, (_, number) => `topic-${String(number).padStart(4, "0")}`);
  await at.post("/register", { ...node, broadcast_address: "10.0.0.1", topics: Object.fromEntries(names.map((name) => [name, []])) });
  await at.post("/register", { ...node, broadcast_address: "10.0.0.2", topics: { "topic-1111": [] } });
  const page = await open(t, browser);
  await page.goto(`${at.origin}/ui/graph`);
  await page.getByText("1,003 topics, 0 nodes and 1,003 wires are left out").waitFor();
  const { columns } = await drawn(page);
  assert.equal(columns.flat().length, 200);
  assert.ok(columns[0].includes("topic-1111") && columns[0].includes("topic-0000") && !columns[0].includes("topic-1199"));
  assert.equal(await page.locator(".events table").getAttribute("aria-rowcount"), String(1 + 198));
  assert.ok((await page.locator("tbody tr").count()) <= 80);
  await page.getByRole("searchbox").fill("topic-119");
  await page.getByText("10 topics, 1 node and 1 zone").waitFor();
  await page.getByText("are left out").waitFor({ state: "hidden" });
});

test("14 hostile names break neither events nor graph, at any width", async (t) => {
  const at = cluster("hostile");
  const texts = [`<img src=x onerror="globalThis.hacked = 1">`, "\u202egnirts desrever", "x".repeat(240), "ä€😀".repeat(60)];
  for (const [place, text] of texts.entries()) {
    const node = { broadcast_address: place === 3 ? `<svg onload=globalThis.hacked=1>${"y".repeat(200)}` : `10.9.0.${place}`, http_port: 4151 };
    await at.post(`/register?topic=${"t".repeat(64)}`, { ...node, hostname: text, tcp_port: 4150, version: text, topology_zone: text });
  }
  for (const width of [1280, 360]) {
    const page = await open(t, browser, { viewport: { width, height: 800 } });
    for (const path of ["events", "graph", `topics/${"t".repeat(64)}`]) {
      await page.goto(`${at.origin}/ui/${path}`);
      await page.getByText("<svg onload").first().waitFor({ state: "attached" });
      assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
      assert.equal(await page.locator("main img, main script, main svg[onload]").count(), 0);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 0, `${path} at ${width} px is ${over} px too wide`);
    }
    await page.goto(`${at.origin}/ui/graph`);
    await page.locator(".graph li").first().waitFor();
    const heights = await page.locator(".graph li").evaluateAll((all) => new Set(all.map((spot) => spot.getBoundingClientRect().height)).size);
    assert.equal(heights, 1, "all places are of one height, on which the wires rely");
  }
});

for (const colorScheme of ["light", "dark"]) {
  test(`11 axe finds nothing on events and graph, ${colorScheme}`, async (t) => {
    const page = await open(t, browser, { colorScheme, reducedMotion: "reduce" });
    let looked = 0;
    const check = async (what) => {
      const { found, nodes } = await violations(page);
      looked += nodes;
      assert.deepEqual(found, [], what);
    };
    const node = { broadcast_address: "10.0.0.1", hostname: "a", tcp_port: 4150, http_port: 4151, version: "1" };
    await cluster("axe").post("/register", { ...node, topics: { orders: ["mail", "billing"], payments: [], "clicks#ephemeral": [] } });
    await cluster("axe").post("/topic/tombstone?topic=orders&node=10.0.0.1:4151");
    for (const path of ["axe/ui/events", "axe/ui/graph", "axe/ui/graph?q=nothing", "axe/ui/events?topic=orders&q=nothing", "axe/ui/topics/orders", "crowd/ui/graph"]) {
      await page.goto(`${worker.origin}/clusters/${path}`);
      await page.locator(".page:not([aria-busy])").waitFor();
      await check(path);
    }
    await page.goto(`${worker.origin}/clusters/axe/ui/events`);
    await page.getByRole("button", { name: "3 topics" }).first().click();
    await page.getByRole("group", { name: "3 topics" }).first().waitFor();
    await check("names");
    t.diagnostic(`axe looked at ${looked} nodes`);
  });
}

test("an event leads to what it is about, as of then", async (t) => {
  const at = cluster("then");
  await at.register("orders", "10.0.0.1:4151");
  await at.register("orders", "10.0.0.2:4151");
  const page = await open(t, browser);
  await page.goto(`${at.origin}/ui/events`);
  const registered = lines(page).filter({ hasText: "Registered" }).filter({ hasText: "10.0.0.2:4151" });
  await registered.waitFor();
  await at.post("/topic/delete?topic=orders");
  await lines(page).getByText("Topic deleted").waitFor();
  await registered.getByRole("link", { name: /as of then/ }).click();
  await page.getByRole("heading", { level: 1, name: "orders" }).waitFor();
  assert.match(query(page), /^\?at=\d{13}$/);
  await page.getByText("2 found by consumers").waitFor();
  await page.getByRole("button", { name: "Back to now" }).click();
  await page.getByText("There is no such topic").waitFor();
});

test("what came as a whole is a line that says so, and the log tells what it hides", async (t) => {
  const at = cluster("gap");
  await at.post("/topic/create?topic=first");
  const page = await open(t, browser, { expected: /WebSocket/ });
  // Without a stream the page asks, and is answered with a whole snapshot.
  await page.routeWebSocket("**/v1/stream*", (stream) => stream.close());
  await page.route("**/v1/changes*", (route) => route.continue({ url: route.request().url().replace(/\/changes.*/, "/snapshot") }));
  await page.goto(`${at.origin}/ui/events`);
  await lines(page).getByRole("link", { name: "first", exact: true }).waitFor();
  await at.post("/topic/create?topic=second");
  await lines(page).getByText(/What happened between .* isn't known here/).waitFor();
  await page.unroute("**/v1/changes*");
  await at.post("/topic/create?topic=third");
  await lines(page).getByRole("link", { name: "third", exact: true }).waitFor();
  await page.getByText("Some of what happened isn't known here.").waitFor();
  await page.getByRole("button", { name: "Load the log" }).click();
  await page.getByText("isn't known here").first().waitFor({ state: "detached" });
  const names = await lines(page).getByRole("link", { name: /^(first|second|third)$/ }).allInnerTexts();
  assert.deepEqual(names, ["third", "second", "first"]);
  // And it goes on.
  await at.post("/topic/create?topic=fourth");
  await lines(page).getByRole("link", { name: "fourth", exact: true }).waitFor();
});
