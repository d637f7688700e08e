//! Measuring on labelled pages: every level over every page, counted by publisher and by the values of fields, with the
//! lines that were lost and left where they are asked for.

use super::corpus::{Corpus, Failed};
use crate::cleaner::{Cleaned, Cleaner};
use crate::document::Document;
use crate::filter::Scratch;
use crate::io::LabelledRow;
use crate::rule::Level;
use crate::verify::{Label, LineCounts, Measured, line_outcomes, measure};
use anyhow::{Result, bail};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;

/// A level and the values of a field, and what was measured there.
#[derive(Debug)]
pub struct Group {
    /// The level.
    pub level: Level,
    /// The field and its value; none for all pages.
    pub by: Option<(String, String)>,
    /// The figures.
    pub measured: Measured,
}

/// What to measure.
#[derive(Debug)]
pub struct Evaluation<'c> {
    /// A cleaner for each level.
    pub cleaners: &'c [(Level, Cleaner)],
    /// The pages.
    pub corpus: Corpus<'c>,
    /// Fields by whose values the figures are told too.
    pub by: &'c [String],
    /// Draws of the bootstrap.
    pub draws: usize,
}

/// Level, field and value.
type Key = (Level, Option<(String, String)>);

impl Evaluation<'_> {
    /// Cleans all pages. Lines lost and left go to `errors` as JSON Lines.
    ///
    /// # Errors
    /// If there is no labelled page at all, or if `errors` cannot be written.
    pub fn run(&self, mut errors: Option<&mut dyn Write>) -> Result<(Vec<Group>, Failed)> {
        let mut tallies: BTreeMap<Key, BTreeMap<String, LineCounts>> = BTreeMap::new();
        let (wants_errors, mut pages) = (errors.is_some(), 0);
        let failed = self.corpus.read(|batch| {
            let clean =
                |scratch: &mut Scratch, row: &LabelledRow| self.clean(row, wants_errors, scratch);
            let cleaned: Vec<Vec<(Level, LineCounts, String)>> =
                batch.par_iter().map_init(Scratch::default, clean).collect();
            for (row, levels) in batch.iter().zip(cleaned) {
                pages += 1;
                // Without a publisher a page is its own.
                let publisher = field(row, "publisher").unwrap_or_else(|| format!("page {pages}"));
                for (level, tally, mistakes) in levels {
                    let values = self.by.iter().map(|name| {
                        Some((
                            name.clone(),
                            field(row, name).unwrap_or_else(|| "-".to_owned()),
                        ))
                    });
                    for by in values.chain([None]) {
                        tallies
                            .entry((level, by))
                            .or_default()
                            .entry(publisher.clone())
                            .or_default()
                            .add(&tally);
                    }
                    if let Some(errors) = &mut errors {
                        errors.write_all(mistakes.as_bytes())?;
                    }
                }
            }
            Ok(())
        })?;
        if tallies.is_empty() && failed.is_empty() {
            bail!(
                "no page has labels; a labelled page is a JSON object with `text` and `labels`, a letter (k, d, u) for each line of the text"
            );
        }
        let group = |((level, by), publishers): (&Key, &BTreeMap<_, _>)| Group {
            level: *level,
            by: by.clone(),
            measured: measure(publishers, self.draws),
        };
        Ok((tallies.iter().map(group).collect(), failed))
    }

    /// Cleans a page at each level; a page without labels tells nothing.
    fn clean(
        &self,
        row: &LabelledRow,
        wants_errors: bool,
        scratch: &mut Scratch,
    ) -> Vec<(Level, LineCounts, String)> {
        let (Some(labels), Ok(document)) = (&row.labels, Document::new(&row.text)) else {
            return Vec::new();
        };
        let level = |(level, cleaner): &(Level, Cleaner)| {
            let cleaned = cleaner.clean(&document, scratch);
            let mistakes = if wants_errors {
                mistakes(row, *level, labels, &cleaned, cleaner)
            } else {
                String::new()
            };
            (*level, LineCounts::of(&cleaned, labels), mistakes)
        };
        self.cleaners.iter().map(level).collect()
    }
}

/// The value of a field as text.
fn field(row: &LabelledRow, name: &str) -> Option<String> {
    match row.fields.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Lines of prose that lost words, and lines of chaff that stayed.
fn mistakes(
    row: &LabelledRow,
    level: Level,
    labels: &[Label],
    cleaned: &Cleaned<'_>,
    cleaner: &Cleaner,
) -> String {
    let mut lines = String::new();
    for fate in line_outcomes(cleaned) {
        let kind = match labels.get(fate.index) {
            Some(Label::Keep) if fate.words_kept < fate.words => "lost",
            Some(Label::Drop) if !fate.is_removed() => "left",
            _ => continue,
        };
        let mut rules: Vec<&str> = Vec::new();
        for removal in fate.removals {
            let names = std::iter::once(&removal.rule)
                .chain(&removal.also)
                .map(|&id| cleaner.rules().get(id).name.as_str());
            rules.extend(
                names
                    .filter(|name| !rules.contains(name))
                    .collect::<Vec<_>>(),
            );
        }
        let mut record = json!({
            "kind": kind, "level": level.name(), "line": fate.index + 1, "words": fate.words, "gone": fate.words - fate.words_kept,
            "rules": rules, "text": cleaned.source()[fate.range.clone()].trim(),
        });
        for name in ["id", "publisher", "lang", "extractor"] {
            if let Some(value) = row.fields.get(name) {
                record[name] = value.clone();
            }
        }
        lines.push_str(&record.to_string());
        lines.push('\n');
    }
    lines
}
