//! Statistics of a run: counts of documents and bytes, what each rule removed, and which documents
//! lost most. They are written as JSON, kept in journals and manifests, and added up over runs;
//! `summary` puts them into words.

use super::losses::{Loss, Losses};
use super::shares::Shares;
use dechaff_core::{Cleaned, Outcome, RuleId, RuleSet};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Counts of what was read, removed and passed through. Those of parts of a run add up to those of
/// the whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Stats {
    /// Texts that were cleaned, those without a removal included.
    pub documents: u64,
    /// Documents from which something was removed.
    pub changed: u64,
    /// Documents that would have lost more than allowed, and were passed through unchanged.
    pub held: u64,
    /// Inputs that are not valid in their encoding, passed through unchanged.
    pub invalid: u64,
    /// Of the invalid inputs, those that are HTML.
    #[serde(skip_serializing_if = "is_zero")]
    pub html: u64,
    /// Of the invalid inputs, those that are JSON in which no object has the text field.
    #[serde(skip_serializing_if = "is_zero")]
    pub other_json: u64,
    /// Records without a readable text where one is expected, passed through or dropped as the
    /// options say.
    pub damaged: u64,
    /// Records with no text left after the removals.
    pub empty: u64,
    /// Inputs larger than a document may be, passed through unchanged.
    pub too_large: u64,
    /// Binary files, which are skipped.
    pub binary: u64,
    /// Of the binary files, those that are PDF.
    #[serde(skip_serializing_if = "is_zero")]
    pub pdf: u64,
    /// Of the binary files, those that are zip archives, such as docx and epub files.
    #[serde(skip_serializing_if = "is_zero")]
    pub zip: u64,
    /// Links, devices, pipes and other special files, which are skipped.
    pub special: u64,
    /// Inputs that failed.
    pub failed: u64,
    /// Documents of sites of which nothing was learned, or of no known site, with `--learned`.
    #[serde(skip_serializing_if = "is_zero")]
    pub unlearned: u64,
    /// Bytes of the documents.
    pub bytes_read: u64,
    /// Bytes removed from them.
    pub bytes_removed: u64,
    /// Documents by the share of their bytes that rules would remove.
    #[serde(skip_serializing_if = "Shares::is_empty")]
    pub shares: Shares,
    /// The removals of each rule, by its full name.
    pub rules: BTreeMap<String, RuleStats>,
    /// The documents that lost most bytes. The counts of a single input have records only, without
    /// the path of the input, which [`add_input`](Self::add_input) adds.
    #[serde(skip_serializing_if = "Losses::is_empty")]
    pub most_affected: Losses,
}

/// Counts of what one rule removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct RuleStats {
    /// Spans that the rule removed, alone or together with others.
    pub hits: u64,
    /// Spans of which it is the main rule: of the rules that removed a span, the one that explains
    /// most of it. Those of all rules add up to the number of removals.
    pub main_hits: u64,
    /// Bytes of these spans.
    pub bytes: u64,
    /// Bytes of the spans that no other rule removed.
    pub sole_bytes: u64,
}

impl Stats {
    /// Adds a cleaned document. A span that several rules removed counts for each of them, so the
    /// bytes of all rules may add up to more than `bytes_removed`.
    pub fn add_document(&mut self, cleaned: &Cleaned<'_>, rules: &RuleSet) {
        self.documents += 1;
        match cleaned.outcome() {
            Outcome::Changed => self.changed += 1,
            Outcome::Held { .. } => self.held += 1,
            Outcome::Clean => {}
        }
        self.bytes_read += cleaned.source().len() as u64;
        self.shares
            .add(cleaned.found_bytes(), cleaned.source().len());
        // Names are looked up once per rule, not once per removal.
        let mut by_rule: FxHashMap<RuleId, RuleStats> = FxHashMap::default();
        for removal in cleaned.removals() {
            let bytes = removal.span.len() as u64;
            self.bytes_removed += bytes;
            by_rule.entry(removal.rule).or_default().main_hits += 1;
            for rule in removal.rules() {
                let stats = by_rule.entry(rule).or_default();
                stats.hits += 1;
                stats.bytes += bytes;
                stats.sole_bytes += if removal.also.is_empty() { bytes } else { 0 };
            }
        }
        for (rule, stats) in by_rule {
            self.add_rule(&rules.get(rule).name, stats);
        }
    }

    fn add_rule(&mut self, name: &str, added: RuleStats) {
        if let Some(stats) = self.rules.get_mut(name) {
            stats.hits += added.hits;
            stats.main_hits += added.main_hits;
            stats.bytes += added.bytes;
            stats.sole_bytes += added.sole_bytes;
        } else {
            self.rules.insert(name.to_owned(), added);
        }
    }

    /// Adds the counts of another part of the run, or of another run over other inputs. Rules are
    /// matched by name, so the two may have used different packs.
    pub fn merge(&mut self, other: &Self) {
        self.add_counts(other);
        for loss in other.most_affected.iter() {
            self.most_affected.add(loss.clone());
        }
    }

    /// Adds the counts of the input at `path`. An input that is one document has no records among
    /// its largest losses, so its own is added.
    pub fn add_input(&mut self, path: &str, input: &Self) {
        self.add_counts(input);
        let whole = Loss {
            removed: input.bytes_removed,
            bytes: input.bytes_read,
            ..Loss::default()
        };
        let is_whole = input.most_affected.is_empty();
        let losses = input.most_affected.iter().chain(is_whole.then_some(&whole));
        for loss in losses {
            self.most_affected.add(Loss {
                path: path.to_owned(),
                ..loss.clone()
            });
        }
    }

    fn add_counts(&mut self, other: &Self) {
        let counts = [
            (&mut self.documents, other.documents),
            (&mut self.changed, other.changed),
            (&mut self.held, other.held),
            (&mut self.invalid, other.invalid),
            (&mut self.html, other.html),
            (&mut self.other_json, other.other_json),
            (&mut self.damaged, other.damaged),
            (&mut self.empty, other.empty),
            (&mut self.too_large, other.too_large),
            (&mut self.binary, other.binary),
            (&mut self.pdf, other.pdf),
            (&mut self.zip, other.zip),
            (&mut self.special, other.special),
            (&mut self.failed, other.failed),
            (&mut self.unlearned, other.unlearned),
            (&mut self.bytes_read, other.bytes_read),
            (&mut self.bytes_removed, other.bytes_removed),
        ];
        for (sum, added) in counts {
            *sum = sum.saturating_add(added);
        }
        self.shares.merge(&other.shares);
        for (name, stats) in &other.rules {
            self.add_rule(name, *stats);
        }
    }

    /// Returns the counts without those per rule and per share, of which there are many, and without
    /// the documents that lost most.
    #[must_use]
    pub fn without_rules(&self) -> Self {
        Self {
            rules: BTreeMap::new(),
            most_affected: Losses::default(),
            shares: Shares::default(),
            ..*self
        }
    }
}

/// Returns whether a count is left out of the file of statistics.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Returns a number with its noun, in the plural unless the number is 1. Only nouns whose plural
/// ends in `s` will do. Of alternatives such as "link, device or pipe", each gets its plural.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        let first = noun.replace(", ", "s, ").replace(" or ", "s or ");
        format!("{number} {first}s")
    }
}

/// Returns `share`, a number from 0 to 1, as a percentage with one decimal and a space before the
/// sign, as in `37.8 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Returns a number of bytes in the largest unit that it reaches, up to GB, with one decimal except
/// for bytes. Units are decimal: 1 kB is 1000 B.
pub(super) fn bytes(number: u64) -> String {
    match number {
        0..1_000 => format!("{number} B"),
        1_000..1_000_000 => format!("{:.1} kB", number as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", number as f64 / 1e6),
        _ => format!("{:.1} GB", number as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_add_up() {
        let cleaner = crate::Cleaner::builder().build().unwrap();
        let document = crate::Document::new("It rained.\nAdvertisement\nIt stopped.\n").unwrap();
        let mut one = Stats::default();
        one.add_document(
            &cleaner.clean(&document, &mut crate::Scratch::default()),
            cleaner.rules(),
        );
        let mut two = one.clone();
        two.merge(&one);
        assert_eq!((two.documents, two.changed, two.bytes_removed), (2, 2, 28));
        let sums: u64 = two.rules.values().map(|rule| rule.bytes).sum();
        assert!(sums >= two.bytes_removed);
        let main_hits: u64 = two.rules.values().map(|rule| rule.main_hits).sum();
        assert_eq!(main_hits, 2);
    }

    #[test]
    fn an_input_is_named_by_itself_or_by_its_records() {
        let whole = Stats {
            documents: 1,
            bytes_read: 9,
            bytes_removed: 4,
            ..Stats::default()
        };
        let mut records = Stats {
            documents: 2,
            bytes_read: 30,
            bytes_removed: 7,
            ..Stats::default()
        };
        records.most_affected.add_record(2, Some("text"), 7, 20);
        let mut run = Stats::default();
        run.add_input("a.txt", &whole);
        run.add_input("b.jsonl", &records);
        run.add_input("c.txt", &Stats::default());
        let named: Vec<_> = run
            .most_affected
            .iter()
            .map(|loss| (loss.path.as_str(), loss.record, loss.removed))
            .collect();
        assert_eq!(named, [("b.jsonl", Some(2), 7), ("a.txt", None, 4)]);
        assert_eq!((run.documents, run.bytes_removed), (3, 11));
    }
}
