//! Verdicts on documents as JSON: the object that a record, a line of a map or an object of several
//! texts has.
//!
//! ```text
//! {"kind":"article","removed_share":0.12,"almost_removed_share":0.03,"risk":0.08,"held":false}
//! ```

use dechaff_core::Verdict;
use serde::Serialize;

/// A verdict, written as an object.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct VerdictObject {
    kind: &'static str,
    removed_share: f64,
    almost_removed_share: f64,
    risk: f64,
    held: bool,
}

impl From<Verdict> for VerdictObject {
    fn from(verdict: Verdict) -> Self {
        Self {
            kind: verdict.kind.name(),
            removed_share: verdict.removed_share,
            almost_removed_share: verdict.almost_removed_share,
            risk: verdict.risk,
            held: verdict.held,
        }
    }
}
