//! Jobs: what the command does with documents. This file cleans one document and defines what all
//! kinds of work share: options, results and events. Events go to an [`EventSink`], so that nothing
//! here prints. Each submodule is one kind of work: files and trees, restoring, trials on a corpus.

pub mod compare;
mod convert;
pub mod corpus;
pub mod eval;
mod files;
pub mod journal;
pub mod manifest;
pub mod observer;
mod pipeline;
pub mod propose;
pub mod records;
pub mod restore;
mod tables;
pub mod walk;

use crate::io::{Content, InputText};
use crate::report::{Name, Origin, Stats, document_records};
use anyhow::{Error, Result, anyhow};
use dechaff_core::{Cleaned, Cleaner, Document, Outcome, Scratch};
use observer::Observer;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walk::complaint;

pub use files::{Job, Reports};
use records::{Interrupted, RecordOptions};
pub use tables::{open_table, table_as_lines};

/// What happens to cleaned documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// They are written.
    Clean,
    /// Those that would change are reported.
    Check,
    /// The observer of the options sees them; nothing is written.
    Look,
}

/// Where the cleaned files of a batch go.
#[derive(Clone, Debug)]
pub enum Target {
    /// Into this directory, each under its output path.
    Directory(PathBuf),
    /// To this file. Only for a job with one input.
    File(PathBuf),
    /// Each replaces its input.
    InPlace,
}

/// How documents are cleaned.
#[derive(Clone, Debug)]
pub struct JobOptions {
    /// The cleaner.
    pub cleaner: Cleaner,
    /// What happens to cleaned documents.
    pub action: Action,
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

/// The result of cleaning one input.
#[derive(Debug, Default)]
pub struct Handled {
    /// Bytes of the output; `None` if they equal the input.
    pub output: Option<Vec<u8>>,
    /// Bytes of the input, if there is no output.
    pub input: Vec<u8>,
    /// Statistics.
    pub stats: Stats,
    /// Removal records as JSON Lines.
    pub records: Vec<u8>,
    /// Damaged records as JSON Lines.
    pub damage: Vec<u8>,
    /// Events to report.
    pub events: Vec<Event>,
    /// Whether nothing is written for the input: it failed or is binary.
    pub skipped: bool,
}

impl Handled {
    /// Returns the error of an input that failed, or `None` if it was cleaned, passed through or
    /// skipped.
    fn failure(&self) -> Option<&Error> {
        self.events.iter().find_map(|event| match event {
            Event::Failed(error) => Some(error),
            _ => None,
        })
    }

    /// Returns whether the run was stopped before the input was finished. Such an input is neither
    /// counted nor reported.
    fn is_interrupted(&self) -> bool {
        self.failure().is_some_and(Error::is::<Interrupted>)
    }

    /// Creates the result of an input that is passed through unchanged because it is not valid
    /// text, with the reason.
    fn invalid(input: Vec<u8>, reason: &str) -> Self {
        Self {
            input,
            stats: Stats {
                invalid: 1,
                ..Stats::default()
            },
            events: vec![Event::Passed(format!("{reason}; passed through unchanged"))],
            ..Self::default()
        }
    }
}

impl JobOptions {
    /// Cleans the bytes of one input that is a single document. `name` is its name in reports.
    /// Binary input is skipped. Text that is invalid in its encoding is passed through unchanged,
    /// or fails if the options are strict.
    pub fn handle(&self, name: &str, bytes: Vec<u8>, scratch: &mut Scratch) -> Handled {
        let content = Content::new(bytes, self.encoding);
        let reason = complaint(&content).unwrap_or_default();
        match content {
            Content::Text(text) => self.handle_text(name, text, scratch),
            Content::Binary { .. } => Handled {
                stats: Stats {
                    binary: 1,
                    ..Stats::default()
                },
                events: vec![Event::Passed(reason)],
                skipped: true,
                ..Handled::default()
            },
            Content::Invalid { bytes, .. } if !self.strict => Handled::invalid(bytes, &reason),
            Content::Invalid { .. } => failed(anyhow!(reason)),
        }
    }

    /// Cleans a text. If the rest cannot be encoded as the input was, the input is passed through
    /// unchanged and nothing that was found in it is reported.
    fn handle_text(&self, name: &str, text: InputText, scratch: &mut Scratch) -> Handled {
        let mut handled = Handled::default();
        let removed = match self.clean_text(name, &text, scratch, &mut handled) {
            Ok(removed) => removed,
            Err(error) => return failed(error),
        };
        match text.into_remaining(&removed) {
            Ok(rest) if removed.is_empty() => handled.input = rest,
            Ok(rest) => handled.output = Some(rest),
            Err((error, input)) => return Handled::invalid(input, &error.to_string()),
        }
        handled
    }

    /// Cleans a text, adds statistics, events and removal records to `handled`, and returns the
    /// removed ranges in bytes of the text, which are sorted and disjoint.
    fn clean_text(
        &self,
        name: &str,
        text: &InputText,
        scratch: &mut Scratch,
        handled: &mut Handled,
    ) -> Result<Vec<Range<usize>>> {
        let document = self.describe(Document::new(text.as_str())?);
        let cleaned = self.cleaner.clean(&document, scratch);
        let removed: Vec<Range<usize>> = cleaned
            .removals()
            .iter()
            .map(|removal| removal.span.range())
            .collect();
        match cleaned.outcome() {
            Outcome::Changed => handled.events.push(Event::Changed(
                removed.len(),
                removed.iter().map(Range::len).sum(),
            )),
            Outcome::Held { share } => handled.events.push(Event::Passed(format!(
                "held whole: {:.1} % would have been removed; --max-removed 1 would allow it",
                share * 100.0
            ))),
            Outcome::Clean => {}
        }
        handled.stats.add_document(&cleaned, self.cleaner.rules());
        let document_name = Name {
            path: name,
            ..Name::default()
        };
        let observed = self.observe(&document_name, &document, &cleaned, scratch);
        handled.events.extend(observed);
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
            document_records(
                &cleaned,
                &origin,
                self.cleaner.rules(),
                &mut handled.records,
            )?;
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

/// Creates the result of an input that failed: it counts as failed, nothing is written for it, and
/// the error is its only event.
fn failed(error: Error) -> Handled {
    Handled {
        stats: Stats {
            failed: 1,
            ..Stats::default()
        },
        events: vec![Event::Failed(error)],
        skipped: true,
        ..Handled::default()
    }
}

/// Returns the error of a build without the feature `parquet` for an input or output in Parquet.
fn unsupported_parquet() -> Error {
    anyhow!(
        "needs Parquet, which this build of dechaff does not support; build it with the feature \
         `parquet`"
    )
}
