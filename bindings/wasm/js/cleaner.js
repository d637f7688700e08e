// The interface of the package. The engine returns spans; texts are cut out of the source here.

import { checkText, cleanerOptions, levelAndOrigin, origin } from "./arguments.js";
import { Engine, initSync, version as engineVersion } from "./engine.js";

let isReady = false;
const byLevel = new Map();

/** Starts the engine from the bytes of its module, or a compiled module. Does nothing if it runs. */
export function start(module) {
  if (!isReady) initSync({ module });
  isReady = true;
}

export class Cleaner {
  #engine;
  #level;

  constructor(options) {
    const given = cleanerOptions(options);
    if (!isReady) throw new Error("dechaff is not loaded; call `await init()` of this package first");
    this.#engine = new Engine(given);
    this.#level = options?.level ?? "balanced";
  }

  get level() {
    return this.#level;
  }

  clean(text, options) {
    return this.scan(text, options).text;
  }

  scan(text, options) {
    const { held, share, removals } = this.#call("scan", text, options);
    const withText = removals.map((removal) => cut(text, removal));
    return { source: text, text: kept(text, removals), held, share, removals: withText };
  }

  explain(text, options) {
    const explained = this.#call("explain", text, options);
    const { held, share, language } = explained;
    const removals = explained.removals.map((removal) => ({
      ...cut(text, removal),
      matches: removal.matches.map((match) => cut(text, match)),
    }));
    const protections = explained.protections.map((protection) => cut(text, protection));
    const cleaned = held ? text : kept(text, removals);
    const { judgements } = explained;
    return { source: text, text: cleaned, held, share, language, removals, protections, judgements };
  }

  #call(method, text, options) {
    checkText(text);
    const { url, lang } = origin(options);
    return JSON.parse(this.#engine[method](text, url, lang));
  }
}

export function clean(text, options) {
  return scan(text, options).text;
}

export function scan(text, options) {
  const [level, rest] = levelAndOrigin(options);
  return cleanerOf(level).scan(text, rest);
}

export function explain(text, options) {
  const [level, rest] = levelAndOrigin(options);
  return cleanerOf(level).explain(text, rest);
}

export function restore(text, removals) {
  const parts = [];
  let [taken, length] = [0, 0];
  for (const { start, end, text: removed } of removals) {
    const missing = start - length;
    if (missing < 0 || taken + missing > text.length) {
      throw new Error(`the removal at ${start} does not fit the text; is it of another one?`);
    }
    parts.push(text.slice(taken, taken + missing), removed);
    taken += missing;
    length = end;
  }
  return parts.join("") + text.slice(taken);
}

export function version() {
  if (!isReady) throw new Error("dechaff is not loaded; call `await init()` of this package first");
  return engineVersion();
}

/** Returns the cleaner of a level. They are kept, because building one takes milliseconds. */
function cleanerOf(level) {
  const known = byLevel.get(level);
  if (known) return known;
  const cleaner = new Cleaner({ level });
  byLevel.set(level, cleaner);
  return cleaner;
}

function cut(source, span) {
  return { ...span, text: source.slice(span.start, span.end) };
}

/** Returns the source without its removals. */
function kept(source, removals) {
  const starts = [0, ...removals.map((removal) => removal.end)];
  const ends = [...removals.map((removal) => removal.start), source.length];
  return starts.map((start, index) => source.slice(start, ends[index])).join("");
}
