// How long until one can work with a list of 10,000 topics, or with one of their 50 nodes.
//
// Interactive is when a click was answered: as soon as the first row of the table was painted, its link is clicked, and the
// time is that of the frame that shows the page it leads to (nsqadmin's: at least its frame, with what it asks its nsqds for still
// to come). It counts from the start of the navigation, in a new browser context, whose caches are empty.
import { longestTask, traced } from "../trace.mjs";
import { median, row } from "./report.mjs";

const ROUNDS = 5;

export async function interactive(browser, homes) {
  const rows = [];
  for (const [what, ours, theirs] of [
    ["topics list", OURS.topics, THEIRS.topics],
    ["nodes list", OURS.nodes, THEIRS.nodes],
  ]) {
    for (const [slower, how, aim] of [[1, "", 1_000], [4, ", CPU slowed 4 times", 2_500]]) {
      const found = { ours: [], theirs: [] };
      for (let round = 0; round < ROUNDS; round += 1) {
        found.ours.push(await load(browser, homes.agent.origin, ours, slower));
        found.theirs.push(await load(browser, homes.nsqadmin.origin, theirs, slower));
      }
      const middle = (whose, figure) => median(found[whose].map((times) => times[figure]));
      const both = (figure) => [middle("ours", figure), { theirs: middle("theirs", figure) }];
      const [shown, besides] = both("painted");
      rows.push(row(`${what}, until its first row is painted${how}`, "ms", shown, besides));
      const [answered, beside] = both("answered");
      rows.push(row(`${what}, until a click on it is answered${how}`, "ms", answered, { ...beside, aim }));
    }
    const tasks = { ours: [], theirs: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      tasks.ours.push(await longestWhileLoading(browser, homes.agent.origin, ours));
      tasks.theirs.push(await longestWhileLoading(browser, homes.nsqadmin.origin, theirs));
    }
    rows.push(row(`${what}, longest task while it loads`, "ms", median(tasks.ours), { theirs: median(tasks.theirs) }));
  }
  return rows;
}

/** What each list is: its path, its first link, and what is there once that was followed. */
const OURS = {
  topics: { path: "/ui/topics", link: "tbody tr:not(.spacer) th a", gone: ".table.fixed", at: "/ui/topics/" },
  nodes: { path: "/ui/nodes", link: "tbody tr:not(.spacer) th a", gone: ".table.fixed", at: "/ui/nodes/" },
};
const THEIRS = {
  topics: { path: "/", link: ".topics table td a.link", gone: ".topics table", at: "/topics/" },
  nodes: { path: "/nodes", link: ".nodes table td a.link", gone: ".nodes table", at: "/nodes/" },
};

async function load(browser, origin, list, slower) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: slower });
  await page.addInitScript(watch, list);
  await page.goto(origin + list.path);
  const times = await page.waitForFunction(() => globalThis.times?.answered && globalThis.times, null, { timeout: 120_000 });
  const found = await times.jsonValue();
  await context.close();
  return found;
}

/** In the page, before anything of it: clicks the first row's link as soon as it was painted, and notes when. */
function watch({ link, gone, at }) {
  const times = (globalThis.times = {});
  const painted = () =>
    new Promise((resolve) =>
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(performance.now());
        port2.postMessage(null);
      }),
    );
  const once = (holds) =>
    new Promise((resolve) => {
      const look = () => holds() && (observer.disconnect(), resolve());
      const observer = new MutationObserver(look);
      observer.observe(document, { childList: true, subtree: true });
    });
  (async () => {
    await once(() => document.querySelector(link));
    times.painted = await painted();
    const answered = once(() => location.pathname.startsWith(at) && !document.querySelector(gone));
    document.querySelector(link).click();
    await answered;
    times.answered = await painted();
  })();
}

async function longestWhileLoading(browser, origin, { path, link }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  const events = await traced(browser, page, async () => {
    await page.goto(origin + path);
    await page.locator(link).first().waitFor();
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  });
  await context.close();
  return longestTask(events);
}
