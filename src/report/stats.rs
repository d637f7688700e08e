//! Statistics of a run: counts of documents and bytes, and what each rule removed. They are printed
//! as a sentence, written as JSON, kept in journals and manifests, and added up over runs.

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
    /// Records without a readable text where one is expected, passed through or dropped as the
    /// options say.
    pub damaged: u64,
    /// Records with no text left after the removals.
    pub empty: u64,
    /// Inputs larger than a document may be, passed through unchanged.
    pub too_large: u64,
    /// Binary files, which are skipped.
    pub binary: u64,
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
    /// The removals of each rule, by its full name.
    pub rules: BTreeMap<String, RuleStats>,
}

/// Counts of what one rule removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct RuleStats {
    /// Spans that the rule removed, alone or together with others.
    pub hits: u64,
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
        // Names are looked up once per rule, not once per removal.
        let mut by_rule: FxHashMap<RuleId, RuleStats> = FxHashMap::default();
        for removal in cleaned.removals() {
            let bytes = removal.span.len() as u64;
            self.bytes_removed += bytes;
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
            stats.bytes += added.bytes;
            stats.sole_bytes += added.sole_bytes;
        } else {
            self.rules.insert(name.to_owned(), added);
        }
    }

    /// Adds the counts of another part of the run, or of another run over other inputs. Rules are
    /// matched by name, so the two may have used different packs.
    pub fn merge(&mut self, other: &Self) {
        self.documents = self.documents.saturating_add(other.documents);
        self.changed = self.changed.saturating_add(other.changed);
        self.held = self.held.saturating_add(other.held);
        self.invalid = self.invalid.saturating_add(other.invalid);
        self.damaged = self.damaged.saturating_add(other.damaged);
        self.empty = self.empty.saturating_add(other.empty);
        self.too_large = self.too_large.saturating_add(other.too_large);
        self.binary = self.binary.saturating_add(other.binary);
        self.special = self.special.saturating_add(other.special);
        self.failed = self.failed.saturating_add(other.failed);
        self.unlearned = self.unlearned.saturating_add(other.unlearned);
        self.bytes_read = self.bytes_read.saturating_add(other.bytes_read);
        self.bytes_removed = self.bytes_removed.saturating_add(other.bytes_removed);
        for (name, stats) in &other.rules {
            self.add_rule(name, *stats);
        }
    }

    /// Returns the counts without those per rule.
    #[must_use]
    pub fn without_rules(&self) -> Self {
        Self {
            rules: BTreeMap::new(),
            ..*self
        }
    }

    /// Returns a paragraph for people: documents, bytes, the three rules with the most bytes, and a
    /// sentence for each kind of input that was not cleaned. `verb` follows the number of bytes,
    /// such as "removed" after cleaning or another verb where nothing is written.
    #[must_use]
    pub fn summary(&self, verb: &str) -> String {
        let share = if self.bytes_read == 0 {
            0.0
        } else {
            self.bytes_removed as f64 / self.bytes_read as f64
        };
        let mut text = format!(
            "{}: {} changed, {} of {} {verb} ({})",
            count(self.documents, "document"),
            self.changed,
            bytes(self.bytes_removed),
            bytes(self.bytes_read),
            percent(share)
        );
        let mut rules: Vec<_> = self.rules.iter().collect();
        rules.sort_by_key(|(name, rule)| (std::cmp::Reverse(rule.bytes), *name));
        let top: Vec<String> = rules
            .iter()
            .take(3)
            .map(|(name, rule)| format!("{name} {}×", rule.hits))
            .collect();
        if !top.is_empty() {
            text.push_str(&format!(", most by {}", top.join(", ")));
        }
        text.push('.');
        let others = [
            (
                self.held,
                "held: more would be removed than --max-removed allows",
            ),
            (
                self.invalid,
                "passed through unchanged: not valid text (set another encoding with --encoding)",
            ),
            (
                self.damaged,
                "damaged: records without a readable text (list them with --errors FILE)",
            ),
            (self.empty, "empty: records with no text left"),
            (
                self.too_large,
                "passed through unchanged: larger than --max-document",
            ),
            (self.binary, "skipped: binary files"),
            (self.special, "skipped: links, devices or pipes"),
            (self.failed, "failed"),
            (
                self.unlearned,
                "of sites of which nothing was learned (name sites with --url-field, --site-field \
                 or --host)",
            ),
        ];
        for (number, description) in others.iter().filter(|(number, _)| *number > 0) {
            text.push_str(&format!(" {number} {description}."));
        }
        text
    }
}

/// Returns whether a count is left out of the file of statistics.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Returns a number with its noun, in the plural unless the number is 1. Only nouns whose plural
/// ends in `s` will do.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Returns `share`, a number from 0 to 1, as a percentage with one decimal and a space before the
/// sign, as in `37.8 %`.
fn percent(share: f64) -> String {
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
        assert!(
            two.summary("removed")
                .starts_with("2 documents: 2 changed, 28 B of 74 B removed (37.8 %)"),
            "{}",
            two.summary("removed")
        );
    }
}
