// How it looks to everyone: accessibility, hostile text, narrow pages, what the page may load.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, violations } from "./browser.mjs";
import { startWorker } from "./worker.mjs";

let worker;
let browser;
before(async () => {
  [worker, browser] = await Promise.all([
    startWorker({ TOMBSTONE_LIFETIME: "600s", CLUSTERS: "default,empty,hostile,many" }),
    launch(),
  ]);
  await worker.register("orders", "10.0.0.7:4151", { channel: "mail", topology_zone: "eu-1" });
  await worker.register("orders", "[2001:db8::1]:4151");
  await worker.register("clicks#ephemeral", "10.0.0.7:4151");
  await worker.post("/topic/create?topic=idle");
  await worker.post("/topic/tombstone?topic=orders&node=10.0.0.7:4151");
});
after(async () => {
  await browser?.close();
  await worker?.stop();
});

const PAGES = ["/", "/topics", "/topics?q=nothing-like-it", "/nodes", "/lookup", "/lookup?topic=orders", "/404"];
const FULL = [...PAGES, "/topics/orders", "/topics/orders/mail", "/nodes/10.0.0.7%3A4151"];
const DIALOGS = [
  ["/topics", "Create topic"],
  ["/nodes", "Register a producer"],
  ["/topics/orders", "Delete"],
  ["/topics/orders", "Tombstone 10.0.0.7:4151"],
];

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing on any page, ${colorScheme}`, async (t) => {
    // Colours are judged as they end up, not on their way there.
    const page = await open(t, browser, { colorScheme, reducedMotion: "reduce", expected: /status of 401/ });
    let looked = 0;
    const check = async (what) => {
      const { found, nodes } = await violations(page);
      looked += nodes;
      assert.deepEqual(found, [], what);
    };
    for (const [prefix, paths] of [["/clusters/empty/ui", [...PAGES, "/topics/none"]], ["/ui", FULL]]) {
      for (const path of paths) {
        await page.goto(worker.origin + prefix + path);
        await page.locator(".page:not([aria-busy])").waitFor();
        if (path.startsWith("/lookup?")) await page.locator("pre.json").waitFor();
        await check(`${prefix}${path}`);
      }
    }
    for (const [path, name] of DIALOGS) {
      await page.goto(`${worker.origin}/ui${path}`);
      await page.getByRole("button", { name }).first().click();
      await page.getByRole("dialog").waitFor();
      if (name.startsWith("Delete") || name.startsWith("Tombstone")) await page.locator(".impact li").first().waitFor();
      await check(`dialog ${name}`);
    }
    // What is wrong, above the page and in a dialog. Without a stream, which would leave nothing to ask for.
    await page.routeWebSocket("**/v1/stream*", (stream) => stream.close());
    await page.goto(`${worker.origin}/ui/topics`);
    await page.getByRole("button", { name: "Create topic" }).waitFor();
    await page.route("**/topic/create*", (route) => route.fulfill({ status: 401, body: "{}" }));
    await page.route("**/v1/changes*", (route) => route.fulfill({ status: 200, body: "?" }));
    await page.locator(".banner").waitFor();
    await page.getByRole("button", { name: "Create topic" }).click();
    await page.getByLabel("Topic name").fill("a");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await check("errors");
    t.diagnostic(`axe looked at ${looked} nodes`);
  });
}

test("a page that asks for a token passes axe too", async (t) => {
  const page = await open(t, browser, { expected: /status of 401/ });
  await page.route("**/v1/snapshot*", (route) => route.fulfill({ status: 401, body: '{"message":"UNAUTHORIZED"}' }));
  await page.goto(`${worker.origin}/ui/`);
  await page.getByLabel("Token").waitFor();
  assert.deepEqual((await violations(page)).found, []);
});

test("the policy allows no inline script and no foreign thing", async (t) => {
  const page = await open(t, browser);
  for (const path of ["/ui/", "/ui/topics/orders", "/clusters/empty/ui/nodes"]) {
    const response = await page.goto(worker.origin + path);
    const policy = response.headers()["content-security-policy"];
    const scripts = /script-src ([^;]*)/.exec(policy)[1];
    assert.ok(!scripts.includes("'unsafe-inline'") && !scripts.includes("'unsafe-eval'"), scripts);
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /frame-ancestors 'none'/);
    await page.locator(".page:not([aria-busy])").waitFor();
  }
  assert.equal(await page.locator("[style]").count(), 0, "inline styles would be dropped");
  const types = await page.evaluate(() =>
    Promise.all(
      performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/ui/")).map(async (entry) => {
        const answer = await fetch(entry.name);
        return [new URL(entry.name).pathname.replace(/.*\./, ""), answer.status, answer.headers.get("content-type")];
      }),
    ),
  );
  for (const [extension, status, type] of types) {
    const expected = { wasm: /^application\/wasm/, js: /javascript/, css: /^text\/css/, svg: /^image\/svg\+xml/ }[extension];
    assert.equal(status, 200);
    assert.match(type, expected);
  }
  assert.ok(types.some(([extension]) => extension === "wasm"));
});

test("hostile text comes out as text and breaks no layout", async (t) => {
  const hostile = [
    `<img src=x onerror="globalThis.hacked = 1">`,
    `"><script>globalThis.hacked = 1</script>`,
    `\u202egnirts desrever`,
    `{{constructor.constructor('globalThis.hacked = 1')()}}`,
    "x".repeat(240),
  ];
  for (const [place, text] of hostile.entries()) {
    const said = { hostname: text, version: text, topology_zone: text };
    await worker.post("/clusters/hostile/register?topic=t", {
      broadcast_address: `10.9.0.${place}`, tcp_port: 4150, http_port: 4151, ...said,
    });
  }
  await worker.post("/clusters/hostile/register?topic=t", {
    broadcast_address: `<svg onload=globalThis.hacked=1>`, hostname: "", tcp_port: 4150, http_port: 4151, version: "1",
  });
  for (const width of [1280, 360]) {
    const page = await open(t, browser, { viewport: { width, height: 800 } });
    for (const path of ["/", "/nodes", "/topics/t", "/nodes/10.9.0.0%3A4151", "/nodes/%3Csvg%20onload%3DglobalThis.hacked%3D1%3E%3A4151", "/lookup?topic=t", "/topics?q=%3Cscript%3E", "/topics/%3Cb%3E"]) {
      await page.goto(`${worker.origin}/clusters/hostile/ui${path}`);
      await page.locator(".page:not([aria-busy])").waitFor();
      if (path.startsWith("/lookup")) await page.locator("pre.json").waitFor();
      assert.equal(await page.evaluate(() => globalThis.hacked), undefined, path);
      assert.equal(await page.locator("main img, main script, main b").count(), 0, path);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 0, `${path} at ${width} px is ${over} px too wide`);
    }
  }
});

test("nothing is cut off at 360 px, with text twice the size, or without motion", async (t) => {
  const page = await open(t, browser, { viewport: { width: 360, height: 760 }, reducedMotion: "reduce", forcedColors: "active" });
  const over = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  for (const path of FULL) {
    await page.goto(`${worker.origin}/ui${path}`);
    await page.locator(".page:not([aria-busy])").waitFor();
    assert.ok((await over()) <= 0, `${path} is too wide`);
  }
  // Text of twice the size on a page of twice that width, which is a zoom of 200 % at 640 px.
  await page.setViewportSize({ width: 640, height: 900 });
  for (const path of FULL) {
    await page.goto(`${worker.origin}/ui${path}`);
    await page.locator(".page:not([aria-busy])").waitFor();
    await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
    assert.ok((await over()) <= 0, `${path} is too wide with large text`);
  }
  // The longest word of the pill.
  await page.routeWebSocket("**/v1/stream*", (stream) => stream.close());
  await page.route("**/v1/changes*", (route) => route.fulfill({ status: 200, body: "?" }));
  for (const [width, fontSize] of [[360, "100%"], [640, "200%"]]) {
    await page.setViewportSize({ width, height: 760 });
    await page.goto(`${worker.origin}/ui/`);
    await page.evaluate((fontSize) => (document.documentElement.style.fontSize = fontSize), fontSize);
    await page.locator(".pill").getByText("Reconnecting").waitFor();
    assert.ok((await over()) <= 0, `too wide at ${width} px`);
  }
  await page.goto(`${worker.origin}/ui/topics/orders`);
  await page.locator(".ring-left").waitFor();
  const motion = await page.locator(".ring-left").evaluate((ring) => getComputedStyle(ring).transitionDuration);
  assert.equal(motion, "0s");
});

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

test("everything is reached and done by keyboard alone", async (t) => {
  const page = await open(t, browser);
  await page.goto(`${worker.origin}/ui/topics`);
  await page.getByRole("link", { name: "orders", exact: true }).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
  const focused = [];
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    focused.push(await page.evaluate(() => document.activeElement.textContent.trim()));
    if (focused.at(-1) === "orders") break;
  }
  for (const name of ["Topics", "Create topic", "orders"]) assert.ok(focused.includes(name), `${name} in ${focused}`);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "orders" }).waitFor();
});

test("of 2,000 topics at most 80 rows are there, wherever one scrolls", async (t) => {
  const topics = Object.fromEntries(Array.from({ length: 2_000 }, (_, number) => [`topic-${String(number).padStart(4, "0")}`, []]));
  const node = { broadcast_address: "10.0.0.1", hostname: "many", tcp_port: 4150, http_port: 4151, version: "1" };
  await worker.post("/clusters/many/register", { ...node, topics });
  const page = await open(t, browser);
  await page.goto(`${worker.origin}/clusters/many/ui/topics`);
  await page.getByRole("link", { name: "topic-0000" }).waitFor();
  assert.equal(await page.getByRole("table").getAttribute("aria-rowcount"), "2001");
  for (const [part, name] of [[1, "topic-1999"], [0.5, "topic-1000"], [0, "topic-0000"]]) {
    await page.evaluate((part) => scrollTo(0, (document.documentElement.scrollHeight - innerHeight) * part), part);
    await page.getByRole("link", { name }).waitFor();
    const rows = await page.locator("tbody tr").count();
    assert.ok(rows <= 80, `${rows} rows`);
  }
  // Back from one of them, the page is where it was left.
  await page.evaluate(() => scrollTo(0, 30_000));
  const name = "topic-0620";
  await page.getByRole("link", { name }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  assert.equal(await page.evaluate(() => scrollY), 0);
  await page.goBack();
  await page.getByRole("link", { name }).waitFor();
  await page.waitForFunction(() => scrollY > 20_000);
  await page.getByRole("searchbox").fill("topic-1234");
  await page.getByText("1 of 2,000 topics").waitFor();
  await page.getByRole("link", { name: "topic-1234" }).waitFor();
});
