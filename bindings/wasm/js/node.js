// The package in Node, which reads the module when it is imported.

import { readFileSync } from "node:fs";
import { start } from "./cleaner.js";

start(readFileSync(new URL("./engine_bg.wasm", import.meta.url)));

/** Does nothing in Node; in browsers, it loads the module. */
export default async function init() {}
export { Cleaner, clean, explain, restore, scan, version } from "./cleaner.js";
