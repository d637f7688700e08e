//! A non-blank line of a document: where its text is.

use std::ops::Range;

/// A non-blank line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextLine {
    /// Its number in the document, where blank lines count as well.
    pub(super) number: u32,
    /// Offset of its text in the source, without white space at its ends.
    pub(super) start: u32,
    /// Offset after its text.
    pub(super) end: u32,
    /// Whether invisible characters are at its ends.
    pub(super) has_unseen_ends: bool,
    /// Whether hard wrapping broke the line.
    pub(super) joins: bool,
}

impl TextLine {
    /// Returns the range of its text in the source.
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}
