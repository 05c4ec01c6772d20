// How it looks to everyone: narrow, zoomed, without motion, in the system's own colours; and whatever the names are.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { HERE, ask, close, dialogsOf, fill, fits, pagesOf, turnTo, visit } from "./pages.mjs";
import { startWorker } from "./worker.mjs";

let worker;
let browser;
before(async () => {
  [worker, browser] = await Promise.all([startWorker({ TOMBSTONE_LIFETIME: "600s", CLUSTERS: "default,hostile" }), launch()]);
  await fill(worker);
});
after(async () => {
  await browser?.close();
  await worker?.stop();
});

// A zoom of 200 % in a window of 1280 × 860 leaves a page this many pixels of its own, each of them four of the screen's.
const ZOOMED = { viewport: { width: 640, height: 430 }, deviceScaleFactor: 2 };

for (const [how, options, fontSize] of [
  ["in 360 px", { viewport: { width: 360, height: 760 } }, "100%"],
  ["at a zoom of 200 %", ZOOMED, "100%"],
  ["with text of twice the size", { viewport: { width: 640, height: 900 } }, "200%"],
]) {
  test(`12 nothing is out of reach ${how}`, async (t) => {
    const page = await open(t, browser, options);
    const enlarge = () => page.evaluate((fontSize) => (document.documentElement.style.fontSize = fontSize), fontSize);
    await visit(page, `${worker.origin}/ui/`);
    await enlarge();
    for (const [name, path] of Object.entries(pagesOf(HERE))) {
      await turnTo(page, `/ui${path}`);
      await fits(page, name);
    }
    for (const [name, [path, button]] of Object.entries(dialogsOf(HERE))) {
      await turnTo(page, `/ui${path}`);
      const dialog = await ask(page, button);
      await fits(page, name);
      const over = await dialog.evaluate((dialog) => dialog.scrollWidth - dialog.clientWidth);
      assert.ok(over <= 0, `the dialog ${name} is ${over} px too wide`);
      // Whatever is asked, its buttons can be got at.
      const last = dialog.getByRole("button").last();
      await last.scrollIntoViewIfNeeded();
      assert.ok(await last.evaluate((button) => {
        const box = button.getBoundingClientRect();
        return box.left >= 0 && box.right <= innerWidth && box.top >= 0 && box.bottom <= innerHeight;
      }), `the last button of the dialog ${name} is out of view`);
      await close(page);
    }
    // The longest word of the pill.
    await page.routeWebSocket("**/v1/stream*", (stream) => stream.close());
    await page.goto(`${worker.origin}/ui/`);
    await page.locator(".page:not([aria-busy])").waitFor();
    await page.route("**/v1/changes*", (route) => route.fulfill({ status: 200, body: "?" }));
    await enlarge();
    await page.locator(".pill").getByText("Reconnecting").waitFor();
    await fits(page, "reconnecting");
  });
}

test("12 with reduced motion nothing moves", async (t) => {
  const page = await open(t, browser, { reducedMotion: "reduce" });
  // What moves is started by something that happens: a page that comes, a dialog, a notice.
  await page.addInitScript(() => {
    globalThis.moved = [];
    for (const kind of ["animationstart", "transitionrun"]) {
      document.addEventListener(kind, ({ target }) => globalThis.moved.push(`${kind} ${target.className}`), true);
    }
  });
  await visit(page, `${worker.origin}/ui/`);
  const still = async (what) => assert.deepEqual(await page.evaluate(() => globalThis.moved), [], what);
  for (const [name, path] of Object.entries(pagesOf(HERE))) {
    await turnTo(page, `/ui${path}`);
    await page.locator("main h1").hover();
    await still(name);
  }
  for (const [name, [path, button]] of Object.entries(dialogsOf(HERE))) {
    await turnTo(page, `/ui${path}`);
    await ask(page, button);
    await still(name);
    await close(page);
  }
});

test("12 in forced colours what carries meaning can still be seen", async (t) => {
  const page = await open(t, browser, { forcedColors: "active", reducedMotion: "reduce" });
  const blank = await (await browser.newContext()).newPage();
  t.after(() => blank.context().close());
  await visit(page, `${worker.origin}/ui/`);
  let looked = 0;
  for (const [name, path] of Object.entries(pagesOf(HERE))) {
    await turnTo(page, `/ui${path}`);
    const places = await page.locator(MEANINGFUL).evaluateAll((all) =>
      all.map((element) => {
        const { left, top, width, height } = element.getBoundingClientRect();
        return { what: element.outerHTML.slice(0, 120), left, top, width, height };
      }).filter(({ left, top, width, height }) => width > 4 && height > 4 && left >= 0 && top >= 0 && top + height <= innerHeight),
    );
    const picture = (await page.screenshot()).toString("base64");
    for (const { what, share } of await blank.evaluate(standingOut, { picture, places })) {
      looked += 1;
      assert.ok(share > 0.005, `${name}: ${(share * 100).toFixed(2)} % of ${what} stand out`);
    }
    // Where one is, is not told by a colour of the background, which is forced.
    const links = page.getByRole("navigation", { name: "Main" }).getByRole("link");
    const borders = await links.evaluateAll((all) =>
      all.map((link) => [link.hasAttribute("aria-current"), getComputedStyle(link).borderTopStyle !== "none"]),
    );
    for (const [isCurrent, isBordered] of borders) assert.equal(isBordered, isCurrent, `${name}: the current section`);
  }
  t.diagnostic(`${looked} elements stand out from their ground`);
  // Nor is it by one that something has the focus.
  await turnTo(page, "/ui/topics");
  for (let step = 0; step < 25; step += 1) {
    await page.keyboard.press("Tab");
    const outline = await page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      return document.activeElement === document.body || (outlineStyle !== "none" && outlineWidth !== "0px");
    });
    assert.ok(outline, `no outline at step ${step}`);
  }
});

/** What is drawn, and what tells how something is. */
const MEANINGFUL = "svg, .badge, .pill, .button, input, select, [role=alert]";

/** In a page of its own: how much of each place of a picture is three times as bright as its most common colour, or as dark. */
async function standingOut({ picture, places }) {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  // WCAG's relative luminance.
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const luminance = (colour) => [16, 8, 0].map((shift) => linear(((colour >> shift) & 255) / 255)).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  return places.map(({ what, left, top, width, height }) => {
    const { data } = context.getImageData(left, top, Math.ceil(width), Math.ceil(height));
    const counts = new Map();
    for (let at = 0; at < data.length; at += 4) {
      const colour = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
    const [[ground]] = [...counts].sort((a, b) => b[1] - a[1]);
    const contrast = (colour) => {
      const [dark, bright] = [luminance(colour), luminance(ground)].sort((a, b) => a - b);
      return (bright + 0.05) / (dark + 0.05);
    };
    const different = [...counts].reduce((sum, [colour, count]) => sum + (contrast(colour) >= 3 ? count : 0), 0);
    return { what, share: different / (data.length / 4) };
  });
}

test("light, dark, and as the system has it: chosen once, kept", async (t) => {
  const page = await open(t, browser, { colorScheme: "dark" });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.goto(`${worker.origin}/ui/`);
  await page.getByRole("button", { name: "Theme: system" }).click();
  await page.getByRole("button", { name: "Theme: light" }).waitFor();
  const light = await ground();
  await page.reload();
  await page.getByRole("button", { name: "Theme: light" }).waitFor();
  assert.equal(await ground(), light);
  await page.getByRole("button", { name: "Theme: light" }).click();
  await page.getByRole("button", { name: "Theme: dark" }).waitFor();
  assert.notEqual(await ground(), light);
  await page.getByRole("button", { name: "Theme: dark" }).click();
  await page.getByRole("button", { name: "Theme: system" }).waitFor();
});

const HOSTILE = [
  `<img src=x onerror="globalThis.hacked = 1">`,
  `"><script>globalThis.hacked = 1</script>`,
  `\u202egnirts desrever`,
  `{{constructor.constructor('globalThis.hacked = 1')()}}`,
  // As long as a producer's texts may be: 1,024 bytes.
  "x".repeat(1_024),
  "\u202e".repeat(200) + "\u200b<b>".repeat(70),
];

test("14 hostile names, hosts and versions come out as text, and break no layout", async (t) => {
  const ui = "/clusters/hostile/ui";
  const announce = (node, topics = ["t"]) =>
    worker.post("/clusters/hostile/register", {
      tcp_port: 4150, http_port: 4151, topics: Object.fromEntries(topics.map((topic) => [topic, [".", "c"]])), ...node,
    });
  for (const [place, text] of HOSTILE.entries()) {
    const said = { hostname: text, version: text, topology_zone: text, topology_region: text };
    await announce({ broadcast_address: `10.9.0.${place}`, ...said });
  }
  const address = `<svg onload=globalThis.hacked=1>`;
  const long = "x".repeat(64);
  await announce({ broadcast_address: address, hostname: "", version: "1" }, ["t", "..", long]);
  await announce({ broadcast_address: "y".repeat(255), hostname: "", version: "1" });
  const tooLong = announce({ broadcast_address: "10.9.0.9", hostname: "x".repeat(10_000), version: "1" });
  await assert.rejects(tooLong, /hostname: expected at most 1024 bytes, got 10000/);
  const node = (node) => pagesOf({ topic: "t", channel: "c", node }).node;
  const pages = {
    ...pagesOf({ topic: "t", channel: "c", node: "10.9.0.0:4151" }),
    "a node that says markup": node("10.9.0.1:4151"),
    "a node that says as much as it may": node("10.9.0.4:4151"),
    "a node that turns text around": node("10.9.0.5:4151"),
    "a node with an address of markup": node(`${address}:4151`),
    "a node with the longest address": node(`${"y".repeat(255)}:4151`),
    "the longest topic": `/topics/${long}`,
    "a topic of dots": "/topics/~..",
    "a topic of markup": "/topics/%3Cb%3E",
    "a topic of 10 KB": `/topics/${"x".repeat(10_000)}`,
    "a search of markup": "/topics?q=%3Cscript%3E",
    "a search of 10 KB": `/nodes?q=${"x".repeat(10_000)}`,
    "a lookup of markup": "/lookup?topic=%3Cimg%20src%3Dx%3E",
    "events of markup": "/events?topic=%3Cimg%20src%3Dx%3E",
    "a graph of markup": "/graph?topic=%3Cimg%20src%3Dx%3E",
  };
  for (const width of [1280, 360]) {
    const page = await open(t, browser, { viewport: { width, height: 800 }, expected: /status of 40[04]/ });
    await visit(page, `${worker.origin}${ui}/`);
    for (const [name, path] of Object.entries(pages)) {
      await turnTo(page, ui + path);
      assert.equal(await page.evaluate(() => globalThis.hacked), undefined, name);
      assert.equal(await page.locator("main :is(img, script, b, svg[onload])").count(), 0, name);
      await fits(page, `${name} at ${width} px`);
    }
    // A text that turns itself around turns nothing beside it: it is told apart.
    await turnTo(page, ui + node("10.9.0.2:4151"));
    const version = page.locator("dd bdi").filter({ hasText: "gnirts" }).first();
    assert.equal(await version.textContent(), HOSTILE[2]);
    assert.equal(await version.evaluate((text) => getComputedStyle(text).unicodeBidi), "isolate");
  }
});
