//! The filter of the match stage: marks what the search finds, and reports what all built-in rules
//! find for the line model.

use crate::mark::{Mark, Marks};
use crate::rules::RuleSet;
use crate::search::{Search, SearchBuffers};
use crate::text::{Span, View};
use dechaff_rules::rule::{Category, Confidence, Effect, Rule, RuleId};
use std::ops::Range;

/// A match of a built-in rule, as a feature of the line model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleHit {
    pub span: Span,
    pub effect: Effect,
    pub category: Category,
    pub confidence: Confidence,
}

/// Marks the matches of phrases, patterns, labels and vocabularies.
#[derive(Debug)]
pub(crate) struct MatchFilter {
    rules: RuleSet,
    search: Search,
    /// Whether each rule is enabled, by the index of its id.
    enabled: Vec<bool>,
    /// Whether [`mark`](Self::mark) returns the hits of built-in rules.
    collects_hits: bool,
}

impl MatchFilter {
    /// Makes the filter for the rules that `is_enabled` selects. With `collects_hits` it searches
    /// for all built-in rules as well, so that [`mark`](Self::mark) can report what they find no
    /// matter which rules the user chose.
    pub(crate) fn new(
        rules: &RuleSet,
        is_enabled: impl Fn(RuleId) -> bool,
        collects_hits: bool,
    ) -> Self {
        let enabled: Vec<bool> = rules.iter().map(|(id, _)| is_enabled(id)).collect();
        // A rule whose hits are collected must be searched for on every line, even if it only
        // protects.
        let search = Search::new(
            rules,
            |id| enabled[id.index()] || (collects_hits && rules.is_built_in(id)),
            |id| !(collects_hits && rules.is_built_in(id)),
        );
        Self {
            rules: rules.clone(),
            search,
            enabled,
            collects_hits,
        }
    }

    /// Adds the marks of enabled rules. Returns the hits of all built-in rules in the order of
    /// their spans; none unless the filter collects them.
    pub(crate) fn mark(
        &self,
        view: &View<'_>,
        marks: &mut Marks,
        buffers: &mut SearchBuffers,
    ) -> Vec<RuleHit> {
        let mut matches = self.search.find(view, buffers);
        self.search.check_alone(view, &mut matches, buffers);
        let hits = if self.collects_hits {
            self.hits(view, &matches)
        } else {
            Vec::new()
        };
        matches.retain(|mark| self.enabled[mark.rule().index()]);
        for mark in self.search.check_neighbours(view, matches) {
            marks.add(mark.span(), mark.rule());
        }
        hits
    }

    /// Returns the matches of built-in rules whose conditions hold, as hits. Rules count whether or
    /// not they are enabled, so that the features of the model do not depend on the user's choice.
    /// All conditions but those on neighbours must have been checked.
    fn hits(&self, view: &View<'_>, matches: &[Mark]) -> Vec<RuleHit> {
        let built_in = matches
            .iter()
            .copied()
            .filter(|mark| self.rules.is_built_in(mark.rule()));
        self.search
            .check_neighbours(view, built_in.collect())
            .into_iter()
            .map(|mark| {
                let &Rule {
                    effect,
                    category,
                    confidence,
                    ..
                } = self.rules.get(mark.rule());
                RuleHit {
                    span: mark.span(),
                    effect,
                    category,
                    confidence,
                }
            })
            .collect()
    }

    /// Returns whether the search left out protecting marks, so that [`protect`](Self::protect) has
    /// to be called.
    pub(crate) fn leaves_protection(&self) -> bool {
        self.search.has_protection()
    }

    /// Adds the protecting marks in `lines` that the search left for when something there is about
    /// to be removed. Call it at most once per line, and with whole hard-wrapped paragraphs.
    pub(crate) fn protect(
        &self,
        view: &View<'_>,
        lines: Range<usize>,
        marks: &mut Marks,
        buffers: &mut SearchBuffers,
    ) {
        for mark in self.search.find_protection(view, lines, buffers) {
            marks.add(mark.span(), mark.rule());
        }
    }
}
