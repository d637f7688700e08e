//! Cleans an input that is a single text, in the encoding that the options name, and decides what
//! happens to inputs that are not cleaned at all: they are passed through unchanged, or skipped if
//! they are binary.

use super::Event;
use super::batch::{BatchOutput, BatchStats};
use super::options::OnHeld;
use super::text::TextCleaner;
use super::verdicts::no_place;
use crate::io::{Content, Format, InputText};
use crate::report::{ContentHash, Part, Stats};
use anyhow::{Result, bail};
use dechaff_core::Scratch;
use std::fmt;

/// What can be done about UTF-16 without `--encoding`.
pub(super) const UTF16_ADVICE: &str =
    "looks like UTF-16; name it with --encoding utf-16le or utf-16be";

/// Why an input as a whole is not cleaned.
#[derive(Clone, Debug)]
pub(super) enum Uncleaned {
    /// It is binary data. Nothing is written for it.
    Binary {
        /// Whether it may be UTF-16.
        utf16: bool,
    },
    /// Texts have to be extracted from it first.
    Unextracted(Unextracted),
    /// It is not text in its encoding; the offset of the first malformed sequence.
    Invalid(usize),
    /// What is left of it cannot be encoded as it was, for this reason.
    NotEncodable(String),
    /// It is JSON without texts.
    OtherJson,
    /// It is larger than `--max-document`.
    TooLarge,
}

/// A kind of input that contains texts in a form that is not read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unextracted {
    Html,
    Pdf,
    /// Also the formats that are zip archives, such as docx and epub.
    Zip,
}

impl Unextracted {
    /// Recognizes an input by its first bytes.
    fn detect(bytes: &[u8]) -> Option<Self> {
        const HTML: [&[u8]; 3] = [b"<!doctype html", b"<html", b"<head>"];
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text = text.trim_ascii_start();
        if bytes.starts_with(b"%PDF-") {
            Some(Self::Pdf)
        } else if bytes.starts_with(b"PK\x03\x04") {
            Some(Self::Zip)
        } else if HTML.into_iter().any(|tag| {
            text.get(..tag.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(tag))
        }) {
            Some(Self::Html)
        } else {
            None
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Html => {
                "is HTML; extract its text first, or clean the text between its tags with \
                 --text-format html, or all of it with --format text; passed through unchanged"
            }
            Self::Pdf => "is a PDF; extract its text first",
            Self::Zip => {
                "is a zip archive, as docx, xlsx and epub files are; extract its texts first"
            }
        }
    }
}

impl fmt::Display for Uncleaned {
    /// Writes the reason as a predicate, with what can be done about it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Binary { utf16: true } => f.write_str(UTF16_ADVICE),
            Self::Binary { utf16: false } => f.write_str("is binary"),
            Self::Unextracted(kind) => f.write_str(kind.advice()),
            Self::Invalid(at) => write!(f, "{}; passed through unchanged", invalid_reason(*at)),
            Self::NotEncodable(reason) => write!(f, "{reason}; passed through unchanged"),
            Self::OtherJson => f.write_str(
                "is JSON in which no object has the text field; passed through unchanged; name the \
                 field with --text-field, as in pages.text, or convert what has it to JSON Lines \
                 (`jq -c .[]`)",
            ),
            Self::TooLarge => {
                f.write_str("is larger than --max-document; passed through unchanged")
            }
        }
    }
}

impl Uncleaned {
    /// Returns the statistics of the input, with the reason as an event.
    pub(super) fn tally(&self) -> BatchStats {
        let mut stats = Stats::default();
        match self {
            Self::Binary { .. } => stats.binary = 1,
            Self::Unextracted(Unextracted::Pdf) => (stats.binary, stats.pdf) = (1, 1),
            Self::Unextracted(Unextracted::Zip) => (stats.binary, stats.zip) = (1, 1),
            Self::Unextracted(Unextracted::Html) => (stats.invalid, stats.html) = (1, 1),
            Self::OtherJson => (stats.invalid, stats.other_json) = (1, 1),
            Self::Invalid(_) | Self::NotEncodable(_) => stats.invalid = 1,
            Self::TooLarge => stats.too_large = 1,
        }
        BatchStats {
            stats,
            events: vec![Event::Uncleaned(self.to_string())],
            ..BatchStats::default()
        }
    }

    /// Returns the result of the input, whose output are the bytes `output`.
    fn passing(&self, output: Vec<u8>) -> BatchOutput {
        BatchOutput {
            output,
            tally: self.tally(),
            ..BatchOutput::default()
        }
    }
}

/// Returns why an input with a malformed sequence at byte `at` cannot be cleaned.
fn invalid_reason(at: usize) -> String {
    format!("is not valid text at byte {at}; name its encoding with --encoding")
}

/// Cleans the bytes of an input and returns its output as a batch. Binary input is skipped and has
/// no output. Text that is invalid in its encoding is passed through unchanged.
///
/// # Errors
/// If the text is invalid and the options are strict, or it is too large for a document.
pub(super) fn clean_document(
    cleaner: &TextCleaner<'_>,
    bytes: Vec<u8>,
    scratch: &mut Scratch,
) -> Result<BatchOutput> {
    let options = cleaner.options();
    // A format that the user named is not doubted.
    if options.format.format.is_none()
        && let Some(kind) = Unextracted::detect(&bytes)
        && !(kind == Unextracted::Html && options.format.is_html)
    {
        let output = if kind == Unextracted::Html {
            bytes
        } else {
            Vec::new()
        };
        return Ok(Uncleaned::Unextracted(kind).passing(output));
    }
    match Content::new(bytes, options.encoding) {
        Content::Text(text) => clean_text(cleaner, text, scratch),
        Content::Binary { utf16 } => Ok(Uncleaned::Binary { utf16 }.passing(Vec::new())),
        Content::Invalid { at, .. } if options.strict => {
            bail!(invalid_reason(at))
        }
        Content::Invalid { bytes, at } => Ok(Uncleaned::Invalid(at).passing(bytes)),
    }
}

/// Cleans a text. If the rest cannot be encoded as the input was, the input is passed through
/// unchanged and nothing that was found in it is reported.
fn clean_text(
    cleaner: &TextCleaner<'_>,
    text: InputText,
    scratch: &mut Scratch,
) -> Result<BatchOutput> {
    if cleaner.options().format.verdict.is_some() && !cleaner.options().maps {
        return Err(no_place(Format::TEXT, Format::TEXT));
    }
    let mut outcome = cleaner.clean_input(&text, scratch)?;
    let is_recorded = cleaner.options().records && !outcome.removed.is_empty();
    let source = is_recorded.then(|| ContentHash::of(text.bytes()));
    let output = match text.into_remaining(&outcome.removed) {
        Ok(rest) => rest,
        Err((error, input)) => {
            return Ok(Uncleaned::NotEncodable(error.to_string()).passing(input));
        }
    };
    let mut maps = Vec::new();
    outcome.write_maps(false, &mut maps)?;
    let mut records = outcome.records;
    if let Some(source) = source {
        let mut part = Part::new(cleaner.name(), source, ContentHash::of(&output));
        part.complete = true;
        part.write(&mut records)?;
    }
    let mut tally = outcome.tally;
    tally.differs = !outcome.removed.is_empty();
    if let Some(share) = outcome.held {
        let state = match cleaner.options().format.on_held {
            OnHeld::Pass => "held whole",
            OnHeld::Drop | OnHeld::KeepEmpty => "held, and emptied",
        };
        let reason = format!(
            "{state}: {:.1} % would have been removed; --max-removed 1 would allow it",
            share * 100.0
        );
        tally.events.insert(0, Event::Passed(reason));
    }
    Ok(BatchOutput {
        output,
        records,
        maps,
        tally,
        ..BatchOutput::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_without_extracted_text_are_recognized() {
        for (bytes, kind) in [
            (
                &b"\xEF\xBB\xBF\n<!DOCTYPE html>\n<p>"[..],
                Some(Unextracted::Html),
            ),
            (b"<HTML lang=en>", Some(Unextracted::Html)),
            (b"%PDF-1.7\n", Some(Unextracted::Pdf)),
            (b"PK\x03\x04\x14", Some(Unextracted::Zip)),
            (b"<html", Some(Unextracted::Html)),
            (b"< html", None),
            (b"It is HTML: <html>\n", None),
            (b"PK\n", None),
            (b"", None),
        ] {
            assert_eq!(
                Unextracted::detect(bytes),
                kind,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}
