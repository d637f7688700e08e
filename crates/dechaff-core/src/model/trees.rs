//! Gradient-boosted decision trees with integer thresholds and leaves: reading them from the model
//! file, scoring rows of features, and explaining scores.
//!
//! The score of a row is the sum of one leaf of each tree. Two things make scoring fast:
//!
//! - Trees are complete. Node 1 is the root, and the children of node `n` are `2n` and `2n + 1`, so
//!   every walk has [`DEPTH`] steps, and no step has to test whether it is the last. A tree that
//!   was trained with fewer nodes is filled up: nodes below one of its leaves send all rows left,
//!   and the leaf is at the end of that way. With a depth of 2, a tree that splits once, into
//!   leaves of 10 and 20, becomes
//!
//!   ```text
//!            1: feature > threshold?
//!            /                    \
//!     2: always left        3: always left
//!        /       \             /       \
//!     4: 10     5: 0        6: 20     7: 0
//!   ```
//!
//! - Rows are scored in batches, tree by tree, so that a tree stays in the cache while all rows of
//!   the batch walk through it. After certain numbers of trees, which the file lists, rows with a
//!   low score leave the batch. The minimum to stay is a score that almost all rows of the training
//!   set that ended near a threshold had by then.

use super::explain::FeatureWeight;
use super::features::{FeatureRow, NAMES};
use super::file::Reader;
use crate::error::Error;

/// Raw score for one unit of log-odds.
const SCORE_PER_LOGIT: i32 = 4096;
/// Number of steps from the root of a tree to a leaf.
const DEPTH: usize = 6;
/// Number of leaves of a tree. The nodes have the numbers below it, from 1 on.
const LEAVES: usize = 1 << DEPTH;

/// A complete tree. Rows whose feature exceeds the threshold of a node go right.
#[derive(Clone, Debug)]
struct Tree {
    /// Index of the feature that each node compares.
    features: [u8; LEAVES],
    thresholds: [i16; LEAVES],
    leaves: [i16; LEAVES],
    /// Mean score of the training rows that reached each node, for explanations.
    means: [i16; LEAVES],
}

impl Tree {
    /// Returns the child of `node` that `row` goes to. Numbers from [`LEAVES`] on are leaves. The
    /// remainder only spares the bounds checks: `node` is below `LEAVES`.
    fn next(&self, node: usize, row: &FeatureRow) -> usize {
        let node = node % LEAVES;
        2 * node + usize::from(row[usize::from(self.features[node])] > self.thresholds[node])
    }

    /// Returns the value of the leaf that `row` reaches, in 4096ths of a logit. Every walk has
    /// [`DEPTH`] steps, so its cost does not depend on the row.
    fn leaf(&self, row: &FeatureRow) -> i32 {
        let leaf = (0..DEPTH).fold(1, |node, _| self.next(node, row));
        i32::from(self.leaves[leaf % LEAVES])
    }

    /// Returns the mean score of the training rows that reached a node, or the value of a leaf if
    /// `node` is the number of one.
    fn mean(&self, node: usize) -> i32 {
        i32::from(if node < LEAVES {
            self.means[node]
        } else {
            self.leaves[node - LEAVES]
        })
    }
}

/// Boosted trees. Their raw scores are in 4096ths of a logit.
#[derive(Clone, Debug)]
pub(crate) struct Forest {
    trees: Vec<Tree>,
    /// Numbers of trees after which rows below a minimum score leave the evaluation.
    early_exits: Vec<(usize, i32)>,
}

/// A node in the model file. A child is the index of a node or, if negative, of a leaf: leaf 0 is
/// -1, leaf 1 is -2, and so on.
struct Split {
    feature: u16,
    threshold: i16,
    children: [i16; 2],
    mean: i16,
}

impl Forest {
    /// Reads the early exits and the trees from a model file.
    ///
    /// # Errors
    /// [`Error::Model`] if the file ends too early, or if a tree names a feature, node or leaf that
    /// does not exist, or is deeper than [`DEPTH`].
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let early_exits = (0..reader.u16()?)
            .map(|_| Ok((usize::from(reader.u16()?), reader.i32()?)))
            .collect::<Result<_, Error>>()?;
        let trees = (0..reader.u16()?)
            .map(|_| read_tree(reader))
            .collect::<Result<_, _>>()?;
        Ok(Self { trees, early_exits })
    }

    /// Adds to each of `scores` the raw score of the row with the same index. Rows that leave the
    /// evaluation early get `i32::MIN`. `scores` must be zeros, at least one for each row.
    // Inlined into its caller, the innermost loop has too few registers and executes a twentieth
    // more instructions.
    #[inline(never)]
    pub(super) fn score(&self, rows: &[FeatureRow], scores: &mut [i32]) {
        let mut active: Vec<u16> = (0..rows.len() as u16).collect();
        let mut from = 0;
        for &(to, min_score) in self
            .early_exits
            .iter()
            .chain([&(self.trees.len(), i32::MIN)])
        {
            for tree in &self.trees[from..to.clamp(from, self.trees.len())] {
                active
                    .iter()
                    .for_each(|&at| scores[usize::from(at)] += tree.leaf(&rows[usize::from(at)]));
            }
            active.retain(|&at| {
                let score = &mut scores[usize::from(at)];
                let stays = *score >= min_score;
                *score = if stays { *score } else { i32::MIN };
                stays
            });
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
            let mut node = 1;
            while node < LEAVES {
                let next = tree.next(node, row);
                weights[usize::from(tree.features[node])] += tree.mean(next) - tree.mean(node);
                node = next;
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

/// Reads a tree from a model file: its splits, then its leaves, of which it has one more than
/// splits. A tree without splits is a single leaf.
fn read_tree(reader: &mut Reader<'_>) -> Result<Tree, Error> {
    let splits = (0..reader.u16()?)
        .map(|_| read_split(reader))
        .collect::<Result<Vec<_>, _>>()?;
    let leaves = (0..=splits.len())
        .map(|_| reader.i16())
        .collect::<Result<Vec<_>, _>>()?;
    let mut tree = Tree {
        features: [0; LEAVES],
        thresholds: [i16::MAX; LEAVES],
        leaves: [0; LEAVES],
        means: [0; LEAVES],
    };
    let root = if splits.is_empty() { -1 } else { 0 };
    place_node(&splits, &leaves, root, 1, &mut tree).ok_or_else(|| {
        Error::Model(format!(
            "one of its trees is deeper than {DEPTH}, or names a feature, node or leaf that does \
             not exist"
        ))
    })?;
    Ok(tree)
}

/// Reads a node from a model file: five numbers of two bytes, of which the first, the index of the
/// feature, is unsigned.
fn read_split(reader: &mut Reader<'_>) -> Result<Split, Error> {
    Ok(Split {
        feature: reader.u16()?,
        threshold: reader.i16()?,
        children: [reader.i16()?, reader.i16()?],
        mean: reader.i16()?,
    })
}

/// Copies a node of the file (`child`, as in [`Split`]) and all nodes below it into a complete
/// tree, the node itself at the number `node`. A leaf above the last level goes to the end of the
/// way that always turns left. Returns `None` if a node, leaf or feature does not exist or the tree
/// is too deep. Recursion ends at [`DEPTH`], even if the nodes of the file form a circle.
fn place_node(
    splits: &[Split],
    leaves: &[i16],
    child: i16,
    node: usize,
    tree: &mut Tree,
) -> Option<()> {
    if let Ok(index) = usize::try_from(child) {
        let split = splits.get(index)?;
        (node < LEAVES && usize::from(split.feature) < NAMES.len()).then_some(())?;
        tree.features[node] = u8::try_from(split.feature).ok()?;
        tree.thresholds[node] = split.threshold;
        tree.means[node] = split.mean;
        place_node(splits, leaves, split.children[0], 2 * node, tree)?;
        return place_node(splits, leaves, split.children[1], 2 * node + 1, tree);
    }
    let leaf = *leaves.get(usize::from((-1 - child).unsigned_abs()))?;
    let mut node = node;
    while node < LEAVES {
        tree.means[node] = leaf;
        node *= 2;
    }
    tree.leaves[node - LEAVES] = leaf;
    Some(())
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

    #[test]
    fn a_score_is_the_leaf_that_the_row_reaches() {
        let forest = Forest::read(&mut Reader::new(&file(2))).unwrap();
        let rows = [row(6, 0), row(5, -2), row(5, -3), row(i16::MAX, 0)];
        let mut scores = [0; 4];
        forest.score(&rows, &mut scores);
        assert_eq!(scores, [20, 30, 10, 20]);
        let weights = forest.weights(&rows[0], 2);
        let weights: Vec<f64> = weights
            .iter()
            .map(|weight| weight.weight * f64::from(SCORE_PER_LOGIT))
            .collect();
        assert_eq!(weights, [5.0], "one split, from 15 to 20");
    }

    #[test]
    fn rows_with_low_scores_leave_the_evaluation_early() {
        let mut forest = Forest::read(&mut Reader::new(&file(2))).unwrap();
        forest.trees = vec![forest.trees[0].clone(); 3];
        forest.early_exits = vec![(1, 15)];
        let mut scores = [0; 2];
        forest.score(&[row(6, 0), row(5, -3)], &mut scores);
        assert_eq!(scores, [60, i32::MIN]);
    }

    #[test]
    fn trees_that_are_too_deep_or_name_missing_nodes_are_refused() {
        assert!(Forest::read(&mut Reader::new(&file(6))).is_ok());
        assert!(Forest::read(&mut Reader::new(&file(7))).is_err());
        let mut file = file(2);
        file[10] = 9;
        assert!(Forest::read(&mut Reader::new(&file)).is_err());
    }
}
