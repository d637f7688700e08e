//! Marks: the claims of rules on spans of a document. Every filter produces marks, and every output
//! is derived from them.

use crate::text::Span;
use dechaff_rules::rule::RuleId;

/// The score of a mark, in thousandths: 1000 for a rule, which either matches or does not; at most
/// 999 for the line model, and for a text that a site repeats, whose score is the share of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score {
    thousandths: u16,
    /// Number of pages of the site with the text; 0 unless that is why it was marked.
    pages: u32,
}

impl Score {
    /// The score of every mark that a rule makes.
    pub const RULE: Self = Self {
        thousandths: 1000,
        pages: 0,
    };

    /// Makes a score of the line model. Values above 999 become 999, so that such a score is always
    /// lower than [`RULE`](Self::RULE).
    pub(crate) fn model(thousandths: u16) -> Self {
        Self {
            thousandths: thousandths.min(999),
            pages: 0,
        }
    }

    /// Makes the score of a text that `pages` pages of a site have, which are this `share` (0 to 1)
    /// of its pages.
    #[allow(clippy::cast_sign_loss, reason = "a share is not negative")]
    pub(crate) fn repeated(pages: u64, share: f64) -> Self {
        Self {
            pages: u32::try_from(pages).unwrap_or(u32::MAX),
            ..Self::model((share * 1000.0) as u16)
        }
    }

    /// Returns the number of pages of the site that have the text; `None` unless that is why it was
    /// marked.
    #[must_use]
    pub fn pages(self) -> Option<u32> {
        (self.pages > 0).then_some(self.pages)
    }

    /// Returns the score in thousandths, from 0 to 1000. The higher the score, the more certain it
    /// is that the text is chaff.
    #[must_use]
    pub fn thousandths(self) -> u16 {
        self.thousandths
    }
}

/// The claim of one rule on one span: the rule removes the span, protects it or has a cue about its
/// lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    span: Span,
    rule: RuleId,
    score: Score,
}

impl Mark {
    /// Makes the mark of `rule` on a span of the source text, with the score [`Score::RULE`].
    #[must_use]
    pub fn new(span: Span, rule: RuleId) -> Self {
        Self {
            span,
            rule,
            score: Score::RULE,
        }
    }

    /// Returns the span that is claimed, in bytes of the source text. Where marks overlap, the
    /// union of their spans is removed.
    #[must_use]
    pub fn span(self) -> Span {
        self.span
    }

    /// Returns the id of the rule that makes the claim. It is an index into the rules of the
    /// cleaner that made the mark; the line model has a rule as well.
    #[must_use]
    pub fn rule(self) -> RuleId {
        self.rule
    }

    /// Returns the score of the claim: [`Score::RULE`] unless the line model made it or
    /// a site repeats the text.
    #[must_use]
    pub fn score(self) -> Score {
        self.score
    }

    /// Returns the same claim, with its rule and score, on another span. Used to extend a mark to
    /// the rest of a line that other marks do not remove.
    #[must_use]
    pub(crate) fn on(self, span: Span) -> Self {
        Self { span, ..self }
    }
}

/// Collects the marks of one stage. The order in which filters add them does not matter, because
/// the result is their union.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    marks: Vec<Mark>,
}

impl Marks {
    /// Adds the mark of `rule` on `span`, with the score [`Score::RULE`]. Does nothing if the span
    /// is empty.
    pub(crate) fn add(&mut self, span: Span, rule: RuleId) {
        if !span.is_empty() {
            self.marks.push(Mark::new(span, rule));
        }
    }

    /// Adds a mark whose score is not [`Score::RULE`]. Does nothing if the span is empty.
    pub(crate) fn add_scored(&mut self, span: Span, rule: RuleId, score: Score) {
        if !span.is_empty() {
            self.marks.push(Mark { span, rule, score });
        }
    }

    /// Removes and returns all marks, sorted by span, then rule. Overlapping marks of one rule are
    /// merged; marks that only touch stay apart. A merged mark has the score of the first of its
    /// marks.
    pub(crate) fn take(&mut self) -> Vec<Mark> {
        let mut marks = std::mem::take(&mut self.marks);
        marks.sort_unstable_by_key(|mark| (mark.rule, mark.span));
        marks.dedup_by(|next, last| {
            let overlap = next.rule == last.rule && next.span.start() < last.span.end();
            if overlap {
                last.span =
                    Span::from_offsets(last.span.start(), last.span.end().max(next.span.end()));
            }
            overlap
        });
        marks.sort_unstable();
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_marks_of_one_rule_are_merged() {
        let mut marks = Marks::default();
        let (a, b) = (RuleId::new(0), RuleId::new(1));
        marks.add(Span::new(2, 6), a);
        marks.add(Span::new(0, 3), a);
        marks.add(Span::new(1, 2), b);
        marks.add(Span::new(6, 8), a);
        marks.add(Span::new(5, 5), b);
        let taken: Vec<_> = marks
            .take()
            .iter()
            .map(|mark| (mark.span(), mark.rule()))
            .collect();
        assert_eq!(
            taken,
            [
                (Span::new(0, 6), a),
                (Span::new(1, 2), b),
                (Span::new(6, 8), a)
            ]
        );
    }
}
