//! Openings: rules that take whole lines are looked for where lines begin. The first bytes of a line are looked up once,
//! however many rules there are; only rules that can begin so are tried.

use crate::phrase::LONGEST_OPENING;
use crate::prepare::Opening;
use rustc_hash::FxHashMap;

/// The bit table for four bytes has two to this power bits.
const FOURS: u32 = 16;
/// The bits of the lengths from four on.
const LONG: u8 = 0xF8;

/// Openings with what is to be tried on lines that begin with them.
#[derive(Debug)]
pub(super) struct Openings<T> {
    /// For each first byte a bit for each length of the openings that begin with it.
    lengths: [u8; 256],
    /// A bit for the hash of the first four bytes of each opening that has as many.
    fours: Box<[u64; 1 << (FOURS - 6)]>,
    /// The place of the last target of each opening, and with each target the place of the one before, if there is one.
    last: FxHashMap<Opening, u32>,
    targets: Vec<(T, Option<u32>)>,
}

impl<T> Default for Openings<T> {
    fn default() -> Self {
        Self { lengths: [0; 256], fours: Box::new([0; 1 << (FOURS - 6)]), last: FxHashMap::default(), targets: Vec::new() }
    }
}

impl<T> Openings<T> {
    /// Adds a target to an opening that is not empty.
    pub(super) fn add(&mut self, opening: Opening, target: T) {
        let bytes = opening.bytes << (64 - 8 * u32::from(opening.length));
        self.lengths[(bytes >> 56) as usize] |= 1 << (opening.length - 1);
        if opening.length >= 4 {
            let place = place((bytes >> 32) as u32);
            self.fours[place / 64] |= 1 << (place % 64);
        }
        let before = self.last.insert(opening, self.targets.len() as u32);
        self.targets.push((target, before));
    }

    /// What is to be tried where these bytes begin.
    pub(super) fn find(&self, text: &[u8]) -> impl Iterator<Item = &T> {
        let mut lengths = text.first().map_or(0, |&first| self.lengths[usize::from(first)]);
        let place = place(Opening::of(&text[..text.len().min(4)]).bytes as u32);
        if text.len() >= 4 && self.fours[place / 64] >> (place % 64) & 1 == 0 {
            lengths &= !LONG;
        }
        let known = (1..=LONGEST_OPENING.min(text.len())).filter(move |length| lengths >> (length - 1) & 1 != 0);
        let last = known.filter_map(|length| self.last.get(&Opening::of(&text[..length])).copied());
        last.flat_map(|last| std::iter::successors(Some(last), |&at| self.targets[at as usize].1)).map(|at| &self.targets[at as usize].0)
    }
}

/// The place of four bytes in the bit table.
fn place(bytes: u32) -> usize {
    (bytes.wrapping_mul(0x9E37_79B1) >> (32 - FOURS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_looked_up_by_their_first_bytes() {
        let mut openings = Openings::default();
        for (target, opening) in ["share", "share this", "7", "read mo"].into_iter().enumerate() {
            openings.add(Opening::of(opening.as_bytes()), target);
        }
        let found = |text: &str| {
            let mut found: Vec<usize> = openings.find(text.as_bytes()).copied().collect();
            found.sort_unstable();
            found
        };
        assert_eq!(found("share this now"), [0, 1]);
        assert_eq!(found("share\nthem"), [0, 1], "eight bytes are looked at, and a line end is a space");
        assert_eq!(found("shared"), [0]);
        assert_eq!(found("7"), [2]);
        assert_eq!(found("shar"), [0; 0]);
        assert_eq!(found(""), [0; 0]);
    }
}
