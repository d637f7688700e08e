//! Search plans: where in a text a rule can match, derived from the rule alone.
//!
//! Trying thousands of phrases and patterns at every position of a text would be far too slow. A
//! plan therefore says what a text must contain for an attempt to be worthwhile. There are two
//! kinds of evidence:
//!
//! - **Line prefixes**: the first bytes of the lines that a whole-line rule can match.
//! - **Literals**: normalized strings, one of which every match contains.
//!
//! A rule often has both, and the plan uses the evidence that is expected to yield fewer candidates
//! in ordinary text, by a table of byte [n-gram frequencies](crate::ngrams). For example, lines
//! that start with `read more` are rare, so the first pattern below is searched for by prefixes.
//! Lines that start with `the` are common, so the second one is searched for by the end of it:
//!
//! ```
//! use dechaff_rules::plan::{RulePlan, SearchPlan, plan};
//! use dechaff_rules::rule::Matcher;
//!
//! let patterns = ["Read (?:more|on)", "The [^\\n]{2,40} privacy policy", "[^\\n]{9,90}\\d"];
//! let patterns = patterns.into_iter().collect();
//! let RulePlan::Patterns(plans) = plan(&Matcher::Patterns { patterns, line: true }) else {
//!     unreachable!()
//! };
//!
//! assert!(matches!(&plans[0].search, SearchPlan::LinePrefixes(list) if list.len() == 2));
//! let SearchPlan::Literals(literals) = &plans[1].search else { unreachable!() };
//! assert_eq!(literals, &[b" privacy policy"]);
//! assert!(matches!(&plans[2].search, SearchPlan::EveryLine), "no bytes are certain");
//! ```
//!
//! Plans are computed when a pack is added; those of the built-in rules when dechaff is built, so
//! that they cost nothing at start. A rule that does not parse gets a plan that never leads to a
//! match; the lint of packs reports such rules.

mod end_bytes;
mod literals;
mod prefixes;
mod required;

pub use end_bytes::ByteSet;

use crate::chars::{normalize, trim_symbols};
use crate::ngrams::cost;
use crate::phrase::{Literal, MAX_PREFIX_LEN, Phrase};
use crate::rule::Matcher;
use crate::string_list::StringList;
use end_bytes::{End, end_bytes};
use regex_syntax::hir::{Class, Hir, HirKind};
use serde::{Deserialize, Serialize};

/// Estimated number of occurrences of a string per occurrence at the start of a line.
const OCCURRENCES_PER_LINE: u64 = 16;

/// Estimated number of occurrences of a string per occurrence at the start of a line of at most
/// [`MAX_SHORT_LINE_LEN`].
const OCCURRENCES_PER_SHORT_LINE: u64 = 64;

/// Length of the longest line that counts as short, in bytes.
const MAX_SHORT_LINE_LEN: u32 = 100;

/// The search plan of a rule: one for each item of its matcher, in the same order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum RulePlan {
    /// The plans of phrases.
    Phrases(Vec<SearchPlan<Literal>>),
    /// The plans of patterns.
    Patterns(Vec<PatternPlan>),
    /// The normalized and trimmed form of labels, which are looked up as they are.
    Labels(StringList),
    /// No plan: vocabularies are indexed by their words, and other filters do not search.
    Other,
}

/// The plan of a pattern.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PatternPlan {
    /// Where the pattern is worth trying.
    pub search: SearchPlan<Vec<u8>>,
    /// Length of the longest match, in bytes of the source text; `None` if there is no limit.
    pub max_len: Option<u32>,
    /// The bytes with which a match can start, in the source text.
    pub first: ByteSet,
    /// The bytes with which a match can end, in the source text.
    pub last: ByteSet,
    /// Whether a match can start with any number of any characters of its line.
    pub starts_with_any: bool,
}

/// Where a phrase or pattern is worth trying. `L` is the type of its literals.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum SearchPlan<L> {
    /// On lines that start with one of these prefixes, perhaps after bullets and other signs.
    LinePrefixes(Vec<LinePrefix>),
    /// Wherever one of these literals occurs. Every match contains at least one of them.
    Literals(Vec<L>),
    /// On every line.
    EveryLine,
}

/// The first bytes of a normalized line, at most [`MAX_PREFIX_LEN`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LinePrefix {
    /// The bytes as a big-endian number, so that the first byte is the most significant. A line end
    /// is represented by a space.
    pub bytes: u64,
    /// The number of bytes.
    pub length: u8,
}

impl LinePrefix {
    /// Returns the prefix of a normalized text: all of it or its first [`MAX_PREFIX_LEN`] bytes.
    /// Prefixes of the same bytes are equal, also if one has a line end where the other has a
    /// space.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let text = &text[..text.len().min(MAX_PREFIX_LEN)];
        let bytes = text.iter().fold(0, |bytes, &byte| {
            bytes << 8 | u64::from(if byte == b'\n' { b' ' } else { byte })
        });
        Self {
            bytes,
            length: text.len() as u8,
        }
    }
}

/// Computes the search plan of a matcher. Phrases and patterns that do not parse get a plan, too,
/// so that the plans keep the order of the matcher; the lint of packs reports them.
#[must_use]
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
    choose(
        &prefixes,
        literals,
        |literal| &literal.text,
        OCCURRENCES_PER_LINE,
    )
}

fn plan_pattern(source: &str, line: bool) -> PatternPlan {
    let Ok(hir) = regex_syntax::parse(source) else {
        return PatternPlan {
            search: SearchPlan::EveryLine,
            max_len: None,
            first: ByteSet::ALL,
            last: ByteSet::ALL,
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
    let occurrences_per_line = if max_len.is_some_and(|len| len <= MAX_SHORT_LINE_LEN) {
        OCCURRENCES_PER_SHORT_LINE
    } else {
        OCCURRENCES_PER_LINE
    };
    let search = choose(
        &prefixes,
        required::required(&hir, line).unwrap_or_default(),
        Vec::as_slice,
        occurrences_per_line,
    );
    PatternPlan {
        search,
        max_len,
        first: end_bytes(&hir, End::First),
        last: end_bytes(&hir, End::Last),
        starts_with_any: starts_with_any(&hir),
    }
}

/// Returns whether an expression starts with `[^\n]*`, perhaps after bounded repetitions of the
/// same class. Such a match can be extended to the start of its line, so the expression can be
/// searched backward from the end of the line.
fn starts_with_any(hir: &Hir) -> bool {
    let HirKind::Concat(parts) = hir.kind() else {
        return false;
    };
    parts
        .iter()
        .map_while(repeats_any)
        .any(|is_unbounded| is_unbounded)
}

/// Returns, for a repetition of `[^\n]`, whether it has no upper bound; `None` for every other
/// expression.
fn repeats_any(hir: &Hir) -> Option<bool> {
    let HirKind::Repetition(repetition) = hir.kind() else {
        return None;
    };
    let HirKind::Class(Class::Unicode(class)) = repetition.sub.kind() else {
        return None;
    };
    let [first, second] = class.ranges() else {
        return None;
    };
    let is_any = first.start() == '\0'
        && first.end() == '\t'
        && second.start() == '\u{B}'
        && second.end() == char::MAX;
    is_any.then_some(repetition.max.is_none())
}

/// Picks the plan that is expected to yield fewer candidates: line prefixes or literals, either of
/// which may be empty. A prefix is expected at the start of a line once in `occurrences_per_line`
/// occurrences. `text` returns the bytes of a literal.
fn choose<L>(
    prefixes: &[Vec<u8>],
    literals: Vec<L>,
    text: impl Fn(&L) -> &[u8],
    occurrences_per_line: u64,
) -> SearchPlan<L> {
    let prefix_cost = cost(prefixes.iter().map(Vec::as_slice)) / occurrences_per_line;
    if !prefixes.is_empty()
        && (literals.is_empty() || prefix_cost <= cost(literals.iter().map(text)))
    {
        SearchPlan::LinePrefixes(
            prefixes
                .iter()
                .map(|prefix| LinePrefix::of(prefix))
                .collect(),
        )
    } else if literals.is_empty() {
        SearchPlan::EveryLine
    } else {
        SearchPlan::Literals(literals)
    }
}

/// Normalizes a label and trims the punctuation and symbols at its ends, as is done with the lines
/// that are compared with it.
fn normalize_label(label: &str) -> String {
    let normalized = normalize(label);
    let trimmed = &normalized[trim_symbols(&normalized, 0..normalized.len())];
    String::from_utf8_lossy(trimmed).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_start_with_anything_are_recognized() {
        for (pattern, expected) in [
            (r"[^\n]*said", true),
            (r"[^\n]{8}[^\n]*\sphoto", true),
            (r"[^\n]{2,5}[^\n]{3,}x", true),
            (r"[^\n]{0,60}said", false),
            (r"[^\n.]*said", false),
            (r"a[^\n]*", false),
            (r".*said|x", false),
        ] {
            let plan = plan_pattern(pattern, true);
            assert_eq!(plan.starts_with_any, expected, "{pattern}");
        }
    }

    #[test]
    fn the_plan_searches_for_what_is_rarest() {
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
