//! The blank lines that a removal doubled. Where two gaps meet, the longer stays; where a removal reaches the start or
//! the end of a document, the gap beside it separates nothing and goes. No blank line is ever added.

use super::{EnabledRule, Filter};
use crate::mark::Marks;
use crate::text::Span;
use crate::text::{NormalizedText, View};
use dechaff_rules::rule::RuleId;
use std::ops::Range;

#[derive(Debug)]
pub(super) struct Blanks {
    rule: RuleId,
}

impl Blanks {
    const RULE: &str = "layout/blank-lines";

    /// Makes the filter if its rule is enabled.
    pub(super) fn new(enabled: EnabledRule<'_>) -> Option<Self> {
        enabled(Self::RULE).map(|rule| Self { rule })
    }
}

impl Filter for Blanks {
    fn mark(&self, view: &View<'_>, marks: &mut Marks, _: &mut NormalizedText) {
        let count = view.line_count();
        let mut line = 0;
        while line < count {
            if !view.is_cut(line) {
                line += 1;
                continue;
            }
            let end = (line..count).find(|&at| !view.is_cut(at)).unwrap_or(count);
            let gaps: Vec<Range<usize>> = (line..=end).map(|at| gap_before(view, at)).collect();
            let at_edge = line == 0 || end == count;
            // The first of the longest.
            let longest = (0..gaps.len()).rev().max_by_key(|&index| gaps[index].len());
            for (index, gap) in gaps.iter().enumerate() {
                if !gap.is_empty() && (at_edge || Some(index) != longest) {
                    let document = view.document();
                    marks.add(
                        Span::from_offsets(
                            document.line(gap.start).start(),
                            document.line(gap.end - 1).end(),
                        ),
                        self.rule,
                    );
                }
            }
            line = end;
        }
    }
}

/// The blank lines before a line that is not blank, as numbers in the document; before the one past the last, those at
/// the end.
fn gap_before(view: &View<'_>, line: usize) -> Range<usize> {
    let from = if line == 0 {
        0
    } else {
        view.number(line - 1) + 1
    };
    let to = if line == view.line_count() {
        view.document().line_count()
    } else {
        view.number(line)
    };
    from..to
}
