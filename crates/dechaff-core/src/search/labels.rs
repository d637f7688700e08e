//! The labels of all rules in one index. A line such as "Share" or "Advertisement" is found among
//! ten thousand labels with one hash lookup. The labels themselves stay in the search plans of
//! their rules; the index holds only their hashes.

use crate::rules::RuleSet;
use dechaff_rules::plan::RulePlan;
use dechaff_rules::rule::RuleId;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

/// Number of buckets, a few for each built-in label.
const BUCKETS: usize = 1 << 15;

/// Number of hashes in the set that rejects most lines, a dozen for each built-in label. A bit for
/// each fits in the cache, where the buckets do not stay.
const HASHES: usize = 1 << 17;

/// Labels by their hashes.
#[derive(Debug)]
pub(super) struct LabelIndex {
    /// A bit for each hash that a label has.
    hashes: Box<[u64; HASHES / 64]>,
    /// The index in `labels` of the last label in each bucket, plus one; 0 for an empty bucket.
    buckets: Vec<u32>,
    labels: Vec<IndexedLabel>,
    /// Length of the longest label, in bytes of normalized text.
    max_len: usize,
}

/// A label of a rule.
#[derive(Debug)]
struct IndexedLabel {
    hash: u64,
    rule: RuleId,
    /// Its index among the labels of the rule.
    number: u32,
    /// The label that was added to the same bucket before it, as in [`LabelIndex::buckets`].
    previous: u32,
}

impl Default for LabelIndex {
    fn default() -> Self {
        Self {
            hashes: Box::new([0; HASHES / 64]),
            buckets: vec![0; BUCKETS],
            labels: Vec::new(),
            max_len: 0,
        }
    }
}

impl LabelIndex {
    /// Adds a label of `rule`. `label` is normalized and trimmed, and `number` is its index among
    /// the labels in the rule's search plan, where [`find`](Self::find) looks it up again.
    pub(super) fn add(&mut self, label: &[u8], rule: RuleId, number: usize) {
        let hash = hash(label);
        self.hashes[hash_bit(hash) / 64] |= 1 << (hash_bit(hash) % 64);
        let last = &mut self.buckets[bucket(hash)];
        self.labels.push(IndexedLabel {
            hash,
            rule,
            number: number as u32,
            previous: *last,
        });
        *last = self.labels.len() as u32;
        self.max_len = self.max_len.max(label.len());
    }

    /// Returns the length of the longest label in bytes of normalized text, or 0 if there are no
    /// labels. Longer lines need not be searched for.
    pub(super) fn max_len(&self) -> usize {
        self.max_len
    }

    /// Returns the rules that have `line` as a label. `line` is normalized and trimmed, and `rules`
    /// must be the rules that the index was made of. Equal hashes are resolved by comparing the
    /// labels.
    pub(super) fn find<'l>(
        &'l self,
        line: &'l [u8],
        rules: &'l RuleSet,
    ) -> impl Iterator<Item = RuleId> + 'l {
        let hash = hash(line);
        let is_known = self.hashes[hash_bit(hash) / 64] >> (hash_bit(hash) % 64) & 1 != 0;
        let last = if is_known && line.len() <= self.max_len {
            self.label(self.buckets[bucket(hash)])
        } else {
            None
        };
        std::iter::successors(last, |label| self.label(label.previous))
            .filter(move |label| label.hash == hash)
            .filter(move |label| match rules.plan(label.rule) {
                RulePlan::Labels(labels) => labels.bytes(label.number as usize) == line,
                _ => false,
            })
            .map(|label| label.rule)
    }

    /// Returns the label with this index plus one; `None` for 0.
    fn label(&self, index: u32) -> Option<&IndexedLabel> {
        self.labels.get(index.checked_sub(1)? as usize)
    }
}

fn hash(label: &[u8]) -> u64 {
    FxBuildHasher.hash_one(label)
}

/// Returns the index of a hash in the set of hashes. Its lower bits are those of the bucket. Where
/// addresses have 32 bits, so have hashes: the upper half is zero.
fn hash_bit(hash: u64) -> usize {
    hash as usize % HASHES
}

fn bucket(hash: u64) -> usize {
    hash as usize % BUCKETS
}

#[cfg(test)]
mod tests {
    use super::{LabelIndex, RuleId};

    #[test]
    fn labels_are_spread_over_the_buckets() {
        let mut index = LabelIndex::default();
        for number in 0..4096 {
            index.add(format!("label {number}").as_bytes(), RuleId::new(0), number);
        }
        let used = index.buckets.iter().filter(|&&last| last != 0).count();
        assert!(used > 3000, "4096 labels are in {used} buckets");
    }
}
