// Checks arguments, which JavaScript does not. What only the engine knows, such as the names of
// levels and rules, it checks itself.

const OPTIONS = {
  level: "a string",
  only: "a string or an array of strings",
  skip: "a string or an array of strings",
  maxRemoved: "a number",
  maxLoss: "a number",
  idempotent: "a boolean",
};
const ORIGIN = { url: "a string", lang: "a string" };

/** Checks a text. */
export function checkText(text) {
  if (typeof text !== "string") throw new TypeError(`text must be a string, not ${kind(text)}`);
}

/** Returns the options of a cleaner as JSON for the engine. */
export function cleanerOptions(options) {
  const given = checked(options, OPTIONS);
  for (const name of ["only", "skip"]) {
    if (typeof given[name] === "string") given[name] = [given[name]];
  }
  return JSON.stringify(given);
}

/** Returns where a text comes from. */
export function origin(options) {
  return checked(options, ORIGIN);
}

/** Divides the options of a function into the level and where the text comes from. */
export function levelAndOrigin(options) {
  const { level, ...rest } = checked(options, { level: OPTIONS.level, ...ORIGIN });
  return [level, rest];
}

function checked(options, known) {
  if (options === undefined) return {};
  if (options === null || typeof options !== "object") {
    throw new TypeError(`options must be an object, not ${kind(options)}`);
  }
  // What is undefined or null was not given.
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  for (const [name, value] of given) {
    if (!Object.hasOwn(known, name)) {
      throw new TypeError(`there is no option '${name}'; the options are ${Object.keys(known).join(", ")}`);
    }
    if (!isOfKind(value, known[name])) {
      throw new TypeError(`${name} must be ${known[name]}, not ${kind(value)}`);
    }
  }
  return Object.fromEntries(given);
}

function isOfKind(value, wanted) {
  if (wanted === "a string or an array of strings") {
    return [value].flat().every((item) => typeof item === "string");
  }
  return wanted === `a ${typeof value}` && !Number.isNaN(value);
}

function kind(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return String(value);
  return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
}
