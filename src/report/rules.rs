//! Rules as tables and pages for people.

use crate::cleaner::Cleaner;
use crate::pack::RuleSet;
use crate::rule::{Effect, Matcher, Rule, RuleId, Zone};
use crate::texts::Texts;
use std::fmt::Write;

/// A table of rules: name, category, confidence, languages, whether it is on, description.
#[must_use]
pub fn list(cleaner: &Cleaner, examples: bool) -> String {
    let row = |(id, rule): (RuleId, &Rule)| {
        [
            rule.name.clone(),
            if rule.effect == Effect::Remove { rule.category.name().to_owned() } else { effect(rule) },
            if rule.effect == Effect::Remove { rule.confidence.name().to_owned() } else { "-".to_owned() },
            if cleaner.is_on(id) { "on" } else { "off" }.to_owned(),
            if rule.languages.is_empty() { "all".to_owned() } else { rule.languages.join(" ") },
            rule.description.clone(),
        ]
    };
    let heads = ["RULE", "CATEGORY", "CONFIDENCE", "STATE", "LANGUAGES", "DESCRIPTION"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(heads).chain(cleaner.rules().iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4].map(width);
    let mut text = String::new();
    let rules = std::iter::once(None).chain(cleaner.rules().iter().map(|(_, rule)| Some(rule)));
    for (row, rule) in rows.iter().zip(rules) {
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(text, "{cell:width$}  ");
        }
        let _ = writeln!(text, "{}", row[5]);
        if let Some(rule) = rule.filter(|_| examples) {
            for (verb, examples) in [("removes", &rule.examples.remove), ("keeps", &rule.examples.keep)] {
                let _ = writeln!(text, "    {verb:7}  {}", quoted(&examples[0]));
            }
        }
    }
    text
}

/// What a rule looks for, in short.
fn sought(matcher: &Matcher) -> String {
    let some = |what: &str, items: &Texts, most: usize| {
        let shown: Vec<String> = items.iter().take(most).map(|item| format!("`{}`", quoted(item).replace('`', "'"))).collect();
        let more = if items.len() > most { " …" } else { "" };
        format!("{} {what}{}: {}{more}", items.len(), if items.len() == 1 { "" } else { "s" }, shown.join(", "))
    };
    match matcher {
        Matcher::Phrases { phrases, line: true } => some("whole-line phrase", phrases, 2),
        Matcher::Phrases { phrases, line: false } => some("phrase", phrases, 2),
        Matcher::Labels(labels) => some("label", labels, 8),
        Matcher::Words { telling, .. } => some("telling word", telling, 8),
        Matcher::Patterns { patterns, line } => {
            let what = if *line { "whole-line pattern" } else { "pattern" };
            format!("{} {what}{}", patterns.len(), if patterns.len() == 1 { "" } else { "s" })
        }
        Matcher::Filter(name) => format!("what the filter `{name}` finds"),
    }
}

/// An example on one line.
fn quoted(example: &str) -> String {
    super::harmless(&example.replace('\n', "⏎"))
}

/// The page that documents rules, in Markdown: pack by pack, each rule with its meaning and examples.
#[must_use]
pub fn rules_page(rules: &RuleSet) -> String {
    let mut text = String::from(
        "# The built-in rules\n\nMade from the packs by `dechaff rules page`; change those, not this page. The confidence of a rule \
         is the lowest level that applies it: `certain` from `precise` on, `likely` from `balanced` (the default), `possible` at \
         `thorough`. A rule with languages rests in texts known to be in another one. Patterns and examples are this project's own \
         writing, none of them scraped. ⏎ is a line end.\n",
    );
    let mut pack = "";
    for (_, rule) in rules.iter() {
        if rule.pack() != pack {
            pack = rule.pack();
            let _ = write!(text, "\n## {pack}\n\n{}\n", rules.pack_description(pack));
        }
        let what = match rule.effect {
            Effect::Remove => format!("{}, {}", rule.category, rule.confidence),
            Effect::Keep => "protects".to_owned(),
            Effect::Cue(cue) => format!("cue: {cue}"),
        };
        let bound = if rule.languages.is_empty() { String::new() } else { format!(", only {}", rule.languages.join(" ")) };
        let zone = if rule.zone == Zone::Anywhere { String::new() } else { format!(", in the {}", rule.zone) };
        let near = rule.near.as_ref().map_or(String::new(), |near| {
            let names: Vec<&str> = near.categories.iter().map(|category| category.name()).collect();
            format!(", close to {}", names.join(" or "))
        });
        let _ = write!(text, "\n### {}\n\n{} ({what}{zone}{near}{bound})\n\n", rule.name, rule.description);
        let _ = writeln!(text, "- looks for {}", sought(&rule.matcher));
        // A keep rule keeps what its keep examples show.
        let verbs = if rule.effect == Effect::Remove { ["removes", "keeps"] } else { ["applies to", "not to"] };
        let sides = if rule.effect == Effect::Keep {
            [&rule.examples.keep, &rule.examples.remove]
        } else {
            [&rule.examples.remove, &rule.examples.keep]
        };
        for (verb, examples) in verbs.iter().zip(sides) {
            for example in examples.iter().take(2) {
                let _ = writeln!(text, "- {verb} `{}`", quoted(example).replace('`', "'"));
            }
        }
    }
    text
}

fn effect(rule: &Rule) -> String {
    match rule.effect {
        Effect::Remove => "remove".to_owned(),
        Effect::Keep => "keep".to_owned(),
        Effect::Cue(cue) => format!("cue:{cue}"),
    }
}

/// All that there is to know of a rule.
#[must_use]
pub fn show(rule: &Rule) -> String {
    let mut text = format!("{}\n  {}\n\n", rule.name, rule.description);
    let mut put = |key: &str, value: String| {
        let _ = writeln!(text, "  {key:<11} {value}");
    };
    put("effect", effect(rule));
    if rule.effect == Effect::Remove {
        put("category", rule.category.to_string());
        put("confidence", rule.confidence.to_string());
    }
    let list = |key: &str, items: &Texts, put: &mut dyn FnMut(&str, String)| {
        for (index, item) in items.iter().enumerate() {
            put(if index == 0 { key } else { "" }, super::harmless(item));
        }
    };
    match &rule.matcher {
        Matcher::Phrases { phrases, line } => list(if *line { "line phrase" } else { "phrase" }, phrases, &mut put),
        Matcher::Labels(labels) => list("labels", labels, &mut put),
        Matcher::Patterns { patterns, line } => list(if *line { "line pattern" } else { "pattern" }, patterns, &mut put),
        Matcher::Words { telling, filler } => {
            put("words", telling.iter().collect::<Vec<_>>().join(" "));
            put("filler", filler.iter().collect::<Vec<_>>().join(" "));
        }
        Matcher::Filter(name) => put("filter", name.to_string()),
    }
    list("unless", &rule.unless.iter().collect(), &mut put);
    if let Some(longest) = rule.longest {
        put("longest", format!("{longest} code points"));
    }
    if rule.zone != Zone::Anywhere {
        put("zone", rule.zone.to_string());
    }
    if let Some(near) = &rule.near {
        let names: Vec<&str> = near.categories.iter().map(|category| category.name()).collect();
        put("near", format!("{} within {} lines", names.join(", "), near.within));
    }
    list("languages", &rule.languages.iter().collect(), &mut put);
    list("hosts", &rule.hosts.iter().collect(), &mut put);
    put("written in", format!("{}, line {}", rule.origin.0, rule.origin.1));
    list("removes", &rule.examples.remove, &mut put);
    list("keeps", &rule.examples.keep, &mut put);
    text
}
