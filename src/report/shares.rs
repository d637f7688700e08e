//! How many documents lose which share of their bytes: the distribution in the statistics.

use serde::{Deserialize, Serialize};

/// Number of classes: no removal, and tenths.
const CLASSES: usize = 11;

/// Documents by the share of their bytes that rules would remove, those that are held included:
/// first the number of those without any, then of those with up to 10 %, up to 20 % and so on. A run
/// keeps the statistics of each input, and most inputs are one document, so that takes little memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Counts", from = "Counts")]
pub enum Shares {
    /// No document.
    #[default]
    Empty,
    /// One document, of this class.
    One(u8),
    /// Several documents.
    Many(Box<Counts>),
}

/// The number of documents of each class.
type Counts = [u64; CLASSES];

impl Shares {
    /// Returns whether no document was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::Empty
    }

    /// Counts a document of `whole` bytes, of which `part` would be removed.
    pub fn add(&mut self, part: usize, whole: usize) {
        self.merge(&Self::One(tenths(part, whole)));
    }

    /// Adds the documents of another part of the run, or of another run.
    pub fn merge(&mut self, other: &Self) {
        match (&mut *self, other) {
            (_, Self::Empty) => {}
            (Self::Empty, other) => *self = other.clone(),
            (Self::Many(counts), Self::One(class)) => {
                let count = &mut counts[usize::from(*class)];
                *count = count.saturating_add(1);
            }
            (_, other) => {
                let (mut counts, added) = (self.counts(), other.counts());
                for (count, added) in counts.iter_mut().zip(added) {
                    *count = count.saturating_add(added);
                }
                *self = Self::Many(Box::new(counts));
            }
        }
    }

    fn counts(&self) -> Counts {
        let mut counts = [0; CLASSES];
        match self {
            Self::Empty => {}
            Self::One(class) => counts[usize::from(*class)] = 1,
            Self::Many(many) => counts = **many,
        }
        counts
    }
}

impl From<Shares> for Counts {
    fn from(shares: Shares) -> Self {
        shares.counts()
    }
}

impl From<Counts> for Shares {
    fn from(counts: Counts) -> Self {
        let sum = counts
            .iter()
            .fold(0, |sum: u64, &count| sum.saturating_add(count));
        match (sum, counts.iter().position(|&count| count == 1)) {
            (0, _) => Self::Empty,
            (1, Some(class)) => Self::One(class as u8),
            _ => Self::Many(Box::new(counts)),
        }
    }
}

/// Returns the share of `part` in `whole` in tenths, rounded up, so that it is zero only if the
/// part is. Integers make it exact, and the same on every machine.
fn tenths(part: usize, whole: usize) -> u8 {
    (part as u128 * 10).div_ceil(whole.max(1) as u128).min(10) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_in_tenths_and_rounded_up() {
        for (part, whole, expected) in [(0, 0, 0), (0, 9, 0), (1, 999, 1), (1, 10, 1)] {
            assert_eq!(tenths(part, whole), expected);
        }
        assert_eq!(
            (tenths(11, 100), tenths(90, 100), tenths(91, 100)),
            (2, 9, 10)
        );
        assert_eq!(tenths(usize::MAX, usize::MAX), 10);
    }

    #[test]
    fn shares_add_up_and_are_written_as_a_list() {
        let mut shares = Shares::default();
        shares.merge(&Shares::default());
        assert!(shares.is_empty());
        shares.add(14, 37);
        let json = serde_json::to_string(&shares).unwrap();
        assert_eq!(json, "[0,0,0,0,1,0,0,0,0,0,0]");
        assert_eq!(serde_json::from_str::<Shares>(&json).unwrap(), shares);
        shares.merge(&shares.clone());
        let json = serde_json::to_string(&shares).unwrap();
        assert_eq!(json, "[0,0,0,0,2,0,0,0,0,0,0]");
        assert_eq!(serde_json::from_str::<Shares>(&json).unwrap(), shares);
        shares.add(0, 37);
        shares.merge(&shares.clone());
        let json = serde_json::to_string(&shares).unwrap();
        assert_eq!(json, "[2,0,0,0,4,0,0,0,0,0,0]");
    }
}
