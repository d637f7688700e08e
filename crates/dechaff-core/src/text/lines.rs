//! The lines of a document that are not blank: where the text of each stands, and which of them hard wrapping broke. It is
//! told from the source, so that nothing has to be folded to know it.

use super::document::Document;
use dechaff_rules::chars::is_invisible;
use std::ops::Range;

/// Wrapped text has no wider lines than this, in code points.
const WIDEST_WRAP: usize = 120;

/// The lines of a document that are not blank. They are counted among themselves, from 0.
#[derive(Debug)]
pub(crate) struct TextLines<'d> {
    document: &'d Document<'d>,
    /// The number of each in the document, and in the highest bit whether it joins the next.
    all: Vec<u32>,
}

const JOINS: u32 = 1 << 31;

impl<'d> TextLines<'d> {
    /// Finds the lines of a document. `buffer` is best that of a document before, which [`into_buffer`](Self::into_buffer)
    /// gives back.
    pub(crate) fn new(document: &'d Document<'d>, mut buffer: Vec<u32>) -> Self {
        buffer.clear();
        let text = document.text();
        let visible = |&number: &usize| {
            let range = document.line(number).range();
            // Nearly all lines are told by their first byte.
            match text.as_bytes()[range.start] {
                b'\n' => false,
                first if first.is_ascii_graphic() => true,
                _ => is_visible(&text[trimmed(text, range)]),
            }
        };
        buffer.reserve(document.line_count());
        buffer.extend(
            (0..document.line_count())
                .filter(visible)
                .map(|number| number as u32),
        );
        let mut lines = Self {
            document,
            all: buffer,
        };
        lines.find_wraps();
        lines
    }

    pub(crate) fn into_buffer(self) -> Vec<u32> {
        self.all
    }

    /// Finds the lines that hard wrapping broke: in a text whose lines all keep to one width, a line is broken where
    /// the next word would not have fitted on it.
    fn find_wraps(&mut self) {
        let text = |line: usize| self.text(line);
        let mut wide = 0;
        for line in 0..self.count() {
            wide += usize::from(width(text(line)) > WIDEST_WRAP);
            // Most texts are told by their first lines.
            if wide * 50 > self.count() {
                return;
            }
        }
        let widest = (0..self.count())
            .map(|line| width(text(line)))
            .filter(|&width| width <= WIDEST_WRAP)
            .max()
            .unwrap_or(0);
        if self.count() < 6 || widest < 50 {
            return;
        }
        let followed =
            |line: usize| line + 1 < self.count() && self.number(line + 1) == self.number(line) + 1;
        let breaks = |line: usize| {
            followed(line) && {
                let word = text(line + 1).split(' ').next().unwrap_or_default();
                width(text(line)) + 1 + width(word) > widest
            }
        };
        let together = (0..self.count()).filter(|&line| followed(line)).count();
        let broken: Vec<bool> = (0..self.count()).map(breaks).collect();
        let count = broken.iter().filter(|&&broken| broken).count();
        if count * 2 < together || count < 3 {
            return;
        }
        self.all
            .iter_mut()
            .zip(broken)
            .filter(|(_, broken)| *broken)
            .for_each(|(line, _)| *line |= JOINS);
    }

    pub(crate) fn document(&self) -> &'d Document<'d> {
        self.document
    }

    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// The text of a line, white space at its ends left out.
    pub(crate) fn text(&self, line: usize) -> &'d str {
        &self.document.text()[trimmed(
            self.document.text(),
            self.document.line(self.number(line)).range(),
        )]
    }

    /// The number of a line in the document.
    pub(crate) fn number(&self, line: usize) -> usize {
        (self.all[line] & !JOINS) as usize
    }

    /// Whether the next line only goes on where hard wrapping broke this one.
    pub(crate) fn joins(&self, line: usize) -> bool {
        self.all[line] & JOINS != 0
    }

    /// Whether a hard-wrapped line goes on in this one.
    pub(crate) fn continues(&self, line: usize) -> bool {
        line > 0 && self.joins(line - 1)
    }

    /// How many lines stand before the line of this number in the document.
    pub(crate) fn before(&self, number: usize) -> usize {
        self.all
            .partition_point(|line| ((line & !JOINS) as usize) < number)
    }
}

/// The code points of a line, or too many.
fn width(line: &str) -> usize {
    if line.len() > 4 * WIDEST_WRAP {
        usize::MAX / 2
    } else {
        line.chars().count()
    }
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
    text.as_bytes().first().is_some_and(|&first| {
        first < 0x80 || text.chars().any(|c| !c.is_whitespace() && !is_invisible(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number, text, and whether it joins the next, of each line.
    fn lines(text: &str) -> Vec<(usize, String, bool)> {
        let document = Document::new(text).unwrap();
        let lines = TextLines::new(&document, Vec::new());
        (0..lines.count())
            .map(|line| {
                (
                    lines.number(line),
                    lines.text(line).to_owned(),
                    lines.joins(line),
                )
            })
            .collect()
    }

    #[test]
    fn blank_lines_are_left_out_and_numbers_stay() {
        let text = "\n a\u{a0}\r\n \u{200b}\r\n\u{feff}b\n";
        assert_eq!(
            lines(text),
            [
                (1, "a".to_owned(), false),
                (3, "\u{feff}b".to_owned(), false)
            ]
        );
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
        assert_eq!(
            lines(wrapped).iter().map(|line| line.2).collect::<Vec<_>>(),
            [true, true, false, true, true, false, false]
        );
        assert!(
            lines("Home\nNews\nSport\nCulture\nTravel\nAbout us\n")
                .iter()
                .all(|line| !line.2)
        );
    }
}
