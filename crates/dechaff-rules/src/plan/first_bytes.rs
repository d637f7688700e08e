//! With which bytes the matches of a pattern can begin: what rules most lines out before a regular expression is run, or
//! even compiled.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde::{Deserialize, Serialize};

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// All bytes.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// Whether a byte is one of them.
    pub fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte / 64)] >> (byte % 64) & 1 != 0
    }

    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte / 64)] |= 1 << (byte % 64);
    }
}

/// The bytes that matches of an expression can begin with; all, if it can match nothing.
pub(super) fn first_bytes(hir: &Hir) -> ByteSet {
    let mut set = ByteSet::default();
    if add_first(hir, &mut set) {
        ByteSet::ALL
    } else {
        set
    }
}

/// Adds the first bytes of an expression; says whether it can match nothing, so that what follows it counts too.
fn add_first(hir: &Hir, set: &mut ByteSet) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.first().map(|&byte| set.insert(byte)).is_none(),
        HirKind::Class(Class::Unicode(class)) => {
            for range in class.ranges() {
                let lead = |c: char| c.encode_utf8(&mut [0; 4]).as_bytes()[0];
                (lead(range.start())..=lead(range.end())).for_each(|byte| set.insert(byte));
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
        HirKind::Capture(capture) => add_first(&capture.sub, set),
        HirKind::Repetition(repetition) => add_first(&repetition.sub, set) || repetition.min == 0,
        HirKind::Alternation(parts) => parts
            .iter()
            .fold(false, |any, part| add_first(part, set) | any),
        HirKind::Concat(parts) => parts.iter().all(|part| add_first(part, set)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_begin_with_the_bytes_that_are_told() {
        let first = |pattern: &str| {
            let set = first_bytes(&regex_syntax::parse(pattern).unwrap());
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
