//! Lines that stand in the document already: captions printed twice, notices between paragraphs. The first copy stays.
//! A copy must stand right after the other or beside what was cut, because exercises, refrains and listings repeat
//! themselves too; short lines are left alone.

use crate::filter::{Filter, Scratch, Stage};
use crate::mark::Marks;
use crate::rule::RuleId;
use crate::view::{View, word_count};
use rustc_hash::FxHashMap;

/// A line must have so many words to count as repeated.
const FEWEST_WORDS: usize = 12;
/// A copy that stands at most so many lines after the last one was printed twice.
const NEAR: usize = 2;

#[derive(Debug)]
pub(super) struct Repeats {
    pub(super) rule: RuleId,
}

impl Filter for Repeats {
    fn stage(&self) -> Stage {
        Stage::Structure
    }

    fn mark(&self, view: &View<'_>, marks: &mut Marks, _: &mut Scratch) {
        let mut last: FxHashMap<&[u8], usize> = FxHashMap::default();
        for line in 0..view.line_count() {
            let wrapped = view.is_wrapped(line) || view.folded().continues(line);
            let text = view.bare(line);
            if wrapped || text.len() < 2 * FEWEST_WORDS - 1 {
                continue;
            }
            if let Some(before) = last.insert(text, line).filter(|_| word_count(view.text(line)) >= FEWEST_WORDS) {
                let beside = |other: usize| other < view.line_count() && view.is_cut(other);
                if line - before <= NEAR || beside(line.wrapping_sub(1)) || beside(line + 1) {
                    marks.add(view.span(line), self.rule);
                }
            }
        }
    }
}
