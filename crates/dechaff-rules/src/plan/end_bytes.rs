//! The bytes with which the matches of a pattern can start and end. They rule most lines out before
//! the regular expression is run, or even compiled.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde::{Deserialize, Serialize};

/// A set of byte values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// The set of all bytes.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// Returns whether `byte` is in the set. For the first byte of a line, `false` means that no
    /// match starts there, and for the last one that none ends there.
    #[must_use]
    pub fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte / 64)] >> (byte % 64) & 1 != 0
    }

    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte / 64)] |= 1 << (byte % 64);
    }
}

/// An end of a match.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    First,
    Last,
}

/// Returns the set of bytes that a match of `hir` can have at this end, in the UTF-8 of the source
/// text. The set contains every byte if the expression can match the empty text, because then
/// anything may follow or precede.
pub(super) fn end_bytes(hir: &Hir, end: End) -> ByteSet {
    let mut set = ByteSet::default();
    if add(hir, end, &mut set) {
        ByteSet::ALL
    } else {
        set
    }
}

/// Adds the bytes of the matches of `hir` at an end to `set`. Returns whether it can match the
/// empty text, in which case the bytes of the expression next to it have to be added as well.
fn add(hir: &Hir, end: End, set: &mut ByteSet) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            let byte = match end {
                End::First => literal.0.first(),
                End::Last => literal.0.last(),
            };
            byte.map(|&byte| set.insert(byte)).is_none()
        }
        HirKind::Class(Class::Unicode(class)) => {
            for range in class.ranges() {
                match end {
                    End::First => {
                        let (first, last) = (lead_byte(range.start()), lead_byte(range.end()));
                        (first..=last).for_each(|byte| set.insert(byte));
                    }
                    End::Last => add_last_of_range(range.start(), range.end(), set),
                }
            }
            false
        }
        HirKind::Class(Class::Bytes(class)) => {
            class
                .ranges()
                .iter()
                .flat_map(|range| range.start()..=range.end())
                .for_each(|byte| set.insert(byte));
            false
        }
        HirKind::Capture(capture) => add(&capture.sub, end, set),
        HirKind::Repetition(repetition) => add(&repetition.sub, end, set) || repetition.min == 0,
        HirKind::Alternation(parts) => parts
            .iter()
            .fold(false, |is_empty, part| add(part, end, set) | is_empty),
        HirKind::Concat(parts) => match end {
            End::First => parts.iter().all(|part| add(part, end, set)),
            End::Last => parts.iter().rev().all(|part| add(part, end, set)),
        },
    }
}

/// Adds the last bytes of the characters from `first` to `last` to `set`. Of 64 consecutive
/// characters outside ASCII, each has another one.
fn add_last_of_range(first: char, last: char, set: &mut ByteSet) {
    let ascii = (first..=last.min('\x7F')).map(|character| character as u8);
    ascii.for_each(|byte| set.insert(byte));
    let others = first.max('\u{80}')..=last;
    others.take(64).for_each(|character| {
        let mut buffer = [0; 4];
        let bytes = character.encode_utf8(&mut buffer).as_bytes();
        set.insert(bytes[bytes.len() - 1]);
    });
}

/// Returns the first byte of the UTF-8 encoding of a character. It grows with the code point, so
/// that the lead bytes of a range of characters are a range of bytes.
fn lead_byte(character: char) -> u8 {
    character.encode_utf8(&mut [0; 4]).as_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_bytes_are_those_of_all_matches() {
        let last = |pattern: &str| {
            let set = end_bytes(&regex_syntax::parse(pattern).unwrap(), End::Last);
            (0..=255)
                .filter(|&byte| set.contains(byte))
                .collect::<Vec<u8>>()
        };
        assert_eq!(
            last("(?:Share|read[,;])x{0,2}[“\"]?"),
            [b'"', b',', b';', b'e', b'x', 0x9C]
        );
        assert_eq!(last("[a-é]").len(), 64 + usize::from(b'\x7F' - b'a') + 1);
        assert_eq!(last("[^\n]|ß").len(), 127 + 64);
        assert_eq!(last(r"c*(?:a|\d{0})\b"), (0..=255).collect::<Vec<u8>>());
    }

    #[test]
    fn first_bytes_are_those_of_all_matches() {
        let first = |pattern: &str| {
            let set = end_bytes(&regex_syntax::parse(pattern).unwrap(), End::First);
            (0..=255)
                .filter(|&byte| set.contains(byte))
                .collect::<Vec<u8>>()
        };
        assert_eq!(first("[“\"]?(?:Share|read)"), [b'"', b'S', b'r', 0xE2]);
        assert_eq!(first("(?i)k"), [b'K', b'k', 0xE2], "the Kelvin sign");
        assert_eq!(
            first(r"\b(?:a|b{2,3}|\d{0})c*"),
            (0..=255).collect::<Vec<u8>>()
        );
        assert_eq!(first("é|ß+x"), [0xC3]);
    }
}
