//! The difference between two ways to clean a corpus: what one removes and the other keeps, as
//! figures for each rule and a bounded number of samples.
//!
//! It only needs the spans that each side removes, so it serves two removal records as well as two
//! cleaners that run side by side.

use super::survey::{BottomK, abbreviate, mix, stable_hash};
use super::table::{Table, TableColumn, TableStyle};
use super::{ADDED, REMOVED, escape_control, escape_line, stats};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Bytes of a sample that are shown.
const SAMPLE_BYTES: usize = 200;

/// A span that one side removes.
#[derive(Clone, Debug)]
pub struct Claimed<'c> {
    /// The bytes that it covers: of the input, or of the text if two cleaners are compared.
    pub range: Range<usize>,
    /// The full name of the rule that removes it.
    pub rule: Cow<'c, str>,
    /// These bytes themselves.
    pub bytes: Cow<'c, [u8]>,
    /// The removed text, decoded and without escapes.
    pub text: Cow<'c, str>,
}

/// The difference between two ways to clean a corpus. It does not depend on the order in which
/// documents are added.
#[derive(Debug)]
pub struct Comparison {
    /// The number of samples kept for each rule.
    samples: usize,
    /// The number of documents that differ.
    documents: u64,
    /// The old and the new side.
    sides: [Side; 2],
}

/// What one of the two sides removes.
#[derive(Debug, Default)]
struct Side {
    /// Bytes that this side removes.
    removed: u64,
    /// By rule, what this side removes and the other keeps.
    rules: BTreeMap<String, OnlyIn>,
}

/// What a rule removes on one side only.
#[derive(Debug, Default)]
struct OnlyIn {
    spans: u64,
    bytes: u64,
    documents: u64,
    /// Names of documents, each with removed text.
    samples: BottomK<(String, String)>,
}

impl Side {
    fn bytes_alone(&self) -> u64 {
        self.rules.values().map(|rule| rule.bytes).sum()
    }

    fn sorted(&self) -> Vec<(&String, &OnlyIn)> {
        let mut rules: Vec<_> = self.rules.iter().collect();
        rules.sort_by_key(|(name, alone)| (std::cmp::Reverse(alone.bytes), *name));
        rules
    }

    fn json(&self, name: &str) -> Value {
        let rules: Vec<Value> = self
            .sorted()
            .into_iter()
            .map(|(rule, alone)| alone.json(rule))
            .collect();
        json!({
            "name": name, "bytes-removed": self.removed,
            "bytes-alone": self.bytes_alone(), "rules": rules,
        })
    }
}

impl OnlyIn {
    fn json(&self, rule: &str) -> Value {
        let samples: Vec<Value> = self
            .samples
            .iter()
            .map(|(document, text)| json!({ "document": document, "text": text }))
            .collect();
        json!({
            "rule": rule, "spans": self.spans, "bytes": self.bytes,
            "documents": self.documents, "samples": samples,
        })
    }
}

impl Comparison {
    /// Makes a comparison without documents, which keeps at most `samples` samples for each rule
    /// and side. Which ones it keeps is random, but the same in each run.
    #[must_use]
    pub fn new(samples: usize) -> Self {
        Self {
            samples,
            documents: 0,
            sides: Default::default(),
        }
    }

    /// Adds a document with the spans that the old and the new side remove from it. Those of one
    /// side must be disjoint and in order. `name` selects the samples, so a document must have the
    /// same name in each run.
    pub fn add(&mut self, name: &str, old: &[Claimed<'_>], new: &[Claimed<'_>]) {
        let mut differs = false;
        for (side, own, other) in [(0, old, new), (1, new, old)] {
            let side = &mut self.sides[side];
            let mut seen = BTreeSet::new();
            for claim in own {
                side.removed += claim.range.len() as u64;
                for range in uncovered(claim, other) {
                    differs = true;
                    let entry = side
                        .rules
                        .entry(claim.rule.clone().into_owned())
                        .or_default();
                    entry.spans += 1;
                    entry.bytes += range.len() as u64;
                    entry.documents += u64::from(seen.insert(&claim.rule));
                    let rank = mix(stable_hash(name.as_bytes()) ^ range.start as u64);
                    entry.samples.offer(self.samples, rank, name, || {
                        (name.to_owned(), sample(claim, &range))
                    });
                }
            }
        }
        self.documents += u64::from(differs);
    }

    /// Returns whether any document differs, that is, whether one side removes a byte that the
    /// other keeps. Different rules that remove the same bytes are no difference.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.documents > 0
    }

    /// Returns the difference as text: a summary, then for each side that removes more a table of
    /// its rules with samples below each row. `names` are those of the old and the new side.
    #[must_use]
    pub fn text(&self, names: [&str; 2], style: TableStyle) -> String {
        let [old, new] = names.map(escape_control);
        let mut text = format!(
            "{old} removes {}, {new} removes {}; {} differ{}.\n",
            stats::bytes(self.sides[0].removed),
            stats::bytes(self.sides[1].removed),
            stats::count(self.documents, "document"),
            if self.documents == 1 { "s" } else { "" }
        );
        for (side, (name, colour)) in self.sides.iter().zip([(&old, REMOVED), (&new, ADDED)]) {
            if side.rules.is_empty() {
                continue;
            }
            let bytes = stats::bytes(side.bytes_alone());
            text.push_str(&format!("\nOnly {name} removes {bytes}:\n"));
            let mut table = Table::new(&[
                TableColumn::text("RULE"),
                TableColumn::number("SPANS"),
                TableColumn::number("BYTES"),
                TableColumn::number("DOCUMENTS"),
            ]);
            for (rule, alone) in side.sorted() {
                table.row(
                    [
                        escape_control(rule),
                        alone.spans.to_string(),
                        alone.bytes.to_string(),
                        alone.documents.to_string(),
                    ],
                    colour,
                );
                for (document, sample) in alone.samples.iter() {
                    let sample = sample.replace('\n', "⏎");
                    table.note(format!("{}: {sample}", escape_line(document)));
                }
            }
            text.push_str(&table.text(style));
        }
        text
    }

    /// Returns the difference as JSON, with the same figures and samples as the text. `names` are
    /// those of the old and the new side.
    #[must_use]
    pub fn json(&self, names: [&str; 2]) -> Value {
        let [old, new] = &self.sides;
        json!({
            "documents-that-differ": self.documents,
            "old": old.json(names[0]), "new": new.json(names[1]),
        })
    }
}

/// Returns the text of `range`, which is the claim or a part of it, for display. A part is cut from
/// the bytes, because offsets refer to them, so escapes in it are shown as the input spells them.
fn sample(claim: &Claimed<'_>, range: &Range<usize>) -> String {
    let part = claim
        .bytes
        .get(range.start - claim.range.start..range.end - claim.range.start)
        .filter(|part| part.len() < claim.bytes.len());
    let text = part.map_or(Cow::Borrowed(&*claim.text), String::from_utf8_lossy);
    let inner = text.trim_end_matches(['\n', '\r']);
    abbreviate(if inner.is_empty() { &text } else { inner }, SAMPLE_BYTES)
}

/// Iterates over the parts of a claim that none of `others` covers, in order. `others` must be in
/// order and disjoint; the first one that matters is found by binary search.
fn uncovered<'c>(
    claim: &Claimed<'_>,
    others: &'c [Claimed<'_>],
) -> impl Iterator<Item = Range<usize>> + use<'c> {
    let first = others.partition_point(|other| other.range.end <= claim.range.start);
    let (mut start, end) = (claim.range.start, claim.range.end);
    others[first..]
        .iter()
        .map(|other| other.range.clone())
        .take_while(move |other| other.start < end)
        .chain(std::iter::once(end..end))
        .filter_map(move |other| {
            let part = start..other.start.max(start);
            start = start.max(other.end);
            (!part.is_empty()).then_some(part)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims<'c>(text: &'c str, spans: &[(usize, usize, &'c str)]) -> Vec<Claimed<'c>> {
        let claim = |&(start, end, rule): &(usize, usize, &'c str)| Claimed {
            range: start..end,
            rule: rule.into(),
            bytes: text.as_bytes()[start..end].into(),
            text: text[start..end].into(),
        };
        spans.iter().map(claim).collect()
    }

    #[test]
    fn what_only_one_side_removes_is_counted_by_rule() {
        let text = "0123456789";
        let mut comparison = Comparison::new(2);
        comparison.add(
            "a",
            &claims(text, &[(0, 4, "p/a"), (6, 9, "p/b")]),
            &claims(text, &[(2, 3, "p/c"), (6, 10, "p/d")]),
        );
        comparison.add(
            "b",
            &claims(text, &[(0, 4, "p/a")]),
            &claims(text, &[(0, 2, "p/x"), (2, 4, "p/y")]),
        );
        let json = comparison.json(["old", "new"]);
        assert_eq!(
            (
                json["documents-that-differ"].as_u64(),
                json["old"]["bytes-removed"].as_u64()
            ),
            (Some(1), Some(11))
        );
        assert_eq!(json["old"]["rules"][0]["rule"], "p/a");
        assert_eq!(json["old"]["rules"][0]["bytes"], 3);
        let mut samples: Vec<&str> = json["old"]["rules"][0]["samples"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["text"].as_str().unwrap())
            .collect();
        samples.sort_unstable();
        assert_eq!(samples, ["01", "3"]);
        assert_eq!(json["new"]["rules"].as_array().unwrap().len(), 1);
        assert_eq!(json["new"]["rules"][0]["samples"][0]["text"], "9");
        assert!(
            comparison
                .text(["old", "new"], TableStyle::default())
                .contains("Only new removes 1 B:\nRULE  SPANS  BYTES  DOCUMENTS\np/d ")
        );
    }
}
