//! What a filter is: code that reads a view of a document and claims spans of it. Each filter has a file of its own
//! below; which ones run, and in which stage, is settled here.

mod blanks;
mod footer;
mod labels;
mod links;
mod orphans;
mod phrases;
mod repeats;
mod vocabulary;

use crate::mark::Marks;
use crate::pack::RuleSet;
use crate::rule::{FilterName, RuleId};
use crate::view::View;

/// When a kind of filter runs. Later stages do not see what earlier ones cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Phrases and patterns, on the raw text.
    Match,
    /// Whole lines, as the first stage left them.
    Structure,
    /// The line model; empty so far.
    Model,
    /// What only makes sense after removals.
    Context,
    /// The blank lines that all of that doubled.
    Spacing,
}

impl Stage {
    /// All stages, in the order in which they run.
    pub const ALL: [Self; 5] = [Self::Match, Self::Structure, Self::Model, Self::Context, Self::Spacing];
}

/// Buffers that a thread uses again for each document.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) folded: crate::fold::Folded,
    pub(crate) starts: Vec<usize>,
    /// Lines to look at, for each pattern.
    pub(crate) candidates: Vec<Vec<usize>>,
}

/// Code that reads a view and adds marks.
///
/// Within a stage every filter reads the same view, and what is cut is the union of what they mark.
pub trait Filter: Send + Sync + std::fmt::Debug {
    /// When it runs.
    fn stage(&self) -> Stage;

    /// Adds its marks. The same view gives the same marks.
    fn mark(&self, view: &View<'_>, marks: &mut Marks, scratch: &mut Scratch);
}

/// The filters that have something to do with the rules that are on.
pub(crate) fn filters(rules: &RuleSet, is_on: &dyn Fn(RuleId) -> bool) -> Vec<Box<dyn Filter>> {
    let on = |name: &str| rules.find(name).filter(|&id| is_on(id));
    FilterName::ALL
        .iter()
        .filter_map(|name| -> Option<Box<dyn Filter>> {
            Some(match name {
                FilterName::Phrases => Box::new(phrases::Phrases::new(rules, is_on)),
                FilterName::Footer => Box::new(footer::Footer { rule: on("structure/newsroom-footer")? }),
                FilterName::Links => Box::new(links::Links { rule: on("structure/link-list")? }),
                FilterName::Labels => {
                    Box::new(labels::Labels { share: on("structure/share-run"), navigation: on("structure/navigation-run") })
                }
                FilterName::Repeats => Box::new(repeats::Repeats { rule: on("structure/repeated-line")? }),
                FilterName::Orphans => {
                    Box::new(orphans::Orphans { heading: on("layout/orphan-heading"), separator: on("layout/orphan-separator") })
                }
                FilterName::Blanks => Box::new(blanks::Blanks { rule: on("layout/blank-lines")? }),
            })
        })
        .collect()
}
