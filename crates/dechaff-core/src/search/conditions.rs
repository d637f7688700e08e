//! Conditions: what must hold, besides the match, for a rule to apply.
//!
//! A rule can be bound to a zone of the document, to languages and to hosts. It can have exceptions
//! (`unless`), and it can require that something of certain categories is removed nearby (`near`).
//! Conditions are checked after the whole document has been searched. Few matches get that far, and
//! `near` depends on the other matches.
//!
//! They are checked from the cheapest to the most expensive:
//!
//! 1. **Zone**: a comparison of line numbers. The head and the tail of a document are a fifth of
//!    its lines each, but at least [`MIN_ZONE_LINES`]. Blank lines are not counted.
//! 2. **Exceptions**: regexes without regard to case, on all lines that the match touches, as they
//!    are in the source.
//! 3. **Host and language**: two lookups, but the language may first have to be detected from the
//!    text.
//! 4. **Neighbours**: for the marks that are left. Only marks without a `near` condition count as
//!    neighbours; otherwise the result would depend on the order in which marks are checked, and
//!    two weak rules could confirm each other.
//!
//! For example, a rule with the phrase `follow us` and
//!
//! ```toml
//! zone = "tail"
//! unless = ['\bsaid\b']
//! near = ["share"]
//! ```
//!
//! in a document of 40 lines that ends in
//!
//! ```text
//! line 30    Follow us, she said, and you will be safe.
//! line 35    Follow us, the guide said.
//! line 37    Follow us
//! line 38    Facebook
//! ```
//!
//! matches on lines 30, 35 and 37, counted from 0. Line 30 is not among the last eight lines. Line
//! 35 has an exception. The rule removes line 37 if another rule of the category `share` removes
//! line 38.

use super::dfa::DfaCache;
use super::regex::LazyRegex;
use crate::mark::Mark;
use crate::rules::RuleSet;
use crate::steps;
use crate::text::{Document, Span, View};
use dechaff_rules::rule::{Category, Effect, Rule, RuleId, Zone};
use rustc_hash::FxHashMap;

/// Least number of lines that the head and the tail of a document have, not counting blank lines.
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
    near: Option<NearCondition>,
    /// Whether the rule is bound to languages or hosts.
    is_bound: bool,
}

/// A condition on the marks of other rules nearby.
struct NearCondition {
    /// Categories, one of which the neighbour must have.
    categories: Vec<Category>,
    /// Greatest distance of the neighbour, in lines that are not blank.
    within: usize,
}

impl Conditions {
    /// Adds the conditions of a rule. A rule without conditions is not stored, so that its matches
    /// cost one failed lookup in [`check`](Self::check).
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
            near: rule.near.as_ref().map(|near| NearCondition {
                categories: near.categories.clone(),
                within: near.within,
            }),
            is_bound,
        };
        self.by_rule.insert(id, conditions);
    }

    /// Removes the marks of which a condition does not hold that does not depend on other marks.
    pub(super) fn check_alone(
        &self,
        rules: &RuleSet,
        view: &View<'_>,
        marks: &mut Vec<Mark>,
        dfas: &mut DfaCache,
    ) {
        let mut exceptions = CheckedExceptions::default();
        marks.retain(|mark| {
            let rule = rules.get(mark.rule());
            self.applies(rule, view, *mark, &mut exceptions, dfas)
        });
    }

    /// Returns the marks whose rules have no `near` condition or a neighbour among `marks`, in the
    /// same order. [`check_alone`](Self::check_alone) must have checked the marks before.
    pub(super) fn check_neighbours(
        &self,
        rules: &RuleSet,
        view: &View<'_>,
        marks: Vec<Mark>,
    ) -> Vec<Mark> {
        if !marks.iter().any(|mark| self.near(*mark).is_some()) {
            return marks;
        }
        let neighbours = self.neighbours(rules, view, &marks);
        marks
            .into_iter()
            .filter(|mark| {
                self.near(*mark)
                    .is_none_or(|near| has_neighbour(&neighbours, near, view, mark.span()))
            })
            .collect()
    }

    /// Returns whether the conditions on a mark of `rule` hold that do not depend on other marks.
    /// The language is checked last, because it may have to be detected.
    fn applies(
        &self,
        rule: &Rule,
        view: &View<'_>,
        mark: Mark,
        exceptions: &mut CheckedExceptions,
        dfas: &mut DfaCache,
    ) -> bool {
        let Some(conditions) = self.by_rule.get(&mark.rule()) else {
            return true;
        };
        let document = view.document();
        in_zone(view, conditions.zone, mark.span())
            && !exceptions.any_matches(&conditions.unless, document, mark, dfas)
            && (!conditions.is_bound
                || (rule.applies_to_host(document.host())
                    && rule.applies_to_language(|| view.language())))
    }

    fn near(&self, mark: Mark) -> Option<&NearCondition> {
        self.by_rule.get(&mark.rule())?.near.as_ref()
    }

    /// Returns the category and line of everything that removal rules without a `near` condition
    /// mark, sorted. A mark of several lines yields one pair per line.
    fn neighbours(
        &self,
        rules: &RuleSet,
        view: &View<'_>,
        marks: &[Mark],
    ) -> Vec<(Category, usize)> {
        let mut neighbours: Vec<(Category, usize)> = Vec::new();
        for mark in marks.iter().filter(|mark| self.near(**mark).is_none()) {
            let rule = rules.get(mark.rule());
            if rule.effect == Effect::Remove {
                neighbours.extend(view.lines_of(mark.span()).map(|line| (rule.category, line)));
            }
        }
        neighbours.sort_unstable();
        // A long line may have many matches.
        neighbours.dedup();
        neighbours
    }
}

/// Returns whether `neighbours`, which are sorted, has a line of one of the condition's categories
/// within its distance of `span`. The lines of the span itself do not count.
fn has_neighbour(
    neighbours: &[(Category, usize)],
    near: &NearCondition,
    view: &View<'_>,
    span: Span,
) -> bool {
    let lines = view.lines_of(span);
    let from = lines.start.saturating_sub(near.within);
    let to = lines.end + near.within;
    near.categories.iter().any(|&category| {
        let first = neighbours.partition_point(|&neighbour| neighbour < (category, from));
        neighbours[first..]
            .iter()
            .take_while(|&&(other, line)| other == category && line < to)
            .inspect(|_| steps::count(1))
            .any(|(_, line)| !lines.contains(line))
    })
}

/// For each rule, the last lines in which its exceptions were searched, and whether one matched. A
/// rule may match many times on one long line, which must not be searched again each time.
#[derive(Default)]
struct CheckedExceptions(FxHashMap<RuleId, (Span, bool)>);

impl CheckedExceptions {
    /// Returns whether one of the exceptions of the mark's rule matches anywhere in the lines that
    /// the mark touches. The lines are searched as one text, so that an exception may match across
    /// their ends.
    fn any_matches(
        &mut self,
        unless: &[LazyRegex],
        document: &Document<'_>,
        mark: Mark,
        dfas: &mut DfaCache,
    ) -> bool {
        if unless.is_empty() {
            return false;
        }
        let span = mark.span();
        let first = document.line(document.line_at(span.start()));
        let last = document.line(document.line_at(span.end().saturating_sub(1)));
        let lines = Span::from_offsets(first.start(), last.end());
        if let Some(&(checked, matches)) = self.0.get(&mark.rule())
            && checked == lines
        {
            return matches;
        }
        let text = &document.text()[lines.range()];
        let matches = unless.iter().any(|unless| unless.is_match(text, dfas));
        self.0.insert(mark.rule(), (lines, matches));
        matches
    }
}

/// Returns whether a span is wholly in the head or tail of the document, which are a fifth of its
/// lines, rounded up, and at least [`MIN_ZONE_LINES`]. In a short document every line is in both.
fn in_zone(view: &View<'_>, zone: Zone, span: Span) -> bool {
    let count = view.line_count();
    let zone_lines = MIN_ZONE_LINES.max(count.div_ceil(5));
    match zone {
        Zone::Anywhere => true,
        Zone::Head => view.lines_of(span).end <= zone_lines,
        Zone::Tail => view.lines_of(span).start + zone_lines >= count,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::RuleSet;
    use crate::search::{Search, SearchBuffers};
    use crate::text::{Document, TextLines, View};
    use dechaff_rules::CompiledRules;

    #[test]
    fn the_example_of_the_overview_holds() {
        let pack = r#"
            [pack]
            name = "example"
            description = "The example."
            [[rule]]
            id = "follow"
            description = "The example's rule."
            category = "other"
            confidence = "certain"
            phrase = "follow us"
            zone = "tail"
            unless = ['\bsaid\b']
            near = ["share"]
            examples.match = ["One.", "Two."]
            examples.no_match = ["Three.", "Four."]
            [[rule]]
            id = "network"
            description = "A neighbour."
            category = "share"
            confidence = "certain"
            labels = ["Facebook"]
            examples.match = ["One.", "Two."]
            examples.no_match = ["Three.", "Four."]
        "#;
        let mut rules = CompiledRules::default();
        rules.add_unlinted(pack, "example").unwrap();
        let rules = RuleSet::from(rules);
        let mut lines = vec!["It rained all day."; 40];
        lines[30] = "Follow us, she said, and you will be safe.";
        lines[35] = "Follow us, the guide said.";
        lines[37] = "Follow us";
        lines[38] = "Facebook";
        let text = lines.join("\n");
        let document = Document::new(&text).unwrap();
        let lines = TextLines::new(&document, Vec::new());
        let view = View::new(&lines);
        let search = Search::new(&rules, |_| true, |_| false);
        let mut buffers = SearchBuffers::default();
        let mut matches = search.find(&view, &mut buffers);
        assert_eq!(matches.len(), 4);
        search.check_alone(&view, &mut matches, &mut buffers);
        assert_eq!(matches.len(), 2);
        let checked = search.check_neighbours(&view, matches);
        let lines: Vec<usize> = checked
            .iter()
            .map(|mark| view.lines_of(mark.span()).start)
            .collect();
        assert_eq!(lines, [37, 38]);
    }
}
