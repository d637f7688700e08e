//! From a window of normalized text to candidates: the positions and lines at which a phrase or
//! pattern is worth trying.
//!
//! Each rule is indexed under what its [`SearchPlan`] chose. Literals go into the [`Prefilter`],
//! which scans the window once. Line prefixes go into the [`PrefixIndex`], which is asked once for
//! each line. A rule that has neither is a candidate on every line.

use super::phrase::line_starts;
use super::prefilter::Prefilter;
use super::prefixes::PrefixIndex;
use crate::steps;
use crate::text::{NormalizedLine, NormalizedText, View};
use dechaff_rules::chars::{is_word, normalizes_to_word, word_after};
use dechaff_rules::phrase::{Literal, MAX_LITERAL_LEN};
use dechaff_rules::plan::SearchPlan;
use std::ops::Range;

/// What to try where a literal or line prefix was found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Candidate {
    /// A phrase, and the number of its literal that was found; `None` if a line prefix was found.
    Phrase(u32, Option<u32>),
    /// A pattern, to be tried on the whole line.
    Pattern(u32),
}

/// Phrases and patterns, indexed by what leads to their candidates.
#[derive(Default)]
pub(super) struct CandidateIndex {
    prefilter: Prefilter<Candidate>,
    prefixes: PrefixIndex<Candidate>,
    /// Patterns that are indexed by line prefixes.
    prefix_patterns: Vec<u32>,
    every_line_patterns: Vec<u32>,
    every_line_phrases: Vec<u32>,
}

impl CandidateIndex {
    /// Indexes the phrase with this number by its search plan. If a literal finds the phrase, the
    /// candidate carries the index of the literal, because its context says where a match can
    /// start.
    pub(super) fn add_phrase(&mut self, number: u32, plan: &SearchPlan<Literal>) {
        match plan {
            SearchPlan::LinePrefixes(prefixes) => {
                for &prefix in prefixes {
                    self.prefixes.add(prefix, Candidate::Phrase(number, None));
                }
            }
            SearchPlan::Literals(literals) => {
                for (index, literal) in (0..).zip(literals) {
                    let candidate = Candidate::Phrase(number, Some(index));
                    self.prefilter.add(&literal.text, candidate);
                }
            }
            SearchPlan::EveryLine => self.every_line_phrases.push(number),
        }
    }

    /// Indexes the pattern with this number by its search plan. Which literal or prefix finds a
    /// pattern does not matter: the whole line is a candidate.
    pub(super) fn add_pattern(&mut self, number: u32, plan: &SearchPlan<Vec<u8>>) {
        match plan {
            SearchPlan::LinePrefixes(prefixes) => {
                for &prefix in prefixes {
                    self.prefixes.add(prefix, Candidate::Pattern(number));
                }
                self.prefix_patterns.push(number);
            }
            SearchPlan::Literals(literals) => {
                for literal in literals {
                    self.prefilter.add(literal, Candidate::Pattern(number));
                }
            }
            SearchPlan::EveryLine => self.every_line_patterns.push(number),
        }
    }

    /// Finishes the index. Call it once, after the last rule was added and before the first search;
    /// the prefilter does not find literals that are added later.
    pub(super) fn build(&mut self) {
        self.prefilter.build();
    }

    /// Returns whether nothing was added.
    pub(super) fn is_empty(&self) -> bool {
        self.prefilter.is_empty()
            && self.prefixes.is_empty()
            && self.every_line_patterns.is_empty()
            && self.every_line_phrases.is_empty()
    }

    /// Calls `each` with every literal that starts in `lines` of the normalized text: its offset,
    /// and what to try there.
    pub(super) fn for_each_literal(
        &self,
        text: &NormalizedText,
        lines: &Range<usize>,
        mut each: impl FnMut(usize, Candidate),
    ) {
        let indices = text.indices(lines.clone());
        let Some(first) = text.lines().get(indices.start) else {
            return;
        };
        let bytes = text.bytes();
        let start = first.start as usize;
        let next_line = text.lines().get(indices.end);
        let end = next_line.map_or(bytes.len(), |line| line.start as usize);
        // A literal that starts in these lines may end in the next.
        let window = &bytes[start..bytes.len().min(end + MAX_LITERAL_LEN)];
        self.prefilter.find(window, |offset, &candidate| {
            steps::count(1);
            let offset = start + offset;
            if offset < end {
                each(offset, candidate);
            }
        });
    }

    /// Calls `each` with every candidate that the first bytes of a line of `lines` are indexed
    /// under: the line, the offset at which the prefix was found (the start of the line or a
    /// position behind bullets), and what to try there. Lines that continue a hard-wrapped line
    /// have no prefix. `starts` is a buffer.
    pub(super) fn for_each_prefix(
        &self,
        view: &View<'_>,
        text: &NormalizedText,
        lines: &Range<usize>,
        starts: &mut Vec<usize>,
        mut each: impl FnMut(usize, usize, Candidate),
    ) {
        let bytes = text.bytes();
        for line in lines.clone().filter(|&line| !view.lines().continues(line)) {
            let normalized = text.lines()[line - text.first()];
            starts.clear();
            line_starts(bytes, normalized.range(), starts);
            for &start in &*starts {
                for &candidate in self.prefixes.find(&bytes[start..]) {
                    steps::count(1);
                    each(line, start, candidate);
                }
            }
            let first_word = starts.last().map_or(normalized.end, |&start| start as u32);
            if !has_plain_start(view, line, normalized, bytes, first_word) {
                for &pattern in &self.prefix_patterns {
                    each(line, normalized.start as usize, Candidate::Pattern(pattern));
                }
            }
        }
    }

    /// Returns the numbers of the phrases that are candidates on every line, because they have no
    /// literal. All of them match whole lines: the lint refuses other phrases without a literal.
    pub(super) fn every_line_phrases(&self) -> &[u32] {
        &self.every_line_phrases
    }

    /// Returns the numbers of the patterns that are candidates on every line, because neither their
    /// literals nor their prefixes are known.
    pub(super) fn every_line_patterns(&self) -> &[u32] {
        &self.every_line_patterns
    }
}

/// Returns whether the prefixes of patterns are reliable for a line, whose first word is at offset
/// `first_word` of the normalized text. They are not if the line starts with a character such as
/// "½" or "™": normalization turns it into letters or digits, but a pattern, which reads the source
/// text, does not see a word there.
fn has_plain_start(
    view: &View<'_>,
    line: usize,
    normalized: NormalizedLine,
    bytes: &[u8],
    first_word: u32,
) -> bool {
    let NormalizedLine {
        start, end, source, ..
    } = normalized;
    if first_word == start
        && view.document().text().as_bytes()[source as usize].is_ascii_alphanumeric()
    {
        return true;
    }
    if first_word == end {
        return !view.is_wrapped(line);
    }
    let first = view
        .text(line)
        .chars()
        .find(|&c| is_word(c) || normalizes_to_word(c));
    word_after(bytes, first_word as usize)
        && first.is_some_and(|c| c.is_alphabetic() || c.is_ascii())
}
