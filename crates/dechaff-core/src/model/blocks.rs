//! Evaluates trees for many rows at once. Every split of a tree selects, for each row of a block,
//! one of two values that were computed before. There are no jumps, so that the compiler turns a
//! split into a few vector instructions.
//!
//! All splits of a tree are evaluated, where a walk from the root evaluates one for each level. With
//! vectors of 16 rows, a full block still takes a quarter of the time of its walks.

use super::features::NAMES;
use super::tree::{Split, Tree};
use fearless_simd::Level;

/// Number of rows of a block.
pub(super) const BLOCK_ROWS: usize = 32;

/// Number of rows from which on a block is faster than walks.
pub(super) const MIN_ROWS: usize = 8;

/// One value for each row of a block. The alignment is that of a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Lanes([i16; BLOCK_ROWS]);

/// The lanes of every value of a byte, so that a byte is an index without a bounds check.
type LanesByByte = [Lanes; 256];

/// Up to [`BLOCK_ROWS`] rows, feature by feature.
#[derive(Clone, Debug)]
pub(super) struct RowBlock(LanesByByte);

/// Buffer of [`sums`]: the lanes of each slot of a tree.
#[derive(Debug)]
pub(super) struct SlotBuffer(Box<LanesByByte>);

impl Default for RowBlock {
    fn default() -> Self {
        Self([Lanes([0; BLOCK_ROWS]); 256])
    }
}

impl Default for SlotBuffer {
    fn default() -> Self {
        Self(Box::new([Lanes([0; BLOCK_ROWS]); 256]))
    }
}

impl RowBlock {
    /// Returns a feature of the row with the index `lane`.
    #[inline]
    pub(super) fn get(&self, lane: usize, feature: u8) -> i16 {
        self.0[usize::from(feature)].0[lane % BLOCK_ROWS]
    }

    /// Sets a feature of the row with the index `lane`.
    #[inline]
    pub(super) fn set(&mut self, lane: usize, feature: u8, value: i16) {
        self.0[usize::from(feature)].0[lane % BLOCK_ROWS] = value;
    }
}

/// Copies a row of `blocks` over another. Rows are counted across blocks.
pub(super) fn copy_row(blocks: &mut [RowBlock], from: usize, to: usize) {
    for feature in 0..NAMES.len() {
        let value = blocks[from / BLOCK_ROWS].0[feature].0[from % BLOCK_ROWS];
        blocks[to / BLOCK_ROWS].0[feature].0[to % BLOCK_ROWS] = value;
    }
}

/// Returns the sum of the values of `trees` for each row of `block`. Lanes without a row have a sum
/// that means nothing.
pub(super) fn sums(trees: &[Tree], block: &RowBlock, slots: &mut SlotBuffer) -> [i32; BLOCK_ROWS] {
    let slots = &mut *slots.0;
    fearless_simd::dispatch!(Level::new(), _ => vector_sums(trees, block, slots))
}

/// [`sums`], compiled once for each size of vectors.
// Only what is inlined is compiled for vectors.
#[expect(clippy::inline_always)]
#[inline(always)]
fn vector_sums(trees: &[Tree], block: &RowBlock, slots: &mut LanesByByte) -> [i32; BLOCK_ROWS] {
    let mut sums = [0; BLOCK_ROWS];
    for tree in trees {
        let leaves = tree.leaves.len();
        // Leaves of pairs go into vectors without being stored.
        let (pair_leaves, other_leaves) = tree.leaves.split_at(2 * tree.pairs);
        let (pairs, other_splits) = tree.splits.split_at(tree.pairs);
        for ((split, values), slot) in pairs.iter().zip(pair_leaves.as_chunks().0).zip(leaves..) {
            let [low, high] = values.map(|value| Lanes([value; BLOCK_ROWS]));
            slots[slot % 256] = select(split, block, low, high);
        }
        for (&leaf, slot) in other_leaves.iter().zip(pair_leaves.len()..) {
            slots[slot % 256] = Lanes([leaf; BLOCK_ROWS]);
        }
        for (split, slot) in other_splits.iter().zip(leaves + pairs.len()..) {
            let [low, high] = split.slots.map(|slot| slots[usize::from(slot)]);
            slots[slot % 256] = select(split, block, low, high);
        }
        let values = &slots[usize::from(tree.root())].0;
        for (sum, &value) in sums.iter_mut().zip(values) {
            *sum += i32::from(value);
        }
    }
    sums
}

/// Returns, for each row of `block`, the value of `high` if its feature exceeds the threshold of
/// `split`, otherwise that of `low`. Arguments are copies, which shows the compiler that nothing
/// overlaps; otherwise there would be no vectors.
#[expect(clippy::inline_always)]
#[inline(always)]
fn select(split: &Split, block: &RowBlock, low: Lanes, high: Lanes) -> Lanes {
    let values = &block.0[usize::from(split.feature)].0;
    let mut selected = low;
    for (lane, selected) in selected.0.iter_mut().enumerate() {
        let is_high = values[lane] > split.threshold;
        *selected = if is_high { high.0[lane] } else { low.0[lane] };
    }
    selected
}
