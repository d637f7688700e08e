//! DFAs that accept at least what a regex matches, to rule out most texts. They are built in
//! advance and small: bounded repetitions are relaxed, so that `[^\n]{3,90}` costs a few states
//! instead of hundreds.
//!
//! ```text
//! regex      by [^\n]{3,60} for Getty
//! relaxed    by [^\n]{3,} for Getty
//! ```
//!
//! A text that the relaxed DFA rejects is no match. One that it accepts has to be tried again,
//! unless it is too short to exceed the bounds: "by Ann for Getty" has no 60 characters.

use super::Alphabet;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The state from which no match can be reached.
pub(super) const DEAD: u16 = 0;
/// The state in which the text matches, whatever follows.
pub(super) const MATCH: u16 = 1;

/// A complete DFA over the bytes of an [`Alphabet`], which is not part of it. A table has the next
/// state for each state and each group of bytes that all states treat alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelaxedDfa<'t> {
    /// Length of the longest text, in bytes, of which it accepts exactly what the regex matches: 0
    /// if there is none, [`u32::MAX`] if nothing was relaxed.
    pub exact_len: u32,
    /// Whether a match must be the whole text; otherwise it may be anywhere in it.
    pub whole_text: bool,
    /// Whether it reads a text from its end, where a match must end.
    pub backward: bool,
    pub(super) start: u16,
    /// Number of groups, which is that of the next states of each state.
    pub(super) group_count: u16,
    /// The group of each byte.
    #[serde(borrow)]
    pub(super) groups: Cow<'t, [u8]>,
    /// The next states, by state and group: a byte each, or two if there are more than 256 states,
    /// the lower one first.
    #[serde(borrow)]
    pub(super) next: Cow<'t, [u8]>,
    /// For each state, 1 if the text may end in it.
    #[serde(borrow)]
    pub(super) ends: Cow<'t, [u8]>,
}

impl RelaxedDfa<'_> {
    /// Returns whether a text may match: if `false`, the regex does not match it. `alphabet` must
    /// be that of the regex.
    #[must_use]
    pub fn is_match(&self, alphabet: &Alphabet<'_>, text: &str) -> bool {
        if alphabet.ascii.is_none() && text.is_ascii() {
            let bytes = text.bytes();
            if self.backward {
                self.accepts(bytes.rev())
            } else {
                self.accepts(bytes)
            }
        } else {
            let bytes = text.chars().map(|c| alphabet.byte(c));
            if self.backward {
                self.accepts(bytes.rev())
            } else {
                self.accepts(bytes)
            }
        }
    }

    fn accepts(&self, bytes: impl Iterator<Item = u8>) -> bool {
        let row = usize::from(self.group_count);
        if self.is_large() {
            self.run(bytes, |state, group| self.large_next(state * row + group))
        } else {
            self.run(bytes, |state, group| {
                u16::from(self.next[state * row + group])
            })
        }
    }

    /// Reads `bytes` from the start. `next` returns the state that follows a state at a group.
    #[inline]
    fn run(&self, bytes: impl Iterator<Item = u8>, next: impl Fn(usize, usize) -> u16) -> bool {
        let mut state = self.start;
        for byte in bytes {
            let group = usize::from(self.groups[usize::from(byte)]);
            state = next(usize::from(state), group);
            if state == DEAD || state == MATCH {
                return state == MATCH;
            }
        }
        self.ends[usize::from(state)] == 1
    }

    /// Returns whether a state takes two bytes.
    fn is_large(&self) -> bool {
        self.ends.len() > 256
    }

    /// Returns the state with this index in a table of two bytes each.
    fn large_next(&self, index: usize) -> u16 {
        u16::from_le_bytes([self.next[2 * index], self.next[2 * index + 1]])
    }
}
