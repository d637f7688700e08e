//! Detection of dialects of CSV: what the user did not choose of the delimiter, the quote and how it is
//! escaped follows from the first rows.

use super::rows::{Dialect, RowScanner, split_row};
use crate::io::batch::Framing;
use crate::io::{CsvOptions, Quote};

/// Delimiters that are tried.
const DELIMITERS: [u8; 4] = *b",;\t|";
/// Number of rows that are read to detect a dialect.
const DETECTION_ROWS: usize = 50;

/// How a dialect splits the first rows.
#[derive(Clone, Copy, Debug, Default)]
struct RowCounts {
    /// Rows that have as many fields as the first one.
    alike: usize,
    /// Rows that have not.
    other: usize,
    /// Fields in quotes.
    quoted: usize,
}

impl Dialect {
    /// Detects the dialect of a table that begins with `head`, as far as `options` leave it open.
    /// `delimiter` is that of the format, which is used unless another one splits more of the first
    /// rows alike. Another kind of quoting than that of RFC 4180 is assumed only if that splits some
    /// rows differently, and the other kind none.
    pub(super) fn detect(head: &[u8], delimiter: u8, options: CsvOptions) -> Self {
        let chosen = Self {
            delimiter: options.delimiter.unwrap_or(delimiter),
            quote: match options.quote {
                None => Some(b'"'),
                Some(Quote::Byte(quote)) => Some(quote),
                Some(Quote::Nothing) => None,
            },
            escape: options.escape,
        };
        let mut best = (chosen, chosen.counts(head));
        if options.delimiter.is_none() {
            for delimiter in DELIMITERS {
                let dialect = Self {
                    delimiter,
                    ..chosen
                };
                let counts = dialect.counts(head);
                if counts.alike > best.1.alike {
                    best = (dialect, counts);
                }
            }
        }
        let (dialect, counts) = best;
        if counts.other == 0 || options.quote.is_some() || options.escape.is_some() {
            return dialect;
        }
        dialect
            .with_other_quoting(options)
            .find(|other| {
                let counts = other.counts(head);
                let is_used = counts.quoted > 0 || other.quote.is_none();
                counts.other == 0 && counts.alike > 0 && is_used
            })
            .unwrap_or(dialect)
    }

    /// Iterates over the dialects with this one's delimiter and another kind of quoting, and then
    /// over those with other delimiters. Only tables with tabs are written without quotes; in others
    /// a quote that does not fit is damage.
    fn with_other_quoting(self, options: CsvOptions) -> impl Iterator<Item = Self> {
        let others = DELIMITERS
            .into_iter()
            .filter(move |_| options.delimiter.is_none());
        std::iter::once(self.delimiter)
            .chain(others)
            .flat_map(|delimiter| {
                let quotings = [(Some(b'"'), Some(b'\\')), (None, None), (Some(b'\''), None)];
                quotings
                    .into_iter()
                    .filter(move |(quote, _)| quote.is_some() || delimiter == b'\t')
                    .map(move |(quote, escape)| Self {
                        delimiter,
                        quote,
                        escape,
                    })
            })
    }

    /// Counts the first rows of `head` that this dialect splits into as many fields as the first
    /// one, and the others. Rows of one field are not counted.
    fn counts(self, head: &[u8]) -> RowCounts {
        let (mut scanner, mut at, mut width) = (RowScanner::new(self), 0, 0);
        let mut counts = RowCounts::default();
        for _ in 0..DETECTION_ROWS {
            let Some(length) = scanner.record_end(&head[at..], true) else {
                break;
            };
            let row = &head[at..at + length];
            at += length;
            if row.trim_ascii().is_empty() {
                continue;
            }
            let fields = split_row(row, self).unwrap_or_default();
            counts.quoted += fields.iter().filter(|field| field.is_quoted).count();
            let fields = fields.len();
            if width == 0 {
                width = fields;
            }
            if width > 1 && fields == width {
                counts.alike += 1;
            } else {
                counts.other += usize::from(width > 1 || fields == 0);
            }
        }
        counts
    }

    /// Describes how this dialect differs from the usual one with `delimiter`, for a message.
    /// Returns `None` if it does not.
    pub(super) fn describe(self, delimiter: u8) -> Option<String> {
        let mut parts = Vec::new();
        if self.delimiter != delimiter {
            parts.push(format!("{} between fields", shown(self.delimiter)));
        }
        match self.quote {
            Some(b'"') => {}
            Some(quote) => parts.push(format!("fields in {}", shown(quote))),
            None => parts.push("fields without quotes".to_owned()),
        }
        if let Some(escape) = self.escape {
            parts.push(format!("quotes escaped by {}", shown(escape)));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// Returns a byte as a message names it.
fn shown(byte: u8) -> String {
    match byte {
        b'\t' => "tabs".to_owned(),
        _ => format!("'{}'", char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(table: &str, delimiter: u8, quote: Option<u8>, escape: Option<u8>) {
        let expected = Dialect {
            delimiter,
            quote,
            escape,
        };
        let detected = Dialect::detect(table.as_bytes(), b',', CsvOptions::default());
        assert_eq!(detected, expected, "{table}");
    }

    #[test]
    fn the_delimiter_is_the_one_that_splits_the_first_rows() {
        for (table, delimiter) in [
            ("id;text\n1;\"a, b\nc\"\n2;d, e\n", b';'),
            ("id|text\n1|a, b\n", b'|'),
            ("id\ttext\n1\ta\n", b'\t'),
            ("id,text\n1,a;b\n", b','),
            ("text\na, b\nc, d\n", b','),
            ("a;b,text\nc;d,e\n", b','),
        ] {
            check(table, delimiter, Some(b'"'), None);
        }
    }

    #[test]
    fn another_quoting_is_detected_if_only_that_splits_all_rows_alike() {
        let (double, single, backslash) = (Some(b'"'), Some(b'\''), Some(b'\\'));
        check("id,text\n1,\"a \\\"b\\\", c\"\n", b',', double, backslash);
        check(
            "id,text\n1,\"a \\\" b\"\n2,\"c\"\n",
            b',',
            double,
            backslash,
        );
        check("id;text\n'1';'a; b'\n'2';'c;\nd'\n", b';', single, None);
        check("id\ttext\n1\t\"a\n2\tb\" c\n", b'\t', None, None);
        // Damaged rows do not change the dialect if no other fits.
        check("id,text\n1,\"a\n2,b,c\n3,d\n", b',', double, None);
        check(
            "id,text\n1,\"a, b\nc, d\n\"\n2,\"e \"\"f\"\"\"\n",
            b',',
            double,
            None,
        );
    }

    #[test]
    fn what_the_user_chose_is_not_detected() {
        let options = CsvOptions {
            delimiter: Some(b'|'),
            quote: Some(Quote::Nothing),
            ..CsvOptions::default()
        };
        let detected = Dialect::detect(b"a;b\n1;2\n", b',', options);
        assert_eq!((detected.delimiter, detected.quote), (b'|', None));
        let description = detected.describe(b',').unwrap();
        assert_eq!(description, "'|' between fields, fields without quotes");
    }
}
