//! The non-blank lines of a document: where the text of each is, and which of them hard wrapping
//! broke, as [`wrap`](super::wrap) finds them. Both are derived from the source text, so that
//! nothing has to be normalized for it. Filters treat lines that are joined in this way as one
//! paragraph.

use super::document::Document;
use super::line::TextLine;
use super::wrap::broken_lines;
use dechaff_rules::chars::is_invisible;
use std::ops::Range;

/// The non-blank lines of a document, which are numbered from 0.
#[derive(Debug)]
pub(crate) struct TextLines<'d> {
    document: &'d Document<'d>,
    lines: Vec<TextLine>,
}

impl<'d> TextLines<'d> {
    /// Finds the non-blank lines of a document, and which of them hard wrapping broke. `buffer` is
    /// overwritten; pass the one of an earlier document, which [`into_buffer`](Self::into_buffer)
    /// returns, to avoid an allocation.
    pub(crate) fn new(document: &'d Document<'d>, mut buffer: Vec<TextLine>) -> Self {
        buffer.clear();
        buffer.reserve(document.line_count());
        buffer.extend((0..document.line_count()).filter_map(|number| {
            let range = visible_text(document, number)?;
            let text = &document.text()[range.clone()];
            Some(TextLine {
                has_unseen_ends: text.starts_with(is_invisible) || text.ends_with(is_invisible),
                number: number as u32,
                start: range.start as u32,
                end: range.end as u32,
                joins: false,
            })
        }));
        for line in broken_lines(document, &buffer) {
            buffer[line].joins = true;
        }
        Self {
            document,
            lines: buffer,
        }
    }

    /// Returns the buffer for the lines of another document. Its content has no meaning.
    pub(crate) fn into_buffer(self) -> Vec<TextLine> {
        self.lines
    }

    /// Returns the document whose lines these are, also for access to its blank lines.
    pub(crate) fn document(&self) -> &'d Document<'d> {
        self.document
    }

    /// Returns the number of non-blank lines. Lines with only white space and invisible characters,
    /// such as zero-width spaces, are blank.
    pub(crate) fn count(&self) -> usize {
        self.lines.len()
    }

    /// Returns the source text of a line without white space and terminator at its ends. It is
    /// never empty, but can be nothing but punctuation.
    pub(crate) fn text(&self, line: usize) -> &'d str {
        &self.document.text()[self.lines[line].range()]
    }

    /// Returns the source text of a line without white space and invisible characters at its ends.
    pub(crate) fn visible_text(&self, line: usize) -> &'d str {
        let text = self.text(line);
        if self.lines[line].has_unseen_ends {
            trim_unseen(text)
        } else {
            text
        }
    }

    /// Returns the number of a line in the document, where blank lines count as well. Both numbers
    /// start at 0.
    pub(crate) fn number(&self, line: usize) -> usize {
        self.lines[line].number as usize
    }

    /// Returns whether hard wrapping broke the line, so that the next line continues its sentence.
    /// Always `false` for the last line, and in texts that are not hard-wrapped.
    pub(crate) fn joins(&self, line: usize) -> bool {
        self.lines[line].joins
    }

    /// Returns whether the line continues the sentence of the one before, which hard wrapping
    /// broke.
    pub(crate) fn continues(&self, line: usize) -> bool {
        line > 0 && self.joins(line - 1)
    }

    /// Returns the number of non-blank lines before the line with this number in the document, by
    /// binary search.
    pub(crate) fn count_before(&self, number: usize) -> usize {
        self.lines
            .partition_point(|line| (line.number as usize) < number)
    }
}

/// Returns a text without white space and invisible characters at its ends.
pub(crate) fn trim_unseen(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// Returns the range of the line with this number in the document, without white space at its ends;
/// `None` if the line is blank. The first byte decides for nearly all lines.
#[inline]
fn visible_text(document: &Document<'_>, number: usize) -> Option<Range<usize>> {
    let first = document.text().as_bytes()[document.line(number).start()];
    if first == b'\n' {
        return None;
    }
    let range = document.trimmed_line(number);
    (first.is_ascii_graphic() || is_visible(&document.text()[range.clone()])).then_some(range)
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
}
