//! Records written anew in another format. A record comes here when its texts are cleaned, still spelt as its own format
//! has it; what goes on is a row of named values. What has no columns of its own, JSON Lines, gives its id, address,
//! language and texts; all other formats give all that they have.

use super::FieldNames;
use super::format::Format;
use super::layout::RecordFormat;
use super::record::Values;

/// Turns records of one layout into another format.
#[derive(Debug)]
pub struct Converter {
    target: Format,
    columns: Vec<String>,
    /// Which of the columns hold texts.
    texts: Vec<usize>,
    names: FieldNames,
}

impl Converter {
    /// None if records of this layout have that format already.
    #[must_use]
    pub fn new(target: Format, layout: &RecordFormat, names: &FieldNames) -> Option<Self> {
        let is_same = match (target, layout) {
            (Format::JsonLines, RecordFormat::Json(_))
            | (Format::Text, RecordFormat::Text { .. }) => true,
            (Format::Csv { delimiter: wanted }, RecordFormat::Csv { delimiter, .. }) => {
                wanted == *delimiter
            }
            _ => false,
        };
        let (columns, texts) = layout.columns(names);
        (!is_same).then(|| Self {
            target,
            columns,
            texts,
            names: names.clone(),
        })
    }

    /// The names of the columns.
    #[cfg(feature = "parquet")]
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// What stands before all records.
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        let mut head = Vec::new();
        if let Format::Csv { delimiter } = self.target {
            row(
                delimiter,
                self.columns.iter().map(String::as_str),
                &mut head,
            );
        }
        head
    }

    /// The values of the record with this number; none if it holds no text that can be read.
    #[must_use]
    pub fn values<'r>(
        &self,
        layout: &'r RecordFormat,
        number: u64,
        record: &'r [u8],
    ) -> Option<Values<'r>> {
        layout.values(number, record, &self.names)
    }

    /// Appends a record.
    pub fn write(&self, values: &Values<'_>, out: &mut Vec<u8>) {
        match self.target {
            Format::Text => {
                for text in self
                    .texts
                    .iter()
                    .filter_map(|&column| values[column].as_deref())
                    .filter(|text| !text.is_empty())
                {
                    out.extend_from_slice(text.as_bytes());
                    out.extend_from_slice(if text.ends_with('\n') { b"\n" } else { b"\n\n" });
                }
            }
            Format::JsonLines => object(&self.columns, values, out),
            Format::Csv { delimiter } => row(
                delimiter,
                values
                    .iter()
                    .map(|value| value.as_deref().unwrap_or_default()),
                out,
            ),
            // Rows of a table are put together elsewhere, and nothing becomes the others.
            Format::Parquet | Format::Warc | Format::OtherJson => {}
        }
    }

    /// Whether rows become a table.
    #[must_use]
    pub fn makes_table(&self) -> bool {
        self.target == Format::Parquet
    }

    /// Whether annotations have a place in it.
    #[must_use]
    pub fn has_members(&self) -> bool {
        self.target == Format::JsonLines
    }
}

/// Appends a JSON object of all values that are there.
fn object(columns: &[String], values: &Values<'_>, out: &mut Vec<u8>) {
    let string = |text: &str, out: &mut Vec<u8>| {
        out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes())
    };
    let begun = out.len();
    for (name, value) in columns.iter().zip(values) {
        if let Some(value) = value {
            out.extend_from_slice(if out.len() == begun { b"{" } else { b", " });
            string(name, out);
            out.extend_from_slice(b": ");
            string(value, out);
        }
    }
    out.extend_from_slice(if out.len() == begun { b"{}\n" } else { b"}\n" });
}

/// Appends a row of fields, in quotes where they need them (RFC 4180).
fn row<'v>(delimiter: u8, values: impl Iterator<Item = &'v str>, out: &mut Vec<u8>) {
    let begun = out.len();
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push(delimiter);
        }
        let needs_quotes = |byte: &u8| [delimiter, b'"', b'\n', b'\r'].contains(byte);
        if value.bytes().any(|byte| needs_quotes(&byte)) {
            out.push(b'"');
            out.extend_from_slice(value.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(value.as_bytes());
        }
    }
    // A row of one empty field would be a blank line.
    if out.len() == begun {
        out.extend_from_slice(b"\"\"");
    }
    out.push(b'\n');
}
