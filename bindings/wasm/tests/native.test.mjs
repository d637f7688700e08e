// The package against the library: DECHAFF_CASES is a file of JSON lines with texts, levels and what
// the native engine removes of them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const { Cleaner } = await import(pathToFileURL(join(process.env.DECHAFF_NPM, "node.js")).href);

test("removes exactly what the native engine removes", { skip: !process.env.DECHAFF_CASES && "no cases are given" }, (t) => {
  const cases = readFileSync(process.env.DECHAFF_CASES, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
  const levels = [...new Set(cases.map(({ level }) => level))];
  const cleaners = new Map(levels.map((level) => [level, new Cleaner({ level })]));
  for (const { name, level, text, cleaned, removals } of cases) {
    const result = cleaners.get(level).scan(text);
    const found = result.removals.map(({ startByte, endByte, rule, score }) => [startByte, endByte, rule, score]);
    assert.deepEqual(found, removals, `${name} at ${level}`);
    assert.ok(result.text === cleaned, `the text of ${name} at ${level}`);
  }
  t.diagnostic(`${cases.length} texts are equal`);
});
