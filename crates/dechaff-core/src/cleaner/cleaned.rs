//! The result of cleaning a document, and how overlapping marks become disjoint removals.

use crate::mark::{Mark, Score};
use crate::rules::RuleSet;
use crate::text::Span;
use dechaff_rules::rule::RuleId;
use std::borrow::Cow;

/// A mark that a keep rule vetoed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Veto {
    /// What would have been removed, and by which rule.
    pub mark: Mark,
    /// The keep rule.
    pub by: RuleId,
}

/// One removed span, and the rules that took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// What was removed, in bytes of the source text.
    pub span: Span,
    /// The rule that took it; of several the surest.
    pub rule: RuleId,
    /// The other rules that took it too.
    pub also: Vec<RuleId>,
    /// How sure the mark was.
    pub score: Score,
}

impl Removal {
    /// Iterates over all rules that removed the span: [`rule`](Self::rule) first, then those of [`also`](Self::also).
    pub fn rules(&self) -> impl Iterator<Item = RuleId> + '_ {
        std::iter::once(self.rule).chain(self.also.iter().copied())
    }
}

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing was found.
    Clean,
    /// Something was removed.
    Changed,
    /// More would have been removed than the guard allows, so nothing was.
    Held {
        /// The share of bytes that would have gone, 0 to 1.
        share: f64,
    },
}

/// A cleaned document: what is kept, what was removed, and why.
///
/// The kept and the removed spans partition the source.
#[derive(Clone, Debug)]
pub struct Cleaned<'t> {
    source: &'t str,
    removals: Vec<Removal>,
    vetoed: Vec<Veto>,
    outcome: Outcome,
}

impl<'t> Cleaned<'t> {
    /// Resolves the marks of a document to removals. The document is held if they cover more than the share `max_removed`
    /// of its bytes.
    pub(super) fn new(
        source: &'t str,
        marks: Vec<Mark>,
        vetoed: Vec<Veto>,
        rules: &RuleSet,
        max_removed: f64,
    ) -> Self {
        let removals = resolve_overlaps(marks, rules);
        let bytes: usize = removals.iter().map(|removal| removal.span.len()).sum();
        let share = bytes as f64 / source.len().max(1) as f64;
        let outcome = match bytes {
            0 => Outcome::Clean,
            _ if share > max_removed => Outcome::Held { share },
            _ => Outcome::Changed,
        };
        Self {
            source,
            removals,
            vetoed,
            outcome,
        }
    }

    /// The cleaned text; borrowed from the source where nothing is removed.
    #[must_use]
    pub fn text(&self) -> Cow<'t, str> {
        if self.outcome != Outcome::Changed {
            return Cow::Borrowed(self.source);
        }
        let mut text = String::with_capacity(self.source.len());
        self.kept()
            .for_each(|span| text.push_str(&self.source[span.range()]));
        Cow::Owned(text)
    }

    /// The source text.
    #[must_use]
    pub fn source(&self) -> &'t str {
        self.source
    }

    /// What is kept: the spans between the removals, in order.
    pub fn kept(&self) -> impl Iterator<Item = Span> + '_ {
        let mut from = 0;
        let end = Span::from_offsets(self.source.len(), self.source.len());
        let removed = self.removals().iter().map(|removal| removal.span);
        removed
            .chain(std::iter::once(end))
            .map(move |removed| {
                let kept = Span::from_offsets(from, removed.start());
                from = removed.end();
                kept
            })
            .filter(|span| !span.is_empty())
    }

    /// What was removed: disjoint spans, in order. Nothing if the document is held.
    #[must_use]
    pub fn removals(&self) -> &[Removal] {
        if self.outcome == Outcome::Changed {
            &self.removals
        } else {
            &[]
        }
    }

    /// What was found, whether or not the document is held.
    #[must_use]
    pub fn found(&self) -> &[Removal] {
        &self.removals
    }

    /// What keep rules saved.
    #[must_use]
    pub fn vetoed(&self) -> &[Veto] {
        &self.vetoed
    }

    /// What became of the document.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }
}

/// Cuts marks that may overlap into disjoint removals, each with all rules that took it.
fn resolve_overlaps(marks: Vec<Mark>, rules: &RuleSet) -> Vec<Removal> {
    let mut marks = marks;
    marks.sort_unstable();
    let mut edges: Vec<usize> = marks
        .iter()
        .flat_map(|mark| [mark.span().start(), mark.span().end()])
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let mut removals: Vec<Removal> = Vec::new();
    let mut active: Vec<Mark> = Vec::new();
    let mut next = 0;
    for edge in edges.windows(2) {
        active.retain(|mark| mark.span().end() > edge[0]);
        while next < marks.len() && marks[next].span().start() == edge[0] {
            active.push(marks[next]);
            next += 1;
        }
        let mut takers: Vec<Mark> = active.clone();
        takers.sort_unstable_by_key(|mark| (rules.get(mark.rule()).confidence, mark.rule()));
        takers.dedup_by_key(|mark| mark.rule());
        let Some((first, others)) = takers.split_first() else {
            continue;
        };
        let also: Vec<RuleId> = others.iter().map(|mark| mark.rule()).collect();
        match removals.last_mut() {
            Some(last)
                if last.span.end() == edge[0]
                    && (last.rule, last.score) == (first.rule(), first.score())
                    && last.also == also =>
            {
                last.span = Span::from_offsets(last.span.start(), edge[1]);
            }
            _ => removals.push(Removal {
                span: Span::from_offsets(edge[0], edge[1]),
                rule: first.rule(),
                also,
                score: first.score(),
            }),
        }
    }
    removals
}
