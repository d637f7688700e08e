//! What of a rule can be worked out before there is a text: labels folded, and what to look for to find phrases and
//! patterns. Built-in rules are prepared when dechaff is built, so that starting costs next to nothing.

// The paths are said for the build, which takes this file in from elsewhere.
#[path = "prepare/bytes.rs"]
mod bytes;
#[path = "prepare/openings.rs"]
mod openings;
#[path = "prepare/required.rs"]
mod required;
#[path = "prepare/texts.rs"]
mod texts;

pub(crate) use bytes::ByteSet;

use crate::fold::fold;
use crate::phrase::{Fragment, Phrase, bare};
use crate::rarity::cost;
use crate::rule::Matcher;
use bytes::first_bytes;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde::{Deserialize, Serialize};

/// What of a rule's matcher is worked out, item by item.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Prepared {
    /// For each phrase how it is found.
    Phrases(Vec<Search<Fragment>>),
    /// For each pattern what is known of its matches.
    Patterns(Vec<PreparedPattern>),
    /// Folded labels.
    Labels(Vec<Vec<u8>>),
    /// Nothing.
    Other,
}

/// What is known of the matches of a pattern.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PreparedPattern {
    pub search: Search<Vec<u8>>,
    /// The most bytes of a match, if there is a limit.
    pub most: Option<u32>,
    /// The bytes that a match can begin with.
    pub first: ByteSet,
    /// Whether a match can begin with any number of characters of its line.
    pub free: bool,
}

/// Where a phrase or pattern is worth trying.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Search<F> {
    /// On lines that begin with one of these, folded. Signs before the first word of a line may stand before them.
    Openings(Vec<Vec<u8>>),
    /// Where one of these stands, one of which every match holds.
    Fragments(Vec<F>),
    /// On every line.
    Everywhere,
}

/// Of so many places at which a text stands one is the beginning of a line.
const LINE_SHARE: u64 = 16;

/// Prepares a rule. What is wrong with it counts as if it were not there; the lint of packs tells.
pub(crate) fn prepare(matcher: &Matcher) -> Prepared {
    match matcher {
        Matcher::Phrases { phrases, line } => Prepared::Phrases(phrases.iter().map(|source| search_phrase(source, *line)).collect()),
        Matcher::Patterns { patterns, line } => Prepared::Patterns(patterns.iter().map(|source| prepare_pattern(source, *line)).collect()),
        Matcher::Labels(labels) => Prepared::Labels(labels.iter().map(|label| fold_label(label)).collect()),
        Matcher::Words { .. } | Matcher::Filter(_) => Prepared::Other,
    }
}

fn search_phrase(source: &str, line: bool) -> Search<Fragment> {
    let (openings, fragments) = Phrase::search(source, line).unwrap_or_default();
    choose(openings, fragments, |fragment| &fragment.text)
}

fn prepare_pattern(source: &str, line: bool) -> PreparedPattern {
    let Ok(hir) = regex_syntax::parse(source) else {
        return PreparedPattern { search: Search::Everywhere, most: None, first: ByteSet::ALL, free: false };
    };
    let openings = if line { openings::openings(&hir).unwrap_or_default() } else { Vec::new() };
    let search = choose(openings, required::required(&hir, line).unwrap_or_default(), Vec::as_slice);
    let most = hir.properties().maximum_len().and_then(|bytes| u32::try_from(bytes).ok());
    PreparedPattern { search, most, first: first_bytes(&hir), free: begins_freely(&hir) }
}

/// Whether an expression begins with `[^\n]*`, perhaps after so many characters of that kind. What it matches in a line it
/// then matches with whatever of the line stands before that, too.
fn begins_freely(hir: &Hir) -> bool {
    let HirKind::Concat(parts) = hir.kind() else { return false };
    let any = |part: &Hir| match part.kind() {
        HirKind::Repetition(repetition) => {
            let HirKind::Class(Class::Unicode(class)) = repetition.sub.kind() else { return None };
            let [first, second] = class.ranges() else { return None };
            let all = first.start() == '\0' && first.end() == '\t' && second.start() == '\u{B}' && second.end() == char::MAX;
            all.then_some(repetition.max.is_none())
        }
        _ => None,
    };
    parts.iter().map_while(any).any(|unbounded| unbounded)
}

/// Of two ways to find a rule, either of which may not be there, the one that finds fewer places.
fn choose<F>(openings: Vec<Vec<u8>>, fragments: Vec<F>, text: impl Fn(&F) -> &[u8]) -> Search<F> {
    let lines = cost(openings.iter().map(Vec::as_slice)) / LINE_SHARE;
    if !openings.is_empty() && (fragments.is_empty() || lines <= cost(fragments.iter().map(text))) {
        Search::Openings(openings)
    } else if fragments.is_empty() {
        Search::Everywhere
    } else {
        Search::Fragments(fragments)
    }
}

fn fold_label(label: &str) -> Vec<u8> {
    let folded = fold(label);
    folded[bare(&folded, 0..folded.len())].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_begin_with_anything_are_told() {
        let free = |pattern: &str| prepare_pattern(pattern, true).free;
        assert!(free(r"[^\n]*said") && free(r"[^\n]{8}[^\n]*\sphoto") && free(r"[^\n]{2,5}[^\n]{3,}x"));
        assert!(!free(r"[^\n]{0,60}said") && !free(r"[^\n.]*said") && !free(r"a[^\n]*") && !free(r".*said|x"));
    }

    #[test]
    fn a_rule_is_looked_for_where_it_is_rarest() {
        assert!(matches!(prepare_pattern(r"\W{0,3}(?:Read|READ) more", true).search, Search::Openings(_)));
        assert!(matches!(prepare_pattern(r"the [^\n]{2,40} privacy policy", true).search, Search::Fragments(_)));
        assert!(matches!(prepare_pattern(r"\w+", false).search, Search::Everywhere));
        assert!(matches!(search_phrase("the {..9} newsletter", true), Search::Fragments(_)));
        assert!(matches!(search_phrase("subscribe {..9} the", true), Search::Openings(_)));
    }
}
