//! What `explain` asks the line model for, and what it gets: how each block was scored, and why.

use super::kind::PageKind;
use crate::mark::Score;
use crate::text::Span;

/// Which blocks to explain, and in how much detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExplainOptions {
    /// Whether to explain all blocks, or only those that the model removes.
    pub all_lines: bool,
    /// Maximum number of features in each explanation.
    pub max_features: usize,
}

/// The line model's judgement of a block: a line, or the lines of a hard-wrapped paragraph.
#[derive(Clone, Debug)]
pub struct LineScore {
    /// The lines, in bytes of the source text.
    pub span: Span,
    /// What the model does with the lines.
    pub decision: Decision,
    /// Probability that the lines are chaff.
    pub score: Score,
    /// Score that the lines must exceed to be removed, at this level and on this kind of page.
    pub threshold: Score,
    /// The kind of the page.
    pub page: PageKind,
    /// Features that contributed most to the score, the largest contribution first. Empty for
    /// [`Decision::Prose`].
    pub weights: Vec<FeatureWeight>,
}

/// What the line model does with a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The model removes it.
    Removed,
    /// The model keeps it: the score is not above the threshold.
    Below,
    /// The model keeps it whatever its score: a long sentence in which no rule matches, the title, or
    /// a sentence that continues prose.
    Prose,
    /// The model leaves it to the rules, which remove a part of it.
    Mixed,
}

impl Decision {
    /// Returns the name of the decision in JSON output: `taken`, `below`, `prose` or `mixed`. The
    /// names are stable, even if a variant is renamed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Removed => "taken",
            Self::Below => "below",
            Self::Prose => "prose",
            Self::Mixed => "mixed",
        }
    }
}

/// The contribution of a feature to a score.
#[derive(Clone, Copy, Debug)]
pub struct FeatureWeight {
    /// Name of the feature.
    pub feature: &'static str,
    /// Value of the feature for the block.
    pub value: i16,
    /// What the feature added to the log-odds of the score. Negative if it speaks for prose.
    pub weight: f64,
}

impl FeatureWeight {
    /// Returns what the feature is in words, as a noun phrase such as "its number of words".
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        super::meanings::meaning(self.feature)
    }
}
