//! Lines that stand in the document already: captions printed twice, notices between paragraphs. The first copy stays.
//! A copy must stand right after the other or beside what was cut, because exercises, refrains and listings repeat
//! themselves too; short lines are left alone.

use crate::filter::{Filter, Scratch, Stage};
use crate::fold::NormalizedText;
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

    fn mark(&self, view: &View<'_>, marks: &mut Marks, scratch: &mut Scratch) {
        let folded = &mut scratch.folded;
        let print = |line: usize, folded: &mut NormalizedText| {
            let wrapped = view.is_wrapped(line) || view.lines().continues(line);
            (!wrapped && view.text(line).len() >= SHORTEST).then(|| view.print(line, folded))
        };
        let mut mark = |line: usize, first: usize, folded: &mut NormalizedText| {
            if word_count(view.text(line)) >= FEWEST_WORDS
                && says_the_same(view, line, first, folded)
            {
                marks.add(view.span(line), self.rule);
            }
        };
        for line in 0..view.line_count() {
            let Some(own) = print(line, folded) else {
                continue;
            };
            let mut before = (line.saturating_sub(NEAR)..line).rev();
            if let Some(first) = before.find(|&before| print(before, folded) == Some(own)) {
                mark(line, first, folded);
            }
        }
        // Few lines stand beside what was cut; of the others only the first of each text is asked for.
        let cut = |line: usize| line < view.line_count() && view.is_cut(line);
        let beside: Vec<usize> = (0..view.line_count())
            .filter(|&line| cut(line.wrapping_sub(1)) || cut(line + 1))
            .collect();
        let mut first: FxHashMap<u32, Option<usize>> = beside
            .iter()
            .filter_map(|&line| Some((print(line, folded)?, None)))
            .collect();
        if first.is_empty() {
            return;
        }
        for line in 0..view.line_count() {
            if let Some(first) = print(line, folded).and_then(|print| first.get_mut(&print)) {
                first.get_or_insert(line);
            }
        }
        for line in beside {
            let first = print(line, folded).and_then(|print| first[&print]);
            if let Some(first) = first.filter(|&first| first < line) {
                mark(line, first, folded);
            }
        }
    }
}

/// Whether two lines that have one print have one text too.
fn says_the_same(view: &View<'_>, line: usize, other: usize, folded: &mut NormalizedText) -> bool {
    let own = view.bare(line, folded).to_vec();
    view.bare(other, folded) == own
}
