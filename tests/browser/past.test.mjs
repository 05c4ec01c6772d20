// The registry as it was: the cluster's log looked through, sent as a link, saved, and opened without a server.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { launch, open, violations } from "./browser.mjs";
import { startWorker } from "./worker.mjs";

let worker;
let browser;
before(async () => {
  [worker, browser] = await Promise.all([startWorker({ CLUSTERS: "default,travel,file,missing,axe" }), launch()]);
});
after(async () => {
  await browser?.close();
  await worker?.stop();
});

/** The API and the pages of a cluster of its own, in which `orders` was served and deleted, and `payments` came after it. */
async function cluster(name) {
  const at = { ...worker, origin: `${worker.origin}/clusters/${name}` };
  await at.register("orders", "10.0.0.7:4151", { channel: "mail" });
  await at.post("/topic/tombstone?topic=orders&node=10.0.0.7:4151");
  await at.post("/topic/delete?topic=orders");
  await at.post("/topic/create?topic=payments");
  return at;
}

const bar = (page) => page.getByRole("region", { name: "Time travel" });
const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
const at = (page) => new URL(page.url()).searchParams.get("at");
const pill = (page, word) => page.locator(".pill").getByText(word, { exact: true }).waitFor();

test("the slider shows a deleted topic again, on every page, and nothing can be done there", async (t) => {
  const server = await cluster("travel");
  const page = await open(t, browser);
  await page.goto(`${server.origin}/ui/topics`);
  await row(page, "payments").waitFor();
  await page.getByRole("button", { name: "Create topic" }).waitFor();
  assert.equal(await row(page, "orders").count(), 0);
  await press(page, "Look back in time");
  await bar(page).getByText(/^As of \d{1,2}:\d\d:\d\d/).waitFor();
  await row(page, "payments").waitFor();
  assert.equal(await page.getByRole("button", { name: "Create topic" }).count(), 0);

  // To payments, to where orders was deleted, and to where it was hidden still.
  for (let step = 0; step < 3; step += 1) await press(page, "Previous change");
  await row(page, "orders").waitFor();
  assert.equal(await row(page, "payments").count(), 0);
  const then = at(page);
  assert.match(then, /^\d{13}$/);
  const slider = bar(page).getByRole("slider", { name: "Moment" });
  assert.equal(await slider.inputValue(), then);
  assert.match(await slider.getAttribute("aria-valuetext"), /^\d{1,2}:\d\d:\d\d.*, \d+ (s|min).* ago$/);

  // Every link leads to a page as of then.
  await page.getByRole("link", { name: "orders", exact: true }).click();
  await page.getByText("10.0.0.7:4151").first().waitFor();
  assert.equal(at(page), then);
  const ring = page.locator(".countdown .number").first();
  const left = await ring.innerText();
  assert.match(left, /^45 s$/, "as of the moment it was set");
  for (const name of ["Tombstone", "Delete", "Register a producer", "Create channel"]) {
    assert.equal(await page.getByRole("button", { name }).count(), 0, name);
  }
  await page.getByRole("link", { name: "Nodes", exact: true }).click();
  await row(page, "10.0.0.7:4151").waitFor();
  assert.equal(at(page), then);
  await page.getByRole("link", { name: "Events", exact: true }).click();
  await page.locator(".events tbody").getByText("Registered").first().waitFor();
  assert.equal(await page.locator(".events tbody").getByText("Topic deleted").count(), 0, "that was later");

  // The feed goes on beneath.
  await pill(page, "Live");
  await server.post("/topic/create?topic=meanwhile");
  await page.getByRole("link", { name: "Topics", exact: true }).click();
  await row(page, "orders").waitFor();
  assert.equal(await row(page, "meanwhile").count(), 0);

  // By key, to the beginning and the end.
  await slider.focus();
  await page.keyboard.press("Home");
  await page.waitForFunction((before) => new URLSearchParams(location.search).get("at") < before, then);
  await page.keyboard.press("End");
  await row(page, "payments").waitFor();

  await press(page, "Back to now");
  await row(page, "meanwhile").waitFor();
  assert.deepEqual([at(page), await bar(page).count()], [null, 0]);
  await page.getByRole("button", { name: "Create topic" }).waitFor();
  await page.goBack();
  await bar(page).waitFor();
  assert.equal(await row(page, "meanwhile").count(), 0);
  await page.reload();
  await bar(page).waitFor();
  await row(page, "payments").waitFor();

  // A link that somebody was sent; and one to what isn't kept.
  const other = await open(t, browser);
  await other.goto(`${server.origin}/ui/topics/orders?at=${then}`);
  await other.getByText("10.0.0.7:4151").first().waitFor();
  await other.goto(`${server.origin}/ui/topics?at=1000`);
  await other.getByText("What was before isn't kept").waitFor();
  await row(other, "payments").waitFor({ state: "detached" });
});

test("a log that can't be had is said to be missing, and asked for once more", async (t) => {
  const server = await cluster("missing");
  const page = await open(t, browser, { expected: /status of 500/ });
  await page.route("**/v1/log", (route) => route.fulfill({ status: 500, body: '{"message":"STORAGE_FAILED"}' }));
  await page.goto(`${server.origin}/ui/topics?at=${Date.now()}`);
  await page.getByText("The past can't be shown").waitFor();
  assert.equal(await row(page, "payments").count(), 0, "what is now isn't shown as then");
  await page.unroute("**/v1/log");
  await press(page, "Try again");
  await row(page, "payments").waitFor();
  await bar(page).waitFor();
});

test("an exported log is shown without a server, and one that is cut or foreign is refused by its line", async (t) => {
  const server = await cluster("file");
  const page = await open(t, browser);
  await page.goto(`${server.origin}/ui/events`);
  const saving = page.waitForEvent("download");
  await press(page, "Export the log");
  const saved = await saving;
  assert.equal(saved.suggestedFilename(), "file-log.ndjson");
  const file = await readFile(await saved.path());
  assert.equal(JSON.parse(file.toString().split("\n")[0]).cluster, "file");

  // Of another cluster's page, whose server answers nothing.
  const alone = await open(t, browser, { expected: /net::ERR_FAILED|WebSocket/ });
  await alone.route(/\/v1\/|\/topics$/, (route) => route.request().resourceType() === "document" ? route.continue() : route.abort());
  await alone.goto(`${worker.origin}/ui/topics`);
  const choose = (name, buffer) => alone.getByLabel("Open a log file").setInputFiles({ name, mimeType: "application/x-ndjson", buffer });
  await choose("log.ndjson", file);
  await bar(alone).getByText(/from the file .log\.ndjson/).waitFor();
  await bar(alone).getByText(/^Cluster file,/).waitFor();
  await row(alone, "payments").waitFor();
  await alone.locator(".pill").waitFor({ state: "hidden" });
  assert.equal(await alone.getByRole("button", { name: "Create topic" }).count(), 0);
  await press(alone, "Previous change");
  await press(alone, "Previous change");
  await press(alone, "Previous change");
  await row(alone, "orders").waitFor();
  assert.equal(at(alone), null, "the address knows nothing of a file");
  await alone.getByRole("link", { name: "orders", exact: true }).click();
  await alone.getByText("10.0.0.7:4151").first().waitFor();
  await alone.getByRole("link", { name: "Events", exact: true }).click();

  // What was shown stays.
  const lines = file.toString().split("\n");
  for (const [name, text, reason] of [
    ["cut.ndjson", lines.slice(0, 3).join("\n"), "line 3: the file ends here, before its end: it was cut"],
    ["foreign.csv", "topic,node\norders,10.0.0.7:4151\n", "line 1: this is no log of a lookupd-edge cluster"],
    ["swapped.ndjson", [lines[0], lines[2], lines[1], ...lines.slice(3)].join("\n"), "line 2: revision 2, where 1 comes next"],
  ]) {
    await choose(name, Buffer.from(text));
    const alert = alone.getByRole("alert").filter({ hasText: name });
    await alert.getByText(reason).waitFor();
    await bar(alone).getByText(/from the file .log\.ndjson/).waitFor();
    await alert.getByRole("button", { name: "Dismiss" }).click();
  }
  await press(alone, "Close the file");
  await alone.getByText("The server can't be reached").waitFor();

  // Dropped anywhere, it is opened too.
  const dropped = await alone.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "dropped.ndjson"));
    return data;
  }, file.toString());
  await alone.dispatchEvent("main", "drop", { dataTransfer: dropped });
  await bar(alone).getByText(/from the file .dropped\.ndjson/).waitFor();
});

test("11 axe finds nothing in the past, and all of it fits 360 px", async (t) => {
  const server = await cluster("axe");
  for (const colorScheme of ["light", "dark"]) {
    const page = await open(t, browser, { colorScheme });
    await page.goto(`${server.origin}/ui/topics?at=${Date.now()}`);
    await bar(page).waitFor();
    await row(page, "payments").waitFor();
    const { found, nodes } = await violations(page);
    assert.deepEqual(found, []);
    t.diagnostic(`${colorScheme}: ${nodes} nodes`);
    await page.setViewportSize({ width: 360, height: 740 });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wider <= 0, `${wider} px too wide`);
  }
});
