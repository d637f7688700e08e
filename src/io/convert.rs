//! Conversion of records to another format. Records are converted after cleaning: a cleaned record
//! is still in its input format, is read as a row of named values, and is written in the output
//! format. JSON Lines have no columns, so only their id, URL, language and texts are converted; all
//! values of the other formats are.

use super::FieldNames;
use super::format::Format;
use super::layout::RecordFormat;
use super::record::Values;

/// Converts records from one format to another.
#[derive(Debug)]
pub struct Converter {
    target: Format,
    columns: Vec<String>,
    /// Indices of the columns that hold texts.
    text_columns: Vec<usize>,
    names: FieldNames,
}

impl Converter {
    /// Creates a converter from `source` to `target`. Returns `None` if `target` is the format that
    /// the records already have, including the delimiter of CSV.
    #[must_use]
    pub fn new(target: Format, source: &RecordFormat, names: &FieldNames) -> Option<Self> {
        let is_same = match (target, source) {
            (Format::JsonLines, RecordFormat::Json(_))
            | (Format::Text, RecordFormat::Text { .. }) => true,
            (Format::Csv { delimiter: wanted }, RecordFormat::Csv { delimiter, .. }) => {
                wanted == *delimiter
            }
            _ => false,
        };
        let (columns, text_columns) = source.columns(names);
        (!is_same).then(|| Self {
            target,
            columns,
            text_columns,
            names: names.clone(),
        })
    }

    /// Returns the names of the output columns, in the order in which [`Converter::values`] returns
    /// the values of a record.
    #[cfg(feature = "parquet")]
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns the bytes that precede the first record of an output: the header row of CSV and TSV,
    /// and nothing in all other formats.
    #[must_use]
    pub fn header(&self) -> Vec<u8> {
        let mut header = Vec::new();
        if let Format::Csv { delimiter } = self.target {
            write_row(
                delimiter,
                self.columns.iter().map(String::as_str),
                &mut header,
            );
        }
        header
    }

    /// Returns the values of `record`, which is in the format `source` and is number `number` of
    /// its input, from 1. Returns `None` if the record has no readable text; it is then left out of
    /// the output.
    #[must_use]
    pub fn values<'r>(
        &self,
        source: &'r RecordFormat,
        number: u64,
        record: &'r [u8],
    ) -> Option<Values<'r>> {
        source.values(number, record, &self.names)
    }

    /// Appends a record with `values` to `out` in the output format. In plain text, a blank line
    /// follows each text and empty texts are left out. For Parquet nothing is appended, as its rows
    /// are collected in a table instead.
    pub fn write(&self, values: &Values<'_>, out: &mut Vec<u8>) {
        match self.target {
            Format::Text => {
                for text in self
                    .text_columns
                    .iter()
                    .filter_map(|&column| values[column].as_deref())
                    .filter(|text| !text.is_empty())
                {
                    out.extend_from_slice(text.as_bytes());
                    out.extend_from_slice(if text.ends_with('\n') { b"\n" } else { b"\n\n" });
                }
            }
            Format::JsonLines => write_object(&self.columns, values, out),
            Format::Csv { delimiter } => write_row(
                delimiter,
                values
                    .iter()
                    .map(|value| value.as_deref().unwrap_or_default()),
                out,
            ),
            // The other two are never output formats.
            Format::Parquet | Format::Warc | Format::OtherJson => {}
        }
    }

    /// Whether the output is a Parquet table, whose rows are collected from the values of records
    /// rather than written one by one.
    #[must_use]
    pub fn makes_table(&self) -> bool {
        self.target == Format::Parquet
    }

    /// Whether annotations can be added to the records of the output. Only JSON Lines allow that,
    /// as annotations are an additional member of each object.
    #[must_use]
    pub fn supports_annotations(&self) -> bool {
        self.target == Format::JsonLines
    }
}

/// Appends a line with a JSON object to `out`. Its members are `columns` with their `values`;
/// columns without a value are left out.
fn write_object(columns: &[String], values: &Values<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    for (name, value) in columns.iter().zip(values) {
        if let Some(value) = value {
            out.extend_from_slice(if out.len() == start { b"{" } else { b", " });
            write_json_string(name, out);
            out.extend_from_slice(b": ");
            write_json_string(value, out);
        }
    }
    out.extend_from_slice(if out.len() == start { b"{}\n" } else { b"}\n" });
}

/// Appends `text` as a JSON string, with quotes. Escapes only what JSON requires, so that text in
/// other scripts stays readable.
fn write_json_string(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
}

/// Appends `values` as a row of CSV. A value is quoted only if it contains the delimiter, a quote
/// or a line end (RFC 4180).
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
