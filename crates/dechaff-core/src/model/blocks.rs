//! Evaluates trees for many rows at once. Every split of a tree selects, for each row of a block,
//! one of two values that were computed before. There are no jumps, so that the compiler turns a
//! split into a few vector instructions.
//!
//! All splits of a tree are evaluated, where a walk from the root evaluates one for each level. With
//! vectors of 16 rows, cleaning whole pages still takes a quarter less time than with walks.

use super::features::FeatureRow;
use super::tree::Tree;
use pulp::NullaryFnOnce;

/// Number of rows of a block.
pub(super) const BLOCK_ROWS: usize = 32;

/// Number of rows from which on a block is faster than walks.
pub(super) const MIN_ROWS: usize = 14;

/// One value for each row of a block.
type Lanes = [i16; BLOCK_ROWS];

/// Up to [`BLOCK_ROWS`] rows, feature by feature.
#[derive(Clone, Debug)]
pub(super) struct Block(Box<[Lanes; 256]>);

impl Default for Block {
    fn default() -> Self {
        Self(Box::new([[0; BLOCK_ROWS]; 256]))
    }
}

impl Block {
    /// Sets the row with index `lane`. The first `features` elements of `row` are used.
    pub(super) fn set(&mut self, lane: usize, row: &FeatureRow, features: usize) {
        for (lanes, &value) in self.0.iter_mut().zip(&row[..features]) {
            lanes[lane % BLOCK_ROWS] = value;
        }
    }
}

/// Returns the sum of the values of `trees` for each row of `block`. Lanes without a row have a sum
/// that means nothing.
pub(super) fn sums(trees: &[Tree], block: &Block) -> [i32; BLOCK_ROWS] {
    pulp::Arch::new().dispatch(Sums { trees, block })
}

/// The arguments of [`sums`]. A closure would not be inlined into the function for vectors.
struct Sums<'a> {
    trees: &'a [Tree],
    block: &'a Block,
}

impl NullaryFnOnce for Sums<'_> {
    type Output = [i32; BLOCK_ROWS];

    // Only what is inlined is compiled for vectors.
    #[expect(clippy::inline_always)]
    #[inline(always)]
    fn call(self) -> Self::Output {
        let mut sums = [0; BLOCK_ROWS];
        let mut slots = [[0; BLOCK_ROWS]; 256];
        for tree in self.trees {
            for (slot, leaf) in slots.iter_mut().zip(&tree.leaves) {
                *slot = [*leaf; BLOCK_ROWS];
            }
            for (split, slot) in tree.splits.iter().zip(tree.leaves.len()..) {
                // Copies show the compiler that nothing overlaps, without which there are no
                // vectors.
                let [low, high] = split.slots.map(|slot| slots[usize::from(slot)]);
                let values = self.block.0[usize::from(split.feature)];
                let mut selected = low;
                for lane in 0..BLOCK_ROWS {
                    if values[lane] > split.threshold {
                        selected[lane] = high[lane];
                    }
                }
                slots[slot % 256] = selected;
            }
            let values = &slots[usize::from(tree.root())];
            for lane in 0..BLOCK_ROWS {
                sums[lane] += i32::from(values[lane]);
            }
        }
        sums
    }
}
