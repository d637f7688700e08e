//! The run of newsroom lines at the very end of a document. Cue rules find these lines, but a cue
//! alone is too weak for a removal: "For more stories, check our news page" is chaff at the end,
//! and may be anything in the middle.

use super::{EnabledRule, Filter};
use crate::mark::Marks;
use crate::text::{NormalizedText, View, has_word};
use dechaff_rules::rule::{Cue, RuleId};

/// Marks the lines with a footer cue after the last other line.
#[derive(Debug)]
pub(super) struct Footer {
    rule: RuleId,
}

impl Footer {
    const RULE: &str = "structure/newsroom-footer";

    /// Returns the filter, or `None` if its rule ([`RULE`](Self::RULE)) is not enabled, so that a
    /// stage runs only filters that can mark something.
    pub(super) fn new(enabled: EnabledRule<'_>) -> Option<Self> {
        enabled(Self::RULE).map(|rule| Self { rule })
    }
}

impl Filter for Footer {
    fn mark(&self, view: &View<'_>, marks: &mut Marks, _: &mut NormalizedText) {
        for line in (0..view.line_count()).rev() {
            if view.has_cue(line, Cue::Footer) {
                marks.add(view.span(line), self.rule);
            } else if !view.is_cut(line) && has_word(view.text(line)) {
                break;
            }
        }
    }
}
