//! Statistics of a run, for people and as JSON: documents, bytes, and what each rule took.

use crate::cleaner::{Cleaned, Outcome};
use crate::pack::RuleSet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was read, removed and passed over. Two of them add up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Stats {
    /// Texts that were cleaned or found clean.
    pub documents: u64,
    /// Those of which something was removed.
    pub changed: u64,
    /// Those that would have lost more than allowed, and were passed on whole.
    pub held: u64,
    /// Inputs that are not valid in their encoding, passed through unchanged.
    pub invalid: u64,
    /// Records that should hold a text and hold none that can be read, passed through or left out as was asked.
    pub damaged: u64,
    /// Records of which no text is left.
    pub empty: u64,
    /// Inputs larger than a document may be, passed through unchanged.
    pub too_large: u64,
    /// Binary files, passed over.
    pub binary: u64,
    /// Links, devices, pipes and the like, passed over.
    pub special: u64,
    /// Inputs that failed.
    pub failed: u64,
    /// Bytes of the documents.
    pub bytes_read: u64,
    /// Bytes removed from them.
    pub bytes_removed: u64,
    /// What each rule took, by its full name.
    pub rules: BTreeMap<String, RuleStats>,
}

/// What one rule took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct RuleStats {
    /// Removed spans that it took, alone or with others.
    pub hits: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes that only this rule took.
    pub sole_bytes: u64,
}

impl Stats {
    /// Counts a cleaned document.
    pub fn add_document(&mut self, cleaned: &Cleaned<'_>, rules: &RuleSet) {
        self.documents += 1;
        match cleaned.outcome() {
            Outcome::Changed => self.changed += 1,
            Outcome::Held { .. } => self.held += 1,
            Outcome::Clean => {}
        }
        self.bytes_read += cleaned.source().len() as u64;
        for removal in cleaned.removals() {
            let bytes = removal.span.len() as u64;
            self.bytes_removed += bytes;
            for &rule in std::iter::once(&removal.rule).chain(&removal.also) {
                let entry = self.rules.entry(rules.get(rule).name.clone()).or_default();
                entry.hits += 1;
                entry.bytes += bytes;
                entry.sole_bytes += if removal.also.is_empty() { bytes } else { 0 };
            }
        }
    }

    /// Adds another run's figures.
    pub fn merge(&mut self, other: &Self) {
        self.documents += other.documents;
        self.changed += other.changed;
        self.held += other.held;
        self.invalid += other.invalid;
        self.damaged += other.damaged;
        self.empty += other.empty;
        self.too_large += other.too_large;
        self.binary += other.binary;
        self.special += other.special;
        self.failed += other.failed;
        self.bytes_read += other.bytes_read;
        self.bytes_removed += other.bytes_removed;
        for (name, rule) in &other.rules {
            let entry = self.rules.entry(name.clone()).or_default();
            entry.hits += rule.hits;
            entry.bytes += rule.bytes;
            entry.sole_bytes += rule.sole_bytes;
        }
    }

    /// A paragraph for people. `verb` says what was done with what was found, such as "removed".
    #[must_use]
    pub fn summary(&self, verb: &str) -> String {
        let mut text = format!(
            "{}: {} changed",
            count(self.documents, "document"),
            self.changed
        );
        let share = if self.bytes_read == 0 {
            0.0
        } else {
            self.bytes_removed as f64 / self.bytes_read as f64
        };
        text.push_str(&format!(
            ", {} of {} {verb} ({})",
            bytes(self.bytes_removed),
            bytes(self.bytes_read),
            percent(share)
        ));
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
                "held whole, as more would have gone than --max-removed allows",
            ),
            (
                self.invalid,
                "passed through unchanged, as they are not valid text (--encoding names another encoding)",
            ),
            (
                self.damaged,
                "damaged: records that hold no text that can be read (--errors FILE lists them)",
            ),
            (self.empty, "empty: records of which no text is left"),
            (
                self.too_large,
                "passed through unchanged, as they are larger than --max-document",
            ),
            (self.binary, "passed over as binary"),
            (self.special, "passed over as links, devices or pipes"),
            (self.failed, "failed"),
        ];
        for (number, what) in others.iter().filter(|(number, _)| *number > 0) {
            text.push_str(&format!(" {number} {what}."));
        }
        text
    }
}

pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

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
