// How long after a registration was acknowledged its topic is on a page that lists 10,000 of them.
import { startWorker } from "../worker.mjs";
import { fill } from "./homes.mjs";
import { percentile, row } from "./report.mjs";

const CHANGES = 100;

export async function seen(browser, { agent, nsqadmin }) {
  const rows = [];
  const isPushed = await isSeenByNsqadmin(browser, agent, nsqadmin);
  const worker = await startWorker();
  try {
    await fill(worker);
    for (const [home, where] of [[agent, "the agent"], [worker, "the worker"]]) {
      const took = await measure(browser, home);
      const work = `from a registration acknowledged by ${where} to its topic on the page, ${CHANGES} times`;
      const theirs = home === agent ? (isPushed ? "by itself" : "never, until it is reloaded") : null;
      rows.push(row(`${work}, p50`, "ms", percentile(took, 50), { theirs, aim: 250 }));
      rows.push(row("the same, p99", "ms", percentile(took, 99), { theirs, aim: 250 }));
    }
  } finally {
    await worker.stop();
  }
  return rows;
}

async function measure(browser, home) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  await page.goto(`${home.origin}/ui/topics`);
  await page.locator(".pill").getByText("Live", { exact: true }).waitFor();
  await page.evaluate(() => {
    const seen = (globalThis.seen = {});
    const look = () => {
      for (const link of document.querySelectorAll("tbody th a")) {
        const name = link.textContent;
        if (!name.startsWith("--seen") || name in seen) continue;
        seen[name] = 0;
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => (seen[name] = Date.now());
          port2.postMessage(null);
        });
      }
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  const took = [];
  for (let number = 0; number < CHANGES; number += 1) {
    // It comes before all others, so it is in view.
    const name = `--seen-${CHANGES - number}`;
    await home.register(name, "10.4.0.1:4151");
    const acknowledged = Date.now();
    const at = await (await page.waitForFunction((name) => globalThis.seen[name], name)).jsonValue();
    took.push(at - acknowledged);
    await home.post(`/topic/delete?topic=${name}`);
    await page.getByRole("link", { name, exact: true }).waitFor({ state: "detached" });
  }
  await context.close();
  return took;
}

/** Whether nsqadmin's open page shows a new topic within ten minutes of its own clock. */
async function isSeenByNsqadmin(browser, agent, nsqadmin) {
  const page = await browser.newPage();
  await page.clock.install();
  await page.goto(nsqadmin.origin);
  await page.locator(".topics table td a").first().waitFor();
  await agent.register("--unseen", "10.4.0.1:4151");
  await page.clock.runFor(600_000);
  const count = () => page.getByRole("link", { name: "--unseen", exact: true }).count();
  const byItself = (await count()) > 0;
  await page.reload();
  await page.locator(".topics table td a").first().waitFor();
  if ((await count()) !== 1) throw new Error("nsqadmin doesn't show it after a reload either");
  await agent.post("/topic/delete?topic=--unseen");
  await page.close();
  return byItself;
}
