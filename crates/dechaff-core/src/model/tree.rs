//! A decision tree with integer thresholds and leaves.
//!
//! The leaves and splits of a tree have *slots*: the leaves come first, and each split comes after
//! the two slots that it chooses between, so that the root is last. For example, a tree that splits
//! at feature 7 above 5, and on the right at feature 2 above -3, is
//!
//! ```text
//! slot 0: 10
//! slot 1: 20
//! slot 2: 30
//! slot 3: feature 2 > -3 ? slot 2 : slot 1
//! slot 4: feature 7 > 5 ? slot 3 : slot 0
//! ```
//!
//! A single row walks from the root to a leaf. Many rows are scored by [`blocks`](super::blocks),
//! which computes the slots in order.

use super::features::{FeatureRow, NAMES};
use super::file::Reader;
use crate::error::Error;

/// Greatest number of splits from the root of a tree to a leaf.
const MAX_DEPTH: usize = 16;

/// A tree. See the description of the module for its slots.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    /// Values, in 4096ths of a logit.
    pub leaves: Vec<i16>,
    pub splits: Vec<Split>,
}

/// A split of a tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split {
    pub feature: u8,
    pub threshold: i16,
    /// The slot for rows whose feature does not exceed the threshold, and that for others.
    pub slots: [u8; 2],
    /// Mean score of the training rows that reached the split, for explanations.
    mean: i16,
}

impl Tree {
    /// Returns the slot of the root.
    pub(super) fn root(&self) -> u8 {
        (self.leaves.len() + self.splits.len() - 1) as u8
    }

    /// Returns the split with this slot; `None` if it is the slot of a leaf.
    pub(super) fn split(&self, slot: u8) -> Option<&Split> {
        self.splits
            .get(usize::from(slot).wrapping_sub(self.leaves.len()))
    }

    /// Returns the value of the leaf that `row` reaches.
    pub(super) fn leaf(&self, row: &FeatureRow) -> i32 {
        let mut slot = self.root();
        while let Some(split) = self.split(slot) {
            slot = split.next(row);
        }
        self.mean(slot)
    }

    /// Returns the mean score of the training rows that reached a slot. For a leaf it is its value.
    pub(super) fn mean(&self, slot: u8) -> i32 {
        let leaf = self.leaves.get(usize::from(slot)).copied();
        i32::from(
            leaf.or(self.split(slot).map(|split| split.mean))
                .unwrap_or(0),
        )
    }
}

impl Split {
    /// Returns the slot that `row` goes to.
    pub(super) fn next(self, row: &FeatureRow) -> u8 {
        self.slots[usize::from(row[usize::from(self.feature)] > self.threshold)]
    }
}

/// A node in the model file. A child is the index of a node or, if negative, of a leaf: leaf 0 is
/// -1, leaf 1 is -2, and so on.
struct Node {
    feature: u16,
    threshold: i16,
    children: [i16; 2],
    mean: i16,
}

/// Reads a tree from a model file: its nodes, then its leaves, of which it has one more than nodes.
/// A tree without nodes is a single leaf.
pub(super) fn read_tree(reader: &mut Reader<'_>) -> Result<Tree, Error> {
    let nodes = (0..reader.u16()?)
        .map(|_| read_node(reader))
        .collect::<Result<Vec<_>, _>>()?;
    let mut tree = Tree {
        leaves: (0..=nodes.len())
            .map(|_| reader.i16())
            .collect::<Result<_, _>>()?,
        splits: Vec::with_capacity(nodes.len()),
    };
    let root = if nodes.is_empty() { -1 } else { 0 };
    place_node(&nodes, root, MAX_DEPTH, &mut tree).ok_or_else(|| {
        Error::Model(
            "one of its trees is too large, or names a feature, node or leaf that does not exist"
                .to_owned(),
        )
    })?;
    Ok(tree)
}

/// Reads a node from a model file: five numbers of two bytes, of which the first, the index of the
/// feature, is unsigned.
fn read_node(reader: &mut Reader<'_>) -> Result<Node, Error> {
    Ok(Node {
        feature: reader.u16()?,
        threshold: reader.i16()?,
        children: [reader.i16()?, reader.i16()?],
        mean: reader.i16()?,
    })
}

/// Adds a node of the file (`child`, as in [`Node`]) to the splits of a tree, after all nodes below
/// it, and returns its slot. Returns `None` if a node, leaf or feature does not exist, if more than
/// `depth` nodes follow each other, as in a circle, or if the tree has more slots than a byte
/// counts.
fn place_node(nodes: &[Node], child: i16, depth: usize, tree: &mut Tree) -> Option<u8> {
    let Ok(index) = usize::try_from(child) else {
        let leaf = usize::from((-1 - child).unsigned_abs());
        return (leaf < tree.leaves.len()).then(|| u8::try_from(leaf).ok())?;
    };
    let node = nodes.get(index)?;
    let depth = depth.checked_sub(1)?;
    let [low, high] = node.children;
    let slots = [
        place_node(nodes, low, depth, tree)?,
        place_node(nodes, high, depth, tree)?,
    ];
    (usize::from(node.feature) < NAMES.len()).then_some(())?;
    tree.splits.push(Split {
        feature: u8::try_from(node.feature).ok()?,
        threshold: node.threshold,
        slots,
        mean: node.mean,
    });
    u8::try_from(tree.leaves.len() + tree.splits.len() - 1).ok()
}
