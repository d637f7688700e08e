//! What a filter is: code that reads a view of a document and claims spans of it. Each filter has a file of its own
//! below; which ones run, and in which stage, is settled here.

mod blanks;
mod conditions;
mod footer;
mod gate;
mod labels;
mod lazy;
mod links;
mod lookup;
mod model;
mod openings;
mod orphans;
mod phrases;
mod repeats;
mod vocabulary;

use crate::error::Error;
use crate::mark::{LineScore, Marks};
use crate::model::{Model, PageFeatures, RuleHit};
use crate::pack::RuleSet;
use crate::rule::{FilterName, Level, RuleId};
use crate::view::View;
use std::ops::Range;

#[cfg(feature = "cli")]
pub(crate) use model::PageReader;

/// When a kind of filter runs. Later stages do not see what earlier ones cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Phrases and patterns, on the raw text.
    Match,
    /// Whole lines, as the first stage left them.
    Structure,
    /// The line model.
    Model,
    /// What only makes sense after removals.
    Context,
    /// The blank lines that all of that doubled.
    Spacing,
}

impl Stage {
    /// All stages, in the order in which they run.
    pub const ALL: [Self; 5] = [
        Self::Match,
        Self::Structure,
        Self::Model,
        Self::Context,
        Self::Spacing,
    ];
}

/// Buffers that a thread uses again for each document.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Where lines are noted.
    pub(crate) lines: Vec<u32>,
    pub(crate) folded: crate::fold::NormalizedText,
    pub(crate) starts: Vec<usize>,
    /// Patterns to try, and the lines to try them on.
    pub(crate) candidates: Vec<(u32, u32)>,
    /// The same of patterns that take no whole lines.
    pub(crate) spans: Vec<(u32, u32)>,
    pub(crate) states: crate::automaton::DfaCache,
    /// What all built-in rules find, for the line model.
    pub(crate) hints: Vec<RuleHit>,
    pub(crate) page: PageFeatures,
    pub(crate) scores: crate::model::Scores,
    /// What the line model is asked to tell of its judgements.
    pub(crate) judging: Option<ExplainRequest>,
}

/// Judgements of the line model: those on the lines that it took, or on all, each with the features that weighed most.
#[derive(Debug)]
pub(crate) struct ExplainRequest {
    pub all: bool,
    /// So many features.
    pub most: usize,
    pub found: Vec<LineScore>,
}

/// Code that reads a view and adds marks.
///
/// Within a stage every filter reads the same view, and what is cut is the union of what they mark.
pub trait Filter: Send + Sync + std::fmt::Debug {
    /// When it runs.
    fn stage(&self) -> Stage;

    /// Adds its marks. The same view gives the same marks.
    fn mark(&self, view: &View<'_>, marks: &mut Marks, scratch: &mut Scratch);

    /// Adds the marks in these lines that protect and that it left for when something there is about to go. No line is
    /// asked for twice, and what hard wrapping broke is asked for together.
    fn protect(
        &self,
        _view: &View<'_>,
        _lines: Range<usize>,
        _marks: &mut Marks,
        _scratch: &mut Scratch,
    ) {
    }
}

/// The filters that have something to do with the rules that are on.
///
/// # Errors
/// If the line model cannot be used, or lost more than `max_loss` wherever it was measured.
pub(crate) fn filters(
    rules: &RuleSet,
    is_on: &dyn Fn(RuleId) -> bool,
    level: Level,
    max_loss: Option<f64>,
) -> Result<Vec<Box<dyn Filter>>, Error> {
    let on = |name: &str| rules.find(name).filter(|&id| is_on(id));
    let line_model = match on("model/line") {
        Some(rule) => {
            let model = Model::built_in()?;
            let thresholds = max_loss.map_or(Ok(model.thresholds(level)), |share| {
                model.thresholds_for(level, share)
            })?;
            Some(model::LineModel::new(rule, model, thresholds, rules))
        }
        None => None,
    };
    let hints = line_model.is_some() && rules.has_built_in();
    let mut line_model = line_model;
    Ok(FilterName::ALL
        .iter()
        .filter_map(|name| -> Option<Box<dyn Filter>> {
            Some(match name {
                FilterName::Phrases => Box::new(phrases::MatchFilter::new(rules, is_on, hints)),
                FilterName::Model => Box::new(line_model.take()?),
                FilterName::Footer => Box::new(footer::Footer {
                    rule: on("structure/newsroom-footer")?,
                }),
                FilterName::Links => Box::new(links::Links {
                    rule: on("structure/link-list")?,
                }),
                FilterName::Labels => Box::new(labels::LabelRuns {
                    share: on("structure/share-run"),
                    navigation: on("structure/navigation-run"),
                }),
                FilterName::Repeats => Box::new(repeats::Repeats {
                    rule: on("structure/repeated-line")?,
                }),
                FilterName::Orphans => Box::new(orphans::Orphans {
                    heading: on("layout/orphan-heading"),
                    separator: on("layout/orphan-separator"),
                }),
                FilterName::Blanks => Box::new(blanks::Blanks {
                    rule: on("layout/blank-lines")?,
                }),
            })
        })
        .collect())
}
