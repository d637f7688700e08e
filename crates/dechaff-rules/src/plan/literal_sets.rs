//! Sets of literals in one allocation. Plans of all built-in rules are deserialized at every start.

use crate::string_list::bytes;
use serde::{Deserialize, Serialize};

/// Sets of literals, of which every match contains one of each.
///
/// ```
/// use dechaff_rules::plan::LiteralSets;
///
/// let sets = LiteralSets::new(&[vec![b"privacy".to_vec()], vec![b"use".to_vec(), b"read".to_vec()]]);
/// let line = "read our privacy policy";
/// assert!(sets.all(|literal| line.contains(std::str::from_utf8(literal).unwrap())));
/// assert!(!sets.all(|literal| literal == b"privacy"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiteralSets(
    /// Each literal behind its length; a length of 0 ends a set.
    #[serde(with = "bytes")]
    Vec<u8>,
);

impl LiteralSets {
    /// Encodes sets of literals, which must have 1 to 255 bytes.
    #[must_use]
    pub fn new(sets: &[Vec<Vec<u8>>]) -> Self {
        let mut encoded = Vec::new();
        for set in sets {
            for literal in set {
                encoded.push(literal.len() as u8);
                encoded.extend_from_slice(literal);
            }
            encoded.push(0);
        }
        Self(encoded)
    }

    /// Returns whether there are no sets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether each set has a literal for which `is_found` returns `true`.
    pub fn all(&self, mut is_found: impl FnMut(&[u8]) -> bool) -> bool {
        let (mut has_literal, mut rest) = (false, &self.0[..]);
        while let Some((&length, after)) = rest.split_first() {
            let (literal, after) = after.split_at(usize::from(length).min(after.len()));
            rest = after;
            if !literal.is_empty() {
                has_literal |= !has_literal && is_found(literal);
            } else if has_literal {
                has_literal = false;
            } else {
                return false;
            }
        }
        true
    }
}
