//! Runs of characters that one byte of an alphabet represents. Letters make up thousands of runs,
//! but most regexes are only used for texts in ASCII, which need none of them. The runs are
//! therefore stored in a compact form and decoded on first use.

use crate::string_list::bytes;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::OnceLock;

/// Runs of characters, of which the first starts at the first character that does not represent
/// itself.
#[derive(Serialize, Deserialize)]
pub(super) struct Runs {
    /// The distance of each start from the one before, in groups of seven bits with the lowest
    /// first, each but the last with the upper bit set; then the byte.
    #[serde(with = "bytes")]
    encoded: Vec<u8>,
    /// The first code point of each run and, in the lowest eight bits, its byte.
    #[serde(skip)]
    decoded: OnceLock<Box<[u32]>>,
}

impl Runs {
    /// Stores runs, in ascending order: the first code point of each, with its byte.
    pub(super) fn new(runs: &[(u32, u8)]) -> Self {
        let mut encoded = Vec::new();
        let mut last = 0;
        for &(start, byte) in runs {
            let mut distance = start - last;
            last = start;
            while distance >= 0x80 {
                encoded.push(distance as u8 | 0x80);
                distance >>= 7;
            }
            encoded.extend([distance as u8, byte]);
        }
        Self {
            encoded,
            decoded: OnceLock::new(),
        }
    }

    /// Returns the byte of a character, which must not precede the first run.
    pub(super) fn byte(&self, character: char) -> u8 {
        let runs = self.decoded.get_or_init(|| decode(&self.encoded));
        let after = runs.partition_point(|&run| run >> 8 <= u32::from(character));
        runs[after - 1] as u8
    }
}

impl fmt::Debug for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(decode(&self.encoded)).finish()
    }
}

fn decode(encoded: &[u8]) -> Box<[u32]> {
    // A run has at least two bytes.
    let mut runs = Vec::with_capacity(encoded.len() / 2);
    let (mut start, mut distance, mut shift) = (0u32, 0u32, 0);
    let mut bytes = encoded.iter();
    while let Some(&byte) = bytes.next() {
        distance |= u32::from(byte & 0x7F) << shift;
        shift += 7;
        if byte < 0x80 {
            start += distance;
            runs.extend(bytes.next().map(|&byte| start << 8 | u32::from(byte)));
            (distance, shift) = (0, 0);
        }
    }
    runs.into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoded_runs_are_those_that_were_stored() {
        let runs = [
            (0x80, 0xFF),
            (0xDF, 0xFE),
            (0xE0, 0xFF),
            (0xE000, 0x80),
            (0x10_FFFF, 1),
        ];
        let decoded = decode(&Runs::new(&runs.map(|(start, byte)| (start, byte as u8))).encoded);
        let expected: Vec<u32> = runs.map(|(start, byte)| start << 8 | byte).into();
        assert_eq!(*decoded, expected[..]);
        let runs = Runs::new(&[(0x80, 7), (0xE9, 8), (0xEA, 9)]);
        assert_eq!(
            "\u{80}èéêλ"
                .chars()
                .map(|c| runs.byte(c))
                .collect::<Vec<_>>(),
            [7, 7, 8, 9, 9]
        );
        assert_eq!(Runs::new(&[(0, 7)]).byte('\0'), 7);
    }
}
