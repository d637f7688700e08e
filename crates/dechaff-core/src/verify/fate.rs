//! What became of each line of a cleaned document: the measure on which all figures of quality stand.

use crate::cleaner::{Cleaned, Removal};
use crate::text::Span;
use dechaff_rules::chars::{is_spaceless, is_word};
use std::ops::Range;

/// What became of a line that has words.
#[derive(Clone, Debug)]
pub struct LineOutcome<'c> {
    /// Its number among the parts of the source between line feeds, from 0.
    pub number: usize,
    /// Its bytes in the source, the line feed left out.
    pub range: Range<usize>,
    /// Words: runs of letters and digits, and each letter of scripts without spaces.
    pub words: u64,
    /// Words that are left.
    pub left: u64,
    /// The removals that touch it.
    pub removals: &'c [Removal],
}

impl LineOutcome<'_> {
    /// Whether less than half of its words are left.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.left * 2 < self.words
    }
}

/// What became of each line with words, in order.
pub fn fates<'c>(cleaned: &'c Cleaned<'_>) -> impl Iterator<Item = LineOutcome<'c>> {
    let (source, removals) = (cleaned.source(), cleaned.removals());
    let (mut start, mut first) = (0, 0);
    source
        .split('\n')
        .enumerate()
        .filter_map(move |(number, line)| {
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
            let words = words(line);
            let spans = touching.iter().map(|removal| removal.span);
            let left = if touching.is_empty() {
                words
            } else {
                words_left(source, range.clone(), spans)
            };
            (words > 0).then_some(LineOutcome {
                number,
                range,
                words,
                left,
                removals: touching,
            })
        })
}

/// How many words the parts of a range have that no span covers.
fn words_left(source: &str, range: Range<usize>, spans: impl Iterator<Item = Span>) -> u64 {
    let (mut at, mut left) = (range.start, 0);
    for span in spans {
        left += words(&source[at..span.start().clamp(at, range.end)]);
        at = span.end().clamp(at, range.end);
    }
    left + words(&source[at..range.end])
}

/// Number of words in a text.
fn words(text: &str) -> u64 {
    let (mut count, mut inside) = (0, false);
    for c in text.chars() {
        let spaceless = is_spaceless(c);
        let word = is_word(c) && !spaceless;
        count += u64::from(spaceless || (word && !inside));
        inside = word;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_single_ideographs() {
        assert_eq!(
            ["", "It's 4 p.m.", "橋が開く", "naïve e\u{301}t"].map(words),
            [0, 5, 4, 2]
        );
    }
}
