//! WARC records (ISO 28500): a version, header lines, a blank line, a block of as many bytes as the header says, and two
//! line ends. The texts are the blocks of `conversion` records, which WET files are made of. A block that changes gets its
//! length and its digests right again; every other record stays as it is.

use super::hexadecimal;
use super::record::{Escaping, Field, Parsed, TextFields, Values};
use sha1::{Digest, Sha1};
use std::borrow::Cow;
use std::ops::Range;

/// What ends a record.
const END: &[u8] = b"\r\n\r\n";

/// A header line.
struct Header {
    /// Its name, in lower case.
    name: String,
    /// The bytes of its value, without white space around it.
    value: Range<usize>,
}

/// Where the block begins, and the lines before it; none if the header does not end in these bytes.
fn headers(record: &[u8]) -> Option<(usize, Vec<Header>)> {
    let start = memchr::memmem::find(record, END)? + END.len();
    let mut found = Vec::new();
    let mut at = 0;
    for line in record[..start - 2].split_inclusive(|&byte| byte == b'\n') {
        if let Some(colon) = memchr::memchr(b':', line).filter(|_| at > 0) {
            let value = &line[colon + 1..];
            let (before, trimmed) = (
                value.len() - value.trim_ascii_start().len(),
                value.trim_ascii().len(),
            );
            let begin = at + colon + 1 + before;
            let name = String::from_utf8_lossy(&line[..colon])
                .trim()
                .to_ascii_lowercase();
            found.push(Header {
                name,
                value: begin..begin + trimmed,
            });
        }
        at += line.len();
    }
    Some((start, found))
}

fn value<'r>(record: &'r [u8], headers: &[Header], name: &str) -> Option<&'r str> {
    let header = headers.iter().find(|header| header.name == name)?;
    std::str::from_utf8(&record[header.value.clone()]).ok()
}

/// The length of the block, as the header says.
fn length(record: &[u8], headers: &[Header]) -> Option<u64> {
    value(record, headers, "content-length")?.parse().ok()
}

/// The end of the record that begins `bytes`. Where the length cannot be right, as no record begins behind it, it ends
/// before the next line that begins one. `left` gets how long the record claims to be where that is longer than `bytes`.
pub(super) fn record_end(bytes: &[u8], last: bool, left: &mut u64) -> Option<usize> {
    *left = u64::MAX;
    let Some((start, headers)) = headers(bytes) else {
        return if last { next_record(bytes, 1) } else { None };
    };
    let Some(length) = length(bytes, &headers) else {
        return next_record(bytes, start);
    };
    let claimed = (start as u64)
        .saturating_add(length)
        .saturating_add(END.len() as u64);
    let end = usize::try_from(claimed).unwrap_or(usize::MAX);
    if end > bytes.len() {
        *left = claimed;
        return if last {
            next_record(bytes, start)
        } else {
            None
        };
    }
    let fits = bytes[..end].ends_with(END)
        && (end == bytes.len() || b"WARC/".starts_with(&bytes[end..bytes.len().min(end + 5)]));
    if fits {
        Some(end)
    } else {
        next_record(bytes, start)
    }
}

/// Where the next line begins a record.
fn next_record(bytes: &[u8], from: usize) -> Option<usize> {
    let from = from.saturating_sub(1);
    memchr::memmem::find(bytes.get(from..)?, b"\nWARC/").map(|at| from + at + 1)
}

/// Finds the text of a record.
pub(super) fn read(record: &[u8]) -> Parsed<'_> {
    let Some((start, headers)) = headers(record) else {
        let is_blank = record.trim_ascii().is_empty();
        return if is_blank {
            Parsed::NoText
        } else {
            Parsed::Damaged("is no WARC record: its header does not end".to_owned())
        };
    };
    if !record.starts_with(b"WARC/") {
        return Parsed::Damaged("is no WARC record".to_owned());
    }
    let block = start..record.len().saturating_sub(END.len()).max(start);
    match length(record, &headers) {
        None => return Parsed::Damaged("has no Content-Length".to_owned()),
        Some(length) if length != block.len() as u64 || !record.ends_with(END) => {
            return Parsed::Damaged(format!(
                "has not the {length} bytes that its Content-Length says"
            ));
        }
        Some(_) => {}
    }
    if value(record, &headers, "warc-type") != Some("conversion") {
        return Parsed::NoText;
    }
    if value(record, &headers, "content-type").is_some_and(|kind| !kind.starts_with("text/")) {
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
    let field = Field {
        name: Cow::Borrowed(""),
        text: Cow::Borrowed(text),
        raw: block,
        escaping: Escaping::Plain,
    };
    let one = |name: &str| value(record, &headers, name).map(str::to_owned);
    // Of several languages none is the text's.
    let language = one("warc-identified-content-language").filter(|codes| !codes.contains(','));
    Parsed::Texts(TextFields {
        fields: vec![field],
        id: one("warc-record-id"),
        url: one("warc-target-uri"),
        language,
        ..TextFields::default()
    })
}

/// The id, address, date, language and text of a record.
pub(super) fn values(record: &[u8]) -> Option<Values<'_>> {
    let (_, headers) = headers(record)?;
    let Parsed::Texts(mut texts) = read(record) else {
        return None;
    };
    let date = value(record, &headers, "warc-date").map(|date| Cow::Owned(date.to_owned()));
    let text = texts.fields.pop()?.text;
    let own = |text: Option<String>| text.map(Cow::Owned);
    Some(vec![
        own(texts.id),
        own(texts.url),
        date,
        own(texts.language),
        Some(text),
    ])
}

/// Appends a record of which ranges are cut out of the block.
pub(super) fn write(record: &[u8], cuts: &[Range<usize>], out: &mut Vec<u8>) {
    let Some((start, headers)) = headers(record) else {
        return out.extend_from_slice(record);
    };
    let mut block = Vec::with_capacity(record.len() - start);
    super::record::cut(record, start..record.len() - END.len(), cuts, &mut block);
    with_block(record, start, &headers, &block, out);
}

/// Appends a record with another block, of which its header tells the length and the digests.
fn with_block(record: &[u8], start: usize, headers: &[Header], block: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    for header in headers {
        let old = &record[header.value.clone()];
        let new = match header.name.as_str() {
            "content-length" => Some(block.len().to_string()),
            // The payload of a conversion is its block.
            "warc-block-digest" | "warc-payload-digest" => digest(old, block),
            _ => None,
        };
        if let Some(new) = new {
            out.extend_from_slice(&record[at..header.value.start]);
            out.extend_from_slice(new.as_bytes());
            at = header.value.end;
        }
    }
    out.extend_from_slice(&record[at..start]);
    out.extend_from_slice(block);
    out.extend_from_slice(END);
}

/// A record as it was before spans of its block were removed. These are given with the bytes that stood there, by where they
/// began in a file in which the record began at `offset`; none if they do not fit.
#[must_use]
pub fn restored_warc(record: &[u8], offset: u64, removed: &[(u64, Vec<u8>)]) -> Option<Vec<u8>> {
    let (start, headers) = headers(record)?;
    let length = headers
        .iter()
        .find(|header| header.name == "content-length")?;
    let block = record.get(start..record.len().checked_sub(END.len())?)?;
    let whole = block.len() + removed.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    // The header is longer by the digits of the length only.
    let header = (start - length.value.len() + whole.to_string().len()) as u64;
    let place = |(at, bytes): &'_ (u64, Vec<u8>)| {
        Some((
            usize::try_from(at.checked_sub(offset + header)?).ok()?,
            bytes.clone(),
        ))
    };
    let spans: Vec<(usize, Vec<u8>)> = removed.iter().map(place).collect::<Option<_>>()?;
    let block = crate::restore(
        block,
        spans.iter().map(|(at, bytes)| (*at, bytes.as_slice())),
    )
    .ok()?;
    let mut out = Vec::with_capacity(record.len() + whole);
    with_block(record, start, &headers, &block, &mut out);
    Some(out)
}

/// A digest of the block, spelt as the old one; none if that is of a kind that is not known.
fn digest(old: &[u8], block: &[u8]) -> Option<String> {
    let (name, old) = std::str::from_utf8(old).ok()?.split_once(':')?;
    let sum: Vec<u8> = match name.to_ascii_lowercase().as_str() {
        "sha1" => Sha1::digest(block).to_vec(),
        "sha256" | "sha-256" => sha2::Sha256::digest(block).to_vec(),
        "sha512" | "sha-512" => sha2::Sha512::digest(block).to_vec(),
        "md5" => md5::Md5::digest(block).to_vec(),
        _ => return None,
    };
    let is_hexadecimal = old.len() == sum.len() * 2;
    let spelt = if is_hexadecimal {
        hexadecimal(&sum)
    } else {
        base32(&sum)
    };
    Some(format!("{name}:{spelt}"))
}

/// Bytes in the alphabet of RFC 4648, padded.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let bits = (0..5).fold(0u64, |bits, index| {
            bits << 8 | u64::from(chunk.get(index).copied().unwrap_or(0))
        });
        let signs = (chunk.len() * 8).div_ceil(5);
        (0..8).for_each(|sign| {
            text.push(if sign < signs {
                ALPHABET[(bits >> (35 - 5 * sign)) as usize & 31] as char
            } else {
                '='
            })
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: &str, more: &str, length: usize, block: &str) -> String {
        format!(
            "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: https://example.org/\r\n{more}Content-Length: {length}\r\n\r\n{block}\r\n\r\n"
        )
    }

    #[test]
    fn a_changed_block_gets_its_length_and_digests_right() {
        // Sums by sha1sum and sha256sum of "It rained.\n".
        let old = format!(
            "WARC-Block-Digest: sha1:{}\r\nX-Sum: sha1:x\r\nWARC-Payload-Digest: sha256:{}\r\n",
            "A".repeat(32),
            "0".repeat(64)
        );
        let block = "It rained.\nAdvertisement\n";
        let source = record("conversion", &old, block.len(), block);
        let Parsed::Texts(texts) = read(source.as_bytes()) else {
            panic!()
        };
        let field = &texts.fields[0];
        assert_eq!(
            (field.text.as_ref(), texts.url.as_deref()),
            (block, Some("https://example.org/"))
        );
        let cuts = field.locate(source.as_bytes(), std::iter::once(11..25));
        let mut out = Vec::new();
        write(source.as_bytes(), &cuts, &mut out);
        let sha1 = base32(&Sha1::digest(b"It rained.\n"));
        let sha256 = hexadecimal(&sha2::Sha256::digest(b"It rained.\n"));
        let new = format!(
            "WARC-Block-Digest: sha1:{sha1}\r\nX-Sum: sha1:x\r\nWARC-Payload-Digest: sha256:{sha256}\r\n"
        );
        assert_eq!(
            String::from_utf8(out).unwrap(),
            record("conversion", &new, 11, "It rained.\n")
        );
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI======");
        // By md5sum.
        assert_eq!(
            digest(b"md5:00000000000000000000000000000000", b"It rained.\n").unwrap(),
            "md5:5d27ab00d543d449197ffec89b177633"
        );
        assert_eq!(digest(b"crc32:00000000", b"It rained.\n"), None);
    }

    #[test]
    fn other_records_are_left_alone() {
        assert_eq!(
            read(record("warcinfo", "", 3, "a: ").as_bytes()),
            Parsed::NoText
        );
        assert_eq!(
            read(record("conversion", "Content-Type: image/png\r\n", 3, "abc").as_bytes()),
            Parsed::NoText
        );
        for damaged in [
            record("conversion", "", 9, "abc"),
            record("conversion", "", 1, "abc"),
            "WARC/1.0\r\nA: b".to_owned(),
        ] {
            assert!(
                matches!(read(damaged.as_bytes()), Parsed::Damaged(_)),
                "{damaged}"
            );
        }
    }

    #[test]
    fn a_length_that_lies_costs_one_record() {
        let (one, two) = (
            record("conversion", "", 3, "one"),
            record("conversion", "", 3, "two"),
        );
        for length in [0, 2, 4, 150, 100_000] {
            let liar = record("conversion", "", length, "lie");
            let file = [one.as_str(), &liar, &two].concat();
            let (mut at, mut found, mut left) = (0, Vec::new(), 0);
            while at < file.len() {
                let end =
                    record_end(&file.as_bytes()[at..], true, &mut left).unwrap_or(file.len() - at);
                found.push(&file[at..at + end]);
                at += end;
            }
            assert_eq!(found, [one.as_str(), &liar, &two], "{length}");
        }
    }
}
