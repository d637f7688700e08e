//! Plain text: an input is one text. If it is converted to another format, it is one record, with
//! the name of the input as its id.

use super::{FormatSpec, OutputColumns, Reading, RecordFormat, RecordInput, RecordWriter, name_or};
use crate::io::FieldNames;
use crate::io::batch::Framing;
use crate::io::record::{Field, Parsed, TextFields, Values, parse_utf8};
use std::borrow::Cow;

/// Plain text.
pub static TEXT: FormatSpec = FormatSpec {
    name: "text",
    extensions: &["txt", "text", "md", "markdown"],
    reading: Reading::Text(|input| Ok(Box::new(PlainText::new(input)))),
    writer: Some(|columns| Box::new(TextWriter(columns.texts))),
    ..FormatSpec::EMPTY
};

/// One text, as a record.
#[derive(Debug)]
struct PlainText {
    /// Name of the input.
    name: String,
    fields: FieldNames,
}

impl PlainText {
    fn new(input: &RecordInput<'_>) -> Self {
        Self {
            name: input.name.to_owned(),
            fields: input.fields.clone(),
        }
    }
}

impl RecordFormat for PlainText {
    fn framing(&self) -> Box<dyn Framing> {
        Box::new(WholeFraming)
    }

    fn parse<'r>(&'r self, _: u64, record: &'r [u8]) -> Parsed<'r> {
        parse_utf8(record, |text| {
            Parsed::Texts(TextFields {
                fields: vec![Field::plain(Cow::Borrowed(""), text)],
                ..TextFields::default()
            })
        })
    }

    fn columns(&self) -> OutputColumns {
        OutputColumns {
            names: vec![
                name_or(self.fields.id.as_deref(), "id"),
                self.fields.text.first().cloned().unwrap_or_default(),
            ],
            texts: vec![1],
            added: Vec::new(),
        }
    }

    fn values<'r>(&'r self, _: u64, record: &'r [u8]) -> Option<Values<'r>> {
        Some(vec![
            Some(Cow::Borrowed(self.name.as_str())),
            Some(Cow::Borrowed(std::str::from_utf8(record).ok()?)),
        ])
    }
}

/// Takes a whole stream as one record.
#[derive(Debug)]
struct WholeFraming;

impl Framing for WholeFraming {
    fn record_end(&mut self, _: &[u8], _: bool) -> Option<usize> {
        None
    }

    fn rest_end(&mut self, _: &[u8]) -> Option<usize> {
        None
    }
}

/// Writes the texts of records, which are in the columns with these indices, with a blank line after
/// each. Empty texts are left out.
#[derive(Debug)]
struct TextWriter(Vec<usize>);

impl RecordWriter for TextWriter {
    fn write(&self, values: &Values<'_>, out: &mut Vec<u8>) {
        for text in self
            .0
            .iter()
            .filter_map(|&column| values[column].as_deref())
            .filter(|text| !text.is_empty())
        {
            out.extend_from_slice(text.as_bytes());
            out.extend_from_slice(if text.ends_with('\n') { b"\n" } else { b"\n\n" });
        }
    }
}
