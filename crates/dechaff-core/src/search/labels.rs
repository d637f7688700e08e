//! The labels of all rules in one index. A line such as "Share" or "Advertisement" is found among
//! ten thousand labels with one hash lookup. The labels themselves stay in the search plans of
//! their rules; the index holds only their hashes.

use crate::rules::RuleSet;
use dechaff_rules::plan::RulePlan;
use dechaff_rules::rule::RuleId;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

/// Number of bits of the table that rejects most lines before the sorted hashes are searched.
const SLOTS: usize = 1 << 17;

/// Labels by their hashes.
#[derive(Debug)]
pub(super) struct LabelIndex {
    /// One bit for each slot; set if the hash of a label falls into the slot.
    bits: Box<[u64; SLOTS / 64]>,
    /// The hash of each label, its rule, and its index among the labels of the rule; sorted.
    labels: Vec<(u64, RuleId, u32)>,
    /// Length of the longest label, in bytes of normalized text.
    max_len: usize,
}

impl Default for LabelIndex {
    fn default() -> Self {
        Self {
            bits: Box::new([0; SLOTS / 64]),
            labels: Vec::new(),
            max_len: 0,
        }
    }
}

impl LabelIndex {
    /// Adds a label of `rule`. `label` is normalized and trimmed, and `number` is its index among
    /// the labels in the rule's search plan, where [`find`](Self::find) looks it up again.
    pub(super) fn add(&mut self, label: &str, rule: RuleId, number: usize) {
        let hash = hash(label.as_bytes());
        self.bits[slot(hash) / 64] |= 1 << (slot(hash) % 64);
        self.labels.push((hash, rule, number as u32));
        self.max_len = self.max_len.max(label.len());
    }

    /// Finishes the index by sorting it. Call it once, after the last label was added and before
    /// the first search; labels that are added later may not be found.
    pub(super) fn build(&mut self) {
        self.labels.sort_unstable();
    }

    /// Returns the length of the longest label in bytes of normalized text, or 0 if there are no
    /// labels. Longer lines need not be searched for.
    pub(super) fn max_len(&self) -> usize {
        self.max_len
    }

    /// Returns the rules that have `line` as a label, in the order of their ids. `line` is
    /// normalized and trimmed, and `rules` must be the rules that the index was made of. Equal
    /// hashes are resolved by comparing the labels.
    pub(super) fn find<'l>(
        &'l self,
        line: &'l [u8],
        rules: &'l RuleSet,
    ) -> impl Iterator<Item = RuleId> + 'l {
        let hash = if line.len() <= self.max_len {
            Some(hash(line))
        } else {
            None
        };
        hash.filter(|&hash| self.bits[slot(hash) / 64] >> (slot(hash) % 64) & 1 != 0)
            .into_iter()
            .flat_map(|hash| {
                let first = self.labels.partition_point(|label| label.0 < hash);
                self.labels[first..]
                    .iter()
                    .take_while(move |label| label.0 == hash)
            })
            .filter(move |&&(_, rule, number)| match rules.plan(rule) {
                RulePlan::Labels(labels) => labels[number as usize].as_bytes() == line,
                _ => false,
            })
            .map(|&(_, rule, _)| rule)
    }
}

fn hash(label: &[u8]) -> u64 {
    FxBuildHasher.hash_one(label)
}

fn slot(hash: u64) -> usize {
    (hash >> 32) as usize % SLOTS
}
