// Photographs the dashboard with a registry like one in use.
//
//   node tests/browser/screenshots.mjs            the pictures of the README, into docs/
//   node tests/browser/screenshots.mjs DIRECTORY  every page, light and dark, at 1280 and at 360 px
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "./browser.mjs";
import { ask, dialogsOf, pagesOf, visit } from "./pages.mjs";
import { gallery, startWorker } from "./worker.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
process.env.PATH = `${join(root, "node_modules", ".bin")}:${process.env.PATH}`;
const everything = process.argv[2];
const directory = everything ?? join(root, "docs");

const TOPICS = `orders.created orders.paid orders.shipped orders.cancelled payments.authorised payments.captured payments.failed
  invoices.issued emails.outbound emails.bounced sms.outbound push.notifications users.signed_up users.deleted
  users.profile_changed sessions.started clicks#ephemeral page_views search.queries search.index inventory.changed
  inventory.low prices.changed carts.abandoned reviews.posted fraud.checks fraud.alerts exports.requested exports.finished
  images.resized images.uploaded webhooks.outgoing audit.log metrics.raw logs.errors`.split(/\s+/);
const HERE = { topic: "orders.created", channel: "mail", node: "10.4.2.25:4151" };
const CHANNELS = ["mail", "billing", "analytics", "archive", "search-indexer", "fraud", "warehouse"];

/** The same registry every time. */
function nodes() {
  let seed = 7;
  const below = (limit) => (seed = (seed * 48_271) % 2_147_483_647) % limit;
  const all = Array.from({ length: 14 }, (_, place) => ({
    broadcast_address: place === 12 ? "2001:db8::17" : place === 13 ? "nsqd-spot-1.internal" : `10.4.${place % 3}.${20 + place}`,
    hostname: `nsqd-${String(place + 1).padStart(2, "0")}.prod.internal`,
    tcp_port: 4150,
    http_port: 4151,
    version: place < 9 ? "1.3.0" : place < 12 ? "1.2.1" : "1.3.1-dev",
    topology_zone: place === 13 ? "" : ["eu-west-1a", "eu-west-1b", "eu-west-1c"][place % 3],
    topology_region: "eu-west-1",
    topics: {},
  }));
  for (const topic of TOPICS) {
    const channels = CHANNELS.filter(() => below(3) === 0);
    for (let copies = 1 + below(4); copies > 0; copies -= 1) all[below(all.length)].topics[topic] = channels;
  }
  for (const place of [0, 3, 5, 7, 12]) all[place].topics["orders.created"] = ["billing", "mail"];
  return all;
}

const worker = await startWorker({ TOMBSTONE_LIFETIME: "600s", INACTIVE_PRODUCER_TIMEOUT: "90s", CLUSTERS: "default,empty" });
const browser = await launch();
try {
  const all = nodes();
  const announce = (some) => Promise.all(some.map((node) => worker.post("/register", node)));
  await announce(all);
  await Promise.all(["legacy.imports", "newsletter.drafts"].map((topic) => worker.post(`/topic/create?topic=${topic}`)));
  // Two stop their heartbeats; it takes the leader half of the timeout, and a sweep, to notice.
  const beating = setInterval(() => announce(all.filter((_, place) => place !== 7 && place !== 13)).catch(() => {}), 10_000);
  const watch = await browser.newPage();
  await watch.goto(`${worker.origin}/ui/`);
  await watch.getByText("Silent", { exact: true }).first().waitFor({ timeout: 120_000 });
  await worker.post(`/topic/tombstone?topic=${HERE.topic}&node=${HERE.node}`);
  await watch.locator(".ring-left").first().waitFor();
  await watch.close();

  mkdirSync(directory, { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    for (const width of everything ? [1280, 360] : [1280]) {
      const height = width === 360 ? 780 : 820;
      const context = await browser.newContext({ colorScheme, viewport: { width, height }, reducedMotion: "reduce" });
      const page = await context.newPage();
      const take = async (name, isWhole) => {
        // By a view as high as the page: of a long table only what is in view is there.
        if (isWhole) await page.setViewportSize({ width, height: await page.evaluate(() => Math.min(document.documentElement.scrollHeight, 3_000)) });
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
        const size = everything ? `-${width}` : "";
        await page.screenshot({ path: join(directory, `${name.replaceAll(/\W+/g, "-")}-${colorScheme}${size}.png`) });
        await page.setViewportSize({ width, height });
      };
      if (everything) await takeAll(page, take);
      else await visit(page, `${worker.origin}/ui/`), await take("dashboard");
      await context.close();
    }
  }
  clearInterval(beating);
  if (everything && existsSync(join(gallery, "ui"))) await takeComponents();
  console.log(`photographs in ${directory}`);
} finally {
  await browser.close();
  await worker.stop();
}

/** The page of all components, of a dashboard that was built with it. */
async function takeComponents() {
  const other = await startWorker({}, gallery);
  try {
    for (const colorScheme of ["light", "dark"]) {
      for (const width of [1280, 360]) {
        const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" });
        const page = await context.newPage();
        await visit(page, `${other.origin}/ui/components`);
        await page.screenshot({ path: join(directory, `components-${colorScheme}-${width}.png`), fullPage: true });
        await context.close();
      }
    }
  } finally {
    await other.stop();
  }
}

async function takeAll(page, take) {
  for (const [name, path] of Object.entries(pagesOf(HERE))) {
    await visit(page, `${worker.origin}/ui${path}`);
    await take(name, true);
  }
  for (const [name, [path, button]] of Object.entries(dialogsOf(HERE))) {
    await visit(page, `${worker.origin}/ui${path}`);
    await ask(page, button);
    await take(`dialog ${name}`);
  }
  const empty = pagesOf({ topic: "none", channel: "none", node: "none:1" });
  for (const name of ["overview", "topics", "topic", "channel", "nodes", "node", "lookup", "events", "graph"]) {
    await visit(page, `${worker.origin}/clusters/empty/ui${empty[name]}`);
    await take(`empty ${name}`, true);
  }
  // What is wrong: above a page that is there, and where nothing could be loaded.
  await page.routeWebSocket("**/v1/stream*", (stream) => stream.close());
  await visit(page, `${worker.origin}/ui/topics`);
  await page.route("**/v1/*", (route) => route.fulfill({ status: 500, body: "oops" }));
  await page.locator(".banner").waitFor();
  await take("error");
  await page.reload();
  await page.locator(".banner").waitFor();
  await take("error, nothing loaded");
  await page.unroute("**/v1/*");
  await page.route("**/v1/*", (route) => route.fulfill({ status: 401, body: '{"message":"UNAUTHORIZED"}' }));
  await page.reload();
  await page.getByRole("textbox", { name: "Token" }).waitFor();
  await take("error, a token needed");
}
