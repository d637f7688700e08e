//! WARC records (ISO 28500): a version line, header lines, a blank line, a block whose length the
//! header states, and two line ends. The texts are the blocks of `conversion` records, which WET
//! files consist of. If a removal changes a block, the length and digests in its header are
//! recomputed; all other records are copied unchanged.

use super::{FormatSpec, OutputColumns, Reading, RecordFormat, name_or};
use crate::io::FieldNames;
use crate::io::batch::Framing;
use crate::io::record::{Escaping, Field, Parsed, TextFields, Values, cut};
use data_encoding::{BASE32, HEXLOWER};
use sha1::{Digest, Sha1};
use std::borrow::Cow;
use std::ops::Range;

/// The line ends after a block. The same bytes end a header: the end of its last line and a blank
/// line.
const RECORD_END: &[u8] = b"\r\n\r\n";

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
        Box::new(WarcFraming { remaining: 0 })
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

/// Splits a stream by the lengths that the headers of records state.
#[derive(Debug)]
struct WarcFraming {
    /// Bytes of the current record that have not been read yet. Only used for a record that is
    /// larger than allowed.
    remaining: u64,
}

impl Framing for WarcFraming {
    fn record_end(&mut self, bytes: &[u8], is_last: bool) -> Option<usize> {
        record_end(bytes, is_last, &mut self.remaining)
    }

    fn rest_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let end = usize::try_from(self.remaining)
            .ok()
            .filter(|&remaining| remaining <= bytes.len());
        self.remaining -= end.unwrap_or(bytes.len()) as u64;
        end
    }

    fn start_pieces(&mut self, len: usize) {
        self.remaining = self.remaining.saturating_sub(len as u64);
    }
}

/// A header line.
struct Header {
    /// The name, in lower case.
    name: String,
    /// The bytes of the record that hold the value, without white space around it.
    value: Range<usize>,
}

/// Parses the header of `record`. Returns the offset of its block and the header lines, or `None`
/// if the header does not end in these bytes. Lines without a colon are ignored.
fn parse_header(record: &[u8]) -> Option<(usize, Vec<Header>)> {
    let block_start = memchr::memmem::find(record, RECORD_END)? + RECORD_END.len();
    let mut headers = Vec::new();
    let mut at = 0;
    for line in record[..block_start - 2].split_inclusive(|&byte| byte == b'\n') {
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
/// `Content-Length`.
fn content_length(record: &[u8], headers: &[Header]) -> Option<u64> {
    header_value(record, headers, "content-length")?
        .parse()
        .ok()
}

/// Returns the length of the record at the start of `bytes`, or `None` if it does not end in them.
/// If the stated length is missing or wrong, because no record starts after it, the record ends
/// before the next line that starts one. `is_last` says that no bytes follow. Sets `remaining` to
/// the length that the record claims if that is more than `bytes`, else to `u64::MAX`.
fn record_end(bytes: &[u8], is_last: bool, remaining: &mut u64) -> Option<usize> {
    *remaining = u64::MAX;
    let Some((block_start, headers)) = parse_header(bytes) else {
        return if is_last { next_record(bytes, 1) } else { None };
    };
    let Some(length) = content_length(bytes, &headers) else {
        return next_record(bytes, block_start);
    };
    let claimed = (block_start as u64)
        .saturating_add(length)
        .saturating_add(RECORD_END.len() as u64);
    let end = usize::try_from(claimed).unwrap_or(usize::MAX);
    if end > bytes.len() {
        *remaining = claimed;
        return if is_last {
            next_record(bytes, block_start)
        } else {
            None
        };
    }
    let is_plausible = bytes[..end].ends_with(RECORD_END)
        && (end == bytes.len() || b"WARC/".starts_with(&bytes[end..bytes.len().min(end + 5)]));
    if is_plausible {
        Some(end)
    } else {
        next_record(bytes, block_start)
    }
}

/// Returns the offset of the first line at byte `from` of `bytes` or later that starts a record.
/// Returns `None` if there is none.
fn next_record(bytes: &[u8], from: usize) -> Option<usize> {
    let from = from.saturating_sub(1);
    memchr::memmem::find(bytes.get(from..)?, b"\nWARC/").map(|at| from + at + 1)
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
    let block = block_start
        ..record
            .len()
            .saturating_sub(RECORD_END.len())
            .max(block_start);
    match content_length(record, &headers) {
        None => return Parsed::Damaged("has no Content-Length".to_owned()),
        Some(length) if length != block.len() as u64 || !record.ends_with(RECORD_END) => {
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
            name: Cow::Borrowed(""),
            text: Cow::Borrowed(text),
            raw: block,
            escaping: Escaping::Plain,
        }],
        id,
        url,
        // If the page has several languages, that of the text is not known.
        language: languages.filter(|codes| !codes.contains(',')),
        ..TextFields::default()
    })
}

/// Appends `record` without `cuts`, which are sorted, disjoint ranges of its block, to `out`. The
/// length and digests in its header are recomputed.
fn write_without(record: &[u8], cuts: &[Range<usize>], out: &mut Vec<u8>) {
    let Some((block_start, headers)) = parse_header(record) else {
        return out.extend_from_slice(record);
    };
    let mut block = Vec::with_capacity(record.len() - block_start);
    let block_end = record.len() - RECORD_END.len();
    cut(record, block_start..block_end, cuts, &mut block);
    write_with_block(record, block_start, &headers, &block, out);
}

/// Appends a record to `out` that has the header of `record`, up to `block_start`, and `block`. The
/// length and the digests in the header are replaced by those of `block`. Digests that are not
/// those of the block of `record`, or are written in another way, are kept as they are, so that the
/// record can be restored exactly.
fn write_with_block(
    record: &[u8],
    block_start: usize,
    headers: &[Header],
    block: &[u8],
    out: &mut Vec<u8>,
) {
    let mut at = 0;
    let old_block = &record[block_start..record.len() - RECORD_END.len()];
    for header in headers {
        let old_value = &record[header.value.clone()];
        let new_value = match header.name.as_str() {
            "content-length" => Some(length_like(old_value, block.len())),
            // The payload of a conversion record is its block.
            "warc-block-digest" | "warc-payload-digest" => digest_like(old_value, old_block)
                .filter(|digest| digest.as_bytes() == old_value)
                .and_then(|_| digest_like(old_value, block)),
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
    out.extend_from_slice(RECORD_END);
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
    let block = record.get(block_start..record.len().checked_sub(RECORD_END.len())?)?;
    let whole_len = block.len() + removed.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    // The original header differs in length only by the digits of Content-Length: digests keep
    // their encoding.
    let old_length = length_like(&record[length.value.clone()], whole_len);
    let header_len = (block_start - length.value.len() + old_length.len()) as u64;
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

/// Returns `length` as `old` is written: with zeros in front if that has some.
fn length_like(old: &[u8], length: usize) -> String {
    let width = if old.starts_with(b"0") { old.len() } else { 0 };
    format!("{length:0width$}")
}

/// Returns the digest of `block` as `old` is written: with the same algorithm and label, and in
/// hexadecimal or base32, whichever `old` uses. Returns `None` if the algorithm is not known.
fn digest_like(old: &[u8], block: &[u8]) -> Option<String> {
    let (label, old_sum) = std::str::from_utf8(old).ok()?.split_once(':')?;
    let sum: Vec<u8> = match label.to_ascii_lowercase().as_str() {
        "sha1" => Sha1::digest(block).to_vec(),
        "sha256" | "sha-256" => sha2::Sha256::digest(block).to_vec(),
        "sha512" | "sha-512" => sha2::Sha512::digest(block).to_vec(),
        "md5" => md5::Md5::digest(block).to_vec(),
        _ => return None,
    };
    let encoded = if old_sum.len() == sum.len() * 2 {
        HEXLOWER.encode(&sum)
    } else {
        BASE32.encode(&sum)
    };
    Some(format!("{label}:{encoded}"))
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
        let old = format!(
            "WARC-Block-Digest: sha1:{}\r\nX-Sum: sha1:x\r\nWARC-Payload-Digest: sha256:{}\r\n",
            BASE32.encode(&Sha1::digest(b"It rained.\nAdvertisement\n")),
            HEXLOWER.encode(&sha2::Sha256::digest(b"It rained.\nAdvertisement\n"))
        );
        let block = "It rained.\nAdvertisement\n";
        let source = record("conversion", &old, block.len(), block);
        let Parsed::Texts(texts) = parse(source.as_bytes()) else {
            panic!()
        };
        let field = &texts.fields[0];
        assert_eq!(
            (field.text.as_ref(), texts.url.as_deref()),
            (block, Some("https://example.org/"))
        );
        let cuts = field.locate(source.as_bytes(), std::iter::once(11..25));
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
        // Computed with md5sum.
        assert_eq!(
            digest_like(b"md5:00000000000000000000000000000000", b"It rained.\n").unwrap(),
            "md5:5d27ab00d543d449197ffec89b177633"
        );
        assert_eq!(digest_like(b"crc32:00000000", b"It rained.\n"), None);
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
        for length in [0, 2, 4, 150, 100_000] {
            let wrong = record("conversion", "", length, "lie");
            let file = [one.as_str(), &wrong, &two].concat();
            let (mut at, mut records, mut remaining) = (0, Vec::new(), 0);
            while at < file.len() {
                let end = record_end(&file.as_bytes()[at..], true, &mut remaining)
                    .unwrap_or(file.len() - at);
                records.push(&file[at..at + end]);
                at += end;
            }
            assert_eq!(records, [one.as_str(), &wrong, &two], "{length}");
        }
    }
}
