//! Filters: code that reads a view of a document and adds marks. Each filter is one file with its
//! rules and its constructor; its tests are the examples of its rules. Which filters run, and in
//! which stage, is decided here.
//!
//! Within a stage every filter reads the same view, and the stage removes the union of their marks.
//! The order of filters therefore does not matter. The line model has a separate stage and lives in
//! `model`.

mod between;
mod blanks;
mod continuations;
mod enclosed;
mod footer;
mod labels;
mod letters;
mod links;
mod matching;
mod orphans;
mod repeats;
mod site;
mod structures;

pub(crate) use matching::{MatchFilter, RuleHit};

use crate::learn::{Evidence, Sites};
use crate::mark::Marks;
use crate::text::{NormalizedText, View};
use dechaff_rules::rule::RuleId;
use std::sync::Arc;

/// Returns the id of the rule with this name, if it is enabled.
type EnabledRule<'f> = &'f dyn Fn(&str) -> Option<RuleId>;

/// A filter that needs nothing but the view.
pub(crate) trait Filter: Send + Sync + std::fmt::Debug {
    /// Adds the filter's marks to `marks`. The same view always gives the same marks. `text` is a
    /// buffer for lines of the view that have to be normalized; it may already hold some of them.
    fn mark(&self, view: &View<'_>, marks: &mut Marks, text: &mut NormalizedText);
}

/// The filters of the stages after the match stage, apart from the line model.
#[derive(Debug)]
pub(crate) struct Filters {
    /// What the form of the text protects. It needs no removal to be found.
    pub structures: structures::Structures,
    /// Whole lines, as the match stage left them.
    pub structure: Vec<Box<dyn Filter>>,
    /// What replaces the line model where it is off: judges lines by the removed lines around them,
    /// those of the structure stage included.
    pub without_model: Vec<Box<dyn Filter>>,
    /// Headings and separators that removals left without a purpose.
    pub context: Vec<Box<dyn Filter>>,
    /// Blank lines that removals doubled.
    pub spacing: Vec<Box<dyn Filter>>,
}

impl Filters {
    /// Makes the filters of which a rule is enabled. `enabled` returns the id of a rule by its
    /// name, or `None` if the user did not choose the rule; the id is the one that the filter's
    /// marks carry. `sites` has what was learned of sites, and `evidence` says when that is enough.
    pub(crate) fn new(
        enabled: EnabledRule<'_>,
        sites: Option<&Arc<dyn Sites>>,
        evidence: Evidence,
    ) -> Self {
        let repeated = site::Repeated::new(enabled, sites, evidence);
        Self {
            structures: structures::Structures::new(enabled, repeated.clone()),
            structure: [
                boxed(footer::Footer::new(enabled)),
                boxed(links::Links::new(enabled)),
                boxed(continuations::Continuations::new(enabled)),
                boxed(labels::LabelRuns::new(enabled)),
                boxed(repeats::Repeats::new(enabled)),
                boxed(letters::Letters::new(enabled)),
                boxed(repeated.clone()),
            ]
            .into_iter()
            .flatten()
            .collect(),
            context: [
                boxed(orphans::Orphans::new(enabled)),
                boxed(repeated.clone()),
                boxed(enclosed::Enclosed::new(enabled, repeated)),
            ]
            .into_iter()
            .flatten()
            .collect(),
            without_model: boxed(between::Between::new(enabled)).into_iter().collect(),
            spacing: boxed(blanks::Blanks::new(enabled)).into_iter().collect(),
        }
    }
}

/// Returns a constructor's result as a trait object, so that filters of different types fit into
/// one list. `None` stays `None`: the filter is not used.
fn boxed<F: Filter + 'static>(filter: Option<F>) -> Option<Box<dyn Filter>> {
    filter.map(|filter| Box::new(filter) as Box<dyn Filter>)
}

/// What the tests of several filters need.
#[cfg(test)]
mod testing {
    use crate::cleaner::Cleaner;

    /// Cleans `text` with the built-in rules except the line model.
    pub fn clean(text: &str) -> String {
        let cleaner = Cleaner::builder().skip(["model"]).build().unwrap();
        cleaner.clean_text(text).into_owned()
    }
}
