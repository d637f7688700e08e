//! Lines that stand in the document already: captions printed twice, notices between paragraphs. The first copy stays.
//! A copy must stand right after the other or beside what was cut, because exercises, refrains and listings repeat
//! themselves too; short lines are left alone.

use super::{EnabledRule, Filter};
use crate::mark::Marks;
use crate::text::NormalizedText;
use crate::text::{View, word_count};
use dechaff_rules::rule::RuleId;
use rustc_hash::FxHashMap;

/// A line must have so many words to count as repeated, and so many text bytes to have as many.
const FEWEST_WORDS: usize = 12;
const SHORTEST: usize = 2 * FEWEST_WORDS - 1;
/// A copy that stands at most so many lines after the last one was printed twice.
const NEAR: usize = 2;

#[derive(Debug)]
pub(super) struct Repeats {
    rule: RuleId,
}

impl Repeats {
    const RULE: &str = "structure/repeated-line";

    /// Makes the filter if its rule is enabled.
    pub(super) fn new(enabled: EnabledRule<'_>) -> Option<Self> {
        enabled(Self::RULE).map(|rule| Self { rule })
    }
}

impl Filter for Repeats {
    fn mark(&self, view: &View<'_>, marks: &mut Marks, text: &mut NormalizedText) {
        let print = |line: usize, text: &mut NormalizedText| {
            let wrapped = view.is_wrapped(line) || view.lines().continues(line);
            (!wrapped && view.text(line).len() >= SHORTEST).then(|| view.fingerprint(line, text))
        };
        let mut mark = |line: usize, first: usize, text: &mut NormalizedText| {
            if word_count(view.text(line)) >= FEWEST_WORDS && says_the_same(view, line, first, text)
            {
                marks.add(view.span(line), self.rule);
            }
        };
        for line in 0..view.line_count() {
            let Some(own) = print(line, text) else {
                continue;
            };
            let mut before = (line.saturating_sub(NEAR)..line).rev();
            if let Some(first) = before.find(|&before| print(before, text) == Some(own)) {
                mark(line, first, text);
            }
        }
        // Few lines stand beside what was cut; of the others only the first of each text is asked for.
        let cut = |line: usize| line < view.line_count() && view.is_cut(line);
        let beside: Vec<usize> = (0..view.line_count())
            .filter(|&line| cut(line.wrapping_sub(1)) || cut(line + 1))
            .collect();
        let mut first: FxHashMap<u32, Option<usize>> = beside
            .iter()
            .filter_map(|&line| Some((print(line, text)?, None)))
            .collect();
        if first.is_empty() {
            return;
        }
        for line in 0..view.line_count() {
            if let Some(first) = print(line, text).and_then(|print| first.get_mut(&print)) {
                first.get_or_insert(line);
            }
        }
        for line in beside {
            let first = print(line, text).and_then(|print| first[&print]);
            if let Some(first) = first.filter(|&first| first < line) {
                mark(line, first, text);
            }
        }
    }
}

/// Whether two lines that have one print have one text too.
fn says_the_same(view: &View<'_>, line: usize, other: usize, text: &mut NormalizedText) -> bool {
    let own = view.trimmed(line, text).to_vec();
    view.trimmed(other, text) == own
}
