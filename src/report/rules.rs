//! Rules as tables and pages for people.

use super::table::{Table, TableStyle};
use super::{ADDED, REMOVED, SAVED};
use crate::cleaner::Cleaner;
use crate::pack::RuleSet;
use crate::rule::{Effect, Matcher, Rule, RuleId, Zone};
use crate::texts::StringList;
use anstyle::Style;
use serde_json::{Value, json};
use std::fmt::Write;

/// Rules that answer to one of some names; all of them, if there is no name.
fn wanted<'c>(
    cleaner: &'c Cleaner,
    names: &'c [String],
) -> impl Iterator<Item = (RuleId, &'c Rule)> {
    cleaner
        .rules()
        .iter()
        .filter(|(_, rule)| names.is_empty() || names.iter().any(|name| rule.answers_to(name)))
}

/// A table of rules: name, category, confidence, whether it is on, languages, description.
#[must_use]
pub fn list(cleaner: &Cleaner, names: &[String], examples: bool, setting: TableStyle) -> String {
    let mut table = Table::new(&[
        "RULE",
        "CATEGORY",
        "?CONFIDENCE",
        "?STATE",
        "?LANGUAGES",
        "DESCRIPTION",
    ]);
    for (id, rule) in wanted(cleaner, names) {
        let removes = rule.effect == Effect::Remove;
        let cells = [
            rule.name.clone(),
            if removes {
                rule.category.name().to_owned()
            } else {
                effect(rule)
            },
            if removes {
                rule.confidence.name().to_owned()
            } else {
                "-".to_owned()
            },
            if cleaner.is_on(id) { "on" } else { "off" }.to_owned(),
            if rule.languages.is_empty() {
                "all".to_owned()
            } else {
                rule.languages.join(" ")
            },
            super::escape_control(&rule.description),
        ];
        let style = match rule.effect {
            _ if !cleaner.is_on(id) => Style::new().dimmed(),
            Effect::Remove => REMOVED,
            Effect::Keep => ADDED,
            Effect::Cue(_) => SAVED,
        };
        table.row(cells, style);
        if examples {
            for (verb, examples) in [
                ("removes", &rule.examples.remove),
                ("keeps", &rule.examples.keep),
            ] {
                table.note(format!("{verb:7}  {}", quoted(&examples[0])));
            }
        }
    }
    table.text(setting)
}

/// The same rules as JSON, each with all there is to know of it.
#[must_use]
pub fn list_json(cleaner: &Cleaner, names: &[String]) -> Value {
    let with_state = |(id, rule): (RuleId, &Rule)| {
        let mut value = rule_json(rule);
        value["on"] = cleaner.is_on(id).into();
        value
    };
    wanted(cleaner, names).map(with_state).collect()
}

/// All that there is to know of a rule, as JSON, with the keys of a pack.
#[must_use]
pub fn rule_json(rule: &Rule) -> Value {
    let all = |texts: &StringList| texts.iter().map(str::to_owned).collect::<Vec<_>>();
    let mut value = json!({
        "name": rule.name, "description": rule.description, "effect": effect(rule), "category": rule.category, "confidence": rule.confidence,
        "filter": rule.filter(), "zone": rule.zone, "languages": rule.languages, "hosts": rule.hosts, "unless": rule.unless,
        "longest": rule.longest, "file": rule.origin.0, "line-of-file": rule.origin.1,
        "examples": { "remove": all(&rule.examples.remove), "keep": all(&rule.examples.keep) },
    });
    if let Some(near) = &rule.near {
        value["near"] = json!(near.categories);
        value["within"] = json!(near.within);
    }
    match &rule.matcher {
        Matcher::Phrases { phrases, line } => {
            (value["phrase"], value["line"]) = (json!(all(phrases)), json!(line))
        }
        Matcher::Patterns { patterns, line } => {
            (value["pattern"], value["line"]) = (json!(all(patterns)), json!(line))
        }
        Matcher::Labels(labels) => value["labels"] = json!(all(labels)),
        Matcher::Words { telling, filler } => {
            value["words"] = json!({ "telling": all(telling), "filler": all(filler) })
        }
        Matcher::Filter(_) => {}
    }
    value
}

/// What a rule looks for, in short.
fn sought(matcher: &Matcher) -> String {
    let some = |what: &str, items: &StringList, most: usize| {
        let display_path: Vec<String> = items
            .iter()
            .take(most)
            .map(|item| format!("`{}`", quoted(item).replace('`', "'")))
            .collect();
        let more = if items.len() > most { " …" } else { "" };
        format!(
            "{} {what}{}: {}{more}",
            items.len(),
            if items.len() == 1 { "" } else { "s" },
            display_path.join(", ")
        )
    };
    match matcher {
        Matcher::Phrases {
            phrases,
            line: true,
        } => some("whole-line phrase", phrases, 2),
        Matcher::Phrases {
            phrases,
            line: false,
        } => some("phrase", phrases, 2),
        Matcher::Labels(labels) => some("label", labels, 8),
        Matcher::Words { telling, .. } => some("telling word", telling, 8),
        Matcher::Patterns { patterns, line } => {
            let what = if *line {
                "whole-line pattern"
            } else {
                "pattern"
            };
            format!(
                "{} {what}{}",
                patterns.len(),
                if patterns.len() == 1 { "" } else { "s" }
            )
        }
        Matcher::Filter(name) => format!("what the filter `{name}` finds"),
    }
}

/// An example on one line.
fn quoted(example: &str) -> String {
    super::escape_control(&example.replace('\n', "⏎"))
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
        text.push_str(&format!("\n{}", rule_page(rule)));
    }
    text
}

/// What documents a rule, in Markdown.
#[must_use]
pub fn rule_page(rule: &Rule) -> String {
    let mut text = String::new();
    let what = match rule.effect {
        Effect::Remove => format!("{}, {}", rule.category, rule.confidence),
        Effect::Keep => "protects".to_owned(),
        Effect::Cue(cue) => format!("cue: {cue}"),
    };
    let bound = if rule.languages.is_empty() {
        String::new()
    } else {
        format!(", only {}", rule.languages.join(" "))
    };
    let zone = if rule.zone == Zone::Anywhere {
        String::new()
    } else {
        format!(", in the {}", rule.zone)
    };
    let near = rule.near.as_ref().map_or(String::new(), |near| {
        let names: Vec<&str> = near
            .categories
            .iter()
            .map(|category| category.name())
            .collect();
        format!(", close to {}", names.join(" or "))
    });
    let _ = write!(
        text,
        "### {}\n\n{} ({what}{zone}{near}{bound})\n\n",
        rule.name, rule.description
    );
    let _ = writeln!(text, "- looks for {}", sought(&rule.matcher));
    // A keep rule keeps what its keep examples show.
    let verbs = if rule.effect == Effect::Remove {
        ["removes", "keeps"]
    } else {
        ["applies to", "not to"]
    };
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
    let list = |key: &str, items: &StringList, put: &mut dyn FnMut(&str, String)| {
        for (index, item) in items.iter().enumerate() {
            put(
                if index == 0 { key } else { "" },
                super::escape_control(item),
            );
        }
    };
    match &rule.matcher {
        Matcher::Phrases { phrases, line } => list(
            if *line { "line phrase" } else { "phrase" },
            phrases,
            &mut put,
        ),
        Matcher::Labels(labels) => list("labels", labels, &mut put),
        Matcher::Patterns { patterns, line } => list(
            if *line { "line pattern" } else { "pattern" },
            patterns,
            &mut put,
        ),
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
        let names: Vec<&str> = near
            .categories
            .iter()
            .map(|category| category.name())
            .collect();
        put(
            "near",
            format!("{} within {} lines", names.join(", "), near.within),
        );
    }
    list("languages", &rule.languages.iter().collect(), &mut put);
    list("hosts", &rule.hosts.iter().collect(), &mut put);
    put(
        "written in",
        format!("{}, line {}", rule.origin.0, rule.origin.1),
    );
    list("removes", &rule.examples.remove, &mut put);
    list("keeps", &rule.examples.keep, &mut put);
    text
}
