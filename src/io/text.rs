//! Decoding of plain-text inputs, with a way back from the text to the bytes.
//!
//! UTF-8 is used as it is. Any other encoding, which the user must name, is decoded to UTF-8 for
//! cleaning; spans removed from the text must then be cut out of the original bytes. For that, an
//! offset map holds a pair of offsets wherever the distance between text and bytes changes. For
//! `café au` in windows-1252:
//!
//! ```text
//! bytes  c  a  f  E9     20  a  u      offset map: (0, 0), (5, 4)
//! text   c  a  f  C3 A9  20  a  u      text offset 6 → byte 4 + (6 - 5) = 5
//! ```

use anyhow::{Context, Error, Result, anyhow, bail};
use encoding_rs::{DecoderResult, Encoding, UTF_8};
use std::ops::Range;

/// Bytes at the start of an input in which a NUL marks it as binary.
const BINARY_CHECK_BYTES: usize = 8192;

/// An input, classified by its bytes.
#[derive(Debug)]
pub enum Content {
    /// Text that can be cleaned.
    Text(InputText),
    /// Binary data, or UTF-16 without `--encoding`.
    Binary {
        /// Whether it starts with a byte order mark of UTF-16.
        utf16: bool,
    },
    /// Text with a malformed sequence.
    Invalid {
        /// The whole input.
        bytes: Vec<u8>,
        /// Offset of the first malformed sequence.
        at: usize,
    },
}

impl Content {
    /// Classifies an input and decodes it if `encoding`, which the user named, is not UTF-8. There
    /// is no guessing of encodings: without a name, an input must be UTF-8. Only such inputs are
    /// checked for NUL bytes, which are common in UTF-16.
    #[must_use]
    pub fn new(bytes: Vec<u8>, encoding: Option<&'static Encoding>) -> Self {
        if let Some(encoding) = encoding.filter(|&encoding| encoding != UTF_8) {
            return match decode(&bytes, encoding) {
                Ok((text, offsets)) => Self::Text(InputText {
                    kind: TextKind::Decoded {
                        bytes,
                        text,
                        offsets,
                        encoding,
                    },
                }),
                Err(at) => Self::Invalid { bytes, at },
            };
        }
        let start = &bytes[..bytes.len().min(BINARY_CHECK_BYTES)];
        if start.contains(&0) {
            return Self::Binary {
                utf16: looks_like_utf16(start),
            };
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(InputText {
                kind: TextKind::Utf8(text),
            }),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                Self::Invalid {
                    bytes: error.into_bytes(),
                    at,
                }
            }
        }
    }
}

/// Whether `start`, the first bytes of an input, look like UTF-16: they begin with its byte order
/// mark, or every other byte of nearly all pairs is zero, as it is in Latin letters.
#[must_use]
pub fn looks_like_utf16(start: &[u8]) -> bool {
    if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
        return true;
    }
    let units = start.as_chunks::<2>().0;
    [0, 1].into_iter().any(|half| {
        let wide = units
            .iter()
            .filter(|unit| unit[half] == 0 && unit[1 - half] != 0);
        let count = wide.count();
        count > 1 && count * 10 >= units.len() * 9
    })
}

/// Returns the encoding with the WHATWG label `label`, such as `windows-1252` or `shift_jis`.
///
/// # Errors
/// If the label is unknown, or belongs to an encoding that WHATWG replaces because decoding it is a
/// security risk, such as ISO-2022-KR.
pub fn encoding_for_label(label: &str) -> Result<&'static Encoding> {
    let encoding = Encoding::for_label(label.as_bytes()).with_context(|| {
        format!(
            "'{label}' is not a known encoding; use a WHATWG label such as utf-8, windows-1252 or \
             shift_jis"
        )
    })?;
    if encoding == encoding_rs::REPLACEMENT {
        bail!("the encoding '{label}' cannot be decoded safely; convert the files to UTF-8 first");
    }
    Ok(encoding)
}

/// The text of an input together with its original bytes.
#[derive(Debug)]
pub struct InputText {
    kind: TextKind,
}

#[derive(Debug)]
enum TextKind {
    Utf8(String),
    Decoded {
        bytes: Vec<u8>,
        text: String,
        offsets: OffsetMap,
        encoding: &'static Encoding,
    },
}

/// Pairs of a text offset and the byte offset that it corresponds to, in ascending order. Between
/// two pairs, both advance in step.
type OffsetMap = Vec<(u32, u32)>;

impl InputText {
    /// Returns the text that is cleaned, in UTF-8.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.kind {
            TextKind::Utf8(text) | TextKind::Decoded { text, .. } => text,
        }
    }

    /// Returns the bytes of the input, in its own encoding.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.kind {
            TextKind::Utf8(text) => text.as_bytes(),
            TextKind::Decoded { bytes, .. } => bytes,
        }
    }

    /// Returns the WHATWG name of the encoding, or `None` for UTF-8. Removal records carry it.
    #[must_use]
    pub fn encoding(&self) -> Option<&'static str> {
        match &self.kind {
            TextKind::Utf8(_) => None,
            TextKind::Decoded { encoding, .. } => Some(encoding.name()),
        }
    }

    /// Maps a range of the text to the range of input bytes that it was decoded from. Both ends of
    /// `range` must be on character boundaries.
    #[must_use]
    pub fn source_range(&self, range: Range<usize>) -> Range<usize> {
        match &self.kind {
            TextKind::Utf8(_) => range,
            TextKind::Decoded { offsets, .. } => {
                byte_offset(offsets, range.start)..byte_offset(offsets, range.end)
            }
        }
    }

    /// Returns the bytes of the input without `removed`, which are ranges of the text, sorted and
    /// disjoint. UTF-8 is cut in place, without a copy.
    ///
    /// # Errors
    /// If the remaining bytes would not decode to the remaining text. This can happen in encodings
    /// with shift states, such as ISO-2022-JP, where a removed range can hold the escape sequence
    /// that later bytes depend on. The error comes with all bytes of the input.
    pub fn into_remaining(self, removed: &[Range<usize>]) -> Result<Vec<u8>, (Error, Vec<u8>)> {
        let source_ranges: Vec<Range<usize>> = removed
            .iter()
            .map(|range| self.source_range(range.clone()))
            .collect();
        match self.kind {
            TextKind::Utf8(text) => Ok(remove_ranges(text.into_bytes(), &source_ranges)),
            TextKind::Decoded { bytes, .. } if removed.is_empty() => Ok(bytes),
            TextKind::Decoded {
                bytes,
                text,
                encoding,
                ..
            } => {
                let remaining = remove_ranges(bytes.clone(), &source_ranges);
                let expected = remove_ranges(text.into_bytes(), removed);
                if decode(&remaining, encoding)
                    .is_ok_and(|(decoded, _)| decoded.as_bytes() == expected)
                {
                    return Ok(remaining);
                }
                let error = anyhow!(
                    "the remaining bytes would not decode to the remaining text in {}; convert the \
                     file to UTF-8 first",
                    encoding.name()
                );
                Err((error, bytes))
            }
        }
    }
}

/// Removes `ranges`, sorted and disjoint, from `bytes` by moving the bytes between them forward.
fn remove_ranges(mut bytes: Vec<u8>, ranges: &[Range<usize>]) -> Vec<u8> {
    let (mut kept, mut at) = (0, 0);
    for range in ranges {
        bytes.copy_within(at..range.start, kept);
        kept += range.start - at;
        at = range.end;
    }
    bytes.copy_within(at.., kept);
    bytes.truncate(bytes.len() - (at - kept));
    bytes
}

/// Returns the byte offset that corresponds to `boundary`, a character boundary of the text.
fn byte_offset(offsets: &[(u32, u32)], boundary: usize) -> usize {
    let after = offsets.partition_point(|&(text, _)| text as usize <= boundary);
    let (text, source) = offsets[after - 1];
    source as usize + (boundary - text as usize)
}

/// Decodes `bytes` one byte at a time, because only then does the decoder show which byte completes
/// which character. Returns the text with its offset map, or the offset of the first malformed
/// sequence. A byte order mark is decoded like any other character.
fn decode(bytes: &[u8], encoding: &'static Encoding) -> Result<(String, OffsetMap), usize> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(bytes.len());
    let mut offsets = vec![(0, 0)];
    // Where the bytes of the current character start.
    let mut start = 0;
    let mut buffer = [0u8; 16];
    for at in 0..=bytes.len() {
        let is_last = at == bytes.len();
        let input = bytes.get(at..=at).unwrap_or_default();
        let (result, _, written) =
            decoder.decode_to_utf8_without_replacement(input, &mut buffer, is_last);
        if matches!(result, DecoderResult::Malformed(..)) {
            return Err(start);
        }
        if written > 0 {
            let end = (at + 1).min(bytes.len());
            text.push_str(std::str::from_utf8(&buffer[..written]).map_err(|_| start)?);
            start = end;
            let (last_text, last_source) = offsets[offsets.len() - 1];
            if text.len() - last_text as usize != end - last_source as usize {
                offsets.push((text.len() as u32, end as u32));
            }
        }
    }
    // Bytes without a character of their own, such as a final escape sequence.
    if start < bytes.len() {
        offsets.push((text.len() as u32, bytes.len() as u32));
    }
    Ok((text, offsets))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], label: &str) -> InputText {
        match Content::new(bytes.to_vec(), Some(encoding_for_label(label).unwrap())) {
            Content::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ranges_of_the_text_map_to_input_bytes() {
        let latin = text(b"Caf\xe9\nShare \xa9\nna\xefve", "windows-1252");
        assert_eq!(latin.as_str(), "Café\nShare ©\nnaïve");
        let start = latin.as_str().find("Share").unwrap();
        let end = latin.as_str().find("na").unwrap();
        assert_eq!(
            latin
                .into_remaining(std::slice::from_ref(&(start..end)))
                .unwrap(),
            b"Caf\xe9\nna\xefve"
        );

        let wide: Vec<u8> = "\u{feff}a𝄞b"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let wide = text(&wide, "utf-16le");
        let at = wide.as_str().find('𝄞').unwrap();
        assert_eq!(wide.source_range(at..at + 4), 4..8);
    }

    #[test]
    fn ranges_map_to_bytes_of_multibyte_encodings() {
        let (bytes, _, _) = encoding_rs::SHIFT_JIS.encode("橋は月曜に開く。\n広告\n終わり");
        let sjis = text(&bytes, "shift_jis");
        let start = sjis.as_str().find("広告").unwrap();
        let remaining = sjis
            .into_remaining(std::slice::from_ref(&(start..start + "広告\n".len())))
            .unwrap();
        assert_eq!(
            encoding_rs::SHIFT_JIS.decode(&remaining).0,
            "橋は月曜に開く。\n終わり"
        );
    }

    #[test]
    fn binary_malformed_and_unknown_inputs_are_recognized() {
        assert!(matches!(
            Content::new(b"ab\xff".to_vec(), None),
            Content::Invalid { at: 2, .. }
        ));
        assert!(matches!(
            Content::new(b"\xff\xfea\0".to_vec(), None),
            Content::Binary { utf16: true }
        ));
        for bytes in [&b"a\0b\0"[..], b"\0a\0b\0\n"] {
            let content = Content::new(bytes.to_vec(), None);
            assert!(matches!(content, Content::Binary { utf16: true }));
        }
        assert!(matches!(
            Content::new(b"\0\0\0a\0\0\0b".to_vec(), None),
            Content::Binary { utf16: false }
        ));
        assert!(matches!(
            Content::new(b"a\x81".to_vec(), Some(encoding_rs::SHIFT_JIS)),
            Content::Invalid { at: 1, .. }
        ));
        assert!(encoding_for_label("utf-7").is_err());
    }
}
