// Every page and every dialog of the dashboard, said once for all who go through them.
import assert from "node:assert/strict";

/** What `fill` leaves for pages to be about. */
export const HERE = { topic: "orders", channel: "mail", node: "10.0.0.7:4151" };

/** Gives a worker something of every kind to show. */
export async function fill(worker) {
  await worker.register(HERE.topic, HERE.node, { channel: HERE.channel, topology_zone: "eu-1" });
  await worker.register(HERE.topic, "[2001:db8::1]:4151");
  await worker.register("clicks#ephemeral", HERE.node);
  await worker.post("/topic/create?topic=idle");
  await worker.post(`/topic/tombstone?topic=${HERE.topic}&node=${HERE.node}`);
}

/** Every page of a registry that holds these, by name and by address below `/ui`. */
export function pagesOf({ topic, channel, node }) {
  const [t, c, n] = [topic, channel, node].map(encodeURIComponent);
  return {
    overview: "/",
    topics: "/topics",
    "topics, none found": "/topics?q=nothing-like-it",
    topic: `/topics/${t}`,
    channel: `/topics/${t}/${c}`,
    nodes: "/nodes",
    "nodes, none found": "/nodes?q=nothing-like-it",
    node: `/nodes/${n}`,
    "lookup, nothing asked": "/lookup",
    lookup: `/lookup?topic=${t}`,
    events: "/events",
    graph: "/graph",
    settings: "/settings",
    "not found": "/no/such/page",
  };
}

/** Every dialog: by name, the page it is asked for on, and the button that asks. */
export function dialogsOf({ topic, channel, node }) {
  const pages = pagesOf({ topic, channel, node });
  return {
    "create a topic": [pages.topics, "Create topic"],
    "create a channel": [pages.topic, "Create channel"],
    register: [pages.nodes, "Register a producer"],
    tombstone: [pages.topic, `Tombstone ${node}`],
    "delete a topic": [pages.topic, "Delete"],
    "delete a channel": [pages.channel, "Delete"],
    unregister: [pages.node, "Unregister"],
  };
}

/** Goes to a page, and waits until it shows what it is to show. */
export async function visit(page, url) {
  const response = await page.goto(url);
  await shown(page);
  return response;
}

/** Turns the dashboard that is open to another of its pages as the browser's Back does: without loading it again. */
export async function turnTo(page, url) {
  await page.evaluate((url) => {
    history.pushState(null, "", url);
    dispatchEvent(new PopStateEvent("popstate"));
  }, url);
  await shown(page);
}

/** Waits until the page shows what it is to show. */
export async function shown(page) {
  await page.locator(".page:not([aria-busy])").waitFor();
  if (/\/lookup\?.*topic=/.test(page.url())) await page.locator("main :is(pre.json, .empty)").first().waitFor();
}

/** The row of a table that is about what is named so: its head says that. */
export function row(page, name) {
  return page.getByRole("row").filter({ has: page.locator("th").getByRole("link", { name, exact: true }) });
}

/** Asks for a dialog on the page that is open, and waits until it tells what the act would change, where it does. */
export async function ask(page, button) {
  await page.getByRole("button", { name: button }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  if (/^(Delete|Tombstone|Unregister)/.test(button)) await dialog.locator(".impact li").first().waitFor();
  return dialog;
}

/** Closes the dialog that is open. */
export async function close(page) {
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

/** Nothing of the page is out of reach to the right. */
export async function fits(page, what) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${what} is ${over} px too wide`);
}
