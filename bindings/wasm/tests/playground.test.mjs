// The playground in a headless Chromium: DECHAFF_PLAYGROUND is the page, DECHAFF_BROWSER the browser.
// With DECHAFF_SCREENSHOTS, a directory, it also writes what the page looks like.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import puppeteer from "puppeteer-core";

const file = process.env.DECHAFF_PLAYGROUND;
const skip = !process.env.DECHAFF_BROWSER && "Chromium is not installed";
const TEXT = "It rained.\nAdvertisement\nIt stopped.\n";
const LIMIT = 3_000_000;

let browser;

before(async () => {
  if (skip) return;
  browser = await puppeteer.launch({
    executablePath: process.env.DECHAFF_BROWSER,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
});
after(() => browser?.close());

/** Opens the page and waits for the result of the sample. Collects requests, errors and warnings. */
async function open(viewport = { width: 1280, height: 900 }, features = []) {
  const page = await browser.newPage();
  const seen = { requests: [], problems: [] };
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("pageerror", (error) => seen.problems.push(error.message));
  page.on("console", (message) => seen.problems.push(message.text()));
  await page.setViewport(viewport);
  await page.emulateMediaFeatures(features);
  await page.goto(pathToFileURL(file).href);
  await page.waitForFunction(() => document.querySelectorAll("#removals li").length > 0, { timeout: 60_000 });
  return { page, seen };
}

const content = (page, selector) => page.$eval(selector, (element) => element.textContent);

/** Replaces the text as a paste does, and waits for its result. */
async function paste(page, text) {
  await page.focus("#source");
  await page.$eval("#source", (area, pasted) => {
    area.select();
    document.execCommand("insertText", false, pasted);
  }, text);
}

async function shows(page, selector, text) {
  await page.waitForFunction((wanted, part) => document.querySelector(wanted).textContent.includes(part),
    { timeout: 60_000 }, selector, text);
}

test("all that the page loads is less than 3 MB when it is compressed", (t) => {
  const page = readFileSync(file);
  const gzip = gzipSync(page).length;
  t.diagnostic(`${page.length} bytes, ${gzip} compressed`);
  assert.ok(gzip < LIMIT, `${gzip} bytes`);
});

test("a pasted text is marked and explained, and changes with the level", { skip }, async () => {
  const { page, seen } = await open();
  await paste(page, TEXT);
  await shows(page, "#status", "1 part removed: 14 of 37 characters, 38 %");
  assert.equal(await content(page, "#result del"), "removed: Advertisement");
  assert.equal(await content(page, "#result .tag"), "advert/marker");
  const item = await content(page, "#removals li");
  for (const part of ["Line 2", "advert/marker (advert, certain)", "A label over or under an advert."]) {
    assert.ok(item.includes(part), item);
  }
  await page.click("#sample");
  await shows(page, "#status", "Language: English");
  const balanced = await content(page, "#status");
  await page.click("input[value=thorough]");
  await page.waitForFunction((old) => document.querySelector("#status").textContent !== old, {}, balanced);
  await page.click("input[value=cleaned]");
  assert.equal(await page.$("#result del"), null);
  await page.click("#clear");
  await shows(page, "#status", "There is no text yet.");
  assert.deepEqual(seen.problems, []);
  await page.close();
});

test("text of a page is never markup", { skip }, async () => {
  const { page, seen } = await open();
  await paste(page, `<img src=x onerror="document.title='run'">\nAdvertisement\n</script><b>bold</b>\n`);
  await shows(page, "#result", "bold");
  assert.equal(await page.$("#result img, #result b"), null);
  assert.equal(await page.title(), "dechaff playground");
  assert.deepEqual(seen.problems, []);
  await page.close();
});

test("the page makes no connection", { skip }, async () => {
  const { page, seen } = await open();
  await paste(page, TEXT);
  await shows(page, "#status", "1 part removed");
  const others = seen.requests.filter((url) => url !== pathToFileURL(file).href && !/^(blob|data):/.test(url));
  assert.deepEqual(others, []);
  const refused = await page.evaluate(() => new Promise((done) => {
    document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
    fetch("https://example.org/").catch(() => {});
  }));
  assert.equal(refused, "connect-src");
  await page.close();
});

test("everything can be reached and done with a keyboard", { skip }, async () => {
  const { page } = await open();
  const order = [];
  for (let step = 0; step < 9; step += 1) {
    await page.keyboard.press("Tab");
    order.push(await page.evaluate(() => document.activeElement.id || document.activeElement.name || document.activeElement.className));
  }
  assert.deepEqual(order.slice(0, 8), ["skip", "source", "sample", "clear", "level", "view-marked", "copy", "result"]);
  await page.focus("input[value=balanced]");
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.$eval("input[name=level]:checked", (input) => input.value), "thorough");
  await page.focus("#removals button");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "removal-0");
  await page.close();
});

test("the cleaned text is copied", { skip }, async () => {
  const { page } = await open();
  await paste(page, TEXT);
  await shows(page, "#status", "1 part removed");
  await page.evaluate(() => {
    document.addEventListener("copy", () => { window.copied = getSelection().toString() || document.activeElement.value; });
    navigator.clipboard.writeText = async (text) => { window.copied = text; };
  });
  await page.click("#copy");
  await shows(page, "#status", "Copied 23 characters.");
  assert.equal(await page.evaluate(() => window.copied), "It rained.\nIt stopped.\n");
  await page.close();
});

test("a long text does not freeze the page, and a newer text replaces it", { skip }, async () => {
  const { page } = await open();
  const lines = "It rained on the town for a week, and nobody knew when it would stop.\nAdvertisement\n";
  await page.$eval("#source", (area, part) => {
    area.value = part.repeat(40_000);
    area.dispatchEvent(new Event("input"));
  }, lines);
  await page.waitForFunction(() => document.querySelector("#result").classList.contains("is-stale"));
  const waited = await page.evaluate(() => new Promise((done) => {
    const from = performance.now();
    setTimeout(() => done(performance.now() - from), 0);
  }));
  assert.ok(waited < 1000, `the page waited ${waited} ms`);
  await page.$eval("#source", (area, text) => {
    area.value = text;
    area.dispatchEvent(new Event("input"));
  }, TEXT);
  await shows(page, "#status", "1 part removed");
  await page.close();
});

for (const [name, viewport, features] of [
  ["desktop", { width: 1280, height: 900 }, []],
  ["phone", { width: 320, height: 640 }, []],
  ["dark", { width: 1280, height: 900 }, [{ name: "prefers-color-scheme", value: "dark" }]],
]) {
  test(`the page has no fault that axe finds, and fits the window (${name})`, { skip }, async () => {
    const { page } = await open(viewport, features);
    if (process.env.DECHAFF_SCREENSHOTS) {
      await page.screenshot({ path: join(process.env.DECHAFF_SCREENSHOTS, `${name}.png`), fullPage: true });
    }
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => axe.run());
    const faults = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
    assert.deepEqual(faults, []);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= viewport.width, `the page is ${width} pixels wide`);
    await page.close();
  });
}
