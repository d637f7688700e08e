//! Which clause of a rule matched: one of its phrases, labels or patterns.
//!
//! The search reports the rule only. To find the clause, each rule that matched is split into one
//! rule per clause, and the document is searched again with these alone. They have no conditions,
//! since those of the rule are known to hold.

use crate::cleaner::{Cleaner, Scratch};
use crate::error::Error;
use crate::mark::Mark;
use crate::rules::RuleSet;
use crate::text::{Document, Span};
use dechaff_rules::rule::{Level, Matcher, Rule, RuleId, Zone};
use dechaff_rules::{CompiledRules, StringList};
use rustc_hash::FxHashMap;

/// Returns for each of `marks`, which `document` got from `rules`, the clause that matched, as
/// written in the pack; of several, the first. `None` for rules without clauses, such as the line
/// model and vocabularies.
///
/// # Errors
/// Those of [`Builder::build`](crate::Builder::build).
pub fn clauses<'r>(
    rules: &'r RuleSet,
    document: &Document<'_>,
    marks: &[Mark],
    scratch: &mut Scratch,
) -> Result<Vec<Option<&'r str>>, Error> {
    let mut ids: Vec<RuleId> = marks.iter().map(|mark| mark.rule()).collect();
    ids.sort_unstable();
    ids.dedup();
    let (mut split, mut origins) = (CompiledRules::default(), Vec::new());
    for id in ids {
        let rule = rules.get(id);
        for (number, clause) in sources(rule)
            .into_iter()
            .flat_map(StringList::iter)
            .enumerate()
        {
            split.add_rule(single(rule, number, clause));
            origins.push((id, clause));
        }
    }
    let cleaner = Cleaner::builder()
        .rules(split.into())
        .level(Level::Thorough)
        .max_removed(1.0)
        .build()?;
    let (found, _) = cleaner.marks(document, scratch);
    let mut clauses: FxHashMap<(Span, RuleId), (usize, &str)> = FxHashMap::default();
    for mark in found {
        let number = mark.rule().index();
        let (id, clause) = origins[number];
        let first = clauses.entry((mark.span(), id)).or_insert((number, clause));
        if number < first.0 {
            *first = (number, clause);
        }
    }
    Ok(marks
        .iter()
        .map(|mark| Some(clauses.get(&(mark.span(), mark.rule()))?.1))
        .collect())
}

/// Returns the clauses of a rule as written in the pack, if it has any.
fn sources(rule: &Rule) -> Option<&StringList> {
    match &rule.matcher {
        Matcher::Phrases { phrases: list, .. }
        | Matcher::Labels(list)
        | Matcher::Patterns { patterns: list, .. } => Some(list),
        Matcher::Words { .. } | Matcher::Filter(_) => None,
    }
}

/// Returns the rule with this clause only, without conditions.
fn single(rule: &Rule, number: usize, clause: &str) -> Rule {
    let list: StringList = [clause].into_iter().collect();
    let matcher = match &rule.matcher {
        Matcher::Phrases { line, .. } => Matcher::Phrases {
            phrases: list,
            line: *line,
        },
        Matcher::Patterns { line, .. } => Matcher::Patterns {
            patterns: list,
            line: *line,
        },
        _ => Matcher::Labels(list),
    };
    Rule {
        name: format!("{}/{number}", rule.name),
        matcher,
        zone: Zone::Anywhere,
        unless: Vec::new(),
        near: None,
        languages: Vec::new(),
        hosts: Vec::new(),
        ..rule.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ExplainOptions;

    #[test]
    fn the_clause_that_matched_is_found() {
        let pack = "[pack]\nname = 'mine'\n\n[[rule]]\nid = 'ferry'\ndescription = 'An advert.'\n\
                    category = 'advert'\nconfidence = 'certain'\n\
                    phrase = ['book your ferry today', 'sail with us {..2} today']\n\
                    examples.match = ['Book your ferry today', 'Sail with us today']\n\
                    examples.no_match = ['Book it.', 'They sail.']\n";
        let mut rules = RuleSet::built_in();
        rules.add_pack(pack, "mine.toml").unwrap();
        let builder = Cleaner::builder().rules(rules).only(["mine"]);
        let cleaner = builder.build().unwrap();
        let document = Document::new("It rained.\nSail with us again today\n").unwrap();
        let (options, mut scratch) = (
            ExplainOptions {
                all_lines: false,
                max_features: 0,
            },
            Scratch::default(),
        );
        let marks = cleaner.explain(&document, &options, &mut scratch).marks;
        let found = clauses(cleaner.rules(), &document, &marks, &mut scratch).unwrap();
        assert_eq!(found, [Some("sail with us {..2} today")]);
    }
}
