//! JSON documents that are not JSON Lines: a list, each element of which is a record, or values over
//! several lines, one after another. Objects are parsed as in JSON Lines; only where a record ends
//! differs.
//!
//! ```text
//! [                             record 1: `[⏎  {"text": "It rained."}`
//!   {"text": "It rained."},     record 2: `,⏎  {"text": "It snowed."}`
//!   {"text": "It snowed."}      record 3, without a text: `⏎]⏎`
//! ]
//! ```

use super::jsonl::{JSON_LINES, JsonLines, is_json_start};
use super::{FormatSpec, Reading, RecordFormat, RecordInput};
use crate::io::batch::Framing;
use crate::io::record::Parsed;
use anyhow::Result;

/// JSON documents. Outputs that are converted to JSON are JSON Lines.
pub static JSON: FormatSpec = FormatSpec {
    name: "json",
    extensions: &["json"],
    detects: is_json_start,
    reading: Reading::Records(open),
    add_member: JSON_LINES.add_member,
    ..FormatSpec::EMPTY
};

fn open(input: &RecordInput<'_>) -> Result<Box<dyn RecordFormat>> {
    let objects = JsonLines::new(input.fields)?;
    Ok(Box::new(
        objects.with_framing(|| Box::new(JsonFraming::default())),
    ))
}

/// Returns whether a complete record at the start of an input has a text, as far as its first bytes
/// `head` go. If the first one is longer than that, it counts as one that has.
///
/// # Errors
/// If a field name is invalid.
pub fn has_json_text(input: &RecordInput<'_>) -> Result<bool> {
    let records = open(input)?;
    let (mut framing, mut at, mut is_first) = (JsonFraming::default(), 0, true);
    while let Some(length) = framing.record_end(&input.head[at..], false) {
        let record = &input.head[at..at + length];
        if matches!(records.parse(1, record), Parsed::Texts(_)) {
            return Ok(true);
        }
        (at, is_first) = (at + length, false);
    }
    Ok(is_first && input.head.len() >= crate::io::HEAD_BYTES)
}

/// Ends a record behind each object or list that is an element of a list, or is not in a list.
#[derive(Debug, Default)]
struct JsonFraming {
    /// Number of objects and lists that are open.
    depth: usize,
    /// Whether the outermost one is a list.
    is_list: bool,
    /// Whether the scanner is in a string.
    in_string: bool,
    /// Whether the last byte was a backslash that escapes the next one.
    is_escaped: bool,
    /// How many bytes of the current record were scanned without finding its end.
    scanned: usize,
}

impl JsonFraming {
    /// Scans `bytes`, which follow those scanned before. Returns the end of the current record in
    /// them, or `None` if it goes on.
    fn scan(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, &byte) in bytes.iter().enumerate() {
            if std::mem::take(&mut self.is_escaped) {
                continue;
            }
            match byte {
                b'"' => self.in_string = !self.in_string,
                b'\\' if self.in_string => self.is_escaped = true,
                _ if self.in_string => {}
                b'{' | b'[' => {
                    if self.depth == 0 {
                        self.is_list = byte == b'[';
                    }
                    self.depth += 1;
                }
                // A run that continues within a list begins with the comma before an element.
                b',' if self.depth == 0 => (self.depth, self.is_list) = (1, true),
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth <= usize::from(self.is_list) {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

impl Framing for JsonFraming {
    fn record_end(&mut self, bytes: &[u8], _: bool) -> Option<usize> {
        let scanned = std::mem::replace(&mut self.scanned, bytes.len());
        let end = scanned + self.scan(&bytes[scanned..])?;
        self.scanned = 0;
        Some(end)
    }

    fn rest_end(&mut self, bytes: &[u8]) -> Option<usize> {
        // The pieces before were scanned as the start of the record.
        self.scanned = 0;
        self.scan(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Splits `json` into records, of which `step` bytes become available at a time.
    fn split(json: &str, step: usize) -> Vec<&str> {
        let (mut records, mut at, mut available) = (Vec::new(), 0, 0);
        let mut framing = JsonFraming::default();
        while at < json.len() {
            available = (available + step).min(json.len());
            let is_last = available == json.len();
            while let Some(len) = framing.record_end(&json.as_bytes()[at..available], is_last) {
                records.push(&json[at..at + len]);
                at += len;
            }
            if is_last {
                records.push(&json[at..]);
                break;
            }
        }
        records
    }

    #[test]
    fn each_element_of_a_list_and_each_value_is_a_record() {
        let list = "[\n {\"a\": \"]}\\\\\"}, {\"b\": [{}, {\"c\": \"\\\"}\"}]}\n]\n";
        let list_records = [
            "[\n {\"a\": \"]}\\\\\"}",
            ", {\"b\": [{}, {\"c\": \"\\\"}\"}]}",
            "\n]",
            "\n",
        ];
        let values = "{\n \"a\": [1]\n}\n[{}]{\"b\": {}}";
        let value_records = ["{\n \"a\": [1]\n}", "\n[{}", "]", "{\"b\": {}}", ""];
        for step in 1..20 {
            assert_eq!(split(list, step), list_records, "{step}");
            let records = split(values, step);
            assert_eq!(records[..4], value_records[..4], "{step}");
        }
        // A run that continues at the second element finds the same ends.
        let rest = &list[list_records[0].len()..];
        assert_eq!(split(rest, 99), list_records[1..]);
    }
}
