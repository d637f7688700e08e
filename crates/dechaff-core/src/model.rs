//! The line model: judges units of text (lines, or paragraphs that hard wrapping broke) from their shape, their words,
//! their neighbours and what rules find around them. Here are the model file and the score; what it looks at is in
//! `page`, `shape` and `features`, the words in `words`, the trees in `trees`. Everything is integers, so that all platforms agree.

mod explain;
mod features;
mod file;
mod line_model;
mod page;
mod shape;
mod trees;
mod words;

pub mod training;

pub use explain::{Decision, ExplainOptions, FeatureWeight, LineScore};
pub(crate) use line_model::{LineModel, ModelBuffers};

use crate::error::Error;
use crate::mark::Score;
use dechaff_rules::rule::Level;
use features::{FeatureRow, NAMES};
use file::{FORMAT, MAGIC, Reader, fnv};
use page::PageFeatures;
use trees::Forest;
use words::WordTable;

/// The meaning of the features; to be raised when one changes.
const FEATURES: u16 = 2;
/// So many units are scored together.
const BLOCK: usize = 64;
/// The model that is part of dechaff.
const BUILT_IN: &[u8] = include_bytes!("../models/line.bin");

/// Returns the bytes of the built-in model file, by which a manifest identifies the model.
#[must_use]
pub const fn built_in_file() -> &'static [u8] {
    BUILT_IN
}

/// A point of the measured curve of a level and kind of page: what rules and model together did at a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    /// Units that score more are taken.
    pub threshold: i32,
    /// Words of prose lost, in millionths.
    pub loss: u32,
}

/// The line model, read from its file.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub words: WordTable,
    forest: Forest,
    /// Raw scores at which the probability passes one thousandth, two, and so on.
    steps: Vec<i32>,
    /// By level, then kind of page.
    thresholds: [Thresholds; 3],
    curves: [[Vec<Point>; 2]; 3],
}

/// The raw scores that units of articles and of whole pages must exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thresholds {
    article: i32,
    whole: i32,
}

impl Thresholds {
    /// The one for a page.
    pub(crate) fn of(self, page: &PageFeatures) -> i32 {
        if page.is_whole() {
            self.whole
        } else {
            self.article
        }
    }
}

/// The raw scores of the units of a page, with the buffers that scoring takes.
#[derive(Debug, Default)]
pub(crate) struct Scores {
    pub by_unit: Vec<i32>,
    judged: Vec<usize>,
    rows: Vec<FeatureRow>,
}

impl Model {
    /// The model that is part of dechaff.
    ///
    /// # Errors
    /// [`Error::Model`] if it was built for other features than these; a test excludes that.
    pub(crate) fn built_in() -> Result<Self, Error> {
        Self::read(BUILT_IN)
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`Error::Model`] if it is none, is damaged, or was made for another version of the format or of the features.
    pub(crate) fn read(file: &[u8]) -> Result<Self, Error> {
        let mut header = Reader::new(file);
        if header.bytes(4)? != MAGIC {
            return Err(Error::Model("it is no model file of dechaff".to_owned()));
        }
        let (format, features) = (header.u16()?, header.u16()?);
        if format != FORMAT {
            return Err(Error::Model(format!(
                "its format is version {format}, this dechaff reads version {FORMAT}"
            )));
        }
        let checksum = header.u64()?;
        let payload = header.rest();
        if fnv(payload) != checksum {
            return Err(Error::Model(
                "it is damaged: its checksum differs".to_owned(),
            ));
        }
        let mut reader = Reader::new(payload);
        if features != FEATURES || reader.u64()? != fnv(NAMES.join(" ").as_bytes()) {
            return Err(Error::Model(format!(
                "it was trained on features of version {features}, this dechaff computes version {FEATURES}"
            )));
        }
        let words = WordTable::read(&mut reader)?;
        let forest = Forest::read(&mut reader)?;
        let steps = (0..reader.u16()?)
            .map(|_| reader.i32())
            .collect::<Result<_, _>>()?;
        let mut curve = || -> Result<(i32, Vec<Point>), Error> {
            let threshold = reader.i32()?;
            let points = (0..reader.u16()?)
                .map(|_| {
                    Ok(Point {
                        threshold: reader.i32()?,
                        loss: reader.u32()?,
                    })
                })
                .collect::<Result<_, Error>>()?;
            Ok((threshold, points))
        };
        let mut level = || -> Result<(Thresholds, [Vec<Point>; 2]), Error> {
            let [(article, first), (whole, second)] = [curve()?, curve()?];
            Ok((Thresholds { article, whole }, [first, second]))
        };
        let [(first, precise), (second, balanced), (third, thorough)] =
            [level()?, level()?, level()?];
        Ok(Self {
            words,
            forest,
            steps,
            thresholds: [first, second, third],
            curves: [precise, balanced, thorough],
        })
    }

    /// The raw scores that units must exceed at a level.
    pub(crate) fn thresholds(&self, level: Level) -> Thresholds {
        self.thresholds[level as usize]
    }

    /// The raw scores that units must exceed, so that rules of this level and model together lose at most this share of
    /// the words of prose, as measured on articles and on whole pages.
    ///
    /// # Errors
    /// [`Error::Option`] with what was measured, if the share is below that.
    pub(crate) fn thresholds_for(&self, level: Level, share: f64) -> Result<Thresholds, Error> {
        let [article, whole] = &self.curves[level as usize];
        let lowest = |curve: &[Point]| {
            let within = curve
                .iter()
                .filter(|point| f64::from(point.loss) <= share * 1e6);
            within.map(|point| point.threshold).min()
        };
        let threshold = lowest(article).ok_or_else(|| {
            let least = article.iter().map(|point| point.loss).min().unwrap_or(0);
            Error::Option(format!(
                "max-loss {share}: at the level {level} the least that was measured is {}",
                f64::from(least) / 1e6
            ))
        })?;
        // Of whole pages the rules may lose more than that already; then the model adds nothing.
        Ok(Thresholds {
            article: threshold,
            whole: lowest(whole).unwrap_or(i32::MAX),
        })
    }

    /// The raw score of each unit of a page; the least there is for what is plainly prose, and for what need not be judged.
    pub(crate) fn score(
        &self,
        page: &PageFeatures,
        needs: impl Fn(usize) -> bool,
        scores: &mut Scores,
    ) {
        let Scores {
            by_unit,
            judged,
            rows,
        } = scores;
        by_unit.clear();
        by_unit.resize(page.len(), i32::MIN);
        judged.clear();
        judged.extend((0..page.len()).filter(|&at| !page.is_plain(at) && needs(at)));
        rows.resize(BLOCK, features::empty_row());
        for block in judged.chunks(BLOCK) {
            let mut sums = [0; BLOCK];
            block
                .iter()
                .zip(&mut *rows)
                .for_each(|(&at, row)| page.fill(at, row));
            self.forest.score(&rows[..block.len()], &mut sums);
            block
                .iter()
                .zip(sums)
                .for_each(|(&at, sum)| by_unit[at] = sum);
        }
    }

    /// A raw score as the probability of chaff.
    pub(crate) fn probability(&self, raw: i32) -> Score {
        Score::model(self.steps.partition_point(|&step| step < raw) as u16)
    }

    /// The features that weighed most in the score of a unit, the heaviest first.
    pub(crate) fn weights(
        &self,
        page: &PageFeatures,
        at: usize,
        most: usize,
    ) -> Vec<FeatureWeight> {
        let mut row = features::empty_row();
        page.fill(at, &mut row);
        self.forest.weights(&row, most)
    }
}

/// A hash that is the same on all platforms, eight bytes at a time.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mix =
        |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517C_C1B7_2722_0A95);
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(bytes.len() as u64, |hash, word| {
        mix(hash, u64::from_le_bytes(*word))
    });
    mix(
        hash,
        rest.iter()
            .fold(0, |word, &byte| word << 8 | u64::from(byte)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_that_is_part_of_dechaff_fits_its_features() {
        let model = Model::built_in().unwrap();
        let thresholds = Level::ALL
            .iter()
            .map(|&level| model.thresholds(level))
            .collect::<Vec<_>>();
        assert!(
            thresholds.is_sorted_by(|a, b| a.article > b.article && a.whole > b.whole),
            "{thresholds:?}"
        );
        assert!(BUILT_IN.len() <= 2 << 20);
    }

    #[test]
    fn a_file_that_is_damaged_or_of_another_version_is_refused() {
        let refuse = |at: usize, what: &str| {
            let mut file = BUILT_IN.to_vec();
            file[at] ^= 1;
            let error = Model::read(&file).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        };
        refuse(0, "no model file");
        refuse(4, "format is version");
        refuse(6, "features of version");
        refuse(BUILT_IN.len() - 1, "checksum");
        assert!(
            Model::read(&BUILT_IN[..10])
                .unwrap_err()
                .to_string()
                .contains("ends")
        );
    }

    #[test]
    fn a_lower_loss_asks_for_a_higher_score() {
        let model = Model::built_in().unwrap();
        let thresholds = |share| model.thresholds_for(Level::Balanced, share);
        let (low, high) = (thresholds(0.001).unwrap(), thresholds(0.01).unwrap());
        assert!(low.article > high.article && low.whole > high.whole);
        assert!(
            thresholds(0.0)
                .unwrap_err()
                .to_string()
                .contains("least that was measured")
        );
    }
}
