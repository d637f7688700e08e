//! Characters as rules see them: what each one normalizes to, and which ones belong to words.
//!
//! Rules and documents are compared in normalized form. [`push_normalized`] defines it for one
//! character: NFKD, full case folding, plain quotes and hyphens, and no signs that writers leave
//! out at will. [`normalize`] applies it to a string. For example:
//!
//! ```
//! use dechaff_rules::chars::normalize;
//!
//! assert_eq!(normalize("  Don\u{2019}t\u{a0} MISS \u{2014} out"), b"don't miss - out");
//! assert_eq!(normalize("Stra\u{df}e News\u{ad}letter \u{fb01}ne"), b"strasse newsletter fine");
//! assert_eq!(normalize("Caf\u{e9}"), "cafe\u{301}".as_bytes());
//! ```
//!
//! Decomposing a character takes about a hundred times as long as a table lookup, so a
//! [`CharMapping`] caches the result for the characters of the Basic Multilingual Plane.

use std::ops::Range;
use std::sync::OnceLock;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Normalizes a string in the same way as the text of a line: every run of white space becomes one
/// space, white space at both ends and invisible characters are removed, and every other character
/// is passed to [`push_normalized`].
#[must_use]
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

/// Returns whether a letter, digit or mark ends at offset `at` of normalized text. Returns `false`
/// at the start of the text.
///
/// # Panics
/// If `at` is past the end of the text.
#[must_use]
#[inline]
pub fn word_before(text: &[u8], at: usize) -> bool {
    if let Some(last) = at
        .checked_sub(1)
        .map(|last| text[last])
        .filter(u8::is_ascii)
    {
        return last.is_ascii_alphanumeric();
    }
    let mut start = at;
    while start > 0 {
        start -= 1;
        if text[start] & 0xC0 != 0x80 {
            return first_is_word(&text[start..at]);
        }
    }
    false
}

/// Returns whether a letter, digit or mark starts at offset `at` of normalized text. Returns
/// `false` at or past the end of the text, and at an offset inside a character.
#[must_use]
#[inline]
pub fn word_after(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|&byte| {
        if byte < 0x80 {
            byte.is_ascii_alphanumeric()
        } else {
            first_is_word(&text[at..text.len().min(at + 4)])
        }
    })
}

/// Returns the part of `range` of normalized text without punctuation, bullets, symbols and white
/// space at its ends. The result is an empty range at the end of `range` if there is no letter or
/// digit in it.
#[must_use]
#[inline]
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

/// Returns the first character of `bytes`, which must start at a character boundary of normalized
/// text. Returns `None` if `bytes` is empty, starts inside a character or cuts the first character
/// short.
#[must_use]
#[inline]
pub fn first_char(bytes: &[u8]) -> Option<char> {
    let chunk = bytes[..bytes.len().min(4)].utf8_chunks().next()?;
    chunk.valid().chars().next()
}

/// Returns whether a character belongs to a word: a letter, a digit or a combining mark. Answers
/// from the cache for all characters up to U+FFFF.
#[must_use]
#[inline]
pub fn is_word(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric();
    }
    CharMapping::lookup(character)
        .map_or_else(|| compute_is_word(character), |mapping| mapping.is_word)
}

/// Computes what [`is_word`] returns, without the cache.
fn compute_is_word(character: char) -> bool {
    character.is_alphanumeric() || is_combining_mark(character)
}

/// Returns whether the normalized form of a character outside ASCII contains a letter or digit.
/// Besides letters and digits this holds for symbols such as "™", which normalizes to "tm", and
/// "½".
#[must_use]
#[inline]
pub fn normalizes_to_word(character: char) -> bool {
    let mut has_word = false;
    if !character.is_ascii() {
        decompose_compatible(character, |part| has_word |= is_word(part));
    }
    has_word
}

/// Returns whether a character belongs to a script that is written without spaces between words:
/// Thai, Lao, Burmese, Khmer, kana and Han. Every position beside such a character counts as a word
/// boundary.
#[must_use]
#[inline]
pub fn is_spaceless(character: char) -> bool {
    matches!(
        character,
        '\u{0E00}'..='\u{0EFF}'
            | '\u{1000}'..='\u{109F}'
            | '\u{1780}'..='\u{17FF}'
            | '\u{3040}'..='\u{30FF}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{20000}'..='\u{3FFFF}'
    )
}

/// Returns whether normalization removes a character: soft hyphens, zero-width characters,
/// direction marks and variation selectors, which show and separate nothing, and the signs that
/// Arabic writers leave out at will (short vowels, and the tatweel that elongates a word).
#[must_use]
#[inline]
pub fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{AD}'
            | '\u{640}'
            | '\u{64B}'..='\u{655}'
            | '\u{670}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
    )
}

/// The cached properties of one character outside ASCII.
#[derive(Clone, Copy, Debug)]
pub struct CharMapping {
    /// Whether the character is visible, white space or invisible.
    pub kind: CharKind,
    is_word: bool,
    /// Length of the normalized form in bytes.
    len: u8,
    bytes: [u8; MAX_MAPPING_LEN],
}

/// How a character is treated by normalization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CharKind {
    /// It is replaced by its normalized form.
    Visible,
    /// It is white space. A run of it becomes one space.
    Blank,
    /// It is removed.
    Invisible,
    /// Its normalized form depends on the preceding character or is too long for the cache. Use
    /// [`push_normalized`].
    Other,
}

/// Length of the longest normalized form that is cached, in bytes.
const MAX_MAPPING_LEN: usize = 10;

/// Number of code points that are cached, from U+0000 on.
const CACHED_CHARS: usize = 0x10000;

/// Number of code points in a block of the cache. A block is filled when one of its characters is
/// first looked up.
const BLOCK_LEN: usize = 64;

impl CharMapping {
    /// Returns the normalized form of a visible character: at most 10 bytes of UTF-8. For white
    /// space and invisible characters the bytes have no meaning; check [`kind`](Self::kind) first.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// Returns the cached mapping of a character. Returns `None` for characters above U+FFFF, for
    /// combining diacritical marks, and for long normalized forms: the caller then has to use
    /// [`push_normalized`].
    #[must_use]
    #[inline]
    pub fn cached(character: char) -> Option<&'static Self> {
        Self::lookup(character).filter(|mapping| mapping.kind != CharKind::Other)
    }

    /// Returns the cache entry of a character up to U+FFFF, also if its normalized form is not
    /// cached; `None` above. Fills the block of the character on first use.
    fn lookup(character: char) -> Option<&'static Self> {
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

    /// Computes the entry of a code point; one of kind [`CharKind::Other`] for surrogates, which
    /// are no characters.
    fn new(code: usize) -> Self {
        let character = u32::try_from(code).ok().and_then(char::from_u32);
        let is_word = character.is_some_and(compute_is_word);
        let other = Self {
            kind: CharKind::Other,
            is_word,
            len: 0,
            bytes: [0; MAX_MAPPING_LEN],
        };
        // Whether one of these marks is removed depends on the letter before it.
        let Some(character) = character.filter(|c| !matches!(c, '\u{300}'..='\u{36F}')) else {
            return other;
        };
        let mut normalized = Vec::new();
        push_normalized(character, &mut normalized);
        let kind = if character.is_whitespace() {
            CharKind::Blank
        } else if is_invisible(character) {
            CharKind::Invisible
        } else {
            CharKind::Visible
        };
        if normalized.len() > MAX_MAPPING_LEN {
            return other;
        }
        Self {
            kind,
            is_word,
            len: normalized.len() as u8,
            bytes: std::array::from_fn(|at| normalized.get(at).copied().unwrap_or_default()),
        }
    }
}

/// Appends the normalized form of one visible character to `out`.
///
/// Quotes and dashes become `'`, `"` and `-`. Every other character is decomposed (NFKD) and case
/// folded by way of upper case, which also equates ß with SS, final with other sigmas, and dotless
/// with dotted i. Accents that writers leave out in places are removed: the Greek tonos, which
/// capitals do not have, and the hamza on alef. A tonos on its own is removed if `out` ends with a
/// Greek letter.
#[inline]
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
                        // Lower-casing a dotted capital I leaves a combining dot.
                        let dot = lower == '\u{307}' && out.last() == Some(&b'i');
                        let tonos = lower == '\u{301}'
                            && matches!(out.last_chunk(), Some([0xCE | 0xCF, _]));
                        if !dot && !tonos && !is_invisible(lower) {
                            push(lower, out);
                        }
                    }
                }
            });
            // A character that decomposes into a space and a mark would look like the end of a
            // word.
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
    fn the_cache_agrees_on_what_belongs_to_words() {
        assert!(
            ('\0'..='\u{12000}').all(|character| is_word(character) == compute_is_word(character))
        );
    }
}
