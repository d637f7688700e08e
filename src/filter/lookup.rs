//! Labels of all rules: a line is looked up among ten thousand of them once. They stay where the rules have them; here are
//! only their hashes.

use crate::pack::RuleSet;
use crate::prepare::RulePlan;
use crate::rule::RuleId;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

/// So many hashes are told apart before they are looked for.
const PLACES: usize = 1 << 17;

/// Where labels are, by their hashes.
#[derive(Debug)]
pub(super) struct LabelIndex {
    /// A bit for each place of a hash.
    bits: Box<[u64; PLACES / 64]>,
    /// The hash of each label, its rule, and its number there.
    labels: Vec<(u64, RuleId, u32)>,
    longest: usize,
}

impl Default for LabelIndex {
    fn default() -> Self {
        Self {
            bits: Box::new([0; PLACES / 64]),
            labels: Vec::new(),
            longest: 0,
        }
    }
}

impl LabelIndex {
    /// Adds a rule's label, folded.
    pub(super) fn add(&mut self, label: &str, rule: RuleId, number: usize) {
        let hash = hash(label.as_bytes());
        self.bits[place(hash) / 64] |= 1 << (place(hash) % 64);
        self.labels.push((hash, rule, number as u32));
        self.longest = self.longest.max(label.len());
    }

    /// Makes the labels ready to be found, once all are there.
    pub(super) fn build(&mut self) {
        self.labels.sort_unstable();
    }

    /// The length of the longest label, in folded bytes.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The rules that have a folded line among their labels.
    pub(super) fn find<'l>(
        &'l self,
        line: &'l [u8],
        rules: &'l RuleSet,
    ) -> impl Iterator<Item = RuleId> + 'l {
        let hash = if line.len() <= self.longest {
            Some(hash(line))
        } else {
            None
        };
        let hash = hash.filter(|&hash| self.bits[place(hash) / 64] >> (place(hash) % 64) & 1 != 0);
        let alike = hash.into_iter().flat_map(|hash| {
            let first = self.labels.partition_point(|label| label.0 < hash);
            self.labels[first..]
                .iter()
                .take_while(move |label| label.0 == hash)
        });
        let is_label = move |rule, number| matches!(rules.prepared(rule), RulePlan::Labels(labels) if labels[number].as_bytes() == line);
        alike
            .filter(move |&&(_, rule, number)| is_label(rule, number as usize))
            .map(|&(_, rule, _)| rule)
    }
}

fn hash(label: &[u8]) -> u64 {
    FxBuildHasher.hash_one(label)
}

fn place(hash: u64) -> usize {
    (hash >> 32) as usize % PLACES
}
