//! The first bytes of the matches of a regular expression, as a small set of normalized literals.
//! Both line prefixes (`prefixes`) and required literals (`required`) are derived from such sets.
//!
//! A set starts as one empty literal, and each part of the expression extends its members:
//! `(?:Share|Print) [ab]` gives `share a`, `share b`, `print a` and `print b`. A literal is closed
//! where the expression is no longer fixed, as by `\w+`, or where it reaches a length limit. Closed
//! literals are not extended.

use crate::chars::{is_word, normalize};
use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind};
use std::sync::LazyLock;

/// Most characters of a class that can start a literal. Larger classes have too many first bytes to
/// be of use.
const MAX_CLASS_SIZE: u32 = 1500;

/// The characters with which a word can start, as line prefixes count them; `None` if the class
/// does not compile, which does not happen.
static WORD: LazyLock<Option<ClassUnicode>> = LazyLock::new(|| {
    match regex_syntax::parse(r"[\p{Alphabetic}\p{M}\p{Nd}]")
        .ok()?
        .into_kind()
    {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        _ => None,
    }
});

/// The first bytes of a match, normalized.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PartialLiteral {
    pub bytes: Vec<u8>,
    /// Whether the bytes after it are unknown.
    pub closed: bool,
}

/// Extracts literals within limits.
#[derive(Clone, Copy, Debug)]
pub(super) struct LiteralExtractor {
    /// Length of the longest literal, in bytes.
    pub max_len: usize,
    /// Most literals in a set. Literals of larger sets are shortened until enough of them are
    /// equal.
    pub max_literals: usize,
    /// Most characters of a class that are expanded. A larger class closes a literal, or, at its
    /// start, counts by the first bytes of its characters.
    pub max_expanded: usize,
    /// Whether literals start with the first word, so that signs before it are skipped.
    pub skip_signs: bool,
}

impl LiteralExtractor {
    /// Appends the normalized form of a character to a literal, unless the literal is closed.
    /// Closes it at the length limit.
    fn push(&self, text: &mut PartialLiteral, character: char) {
        if text.closed || (self.skip_signs && text.bytes.is_empty() && !is_word(character)) {
            return;
        }
        // White space of any length normalizes to one space.
        if !character.is_whitespace() {
            text.bytes
                .extend(normalize(character.encode_utf8(&mut [0; 4])));
        } else if text.bytes.last() != Some(&b' ') {
            text.bytes.push(b' ');
        }
        if text.bytes.len() >= self.max_len {
            text.shorten(self.max_len);
        }
    }

    /// Extends each of `texts` by what `hir` can match after it, and returns the resulting set,
    /// sorted, each literal once. Returns `None` if there are too many literals, or if one would
    /// start with unknown text.
    pub(super) fn extend(
        &self,
        texts: Vec<PartialLiteral>,
        hir: &Hir,
    ) -> Option<Vec<PartialLiteral>> {
        let texts = match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => texts,
            HirKind::Literal(literal) => {
                let literal = std::str::from_utf8(&literal.0).ok()?;
                let mut texts = texts;
                texts
                    .iter_mut()
                    .for_each(|text| literal.chars().for_each(|c| self.push(text, c)));
                texts
            }
            HirKind::Class(Class::Unicode(class)) => self.extend_by_class(texts, class)?,
            HirKind::Class(Class::Bytes(_)) => return None,
            HirKind::Capture(capture) => self.extend(texts, &capture.sub)?,
            HirKind::Concat(parts) => parts
                .iter()
                .try_fold(texts, |texts, part| self.extend(texts, part))?,
            HirKind::Alternation(parts) => {
                let extended = parts
                    .iter()
                    .map(|part| self.extend(texts.clone(), part))
                    .collect::<Option<Vec<_>>>()?;
                extended.concat()
            }
            HirKind::Repetition(repetition) => {
                let once = self.extend(texts.clone(), &repetition.sub)?;
                let is_space = matches!(
                    repetition.sub.kind(),
                    HirKind::Class(Class::Unicode(class)) if is_white_space(class)
                );
                let once = if repetition.max == Some(1) || is_space {
                    once
                } else {
                    once.into_iter().map(PartialLiteral::close).collect()
                };
                if repetition.min == 0 {
                    [texts, once].concat()
                } else {
                    once
                }
            }
        };
        self.reduce(texts)
    }

    /// Extends each of `texts` by the characters of a class: by each of them if they are few, else
    /// by their first bytes or not at all. Returns `None` if a literal would start with a very
    /// large class.
    fn extend_by_class(
        &self,
        texts: Vec<PartialLiteral>,
        class: &ClassUnicode,
    ) -> Option<Vec<PartialLiteral>> {
        let mut texts = texts;
        if is_white_space(class) {
            texts.iter_mut().for_each(|text| self.push(text, ' '));
            return Some(texts);
        }
        let size: u32 = class
            .ranges()
            .iter()
            .map(|range| u32::from(range.end()) - u32::from(range.start()) + 1)
            .sum();
        let mut words = class.clone();
        words.intersect(WORD.as_ref()?);
        let mut extended = Vec::new();
        for text in texts {
            if self.skip_signs && text.bytes.is_empty() && words.ranges().is_empty() {
                extended.push(text);
            } else if text.closed || (!text.bytes.is_empty() && size as usize > self.max_expanded) {
                extended.push(text.close());
            } else if size > MAX_CLASS_SIZE {
                return None;
            } else {
                for character in class
                    .ranges()
                    .iter()
                    .flat_map(|range| range.start()..=range.end())
                {
                    let mut longer = text.clone();
                    self.push(&mut longer, character);
                    if size as usize > self.max_expanded {
                        longer.bytes.truncate(1);
                        longer = longer.close();
                    }
                    extended.push(longer);
                }
            }
        }
        Some(extended)
    }

    /// Sorts a set and removes duplicates. If it has more than `max_literals`, shortens the
    /// literals step by step down to 2 bytes; returns `None` if that is not enough.
    fn reduce(&self, mut texts: Vec<PartialLiteral>) -> Option<Vec<PartialLiteral>> {
        texts.sort_unstable();
        texts.dedup();
        for length in [16, 10, 6, 4, 3, 2] {
            if texts.len() > self.max_literals {
                texts.iter_mut().for_each(|text| text.shorten(length));
                texts.dedup();
            }
        }
        (texts.len() <= self.max_literals).then_some(texts)
    }
}

impl PartialLiteral {
    fn shorten(&mut self, length: usize) {
        self.closed |= self.bytes.len() >= length;
        self.bytes.truncate(length);
    }

    /// Closes the literal, as after an unknown number of repetitions. An empty literal stays open,
    /// because only skipped signs can precede it.
    fn close(mut self) -> Self {
        self.closed |= !self.bytes.is_empty();
        self
    }
}

/// Returns whether the first 64 characters of a class are white space. The limit keeps the test
/// cheap; there are fewer characters of white space.
fn is_white_space(class: &ClassUnicode) -> bool {
    class
        .ranges()
        .iter()
        .flat_map(|range| range.start()..=range.end())
        .take(64)
        .all(char::is_whitespace)
}
