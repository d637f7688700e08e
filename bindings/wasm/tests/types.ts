// What a program in TypeScript uses of the package. It is only type-checked.

import init, { Cleaner, clean, explain, restore, scan, version } from "dechaff";
import type { Explanation, Level, Options, Removal, Result } from "dechaff";

await init();
await init(new URL("https://example.org/engine_bg.wasm"));
const level: Level = "precise";
const options: Options = { level, skip: ["byline-bio"], only: "share", maxRemoved: 0.9, maxLoss: null, idempotent: true };
const cleaner: Cleaner = new Cleaner(options);
const cleaned: string = cleaner.clean("text", { url: "https://example.org", lang: "en" });
const result: Result = scan("text", { level });
const removal: Removal | undefined = result.removals[0];
const place: [number, number, string, string[]] | undefined = removal && [removal.start, removal.end, removal.text, removal.also];
const explanation: Explanation = explain("text");
const clause: string | null | undefined = explanation.removals[0]?.matches[0]?.clause;
const source: string = restore(clean("text"), result.removals) + version() + cleaned;
console.log(place, clause, source);

// @ts-expect-error there is no such level
new Cleaner({ level: "gentle" });
// @ts-expect-error a text is a string
clean(7);
// @ts-expect-error the level of a cleaner cannot change
cleaner.level = "precise";
