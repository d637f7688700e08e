//! Labels of all rules: a line is looked up among ten thousand of them once. They stay where the rules have them; here are
//! only their hashes.

use crate::rules::RuleSet;
use dechaff_rules::plan::RulePlan;
use dechaff_rules::rule::RuleId;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

/// So many hashes are told apart before they are looked for.
const SLOTS: usize = 1 << 17;

/// Where labels are, by their hashes.
#[derive(Debug)]
pub(super) struct LabelIndex {
    /// A bit for each place of a hash.
    bits: Box<[u64; SLOTS / 64]>,
    /// The hash of each label, its rule, and its number there.
    labels: Vec<(u64, RuleId, u32)>,
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
    /// Adds a rule's label, folded.
    pub(super) fn add(&mut self, label: &str, rule: RuleId, number: usize) {
        let hash = hash(label.as_bytes());
        self.bits[slot(hash) / 64] |= 1 << (slot(hash) % 64);
        self.labels.push((hash, rule, number as u32));
        self.max_len = self.max_len.max(label.len());
    }

    /// Makes the labels ready to be found, once all are there.
    pub(super) fn build(&mut self) {
        self.labels.sort_unstable();
    }

    /// The length of the max_len label, in folded bytes.
    pub(super) fn max_len(&self) -> usize {
        self.max_len
    }

    /// The rules that have a folded line among their labels.
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
        let hash = hash.filter(|&hash| self.bits[slot(hash) / 64] >> (slot(hash) % 64) & 1 != 0);
        let alike = hash.into_iter().flat_map(|hash| {
            let first = self.labels.partition_point(|label| label.0 < hash);
            self.labels[first..]
                .iter()
                .take_while(move |label| label.0 == hash)
        });
        let is_label = move |rule, number| matches!(rules.plan(rule), RulePlan::Labels(labels) if labels[number].as_bytes() == line);
        alike
            .filter(move |&&(_, rule, number)| is_label(rule, number as usize))
            .map(|&(_, rule, _)| rule)
    }
}

fn hash(label: &[u8]) -> u64 {
    FxBuildHasher.hash_one(label)
}

fn slot(hash: u64) -> usize {
    (hash >> 32) as usize % SLOTS
}
