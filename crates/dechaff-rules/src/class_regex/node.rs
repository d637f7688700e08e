//! The parts of a regex over bytes, in a form that can be serialized.

use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, Look, Repetition};
use serde::{Deserialize, Serialize};

/// A serializable part of a regex over bytes, with the same meaning as the variant of the same name
/// of `HirKind` of regex-syntax.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ClassNode {
    Empty,
    Literal(Vec<u8>),
    /// Ranges of bytes, each with its first and last byte.
    Class(Vec<(u8, u8)>),
    /// An assertion, in the representation of [`Look::as_repr`].
    Look(u32),
    /// Least and most repetitions, and whether more are preferred.
    Repetition(u32, Option<u32>, bool, Box<ClassNode>),
    Concat(Vec<ClassNode>),
    Alternation(Vec<ClassNode>),
}

impl ClassNode {
    /// Returns the part as an expression over bytes.
    pub(super) fn hir(&self) -> Hir {
        match self {
            Self::Empty => Hir::empty(),
            Self::Literal(bytes) => Hir::literal(bytes.clone()),
            Self::Class(ranges) => {
                let ranges = ranges
                    .iter()
                    .map(|&(start, end)| ClassBytesRange::new(start, end));
                Hir::class(Class::Bytes(ClassBytes::new(ranges)))
            }
            // Only representations of assertions are serialized, so this does not fail.
            Self::Look(look) => Look::from_repr(*look).map_or_else(Hir::fail, Hir::look),
            &Self::Repetition(min, max, greedy, ref sub) => Hir::repetition(Repetition {
                min,
                max,
                greedy,
                sub: Box::new(sub.hir()),
            }),
            Self::Concat(parts) => Hir::concat(parts.iter().map(Self::hir).collect()),
            Self::Alternation(parts) => Hir::alternation(parts.iter().map(Self::hir).collect()),
        }
    }
}
