//! Blank lines that a removal left doubled. Where two gaps meet, the longer one stays. Where a
//! removal reaches the start or the end of a document, the gap beside it separates nothing and is
//! removed. No blank line is ever added.

use super::{EnabledRule, Filter};
use crate::mark::Marks;
use crate::text::Span;
use crate::text::{NormalizedText, View};
use dechaff_rules::rule::RuleId;
use std::ops::Range;

/// Marks blank lines beside removed lines.
#[derive(Debug)]
pub(super) struct Blanks {
    rule: RuleId,
}

impl Blanks {
    const RULE: &str = "layout/blank-lines";

    /// Returns the filter, or `None` if its rule ([`RULE`](Self::RULE)) is not enabled, so that a
    /// stage runs only filters that can mark something.
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
            // Reversed, because `max_by_key` returns the last of several longest gaps.
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

/// Returns the blank lines between `line` and the line before it, as line numbers of the document.
/// `line` counts the lines that are not blank; for the number of such lines, the result is the
/// blank lines at the end of the document.
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
