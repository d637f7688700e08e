//! CSV and TSV: rows below a header row, with fields in quotes if they contain delimiters, quotes
//! or line ends (RFC 4180). The module returns byte ranges rather than decoded rows: a removal is
//! cut out of the row's own bytes, so quotes and all other fields are preserved exactly.

use super::record::{Escaping, Field, Parsed, TextFields, Values};
use super::{FieldNames, quoted_alternatives};
use anyhow::{Result, anyhow, bail};
use std::borrow::Cow;
use std::ops::Range;

/// Columns that the error for a missing text column lists at most.
const MAX_LISTED_COLUMNS: usize = 12;

/// Finds the ends of rows: line feeds outside of quotes. A quote opens a quoted field only at the
/// start of a field; within an unquoted field it is an ordinary character.
#[derive(Clone, Debug)]
pub struct RowScanner {
    delimiter: u8,
    state: CsvState,
}

/// Where in a row the scanner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CsvState {
    /// At the start of a field.
    FieldStart,
    /// In an unquoted field.
    Unquoted,
    /// In a quoted field.
    Quoted,
    /// After a quote in a quoted field: the closing quote, or the first of a doubled one.
    AfterQuote,
}

impl RowScanner {
    /// Creates a scanner at the start of a row whose fields are separated by `delimiter`, a comma
    /// or a tab.
    #[must_use]
    pub fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            state: CsvState::FieldStart,
        }
    }

    /// Forgets what was scanned, so that the next byte is the first of a row. Needed if the
    /// previous call of [`RowScanner::row_end`] stopped within a row.
    pub fn reset(&mut self) {
        self.state = CsvState::FieldStart;
    }

    /// Returns the end of the current row in `bytes`, after its line feed, or `None` if the row
    /// goes on after them. The scanner keeps its state, so the next call can pass the bytes that
    /// follow.
    pub fn row_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            match self.state {
                // This quote opens a field, or is the second of a doubled one.
                CsvState::FieldStart | CsvState::AfterQuote if bytes[at] == b'"' => {
                    (self.state, at) = (CsvState::Quoted, at + 1);
                }
                CsvState::FieldStart | CsvState::AfterQuote => self.state = CsvState::Unquoted,
                CsvState::Unquoted => {
                    at += memchr::memchr2(self.delimiter, b'\n', &bytes[at..])? + 1;
                    self.state = CsvState::FieldStart;
                    if bytes[at - 1] == b'\n' {
                        return Some(at);
                    }
                }
                CsvState::Quoted => {
                    at += memchr::memchr(b'"', &bytes[at..])? + 1;
                    self.state = CsvState::AfterQuote;
                }
            }
        }
        None
    }
}

/// A field of a row, not decoded yet.
#[derive(Clone, Debug)]
struct RawField {
    /// Its bytes in the row, without quotes around them.
    range: Range<usize>,
    is_quoted: bool,
}

impl RawField {
    /// Returns how the bytes of the field are escaped. Only a quoted field has escape sequences.
    fn escaping(&self) -> Escaping {
        if self.is_quoted {
            Escaping::Quoted
        } else {
            Escaping::Plain
        }
    }

    /// Returns the decoded value of the field. `row` must be the row that the field was split from.
    fn decode<'r>(&self, row: &'r str) -> Cow<'r, str> {
        self.escaping().decode(&row[self.range.clone()])
    }
}

/// Splits a row, with or without its line end, into fields. Fails with the reason if a quoted field
/// is not closed, or is followed by something other than a delimiter.
fn split_row(row: &[u8], delimiter: u8) -> Result<Vec<RawField>, &'static str> {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    let row = row.strip_suffix(b"\r").unwrap_or(row);
    let (mut fields, mut at) = (Vec::new(), 0);
    loop {
        let is_quoted = row.get(at) == Some(&b'"');
        let range = if is_quoted {
            at + 1..closing_quote(row, at + 1)?
        } else {
            at..memchr::memchr(delimiter, &row[at..]).map_or(row.len(), |len| at + len)
        };
        at = range.end + usize::from(is_quoted);
        if row.get(at).is_some_and(|&byte| byte != delimiter) {
            return Err("has text after a closing quote");
        }
        fields.push(RawField { range, is_quoted });
        if at >= row.len() {
            return Ok(fields);
        }
        at += 1;
    }
}

/// Returns the offset of the quote that closes the quoted field whose value starts at `start`,
/// skipping doubled quotes. Fails if the row ends before it.
fn closing_quote(row: &[u8], start: usize) -> Result<usize, &'static str> {
    let mut at = start;
    loop {
        at += memchr::memchr(b'"', &row[at..]).ok_or("has a quote that is not closed")?;
        if row.get(at + 1) != Some(&b'"') {
            return Ok(at);
        }
        at += 2;
    }
}

/// The columns of a file, and the indices of those that the configured field names refer to.
#[derive(Clone, Debug)]
pub struct Columns {
    delimiter: u8,
    names: Vec<String>,
    /// The text columns: index and name, in the order in which the user named them.
    texts: Vec<(usize, String)>,
    id: Option<usize>,
    url: Option<usize>,
    language: Option<usize>,
}

impl Columns {
    /// Reads the header row at the start of `head` and looks up the columns called `names`. Text
    /// columns that are missing are ignored as long as one exists; a byte-order mark is skipped.
    ///
    /// # Errors
    /// If the header row cannot be split into fields, or has none of the text columns.
    pub fn new(head: &[u8], delimiter: u8, names: &FieldNames) -> Result<Self> {
        let end = RowScanner::new(delimiter)
            .row_end(head)
            .unwrap_or(head.len());
        let row = &head[..end];
        let row = row.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(row);
        let columns: Vec<String> = split_row(row, delimiter)
            .map_err(|reason| anyhow!("the header row {reason}"))?
            .into_iter()
            .map(|field| {
                let raw = String::from_utf8_lossy(&row[field.range.clone()]);
                field.escaping().decode(&raw).into_owned()
            })
            .collect();
        let texts: Vec<(usize, String)> = names
            .text
            .iter()
            .filter_map(|name| Some((column_index(&columns, name)?, name.clone())))
            .collect();
        if texts.is_empty() {
            let known = columns
                .iter()
                .take(MAX_LISTED_COLUMNS)
                .map(|name| format!("'{name}'"))
                .collect::<Vec<_>>()
                .join(", ");
            bail!(
                "has no column {}; name one with --text-field (there are {known})",
                quoted_alternatives(&names.text)
            );
        }
        let [id, url, language] = [&names.id, &names.url, &names.language]
            .map(|name| column_index(&columns, name.as_deref()?));
        Ok(Self {
            delimiter,
            names: columns,
            texts,
            id,
            url,
            language,
        })
    }

    /// Parses a row and returns its texts, id, URL and language; empty values count as missing. A
    /// blank line has no text. A row that cannot be split, or has another number of fields than the
    /// header row, is damaged.
    #[must_use]
    pub fn parse<'r>(&'r self, row: &'r str) -> Parsed<'r> {
        if row.trim_end_matches(['\r', '\n']).is_empty() {
            return Parsed::NoText;
        }
        let fields = match self.split(row) {
            Ok(fields) => fields,
            Err(reason) => return Parsed::Damaged(reason),
        };
        let mut texts: Vec<Field<'_>> = self
            .texts
            .iter()
            .map(|(column, name)| {
                let field = &fields[*column];
                Field::new(
                    Cow::Borrowed(name.as_str()),
                    row,
                    field.range.clone(),
                    field.escaping(),
                )
            })
            .collect();
        texts.sort_by_key(|field| field.raw.start);
        let [id, url, language] = [self.id, self.url, self.language].map(|column| {
            Some(fields[column?].decode(row).into_owned()).filter(|value| !value.is_empty())
        });
        Parsed::Texts(TextFields {
            fields: texts,
            id,
            url,
            language,
            ..TextFields::default()
        })
    }

    /// Splits a row into as many fields as the header row has. Fails with the reason if it cannot
    /// be split or has another number of fields.
    fn split(&self, row: &str) -> Result<Vec<RawField>, String> {
        let (fields, expected) = (split_row(row.as_bytes(), self.delimiter)?, self.names.len());
        if fields.len() == expected {
            Ok(fields)
        } else {
            Err(format!(
                "has {} fields, but the header row has {expected}",
                fields.len()
            ))
        }
    }

    /// Returns the names of all columns, in the order of the file, and the indices of the text
    /// columns.
    pub(super) fn names_and_text_indices(&self) -> (Vec<String>, Vec<usize>) {
        (
            self.names.clone(),
            self.texts.iter().map(|(column, _)| *column).collect(),
        )
    }

    /// Returns the decoded values of all columns of a row, in the order of the file, or `None` if
    /// the row is damaged. An empty field has an empty value.
    pub(super) fn values<'r>(&self, row: &'r str) -> Option<Values<'r>> {
        let fields = self.split(row).ok()?;
        Some(
            fields
                .into_iter()
                .map(|field| Some(field.decode(row)))
                .collect(),
        )
    }

    /// Whether `row`, after cutting, still splits into the same columns. A cut in an unquoted field
    /// can leave a quote at its start, or a blank row.
    #[must_use]
    pub fn can_parse(&self, row: &str) -> bool {
        !row.trim().is_empty() && self.split(row).is_ok()
    }
}

/// Returns the index of the first column called `name`, or `None` if there is none.
fn column_index(columns: &[String], name: &str) -> Option<usize> {
    columns.iter().position(|column| column == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(head: &str) -> Result<Columns> {
        let names = FieldNames {
            text: vec!["text".to_owned()],
            id: Some("id".to_owned()),
            ..FieldNames::default()
        };
        Columns::new(head.as_bytes(), b',', &names)
    }

    #[test]
    fn rows_end_outside_of_quotes() {
        let table = "id,text\n1,\"a\n\"\"b\"\", c\"\r\n2,5\" nails\n3,\"\"\n";
        let (mut rows, mut at) = (Vec::new(), 0);
        let mut scanner = RowScanner::new(b',');
        while let Some(end) = scanner.row_end(&table.as_bytes()[at..]) {
            rows.push(&table[at..at + end]);
            at += end;
        }
        assert_eq!(
            rows,
            [
                "id,text\n",
                "1,\"a\n\"\"b\"\", c\"\r\n",
                "2,5\" nails\n",
                "3,\"\"\n"
            ]
        );
        // The same ends are found if the bytes arrive one at a time.
        let (mut scanner, mut ends) = (RowScanner::new(b','), Vec::new());
        for at in 0..table.len() {
            if scanner.row_end(&table.as_bytes()[at..=at]).is_some() {
                ends.push(at + 1);
            }
        }
        let expected = rows.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        });
        assert_eq!(ends, expected.collect::<Vec<_>>());
    }

    #[test]
    fn texts_are_found_by_column_name() {
        let columns = columns("\u{feff}\"id\",text\r\n").unwrap();
        let Parsed::Texts(texts) = columns.parse("7,\"a \"\"b\"\"\nc\"\r\n") else {
            panic!()
        };
        assert_eq!(
            (texts.id.as_deref(), texts.fields[0].text.as_ref()),
            (Some("7"), "a \"b\"\nc")
        );
        let Parsed::Texts(texts) = columns.parse(",plain") else {
            panic!()
        };
        assert_eq!((texts.id, texts.fields[0].text.as_ref()), (None, "plain"));
        assert_eq!(columns.parse("\r\n"), Parsed::NoText);
        for row in ["1\n", "1,2,3\n", "1,\"open\n", "1,\"a\"b\n"] {
            assert!(matches!(columns.parse(row), Parsed::Damaged(_)), "{row}");
        }
        assert!(!columns.can_parse("1,\"open\n"));
    }

    #[test]
    fn a_missing_text_column_is_an_error() {
        let error = columns("id,body\n").unwrap_err().to_string();
        assert_eq!(
            error,
            "has no column 'text'; name one with --text-field (there are 'id', 'body')"
        );
    }
}
