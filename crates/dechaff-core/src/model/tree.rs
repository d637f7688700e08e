//! A decision tree with integer thresholds and leaves.
//!
//! The leaves and splits of a tree have *slots*: the leaves come first, and each split comes after
//! the two slots that it chooses between, so that the root is last. A *pair* is a split between two
//! leaves. Pairs come before other splits, and their leaves before other leaves, in the same order.
//! For example, a tree that splits at feature 7 above 5, and on the right at feature 2 above -3, is
//!
//! ```text
//! slot 0: 20
//! slot 1: 30
//! slot 2: 10
//! slot 3: feature 2 > -3 ? slot 1 : slot 0
//! slot 4: feature 7 > 5 ? slot 3 : slot 2
//! ```
//!
//! A single row walks from the root to a leaf. Many rows are scored by [`blocks`](super::blocks),
//! which computes the slots in order.

use super::features::NAMES;
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
    /// Number of splits between two leaves.
    pub pairs: usize,
}

/// A split of a tree.
#[derive(Clone, Copy, Debug, Default)]
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

    /// Returns the value of the leaf that a row reaches. `value` returns a feature of the row.
    pub(super) fn leaf(&self, value: impl Fn(u8) -> i16) -> i32 {
        let mut slot = self.root();
        while let Some(split) = self.split(slot) {
            slot = split.next(value(split.feature));
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
    /// Returns the slot that a row goes to. `value` is its value of the feature.
    pub(super) fn next(self, value: i16) -> u8 {
        self.slots[usize::from(value > self.threshold)]
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

impl Node {
    /// Returns whether both children are leaves.
    fn is_pair(&self) -> bool {
        self.children.iter().all(|&child| child < 0)
    }
}

/// Reads a tree from a model file: its nodes, then its leaves, of which it has one more than nodes.
/// A tree without nodes is a single leaf.
pub(super) fn read_tree(reader: &mut Reader<'_>) -> Result<Tree, Error> {
    let nodes = (0..reader.u16()?)
        .map(|_| read_node(reader))
        .collect::<Result<Vec<_>, _>>()?;
    let leaves = (0..=nodes.len())
        .map(|_| reader.i16())
        .collect::<Result<Vec<_>, _>>()?;
    place_nodes(&nodes, &leaves).ok_or_else(|| {
        Error::Model(
            "one of its trees is too large, or its nodes and leaves do not form a tree".to_owned(),
        )
    })
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

/// Gives the nodes and leaves of the file their slots. Returns `None` if a node, leaf or feature
/// does not exist, if a node is not reached exactly once, if more than [`MAX_DEPTH`] nodes follow
/// each other, or if the tree has more slots than a byte counts.
fn place_nodes(nodes: &[Node], leaves: &[i16]) -> Option<Tree> {
    if nodes.is_empty() {
        return Some(Tree {
            leaves: leaves.to_vec(),
            ..Tree::default()
        });
    }
    let pairs = nodes.iter().filter(|node| node.is_pair()).count();
    let mut placement = Placement {
        nodes,
        leaves,
        tree: Tree {
            leaves: vec![0; leaves.len()],
            splits: vec![Split::default(); nodes.len()],
            pairs,
        },
        next_pair: 0,
        next_leaf: 2 * pairs,
        next_split: pairs,
    };
    placement.place_node(0, MAX_DEPTH)?;
    (placement.next_pair == pairs && placement.next_split == nodes.len()).then_some(placement.tree)
}

/// A tree whose nodes are being placed.
struct Placement<'f> {
    nodes: &'f [Node],
    leaves: &'f [i16],
    tree: Tree,
    /// Index of the next pair, among the splits.
    next_pair: usize,
    /// Slot of the next leaf that is in no pair.
    next_leaf: usize,
    /// Index of the next split that is no pair.
    next_split: usize,
}

impl Placement<'_> {
    /// Adds a node to the tree, after all nodes below it, and returns its slot. At most `depth`
    /// nodes may follow each other.
    fn place_node(&mut self, index: usize, depth: usize) -> Option<u8> {
        let node = self.nodes.get(index)?;
        let depth = depth.checked_sub(1)?;
        let [low, high] = node.children;
        let (slots, at) = if node.is_pair() {
            let at = self.next_pair;
            self.next_pair += 1;
            let slots = [
                self.place_leaf(low, 2 * at)?,
                self.place_leaf(high, 2 * at + 1)?,
            ];
            (slots, at)
        } else {
            let slots = [
                self.place_child(low, depth)?,
                self.place_child(high, depth)?,
            ];
            let at = self.next_split;
            self.next_split += 1;
            (slots, at)
        };
        (usize::from(node.feature) < NAMES.len()).then_some(())?;
        *self.tree.splits.get_mut(at)? = Split {
            feature: u8::try_from(node.feature).ok()?,
            threshold: node.threshold,
            slots,
            mean: node.mean,
        };
        u8::try_from(self.leaves.len() + at).ok()
    }

    /// Adds a child of a node that is no pair, and returns its slot.
    fn place_child(&mut self, child: i16, depth: usize) -> Option<u8> {
        if let Ok(index) = usize::try_from(child) {
            return self.place_node(index, depth);
        }
        self.next_leaf += 1;
        self.place_leaf(child, self.next_leaf - 1)
    }

    /// Adds a leaf, and returns its slot.
    fn place_leaf(&mut self, child: i16, slot: usize) -> Option<u8> {
        let leaf = self.leaves.get(usize::from((-1 - child).unsigned_abs()))?;
        *self.tree.leaves.get_mut(slot)? = *leaf;
        u8::try_from(slot).ok()
    }
}
