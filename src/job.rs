//! Jobs: what the command does with documents. This file cleans one document and defines what all
//! kinds of work share: options, targets and events. Events go to an [`EventSink`], so that nothing
//! here prints. Each submodule is one kind of work: files and trees, restoring, trials on a corpus.

pub mod compare;
mod convert;
pub mod corpus;
pub mod eval;
mod files;
mod input;
pub mod journal;
pub mod manifest;
pub mod observer;
mod output;
mod pipeline;
pub mod propose;
pub mod records;
pub mod restore;
mod tables;
pub mod walk;

use crate::io::{Content, InputText};
use crate::report::{Name, Origin, Stats, document_records};
use anyhow::{Error, Result, anyhow, bail};
use dechaff_core::{Cleaned, Cleaner, Document, Outcome, Scratch};
use manifest::Shard;
use observer::Observer;
use records::{BatchOutput, BatchStats, RecordOptions};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use walk::Inputs;

pub use files::Reports;
pub use output::Stdout;

/// Where the outputs of a job go.
#[derive(Clone, Debug)]
pub enum Target {
    /// Nowhere: documents are cleaned to be reported or observed.
    Nowhere,
    /// To standard output. Only for a job whose input is a stream.
    Stdout(Stdout),
    /// To this file. Only for a job with one input.
    File(PathBuf),
    /// Into this directory, each under its output path.
    Directory(PathBuf),
    /// Each replaces its input.
    InPlace,
}

/// Inputs to clean, and where their outputs go.
#[derive(Debug)]
pub struct Job<'j> {
    /// How documents are cleaned.
    pub options: &'j JobOptions,
    /// The inputs.
    pub inputs: &'j Inputs,
    /// Where the outputs go.
    pub target: Target,
    /// The part of the inputs that is cleaned, unless it is all of them.
    pub shard: Option<Shard>,
    /// Set from outside to stop early. Finished outputs stay.
    pub stop: &'j AtomicBool,
}

/// How documents are cleaned.
#[derive(Clone, Debug)]
pub struct JobOptions {
    /// The cleaner.
    pub cleaner: Cleaner,
    /// Encoding of all inputs, if it is not UTF-8.
    pub encoding: Option<&'static encoding_rs::Encoding>,
    /// Maximum size of a document in bytes. Larger inputs are passed through unchanged.
    pub max_document: u64,
    /// Whether invalid text is an error. Otherwise it is passed through unchanged.
    pub strict: bool,
    /// Whether existing outputs are replaced.
    pub force: bool,
    /// Whether removal records are wanted.
    pub records: bool,
    /// Whether a report of damaged records is wanted.
    pub damage: bool,
    /// How files of records are read and written.
    pub format: RecordOptions,
    /// Sees each cleaned document.
    pub observer: Option<Arc<dyn Observer>>,
    /// Language of all documents, if known.
    pub language: Option<String>,
    /// Host of all documents, if known.
    pub host: Option<String>,
}

/// Something that happened to an input.
#[derive(Debug)]
pub enum Event {
    /// The input failed. The job continues with the others.
    Failed(Error),
    /// The input was passed through unchanged, skipped or cleaned again, for this reason.
    Passed(String),
    /// The input changed, or would change: number of removed spans and of removed bytes.
    Changed(usize, usize),
    /// The observer returned this text for the input or one of its records.
    Observed(String),
}

/// Receives the events and the progress of a job.
pub trait EventSink {
    /// Receives an event of the input at `path`. Events come in the order of the inputs, all of one
    /// input together, on the thread that runs the job.
    fn event(&mut self, path: &Path, event: Event);

    /// Receives progress: how many files and how many bytes of inputs, compressed as they are, were
    /// finished since the last call.
    fn advance(&mut self, files: u64, bytes: u64);
}

impl JobOptions {
    /// Cleans the bytes of one input that is a single document, and returns its output as a batch.
    /// `name` is its name in reports. Binary input is skipped and has no output. Text that is
    /// invalid in its encoding is passed through unchanged.
    ///
    /// # Errors
    /// If the text is invalid and the options are strict, or it is too large for a document.
    pub fn clean_bytes(
        &self,
        name: &str,
        bytes: Vec<u8>,
        scratch: &mut Scratch,
    ) -> Result<BatchOutput> {
        match Content::new(bytes, self.encoding) {
            Content::Text(text) => self.clean_text(name, text, scratch),
            Content::Binary { utf16 } => {
                let reason = if utf16 {
                    "looks like UTF-16; name it with --encoding utf-16le or utf-16be"
                } else {
                    "is binary"
                };
                let stats = Stats {
                    binary: 1,
                    ..Stats::default()
                };
                Ok(unclean(Vec::new(), stats, reason.to_owned()))
            }
            Content::Invalid { bytes, at } => {
                let reason =
                    format!("is not valid text at byte {at}; name its encoding with --encoding");
                if self.strict {
                    bail!(reason);
                }
                Ok(invalid(bytes, &reason))
            }
        }
    }

    /// Cleans a text. If the rest cannot be encoded as the input was, the input is passed through
    /// unchanged and nothing that was found in it is reported.
    fn clean_text(
        &self,
        name: &str,
        text: InputText,
        scratch: &mut Scratch,
    ) -> Result<BatchOutput> {
        let mut batch = BatchOutput::default();
        let removed = self.find_chaff(name, &text, scratch, &mut batch)?;
        batch.tally.differs = !removed.is_empty();
        batch.output = match text.into_remaining(&removed) {
            Ok(rest) => rest,
            Err((error, input)) => return Ok(invalid(input, &error.to_string())),
        };
        Ok(batch)
    }

    /// Cleans a text, adds statistics, events and removal records to `batch`, and returns the
    /// removed ranges in bytes of the text, which are sorted and disjoint.
    fn find_chaff(
        &self,
        name: &str,
        text: &InputText,
        scratch: &mut Scratch,
        batch: &mut BatchOutput,
    ) -> Result<Vec<Range<usize>>> {
        let document = self.describe(Document::new(text.as_str())?);
        let cleaned = self.cleaner.clean(&document, scratch);
        let removed: Vec<Range<usize>> = cleaned
            .removals()
            .iter()
            .map(|removal| removal.span.range())
            .collect();
        if let Outcome::Held { share } = cleaned.outcome() {
            batch.tally.events.push(Event::Passed(format!(
                "held whole: {:.1} % would have been removed; --max-removed 1 would allow it",
                share * 100.0
            )));
        }
        batch.tally.spans = removed.len();
        batch
            .tally
            .stats
            .add_document(&cleaned, self.cleaner.rules());
        let document_name = Name {
            path: name,
            ..Name::default()
        };
        let observed = self.observe(&document_name, &document, &cleaned, scratch);
        batch.tally.events.extend(observed);
        if self.records {
            let origin = Origin {
                path: name,
                bytes: text.bytes(),
                encoding: text.encoding(),
                ranges: removed
                    .iter()
                    .map(|range| text.source_range(range.clone()))
                    .collect(),
                ..Origin::default()
            };
            document_records(&cleaned, &origin, self.cleaner.rules(), &mut batch.records)?;
        }
        Ok(removed)
    }

    /// Shows a cleaned document to the observer, if there is one, and returns its text as an event.
    fn observe(
        &self,
        name: &Name<'_>,
        document: &Document<'_>,
        cleaned: &Cleaned<'_>,
        scratch: &mut Scratch,
    ) -> Option<Event> {
        self.observer
            .as_ref()?
            .visit(name, document, cleaned, scratch)
            .map(Event::Observed)
    }

    /// Adds the language and the host that the user gave for all documents, so that rules bound to
    /// other ones do not apply. Without these options the document stays as it is.
    #[must_use]
    pub fn describe<'t>(&self, document: Document<'t>) -> Document<'t> {
        let document = match &self.language {
            Some(language) => document.with_language(language),
            None => document,
        };
        match &self.host {
            Some(host) => document.with_host(host),
            None => document,
        }
    }
}

/// Creates the result of an input that is passed through unchanged because it is not valid text,
/// with the reason.
fn invalid(input: Vec<u8>, reason: &str) -> BatchOutput {
    let stats = Stats {
        invalid: 1,
        ..Stats::default()
    };
    unclean(input, stats, format!("{reason}; passed through unchanged"))
}

/// Creates the result of an input that is not cleaned, with its output and the reason.
fn unclean(output: Vec<u8>, stats: Stats, reason: String) -> BatchOutput {
    BatchOutput {
        output,
        tally: BatchStats {
            stats,
            events: vec![Event::Passed(reason)],
            ..BatchStats::default()
        },
        ..BatchOutput::default()
    }
}

/// Returns the error of a build without the feature `parquet` for an input or output in Parquet.
fn unsupported_parquet() -> Error {
    anyhow!(
        "needs Parquet, which this build of dechaff does not support; build it with the feature \
         `parquet`"
    )
}
