//! The filter that removes the rest of a notice of which rules found only the first lines. Some
//! extractors break a sentence where its markup changes, so that a rule finds its start only:
//!
//! ```text
//! By entering your e-mail address you agree to our terms of use, and     a rule removed it
//! agree to receive letters from us. You understand that you can          no rule matches
//! opt out at any time.                                                   no rule matches
//! ```

use super::{EnabledRule, Filter};
use crate::mark::Marks;
use crate::text::{NormalizedText, View, ends_like_sentence, word_count};
use dechaff_rules::rule::RuleId;

/// Least number of words of a removed line that the next one can continue. Shorter ones are labels,
/// which can stand in the middle of a sentence of prose.
const MIN_WORDS: usize = 7;

/// Most words of a line that continues a notice.
const MAX_WORDS: usize = 40;

/// Most lines that continue a notice.
const MAX_LINES: usize = 3;

/// Marks the lines that continue a removed sentence.
#[derive(Debug)]
pub(super) struct Continuations {
    rule: RuleId,
}

impl Continuations {
    const RULE: &str = "structure/continuation";

    /// Returns the filter, or `None` if its rule ([`RULE`](Self::RULE)) is not enabled.
    pub(super) fn new(enabled: EnabledRule<'_>) -> Option<Self> {
        enabled(Self::RULE).map(|rule| Self { rule })
    }
}

impl Filter for Continuations {
    fn mark(&self, view: &View<'_>, marks: &mut Marks, _: &mut NormalizedText) {
        for line in 0..view.line_count() {
            if !view.is_cut(line) || word_count(view.text(line)) < MIN_WORDS {
                continue;
            }
            for next in (line + 1..view.line_count()).take(MAX_LINES) {
                if view.is_cut(next) || !continues(view, next) {
                    break;
                }
                marks.add(view.span(next), self.rule);
            }
        }
    }
}

/// Returns whether a line continues the sentence of the line before: it follows directly, starts
/// with a lowercase letter, and the line before does not end like a sentence. Hard-wrapped
/// paragraphs are judged as a whole elsewhere.
fn continues(view: &View<'_>, line: usize) -> bool {
    let (before, text) = (view.text(line - 1), view.text(line));
    view.touches_next(line - 1)
        && !view.is_wrapped(line - 1)
        && text.starts_with(char::is_lowercase)
        && (!ends_like_sentence(before) || before.ends_with(','))
        && !before.ends_with(':')
        && word_count(text) <= MAX_WORDS
}
