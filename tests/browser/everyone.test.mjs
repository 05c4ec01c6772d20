// What serves everyone: export, keyboard shortcuts, settings, the browser's language, the lookup tester without a server.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, open, violations } from "./browser.mjs";
import { startWorker } from "./worker.mjs";

let worker;
let browser;
before(async () => {
  [worker, browser] = await Promise.all([startWorker({ TOMBSTONE_LIFETIME: "600s", CLUSTERS: "default,export,many" }), launch()]);
});
after(async () => {
  await browser?.close();
  await worker?.stop();
});

/** Presses a button that saves a file, and reads that. */
async function saved(page, name) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
  return { file: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}

/** The rows of a CSV whose cells hold no line break. */
function rowsOf(csv) {
  const cells = /("(?:[^"]|"")*"|[^,]*)(?:,|$)/gy;
  return csv.trimEnd().split("\r\n").map((line) => {
    cells.lastIndex = 0;
    const row = [];
    while (cells.lastIndex < line.length) row.push(cells.exec(line)[1].replace(/^"|"$/g, "").replaceAll('""', '"'));
    return row;
  });
}

test("13 what is exported is what is filtered, in its order, and no cell is a formula", async (t) => {
  const post = (topics, more) =>
    worker.post("/clusters/export/register", {
      broadcast_address: "10.0.0.1", hostname: "api-1", tcp_port: 4150, http_port: 4151, version: "1.3.0", topics, ...more,
    });
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, number) => [`topic-${number}`, []]));
  await post({ ...many, "-minus": ["a", "b"] });
  await post({ "topic-7": [] }, { broadcast_address: "10.0.0.2", hostname: "=1+1", version: '+cmd|" /C calc"!A0' });
  await post({}, { broadcast_address: "10.0.0.3", hostname: "@SUM(A1)", version: "1,2" });
  const page = await open(t, browser);
  await page.goto(`${worker.origin}/clusters/export/ui/topics?q=topic-&sort=-name`);
  await page.getByText("300 of 301 topics").waitFor();
  const expected = Object.keys(many).sort().reverse();
  const csv = await saved(page, "Export CSV");
  assert.equal(csv.file, "export-topics.csv");
  const [heads, ...rows] = rowsOf(csv.text);
  assert.deepEqual(heads, ["topic", "state", "producers", "tombstoned", "silent", "inactive", "channels"]);
  assert.deepEqual(rows.map(([name]) => name), expected, "all rows, those out of view too");
  assert.deepEqual(rows.find(([name]) => name === "topic-7"), ["topic-7", "served", "2", "0", "0", "0", "0"]);
  const json = await saved(page, "Export JSON");
  assert.equal(json.file, "export-topics.json");
  assert.deepEqual(JSON.parse(json.text).map((row) => row.topic), expected);
  await page.getByRole("searchbox").fill("minus");
  await page.getByText("1 of 301 topics").waitFor();
  assert.deepEqual(rowsOf((await saved(page, "Export CSV")).text)[1], ["'-minus", "served", "1", "0", "0", "0", "2"]);
  assert.deepEqual(JSON.parse((await saved(page, "Export JSON")).text).map((row) => row.topic), ["-minus"], "JSON runs nothing");

  await page.goto(`${worker.origin}/clusters/export/ui/nodes?sort=-node`);
  await page.getByText("3 nodes").waitFor();
  const nodes = rowsOf((await saved(page, "Export CSV")).text);
  const column = (name) => nodes.slice(1).map((row) => row[nodes[0].indexOf(name)]);
  assert.deepEqual(column("node"), ["10.0.0.3:4151", "10.0.0.2:4151", "10.0.0.1:4151"]);
  assert.deepEqual(column("hostname"), ["'@SUM(A1)", "'=1+1", "api-1"]);
  assert.deepEqual(column("version"), ["1,2", `'+cmd|" /C calc"!A0`, "1.3.0"]);
});

test("keys lead to every page, to its search and to a list of them, but not where one types", async (t) => {
  await worker.register("orders");
  const page = await open(t, browser);
  const heading = (name) => page.getByRole("heading", { level: 1, name, exact: true });
  const press = async (keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  // The focus follows the route.
  const led = async (name) => {
    await heading(name).waitFor();
    await page.waitForFunction(() => document.activeElement.id === "title", null, { polling: 20 });
  };
  await page.goto(`${worker.origin}/ui/`);
  await heading("Overview").waitFor();
  for (const [key, name] of [
    ["t", "Topics"], ["n", "Nodes"], ["l", "Lookup tester"], ["e", "Events"], ["g", "Graph"], ["s", "Settings"], ["o", "Overview"],
  ]) {
    await press(["g", key]);
    await led(name);
  }
  await press(["g", "t"]);
  await led("Topics");
  await press(["/"]);
  const search = page.getByRole("searchbox");
  assert.equal(await search.evaluate((field) => field === document.activeElement), true);
  await press(["o", "r", "/", "?", "g", "n"]);
  assert.equal(await search.inputValue(), "or/?gn", "what is typed is typed");
  await heading("Topics").waitFor();

  await search.blur();
  await press(["?"]);
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await help.getByText("To Graph").waitFor();
  assert.deepEqual((await violations(page)).found, []);
  await press(["g", "n", "Escape"]);
  await help.waitFor({ state: "detached" });
  await heading("Topics").waitFor();
  await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
  await help.waitFor();
  await press(["Escape"]);
  // A shortcut of the browser's or of a screen reader's stays theirs.
  await page.evaluate(() => (globalThis.prevented = []));
  await page.evaluate(() => addEventListener("keydown", (event) => globalThis.prevented.push(event.defaultPrevented)));
  await press(["Control+/", "Alt+/", "Meta+/"]);
  assert.deepEqual(await page.evaluate(() => globalThis.prevented.includes(true)), false);

  await press(["g", "s"]);
  await page.getByRole("group", { name: "Shortcuts" }).getByLabel("Off").check();
  await page.getByRole("heading", { level: 1 }).click();
  await press(["g", "t", "?", "/"]);
  await page.reload();
  await page.getByRole("group", { name: "Shortcuts" }).getByLabel("Off").and(page.locator(":checked")).waitFor();
  await press(["g", "t", "?"]);
  await heading("Settings").waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
});

test("what is chosen shows at once, in every tab, and is kept", async (t) => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, number) => [`topic-${String(number).padStart(3, "0")}`, []]));
  await worker.post("/clusters/many/register", {
    broadcast_address: "10.0.0.1", hostname: "many", tcp_port: 4150, http_port: 4151, version: "1", topics: many,
  });
  const page = await open(t, browser, { colorScheme: "light", timezoneId: "Asia/Tokyo" });
  const other = await page.context().newPage();
  await other.goto(`${worker.origin}/clusters/many/ui/topics`);
  await other.getByRole("link", { name: "topic-000" }).waitFor();
  const rowHeight = () => other.locator("tbody tr:not(.spacer)").first().evaluate((row) => row.getBoundingClientRect().height);
  const comfortable = await rowHeight();

  await page.goto(`${worker.origin}/clusters/many/ui/settings`);
  await page.getByLabel("Dark", { exact: true }).check();
  await page.getByLabel("Compact").check();
  const ground = () => other.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(13, 16, 21)");
  await other.waitForFunction(() => document.documentElement.dataset.density === "compact");
  assert.equal(await ground(), "rgb(13, 16, 21)", "in the other tab too");
  assert.ok((await rowHeight()) < comfortable, "rows are less high");
  // The table's length follows: its last row is where the page ends.
  await other.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await other.getByRole("link", { name: "topic-199" }).waitFor();
  await other.close();

  const example = page.getByText(/Written as in/);
  const local = await example.innerText();
  await page.getByLabel("UTC").check();
  await page.getByText(/Written as in .* UTC\./).waitFor();
  const hour = (text) => /(\d+):\d\d:\d\d\s*([AP]M)/.exec(text).slice(1).join(" ");
  assert.notEqual(hour(local), hour(await example.innerText()), "nine hours apart");
  await page.reload();
  await page.getByText(/Written as in .* UTC\./).waitFor();
  for (const name of ["Dark", "Compact", "UTC"]) assert.equal(await page.getByLabel(name, { exact: true }).isChecked(), true, name);
  assert.deepEqual((await violations(page)).found, []);
});

test("settings lead to another cluster if there is one, and keep a token for the tab", async (t) => {
  const page = await open(t, browser, { expected: /status of 40[14]|WebSocket connection to/ });
  await page.goto(`${worker.origin}/ui/settings`);
  await page.getByText("This is the cluster default.").waitFor();
  await page.getByLabel("Go to another").fill("no-such");
  await page.keyboard.press("Enter");
  await page.getByText("This server has no cluster no-such.").waitFor();
  await page.getByLabel("Go to another").fill("many");
  await page.getByRole("button", { name: "Go there" }).click();
  await page.waitForURL("**/clusters/many/ui/");
  await page.goto(`${worker.origin}/clusters/many/ui/settings`);
  await page.getByLabel("Go to another").fill("default");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${worker.origin}/ui/`);
  // A token is kept for this tab, and forgotten.
  await page.goto(`${worker.origin}/ui/settings`);
  await page.getByRole("button", { name: "Enter a token" }).click();
  await page.getByRole("dialog").getByLabel("Token").fill("secret");
  await page.getByRole("button", { name: "Use this token" }).click();
  await page.getByText("A token is kept for this tab").waitFor();
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage).includes("secret")), false);
  await page.locator("main").getByRole("button", { name: "Forget the token" }).click();
  await page.getByText("None is kept").waitFor();
  assert.equal(await page.evaluate(() => JSON.stringify(sessionStorage).includes("secret")), false);
});

test("numbers and times are written as in the browser's first language", async (t) => {
  const topics = Object.fromEntries(Array.from({ length: 10_000 }, (_, number) => [`topic-${number}`, []]));
  await worker.post("/clusters/many/register", {
    broadcast_address: "10.0.0.2", hostname: "many", tcp_port: 4150, http_port: 4151, version: "1", topics,
  });
  const total = (await worker.get("/clusters/many/topics")).body.topics.length;
  for (const [locale, written, time] of [
    ["de-DE", `${Math.floor(total / 1000)}.${String(total % 1000).padStart(3, "0")}`, /\d\d\.\d\d\.\d{4}, \d\d:\d\d:\d\d/],
    ["en-US", `${Math.floor(total / 1000)},${String(total % 1000).padStart(3, "0")}`, /[A-Z]\w+ \d+, \d{4}, \d+:\d\d:\d\d\s[AP]M/],
    ["ar-EG", new Intl.NumberFormat("ar-EG").format(total), /[٠-٩]+:[٠-٩]{2}:[٠-٩]{2}/],
  ]) {
    const page = await open(t, browser, { locale });
    await page.goto(`${worker.origin}/clusters/many/ui/topics`);
    await page.getByText(`${written} topics`, { exact: true }).waitFor();
    await page.goto(`${worker.origin}/clusters/many/ui/settings`);
    const example = page.getByText(`Written as in ${locale}`);
    assert.match(await example.innerText(), time);
  }
});

test("the lookup tester answers as the server does, to the byte, and also while that is away", async (t) => {
  const said = { hostname: "<b>&\u2028 ä", topology_zone: "eu-1", channel: "mail" };
  await worker.register("shipping", "10.0.0.1:4151", said);
  await worker.register("shipping", "[2001:db8::1]:4151");
  await worker.register("shipping", "10.0.0.3:4151");
  await worker.post("/topic/tombstone?topic=shipping&node=10.0.0.3:4151");
  const page = await open(t, browser, { expected: /net::ERR_|WebSocket connection to/, permissions: ["clipboard-read", "clipboard-write"] });
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`${worker.origin}/ui/lookup?topic=shipping`);
  await page.getByRole("heading", { name: "A consumer connects to 2 producers" }).waitFor();
  await page.getByRole("button", { name: "Copy JSON" }).click();
  await page.getByText("Copied.").waitFor();
  const body = await (await fetch(`${worker.origin}/lookup?topic=shipping`)).text();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), body);
  for (const client of ["curl", "go-nsq", "pynsq", "nsqjs"]) {
    const lines = await page.getByRole("figure").filter({ hasText: client }).locator("pre").innerText();
    assert.ok(lines.includes(`${worker.origin}/lookup`), lines);
  }
  await page.context().setOffline(true);
  await page.getByLabel("Topic", { exact: true }).fill("nobody-has-this");
  await page.getByRole("heading", { name: "There is no such topic" }).waitFor();
  await page.getByLabel("Topic", { exact: true }).fill("shipping");
  await page.getByText("Left out: tombstoned").waitFor();
  await page.getByText(/Hidden for another \d+ min/).waitFor();
  assert.deepEqual(JSON.parse(await page.locator("pre.json").innerText()), JSON.parse(body));
  assert.deepEqual(asked.filter((path) => /explain|lookup$/.test(path) && !path.startsWith("/ui/")), [], "nobody was asked");
});
