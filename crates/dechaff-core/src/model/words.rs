//! The words of a unit as a linear score: hashed words, pairs of words, beginnings of words and, where words are not
//! spaced, runs of characters, each with a weight of one byte.

use super::file::Reader;
use crate::error::Error;
use dechaff_rules::chars::{is_spaceless, is_word};

/// Weights: two to this power.
const BITS: u32 = 18;
/// So many words at the beginning of a unit are read, and so many at its end: they tell what it is.
const FIRST: usize = 32;
const LAST: usize = 6;
/// Units of at most so many words are also known as a whole.
const WHOLE: usize = 6;
/// Of longer words the beginning counts as well, in bytes; it stands for inflected forms.
const STEM: usize = 5;

/// The weights of the hashed words.
#[derive(Clone, Debug)]
pub struct WordTable {
    weights: Vec<i8>,
}

/// What the words of a unit say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WordScore {
    /// Sum of the weights.
    pub sum: i32,
    /// Sixteen times their mean.
    pub mean: i32,
    /// The heaviest for chaff.
    pub most: i32,
    /// The heaviest for prose.
    pub least: i32,
}

impl WordScore {
    /// Of running text that is plainly prose, whose words are not looked up.
    pub(super) const RUNNING: Self = Self {
        sum: -400,
        mean: -180,
        most: 0,
        least: -40,
    };
}

impl WordTable {
    /// Number of weights.
    pub const SIZE: usize = 1 << BITS;

    /// A table of weights.
    pub fn new(weights: Vec<i8>) -> Self {
        Self { weights }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self::new(
            reader
                .bytes(Self::SIZE)?
                .iter()
                .map(|&byte| byte as i8)
                .collect(),
        ))
    }

    pub(super) fn score(&self, grams: &[u32]) -> WordScore {
        let mut score = WordScore::default();
        for &gram in grams {
            let weight = i32::from(self.weights[gram as usize]);
            score.sum += weight;
            score.most = score.most.max(weight);
            score.least = score.least.min(weight);
        }
        score.mean = score.sum * 16 / grams.len().max(1) as i32;
        score
    }
}

/// Which part of a unit a gram tells of; grams of different kinds never mean the same.
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

/// The grams of folded text, as places in the table of weights. `tokens` is a buffer.
pub(super) fn grams(folded: &[u8], tokens: &mut Vec<u64>, grams: &mut Vec<u32>) {
    grams.clear();
    tokens.clear();
    let mut stems = 0;
    let mut add = |kind: GramKind, hash: u64| {
        // The upper bits of a product depend on all bits of the hash.
        let mixed = (hash ^ (kind as u64) << 56).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        grams.push((mixed >> (64 - BITS)) as u32);
    };
    let mut tail = [0u64; LAST];
    let mut count = 0;
    for_each_token(folded, |token| {
        let hash = hash_token(token);
        if tokens.len() < FIRST {
            tokens.push(hash);
            if token.len() > STEM + 1 && stems < FIRST {
                stems += 1;
                add(GramKind::Stem, super::hash(&token[..STEM]));
            }
        } else {
            tail[count % LAST] = hash;
        }
        count += 1;
    });
    let Some(&first) = tokens.first() else { return };
    let last = if count > tokens.len() {
        tail[(count - 1) % LAST]
    } else {
        tokens[tokens.len() - 1]
    };
    add(GramKind::First, first);
    add(GramKind::Last, last);
    if count <= WHOLE {
        add(
            GramKind::Whole,
            tokens
                .iter()
                .fold(count as u64, |hash, &token| hash.rotate_left(7) ^ token),
        );
    }
    if tokens.len() > 1 {
        add(GramKind::FirstPair, tokens[0].rotate_left(7) ^ tokens[1]);
    }
    let extra = count.saturating_sub(tokens.len()).min(LAST);
    tokens.extend(&tail[..extra]);
    for at in 0..tokens.len() {
        add(GramKind::Word, tokens[at]);
        if at > 0 {
            add(GramKind::Pair, tokens[at - 1].rotate_left(7) ^ tokens[at]);
        }
        if at > 1 {
            add(
                GramKind::Triple,
                (tokens[at - 2].rotate_left(7) ^ tokens[at - 1]).rotate_left(7) ^ tokens[at],
            );
        }
    }
}

/// The hash of a word in which all digits are alike.
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

/// Calls `each` for every word of folded text; a character of a script without spaces is a word.
fn for_each_token<'t>(folded: &'t [u8], mut each: impl FnMut(&'t [u8])) {
    let mut start = None;
    let mut at = 0;
    while at < folded.len() {
        let (word, alone, width) = if folded[at] < 0x80 {
            (folded[at].is_ascii_alphanumeric(), false, 1)
        } else {
            let character = dechaff_rules::chars::first_char(&folded[at..folded.len().min(at + 4)])
                .unwrap_or(' ');
            (
                is_word(character),
                is_spaceless(character),
                character.len_utf8(),
            )
        };
        if !word || alone {
            if let Some(start) = start.take() {
                each(&folded[start..at]);
            }
            if alone {
                each(&folded[at..at + width]);
            }
        } else if start.is_none() {
            start = Some(at);
        }
        at += width;
    }
    if let Some(start) = start {
        each(&folded[start..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<u32> {
        let mut found = Vec::new();
        grams(text.as_bytes(), &mut Vec::new(), &mut found);
        found
    }

    #[test]
    fn words_are_cut_at_what_is_no_letter_and_numbers_are_alike() {
        let mut words = Vec::new();
        for_each_token("it's 4 p.m. 橋が".as_bytes(), |word| {
            words.push(String::from_utf8_lossy(word).into_owned())
        });
        assert_eq!(words, ["it", "s", "4", "p", "m", "橋", "が"]);
        assert_eq!(of("page 12 of 40"), of("page 31 of 77"));
        assert_ne!(of("page one"), of("one page"));
        assert!(of("— …").is_empty());
    }

    #[test]
    fn only_the_ends_of_a_long_unit_are_read() {
        let long = (0..1000)
            .map(|n| format!("w{}", n % 26))
            .collect::<Vec<_>>()
            .join(" ");
        assert!(of(&long).len() <= (FIRST + LAST) * 4 + 4);
    }
}
