//! Line-by-line outcome of cleaning a document. Every quality figure (precision, recall, words
//! lost) is a sum over these outcomes.
//!
//! A line counts as removed if fewer than half of its words are kept. For the line `Advertisement
//! The bridge opens` with the removal `Advertisement `, three of four words are kept, so the line
//! is not removed, but one word of it is lost.

use crate::cleaner::{Cleaned, Removal};
use crate::text::Span;
use dechaff_rules::chars::{is_spaceless, is_word};
use std::ops::Range;

/// The outcome of one line that contains at least one word.
#[derive(Clone, Debug)]
pub struct LineOutcome<'c> {
    /// Index of the line among the parts of the source between line feeds, counted from 0.
    pub index: usize,
    /// Byte range of the line in the source, without its line feed.
    pub range: Range<usize>,
    /// Number of words: runs of letters and digits, and each letter of scripts without spaces.
    pub words: u64,
    /// Number of these words that are kept. A word that is cut counts for each kept piece.
    pub words_kept: u64,
    /// Removals that overlap the line, in order.
    pub removals: &'c [Removal],
}

impl LineOutcome<'_> {
    /// Returns whether fewer than half of the line's words are kept. A line of which exactly half
    /// is kept is not removed.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.words_kept * 2 < self.words
    }
}

/// Returns the outcome of each line of `cleaned` that has words, in order. Lines are the parts of
/// the source between line feeds, so that `index` matches the labels of a labelled page. If the
/// document is held, no line has a removal.
pub fn line_outcomes<'c>(cleaned: &'c Cleaned<'_>) -> impl Iterator<Item = LineOutcome<'c>> {
    let (source, removals) = (cleaned.source(), cleaned.removals());
    let (mut start, mut first) = (0, 0);
    source
        .split('\n')
        .enumerate()
        .filter_map(move |(index, line)| {
            let range = start..start + line.len();
            start = range.end + 1;
            first += removals[first..]
                .iter()
                .take_while(|removal| removal.span.end() <= range.start)
                .count();
            let touching = &removals[first..];
            let touching = &touching[..touching
                .iter()
                .take_while(|removal| removal.span.start() < range.end)
                .count()];
            let words = count_words(line);
            let words_kept = if touching.is_empty() {
                words
            } else {
                let spans = touching.iter().map(|removal| removal.span);
                count_words_outside(source, range.clone(), spans)
            };
            (words > 0).then_some(LineOutcome {
                index,
                range,
                words,
                words_kept,
                removals: touching,
            })
        })
}

/// Counts the words in the parts of `source[range]` that no span covers. The spans must be sorted
/// and disjoint; they may begin before the range or end after it.
fn count_words_outside(
    source: &str,
    range: Range<usize>,
    spans: impl Iterator<Item = Span>,
) -> u64 {
    let (mut at, mut count) = (range.start, 0);
    for span in spans {
        count += count_words(&source[at..span.start().clamp(at, range.end)]);
        at = span.end().clamp(at, range.end);
    }
    count + count_words(&source[at..range.end])
}

/// Counts the words of `text`: each run of letters and digits is one, and so is each letter of a
/// script that is written without spaces, such as Chinese or Japanese.
fn count_words(text: &str) -> u64 {
    let (mut count, mut is_inside) = (0, false);
    for c in text.chars() {
        let spaceless = is_spaceless(c);
        let word = is_word(c) && !spaceless;
        count += u64::from(spaceless || (word && !is_inside));
        is_inside = word;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_single_ideographs() {
        assert_eq!(
            ["", "It's 4 p.m.", "橋が開く", "naïve e\u{301}t"].map(count_words),
            [0, 5, 4, 2]
        );
    }
}
