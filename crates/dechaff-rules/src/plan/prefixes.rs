//! How the lines begin that a pattern can match as a whole, so that it is only tried on lines that begin so. Bullets,
//! brackets and other signs before the first word do not count.

use super::literals::{LiteralExtractor, PartialLiteral};
use crate::phrase::MAX_PREFIX_LEN;
use regex_syntax::hir::Hir;

const EXTRACTOR: LiteralExtractor = LiteralExtractor {
    longest: MAX_PREFIX_LEN,
    most: 128,
    spelled: 24,
    words: true,
};

/// The folded beginnings of all matches of an expression, if they are few and each has at least a letter or digit.
pub(super) fn prefixes(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let mut texts: Vec<Vec<u8>> = EXTRACTOR
        .extend(vec![PartialLiteral::default()], hir)?
        .into_iter()
        .map(|text| text.bytes)
        .collect();
    texts.dedup();
    texts.iter().all(|text| !text.is_empty()).then_some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_by_how_they_begin() {
        for (pattern, expected) in [
            ("(?:Home|HOME|Close)", Some(&["close", "home"][..])),
            (
                r"\W{0,3}\(?(?:Read|MORE)\s?:",
                Some(&["more :", "more:", "read :", "read:"]),
            ),
            (
                r"[^\w\n]{0,4}Share (?:this|on \w+)",
                Some(&["share on", "share th"]),
            ),
            (
                r"(?i)(?:photo|image)?\s?[12]",
                Some(&[
                    "1", "2", "image 1", "image 2", "image1", "image2", "photo 1", "photo 2",
                    "photo1", "photo2",
                ]),
            ),
            ("[^\n]{0,60}(?:Getty|AFP)", None),
            ("(?:Share)?", None),
            ("Más", Some(&["ma\u{301}s"])),
        ] {
            let found = prefixes(&regex_syntax::parse(pattern).unwrap());
            assert_eq!(
                found,
                expected.map(|list| list.iter().map(|text| text.as_bytes().to_vec()).collect()),
                "{pattern}"
            );
        }
        assert_eq!(
            prefixes(&regex_syntax::parse(r"[A-Z]\w+ said").unwrap())
                .unwrap()
                .len(),
            26
        );
    }
}
