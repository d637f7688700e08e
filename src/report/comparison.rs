//! What one of two ways to clean a corpus removes and the other keeps: figures by rule and a bounded choice of samples. It
//! knows spans of documents only, whether they come from removal records or from two cleaners at work.

use super::survey::{BottomK, hash, mix, shorter};
use super::table::{Table, TableStyle};
use super::{ADDED, REMOVED, escape_control};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// So many bytes of a sample are shown.
const SAMPLE_BYTES: usize = 200;

/// A span that one side removes.
#[derive(Clone, Debug)]
pub struct Claimed<'c> {
    /// Where it is.
    pub range: Range<usize>,
    /// The rule that took it.
    pub rule: Cow<'c, str>,
    /// The bytes that stood there, ...
    pub bytes: Cow<'c, [u8]>,
    /// ... and the text that they mean.
    pub text: Cow<'c, str>,
}

/// The difference between two ways to clean a corpus. What it holds does not depend on the order of documents.
#[derive(Debug)]
pub struct Comparison {
    /// So many samples are kept of each rule.
    samples: usize,
    /// Documents that differ.
    documents: u64,
    /// The old side and the new one.
    sides: [Side; 2],
}

#[derive(Debug, Default)]
struct Side {
    /// Bytes that it removes, ...
    removed: u64,
    /// ... and those of them that the other keeps, by rule.
    rules: BTreeMap<String, OnlyIn>,
}

/// What a rule took on one side only.
#[derive(Debug, Default)]
struct OnlyIn {
    spans: u64,
    bytes: u64,
    documents: u64,
    samples: BottomK<(String, String)>,
}

impl Comparison {
    /// Nothing yet.
    #[must_use]
    pub fn new(samples: usize) -> Self {
        Self {
            samples,
            documents: 0,
            sides: Default::default(),
        }
    }

    /// Adds a document with what both sides remove of it, each in order.
    pub fn add(&mut self, name: &str, old: &[Claimed<'_>], new: &[Claimed<'_>]) {
        let mut differs = false;
        for (side, own, other) in [(0, old, new), (1, new, old)] {
            let side = &mut self.sides[side];
            let mut seen = BTreeSet::new();
            side.removed += own
                .iter()
                .map(|claim| claim.range.len() as u64)
                .sum::<u64>();
            for (claim, alone) in own
                .iter()
                .flat_map(|claim| pieces(claim, other).map(move |alone| (claim, alone)))
            {
                differs = true;
                let entry = side
                    .rules
                    .entry(claim.rule.clone().into_owned())
                    .or_default();
                entry.spans += 1;
                entry.bytes += alone.len() as u64;
                entry.documents += u64::from(seen.insert(&claim.rule));
                let rank = mix(hash(name.as_bytes()) ^ alone.start as u64);
                entry.samples.offer(self.samples, rank, name, || {
                    let inside = alone.start - claim.range.start..alone.end - claim.range.start;
                    let part = claim
                        .bytes
                        .get(inside)
                        .filter(|part| part.len() < claim.bytes.len());
                    let text = part.map_or(Cow::Borrowed(&*claim.text), String::from_utf8_lossy);
                    let inner = text.trim_end_matches(['\n', '\r']);
                    (
                        name.to_owned(),
                        shorter(if inner.is_empty() { &text } else { inner }, SAMPLE_BYTES),
                    )
                });
            }
        }
        self.documents += u64::from(differs);
    }

    /// Whether there is a difference.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.documents > 0
    }

    /// The difference for people. `names` are those of the sides.
    #[must_use]
    pub fn text(&self, names: [&str; 2], setting: TableStyle) -> String {
        let [old, new] = names.map(escape_control);
        let bytes = |side: usize| super::stats::bytes(self.sides[side].removed);
        let mut text = format!(
            "{old} removes {}, {new} removes {}; {} differ{}.\n",
            bytes(0),
            bytes(1),
            super::stats::count(self.documents, "document"),
            if self.documents == 1 { "s" } else { "" }
        );
        for (side, (name, style)) in self.sides.iter().zip([(&old, REMOVED), (&new, ADDED)]) {
            if side.rules.is_empty() {
                continue;
            }
            let all: u64 = side.rules.values().map(|rule| rule.bytes).sum();
            text.push_str(&format!(
                "\nOnly {name} removes {}:\n",
                super::stats::bytes(all)
            ));
            let mut table = Table::new(&["RULE", ">SPANS", ">BYTES", ">DOCUMENTS"]);
            for (rule, alone) in sorted(side) {
                table.row(
                    [
                        escape_control(rule),
                        alone.spans.to_string(),
                        alone.bytes.to_string(),
                        alone.documents.to_string(),
                    ],
                    style,
                );
                for (document, sample) in alone.samples.iter() {
                    table.note(format!(
                        "{}: {}",
                        escape_control(document).replace('\n', "\\n"),
                        sample.replace('\n', "⏎")
                    ));
                }
            }
            text.push_str(&table.text(setting));
        }
        text
    }

    /// The difference as JSON.
    #[must_use]
    pub fn json(&self, names: [&str; 2]) -> Value {
        let rule = |(name, alone): (&String, &OnlyIn)| {
            let samples = alone
                .samples
                .iter()
                .map(|(document, text)| json!({ "document": document, "text": text }));
            json!({
                "rule": name, "spans": alone.spans, "bytes": alone.bytes, "documents": alone.documents, "samples": samples.collect::<Vec<_>>(),
            })
        };
        let side = |(side, name): (&Side, &str)| {
            json!({
                "name": name, "bytes-removed": side.removed, "bytes-alone": side.rules.values().map(|rule| rule.bytes).sum::<u64>(),
                "rules": sorted(side).into_iter().map(rule).collect::<Vec<_>>(),
            })
        };
        let [old, new] = &self.sides;
        json!({ "documents-that-differ": self.documents, "old": side((old, names[0])), "new": side((new, names[1])) })
    }
}

fn sorted(side: &Side) -> Vec<(&String, &OnlyIn)> {
    let mut rules: Vec<_> = side.rules.iter().collect();
    rules.sort_by_key(|(name, alone)| (std::cmp::Reverse(alone.bytes), *name));
    rules
}

/// The parts of a span that none of the others, which are in order, covers.
fn pieces<'c>(
    claim: &Claimed<'_>,
    others: &'c [Claimed<'_>],
) -> impl Iterator<Item = Range<usize>> + use<'c> {
    let first = others.partition_point(|other| other.range.end <= claim.range.start);
    let (mut at, end) = (claim.range.start, claim.range.end);
    let inside = others[first..]
        .iter()
        .map(|other| other.range.clone())
        .take_while(move |other| other.start < end);
    inside
        .chain(std::iter::once(end..end))
        .filter_map(move |other| {
            let piece = at..other.start.max(at);
            at = at.max(other.end);
            (!piece.is_empty()).then_some(piece)
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
    fn what_only_one_side_takes_is_told_by_its_rule() {
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
        let told = comparison.json(["old", "new"]);
        assert_eq!(
            (
                told["documents-that-differ"].as_u64(),
                told["old"]["bytes-removed"].as_u64()
            ),
            (Some(1), Some(11))
        );
        assert_eq!(told["old"]["rules"][0]["rule"], "p/a");
        assert_eq!(told["old"]["rules"][0]["bytes"], 3);
        let mut samples: Vec<&str> = told["old"]["rules"][0]["samples"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["text"].as_str().unwrap())
            .collect();
        samples.sort_unstable();
        assert_eq!(samples, ["01", "3"]);
        assert_eq!(told["new"]["rules"].as_array().unwrap().len(), 1);
        assert_eq!(told["new"]["rules"][0]["samples"][0]["text"], "9");
        assert!(
            comparison
                .text(["old", "new"], TableStyle::default())
                .contains("Only new removes 1 B:\nRULE  SPANS  BYTES  DOCUMENTS\np/d ")
        );
    }
}
