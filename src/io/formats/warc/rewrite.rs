//! Changes the block of a WARC record, by removal or restoration. The length and the correct digests
//! in its header are recomputed, in the notation that they have.

use super::header::{Header, parse_header, record_end_like};
use crate::io::record::cut;
use data_encoding::{BASE32, BASE32_NOPAD, BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use sha1::{Digest, Sha1};
use std::ops::Range;

/// Appends `record` without `cuts`, which are sorted, disjoint ranges of its block, to `out`. The
/// length and the correct digests in its header are recomputed.
pub fn write_without(record: &[u8], cuts: &[Range<usize>], out: &mut Vec<u8>) {
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
pub fn restore_record(record: &[u8], offset: u64, removed: &[(u64, Vec<u8>)]) -> Option<Vec<u8>> {
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
    use super::super::framing::record_end;
    use super::super::parse;
    use super::super::tests::record;
    use super::*;
    use crate::io::record::Parsed;

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
}
