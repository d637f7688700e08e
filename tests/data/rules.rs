//! The examples of the built-in rules, each as a named test, and tests of how the packs are written.

use crate::{checkout_trial, pack_sources, root};
use dechaff::verify::{Verifier, cases};
use dechaff::{Category, Effect, RuleSet};
use libtest_mimic::Trial;
use std::collections::BTreeMap;
use std::fs;

/// Maximum length of an exception that more than two rules may write out, in code points.
const MAX_REPEATED_EXCEPTION: usize = 25;

/// Returns a test for each example of each built-in rule, and tests of the packs as a whole.
pub fn trials() -> Vec<Trial> {
    let rules: &'static RuleSet = Box::leak(Box::new(RuleSet::built_in()));
    let verifier = Verifier::new(rules).expect("the built-in rules compile");
    let mut trials: Vec<Trial> = cases(rules)
        .into_iter()
        .map(|case| {
            let verifier = verifier.clone();
            Trial::test(case.name(), move || verifier.run(&case).map_err(Into::into))
        })
        .collect();
    trials.push(Trial::test(
        "every category except the model's has a rule that removes",
        || {
            let missing: Vec<&str> = Category::ALL
                .iter()
                .filter(|&&category| {
                    category != Category::Other
                        && !rules.iter().any(|(_, rule)| {
                            rule.effect == Effect::Remove && rule.category == category
                        })
                })
                .map(|category| category.name())
                .collect();
            if missing.is_empty() {
                Ok(())
            } else {
                Err(format!("no rule removes {missing:?}").into())
            }
        },
    ));
    trials.push(Trial::test("the built-in packs pass the lint", || {
        dechaff::lint_built_in().map_err(|error| error.to_string().into())
    }));
    trials.extend([
        checkout_trial(
            "rules::no_phrase_or_pattern_continues_on_the_next_line",
            no_phrase_or_pattern_continues_on_the_next_line,
        ),
        checkout_trial(
            "rules::long_exceptions_are_written_once_or_twice",
            long_exceptions_are_written_once_or_twice,
        ),
        checkout_trial("rules::shared_sets_are_used", shared_sets_are_used),
        Trial::test("every exception is there once", || {
            every_exception_is_there_once();
            Ok(())
        }),
    ]);
    trials
}

/// A backslash at the end of a line breaks alternatives in the middle, so that none of them can be
/// found or compared. A list, or a set, has one of them in each line.
fn no_phrase_or_pattern_continues_on_the_next_line() {
    for (path, source) in pack_sources() {
        let mut key = "";
        for (index, line) in source.lines().enumerate() {
            if !line.starts_with([' ', ']', '#']) {
                key = line.split([' ', '.']).next().unwrap_or_default();
            }
            assert!(
                !(["phrase", "pattern", "unless"].contains(&key) && line.ends_with('\\')),
                "{}:{}: the {key} continues on the next line; use a list or a set",
                path.display(),
                index + 1
            );
        }
    }
}

fn long_exceptions_are_written_once_or_twice() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (_, source) in pack_sources() {
        let pack: toml::Table = toml::from_str(&source).unwrap();
        let rules = pack["rule"].as_array().unwrap();
        for exceptions in rules.iter().filter_map(|rule| rule.get("unless")) {
            for exception in exceptions.as_array().unwrap() {
                let exception = exception.as_str().unwrap().to_owned();
                *counts.entry(exception).or_default() += 1;
            }
        }
    }
    counts.retain(|exception, count| {
        *count > 2 && exception.chars().count() > MAX_REPEATED_EXCEPTION
    });
    assert!(counts.is_empty(), "make these a set: {counts:?}");
}

/// No rule has the same exception twice, nor an exception the same alternative.
fn every_exception_is_there_once() {
    for (_, rule) in RuleSet::built_in().iter() {
        let mut parts: Vec<&str> = rule.unless.iter().map(String::as_str).collect();
        let groups = rule.unless.iter().flat_map(|exception| {
            let starts = exception.split('(').skip(1);
            starts.filter_map(|start| start.split_once(')').map(|(group, _)| group))
        });
        for group in groups {
            let mut alternatives: Vec<&str> = group.trim_start_matches("?:").split('|').collect();
            let count = alternatives.len();
            alternatives.sort_unstable();
            alternatives.dedup();
            assert_eq!(count, alternatives.len(), "{}: {group}", rule.name);
        }
        parts.sort_unstable();
        parts.dedup();
        assert_eq!(parts.len(), rule.unless.len(), "{}", rule.name);
    }
}

fn shared_sets_are_used() {
    let path = root().join("crates/dechaff-core/rules/sets.toml");
    let sets = fs::read_to_string(path).unwrap();
    let table: toml::Table = toml::from_str(&sets).unwrap();
    let sources: String = pack_sources()
        .into_iter()
        .map(|(_, source)| source)
        .collect();
    for name in table["sets"].as_table().unwrap().keys() {
        assert!(
            sources.contains(&format!("${{{name}}}")),
            "no pack uses the set {name}"
        );
    }
}
