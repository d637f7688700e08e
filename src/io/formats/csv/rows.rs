//! Splits CSV of any dialect into rows, and rows into fields. Both are byte ranges rather than decoded
//! texts: a removal is cut out of the row's own bytes, so quotes and all other fields are preserved
//! exactly.

use crate::io::batch::Framing;
use crate::io::record::Escaping;
use std::borrow::Cow;
use std::ops::Range;

/// How rows are divided into fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// The byte between fields.
    pub(super) delimiter: u8,
    /// The byte around fields, `None` if all fields are unquoted.
    pub(super) quote: Option<u8>,
    /// The byte before a delimiter, a quote, a line feed or another such byte that belongs to a
    /// value. `None` if a quote in a quoted field is doubled instead (RFC 4180).
    pub(super) escape: Option<u8>,
}

impl Dialect {
    /// Whether `byte` keeps an escape byte before it from being ordinary.
    pub(super) fn is_special(self, byte: u8) -> bool {
        [Some(self.delimiter), self.quote, self.escape, Some(b'\n')].contains(&Some(byte))
    }

    /// Appends `value` as a field to `row`, quoted or escaped if it needs to be.
    pub(super) fn encode(self, value: &str, row: &mut Vec<u8>) {
        let is_plain = !value
            .bytes()
            .any(|byte| self.is_special(byte) || byte == b'\r');
        let quote = self.quote.filter(|_| !is_plain);
        row.extend(quote);
        for byte in value.bytes() {
            if self.is_special(byte) {
                match (self.escape, quote) {
                    (Some(escape), _) => row.push(escape),
                    (None, Some(quote)) if byte == quote => row.push(quote),
                    (None, _) => {}
                }
            }
            row.push(byte);
        }
        row.extend(quote);
    }
}

/// Finds the ends of rows: line feeds outside of quotes. A quote opens a quoted field only at the
/// start of a field; within an unquoted field it is an ordinary character.
///
/// A row in which a quote is never closed, or not within the largest row allowed, would contain all
/// rows after it. It ends at its first line feed instead:
///
/// ```text
/// 1,plain⏎          row 1
/// 2,"not closed⏎    row 2, damaged
/// 3,plain⏎          row 3
/// ```
///
/// To find that out, all bytes after the quote are scanned. They are scanned once, even if each line
/// has such a quote: scanning stops at a frontier, within quotes, and all line feeds before it are
/// within quotes too. So any row that is still within quotes at its first line feed is within quotes
/// up to the frontier, and is scanned from there.
#[derive(Clone, Debug)]
pub(super) struct RowScanner {
    dialect: Dialect,
    state: CsvState,
    /// How far the bytes after the last row were scanned without finding the end of a row.
    frontier: Option<Frontier>,
}

/// A position up to which bytes were scanned.
#[derive(Clone, Copy, Debug)]
struct Frontier {
    /// Bytes from the start of the next row.
    offset: usize,
    /// State of the scanner there.
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
    /// After an escape byte in an unquoted field.
    Escaped,
    /// After an escape byte in a quoted field.
    QuotedEscaped,
}

impl RowScanner {
    /// Creates a scanner at the start of a row.
    #[must_use]
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            state: CsvState::FieldStart,
            frontier: None,
        }
    }

    /// Returns the end of the current row in `bytes`, after its line feed, or `None` if the row
    /// goes on after them. The scanner keeps its state, so the next call can pass the bytes that
    /// follow.
    pub(super) fn row_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let Dialect {
            delimiter,
            quote,
            escape,
        } = self.dialect;
        let mut at = 0;
        while at < bytes.len() {
            match self.state {
                // This quote opens a field, or is the second of a doubled one.
                CsvState::FieldStart | CsvState::AfterQuote if Some(bytes[at]) == quote => {
                    (self.state, at) = (CsvState::Quoted, at + 1);
                }
                CsvState::FieldStart | CsvState::AfterQuote => self.state = CsvState::Unquoted,
                CsvState::Unquoted => {
                    let stop = escape.unwrap_or(b'\n');
                    at += memchr::memchr3(delimiter, b'\n', stop, &bytes[at..])? + 1;
                    self.state = match bytes[at - 1] {
                        b'\n' => {
                            self.state = CsvState::FieldStart;
                            return Some(at);
                        }
                        byte if Some(byte) == escape => CsvState::Escaped,
                        _ => CsvState::FieldStart,
                    };
                }
                CsvState::Quoted => {
                    let quote = quote.unwrap_or(b'"');
                    let stop = escape.unwrap_or(quote);
                    at += memchr::memchr2(quote, stop, &bytes[at..])? + 1;
                    self.state = if bytes[at - 1] == quote {
                        CsvState::AfterQuote
                    } else {
                        CsvState::QuotedEscaped
                    };
                }
                // An ordinary byte after an escape byte is read as if it stood alone.
                CsvState::Escaped => {
                    at += usize::from(self.dialect.is_special(bytes[at]));
                    self.state = CsvState::Unquoted;
                }
                CsvState::QuotedEscaped => {
                    at += usize::from(self.dialect.is_special(bytes[at]));
                    self.state = CsvState::Quoted;
                }
            }
        }
        None
    }

    /// Returns the end of the row at the start of `bytes`, or `None` if it does not end in them.
    /// Continues at the frontier if the first line does not end the row.
    fn whole_row_end(&mut self, bytes: &[u8]) -> Option<usize> {
        // The previous call may have stopped within a row.
        self.state = CsvState::FieldStart;
        let mut scanned = 0;
        if let Some(frontier) = self.frontier
            && let Some(line_end) = first_line_end(&bytes[..frontier.offset.min(bytes.len())])
        {
            let end = self.row_end(&bytes[..line_end]);
            if end.is_some() || frontier.offset > bytes.len() {
                return end;
            }
            (scanned, self.state) = (frontier.offset, frontier.state);
        }
        let end = self.row_end(&bytes[scanned..]).map(|end| scanned + end);
        // A frontier farther away stays valid for later rows.
        let is_farther = self
            .frontier
            .is_none_or(|frontier| frontier.offset < bytes.len());
        if end.is_none() && is_farther {
            self.frontier = Some(Frontier {
                offset: bytes.len(),
                state: self.state,
            });
        }
        end
    }

    /// Moves the frontier to the start of the row that follows one of `len` bytes.
    fn advance(&mut self, len: usize) {
        self.frontier = self.frontier.and_then(|frontier| {
            Some(Frontier {
                offset: frontier.offset.checked_sub(len).filter(|&left| left > 0)?,
                ..frontier
            })
        });
    }
}

/// Returns the end of the first line of `bytes`, or `None` if no line ends in them.
fn first_line_end(bytes: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', bytes).map(|at| at + 1)
}

impl Framing for RowScanner {
    fn record_end(&mut self, bytes: &[u8], is_last: bool) -> Option<usize> {
        let mut end = self.whole_row_end(bytes);
        if end.is_none() && is_last {
            end = first_line_end(bytes);
        }
        self.advance(end?);
        end
    }

    /// A row that is larger than allowed in spite of [`Framing::large_record_end`] is a single line,
    /// or begins with one.
    fn rest_end(&mut self, bytes: &[u8]) -> Option<usize> {
        self.frontier = None;
        first_line_end(bytes)
    }

    fn large_record_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let end = first_line_end(bytes)?;
        self.advance(end);
        Some(end)
    }
}

/// A field of a row, not decoded yet.
#[derive(Clone, Debug)]
pub(super) struct RawField {
    /// Its bytes in the row, without quotes around them.
    pub(super) range: Range<usize>,
    pub(super) is_quoted: bool,
}

impl RawField {
    /// Returns how the bytes of the field are escaped. Where quotes are doubled, only a quoted field
    /// has escape sequences.
    pub(super) fn escaping(&self, dialect: Dialect) -> Escaping {
        match (dialect.escape, dialect.quote) {
            (Some(escape), quote) => Escaping::Escaped {
                escape,
                others: [dialect.delimiter, quote.unwrap_or(b'\n'), b'\n'],
            },
            (None, Some(quote)) if self.is_quoted => Escaping::Doubled(quote),
            (None, _) => Escaping::Plain,
        }
    }

    /// Returns the decoded value of the field. `row` must be the row that the field was split from.
    pub(super) fn decode<'r>(&self, row: &'r str, dialect: Dialect) -> Cow<'r, str> {
        self.escaping(dialect).decode(&row[self.range.clone()])
    }
}

/// Splits a row, with or without its line end, into fields. Fails with the reason if a quoted field
/// is not closed, or is followed by something other than a delimiter.
pub(super) fn split_row(row: &[u8], dialect: Dialect) -> Result<Vec<RawField>, &'static str> {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    let row = row.strip_suffix(b"\r").unwrap_or(row);
    let (mut fields, mut at) = (Vec::new(), 0);
    loop {
        let quote = dialect.quote.filter(|quote| row.get(at) == Some(quote));
        let range = match quote {
            Some(quote) => at + 1..closing_quote(row, at + 1, quote, dialect)?,
            None => at..unquoted_end(row, at, dialect),
        };
        at = range.end + usize::from(quote.is_some());
        if row.get(at).is_some_and(|&byte| byte != dialect.delimiter) {
            return Err("has text after a closing quote");
        }
        fields.push(RawField {
            range,
            is_quoted: quote.is_some(),
        });
        if at >= row.len() {
            return Ok(fields);
        }
        at += 1;
    }
}

/// Returns the offset of the delimiter that ends the unquoted field at `start`, or the end of the
/// row.
fn unquoted_end(row: &[u8], start: usize, dialect: Dialect) -> usize {
    let stop = dialect.escape.unwrap_or(dialect.delimiter);
    let mut at = start;
    while let Some(found) = memchr::memchr2(dialect.delimiter, stop, &row[at.min(row.len())..]) {
        at += found;
        if row[at] == dialect.delimiter {
            return at;
        }
        at += escape_len(row, at, dialect);
    }
    row.len()
}

/// Returns the offset of the quote that closes the quoted field whose value starts at `start`,
/// skipping those that are escaped. Fails if the row ends before it.
fn closing_quote(
    row: &[u8],
    start: usize,
    quote: u8,
    dialect: Dialect,
) -> Result<usize, &'static str> {
    let stop = dialect.escape.unwrap_or(quote);
    let mut at = start;
    loop {
        at += memchr::memchr2(quote, stop, &row[at.min(row.len())..])
            .ok_or("has a quote that is not closed")?;
        if row[at] != quote {
            at += escape_len(row, at, dialect);
        } else if dialect.escape.is_none() && row.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return Ok(at);
        }
    }
}

/// Returns the length of the escape sequence at byte `at` of `row`: 2, or 1 for an escape byte
/// before an ordinary one, which stands for itself.
fn escape_len(row: &[u8], at: usize, dialect: Dialect) -> usize {
    let is_special = row
        .get(at + 1)
        .is_some_and(|&byte| dialect.is_special(byte));
    1 + usize::from(is_special)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commas, and double quotes that are doubled within a field.
    const RFC_4180: Dialect = Dialect {
        delimiter: b',',
        quote: Some(b'"'),
        escape: None,
    };

    /// Splits `table` into rows of at most about `max_row` bytes, of which more and more bytes become
    /// available, as in a stream. `forgets` makes it scan each row from its start.
    fn split(table: &str, max_row: usize, forgets: bool) -> Vec<&str> {
        let (mut rows, mut at, mut wanted) = (Vec::new(), 0, 4);
        let mut scanner = RowScanner::new(RFC_4180);
        while at < table.len() {
            let rest = &table.as_bytes()[at..];
            let available = rest.len().min(wanted);
            let (bytes, is_last) = (&rest[..available], available == rest.len());
            if forgets {
                scanner = RowScanner::new(RFC_4180);
            }
            let mut end = scanner.record_end(bytes, is_last);
            if end.is_none() && available > max_row {
                end = scanner.large_record_end(bytes);
            }
            let Some(end) = end.or(is_last.then_some(rest.len())) else {
                wanted = (available * 2).min(max_row + 1);
                continue;
            };
            rows.push(&table[at..at + end]);
            (at, wanted) = (at + end, 4);
        }
        rows
    }

    #[test]
    fn a_quote_that_is_not_closed_affects_one_line() {
        assert_eq!(
            split("id,text\n1,\"open\n2,a\n3,b \"\"c\"\"\n4,d", 99, false),
            ["id,text\n", "1,\"open\n", "2,a\n", "3,b \"\"c\"\"\n", "4,d"]
        );
    }

    #[test]
    fn rows_do_not_depend_on_what_was_scanned_before() {
        let lines = [
            "a,b\n",
            "a,\"b\n",
            "b\",c\n",
            "x\",\",y\n",
            "\"\"\n",
            "a,\"b\"\n",
            "\"\n",
            ",\"\"b\n",
        ];
        let mut number = 0_usize;
        for _ in 0..20_000 {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695);
            let table: String = (0..7)
                .map(|index| lines[(number >> (20 + 3 * index)) % lines.len()])
                .collect();
            for max_row in [7, 16, 99] {
                let (rows, expected) =
                    (split(&table, max_row, false), split(&table, max_row, true));
                assert_eq!(rows, expected, "{max_row} {table}");
            }
        }
    }

    #[test]
    fn an_escape_byte_hides_delimiters_quotes_and_line_ends() {
        let dialect = Dialect {
            escape: Some(b'\\'),
            ..RFC_4180
        };
        let table = "1,\"a \\\"b\\\",\n c\\\\\"\n2,a\\, b\\\nc\\x\n3,\\\"\n";
        let (mut rows, mut at, mut scanner) = (Vec::new(), 0, RowScanner::new(dialect));
        while let Some(end) = scanner.row_end(&table.as_bytes()[at..]) {
            let row = &table[at..at + end];
            let fields = split_row(row.as_bytes(), dialect).unwrap();
            rows.push(fields[1].decode(row, dialect).into_owned());
            assert_eq!(fields.len(), 2, "{row}");
            at += end;
        }
        assert_eq!(rows, ["a \"b\",\n c\\", "a, b\nc\\x", "\""]);
    }

    #[test]
    fn many_quotes_that_are_not_closed_are_scanned_once() {
        // Each of these lines opens a quote that is not closed, and none closes that of another.
        let table = "x\",\",y\n".repeat(20_000);
        assert_eq!(split(&table, table.len(), false).len(), 20_000);
    }

    #[test]
    fn rows_end_outside_of_quotes() {
        let table = "id,text\n1,\"a\n\"\"b\"\", c\"\r\n2,5\" nails\n3,\"\"\n";
        let (mut rows, mut at) = (Vec::new(), 0);
        let mut scanner = RowScanner::new(RFC_4180);
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
        let (mut scanner, mut ends) = (RowScanner::new(RFC_4180), Vec::new());
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
