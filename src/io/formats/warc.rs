//! WARC records (ISO 28500): a version line, header lines, a blank line, a block whose length the
//! header states, and two line ends. The texts are the blocks of `conversion` records, which WET
//! files consist of. If a removal changes a block, the length and the correct digests in its header
//! are recomputed, in the notation that they have; all other records are copied unchanged.
//!
//! A length is believed only if a record starts where it says that the next one does. Otherwise the
//! record ends where the next one seems to start, and so does one that is larger than allowed: at an
//! empty line, a version line, and header lines that state a type. Texts may quote version lines.

use super::{FormatSpec, OutputColumns, Reading, RecordFormat, name_or};
use crate::io::FieldNames;
use crate::io::batch::Framing;
use crate::io::record::{Field, Parsed, TextFields, Values, cut};
use data_encoding::{BASE32, BASE32_NOPAD, BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use sha1::{Digest, Sha1};
use std::borrow::Cow;
use std::ops::Range;

/// The line ends after a block. The same bytes end a header: the end of its last line and a blank
/// line.
const RECORD_END: &[u8] = b"\r\n\r\n";
/// The same in files whose lines end with LF alone, which the standard does not allow but some
/// tools write.
const LF_RECORD_END: &[u8] = b"\n\n";
/// Bytes up to which a header may end. Those of web crawls have less than 2 KiB.
const MAX_HEADER: usize = 64 << 10;
/// Bytes of the longest version line that is recognized, with the line feed before it: `WARC/`, up
/// to six digits and dots, and the line end.
const MAX_VERSION_LINE: usize = 1 + VERSION.len() + MAX_VERSION + 2;
/// Bytes from the start of a record within which its header must state its type, if nothing else
/// says that a record starts there.
const MAX_TYPE: usize = 4 << 10;
/// Bytes of the longest line end and empty line before a record.
const MAX_EMPTY_LINE: usize = 4;
/// The first bytes of a version line.
const VERSION: &[u8] = b"WARC/";
/// Digits and dots of the longest version.
const MAX_VERSION: usize = 6;

/// WARC. Each record is compressed separately, as is usual for it.
pub static WARC: FormatSpec = FormatSpec {
    name: "wet",
    extensions: &["wet", "warc"],
    detects: begins_with_version,
    reading: Reading::Records(|input| {
        let fields = input.fields.clone();
        Ok(Box::new(WarcRecords { fields }))
    }),
    restore_record: Some(restore_record),
    compresses_records: true,
    ..FormatSpec::EMPTY
};

/// The records of an input.
#[derive(Debug)]
struct WarcRecords {
    fields: FieldNames,
}

fn begins_with_version(head: &[u8]) -> bool {
    head.starts_with(b"WARC/1.") || head.starts_with(b"WARC/0.")
}

impl RecordFormat for WarcRecords {
    fn framing(&self) -> Box<dyn Framing> {
        Box::new(WarcFraming)
    }

    /// Lengths and digests in headers are those of UTF-8.
    fn allows_encoding(&self) -> bool {
        false
    }

    fn parse<'r>(&'r self, _: u64, record: &'r [u8]) -> Parsed<'r> {
        parse(record)
    }

    fn remove(
        &self,
        record: &[u8],
        cuts: &[Range<usize>],
        out: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        write_without(record, cuts, out);
        Ok(())
    }

    /// Returns id, URL, date, language and text.
    fn columns(&self) -> OutputColumns {
        let names = vec![
            name_or(self.fields.id.as_deref(), "id"),
            name_or(self.fields.url.as_deref(), "url"),
            "date".to_owned(),
            name_or(self.fields.language.as_deref(), "language"),
            self.fields.text.first().cloned().unwrap_or_default(),
        ];
        OutputColumns {
            names,
            texts: vec![4],
            added: Vec::new(),
        }
    }

    fn values<'r>(&'r self, _: u64, record: &'r [u8]) -> Option<Values<'r>> {
        let (_, headers) = parse_header(record)?;
        let Parsed::Texts(mut texts) = parse(record) else {
            return None;
        };
        let text = texts.fields.pop()?.text;
        Some(vec![
            texts.id.map(Cow::Owned),
            texts.url.map(Cow::Owned),
            header_value(record, &headers, "warc-date").map(Cow::Borrowed),
            texts.language.map(Cow::Owned),
            Some(text),
        ])
    }
}

/// Splits a stream by the lengths that the headers of records state. A record that is larger than
/// allowed ends where the next one seems to start.
#[derive(Debug)]
struct WarcFraming;

impl Framing for WarcFraming {
    fn record_end(&mut self, bytes: &[u8], is_last: bool) -> Option<usize> {
        record_end(bytes, is_last)
    }

    fn rest_end(&mut self, bytes: &[u8]) -> Option<usize> {
        next_record(bytes, 1, Before::EmptyLine).certain()
    }

    fn large_record_end(&mut self, bytes: &[u8]) -> Option<usize> {
        next_record(bytes, 1, Before::EmptyLine).certain()
    }

    /// Leaves out the end of `bytes` if it may be the beginning of a record, with the empty line
    /// before it.
    fn piece_len(&self, bytes: &[u8]) -> usize {
        let tail_start = bytes.len().saturating_sub(MAX_VERSION_LINE);
        let line_start = memchr::memrchr(b'\n', &bytes[tail_start..]).map(|at| tail_start + at + 1);
        let from = bytes.len().saturating_sub(MAX_TYPE);
        let kept = match next_record(bytes, from.max(1), Before::EmptyLine) {
            Next::Perhaps(at) => Some(at),
            Next::At(_) | Next::None => line_start,
        };
        kept.map_or(bytes.len(), |at| at.saturating_sub(MAX_EMPTY_LINE).max(1))
    }
}

/// A header line.
struct Header {
    /// The name, in lower case.
    name: String,
    /// The bytes of the record that hold the value, without white space around it.
    value: Range<usize>,
}

/// Where the header at the start of some bytes ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeaderEnd {
    /// The block starts at this offset.
    Block(usize),
    /// The header does not end before this offset, at which a version line is.
    Record(usize),
    /// The header is too long.
    Broken,
    /// The bytes end before the header does.
    Missing,
}

/// Returns what follows the block of a record whose header ends at `block_start`: its lines end as
/// those of the header do.
fn record_end_like(record: &[u8], block_start: usize) -> &'static [u8] {
    if record[..block_start].ends_with(b"\r\n") {
        RECORD_END
    } else {
        LF_RECORD_END
    }
}

/// Finds the end of the header at the start of `bytes`: an empty line within [`MAX_HEADER`] bytes,
/// and before another version line. It ends with CRLF if the first line does.
fn header_end(bytes: &[u8]) -> HeaderEnd {
    let limited = &bytes[..bytes.len().min(MAX_HEADER)];
    let (mut at, mut follows_line_end) = (0, false);
    let mut line_end: &[u8] = b"\r\n";
    while let Some(length) = memchr::memchr(b'\n', &limited[at..]) {
        let line = &limited[at..=at + length];
        if at == 0 && !line.ends_with(line_end) {
            line_end = b"\n";
        }
        if line == line_end && follows_line_end {
            return HeaderEnd::Block(at + line.len());
        }
        if at > 0 && version_line(line) == Begins::Yes {
            return HeaderEnd::Record(at);
        }
        follows_line_end = line.ends_with(line_end);
        at += line.len();
    }
    if bytes.len() > MAX_HEADER {
        HeaderEnd::Broken
    } else {
        HeaderEnd::Missing
    }
}

/// Parses the header of `record`. Returns the offset of its block and the header lines, or `None`
/// if the header does not end in these bytes, or not early enough. Lines without a colon are
/// ignored.
fn parse_header(record: &[u8]) -> Option<(usize, Vec<Header>)> {
    let HeaderEnd::Block(block_start) = header_end(record) else {
        return None;
    };
    let mut headers = Vec::new();
    let mut at = 0;
    for line in record[..block_start].split_inclusive(|&byte| byte == b'\n') {
        let is_version = at == 0;
        if let Some(colon) = memchr::memchr(b':', line).filter(|_| !is_version) {
            let value = &line[colon + 1..];
            let indent = value.len() - value.trim_ascii_start().len();
            let start = at + colon + 1 + indent;
            headers.push(Header {
                name: String::from_utf8_lossy(&line[..colon])
                    .trim()
                    .to_ascii_lowercase(),
                value: start..start + value.trim_ascii().len(),
            });
        }
        at += line.len();
    }
    Some((block_start, headers))
}

/// Returns the value of the first header line called `name`, which is in lower case, or `None` if
/// there is none or its value is not UTF-8.
fn header_value<'r>(record: &'r [u8], headers: &[Header], name: &str) -> Option<&'r str> {
    let header = headers.iter().find(|header| header.name == name)?;
    std::str::from_utf8(&record[header.value.clone()]).ok()
}

/// Returns the length of the block in bytes as the header states it, or `None` if it has no valid
/// `Content-Length`, or several that could disagree. Zeros in front are valid, a sign is not.
fn content_length(record: &[u8], headers: &[Header]) -> Option<u64> {
    let mut lengths = headers
        .iter()
        .filter(|header| header.name == "content-length");
    let (length, None) = (lengths.next()?, lengths.next()) else {
        return None;
    };
    let digits = std::str::from_utf8(&record[length.value.clone()]).ok()?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// Returns the length of the record at the start of `bytes`, or `None` if it does not end in them.
/// If the stated length is missing or wrong, because no record starts after it, the record ends
/// where the next one seems to start. So it does if its header is broken, or states more bytes than
/// any text may have. `is_last` says that no bytes follow.
fn record_end(bytes: &[u8], is_last: bool) -> Option<usize> {
    let Some((block_start, headers)) = parse_header(bytes) else {
        return match header_end(bytes) {
            HeaderEnd::Record(at) => Some(at),
            HeaderEnd::Broken => next_record(bytes, 1, Before::Line).certain_or(is_last),
            HeaderEnd::Missing | HeaderEnd::Block(_) => None,
        };
    };
    let Some(length) = content_length(bytes, &headers) else {
        return damaged_end(bytes, block_start, is_last);
    };
    let record_end = record_end_like(bytes, block_start);
    let claimed = (block_start as u64)
        .saturating_add(length)
        .saturating_add(record_end.len() as u64);
    let end = usize::try_from(claimed).unwrap_or(usize::MAX);
    if end > bytes.len() {
        return if is_last || length > crate::Span::MAX_TEXT as u64 {
            damaged_end(bytes, block_start, is_last)
        } else {
            None
        };
    }
    let follows = version_line(&bytes[end..]);
    if !bytes[..end].ends_with(record_end) || follows == Begins::No {
        return damaged_end(bytes, block_start, is_last);
    }
    (is_last || follows == Begins::Yes).then_some(end)
}

/// Returns where a record ends whose length is missing or wrong, and whose block is at
/// `block_start`, or `None` if it does not end in `bytes`.
fn damaged_end(bytes: &[u8], block_start: usize, is_last: bool) -> Option<usize> {
    next_record(bytes, block_start, Before::EmptyLine).certain_or(is_last)
}

/// Whether some bytes begin with a version line, or with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    Yes,
    No,
    /// The bytes end before it can be told.
    Unknown,
}

/// What must be before a version line at which a record may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// The end of any line.
    Line,
    /// An empty line.
    EmptyLine,
}

/// Where some bytes have the start of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    At(usize),
    /// The bytes end before it can be told whether a record starts at this offset.
    Perhaps(usize),
    None,
}

impl Next {
    fn certain(self) -> Option<usize> {
        match self {
            Self::At(at) => Some(at),
            Self::Perhaps(_) | Self::None => None,
        }
    }

    /// Returns the offset also if it is uncertain, if `is_last` says that no bytes follow.
    fn certain_or(self, is_last: bool) -> Option<usize> {
        match self {
            Self::Perhaps(at) if is_last => Some(at),
            next => next.certain(),
        }
    }
}

/// Returns whether `bytes` begin with a version line such as `WARC/1.0`.
fn version_line(bytes: &[u8]) -> Begins {
    let Some(rest) = bytes.strip_prefix(VERSION) else {
        return if VERSION.starts_with(bytes) {
            Begins::Unknown
        } else {
            Begins::No
        };
    };
    let length = rest
        .iter()
        .take(MAX_VERSION + 1)
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .count();
    match (&rest[..length], &rest[length..]) {
        (version, _) if version.len() > MAX_VERSION => Begins::No,
        (_, [] | [b'\r']) => Begins::Unknown,
        ([b'0'..=b'9', ..], [b'\n', ..] | [b'\r', b'\n', ..]) => Begins::Yes,
        _ => Begins::No,
    }
}

/// Returns whether `bytes` begin with a record: a version line, and header lines that state its type
/// within [`MAX_TYPE`] bytes.
fn record_start(bytes: &[u8]) -> Begins {
    let found = version_line(bytes);
    if found != Begins::Yes {
        return found;
    }
    let limited = &bytes[..bytes.len().min(MAX_TYPE)];
    for line in limited.split_inclusive(|&byte| byte == b'\n').skip(1) {
        let Some(colon) = memchr::memchr(b':', line) else {
            if line.ends_with(b"\n") {
                return Begins::No;
            }
            break;
        };
        if line[..colon].eq_ignore_ascii_case(b"warc-type") {
            return Begins::Yes;
        }
    }
    if bytes.len() < MAX_TYPE {
        Begins::Unknown
    } else {
        Begins::No
    }
}

/// Returns where the first record starts at byte `from` of `bytes` or later, `from` being at least 1.
fn next_record(bytes: &[u8], from: usize, before: Before) -> Next {
    let from = from.saturating_sub(1);
    for at in memchr::memmem::find_iter(bytes.get(from..).unwrap_or_default(), b"\nWARC/") {
        let at = from + at + 1;
        let text = &bytes[..at];
        if before == Before::EmptyLine && !(text.ends_with(b"\n\r\n") || text.ends_with(b"\n\n")) {
            continue;
        }
        match record_start(&bytes[at..]) {
            Begins::Yes => return Next::At(at),
            Begins::Unknown => return Next::Perhaps(at),
            Begins::No => {}
        }
    }
    Next::None
}

/// Parses a record and returns its block as a text, with its id, URL and language. Records of other
/// types and blocks that are not text have none. A record with a wrong length, or a block that is
/// not UTF-8, is damaged.
fn parse(record: &[u8]) -> Parsed<'_> {
    let Some((block_start, headers)) = parse_header(record) else {
        let is_blank = record.trim_ascii().is_empty();
        return if is_blank {
            Parsed::NoText
        } else {
            Parsed::Damaged("is not a WARC record: its header does not end".to_owned())
        };
    };
    if !record.starts_with(b"WARC/") {
        return Parsed::Damaged("is not a WARC record".to_owned());
    }
    let record_end = record_end_like(record, block_start);
    let block = block_start
        ..record
            .len()
            .saturating_sub(record_end.len())
            .max(block_start);
    match content_length(record, &headers) {
        None => return Parsed::Damaged("has no valid Content-Length".to_owned()),
        Some(length) if length != block.len() as u64 || !record.ends_with(record_end) => {
            return Parsed::Damaged(format!(
                "does not have the {length} bytes that its Content-Length states"
            ));
        }
        Some(_) => {}
    }
    if header_value(record, &headers, "warc-type") != Some("conversion") {
        return Parsed::NoText;
    }
    if header_value(record, &headers, "content-type").is_some_and(|kind| !kind.starts_with("text/"))
    {
        return Parsed::NoText;
    }
    let text = match simdutf8::compat::from_utf8(&record[block.clone()]) {
        Ok(text) => text,
        Err(error) => {
            return Parsed::Damaged(format!(
                "is not valid UTF-8 at byte {} of its block",
                error.valid_up_to()
            ));
        }
    };
    let [id, url, languages] = [
        "warc-record-id",
        "warc-target-uri",
        "warc-identified-content-language",
    ]
    .map(|name| header_value(record, &headers, name).map(str::to_owned));
    Parsed::Texts(TextFields {
        fields: vec![Field {
            raw: block,
            ..Field::plain(Cow::Borrowed(""), text)
        }],
        id,
        url,
        // If the page has several languages, that of the text is not known.
        language: languages.filter(|codes| !codes.contains(',')),
        ..TextFields::default()
    })
}

/// Appends `record` without `cuts`, which are sorted, disjoint ranges of its block, to `out`. The
/// length and the correct digests in its header are recomputed.
fn write_without(record: &[u8], cuts: &[Range<usize>], out: &mut Vec<u8>) {
    let Some((block_start, headers)) = parse_header(record) else {
        return out.extend_from_slice(record);
    };
    let mut block = Vec::with_capacity(record.len() - block_start);
    let block_end = record.len() - record_end_like(record, block_start).len();
    cut(record, block_start..block_end, cuts, &mut block);
    write_with_block(record, block_start, &headers, &block, out);
}

/// Appends a record to `out` that has the header of `record`, up to `block_start`, and `block`. The
/// length in the header, and each digest that is that of the old block, are replaced by those of
/// `block`. Other digests are kept as they are: wrong ones, those of something else than the block,
/// and those of an unknown algorithm or in an unknown notation.
fn write_with_block(
    record: &[u8],
    block_start: usize,
    headers: &[Header],
    block: &[u8],
    out: &mut Vec<u8>,
) {
    let record_end = record_end_like(record, block_start);
    let old_block = &record[block_start..record.len() - record_end.len()];
    let mut at = 0;
    for header in headers {
        let old_value = &record[header.value.clone()];
        let new_value = match header.name.as_str() {
            "content-length" => Some(length_like(old_value, block.len())),
            // The payload of a conversion record is its block.
            "warc-block-digest" | "warc-payload-digest" => digest_like(old_value, old_block, block),
            _ => None,
        };
        if let Some(new_value) = new_value {
            out.extend_from_slice(&record[at..header.value.start]);
            out.extend_from_slice(new_value.as_bytes());
            at = header.value.end;
        }
    }
    out.extend_from_slice(&record[at..block_start]);
    out.extend_from_slice(block);
    out.extend_from_slice(record_end);
}

/// Returns the record from which `record` was made by removing spans of its block. `removed` holds
/// the removed bytes and their offsets in the original file, in which the record starts at
/// `offset`. Returns `None` if `record` is not a WARC record or the spans do not fit into its
/// block.
fn restore_record(record: &[u8], offset: u64, removed: &[(u64, Vec<u8>)]) -> Option<Vec<u8>> {
    let (block_start, headers) = parse_header(record)?;
    let length = headers
        .iter()
        .find(|header| header.name == "content-length")?;
    let record_end = record_end_like(record, block_start);
    let block = record.get(block_start..record.len().checked_sub(record_end.len())?)?;
    let whole_len = block.len() + removed.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    // The original header differs in length only by the digits of Content-Length: digests keep
    // their notation.
    let whole_length = length_like(&record[length.value.clone()], whole_len);
    let header_len = (block_start - length.value.len() + whole_length.len()) as u64;
    let spans: Vec<(usize, &[u8])> = removed
        .iter()
        .map(|(at, bytes)| {
            let block_offset = at.checked_sub(offset + header_len)?;
            Some((usize::try_from(block_offset).ok()?, bytes.as_slice()))
        })
        .collect::<Option<_>>()?;
    let block = crate::restore(block, spans).ok()?;
    let mut out = Vec::with_capacity(record.len() + whole_len);
    write_with_block(record, block_start, &headers, &block, &mut out);
    Some(out)
}

/// Writes a length as `old` is written: if that begins with a zero, with as many digits, because
/// then so does the length of a longer block, and restoring a record restores its zeros.
fn length_like(old: &[u8], length: usize) -> String {
    let width = if old.starts_with(b"0") && old.len() > 1 {
        old.len()
    } else {
        0
    };
    format!("{length:0width$}")
}

/// Returns the digest of `block` as `old` is written: with the same algorithm, label and notation,
/// which is hexadecimal, base32 or base64. Returns `None` if `old` is not the digest of `old_block`
/// in one of them.
fn digest_like(old: &[u8], old_block: &[u8], block: &[u8]) -> Option<String> {
    let (label, old_sum) = std::str::from_utf8(old).ok()?.split_once(':')?;
    let hash: fn(&[u8]) -> Vec<u8> = match label.to_ascii_lowercase().as_str() {
        "sha1" | "sha-1" => |block| Sha1::digest(block).to_vec(),
        "sha256" | "sha-256" => |block| sha2::Sha256::digest(block).to_vec(),
        "sha512" | "sha-512" => |block| sha2::Sha512::digest(block).to_vec(),
        "md5" => |block| md5::Md5::digest(block).to_vec(),
        _ => return None,
    };
    let sum = hash(old_block);
    let notations: [fn(&[u8]) -> String; 7] = [
        |sum| BASE32.encode(sum),
        |sum| HEXLOWER.encode(sum),
        |sum| HEXUPPER.encode(sum),
        |sum| BASE32_NOPAD.encode(sum),
        |sum| BASE32.encode(sum).to_ascii_lowercase(),
        |sum| BASE64.encode(sum),
        |sum| BASE64URL.encode(sum),
    ];
    let notation = notations
        .into_iter()
        .find(|notation| notation(&sum) == old_sum)?;
    Some(format!("{label}:{}", notation(&hash(block))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: &str, more: &str, length: usize, block: &str) -> String {
        format!(
            "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: https://example.org/\r\n{more}\
             Content-Length: {length}\r\n\r\n{block}\r\n\r\n"
        )
    }

    #[test]
    fn length_and_digests_are_recomputed_for_a_changed_block() {
        let block = "It rained.\nAdvertisement\n";
        let sha1 = BASE32.encode(&Sha1::digest(block));
        let sha256 = HEXLOWER.encode(&sha2::Sha256::digest(block));
        let old = format!(
            "WARC-Block-Digest: sha1:{sha1}\r\nX-Sum: sha1:x\r\n\
             WARC-Payload-Digest: sha256:{sha256}\r\n"
        );
        let source = record("conversion", &old, block.len(), block);
        let Parsed::Texts(texts) = parse(source.as_bytes()) else {
            panic!()
        };
        let field = &texts.fields[0];
        assert_eq!(
            (field.text.as_ref(), texts.url.as_deref()),
            (block, Some("https://example.org/"))
        );
        let cuts = field.locate(source.as_bytes(), std::slice::from_ref(&(11..25)));
        let mut out = Vec::new();
        write_without(source.as_bytes(), &cuts, &mut out);
        let sha1 = BASE32.encode(&Sha1::digest(b"It rained.\n"));
        let sha256 = HEXLOWER.encode(&sha2::Sha256::digest(b"It rained.\n"));
        let new = format!(
            "WARC-Block-Digest: sha1:{sha1}\r\nX-Sum: sha1:x\r\n\
             WARC-Payload-Digest: sha256:{sha256}\r\n"
        );
        assert_eq!(
            String::from_utf8(out).unwrap(),
            record("conversion", &new, 11, "It rained.\n")
        );
    }

    #[test]
    fn digests_keep_their_notation_and_wrong_ones_stay() {
        let (old, new) = (
            b"It rained.\nShare\n".as_slice(),
            b"It rained.\n".as_slice(),
        );
        let (old_md5, new_md5) = (md5::Md5::digest(old), md5::Md5::digest(new));
        // Computed with md5sum.
        assert_eq!(
            HEXLOWER.encode(&new_md5),
            "5d27ab00d543d449197ffec89b177633"
        );
        for notation in [&HEXLOWER, &HEXUPPER, &BASE32, &BASE32_NOPAD, &BASE64] {
            let digest = format!("MD5:{}", notation.encode(&old_md5));
            let expected = format!("MD5:{}", notation.encode(&new_md5));
            let changed = digest_like(digest.as_bytes(), old, new);
            assert_eq!(changed.as_ref(), Some(&expected));
            let restored = digest_like(expected.as_bytes(), new, old);
            assert_eq!(restored.as_ref(), Some(&digest));
        }
        for kept in [
            "md5:00000000000000000000000000000000",
            "md5:",
            "md5",
            "crc32:00000000",
        ] {
            assert_eq!(digest_like(kept.as_bytes(), old, new), None, "{kept}");
        }
    }

    #[test]
    fn lengths_keep_zeros_in_front() {
        for (old, length, new) in [
            ("37", 9, "9"),
            ("037", 9, "009"),
            ("009", 37, "037"),
            ("0", 25, "25"),
            ("000", 25, "025"),
        ] {
            assert_eq!(length_like(old.as_bytes(), length), new, "{old}");
        }
        for length in ["+3", "-3", "3 3", "", "0x3"] {
            let damaged = record("conversion", "", 3, "abc")
                .replace("Content-Length: 3", &format!("Content-Length: {length}"));
            assert!(
                matches!(parse(damaged.as_bytes()), Parsed::Damaged(_)),
                "{length}"
            );
        }
    }

    #[test]
    fn a_version_line_is_found_across_pieces() {
        let file = "abc\r\n\r\nWARC/1.0\r\nA: b\r\nwarc-type: conversion\r\n";
        let start = file.find("WARC").unwrap();
        assert_eq!(WarcFraming.rest_end(file.as_bytes()), Some(start));
        for end in 1..file.len() {
            let piece = &file.as_bytes()[..end];
            let len = WarcFraming.piece_len(piece);
            assert!((1..=end).contains(&len));
            let rest = &file.as_bytes()[len..];
            assert!(
                WarcFraming.rest_end(piece) == Some(start)
                    || WarcFraming.rest_end(rest) == Some(start - len),
                "{end}"
            );
        }
        for text in [
            "a\n\nWARC/ is a format\n",
            "a\n\nWARC/1.0 is a format\n",
            "a\n\nWARC/1.0\n",
            "a\n\nWARC/1.0\nis a version.\nWARC-Type: b\n",
            "a\n\nWARC/1.0\n\nWARC-Type: b\n",
            "a\nWARC/1.0\nWARC-Type: b\n",
        ] {
            let text = text.to_owned() + &"It rained.\n".repeat(500);
            assert_eq!(
                next_record(text.as_bytes(), 1, Before::EmptyLine),
                Next::None,
                "{text}"
            );
        }
    }

    #[test]
    fn a_length_is_believed_only_before_a_version_line() {
        let one = record("conversion", "", 3, "one");
        for (next, is_last, end) in [
            ("WARC/1.1\r\n", false, Some(one.len())),
            ("WARC/x\r\n", false, None),
            ("WAR", false, None),
            ("WAR", true, Some(one.len())),
            ("", false, None),
            ("", true, Some(one.len())),
        ] {
            let file = format!("{one}{next}");
            assert_eq!(record_end(file.as_bytes(), is_last), end, "{next}");
        }
    }

    #[test]
    fn lines_may_end_with_lf_alone() {
        let text = "It rained.\nShare this\n";
        let crlf = record("conversion", "", text.len(), text);
        let (header, _) = crlf.split_once("\r\n\r\n").unwrap();
        let lf = format!("{}\n\n{text}\n\n", header.replace("\r\n", "\n"));
        let two = format!("{lf}{lf}");
        assert_eq!(record_end(two.as_bytes(), false), Some(lf.len()));
        let Parsed::Texts(texts) = parse(lf.as_bytes()) else {
            panic!("the record has a text");
        };
        assert_eq!(texts.fields[0].text, text);
        let cuts = texts.fields[0].locate(lf.as_bytes(), std::slice::from_ref(&(11..22)));
        let mut cut = Vec::new();
        write_without(lf.as_bytes(), &cuts, &mut cut);
        assert_eq!(record_end(&cut, true), Some(cut.len()));
        let removed = vec![(cuts[0].start as u64, b"Share this\n".to_vec())];
        assert_eq!(restore_record(&cut, 0, &removed).unwrap(), lf.as_bytes());
    }

    #[test]
    fn a_header_ends_early_or_is_broken() {
        for (header, end) in [
            ("WARC/1.0\r\nA: b\r\n\r\n", HeaderEnd::Block(18)),
            ("WARC/1.0\r\nA: b\r\n", HeaderEnd::Missing),
            (
                "WARC/1.0\r\nA: b\r\nWARC/1.0\r\n\r\n",
                HeaderEnd::Record(16),
            ),
        ] {
            assert_eq!(header_end(header.as_bytes()), end, "{header}");
        }
        let long = format!("WARC/1.0\r\n{}\r\n", "A: b\r\n".repeat(MAX_HEADER / 6));
        assert_eq!(header_end(long.as_bytes()), HeaderEnd::Broken);
    }

    #[test]
    fn other_records_have_no_text_and_damaged_ones_are_reported() {
        assert_eq!(
            parse(record("warcinfo", "", 3, "a: ").as_bytes()),
            Parsed::NoText
        );
        assert_eq!(
            parse(record("conversion", "Content-Type: image/png\r\n", 3, "abc").as_bytes()),
            Parsed::NoText
        );
        for damaged in [
            record("conversion", "", 9, "abc"),
            record("conversion", "", 1, "abc"),
            "WARC/1.0\r\nA: b".to_owned(),
        ] {
            assert!(
                matches!(parse(damaged.as_bytes()), Parsed::Damaged(_)),
                "{damaged}"
            );
        }
    }

    #[test]
    fn a_wrong_length_affects_one_record_only() {
        let (one, two) = (
            record("conversion", "", 3, "one"),
            record("conversion", "", 3, "two"),
        );
        for length in [0, 2, 4, 150, 100_000, usize::MAX] {
            let wrong = record("conversion", "", length, "lie");
            let file = [one.as_str(), &wrong, &two].concat();
            let (mut at, mut records) = (0, Vec::new());
            while at < file.len() {
                let end = record_end(&file.as_bytes()[at..], true).unwrap_or(file.len() - at);
                records.push(&file[at..at + end]);
                at += end;
            }
            assert_eq!(records, [one.as_str(), &wrong, &two], "{length}");
        }
    }
}
