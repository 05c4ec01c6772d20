// Without a mouse.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { visit } from "./pages.mjs";
import { startWorker } from "./worker.mjs";

let worker;
let browser;
before(async () => {
  [worker, browser] = await Promise.all([startWorker({ TOMBSTONE_LIFETIME: "600s" }), launch()]);
  for (const topic of ["clicks", "orders", "payments"]) await worker.register(topic, "10.0.0.7:4151", { channel: "mail" });
  await worker.register("orders", "10.0.0.8:4151");
});
after(async () => {
  await browser?.close();
  await worker?.stop();
});

/** What has the focus: its name as it is read aloud, and whether one can see that it has it. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth, boxShadow, borderColor } = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const label = element.labels?.[0]?.innerText ?? element.getAttribute("aria-label") ?? element.textContent;
    return {
      name: label.trim(),
      isMarked: (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none",
      isInView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && box.height > 0,
      borderColor,
    };
  });

/** Tabs until something of this name has the focus. Whatever has it on the way there can be seen to have it. */
async function tabTo(page, name, key = "Tab") {
  const passed = [];
  for (let step = 0; step < 80; step += 1) {
    await page.keyboard.press(key);
    const at = await focused(page);
    passed.push(at.name);
    assert.ok(at.isMarked, `the focus on "${at.name}" can't be seen`);
    assert.ok(at.isInView, `"${at.name}" has the focus out of view`);
    if (at.name === name) return;
  }
  assert.fail(`"${name}" isn't reached: ${passed.join(" | ")}`);
}

const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();

test("10 by keyboard alone a topic is searched for and opened, one of its producers hidden, and gone back from", async (t) => {
  const page = await open(t, browser);
  await visit(page, `${worker.origin}/ui/`);
  await page.keyboard.press("Tab");
  assert.equal((await focused(page)).name, "Skip to content");
  await tabTo(page, "Topics");
  await page.keyboard.press("Enter");
  await heading(page, "Topics");
  assert.equal(await page.evaluate(() => document.activeElement.id), "title", "the focus is on the new page's heading");

  await tabTo(page, "Search topics");
  await page.keyboard.type("ord");
  await page.getByText("1 of 3 topics").waitFor();
  await tabTo(page, "orders");
  await page.keyboard.press("Enter");
  await heading(page, "orders");

  await tabTo(page, "Tombstone 10.0.0.7:4151");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Tombstone this producer?" });
  await dialog.getByText("Adds 1 tombstone").waitFor();
  // Within it the focus goes round; to no page behind it.
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.activeElement === document.body || Boolean(document.activeElement.closest("dialog"))));
  }
  await tabTo(page, "Tombstone");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await page.locator(".ring-left").waitFor();
  assert.equal((await focused(page)).name, "Tombstone 10.0.0.7:4151", "the focus is back where it was asked");
  assert.equal((await worker.get("/lookup?topic=orders")).body.producers.length, 1);

  await tabTo(page, "Topics", "Shift+Tab");
  await page.keyboard.press("Enter");
  await heading(page, "Topics");
  await page.getByRole("link", { name: "payments", exact: true }).waitFor();
});

test("10 by keyboard alone a topic is created, and deleted by its name", async (t) => {
  const page = await open(t, browser);
  await visit(page, `${worker.origin}/ui/topics`);
  await tabTo(page, "Create topic");
  await page.keyboard.press("Space");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("invoices");
  await page.keyboard.press("Enter");
  await heading(page, "invoices");
  await tabTo(page, "Delete");
  await page.keyboard.press("Enter");
  await page.getByText("Removes 1 topic").waitFor();
  await page.keyboard.type("invoices");
  await page.keyboard.press("Enter");
  await heading(page, "Topics");
  assert.deepEqual((await worker.get("/topics")).body.topics.sort(), ["clicks", "orders", "payments"]);
});
