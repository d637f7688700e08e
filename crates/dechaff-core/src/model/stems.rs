//! The set of the stems of a document: a bit for each hash of a stem; see `overlap`.

/// Number of hashes of stems.
pub(crate) const STEM_HASHES: usize = 1 << 15;

/// A set of hashes of stems.
#[derive(Clone, Debug)]
pub(crate) struct StemSet {
    bits: Box<[u64]>,
}

impl Default for StemSet {
    fn default() -> Self {
        Self {
            bits: vec![0; STEM_HASHES / 64].into(),
        }
    }
}

impl StemSet {
    /// Adds a stem by its hash, which is below [`STEM_HASHES`].
    pub(super) fn insert(&mut self, stem: u16) {
        self.bits[usize::from(stem) / 64] |= 1 << (stem % 64);
    }

    /// Iterates over the hashes in the set, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        (0..STEM_HASHES as u16)
            .step_by(64)
            .zip(&self.bits)
            .flat_map(|(first, &bits)| {
                let mut bits = bits;
                std::iter::from_fn(move || {
                    let bit = (bits != 0).then(|| bits.trailing_zeros() as u16)?;
                    bits &= bits - 1;
                    Some(first + bit)
                })
            })
    }
}
