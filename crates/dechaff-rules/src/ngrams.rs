//! How rare short byte sequences are in normalized text.
//!
//! Rules are searched for by the rarest bytes that each of their matches contains, so that few
//! positions of a text have to be verified. A table, counted once over 16 MiB of web pages,
//! estimates how often each sequence of one to four bytes occurs. It is indexed by a 16-bit hash;
//! sequences with the same hash share an entry, which is good enough for an estimate. For example,
//! of all 4-grams of `the other and the quiz` one with a `q` is the rarest.

/// For each hash of one to four bytes: 8 times the binary logarithm of the expected number of
/// occurrences in 16 MiB.
const TABLE: &[u8] = include_bytes!("ngram_freq.bin");

/// Length of the shortest literal that the prefilter finds with one probe per position, in bytes.
/// Shorter ones make it probe a second table.
pub const MIN_CHEAP_LEN: usize = NGRAM_LEN + 1;

/// Cost of a literal shorter than [`MIN_CHEAP_LEN`], as a multiple of the cost of a longer one that
/// is as frequent.
const SHORT_COST: u64 = 2;

/// Length of the longest sequences in the table, in bytes.
pub const NGRAM_LEN: usize = 4;

/// Returns the rarest sequence of [`NGRAM_LEN`] bytes in `text`: its offset, and its expected
/// number of occurrences in 16 MiB. A shorter text counts as one sequence. For an empty text the
/// number is very large.
#[must_use]
pub fn rarest(text: &[u8]) -> (usize, u64) {
    text.windows(NGRAM_LEN.min(text.len()).max(1))
        .map(occurrences)
        .enumerate()
        .min_by_key(|&(_, occurrences)| occurrences)
        .unwrap_or((0, u64::MAX >> 16))
}

/// Returns the offset of the rarest pair of adjacent sequences of [`NGRAM_LEN`] bytes, one of which
/// starts one byte after the other. Returns 0 if `text` is too short to contain a pair. The
/// prefilter indexes a literal under such a pair, because it probes only every second byte of a
/// text.
#[must_use]
pub fn rarest_pair(text: &[u8]) -> usize {
    let counts = || text.windows(NGRAM_LEN).map(occurrences);
    let mut last = counts().next().unwrap_or(0);
    counts()
        .skip(1)
        .map(|count| std::mem::replace(&mut last, count) + count)
        .enumerate()
        .min_by_key(|&(_, occurrences)| occurrences)
        .map_or(0, |(start, _)| start)
}

/// Estimates what it costs to search for a set of literals: the expected number of candidates in 16
/// MiB, plus a share for hits of the prefilter that comparing the bytes rejects. Costs of different
/// sets are comparable; the unit is arbitrary.
pub fn cost<'t>(literals: impl IntoIterator<Item = &'t [u8]>) -> u64 {
    literals.into_iter().map(literal_cost).sum()
}

/// Estimates the cost of one literal from its rarest sequence. Each byte beyond [`NGRAM_LEN`] is
/// assumed to exclude a quarter of the candidates; a rejected hit is assumed to cost a sixty-fourth
/// of a candidate.
fn literal_cost(literal: &[u8]) -> u64 {
    let hits = rarest(literal).1;
    let candidates = (NGRAM_LEN..literal.len()).fold(hits, |left, _| left - left / 4);
    let cost = candidates + hits / 64;
    if literal.len() < MIN_CHEAP_LEN {
        cost * SHORT_COST
    } else {
        cost
    }
}

/// Looks up the expected number of occurrences of a sequence of at most [`NGRAM_LEN`] bytes in 16
/// MiB of pages. The hash is 32-bit FNV-1a, of which the upper half is the index, as in the script
/// that counted the table.
fn occurrences(ngram: &[u8]) -> u64 {
    let hash = ngram.iter().fold(0x811C_9DC5u32, |hash, &byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let eighths = u32::from(TABLE[(hash >> 16) as usize]);
    (1u64 << (eighths / 8)) * u64::from(8 + eighths % 8) / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarest_sequence_is_not_one_that_every_text_has() {
        let text = b"the other and the quiz";
        let start = rarest(text).0;
        assert!(text[start..start + NGRAM_LEN].contains(&b'q'));
        assert!(rarest(b"the").1 > 100 * rarest(b"www").1);
        assert_eq!(rarest(b"@").0, 0);
        assert_eq!(rarest(b"").0, 0);
    }
}
