//! Boosted trees with integer thresholds and leaves, and how they are read from the model file.

use super::features::{NAMES, Row};
use crate::error::Error;
use std::fmt;

/// Scores count in such parts of a logit.
const LOGIT: i32 = 4096;

/// A split: rows whose feature is at most the threshold go left. A child is a node or, with [`LEAF`], the leaf `!child`.
#[derive(Clone, Copy, Debug)]
struct Node {
    feature: u16,
    threshold: i16,
    children: [u16; 2],
}

/// Says that a child is a leaf.
const LEAF: u16 = 1 << 15;

impl Node {
    /// The child for a row.
    fn next(self, row: &Row) -> u16 {
        self.children[usize::from(row[usize::from(self.feature)] > self.threshold)]
    }
}

/// One tree in the lists of a forest.
#[derive(Clone, Copy, Debug)]
struct Tree {
    nodes: u32,
    leaves: u32,
    /// Its first node; the only leaf of a tree without splits.
    root: u16,
}

/// Boosted trees. A score is the sum of their leaves, in 4096ths of a logit.
#[derive(Clone, Debug)]
pub(crate) struct Forest {
    trees: Vec<Tree>,
    nodes: Vec<Node>,
    /// What rows at a node came to on average, for explanations.
    means: Vec<i16>,
    leaves: Vec<i16>,
    base: i32,
    /// After so many trees a score below the second number is prose whatever the others say.
    early: (usize, i32),
}

/// How much a feature weighed in a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    /// Its name.
    pub feature: &'static str,
    /// Its value.
    pub value: i16,
    /// What it added to the score, in 4096ths of a logit.
    pub weight: i32,
}

impl fmt::Display for Reason {
    /// The feature with its value, and what it added to the logit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({:+.1})", self.feature, self.value, f64::from(self.weight) / f64::from(LOGIT))
    }
}

impl Forest {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let mut forest = Self {
            trees: Vec::new(),
            nodes: Vec::new(),
            means: Vec::new(),
            leaves: Vec::new(),
            base: reader.i32()?,
            early: (usize::from(reader.u16()?), reader.i32()?),
        };
        for _ in 0..reader.u16()? {
            let nodes = reader.u16()?;
            let root = if nodes == 0 { !0 } else { 0 };
            forest.trees.push(Tree { nodes: forest.nodes.len() as u32, leaves: forest.leaves.len() as u32, root });
            for place in 0..nodes {
                let node = Node { feature: reader.u16()?, threshold: reader.i16()?, children: [reader.u16()?, reader.u16()?] };
                // Children stand after their parent, so that every walk ends.
                let fits = |child: u16| if child & LEAF != 0 { !child <= nodes } else { child > place && child < nodes };
                if usize::from(node.feature) >= NAMES.len() || !node.children.iter().all(|&child| fits(child)) {
                    return Err(Error::Model("a tree of it points nowhere".to_owned()));
                }
                forest.nodes.push(node);
                forest.means.push(reader.i16()?);
            }
            for _ in 0..=nodes {
                forest.leaves.push(reader.i16()?);
            }
        }
        Ok(forest)
    }

    /// The sum of the leaves that a row falls into.
    pub(super) fn score(&self, row: &Row) -> i32 {
        let mut score = self.base;
        for (place, tree) in self.trees.iter().enumerate() {
            if place == self.early.0 && score < self.early.1 {
                break;
            }
            let nodes = &self.nodes[tree.nodes as usize..];
            let mut child = tree.root;
            while child & LEAF == 0 {
                child = nodes[usize::from(child)].next(row);
            }
            score += i32::from(self.leaves[tree.leaves as usize + usize::from(!child)]);
        }
        score
    }

    /// What each split of the walk changed about the expected score, added up by feature (the method of Saabas, 2014).
    pub(super) fn reasons(&self, row: &Row, most: usize) -> Vec<Reason> {
        let mut weights = vec![0i32; NAMES.len()];
        for tree in &self.trees {
            let (nodes, means) = (&self.nodes[tree.nodes as usize..], &self.means[tree.nodes as usize..]);
            let mut child = tree.root;
            while child & LEAF == 0 {
                let node = nodes[usize::from(child)];
                let next = node.next(row);
                let after =
                    if next & LEAF == 0 { means[usize::from(next)] } else { self.leaves[tree.leaves as usize + usize::from(!next)] };
                weights[usize::from(node.feature)] += i32::from(after) - i32::from(means[usize::from(child)]);
                child = next;
            }
        }
        let mut reasons: Vec<Reason> =
            NAMES.iter().zip(row).zip(weights).map(|((&feature, &value), weight)| Reason { feature, value, weight }).collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.weight.abs()));
        reasons.truncate(most);
        reasons.retain(|reason| reason.weight != 0);
        reasons
    }
}

/// Reads little-endian numbers from a file in memory.
pub(super) struct Reader<'f> {
    rest: &'f [u8],
}

impl<'f> Reader<'f> {
    pub(super) fn new(rest: &'f [u8]) -> Self {
        Self { rest }
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'f [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| Error::Model("it ends too early".to_owned()))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn rest(self) -> &'f [u8] {
        self.rest
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut number = [0; N];
        number.copy_from_slice(self.bytes(N)?);
        Ok(number)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Error> {
        self.number().map(u16::from_le_bytes)
    }

    fn i16(&mut self) -> Result<i16, Error> {
        self.number().map(i16::from_le_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, Error> {
        self.number().map(i32::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        self.number().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Error> {
        self.number().map(u64::from_le_bytes)
    }
}
