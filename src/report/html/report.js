// Renders the report from its data. The fragment of the address holds the view and the filters, so
// that every view can be bookmarked.

const ruleOf = new Map(data.rules.map((rule) => [rule.name, rule]));
const categoryOf = (name) => (ruleOf.get(name) || { category: "other" }).category;
const FIELDS = ["cat", "rule", "min", "max", "q"];
let state = {};

// More numbers for display.
const percent = (part, whole) => (whole ? ((100 * part) / whole).toFixed(1) : "0.0") + " %";
function bytes(number) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  while (number >= 1000 && unit < units.length - 1) { number /= 1000; unit += 1; }
  return (unit ? number.toFixed(1) : String(number)) + " " + units[unit];
}
const score = (thousandths) => (thousandths / 1000).toFixed(3);

// The view and the filters, in the fragment of the address.
function read() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  state = Object.fromEntries(parameters);
  if (!["overview", "rules", "documents"].includes(state.view)) state.view = "overview";
}
function address(changes) {
  const next = { ...state, ...changes };
  const parameters = new URLSearchParams();
  for (const key of ["view", "doc", "sort", ...FIELDS]) if (next[key]) parameters.set(key, next[key]);
  return "#" + parameters;
}
const link = (text, changes, attributes) => el("a", { href: address(changes), ...attributes }, text);

// Filters: whether the page shows a rule, a score, a text or a piece of a document.
const folded = (text) => text.toLowerCase();
function wantsRule(name) {
  const rule = state.rule || "";
  return (!state.cat || categoryOf(name) === state.cat) && (!rule || (ruleOf.has(rule) ? name === rule : name.includes(rule)));
}
const wantsScore = (thousandths) =>
  thousandths >= 1000 * (parseFloat(state.min) || 0) && (isNaN(parseFloat(state.max)) || thousandths <= 1000 * parseFloat(state.max));
const wantsText = (...texts) => !state.q || texts.some((text) => folded(text).includes(folded(state.q)));
const wantsPiece = ([, rule, also, points]) => rule && [rule, ...also].some(wantsRule) && wantsScore(points);
const isNarrowed = () => state.cat || state.rule || state.min || state.max;

// Marks what was searched for in a text. Lower case may change the length of a text, and with it
// offsets; such a text is left unmarked.
function found(text) {
  if (!state.q) return [text];
  const parts = [], sought = folded(state.q), where = folded(text);
  if (where.length !== text.length) return [text];
  let at = 0;
  for (let next = where.indexOf(sought); next >= 0; next = where.indexOf(sought, at)) {
    parts.push(text.slice(at, next), el("mark", {}, text.slice(next, next + sought.length)));
    at = next + sought.length;
  }
  return [...parts, text.slice(at)];
}

// Names of rules are not broken across lines, so that they can be read and copied in a narrow window.
const ruleName = (name) => el("span", { class: "rule-name" }, name);
const ruleNames = (names) => names.flatMap((name, index) => [index ? ", " : "", ruleName(name)]);

const swatch = (category) => el("span", { class: "swatch c-" + category, "aria-hidden": "true" });
const meter = (part, whole, category) =>
  el("svg", { class: "meter c-" + category, viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    el("rect", { x: 0, y: 0, height: 10, width: whole ? (100 * part) / whole : 0 }));

// What the heads of columns mean, also for those who read with the mouse.
const HINTS = {
  Hits: "Removals of the rule, alone or together with others",
  Bytes: "Bytes of these removals",
  "Sole bytes": "Bytes that no other rule removes: they would stay without the rule",
  Protected: "Saved text: what the rule would have removed, if a keep rule did not protect it",
  other: "What fits no topic: removals of the line model, and the rest of a sentence that a rule began to remove",
};

// Makes a table. A column is [head, function from row to cell, class].
function table(caption, columns, rows, attributes) {
  const head = columns.map(([name, , kind]) => el("th", { scope: "col", class: kind, title: HINTS[name] }, name));
  const body = rows.map((row) => el("tr", attributes ? attributes(row) : {},
    columns.map(([, cell, kind], index) => el(index ? "td" : "th", { class: kind, scope: index ? null : "row" }, cell(row)))));
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    el("table", {}, el("caption", { class: "unseen" }, caption), el("thead", {}, el("tr", {}, head)), el("tbody", {}, body)));
}

function overview() {
  const total = (name, value, more) => el("div", {}, el("dt", {}, name), el("dd", {}, value, " ", el("small", {}, more || "")));
  by("options").replaceChildren(...data.options.split(" ").flatMap((word) => [ruleName(word), " "]), "· dechaff " + data.dechaff);
  by("summary").textContent = data.summary;
  fill("totals",
    total("documents", count(data.documents)),
    total("changed", count(data.changed), percent(data.changed, data.documents)),
    total("held", count(data.held), percent(data.held, data.documents)),
    total("text read", bytes(data["bytes-read"])),
    total("removed", bytes(data["bytes-removed"]), percent(data["bytes-removed"], data["bytes-read"])));
  const most = Math.max(1, ...data.categories.map((category) => category.bytes));
  fill("categories", table("Bytes removed by category", [
    ["Category", ({ name }) => [swatch(name), link(ruleName(name), { view: "rules", cat: name, rule: "" }, { title: HINTS[name] })], "rule"],
    ["Bytes", (row) => bytes(row.bytes), "number"],
    ["Share", (row) => percent(row.bytes, data["bytes-removed"]), "number"],
    ["", (row) => meter(row.bytes, most, row.name), "bar"],
  ], data.categories));
  fill("shares", shares());
  fill("top-rules", ruleTable("Rules that removed most", data.rules.filter((rule) => rule.hits).slice(0, 10)));
}

// Draws the distribution of the removed share over documents. Those that lose nothing are given as
// text, since they are most of a corpus and their column would dwarf all others.
function shares() {
  const names = data.shares.map((_, index) => (index ? `${5 * (index - 1)}–${5 * index} %` : "nothing"));
  const classes = data.shares.slice(1), most = Math.max(1, ...classes), width = 21;
  const columns = classes.map((number, index) => {
    const height = number ? Math.max(2, (150 * number) / most) : 0;
    return el("rect", { class: "column", x: 46 + index * width, y: 165 - height, width: width - 3, height },
      el("title", {}, `${names[index + 1]}: ${several(number, "document")}`));
  });
  const ticks = [0, 25, 50, 75, 100].map((share) => el("text", { x: 45 + (share / 5) * width, y: 181, "text-anchor": "middle" }, `${share} %`));
  const chart = el("svg", { class: "shares", viewBox: "0 0 500 200", role: "img",
    "aria-label": "Number of documents by the share that they lose; the table below has the figures" },
    el("line", { x1: 40, x2: 470, y1: 165.5, y2: 165.5 }),
    el("text", { x: 38, y: 22, "text-anchor": "end" }, count(most)), el("text", { x: 38, y: 168, "text-anchor": "end" }, "0"),
    columns, ticks, el("text", { x: 255, y: 197, "text-anchor": "middle" }, "removed share of a document"));
  const none = el("p", {}, `${count(data.shares[0])} of ${several(data.documents, "document")} ${data.shares[0] === 1 ? "loses" : "lose"} nothing. The others:`);
  const rows = data.shares.map((number, index) => ({ name: names[index], number })).filter((row) => row.number);
  return [none, chart, el("details", {}, el("summary", {}, "As a table"), table("Documents by removed share", [
    ["Share removed", (row) => row.name, ""],
    ["Documents", (row) => count(row.number), "number"],
    ["", (row) => percent(row.number, data.documents), "number"],
  ], rows))];
}

function ruleTable(caption, rows) {
  const most = Math.max(1, ...rows.map((rule) => rule.bytes));
  return table(caption, [
    ["Rule", (rule) => [swatch(rule.category), link(ruleName(rule.name), { view: "rules", rule: rule.name, cat: "" })], "rule"],
    ["Category", (rule) => rule.category, "wide"],
    ["Documents", (rule) => count(rule.documents), "number wide"],
    ["Hits", (rule) => count(rule.hits), "number"],
    ["Bytes", (rule) => bytes(rule.bytes), "number"],
    ["Sole bytes", (rule) => bytes(rule.sole), "number wide"],
    ["Protected", (rule) => count(rule.saved), "number wide"],
    ["", (rule) => meter(rule.bytes, most, rule.category), "bar"],
  ], rows);
}

const samples = (list, kept) => el("ul", { class: "samples" }, list.map((sample) => el("li", {},
  el("div", { class: "context" }, sample.before,
    el(kept ? "span" : "del", { class: (kept ? "saved " : "") + "c-" + categoryOf(kept ? "" : state.rule) }, found(sample.text)), sample.after),
  el("div", { class: "quiet" }, sample.document, sample.score < 1000 ? ` · score ${score(sample.score)}` : "",
    sample.others.length ? (kept ? " · protected by " : " · also ") : "", ...ruleNames(sample.others)))));

function rules() {
  const texts = (rule) => [...(rule.samples || []), ...(rule.kept || [])].map((sample) => sample.text);
  const listed = data.rules.filter((rule) => rule.hits !== undefined);
  const rows = listed.filter((rule) => wantsRule(rule.name) && wantsText(rule.name, rule.description, ...texts(rule)));
  if (state.view === "rules") by("count").textContent = `${count(rows.length)} of ${several(listed.length, "rule")}`;
  const rule = ruleOf.get(state.rule);
  fill("rule-page", rule && [
    el("h3", { id: "rule-head" }, ruleName(rule.name)),
    el("p", {}, found(rule.description)),
    el("p", { class: "quiet" }, `${rule.category}${rule.confidence ? ", " + rule.confidence : ""} · `,
      link("documents with it", { view: "documents" }), " · ", link("all rules", { rule: "", cat: "" })),
    rule.samples && [el("h3", {}, "Removed, for example"), samples(rule.samples.filter((sample) => wantsScore(sample.score)), false)],
    rule.kept && [el("h3", {}, "Protected by keep rules"), samples(rule.kept, true)],
  ].flat());
  fill("rules", rows.length ? ruleTable("Rules", rows) : el("p", {}, "No rule matches the filters."));
}

function documents() {
  const why = { held: "held", share: "largest share", bytes: "most bytes", score: "lowest score", chance: "at random" };
  const pages = data.pages.map((page, index) => ({ ...page, index }));
  const rows = pages.filter((page) => (!isNarrowed() || page.pieces.some(wantsPiece))
    && wantsText(page.name, page.id || "", ...page.pieces.map(([text]) => text)));
  if (state.view === "documents") by("count").textContent = `${count(rows.length)} of ${several(pages.length, "document")} in this sample`;
  const shown = rows.find((page) => String(page.index) === state.doc) || rows[0];
  fill("documents", rows.length ? table("Documents", [
    ["Document", (page) => link(page.name, { view: "documents", doc: String(page.index) }), "name"],
    ["Removed", (page) => (page.held ? "held" : bytes(page.removed)), "number"],
    ["Share", (page) => percent(page.removed, page.bytes), "number"],
    ["Chosen for", (page) => page.why.map((reason) => why[reason]).join(", "), "wide"],
  ], rows, (page) => ({ "aria-current": shown && page.index === shown.index ? "true" : null })) : el("p", {}, "No document matches the filters.", scoresOf(pages)));
  fill("document", shown && one(shown));
}

// Says between which scores a filter finds something, if one is set.
function scoresOf(pages) {
  const scores = pages.flatMap((page) => page.pieces.filter(([, rule, , points]) => rule && points < 1000).map(([, , , points]) => points));
  if (!state.min && !state.max) return "";
  if (!scores.length) return " No removal here has a score below 1: all are by rules.";
  return ` The line model's scores here are from ${score(Math.min(...scores))} to ${score(Math.max(...scores))}.`;
}

function one(page) {
  const parts = page.pieces.flatMap((piece) => {
    const [text, rule, also, points, savedBy] = piece;
    if (!rule) return found(text);
    const names = [rule, ...also].join(", ");
    const told = savedBy ? `${names}, protected by ${savedBy}` : points < 1000 ? `${names} ${score(points)}` : names;
    const kind = (savedBy ? "saved " : "") + (wantsPiece(piece) ? "hit " : "other ") + "c-" + categoryOf(rule);
    const body = text.replace(/\n+$/, ""), end = text.slice(body.length);
    if (!body) return [el("span", { class: "tag", title: told }, "⏎"), end];
    const spoken = el("span", { class: "unseen" }, savedBy ? " [protected: " : page.held ? " [would be removed: " : " [removed: ");
    return [el(savedBy ? "span" : "del", { class: kind, title: told }, spoken, found(body), el("span", { class: "unseen" }, "] ")),
      el("span", { class: "tag" }, ...ruleNames([rule, ...also]), savedBy ? ", protected by " : points < 1000 ? " " + score(points) : "",
        savedBy ? ruleName(savedBy) : ""), end];
  });
  const hits = page.pieces.filter(wantsPiece).length;
  return [
    el("h3", { id: "document-head" }, page.name),
    el("p", { class: "quiet" }, page.id ? `id ${page.id} · ` : "", `${bytes(page.bytes)}, `,
      page.held ? `held: ${percent(page.removed, page.bytes)} would be removed` : `${bytes(page.removed)} removed (${percent(page.removed, page.bytes)})`,
      ` · ${several(hits, "removal")} ${hits === 1 ? "matches" : "match"} the filters`),
    el("div", { class: "steps" }, el("button", { type: "button", onclick: () => step(-1) }, "Previous removal"),
      el("button", { type: "button", onclick: () => step(1) }, "Next removal")),
    el("div", { class: "text", dir: "auto" }, parts),
  ];
}

// Moves the focus to the next or previous removal that passes the filters.
function step(by_) {
  const marks = [...document.querySelectorAll("#document .hit")];
  if (!marks.length) return;
  const at = marks.indexOf(document.activeElement);
  const next = marks[(at + by_ + marks.length + (at < 0 && by_ < 0 ? 1 : 0)) % marks.length];
  next.tabIndex = -1;
  next.focus();
  next.scrollIntoView({ block: "center" });
}

function draw() {
  read();
  for (const field of FIELDS) if (by(field) !== document.activeElement) by(field).value = state[field] || "";
  for (const section of document.querySelectorAll("section")) section.hidden = section.dataset.view !== state.view;
  for (const anchor of document.querySelectorAll("nav a")) {
    anchor.href = address({ view: anchor.dataset.view });
    anchor.dataset.view === state.view ? anchor.setAttribute("aria-current", "page") : anchor.removeAttribute("aria-current");
  }
  by("filters").hidden = state.view === "overview";
  overview();
  rules();
  documents();
}

by("cat").append(...[...new Set(data.rules.map((rule) => rule.category))].sort().map((name) => el("option", { value: name }, name)));
by("rule-names").append(...data.rules.filter((rule) => rule.hits !== undefined).map((rule) => el("option", { value: rule.name })));
by("filters").addEventListener("input", () => {
  const changes = Object.fromEntries(FIELDS.map((field) => [field, by(field).value]));
  history.replaceState(null, "", address(changes));
  draw();
});
by("filters").addEventListener("reset", (event) => {
  event.preventDefault();
  location.hash = address(Object.fromEntries(FIELDS.map((field) => [field, ""])));
});
by("filters").addEventListener("submit", (event) => event.preventDefault());
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); by("main").focus(); });
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || ["INPUT", "SELECT"].includes(event.target.tagName)) return;
  if (event.key === "/" && state.view !== "overview") { event.preventDefault(); by("q").focus(); }
  if (event.key === "n") step(1);
  if (event.key === "p") step(-1);
});
// Renders the page again after a link was followed, and moves the focus to the heading that it leads
// to, so that readers with a keyboard or a screen reader continue there.
addEventListener("hashchange", () => {
  const before = state, list = document.querySelector("#documents .scroll"), top = list ? list.scrollTop : 0;
  draw();
  const listed = document.querySelector("#documents .scroll");
  if (listed) listed.scrollTop = top;
  const changed = (key) => before[key] !== state[key];
  const head = changed("doc") ? "document-head" : changed("rule") && state.view === "rules" ? "rule-head" : changed("view") ? state.view + "-head" : "";
  if (by(head)) {
    by(head).tabIndex = -1;
    by(head).focus();
  }
});
draw();
