// What happened, and what is connected with what.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { startWorker } from "./worker.mjs";

let worker;
let browser;
before(async () => {
  [worker, browser] = await Promise.all([
    startWorker({ CLUSTERS: "default,events,pause,graph,crowd,hostile", TOMBSTONE_LIFETIME: "300s" }),
    launch(),
  ]);
});
after(async () => {
  await browser?.close();
  await worker?.stop();
});

/** The API and the pages of a cluster of its own. */
function cluster(name) {
  return { ...worker, origin: `${worker.origin}/clusters/${name}` };
}

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
  assert.match(newest, /^Tombstoned \d\d:\d\d:\d\d orders \[2001:db8::1\]:4151/);
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

test("filters of events are in the address, and lead there and back", async (t) => {
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
  const names = await lines(page).getByRole("link").allInnerTexts();
  assert.deepEqual(names, ["before", ...created].reverse());
});
