// The list of 10,000 topics: how many rows are there, how fast it filters, and how smoothly it scrolls.
import { TOPICS, topicName } from "./homes.mjs";
import { longestTask, traced } from "../trace.mjs";
import { median, percentile, row } from "./report.mjs";

const FILTER_ROUNDS = 5;
const SCROLL_ROUNDS = 3;
/** Pixels a second: all of the list in some 25 s, some ten times as fast as a wheel is turned. */
const SPEED = 20_000;

export async function table(browser, { agent, nsqadmin }) {
  const ours = await open(browser, `${agent.origin}/ui/topics`, "tbody tr:not(.spacer) th a");
  const theirs = await open(browser, `${nsqadmin.origin}/`, ".topics table td a");
  const keys = await filter(ours);
  const scrolled = { ours: [], theirs: [] };
  for (let round = 0; round < SCROLL_ROUNDS; round += 1) {
    scrolled.ours.push(await scroll(browser, ours));
    scrolled.theirs.push(await scroll(browser, theirs));
  }
  const rows = (whose) => Math.max(...scrolled[whose].map(({ rows }) => rows));
  const longest = (whose) => Math.max(...scrolled[whose].map(({ longest }) => longest));
  const jumped = await jump(browser, ours);
  await Promise.all([ours.context().close(), theirs.context().close()]);
  const none = { theirs: "no filter", aim: 50 };
  return [
    row(`row elements of the list of ${TOPICS} topics, at most`, "count", rows("ours"), { theirs: rows("theirs"), aim: 80 }),
    row(`from a key pressed in its search to the next painted frame, median of ${keys.length}`, "ms", median(keys), none),
    row("the same, the slowest", "ms", percentile(keys, 100), none),
    row("longest task while all of it is scrolled through", "ms", longest("ours"), { theirs: longest("theirs"), aim: 50 }),
    row("longest task while its scroll bar is thrown to 50 places", "ms", jumped, { aim: 50 }),
  ];
}

async function open(browser, url, row) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator(row).first().waitFor({ timeout: 60_000 });
  return page;
}

/** Types a topic's name and takes it back, a key at a time, as the browser gets them from a keyboard. */
async function filter(page) {
  const search = page.getByRole("searchbox");
  await search.focus();
  await page.evaluate(() => {
    let pressed;
    addEventListener("keydown", (event) => (pressed = event.timeStamp), { capture: true });
    addEventListener(
      "input",
      () =>
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => {
            globalThis.answered = { took: performance.now() - pressed, shown: document.querySelector("h1 + [role=status], [role=status].number").textContent };
          };
          port2.postMessage(null);
        }),
      { capture: true },
    );
  });
  const name = topicName(1_234);
  const typed = [...name].map((_, at) => name.slice(0, at + 1));
  const keys = [...name].map((key, at) => [key, typed[at]]);
  for (let at = name.length - 1; at >= 0; at -= 1) keys.push(["Backspace", name.slice(0, at)]);
  const all = Array.from({ length: TOPICS }, (_, number) => topicName(number));
  const took = [];
  for (let round = 0; round < FILTER_ROUNDS; round += 1) {
    for (const [key, text] of keys) {
      await page.evaluate(() => (globalThis.answered = null));
      await page.keyboard.press(key);
      const answered = await (await page.waitForFunction(() => globalThis.answered)).jsonValue();
      // That frame showed what was found.
      const found = all.filter((one) => one.includes(text)).length;
      const expected = found === TOPICS ? "10,000 topics" : `${found.toLocaleString("en")} of 10,000 topics`;
      if (answered.shown !== expected) throw new Error(`"${text}" shows ${answered.shown} instead of ${expected}`);
      took.push(answered.took);
    }
  }
  return took;
}

/** Through all of the list, from its top: the longest task, and the most rows that were there at once. */
async function scroll(browser, page) {
  await page.evaluate(() => scrollTo(0, 0));
  const { height, rows } = await page.evaluate(() => {
    globalThis.rows = 0;
    const count = () => (globalThis.rows = Math.max(globalThis.rows, document.querySelectorAll("tr").length));
    addEventListener("scroll", count);
    count();
    return { height: document.documentElement.scrollHeight - innerHeight, rows: globalThis.rows };
  });
  const session = await page.context().newCDPSession(page);
  // Farther than the end, since a busy browser drops some of the wheel's events.
  const yDistance = -(height + 5_000);
  const events = await traced(browser, page, () =>
    session.send("Input.synthesizeScrollGesture", { x: 600, y: 500, yDistance, speed: SPEED, gestureSourceType: "mouse" }),
  );
  await session.detach();
  const end = await page.evaluate(() => ({ at: scrollY, rows: globalThis.rows }));
  if (end.at < height - 1) throw new Error(`scrolled to ${end.at} of ${height}`);
  return { longest: longestTask(events), rows: Math.max(rows, end.rows) };
}

/** To places all over the list, where nothing of what was there can be kept. */
async function jump(browser, page) {
  const events = await traced(browser, page, () =>
    page.evaluate(async () => {
      const height = document.documentElement.scrollHeight - innerHeight;
      for (let place = 0; place < 50; place += 1) {
        scrollTo(0, (height * ((place * 37) % 50)) / 49);
        for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
      }
    }),
  );
  return longestTask(events);
}
