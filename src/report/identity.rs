//! What identifies a document in a removal record: lines with the length and the hash of the source
//! and of the cleaned text, and the form in which paths are written. Large files of records are
//! identified part by part, so that no run has to read an input twice.
//!
//! ```text
//! {"version":2,"path":"a.txt","start":11,…}                                    a removal
//! {"version":2,"path":"a.txt",…,"source":{…},"cleaned":{…},"complete":true}    all of a.txt
//! {"version":2,"path":"b.jsonl",…,"source":{…},"cleaned":{…}}                  about 1 MiB of it
//! {"version":2,"path":"b.jsonl",…,"complete":true}                             the end of b.jsonl
//! {"version":2,"path":"b.jsonl",…,"start":11,"added":94}                       bytes that were added
//! ```
//!
//! The dots of all but the first line stand for `"record":0,"text":"","rule":null`.

use anyhow::Result;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Version of removal records. Version 1, which had no number, did not identify documents.
pub const RECORD_VERSION: u32 = 2;

/// The length and the hash of some content. Content is what a file holds once it is decompressed;
/// that of a table is its texts, in the order of row groups, columns and rows, each followed by
/// [`TEXT_END`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentHash {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256, written in lowercase hexadecimal digits.
    #[serde(with = "hex_digits")]
    pub sha256: [u8; 32],
}

/// The byte after each text in the content of a table. UTF-8 never contains it.
pub const TEXT_END: u8 = 0xFF;

impl ContentHash {
    /// Hashes `content`, whose length must be that of a part or a document.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        let mut hasher = ContentHasher::default();
        hasher.add(content);
        hasher.finish()
    }
}

/// Hashes content that arrives in pieces.
#[derive(Clone, Debug, Default)]
pub struct ContentHasher {
    bytes: u64,
    sha256: Sha256,
}

impl ContentHasher {
    /// Adds the next piece of the content.
    pub fn add(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        self.sha256.update(piece);
    }

    /// Adds the next text of a table, and the byte that ends it.
    pub fn add_text(&mut self, text: &[u8]) {
        self.add(text);
        self.add(&[TEXT_END]);
    }

    /// Returns the length and the hash of all pieces.
    #[must_use]
    pub fn finish(self) -> ContentHash {
        ContentHash {
            bytes: self.bytes,
            sha256: self.sha256.finalize().into(),
        }
    }
}

/// A line of a removal record that identifies a document or a part of one. The parts of a document
/// follow each other in its order, and the last line says that it is complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// [`RECORD_VERSION`].
    pub version: u32,
    /// The path of the input, as [`record_path`] writes it.
    pub path: String,
    /// The column, if the input is a table.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    #[serde(flatten)]
    nothing: Nothing,
    /// The content of the part in the source. `None` in a line that only ends a document.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<ContentHash>,
    /// What is left of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cleaned: Option<ContentHash>,
    /// The names of the columns that the run added, in the last line of a table.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub added_columns: Vec<String>,
    /// Whether the document ends here. Without such a line, the run was interrupted in it.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub complete: bool,
}

/// A line of a removal record that says which bytes the run added to a record of the input, such as
/// a field with a verdict. The additions to a document are in order, among its removals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Addition {
    /// [`RECORD_VERSION`].
    pub version: u32,
    /// The path of the input, as [`record_path`] writes it.
    pub path: String,
    #[serde(flatten)]
    nothing: Nothing,
    /// The offset in the decompressed input at which they were inserted.
    pub start: u64,
    /// How many they are.
    pub added: u64,
}

impl Addition {
    /// Creates the line for `added` bytes that are inserted at byte `start` of the document at
    /// `path`.
    #[must_use]
    pub fn new(path: &str, start: u64, added: u64) -> Self {
        Self {
            version: RECORD_VERSION,
            path: path.to_owned(),
            nothing: Nothing::default(),
            start,
            added,
        }
    }

    /// Appends the line to `out`, ended by a line feed.
    ///
    /// # Errors
    /// None in practice: the line can always be written as JSON.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.push(b'\n');
        Ok(())
    }
}

/// What the line says of a removal: that there is none. Scripts that take each line for a removal
/// then find an empty text without a rule in no record, rather than missing fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Nothing {
    #[serde(default)]
    record: u64,
    #[serde(default)]
    text: String,
    #[serde(default)]
    rule: Option<String>,
}

impl Part {
    /// Creates the line that ends the document at `path`.
    #[must_use]
    pub fn end(path: &str) -> Self {
        Self {
            version: RECORD_VERSION,
            path: path.to_owned(),
            field: None,
            nothing: Nothing::default(),
            source: None,
            cleaned: None,
            added_columns: Vec::new(),
            complete: true,
        }
    }

    /// Creates the line of a part of the document at `path`, with the content of the source and
    /// what is left of it.
    #[must_use]
    pub fn new(path: &str, source: ContentHash, cleaned: ContentHash) -> Self {
        Self {
            source: Some(source),
            cleaned: Some(cleaned),
            complete: false,
            ..Self::end(path)
        }
    }

    /// Appends the line to `out`, ended by a line feed.
    ///
    /// # Errors
    /// None in practice: the line can always be written as JSON.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.push(b'\n');
        Ok(())
    }
}

/// Compares content, which arrives in pieces, with the hashes of its parts.
#[derive(Debug)]
pub struct PartCheck<'p> {
    parts: std::slice::Iter<'p, ContentHash>,
    /// The part that the content is in.
    part: Option<&'p ContentHash>,
    hasher: ContentHasher,
    /// Whether all parts so far are equal.
    equal: bool,
    /// Whether content follows the last part.
    longer: bool,
}

impl<'p> PartCheck<'p> {
    /// Creates a check against `parts`.
    #[must_use]
    pub fn new(parts: &'p [ContentHash]) -> Self {
        let mut parts = parts.iter();
        let mut check = Self {
            part: parts.next(),
            parts,
            hasher: ContentHasher::default(),
            equal: true,
            longer: false,
        };
        check.end_parts();
        check
    }

    /// Compares each part that ends here, and goes on to the next one.
    fn end_parts(&mut self) {
        while let Some(part) = self.part
            && part.bytes == self.hasher.bytes
        {
            self.equal &= std::mem::take(&mut self.hasher).finish() == *part;
            self.part = self.parts.next();
        }
    }

    /// Adds the next piece of the content.
    pub fn add(&mut self, mut piece: &[u8]) {
        while self.equal && !piece.is_empty() {
            let Some(part) = self.part else {
                self.longer = true;
                return;
            };
            let missing = usize::try_from(part.bytes - self.hasher.bytes).unwrap_or(usize::MAX);
            let (now, later) = piece.split_at(missing.min(piece.len()));
            self.hasher.add(now);
            piece = later;
            self.end_parts();
        }
    }

    /// Adds the next text of a table, and the byte that ends it.
    pub fn add_text(&mut self, text: &[u8]) {
        self.add(text);
        self.add(&[TEXT_END]);
    }

    /// Returns whether the content was that of the parts, and nothing else.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_prefix() && !self.longer
    }

    /// Returns whether the content began with that of the parts.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        self.equal && self.part.is_none()
    }
}

/// Returns `path` as removal records, journals and manifests write it. Each byte that is not UTF-8
/// becomes U+FFFD followed by its two hexadecimal digits, and so does each byte of a U+FFFD that is
/// part of the name; [`parse_record_path`] reverses that.
#[must_use]
pub fn record_path(path: &Path) -> Cow<'_, str> {
    match path.to_str() {
        Some(text) if !text.contains(char::REPLACEMENT_CHARACTER) => Cow::Borrowed(text),
        _ => Cow::Owned(escape_bytes(path.as_os_str().as_encoded_bytes())),
    }
}

fn escape_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == char::REPLACEMENT_CHARACTER {
                escape_each("\u{FFFD}".as_bytes(), &mut text);
            } else {
                text.push(c);
            }
        }
        escape_each(chunk.invalid(), &mut text);
    }
    text
}

fn escape_each(bytes: &[u8], text: &mut String) {
    for &byte in bytes {
        text.push(char::REPLACEMENT_CHARACTER);
        text.push_str(&HEXLOWER.encode(&[byte]));
    }
}

/// Returns the path that [`record_path`] wrote as `text`. Only on Unix can it be one that is not
/// UTF-8.
#[must_use]
pub fn parse_record_path(text: &str) -> PathBuf {
    if !text.contains(char::REPLACEMENT_CHARACTER) {
        return PathBuf::from(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(char::REPLACEMENT_CHARACTER) {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + char::REPLACEMENT_CHARACTER.len_utf8()..];
        let byte = rest
            .get(..2)
            .and_then(|digits| HEXLOWER.decode(digits.as_bytes()).ok());
        match byte {
            Some(byte) => {
                bytes.extend(byte);
                rest = &rest[2..];
            }
            None => bytes.extend_from_slice("\u{FFFD}".as_bytes()),
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    path_of_bytes(bytes)
}

#[cfg(unix)]
fn path_of_bytes(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(not(unix))]
fn path_of_bytes(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())
}

/// Writes and reads hashes as hexadecimal digits.
mod hex_digits {
    use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(hash: &[u8; 32], out: S) -> Result<S::Ok, S::Error> {
        HEXLOWER.encode(hash).serialize(out)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<[u8; 32], D::Error> {
        let digits = String::deserialize(input)?;
        HEXLOWER_PERMISSIVE
            .decode(digits.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| D::Error::custom("a SHA-256 has 64 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_compared_wherever_pieces_end() {
        let content = b"one two three";
        let parts = [&content[..4], b"", &content[4..8], &content[8..]].map(ContentHash::of);
        for at in 0..=content.len() {
            let mut check = PartCheck::new(&parts);
            check.add(&content[..at]);
            assert!(!check.is_whole() || at == content.len());
            check.add(&content[at..]);
            assert!(check.is_whole());
            check.add(b"!");
            assert!(check.is_prefix() && !check.is_whole());
        }
        let mut other = PartCheck::new(&parts);
        other.add(b"one Two three");
        assert!(!other.is_prefix());
        assert!(PartCheck::new(&[]).is_whole());
    }

    #[cfg(unix)]
    #[test]
    fn paths_of_any_bytes_survive() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        for bytes in [
            &b"in/a.txt"[..],
            b"caf\xe9.txt",
            b"caf\xe9e9",
            b"\xef\xbf\xbd\xff",
            b"\xef\xbf\xbde9",
            b"\xf0\x9f",
        ] {
            let path = Path::new(OsStr::from_bytes(bytes));
            assert_eq!(parse_record_path(&record_path(path)), path, "{bytes:?}");
        }
        assert_eq!(
            record_path(Path::new(OsStr::from_bytes(b"caf\xe9.txt"))),
            "caf\u{FFFD}e9.txt"
        );
    }
}
