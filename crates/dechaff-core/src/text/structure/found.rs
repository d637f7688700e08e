//! The kinds of structures, and what is found of one in a document.

use std::ops::Range;

/// A form of text that tells what its lines are, whatever they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Structure {
    Code,
    FrontMatter,
    Table,
    Quote,
    Verse,
    List,
    Definitions,
    Questions,
    Dialogue,
    Transcript,
    Recipe,
    Timeline,
    Changelog,
    Specification,
    Columns,
}

/// A structure in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub structure: Structure,
    /// Its lines, counted among those that are not blank.
    pub lines: Range<usize>,
    /// Whether its form is so clear that all its lines are content. Menus and the like can look
    /// like any other structure.
    pub is_certain: bool,
}
