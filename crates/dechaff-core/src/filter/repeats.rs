//! Lines that occur earlier in the document: captions printed twice, notices between paragraphs.
//! The first copy stays.
//!
//! Exercises, refrains and listings repeat lines too. A copy is therefore marked only if it
//! directly follows the other one or is next to removed lines, and only if it is long.

use super::{EnabledRule, Filter};
use crate::mark::Marks;
use crate::text::NormalizedText;
use crate::text::{View, word_count};
use dechaff_rules::rule::RuleId;
use rustc_hash::FxHashMap;

/// Least number of words of a repeated line.
const MIN_WORDS: usize = 12;

/// Least length of a line of [`MIN_WORDS`] words, in bytes: one byte for each word and for each
/// space between them. Lines are tested for it before their words are counted.
const MIN_LEN: usize = 2 * MIN_WORDS - 1;

/// Greatest distance, in lines, at which a copy is considered to be printed twice.
const MAX_DISTANCE: usize = 2;

/// Marks long lines that occur earlier in the document.
#[derive(Debug)]
pub(super) struct Repeats {
    rule: RuleId,
}

impl Repeats {
    const RULE: &str = "structure/repeated-line";

    /// Returns the filter, or `None` if its rule ([`RULE`](Self::RULE)) is not enabled, so that a
    /// stage runs only filters that can mark something.
    pub(super) fn new(enabled: EnabledRule<'_>) -> Option<Self> {
        enabled(Self::RULE).map(|rule| Self { rule })
    }
}

impl Filter for Repeats {
    fn mark(&self, view: &View<'_>, marks: &mut Marks, text: &mut NormalizedText) {
        self.mark_adjacent(view, marks, text);
        self.mark_beside_removals(view, marks, text);
    }
}

impl Repeats {
    /// Marks lines that repeat one of the [`MAX_DISTANCE`] lines before them, counting only lines
    /// that are not blank. Such a copy needs no removal nearby.
    fn mark_adjacent(&self, view: &View<'_>, marks: &mut Marks, text: &mut NormalizedText) {
        for line in 0..view.line_count() {
            let own = fingerprint(view, line, text);
            if own.is_none() {
                continue;
            }
            let first = (line.saturating_sub(MAX_DISTANCE)..line)
                .rev()
                .find(|&before| fingerprint(view, before, text) == own);
            if let Some(first) = first {
                self.mark_copy(view, line, first, marks, text);
            }
        }
    }

    /// Marks lines next to removed lines that repeat any line before them. Few lines are next to a
    /// removal, so only the first occurrences of their fingerprints are looked up, in one pass over
    /// the document.
    fn mark_beside_removals(&self, view: &View<'_>, marks: &mut Marks, text: &mut NormalizedText) {
        let beside: Vec<usize> = (0..view.line_count())
            .filter(|&line| is_cut(view, line.wrapping_sub(1)) || is_cut(view, line + 1))
            .collect();
        let mut first_lines: FxHashMap<u32, Option<usize>> = beside
            .iter()
            .filter_map(|&line| Some((fingerprint(view, line, text)?, None)))
            .collect();
        if first_lines.is_empty() {
            return;
        }
        for line in 0..view.line_count() {
            if let Some(first) = fingerprint(view, line, text)
                .and_then(|fingerprint| first_lines.get_mut(&fingerprint))
            {
                first.get_or_insert(line);
            }
        }
        for line in beside {
            let first =
                fingerprint(view, line, text).and_then(|fingerprint| first_lines[&fingerprint]);
            if let Some(first) = first.filter(|&first| first < line) {
                self.mark_copy(view, line, first, marks, text);
            }
        }
    }

    /// Marks `line` if it has enough words and the same text as `first`, an earlier line with the
    /// same fingerprint.
    fn mark_copy(
        &self,
        view: &View<'_>,
        line: usize,
        first: usize,
        marks: &mut Marks,
        text: &mut NormalizedText,
    ) {
        if word_count(view.text(line)) >= MIN_WORDS && have_same_text(view, line, first, text) {
            marks.add(view.span(line), self.rule);
        }
    }
}

/// Returns the fingerprint of a line, or `None` if the line is too short to count as repeated or is
/// a part of a hard-wrapped paragraph.
fn fingerprint(view: &View<'_>, line: usize, text: &mut NormalizedText) -> Option<u32> {
    let is_wrapped = view.is_wrapped(line) || view.lines().continues(line);
    (!is_wrapped && view.text(line).len() >= MIN_LEN).then(|| view.fingerprint(line, text))
}

fn is_cut(view: &View<'_>, line: usize) -> bool {
    line < view.line_count() && view.is_cut(line)
}

/// Returns whether the trimmed normalized texts of two lines are equal. Different texts may have
/// the same fingerprint, so this is checked before a line is marked.
fn have_same_text(view: &View<'_>, line: usize, other: usize, text: &mut NormalizedText) -> bool {
    let own = view.trimmed(line, text).to_vec();
    view.trimmed(other, text) == own
}
