//! The removal record: JSON Lines, one line for each removed span, from which sources can be restored.

use crate::cleaner::{Cleaned, Removal};
use crate::pack::RuleSet;
use crate::rule::{Category, Confidence};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt::Write;
use std::io::BufRead;
use std::ops::Range;

/// One line of a removal record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The input, as it was named or found; `-` for standard input.
    pub path: String,
    /// The number of the record, where the input has several.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record: Option<u64>,
    /// The id of the record, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// The field that held the text, where there are fields.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// Which text of this field of the record it was, counted from 0, if not the first one. Only of tables, whose bytes
    /// do not tell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub item: Option<u64>,
    /// First byte of the span in the input, decompressed; of tables in the text.
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
    /// The removed bytes as hexadecimal digits, where they are not those of the text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes: Option<String>,
}

/// The bytes that a document's text came from.
#[derive(Default)]
pub struct Origin<'s> {
    /// The input's path, or `-` for standard input.
    pub path: &'s str,
    /// The bytes of the input, or of a record of it.
    pub bytes: &'s [u8],
    /// Where these begin in the input.
    pub offset: u64,
    /// The name of the input's encoding, unless it is UTF-8.
    pub encoding: Option<&'static str>,
    /// Where each removed span stands in these bytes.
    pub places: Cow<'s, [Range<usize>]>,
    /// The number of the record, where the input has several.
    pub record: Option<u64>,
    /// The id of the record, where it has one.
    pub id: Option<&'s str>,
    /// The field that holds the text, where there are fields.
    pub field: Option<&'s str>,
    /// Which text of this field it was, if not the first one.
    pub item: Option<u64>,
}

impl Record {
    fn new(
        removal: &Removal,
        place: Range<usize>,
        text: &str,
        origin: &Origin<'_>,
        rules: &RuleSet,
    ) -> Self {
        let rule = rules.get(removal.rule);
        let (removed, bytes) = (&text[removal.span.range()], &origin.bytes[place.clone()]);
        Self {
            path: origin.path.to_owned(),
            record: origin.record,
            id: origin.id.map(str::to_owned),
            field: origin.field.map(str::to_owned),
            item: origin.item,
            start: origin.offset as usize + place.start,
            end: origin.offset as usize + place.end,
            text: removed.to_owned(),
            rule: rule.name.clone(),
            also: removal
                .also
                .iter()
                .map(|&id| rules.get(id).name.clone())
                .collect(),
            category: rule.category,
            confidence: rule.confidence,
            encoding: origin.encoding.map(str::to_owned),
            bytes: (origin.encoding.is_some() || bytes != removed.as_bytes())
                .then(|| hexadecimal(bytes)),
        }
    }

    /// Whether it tells of a record that was left out as a whole.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.rule.starts_with("record/")
    }

    /// The bytes that stood in the input.
    ///
    /// # Errors
    /// If the hexadecimal digits are none.
    pub fn source_bytes(&self) -> Result<Vec<u8>> {
        let Some(digits) = &self.bytes else {
            return Ok(self.text.clone().into_bytes());
        };
        let pair = |at: usize| {
            digits
                .get(at..at + 2)
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
        };
        (0..digits.len())
            .step_by(2)
            .map(pair)
            .collect::<Option<_>>()
            .context("the record's bytes are no hexadecimal digits")
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(
        String::with_capacity(bytes.len() * 2),
        |mut digits, byte| {
            let _ = write!(digits, "{byte:02x}");
            digits
        },
    )
}

/// Appends the lines of the record for one document, in order, each ended by a line feed.
///
/// # Errors
/// None in practice: records can always be written as JSON.
pub fn document_records(
    cleaned: &Cleaned<'_>,
    origin: &Origin<'_>,
    rules: &RuleSet,
    to: &mut Vec<u8>,
) -> Result<()> {
    for (removal, place) in cleaned.removals().iter().zip(origin.places.iter()) {
        serde_json::to_writer(
            &mut *to,
            &Record::new(removal, place.clone(), cleaned.source(), origin, rules),
        )?;
        to.push(b'\n');
    }
    Ok(())
}

/// Appends the line for a record that is left out as a whole. `rule` says why.
///
/// # Errors
/// None in practice, as above.
pub fn dropped_record(origin: &Origin<'_>, rule: &str, to: &mut Vec<u8>) -> Result<()> {
    let text = String::from_utf8_lossy(origin.bytes);
    let record = Record {
        path: origin.path.to_owned(),
        record: origin.record,
        id: origin.id.map(str::to_owned),
        field: origin.field.map(str::to_owned),
        item: origin.item,
        start: origin.offset as usize,
        end: origin.offset as usize + origin.bytes.len(),
        rule: rule.to_owned(),
        also: Vec::new(),
        category: Category::Other,
        confidence: Confidence::Certain,
        encoding: None,
        bytes: matches!(text, Cow::Owned(_)).then(|| hexadecimal(origin.bytes)),
        text: text.into_owned(),
    };
    serde_json::to_writer(&mut *to, &record)?;
    to.push(b'\n');
    Ok(())
}

/// Appends a line that says what is wrong with a record of an input.
///
/// # Errors
/// None in practice, as above.
pub fn damage_line(
    path: &str,
    record: u64,
    offset: Option<u64>,
    reason: &str,
    to: &mut Vec<u8>,
) -> Result<()> {
    let mut line = serde_json::json!({ "path": path, "record": record, "reason": reason });
    if let Some(offset) = offset {
        line["offset"] = offset.into();
    }
    serde_json::to_writer(&mut *to, &line)?;
    to.push(b'\n');
    Ok(())
}

/// Reads a removal record line by line.
pub fn read_records(reader: impl BufRead) -> impl Iterator<Item = Result<Record>> {
    reader
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.as_ref().is_ok_and(|line| line.trim().is_empty()))
        .map(|(index, line)| {
            let line = line.context("cannot read the removal record")?;
            serde_json::from_str(&line).with_context(|| {
                format!(
                    "line {} of the removal record is none of dechaff's",
                    index + 1
                )
            })
        })
}
