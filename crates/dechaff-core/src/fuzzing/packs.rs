//! What must hold for every pack: reading it ends in rules or in problems with a position, and a
//! cleaner of these rules finds what each rule finds by itself and accounts for every byte.
//!
//! An input is the TOML of a pack. The rules are tried on their own examples.

use super::phrases::RuleSearch;
use super::texts::check_accounts;
use crate::built_in::{SETS, SOURCES};
use crate::text::{Document, TextLines, View};
use crate::{Cleaner, Error, Level, RuleSet, Scratch};
use dechaff_rules::CompiledRules;
use std::sync::LazyLock;

/// Bytes of examples that are cleaned.
const MAX_TEXT: usize = 2000;

/// No rules, but the sets that the built-in packs use.
static BASE: LazyLock<CompiledRules> = LazyLock::new(|| {
    let mut base = CompiledRules::default();
    base.add_sets(SETS, "sets.toml").expect("they are valid");
    base
});

/// Checks a pack. See the description of the module.
pub fn check(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    let mut rules = BASE.clone();
    let line_count = source.split('\n').count();
    match rules.add_pack(&source, "pack.toml") {
        Ok(_) => check_rules(rules),
        Err(error) => {
            assert!(!error.problems.is_empty());
            assert_eq!(rules.len(), 0, "a pack with problems adds no rule");
            for problem in &error.problems {
                assert!((1..=line_count).contains(&problem.line), "{problem}");
                assert!(
                    problem.column >= 1 && !problem.message.is_empty(),
                    "{problem}"
                );
            }
        }
    }
}

/// Checks a cleaner of `rules` on their examples.
fn check_rules(rules: CompiledRules) {
    let rules = RuleSet::from(rules);
    let mut text = String::new();
    for (_, rule) in rules.iter() {
        for example in rule
            .examples
            .matches
            .iter()
            .chain(rule.examples.non_matches.iter())
        {
            if text.len() + example.len() < MAX_TEXT {
                text.push_str(example);
                text.push_str(if text.len().is_multiple_of(2) {
                    "\n"
                } else {
                    " "
                });
            }
        }
    }
    let document = Document::new(&text).expect("the text is short");
    let lines = TextLines::new(&document, Vec::new());
    RuleSearch::new(rules.clone()).compare(&View::new(&lines));
    let cleaner = Cleaner::builder()
        .rules(rules)
        .level(Level::Thorough)
        .build();
    match cleaner {
        Ok(cleaner) => {
            let cleaned = cleaner.clean(&document, &mut Scratch::default());
            check_accounts(cleaner.rules(), &cleaned);
        }
        Err(error) => assert!(!matches!(error, Error::Pack(_)), "{error}"),
    }
}

/// Returns packs of one or two built-in rules each.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (_, source) in SOURCES {
        let mut tables = source.split("\n[[rule]]");
        let head = tables.next().unwrap_or_default();
        let tables: Vec<&str> = tables.collect();
        for some in tables.chunks(2) {
            let pack = format!("{head}\n[[rule]]{}", some.join("\n[[rule]]"));
            if pack.len() < 4000 {
                seeds.push(pack.into_bytes());
            }
        }
    }
    seeds
}
