//! The filter that protects the ends of letters: the closing, which has a cue, and the signature below
//! it. A name or an office on a line of its own would look like furniture of a page.
//!
//! ```text
//! Yours faithfully        the cue
//!
//! [Signed] Jane Roe       short lines below it, at most MAX_LINES
//!
//! JANE ROE
//! Secretary
//! ```

use super::{EnabledRule, Filter};
use crate::mark::Marks;
use crate::text::{NormalizedText, View, word_count};
use dechaff_rules::rule::{Cue, RuleId};

/// Most lines of a closing with its signature.
const MAX_LINES: usize = 6;

/// Most words of a line of a signature.
const MAX_WORDS: usize = 8;

/// Protects closings and signatures.
#[derive(Debug)]
pub(super) struct Letters {
    rule: RuleId,
}

impl Letters {
    const RULE: &str = "keep/letter";

    /// Returns the filter, or `None` if its rule ([`RULE`](Self::RULE)) is not enabled.
    pub(super) fn new(enabled: EnabledRule<'_>) -> Option<Self> {
        enabled(Self::RULE).map(|rule| Self { rule })
    }
}

impl Filter for Letters {
    fn mark(&self, view: &View<'_>, marks: &mut Marks, _: &mut NormalizedText) {
        for closing in (0..view.line_count()).filter(|&line| view.has_cue(line, Cue::Closing)) {
            (closing..view.line_count())
                .take(MAX_LINES)
                .take_while(|&line| {
                    line == closing
                        || !view.is_cut(line) && word_count(view.text(line)) <= MAX_WORDS
                })
                .for_each(|line| marks.add(view.span(line), self.rule));
        }
    }
}
