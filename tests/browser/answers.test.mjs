// Whatever the API answers: what was known stays, what happened is said, and there is a way on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { ask, row } from "./pages.mjs";
import { startWorker } from "./worker.mjs";

let worker;
let browser;
before(async () => {
  [worker, browser] = await Promise.all([startWorker(), launch()]);
  await worker.register("orders");
});
after(async () => {
  await browser?.close();
  await worker?.stop();
});

const json = (status, message, detail, headers) => ({
  status,
  headers: { "Content-Type": "application/json", ...headers },
  body: JSON.stringify({ message, detail }),
});
const TOKEN = "Enter a token";

/** An answer, what is said of it in the banner and in a dialog, and whether another token may help. */
const ANSWERS = {
  401: [json(401, "UNAUTHORIZED", "send a token"), "The server asks for a token", "send a token", TOKEN],
  403: [json(403, "FORBIDDEN", "this takes the ADMIN_TOKEN"), "This token may not do that", "this takes the ADMIN_TOKEN", TOKEN],
  404: [json(404, "NOT_FOUND"), "The server doesn't know that", "404 NOT_FOUND"],
  409: [json(409, "CONFLICT", "not now"), "The server refused", "409 CONFLICT: not now"],
  429: [json(429, "SLOW_DOWN", undefined, { "Retry-After": "77" }), "The server asks for patience", "429 SLOW_DOWN"],
  500: [json(500, "OOPS", "it broke"), "The server failed", "500 OOPS: it broke"],
  507: [json(507, "REGISTRY_FULL", "at most 20000 topics"), "The registry is full", "507 REGISTRY_FULL: at most 20000 topics"],
  "502 with a page": [{ status: 502, contentType: "text/html", body: "<html><b id=hostile>oops</b></html>" }, "The server failed", "502 no reason given"],
  "a page": [{ status: 200, contentType: "text/html", body: "<html><b id=hostile>a captive portal</b></html>" }, "The server's answer can't be read", "Expected the API of lookupd-edge"],
  garbage: [{ status: 200, contentType: "application/octet-stream", body: "\u0002garbage" }, "The server's answer can't be read", "Expected the API of lookupd-edge"],
  "an empty body": [{ status: 200, body: "" }, "The server's answer can't be read", "Expected the API of lookupd-edge"],
  "a connection that is cut": [null, "The server can't be reached"],
};
const NOISE = /status of \d+|ERR_FAILED/;

const answering = (answer) => (route) => (answer ? route.fulfill(answer) : route.abort());

test("a question that goes wrong leaves what is there, and says what happened and when it is tried again", async (t) => {
  const page = await open(t, browser, { expected: NOISE });
  await page.goto(`${worker.origin}/ui/topics`);
  await row(page, "orders").waitFor();
  const questions = /\/v1\/(changes|snapshot)/;
  for (const [what, [answer, title, detail, button]] of Object.entries(ANSWERS)) {
    await page.route(questions, answering(answer));
    // Whoever goes on asks.
    await page.getByRole("button", { name: "Pause updates" }).click();
    await page.getByRole("button", { name: "Go on with updates" }).click();
    const banner = page.locator(".banner");
    await banner.getByText(title).waitFor();
    if (detail) await banner.getByText(detail).waitFor();
    await row(page, "orders").waitFor();
    assert.equal(await page.locator("#hostile").count(), 0, "what isn't the API's is not shown");
    if (what === "429") await banner.getByText(/Next attempt in (1 min|7\d s)/).waitFor();
    await page.unroute(questions);
    if (button) {
      await banner.getByRole("button", { name: button }).click();
      await page.getByRole("textbox", { name: "Token" }).fill("none-is-needed");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.reload();
    } else {
      await banner.getByRole("button", { name: "Try again" }).click();
    }
    await banner.waitFor({ state: "detached" });
    await row(page, "orders").waitFor();
  }
});

test("a question that is answered too slowly is given up, and what is there stays", async (t) => {
  const page = await open(t, browser, { expected: NOISE });
  await page.goto(`${worker.origin}/ui/topics`);
  await row(page, "orders").waitFor();
  const questions = /\/v1\/changes/;
  await page.route(questions, () => {});
  await page.getByRole("button", { name: "Pause updates" }).click();
  await page.getByRole("button", { name: "Go on with updates" }).click();
  await page.locator(".banner").getByText("The server did not answer in time").waitFor();
  await row(page, "orders").waitFor();
  await page.unroute(questions);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator(".banner").waitFor({ state: "detached" });
});

test("a page that is opened while nothing is answered shows it once it is", async (t) => {
  const page = await open(t, browser, { expected: NOISE });
  await page.route(/\/v1\/snapshot/, answering(null));
  await page.goto(`${worker.origin}/ui/topics`);
  await page.locator(".banner").getByText("The server can't be reached").waitFor();
  await page.unroute(/\/v1\/snapshot/);
  await page.getByRole("button", { name: "Try again" }).click();
  await row(page, "orders").waitFor();
});

test("6 an act that goes wrong is told where it was asked for, and can be tried again", async (t) => {
  const page = await open(t, browser, { expected: NOISE });
  await page.goto(`${worker.origin}/ui/topics`);
  // Of an act nothing is read but whether it was done.
  const refusals = Object.entries(ANSWERS).filter(([, [answer]]) => answer?.status !== 200);
  for (const [what, [answer, title, detail, button]] of refusals) {
    await page.route("**/topic/create*", answering(answer));
    await page.getByRole("button", { name: "Create topic" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Topic name").fill(`made-${what.replaceAll(/\W/g, "-")}`);
    await page.keyboard.press("Enter");
    const alert = dialog.getByRole("alert");
    await alert.getByText(title).waitFor();
    await alert.getByText(detail ?? "Whether it was done isn't known").waitFor();
    if (what === "429") await alert.getByText(/Try again in (1 min|77 s)/).waitFor();
    assert.equal(await page.locator("#hostile").count(), 0);
    await page.unroute("**/topic/create*");
    if (button) {
      await dialog.getByRole("button", { name: "Use this token" }).waitFor();
      await page.keyboard.press("Escape");
    } else {
      await dialog.getByRole("button", { name: "Create topic" }).click();
      await page.getByRole("heading", { level: 1, name: /^made-/ }).waitFor();
      await page.goBack();
    }
    await dialog.waitFor({ state: "detached" });
  }
});

test("6 what an act would change is asked again where that went wrong", async (t) => {
  const page = await open(t, browser, { expected: NOISE });
  await page.goto(`${worker.origin}/ui/topics/orders`);
  for (const [answer, title, detail, button] of Object.values(ANSWERS)) {
    await page.route("**/topic/delete*", answering(answer));
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("alert").getByText(title).waitFor();
    await dialog.getByRole("alert").getByText(detail ?? "Nothing was changed").waitFor();
    await dialog.getByLabel("Type orders to confirm").fill("orders");
    const act = dialog.getByRole("button", { name: "Delete topic" });
    // It isn't done blindly.
    if (await act.count()) assert.equal(await act.isDisabled(), true);
    await page.unroute("**/topic/delete*");
    if (button) {
      await dialog.getByRole("button", { name: "Use this token" }).waitFor();
    } else {
      await dialog.getByRole("button", { name: "Ask again" }).click();
      await dialog.getByText("Removes 1 topic").waitFor();
      assert.equal(await act.isEnabled(), true);
    }
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  }
  assert.ok((await worker.get("/topics")).body.topics.includes("orders"));
});

test("6 an act that is not answered in time may be done, and is not done twice", async (t) => {
  const page = await open(t, browser, { expected: NOISE });
  await page.goto(`${worker.origin}/ui/topics`);
  let asked = 0;
  const held = [];
  await page.route("**/topic/create*", (route) => {
    asked += 1;
    held.push(route);
  });
  await page.getByRole("button", { name: "Create topic" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Topic name").fill("slow");
  const button = dialog.getByRole("button", { name: "Create topic" });
  await button.dblclick();
  await dialog.getByLabel("Topic name").press("Enter");
  assert.equal(await button.isDisabled(), true);
  await dialog.getByRole("alert").getByText("The server did not answer in time").waitFor();
  await dialog.getByRole("alert").getByText("Whether it was done isn't known").waitFor();
  assert.equal(asked, 1);
  for (const route of held) await route.abort().catch(() => {});
  await page.unroute("**/topic/create*");
  await button.click();
  await page.getByRole("heading", { level: 1, name: "slow" }).waitFor();
});

test("6 an act whose dialog was closed meanwhile is told all the same", async (t) => {
  const page = await open(t, browser, { expected: NOISE });
  await page.goto(`${worker.origin}/ui/topics`);
  let answer;
  const asked = new Promise((resolve) => (answer = resolve));
  await page.route("**/topic/create*", (route) => answer(route));
  await page.getByRole("button", { name: "Create topic" }).click();
  await page.getByLabel("Topic name").fill("late");
  await page.keyboard.press("Enter");
  const route = await asked;
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  // Another dialog is none of its business.
  const dialog = await (async () => {
    await row(page, "orders").getByRole("link").click();
    return ask(page, "Delete");
  })();
  await route.fulfill(json(500, "OOPS", "it broke"));
  await page.getByText("The server failed: 500 OOPS: it broke").waitFor();
  await dialog.getByText("Removes 1 topic").waitFor();
});
