//! Splits CSV into rows, and rows into fields. Both are byte ranges rather than decoded texts: a
//! removal is cut out of the row's own bytes, so quotes and all other fields are preserved exactly.

use crate::io::batch::Framing;
use crate::io::record::Escaping;
use std::borrow::Cow;
use std::ops::Range;

/// Finds the ends of rows: line feeds outside of quotes. A quote opens a quoted field only at the
/// start of a field; within an unquoted field it is an ordinary character.
#[derive(Clone, Debug)]
pub(super) struct RowScanner {
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
    pub(super) fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            state: CsvState::FieldStart,
        }
    }

    /// Returns the end of the current row in `bytes`, after its line feed, or `None` if the row
    /// goes on after them. The scanner keeps its state, so the next call can pass the bytes that
    /// follow.
    pub(super) fn row_end(&mut self, bytes: &[u8]) -> Option<usize> {
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

impl Framing for RowScanner {
    fn record_end(&mut self, bytes: &[u8], _: bool) -> Option<usize> {
        // The previous call may have stopped within a row.
        self.state = CsvState::FieldStart;
        self.row_end(bytes)
    }

    fn rest_end(&mut self, bytes: &[u8]) -> Option<usize> {
        self.row_end(bytes)
    }
}

/// A field of a row, not decoded yet.
#[derive(Clone, Debug)]
pub(super) struct RawField {
    /// Its bytes in the row, without quotes around them.
    pub(super) range: Range<usize>,
    is_quoted: bool,
}

impl RawField {
    /// Returns how the bytes of the field are escaped. Only a quoted field has escape sequences.
    pub(super) fn escaping(&self) -> Escaping {
        if self.is_quoted {
            Escaping::Quoted
        } else {
            Escaping::Plain
        }
    }

    /// Returns the decoded value of the field. `row` must be the row that the field was split from.
    pub(super) fn decode<'r>(&self, row: &'r str) -> Cow<'r, str> {
        self.escaping().decode(&row[self.range.clone()])
    }
}

/// Splits a row, with or without its line end, into fields. Fails with the reason if a quoted field
/// is not closed, or is followed by something other than a delimiter.
pub(super) fn split_row(row: &[u8], delimiter: u8) -> Result<Vec<RawField>, &'static str> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
