//! Texts of records, and the bytes that encode them. The parser of each format reports a text as a
//! [`Field`]: the decoded text, the byte range of the record that encodes it, and the [`Escaping`]
//! used there. Spans of the text can then be cut out of the record's own bytes, and no other byte
//! of the record changes.
//!
//! In the JSON line `{"text": "a\nb"}`, for example, the text has three characters and is encoded
//! by the bytes 10..14. The span 1..2 of the text, a line feed, is at 11..13 of the line.

use std::borrow::Cow;
use std::ops::Range;

/// The values of a record, in the order of its columns; `None` where it has no value.
pub type Values<'r> = Vec<Option<Cow<'r, str>>>;

/// How the characters of a text are escaped in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escaping {
    /// No character is escaped.
    Plain,
    /// As in a JSON string: with backslashes.
    Json,
    /// As in a quoted CSV field: this quote is doubled.
    Doubled(u8),
    /// As in other dialects of CSV: an escape byte stands before itself and these others. Before
    /// any other byte it is an ordinary character.
    Escaped {
        /// The escape byte.
        escape: u8,
        /// The other bytes that it stands before.
        others: [u8; 3],
    },
}

/// An escape sequence in an encoded text.
struct Escape {
    /// The byte offset at which it starts.
    start: usize,
    /// Its length in bytes.
    len: usize,
    /// The character that it encodes.
    character: char,
}

impl Escaping {
    /// Returns the first escape sequence that starts at byte `from` of `raw` or later, or `None` if
    /// none follows. `raw` must be well-formed, and `from` must not be within an escape sequence.
    fn next_escape(self, raw: &[u8], from: usize) -> Option<Escape> {
        match self {
            Self::Plain => None,
            Self::Doubled(quote) => {
                let start = from + memchr::memchr(quote, &raw[from..])?;
                Some(Escape {
                    start,
                    len: 2,
                    character: char::from(quote),
                })
            }
            Self::Escaped { escape, others } => {
                let start = memchr::memchr_iter(escape, &raw[from..]).find(|at| {
                    let next = raw.get(from + at + 1);
                    next.is_some_and(|byte| *byte == escape || others.contains(byte))
                })?;
                Some(Escape {
                    start: from + start,
                    len: 2,
                    character: char::from(raw[from + start + 1]),
                })
            }
            Self::Json => {
                let start = from + memchr::memchr(b'\\', &raw[from..])?;
                let (character, len) = json_escape(&raw[start..]);
                Some(Escape {
                    start,
                    len,
                    character,
                })
            }
        }
    }

    /// Decodes `raw`, the bytes of a text without the quotes around them. Returns it borrowed if it
    /// has no escape sequence, as most texts of CSV and many of JSON do not.
    #[must_use]
    pub fn decode(self, raw: &str) -> Cow<'_, str> {
        let Some(mut escape) = self.next_escape(raw.as_bytes(), 0) else {
            return Cow::Borrowed(raw);
        };
        let (mut text, mut at) = (String::with_capacity(raw.len()), 0);
        loop {
            text.push_str(&raw[at..escape.start]);
            text.push(escape.character);
            at = (escape.start + escape.len).min(raw.len());
            match self.next_escape(raw.as_bytes(), at) {
                Some(next) => escape = next,
                None => break,
            }
        }
        text.push_str(&raw[at..]);
        Cow::Owned(text)
    }

    /// Returns for each of `ranges` the range of `raw` that encodes it. `ranges` are byte ranges of
    /// the decoded text on character boundaries, sorted and disjoint. `raw` is read once, so the
    /// cost is linear in its length.
    #[must_use]
    pub fn locate(
        self,
        raw: &[u8],
        ranges: impl Iterator<Item = Range<usize>>,
    ) -> Vec<Range<usize>> {
        let mut cursor = Cursor::new(self, raw);
        ranges
            .map(|range| cursor.seek(range.start)..cursor.seek(range.end))
            .collect()
    }
}

/// A position in an encoded text and the same position in the decoded text.
struct Cursor<'r> {
    escaping: Escaping,
    raw: &'r [u8],
    /// Byte offset in the encoded text.
    raw_offset: usize,
    /// Byte offset in the decoded text.
    text_offset: usize,
    /// The first escape sequence at or after `raw_offset`.
    next_escape: Option<Escape>,
}

impl<'r> Cursor<'r> {
    /// Creates a cursor at the start of `raw`.
    fn new(escaping: Escaping, raw: &'r [u8]) -> Self {
        Self {
            escaping,
            raw,
            raw_offset: 0,
            text_offset: 0,
            next_escape: escaping.next_escape(raw, 0),
        }
    }

    /// Moves forward past all escape sequences that end at or before `target`, a byte offset in the
    /// decoded text, and returns the offset of `target` in the encoded text. Targets must not
    /// decrease from call to call.
    fn seek(&mut self, target: usize) -> usize {
        while let Some(escape) = &self.next_escape
            && self.text_offset + (escape.start - self.raw_offset) < target
        {
            self.text_offset += escape.start - self.raw_offset + escape.character.len_utf8();
            self.raw_offset = escape.start + escape.len;
            self.next_escape = self.escaping.next_escape(self.raw, self.raw_offset);
        }
        self.raw_offset + (target - self.text_offset)
    }
}

/// Decodes the JSON escape sequence at the start of `raw`. Returns its character and its length in
/// bytes. Half of a surrogate pair without the other half cannot be part of a `str` and is decoded
/// as U+FFFD; the record keeps its bytes unless they are removed.
fn json_escape(raw: &[u8]) -> (char, usize) {
    match raw.get(1) {
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'u') => match code_unit(raw, 2) {
            Some(high @ 0xD800..0xDC00) if raw.get(6..8) == Some(b"\\u") => match code_unit(raw, 8)
            {
                Some(low @ 0xDC00..0xE000) => (
                    char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))
                        .unwrap_or(char::REPLACEMENT_CHARACTER),
                    12,
                ),
                _ => (char::REPLACEMENT_CHARACTER, 6),
            },
            Some(unit) => (
                char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER),
                6,
            ),
            None => (char::REPLACEMENT_CHARACTER, 2),
        },
        // A quote, a backslash or a slash.
        Some(&other) => (other as char, 2),
        None => ('\\', 1),
    }
}

/// Parses the four hexadecimal digits at byte `at` of `raw` as a UTF-16 code unit. Returns `None`
/// if `raw` is too short or holds another character there.
fn code_unit(raw: &[u8], at: usize) -> Option<u32> {
    let digits = std::str::from_utf8(raw.get(at..at + 4)?).ok()?;
    u32::from_str_radix(digits, 16).ok()
}

/// A text in a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Field<'r> {
    /// The name of the field; empty in formats whose records have one text only.
    pub name: Cow<'r, str>,
    /// The decoded text. That of a list is made of its items, with line ends between them.
    pub text: Cow<'r, str>,
    /// The bytes of the record that encode the text, without quotes around it.
    pub raw: Range<usize>,
    /// How these bytes are escaped.
    pub escaping: Escaping,
    /// The items of a list of texts, such as paragraphs. Empty if the field is one text.
    pub items: Vec<Item>,
}

/// A text in a list, which is a part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its index in the list.
    pub index: usize,
    /// Its bytes in the text of the field.
    pub text: Range<usize>,
    /// The bytes of the record that encode it, without quotes around it.
    pub raw: Range<usize>,
}

impl<'r> Field<'r> {
    /// Creates the field whose text is encoded by the bytes `raw` of `record`, and decodes it.
    /// `raw` must be on character boundaries and exclude the quotes around the text.
    #[must_use]
    pub fn new(name: Cow<'r, str>, record: &'r str, raw: Range<usize>, escaping: Escaping) -> Self {
        Self {
            name,
            text: escaping.decode(&record[raw.clone()]),
            raw,
            escaping,
            items: Vec::new(),
        }
    }

    /// Creates a field whose text is the whole record: an input that is one text, or a value of a
    /// Parquet column. Offsets in the text and in the record are the same.
    #[must_use]
    pub fn plain(name: Cow<'r, str>, text: &'r str) -> Self {
        Self {
            name,
            text: Cow::Borrowed(text),
            raw: 0..text.len(),
            escaping: Escaping::Plain,
            items: Vec::new(),
        }
    }

    /// Creates the field of a list of texts, which are cleaned as one document. `texts` holds the
    /// index of each in the list and the bytes `raw` of `record` that encode it, in their order.
    /// Between them stands a line end or, if one of them has several lines, a blank line.
    #[must_use]
    pub fn list(
        name: Cow<'r, str>,
        record: &str,
        texts: &[(usize, Range<usize>)],
        escaping: Escaping,
    ) -> Self {
        let decoded: Vec<Cow<'_, str>> = texts
            .iter()
            .map(|(_, raw)| escaping.decode(&record[raw.clone()]))
            .collect();
        let has_lines = decoded.iter().any(|text| text.contains(['\n', '\r']));
        let separator = if has_lines { "\n\n" } else { "\n" };
        let mut start = 0;
        let items = texts.iter().zip(&decoded).map(|((index, raw), text)| {
            let item = Item {
                index: *index,
                text: start..start + text.len(),
                raw: raw.clone(),
            };
            start = item.text.end + separator.len();
            item
        });
        let items: Vec<Item> = items.collect();
        let raw_start = items.first().map_or(0, |item| item.raw.start);
        Self {
            name,
            text: Cow::Owned(decoded.join(separator)),
            raw: raw_start..items.last().map_or(raw_start, |item| item.raw.end),
            escaping,
            items,
        }
    }

    /// Returns the length of the text in bytes, without what stands between the items of a list.
    #[must_use]
    pub fn text_len(&self) -> usize {
        if self.items.is_empty() {
            self.text.len()
        } else {
            self.items.iter().map(|item| item.text.len()).sum()
        }
    }

    /// Returns the parts of `span`, a byte range of the text, that lie in one item each, with these
    /// items; what stands between items is in none. A text that is no list has no items, so the
    /// span is the only part.
    #[must_use]
    pub fn split(&self, span: Range<usize>) -> Vec<(Option<&Item>, Range<usize>)> {
        if self.items.is_empty() {
            return vec![(None, span)];
        }
        let first = self
            .items
            .partition_point(|item| item.text.end <= span.start);
        self.items[first..]
            .iter()
            .take_while(|item| item.text.start < span.end)
            .map(|item| {
                let (start, end) = (item.text.start, item.text.end);
                (Some(item), span.start.max(start)..span.end.min(end))
            })
            .filter(|(_, part)| !part.is_empty())
            .collect()
    }

    /// Returns the bytes of `record` that encode each of `spans`, which are byte ranges of the
    /// text on character boundaries, sorted and disjoint. In a list, each must lie in one item.
    /// `record` must be the one that the field was parsed from.
    #[must_use]
    pub fn locate(&self, record: &[u8], spans: &[Range<usize>]) -> Vec<Range<usize>> {
        if self.items.is_empty() {
            return self.locate_in(record, self.raw.clone(), 0, spans);
        }
        let (mut located, mut rest) = (Vec::with_capacity(spans.len()), spans);
        for item in &self.items {
            let count = rest.partition_point(|span| span.start < item.text.end);
            let (inside, others) = rest.split_at(count);
            if !inside.is_empty() {
                let raw = item.raw.clone();
                located.extend(self.locate_in(record, raw, item.text.start, inside));
            }
            rest = others;
        }
        located
    }

    /// Returns the bytes of `record` that encode each of `spans`, which lie in the part of the text
    /// that starts at `start` and is encoded by the bytes `raw`.
    fn locate_in(
        &self,
        record: &[u8],
        raw: Range<usize>,
        start: usize,
        spans: &[Range<usize>],
    ) -> Vec<Range<usize>> {
        let in_part = spans
            .iter()
            .map(|span| span.start - start..span.end - start);
        self.escaping
            .locate(&record[raw.clone()], in_part)
            .into_iter()
            .map(|range| raw.start + range.start..raw.start + range.end)
            .collect()
    }
}

/// The texts of a record and its metadata.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextFields<'r> {
    /// The texts, in the order of their bytes.
    pub fields: Vec<Field<'r>>,
    /// The id of the record; a number as written.
    pub id: Option<String>,
    /// The value of the id field as written in a JSON record, of any type.
    pub id_json: Option<&'r str>,
    /// The URL that the record was fetched from.
    pub url: Option<String>,
    /// The language of the record, as a code.
    pub language: Option<String>,
    /// The name of the site that the record is from.
    pub site: Option<String>,
}

/// The result of parsing a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed<'r> {
    /// The record has at least one text.
    Texts(TextFields<'r>),
    /// The record is valid but has no text: a blank line, a CSV header row, or a WARC record of
    /// another type.
    NoText,
    /// The record should have a text but has none that can be read; the reason, as a predicate such
    /// as "is not JSON".
    Damaged(String),
}

/// Returns `bytes` as a text, or the reason why they are none, as a predicate.
///
/// # Errors
/// If they are not valid UTF-8.
pub fn decode_utf8(bytes: &[u8]) -> Result<&str, String> {
    simdutf8::compat::from_utf8(bytes)
        .map_err(|error| format!("is not valid UTF-8 at byte {}", error.valid_up_to()))
}

/// Parses a record with `parse` if it is valid UTF-8. Otherwise the record is damaged.
pub(super) fn parse_utf8<'r>(
    record: &'r [u8],
    parse: impl FnOnce(&'r str) -> Parsed<'r>,
) -> Parsed<'r> {
    decode_utf8(record).map_or_else(Parsed::Damaged, parse)
}

/// Appends `bytes[part]` without `cuts` to `out`. `cuts` are ranges of `bytes` that lie within
/// `part`, sorted and disjoint.
pub fn cut(bytes: &[u8], part: Range<usize>, cuts: &[Range<usize>], out: &mut Vec<u8>) {
    let mut at = part.start;
    for range in cuts {
        out.extend_from_slice(&bytes[at..range.start]);
        at = range.end;
    }
    out.extend_from_slice(&bytes[at..part.end]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_items_of_a_list_are_parts_of_one_text() {
        let record = r#"["It rai\u006eed.", 7, "", "Share\nAd"]"#;
        let raw = [(0, 2..17), (2, 24..24), (3, 28..37)];
        let field = Field::list(Cow::Borrowed("list"), record, &raw, Escaping::Json);
        assert_eq!(field.text, "It rained.\n\n\n\nShare\nAd");
        assert_eq!(field.text_len(), 18);
        let parts = field.split(3..20);
        let spans: Vec<Range<usize>> = parts.iter().map(|(_, span)| span.clone()).collect();
        let indices: Vec<_> = parts.iter().map(|(item, _)| item.unwrap().index).collect();
        assert_eq!((indices, &spans), (vec![0, 3], &vec![3..10, 14..20]));
        let located = field.locate(record.as_bytes(), &spans);
        let located: Vec<&str> = located.into_iter().map(|range| &record[range]).collect();
        assert_eq!(located, [r"rai\u006eed.", r"Share\n"]);
        assert_eq!(field.split(10..14), []);
    }

    #[test]
    fn every_span_of_a_text_is_located_in_its_encoding() {
        let raw = r#"a\n\u00e9\ud834\udd1e"é𝄞\\\"\/\t\ud834x\udd1e"#;
        let text = Escaping::Json.decode(raw);
        assert_eq!(text, "a\né𝄞\"é𝄞\\\"/\t\u{fffd}x\u{fffd}");
        let boundaries: Vec<usize> = text
            .char_indices()
            .map(|(at, _)| at)
            .chain([text.len()])
            .collect();
        for (index, &start) in boundaries.iter().enumerate() {
            for &end in &boundaries[index..] {
                let located = Escaping::Json
                    .locate(raw.as_bytes(), std::iter::once(start..end))
                    .remove(0);
                assert_eq!(
                    Escaping::Json.decode(&raw[located.clone()]),
                    text[start..end],
                    "{start}..{end}"
                );
                let rest = [&raw[..located.start], &raw[located.end..]].concat();
                // Two halves of surrogate pairs that become adjacent would form a pair. Here they
                // do only if all of the text between them is removed.
                if !(text[..start].ends_with('\u{fffd}') && text[end..].starts_with('\u{fffd}')) {
                    assert_eq!(
                        Escaping::Json.decode(&rest),
                        [&text[..start], &text[end..]].concat(),
                        "{start}..{end}"
                    );
                }
            }
        }
    }

    #[test]
    fn doubled_quotes_are_one_character() {
        assert_eq!(
            Escaping::Doubled(b'"').decode(r#"He said ""no""."#),
            r#"He said "no"."#
        );
        assert_eq!(
            Escaping::Doubled(b'"')
                .locate(r#"""a""b"#.as_bytes(), std::iter::once(1..3))
                .first(),
            Some(&(2..5))
        );
    }

    #[test]
    fn an_escape_byte_escapes_only_what_is_special() {
        let escaping = Escaping::Escaped {
            escape: b'\\',
            others: *b",\"\n",
        };
        let raw = r#"a \"b\" \\ \n \, c\"#;
        assert_eq!(escaping.decode(raw), r#"a "b" \ \n , c\"#);
        let ranges = [2..5, 6..7, 8..10];
        let located = escaping.locate(raw.as_bytes(), ranges.iter().cloned());
        let decoded: Vec<_> = located
            .into_iter()
            .map(|range| escaping.decode(&raw[range]))
            .collect();
        assert_eq!(decoded, ["\"b\"", "\\", "\\n"]);
    }
}
