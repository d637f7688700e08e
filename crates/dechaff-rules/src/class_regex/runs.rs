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
    #[serde(skip)]
    decoded: OnceLock<Vec<(u32, u8)>>,
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

    /// Returns the first code point of each run, with its byte.
    pub(super) fn get(&self) -> &[(u32, u8)] {
        self.decoded.get_or_init(|| decode(&self.encoded))
    }
}

impl fmt::Debug for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.get()).finish()
    }
}

fn decode(encoded: &[u8]) -> Vec<(u32, u8)> {
    let (mut runs, mut start, mut distance, mut shift) = (Vec::new(), 0u32, 0u32, 0);
    let mut bytes = encoded.iter();
    while let Some(&byte) = bytes.next() {
        distance |= u32::from(byte & 0x7F) << shift;
        shift += 7;
        if byte < 0x80 {
            start += distance;
            runs.extend(bytes.next().map(|&byte| (start, byte)));
            (distance, shift) = (0, 0);
        }
    }
    runs
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
        assert_eq!(Runs::new(&runs).get(), runs);
        assert_eq!(Runs::new(&[(0, 7)]).get(), [(0, 7)]);
    }
}
