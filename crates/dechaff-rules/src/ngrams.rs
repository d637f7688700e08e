//! How rare runs of bytes are in folded text, by a table that was counted once (`training/grams.py`). Rules are looked for
//! under the rarest run that their matches must hold, so that few places of a text have to be tried.

/// For the hash of a run of one to four bytes, 8 times the binary logarithm of how often it stands in 16 MiB of pages.
const TABLE: &[u8] = include_bytes!("ngram_freq.bin");
/// Looking for a text of fewer bytes than this takes a second look at each place of a text, which costs so many times as
/// much.
const MIN_CHEAP_LEN: usize = NGRAM_LEN + 1;
const SHORT_COST: u64 = 2;
/// The longest run that is counted.
pub const NGRAM_LEN: usize = 4;

/// The rarest run of a text of [`NGRAM_LEN`] bytes, or all of a shorter text: where it starts, and how often it is to be
/// expected in 16 MiB.
pub fn rarest(text: &[u8]) -> (usize, u64) {
    let runs = text
        .windows(NGRAM_LEN.min(text.len()).max(1))
        .map(expected)
        .enumerate();
    runs.min_by_key(|&(_, expected)| expected)
        .unwrap_or((0, u64::MAX >> 16))
}

/// Where the rarest pair of runs of [`NGRAM_LEN`] bytes that begin side by side starts, in a text of more bytes.
pub fn rarest_pair(text: &[u8]) -> usize {
    let pairs = text
        .windows(NGRAM_LEN + 1)
        .map(|pair| expected(&pair[..NGRAM_LEN]) + expected(&pair[1..]))
        .enumerate();
    pairs
        .min_by_key(|&(_, expected)| expected)
        .map_or(0, |(start, _)| start)
}

/// What looking for these texts costs: how often one of them is to be expected in 16 MiB, as far as that can be told from
/// their rarest runs, and a sixty-fourth for each time that such a run stands there without the rest of its text.
pub fn cost<'t>(texts: impl IntoIterator<Item = &'t [u8]>) -> u64 {
    let cost = |text: &[u8]| {
        let expected = rarest(text).1;
        // Each further byte rules out a quarter of the places.
        let cost =
            (NGRAM_LEN..text.len()).fold(expected, |left, _| left - left / 4) + expected / 64;
        if text.len() < MIN_CHEAP_LEN {
            cost * SHORT_COST
        } else {
            cost
        }
    };
    texts.into_iter().map(cost).sum()
}

fn expected(run: &[u8]) -> u64 {
    // FNV-1a with 32 bits.
    let hash = run.iter().fold(0x811C_9DC5u32, |hash, &byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let eighths = u32::from(TABLE[(hash >> 16) as usize]);
    (1u64 << (eighths / 8)) * u64::from(8 + eighths % 8) / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarest_run_is_not_what_every_text_has() {
        let text = b"the other and the quiz";
        let start = rarest(text).0;
        assert!(text[start..start + NGRAM_LEN].contains(&b'q'));
        assert!(rarest(b"the").1 > 100 * rarest(b"www").1);
        assert_eq!(rarest(b"@").0, 0);
        assert_eq!(rarest(b"").0, 0);
    }
}
