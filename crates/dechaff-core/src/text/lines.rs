//! The non-blank lines of a document: where the text of each is, and which of them hard wrapping
//! broke. Both are derived from the source text, so that nothing has to be normalized for it.
//!
//! A hard-wrapped text breaks its paragraphs at a fixed width. A line of it is broken if the next
//! line follows it directly and starts with a word that would not have fitted. For example, in a
//! text with many lines like these:
//!
//! ```text
//! The council voted on Monday to close the bridge for     broken: `repairs` did not fit
//! repairs that will take until the end of the next        broken: `year` did not fit
//! year.                                                   not broken: a blank line follows
//!
//! Share                                                   not broken: it is the last line
//! ```
//!
//! Filters treat lines that are joined in this way as one paragraph.

use super::document::Document;
use dechaff_rules::chars::is_invisible;
use std::ops::Range;

/// Width of the widest line of a hard-wrapped text, in code points.
const MAX_WRAP_WIDTH: usize = 120;

/// Width of the widest line of a hard-wrapped text must be at least this, in code points. Narrower
/// texts are lists.
const MIN_WRAP_WIDTH: usize = 50;

/// Fewest non-blank lines of a hard-wrapped text.
const MIN_WRAPPED_LINES: usize = 6;

/// Fewest lines of a hard-wrapped text that are broken.
const MIN_BREAKS: usize = 3;

/// One in this many lines of a hard-wrapped text can be wider than [`MAX_WRAP_WIDTH`].
const LINES_PER_WIDE_LINE: usize = 50;

/// The bit of an entry of [`TextLines`] that says whether the line is joined to the next.
const JOINS: u32 = 1 << 31;

/// The non-blank lines of a document, which are numbered from 0.
#[derive(Debug)]
pub(crate) struct TextLines<'d> {
    document: &'d Document<'d>,
    /// For each non-blank line its number in the document, combined with [`JOINS`].
    entries: Vec<u32>,
}

impl<'d> TextLines<'d> {
    /// Finds the non-blank lines of a document, and which of them hard wrapping broke. `buffer` is
    /// overwritten; pass the one of an earlier document, which [`into_buffer`](Self::into_buffer)
    /// returns, to avoid an allocation.
    pub(crate) fn new(document: &'d Document<'d>, mut buffer: Vec<u32>) -> Self {
        buffer.clear();
        buffer.reserve(document.line_count());
        buffer.extend(
            (0..document.line_count())
                .filter(|&number| has_visible_text(document, number))
                .map(|number| number as u32),
        );
        let mut lines = Self {
            document,
            entries: buffer,
        };
        lines.find_wraps();
        lines
    }

    /// Returns the buffer for the lines of another document. Its content has no meaning.
    pub(crate) fn into_buffer(self) -> Vec<u32> {
        self.entries
    }

    /// Sets [`JOINS`] for the lines that hard wrapping broke. The text counts as hard-wrapped if it
    /// keeps to one width, and if half of the lines that another one follows directly, and at least
    /// [`MIN_BREAKS`], are broken for lack of space.
    fn find_wraps(&mut self) {
        let mut wide = 0;
        for line in 0..self.count() {
            wide += usize::from(width(self.text(line)) > MAX_WRAP_WIDTH);
            // Most texts are not hard-wrapped, and their first lines show it.
            if wide * LINES_PER_WIDE_LINE > self.count() {
                return;
            }
        }
        let max_width = (0..self.count())
            .map(|line| width(self.text(line)))
            .filter(|&width| width <= MAX_WRAP_WIDTH)
            .max()
            .unwrap_or(0);
        if self.count() < MIN_WRAPPED_LINES || max_width < MIN_WRAP_WIDTH {
            return;
        }
        let followed = (0..self.count())
            .filter(|&line| self.is_followed(line))
            .count();
        let broken: Vec<bool> = (0..self.count())
            .map(|line| self.is_followed(line) && !self.next_word_fits(line, max_width))
            .collect();
        let breaks = broken.iter().filter(|&&is_broken| is_broken).count();
        if breaks * 2 < followed || breaks < MIN_BREAKS {
            return;
        }
        self.entries
            .iter_mut()
            .zip(broken)
            .filter(|(_, is_broken)| *is_broken)
            .for_each(|(entry, _)| *entry |= JOINS);
    }

    /// Returns whether the line after this one in the document is not blank.
    fn is_followed(&self, line: usize) -> bool {
        line + 1 < self.count() && self.number(line + 1) == self.number(line) + 1
    }

    /// Returns whether the first word of the next line would have fitted on this one without
    /// exceeding `max_width`.
    fn next_word_fits(&self, line: usize, max_width: usize) -> bool {
        let word = self.text(line + 1).split(' ').next().unwrap_or_default();
        width(self.text(line)) + 1 + width(word) <= max_width
    }

    /// Returns the document whose lines these are, also for access to its blank lines.
    pub(crate) fn document(&self) -> &'d Document<'d> {
        self.document
    }

    /// Returns the number of non-blank lines. Lines with only white space and invisible characters,
    /// such as zero-width spaces, are blank.
    pub(crate) fn count(&self) -> usize {
        self.entries.len()
    }

    /// Returns the source text of a line without white space and terminator at its ends. It is
    /// never empty, but can be nothing but punctuation.
    pub(crate) fn text(&self, line: usize) -> &'d str {
        let text = self.document.text();
        &text[trim_white_space(text, self.document.line(self.number(line)).range())]
    }

    /// Returns the number of a line in the document, where blank lines count as well. Both numbers
    /// start at 0.
    pub(crate) fn number(&self, line: usize) -> usize {
        (self.entries[line] & !JOINS) as usize
    }

    /// Returns whether hard wrapping broke the line, so that the next line continues its sentence.
    /// Always `false` for the last line, and in texts that are not hard-wrapped.
    pub(crate) fn joins(&self, line: usize) -> bool {
        self.entries[line] & JOINS != 0
    }

    /// Returns whether the line continues the sentence of the one before, which hard wrapping
    /// broke.
    pub(crate) fn continues(&self, line: usize) -> bool {
        line > 0 && self.joins(line - 1)
    }

    /// Returns the number of non-blank lines before the line with this number in the document, by
    /// binary search.
    pub(crate) fn count_before(&self, number: usize) -> usize {
        self.entries
            .partition_point(|entry| ((entry & !JOINS) as usize) < number)
    }
}

/// Returns the width of a line in code points. Returns a very large number for lines that are
/// certainly too wide to be hard-wrapped, without counting.
fn width(line: &str) -> usize {
    if line.len() > 4 * MAX_WRAP_WIDTH {
        usize::MAX / 2
    } else {
        line.chars().count()
    }
}

/// Returns whether the line with this number in the document is not blank. The first byte decides
/// for nearly all lines.
#[inline]
fn has_visible_text(document: &Document<'_>, number: usize) -> bool {
    let text = document.text();
    let range = document.line(number).range();
    match text.as_bytes()[range.start] {
        b'\n' => false,
        first if first.is_ascii_graphic() => true,
        _ => is_visible(&text[trim_white_space(text, range)]),
    }
}

/// Returns the part of a line that has no white space at its ends. `range` is the range of the line
/// in `text`, with or without its terminator.
fn trim_white_space(text: &str, range: Range<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let Range { start, mut end } = range;
    if bytes[start..end].ends_with(b"\n") {
        end -= 1;
    }
    // Nearly all lines have no white space but the terminator.
    if start < end && bytes[start].is_ascii_graphic() && bytes[end - 1].is_ascii_graphic() {
        return start..end;
    }
    let line = &text[start..end];
    let from = start + line.len() - line.trim_start().len();
    from..from + line.trim().len()
}

/// Returns whether a text without white space at its ends contains a visible character. Zero-width
/// characters and the like are not visible.
fn is_visible(text: &str) -> bool {
    text.as_bytes().first().is_some_and(|&first| {
        first < 0x80 || text.chars().any(|c| !c.is_whitespace() && !is_invisible(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number and the text of each line, and whether it is joined to the next.
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
    fn blank_lines_are_skipped_and_keep_their_numbers() {
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
    fn hard_wrapping_is_recognized_and_short_lines_are_not_mistaken_for_it() {
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
