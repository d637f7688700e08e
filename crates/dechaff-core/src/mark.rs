//! A rule's claim on a span of a document: the one kind of finding that every filter makes and every output reads.

use crate::text::Span;
use dechaff_rules::rule::RuleId;

/// How sure a mark is, in thousandths: 1000 for a rule, which either matches or does not; less for the line model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(u16);

impl Score {
    /// The score of a rule's mark.
    pub const RULE: Self = Self(1000);

    /// The score of the line model, in thousandths; more than 999 counts as that.
    pub(crate) fn model(thousandths: u16) -> Self {
        Self(thousandths.min(999))
    }

    /// The score in thousandths, 0 to 1000.
    #[must_use]
    pub fn thousandths(self) -> u16 {
        self.0
    }
}

/// One rule's claim on one span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    span: Span,
    rule: RuleId,
    score: Score,
}

impl Mark {
    /// A rule's mark on a span of the source text.
    #[must_use]
    pub fn new(span: Span, rule: RuleId) -> Self {
        Self {
            span,
            rule,
            score: Score::RULE,
        }
    }

    /// What is claimed, in bytes of the source text.
    #[must_use]
    pub fn span(self) -> Span {
        self.span
    }

    /// Whose claim it is.
    #[must_use]
    pub fn rule(self) -> RuleId {
        self.rule
    }

    /// How sure it is.
    #[must_use]
    pub fn score(self) -> Score {
        self.score
    }

    /// The same claim on another span.
    #[must_use]
    pub(crate) fn on(self, span: Span) -> Self {
        Self { span, ..self }
    }
}

/// Where filters put their marks. Order does not matter: a stage takes the union.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    marks: Vec<Mark>,
}

impl Marks {
    /// Adds a rule's claim on a span. Empty spans are left out.
    pub(crate) fn add(&mut self, span: Span, rule: RuleId) {
        if !span.is_empty() {
            self.marks.push(Mark::new(span, rule));
        }
    }

    /// Adds a claim of the line model.
    pub(crate) fn add_scored(&mut self, span: Span, rule: RuleId, score: Score) {
        if !span.is_empty() {
            self.marks.push(Mark { span, rule, score });
        }
    }

    /// Takes all marks, sorted by span, then rule, each once; spans of one rule that overlap become one.
    pub(crate) fn take(&mut self) -> Vec<Mark> {
        let mut marks = std::mem::take(&mut self.marks);
        marks.sort_unstable_by_key(|mark| (mark.rule, mark.span));
        marks.dedup_by(|next, last| {
            let joins = next.rule == last.rule && next.span.start() < last.span.end();
            if joins {
                last.span =
                    Span::from_offsets(last.span.start(), last.span.end().max(next.span.end()));
            }
            joins
        });
        marks.sort_unstable();
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_one_rule_that_overlap_become_one() {
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
