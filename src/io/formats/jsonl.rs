//! JSON Lines: one JSON object on each line. The texts of an object are located by `keys` without
//! building a value of it. JSON Lines have no columns, so if they are converted, only their id,
//! URL, language and texts are.

mod fields;
mod keys;

pub use fields::FirstRecords;

use super::{FormatSpec, OutputColumns, Reading, RecordFormat, RecordWriter};
use crate::io::FieldNames;
use crate::io::batch::{Framing, LineFraming};
use crate::io::record::{Field, Parsed, Values, parse_utf8};
use anyhow::Result;
use keys::KeyTree;
use std::borrow::Cow;

/// JSON Lines.
pub static JSON_LINES: FormatSpec = FormatSpec {
    name: "jsonl",
    extensions: &["jsonl", "ndjson"],
    detects: begins_with_object_line,
    reading: Reading::Records(|input| Ok(Box::new(JsonLines::new(input.fields)?))),
    writer: Some(|columns| Box::new(ObjectWriter(columns.names))),
    add_member: Some(with_member),
    has_line_records: true,
    ..FormatSpec::EMPTY
};

/// The objects of an input.
#[derive(Debug)]
pub(super) struct JsonLines {
    keys: KeyTree,
    fields: FieldNames,
    /// Splits the input into objects.
    framing: fn() -> Box<dyn Framing>,
}

impl JsonLines {
    /// Prepares to look for `fields` in objects that stand on a line each. Fails if a name is
    /// invalid.
    pub(super) fn new(fields: &FieldNames) -> Result<Self> {
        Ok(Self {
            keys: KeyTree::new(fields)?,
            fields: fields.clone(),
            framing: || Box::new(LineFraming),
        })
    }

    /// Splits the input into objects with another framing.
    pub(super) fn with_framing(self, framing: fn() -> Box<dyn Framing>) -> Self {
        Self { framing, ..self }
    }
}

/// Whether the first line of `head` is a complete JSON object, after a byte-order mark, white space
/// and the bracket of a list. If `head` ends within that line, an incomplete object suffices, since
/// the rest was not read.
fn begins_with_object_line(head: &[u8]) -> bool {
    let body = head
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(head)
        .trim_ascii_start();
    let body = body.strip_prefix(b"[").unwrap_or(body).trim_ascii_start();
    let (line, is_complete) =
        memchr::memchr(b'\n', body).map_or((body, false), |end| (&body[..end], true));
    // The head can end within a character.
    keys::is_object(&String::from_utf8_lossy(line), is_complete)
}

/// Whether `head` is the start of a JSON object, or of a list of them, over one or more lines.
pub(super) fn is_json_start(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let body = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let element = body.trim_ascii_start();
    let element = element.strip_prefix('[').unwrap_or(element);
    element.trim_ascii_start().starts_with('{') && keys::begins_with_value(body)
}

impl RecordFormat for JsonLines {
    fn framing(&self) -> Box<dyn Framing> {
        (self.framing)()
    }

    fn parse<'r>(&'r self, _: u64, record: &'r [u8]) -> Parsed<'r> {
        parse_utf8(record, |line| self.keys.parse(line))
    }

    /// Returns the id, URL and language fields, as far as they have names, and then all text
    /// fields.
    fn columns(&self) -> OutputColumns {
        let mut names: Vec<String> = [&self.fields.id, &self.fields.url, &self.fields.language]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let texts = (names.len()..names.len() + self.fields.text.len()).collect();
        names.extend_from_slice(&self.fields.text);
        OutputColumns {
            names,
            texts,
            added: Vec::new(),
        }
    }

    /// Several texts in one field become one value with blank lines between them. Empty items of a
    /// list are left out.
    fn values<'r>(&'r self, number: u64, record: &'r [u8]) -> Option<Values<'r>> {
        let Parsed::Texts(texts) = self.parse(number, record) else {
            return None;
        };
        let metadata = [
            (&self.fields.id, texts.id),
            (&self.fields.url, texts.url),
            (&self.fields.language, texts.language),
        ];
        let mut values: Values<'r> = metadata
            .into_iter()
            .filter(|(name, _)| name.is_some())
            .map(|(_, value)| value.map(Cow::Owned))
            .collect();
        for name in &self.fields.text {
            values.push(joined_text(&texts.fields, name));
        }
        Some(values)
    }
}

/// Joins the texts of all fields called `name`, with a blank line between them. Returns `None` if
/// no field has that name, and does not copy a borrowed text that is the only one.
fn joined_text<'r>(fields: &[Field<'r>], name: &str) -> Option<Cow<'r, str>> {
    let mut texts: Vec<Cow<'r, str>> = Vec::new();
    for field in fields.iter().filter(|field| field.name == name) {
        if field.items.is_empty() {
            texts.push(field.text.clone());
        }
        let items = field
            .items
            .iter()
            .map(|item| &field.text[item.text.clone()]);
        let items = items.filter(|text| !text.is_empty());
        texts.extend(items.map(|text| Cow::Owned(text.to_owned())));
    }
    if texts.len() > 1 {
        Some(Cow::Owned(texts.join("\n\n")))
    } else {
        texts.pop()
    }
}

/// Returns the JSON object `line` with a member called `name` added after its last one. `value`
/// must be JSON and is inserted as it is. Returns `None` if the line has no closing brace.
fn with_member(line: &[u8], name: &str, value: &[u8]) -> Option<Vec<u8>> {
    let close = line.iter().rposition(|&byte| byte == b'}')?;
    let is_empty = line[..close].trim_ascii_end().last() == Some(&b'{');
    let mut out = Vec::with_capacity(line.len() + name.len() + value.len() + 8);
    out.extend_from_slice(&line[..close]);
    out.extend_from_slice(if is_empty { b"" } else { b", " });
    serde_json::to_writer(&mut out, name).ok()?;
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(&line[close..]);
    Some(out)
}

/// Writes records as objects with these columns, one on each line. Columns without a value are left
/// out.
#[derive(Debug)]
struct ObjectWriter(Vec<String>);

impl RecordWriter for ObjectWriter {
    fn write(&self, values: &Values<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        for (name, value) in self.0.iter().zip(values) {
            if let Some(value) = value {
                out.extend_from_slice(if out.len() == start { b"{" } else { b", " });
                write_string(name, out);
                out.extend_from_slice(b": ");
                write_string(value, out);
            }
        }
        out.extend_from_slice(if out.len() == start { b"{}\n" } else { b"}\n" });
    }
}

/// Appends `text` as a JSON string, with quotes. Escapes only what JSON requires, so that text in
/// other scripts stays readable.
fn write_string(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_added_at_the_end() {
        assert_eq!(
            with_member(b"{\"a\":1 }\n", "d", b"[]").unwrap(),
            b"{\"a\":1 , \"d\": []}\n"
        );
        assert_eq!(with_member(b"{ }", "d", b"[]").unwrap(), b"{ \"d\": []}");
    }
}
