//! The line model: a statistical model that finds the chaff for which there is no rule. It scores
//! blocks (lines, or the lines that hard wrapping made of a paragraph) by their shape, their words,
//! their neighbors and what rules match around them.
//!
//! ```text
//! document ─ blocks ─┬─ plain prose ──────────────────────────── kept, not scored
//!                    └─ row of features ─ trees ─ raw score ─┬─ above the threshold: marked
//!                                                            └─ otherwise: kept
//! ```
//!
//! - `page` splits a document into blocks and computes their features, `shape` from their
//!   characters, `words` from their words, and `overlap` and `forms` from the words that they
//!   share with the prose of the page. `features` lists the features, and `meanings` says in words
//!   what each of them is.
//! - `trees` evaluates boosted decision trees on the features. A few rows walk through each `tree`,
//!   more are evaluated together by `blocks`. The raw score of a block is the sum of their leaves,
//!   in 4096ths of a logit.
//! - This module holds the model that is read from a file (`file`): word weights, trees, and the
//!   raw scores that blocks must exceed. There is a threshold for each level and each `kind` of
//!   page.
//! - `line_model` is the filter of the model stage, which marks the lines of these blocks.
//!
//! For example, a block with the raw score 8192 has log-odds of 8192 / 4096 = 2, which is a
//! probability of 0.88. The model file has the logistic function as a table, so that this is a
//! search: the `n`th step of the table is the raw score at which the probability is `n`
//! thousandths, and 8192 is above 880 of the 999 steps. Outputs show this as the [`Score`].
//!
//! Everything that decides is an integer, so that all platforms mark the same lines.

mod blocks;
mod explain;
mod features;
mod file;
mod forms;
mod kind;
mod line_model;
mod meanings;
mod observed;
mod overlap;
mod page;
mod places;
mod shape;
mod stems;
mod tree;
mod trees;
mod words;

pub mod training;

pub use explain::{Decision, ExplainOptions, FeatureWeight, LineScore};
pub(crate) use features::empty_row;
pub(crate) use file::{Reader, checksum, open_file};
pub use kind::PageKind;
pub(crate) use line_model::{Judged, LineModel, ModelBuffers, Wanted};
pub use observed::SUM_NAMES;
pub(crate) use observed::{Observed, ObservedBlock};
pub(crate) use stems::STEM_HASHES;
pub(crate) use trees::Forest;

use crate::error::Error;
use crate::mark::Score;
use blocks::{BLOCK_ROWS, RowBlock};
use dechaff_rules::rule::Level;
use features::NAMES;
use file::{FORMAT, MAGIC};
use page::PageFeatures;
use trees::ForestBuffers;
use words::WordTable;

/// Version of the meaning of the features. Raise it when the value of a feature changes.
const FEATURE_VERSION: u16 = 4;
/// How much higher the thresholds are on a page on which no rule matches, as a raw score: the odds
/// of chaff must be 9.5 times as high. Training uses the same number.
const NO_HITS_MARGIN: i32 = 9216;
/// Number of blocks that are scored together.
const BATCH: usize = 128;
/// The built-in model file.
const BUILT_IN: &[u8] = include_bytes!("../models/line.bin");

/// Returns the bytes of the built-in model file. The manifest of a run hashes them to identify the
/// model that scored its documents.
#[must_use]
pub const fn built_in_file() -> &'static [u8] {
    BUILT_IN
}

/// Iterates over the features of the model, in the order of a row: the name of each, and what it is
/// in words, as a noun phrase such as "its number of words".
pub fn feature_meanings() -> impl Iterator<Item = (&'static str, &'static str)> {
    meanings::MEANINGS.iter().copied()
}

/// Returns the lowest and the highest score that a line must exceed at `level` to be removed, over
/// all kinds of pages. On a page on which no rule matches it must exceed a higher one.
///
/// # Errors
/// [`Error::Model`] if the built-in model does not fit this version.
pub fn required_scores(level: Level) -> Result<(Score, Score), Error> {
    let model = Model::built_in()?;
    let thresholds = model.thresholds(level).0;
    let (mut low, mut high) = (thresholds[0], thresholds[0]);
    for threshold in thresholds {
        (low, high) = (low.min(threshold), high.max(threshold));
    }
    Ok((model.probability(low), model.probability(high)))
}

/// A point of a measured curve: what rules of a level and the model removed together at a
/// threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CurvePoint {
    /// Raw score that the removed blocks exceeded.
    pub threshold: i32,
    /// Share of the words of prose that was lost, in millionths.
    pub loss: u32,
}

/// The line model, read from its file.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub words: WordTable,
    forest: Forest,
    /// Raw scores at which the probability is one thousandth, two, and so on, ascending.
    probability_steps: Vec<i32>,
    /// By level.
    thresholds: [Thresholds; 3],
    /// By level, then by the number of a kind of page.
    curves: [[Vec<CurvePoint>; PageKind::COUNT]; 3],
}

/// The raw scores that blocks must exceed to be removed, by the number of a kind of page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thresholds([i32; PageKind::COUNT]);

impl Thresholds {
    /// Thresholds that no score exceeds.
    pub(crate) const NONE: Self = Self([i32::MAX; PageKind::COUNT]);

    /// Returns the raw score that blocks of `page` must exceed. It is higher by [`NO_HITS_MARGIN`]
    /// if rules match nowhere on the page.
    pub(crate) fn for_page(self, page: &PageFeatures) -> i32 {
        self.0[page.kind().index()].saturating_add(margin(page))
    }
}

/// Returns by how much scores on `page` must be higher than elsewhere: by [`NO_HITS_MARGIN`] if rules
/// match nowhere on it.
fn margin(page: &PageFeatures) -> i32 {
    if page.has_no_hits() {
        NO_HITS_MARGIN
    } else {
        0
    }
}

/// The raw scores of the blocks of a page, and the buffers of scoring.
#[derive(Debug, Default)]
pub(crate) struct Scores {
    /// Raw score of each block; `i32::MIN` if it was not scored.
    pub by_block: Vec<i32>,
    /// Buffer: indices of the blocks that are scored.
    scored: Vec<usize>,
    /// Buffer: the features of a batch of blocks.
    rows: Vec<RowBlock>,
    forest: ForestBuffers,
}

impl Model {
    /// Reads the built-in model.
    ///
    /// # Errors
    /// [`Error::Model`] if it was trained on other features than this version computes. A test
    /// makes sure that it was not.
    pub(crate) fn built_in() -> Result<Self, Error> {
        Self::read(BUILT_IN)
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`Error::Model`] if `file` is not a model file, is damaged, or has another version of the
    /// format or of the features.
    pub(crate) fn read(file: &[u8]) -> Result<Self, Error> {
        let mut reader = open_file(file, *MAGIC, FORMAT, FEATURE_VERSION)?;
        let names = checksum(NAMES.join(" ").as_bytes());
        if reader.u64()? != names {
            return Err(Error::Model(
                "it was trained on other features than this dechaff computes".to_owned(),
            ));
        }
        let words = WordTable::read(&mut reader)?;
        let forest = Forest::read(&mut reader)?;
        let probability_steps = (0..reader.u16()?)
            .map(|_| reader.i32())
            .collect::<Result<_, _>>()?;
        let [(first, precise), (second, balanced), (third, thorough)] = [
            read_level(&mut reader)?,
            read_level(&mut reader)?,
            read_level(&mut reader)?,
        ];
        Ok(Self {
            words,
            forest,
            probability_steps,
            thresholds: [first, second, third],
            curves: [precise, balanced, thorough],
        })
    }

    /// Returns the raw scores that blocks must exceed at `level`. They were chosen in training and
    /// are part of the model file.
    pub(crate) fn thresholds(&self, level: Level) -> Thresholds {
        self.thresholds[level as usize]
    }

    /// Returns the lowest thresholds at which rules of `level` and the model together lost at most
    /// `max_loss` (0 to 1) of the words of prose, as measured on each kind of page. If the rules
    /// alone lose more than that on a kind, the model removes nothing from its pages.
    ///
    /// # Errors
    /// [`Error::Option`], with the lowest loss that was measured, if no threshold has a loss as low
    /// as `max_loss`.
    pub(crate) fn thresholds_for(&self, level: Level, max_loss: f64) -> Result<Thresholds, Error> {
        let curves = &self.curves[level as usize];
        let lowest = curves
            .each_ref()
            .map(|curve| lowest_threshold(curve, max_loss));
        if lowest.iter().all(Option::is_none) {
            let min_loss = curves.iter().flatten().map(|point| point.loss).min();
            return Err(Error::Option(format!(
                "max-loss {max_loss} is too low: at level {level} the lowest loss measured is {}",
                f64::from(min_loss.unwrap_or(0)) / 1e6
            )));
        }
        Ok(Thresholds(
            lowest.map(|threshold| threshold.unwrap_or(i32::MAX)),
        ))
    }

    /// Computes the raw score of each block of `page` that `needs_score` selects, and replaces
    /// `scores` by them. Plain prose and the blocks that were not selected get `i32::MIN`, as do
    /// blocks that were found not to exceed `threshold` before all trees were evaluated.
    pub(crate) fn score(
        &self,
        page: &PageFeatures,
        needs_score: impl Fn(usize) -> bool,
        threshold: i32,
        scores: &mut Scores,
    ) {
        let Scores {
            by_block,
            scored,
            rows,
            forest,
        } = scores;
        by_block.clear();
        by_block.resize(page.len(), i32::MIN);
        scored.clear();
        scored.extend((0..page.len()).filter(|&at| !page.is_plain_prose(at) && needs_score(at)));
        rows.resize_with(BATCH / BLOCK_ROWS, RowBlock::default);
        for batch in scored.chunks(BATCH) {
            for (batch, rows) in batch.chunks(BLOCK_ROWS).zip(&mut *rows) {
                for (lane, &at) in batch.iter().enumerate() {
                    page.for_each_feature(at, |feature, value| rows.set(lane, feature, value));
                }
            }
            let mut sums = [0; BATCH];
            let sums = &mut sums[..batch.len()];
            self.forest.score(rows, threshold, sums, forest);
            batch
                .iter()
                .zip(sums)
                .for_each(|(&at, sum)| by_block[at] = *sum);
        }
    }

    /// Returns a raw score as the probability that a block is chaff, in thousandths rounded down.
    /// It is 0 for blocks that were not scored, and at most 999, since 1000 is the score of rules.
    pub(crate) fn probability(&self, raw: i32) -> Score {
        Score::model(self.probability_steps.partition_point(|&step| step < raw) as u16)
    }

    /// Returns the features that contribute most to the score of the block with the index `at`, at
    /// most `max_features`, the largest contribution first. Only explanations need this: it walks
    /// through all trees.
    pub(crate) fn weights(
        &self,
        page: &PageFeatures,
        at: usize,
        max_features: usize,
    ) -> Vec<FeatureWeight> {
        let mut row = features::empty_row();
        page.fill(at, &mut row);
        self.forest.weights(&row, max_features)
    }
}

/// Reads the thresholds and the curves of a level from a model file, by the number of a kind of
/// page.
fn read_level(
    reader: &mut Reader<'_>,
) -> Result<(Thresholds, [Vec<CurvePoint>; PageKind::COUNT]), Error> {
    let mut thresholds = Thresholds([0; PageKind::COUNT]);
    let mut curves = [const { Vec::new() }; PageKind::COUNT];
    for (threshold, curve) in thresholds.0.iter_mut().zip(&mut curves) {
        (*threshold, *curve) = read_curve(reader)?;
    }
    Ok((thresholds, curves))
}

/// Reads a threshold and the curve that it was chosen from. The curve is a number of points of two
/// bytes, then a threshold and a loss of four bytes each for every point.
fn read_curve(reader: &mut Reader<'_>) -> Result<(i32, Vec<CurvePoint>), Error> {
    let threshold = reader.i32()?;
    let points = (0..reader.u16()?)
        .map(|_| {
            Ok(CurvePoint {
                threshold: reader.i32()?,
                loss: reader.u32()?,
            })
        })
        .collect::<Result<_, Error>>()?;
    Ok((threshold, points))
}

/// Returns the lowest threshold of the points of `curve` with a loss of at most `max_loss` (0 to
/// 1); `None` if every point has a higher loss.
fn lowest_threshold(curve: &[CurvePoint], max_loss: f64) -> Option<i32> {
    curve
        .iter()
        .filter(|point| f64::from(point.loss) <= max_loss * 1e6)
        .map(|point| point.threshold)
        .min()
}

/// Returns a 64-bit hash of `bytes` that is the same on all platforms: the multiply-rotate scheme
/// of `FxHash`, eight bytes at a time. The weights of words depend on it, so a change makes every
/// model useless. It does not resist crafted collisions.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(bytes.len() as u64, |hash, word| {
        mix(hash, u64::from_le_bytes(*word))
    });
    mix(hash, big_endian(rest))
}

/// Returns at most seven bytes as a big-endian number. From four bytes on, reads two words that
/// overlap.
#[inline]
fn big_endian(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(&first), Some(&last)) => {
            let bits = 8 * (bytes.len() - 4);
            let (first, last) = (u32::from_be_bytes(first), u32::from_be_bytes(last));
            u64::from(first) << bits | u64::from(last)
        }
        _ => bytes
            .iter()
            .fold(0, |word, &byte| word << 8 | u64::from(byte)),
    }
}

/// Returns the hash of a text that has `hash` so far and continues with the eight bytes `word`. The
/// constants are those of `FxHash`.
#[inline]
const fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x517C_C1B7_2722_0A95)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_model_fits_the_features() {
        let model = Model::built_in().unwrap();
        let thresholds = Level::ALL
            .iter()
            .map(|&level| model.thresholds(level))
            .collect::<Vec<_>>();
        assert!(
            thresholds
                .is_sorted_by(|a, b| a != b && (0..PageKind::COUNT).all(|k| a.0[k] >= b.0[k])),
            "{thresholds:?}"
        );
        assert!(BUILT_IN.len() <= 2 << 20);
    }

    #[test]
    fn bytes_are_read_as_a_big_endian_number() {
        for len in 0..8 {
            let bytes = &[0x81, 2, 0x83, 4, 0x85, 6, 0x87][..len];
            let expected = bytes
                .iter()
                .fold(0, |word, &byte| word << 8 | u64::from(byte));
            assert_eq!(big_endian(bytes), expected);
        }
    }

    #[test]
    fn probability_is_the_logistic_function() {
        let model = Model::built_in().unwrap();
        let thousandths =
            [i32::MIN, -8192, 0, 8192, i32::MAX].map(|raw| model.probability(raw).thousandths());
        assert_eq!(thousandths, [0, 119, 499, 880, 999]);
    }

    #[test]
    fn damaged_files_and_other_versions_are_errors() {
        for (offset, message) in [
            (0, "not a model file"),
            (4, "format has version"),
            (6, "features of version"),
            (BUILT_IN.len() - 1, "checksum"),
        ] {
            let mut file = BUILT_IN.to_vec();
            file[offset] ^= 1;
            let error = Model::read(&file).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
        let error = Model::read(&BUILT_IN[..10]).unwrap_err().to_string();
        assert!(error.contains("ends too early"), "{error}");
    }

    #[test]
    fn a_lower_loss_needs_higher_thresholds() {
        let model = Model::built_in().unwrap();
        let low = model.thresholds_for(Level::Balanced, 0.001).unwrap();
        let high = model.thresholds_for(Level::Balanced, 0.01).unwrap();
        assert!(low != high && (0..PageKind::COUNT).all(|kind| low.0[kind] >= high.0[kind]));
        let error = model.thresholds_for(Level::Balanced, 0.0).unwrap_err();
        assert!(error.to_string().contains("lowest loss measured"));
    }
}
