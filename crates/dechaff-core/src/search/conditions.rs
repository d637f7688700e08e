//! Conditions: what must hold besides the match for a rule to apply. A zone of the document, languages and hosts, exceptions
//! (`unless`) on the same lines, a removal nearby. They are checked after all matches of a document are known.

use super::dfa::DfaCache;
use super::regex::LazyRegex;
use crate::mark::Mark;
use crate::rules::RuleSet;
use crate::text::{Document, Span, View};
use dechaff_rules::rule::{Category, Effect, Rule, RuleId, Zone};
use rustc_hash::FxHashMap;

/// Least number of lines that the head and the tail of a document have, blank lines not counted.
const MIN_ZONE_LINES: usize = 8;

/// The conditions of all rules that have any.
#[derive(Default)]
pub(super) struct Conditions {
    by_rule: FxHashMap<RuleId, RuleConditions>,
}

/// The conditions of a rule.
struct RuleConditions {
    zone: Zone,
    unless: Vec<LazyRegex>,
    near: Option<(Vec<Category>, usize)>,
    /// Whether the rule is bound to languages or hosts.
    is_bound: bool,
}

impl Conditions {
    /// Adds the conditions of a rule, if it has any.
    pub(super) fn add(&mut self, id: RuleId, rule: &Rule) {
        let is_bound = !rule.languages.is_empty() || !rule.hosts.is_empty();
        if rule.zone == Zone::Anywhere && rule.unless.is_empty() && rule.near.is_none() && !is_bound
        {
            return;
        }
        let unless = rule.unless.iter();
        let conditions = RuleConditions {
            zone: rule.zone,
            unless: unless
                .map(|source| LazyRegex::new(source.clone(), true))
                .collect(),
            near: rule
                .near
                .as_ref()
                .map(|near| (near.categories.clone(), near.within)),
            is_bound,
        };
        self.by_rule.insert(id, conditions);
    }

    /// Drops marks whose conditions do not hold: language and host, zone, `unless`, then `near`, which looks only at
    /// marks that do not themselves depend on neighbours.
    pub(super) fn check(
        &self,
        rules: &RuleSet,
        view: &View<'_>,
        marks: impl Iterator<Item = Mark>,
        dfas: &mut DfaCache,
    ) -> Vec<Mark> {
        let document = view.document();
        let holds = |mark: &Mark| {
            let Some(conditions) = self.by_rule.get(&mark.rule()) else {
                return true;
            };
            // The language is asked for last, for it may have to be guessed.
            let suits = |rule: &Rule| {
                rule.applies_to_host(document.host())
                    && rule.applies_to_language(|| view.language())
            };
            in_zone(view, conditions.zone, mark.span())
                && !conditions
                    .unless
                    .iter()
                    .any(|unless| hits(unless, document, mark.span(), dfas))
                && (!conditions.is_bound || suits(rules.get(mark.rule())))
        };
        let marks: Vec<Mark> = marks.filter(holds).collect();
        let near = |mark: &Mark| {
            self.by_rule
                .get(&mark.rule())
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
fn hits(unless: &LazyRegex, document: &Document<'_>, span: Span, dfas: &mut DfaCache) -> bool {
    let start = document.line(document.line_at(span.start())).start();
    let end = document
        .line(document.line_at(span.end().saturating_sub(1)))
        .end();
    unless.is_match(&document.text()[start..end], dfas)
}

fn in_zone(view: &View<'_>, zone: Zone, span: Span) -> bool {
    let count = view.line_count();
    let reach = MIN_ZONE_LINES.max(count.div_ceil(5));
    match zone {
        Zone::Anywhere => true,
        Zone::Head => view.lines_of(span).end <= reach,
        Zone::Tail => view.lines_of(span).start + reach >= count,
    }
}
