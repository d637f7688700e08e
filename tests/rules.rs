//! One named test for each example of each built-in rule.

#![allow(clippy::expect_used, reason = "this is a test")]

use dechaff::verify::{Verifier, cases};
use dechaff::{Effect, RuleSet};
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
        "every category but the model's has a rule",
        || {
            let removing = || {
                rules
                    .iter()
                    .filter(|(_, rule)| rule.effect == Effect::Remove)
            };
            let missing: Vec<&str> = dechaff::Category::ALL
                .iter()
                .filter(|&&category| {
                    category != dechaff::Category::Other
                        && !removing().any(|(_, rule)| rule.category == category)
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
