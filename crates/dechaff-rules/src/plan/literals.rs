//! What the matches of an expression begin with: a small set of folded texts, each known as far as it is fixed. Openings of
//! lines and literals are both made of such sets.

use crate::chars::{is_word, normalize};
use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind};
use std::sync::LazyLock;

/// Classes of more characters say nothing.
const LARGEST_CLASS: u32 = 1500;

/// What an expression takes for the beginning of a word.
static WORD: LazyLock<Option<ClassUnicode>> = LazyLock::new(|| {
    match regex_syntax::parse(r"[\p{Alphabetic}\p{M}\p{Nd}]")
        .ok()?
        .into_kind()
    {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        _ => None,
    }
});

/// The first bytes of a match, folded.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PartialLiteral {
    pub bytes: Vec<u8>,
    /// Whether nothing more is known of it.
    pub closed: bool,
}

/// How texts are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct LiteralExtractor {
    /// A text is at most this long, in bytes.
    pub longest: usize,
    /// Of more texts than these fewer bytes are kept.
    pub most: usize,
    /// Classes of more characters are not spelled; where a text has nothing yet, they count by their first bytes.
    pub spelled: usize,
    /// Whether texts begin with the first word, so that signs before it do not count.
    pub words: bool,
}

impl LiteralExtractor {
    fn push(&self, text: &mut PartialLiteral, character: char) {
        if text.closed || (self.words && text.bytes.is_empty() && !is_word(character)) {
            return;
        }
        // White space folds to one space, however much there is.
        if !character.is_whitespace() {
            text.bytes
                .extend(normalize(character.encode_utf8(&mut [0; 4])));
        } else if text.bytes.last() != Some(&b' ') {
            text.bytes.push(b' ');
        }
        if text.bytes.len() >= self.longest {
            text.shorten(self.longest);
        }
    }

    /// Texts with what an expression adds to them; none if that is too much to say.
    pub(super) fn extend(
        &self,
        texts: Vec<PartialLiteral>,
        hir: &Hir,
    ) -> Option<Vec<PartialLiteral>> {
        let texts = match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => texts,
            HirKind::Literal(literal) => {
                let spelled = std::str::from_utf8(&literal.0).ok()?;
                let mut texts = texts;
                texts
                    .iter_mut()
                    .for_each(|text| spelled.chars().for_each(|c| self.push(text, c)));
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
                let spaces = matches!(repetition.sub.kind(), HirKind::Class(Class::Unicode(class)) if is_white_space(class));
                let ends = repetition.max == Some(1) || spaces;
                let once = if ends {
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
            if self.words && text.bytes.is_empty() && words.ranges().is_empty() {
                extended.push(text);
            } else if text.closed || (!text.bytes.is_empty() && size as usize > self.spelled) {
                extended.push(text.close());
            } else if size > LARGEST_CLASS {
                return None;
            } else {
                for character in class
                    .ranges()
                    .iter()
                    .flat_map(|range| range.start()..=range.end())
                {
                    let mut longer = text.clone();
                    self.push(&mut longer, character);
                    if size as usize > self.spelled {
                        longer.bytes.truncate(1);
                        longer = longer.close();
                    }
                    extended.push(longer);
                }
            }
        }
        Some(extended)
    }

    /// Texts, each once, shorter ones where they are many.
    fn reduce(&self, mut texts: Vec<PartialLiteral>) -> Option<Vec<PartialLiteral>> {
        texts.sort_unstable();
        texts.dedup();
        for length in [16, 10, 6, 4, 3, 2] {
            if texts.len() > self.most {
                texts.iter_mut().for_each(|text| text.shorten(length));
                texts.dedup();
            }
        }
        (texts.len() <= self.most).then_some(texts)
    }
}

impl PartialLiteral {
    fn shorten(&mut self, length: usize) {
        self.closed |= self.bytes.len() >= length;
        self.bytes.truncate(length);
    }

    fn close(mut self) -> Self {
        self.closed |= !self.bytes.is_empty();
        self
    }
}

fn is_white_space(class: &ClassUnicode) -> bool {
    class
        .ranges()
        .iter()
        .flat_map(|range| range.start()..=range.end())
        .take(64)
        .all(char::is_whitespace)
}
