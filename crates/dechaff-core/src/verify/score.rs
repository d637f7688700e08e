//! How good a cleaning is, by labelled lines: precision, recall, prose lost, pages damaged, and how much of that is
//! chance. It adds up what became of lines; where documents and labels come from is not its business.

use super::fate::fates;
use super::worth::Label;
use crate::cleaner::Cleaned;
use std::collections::BTreeMap;

/// Counts over documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCounts {
    /// Documents.
    pub texts: u64,
    /// Documents of which a line of prose was removed.
    pub damaged: u64,
    /// Lines labelled as chaff, and how many of them were removed.
    pub chaff: (u64, u64),
    /// Lines labelled as prose, and how many of them were removed.
    pub prose: (u64, u64),
    /// Words of lines labelled as prose, and how many of them are gone.
    pub words: (u64, u64),
}

/// The figures that counts come to, each a share from 0 to 1; none where there is nothing to divide by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Of the labelled lines that were removed, the share that is chaff.
    pub precision: Option<f64>,
    /// Of the lines of chaff, the share that was removed.
    pub recall: Option<f64>,
    /// The harmonic mean of these two.
    pub f1: Option<f64>,
    /// Of the words of prose, the share that is gone.
    pub loss: Option<f64>,
    /// Of the documents, the share that lost a line of prose.
    pub damaged: Option<f64>,
}

impl LineCounts {
    /// Counts a cleaned document.
    #[must_use]
    pub fn of(cleaned: &Cleaned<'_>, labels: &[Label]) -> Self {
        let mut tally = Self {
            texts: 1,
            ..Self::default()
        };
        for fate in fates(cleaned) {
            let removed = u64::from(fate.is_removed());
            match labels.get(fate.number) {
                Some(Label::Drop) => tally.chaff = sum(tally.chaff, (1, removed)),
                Some(Label::Keep) => {
                    tally.prose = sum(tally.prose, (1, removed));
                    tally.words = sum(tally.words, (fate.words, fate.words - fate.left));
                }
                Some(Label::Unsure) | None => {}
            }
        }
        tally.damaged = u64::from(tally.prose.1 > 0);
        tally
    }

    /// Adds other counts.
    pub fn add(&mut self, other: &Self) {
        self.texts += other.texts;
        self.damaged += other.damaged;
        self.chaff = sum(self.chaff, other.chaff);
        self.prose = sum(self.prose, other.prose);
        self.words = sum(self.words, other.words);
    }

    /// The figures.
    ///
    /// ```
    /// use dechaff_core::verify::LineCounts;
    /// let tally = LineCounts { texts: 2, damaged: 1, chaff: (4, 3), prose: (9, 1), words: (200, 10) };
    /// let figures = tally.figures();
    /// assert_eq!((figures.precision, figures.recall, figures.loss), (Some(0.75), Some(0.75), Some(0.05)));
    /// ```
    #[must_use]
    pub fn figures(&self) -> Figures {
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let precision = share(self.chaff.1, self.chaff.1 + self.prose.1);
        let recall = share(self.chaff.1, self.chaff.0);
        let f1 = precision
            .zip(recall)
            .filter(|(p, r)| p + r > 0.0)
            .map(|(p, r)| 2.0 * p * r / (p + r));
        Figures {
            precision,
            recall,
            f1,
            loss: share(self.words.1, self.words.0),
            damaged: share(self.damaged, self.texts),
        }
    }
}

fn sum(a: (u64, u64), b: (u64, u64)) -> (u64, u64) {
    (a.0 + b.0, a.1 + b.1)
}

/// Figures with the bounds between which 95 % of them fall when publishers are drawn anew (the percentile bootstrap of
/// Efron, 1979, over publishers, because lines and pages of one publisher are alike).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Counts.
    pub tally: LineCounts,
    /// Publishers.
    pub publishers: usize,
    /// Lower bounds.
    pub low: Figures,
    /// Upper bounds.
    pub high: Figures,
}

/// Measures counts by publisher. The same counts give the same bounds.
#[must_use]
pub fn measure(publishers: &BTreeMap<String, LineCounts>, draws: usize) -> Measured {
    let all: Vec<&LineCounts> = publishers.values().collect();
    let total = |chosen: &mut dyn Iterator<Item = &LineCounts>| {
        let mut total = LineCounts::default();
        chosen.for_each(|tally| total.add(tally));
        total
    };
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut draw = || {
        // xorshift64* (Vigna, 2016).
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % all.len().max(1)
    };
    let mut drawn = Vec::with_capacity(draws);
    for _ in 0..if all.is_empty() { 0 } else { draws } {
        drawn.push(total(&mut (0..all.len()).map(|_| all[draw()])).figures());
    }
    let bound = |share: usize, of: fn(&Figures) -> Option<f64>| {
        let mut values: Vec<f64> = drawn.iter().filter_map(of).collect();
        values.sort_by(f64::total_cmp);
        let at = (values.len().max(1) - 1) * share / 1000;
        values.get(at).copied()
    };
    let bounds = |share: usize| Figures {
        precision: bound(share, |figures| figures.precision),
        recall: bound(share, |figures| figures.recall),
        f1: bound(share, |figures| figures.f1),
        loss: bound(share, |figures| figures.loss),
        damaged: bound(share, |figures| figures.damaged),
    };
    Measured {
        tally: total(&mut all.iter().copied()),
        publishers: all.len(),
        low: bounds(25),
        high: bounds(975),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_the_figure_and_come_out_the_same_again() {
        let tally = |removed| LineCounts {
            texts: 1,
            damaged: 0,
            chaff: (10, removed),
            prose: (10, 1),
            words: (100, removed),
        };
        let publishers: BTreeMap<String, LineCounts> =
            (0..10).map(|n| (n.to_string(), tally(n))).collect();
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
