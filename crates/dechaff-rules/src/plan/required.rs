//! Required literals of a pattern: normalized strings, one of which every match contains. A pattern
//! is tried only on lines in which the prefilter finds one of them. For example,
//! `(?i)(photo|picture): \w+` requires `photo:` or `picture:`.

use super::literals::{LiteralExtractor, PartialLiteral};
use crate::chars::is_spaceless;
use crate::ngrams::cost;
use regex_syntax::hir::{Hir, HirKind};

/// Signs that occur in few lines, so that one of them alone can be a literal.
const RARE_SIGNS: &str = "@©+/|>›→:#%$€£";

const EXTRACTOR: LiteralExtractor = LiteralExtractor {
    max_len: 24,
    max_literals: 600,
    max_expanded: 16,
    skip_signs: false,
};

/// Returns the cheapest set of normalized literals such that every match of `hir` contains one of
/// them, or `None` if there is no such set. For whole-line patterns (`line`), literals keep their
/// outer spaces: the match itself never starts or ends with one, so that such a space is inside the
/// line.
pub(super) fn required(hir: &Hir, line: bool) -> Option<Vec<Vec<u8>>> {
    let from_start = prefix_literals(std::slice::from_ref(hir), line);
    let inner = match hir.kind() {
        HirKind::Capture(capture) => required(&capture.sub, line),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub, line),
        HirKind::Alternation(parts) => parts
            .iter()
            .map(|part| required(part, line))
            .collect::<Option<Vec<_>>>()
            .map(|sets| sets.concat()),
        HirKind::Concat(parts) => (1..parts.len())
            .filter_map(|start| prefix_literals(&parts[start..], line))
            .chain(parts.iter().filter_map(|part| required(part, line)))
            .min_by_key(|set| cost_of(set)),
        _ => None,
    };
    from_start
        .into_iter()
        .chain(inner)
        .min_by_key(|set| cost_of(set))
}

fn cost_of(set: &[Vec<u8>]) -> u64 {
    cost(set.iter().map(Vec::as_slice))
}

/// Returns the cheapest set of literals that can be derived from a prefix of `parts`, a sequence of
/// expressions. Each prefix gives one set, and a longer one is not always cheaper: it can have many
/// more literals. Returns `None` if no prefix gives a set.
fn prefix_literals(parts: &[Hir], line: bool) -> Option<Vec<Vec<u8>>> {
    // A single sequence is replaced by its parts, to try the prefixes of it as well.
    let parts = match parts {
        [part] => match part.kind() {
            HirKind::Concat(inner) => inner,
            _ => parts,
        },
        _ => parts,
    };
    let mut texts = vec![PartialLiteral::default()];
    let mut sets: Vec<Vec<Vec<u8>>> = Vec::new();
    for part in parts {
        let Some(longer) = EXTRACTOR.extend(texts, part) else {
            break;
        };
        sets.extend(literals(&longer, line));
        if longer.iter().all(|text| text.closed) {
            break;
        }
        texts = longer;
    }
    sets.into_iter().min_by_key(|set| cost_of(set))
}

/// Converts partial literals to a set of literals, sorted, each once, with or without the spaces at
/// their ends. Returns `None` if one of them is too short to be searched for.
fn literals(texts: &[PartialLiteral], keep_spaces: bool) -> Option<Vec<Vec<u8>>> {
    let mut literals = Vec::new();
    for text in texts {
        let literal = if keep_spaces {
            &text.bytes[..]
        } else {
            text.bytes.trim_ascii()
        };
        if !is_searchable(&String::from_utf8_lossy(literal)) {
            return None;
        }
        literals.push(literal.to_vec());
    }
    literals.sort_unstable();
    literals.dedup();
    Some(literals)
}

/// Returns whether a literal is worth searching for: it has at least two characters, or is an
/// ideograph or a rare sign. Other single characters occur in nearly every line.
fn is_searchable(literal: &str) -> bool {
    literal.chars().count() >= 2
        || literal
            .chars()
            .any(|c| is_spaceless(c) || RARE_SIGNS.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_literals_are_in_every_match() {
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
            let required = required(&regex_syntax::parse(pattern).unwrap(), false);
            assert_eq!(
                required,
                expected.map(|list| list
                    .into_iter()
                    .map(|run| run.as_bytes().to_vec())
                    .collect()),
                "{pattern}"
            );
        }
    }
}
