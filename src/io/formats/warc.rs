//! WARC records (ISO 28500): a version line, header lines, an empty line, a block whose length the
//! header states, and two line ends. The texts are the blocks of `conversion` records, which WET
//! files consist of. All other records are copied unchanged.

mod framing;
mod header;
mod rewrite;

use self::framing::WarcFraming;
use self::header::{content_length, header_value, parse_header, record_end_like};
use self::rewrite::{restore_record, write_without};
use super::{FormatSpec, OutputColumns, Reading, RecordFormat, name_or};
use crate::io::FieldNames;
use crate::io::batch::Framing;
use crate::io::record::{Field, Parsed, TextFields, Values};
use std::borrow::Cow;
use std::ops::Range;

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

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a record of this type with a block, and a length that need not be its own.
    pub fn record(kind: &str, more: &str, length: usize, block: &str) -> String {
        format!(
            "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: https://example.org/\r\n{more}\
             Content-Length: {length}\r\n\r\n{block}\r\n\r\n"
        )
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
}
