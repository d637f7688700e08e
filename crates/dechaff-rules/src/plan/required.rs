//! Required literals of a pattern: sets of normalized strings, of which every match contains one. A
//! pattern is tried only on lines in which the prefilter finds a literal of the rarest set, and that
//! may contain one of each other set. For example, `(?i)(photo|picture): \w+ / getty` requires
//! `photo:` or `picture:`, and ` / getty`.

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

/// Most sets of required literals of one pattern.
const MAX_SETS: usize = 3;

/// Returns sets of normalized literals, cheapest first, such that every match of `hir` contains a
/// literal of each set. There are at most [`MAX_SETS`], perhaps none. The sets are independent: no
/// literal contains one of another set. For whole-line patterns (`line`), literals keep their outer
/// spaces: the match itself never starts or ends with one, so that such a space is inside the line.
pub(super) fn required(hir: &Hir, line: bool) -> Vec<Vec<Vec<u8>>> {
    let mut sets = Vec::from_iter(prefix_literals(std::slice::from_ref(hir), line));
    match hir.kind() {
        HirKind::Capture(capture) => sets.extend(required(&capture.sub, line)),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            sets.extend(required(&repetition.sub, line));
        }
        HirKind::Alternation(parts) => {
            let by_part: Vec<_> = parts.iter().map(|part| required(part, line)).collect();
            let count = by_part.iter().map(Vec::len).min().unwrap_or(0);
            sets.extend((0..count).map(|set| {
                let literals = by_part.iter().flat_map(|sets| &sets[set]);
                literals.cloned().collect()
            }));
        }
        HirKind::Concat(parts) => {
            sets.extend(
                (1..parts.len()).filter_map(|start| prefix_literals(&parts[start..], line)),
            );
            sets.extend(parts.iter().flat_map(|part| required(part, line)));
        }
        _ => {}
    }
    sets.sort_by_key(|set| cost_of(set));
    let mut independent: Vec<Vec<Vec<u8>>> = Vec::new();
    for set in sets {
        if independent.len() < MAX_SETS && !independent.iter().any(|other| overlap(other, &set)) {
            independent.push(set);
        }
    }
    independent
}

/// Returns whether a literal of one set contains one of the other, so that both may have been
/// derived from the same part of the pattern.
fn overlap(a: &[Vec<u8>], b: &[Vec<u8>]) -> bool {
    let contains = |a: &[u8], b: &[u8]| memchr::memmem::find(a, b).is_some();
    a.iter()
        .any(|a| b.iter().any(|b| contains(a, b) || contains(b, a)))
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
    fn sets_are_independent_and_each_has_a_literal_of_every_match() {
        for (pattern, expected) in [
            (
                r"(?i)our \w+ (?:privacy|cookie) \w+ policy",
                vec!["policy", "cookie privacy", "our"],
            ),
            (
                r"(?:the \w+ newsletter|our \w+ app)",
                vec!["newsletter app", "our the"],
            ),
            (r"photo: \w+", vec!["photo:"]),
        ] {
            let sets = required(&regex_syntax::parse(pattern).unwrap(), false);
            let sets: Vec<_> = sets.iter().map(|set| set.join(&b" "[..])).collect();
            let sets: Vec<_> = sets
                .iter()
                .map(|set| String::from_utf8_lossy(set))
                .collect();
            assert_eq!(sets, expected, "{pattern}");
        }
    }

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
            let sets = required(&regex_syntax::parse(pattern).unwrap(), false);
            assert_eq!(
                sets.into_iter().next(),
                expected.map(|list| list
                    .into_iter()
                    .map(|run| run.as_bytes().to_vec())
                    .collect()),
                "{pattern}"
            );
        }
    }
}
