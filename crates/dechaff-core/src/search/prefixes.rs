//! An index of line prefixes: finds the whole-line rules that can match a line by the first bytes
//! of the line.
//!
//! A whole-line rule such as `share this [article]` can only match a line that starts with `share
//! this`. Of such a prefix the index keeps at most eight bytes ([`MAX_PREFIX_LEN`]), normalized and
//! packed into one integer. The cost of a lookup therefore does not depend on the number of rules,
//! and does not involve comparing strings.
//!
//! For each first byte, a bit mask says how long the prefixes with this first byte are. For
//! example, with the prefixes `share`, `share th` (of `share this`) and `read on`,
//!
//! ```text
//! lengths[b's'] = 0b1001_0000     5 and 8 bytes
//! lengths[b'r'] = 0b0100_0000     7 bytes
//! lengths[b'x'] = 0               a line that starts with x is done
//! ```
//!
//! The line `share the news` is looked up twice: by its first five bytes `share`, and by its first
//! eight, `share th`. Both are prefixes, so both rules become candidates. That `share this` does
//! not match is found by verification.
//!
//! A lookup first tests one bit of a table of hashes, which stays in the cache, and goes to the
//! hash map only if that bit is set. The targets of one prefix form a linked list in one vector, so
//! that the map needs no vector for each prefix.

use super::prefilter::without_line_ends;
use dechaff_rules::phrase::MAX_PREFIX_LEN;
use dechaff_rules::plan::LinePrefix;
use rustc_hash::FxHashMap;

/// Number of bits of the table of hashes.
const SLOTS: usize = 1 << 17;

/// Line prefixes, each with targets: what to try on a line that starts with the prefix.
#[derive(Debug)]
pub(super) struct PrefixIndex<T> {
    /// For each first byte, the lengths of the prefixes that start with it: bit `n - 1` is set for
    /// a prefix of `n` bytes.
    lengths: [u8; 256],
    /// One bit for each hash; set if a prefix has this hash.
    hashes: Box<[u64; SLOTS / 64]>,
    /// Index in `targets` of the target of each prefix that was added last.
    last: FxHashMap<LinePrefix, u32>,
    /// Targets, each with the index of the target of the same prefix that was added before it.
    targets: Vec<(T, Option<u32>)>,
}

impl<T> Default for PrefixIndex<T> {
    fn default() -> Self {
        Self {
            lengths: [0; 256],
            hashes: Box::new([0; SLOTS / 64]),
            last: FxHashMap::default(),
            targets: Vec::new(),
        }
    }
}

impl<T> PrefixIndex<T> {
    /// Adds a target to `prefix`, which must not be empty. A prefix may have several targets; the
    /// index can be searched without a separate step to finish it.
    pub(super) fn add(&mut self, prefix: LinePrefix, target: T) {
        let first = prefix.bytes >> (8 * (prefix.length - 1));
        self.lengths[first as usize] |= 1 << (prefix.length - 1);
        self.hashes[slot(prefix) / 64] |= 1 << (slot(prefix) % 64);
        let previous = self.last.insert(prefix, self.targets.len() as u32);
        self.targets.push((target, previous));
    }

    /// Returns whether there is no prefix.
    pub(super) fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Returns the targets of all prefixes that `text` starts with. `text` is normalized and may be
    /// longer than a line; a line end in its first bytes counts as a space, because a phrase may be
    /// broken over lines.
    pub(super) fn find(&self, text: &[u8]) -> impl Iterator<Item = &T> {
        let lengths = text
            .first()
            .map_or(0, |&first| self.lengths[usize::from(first)]);
        let max_len = text.len().min(MAX_PREFIX_LEN) as u8;
        let bytes = match text.first_chunk() {
            Some(&bytes) => without_line_ends(u64::from_be_bytes(bytes)),
            None => LinePrefix::of(text).bytes,
        };
        (1..=max_len)
            .filter(move |length| lengths >> (length - 1) & 1 != 0)
            .map(move |length| LinePrefix {
                bytes: bytes >> (8 * (max_len - length)),
                length,
            })
            .filter(|&prefix| self.hashes[slot(prefix) / 64] >> (slot(prefix) % 64) & 1 != 0)
            .filter_map(|prefix| self.last.get(&prefix).copied())
            .flat_map(|last| {
                std::iter::successors(Some(last), |&index| self.targets[index as usize].1)
            })
            .map(|index| &self.targets[index as usize].0)
    }
}

/// Returns the slot of a prefix in the table of hashes. The length is part of the hash, so that a
/// prefix and a longer one that starts with it get different slots.
fn slot(prefix: LinePrefix) -> usize {
    let hash = (prefix.bytes ^ u64::from(prefix.length) << 56).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (hash >> 32) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(prefixes: &PrefixIndex<usize>, text: &str) -> Vec<usize> {
        let mut found: Vec<usize> = prefixes.find(text.as_bytes()).copied().collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn lines_are_found_by_their_first_bytes() {
        let mut prefixes = PrefixIndex::default();
        for (target, prefix) in ["share", "share this", "7", "read mo"]
            .into_iter()
            .enumerate()
        {
            prefixes.add(LinePrefix::of(prefix.as_bytes()), target);
        }
        assert_eq!(find(&prefixes, "share this now"), [0, 1]);
        assert_eq!(
            find(&prefixes, "share\nthem"),
            [0, 1],
            "eight bytes are compared, and a line end is a space"
        );
        assert_eq!(find(&prefixes, "shared"), [0]);
        assert_eq!(find(&prefixes, "7"), [2]);
        assert_eq!(find(&prefixes, "shar"), [0; 0]);
        assert_eq!(find(&prefixes, ""), [0; 0]);
    }
}
