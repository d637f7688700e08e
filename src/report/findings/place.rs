//! The place of a finding: its lines and columns, its bytes, and the path of its input.

use crate::report::records::{Cut, Origin};
use std::ops::Range;
use std::path::{Component, Path};

/// A position in an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, counted from 1.
    pub line: u64,
    /// Column, in code points from 1.
    pub column: u64,
}

/// A part of an input, which was decompressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The first character.
    pub start: Position,
    /// One past the last character, line ends at the end left out.
    pub end: Position,
    /// Whether columns are known. They are not in records in another encoding than UTF-8.
    pub has_columns: bool,
    /// The bytes, line ends included.
    pub bytes: Range<u64>,
}

/// What the lines of a document are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// The text, which is the whole input.
    Text,
    /// The bytes of the record, before which the input has this many lines.
    Record(u64),
    /// Nothing: a table has no lines.
    None,
}

/// Finds the places of cuts of a document, in their order.
pub(super) struct Places<'o> {
    lines: Lines,
    /// Whether the bytes are UTF-8.
    has_columns: bool,
    /// What lines are counted in.
    bytes: &'o [u8],
    /// Offset of the record in the input.
    offset: u64,
    counter: LineCounter<'o>,
}

impl<'o> Places<'o> {
    pub(super) fn new(origin: &Origin<'o>, lines: Lines) -> Self {
        let bytes = match lines {
            Lines::Text => origin.text.as_bytes(),
            Lines::Record(_) | Lines::None => origin.bytes,
        };
        Self {
            lines,
            has_columns: lines == Lines::Text || origin.encoding.is_none(),
            bytes,
            offset: origin.offset,
            counter: LineCounter::new(bytes),
        }
    }

    /// Returns the region from the first to the last of `cuts`, which are those of one finding.
    pub(super) fn region(&mut self, cuts: &[Cut]) -> Option<Region> {
        let (first, last) = (cuts.first()?, cuts.last()?);
        let (before, span) = match self.lines {
            Lines::Text => (0, first.text.start..last.text.end),
            Lines::Record(before) => (before, first.bytes.start..last.bytes.end),
            Lines::None => return None,
        };
        let span = without_line_ends(self.bytes, span);
        let [start, end] = [span.start, span.end].map(|offset| {
            let position = self.counter.position(offset);
            Position {
                line: before + position.line,
                ..position
            }
        });
        Some(Region {
            start,
            end,
            has_columns: self.has_columns,
            bytes: self.offset + first.bytes.start as u64..self.offset + last.bytes.end as u64,
        })
    }
}

/// Returns `span` of `bytes` without the line ends at its start and its end, unless it has nothing
/// else.
fn without_line_ends(bytes: &[u8], span: Range<usize>) -> Range<usize> {
    let is_text = |byte: &u8| !matches!(byte, b'\n' | b'\r');
    let covered = &bytes[span.clone()];
    match (
        covered.iter().position(is_text),
        covered.iter().rposition(is_text),
    ) {
        (Some(first), Some(last)) => span.start + first..span.start + last + 1,
        _ => span.start..span.start,
    }
}

/// Counts lines and columns up to offsets that ascend, so that each byte is counted once.
struct LineCounter<'b> {
    bytes: &'b [u8],
    at: usize,
    position: Position,
}

impl<'b> LineCounter<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            position: Position { line: 1, column: 1 },
        }
    }

    /// Returns the position of byte `offset`. If it is before that of the last call, counting
    /// starts again.
    fn position(&mut self, offset: usize) -> Position {
        if offset < self.at {
            *self = Self::new(self.bytes);
        }
        for &byte in &self.bytes[self.at..offset] {
            if byte == b'\n' {
                self.position.line += 1;
                self.position.column = 1;
            } else if byte & 0xC0 != 0x80 {
                self.position.column += 1;
            }
        }
        self.at = offset;
        self.position
    }
}

/// Returns the bytes of `path` with a slash between its parts, without `.` at its start.
pub(super) fn slashed(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::RootDir => bytes.push(b'/'),
            _ => {
                if !(bytes.is_empty() || bytes.ends_with(b"/")) {
                    bytes.push(b'/');
                }
                bytes.extend_from_slice(part.as_os_str().as_encoded_bytes());
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_counted_in_code_points() {
        let text = "Süß.\r\n\u{1d11e} Share\nEnd";
        let mut counter = LineCounter::new(text.as_bytes());
        for (offset, line, column) in [(0, 1, 1), (3, 1, 3), (8, 2, 1), (13, 2, 3), (1, 1, 2)] {
            assert_eq!(counter.position(offset), Position { line, column });
        }
    }

    #[test]
    fn line_ends_are_no_part_of_the_lines_of_a_region() {
        let bytes = b"\r\nShare\r\n\r\nEnd";
        assert_eq!(without_line_ends(bytes, 0..11), 2..7);
        assert_eq!(without_line_ends(bytes, 7..11), 7..7);
        assert_eq!(without_line_ends(bytes, 3..5), 3..5);
    }

    #[test]
    fn paths_have_slashes() {
        for (path, expected) in [
            ("./a/b.txt", "a/b.txt"),
            ("a//b.txt", "a/b.txt"),
            ("../b.txt", "../b.txt"),
            ("/a/b.txt", "/a/b.txt"),
            ("-", "-"),
        ] {
            assert_eq!(slashed(Path::new(path)), expected.as_bytes(), "{path}");
        }
    }
}
