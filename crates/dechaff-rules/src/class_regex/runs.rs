//! Runs of characters that one byte of an alphabet represents. Letters make up thousands of runs, so
//! they are stored in the form in which they are searched: those of built-in regexes are part of the
//! program and cost nothing until a text needs them.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// Length of a stored run, in bytes.
const RUN_LEN: usize = 4;

/// Runs of characters, of which the first starts at the first character that does not represent
/// itself.
#[derive(Serialize, Deserialize)]
pub(super) struct Runs<'t>(
    /// The runs in ascending order, [`RUN_LEN`] bytes each: a little-endian number with the byte in
    /// the lowest eight bits, and above them the first code point.
    #[serde(borrow)]
    Cow<'t, [u8]>,
);

impl Runs<'_> {
    /// Stores runs, in ascending order: the first code point of each, with its byte.
    pub(super) fn new(runs: &[(u32, u8)]) -> Self {
        let runs = runs
            .iter()
            .map(|&(start, byte)| start << 8 | u32::from(byte));
        Self(runs.flat_map(u32::to_le_bytes).collect())
    }

    /// Returns the byte of a character, which must not precede the first run.
    pub(super) fn byte(&self, character: char) -> u8 {
        let (runs, _) = self.0.as_chunks::<RUN_LEN>();
        let after =
            runs.partition_point(|&run| u32::from_le_bytes(run) >> 8 <= u32::from(character));
        runs[after - 1][0]
    }
}

impl fmt::Debug for Runs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (runs, _) = self.0.as_chunks::<RUN_LEN>();
        let runs = runs.iter().map(|&run| u32::from_le_bytes(run));
        f.debug_list().entries(runs).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_has_the_byte_of_the_last_run_that_starts_before_it() {
        let runs = Runs::new(&[(0x80, 7), (0xE9, 8), (0xEA, 9), (0x10_FFFF, 1)]);
        let bytes = "\u{80}èéêλ\u{10FFFF}".chars().map(|c| runs.byte(c));
        assert_eq!(bytes.collect::<Vec<_>>(), [7, 7, 8, 9, 9, 1]);
        assert_eq!(Runs::new(&[(0, 7)]).byte('\0'), 7);
    }
}
