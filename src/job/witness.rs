//! Who looks at documents while they are cleaned, beside what is written: for diffs, explanations, reports and
//! comparisons. One hook in the engine's callers serves all of them, so that each works on whatever `clean` reads.

use crate::cleaner::{Cleaned, Outcome};
use crate::document::Document;
use crate::filter::Scratch;
use crate::pack::RuleSet;
use crate::report::{Name, Survey, diff};
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Who looks at each document of a run. Threads come in any order, so that what it gathers must not depend on that.
pub trait Witness: Send + Sync + fmt::Debug {
    /// Looks at a document and what was found in it. What it gives is told in the order of the inputs.
    fn see(&self, name: &Name<'_>, document: &Document<'_>, cleaned: &Cleaned<'_>, scratch: &mut Scratch) -> Option<String>;
}

/// Tells the diff of each document that changes.
#[derive(Debug)]
pub struct Diffs {
    /// Whether it has colour codes.
    pub colour: bool,
}

impl Witness for Diffs {
    fn see(&self, name: &Name<'_>, _: &Document<'_>, cleaned: &Cleaned<'_>, _: &mut Scratch) -> Option<String> {
        (cleaned.outcome() == Outcome::Changed).then(|| diff(&name.to_string(), cleaned, self.colour))
    }
}

/// Surveys all documents.
#[derive(Debug)]
pub struct Surveyor {
    rules: RuleSet,
    survey: Mutex<Survey>,
}

impl Surveyor {
    /// A surveyor of documents that are cleaned with these rules.
    #[must_use]
    pub fn new(rules: RuleSet) -> Self {
        Self { rules, survey: Mutex::default() }
    }

    /// What it found, which it forgets.
    #[must_use]
    pub fn take(&self) -> Survey {
        std::mem::take(&mut *self.survey.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Witness for Surveyor {
    fn see(&self, name: &Name<'_>, _: &Document<'_>, cleaned: &Cleaned<'_>, _: &mut Scratch) -> Option<String> {
        self.survey.lock().unwrap_or_else(PoisonError::into_inner).add(name, cleaned, &self.rules);
        None
    }
}
