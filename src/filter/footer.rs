//! The run of newsroom lines at the very end of a document. Its lines are told by cues, which alone would be too weak:
//! "For more stories, check our news page" is chaff at the end and may be anything in the middle.

use crate::filter::{Filter, Scratch, Stage};
use crate::mark::Marks;
use crate::rule::{Cue, RuleId};
use crate::view::{View, has_word};

#[derive(Debug)]
pub(super) struct Footer {
    pub(super) rule: RuleId,
}

impl Filter for Footer {
    fn stage(&self) -> Stage {
        Stage::Structure
    }

    fn mark(&self, view: &View<'_>, marks: &mut Marks, _: &mut Scratch) {
        for line in (0..view.line_count()).rev() {
            if view.has_cue(line, Cue::Footer) {
                marks.add(view.span(line), self.rule);
            } else if !view.is_cut(line) && has_word(view.text(line)) {
                break;
            }
        }
    }
}
