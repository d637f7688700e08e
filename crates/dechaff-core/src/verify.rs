//! Checks rules: against the examples that they carry, and against labelled texts.
//!
//! [`Verifier`] runs the examples of a rule set. dechaff's own tests and `dechaff rules test` both
//! use it, so a pack that passes for its author passes for everyone. [`line_outcomes`] reports what
//! happened to each line of a cleaned document; [`LineCounts`] (quality by level) and
//! [`RuleScores`] (quality by rule) are sums over it. Nothing here reads a file.

mod clauses;
mod example_site;
mod fate;
mod gold;
mod near;
mod score;
mod worth;

pub use clauses::clauses;
pub use fate::{LineOutcome, line_outcomes};
pub use gold::word_f1;
pub use near::{MarkIndex, Miss, Missed, NearMisses};
pub use score::{Figures, LineCounts, Measured, measure};
pub use worth::{Label, RuleScores, RuleWorth};

use crate::cleaner::Cleaner;
use crate::cleaner::Scratch;
use crate::error::Error;
use crate::rules::RuleSet;
use crate::text::{Document, Span};
use dechaff_rules::rule::{Effect, FilterName, Level, Rule, RuleId};
use std::sync::Arc;

/// One example of one rule.
#[derive(Clone, Debug)]
pub struct Case<'r> {
    /// Id of the rule in its rule set.
    pub id: RuleId,
    /// The rule that the example belongs to.
    pub rule: &'r Rule,
    /// Whether the rule must match in the example: it comes from `examples.match`, otherwise from
    /// `examples.no_match`.
    pub expects_match: bool,
    /// Position in that list, counted from 1.
    pub number: usize,
    /// Text of the example: a whole small document.
    pub text: &'r str,
}

impl<'r> Case<'r> {
    /// Returns a name that is unique in the rule set: the rule's full name, the list that the
    /// example is in and its position there, such as `share/label no_match 2`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {} {}", self.rule.name, self.list(), self.number)
    }

    /// Returns the key of the list in the pack that the example is in: `match` or `no_match`.
    #[must_use]
    pub fn list(&self) -> &'static str {
        if self.expects_match {
            "match"
        } else {
            "no_match"
        }
    }

    /// Returns the example as a document. If the rule is bound to languages or hosts, the document
    /// gets the first of each, so that the rule applies to it.
    ///
    /// # Errors
    /// If the example is too long for a document.
    pub fn document(&self) -> Result<Document<'r>, String> {
        let mut document = Document::new(self.text).map_err(|error| error.to_string())?;
        if let Some(language) = self.rule.languages.first() {
            document = document.with_language(language);
        }
        if let Some(host) = self.rule.hosts.first() {
            document = document.with_host(host);
        }
        Ok(document)
    }
}

/// Returns all examples of a rule set, rule by rule in the order of the set. For each rule the
/// examples that it must match come first.
#[must_use]
pub fn cases(rules: &RuleSet) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for (id, rule) in rules.iter() {
        for (expects_match, texts) in [
            (true, &rule.examples.matches),
            (false, &rule.examples.non_matches),
        ] {
            cases.extend(texts.iter().enumerate().map(|(index, text)| Case {
                id,
                rule,
                expects_match,
                number: index + 1,
                text,
            }));
        }
    }
    cases
}

/// Runs examples with a cleaner that applies every rule of a set, at level `thorough`, and holds no
/// document. Only the examples of rules that need the line model to be off run without it.
///
/// ```
/// use dechaff_core::verify::{Verifier, cases};
/// let rules = dechaff_core::RuleSet::built_in();
/// let verifier = Verifier::new(&rules)?;
/// let failures = cases(&rules).iter().filter_map(|case| verifier.run(case).err()).count();
/// assert_eq!(failures, 0);
/// # Ok::<(), dechaff_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    cleaner: Cleaner,
    without_model: Cleaner,
}

impl Verifier {
    /// Compiles `rules` at level `thorough`, with and without the line model. The guard against
    /// large removals is off, because an example often consists of nothing but the text to be
    /// removed. Examples count as pages of a small made-up site, for rules that remove what sites
    /// repeat.
    ///
    /// # Errors
    /// Those of [`Builder::build`](crate::Builder::build), such as a pattern that does not compile.
    pub fn new(rules: &RuleSet) -> Result<Self, Error> {
        let builder = Cleaner::builder()
            .rules(rules.clone())
            .level(Level::Thorough)
            .max_removed(1.0)
            .learned(Arc::new(example_site::learn()?));
        Ok(Self {
            cleaner: builder.clone().build()?,
            without_model: builder.skip([FilterName::Model.name()]).build()?,
        })
    }

    /// Cleans one example and checks the marks of its rule. Marks of other rules are ignored. A
    /// vetoed mark counts, because the rule did match.
    ///
    /// # Errors
    /// A sentence for people that says what was expected and what happened.
    pub fn run(&self, case: &Case<'_>) -> Result<(), String> {
        let document = self.document(case)?;
        let (marks, cleaned) = self
            .cleaner(case.rule)
            .marks(&document, &mut Scratch::default());
        let matched: Vec<&str> = marks
            .iter()
            .filter(|mark| mark.rule() == case.id)
            .map(|mark| &case.text[mark.span().range()])
            .collect();
        let verb = match case.rule.effect {
            Effect::Remove => "remove",
            Effect::Keep => "protect",
            Effect::Cue(_) => "give its cue for",
        };
        match (case.expects_match, matched.is_empty()) {
            (true, true) => Err(format!(
                "should {verb} something in {:?}, and did not; dechaff gives {:?}",
                case.text,
                cleaned.text()
            )),
            (false, false) => Err(format!(
                "should {verb} nothing in {:?}, but took {:?}",
                case.text, matched
            )),
            _ => Ok(()),
        }
    }

    /// Returns what all rules together remove from an example, sorted and disjoint.
    ///
    /// # Errors
    /// If the example is too long for a document.
    pub fn removed(&self, case: &Case<'_>) -> Result<Vec<Span>, String> {
        let document = self.document(case)?;
        let cleaned = self
            .cleaner(case.rule)
            .clean(&document, &mut Scratch::default());
        Ok(cleaned
            .removals()
            .iter()
            .map(|removal| removal.span)
            .collect())
    }

    /// Returns an example as a page of the made-up site.
    fn document<'r>(&self, case: &Case<'r>) -> Result<Document<'r>, String> {
        Ok(case.document()?.with_site(example_site::NAME))
    }

    /// Returns the cleaner that runs the examples of `rule`, for callers that explain why one of
    /// them failed. Every rule is on, except the line model's if it would replace `rule`. No
    /// document is held.
    #[must_use]
    pub fn cleaner(&self, rule: &Rule) -> &Cleaner {
        if rule.filter() == FilterName::Between {
            &self.without_model
        } else {
            &self.cleaner
        }
    }
}
