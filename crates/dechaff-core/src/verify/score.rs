//! Quality of a cleaning, measured on labelled lines: precision, recall, loss of prose and damaged
//! documents, with confidence intervals.
//!
//! [`LineCounts`] are plain sums, so they can be counted in parallel and added. [`measure`] turns
//! counts by publisher into figures. It resamples publishers rather than lines, because lines and
//! pages of one publisher resemble each other: resampled lines would give intervals that are too
//! narrow.

use super::fate::line_outcomes;
use super::gold::word_f1;
use super::worth::{Label, add_counts};
use crate::cleaner::Cleaned;
use std::collections::BTreeMap;

/// Per mille of the bootstrap samples below the lower and below the upper bound of an interval.
const INTERVAL: [usize; 2] = [25, 975];

/// Sums over labelled documents. Each pair is a total and the number of these that were removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCounts {
    /// Documents.
    pub texts: u64,
    /// Documents that lost at least one line of prose.
    pub damaged: u64,
    /// Lines labelled as chaff, and those of them that were removed.
    pub chaff: (u64, u64),
    /// Lines labelled as prose, and those of them that were removed.
    pub prose: (u64, u64),
    /// Words of lines labelled as prose, and those of them that were removed.
    pub words: (u64, u64),
    /// Documents whose main text is known.
    pub gold_texts: u64,
    /// Sums over these of the word F1 of the source and of the cleaned text against the main text,
    /// in millionths.
    pub gold_f1: (u64, u64),
}

/// Quality figures computed from [`LineCounts`], each a share from 0 to 1, or `None` if its
/// denominator is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Share of chaff among the labelled lines that were removed.
    pub precision: Option<f64>,
    /// Share of removed lines among the lines of chaff.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall; also `None` if both are 0.
    pub f1: Option<f64>,
    /// Share of removed words among the words of prose.
    pub loss: Option<f64>,
    /// Share of documents that lost at least one line of prose.
    pub damaged: Option<f64>,
    /// Mean word F1 of the sources against the main texts.
    pub source_f1: Option<f64>,
    /// Mean word F1 of the cleaned texts against the main texts.
    pub cleaned_f1: Option<f64>,
}

impl LineCounts {
    /// Counts one cleaned document. `labels` has one label for each part of the source between line
    /// feeds. Lines that are labelled as unsure, lines without a label and lines without words are
    /// not counted.
    #[must_use]
    pub fn of(cleaned: &Cleaned<'_>, labels: &[Label]) -> Self {
        let mut counts = Self {
            texts: 1,
            ..Self::default()
        };
        for line in line_outcomes(cleaned) {
            let removed = u64::from(line.is_removed());
            match labels.get(line.index) {
                Some(Label::Drop) => add_counts(&mut counts.chaff, (1, removed)),
                Some(Label::Keep) => {
                    add_counts(&mut counts.prose, (1, removed));
                    add_counts(
                        &mut counts.words,
                        (line.words, line.words - line.words_kept),
                    );
                }
                Some(Label::Unsure) | None => {}
            }
        }
        counts.damaged = u64::from(counts.prose.1 > 0);
        counts
    }

    /// Adds how well the source and the cleaned text of the document agree with `gold`, its main
    /// text; see [`word_f1`].
    #[must_use]
    pub fn with_gold(mut self, cleaned: &Cleaned<'_>, gold: &str) -> Self {
        self.gold_texts = 1;
        let before = word_f1(cleaned.source(), gold);
        let after = if cleaned.removals().is_empty() {
            before
        } else {
            word_f1(&cleaned.text(), gold)
        };
        self.gold_f1 = (millionths(before), millionths(after));
        self
    }

    /// Adds the counts of other documents. Addition is commutative, so the order in which documents
    /// are counted does not matter.
    pub fn add(&mut self, other: &Self) {
        self.texts += other.texts;
        self.damaged += other.damaged;
        add_counts(&mut self.chaff, other.chaff);
        add_counts(&mut self.prose, other.prose);
        add_counts(&mut self.words, other.words);
        self.gold_texts += other.gold_texts;
        add_counts(&mut self.gold_f1, other.gold_f1);
    }

    /// Computes the quality figures of these counts. A figure is `None` if there is nothing to
    /// divide by, for example the recall of documents without chaff.
    ///
    /// ```
    /// use dechaff_core::verify::LineCounts;
    /// let counts = LineCounts {
    ///     texts: 2,
    ///     damaged: 1,
    ///     chaff: (4, 3),
    ///     prose: (9, 1),
    ///     words: (200, 10),
    ///     ..LineCounts::default()
    /// };
    /// let figures = counts.figures();
    /// assert_eq!(figures.precision, Some(0.75));
    /// assert_eq!(figures.recall, Some(0.75));
    /// assert_eq!(figures.loss, Some(0.05));
    /// ```
    #[must_use]
    pub fn figures(&self) -> Figures {
        let precision = ratio(self.chaff.1, self.chaff.1 + self.prose.1);
        let recall = ratio(self.chaff.1, self.chaff.0);
        let f1 = precision
            .zip(recall)
            .filter(|(p, r)| p + r > 0.0)
            .map(|(p, r)| 2.0 * p * r / (p + r));
        Figures {
            precision,
            recall,
            f1,
            loss: ratio(self.words.1, self.words.0),
            damaged: ratio(self.damaged, self.texts),
            source_f1: ratio(self.gold_f1.0, self.gold_texts * 1_000_000),
            cleaned_f1: ratio(self.gold_f1.1, self.gold_texts * 1_000_000),
        }
    }
}

/// Returns a share from 0 to 1 as millionths, so that sums do not depend on their order.
fn millionths(share: f64) -> u64 {
    #[expect(clippy::cast_sign_loss, reason = "shares are not negative")]
    let millionths = (share * 1e6).round() as u64;
    millionths
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Counts with the bounds of the 95 % confidence interval of each figure. The interval is the
/// percentile bootstrap (Efron, 1979) over publishers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Sum of the counts of all publishers.
    pub tally: LineCounts,
    /// Number of publishers.
    pub publishers: usize,
    /// Lower bound of each figure; `None` if no sample has the figure.
    pub low: Figures,
    /// Upper bound of each figure; `None` if no sample has the figure.
    pub high: Figures,
}

/// Adds up counts by publisher and estimates confidence intervals from `draws` bootstrap samples.
/// Each sample draws as many publishers as there are, with replacement. The random numbers have a
/// fixed seed, so the same counts always give the same bounds.
#[must_use]
pub fn measure(publishers: &BTreeMap<String, LineCounts>, draws: usize) -> Measured {
    let all: Vec<&LineCounts> = publishers.values().collect();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let draws = if all.is_empty() { 0 } else { draws };
    let mut samples = Vec::with_capacity(draws);
    for _ in 0..draws {
        let drawn = (0..all.len()).map(|_| all[random.below(all.len())]);
        samples.push(total(drawn).figures());
    }
    let [low, high] = INTERVAL.map(|per_mille| quantiles(&samples, per_mille));
    Measured {
        tally: total(all.iter().copied()),
        publishers: all.len(),
        low,
        high,
    }
}

fn total<'c>(counts: impl Iterator<Item = &'c LineCounts>) -> LineCounts {
    let mut total = LineCounts::default();
    counts.for_each(|counts| total.add(counts));
    total
}

/// The random number generator xorshift64* (Vigna, 2016). Its state must not be 0.
struct Random(u64);

impl Random {
    /// Returns the next number, reduced to less than `limit`. The slight bias of the remainder does
    /// not matter for limits as small as a number of publishers.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }
}

/// Returns the quantile at `per_mille` of each figure separately.
fn quantiles(samples: &[Figures], per_mille: usize) -> Figures {
    Figures {
        precision: quantile(samples, per_mille, |figures| figures.precision),
        recall: quantile(samples, per_mille, |figures| figures.recall),
        f1: quantile(samples, per_mille, |figures| figures.f1),
        loss: quantile(samples, per_mille, |figures| figures.loss),
        damaged: quantile(samples, per_mille, |figures| figures.damaged),
        source_f1: quantile(samples, per_mille, |figures| figures.source_f1),
        cleaned_f1: quantile(samples, per_mille, |figures| figures.cleaned_f1),
    }
}

/// Returns the quantile at `per_mille` of one figure over all samples that have it, without
/// interpolation, or `None` if no sample has it.
fn quantile(
    samples: &[Figures],
    per_mille: usize,
    figure: fn(&Figures) -> Option<f64>,
) -> Option<f64> {
    let mut values: Vec<f64> = samples.iter().filter_map(figure).collect();
    values.sort_by(f64::total_cmp);
    let at = (values.len().max(1) - 1) * per_mille / 1000;
    values.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_contain_the_figure_and_are_reproducible() {
        let publishers: BTreeMap<String, LineCounts> = (0..10)
            .map(|removed| {
                let counts = LineCounts {
                    texts: 1,
                    damaged: 0,
                    chaff: (10, removed),
                    prose: (10, 1),
                    words: (100, removed),
                    ..LineCounts::default()
                };
                (removed.to_string(), counts)
            })
            .collect();
        let measured = measure(&publishers, 500);
        let (low, recall, high) = (
            measured.low.recall.unwrap(),
            measured.tally.figures().recall.unwrap(),
            measured.high.recall.unwrap(),
        );
        assert!(
            (recall - 0.45).abs() < 1e-9 && low < 0.35 && high > 0.55,
            "{low} {recall} {high}"
        );
        assert_eq!(measure(&publishers, 500), measured);
        assert_eq!(measure(&BTreeMap::new(), 500).low.recall, None);
    }
}
