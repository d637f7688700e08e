//! In which structures of the text a block is, such as lists, definitions or verse.

use super::page::PageFeatures;
use crate::text::{Structure, View};

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

impl PageFeatures {
    /// Computes the places of all blocks. Needs the lines of the blocks.
    pub(super) fn compute_places(&mut self, view: &View<'_>) {
        for found in view.structures() {
            let first = self
                .blocks
                .partition_point(|block| block.end_line as usize <= found.lines.start);
            for block in self.blocks[first..]
                .iter_mut()
                .take_while(|block| (block.first_line as usize) < found.lines.end)
            {
                let place = &mut block.place;
                let bit = 1 << found.structure as u32;
                place.structures |= bit;
                place.certain |= bit * u32::from(found.is_certain);
                place.at = block.first_line as i32 - found.lines.start as i32;
                place.len = found.lines.len() as i32;
            }
        }
    }
}
