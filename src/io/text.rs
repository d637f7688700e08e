//! Bytes of an input as text. UTF-8 is taken as it is; another encoding is decoded with a map from the decoded text back
//! to the bytes, so that spans found in the text can be cut out of the source's own bytes.

use anyhow::{Context, Error, Result, anyhow, bail};
use encoding_rs::{DecoderResult, Encoding, UTF_8};
use std::ops::Range;

/// A NUL within so many first bytes makes an input binary.
const SNIFFED: usize = 8192;

/// What the bytes of an input are.
#[derive(Debug)]
pub enum Content {
    /// Text that can be cleaned.
    Text(InputText),
    /// No text. `utf16` says that it looks like UTF-16, which has to be named with `--encoding`.
    Binary {
        /// Whether it starts as UTF-16 does.
        utf16: bool,
    },
    /// Text with a malformed sequence.
    Invalid {
        /// The bytes as they came.
        bytes: Vec<u8>,
        /// Offset of the first malformed byte.
        at: usize,
    },
}

impl Content {
    /// Sorts an input by its bytes; `encoding` is that which the user named, if one was.
    #[must_use]
    pub fn new(bytes: Vec<u8>, encoding: Option<&'static Encoding>) -> Self {
        if let Some(encoding) = encoding.filter(|&encoding| encoding != UTF_8) {
            return match decode(&bytes, encoding) {
                Ok((text, map)) => Self::Text(InputText {
                    kind: TextKind::Decoded {
                        bytes,
                        text,
                        map,
                        encoding,
                    },
                }),
                Err(at) => Self::Invalid { bytes, at },
            };
        }
        if bytes[..bytes.len().min(SNIFFED)].contains(&0) {
            return Self::Binary {
                utf16: bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]),
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

/// Looks up a WHATWG encoding label such as `windows-1252` or `shift_jis`.
///
/// # Errors
/// If the label names no encoding.
pub fn encoding_of(label: &str) -> Result<&'static Encoding> {
    let encoding = Encoding::for_label(label.as_bytes());
    let encoding = encoding.with_context(|| {
        format!(
            "'{label}' is no encoding; use a WHATWG label such as utf-8, windows-1252 or shift_jis"
        )
    })?;
    if encoding == encoding_rs::REPLACEMENT {
        bail!("'{label}' is an encoding that cannot be read safely; convert the files first");
    }
    Ok(encoding)
}

/// The text of an input and the bytes that it came from.
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
        map: Vec<(u32, u32)>,
        encoding: &'static Encoding,
    },
}

impl InputText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.kind {
            TextKind::Utf8(text) | TextKind::Decoded { text, .. } => text,
        }
    }

    /// The bytes of the input.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.kind {
            TextKind::Utf8(text) => text.as_bytes(),
            TextKind::Decoded { bytes, .. } => bytes,
        }
    }

    /// The name of the encoding, unless it is UTF-8.
    #[must_use]
    pub fn encoding(&self) -> Option<&'static str> {
        match &self.kind {
            TextKind::Utf8(_) => None,
            TextKind::Decoded { encoding, .. } => Some(encoding.name()),
        }
    }

    /// The bytes of the input that a range of the text came from.
    #[must_use]
    pub fn source(&self, range: Range<usize>) -> Range<usize> {
        match &self.kind {
            TextKind::Utf8(_) => range,
            TextKind::Decoded { map, .. } => origin(map, range.start)..origin(map, range.end),
        }
    }

    /// The bytes of the input less those of some ranges of the text, which are disjoint and in order. Bytes that are text as
    /// they came are cut where they are.
    ///
    /// # Errors
    /// If the rest would not decode to the rest of the text, as it may in an encoding with shift states: with the bytes.
    pub fn into_rest(self, removed: &[Range<usize>]) -> Result<Vec<u8>, (Error, Vec<u8>)> {
        let places: Vec<Range<usize>> = removed
            .iter()
            .map(|range| self.source(range.clone()))
            .collect();
        match self.kind {
            TextKind::Utf8(text) => Ok(cut(text.into_bytes(), &places)),
            TextKind::Decoded { bytes, .. } if removed.is_empty() => Ok(bytes),
            TextKind::Decoded {
                bytes,
                text,
                encoding,
                ..
            } => {
                let (rest, expected) =
                    (cut(bytes.clone(), &places), cut(text.into_bytes(), removed));
                if decode(&rest, encoding)
                    .ok()
                    .is_none_or(|(found, _)| found.as_bytes() != expected)
                {
                    let name = encoding.name();
                    let error = anyhow!(
                        "what is left would not decode to the same text in {name}; convert the file to UTF-8 first"
                    );
                    return Err((error, bytes));
                }
                Ok(rest)
            }
        }
    }
}

/// Bytes without some ranges.
fn cut(mut bytes: Vec<u8>, removed: &[Range<usize>]) -> Vec<u8> {
    let (mut kept, mut at) = (0, 0);
    for range in removed {
        bytes.copy_within(at..range.start, kept);
        kept += range.start - at;
        at = range.end;
    }
    bytes.copy_within(at.., kept);
    bytes.truncate(bytes.len() - (at - kept));
    bytes
}

/// The offset in the bytes of a character boundary of the text.
fn origin(map: &[(u32, u32)], boundary: usize) -> usize {
    let after = map.partition_point(|&(text, _)| text as usize <= boundary);
    let (text, source) = map[after - 1];
    source as usize + (boundary - text as usize)
}

/// Decodes bytes one by one, so that it shows which byte completes which character. The map holds a pair (text offset,
/// byte offset) wherever the distance between the two changes. Fails with the offset of what is malformed.
fn decode(bytes: &[u8], encoding: &'static Encoding) -> Result<(String, Vec<(u32, u32)>), usize> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(bytes.len());
    let mut map = vec![(0, 0)];
    let mut start = 0;
    let mut buffer = [0u8; 16];
    for at in 0..=bytes.len() {
        let (last, next) = (at == bytes.len(), bytes.get(at..=at).unwrap_or_default());
        let (result, _, written) =
            decoder.decode_to_utf8_without_replacement(next, &mut buffer, last);
        if matches!(result, DecoderResult::Malformed(..)) {
            return Err(start);
        }
        if written > 0 {
            let end = (at + 1).min(bytes.len());
            text.push_str(std::str::from_utf8(&buffer[..written]).map_err(|_| start)?);
            start = end;
            let (last_text, last_source) = map[map.len() - 1];
            if text.len() - last_text as usize != end - last_source as usize {
                map.push((text.len() as u32, end as u32));
            }
        }
    }
    if start < bytes.len() {
        map.push((text.len() as u32, bytes.len() as u32));
    }
    Ok((text, map))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], label: &str) -> InputText {
        match Content::new(bytes.to_vec(), Some(encoding_of(label).unwrap())) {
            Content::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn spans_are_cut_out_of_the_sources_own_bytes() {
        let latin = text(b"Caf\xe9\nShare \xa9\nna\xefve", "windows-1252");
        assert_eq!(latin.as_str(), "Café\nShare ©\nnaïve");
        let start = latin.as_str().find("Share").unwrap();
        let end = latin.as_str().find("na").unwrap();
        assert_eq!(
            latin
                .into_rest(std::slice::from_ref(&(start..end)))
                .unwrap(),
            b"Caf\xe9\nna\xefve"
        );

        let wide: Vec<u8> = "\u{feff}a𝄞b"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let wide = text(&wide, "utf-16le");
        let at = wide.as_str().find('𝄞').unwrap();
        assert_eq!(wide.source(at..at + 4), 4..8);
    }

    #[test]
    fn japanese_encodings_map_back_too() {
        let (bytes, _, _) = encoding_rs::SHIFT_JIS.encode("橋は月曜に開く。\n広告\n終わり");
        let sjis = text(&bytes, "shift_jis");
        let start = sjis.as_str().find("広告").unwrap();
        let rest = sjis
            .into_rest(std::slice::from_ref(&(start..start + "広告\n".len())))
            .unwrap();
        assert_eq!(
            encoding_rs::SHIFT_JIS.decode(&rest).0,
            "橋は月曜に開く。\n終わり"
        );
    }

    #[test]
    fn malformed_and_binary_inputs_are_told_apart() {
        assert!(matches!(
            Content::new(b"ab\xff".to_vec(), None),
            Content::Invalid { at: 2, .. }
        ));
        assert!(matches!(
            Content::new(b"\xff\xfea\0".to_vec(), None),
            Content::Binary { utf16: true }
        ));
        assert!(matches!(
            Content::new(b"a\x81".to_vec(), Some(encoding_rs::SHIFT_JIS)),
            Content::Invalid { at: 1, .. }
        ));
        assert!(encoding_of("utf-7").is_err());
    }
}
