//! What a pattern cannot do without: texts, one of which every match holds, so that a pattern is only tried where one of
//! them stands.

use super::literals::{LiteralExtractor, PartialLiteral};
use crate::chars::is_spaceless;
use crate::ngrams::cost;
use regex_syntax::hir::{Hir, HirKind};

/// Signs that stand in few lines, so that they are worth looking for where a pattern has no word.
const RARE_SIGNS: &str = "@©+/|>›→:#%$€£";

const EXTRACTOR: LiteralExtractor = LiteralExtractor {
    longest: 24,
    most: 600,
    spelled: 16,
    words: false,
};

/// Texts, one of which every match of an expression holds, folded; none if there is no such set. Of all the best. A match
/// that is a whole line has no white space at its ends, so that spaces at the ends of a text stand inside the line.
pub(super) fn required(hir: &Hir, line: bool) -> Option<Vec<Vec<u8>>> {
    let required = |hir| required(hir, line);
    let own = prefix_literals(std::slice::from_ref(hir), line);
    let inner = match hir.kind() {
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Alternation(parts) => parts
            .iter()
            .map(required)
            .collect::<Option<Vec<_>>>()
            .map(|sets| sets.concat()),
        HirKind::Concat(parts) => {
            let from = (1..parts.len()).filter_map(|start| prefix_literals(&parts[start..], line));
            from.chain(parts.iter().filter_map(required))
                .min_by_key(|set| cost_of(set))
        }
        _ => None,
    };
    own.into_iter().chain(inner).min_by_key(|set| cost_of(set))
}

fn cost_of(set: &[Vec<u8>]) -> u64 {
    cost(set.iter().map(Vec::as_slice))
}

/// The best of the sets that parts of an expression come to from the first on.
fn prefix_literals(parts: &[Hir], line: bool) -> Option<Vec<Vec<u8>>> {
    // The beginnings of a sequence count too, not only all of it.
    let parts = match parts {
        [part] => match part.kind() {
            HirKind::Concat(inner) => inner,
            _ => parts,
        },
        _ => parts,
    };
    let mut texts = vec![PartialLiteral::default()];
    let mut found: Vec<Vec<Vec<u8>>> = Vec::new();
    for part in parts {
        let Some(longer) = EXTRACTOR.extend(texts, part) else {
            break;
        };
        found.extend(literals(&longer, line));
        if longer.iter().all(|text| text.closed) {
            break;
        }
        texts = longer;
    }
    found.into_iter().min_by_key(|set| cost_of(set))
}

/// Texts as they are looked for, with the spaces at their ends or without. None if one is too short to find.
fn literals(texts: &[PartialLiteral], spaces: bool) -> Option<Vec<Vec<u8>>> {
    let worth = |text: &str| {
        text.chars().count() >= 2
            || text
                .chars()
                .any(|c| is_spaceless(c) || RARE_SIGNS.contains(c))
    };
    let mut literals = Vec::new();
    for text in texts {
        let literal = if spaces {
            &text.bytes[..]
        } else {
            text.bytes.trim_ascii()
        };
        worth(&String::from_utf8_lossy(literal)).then_some(())?;
        literals.push(literal.to_vec());
    }
    literals.sort_unstable();
    literals.dedup();
    Some(literals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_found_under_what_they_must_hold() {
        for (pattern, expected) in [
            ("(?i)photos? by", Some(vec!["photo by", "photos by"])),
            (r"\(Image: .{1,40}\)", Some(vec!["(image:"])),
            (
                "(?i)(photo|picture): \\w+",
                Some(vec!["photo:", "picture:"]),
            ),
            (r"\d+ / \d+", Some(vec!["/"])),
            (r"\w+ [@©] \w+", Some(vec!["@", "©"])),
            (r"(H/T|via) \w+", Some(vec!["h/t", "via"])),
            (r"\d+\. \d+", None),
            ("(?i)фото: \\w+", Some(vec!["фото:"])),
            (
                "(?i)télécharg(er|ez)",
                Some(vec![
                    "te\u{301}le\u{301}charger",
                    "te\u{301}le\u{301}chargez",
                ]),
            ),
            ("続きを.{0,9}読む", Some(vec!["続きを"])),
            ("(share|)", None),
        ] {
            let found = required(&regex_syntax::parse(pattern).unwrap(), false);
            assert_eq!(
                found,
                expected.map(|list| list
                    .into_iter()
                    .map(|run| run.as_bytes().to_vec())
                    .collect()),
                "{pattern}"
            );
        }
    }
}
