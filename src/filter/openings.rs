//! Openings: rules that take whole lines are looked for where lines begin. The first bytes of a line are looked up once,
//! however many rules there are; only rules that can begin so are tried.

use crate::phrase::LONGEST_OPENING;
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
    by_opening: FxHashMap<(u64, u8), Vec<T>>,
}

impl<T> Default for Openings<T> {
    fn default() -> Self {
        Self { lengths: [0; 256], fours: Box::new([0; 1 << (FOURS - 6)]), by_opening: FxHashMap::default() }
    }
}

impl<T> Openings<T> {
    /// Adds a target to an opening of 1 to [`LONGEST_OPENING`] bytes.
    pub(super) fn add(&mut self, opening: &[u8], target: T) {
        let length = opening.len().min(LONGEST_OPENING);
        let Some(&first) = opening.first() else { return };
        self.lengths[usize::from(first)] |= 1 << (length - 1);
        if length >= 4 {
            let place = place(opening);
            self.fours[place / 64] |= 1 << (place % 64);
        }
        self.by_opening.entry((first_bytes(opening, length), length as u8)).or_default().push(target);
    }

    /// What is to be tried where these bytes begin.
    pub(super) fn find(&self, text: &[u8]) -> impl Iterator<Item = &T> {
        let mut lengths = text.first().map_or(0, |&first| self.lengths[usize::from(first)]);
        if text.len() >= 4 && self.fours[place(text) / 64] >> (place(text) % 64) & 1 == 0 {
            lengths &= !LONG;
        }
        let known = (1..=LONGEST_OPENING.min(text.len())).filter(move |length| lengths >> (length - 1) & 1 != 0);
        known.filter_map(|length| self.by_opening.get(&(first_bytes(text, length), length as u8))).flatten()
    }
}

/// The place of the first four bytes in the bit table.
fn place(text: &[u8]) -> usize {
    ((first_bytes(text, 4) as u32).wrapping_mul(0x9E37_79B1) >> (32 - FOURS)) as usize
}

/// So many first bytes as a number, a line end as a space.
fn first_bytes(text: &[u8], length: usize) -> u64 {
    text[..length].iter().fold(0, |bytes, &byte| bytes << 8 | u64::from(if byte == b'\n' { b' ' } else { byte }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_looked_up_by_their_first_bytes() {
        let mut openings = Openings::default();
        for (target, opening) in ["share", "share this", "7", "read mo"].into_iter().enumerate() {
            openings.add(opening.as_bytes(), target);
        }
        let found = |text: &str| openings.find(text.as_bytes()).copied().collect::<Vec<_>>();
        assert_eq!(found("share this now"), [0, 1]);
        assert_eq!(found("share\nthem"), [0, 1], "eight bytes are looked at, and a line end is a space");
        assert_eq!(found("shared"), [0]);
        assert_eq!(found("7"), [2]);
        assert_eq!(found("shar"), [0; 0]);
        assert_eq!(found(""), [0; 0]);
    }
}
