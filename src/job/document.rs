//! Cleans an input that is a single text, in the encoding that the options name, and decides what
//! happens to inputs that are not cleaned at all: they are passed through unchanged, or skipped if
//! they are binary.

use super::Event;
use super::batch::{BatchOutput, BatchStats};
use super::text::TextCleaner;
use crate::io::{Content, InputText};
use crate::report::{ContentHash, Part, Stats};
use anyhow::{Result, bail};
use dechaff_core::Scratch;
use std::fmt;

/// Why an input as a whole is not cleaned.
#[derive(Clone, Debug)]
pub(super) enum Uncleaned {
    /// It is binary data. Nothing is written for it.
    Binary {
        /// Whether it may be UTF-16.
        utf16: bool,
    },
    /// It is not text in its encoding; the offset of the first malformed sequence.
    Invalid(usize),
    /// What is left of it cannot be encoded as it was, for this reason.
    NotEncodable(String),
    /// It is JSON, but not JSON Lines.
    OtherJson,
    /// It is larger than `--max-document`.
    TooLarge,
}

impl fmt::Display for Uncleaned {
    /// Writes the reason as a predicate, with what can be done about it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Binary { utf16: true } => {
                f.write_str("looks like UTF-16; name it with --encoding utf-16le or utf-16be")
            }
            Self::Binary { utf16: false } => f.write_str("is binary"),
            Self::Invalid(at) => write!(f, "{}; passed through unchanged", invalid_reason(*at)),
            Self::NotEncodable(reason) => write!(f, "{reason}; passed through unchanged"),
            Self::OtherJson => f.write_str(
                "is JSON, but not one object per line; passed through unchanged; `jq -c .[]` \
                 converts an array to JSON Lines",
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
            Self::Invalid(_) | Self::NotEncodable(_) | Self::OtherJson => stats.invalid = 1,
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
    let outcome = cleaner.clean_input(&text, scratch)?;
    let is_recorded = cleaner.options().records && !outcome.removed.is_empty();
    let source = is_recorded.then(|| ContentHash::of(text.bytes()));
    let output = match text.into_remaining(&outcome.removed) {
        Ok(rest) => rest,
        Err((error, input)) => {
            return Ok(Uncleaned::NotEncodable(error.to_string()).passing(input));
        }
    };
    let mut records = outcome.records;
    if let Some(source) = source {
        let mut part = Part::new(cleaner.name(), source, ContentHash::of(&output));
        part.complete = true;
        part.write(&mut records)?;
    }
    let mut tally = outcome.tally;
    tally.differs = !outcome.removed.is_empty();
    if let Some(share) = outcome.held {
        let reason = format!(
            "held whole: {:.1} % would have been removed; --max-removed 1 would allow it",
            share * 100.0
        );
        tally.events.insert(0, Event::Passed(reason));
    }
    Ok(BatchOutput {
        output,
        records,
        tally,
        ..BatchOutput::default()
    })
}
