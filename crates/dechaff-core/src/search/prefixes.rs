//! Openings: rules that take whole lines are looked for where lines begin. The first bytes of a line are looked up once,
//! however many rules there are; only rules that can begin so are tried.

use super::prefilter::without_line_ends;
use dechaff_rules::phrase::MAX_PREFIX_LEN;
use dechaff_rules::plan::LinePrefix;
use rustc_hash::FxHashMap;

/// The table of hashes has so many bits.
const SLOTS: usize = 1 << 17;

/// Openings with what is to be tried on lines that begin with them.
#[derive(Debug)]
pub(super) struct PrefixIndex<T> {
    /// For each first byte a bit for each length of the prefixes that begin with it.
    lengths: [u8; 256],
    /// A bit for the hash of each prefix, set where it may be one of these.
    hashes: Box<[u64; SLOTS / 64]>,
    /// The slot of the last target of each prefix, and with each target the slot of the one before, if there is one.
    last: FxHashMap<LinePrefix, u32>,
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
    /// Adds a target to an prefix that is not empty.
    pub(super) fn add(&mut self, prefix: LinePrefix, target: T) {
        let first = prefix.bytes >> (8 * (prefix.length - 1));
        self.lengths[first as usize] |= 1 << (prefix.length - 1);
        self.hashes[slot(prefix) / 64] |= 1 << (slot(prefix) % 64);
        let before = self.last.insert(prefix, self.targets.len() as u32);
        self.targets.push((target, before));
    }

    /// What is to be tried where these bytes begin.
    pub(super) fn find(&self, text: &[u8]) -> impl Iterator<Item = &T> {
        let lengths = text
            .first()
            .map_or(0, |&first| self.lengths[usize::from(first)]);
        let most = text.len().min(MAX_PREFIX_LEN) as u8;
        let longest = match text.first_chunk() {
            Some(&bytes) => without_line_ends(u64::from_be_bytes(bytes)),
            None => LinePrefix::of(text).bytes,
        };
        let prefixes = (1..=most).filter(move |length| lengths >> (length - 1) & 1 != 0);
        let prefixes = prefixes.map(move |length| LinePrefix {
            bytes: longest >> (8 * (most - length)),
            length,
        });
        let known = prefixes
            .filter(|&prefix| self.hashes[slot(prefix) / 64] >> (slot(prefix) % 64) & 1 != 0);
        let last = known.filter_map(|prefix| self.last.get(&prefix).copied());
        last.flat_map(|last| std::iter::successors(Some(last), |&at| self.targets[at as usize].1))
            .map(|at| &self.targets[at as usize].0)
    }
}

/// The slot of an prefix in the table of hashes.
fn slot(prefix: LinePrefix) -> usize {
    let multiplied =
        (prefix.bytes ^ u64::from(prefix.length) << 56).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (multiplied >> 32) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_looked_up_by_their_first_bytes() {
        let mut prefixes = PrefixIndex::default();
        for (target, prefix) in ["share", "share this", "7", "read mo"]
            .into_iter()
            .enumerate()
        {
            prefixes.add(LinePrefix::of(prefix.as_bytes()), target);
        }
        let found = |text: &str| {
            let mut found: Vec<usize> = prefixes.find(text.as_bytes()).copied().collect();
            found.sort_unstable();
            found
        };
        assert_eq!(found("share this now"), [0, 1]);
        assert_eq!(
            found("share\nthem"),
            [0, 1],
            "eight bytes are looked at, and a line end is a space"
        );
        assert_eq!(found("shared"), [0]);
        assert_eq!(found("7"), [2]);
        assert_eq!(found("shar"), [0; 0]);
        assert_eq!(found(""), [0; 0]);
    }
}
