// The npm package in Node. DECHAFF_NPM is the directory of the built package.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const directory = process.env.DECHAFF_NPM;
const at = (file) => pathToFileURL(join(directory, file)).href;
const { default: init, Cleaner, clean, explain, restore, scan, version } = await import(at("node.js"));

const TEXT = "It rained.\nAdvertisement\nIt stopped.\n";

test("clean returns the text without its boilerplate", async () => {
  await init();
  assert.equal(clean(TEXT), "It rained.\nIt stopped.\n");
  assert.equal(clean(""), "");
  const { version: packaged } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  assert.equal(version(), packaged);
});

test("scan says what was removed and why", () => {
  const result = scan(TEXT);
  assert.equal(result.text, "It rained.\nIt stopped.\n");
  assert.equal(result.source, TEXT);
  assert.deepEqual([result.held, Number(result.share.toFixed(2))], [false, 0.38]);
  assert.deepEqual(result.removals, [{
    start: 11, end: 25, startByte: 11, endByte: 25, rule: "advert/marker", also: [], category: "advert",
    confidence: "certain", score: 1, description: "A label over or under an advert.", text: "Advertisement\n",
  }]);
});

test("offsets fit String.slice with emoji, other scripts and halves of characters", () => {
  for (const line of ["👩‍🚀 She flew to 橋.", "橋は月曜日に開きます。", "süß", "half \ud83d of an emoji"]) {
    const source = `${line}\nAdvertisement\n${line}\n`;
    const result = scan(source);
    assert.equal(result.text, `${line}\n${line}\n`);
    const [{ start, end, text, startByte }] = result.removals;
    assert.deepEqual([source.slice(start, end), text], ["Advertisement\n", "Advertisement\n"]);
    assert.equal(startByte, new TextEncoder().encode(`${line}\n`).length);
    assert.equal(restore(result.text, result.removals), source);
  }
});

test("explain names lines, clauses and the language", () => {
  const [removal] = explain(TEXT).removals;
  assert.deepEqual([removal.firstLine, removal.lastLine], [2, 2]);
  assert.deepEqual(removal.matches, [
    { rule: "advert/marker", clause: "Advertisement", start: 11, end: 24, text: "Advertisement" },
  ]);
  assert.equal(explain("It rained in the town for a week, and nobody knew why.\n").language, "en");
});

test("a text that would lose nearly everything is held, and explained", () => {
  const held = new Cleaner({ maxRemoved: 0.1 });
  assert.equal(held.clean(TEXT), TEXT);
  assert.deepEqual([held.scan(TEXT).held, held.scan(TEXT).removals], [true, []]);
  const explained = held.explain(TEXT);
  assert.deepEqual([explained.text, explained.removals.length], [TEXT, 1]);
});

test("options change what is removed", () => {
  assert.equal(new Cleaner({ skip: "advert" }).clean(TEXT), TEXT);
  assert.equal(new Cleaner({ only: ["share"] }).clean(TEXT), TEXT);
  assert.equal(new Cleaner({ level: "thorough" }).level, "thorough");
  assert.equal(new Cleaner().level, "balanced");
  assert.equal(clean(TEXT, { level: "precise", lang: "en", url: null }), "It rained.\nIt stopped.\n");
});

test("errors say what is wrong and what is expected", () => {
  const cases = [
    [() => clean(7), TypeError, "text must be a string, not a value of type number"],
    [() => clean(null), TypeError, "text must be a string, not null"],
    [() => clean(TEXT, "en"), TypeError, "options must be an object, not a value of type string"],
    [() => clean(TEXT, { skip: "x" }), TypeError, "there is no option 'skip'; the options are level, url, lang"],
    [() => new Cleaner({ skip: [1] }), TypeError, "skip must be a string or an array of strings, not an array"],
    [() => new Cleaner({ maxLoss: NaN }), TypeError, "maxLoss must be a number, not NaN"],
    [() => new Cleaner({ level: "gentle" }), Error,
      "unknown level 'gentle', expected one of precise, balanced, thorough"],
    [() => new Cleaner({ maxRemoved: 2 }), Error, "maxRemoved must be a share from 0 to 1, not 2"],
    [() => restore("short", scan(`${"It rained. ".repeat(9)}\nAdvertisement\n`).removals), Error,
      "the removal at 100 does not fit the text; is it of another one?"],
  ];
  for (const [call, type, message] of cases) {
    assert.throws(call, (error) => error instanceof type && error.message === message, message);
  }
  assert.throws(() => new Cleaner({ skip: "sharing" }), /did you mean 'share'\?/);
});

test("the package for browsers must be loaded first, and takes the bytes of the module", () => {
  // In a process of its own, in which nothing has loaded the module.
  return import("node:child_process").then(({ execFileSync }) => {
    const script = `
      import init, { clean } from ${JSON.stringify(at("browser.js"))};
      import { readFileSync } from "node:fs";
      try { clean("x"); } catch (error) { console.log(error.message); }
      await init(readFileSync(${JSON.stringify(join(directory, "engine_bg.wasm"))}));
      console.log(JSON.stringify(clean("Advertisement\\n")));`;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    assert.equal(output, 'dechaff is not loaded; call `await init()` of this package first\n""\n');
  });
});
