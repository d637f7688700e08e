//! The units of an audit: for each line with words, what is removed of it and what is kept. A
//! person judges a unit as a whole, and its words are its weight.

use crate::cleaner::{Cleaned, Outcome};
use crate::mark::Score;
use crate::model::{Decision, LineScore};
use crate::rules::RuleSet;
use crate::verify::{LineOutcome, line_outcomes};
use dechaff_rules::rule::{Confidence, FilterName, RuleId};
use std::collections::BTreeMap;
use std::ops::Range;

/// Whether a unit is removed or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// What is removed of a line.
    Removed,
    /// What is kept of a line.
    Kept,
}

impl Side {
    /// Returns the name of the side in outputs: `removed` or `kept`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Kept => "kept",
        }
    }
}

/// Why a unit is removed or kept, and how close the decision was. Units of a class are about as
/// likely to be judged otherwise than dechaff did, so a class is a stratum of the sample, or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Removed by a rule of the confidence `certain`.
    CertainRule,
    /// Removed by a rule of a lower confidence.
    OtherRule,
    /// Removed by a filter that judges lines by what stands around them.
    Structure,
    /// Removed by the line model, with odds more than 20 times those of the threshold.
    ModelFar,
    /// Removed by the line model, with odds 3 to 20 times those of the threshold.
    ModelMiddle,
    /// Removed by the line model, with odds at most 3 times those of the threshold.
    ModelNear,
    /// Kept only because the whole document was held.
    Held,
    /// Kept by a rule that protects text.
    Protected,
    /// Almost removed by the line model: the odds are at least a third of those of the threshold.
    AlmostRemoved,
    /// The odds are a third to a twentieth of those of the threshold.
    Doubtful,
    /// The score is lower.
    LowScore,
    /// Kept whatever its score: a long sentence in which no rule matches, the title, or a sentence that
    /// continues prose.
    PlainProse,
    /// Not scored, as the page is too short for the line model, or the model is off.
    NotScored,
}

impl Class {
    /// All classes, those of removed units first.
    pub const ALL: [Self; 13] = [
        Self::CertainRule,
        Self::OtherRule,
        Self::Structure,
        Self::ModelFar,
        Self::ModelMiddle,
        Self::ModelNear,
        Self::Held,
        Self::Protected,
        Self::AlmostRemoved,
        Self::Doubtful,
        Self::LowScore,
        Self::PlainProse,
        Self::NotScored,
    ];

    /// Returns which side the units of the class are on.
    #[must_use]
    pub fn side(self) -> Side {
        if self <= Self::ModelNear {
            Side::Removed
        } else {
            Side::Kept
        }
    }

    /// Describes the class, as in "removed by certain rules".
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::CertainRule => "removed by certain rules",
            Self::OtherRule => "removed by other rules",
            Self::Structure => "removed for the lines around it",
            Self::ModelFar => "removed by the line model, clearly",
            Self::ModelMiddle => "removed by the line model",
            Self::ModelNear => "removed by the line model, barely",
            Self::Held => "kept in held documents",
            Self::Protected => "protected by keep rules",
            Self::AlmostRemoved => "almost removed by the line model",
            Self::Doubtful => "kept by the line model",
            Self::LowScore => "kept by the line model, clearly",
            Self::PlainProse => "long sentences",
            Self::NotScored => "not scored by the line model",
        }
    }

    /// Returns the share of units that people are expected to judge otherwise than dechaff did. It
    /// only decides how many units of each class are asked for, so a rough figure will do.
    pub(super) fn expected_errors(self) -> f64 {
        match self {
            Self::CertainRule | Self::PlainProse => 0.01,
            Self::OtherRule | Self::Structure => 0.05,
            Self::ModelFar => 0.02,
            Self::ModelMiddle => 0.08,
            Self::ModelNear => 0.2,
            Self::Held => 0.8,
            Self::Protected | Self::NotScored | Self::LowScore => 0.1,
            Self::AlmostRemoved => 0.6,
            Self::Doubtful => 0.4,
        }
    }
}

/// What is removed or what is kept of one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Index of the line among the parts of the text between line feeds, counted from 0.
    pub line: usize,
    /// Byte range of the line in the text, without its line feed.
    pub range: Range<usize>,
    /// Number of words of the unit, at least 1.
    pub words: u64,
    /// Whether the other side has no words of the line.
    pub is_whole_line: bool,
    /// Why the unit is on its side.
    pub class: Class,
    /// The rule that removes most of the line. For a kept unit, the rule that protects it.
    pub rule: Option<RuleId>,
    /// The score of the line model, and the score that it must exceed to be removed. `None` if the
    /// line was not scored.
    pub score: Option<(Score, Score)>,
}

/// Returns the units of a cleaned document in the order of its lines. `scores` are those of all
/// blocks of the document, in order, and `rules` those of the cleaner.
#[must_use]
pub fn units(cleaned: &Cleaned<'_>, scores: &[LineScore], rules: &RuleSet) -> Vec<Unit> {
    let vetoed = vetoed_starts(cleaned);
    let is_held = matches!(cleaned.outcome(), Outcome::Held { .. });
    let (mut units, mut next) = (Vec::new(), 0);
    for line in line_outcomes(cleaned) {
        next += scores[next..]
            .iter()
            .take_while(|score| score.span.end() <= line.range.start)
            .count();
        let score = scores
            .get(next)
            .filter(|score| score.span.start() < line.range.end);
        let kept = line.words_kept.min(line.words);
        let unit = Unit {
            line: line.index,
            range: line.range.clone(),
            words: kept,
            is_whole_line: kept == 0 || kept == line.words,
            class: Class::NotScored,
            rule: None,
            score: score
                .filter(|score| score.decision != Decision::Prose)
                .map(|score| (score.score, score.threshold)),
        };
        if kept < line.words {
            let rule = largest(&line);
            units.push(Unit {
                words: line.words - kept,
                class: removed_class(rule, score, rules),
                rule,
                ..unit.clone()
            });
        }
        if kept > 0 {
            let protected = vetoed.range(line.range.clone()).next();
            let would_go = is_held && touches(cleaned, &line.range);
            units.push(Unit {
                class: kept_class(score, protected.is_some(), would_go),
                rule: protected.map(|(_, &rule)| rule),
                ..unit
            });
        }
    }
    units
}

/// Returns where the vetoed marks of a document start, with the rule that protects each. Of a mark
/// of several lines only the first line counts as protected.
fn vetoed_starts(cleaned: &Cleaned<'_>) -> BTreeMap<usize, RuleId> {
    let vetoes = cleaned.vetoed().iter();
    vetoes
        .map(|veto| (veto.mark.span().start(), veto.by))
        .collect()
}

/// Returns whether rules would remove a part of this range, if the document were not held.
fn touches(cleaned: &Cleaned<'_>, range: &Range<usize>) -> bool {
    let found = cleaned.found();
    let next = found.partition_point(|removal| removal.span.end() <= range.start);
    found
        .get(next)
        .is_some_and(|removal| removal.span.start() < range.end)
}

/// Returns the rule of the longest removal of a line.
fn largest(line: &LineOutcome<'_>) -> Option<RuleId> {
    line.removals
        .iter()
        .max_by_key(|removal| {
            removal.span.end().min(line.range.end) - removal.span.start().max(line.range.start)
        })
        .map(|removal| removal.rule)
}

fn removed_class(rule: Option<RuleId>, score: Option<&LineScore>, rules: &RuleSet) -> Class {
    let Some(rule) = rule.map(|rule| rules.get(rule)) else {
        return Class::Structure;
    };
    match (rule.filter(), rule.confidence) {
        (FilterName::Model, _) => match score.map_or(0.0, log_odds_above_threshold) {
            margin if margin > 3.0 => Class::ModelFar,
            margin if margin > 1.1 => Class::ModelMiddle,
            _ => Class::ModelNear,
        },
        (FilterName::Phrases, Confidence::Certain) => Class::CertainRule,
        (FilterName::Phrases, _) => Class::OtherRule,
        _ => Class::Structure,
    }
}

fn kept_class(score: Option<&LineScore>, is_protected: bool, would_go: bool) -> Class {
    if would_go {
        return Class::Held;
    }
    if is_protected {
        return Class::Protected;
    }
    let Some(score) = score else {
        return Class::NotScored;
    };
    match log_odds_above_threshold(score) {
        _ if score.decision == Decision::Prose => Class::PlainProse,
        margin if margin > -1.1 => Class::AlmostRemoved,
        margin if margin > -3.0 => Class::Doubtful,
        _ => Class::LowScore,
    }
}

/// Returns by how much the log-odds of a score exceed those of its threshold.
fn log_odds_above_threshold(score: &LineScore) -> f64 {
    log_odds(score.score) - log_odds(score.threshold)
}

/// Returns the log-odds of a score. Scores are rounded to thousandths, so the lowest and highest
/// stand for the middle of what is rounded to them.
fn log_odds(score: Score) -> f64 {
    let share = (f64::from(score.thousandths()) + 0.5) / 1000.0;
    (share / (1.0 - share).max(0.0005)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cleaner::{Cleaner, Scratch};
    use crate::text::Document;

    fn units_of(text: &str, cleaner: &Cleaner) -> Vec<Unit> {
        let document = Document::new(text).unwrap();
        let (scores, cleaned) = cleaner.scores(&document, &mut Scratch::default());
        units(&cleaned, &scores, cleaner.rules())
    }

    #[test]
    fn each_line_with_words_is_removed_or_kept() {
        let cleaner = Cleaner::builder().build().unwrap();
        let text = "The bridge opens on Monday.\n\nAdvertisement\n***\nIt cost four million.";
        let units = units_of(text, &cleaner);
        let seen: Vec<(usize, u64, Side)> = units
            .iter()
            .map(|unit| (unit.line, unit.words, unit.class.side()))
            .collect();
        assert_eq!(
            seen,
            [
                (0, 5, Side::Kept),
                (2, 1, Side::Removed),
                (4, 4, Side::Kept)
            ]
        );
        assert_eq!(units[1].class, Class::CertainRule);
        let rule = cleaner.rules().get(units[1].rule.unwrap());
        assert_eq!(rule.category.name(), "advert");
        assert!(units.iter().all(|unit| unit.is_whole_line));
    }

    #[test]
    fn a_line_of_which_a_part_is_removed_has_two_units() {
        let cleaner = Cleaner::builder().build().unwrap();
        let text = "The council closed the bridge on Monday, and nobody in the town objected to it. \
                    Media playback is not supported on this device. It opens again in June, it said.";
        let units = units_of(text, &cleaner);
        let [removed, kept] = units.as_slice() else {
            panic!("{units:?}");
        };
        assert_eq!((removed.line, kept.line), (0, 0));
        assert!(removed.class.side() == Side::Removed && kept.class.side() == Side::Kept);
        assert!(!removed.is_whole_line && !kept.is_whole_line);
        assert_eq!((removed.words, kept.words), (8, 22));
    }

    #[test]
    fn lines_of_a_held_document_are_kept_and_known() {
        let cleaner = Cleaner::builder().max_removed(0.1).build().unwrap();
        let text = "Share this article\nAdvertisement\nIt rained.\nAll rights reserved.\n";
        let units = units_of(text, &cleaner);
        assert!(units.iter().all(|unit| unit.class.side() == Side::Kept));
        let held = units
            .iter()
            .filter(|unit| unit.class == Class::Held)
            .count();
        assert_eq!(held, 3);
    }

    #[test]
    fn classes_follow_the_distance_from_the_threshold() {
        let score = |score: u16, decision| LineScore {
            span: crate::text::Span::new(0, 1),
            decision,
            score: Score::model(score),
            threshold: Score::model(600),
            page: crate::model::PageKind::default(),
            weights: Vec::new(),
        };
        let kept = [
            (590, Decision::Below),
            (200, Decision::Below),
            (20, Decision::Below),
        ];
        let classes =
            kept.map(|(at, decision)| kept_class(Some(&score(at, decision)), false, false));
        assert_eq!(
            classes,
            [Class::AlmostRemoved, Class::Doubtful, Class::LowScore]
        );
        let prose = score(0, Decision::Prose);
        assert_eq!(kept_class(Some(&prose), false, false), Class::PlainProse);
        assert_eq!(kept_class(Some(&prose), true, false), Class::Protected);
        assert_eq!(kept_class(None, false, false), Class::NotScored);
        assert_eq!(kept_class(None, true, true), Class::Held);
    }

    #[test]
    fn text_without_words_has_no_units() {
        let cleaner = Cleaner::builder().build().unwrap();
        for text in ["", "\n\n", "***\n", "\u{feff}"] {
            assert!(units_of(text, &cleaner).is_empty(), "{text:?}");
        }
    }
}
