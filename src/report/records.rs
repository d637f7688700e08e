//! The removal record: JSON Lines, one line for each removed span, from which sources can be restored.

use crate::cleaner::{Cleaned, Removal};
use crate::pack::RuleSet;
use crate::rule::{Category, Confidence};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::io::BufRead;
use std::ops::Range;

/// One line of a removal record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The input, as it was named or found; `-` for standard input.
    pub path: String,
    /// First byte of the span in the input.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// The removed text.
    pub text: String,
    /// Full name of the rule that took it.
    pub rule: String,
    /// Full names of the other rules that took it too.
    pub also: Vec<String>,
    /// Category of the rule.
    pub category: Category,
    /// Confidence of the rule.
    pub confidence: Confidence,
    /// The encoding of the input, where it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub encoding: Option<String>,
    /// The removed bytes as hexadecimal digits, where the input is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes: Option<String>,
}

/// The bytes that a document's text came from.
pub struct Origin<'s> {
    /// The input's path, or `-` for standard input.
    pub path: &'s str,
    /// The input's bytes.
    pub bytes: &'s [u8],
    /// The name of the input's encoding, unless it is UTF-8.
    pub encoding: Option<&'static str>,
    /// Where a range of the text lies in the bytes.
    pub locate: &'s dyn Fn(Range<usize>) -> Range<usize>,
}

impl Record {
    fn new(removal: &Removal, text: &str, origin: &Origin<'_>, rules: &RuleSet) -> Self {
        let rule = rules.get(removal.rule);
        let source = (origin.locate)(removal.span.range());
        Self {
            path: origin.path.to_owned(),
            start: source.start,
            end: source.end,
            text: text[removal.span.range()].to_owned(),
            rule: rule.name.clone(),
            also: removal.also.iter().map(|&id| rules.get(id).name.clone()).collect(),
            category: rule.category,
            confidence: rule.confidence,
            encoding: origin.encoding.map(str::to_owned),
            bytes: origin.encoding.map(|_| hexadecimal(&origin.bytes[source])),
        }
    }

    /// The bytes that stood in the input.
    ///
    /// # Errors
    /// If the hexadecimal digits are none.
    pub fn source_bytes(&self) -> Result<Vec<u8>> {
        let Some(digits) = &self.bytes else { return Ok(self.text.clone().into_bytes()) };
        let pair = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        (0..digits.len()).step_by(2).map(pair).collect::<Option<_>>().context("the record's bytes are no hexadecimal digits")
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// The lines of the record for one document, in order, each ended by a line feed.
///
/// # Errors
/// None in practice: records can always be written as JSON.
pub fn document_records(cleaned: &Cleaned<'_>, origin: &Origin<'_>, rules: &RuleSet) -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    for removal in cleaned.removals() {
        serde_json::to_writer(&mut lines, &Record::new(removal, cleaned.source(), origin, rules))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Reads a removal record line by line.
pub fn read_records(reader: impl BufRead) -> impl Iterator<Item = Result<Record>> {
    reader.lines().enumerate().filter(|(_, line)| !line.as_ref().is_ok_and(|line| line.trim().is_empty())).map(|(index, line)| {
        let line = line.context("cannot read the removal record")?;
        serde_json::from_str(&line).with_context(|| format!("line {} of the removal record is none of dechaff's", index + 1))
    })
}
