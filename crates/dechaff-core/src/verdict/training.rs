//! What training the models of verdicts needs from the engine: the features of cleaned documents,
//! computed by the same code that gives verdicts. See `crates/dechaff-train`.

pub use crate::model::SUM_NAMES;

use super::Findings;
use super::risk::risk_features;
use crate::model::Observed;

/// The features of a cleaned document.
#[derive(Clone, Debug)]
pub struct VerdictFeatures {
    /// Sums over the blocks, by [`SUM_NAMES`]. They tell the kind of page.
    pub sums: Vec<i64>,
    /// Hashes of the stems that occur in the document, ascending.
    pub stems: Vec<u16>,
    /// Names and values of the features of the risk.
    pub risk: Vec<(&'static str, i64)>,
    /// Whether a part of a line with words was removed. If not, the risk is 0.
    pub has_removals: bool,
}

impl VerdictFeatures {
    pub(crate) fn new(observed: &Observed, findings: &Findings) -> Self {
        Self {
            sums: observed.sums.to_vec(),
            stems: observed.stems.iter().collect(),
            risk: risk_features(observed, findings).collect(),
            has_removals: findings.has_removals,
        }
    }
}
