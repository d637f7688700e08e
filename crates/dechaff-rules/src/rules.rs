//! The rules of one or more packs, with their search plans, as one serializable value. The engine's
//! build script compiles the built-in packs to it, so that a start only has to deserialize them.

use crate::error::{PackError, Problem};
use crate::pack::{Parsed, Sets, parse};
use crate::plan::{RulePlan, plan};
use crate::rule::{Rule, RuleId};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// Rules in the order in which their packs were added, each with its search plan.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CompiledRules {
    rules: Vec<Rule>,
    plans: Vec<RulePlan>,
    by_name: FxHashMap<String, RuleId>,
    /// Descriptions of packs, by name.
    packs: FxHashMap<String, String>,
    /// The sets that packs may use besides their own.
    sets: Sets,
}

impl CompiledRules {
    /// Adds the named sets of a file that has a table `[sets]` and no rules. Packs that are added
    /// later may refer to them. `origin` names the file in messages.
    ///
    /// # Errors
    /// [`PackError`] with every problem of the file; the sets then stay as they were.
    pub fn add_sets(&mut self, source: &str, origin: &str) -> Result<(), PackError> {
        self.sets.extend(Sets::parse(source, origin)?);
        Ok(())
    }

    /// Adds the rules of a pack. `origin` names the pack in messages, usually by its path. Returns
    /// the ids of the rules that the pack replaced with `override = true`.
    ///
    /// # Errors
    /// [`PackError`] with every problem of the pack; the rules then stay as they were. Examples are
    /// not run here.
    pub fn add_pack(&mut self, source: &str, origin: &str) -> Result<Vec<RuleId>, PackError> {
        let mut parsed = parse(source, origin, true, &self.sets)?;
        parsed.problems.extend(
            parsed
                .rules
                .iter()
                .filter_map(|rule| self.name_problem(rule)),
        );
        if !parsed.problems.is_empty() {
            return Err(PackError {
                problems: parsed.problems,
            });
        }
        Ok(self.insert(parsed))
    }

    /// Adds the rules of a built-in pack without linting its phrases and patterns, which tests do.
    /// Compiling every pattern would take most of the time of a build.
    ///
    /// # Errors
    /// [`PackError`] if the pack is not valid TOML or has unknown keys.
    pub fn add_unlinted(&mut self, source: &str, origin: &str) -> Result<(), PackError> {
        self.insert(parse(source, origin, false, &self.sets)?);
        Ok(())
    }

    /// Returns what is wrong with the name of a new rule: it is taken, or there is nothing to
    /// override.
    fn name_problem(&self, rule: &Rule) -> Option<Problem> {
        let known = self.find(&rule.name).map(|id| &self.get(id).origin);
        let message = match known {
            Some((file, line)) if !rule.overrides => format!(
                "rule '{}' exists already ({file}, line {line}); choose another id, or set \
                 override = true to replace it",
                rule.name
            ),
            None if rule.overrides => {
                format!(
                    "there is no rule '{}' to override; remove override = true",
                    rule.name
                )
            }
            _ => return None,
        };
        let (origin, line) = rule.origin.clone();
        Some(Problem {
            origin,
            line,
            column: 1,
            message,
        })
    }

    /// Inserts the rules of a parsed pack; returns those that were replaced.
    fn insert(&mut self, parsed: Parsed) -> Vec<RuleId> {
        self.packs.insert(parsed.name, parsed.description);
        let mut replaced = Vec::new();
        for rule in parsed.rules {
            let plan = plan(&rule.matcher);
            if let Some(&id) = self.by_name.get(&rule.name) {
                self.plans[id.index()] = plan;
                self.rules[id.index()] = rule;
                replaced.push(id);
            } else {
                self.push(rule, plan);
            }
        }
        replaced
    }

    fn push(&mut self, rule: Rule, plan: RulePlan) {
        self.by_name
            .insert(rule.name.clone(), RuleId::new(self.rules.len()));
        self.plans.push(plan);
        self.rules.push(rule);
    }

    /// Adds a rule that was derived from another one. Its name must be new.
    pub fn add_rule(&mut self, rule: Rule) {
        let plan = plan(&rule.matcher);
        self.push(rule, plan);
    }

    /// Applies `change` to every rule. Search plans are computed again for rules whose matcher
    /// changed.
    pub fn update(&mut self, change: impl Fn(&mut Rule)) {
        for (rule, rule_plan) in self.rules.iter_mut().zip(&mut self.plans) {
            let before = rule.matcher.clone();
            change(rule);
            if rule.matcher != before {
                *rule_plan = plan(&rule.matcher);
            }
        }
    }

    /// Returns the search plan of the rule with this id.
    ///
    /// # Panics
    /// If the id belongs to another set of rules.
    #[must_use]
    pub fn plan(&self, id: RuleId) -> &RulePlan {
        &self.plans[id.index()]
    }

    /// Returns the rule with this id.
    ///
    /// # Panics
    /// If the id belongs to another set of rules.
    #[must_use]
    pub fn get(&self, id: RuleId) -> &Rule {
        &self.rules[id.index()]
    }

    /// Returns the id of the rule with this full name, such as `video/html5-upgrade`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<RuleId> {
        self.by_name.get(name).copied()
    }

    /// Returns the description that the pack of this name gives of itself; empty if it gives none.
    #[must_use]
    pub fn pack_description(&self, pack: &str) -> &str {
        self.packs.get(pack).map_or("", String::as_str)
    }

    /// Iterates over all rules in the order in which their packs were added.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (RuleId, &Rule)> {
        self.rules
            .iter()
            .enumerate()
            .map(|(index, rule)| (RuleId::new(index), rule))
    }

    /// Returns the number of rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Returns whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Confidence;

    const EXAMPLES: &str = "examples.match = ['a', 'b']\nexamples.no_match = ['c', 'd']\n";

    fn problems(rule: &str) -> String {
        let pack = format!(
            "[pack]\nname = 'p'\n\n[[rule]]\nid = 'r'\ndescription = 'D.'\n{rule}\n{EXAMPLES}"
        );
        CompiledRules::default()
            .add_pack(&pack, "p.toml")
            .map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn bad_rules_are_rejected_with_their_position() {
        let kind = "category = 'share'\nconfidence = 'certain'\n";
        for (rule, expected) in [
            (
                "phrase = 'share this story'",
                "p.toml:5:6: a rule that removes needs a category",
            ),
            (
                "category = 'chair'",
                "p.toml:7:12: unknown category 'chair'",
            ),
            (
                &format!("{kind}phrase = 'share'"),
                "p.toml:9:10: the phrase 'share' is too short",
            ),
            (
                &format!("{kind}phrase = '続きを'"),
                "p.toml:9:10: the phrase '続きを' is too short",
            ),
            (
                &format!("{kind}phrase = '[share this]'"),
                "p.toml:9:10: in '[share this]': the phrase can match the empty text",
            ),
            (
                &format!("{kind}pattern = 'share.*'"),
                "p.toml:9:11: the pattern 'share.*' has an unbounded",
            ),
            (
                &format!("{kind}pattern = '(share)?'"),
                "p.toml:9:11: the pattern '(share)?' can match the empty text",
            ),
            (
                &format!("{kind}pattern = 'sha(re'"),
                "p.toml:9:11: the pattern 'sha(re' is not a valid regular expression: unclosed",
            ),
            (
                &format!("{kind}phrase = 'a b'\npattern = 'c'"),
                "p.toml:5:6: a rule needs exactly one of",
            ),
            (
                &format!("{kind}line = true\nphrase = [\n  'share this',\n  'share (this',\n]"),
                "p.toml:12:3: in 'share (this': '(' is not closed",
            ),
            (
                &format!("{kind}phrase = 1"),
                "p.toml:9:10: invalid type: integer `1`, expected a text or a list of texts",
            ),
            (
                &format!("{kind}words.telling = ['sign in']"),
                "p.toml:9:18: 'sign in' is not a single word",
            ),
            (
                &format!("{kind}longest = 9\nlabels = ['Share']"),
                "'longest' limits the length of the lines",
            ),
            (
                &format!("{kind}labels = ['+5']"),
                "p.toml:9:11: a label needs a letter",
            ),
            (
                &format!("{kind}labels = ['***']"),
                "p.toml:9:11: a label needs a letter",
            ),
            (
                &format!("{kind}labels = ['Share']\ncolour = 1"),
                "p.toml:10:1: unknown field `colour`",
            ),
            (
                "examples.keep = ['a', 'b']",
                "p.toml:7:10: unknown field `keep`, expected `match` or `no_match`",
            ),
        ] {
            let found = problems(rule);
            assert!(found.contains(expected), "{rule}\n{found}");
        }
        assert_eq!(problems(&format!("{kind}phrase = '続きを読むには'")), "");
        assert_eq!(
            problems(&format!(
                "{kind}pattern = '(?i)share[^\\n]{{0,80}}\\s+\\w+'"
            )),
            ""
        );
    }

    #[test]
    fn a_rule_is_replaced_only_where_its_pack_says_so() {
        let rule = |id: &str, extra: &str| {
            format!(
                "[pack]\nname = 'video'\n[[rule]]\nid = '{id}'\ndescription = 'D.'\n\
                 category = 'video'\nconfidence = 'likely'\n\
                 labels = ['Play']\n{extra}\n{EXAMPLES}"
            )
        };
        let mut rules = CompiledRules::default();
        rules
            .add_pack(&rule("html5-upgrade", ""), "first.toml")
            .unwrap();
        let error = rules
            .add_pack(&rule("html5-upgrade", ""), "mine.toml")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("exists already") && error.contains("override = true"),
            "{error}"
        );
        let error = rules
            .add_pack(&rule("html6", "override = true"), "mine.toml")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("no rule 'video/html6' to override"),
            "{error}"
        );
        let before = rules.len();
        rules
            .add_pack(&rule("html5-upgrade", "override = true"), "mine.toml")
            .unwrap();
        assert_eq!(rules.len(), before);
        let id = rules.find("video/html5-upgrade").unwrap();
        assert_eq!(rules.get(id).confidence, Confidence::Likely);
    }
}
