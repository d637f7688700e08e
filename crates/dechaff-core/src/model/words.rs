//! The words of a block as a linear score. Each n-gram of a block is hashed to an index into a
//! table of weights of one byte, and the weights are summed. There is no vocabulary: n-grams with
//! the same index share a weight.
//!
//! For example, the block "our newsletter archive" has these n-grams:
//!
//! ```text
//! Word       our, newsletter, archive
//! Pair       our newsletter, newsletter archive
//! Triple     our newsletter archive
//! Stem       newsl, archi
//! First      our                      Last       archive
//! FirstPair  our newsletter           Whole      our newsletter archive
//! ```
//!
//! The kind of an n-gram is part of its hash, so the same word has one weight as a word, and others
//! as the first and the last word of a block. Digits count as `0`, so "page 12" and "page 31" have
//! the same n-grams. In scripts without spaces each character is a word. Of a long block only the
//! first [`HEAD_WORDS`] and the last [`TAIL_WORDS`] words are read, which bounds its cost.

use super::file::Reader;
use crate::error::Error;
use dechaff_rules::chars::{first_char, is_spaceless, is_word};
use std::ops::Range;

/// Binary logarithm of the number of weights.
const TABLE_BITS: u32 = 18;
/// Number of words that are read at the start of a block.
const HEAD_WORDS: usize = 32;
/// Number of words that are read at the end of a longer block.
const TAIL_WORDS: usize = 6;
/// Maximum number of words of a block that is also an n-gram as a whole.
const MAX_WHOLE_WORDS: usize = 6;
/// Length of the stem of a word, in bytes. Words that have at least two bytes more are also n-grams
/// by their stem, which inflected forms share.
const STEM_LEN: usize = 5;

/// Weights of hashed n-grams: positive for chaff, negative for prose.
#[derive(Clone, Debug)]
pub struct WordTable {
    weights: Vec<i8>,
}

/// The weights of the n-grams of a block, summarized.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WordScore {
    /// Sum of the weights.
    pub sum: i32,
    /// Mean of the weights, times 16.
    pub mean: i32,
    /// Largest weight, at least 0.
    pub max: i32,
    /// Smallest weight, at most 0.
    pub min: i32,
}

impl WordScore {
    /// Score of plain prose, whose words are not looked up.
    pub(super) const PLAIN_PROSE: Self = Self {
        sum: -400,
        mean: -180,
        max: 0,
        min: -40,
    };
}

impl WordTable {
    /// Number of weights.
    pub const SIZE: usize = 1 << TABLE_BITS;

    /// Makes a table of `weights`, of which there must be [`SIZE`](Self::SIZE): looking up an
    /// n-gram beyond the end of a shorter table panics.
    #[must_use]
    pub fn new(weights: Vec<i8>) -> Self {
        Self { weights }
    }

    /// Reads a table from a model file: [`SIZE`](Self::SIZE) signed bytes.
    ///
    /// # Errors
    /// [`Error::Model`] if the file ends before that.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let bytes = reader.bytes(Self::SIZE)?;
        Ok(Self::new(bytes.iter().map(|&byte| byte as i8).collect()))
    }

    /// Looks up the weights of `grams` and summarizes them. The score of a block without words is
    /// zero. An n-gram that occurs twice counts twice.
    pub(super) fn score(&self, grams: &[u32]) -> WordScore {
        let mut score = WordScore::default();
        for &gram in grams {
            let weight = i32::from(self.weights[gram as usize]);
            score.sum += weight;
            score.max = score.max.max(weight);
            score.min = score.min.min(weight);
        }
        score.mean = score.sum * 16 / grams.len().max(1) as i32;
        score
    }
}

/// What an n-gram is in its block. N-grams of different kinds have different hashes.
#[derive(Clone, Copy)]
enum GramKind {
    Word = 1,
    Stem,
    Pair,
    Triple,
    First,
    FirstPair,
    Last,
    Whole,
}

/// Replaces `grams` by the n-grams of a block, given as normalized text: indices into a
/// [`WordTable`], in no order that matters. There are none if the text has no word. `tokens` is a
/// buffer for the hashes of its words. Calls `each_word` with each word.
pub(super) fn grams<'t>(
    normalized: &'t [u8],
    tokens: &mut Vec<u64>,
    grams: &mut Vec<u32>,
    mut each_word: impl FnMut(&'t [u8]),
) {
    grams.clear();
    tokens.clear();
    let mut tail = [0u64; TAIL_WORDS];
    let mut count = 0;
    for_each_token(normalized, |token| {
        each_word(token);
        let hash = hash_token(token);
        if tokens.len() < HEAD_WORDS {
            tokens.push(hash);
            if token.len() > STEM_LEN + 1 {
                add_gram(grams, GramKind::Stem, super::hash(&token[..STEM_LEN]));
            }
        } else {
            // A ring buffer of the last words.
            tail[count % TAIL_WORDS] = hash;
        }
        count += 1;
    });
    let Some(&first) = tokens.first() else { return };
    let last = if count > tokens.len() {
        tail[(count - 1) % TAIL_WORDS]
    } else {
        tokens[tokens.len() - 1]
    };
    add_gram(grams, GramKind::First, first);
    add_gram(grams, GramKind::Last, last);
    if count <= MAX_WHOLE_WORDS {
        let whole = tokens
            .iter()
            .fold(count as u64, |hash, &token| hash.rotate_left(7) ^ token);
        add_gram(grams, GramKind::Whole, whole);
    }
    if tokens.len() > 1 {
        add_gram(
            grams,
            GramKind::FirstPair,
            tokens[0].rotate_left(7) ^ tokens[1],
        );
    }
    let extra = count.saturating_sub(tokens.len()).min(TAIL_WORDS);
    tokens.extend((count - extra..count).map(|word| tail[word % TAIL_WORDS]));
    for at in 0..tokens.len() {
        add_gram(grams, GramKind::Word, tokens[at]);
        if at > 0 {
            let pair = tokens[at - 1].rotate_left(7) ^ tokens[at];
            add_gram(grams, GramKind::Pair, pair);
        }
        if at > 1 {
            let pair = tokens[at - 2].rotate_left(7) ^ tokens[at - 1];
            add_gram(grams, GramKind::Triple, pair.rotate_left(7) ^ tokens[at]);
        }
    }
}

/// Appends an n-gram to `grams` as an index into a [`WordTable`], computed from its kind and the
/// hash of its words.
#[inline]
fn add_gram(grams: &mut Vec<u32>, kind: GramKind, hash: u64) {
    // The upper bits of a product depend on all bits of the hash.
    let mixed = (hash ^ (kind as u64) << 56).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    grams.push((mixed >> (64 - TABLE_BITS)) as u32);
}

/// Returns the hash of a word, with each ASCII digit replaced by `0`, so that numbers of the same
/// length are the same word.
fn hash_token(token: &[u8]) -> u64 {
    if !token.iter().any(u8::is_ascii_digit) {
        return super::hash(token);
    }
    let digits: Vec<u8> = token
        .iter()
        .map(|&byte| if byte.is_ascii_digit() { b'0' } else { byte })
        .collect();
    super::hash(&digits)
}

/// Calls `each` with every word of normalized text, in order: a run of letters, digits and marks. A
/// character of a script without spaces is a word by itself. Everything else separates words, so
/// "it's" is two words.
pub(super) fn for_each_token<'t>(normalized: &'t [u8], mut each: impl FnMut(&'t [u8])) {
    if normalized.is_ascii() {
        for_each_ascii_token(normalized, |word| each(&normalized[word]));
    } else {
        for_each_unicode_token(normalized, each);
    }
}

/// Calls `each` with the range of every word, as [`for_each_token`] does, in ASCII text. Finds the
/// changes between letters or digits and other characters, 64 bytes at a time.
#[inline]
pub(super) fn for_each_ascii_token(text: &[u8], mut each: impl FnMut(Range<usize>)) {
    let (chunks, rest) = text.as_chunks::<64>();
    let mut last = [0; 64];
    last[..rest.len()].copy_from_slice(rest);
    // The start of a word whose end was not found yet.
    let mut open = None;
    for (number, chunk) in chunks.iter().chain([&last]).enumerate() {
        let members = alphanumeric(chunk);
        let mut changes = members ^ (members << 1 | u64::from(open.is_some()));
        while changes != 0 {
            let at = 64 * number + changes.trailing_zeros() as usize;
            changes &= changes - 1;
            match open.take() {
                Some(start) => each(start..at),
                None => open = Some(at),
            }
        }
    }
}

/// Does what [`for_each_token`] does for any text.
pub(super) fn for_each_unicode_token<'t>(normalized: &'t [u8], mut each: impl FnMut(&'t [u8])) {
    let mut start = None;
    let mut at = 0;
    while at < normalized.len() {
        let (word, alone, width) = if normalized[at] < 0x80 {
            (normalized[at].is_ascii_alphanumeric(), false, 1)
        } else {
            let character =
                first_char(&normalized[at..normalized.len().min(at + 4)]).unwrap_or(' ');
            (
                is_word(character),
                is_spaceless(character),
                character.len_utf8(),
            )
        };
        if !word || alone {
            if let Some(start) = start.take() {
                each(&normalized[start..at]);
            }
            if alone {
                each(&normalized[at..at + width]);
            }
        } else if start.is_none() {
            start = Some(at);
        }
        at += width;
    }
    if let Some(start) = start {
        each(&normalized[start..]);
    }
}

/// Returns the letters and digits of ASCII text, a bit for each byte.
fn alphanumeric(text: &[u8; 64]) -> u64 {
    // One byte for each, without a branch, is compiled to vector instructions.
    let mut found = [0u8; 64];
    for (found, &byte) in found.iter_mut().zip(text) {
        let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        let is_digit = byte.wrapping_sub(b'0') < 10;
        *found = u8::from(is_letter | is_digit);
    }
    let (words, _) = found.as_chunks::<8>();
    (0..8).zip(words).fold(0, |bits, (number, word)| {
        // Collects the lowest bits of the bytes in the upper byte of the product.
        let byte = u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits | byte << (8 * number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the n-grams of a normalized text.
    fn grams_of(text: &str) -> Vec<u32> {
        let mut found = Vec::new();
        grams(text.as_bytes(), &mut Vec::new(), &mut found, |_| ());
        found
    }

    #[test]
    fn words_end_at_punctuation_and_digits_are_alike() {
        let mut words = Vec::new();
        for_each_token("it's 4 p.m. 橋が".as_bytes(), |word| {
            words.push(String::from_utf8_lossy(word).into_owned());
        });
        assert_eq!(words, ["it", "s", "4", "p", "m", "橋", "が"]);
        assert_eq!(grams_of("page 12 of 40"), grams_of("page 31 of 77"));
        assert_ne!(grams_of("page one"), grams_of("one page"));
        assert!(grams_of("— …").is_empty());
    }

    #[test]
    fn words_are_the_runs_of_letters_and_digits() {
        for text in [
            "",
            "a",
            "  two words  ",
            "alphabetical 12345678 123456789",
            "cafe\u{301} na\u{308}ive, x—y",
            "«о мосте» 橋が12",
            "@[`{az09AZ/:\u{80}\u{ff}\0\n",
        ] {
            let mut words = Vec::new();
            for_each_token(text.as_bytes(), |word| words.push(word.to_vec()));
            let mut expected: Vec<Vec<u8>> = vec![Vec::new()];
            for character in text.chars() {
                let is_alone = is_spaceless(character);
                if !is_word(character) || is_alone {
                    expected.push(Vec::new());
                }
                if is_word(character) || is_alone {
                    let bytes = character.to_string().into_bytes();
                    expected.last_mut().unwrap().extend(bytes);
                }
                if is_alone {
                    expected.push(Vec::new());
                }
            }
            expected.retain(|word| !word.is_empty());
            assert_eq!(words, expected, "{text:?}");
        }
        for byte in 0..0x80 {
            let mut bytes = [b'-'; 64];
            bytes[37] = byte;
            let expected = u64::from(byte.is_ascii_alphanumeric()) << 37;
            assert_eq!(alphanumeric(&bytes), expected, "{byte}");
        }
        for len in 0..200 {
            let text = "it rained 3 days; a harbour-master of sixty years said so! ".repeat(4);
            let (mut ascii, mut unicode) = (Vec::new(), Vec::new());
            for_each_ascii_token(&text.as_bytes()[..len], |word| {
                ascii.push(&text.as_bytes()[word]);
            });
            for_each_unicode_token(&text.as_bytes()[..len], |word| unicode.push(word));
            assert_eq!(ascii, unicode, "{len}");
        }
    }

    #[test]
    fn grams_are_those_of_the_example() {
        // "archive" has seven bytes, so it has a stem too.
        assert_eq!(grams_of("our newsletter archive").len(), 12);
    }

    #[test]
    fn only_the_ends_of_a_long_block_are_read() {
        let long = (0..1000)
            .map(|n| format!("w{}", n % 26))
            .collect::<Vec<_>>()
            .join(" ");
        assert!(grams_of(&long).len() <= (HEAD_WORDS + TAIL_WORDS) * 4 + 4);
    }
}
