// A tombstone that the real nsqd completes by way of its agent, each step as a person sees it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startAgent } from "./agent.mjs";
import { closePages, launch, open, violations } from "./browser.mjs";
import { startNsqd } from "./nsqd.mjs";
import { ask, row } from "./pages.mjs";

// tools/setup.sh builds it where Go is.
const skip = !process.env.LOOKUPD_NSQD_BIN && process.env.CI !== "true" && "a real nsqd, named by LOOKUPD_NSQD_BIN, is missing";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** An agent, and an nsqd with a message in `orders#ephemeral` of which the agent knows. */
async function serving(t, args) {
  const agent = await startAgent(["--broadcast-address=127.0.0.1", ...args]);
  const nsqd = await startNsqd(agent.tcp).catch(async (error) => {
    await agent.stop();
    throw error;
  });
  t.after(async () => {
    try {
      await closePages(t);
    } finally {
      await Promise.all([agent.stop(), nsqd.stop()]);
    }
  });
  await nsqd.publish("orders", "unread");
  await agent.register("orders", "10.0.0.7:4151");
  const page = await open(t, browser);
  await page.goto(`${agent.origin}/ui/topics/orders`);
  await row(page, nsqd.node).waitFor();
  return { agent, nsqd, page };
}

const box = (dialog) => dialog.getByRole("checkbox", { name: /Also delete the topic on this nsqd/ });
const steps = (dialog) => dialog.getByRole("listitem").allTextContents();

test("4 a tombstone is completed at its nsqd, and each step is seen as it happens", { skip }, async (t) => {
  const { agent, nsqd, page } = await serving(t, ["--complete-tombstones"]);
  // Who was registered over HTTP has no agent.
  const other = await ask(page, "Tombstone 10.0.0.7:4151");
  assert.equal(await box(other).count(), 0);
  await page.keyboard.press("Escape");
  await other.waitFor({ state: "detached" });

  const dialog = await ask(page, `Tombstone ${nsqd.node}`);
  await dialog.getByText(/Hidden from \/lookup for 45 s, until .*If it still serves the topic then.*nsqd itself is not touched/).waitFor();
  await box(dialog).check();
  assert.equal(await box(dialog).evaluate((box) => box === document.activeElement), true, "the focus stays");
  await dialog.getByText(/has nsqd delete the topic, with every message that waits in it there/).waitFor();
  await dialog.getByText("Adds 1 tombstone").waitFor();
  const act = dialog.getByRole("button", { name: "Tombstone and delete" });
  assert.equal(await act.isDisabled(), true, "the name is to be typed");
  assert.equal(await nsqd.depth("orders"), 1);
  await dialog.getByLabel("Type orders to confirm").fill("orders");
  await act.click();
  await dialog.getByText("The producer has left the topic: done").waitFor();
  assert.deepEqual(await steps(dialog), [
    "Hidden from consumers: done",
    "The agent beside it is asked: done",
    "nsqd has deleted the topic: done",
    "The producer has left the topic: done",
  ]);
  assert.equal(await nsqd.depth("orders"), undefined, "it is gone, with its message");
  assert.deepEqual((await agent.get("/lookup?topic=orders")).body.producers.map((one) => one.broadcast_address), ["10.0.0.7"]);
  assert.deepEqual((await violations(page)).found, []);
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await dialog.waitFor({ state: "detached" });
  assert.equal(await row(page, nsqd.node).count(), 0);
});

test("4 a tombstone that its agent may not complete says so, and stands", { skip }, async (t) => {
  const { nsqd, page } = await serving(t, []);
  const dialog = await ask(page, `Tombstone ${nsqd.node}`);
  await box(dialog).check();
  await dialog.getByLabel("Type orders to confirm").fill("orders");
  await dialog.getByRole("button", { name: "Tombstone and delete" }).click();
  await dialog.getByText("the agent that it is connected to was started without --complete-tombstones").waitFor();
  await dialog.getByText("nsqd has deleted the topic: failed").waitFor();
  await dialog.getByText(/The topic is still on this nsqd/).waitFor();
  assert.equal(await nsqd.depth("orders"), 1);
  assert.deepEqual((await violations(page)).found, []);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await row(page, nsqd.node).locator(".ring-left").waitFor();
});
