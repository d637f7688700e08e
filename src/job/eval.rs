//! Evaluation on labelled pages: cleans every page at every level and measures precision, recall
//! and loss of prose.
//!
//! Counts are kept by publisher, because confidence intervals are estimated over publishers. They
//! are grouped by level and, on request, by the values of fields such as the language. Mistakes can
//! be listed line by line as JSON Lines.

use super::corpus::{Corpus, Failed};
use crate::io::LabelledRow;
use anyhow::{Result, bail};
use dechaff_core::verify::{Label, LineCounts, LineOutcome, Measured, line_outcomes, measure};
use dechaff_core::{Cleaned, Cleaner, Document, Level, RuleId, Scratch};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::io::Write;

/// Fields of a page that are copied to the list of mistakes.
const COPIED_FIELDS: [&str; 4] = ["id", "publisher", "lang", "extractor"];

/// Figures of the pages that have one value in one field, cleaned at one level.
#[derive(Debug)]
pub struct Group {
    /// The level.
    pub level: Level,
    /// Name and value of the field, or `None` for all pages.
    pub by: Option<(String, String)>,
    /// Counts and figures.
    pub measured: Measured,
}

/// Labelled pages and the cleaners to measure on them.
#[derive(Debug)]
pub struct Evaluation<'c> {
    /// Levels, each with its cleaner.
    pub cleaners: &'c [(Level, Cleaner)],
    /// The pages. Those without labels are skipped.
    pub corpus: Corpus<'c>,
    /// Fields by whose values the pages are grouped, in addition to the group of all pages.
    pub by: &'c [String],
    /// Field with the main text of a page, by which texts are also scored. Only one row of each page
    /// needs it; rows with the same `id` are of the same page, and it must be in the first of them.
    pub gold: Option<&'c str>,
    /// Number of bootstrap samples.
    pub draws: usize,
}

/// Level and, unless the group has all pages, name and value of the field.
type GroupKey = (Level, Option<(String, String)>);

/// Result of cleaning a page at one level.
struct PageResult {
    level: Level,
    counts: LineCounts,
    /// Mistakes as JSON Lines; empty if they are not wanted.
    mistakes: String,
}

impl Evaluation<'_> {
    /// Cleans all pages in parallel. Returns the groups, sorted by level, field and value, and the
    /// inputs that could not be read. If `errors` is given, each line with a mistake is written to
    /// it as a JSON object, in the order of the pages.
    ///
    /// # Errors
    /// If no page has labels and no input failed, or if `errors` cannot be written.
    pub fn run(&self, mut errors: Option<&mut dyn Write>) -> Result<(Vec<Group>, Failed)> {
        let mut groups: BTreeMap<GroupKey, BTreeMap<String, LineCounts>> = BTreeMap::new();
        let (wants_mistakes, mut pages) = (errors.is_some(), 0);
        let mut main_texts = HashMap::new();
        let failed = self.corpus.for_each_batch(|batch| {
            if let Some(field) = self.gold {
                remember_main_texts(batch, field, &mut main_texts);
            }
            let results: Vec<Vec<PageResult>> = batch
                .par_iter()
                .map_init(Scratch::default, |scratch, row| {
                    let gold = field_text(row, "id").and_then(|id| main_texts.get(&id));
                    self.clean(row, gold.map(String::as_str), wants_mistakes, scratch)
                })
                .collect();
            for (row, results) in batch.iter().zip(results) {
                pages += 1;
                // A page of an unknown publisher is the only page of its publisher.
                let publisher =
                    field_text(row, "publisher").unwrap_or_else(|| format!("page {pages}"));
                for result in results {
                    for by in self.groups_of(row) {
                        groups
                            .entry((result.level, by))
                            .or_default()
                            .entry(publisher.clone())
                            .or_default()
                            .add(&result.counts);
                    }
                    if let Some(errors) = &mut errors {
                        errors.write_all(result.mistakes.as_bytes())?;
                    }
                }
            }
            Ok(())
        })?;
        if groups.is_empty() && failed.is_empty() {
            bail!(
                "no page has labels; a labelled page is a JSON object with `text` and `labels`, \
                 a letter (k, d, u) for each line of the text"
            );
        }
        let groups = groups
            .into_iter()
            .map(|((level, by), publishers)| Group {
                level,
                by,
                measured: measure(&publishers, self.draws),
            })
            .collect();
        Ok((groups, failed))
    }

    /// Returns the groups of a page: one for each field in `by`, with the value `-` if the page
    /// does not have the field, and `None` for the group of all pages.
    fn groups_of(&self, row: &LabelledRow) -> impl Iterator<Item = Option<(String, String)>> {
        self.by
            .iter()
            .map(|name| {
                let value = field_text(row, name).unwrap_or_else(|| "-".to_owned());
                Some((name.clone(), value))
            })
            .chain([None])
    }

    /// Cleans a page, whose main text is `gold` if that is known, at each level. Returns nothing for
    /// a page without labels, and for one that is too long for a document.
    fn clean(
        &self,
        row: &LabelledRow,
        gold: Option<&str>,
        wants_mistakes: bool,
        scratch: &mut Scratch,
    ) -> Vec<PageResult> {
        let (Some(labels), Ok(mut document)) = (&row.labels, Document::new(&row.text)) else {
            return Vec::new();
        };
        if let Some(host) = field_text(row, "host") {
            document = document.with_site(&host);
        }
        self.cleaners
            .iter()
            .map(|(level, cleaner)| {
                let cleaned = cleaner.clean(&document, scratch);
                let counts = LineCounts::of(&cleaned, labels);
                PageResult {
                    level: *level,
                    counts: match gold {
                        Some(gold) => counts.with_gold(&cleaned, gold),
                        None => counts,
                    },
                    mistakes: if wants_mistakes {
                        mistakes(row, *level, labels, &cleaned, cleaner)
                    } else {
                        String::new()
                    },
                }
            })
            .collect()
    }
}

/// Adds the main texts in the field `field` of `rows` to `main_texts`, by the `id` of the row.
fn remember_main_texts(
    rows: &[LabelledRow],
    field: &str,
    main_texts: &mut HashMap<String, String>,
) {
    for row in rows {
        if let (Some(id), Some(Value::String(text))) =
            (field_text(row, "id"), row.fields.get(field))
            && !text.trim().is_empty()
        {
            main_texts.entry(id).or_insert_with(|| text.clone());
        }
    }
}

/// Returns the value of a field as text, or `None` if the field is missing or null. Values other
/// than strings are returned as JSON.
fn field_text(row: &LabelledRow, name: &str) -> Option<String> {
    match row.fields.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Returns the mistakes of a cleaning as JSON Lines: lines of prose that lost a word (`lost`) and
/// lines of chaff that were not removed (`left`), each with the rules that removed a part of it.
fn mistakes(
    row: &LabelledRow,
    level: Level,
    labels: &[Label],
    cleaned: &Cleaned<'_>,
    cleaner: &Cleaner,
) -> String {
    let mut lines = String::new();
    for line in line_outcomes(cleaned) {
        let kind = match labels.get(line.index) {
            Some(Label::Keep) if line.words_kept < line.words => "lost",
            Some(Label::Drop) if !line.is_removed() => "left",
            _ => continue,
        };
        let rules: Vec<&str> = rules_of(&line)
            .iter()
            .map(|&rule| cleaner.rules().get(rule).name.as_str())
            .collect();
        let mut record = json!({
            "kind": kind,
            "level": level.name(),
            "line": line.index + 1,
            "words": line.words,
            "gone": line.words - line.words_kept,
            "rules": rules,
            "text": cleaned.source()[line.range.clone()].trim(),
        });
        for name in COPIED_FIELDS {
            if let Some(value) = row.fields.get(name) {
                record[name] = value.clone();
            }
        }
        lines.push_str(&record.to_string());
        lines.push('\n');
    }
    lines
}

/// Returns the rules that removed a part of the line, each once, in the order of the removals.
fn rules_of(line: &LineOutcome<'_>) -> Vec<RuleId> {
    let mut rules = Vec::new();
    for removal in line.removals {
        for rule in removal.rules() {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
    }
    rules
}
