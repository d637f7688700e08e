//! Characters as rules see them: what each folds to, remembered, because finding out takes a hundred times as long as looking
//! it up, and which of them make words.

use std::ops::Range;
use std::sync::OnceLock;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Folds a string as documents are folded, white space at both ends left out.
pub fn normalize(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !bytes.is_empty() {
            bytes.push(b' ');
        }
        for character in word.chars().filter(|&c| !is_invisible(c)) {
            push_normalized(character, &mut bytes);
        }
    }
    bytes
}

/// Whether the folded text has a letter, digit or mark that ends at `at`.
pub fn word_before(folded: &[u8], at: usize) -> bool {
    if let Some(last) = at
        .checked_sub(1)
        .map(|last| folded[last])
        .filter(u8::is_ascii)
    {
        return last.is_ascii_alphanumeric();
    }
    let mut start = at;
    while start > 0 {
        start -= 1;
        if folded[start] & 0xC0 != 0x80 {
            return first_is_word(&folded[start..at]);
        }
    }
    false
}

/// Whether the folded text has a letter, digit or mark that starts at `at`.
pub fn word_after(folded: &[u8], at: usize) -> bool {
    folded.get(at).is_some_and(|&byte| {
        if byte < 0x80 {
            byte.is_ascii_alphanumeric()
        } else {
            first_is_word(&folded[at..folded.len().min(at + 4)])
        }
    })
}

/// Returns the part of `range` of normalized text without punctuation, bullets and symbols at its ends; empty if it has no
/// letter or digit.
pub fn trim_symbols(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } = range;
    while start < end && !word_after(bytes, start) {
        start += 1;
        while start < end && bytes[start] & 0xC0 == 0x80 {
            start += 1;
        }
    }
    while start < end && !word_before(bytes, end) {
        end -= 1;
        while start < end && bytes[end] & 0xC0 == 0x80 {
            end -= 1;
        }
    }
    start..end
}

fn first_is_word(bytes: &[u8]) -> bool {
    first_char(bytes).is_some_and(is_word)
}

/// The first character of folded bytes that start at a character.
pub fn first_char(bytes: &[u8]) -> Option<char> {
    let chunk = bytes[..bytes.len().min(4)].utf8_chunks().next()?;
    chunk.valid().chars().next()
}

/// Whether a character belongs to a word: a letter, a digit or a mark on one.
pub fn is_word(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric();
    }
    CharMapping::remembered(character)
        .map_or_else(|| belongs_to_word(character), |folding| folding.is_word)
}

fn belongs_to_word(character: char) -> bool {
    character.is_alphanumeric() || is_combining_mark(character)
}

/// Whether a character that is no letter or digit folds to some, as "™" does.
pub fn normalizes_to_word(character: char) -> bool {
    let mut found = false;
    if !character.is_ascii() {
        decompose_compatible(character, |part| found |= is_word(part));
    }
    found
}

/// Whether a character is written without spaces between words, so that any place is a word boundary.
pub fn is_spaceless(character: char) -> bool {
    matches!(character, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Whether a character shows nothing and separates nothing, or is a sign that Arabic may as well leave out: short vowels
/// and the line that stretches a word.
pub fn is_invisible(character: char) -> bool {
    matches!(character, '\u{AD}' | '\u{640}' | '\u{64B}'..='\u{655}' | '\u{670}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{2069}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

/// What a character outside ASCII comes to.
#[derive(Clone, Copy, Debug)]
pub struct CharMapping {
    pub kind: CharKind,
    is_word: bool,
    length: u8,
    bytes: [u8; MAX_MAPPING_LEN],
}

/// Whether a character shows anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CharKind {
    Visible,
    Blank,
    Invisible,
    /// Its fold depends on what stands before it, or is longer than what is remembered.
    Other,
}

/// Folds of more bytes are not remembered.
const MAX_MAPPING_LEN: usize = 10;
/// Folds are remembered of so many characters, in blocks that are made when a text first has a character of them.
const CACHED_CHARS: usize = 0x10000;
const BLOCK_LEN: usize = 64;

impl CharMapping {
    /// What it folds to.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// What a character comes to, where that is remembered.
    pub fn of(character: char) -> Option<&'static Self> {
        Self::remembered(character).filter(|folding| folding.kind != CharKind::Other)
    }

    /// What is remembered of a character.
    fn remembered(character: char) -> Option<&'static Self> {
        static BLOCKS: [OnceLock<Box<[CharMapping; BLOCK_LEN]>>; CACHED_CHARS / BLOCK_LEN] =
            [const { OnceLock::new() }; CACHED_CHARS / BLOCK_LEN];
        let code = character as usize;
        let block = BLOCKS.get(code / BLOCK_LEN)?.get_or_init(|| {
            Box::new(std::array::from_fn(|at| {
                Self::new(code / BLOCK_LEN * BLOCK_LEN + at)
            }))
        });
        Some(&block[code % BLOCK_LEN])
    }

    fn new(code: usize) -> Self {
        let character = u32::try_from(code).ok().and_then(char::from_u32);
        let is_word = character.is_some_and(belongs_to_word);
        let other = Self {
            kind: CharKind::Other,
            is_word,
            length: 0,
            bytes: [0; MAX_MAPPING_LEN],
        };
        // Marks may be left out behind some letters.
        let Some(character) = character.filter(|c| !matches!(c, '\u{300}'..='\u{36F}')) else {
            return other;
        };
        let mut folded = Vec::new();
        push_normalized(character, &mut folded);
        let kind = if character.is_whitespace() {
            CharKind::Blank
        } else if is_invisible(character) {
            CharKind::Invisible
        } else {
            CharKind::Visible
        };
        match other.bytes.get(folded.len()..) {
            Some(rest) => {
                let bytes = std::array::from_fn(|at| folded.get(at).copied().unwrap_or_default());
                Self {
                    kind,
                    is_word,
                    length: (MAX_MAPPING_LEN - rest.len()) as u8,
                    bytes,
                }
            }
            None => other,
        }
    }
}

/// Appends the fold of one visible character: quotes and dashes alike, compatibility forms decomposed (NFKD), then full
/// case folding by way of upper case, which also joins ß with SS, final with other sigmas, and dotless with dotted i.
/// Accents that a script leaves out in places go: those of Greek, which capitals do not have, and the hamza on alef.
pub fn push_normalized(character: char, out: &mut Vec<u8>) {
    match character {
        '\u{2018}'..='\u{201B}'
        | '\u{2032}'
        | '\u{2035}'
        | '\u{B4}'
        | '\u{2B9}'
        | '\u{2BC}'
        | '`' => out.push(b'\''),
        '\u{201C}'..='\u{201F}' | '\u{2033}' | '\u{2036}' | '\u{AB}' | '\u{BB}' => out.push(b'"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push(b'-'),
        '\u{4E00}'..='\u{9FFF}' => push(character, out),
        _ if character.is_ascii() => out.push(character.to_ascii_lowercase() as u8),
        _ => {
            let start = out.len();
            decompose_compatible(character, |part| {
                for upper in part.to_uppercase() {
                    for lower in upper.to_lowercase() {
                        // The dot that lower-casing leaves on a dotted capital I.
                        let dot = lower == '\u{307}' && out.last() == Some(&b'i');
                        let tonos = lower == '\u{301}'
                            && matches!(out.last_chunk(), Some([0xCE | 0xCF, _]));
                        if !dot && !tonos && !is_invisible(lower) {
                            push(lower, out);
                        }
                    }
                }
            });
            // What decomposes into a space and a mark would look like the end of a word.
            if out[start..].contains(&b' ') {
                out.truncate(start);
                push(character, out);
            }
        }
    }
}

fn push(character: char, out: &mut Vec<u8>) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_words_is_remembered_too() {
        assert!(
            ('\0'..='\u{12000}').all(|character| is_word(character) == belongs_to_word(character))
        );
    }
}
