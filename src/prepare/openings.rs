//! How the lines begin that a pattern can match as a whole, so that it is only tried on lines that begin so. Bullets,
//! brackets and other signs before the first word do not count.

use crate::fold::{fold, is_word};
use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind};
use std::sync::LazyLock;

/// An opening is at most this long, in folded bytes.
const LONGEST: usize = 8;
/// Of more openings than these fewer bytes are looked at.
const MOST: usize = 128;
/// Classes of more characters count by the first byte of what they fold to.
const SPELLED: usize = 24;
/// Classes of more characters say nothing.
const LARGEST_CLASS: u32 = 1500;

/// What an expression takes for the beginning of a word.
static WORD: LazyLock<Option<ClassUnicode>> = LazyLock::new(|| match regex_syntax::parse(r"[\p{Alphabetic}\p{M}\p{Nd}]").ok()?.into_kind() {
    HirKind::Class(Class::Unicode(class)) => Some(class),
    _ => None,
});

/// The first bytes of a match from its first word on.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Opening {
    text: Vec<u8>,
    /// Whether nothing more is known of it.
    closed: bool,
}

impl Opening {
    fn push(&mut self, character: char) {
        if self.closed || self.text.len() >= LONGEST || (self.text.is_empty() && !is_word(character)) {
            return;
        }
        // White space folds to one space, however much there is.
        if !character.is_whitespace() {
            self.text.extend(fold(character.encode_utf8(&mut [0; 4])));
        } else if self.text.last() != Some(&b' ') {
            self.text.push(b' ');
        }
    }

    fn shorten(&mut self, length: usize) {
        self.closed |= self.text.len() >= length;
        self.text.truncate(length);
    }

    fn close(mut self) -> Self {
        self.closed |= !self.text.is_empty();
        self
    }
}

/// The folded beginnings of all matches of an expression, if they are few and each has at least a letter or digit.
pub(super) fn openings(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let mut texts: Vec<Vec<u8>> = extend(vec![Opening::default()], hir)?.into_iter().map(|opening| opening.text).collect();
    texts.iter_mut().for_each(|text| text.truncate(LONGEST));
    texts.sort_unstable();
    texts.dedup();
    texts.iter().all(|text| !text.is_empty()).then_some(texts)
}

/// Openings with what an expression adds to them.
fn extend(openings: Vec<Opening>, hir: &Hir) -> Option<Vec<Opening>> {
    let mut openings = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => openings,
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            let mut openings = openings;
            openings.iter_mut().for_each(|opening| text.chars().for_each(|c| opening.push(c)));
            openings
        }
        HirKind::Class(Class::Unicode(class)) => extend_by_class(openings, class)?,
        HirKind::Class(Class::Bytes(_)) => return None,
        HirKind::Capture(capture) => extend(openings, &capture.sub)?,
        HirKind::Concat(parts) => parts.iter().try_fold(openings, extend)?,
        HirKind::Alternation(parts) => {
            let extended = parts.iter().map(|part| extend(openings.clone(), part)).collect::<Option<Vec<_>>>()?;
            extended.concat()
        }
        HirKind::Repetition(repetition) => {
            let once = extend(openings.clone(), &repetition.sub)?;
            let spaces = matches!(repetition.sub.kind(), HirKind::Class(Class::Unicode(class)) if is_white_space(class));
            let ends = repetition.max == Some(1) || spaces;
            let once = if ends { once } else { once.into_iter().map(Opening::close).collect() };
            if repetition.min == 0 { [openings, once].concat() } else { once }
        }
    };
    openings.sort_unstable();
    openings.dedup();
    for length in [6, 4, 3, 2] {
        if openings.len() > MOST {
            openings.iter_mut().for_each(|opening| opening.shorten(length));
            openings.dedup();
        }
    }
    (openings.len() <= MOST).then_some(openings)
}

fn extend_by_class(openings: Vec<Opening>, class: &ClassUnicode) -> Option<Vec<Opening>> {
    if is_white_space(class) {
        return Some(openings.into_iter().map(|mut opening| {
            opening.push(' ');
            opening
        }).collect());
    }
    let size: u32 = class.ranges().iter().map(|range| u32::from(range.end()) - u32::from(range.start()) + 1).sum();
    let mut words = class.clone();
    words.intersect(WORD.as_ref()?);
    let mut extended = Vec::new();
    for opening in openings {
        if opening.text.is_empty() && words.ranges().is_empty() {
            extended.push(opening);
        } else if opening.closed || (!opening.text.is_empty() && size as usize > SPELLED) {
            extended.push(opening.close());
        } else if size > LARGEST_CLASS {
            return None;
        } else {
            for character in class.ranges().iter().flat_map(|range| range.start()..=range.end()) {
                let mut longer = opening.clone();
                longer.push(character);
                if size as usize > SPELLED {
                    longer.text.truncate(1);
                    longer = longer.close();
                }
                extended.push(longer);
            }
        }
    }
    extended.sort_unstable();
    extended.dedup();
    Some(extended)
}

fn is_white_space(class: &ClassUnicode) -> bool {
    class.ranges().iter().flat_map(|range| range.start()..=range.end()).take(64).all(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_by_how_they_begin() {
        for (pattern, expected) in [
            ("(?:Home|HOME|Close)", Some(&["close", "home"][..])),
            (r"\W{0,3}\(?(?:Read|MORE)\s?:", Some(&["more :", "more:", "read :", "read:"])),
            (r"[^\w\n]{0,4}Share (?:this|on \w+)", Some(&["share on", "share th"])),
            (r"(?i)(?:photo|image)?\s?[12]", Some(&["1", "2", "image 1", "image 2", "image1", "image2", "photo 1", "photo 2", "photo1", "photo2"])),
            ("[^\n]{0,60}(?:Getty|AFP)", None),
            ("(?:Share)?", None),
            ("Más", Some(&["ma\u{301}s"])),
        ] {
            let found = openings(&regex_syntax::parse(pattern).unwrap());
            assert_eq!(found, expected.map(|list| list.iter().map(|text| text.as_bytes().to_vec()).collect()), "{pattern}");
        }
        assert_eq!(openings(&regex_syntax::parse(r"[A-Z]\w+ said").unwrap()).unwrap().len(), 26);
    }
}
