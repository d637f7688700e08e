//! In which structures of the text a block is, such as lists, definitions or verse.

use crate::text::Structure;

/// The place of a block in the structures of the text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// A bit for each [`Structure`] that the block is in.
    pub structures: u32,
    /// The same, for those that are certain.
    pub certain: u32,
    /// Number of lines of the last of these structures before the block.
    pub at: i32,
    /// Number of lines of this structure; 0 if there is none.
    pub len: i32,
}

impl Place {
    /// Returns 2 if the block is in a certain structure of this kind, 1 if in another of this kind,
    /// otherwise 0.
    pub(super) fn kind(self, structure: Structure) -> i32 {
        let bit = 1 << structure as u32;
        i32::from(self.structures & bit != 0) + i32::from(self.certain & bit != 0)
    }

    /// Returns the number of kinds of structures that the block is in.
    pub(super) fn kinds(self) -> i32 {
        self.structures.count_ones() as i32
    }
}
