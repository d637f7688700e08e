//! Runs the examples that rules carry. The same runner serves dechaff's own tests and users' packs, so that a pack
//! which passes for its author passes for everyone.

mod fate;
mod near;
mod score;
mod worth;

pub use fate::{LineOutcome, fates};
pub use near::{Miss, Missed, NearMissReport, NearMisses};
pub use score::{Figures, LineCounts, Measured, measure};
pub use worth::{Label, RuleScores, RuleWorth};

use crate::cleaner::Cleaner;
use crate::cleaner::Scratch;
use crate::error::Error;
use crate::rules::RuleSet;
use crate::text::Document;
use dechaff_rules::rule::{Effect, Level, Rule, RuleId};

/// One example of one rule.
#[derive(Clone, Debug)]
pub struct Case<'r> {
    /// Whose example it is.
    pub id: RuleId,
    /// The rule.
    pub rule: &'r Rule,
    /// Whether it is one of `examples.remove`.
    pub removes: bool,
    /// Its number among these, from 1.
    pub number: usize,
    /// The example.
    pub text: &'r str,
}

impl Case<'_> {
    /// A name for the case: `share/label keep 2`.
    #[must_use]
    pub fn name(&self) -> String {
        format!(
            "{} {} {}",
            self.rule.name,
            if self.removes { "remove" } else { "keep" },
            self.number
        )
    }

    /// Whether the rule should find something in it: a keep rule finds what its keep examples show.
    pub fn expects(&self) -> bool {
        self.removes != (self.rule.effect == Effect::Keep)
    }

    /// The example as a document, of the language and host that the rule is bound to.
    ///
    /// # Errors
    /// If it is too long for one.
    pub fn document(&self) -> Result<Document<'_>, String> {
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

/// All examples of a set of rules, rule by rule.
#[must_use]
pub fn cases(rules: &RuleSet) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for (id, rule) in rules.iter() {
        for (removes, texts) in [(true, &rule.examples.remove), (false, &rule.examples.keep)] {
            cases.extend(texts.iter().enumerate().map(|(index, text)| Case {
                id,
                rule,
                removes,
                number: index + 1,
                text,
            }));
        }
    }
    cases
}

/// Runs cases, all rules being on and no document being held.
///
/// ```
/// use dechaff_core::verify::Verifier;
/// let rules = dechaff_core::RuleSet::built_in();
/// let verifier = Verifier::new(&rules)?;
/// let failures = dechaff_core::verify::cases(&rules).iter().filter_map(|case| verifier.run(case).err()).count();
/// assert_eq!(failures, 0);
/// # Ok::<(), dechaff_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    cleaner: Cleaner,
}

impl Verifier {
    /// Compiles the rules.
    ///
    /// # Errors
    /// What [`Builder::build`](crate::Builder::build) has against them.
    pub fn new(rules: &RuleSet) -> Result<Self, Error> {
        let cleaner = Cleaner::builder()
            .rules(rules.clone())
            .level(Level::Thorough)
            .max_removed(1.0)
            .build()?;
        Ok(Self { cleaner })
    }

    /// Runs one case.
    ///
    /// # Errors
    /// A sentence that says what was expected and what happened.
    pub fn run(&self, case: &Case<'_>) -> Result<(), String> {
        let document = case.document()?;
        let (marks, cleaned) = self.cleaner.marks(&document, &mut Scratch::default());
        let took: Vec<&str> = marks
            .iter()
            .filter(|mark| mark.rule() == case.id)
            .map(|mark| &case.text[mark.span().range()])
            .collect();
        let verb = match case.rule.effect {
            Effect::Remove => "remove",
            Effect::Keep => "protect",
            Effect::Cue(_) => "give its cue for",
        };
        match (case.expects(), took.is_empty()) {
            (true, true) => Err(format!(
                "should {verb} something in {:?}, and did not; dechaff gives {:?}",
                case.text,
                cleaned.text()
            )),
            (false, false) => Err(format!(
                "should {verb} nothing in {:?}, but took {:?}",
                case.text, took
            )),
            _ => Ok(()),
        }
    }

    /// What cleans the examples.
    pub fn cleaner(&self) -> &Cleaner {
        &self.cleaner
    }
}
