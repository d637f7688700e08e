//! The lines of a document that are not blank: where the text of each stands, and which of them hard wrapping broke. It is
//! told from the source, so that nothing has to be folded to know it.

use super::is_invisible;
use crate::document::Document;
use std::ops::Range;

/// Wrapped text has no wider lines than this, in code points.
const WIDEST_WRAP: usize = 120;

/// The lines of a document that are not blank. They are counted among themselves, from 0.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    all: Vec<Line>,
}

/// A line that is not blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where its text starts and ends in the source, white space at its ends left out.
    pub start: u32,
    pub end: u32,
    /// Its number in the document, from 0.
    pub number: u32,
    /// Whether the next line only goes on where hard wrapping broke this one.
    pub joins: bool,
}

impl Line {
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Lines {
    /// Finds the lines of a document; those of the one before are forgotten.
    pub(crate) fn fill(&mut self, document: &Document<'_>) {
        self.all.clear();
        let text = document.text();
        for number in 0..document.line_count() {
            let Range { start, end } = trimmed(text, document.line(number).range());
            if is_visible(&text[start..end]) {
                self.all.push(Line { start: start as u32, end: end as u32, number: number as u32, joins: false });
            }
        }
        self.find_wraps(text);
    }

    /// Finds the lines that hard wrapping broke: in a text whose lines all keep to one width, a line is broken where
    /// the next word would not have fitted on it.
    fn find_wraps(&mut self, text: &str) {
        let lines = &mut self.all;
        let mut wide = 0;
        for line in &*lines {
            wide += usize::from(width(&text[line.range()]) > WIDEST_WRAP);
            // Most texts are told by their first lines.
            if wide * 50 > lines.len() {
                return;
            }
        }
        let widest = lines.iter().map(|line| width(&text[line.range()])).filter(|&width| width <= WIDEST_WRAP).max().unwrap_or(0);
        if lines.len() < 6 || widest < 50 {
            return;
        }
        let neighbours = |pair: &[Line]| pair[1].number == pair[0].number + 1;
        let breaks = |pair: &[Line]| {
            let word = text[pair[1].range()].split(' ').next().unwrap_or_default();
            neighbours(pair) && width(&text[pair[0].range()]) + 1 + width(word) > widest
        };
        let together = lines.windows(2).filter(|pair| neighbours(pair)).count();
        let broken = lines.windows(2).filter(|pair| breaks(pair)).count();
        if broken * 2 < together || broken < 3 {
            return;
        }
        for first in 1..lines.len() {
            lines[first - 1].joins = breaks(&lines[first - 1..=first]);
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn get(&self, line: usize) -> Line {
        self.all[line]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Line> + '_ {
        self.all.iter().copied()
    }

    /// Whether a hard-wrapped line goes on in this one.
    pub(crate) fn continues(&self, line: usize) -> bool {
        line > 0 && self.all[line - 1].joins
    }

    /// How many lines stand before the line of this number in the document.
    pub(crate) fn before(&self, number: usize) -> usize {
        self.all.partition_point(|line| (line.number as usize) < number)
    }
}

/// The code points of a line, or too many.
fn width(line: &str) -> usize {
    if line.len() > 4 * WIDEST_WRAP { usize::MAX / 2 } else { line.chars().count() }
}

/// A range of a text without white space at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let Range { start, mut end } = range;
    if bytes[start..end].ends_with(b"\n") {
        end -= 1;
    }
    // Nearly all lines are trimmed but for their end.
    if start < end && bytes[start].is_ascii_graphic() && bytes[end - 1].is_ascii_graphic() {
        return start..end;
    }
    let line = &text[start..end];
    let from = start + line.len() - line.trim_start().len();
    from..from + line.trim().len()
}

/// Whether a text without white space at its ends shows anything.
fn is_visible(text: &str) -> bool {
    text.as_bytes().first().is_some_and(|&first| first < 0x80 || text.chars().any(|c| !c.is_whitespace() && !is_invisible(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        let mut lines = Lines::default();
        lines.fill(&Document::new(text).unwrap());
        lines.iter().collect()
    }

    #[test]
    fn blank_lines_are_left_out_and_numbers_stay() {
        let text = "\n a\u{a0}\r\n \u{200b}\r\n\u{feff}b\n";
        let found: Vec<_> = lines(text).iter().map(|line| (line.number, &text[line.range()])).collect();
        assert_eq!(found, [(1, "a"), (3, "\u{feff}b")]);
    }

    #[test]
    fn hard_wrapping_is_seen_and_short_lines_are_not_taken_for_it() {
        let wrapped = "The council voted on Monday to close the bridge for repairs that will\n\
            take until the end of next year, and said that buses would run along the\n\
            embankment in the meantime, at no further cost to those who hold passes.\n\
            \n\
            Traders in the old harbour said they had not been asked, and expected to\n\
            lose a third of their custom before the work is done and the road opens\n\
            again.\n\nShare\n";
        assert_eq!(lines(wrapped).iter().map(|line| line.joins).collect::<Vec<_>>(), [true, true, false, true, true, false, false]);
        assert!(lines("Home\nNews\nSport\nCulture\nTravel\nAbout us\n").iter().all(|line| !line.joins));
    }
}
