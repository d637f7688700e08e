//! Splits UTF-16 into records with the framing of a format, which looks for ASCII bytes. The framing
//! sees one byte for each code unit: the character if it is ASCII, and another byte if it is not.

use crate::io::batch::Framing;
use encoding_rs::{Encoding, UTF_16BE};

/// Bytes that are looked at first for the end of a record.
const FIRST_BYTES: usize = 8 << 10;
/// What stands for all characters that are not ASCII.
const OTHER: u8 = 0x80;

/// A framing of UTF-16.
pub(super) struct WideFraming {
    inner: Box<dyn Framing>,
    is_big_endian: bool,
    /// Bytes of the current record that the inner framing has seen.
    seen: usize,
}

impl WideFraming {
    /// Creates a framing of text in `encoding`, which must be UTF-16.
    pub(super) fn new(inner: Box<dyn Framing>, encoding: &'static Encoding) -> Self {
        Self {
            inner,
            is_big_endian: encoding == UTF_16BE,
            seen: 0,
        }
    }

    /// Returns a byte for each code unit in `bytes`; half a unit at the end is left out.
    fn narrow(&self, bytes: &[u8]) -> Vec<u8> {
        let (low, high) = if self.is_big_endian { (1, 0) } else { (0, 1) };
        let units = bytes.as_chunks::<2>().0;
        units
            .iter()
            .map(|unit| match (unit[high], unit[low]) {
                (0, byte) if byte.is_ascii() => byte,
                _ => OTHER,
            })
            .collect()
    }
}

impl Framing for WideFraming {
    /// Looks at few bytes first, as most records are much shorter than what has been read.
    fn record_end(&mut self, bytes: &[u8], is_last: bool) -> Option<usize> {
        let mut len = bytes.len().min(FIRST_BYTES.max(self.seen));
        loop {
            let is_whole = len == bytes.len();
            let narrow = self.narrow(&bytes[..len]);
            if let Some(end) = self.inner.record_end(&narrow, is_last && is_whole) {
                self.seen = 0;
                return Some(end * 2);
            }
            self.seen = len;
            if is_whole {
                return None;
            }
            len = bytes.len().min(len * 2);
        }
    }

    fn rest_end(&mut self, bytes: &[u8]) -> Option<usize> {
        self.seen = 0;
        let narrow = self.narrow(bytes);
        self.inner.rest_end(&narrow).map(|end| end * 2)
    }

    fn large_record_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let narrow = self.narrow(bytes);
        let end = self.inner.large_record_end(&narrow)?;
        self.seen = 0;
        Some(end * 2)
    }

    fn piece_len(&self, bytes: &[u8]) -> usize {
        (bytes.len() & !1).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::batch::LineFraming;
    use encoding_rs::UTF_16LE;

    #[test]
    fn records_end_behind_line_feeds_whatever_their_length() {
        let lines = [
            "\u{feff}a\n",
            "\u{a0a}\u{a00}\n",
            &"x".repeat(30_000),
            "\n",
            "end",
        ];
        let text = lines.concat();
        for (encoding, bytes) in [
            (
                UTF_16LE,
                text.encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect::<Vec<u8>>(),
            ),
            (
                UTF_16BE,
                text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            ),
        ] {
            let mut framing = WideFraming::new(Box::new(LineFraming), encoding);
            let (mut at, mut lengths) = (0, Vec::new());
            while let Some(end) = framing.record_end(&bytes[at..], true) {
                lengths.push(end);
                at += end;
            }
            assert_eq!(lengths, [6, 6, 60_002]);
            assert_eq!(bytes.len() - at, 6);
        }
    }
}
