// Puts together what `build` compiled: the npm package in <out>/npm, and the playground, a single HTML
// file, in <out>/playground. Run by `build`.

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, gzipSync } from "node:zlib";

const here = import.meta.dirname;
const root = join(here, "../..");
const out = process.argv[2];
const [, version] = /^version = "(.+)"$/m.exec(read(here, "Cargo.toml"));

function read(...path) {
  return readFileSync(join(...path), "utf8");
}

function writePackage() {
  const target = join(out, "npm");
  rmSync(target, { recursive: true, force: true });
  cpSync(join(here, "js"), target, { recursive: true });
  for (const file of ["engine.js", "engine_bg.wasm"]) cpSync(join(out, "glue/web", file), join(target, file));
  for (const file of ["LICENSE-APACHE", "LICENSE-MIT"]) cpSync(join(root, file), join(target, file));
  cpSync(join(here, "README.md"), join(target, "README.md"));
  const { name, ...rest } = JSON.parse(read(here, "package.json"));
  writeFileSync(join(target, "package.json"), `${JSON.stringify({ name, version, ...rest }, null, 2)}\n`);
}

// The page must work from a file, where nothing can be loaded. So it has everything inside: styles,
// scripts, and the module, compressed. Its policy names the scripts and styles by their hashes, and
// forbids every connection.
function writePlayground() {
  const module = gzipSync(readFileSync(join(out, "glue/classic/engine_bg.wasm")), {
    level: constants.Z_BEST_COMPRESSION,
  });
  // The reports of the command look the same.
  const shared = join(root, "src/report/html");
  const style = read(shared, "base.css") + read(shared, "report.css") + read(here, "playground/style.css");
  const script = read(shared, "base.js") + read(here, "playground/page.js");
  const worker = `${read(out, "glue/classic/engine.js")}\n${read(here, "playground/worker.js")}`;
  const parts = {
    policy: [
      "default-src 'none'",
      `style-src '${hash(style)}'`,
      `script-src '${hash(script)}' 'wasm-unsafe-eval' blob:`,
      "worker-src blob:",
      "connect-src 'none'",
      "form-action 'none'",
      "base-uri 'none'",
    ].join("; "),
    style,
    script,
    worker: inert(worker),
    sample: escaped(read(here, "playground/sample.txt")),
    module: module.toString("base64"),
    version,
  };
  const page = read(here, "playground/page.html").replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
  mkdirSync(join(out, "playground"), { recursive: true });
  writeFileSync(join(out, "playground/index.html"), page);
  const sizes = [page.length, gzipSync(page).length].map((bytes) => `${(bytes / 1e6).toFixed(2)} MB`);
  console.log(`bindings/wasm/build: the playground has ${sizes[0]}, compressed ${sizes[1]}`);
}

function hash(text) {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

/** Escapes a script that the page holds as data, so that it cannot end its element. */
function inert(script) {
  return script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

writePackage();
writePlayground();
