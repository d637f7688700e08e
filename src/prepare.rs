//! What of a rule can be worked out before there is a text: labels folded, and what to look for to find phrases and
//! patterns. Built-in rules are prepared when dechaff is built, so that starting costs next to nothing.

// The paths are said for the build, which takes this file in from elsewhere.
#[path = "prepare/openings.rs"]
mod openings;
#[path = "prepare/required.rs"]
mod required;

use crate::fold::fold;
use crate::phrase::{Fragment, Phrase, bare};
use crate::rarity::expected_of;
use crate::rule::Matcher;
use regex_syntax::hir::Hir;
use serde::{Deserialize, Serialize};

/// What of a rule's matcher is worked out, item by item.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Prepared {
    /// For each phrase how it is found.
    Phrases(Vec<Search<Fragment>>),
    /// For each pattern how it is found, and the most bytes that it can match.
    Patterns(Vec<(Search<Vec<u8>>, Option<u32>)>),
    /// Folded labels.
    Labels(Vec<Vec<u8>>),
    /// Nothing.
    Other,
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
        Matcher::Patterns { patterns, line } => {
            Prepared::Patterns(patterns.iter().map(|source| search_pattern(source, *line)).collect())
        }
        Matcher::Labels(labels) => Prepared::Labels(labels.iter().map(|label| fold_label(label)).collect()),
        Matcher::Words { .. } | Matcher::Filter(_) => Prepared::Other,
    }
}

fn search_phrase(source: &str, line: bool) -> Search<Fragment> {
    let (openings, fragments) = Phrase::search(source, line).unwrap_or_default();
    choose(openings, fragments, |fragment| &fragment.text)
}

fn search_pattern(source: &str, line: bool) -> (Search<Vec<u8>>, Option<u32>) {
    let Ok(hir) = regex_syntax::parse(source) else { return (Search::Everywhere, None) };
    let openings = if line { openings::openings(&hir).unwrap_or_default() } else { Vec::new() };
    (choose(openings, required::required(&hir).unwrap_or_default(), Vec::as_slice), longest(&hir))
}

/// Of two ways to find a rule, either of which may not be there, the one that finds fewer places.
fn choose<F>(openings: Vec<Vec<u8>>, fragments: Vec<F>, text: impl Fn(&F) -> &[u8]) -> Search<F> {
    let lines = expected_of(openings.iter().map(Vec::as_slice)) / LINE_SHARE;
    if !openings.is_empty() && (fragments.is_empty() || lines <= expected_of(fragments.iter().map(text))) {
        Search::Openings(openings)
    } else if fragments.is_empty() {
        Search::Everywhere
    } else {
        Search::Fragments(fragments)
    }
}

/// The most bytes that an expression can match.
fn longest(hir: &Hir) -> Option<u32> {
    hir.properties().maximum_len().and_then(|bytes| u32::try_from(bytes).ok())
}

fn fold_label(label: &str) -> Vec<u8> {
    let folded = fold(label);
    folded[bare(&folded, 0..folded.len())].to_vec()
}

