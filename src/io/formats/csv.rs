//! CSV and TSV: rows below a header row, with fields in quotes if they contain delimiters, quotes
//! or line ends (RFC 4180). Other dialects are detected, or chosen by the user (`dialect`).

mod dialect;
mod rows;

use super::{FormatSpec, OutputColumns, Reading, RecordFormat, RecordInput, RecordWriter};
use crate::io::batch::Framing;
use crate::io::columns::{Cell, NewColumn};
use crate::io::missing::missing_field;
use crate::io::quoted_alternatives;
use crate::io::record::{Field, Parsed, TextFields, Values, cut, parse_utf8};
use anyhow::{Result, anyhow, bail};
use rows::{Dialect, RawField, RowScanner, split_row};
use std::borrow::Cow;
use std::ops::Range;

/// Bytes within which the header row must end: those that are read to open an input.
const MAX_HEADER_ROW: usize = 64 << 10;
/// Words of the longest name of a column. What is longer is a text.
const MAX_NAME_WORDS: usize = 6;

/// CSV, with commas between fields.
pub static CSV: FormatSpec = FormatSpec {
    name: "csv",
    extensions: &["csv"],
    reading: Reading::Records(|input| Ok(Box::new(CsvRows::new(input, b',')?))),
    writer: Some(|columns| Box::new(RowWriter::new(b',', columns))),
    has_columns: true,
    ..FormatSpec::EMPTY
};

/// TSV: the same with tabs.
pub static TSV: FormatSpec = FormatSpec {
    name: "tsv",
    extensions: &["tsv"],
    reading: Reading::Records(|input| Ok(Box::new(CsvRows::new(input, b'\t')?))),
    writer: Some(|columns| Box::new(RowWriter::new(b'\t', columns))),
    has_columns: true,
    ..FormatSpec::EMPTY
};

/// The rows of an input: its columns, and the indices of those that hold texts and metadata.
#[derive(Debug)]
struct CsvRows {
    dialect: Dialect,
    /// How the dialect differs from that of the format.
    note: Option<String>,
    /// Whether the first row holds the names of the columns.
    has_header: bool,
    /// The names of the columns; without a header row their numbers, from 1.
    names: Vec<String>,
    /// The text columns: index and name, in the order in which the user named them.
    texts: Vec<(usize, String)>,
    id: Option<usize>,
    url: Option<usize>,
    language: Option<usize>,
    site: Option<usize>,
}

impl CsvRows {
    /// Reads the header row at the start of `head` and looks up the columns called `names`. Text
    /// columns that are missing are ignored as long as one exists; a byte-order mark is skipped.
    /// `delimiter` is that of the format. If all text columns are numbers that are no names, there
    /// is no header row, and they count the columns from 1.
    ///
    /// # Errors
    /// If the header row cannot be split into fields, is too long, or has none of the text columns.
    fn new(input: &RecordInput<'_>, delimiter: u8) -> Result<Self> {
        let (head, names) = (input.head, input.fields);
        let is_cut = head.len() >= MAX_HEADER_ROW;
        let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        let dialect = Dialect::detect(head, delimiter, input.csv);
        let end = match RowScanner::new(dialect).row_end(head) {
            Some(end) => end,
            None if is_cut => bail!(
                "has a header row that does not end within {MAX_HEADER_ROW} bytes; is a quote in it \
                 not closed?"
            ),
            None => head.len(),
        };
        let row = &head[..end];
        let mut columns: Vec<String> = split_row(row, dialect)
            .map_err(|reason| anyhow!("the header row {reason}"))?
            .into_iter()
            .map(|field| {
                let raw = String::from_utf8_lossy(&row[field.range.clone()]);
                field.escaping(dialect).decode(&raw).into_owned()
            })
            .collect();
        let numbers: Vec<String> = (1..=columns.len()).map(|n| n.to_string()).collect();
        let has_header = !input.csv.no_header
            && !names
                .text
                .iter()
                .all(|name| numbers.contains(name) && !columns.contains(name));
        if !has_header {
            columns = numbers;
        }
        let texts: Vec<(usize, String)> = names
            .text
            .iter()
            .filter_map(|name| Some((column_index(&columns, name)?, name.clone())))
            .collect();
        if texts.is_empty() {
            if !has_header {
                bail!(
                    "has no header row, so name the column of the texts by its number, from 1 to \
                     {}, as in --text-field 2",
                    columns.len()
                );
            }
            if columns
                .iter()
                .any(|name| name.split_whitespace().count() > MAX_NAME_WORDS)
            {
                bail!(
                    "has no column {}, and its first row does not look like a header; without one, \
                     name the column of the texts by its number, as in --text-field 2",
                    quoted_alternatives(&names.text)
                );
            }
            return Err(missing_field("column", "", &names.text, &columns, None));
        }
        let [id, url, language, site] = [&names.id, &names.url, &names.language, &names.site]
            .map(|name| column_index(&columns, name.as_deref()?));
        Ok(Self {
            dialect,
            note: dialect.describe(delimiter),
            has_header,
            names: columns,
            texts,
            id,
            url,
            language,
            site,
        })
    }

    /// Parses a row and returns its texts, id, URL, language and site; empty values count as
    /// missing. A blank line has no text. A row that cannot be split, or has another number of fields than the
    /// header row, is damaged.
    fn parse_row<'r>(&'r self, row: &'r str) -> Parsed<'r> {
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
                    field.escaping(self.dialect),
                )
            })
            .collect();
        texts.sort_by_key(|field| field.raw.start);
        let columns = [self.id, self.url, self.language, self.site];
        let [id, url, language, site] = columns.map(|column| {
            Some(fields[column?].decode(row, self.dialect).into_owned())
                .filter(|value| !value.is_empty())
        });
        Parsed::Texts(TextFields {
            fields: texts,
            id,
            url,
            language,
            site,
            ..TextFields::default()
        })
    }

    /// Splits a row into as many fields as the header row has. Fails with the reason if it cannot
    /// be split or has another number of fields.
    fn split(&self, row: &str) -> Result<Vec<RawField>, String> {
        let (fields, expected) = (split_row(row.as_bytes(), self.dialect)?, self.names.len());
        if fields.len() == expected {
            Ok(fields)
        } else {
            Err(format!(
                "has {} fields, but the header row has {expected}",
                fields.len()
            ))
        }
    }

    /// Whether `row`, after cutting, still splits into the same columns. A cut in an unquoted field
    /// can leave a quote at its start, or a blank row.
    fn can_parse(&self, row: &str) -> bool {
        !row.trim().is_empty() && self.split(row).is_ok()
    }
}

impl RecordFormat for CsvRows {
    fn framing(&self) -> Box<dyn Framing> {
        Box::new(RowScanner::new(self.dialect))
    }

    fn note(&self) -> Option<String> {
        let note = self.note.as_ref()?;
        Some(format!(
            "read with {note}; --delimiter, --quote and --escape change that"
        ))
    }

    /// The header row has no text.
    fn parse<'r>(&'r self, number: u64, record: &'r [u8]) -> Parsed<'r> {
        parse_utf8(record, |row| match number {
            1 if self.has_header => Parsed::NoText,
            _ => self.parse_row(row),
        })
    }

    fn remove(
        &self,
        record: &[u8],
        cuts: &[Range<usize>],
        out: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        let start = out.len();
        cut(record, 0..record.len(), cuts, out);
        if std::str::from_utf8(&out[start..]).is_ok_and(|row| self.can_parse(row)) {
            return Ok(());
        }
        out.truncate(start);
        Err("would no longer be a valid row after the removal, because the field is not quoted")
    }

    /// A blank line, and a row with another number of fields than the header row, stay as they are.
    fn with_cells(
        &self,
        number: u64,
        record: &[u8],
        columns: &[NewColumn],
        cells: &[Option<Cell>],
    ) -> Option<Vec<u8>> {
        let row = record.strip_suffix(b"\n").unwrap_or(record);
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        if row.is_empty() {
            return None;
        }
        let is_header = number == 1 && self.has_header;
        let mut longer = row.to_vec();
        for (column, cell) in columns.iter().zip(cells) {
            longer.push(self.dialect.delimiter);
            let value = match cell {
                _ if is_header => column.name.clone(),
                Some(cell) => cell.to_string(),
                None => String::new(),
            };
            self.dialect.encode(&value, &mut longer);
        }
        longer.extend_from_slice(&record[row.len()..]);
        let fields = split_row(&longer, self.dialect).ok()?;
        (fields.len() == self.names.len() + columns.len()).then_some(longer)
    }

    /// Returns all columns, in the order of the file.
    fn columns(&self) -> OutputColumns {
        OutputColumns {
            names: self.names.clone(),
            texts: self.texts.iter().map(|(column, _)| *column).collect(),
            added: Vec::new(),
        }
    }

    /// An empty field has an empty value. The header row has no values.
    fn values<'r>(&'r self, number: u64, record: &'r [u8]) -> Option<Values<'r>> {
        if number == 1 && self.has_header {
            return None;
        }
        let row = std::str::from_utf8(record).ok()?;
        let fields = self.split(row).ok()?;
        Some(
            fields
                .into_iter()
                .map(|field| Some(field.decode(row, self.dialect)))
                .collect(),
        )
    }
}

/// Returns the index of the first column called `name`, or `None` if there is none.
fn column_index(columns: &[String], name: &str) -> Option<usize> {
    columns.iter().position(|column| column == name)
}

/// Writes records as rows below a header row.
#[derive(Debug)]
struct RowWriter {
    delimiter: u8,
    columns: Vec<String>,
}

impl RowWriter {
    fn new(delimiter: u8, columns: OutputColumns) -> Self {
        Self {
            delimiter,
            columns: columns.all_names(),
        }
    }
}

impl RecordWriter for RowWriter {
    fn header(&self) -> Vec<u8> {
        let mut header = Vec::new();
        let names = self.columns.iter().map(String::as_str);
        write_row(self.delimiter, names, &mut header);
        header
    }

    fn write(&self, values: &Values<'_>, out: &mut Vec<u8>) {
        let values = values
            .iter()
            .map(|value| value.as_deref().unwrap_or_default());
        write_row(self.delimiter, values, out);
    }
}

/// Appends `values` as a row. A value is quoted only if it contains the delimiter, a quote or a
/// line end.
fn write_row<'v>(delimiter: u8, values: impl Iterator<Item = &'v str>, out: &mut Vec<u8>) {
    let start = out.len();
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push(delimiter);
        }
        if value
            .bytes()
            .any(|byte| [delimiter, b'"', b'\n', b'\r'].contains(&byte))
        {
            out.push(b'"');
            out.extend_from_slice(value.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(value.as_bytes());
        }
    }
    // A row of one empty field would be a blank line, which readers skip.
    if out.len() == start {
        out.extend_from_slice(b"\"\"");
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{CsvOptions, FieldNames};

    fn input<'i>(head: &'i str, fields: &'i FieldNames) -> RecordInput<'i> {
        RecordInput {
            name: "a.csv",
            head: head.as_bytes(),
            fields,
            csv: CsvOptions::default(),
        }
    }

    fn rows(head: &str) -> Result<CsvRows> {
        let names = FieldNames {
            text: vec!["text".to_owned()],
            id: Some("id".to_owned()),
            ..FieldNames::default()
        };
        CsvRows::new(&input(head, &names), b',')
    }

    #[test]
    fn texts_are_found_by_column_name() {
        let rows = rows("\u{feff}\"id\",text\r\n").unwrap();
        let Parsed::Texts(texts) = rows.parse_row("7,\"a \"\"b\"\"\nc\"\r\n") else {
            panic!()
        };
        assert_eq!(
            (texts.id.as_deref(), texts.fields[0].text.as_ref()),
            (Some("7"), "a \"b\"\nc")
        );
        let Parsed::Texts(texts) = rows.parse_row(",plain") else {
            panic!()
        };
        assert_eq!((texts.id, texts.fields[0].text.as_ref()), (None, "plain"));
        assert_eq!(rows.parse_row("\r\n"), Parsed::NoText);
        for row in ["1\n", "1,2,3\n", "1,\"open\n", "1,\"a\"b\n"] {
            assert!(matches!(rows.parse_row(row), Parsed::Damaged(_)), "{row}");
        }
        assert!(!rows.can_parse("1,\"open\n"));
    }

    #[test]
    fn a_long_header_row_is_an_error() {
        let long = format!("id,text,{}", "x".repeat(MAX_HEADER_ROW));
        let error = rows(&long[..MAX_HEADER_ROW]).unwrap_err().to_string();
        assert!(error.contains("65536 bytes"), "{error}");
        assert!(rows(&long[..MAX_HEADER_ROW - 1]).is_ok());
    }

    #[test]
    fn a_column_is_named_by_its_number_if_there_is_no_header() {
        let fields = FieldNames {
            text: vec!["2".to_owned()],
            ..FieldNames::default()
        };
        let head = "\u{feff}NA\tIt rained.\nID\tIt snowed.\n";
        let rows = CsvRows::new(&input(head, &fields), b'\t').unwrap();
        let Parsed::Texts(texts) = rows.parse(1, b"NA\tIt rained.\n") else {
            panic!("the first row has a text");
        };
        assert_eq!(texts.fields[0].text, "It rained.");
        assert_eq!(rows.columns().names, ["1", "2"]);
        // A column with that name has a header row.
        let rows = CsvRows::new(&input("1\t2\nNA\tIt rained.\n", &fields), b'\t').unwrap();
        assert_eq!(rows.parse(1, b"1\t2\n"), Parsed::NoText);
    }

    #[test]
    fn a_missing_text_column_is_an_error() {
        let error = rows("id,body\n").unwrap_err().to_string();
        assert_eq!(
            error,
            "has no column 'text'; try --text-field body (there are 'id', 'body')"
        );
    }
}
