//! What of a rule can be worked out before there is a text: labels folded, and what to look for to find phrases and
//! patterns. Built-in rules are prepared when dechaff is built, so that starting costs next to nothing.

mod first_bytes;
mod literals;
mod prefixes;
mod required;

pub use first_bytes::ByteSet;

use crate::chars::{normalize, trim_symbols};
use crate::ngrams::cost;
use crate::phrase::{Literal, MAX_PREFIX_LEN, Phrase};
use crate::rule::Matcher;
use crate::string_list::StringList;
use first_bytes::first_bytes;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde::{Deserialize, Serialize};

/// What of a rule's matcher is worked out, item by item.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum RulePlan {
    /// For each phrase how it is found.
    Phrases(Vec<SearchPlan<Literal>>),
    /// For each pattern what is known of its matches.
    Patterns(Vec<PatternPlan>),
    /// Folded labels.
    Labels(StringList),
    /// Nothing.
    Other,
}

/// What is known of the matches of a pattern.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PatternPlan {
    pub search: SearchPlan<Vec<u8>>,
    /// The most bytes of a match, if there is a limit.
    pub max_len: Option<u32>,
    /// The bytes that a match can begin with.
    pub first: ByteSet,
    /// Whether a match can begin with any number of characters of its line.
    pub starts_with_any: bool,
}

/// Where a phrase or pattern is worth trying.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum SearchPlan<F> {
    /// On lines that begin with one of these, folded. Signs before the first word of a line may stand before them.
    LinePrefixes(Vec<LinePrefix>),
    /// Where one of these stands, one of which every match holds.
    Literals(Vec<F>),
    /// On every line.
    EveryLine,
}

/// The first folded bytes of lines, at most [`MAX_PREFIX_LEN`], as a number in which the first is the highest. A line end
/// counts as a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LinePrefix {
    pub bytes: u64,
    pub length: u8,
}

impl LinePrefix {
    /// The opening that a text is, or begins with if it is longer.
    pub fn of(text: &[u8]) -> Self {
        let text = &text[..text.len().min(MAX_PREFIX_LEN)];
        let push =
            |bytes, &byte: &u8| bytes << 8 | u64::from(if byte == b'\n' { b' ' } else { byte });
        Self {
            bytes: text.iter().fold(0, push),
            length: text.len() as u8,
        }
    }
}

/// Of so many places at which a text stands one is the beginning of a line, and of so many the beginning of a short line.
const LINES: u64 = 16;
const SHORT_LINES: u64 = 64;
/// A short line has at most so many bytes.
const SHORT_LINE: u32 = 100;

/// Prepares a rule. What is wrong with it counts as if it were not there; the lint of packs tells.
pub fn plan(matcher: &Matcher) -> RulePlan {
    match matcher {
        Matcher::Phrases { phrases, line } => RulePlan::Phrases(
            phrases
                .iter()
                .map(|source| plan_phrase(source, *line))
                .collect(),
        ),
        Matcher::Patterns { patterns, line } => RulePlan::Patterns(
            patterns
                .iter()
                .map(|source| plan_pattern(source, *line))
                .collect(),
        ),
        Matcher::Labels(labels) => RulePlan::Labels(labels.iter().map(normalize_label).collect()),
        Matcher::Words { .. } | Matcher::Filter(_) => RulePlan::Other,
    }
}

fn plan_phrase(source: &str, line: bool) -> SearchPlan<Literal> {
    let (prefixes, literals) = Phrase::search_terms(source, line).unwrap_or_default();
    choose(prefixes, literals, |literal| &literal.text, LINES)
}

fn plan_pattern(source: &str, line: bool) -> PatternPlan {
    let Ok(hir) = regex_syntax::parse(source) else {
        return PatternPlan {
            search: SearchPlan::EveryLine,
            max_len: None,
            first: ByteSet::ALL,
            starts_with_any: false,
        };
    };
    let prefixes = if line {
        prefixes::prefixes(&hir).unwrap_or_default()
    } else {
        Vec::new()
    };
    let max_len = hir
        .properties()
        .maximum_len()
        .and_then(|bytes| u32::try_from(bytes).ok());
    let lines = if max_len.is_some_and(|len| len <= SHORT_LINE) {
        SHORT_LINES
    } else {
        LINES
    };
    let search = choose(
        prefixes,
        required::required(&hir, line).unwrap_or_default(),
        Vec::as_slice,
        lines,
    );
    PatternPlan {
        search,
        max_len,
        first: first_bytes(&hir),
        starts_with_any: begins_freely(&hir),
    }
}

/// Whether an expression begins with `[^\n]*`, perhaps after so many characters of that kind. What it matches in a line it
/// then matches with whatever of the line stands before that, too.
fn begins_freely(hir: &Hir) -> bool {
    let HirKind::Concat(parts) = hir.kind() else {
        return false;
    };
    let any = |part: &Hir| match part.kind() {
        HirKind::Repetition(repetition) => {
            let HirKind::Class(Class::Unicode(class)) = repetition.sub.kind() else {
                return None;
            };
            let [first, second] = class.ranges() else {
                return None;
            };
            let all = first.start() == '\0'
                && first.end() == '\t'
                && second.start() == '\u{B}'
                && second.end() == char::MAX;
            all.then_some(repetition.max.is_none())
        }
        _ => None,
    };
    parts.iter().map_while(any).any(|unbounded| unbounded)
}

/// Of two ways to find a rule, either of which may not be there, the one that finds fewer places. Of so many places one is
/// where the rule's lines begin.
fn choose<F>(
    prefixes: Vec<Vec<u8>>,
    literals: Vec<F>,
    text: impl Fn(&F) -> &[u8],
    lines: u64,
) -> SearchPlan<F> {
    let lines = cost(prefixes.iter().map(Vec::as_slice)) / lines;
    if !prefixes.is_empty() && (literals.is_empty() || lines <= cost(literals.iter().map(text))) {
        SearchPlan::LinePrefixes(
            prefixes
                .iter()
                .map(|opening| LinePrefix::of(opening))
                .collect(),
        )
    } else if literals.is_empty() {
        SearchPlan::EveryLine
    } else {
        SearchPlan::Literals(literals)
    }
}

fn normalize_label(label: &str) -> String {
    let folded = normalize(label);
    String::from_utf8_lossy(&folded[trim_symbols(&folded, 0..folded.len())]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_begin_with_anything_are_told() {
        let free = |pattern: &str| plan_pattern(pattern, true).starts_with_any;
        assert!(
            free(r"[^\n]*said") && free(r"[^\n]{8}[^\n]*\sphoto") && free(r"[^\n]{2,5}[^\n]{3,}x")
        );
        assert!(
            !free(r"[^\n]{0,60}said")
                && !free(r"[^\n.]*said")
                && !free(r"a[^\n]*")
                && !free(r".*said|x")
        );
    }

    #[test]
    fn a_rule_is_looked_for_where_it_is_rarest() {
        assert!(matches!(
            plan_pattern(r"\W{0,3}(?:Read|READ) more", true).search,
            SearchPlan::LinePrefixes(_)
        ));
        assert!(matches!(
            plan_pattern(r"the [^\n]{2,40} privacy policy", true).search,
            SearchPlan::Literals(_)
        ));
        assert!(matches!(
            plan_pattern(r"\w+", false).search,
            SearchPlan::EveryLine
        ));
        assert!(matches!(
            plan_phrase("the {..9} newsletter", true),
            SearchPlan::Literals(_)
        ));
        assert!(matches!(
            plan_phrase("subscribe {..9} the", true),
            SearchPlan::LinePrefixes(_)
        ));
    }
}
