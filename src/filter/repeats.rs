//! Lines that stand in the document already: captions printed twice, notices between every two paragraphs. The first
//! copy stays. Short lines are left alone, because lists, tables, verse and dialogue repeat themselves.

use crate::filter::{Filter, Scratch, Stage};
use crate::mark::Marks;
use crate::rule::RuleId;
use crate::view::{View, word_count};
use rustc_hash::FxHashSet;

/// A line must have so many words to count as repeated.
const FEWEST_WORDS: usize = 12;

#[derive(Debug)]
pub(super) struct Repeats {
    pub(super) rule: RuleId,
}

impl Filter for Repeats {
    fn stage(&self) -> Stage {
        Stage::Structure
    }

    fn mark(&self, view: &View<'_>, marks: &mut Marks, _: &mut Scratch) {
        let mut seen: FxHashSet<&[u8]> = FxHashSet::default();
        for line in 0..view.line_count() {
            let wrapped = view.is_wrapped(line) || view.folded().continues(line);
            if wrapped || word_count(view.text(line)) < FEWEST_WORDS {
                continue;
            }
            if !seen.insert(view.bare(line)) {
                marks.add(view.span(line), self.rule);
            }
        }
    }
}
