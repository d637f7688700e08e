//! The risk that prose was among what was removed: boosted trees on what was removed and on the page,
//! and for each level and kind of page a straight line that makes their score the log-odds of damage.

use super::kind::{KINDS, read_weights};
use super::{DocumentKind, Findings};
use crate::error::Error;
use crate::model::{Forest, Observed, Reader, empty_row};
use dechaff_rules::rule::Level;

/// Names of sums over blocks that are features of the risk too, as means in thousandths.
const PAGE_FEATURES: [&str; 14] = [
    "prose_words",
    "found",
    "short",
    "word_mean",
    "overlap",
    "in_list",
    "pairs",
    "headings",
    "page_overlap",
    "variety",
    "comments",
    "links",
    "digits",
    "copies",
];

/// Estimates the risk of documents that were cleaned at a level.
#[derive(Debug)]
pub(super) struct RiskModel {
    forest: Forest,
    line: Line,
    /// What is added to the intercept, by kind.
    offsets: [i32; KINDS],
}

/// A straight line that calibrates a score: `(slope * score) / 4096 + intercept`.
#[derive(Clone, Copy, Debug)]
struct Line {
    slope: i32,
    intercept: i32,
}

impl RiskModel {
    /// Reads the trees from a model file, and of the lines that of a level. `with_model` says
    /// whether the line model removes text, or rules alone.
    ///
    /// # Errors
    /// [`Error::Model`] if the file ends too early, or a tree is damaged.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        level: Level,
        with_model: bool,
    ) -> Result<Self, Error> {
        let forest = Forest::read(reader)?;
        let wanted = level as usize + if with_model { 0 } else { Level::ALL.len() };
        let mut line = None;
        for number in 0..2 * Level::ALL.len() {
            let read = Line {
                slope: reader.i32()?,
                intercept: reader.i32()?,
            };
            line = line.or((number == wanted).then_some(read));
        }
        let line = line.ok_or_else(|| Error::Model("it lacks a level".to_owned()))?;
        let offsets = read_weights(reader)?;
        Ok(Self {
            forest,
            line,
            offsets,
        })
    }

    /// Returns the log-odds that a document of this kind, from which something was removed, is
    /// damaged, in 4096ths.
    pub(super) fn log_odds(
        &self,
        observed: &Observed,
        findings: &Findings,
        kind: DocumentKind,
    ) -> i32 {
        let mut row = empty_row();
        for (element, (_, value)) in row.iter_mut().zip(risk_features(observed, findings)) {
            *element = value.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16;
        }
        let score = i64::from(self.forest.score_row(&row));
        let intercept = self.line.intercept + self.offsets[kind as usize];
        let score = ((score * i64::from(self.line.slope)) >> 12) + i64::from(intercept);
        score.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
    }
}

/// Iterates over the features of the risk, with their names: those of the removals, then those of the
/// page.
pub(super) fn risk_features(
    observed: &Observed,
    findings: &Findings,
) -> impl Iterator<Item = (&'static str, i64)> + use<> {
    let removals = findings.features();
    let blocks = observed.sums[0].max(1);
    let page = PAGE_FEATURES.map(|name| (name, observed.sum(name) * 1000 / blocks));
    let removals = removals.map(|(name, value)| (name, i64::from(value)));
    removals.into_iter().chain(page)
}
