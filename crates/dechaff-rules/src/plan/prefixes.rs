//! Line prefixes of a pattern: the first bytes of the lines that it can match as a whole.
//!
//! The search looks up the first bytes of each line once, however many patterns there are, and
//! tries a pattern only on lines that start with one of its prefixes. Prefixes are normalized, and
//! start with the first letter or digit: bullets, brackets and other signs before it are skipped,
//! in the pattern here and in the lines by the search. Characters that the pattern lists in a small
//! class are expanded; larger parts end a prefix. For example:
//!
//! ```text
//! pattern                               prefixes
//! \W{0,3}\(?(?:Read|MORE)\s?:           more:  more :  read:  read :
//! [^\w\n]{0,4}Share (?:this|on \w+)     share th  share on
//! (?i)(?:photo|image)?\s?[12]           1  2  image1  image 1  …
//! [^\n]{0,60}(?:Getty|AFP)              none: a line can start with anything
//! ```

use super::literals::{LiteralExtractor, PartialLiteral};
use crate::phrase::MAX_PREFIX_LEN;
use regex_syntax::hir::Hir;

const EXTRACTOR: LiteralExtractor = LiteralExtractor {
    max_len: MAX_PREFIX_LEN,
    max_literals: 128,
    max_expanded: 24,
    skip_signs: true,
};

/// Returns the normalized prefixes of all matches of an expression, at most [`MAX_PREFIX_LEN`]
/// bytes each. Returns `None` if there are too many, or if a match can start with unknown text or
/// have no letter or digit.
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
    fn prefixes_are_expanded_as_far_as_the_pattern_is_fixed() {
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
            let prefixes = prefixes(&regex_syntax::parse(pattern).unwrap());
            assert_eq!(
                prefixes,
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
