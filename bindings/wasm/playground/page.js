// The page: reads the text and the level, has a worker explain the text, and shows the answer.

// Laying out a long text takes long, so the page shows a part of it until more is asked for.
const PART = 100_000;
const MOST_REMOVALS = 200;
const PAUSE = 250;

const source = by("source");
const sample = source.value;
const languages = new Intl.DisplayNames("en", { type: "language" });
const code = new Blob([by("worker").textContent], { type: "text/javascript" });
const script = URL.createObjectURL(code);
let compiled;
let worker;
let isBusy = false;
let run = 0;
let asked;
let timer;
let shown;
let limit = PART;
let mostRemovals = MOST_REMOVALS;

const chosen = (name) => document.querySelector(`input[name=${name}]:checked`).value;

async function load() {
  try {
    const packed = Uint8Array.from(atob(by("module").textContent), (char) => char.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    compiled = await WebAssembly.compile(await new Response(stream).arrayBuffer());
    by("module").remove();
    explain();
  } catch (error) {
    fail(`This browser cannot run dechaff: ${error.message}. Use a newer one.`);
  }
}

function start() {
  // A stale run cannot be interrupted, so its worker is ended.
  if (worker && isBusy) stop();
  if (worker) return;
  worker = new Worker(script);
  worker.onmessage = receive;
  worker.onerror = (event) => {
    stop();
    fail(`The text could not be cleaned: ${event.message}. Reload the page.`);
  };
  worker.postMessage({ module: compiled });
}

function stop() {
  worker.terminate();
  worker = undefined;
  isBusy = false;
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(explain, PAUSE);
}

function explain() {
  clearTimeout(timer);
  if (!compiled) return;
  start();
  run += 1;
  isBusy = true;
  by("result").classList.add("is-stale");
  asked = source.value;
  worker.postMessage({ run, text: asked, level: chosen("level") });
}

function receive({ data }) {
  if (data.run !== run) return;
  isBusy = false;
  if (data.problem) {
    fail(`The text could not be cleaned: ${data.problem}.`);
    return;
  }
  by("problem").hidden = true;
  shown = { text: asked, ...data.explained };
  limit = PART;
  mostRemovals = MOST_REMOVALS;
  by("copy").disabled = false;
  by("status").textContent = summary();
  showText();
  showRemovals();
}

function fail(message) {
  by("problem").textContent = message;
  by("problem").hidden = false;
  by("status").textContent = "No result.";
}

function summary() {
  const { text, held, share, removals, language } = shown;
  if (!text.trim()) return "There is no text yet.";
  const removed = removals.reduce((sum, removal) => sum + removal.end - removal.start, 0);
  const percent = `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
  const name = language ? ` Language: ${languages.of(language)}.` : "";
  if (held) return `Held: nothing is removed, because ${percent} of the text would be.${name}`;
  if (!removals.length) return `Nothing is removed.${name}`;
  const parts = `${several(removals.length, "part")} removed`;
  return `${parts}: ${count(removed)} of ${several(text.length, "character")}, ${percent}.${name}`;
}

function cleaned() {
  const parts = [];
  let last = 0;
  for (const { start, end } of shown.held ? [] : shown.removals) {
    parts.push(shown.text.slice(last, start));
    last = end;
  }
  return parts.join("") + shown.text.slice(last);
}

function showText() {
  by("result").classList.remove("is-stale");
  const isMarked = chosen("view") === "marked";
  const text = isMarked ? shown.text : cleaned();
  fill("result", ...(isMarked ? marked(limit) : [text.slice(0, limit)]));
  by("more").hidden = text.length <= limit;
}

// Returns the first `most` characters of the text with the removed parts struck out.
function marked(most) {
  const parts = [];
  let last = 0;
  for (const [index, removal] of shown.removals.entries()) {
    if (removal.start >= most) break;
    parts.push(shown.text.slice(last, removal.start), struck(removal, index));
    last = removal.end;
  }
  return [...parts, shown.text.slice(last, Math.max(most, last))];
}

// The name of the rule stands before the line break at the end of a removed line.
function struck(removal, index) {
  const text = shown.text.slice(removal.start, removal.end);
  const visible = text.trimEnd();
  if (!visible) return [el("del", { "aria-hidden": "true" }, "¶"), text];
  const verb = shown.held ? "would be removed" : "removed";
  return [
    el("del", { id: `removal-${index}`, class: `c-${removal.category}`, tabindex: -1 },
      el("span", { class: "unseen" }, `${verb}: `), visible),
    el("span", { class: "tag" }, removal.rule), text.slice(visible.length),
  ];
}

// Lists the removals of words. Blank lines beside them are only counted.
function showRemovals() {
  const items = [...shown.removals.entries()].filter(([, removal]) => words(removal));
  const blanks = shown.removals.length - items.length;
  fill("removals", items.slice(0, mostRemovals).map(([index, removal]) => item(removal, index)));
  by("blanks").textContent = blanks ? `${several(blanks, "run")} of blank lines beside them.` : "";
  by("more-removals").hidden = items.length <= mostRemovals;
}

function item(removal, index) {
  const { rule, also, category, confidence, description } = removal;
  const others = also.length ? el("span", { class: "quiet" }, ` also ${also.join(", ")}`) : null;
  const link = el("button", { type: "button", onclick: () => jump(index) }, lines(removal));
  const name = el("b", { class: "rule-name" }, rule);
  return el("li", { class: `c-${category}` },
    el("p", {}, link, name, ` (${category}, ${confidence})`, others),
    el("p", {}, el("q", {}, short(words(removal)))),
    el("p", {}, description), details(removal));
}

function lines({ firstLine, lastLine }) {
  if (firstLine === lastLine) return `Line ${count(firstLine)}`;
  return `Lines ${count(firstLine)}–${count(lastLine)}`;
}

function words({ start, end }) {
  return shown.text.slice(start, end).trim();
}

// What matched, and what the line model says, for those who want to know more.
function details(removal) {
  const parts = [
    ...clauses(removal).map((clause) => el("p", {}, "Matches ", el("code", {}, short(clause)))),
    ...removal.judgements.filter(({ decision }) => decision === "removed").slice(0, 1).map(judgement),
  ];
  if (!parts.length) return null;
  return el("details", { class: "quiet" }, el("summary", {}, "What was found"), parts);
}

function clauses(removal) {
  return [...new Set(removal.matches.map(({ clause }) => clause).filter(Boolean))].slice(0, 3);
}

function judgement({ score, threshold, page, features }) {
  const reasons = features.filter(({ weight }) => weight > 0).slice(0, 3);
  const named = reasons.map(({ name, value }) => `${name} ${value}`).join(", ");
  return el("p", {}, `The line model takes it for chaff with ${score.toFixed(2)}; `,
    `in ${page}, it removes above ${threshold.toFixed(2)}.`, named ? ` Mostly because of: ${named}.` : null);
}

function short(text) {
  return text.length > 160 ? `${text.slice(0, 160)} …` : text;
}

function jump(index) {
  by("view-marked").checked = true;
  limit = Math.max(limit, shown.removals[index].end);
  showText();
  by(`removal-${index}`).focus();
  by(`removal-${index}`).scrollIntoView({ block: "center" });
}

async function copy() {
  const text = cleaned();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyBySelection(text);
  }
  by("status").textContent = `Copied ${several(text.length, "character")}.`;
}

// Some browsers refuse the clipboard to a page from a file.
function copyBySelection(text) {
  const area = el("textarea", { class: "unseen", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  by("copy").focus();
}

function replaceText(text) {
  source.value = text;
  explain();
  source.focus();
}

source.addEventListener("input", later);
by("levels").addEventListener("change", explain);
by("views").addEventListener("change", () => shown && showText());
by("sample").addEventListener("click", () => replaceText(sample));
by("clear").addEventListener("click", () => replaceText(""));
by("copy").addEventListener("click", copy);
by("more").addEventListener("click", () => {
  limit += 5 * PART;
  showText();
});
by("more-removals").addEventListener("click", () => {
  mostRemovals += 5 * MOST_REMOVALS;
  showRemovals();
});
load();
