// What a page's main thread did meanwhile, by Chromium's own trace.

/** The trace's events while something is done with the page. */
export async function traced(browser, page, act) {
  await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"] });
  await act();
  return JSON.parse(await browser.stopTracing()).traceEvents;
}

/** Milliseconds of the longest task on the page's main thread; or of its CPU, whatever else the machine had to do. */
export function longestTask(events, ofCpu = false) {
  const renderers = events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const isMain = ({ pid, tid }) => renderers.some((thread) => thread.pid === pid && thread.tid === tid);
  const tasks = events.filter((event) => event.name === "RunTask" && event.ph === "X" && isMain(event));
  // Not every task says what CPU it took.
  const took = tasks.map(({ dur, tdur }) => (ofCpu ? tdur : dur)).filter((micros) => micros !== undefined);
  if (took.length === 0) throw new Error("the trace holds no task of a page");
  return Math.max(...took) / 1_000;
}
