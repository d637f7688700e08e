// Asks about the lines of an audit, one after the other, and saves the answers to a file. What is asked
// comes first, then what is answered, then files, then the page.

const ANSWERS = ["chaff", "prose", "unsure"];
const SPOKEN = { chaff: "chaff", prose: "prose", unsure: "can’t say" };
// After how many answers the figures are shown.
const ROUND = 20;
// Lines that are not blank and are shown before and after a line, at first.
const REACH = 6;
// Characters of a line that are shown at first: of a neighbour, and of what is asked about.
const SHOWN = 300, ASKED = 3000;
const STORE = "dechaff-audit-" + data.audit;

// The answers: by person, then by index of the item.
const given = new Map();
let person = "", at = 0, since = 0, reach = REACH, unsaved = false, stores = true;

// The parts of a text at its line feeds. `line` of an item counts them from 1.
const split = new Map();
function linesOf(index) {
  if (!split.has(index)) split.set(index, data.documents[index].text.split("\n"));
  return split.get(index);
}
const lineOf = (item) => linesOf(item.document)[item.line - 1];

// Divides the line of an item into what is removed of it and what is not. Spans count code points.
function pieces(item) {
  const points = Array.from(lineOf(item)), list = [];
  let end = 0;
  for (const [from, to] of item.spans) {
    list.push({ cut: false, text: points.slice(end, from).join("") }, { cut: true, text: points.slice(from, to).join("") });
    end = to;
  }
  list.push({ cut: false, text: points.slice(end).join("") });
  return list.filter((piece) => piece.text);
}
const isBlank = (text) => !/\P{White_Space}/u.test(text);

// Answers of the person who answers now.
function own() {
  if (!given.has(person)) given.set(person, new Map());
  return given.get(person);
}
function firstOpen() {
  const open = data.items.findIndex((_, index) => !own().has(index));
  return open < 0 ? data.items.length : open;
}
const listOf = (name) => [...(given.get(name) || [])].map(([item, answer]) => ({ item, by: name, ...answer }));
const all = () => [...given.keys()].flatMap(listOf).sort((a, b) => a.item - b.item || (a.by < b.by ? -1 : 1));

// Adds an answer from a file or from storage. Of two by one person, the later one counts.
function add({ item, answer, by, at, seconds }) {
  if (!given.has(by)) given.set(by, new Map());
  const known = given.get(by).get(item);
  if (known && known.at >= at) return false;
  given.get(by).set(item, { answer, at, seconds });
  return true;
}
const isAnswer = (answer) => answer && data.items[answer.item] && Number.isInteger(answer.item) && ANSWERS.includes(answer.answer)
  && typeof answer.by === "string" && typeof answer.at === "number" && typeof answer.seconds === "number";

// The file of answers: JSON Lines, one labelled page for each document that has answers.
function answersFile() {
  const pages = data.documents.map(() => []);
  for (const answer of all()) pages[data.items[answer.item].document].push(answer);
  return pages.map((answers, index) => (answers.length ? JSON.stringify(labelledPage(index, answers)) + "\n" : "")).join("");
}
function labelledPage(index, answers) {
  const { name, text, site, host, lang = null } = data.documents[index];
  return {
    id: name, text, labels: labels(linesOf(index), answers), publisher: site || undefined, host: host || undefined, lang,
    dataset: "audit", extractor: "audit", split: "train",
    audit: { audit: data.audit, level: data.level, answers: answers.map(answerJson) },
  };
}
function answerJson({ item, answer, by, at, seconds }) {
  const { line, side, words, rule } = data.items[item];
  return { item, line, answer, side, words, rule, by, at, seconds };
}
// One letter for each line: k for prose, d for chaff, u for what is not known, such as a line of which only
// a part is chaff or about which answers differ.
function labels(lines, answers) {
  const letters = lines.map(() => "");
  for (const { item, answer } of answers) {
    const { line } = data.items[item];
    const letter = answer === "prose" ? "k" : answer === "chaff" && data.items[item].whole ? "d" : "u";
    letters[line - 1] = ["", letter].includes(letters[line - 1]) ? letter : "u";
  }
  return letters.map((letter) => letter || "u").join("");
}

function save() {
  const number = all().length;
  if (!number) return say("There is nothing to save yet.");
  const address = URL.createObjectURL(new Blob([answersFile()], { type: "application/jsonl" }));
  el("a", { href: address, download: "answers.jsonl" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
  unsaved = false;
  keep();
  say(`Saved ${several(number, "answer")} to answers.jsonl.`
    + (given.has("") && given.get("").size ? " Enter your name and save again, so that they can be merged with those of others." : ""));
}

// Reads the rows of a file of answers. Returns a message instead if it is not one.
function rowsOf(text) {
  const rows = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (isBlank(line)) continue;
    try {
      rows.push(JSON.parse(line));
    } catch {
      return `line ${index + 1} is not JSON. Choose a file that was saved as answers.`;
    }
  }
  return rows;
}
async function load(file) {
  const rows = rowsOf(await file.text());
  if (typeof rows === "string") return say(`${file.name}: ${rows}`);
  const audits = rows.map((row) => row && row.audit).filter((audit) => audit && Array.isArray(audit.answers));
  const ours = audits.filter((audit) => audit.audit === data.audit).flatMap((audit) => audit.answers);
  if (!ours.length) {
    return say(audits.length ? `${file.name} has answers to another sample (${audits[0].audit}), and none to this one (${data.audit}).`
      : `${file.name} has no answers to an audit. Choose a file that was saved as answers.`);
  }
  const fitting = ours.filter(isAnswer), added = fitting.filter(add).length;
  const names = new Set(fitting.map((answer) => answer.by));
  if (!own().size && names.size === 1) person = [...names][0];
  const left = ours.length - fitting.length;
  keep();
  go(firstOpen(), `Loaded ${several(added, "answer")} from ${file.name}.`
    + (added < fitting.length ? ` ${several(fitting.length - added, "answer")} ${fitting.length - added === 1 ? "was" : "were"} here already.` : "")
    + (left ? ` ${several(left, "answer")} did not fit this sample and ${left === 1 ? "was" : "were"} left out.` : "")
    + (own().size || !names.size ? "" : ` They are by ${[...names].join(", ")}: enter that name to go on with them.`));
}

// Browsers may refuse to store anything for a page from disk. The answers are then in the page alone.
function keep() {
  try {
    localStorage.setItem(STORE, JSON.stringify({ person, unsaved, answers: all() }));
  } catch {
    stores = false;
  }
}
function recall() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE));
    if (!kept) return;
    kept.answers.filter(isAnswer).forEach(add);
    person = String(kept.person);
    unsaved = Boolean(kept.unsaved);
  } catch {
    stores = false;
  }
}

function answer(choice) {
  if (at >= data.items.length) return;
  const isNew = !own().has(at), number = at + 1;
  const seconds = Math.round((performance.now() - since) / 100) / 10;
  own().set(at, { answer: choice, at: Math.floor(Date.now() / 1000), seconds });
  unsaved = true;
  keep();
  const told = `Question ${count(number)}: ${SPOKEN[choice]}.`;
  const isRound = isNew && own().size % ROUND === 0;
  go(firstOpen(), isRound ? `${told} ${showFigures()}` : told);
}

// Answers that were given without a name get the first name that is entered.
function rename(name) {
  const before = person, nameless = listOf("");
  person = name;
  if (before === "" && name) {
    given.delete("");
    for (const answer of nameless) add({ ...answer, by: name });
    unsaved ||= nameless.length > 0;
  }
  keep();
  const others = before && before !== name ? given.get(before) : null;
  go(firstOpen(), (name ? `Answering as ${name}.` : "Answering without a name.")
    + (others && others.size ? ` ${several(others.size, "answer")} by ${before} ${others.size === 1 ? "stays" : "stay"}, apart from yours.` : ""));
}

// Shows what a terminal or browser would act on: control characters, and those that reorder text.
const HARMFUL = /([\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069])/u;
function shown(text) {
  return text.replace(/\r$/, "").split(HARMFUL).filter(Boolean).map((part) =>
    (HARMFUL.test(part) ? el("span", { class: "code" }, `\\u{${part.codePointAt(0).toString(16)}}`) : part));
}
// Shortens a long text at its start, in the middle or at its end.
function clip(text, most, where) {
  const points = reach > REACH || text.length <= most ? [] : Array.from(text);
  if (points.length <= most) return text;
  if (where === "start") return "… " + points.slice(-most).join("");
  if (where === "end") return points.slice(0, most).join("") + " …";
  return points.slice(0, most / 2).join("") + " … " + points.slice(-most / 2).join("");
}

// The line of an item, with what is removed of it struck through.
function askedLine(item) {
  const list = pieces(item);
  const parts = list.map(({ cut, text }, index) => {
    const isAsked = cut === (item.side === "removed"), isEdge = index === 0 || index === list.length - 1;
    const clipped = clip(text, isAsked ? ASKED : SHOWN, isAsked || !isEdge ? "middle" : index ? "end" : "start");
    return cut ? el("del", {}, unseen(" [removed: "), shown(clipped), unseen("] ")) : el("span", {}, shown(clipped));
  });
  return el("p", { class: "asked", dir: "auto" }, unseen("The line: "), parts);
}
const unseen = (text) => el("span", { class: "unseen" }, text);

// The neighbours of a line in one direction, nearest first. Blank lines are left out, and marked as a gap.
function neighbours(lines, start, step) {
  const list = [];
  let index = start + step, gap = false;
  for (; lines[index] !== undefined && list.length < reach; index += step) {
    if (isBlank(lines[index])) { gap = true; continue; }
    list.push({ text: lines[index], gap });
    gap = false;
  }
  while (lines[index] !== undefined && isBlank(lines[index])) index += step;
  return { list, isEdge: lines[index] === undefined };
}
const neighbour = (text, gap) => el("p", { class: gap ? "after-gap" : null, dir: "auto" }, shown(clip(text, SHOWN, "end")));
const edge = (text) => el("p", { class: "edge" }, text);

function drawLines(item) {
  const lines = linesOf(item.document);
  const before = neighbours(lines, item.line - 1, -1), after = neighbours(lines, item.line - 1, 1);
  fill("lines", before.isEdge && edge("no lines before"),
    before.list.map(({ text }, index) => neighbour(text, index + 1 < before.list.length && before.list[index + 1].gap)).reverse(),
    askedLine(item), after.list.map(({ text, gap }) => neighbour(text, gap)), after.isEdge && edge("no lines after"));
  by("more").disabled = before.isEdge && after.isEdge && reach > REACH;
  reveal();
}
// Scrolls until the line is visible, above the answers.
function reveal() {
  document.documentElement.style.scrollPaddingBottom = `${document.querySelector(".bar").offsetHeight + 8}px`;
  const asked = document.querySelector(".asked");
  if (asked) asked.scrollIntoView({ block: "nearest" });
}

function questionOf({ side, whole }) {
  if (side === "removed") return `${whole ? "This line" : "What is struck through"} is removed. Is it chaff or prose?`;
  return whole ? "This line is kept. Is it chaff or prose?" : "The rest of this line is kept. Is the rest chaff or prose?";
}
function drawWhy(item) {
  const share = (number) => number.toFixed(3);
  fill("why", el("p", {}, "Rule ", el("code", { class: "rule-name" }, item.rule || "none"),
    typeof item.score === "number" ? `, score ${share(item.score)}` : "",
    typeof item.score === "number" && typeof item.threshold === "number" ? `; level ${data.level} removes above ${share(item.threshold)}` : ""),
    item.why && el("p", {}, shown(item.why)));
}
function setWhy(isOpen) {
  by("why").hidden = !isOpen;
  by("tell").setAttribute("aria-expanded", String(isOpen));
  reveal();
}

// Shows an item, or that all are answered, and says what happened before.
function go(index, message) {
  at = index;
  reach = REACH;
  since = performance.now();
  setWhy(false);
  draw();
  const item = data.items[at];
  say(message, item ? ` ${questionOf(item)} ${lineOf(item).slice(0, ASKED)}` : "");
}
function draw() {
  const item = data.items[at], answered = own().size;
  by("name").value = person;
  by("place").textContent = item ? `Question ${count(at + 1)} of ${count(data.items.length)}` : `${count(answered)} answered`;
  by("progress").max = Math.max(1, data.items.length);
  by("progress").value = answered;
  const mine = item && own().get(at);
  for (const choice of ANSWERS) {
    by(choice).disabled = !item;
    by(choice).setAttribute("aria-pressed", String(Boolean(mine && mine.answer === choice)));
  }
  by("back").disabled = at === 0;
  by("forward").disabled = !mine;
  by("tell").disabled = by("more").disabled = !item;
  by("kept").textContent = keptText();
  if (item) drawItem(item);
  else drawEnd();
}
function keptText() {
  const others = all().length - own().size;
  const told = `${several(own().size, "answer")}${others ? `, and ${count(others)} by others` : ""}. `;
  if (!unsaved) return told;
  return told + (stores ? "Some are not in a file yet; this browser remembers them." : "Some are not in a file yet, and closing this page loses them.");
}
function drawItem(item) {
  const page = data.documents[item.document];
  by("question").textContent = questionOf(item);
  fill("origin", shown([page.name, page.id && `id ${page.id}`, page.site, item.kind, page.lang].filter(Boolean).join(" · ")), ` · line ${count(item.line)}`);
  drawLines(item);
  drawWhy(item);
}
function drawEnd() {
  by("question").textContent = data.items.length ? "All lines of this sample are answered." : "This sample has no lines.";
  fill("origin");
  fill("lines", edge(data.items.length ? "Save the answers. To answer more, draw a larger sample (--questions)." : "Draw one from a corpus from which something is removed."));
}
function say(message, spoken) {
  fill("status", message || "", spoken && unseen(spoken));
}

// Figures: the loss and what is left, of all answers here. Shares have two or three digits.
function percent(share) {
  const number = 100 * share;
  return number <= 0 ? "0" : number.toFixed(number >= 10 ? 0 : number >= 1 ? 1 : number >= 0.1 ? 2 : 3);
}
const bounds = ({ low, high }) => `95 %: ${percent(low)} to ${percent(high)} %`;
// Numbers of words are estimates, so two digits of them say enough.
const words = ({ value }) => several(Number(Math.round(value) > 99 ? value.toPrecision(2) : value.toFixed(0)), "word");
function figure(name, share, sum, halve) {
  return [el("dt", {}, name), el("dd", {}, el("b", {}, `${percent(share.value)} %`), ` (${bounds(share)})`),
    el("dd", {}, `about ${words(sum)} of this corpus`),
    halve === null ? null : el("dd", { class: "quiet" }, `About ${several(halve, "more answer")} would halve this interval.`)];
}
function showFigures() {
  const result = estimate(data, all());
  if (!result.answers) {
    fill("figures", el("p", { class: "quiet" }, "There are no answers yet."));
    return "There are no answers yet.";
  }
  const unsure = result.unsure ? `, ${count(result.unsure)} of them can’t say` : "";
  fill("figures", el("p", {}, `After ${several(result.answers, "answer")}${unsure}, at level ${data.level}:`), el("dl", {},
    figure("Words of prose that are lost", result.loss, result.lost_words, result.to_halve.loss),
    figure("Words of chaff that are left", result.left, result.left_words, result.to_halve.left)));
  return `${percent(result.loss.value)} % of the words of prose are lost (${bounds(result.loss)}), `
    + `and ${percent(result.left.value)} % of the chaff is left (${bounds(result.left)}).`;
}

// Keys and buttons do the same.
const commands = {
  chaff: () => answer("chaff"), prose: () => answer("prose"), unsure: () => answer("unsure"),
  back: () => at > 0 && go(at - 1, ""),
  forward: () => own().has(at) && go(at + 1, ""),
  tell: () => at < data.items.length && setWhy(by("why").hidden),
  more: () => { reach *= 4; if (at < data.items.length) drawLines(data.items[at]); },
  compute: () => say(showFigures()),
  save, "show-help": () => by("help").showModal(),
  open: () => by("file").click(),
};
const KEYS = { c: "chaff", p: "prose", u: "unsure", " ": "unsure", b: "back", ArrowLeft: "back", ArrowRight: "forward", w: "tell", m: "more",
  r: "compute", s: "save", "?": "show-help" };
for (const [id, command] of Object.entries(commands)) by(id).addEventListener("click", () => command());
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || by("help").open || !by("keys").checked) return;
  const command = Object.hasOwn(KEYS, event.key) && KEYS[event.key];
  // The space bar presses a button that has the focus, and the arrows move in a text.
  if (!command || event.target.tagName === "INPUT" || (event.key === " " && event.target.tagName === "BUTTON")) return;
  event.preventDefault();
  commands[command]();
});
by("name").addEventListener("change", () => rename(by("name").value.trim()));
by("name").addEventListener("keydown", (event) => { if (event.key === "Enter") by("name").blur(); });
by("file").addEventListener("change", async () => {
  const [file] = by("file").files;
  if (file) await load(file);
  by("file").value = "";
});
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); by("main").focus(); });
addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

recall();
by("options").textContent = `${data.options} · ${several(data.totals.documents, "document")}, ${several(data.totals.words, "word")} · audit ${data.audit} · dechaff ${data.dechaff}`;
go(firstOpen(), own().size ? `Going on after ${several(own().size, "answer")}.` : "");
