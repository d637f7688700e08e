//! The pairs of bytes of a line, which rule out most candidates of patterns. A line that lacks a
//! pair of adjacent bytes of a literal does not contain the literal:
//!
//! ```text
//! line       about our team            "ab", "bo", "ou", "ut", "t ", " o", ...
//! literal    policy                    "po" is missing after one comparison
//! ```
//!
//! The pairs are a bit set, by a hash, and so the answer "it may contain the literal" can be wrong.
//! It seldom is: most literals have more than five pairs, and most lines have few.

use memchr::memchr;

/// Number of bits of the set.
const BITS: usize = 4096;

/// The pairs of adjacent bytes of the line that was read last.
#[derive(Debug)]
pub(super) struct Bigrams {
    bits: [u64; BITS / 64],
    line: Option<usize>,
}

impl Default for Bigrams {
    fn default() -> Self {
        let (bits, line) = ([0; BITS / 64], None);
        Self { bits, line }
    }
}

impl Bigrams {
    /// Forgets the line. Call it before lines of another document are read.
    pub(super) fn clear(&mut self) {
        self.line = None;
    }

    /// Reads the line with this number, unless it is the one that was read last.
    pub(super) fn read(&mut self, line: usize, text: &[u8]) {
        if self.line == Some(line) {
            return;
        }
        self.line = Some(line);
        self.bits.fill(0);
        for pair in text.windows(2) {
            let (word, bit) = place(pair);
            self.bits[word] |= bit;
        }
    }

    /// Returns whether the line that was read, `text`, may contain a literal.
    pub(super) fn may_contain(&self, literal: &[u8], text: &[u8]) -> bool {
        match literal {
            &[byte] => memchr(byte, text).is_some(),
            _ => literal.windows(2).all(|pair| {
                let (word, bit) = place(pair);
                self.bits[word] & bit != 0
            }),
        }
    }
}

/// Returns the word and the bit of a pair of bytes.
fn place(pair: &[u8]) -> (usize, u64) {
    let hash = (usize::from(pair[0]) * 61 + usize::from(pair[1])) % BITS;
    (hash / 64, 1 << (hash % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_contain_what_it_contains_and_little_else() {
        let text = b"about our team @work";
        let mut bigrams = Bigrams::default();
        bigrams.read(0, b"policy");
        bigrams.read(1, text);
        for found in ["our team", "about", "@", "k", ""] {
            assert!(bigrams.may_contain(found.as_bytes(), text), "{found}");
        }
        for missing in ["policy", "teams", "#", "our  team"] {
            assert!(!bigrams.may_contain(missing.as_bytes(), text), "{missing}");
        }
        bigrams.clear();
        bigrams.read(1, b"policy");
        assert!(bigrams.may_contain(b"policy", b"policy"));
    }
}
