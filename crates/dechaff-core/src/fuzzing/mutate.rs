//! Runs of the fuzz targets without libFuzzer, on random changes of inputs. The same seed gives the
//! same changes.

use super::Target;

/// Changes in a row of the same input. Of as many inputs, all but one keep their head.
const SHARING: usize = 16;

/// Pieces that matter to one of the targets.
const PIECES: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\n\n",
    b" ",
    b"\0",
    b"\"",
    b"\"\"",
    b"'",
    b"\\",
    b"\\u0000",
    b"\\ud834\\udd1e",
    b",",
    b"\t",
    b"{",
    b"}",
    b"[",
    b"]",
    b"(a|b)",
    b"{..3}",
    b"{#}",
    b"{*}",
    b"0",
    b"-1",
    b"18446744073709551615",
    b"1e400",
    b"null",
    b"text",
    b"\xEF\xBB\xBF",
    b"\xFF",
    b"\xE2\x80\x8B",
    b"\xCC\x81",
    b"\xC2\xA0",
    b"\xE2\x80\x9C",
    b"WARC/1.0\r\n",
    b"Content-Length: ",
    b"Advertisement\n",
    b"../",
];

/// A source of random changes (`SplitMix64`).
#[derive(Debug)]
pub struct Mutator(u64);

impl Mutator {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number below `bound`, which must not be 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    /// Changes `input` in one to four places from byte `from` on. Some changes copy a part of
    /// `other` into it.
    pub fn change(&mut self, input: &mut Vec<u8>, from: usize, other: &[u8]) {
        for _ in 0..=self.below(4) {
            let from = from.min(input.len());
            let at = from + self.below(input.len() - from + 1);
            let end = (at + 1 + self.below(16)).min(input.len());
            match self.below(7) {
                0 if at < input.len() => input[at] ^= 1 << self.below(8),
                1 if at < input.len() => input[at] = self.below(256) as u8,
                2 => drop(input.drain(at..end)),
                3 => {
                    let part = input[at..end].to_vec();
                    let to = from + self.below(input.len() - from + 1);
                    input.splice(to..to, part);
                }
                4 if !other.is_empty() => {
                    let start = self.below(other.len());
                    let part = &other[start..(start + 1 + self.below(64)).min(other.len())];
                    input.splice(at..end, part.iter().copied());
                }
                5 => input.truncate(at.max(input.len() / 2).max(from)),
                _ => {
                    let piece = PIECES[self.below(PIECES.len())];
                    input.splice(at..at, piece.iter().copied());
                }
            }
        }
    }
}

impl Target {
    /// Checks each of `inputs`, and then `count` random changes of them of at most `max_len` bytes.
    /// The same `seed` gives the same changes. Calls `on_input` before each check.
    pub fn run(
        &self,
        inputs: &[Vec<u8>],
        count: usize,
        max_len: usize,
        seed: u64,
        on_input: &mut dyn FnMut(&[u8]),
    ) {
        for input in inputs {
            on_input(input);
            (self.check)(input);
        }
        let mut mutator = Mutator::new(seed);
        let (mut original, mut from) = (&inputs[0], 0);
        let mut input = Vec::new();
        for number in 0..count {
            // Inputs with a common start share what a target compiles from it.
            if number.is_multiple_of(SHARING) {
                original = &inputs[mutator.below(inputs.len())];
                let starts = [0, (self.head_len)(original)];
                from = starts[usize::from(mutator.below(SHARING) > 0)];
            }
            input.clear();
            input.extend_from_slice(original);
            input.truncate(max_len);
            let other = &inputs[mutator.below(inputs.len())];
            mutator.change(&mut input, from, other);
            on_input(&input);
            (self.check)(&input);
        }
    }
}
