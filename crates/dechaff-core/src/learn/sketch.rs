//! A count of distinct pages in bounded memory.

/// Greatest number of hashes that a sketch keeps. Up to this number of pages a count is exact;
/// beyond it, its standard error is 6 %.
const MAX_HASHES: usize = 256;

/// The smallest hashes of the pages that were added. How small the largest of them is tells how
/// many pages there were. Sketches of parts of a corpus add up to that of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageSketch {
    /// In ascending order, each once.
    hashes: Vec<u64>,
}

impl PageSketch {
    /// Makes a sketch from the [`hashes`](Self::hashes) of another one.
    #[must_use]
    pub fn from_hashes(mut hashes: Vec<u64>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        hashes.truncate(MAX_HASHES);
        Self { hashes }
    }

    /// Returns the hashes that the sketch keeps, in ascending order.
    #[must_use]
    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// Adds a page by its fingerprint. Returns whether the sketch changed.
    pub fn add(&mut self, page: u64) -> bool {
        let hash = mix(page);
        if self.hashes.len() == MAX_HASHES && self.hashes.last().is_some_and(|&last| hash >= last) {
            return false;
        }
        let Err(at) = self.hashes.binary_search(&hash) else {
            return false;
        };
        // Most texts are on one page only.
        self.hashes
            .reserve_exact(usize::from(self.hashes.is_empty()));
        self.hashes.insert(at, hash);
        self.hashes.truncate(MAX_HASHES);
        true
    }

    /// Adds the pages of another sketch. A page that is in both counts once.
    pub fn merge(&mut self, other: &Self) {
        self.hashes.extend_from_slice(&other.hashes);
        self.hashes.sort_unstable();
        self.hashes.dedup();
        self.hashes.truncate(MAX_HASHES);
    }

    /// Returns the number of distinct pages: exact up to 256, an estimate above.
    #[must_use]
    pub fn count(&self) -> u64 {
        match self.hashes.last() {
            Some(&last) if self.hashes.len() == MAX_HASHES => {
                let hashes = u128::from(u64::MAX) * (MAX_HASHES as u128 - 1);
                (hashes / u128::from(last.max(1))) as u64
            }
            _ => self.hashes.len() as u64,
        }
    }
}

/// Spreads the bits of a fingerprint, so that hashes are evenly distributed (`SplitMix64`).
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_pages_are_counted_exactly_and_many_are_estimated() {
        for pages in [0, 1, 5, 255] {
            let mut sketch = PageSketch::default();
            (0..pages).chain(0..pages).for_each(|page| {
                sketch.add(page);
            });
            assert_eq!(sketch.count(), pages);
        }
        let mut sketch = PageSketch::default();
        (0..100_000).for_each(|page| {
            sketch.add(page);
        });
        assert!((80_000..120_000).contains(&sketch.count()));
    }

    #[test]
    fn sketches_of_parts_add_up_to_that_of_the_whole() {
        let (mut whole, mut parts) = (PageSketch::default(), vec![PageSketch::default(); 3]);
        for page in 0..2_000_u64 {
            whole.add(page % 900);
            parts[(page % 3) as usize].add(page % 900);
        }
        let mut sum = PageSketch::default();
        parts.iter().rev().for_each(|part| sum.merge(part));
        assert_eq!(sum, whole);
        assert_eq!(PageSketch::from_hashes(whole.hashes().to_vec()), whole);
    }
}
