//! The removal record: JSON Lines with one line for each removed span, from which the sources can
//! be restored, and lines that identify the documents (`identity`). It also defines the lines for
//! records and texts that are removed as a whole, which have the same form, and the lines of the list
//! of damaged records.

use super::decimal;
use super::identity::{Addition, Part, RECORD_VERSION};
use anyhow::{Context, Result, anyhow, bail};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use dechaff_core::{Category, Cleaned, Confidence, FilterName, Removal, RuleSet, Score};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::io::BufRead;
use std::ops::Range;

/// One line of a removal record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`RECORD_VERSION`].
    pub version: u32,
    /// The path of the input, as it was named or found; `-` for standard input.
    pub path: String,
    /// The number of the record, if the input has several.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record: Option<u64>,
    /// The id of the record, if it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// The field that held the text, if the record has fields.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// The index of the text among those of the field, from 0, left out for the first one. Only
    /// tables have it: elsewhere the offset of the span identifies the text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub item: Option<u64>,
    /// The first byte of the span in the decompressed input; in a table, in the text.
    pub start: usize,
    /// One past the last byte of the span.
    pub end: usize,
    /// The removed text.
    pub text: String,
    /// The full name of the rule that removed it.
    pub rule: String,
    /// The full names of the other rules that removed it too.
    pub also: Vec<String>,
    /// The category of the rule.
    pub category: Category,
    /// The confidence of the rule.
    pub confidence: Confidence,
    /// The site that repeats the text, if that is why it was removed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub site: Option<String>,
    /// The number of pages of the site that have the text, if that is why it was removed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pages: Option<u32>,
    /// The share of the pages of the site that have the text, if that is why it was removed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub share: Option<f64>,
    /// The encoding of the input, unless it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub encoding: Option<String>,
    /// The removed bytes in hexadecimal, if they differ from those of the text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes: Option<String>,
}

/// A removal, or the part of one that lies in one item of a list of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The index of the removal.
    pub removal: usize,
    /// The removed bytes of the text.
    pub text: Range<usize>,
    /// The bytes of the record or input that encode them.
    pub bytes: Range<usize>,
    /// If the text is a list: the index of the item, and its first byte in the text.
    pub item: Option<(usize, usize)>,
}

/// Where the text of a document comes from.
#[derive(Default)]
pub struct Origin<'s> {
    /// The path of the input, or `-` for standard input.
    pub path: &'s str,
    /// The bytes of the input or, if it has several records, of the record.
    pub bytes: &'s [u8],
    /// The offset of these bytes in the input.
    pub offset: u64,
    /// The site that the text is from, if it is known.
    pub site: Option<&'s str>,
    /// The name of the input's encoding, unless it is UTF-8.
    pub encoding: Option<&'static str>,
    /// The text that these bytes encode.
    pub text: &'s str,
    /// What is removed of it.
    pub cuts: &'s [Cut],
    /// The number of the record, if the input has several.
    pub record: Option<u64>,
    /// The id of the record, if it has one.
    pub id: Option<&'s str>,
    /// The field that holds the text, if the record has fields.
    pub field: Option<&'s str>,
    /// The index of the text among those of the field, unless it is the first one.
    pub item: Option<u64>,
}

impl Record {
    /// Makes the record of a removal, as far as `cut` goes. The bytes of the cut differ
    /// from the span if the text was decoded or unescaped.
    fn new(removal: &Removal, cut: &Cut, origin: &Origin<'_>, rules: &RuleSet) -> Self {
        let rule = rules.get(removal.rule);
        let is_repeated = rule.filter() == FilterName::Site;
        let text = &origin.text[cut.text.clone()];
        Self {
            also: removal
                .also
                .iter()
                .map(|&id| rules.get(id).name.clone())
                .collect(),
            category: rule.category,
            confidence: rule.confidence,
            site: origin.site.filter(|_| is_repeated).map(str::to_owned),
            pages: removal.score.pages().filter(|_| is_repeated),
            share: (is_repeated && removal.score < Score::RULE).then(|| decimal(removal.score)),
            ..Self::without_rule(&rule.name, cut.bytes.clone(), text, origin)
        }
    }

    /// Makes the record of `text`, which `range` of the bytes of the origin encodes, with the name
    /// of a rule or another reason, but nothing else that is known of a rule.
    fn without_rule(rule: &str, range: Range<usize>, text: &str, origin: &Origin<'_>) -> Self {
        let bytes = &origin.bytes[range.clone()];
        Self {
            version: RECORD_VERSION,
            path: origin.path.to_owned(),
            record: origin.record,
            id: origin.id.map(str::to_owned),
            field: origin.field.map(str::to_owned),
            item: origin.item,
            start: origin.offset as usize + range.start,
            end: origin.offset as usize + range.end,
            text: text.to_owned(),
            rule: rule.to_owned(),
            also: Vec::new(),
            category: Category::Other,
            confidence: Confidence::Certain,
            site: None,
            pages: None,
            share: None,
            encoding: origin.encoding.map(str::to_owned),
            bytes: (origin.encoding.is_some() || bytes != text.as_bytes())
                .then(|| HEXLOWER.encode(bytes)),
        }
    }

    /// Returns whether this is a record of the input that was dropped as a whole, and not a span of
    /// a text. Such records have a reason such as `record/empty` in place of a rule.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.rule.starts_with("record/")
    }

    /// Returns the removed bytes as they were in the input: those given in hexadecimal or, if there
    /// are none, those of the text.
    ///
    /// # Errors
    /// If `bytes` is not valid hexadecimal.
    pub fn source_bytes(&self) -> Result<Vec<u8>> {
        let Some(digits) = &self.bytes else {
            return Ok(self.text.clone().into_bytes());
        };
        HEXLOWER_PERMISSIVE
            .decode(digits.as_bytes())
            .context("'bytes' in the removal record is not valid hexadecimal")
    }
}

/// Appends the lines of a document's removals to `out`, in the order of the text, each ended by a
/// line feed. A document that is held or clean has none. A removal in several items of a list has a
/// line for each.
///
/// # Errors
/// None in practice: records can always be written as JSON.
pub fn document_records(
    cleaned: &Cleaned<'_>,
    origin: &Origin<'_>,
    rules: &RuleSet,
    out: &mut Vec<u8>,
) -> Result<()> {
    for cut in origin.cuts {
        let removal = &cleaned.removals()[cut.removal];
        serde_json::to_writer(&mut *out, &Record::new(removal, cut, origin, rules))?;
        out.push(b'\n');
    }
    Ok(())
}

/// Appends the line of a record that is dropped as a whole to `out`. `rule` is the reason, such as
/// `record/empty`. Bytes that are not valid UTF-8 are kept in hexadecimal, so that the record can
/// be restored exactly.
///
/// # Errors
/// None in practice: records can always be written as JSON.
pub fn dropped_record(origin: &Origin<'_>, rule: &str, out: &mut Vec<u8>) -> Result<()> {
    let text = String::from_utf8_lossy(origin.bytes);
    let record = Record::without_rule(rule, 0..origin.bytes.len(), &text, origin);
    serde_json::to_writer(&mut *out, &record)?;
    out.push(b'\n');
    Ok(())
}

/// Appends the lines of a text that is removed as a whole, though no rule says so, to `out`: one
/// for each cut of the origin. `rule` is the reason, such as `text/held`.
///
/// # Errors
/// None in practice: records can always be written as JSON.
pub fn emptied_record(origin: &Origin<'_>, rule: &str, out: &mut Vec<u8>) -> Result<()> {
    for cut in origin.cuts {
        let text = &origin.text[cut.text.clone()];
        let record = Record::without_rule(rule, cut.bytes.clone(), text, origin);
        serde_json::to_writer(&mut *out, &record)?;
        out.push(b'\n');
    }
    Ok(())
}

/// Appends a line of the list of damaged records to `out`: a JSON object with the input, the number
/// of the record, the reason and, if it is known, the byte offset of the record.
///
/// # Errors
/// None in practice: the line can always be written as JSON.
pub fn damage_line(
    path: &str,
    record: u64,
    offset: Option<u64>,
    reason: &str,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut line = serde_json::json!({ "path": path, "record": record, "reason": reason });
    if let Some(offset) = offset {
        line["offset"] = offset.into();
    }
    serde_json::to_writer(&mut *out, &line)?;
    out.push(b'\n');
    Ok(())
}

/// A line of a removal record.
#[derive(Clone, Debug)]
pub enum RecordLine {
    /// A removed span, or a record that was dropped.
    Removal(Box<Record>),
    /// A document or a part of one.
    Part(Part),
    /// Bytes that were added to a record.
    Addition(Addition),
}

impl RecordLine {
    /// Returns the path of the input.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Removal(record) => &record.path,
            Self::Part(part) => &part.path,
            Self::Addition(addition) => &addition.path,
        }
    }
}

/// Reads the removals of a removal record, as [`read_lines`] does, and skips the other lines.
pub fn read_records(reader: impl BufRead) -> impl Iterator<Item = Result<Record>> {
    read_lines(reader).filter_map(|line| match line {
        Ok(RecordLine::Removal(record)) => Some(Ok(*record)),
        Ok(RecordLine::Part(_) | RecordLine::Addition(_)) => None,
        Err(error) => Some(Err(error)),
    })
}

/// Reads a removal record line by line, so that memory does not depend on its length. Blank lines
/// are skipped, and so is a last line that was cut short, as a killed run leaves it. Any other line
/// that does not parse, or has another version, yields an error that names its number, from 1.
pub fn read_lines(mut reader: impl BufRead) -> impl Iterator<Item = Result<RecordLine>> {
    let (mut line, mut number) = (Vec::new(), 0);
    std::iter::from_fn(move || {
        loop {
            line.clear();
            match reader.read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) => number += 1,
                Err(error) => {
                    return Some(Err(error).context("cannot read the removal record"));
                }
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            let is_cut = !line.ends_with(b"\n")
                && serde_json::from_slice::<IgnoredAny>(&line).is_err_and(|error| error.is_eof());
            if is_cut {
                return None;
            }
            return Some(parse_line(&line).map_err(|error| anyhow!("line {number} {error:#}")));
        }
    })
}

/// What tells the versions and kinds of lines apart.
#[derive(Deserialize)]
struct LineKind {
    version: Option<u64>,
    rule: Option<IgnoredAny>,
    added: Option<IgnoredAny>,
}

fn parse_line(line: &[u8]) -> Result<RecordLine> {
    const INVALID: &str = "is not a valid removal record";
    let kind: LineKind = serde_json::from_slice(line).context(INVALID)?;
    match kind.version {
        Some(version) if version == u64::from(RECORD_VERSION) => {}
        Some(version) if version > u64::from(RECORD_VERSION) => bail!(
            "has version {version}, and this dechaff reads version {RECORD_VERSION}; use the \
             version that wrote it"
        ),
        None if kind.rule.is_none() => bail!(INVALID),
        _ => bail!(
            "is a removal record of an earlier version, which does not identify its documents; \
             use the version of dechaff that wrote it"
        ),
    }
    if kind.rule.is_some() {
        serde_json::from_slice(line).map(RecordLine::Removal)
    } else if kind.added.is_some() {
        serde_json::from_slice(line).map(RecordLine::Addition)
    } else {
        serde_json::from_slice(line).map(RecordLine::Part)
    }
    .context(INVALID)
}
