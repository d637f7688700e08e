//! The classifier that tells the kind of a page: multinomial logistic regression on the logarithms
//! of means over the blocks of a document, and on the stems that occur in it.
//!
//! Everything is an integer. The score of a kind is in 4096ths of a logit:
//!
//! ```text
//! bias + sum over features (weight × log2) / 65536 + scale × sum over stems (weight) / sqrt(stems)
//! ```
//!
//! Logarithms have 8 binary digits, between powers of two on a straight line.

use super::DocumentKind;
use crate::error::Error;
use crate::model::{Observed, Reader, STEM_HASHES, SUM_NAMES};

/// Number of kinds.
pub(super) const KINDS: usize = DocumentKind::ALL.len();
/// Place of a stem without weights.
const NO_STEM: u16 = u16::MAX;

/// The classifier of pages.
#[derive(Debug)]
pub(super) struct KindModel {
    biases: [i32; KINDS],
    /// By feature.
    weights: Vec<[i32; KINDS]>,
    /// Weight of a stem of weight 1, in 4096ths of a logit times 256.
    scale: i32,
    /// By hash of a stem: its place in `stem_weights`.
    places: Box<[u16]>,
    stem_weights: Vec<[i8; KINDS]>,
}

impl KindModel {
    /// Reads the classifier from a model file.
    ///
    /// # Errors
    /// [`Error::Model`] if the file ends too early or names a stem that does not exist.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let biases = read_weights(reader)?;
        let weights = (0..SUM_NAMES.len())
            .map(|_| read_weights(reader))
            .collect::<Result<_, _>>()?;
        let scale = reader.i32()?;
        let mut places = vec![NO_STEM; STEM_HASHES].into_boxed_slice();
        let mut stem_weights = Vec::new();
        for place in 0..reader.u16()? {
            let stem = usize::from(reader.u16()?);
            *places
                .get_mut(stem)
                .ok_or_else(|| Error::Model(format!("it names the stem {stem}")))? = place;
            let mut weights = [0; KINDS];
            for (weight, &byte) in weights.iter_mut().zip(reader.bytes(KINDS)?) {
                *weight = byte as i8;
            }
            stem_weights.push(weights);
        }
        Ok(Self {
            biases,
            weights,
            scale,
            places,
            stem_weights,
        })
    }

    /// Returns the kind of a document: the one with the highest score, `Other` if it has no text.
    pub(super) fn kind(&self, observed: &Observed) -> DocumentKind {
        if observed.blocks.is_empty() {
            return DocumentKind::Other;
        }
        let scores = self.scores(observed);
        let best = (0..KINDS).rev().max_by_key(|&kind| scores[kind]);
        DocumentKind::ALL[best.unwrap_or(KINDS - 1)]
    }

    /// Returns the score of each kind, in 4096ths of a logit.
    fn scores(&self, observed: &Observed) -> [i64; KINDS] {
        let mut scores = [0; KINDS];
        for (value, weights) in kind_features(&observed.sums).zip(&self.weights) {
            for (score, &weight) in scores.iter_mut().zip(weights) {
                *score += i64::from(weight) * value;
            }
        }
        let (mut count, mut sums) = (0u64, [0i64; KINDS]);
        for stem in observed.stems.iter() {
            let place = usize::from(self.places[usize::from(stem)]);
            if let Some(weights) = self.stem_weights.get(place) {
                count += 1;
                for (sum, &weight) in sums.iter_mut().zip(weights) {
                    *sum += i64::from(weight);
                }
            }
        }
        let root = (count.max(1) << 16).isqrt() as i64;
        for ((score, sum), bias) in scores.iter_mut().zip(sums).zip(self.biases) {
            let stems = (sum * i64::from(self.scale)).div_euclid(root);
            *score = i64::from(bias) + (*score >> 16) + stems;
        }
        scores
    }
}

/// Reads a number for each kind.
///
/// # Errors
/// [`Error::Model`] if the file ends too early.
pub(super) fn read_weights(reader: &mut Reader<'_>) -> Result<[i32; KINDS], Error> {
    let mut weights = [0; KINDS];
    for weight in &mut weights {
        *weight = reader.i32()?;
    }
    Ok(weights)
}

/// Iterates over the features of a document: the logarithms of its number of blocks, and of the mean
/// of each other sum over the blocks in thousandths.
fn kind_features(sums: &[i64; SUM_NAMES.len()]) -> impl Iterator<Item = i64> + '_ {
    let blocks = sums[0].max(1);
    let means = sums[1..]
        .iter()
        .map(move |sum| (sum * 1000).div_euclid(blocks));
    std::iter::once(sums[0]).chain(means).map(log2)
}

/// Returns the binary logarithm of 1 plus the absolute value of a number, with its sign, in 256ths.
fn log2(value: i64) -> i64 {
    let number = value.unsigned_abs() + 1;
    let whole = number.ilog2();
    let rest = ((u128::from(number) << 8) >> whole) as i64 - 256;
    value.signum() * (i64::from(whole) * 256 + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_straight_between_powers_of_two() {
        for (value, log) in [
            (0, 0),
            (1, 256),
            (3, 512),
            (4, 576),
            (-3, -512),
            (i64::MIN, -16128),
        ] {
            assert_eq!(log2(value), log, "{value}");
        }
    }
}
