//! Runs each example of each built-in rule as a named test, and two tests of the built-in packs as
//! a whole.

#![allow(clippy::expect_used, reason = "this is a test")]

use dechaff::verify::{Verifier, cases};
use dechaff::{Category, Effect, RuleSet};
use libtest_mimic::{Arguments, Trial};

fn main() {
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
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
