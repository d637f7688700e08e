//! The examples of the built-in rules, each as a named test.

use dechaff::verify::{Verifier, cases};
use dechaff::{Category, Effect, RuleSet};
use libtest_mimic::Trial;

/// Returns a test for each example of each built-in rule, and two tests of the packs as a whole.
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
    trials
}
