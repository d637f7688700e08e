//! The figures of `dechaff rules test --corpus`, which show what each rule removes from a corpus,
//! as a table for people and as JSON. `verify` counts them; this file only formats them.

use super::table::{Table, TableColumn, TableStyle};
use super::{REMOVED, escape_control};
use anstyle::Style;
use dechaff_core::verify::{RuleScores, RuleWorth};
use dechaff_core::{Effect, Rule, RuleSet};
use serde_json::{Value, json};
use std::fmt::Write;

/// Returns a table of the rules that removed something, with totals below it. A row is followed by
/// the sampled lines of its rule, `!` before prose that it removed and `-` before lines that no
/// other rule removes. Without labels the columns and totals that need them are left out.
#[must_use]
pub fn worth_table(worth: &RuleScores, rules: &RuleSet, style: TableStyle) -> String {
    let labelled = worth.chaff.0 + worth.prose.0 > 0;
    let mut columns = vec![
        TableColumn::text("RULE"),
        TableColumn::text("CONFIDENCE"),
        TableColumn::number("HITS"),
        TableColumn::number("LINES"),
        TableColumn::number("SOLE"),
    ];
    if labelled {
        columns.extend([TableColumn::number("KEPT"), TableColumn::number("WORDS")]);
    }
    let mut table = Table::new(&columns);
    for (rule, counts) in &sorted(worth, rules) {
        let mut cells = vec![
            rule.name.clone(),
            rule.confidence.to_string(),
            counts.hits.to_string(),
            counts.lines.to_string(),
            counts.sole.to_string(),
        ];
        if labelled {
            cells.extend([counts.kept.to_string(), counts.words.to_string()]);
        }
        // Rules that remove prose stand out, since they are what the table is read for.
        let style = if counts.kept > 0 {
            REMOVED
        } else {
            Style::new()
        };
        table.row(cells, style);
        for (sign, lines) in [("!", &counts.kept_lines), ("-", &counts.sole_lines)] {
            for line in lines {
                table.note(format!("{sign} {}", escape_control(line)));
            }
        }
    }
    let mut text = table.text(style);
    push_totals(&mut text, worth, labelled);
    text
}

/// Appends the totals over all rules to `text`: a line on documents and lines, one on quality if
/// there are labels, and one on lines without a label if some have none.
fn push_totals(text: &mut String, worth: &RuleScores, labelled: bool) {
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
            "words removed from lines without a label {}",
            share(worth.unlabelled_words.1, worth.unlabelled_words.0, 3)
        );
    }
}

/// Returns the figures of the table as JSON, all of them whether or not the corpus has labels:
/// without labels the counts of chaff and prose are 0.
#[must_use]
pub fn worth_json(worth: &RuleScores, rules: &RuleSet) -> Value {
    let rules: Vec<Value> = sorted(worth, rules)
        .iter()
        .map(|(rule, counts)| {
            json!({
                "rule": rule.name, "confidence": rule.confidence, "hits": counts.hits,
                "lines": counts.lines, "sole": counts.sole, "kept": counts.kept,
                "words": counts.words, "kept-lines": counts.kept_lines,
                "sole-lines": counts.sole_lines,
            })
        })
        .collect();
    json!({
        "documents": worth.documents, "changed": worth.changed, "damaged": worth.damaged,
        "lines": worth.lines, "removed": worth.removed,
        "chaff-lines": worth.chaff.0, "chaff-removed": worth.chaff.1,
        "prose-lines": worth.prose.0, "prose-removed": worth.prose.1,
        "prose-words": worth.words.0, "prose-words-lost": worth.words.1,
        "unlabelled-words": worth.unlabelled_words.0,
        "unlabelled-words-removed": worth.unlabelled_words.1,
        "rules": rules,
    })
}

/// Returns the rules that remove text, those that touched most lines first, with their figures.
/// Rules that only protect text or set cues are left out.
fn sorted<'w>(worth: &'w RuleScores, rules: &'w RuleSet) -> Vec<(&'w Rule, &'w RuleWorth)> {
    let mut rows: Vec<_> = worth
        .rules
        .iter()
        .map(|(&id, counts)| (rules.get(id), counts))
        .filter(|(rule, _)| rule.effect == Effect::Remove)
        .collect();
    rows.sort_by_key(|(_, counts)| std::cmp::Reverse((counts.lines + counts.kept, counts.hits)));
    rows
}

/// Returns `part` as a percentage of `whole` with both counts, as in `33.3 % (1 of 3)`, or `-` if
/// `whole` is 0.
fn share(part: u64, whole: u64, decimals: usize) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    format!(
        "{:.decimals$} % ({part} of {whole})",
        100.0 * part as f64 / whole as f64
    )
}
