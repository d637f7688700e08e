//! How the line model judged lines: what `explain` asks for, and what it gets.

use crate::mark::Score;
use crate::text::Span;

/// Which judgements of the line model to return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExplainOptions {
    /// Whether to return the judgements of all lines, or only of those that the model removes.
    pub all_lines: bool,
    /// Most features to return for each judgement.
    pub max_features: usize,
}

/// The line model's judgement of a block: a line, or the lines of a hard-wrapped paragraph.
#[derive(Clone, Debug)]
pub struct LineScore {
    /// The lines, in bytes of the source text.
    pub span: Span,
    /// What the model does with the lines.
    pub decision: Decision,
    /// Calibrated probability that the lines are chaff.
    pub score: Score,
    /// Score that the level asks for on this kind of page.
    pub threshold: Score,
    /// Whether the page was judged as a whole page, with menus and all, rather than as an article.
    pub is_whole_page: bool,
    /// The features that weighed most, the heaviest first. Empty for plain prose, which gets no score.
    pub weights: Vec<FeatureWeight>,
}

/// What the line model does with a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The model removes it.
    Removed,
    /// The model keeps it: the score is not above the threshold.
    Below,
    /// The model does not score it: a long sentence in which no rule finds anything.
    Prose,
    /// The model leaves it to the rules, which remove a part of it.
    Mixed,
}

impl Decision {
    /// Returns the name of the decision in JSON output.
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

/// A feature that weighed in a judgement.
#[derive(Clone, Copy, Debug)]
pub struct FeatureWeight {
    /// Name of the feature.
    pub feature: &'static str,
    /// Value of the feature for the block.
    pub value: i16,
    /// What the feature added to the log-odds of the score.
    pub weight: f64,
}
