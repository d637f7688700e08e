//! What rules are worth on a corpus, as a table for people and as JSON.

use super::REMOVED;
use super::table::{Table, TableStyle};
use crate::pack::RuleSet;
use crate::rule::{Effect, Rule};
use crate::verify::{RuleScores, RuleWorth};
use anstyle::Style;
use serde_json::{Value, json};
use std::fmt::Write;

/// A table of all rules that took something, the busiest first, with samples of lines where there are any, and totals.
#[must_use]
pub fn worth_table(worth: &RuleScores, rules: &RuleSet, setting: TableStyle) -> String {
    let labelled = worth.chaff.0 + worth.prose.0 > 0;
    let heads = [
        "RULE",
        "CONFIDENCE",
        ">HITS",
        ">LINES",
        ">SOLE",
        ">KEPT",
        ">WORDS",
    ];
    let columns = if labelled {
        heads.len()
    } else {
        heads.len() - 2
    };
    let mut table = Table::new(&heads[..columns]);
    for (rule, counts) in &sorted(worth, rules) {
        let numbers = [
            counts.hits,
            counts.lines,
            counts.sole,
            counts.kept,
            counts.words,
        ]
        .map(|number| number.to_string());
        let cells = [rule.name.clone(), rule.confidence.to_string()]
            .into_iter()
            .chain(numbers)
            .take(columns);
        // A rule that takes what should be kept is what one looks for.
        table.row(
            cells.collect::<Vec<_>>(),
            if counts.kept > 0 {
                REMOVED
            } else {
                Style::new()
            },
        );
        for (sign, lines) in [("!", &counts.kept_lines), ("-", &counts.sole_lines)] {
            lines
                .iter()
                .for_each(|line| table.note(format!("{sign} {}", super::escape_control(line))));
        }
    }
    let mut text = table.text(setting);
    let changed = share(worth.changed, worth.documents, 1);
    let _ = writeln!(
        text,
        "\n{} documents, changed {changed}; lines removed {}",
        worth.documents,
        share(worth.removed, worth.lines, 2)
    );
    if labelled {
        let _ = writeln!(
            text,
            "precision {}, recall {}, prose words lost {}, damaged documents {}",
            share(worth.chaff.1, worth.chaff.1 + worth.prose.1, 1),
            share(worth.chaff.1, worth.chaff.0, 1),
            share(worth.words.1, worth.words.0, 3),
            share(worth.damaged, worth.documents, 1),
        );
    }
    if worth.unlabelled_words.0 > 0 {
        let _ = writeln!(
            text,
            "words removed of lines without a label {}",
            share(worth.unlabelled_words.1, worth.unlabelled_words.0, 3)
        );
    }
    text
}

/// The same as JSON.
#[must_use]
pub fn worth_json(worth: &RuleScores, rules: &RuleSet) -> Value {
    let row = |(rule, counts): &(&Rule, &RuleWorth)| {
        json!({
            "rule": rule.name, "confidence": rule.confidence, "hits": counts.hits, "lines": counts.lines, "sole": counts.sole,
            "kept": counts.kept, "words": counts.words, "kept-lines": counts.kept_lines, "sole-lines": counts.sole_lines,
        })
    };
    json!({
        "documents": worth.documents, "changed": worth.changed, "damaged": worth.damaged, "lines": worth.lines, "removed": worth.removed,
        "chaff-lines": worth.chaff.0, "chaff-removed": worth.chaff.1, "prose-lines": worth.prose.0, "prose-removed": worth.prose.1,
        "prose-words": worth.words.0, "prose-words-lost": worth.words.1,
        "unlabelled-words": worth.unlabelled_words.0, "unlabelled-words-removed": worth.unlabelled_words.1,
        "rules": sorted(worth, rules).iter().map(row).collect::<Vec<_>>(),
    })
}

fn sorted<'w>(worth: &'w RuleScores, rules: &'w RuleSet) -> Vec<(&'w Rule, &'w RuleWorth)> {
    let removing = worth
        .rules
        .iter()
        .map(|(&id, counts)| (rules.get(id), counts));
    let mut rows: Vec<_> = removing
        .filter(|(rule, _)| rule.effect == Effect::Remove)
        .collect();
    rows.sort_by_key(|(_, counts)| std::cmp::Reverse((counts.lines + counts.kept, counts.hits)));
    rows
}

fn share(part: u64, whole: u64, decimals: usize) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    format!(
        "{:.decimals$} % ({part} of {whole})",
        100.0 * part as f64 / whole as f64
    )
}
