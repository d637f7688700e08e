//! Lines that stand in the document already: captions printed twice, notices between paragraphs. The first copy stays.
//! A copy must stand right after the other or beside what was cut, because exercises, refrains and listings repeat
//! themselves too; short lines are left alone.

use crate::filter::{Filter, Scratch, Stage};
use crate::mark::Marks;
use crate::rule::RuleId;
use crate::view::{View, word_count};
use rustc_hash::FxHashMap;

/// A line must have so many words to count as repeated, and so many folded bytes to have as many.
const FEWEST_WORDS: usize = 12;
const SHORTEST: usize = 2 * FEWEST_WORDS - 1;
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
        let text = |line: usize| {
            let wrapped = view.is_wrapped(line) || view.folded().continues(line);
            let text = view.bare(line);
            (!wrapped && text.len() >= SHORTEST).then_some(text)
        };
        let mut mark = |line: usize| {
            if word_count(view.text(line)) >= FEWEST_WORDS {
                marks.add(view.span(line), self.rule);
            }
        };
        let mut recent = [None; NEAR];
        for line in 0..view.line_count() {
            let own = text(line);
            if own.is_some() && recent.contains(&own) {
                mark(line);
            }
            recent[line % NEAR] = own;
        }
        // Few lines stand beside what was cut; of the others only the first of each text is asked for.
        let cut = |line: usize| line < view.line_count() && view.is_cut(line);
        let beside: Vec<usize> = (0..view.line_count()).filter(|&line| cut(line.wrapping_sub(1)) || cut(line + 1)).collect();
        let mut first: FxHashMap<&[u8], Option<usize>> = beside.iter().filter_map(|&line| Some((text(line)?, None))).collect();
        if first.is_empty() {
            return;
        }
        for line in 0..view.line_count() {
            if let Some(first) = text(line).and_then(|text| first.get_mut(text)) {
                first.get_or_insert(line);
            }
        }
        for line in beside {
            if text(line).is_some_and(|text| first[text].is_some_and(|first| first < line)) {
                mark(line);
            }
        }
    }
}
