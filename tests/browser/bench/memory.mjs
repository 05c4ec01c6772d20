// What a page that stays open takes, over an hour in which ten things change a second.
//
// All 36,000 changes are made on the real server, and come to the page one by one over its real stream. Compressed is only
// the page's time: after each change its clock is moved on by a tenth of a second, in which its timers run and its frames
// are drawn, instead of waiting that long. So it renders as often as in that hour. What isn't compressed is what the browser
// does by itself, such as when it collects garbage; memory is counted after a collection that is asked for.
import { row } from "./report.mjs";

const SECONDS = 3_600;
const EACH_SECOND = 10;

export async function memory(browser, { agent, nsqadmin }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    // The dashboard keeps its wasm to itself.
    for (const name of ["instantiate", "instantiateStreaming"]) {
      const real = WebAssembly[name];
      WebAssembly[name] = async (...given) => {
        const made = await real(...given);
        globalThis.wasmMemory = (made.instance ?? made).exports.memory;
        return made;
      };
    }
  });
  await page.clock.install();
  await page.goto(`${agent.origin}/ui/topics`);
  await page.locator(".pill").getByText("Live", { exact: true }).waitFor();
  await page.clock.pauseAt(Date.now() + 1_000);
  const took = [await used(page)];
  const start = Date.now();
  for (let second = 0; second < SECONDS; second += 1) {
    for (let tenth = 0; tenth < EACH_SECOND; tenth += 1) {
      await change(agent, second * EACH_SECOND + tenth);
      await page.clock.runFor(1_000 / EACH_SECOND);
    }
    if ((second + 1) % (SECONDS / 4) === 0) took.push(await used(page));
  }
  console.log(`  ${SECONDS * EACH_SECOND} changes in ${Math.round((Date.now() - start) / 1_000)} s`);
  await page.clock.resume();
  // All of them arrived: the last one is undone, and the page says so.
  await page.getByRole("link", { name: "--live", exact: false }).waitFor({ state: "detached" });
  await page.locator(".pill").getByText("Live", { exact: true }).waitFor();
  await context.close();
  const theirs = await usedByNsqadmin(browser, nsqadmin);
  return [0, 2, 4].flatMap((quarter) => {
    const { heap, wasm } = took[quarter];
    const when = quarter === 0 ? "of the list of 10,000 topics" : `after ${quarter * 15} minutes of 10 changes a second`;
    return [
      row(`JavaScript heap ${when}`, "mb", heap, { theirs: quarter === 0 ? theirs : null }),
      row(`wasm memory ${when}`, "mb", wasm),
    ];
  });
}

/** A topic comes with its producer, gets a channel, is hidden, and is deleted; then the next one. */
async function change(agent, number) {
  const topic = `--live-${Math.floor(number / 4)}`;
  switch (number % 4) {
    case 0:
      await agent.register(topic, "10.4.0.1:4151");
      break;
    case 1:
      await agent.post(`/channel/create?topic=${topic}&channel=archive`);
      break;
    case 2:
      await agent.post(`/topic/tombstone?topic=${topic}&node=10.4.0.1:4151`);
      break;
    default:
      await agent.post(`/topic/delete?topic=${topic}`);
  }
}

/** Bytes that are still used after garbage was collected. */
async function used(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  const wasm = await page.evaluate(() => globalThis.wasmMemory?.buffer.byteLength ?? 0);
  return { heap: usedSize, wasm };
}

async function usedByNsqadmin(browser, nsqadmin) {
  const page = await browser.newPage();
  await page.goto(nsqadmin.origin);
  await page.locator(".topics table td a").first().waitFor();
  const { heap } = await used(page);
  await page.close();
  return heap;
}
