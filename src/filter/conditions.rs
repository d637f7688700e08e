//! What rules ask for apart from their words: a zone of the document, languages and hosts, no exception on the same lines,
//! a neighbour. Matches are made first; here those are dropped for which it does not hold.

use crate::automaton::DfaCache;
use crate::document::Document;
use crate::filter::lazy::LazyRegex;
use crate::mark::Mark;
use crate::pack::RuleSet;
use crate::rule::{Category, Effect, Rule, RuleId, Zone};
use crate::span::Span;
use crate::view::View;
use rustc_hash::FxHashMap;

/// Head and tail are at least so many lines.
const ZONE_LINES: usize = 8;

/// The conditions of rules.
#[derive(Default)]
pub(super) struct Conditions {
    by_rule: FxHashMap<RuleId, Asked>,
}

/// What a rule asks for.
pub(super) struct Asked {
    zone: Zone,
    unless: Vec<LazyRegex>,
    near: Option<(Vec<Category>, usize)>,
    /// Whether it is bound to languages or hosts.
    is_bound: bool,
    /// Whether it is on, and whether the line model wants to know what it finds.
    pub is_on: bool,
    pub hints: bool,
}

impl Conditions {
    pub(super) fn add(&mut self, id: RuleId, rule: &Rule, is_on: bool, hints: bool) {
        let asked = Asked {
            zone: rule.zone,
            unless: rule
                .unless
                .iter()
                .map(|source| LazyRegex::new(source.clone(), true))
                .collect(),
            near: rule
                .near
                .as_ref()
                .map(|near| (near.categories.clone(), near.within)),
            is_bound: !rule.languages.is_empty() || !rule.hosts.is_empty(),
            is_on,
            hints,
        };
        self.by_rule.insert(id, asked);
    }

    /// What a rule that was added asks for.
    pub(super) fn of(&self, rule: RuleId) -> Option<&Asked> {
        self.by_rule.get(&rule)
    }

    /// Drops marks whose conditions do not hold: language and host, zone, `unless`, then `near`, which looks only at
    /// marks that do not themselves depend on neighbours.
    pub(super) fn apply(
        &self,
        rules: &RuleSet,
        view: &View<'_>,
        marks: impl Iterator<Item = Mark>,
        states: &mut DfaCache,
    ) -> Vec<Mark> {
        let document = view.document();
        let holds = |mark: &Mark| {
            let Some(conditions) = self.of(mark.rule()) else {
                return true;
            };
            // The language is asked for last, for it may have to be guessed.
            let suits =
                |rule: &Rule| rule.lives(document.host()) && rule.speaks(|| view.language());
            in_zone(view, conditions.zone, mark.span())
                && !conditions
                    .unless
                    .iter()
                    .any(|unless| hits(unless, document, mark.span(), states))
                && (!conditions.is_bound || suits(rules.get(mark.rule())))
        };
        let marks: Vec<Mark> = marks.filter(holds).collect();
        let near = |mark: &Mark| {
            self.of(mark.rule())
                .and_then(|conditions| conditions.near.as_ref())
        };
        if !marks.iter().any(|mark| near(mark).is_some()) {
            return marks;
        }
        let mut firm: Vec<(Category, usize)> = Vec::new();
        for mark in marks.iter().filter(|mark| near(mark).is_none()) {
            let rule = rules.get(mark.rule());
            if rule.effect == Effect::Remove {
                firm.extend(view.lines_of(mark.span()).map(|line| (rule.category, line)));
            }
        }
        firm.sort_unstable();
        let has_neighbour = |mark: &Mark| {
            near(mark).is_none_or(|(categories, within)| {
                let lines = view.lines_of(mark.span());
                let (from, to) = (lines.start.saturating_sub(*within), lines.end + within);
                categories.iter().any(|&category| {
                    let first = firm.partition_point(|&neighbour| neighbour < (category, from));
                    let mut neighbours = firm[first..]
                        .iter()
                        .take_while(|&&(own, line)| own == category && line < to);
                    neighbours.any(|(_, line)| !lines.contains(line))
                })
            })
        };
        marks.into_iter().filter(has_neighbour).collect()
    }
}

/// Whether an exception hits on the lines that a span touches.
fn hits(unless: &LazyRegex, document: &Document<'_>, span: Span, states: &mut DfaCache) -> bool {
    let start = document.line(document.line_at(span.start())).start();
    let end = document
        .line(document.line_at(span.end().saturating_sub(1)))
        .end();
    unless.is_match(&document.text()[start..end], states)
}

fn in_zone(view: &View<'_>, zone: Zone, span: Span) -> bool {
    let count = view.line_count();
    let reach = ZONE_LINES.max(count.div_ceil(5));
    match zone {
        Zone::Anywhere => true,
        Zone::Head => view.lines_of(span).end <= reach,
        Zone::Tail => view.lines_of(span).start + reach >= count,
    }
}
