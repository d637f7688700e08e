//! Matching a regex without compiling it. Each part of the regex maps the set of positions at which
//! it may start to the set of those at which it may end. For example, in the text `12 of 9`:
//!
//! ```text
//! regex       \d{1,3}      \sof\s     \d
//! positions   0 -> 1, 2    2 -> 6     6 -> 7      7 is the end of the text: a match
//! ```
//!
//! A set of positions is a few machine words, so this takes a few thousand instructions for a short
//! text, while compiling a regex takes hundreds of thousands. Most regexes are needed for a few
//! texts only. Automata that were built once are faster from then on.

use super::node::ClassNode;
use regex_syntax::hir::Look;

/// Length of the longest text that can be matched this way, in bytes of its translation.
pub const MAX_INTERPRETED_LEN: usize = 64 * LONG - 1;

/// Number of words of a set of positions in a long text and in one of medium length.
const LONG: usize = 16;
const MEDIUM: usize = 4;

/// A set of positions in a text of fewer than `64 * N` bytes, a bit for each.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Positions<const N: usize>([u64; N]);

impl<const N: usize> Positions<N> {
    const NONE: Self = Self([0; N]);

    fn insert(&mut self, position: usize) {
        self.0[position / 64] |= 1 << (position % 64);
    }

    fn contains(self, position: usize) -> bool {
        self.0[position / 64] >> (position % 64) & 1 != 0
    }

    fn is_empty(self) -> bool {
        self == Self::NONE
    }

    fn union(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }

    fn without(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & !other.0[at]))
    }

    fn intersection(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & other.0[at]))
    }

    /// Returns the positions after these.
    fn shifted(self) -> Self {
        Self(std::array::from_fn(|at| {
            let carry = at.checked_sub(1).map_or(0, |below| self.0[below] >> 63);
            self.0[at] << 1 | carry
        }))
    }

    fn iter(self) -> impl Iterator<Item = usize> {
        (0..N).flat_map(move |word| {
            let next = |bits: &u64| Some(bits & (bits - 1)).filter(|&rest| rest != 0);
            std::iter::successors(Some(self.0[word]).filter(|&bits| bits != 0), next)
                .map(move |bits| 64 * word + bits.trailing_zeros() as usize)
        })
    }
}

/// Returns whether a regex matches all of `text` or, unless `is_whole`, a part of it. The text is
/// translated to the alphabet of the regex. Returns `None` if it is longer than
/// [`MAX_INTERPRETED_LEN`], or if the regex has a rare kind of assertion.
pub(super) fn is_match(regex: &ClassNode, text: &[u8], is_whole: bool) -> Option<bool> {
    if text.len() < 64 {
        matches::<1>(regex, text, is_whole)
    } else if text.len() < 64 * MEDIUM {
        matches::<MEDIUM>(regex, text, is_whole)
    } else if text.len() <= MAX_INTERPRETED_LEN {
        matches::<LONG>(regex, text, is_whole)
    } else {
        None
    }
}

fn matches<const N: usize>(regex: &ClassNode, text: &[u8], is_whole: bool) -> Option<bool> {
    let mut starts = Positions::<N>::NONE;
    if is_whole {
        starts.insert(0);
        Some(ends(regex, text, starts)?.contains(text.len()))
    } else {
        (0..=text.len()).for_each(|position| starts.insert(position));
        Some(!ends(regex, text, starts)?.is_empty())
    }
}

/// Returns the positions at which a match of `node` can end that starts at one of `starts`; `None`
/// if it has a rare kind of assertion.
fn ends<const N: usize>(
    node: &ClassNode,
    text: &[u8],
    starts: Positions<N>,
) -> Option<Positions<N>> {
    let mut found = Positions::NONE;
    match node {
        ClassNode::Empty => found = starts,
        ClassNode::Literal(literal) => starts
            .iter()
            .filter(|&start| text[start..].starts_with(literal))
            .for_each(|start| found.insert(start + literal.len())),
        ClassNode::Class(ranges) => starts
            .iter()
            .filter(|&start| text.get(start).is_some_and(|&byte| is_in(ranges, byte)))
            .for_each(|start| found.insert(start + 1)),
        ClassNode::Look(look) => {
            let look = Look::from_repr(*look)?;
            for start in starts.iter() {
                if holds(look, text, start)? {
                    found.insert(start);
                }
            }
        }
        &ClassNode::Repetition(min, max, _, ref sub) => {
            // A class is a single shift of the positions of its members.
            let members = match &**sub {
                ClassNode::Class(ranges) if max != Some(1) => Some(members(ranges, text)),
                _ => None,
            };
            let mut last = starts;
            for count in 0..=max.unwrap_or(u32::MAX) {
                // What follows a position does not depend on how it was reached, so only new ones
                // count.
                if count >= min {
                    last = last.without(found);
                    found = found.union(last);
                }
                if last.is_empty() {
                    break;
                }
                last = match members {
                    Some(members) => last.intersection(members).shifted(),
                    None => ends(sub, text, last)?,
                };
            }
        }
        ClassNode::Concat(parts) => {
            found = starts;
            for part in parts {
                found = ends(part, text, found)?;
                if found.is_empty() {
                    break;
                }
            }
        }
        ClassNode::Alternation(parts) => {
            for part in parts {
                found = found.union(ends(part, text, starts)?);
            }
        }
    }
    Some(found)
}

/// Returns the positions of the bytes of a text that are in a class.
fn members<const N: usize>(ranges: &[(u8, u8)], text: &[u8]) -> Positions<N> {
    let mut is_member = [0; 256];
    for &(first, last) in ranges {
        is_member[usize::from(first)..=usize::from(last)].fill(1);
    }
    let words = text.chunks(64).map(|chunk| {
        let bits = chunk.iter().map(|&byte| is_member[usize::from(byte)]);
        (0..)
            .zip(bits)
            .fold(0, |word, (at, bit): (u32, u64)| word | bit << at)
    });
    let mut found = Positions::NONE;
    found
        .0
        .iter_mut()
        .zip(words)
        .for_each(|(own, word)| *own = word);
    found
}

fn is_in(ranges: &[(u8, u8)], byte: u8) -> bool {
    ranges
        .iter()
        .any(|&(first, last)| (first..=last).contains(&byte))
}

/// Returns whether an assertion holds at a position of a text; `None` for a rare kind.
fn holds(look: Look, text: &[u8], at: usize) -> Option<bool> {
    let is_word =
        |byte: Option<&u8>| byte.is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    let is_boundary = is_word(before) != is_word(text.get(at));
    match look {
        Look::Start => Some(at == 0),
        Look::End => Some(at == text.len()),
        Look::StartLF => Some(before.is_none_or(|&byte| byte == b'\n')),
        Look::EndLF => Some(text.get(at).is_none_or(|&byte| byte == b'\n')),
        Look::WordAscii => Some(is_boundary),
        Look::WordAsciiNegate => Some(!is_boundary),
        _ => None,
    }
}
