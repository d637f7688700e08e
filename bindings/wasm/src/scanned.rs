//! The result of a scan as JSON. `js/index.d.ts` describes the fields.

use crate::offsets::Offsets;
use dechaff_core::{Cleaned, Outcome, RuleSet};
use serde::Serialize;

/// What was removed of a text.
#[derive(Debug, Serialize)]
pub struct Scanned<'r> {
    held: bool,
    share: f64,
    removals: Vec<Removal<'r>>,
}

/// A removed span and its rules.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Removal<'r> {
    start: usize,
    end: usize,
    start_byte: usize,
    end_byte: usize,
    rule: &'r str,
    also: Vec<&'r str>,
    category: &'static str,
    confidence: &'static str,
    score: f64,
    description: &'r str,
}

impl<'r> Scanned<'r> {
    /// Describes a result.
    pub fn new(cleaned: &Cleaned<'_>, rules: &'r RuleSet) -> Self {
        let offsets = Offsets::new(cleaned.source());
        let removals = cleaned.removals().iter();
        Self {
            held: matches!(cleaned.outcome(), Outcome::Held { .. }),
            share: cleaned.share(),
            removals: removals
                .map(|removal| Removal::new(removal, rules, &offsets))
                .collect(),
        }
    }
}

impl<'r> Removal<'r> {
    /// Describes a removal.
    pub fn new(removal: &dechaff_core::Removal, rules: &'r RuleSet, offsets: &Offsets<'_>) -> Self {
        let (span, rule) = (removal.span, rules.get(removal.rule));
        let also = removal.also.iter();
        Self {
            start: offsets.unit(span.start()),
            end: offsets.unit(span.end()),
            start_byte: span.start(),
            end_byte: span.end(),
            rule: &rule.name,
            also: also.map(|&id| rules.get(id).name.as_str()).collect(),
            category: rule.category.name(),
            confidence: rule.confidence.name(),
            score: f64::from(removal.score.thousandths()) / 1000.0,
            description: &rule.description,
        }
    }
}
