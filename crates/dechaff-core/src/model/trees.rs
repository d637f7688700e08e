//! Boosted trees with integer thresholds and leaves, how they are read from the model file, and how they score rows: block
//! by block, so that a tree stays in the cache while rows are walked through it, and rows that the first trees show to be
//! prose are left out of the others.

use super::explain::FeatureWeight;
use super::features::{FeatureRow, NAMES};
use super::file::Reader;
use crate::error::Error;

/// Scores count in such parts of a logit.
const LOGIT: i32 = 4096;
/// Trees are at most so deep. Every walk takes as many steps, so that no step has to ask whether it is the last.
const DEPTH: usize = 6;
/// Leaves of a tree, and places for its nodes.
const LEAVES: usize = 1 << DEPTH;

/// A complete tree. Node 1 is the root; the children of a node are 2n and 2n + 1. Rows whose feature exceeds the threshold
/// go right. Where the tree that was trained ends earlier, all rows go left.
#[derive(Clone, Debug)]
struct Tree {
    features: [u8; LEAVES],
    thresholds: [i16; LEAVES],
    leaves: [i16; LEAVES],
    /// What rows at a node came to on average, for explanations.
    means: [i16; LEAVES],
}

impl Tree {
    fn next(&self, node: usize, row: &FeatureRow) -> usize {
        let node = node % LEAVES;
        2 * node + usize::from(row[usize::from(self.features[node])] > self.thresholds[node])
    }

    fn leaf(&self, row: &FeatureRow) -> i32 {
        let leaf = (0..DEPTH).fold(1, |node, _| self.next(node, row));
        i32::from(self.leaves[leaf % LEAVES])
    }

    /// What rows came to on average at a node or leaf.
    fn mean(&self, node: usize) -> i32 {
        i32::from(if node < LEAVES {
            self.means[node]
        } else {
            self.leaves[node - LEAVES]
        })
    }
}

/// Boosted trees. A score is the sum of their leaves, in 4096ths of a logit.
#[derive(Clone, Debug)]
pub(crate) struct Forest {
    trees: Vec<Tree>,
    /// After so many trees a score below the second number is prose whatever the others say.
    early: Vec<(usize, i32)>,
}

/// A node as the file has it: a split, with children that are nodes or, below zero, the leaf `-1 - child`.
struct Split {
    feature: u16,
    threshold: i16,
    children: [i16; 2],
    mean: i16,
}

impl Forest {
    /// Reads trees.
    ///
    /// # Errors
    /// [`Error::Model`] if they end too early, point nowhere or are too deep.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let early = (0..reader.u16()?)
            .map(|_| Ok((usize::from(reader.u16()?), reader.i32()?)))
            .collect::<Result<_, Error>>()?;
        let trees = (0..reader.u16()?)
            .map(|_| read_tree(reader))
            .collect::<Result<_, _>>()?;
        Ok(Self { trees, early })
    }

    /// The sum of the leaves that each row falls into; the least there is for rows that are prose early on.
    #[inline(never)] // Inside its caller its innermost loop has too few registers, and takes a twentieth more instructions.
    pub(super) fn score(&self, rows: &[FeatureRow], scores: &mut [i32]) {
        let mut open: Vec<u16> = (0..rows.len() as u16).collect();
        let mut from = 0;
        for &(to, least) in self.early.iter().chain([&(self.trees.len(), i32::MIN)]) {
            for tree in &self.trees[from..to.clamp(from, self.trees.len())] {
                open.iter()
                    .for_each(|&at| scores[usize::from(at)] += tree.leaf(&rows[usize::from(at)]));
            }
            open.retain(|&at| {
                let score = &mut scores[usize::from(at)];
                let stays = *score >= least;
                *score = if stays { *score } else { i32::MIN };
                stays
            });
            from = to;
        }
    }

    /// What each split of the walk changed about the expected score, added up by feature (the method of Saabas, 2014).
    pub(super) fn weights(&self, row: &FeatureRow, most: usize) -> Vec<FeatureWeight> {
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
        let weight = |((feature, value), weight): ((&&'static str, &i16), i32)| FeatureWeight {
            feature,
            value: *value,
            weight: f64::from(weight) / f64::from(LOGIT),
        };
        heaviest.into_iter().take(most).map(weight).collect()
    }
}

fn read_tree(reader: &mut Reader<'_>) -> Result<Tree, Error> {
    let split = |reader: &mut Reader<'_>| -> Result<Split, Error> {
        Ok(Split {
            feature: reader.u16()?,
            threshold: reader.i16()?,
            children: [reader.i16()?, reader.i16()?],
            mean: reader.i16()?,
        })
    };
    let splits = (0..reader.u16()?)
        .map(|_| split(reader))
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
    place(&splits, &leaves, root, 1, &mut tree)
        .ok_or_else(|| Error::Model("a tree of it points nowhere or is too deep".to_owned()))?;
    Ok(tree)
}

/// Puts a node of the file and all below it into a complete tree. The depth of the tree bounds it.
fn place(splits: &[Split], leaves: &[i16], child: i16, node: usize, tree: &mut Tree) -> Option<()> {
    if let Ok(index) = usize::try_from(child) {
        let split = splits.get(index)?;
        (node < LEAVES && usize::from(split.feature) < NAMES.len()).then_some(())?;
        tree.features[node] = u8::try_from(split.feature).ok()?;
        tree.thresholds[node] = split.threshold;
        tree.means[node] = split.mean;
        place(splits, leaves, split.children[0], 2 * node, tree)?;
        return place(splits, leaves, split.children[1], 2 * node + 1, tree);
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

    /// A file of one tree: feature 1 above 5 goes to a leaf of 30, or else feature 2 above -3 to 20, or else to 10.
    fn file(depth: u16) -> Vec<u8> {
        let mut file = Vec::new();
        let mut put = |number: i16| file.extend(number.to_le_bytes());
        [0, 1, depth as i16].into_iter().for_each(&mut put);
        for index in 0..depth as i16 {
            let left = if index + 1 < depth as i16 {
                index + 1
            } else {
                -1
            };
            [
                index % 2 + 1,
                if index % 2 == 0 { 5 } else { -3 },
                left,
                -2 - index,
                15,
            ]
            .into_iter()
            .for_each(&mut put);
        }
        (0..=depth as i16)
            .map(|leaf| 10 + leaf * 10)
            .for_each(&mut put);
        file
    }

    fn row(first: i16, second: i16) -> FeatureRow {
        let mut row = super::super::features::empty_row();
        (row[1], row[2]) = (first, second);
        row
    }

    #[test]
    fn rows_fall_into_leaves() {
        let forest = Forest::read(&mut Reader::new(&file(2))).unwrap();
        let rows = [row(6, 0), row(5, -2), row(5, -3), row(i16::MAX, 0)];
        let mut scores = [0; 4];
        forest.score(&rows, &mut scores);
        assert_eq!(scores, [20, 30, 10, 20]);
        let weights = forest.weights(&rows[0], 2);
        let weights: Vec<f64> = weights
            .iter()
            .map(|weight| weight.weight * f64::from(LOGIT))
            .collect();
        assert_eq!(weights, [5.0], "one split, from 15 to 20");
    }

    #[test]
    fn rows_that_are_prose_early_are_left_out() {
        let mut forest = Forest::read(&mut Reader::new(&file(2))).unwrap();
        forest.trees = vec![forest.trees[0].clone(); 3];
        forest.early = vec![(1, 15)];
        let mut scores = [0; 2];
        forest.score(&[row(6, 0), row(5, -3)], &mut scores);
        assert_eq!(scores, [60, i32::MIN]);
    }

    #[test]
    fn trees_that_are_too_deep_or_point_nowhere_are_refused() {
        assert!(Forest::read(&mut Reader::new(&file(6))).is_ok());
        assert!(Forest::read(&mut Reader::new(&file(7))).is_err());
        let mut file = file(2);
        file[10] = 9;
        assert!(Forest::read(&mut Reader::new(&file)).is_err());
    }
}
