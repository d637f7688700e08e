//! Gradient-boosted decision trees: reading them from the model file, scoring rows of features, and
//! explaining scores.
//!
//! The score of a row is the sum of one leaf of each tree. A few rows walk through each
//! [`tree`](super::tree) one by one; more are scored together by [`blocks`](super::blocks).
//!
//! After certain numbers of trees, rows whose score will hardly exceed the threshold any more leave
//! the evaluation. For each such number, the file has the most that the later trees added to nearly
//! all rows of the labelled pages that exceed a threshold.

use super::blocks::{self, BLOCK_ROWS, MIN_ROWS, RowBlock, SlotBuffer};
use super::explain::FeatureWeight;
use super::features::{FeatureRow, NAMES};
use super::file::Reader;
use super::tree::{Tree, read_tree};
use crate::error::Error;

/// Raw score for one unit of log-odds.
const SCORE_PER_LOGIT: i32 = 4096;
/// Boosted trees. Their raw scores are in 4096ths of a logit.
#[derive(Clone, Debug)]
pub(crate) struct Forest {
    trees: Vec<Tree>,
    /// Numbers of trees, ascending, and the most that the trees after them nearly always add.
    exits: Vec<(usize, i32)>,
}

/// Buffers of [`Forest::score`].
#[derive(Debug, Default)]
pub(crate) struct ForestBuffers {
    /// Indices of the rows that did not leave the evaluation, by their place in the blocks.
    active: Vec<u32>,
    slots: SlotBuffer,
}

impl Forest {
    /// Reads the exits and the trees from a model file.
    ///
    /// # Errors
    /// [`Error::Model`] if the file ends too early, or if a tree is too large or names a feature,
    /// node or leaf that does not exist.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let exits = (0..reader.u16()?)
            .map(|_| Ok((usize::from(reader.u16()?), reader.i32()?)))
            .collect::<Result<_, Error>>()?;
        let trees = (0..reader.u16()?)
            .map(|_| read_tree(reader))
            .collect::<Result<_, _>>()?;
        Ok(Self { trees, exits })
    }

    /// Returns the raw score of a row by all trees.
    pub(crate) fn score_row(&self, row: &FeatureRow) -> i32 {
        let leaves = self
            .trees
            .iter()
            .map(|tree| tree.leaf(|at| row[usize::from(at)]));
        leaves.sum()
    }

    /// Replaces each of `scores` by the raw score of the row with the same index. Rows are counted
    /// across `blocks`, all of which are full but the last. Rows that are found not to exceed
    /// `threshold` before all trees are evaluated get `i32::MIN`, and other rows take their places.
    pub(super) fn score(
        &self,
        blocks: &mut [RowBlock],
        threshold: i32,
        scores: &mut [i32],
        buffers: &mut ForestBuffers,
    ) {
        let ForestBuffers { active, slots } = buffers;
        scores.fill(0);
        active.clear();
        active.extend(0..scores.len() as u32);
        let mut from = 0;
        for &(to, most) in self.exits.iter().chain([&(self.trees.len(), i32::MIN)]) {
            let trees = &self.trees[from..to.clamp(from, self.trees.len())];
            for (rows, block) in active.chunks(BLOCK_ROWS).zip(&*blocks) {
                let is_walked = active.len() < MIN_ROWS;
                if is_walked {
                    for (lane, &row) in rows.iter().enumerate() {
                        let leaves = trees.iter().map(|tree| tree.leaf(|at| block.get(lane, at)));
                        scores[row as usize] += leaves.sum::<i32>();
                    }
                } else {
                    let sums = blocks::sums(trees, block, slots);
                    for (&row, sum) in rows.iter().zip(sums) {
                        scores[row as usize] += sum;
                    }
                }
            }
            let min_score = threshold.saturating_sub(most);
            let staying = active
                .iter()
                .filter(|&&row| scores[row as usize] > min_score);
            let staying = staying.count();
            // Rows in a block cost nothing as long as others need it.
            let is_worth_it = staying.div_ceil(BLOCK_ROWS) < active.len().div_ceil(BLOCK_ROWS);
            if to < self.trees.len() && (is_worth_it || staying < MIN_ROWS) {
                // The last row, which is known to stay, takes the place of one that leaves.
                for at in (0..active.len()).rev() {
                    let score = &mut scores[active[at] as usize];
                    if *score <= min_score {
                        *score = i32::MIN;
                        active.swap_remove(at);
                        if at < active.len() {
                            blocks::copy_row(blocks, active.len(), at);
                        }
                    }
                }
            }
            from = to;
        }
    }

    /// Returns the features that contribute most to the score of `row`, at most `max_features`, the
    /// largest contribution of either sign first. The contribution of a feature is the sum of what
    /// its splits, on the way of the row, change about the mean score of the training rows (the
    /// method of Saabas, 2014). Features without contribution are left out.
    pub(super) fn weights(&self, row: &FeatureRow, max_features: usize) -> Vec<FeatureWeight> {
        let mut weights = vec![0i32; NAMES.len()];
        for tree in &self.trees {
            let mut slot = tree.root();
            while let Some(split) = tree.split(slot) {
                let next = split.next(row[usize::from(split.feature)]);
                weights[usize::from(split.feature)] += tree.mean(next) - tree.mean(slot);
                slot = next;
            }
        }
        let mut heaviest: Vec<_> = NAMES
            .iter()
            .zip(row)
            .zip(weights)
            .filter(|(_, weight)| *weight != 0)
            .collect();
        heaviest.sort_by_key(|(_, weight)| std::cmp::Reverse(weight.abs()));
        heaviest
            .into_iter()
            .take(max_features)
            .map(|((feature, value), weight)| FeatureWeight {
                feature,
                value: *value,
                weight: f64::from(weight) / f64::from(SCORE_PER_LOGIT),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the trees of a model file: one tree, with `depth` splits below each other. The first
    /// splits at feature 1 above 5, the second at feature 2 above -3, and so on in turns. Rows that
    /// go right at the first split get 20, at the second 30; rows that never do get 10.
    fn file(depth: u16) -> Vec<u8> {
        let depth = depth as i16;
        let mut numbers = vec![0, 1, depth];
        for index in 0..depth {
            let threshold = if index % 2 == 0 { 5 } else { -3 };
            let left = if index + 1 < depth { index + 1 } else { -1 };
            numbers.extend([index % 2 + 1, threshold, left, -2 - index, 15]);
        }
        numbers.extend((0..=depth).map(|leaf| 10 + leaf * 10));
        numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect()
    }

    /// Returns a row with these values of features 1 and 2.
    fn row(first: i16, second: i16) -> FeatureRow {
        let mut row = super::super::features::empty_row();
        (row[1], row[2]) = (first, second);
        row
    }

    /// Returns the scores of `rows` with the forest's exits at `threshold`.
    fn scores(forest: &Forest, rows: &[FeatureRow], threshold: i32) -> Vec<i32> {
        let mut blocks = vec![RowBlock::default(); rows.len().div_ceil(BLOCK_ROWS)];
        for (at, row) in rows.iter().enumerate() {
            for (feature, &value) in (0..=255).zip(row) {
                blocks[at / BLOCK_ROWS].set(at % BLOCK_ROWS, feature, value);
            }
        }
        let mut scores = vec![1; rows.len()];
        forest.score(
            &mut blocks,
            threshold,
            &mut scores,
            &mut ForestBuffers::default(),
        );
        scores
    }

    #[test]
    fn a_score_is_the_leaf_that_the_row_reaches() {
        let forest = Forest::read(&mut Reader::new(&file(2))).unwrap();
        let rows = [row(6, 0), row(5, -2), row(5, -3), row(i16::MAX, 0)];
        assert_eq!(scores(&forest, &rows, i32::MIN), [20, 30, 10, 20]);
        let weights = forest.weights(&rows[0], 2);
        let weights: Vec<f64> = weights
            .iter()
            .map(|weight| weight.weight * f64::from(SCORE_PER_LOGIT))
            .collect();
        assert_eq!(weights, [5.0], "one split, from 15 to 20");
    }

    #[test]
    fn rows_that_cannot_exceed_the_threshold_leave_the_evaluation() {
        let mut forest = Forest::read(&mut Reader::new(&file(2))).unwrap();
        forest.trees = vec![forest.trees[0].clone(); 3];
        forest.exits = vec![(1, 45)];
        let rows = [row(6, 0), row(5, -3)];
        assert_eq!(scores(&forest, &rows, 55), [60, i32::MIN]);
        assert_eq!(scores(&forest, &rows, 54), [60, 30]);
    }

    #[test]
    fn rows_have_the_same_scores_in_blocks_and_alone() {
        let mut forest = super::super::Model::built_in().unwrap().forest;
        forest.exits = vec![(40, 10_000), (90, 4_000)];
        let mut state = 1u64;
        let rows: Vec<FeatureRow> = (0..100)
            .map(|_| {
                let mut row = super::super::features::empty_row();
                for value in &mut row[..NAMES.len()] {
                    state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
                    *value = (state >> 60) as i16 * ((state >> 33) as i16 % 100);
                }
                row
            })
            .collect();
        let (mut is_left, mut is_kept) = (false, false);
        for threshold in [i32::MIN, -20_000, 0, 10_000] {
            for count in [MIN_ROWS, BLOCK_ROWS, BLOCK_ROWS + 1, rows.len()] {
                let scored = scores(&forest, &rows[..count], threshold);
                for (row, &score) in rows.iter().zip(&scored) {
                    let alone = scores(&forest, &[*row], threshold)[0];
                    if score > threshold || alone > threshold {
                        assert_eq!(score, alone);
                    }
                    is_left |= score == i32::MIN;
                    is_kept |= threshold > i32::MIN && score > threshold;
                }
                assert!(threshold > i32::MIN || !scored.contains(&i32::MIN));
            }
        }
        assert!(is_left && is_kept);
    }

    #[test]
    fn trees_that_are_too_deep_or_name_missing_nodes_are_refused() {
        assert!(Forest::read(&mut Reader::new(&file(16))).is_ok());
        assert!(Forest::read(&mut Reader::new(&file(17))).is_err());
        let mut file = file(2);
        file[10] = 9;
        assert!(Forest::read(&mut Reader::new(&file)).is_err());
    }

    #[test]
    fn trees_that_reach_a_node_twice_or_never_are_refused() {
        for left in [0, 1, 2, -1] {
            let mut file = file(3);
            // The left child of the root.
            file[10] = (left as i16).to_le_bytes()[0];
            file[11] = (left as i16).to_le_bytes()[1];
            assert_eq!(Forest::read(&mut Reader::new(&file)).is_ok(), left == 1);
        }
    }
}
