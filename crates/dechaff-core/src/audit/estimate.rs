//! What the answers to a sample say about the corpus: how many words of prose are lost, and how much
//! chaff is left, with 95 % confidence intervals.
//!
//! Each stratum of the corpus has a list of picks, which are spread over its words (see `picks`): a
//! unit is picked as often as its share of the words says. So the share of picks that are prose
//! estimates the share of the words that are prose, and each pick stands for `W / m` words, if the
//! stratum has `W` words and `m` picks were answered.
//!
//! Lost prose is rare, so the sum has few terms, and an interval that is symmetric around it would
//! be wrong. Its bounds are quantiles of a gamma distribution, as Fay and Feuer proposed for
//! weighted sums of counts ("Confidence intervals for directly standardized rates", Statistics in
//! Medicine 16, 1997): the lower one has the mean and variance of the estimate, and the upper one
//! those of the estimate and one more pick, of the largest weight. The variance is that between the
//! picks of a stratum, or that between documents if it is larger. The interval of a share combines
//! those of its two terms (MOVER; Zou and Donner, "Construction of confidence limits about effect
//! measures", Statistics in Medicine 27, 2008).

use super::units::Side;
use std::collections::HashMap;

/// Quantile of the standard normal distribution for the bounds of a 95 % interval.
const Z: f64 = 1.959_964;
/// The largest factor of answers that [`Estimate::to_halve`] tries.
const MAX_FACTOR: f64 = 64.0;

/// A part of the corpus, of which units were picked in proportion to their words.
#[derive(Clone, Debug)]
pub struct Stratum {
    /// Whether its units are removed or kept.
    pub side: Side,
    /// Words of all its units.
    pub words: f64,
    /// The picks that were answered.
    pub picks: Vec<Pick>,
}

/// An answered pick.
#[derive(Clone, Copy, Debug)]
pub struct Pick {
    /// Words of the unit.
    pub words: f64,
    /// The document that it is in.
    pub document: usize,
    /// The share of people who judged it to be prose, 0 to 1.
    pub prose: f64,
    /// The share of people who judged it to be chaff, 0 to 1. The rest could not say.
    pub chaff: f64,
}

/// An estimated value with the bounds of its 95 % confidence interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

impl Interval {
    fn width(self) -> f64 {
        self.high - self.low
    }

    /// Returns whether the interval contains `value`.
    #[must_use]
    pub fn contains(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// What the answers say about the corpus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Words of prose that are removed.
    pub lost_words: Interval,
    /// Share of the words of prose that is removed.
    pub loss: Interval,
    /// Words of chaff that are kept.
    pub left_words: Interval,
    /// Share of the words of chaff that is kept.
    pub left: Interval,
    /// How many times as many answers it would take to halve the width of the interval of `loss`,
    /// if they were like those so far; `None` if that is more than 64, or the interval is empty.
    pub halves_loss: Option<f64>,
    /// The same for the interval of `left`.
    pub halves_left: Option<f64>,
}

/// Estimates what a cleaning loses and leaves from the answers so far.
///
/// ```
/// use dechaff_core::audit::{Pick, Side, Stratum, estimate};
/// let pick = |prose: f64| Pick { words: 5.0, document: 0, prose, chaff: 1.0 - prose };
/// let removed = vec![pick(0.0), pick(0.0), pick(1.0), pick(0.0)];
/// let strata = [
///     Stratum { side: Side::Removed, words: 1_000.0, picks: removed },
///     Stratum { side: Side::Kept, words: 9_750.0, picks: vec![pick(1.0); 9] },
/// ];
/// let estimate = estimate(&strata);
/// assert_eq!(estimate.lost_words.value, 250.0);
/// assert_eq!(estimate.loss.value, 0.025);
/// assert!(estimate.loss.low < 0.01 && estimate.loss.high > 0.05);
/// ```
#[must_use]
pub fn estimate(strata: &[Stratum]) -> Estimate {
    let sums = Sums {
        lost: Sum::of(strata, Side::Removed, |pick| pick.prose),
        removed: Sum::of(strata, Side::Removed, |pick| pick.chaff),
        left: Sum::of(strata, Side::Kept, |pick| pick.chaff),
        kept: Sum::of(strata, Side::Kept, |pick| pick.prose),
    };
    let [loss, left] = sums.shares(1.0);
    Estimate {
        lost_words: sums.lost.rare(1.0),
        loss,
        left_words: sums.left.rare(1.0),
        left,
        halves_loss: factor_to_halve(loss, |factor| sums.shares(factor)[0]),
        halves_left: factor_to_halve(left, |factor| sums.shares(factor)[1]),
    }
}

/// Estimates the words and the share of prose that another cleaning would remove, and its share of
/// the chaff, from the same answers. `strata` has for each pick what the share of its words is that
/// the other cleaning removes, 0 to 1.
#[must_use]
pub fn estimate_other(strata: &[(Stratum, Vec<f64>)]) -> (Interval, Interval) {
    let mut split = Vec::with_capacity(2 * strata.len());
    for (stratum, removed) in strata {
        for side in [Side::Removed, Side::Kept] {
            let picks = stratum.picks.iter().zip(removed);
            let picks: Vec<Pick> = picks
                .map(|(pick, &removed)| pick.scaled(side.share(removed)))
                .collect();
            // A stratum of which the other cleaning removes nothing in the sample counts as kept.
            if picks.iter().any(|pick| pick.prose + pick.chaff > 0.0) || picks.is_empty() {
                split.push(Stratum {
                    side,
                    words: stratum.words,
                    picks,
                });
            }
        }
    }
    let estimate = estimate(&split);
    (estimate.loss, estimate.left)
}

impl Pick {
    fn scaled(self, factor: f64) -> Self {
        Self {
            prose: self.prose * factor,
            chaff: self.chaff * factor,
            ..self
        }
    }
}

impl Side {
    /// Returns the share of a unit that is on this side, if the share `removed` is removed.
    fn share(self, removed: f64) -> f64 {
        match self {
            Self::Removed => removed,
            Self::Kept => 1.0 - removed,
        }
    }
}

/// The four quantities that shares are made of.
struct Sums {
    lost: Sum,
    removed: Sum,
    left: Sum,
    kept: Sum,
}

impl Sums {
    /// Returns the share of prose that is lost and the share of chaff that is left, with the
    /// intervals that `factor` times as many answers would give.
    fn shares(&self, factor: f64) -> [Interval; 2] {
        [
            share(self.lost.rare(factor), self.kept.common(factor)),
            share(self.left.rare(factor), self.removed.common(factor)),
        ]
    }
}

/// An estimated number of words, with what its interval is computed from.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    value: f64,
    variance: f64,
    /// The words that the next pick may stand for, at most.
    next: f64,
    /// Words of the strata without an answer.
    unknown: f64,
    /// Words of all strata of the side.
    words: f64,
}

impl Sum {
    /// Estimates the words on `side` of which `judged` returns the share in each pick.
    fn of(strata: &[Stratum], side: Side, judged: fn(&Pick) -> f64) -> Self {
        let mut sum = Self::default();
        let mut by_document: HashMap<usize, f64> = HashMap::new();
        for stratum in strata.iter().filter(|stratum| stratum.side == side) {
            sum.words += stratum.words;
            let count = stratum.picks.len() as f64;
            if stratum.picks.is_empty() {
                sum.unknown += stratum.words;
                continue;
            }
            let weight = stratum.words / count;
            let mean = stratum.picks.iter().map(judged).sum::<f64>() / count;
            sum.value += stratum.words * mean;
            let (mut squares, mut open) = (0.0, 0.0);
            for pick in &stratum.picks {
                // A unit that is sure to be picked adds no uncertainty.
                let unsure = 1.0 - (pick.words / weight).min(1.0);
                let deviation = weight * (judged(pick) - mean);
                squares += unsure * deviation * deviation;
                *by_document.entry(pick.document).or_default() += unsure.sqrt() * deviation;
                open += unsure;
            }
            sum.variance += squares * count / (count - 1.0).max(1.0);
            sum.next = sum.next.max(weight * open / count);
        }
        let mut totals: Vec<f64> = by_document.into_values().collect();
        totals.sort_by(f64::total_cmp);
        let between = totals.iter().map(|total| total * total).sum();
        sum.variance = sum.variance.max(between);
        sum
    }

    /// Returns the interval of a sum that has few terms, if there were `factor` times as many
    /// answers.
    fn rare(&self, factor: f64) -> Interval {
        let (value, variance) = (self.value, self.variance / factor);
        let next = (self.next / factor).max(self.unknown);
        let low = if value > 0.0 && variance > 0.0 {
            gamma_quantile(value, variance, -Z)
        } else {
            value
        };
        let high = if next > 0.0 || variance > 0.0 {
            gamma_quantile(value + next, variance + next * next, Z)
        } else {
            value
        };
        Interval {
            value,
            low: low.min(value),
            high: high.min(self.words).max(value),
        }
    }

    /// Returns the interval of a sum that has many terms, if there were `factor` times as many
    /// answers.
    fn common(&self, factor: f64) -> Interval {
        let margin = Z * (self.variance / factor).sqrt();
        Interval {
            value: self.value,
            low: (self.value - margin).max(0.0),
            high: self.value + margin + self.unknown,
        }
    }
}

/// Returns the quantile of the gamma distribution with this mean and variance, at the normal
/// quantile `z`, by the approximation of Wilson and Hilferty (1931).
fn gamma_quantile(mean: f64, variance: f64, z: f64) -> f64 {
    let shape = mean * mean / variance;
    let root = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * shape.sqrt());
    mean * root.max(0.0).powi(3)
}

/// Returns the share of `part` in the sum of both, with the interval that follows from theirs.
fn share(part: Interval, rest: Interval) -> Interval {
    let value = ratio(part.value, rest.value);
    let below = (value - ratio(part.low, rest.value)).hypot(value - ratio(part.value, rest.high));
    let above = (ratio(part.high, rest.value) - value).hypot(ratio(part.value, rest.low) - value);
    Interval {
        value,
        low: (value - below).max(0.0),
        high: (value + above).min(1.0),
    }
}

/// Returns the share of `part` in the sum of both; 0 if there is no part.
fn ratio(part: f64, rest: f64) -> f64 {
    if part > 0.0 {
        part / (part + rest)
    } else {
        0.0
    }
}

/// Returns the least factor of answers with which the interval is at most half as wide as `now`.
fn factor_to_halve(now: Interval, with: impl Fn(f64) -> Interval) -> Option<f64> {
    let target = now.width() / 2.0;
    if target <= 0.0 || with(MAX_FACTOR).width() > target {
        return None;
    }
    let (mut low, mut high) = (1.0, MAX_FACTOR);
    while high - low > 0.01 {
        let middle = f64::midpoint(low, high);
        if with(middle).width() > target {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picks(prose: usize, chaff: usize) -> Vec<Pick> {
        let pick = Pick {
            words: 1.0,
            document: 0,
            prose: 0.0,
            chaff: 0.0,
        };
        let kinds = [(prose, 1.0, 0.0), (chaff, 0.0, 1.0)];
        kinds
            .into_iter()
            .flat_map(|(count, prose, chaff)| {
                vec![
                    Pick {
                        prose,
                        chaff,
                        ..pick
                    };
                    count
                ]
            })
            .enumerate()
            .map(|(document, pick)| Pick { document, ..pick })
            .collect()
    }

    fn stratum(side: Side, words: f64, prose: usize, chaff: usize) -> Stratum {
        Stratum {
            side,
            words,
            picks: picks(prose, chaff),
        }
    }

    #[test]
    fn without_lost_prose_the_upper_bound_is_that_of_the_rule_of_three() {
        let found = estimate(&[
            stratum(Side::Removed, 1e6, 0, 100),
            stratum(Side::Kept, 9e6, 100, 0),
        ]);
        assert_eq!((found.lost_words.value, found.lost_words.low), (0.0, 0.0));
        // The exact upper bound of 0 of 100 is 3.7 %.
        assert!(
            (found.lost_words.high / 1e6 - 0.037).abs() < 0.001,
            "{found:?}"
        );
    }

    #[test]
    fn bounds_are_near_those_of_a_binomial_distribution() {
        // The exact interval (Clopper and Pearson) of 5 of 200 is 0.8 to 5.7 %.
        let found = estimate(&[
            stratum(Side::Removed, 1e6, 5, 195),
            stratum(Side::Kept, 9e6, 100, 0),
        ]);
        let [value, low, high] = [
            found.lost_words.value,
            found.lost_words.low,
            found.lost_words.high,
        ]
        .map(|words| words / 1e6);
        assert!((value - 0.025).abs() < 1e-9);
        assert!((0.006..0.010).contains(&low), "{low}");
        assert!((0.053..0.063).contains(&high), "{high}");
    }

    #[test]
    fn answers_of_one_document_count_less_than_those_of_many() {
        let spread = stratum(Side::Removed, 1000.0, 10, 90);
        let mut together = spread.clone();
        for pick in &mut together.picks[..10] {
            pick.document = 0;
        }
        let kept = stratum(Side::Kept, 9000.0, 100, 0);
        let width = |removed| estimate(&[removed, kept.clone()]).loss.width();
        assert!(width(together) > 1.5 * width(spread));
    }

    #[test]
    fn if_all_is_judged_nothing_is_uncertain() {
        let mut removed = stratum(Side::Removed, 8.0, 2, 6);
        let mut kept = stratum(Side::Kept, 20.0, 19, 1);
        for pick in removed.picks.iter_mut().chain(&mut kept.picks) {
            pick.words = 1.0;
        }
        let found = estimate(&[removed, kept]);
        let share = 2.0 / 21.0;
        assert!((found.loss.value - share).abs() < 1e-9);
        assert!(found.loss.width() < 1e-9 && found.left.width() < 1e-9);
        assert_eq!(found.halves_loss, None);
    }

    #[test]
    fn a_stratum_without_answers_may_be_anything() {
        let found = estimate(&[
            stratum(Side::Removed, 1000.0, 0, 50),
            stratum(Side::Removed, 500.0, 0, 0),
            stratum(Side::Kept, 9000.0, 50, 0),
        ]);
        assert!(found.lost_words.high >= 500.0);
        let nothing = estimate(&[]);
        assert_eq!((nothing.loss, nothing.left), Default::default());
    }

    #[test]
    fn answers_that_cannot_say_count_as_neither() {
        let mut removed = stratum(Side::Removed, 1000.0, 1, 3);
        for pick in &mut removed.picks {
            (pick.prose, pick.chaff) = (pick.prose / 2.0, 0.0);
        }
        let found = estimate(&[removed, stratum(Side::Kept, 9000.0, 9, 0)]);
        assert!((found.lost_words.value - 125.0).abs() < 1e-9);
    }

    #[test]
    fn four_times_as_many_answers_halve_a_wide_interval() {
        let found = estimate(&[
            stratum(Side::Removed, 1000.0, 40, 60),
            stratum(Side::Kept, 9000.0, 80, 20),
        ]);
        let [loss, left] = [found.halves_loss, found.halves_left].map(Option::unwrap);
        assert!(
            (3.0..4.5).contains(&loss) && (3.0..4.5).contains(&left),
            "{loss} {left}"
        );
    }

    #[test]
    fn another_cleaning_is_judged_by_the_same_answers() {
        let removed = stratum(Side::Removed, 1000.0, 10, 90);
        let kept = stratum(Side::Kept, 9000.0, 95, 5);
        let same = [
            (removed.clone(), vec![1.0; 100]),
            (kept.clone(), vec![0.0; 100]),
        ];
        let found = estimate(&[removed.clone(), kept.clone()]);
        let (loss, left) = estimate_other(&same);
        assert!((loss.value - found.loss.value).abs() < 1e-9);
        assert!((left.value - found.left.value).abs() < 1e-9);
        let (loss, left) = estimate_other(&[(removed, vec![0.0; 100]), (kept, vec![0.0; 100])]);
        assert_eq!((loss.value, left.value), (0.0, 1.0));
    }
}
