//! Rules as tables, pages of documentation and JSON, for `dechaff rules`.

use super::explain::percent;
use super::table::{Table, TableColumn, TableStyle};
use super::{ADDED, REMOVED, SAVED, escape_control};
use anstyle::Style;
use dechaff_core::model::{feature_meanings, required_scores};
use dechaff_core::{
    Cleaner, Effect, FilterName, Level, Matcher, Near, Rule, RuleId, RuleSet, StringList, Zone,
};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::fmt::{Display, Write};

/// Iterates over the rules that one of `names` selects: a rule, pack, category or filter. Without
/// names it returns all rules.
fn selected<'c>(
    cleaner: &'c Cleaner,
    names: &'c [String],
) -> impl Iterator<Item = (RuleId, &'c Rule)> {
    cleaner
        .rules()
        .iter()
        .filter(|(_, rule)| names.is_empty() || names.iter().any(|name| rule.matches_name(name)))
}

/// Returns a table of the rules that `names` select, or of all rules without names, with their
/// state at the level and options of the cleaner. With `examples`, each row is followed by the
/// first example of each list.
#[must_use]
pub fn list(cleaner: &Cleaner, names: &[String], examples: bool, style: TableStyle) -> String {
    let mut table = Table::new(&[
        TableColumn::text("RULE"),
        TableColumn::text("CATEGORY"),
        TableColumn::optional("CONFIDENCE"),
        TableColumn::optional("STATE"),
        TableColumn::optional("LANGUAGES"),
        TableColumn::text("DESCRIPTION"),
    ]);
    for (id, rule) in selected(cleaner, names) {
        let (category, confidence) = if rule.effect == Effect::Remove {
            (rule.category.to_string(), confidence_name(rule))
        } else {
            (effect_name(rule), "-")
        };
        let cells = [
            rule.name.clone(),
            category,
            confidence.to_owned(),
            if cleaner.is_on(id) { "on" } else { "off" }.to_owned(),
            if rule.languages.is_empty() {
                "all".to_owned()
            } else {
                rule.languages.join(" ")
            },
            escape_control(&rule.description),
        ];
        let name_style = match rule.effect {
            _ if !cleaner.is_on(id) => Style::new().dimmed(),
            Effect::Remove => REMOVED,
            Effect::Keep => ADDED,
            Effect::Cue(_) => SAVED,
        };
        table.row(cells, name_style);
        if examples {
            for (verb, examples) in labelled_examples(rule) {
                table.note(format!("{verb:8} {}", on_one_line(&examples[0])));
            }
        }
    }
    table.text(style)
}

/// Returns the rules of [`list`] as a JSON list. Each has the keys of [`rule_json`], and `on` for
/// whether the level and options of the cleaner apply it.
#[must_use]
pub fn list_json(cleaner: &Cleaner, names: &[String]) -> Value {
    selected(cleaner, names)
        .map(|(id, rule)| {
            let mut value = rule_json(rule);
            value["on"] = cleaner.is_on(id).into();
            value
        })
        .collect()
}

/// Returns everything that a rule says as JSON. Keys are those of a pack, apart from `effect` for
/// `keep` and `cue`, the full `name` for `id`, and where the rule is written.
#[must_use]
pub fn rule_json(rule: &Rule) -> Value {
    let mut value = json!({
        "name": rule.name, "description": rule.description, "effect": effect_name(rule),
        "category": rule.category, "confidence": rule.confidence,
        "filter": rule.filter(), "zone": rule.zone, "languages": rule.languages,
        "hosts": rule.hosts, "unless": rule.unless, "longest": rule.longest,
        "file": rule.origin.0, "line-of-file": rule.origin.1,
        "examples": {
            "match": strings(&rule.examples.matches),
            "no_match": strings(&rule.examples.non_matches),
        },
    });
    if let Some(near) = &rule.near {
        value["near"] = json!(near.categories);
        value["within"] = json!(near.within);
    }
    match &rule.matcher {
        Matcher::Phrases { phrases, line } => {
            value["phrase"] = strings(phrases);
            value["line"] = json!(line);
        }
        Matcher::Patterns { patterns, line } => {
            value["pattern"] = strings(patterns);
            value["line"] = json!(line);
        }
        Matcher::Labels(labels) => value["labels"] = strings(labels),
        Matcher::Words { telling, filler } => {
            value["words"] = json!({ "telling": strings(telling), "filler": strings(filler) });
        }
        Matcher::Filter(_) => {}
    }
    value
}

fn strings(list: &StringList) -> Value {
    list.iter().collect()
}

/// Returns the two lists of examples of a rule, those that it must match first, each with a verb
/// for what the rule does in them.
pub(super) fn labelled_examples(rule: &Rule) -> [(&'static str, &StringList); 2] {
    let (matches, non_matches) = match rule.effect {
        Effect::Remove => ("removes", "keeps"),
        Effect::Keep => ("protects", "ignores"),
        Effect::Cue(_) => ("marks", "ignores"),
    };
    [
        (matches, &rule.examples.matches),
        (non_matches, &rule.examples.non_matches),
    ]
}

/// Returns the name of a rule's effect, as in JSON: `remove`, `keep`, or `cue:` with the cue.
pub(super) fn effect_name(rule: &Rule) -> String {
    match rule.effect {
        Effect::Remove => "remove".to_owned(),
        Effect::Keep => "keep".to_owned(),
        Effect::Cue(cue) => format!("cue:{cue}"),
    }
}

/// Returns the confidence of a rule for people. That of the line model says nothing about its
/// removals, each of which has a score.
fn confidence_name(rule: &Rule) -> &'static str {
    if is_model(rule) {
        "by score"
    } else {
        rule.confidence.name()
    }
}

/// Returns whether a rule stands for the line model.
pub(super) fn is_model(rule: &Rule) -> bool {
    rule.filter() == FilterName::Model
}

/// Returns how sure of a line the line model must be at a level to remove it; `None` if there is no
/// model.
fn required_score(level: Level) -> Option<String> {
    let (low, high) = required_scores(level).ok()?;
    Some(format!(
        "removes a line if its score exceeds {} (on some kinds of pages {})",
        percent(low),
        percent(high)
    ))
}

/// Returns the full names of rules, in the order of `ids`.
pub(super) fn names<'r>(ids: &[RuleId], rules: &'r RuleSet) -> Vec<&'r str> {
    ids.iter().map(|&id| rules.get(id).name.as_str()).collect()
}

/// Returns the names of the categories that the condition `near` accepts, with `separator` between
/// them.
pub(super) fn near_categories(near: &Near, separator: &str) -> String {
    let names: Vec<&str> = near
        .categories
        .iter()
        .map(|category| category.name())
        .collect();
    names.join(separator)
}

/// Returns what a rule looks for in a few words: the number of its phrases, labels or words with
/// the first of them, or the number of its patterns, which say little to most readers.
fn matcher_summary(matcher: &Matcher) -> String {
    match matcher {
        Matcher::Phrases {
            phrases,
            line: true,
        } => first_items("whole-line phrase", phrases, 2),
        Matcher::Phrases {
            phrases,
            line: false,
        } => first_items("phrase", phrases, 2),
        Matcher::Labels(labels) => first_items("label", labels, 8),
        Matcher::Words { telling, .. } => first_items("telling word", telling, 8),
        Matcher::Patterns { patterns, line } => {
            let noun = if *line {
                "whole-line pattern"
            } else {
                "pattern"
            };
            super::stats::count(patterns.len() as u64, noun)
        }
        Matcher::Filter(name) => format!("what the filter `{name}` finds"),
    }
}

/// Returns the number of `items` with their noun, and the first `max_items` of them as Markdown
/// code, with an ellipsis if there are more.
fn first_items(noun: &str, items: &StringList, max_items: usize) -> String {
    let shown: Vec<String> = items.iter().take(max_items).map(code).collect();
    let more = if items.len() > max_items { " …" } else { "" };
    format!(
        "{}: {}{more}",
        super::stats::count(items.len() as u64, noun),
        shown.join(", ")
    )
}

/// Returns `text` as Markdown code on one line. Backticks, which would end the code, become
/// apostrophes.
fn code(text: &str) -> String {
    format!("`{}`", on_one_line(text).replace('`', "'"))
}

/// Returns `text` with control characters escaped and `⏎` for line feeds.
fn on_one_line(text: &str) -> String {
    escape_control(&text.replace('\n', "⏎"))
}

/// Returns the pages that document all rules in Markdown, as `dechaff rules page` writes them: the
/// name and the text of an index, `README.md`, and of a page for each pack, in the order of the
/// packs.
#[must_use]
pub fn rules_pages(rules: &RuleSet) -> Vec<(String, String)> {
    let mut packs: Vec<(&str, Vec<&Rule>)> = Vec::new();
    for (_, rule) in rules.iter() {
        match packs.last_mut() {
            Some((pack, rules)) if *pack == rule.pack() => rules.push(rule),
            _ => packs.push((rule.pack(), vec![rule])),
        }
    }
    let mut index = String::from(
        "# The built-in rules\n\n\
         These pages are generated from the packs by `dechaff rules page`; edit the packs instead. \
         The confidence of a rule is the lowest level that applies it: `certain` from `precise` \
         on, `likely` from `balanced` (the default), `possible` at `thorough` only. A rule with \
         languages does not apply to texts known to be in another language. All patterns and \
         examples were written for this project; none is scraped. ⏎ is a line end.\n\n\
         | pack | description | rules | of which |\n|---|---|---|---|\n",
    );
    let mut pages = Vec::with_capacity(packs.len());
    for (pack, pack_rules) in packs {
        let description = rules.pack_description(pack);
        let _ = writeln!(
            index,
            "| [{pack}]({pack}.md) | {description} | {} | {} |",
            pack_rules.len(),
            kinds(&pack_rules)
        );
        let mut page = format!("# {pack}\n\n{description} [All packs](README.md)\n");
        for rule in pack_rules {
            page.push_str(&format!("\n{}", rule_page(rule)));
        }
        pages.push((format!("{pack}.md"), page));
    }
    pages.insert(0, ("README.md".to_owned(), index));
    pages
}

/// Returns how many of `rules` there are of each kind, the most frequent first, such as "share 4,
/// cues 1": of each category, rules that protect, and rules that give cues.
fn kinds(rules: &[&Rule]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for rule in rules {
        let kind = match rule.effect {
            Effect::Remove => rule.category.name(),
            Effect::Keep => "protecting",
            Effect::Cue(_) => "cues",
        };
        match counts.iter_mut().find(|(name, _)| *name == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let counts: Vec<String> = counts
        .iter()
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    counts.join(", ")
}

/// Returns the documentation of a rule in Markdown: its description, category and conditions, what
/// it looks for, and at most two examples of each side.
#[must_use]
pub fn rule_page(rule: &Rule) -> String {
    let mut text = format!("## {}\n\n{} (", rule.name, rule.description);
    let _ = match rule.effect {
        Effect::Remove => write!(text, "{}, {}", rule.category, confidence_name(rule)),
        Effect::Keep => write!(text, "protects"),
        Effect::Cue(cue) => write!(text, "cue: {cue}"),
    };
    if rule.zone != Zone::Anywhere {
        let _ = write!(text, ", in the {}", rule.zone);
    }
    if let Some(near) = &rule.near {
        let _ = write!(text, ", close to {}", near_categories(near, " or "));
    }
    if !rule.languages.is_empty() {
        let _ = write!(text, ", only {}", rule.languages.join(" "));
    }
    text.push_str(")\n\n");
    let _ = writeln!(text, "- looks for {}", matcher_summary(&rule.matcher));
    for (verb, examples) in labelled_examples(rule) {
        for example in examples.iter().take(2) {
            let _ = writeln!(text, "- {verb} {}", code(example));
        }
    }
    if is_model(rule) {
        push_features(&mut text);
    }
    text
}

/// Appends what the line model requires at each level, and its features with their meanings.
fn push_features(text: &mut String) {
    for level in Level::ALL {
        if let Some(required) = required_score(*level) {
            let _ = writeln!(text, "- {level} {required}");
        }
    }
    text.push_str(
        "\nThe score of a line is the probability that it is chaff, from many small decision trees \
         over these features. `explain --verbose` shows which of them weighed most, \
         and `--json` names them. \"It\" is the line, or the hard-wrapped paragraph.\n\n\
         | feature | what it is |\n|---|---|\n",
    );
    for (name, meaning) in feature_meanings() {
        let _ = writeln!(text, "| `{name}` | {meaning} |");
    }
}

/// Returns everything that a rule says as text for a terminal, as `dechaff rules show` prints it:
/// a line for each key of the pack that the rule has, and where it is written.
#[must_use]
pub fn show(rule: &Rule) -> String {
    let mut text = format!("{}\n  {}\n\n", rule.name, rule.description);
    push_field(&mut text, "effect", effect_name(rule));
    if rule.effect == Effect::Remove {
        push_field(&mut text, "category", rule.category);
        push_field(&mut text, "confidence", confidence_name(rule));
    }
    if is_model(rule) {
        for level in Level::ALL {
            if let Some(required) = required_score(*level) {
                push_field(&mut text, level.name(), required);
            }
        }
    }
    match &rule.matcher {
        Matcher::Phrases { phrases, line } => {
            let key = if *line { "line phrase" } else { "phrase" };
            push_list(&mut text, key, phrases.iter());
        }
        Matcher::Labels(labels) => push_list(&mut text, "labels", labels.iter()),
        Matcher::Patterns { patterns, line } => {
            let key = if *line { "line pattern" } else { "pattern" };
            push_list(&mut text, key, patterns.iter());
        }
        Matcher::Words { telling, filler } => {
            push_field(&mut text, "words", joined(telling));
            push_field(&mut text, "filler", joined(filler));
        }
        Matcher::Filter(name) => push_field(&mut text, "filter", name),
    }
    push_list(&mut text, "unless", rule.unless.iter().map(String::as_str));
    if let Some(longest) = rule.longest {
        push_field(&mut text, "longest", format!("{longest} code points"));
    }
    if rule.zone != Zone::Anywhere {
        push_field(&mut text, "zone", rule.zone);
    }
    if let Some(near) = &rule.near {
        let categories = near_categories(near, ", ");
        let value = format!("{categories} within {} lines", near.within);
        push_field(&mut text, "near", value);
    }
    let (languages, hosts) = (&rule.languages, &rule.hosts);
    push_list(&mut text, "languages", languages.iter().map(String::as_str));
    push_list(&mut text, "hosts", hosts.iter().map(String::as_str));
    let (file, line) = &rule.origin;
    push_field(&mut text, "written in", format!("{file}, line {line}"));
    if is_model(rule) {
        // Its examples are whole pages, of which each line was judged by all others.
        return text;
    }
    for (verb, examples) in labelled_examples(rule) {
        push_list(&mut text, verb, examples.iter());
    }
    text
}

/// Appends a line with a key and its value, which are aligned with those of other lines.
fn push_field(text: &mut String, key: &str, value: impl Display) {
    let _ = writeln!(text, "  {key:<11} {value}");
}

/// Appends each item once, with control characters escaped and further lines of an item indented.
/// Only the first item has the key; without items nothing is appended.
fn push_list<'i>(text: &mut String, key: &str, items: impl Iterator<Item = &'i str>) {
    let mut seen: Vec<&str> = Vec::new();
    for item in items {
        if seen.contains(&item) {
            continue;
        }
        let key = if seen.is_empty() { key } else { "" };
        seen.push(item);
        let indented = escape_control(item).replace('\n', &format!("\n{:14}", ""));
        push_field(text, key, indented);
    }
}

fn joined(list: &StringList) -> String {
    list.iter().collect::<Vec<_>>().join(" ")
}
