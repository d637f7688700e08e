// The package in browsers and in workers, which must load the module before they use it.

import { start } from "./cleaner.js";

let loading;

/** Loads the module once, from the directory of this file or from `source`. */
export default function init(source = new URL("./engine_bg.wasm", import.meta.url)) {
  loading ??= load(source).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(source) {
  start(await compiled(source));
}

async function compiled(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  const response = await fetch(source);
  if (!response.ok) {
    throw new Error(`${response.url} cannot be loaded: ${response.status} ${response.statusText}`);
  }
  // Compiled from bytes: streaming would fail on servers that do not know the type of the file.
  return WebAssembly.compile(await response.arrayBuffer());
}

export { Cleaner, clean, explain, restore, scan, version } from "./cleaner.js";
