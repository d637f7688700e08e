//! A job: how documents are cleaned, what is told of them, and to whom. What is found is handed to an observer, so that
//! nothing here prints. Below it, one file for each kind of work: files and trees, restoring, trials on a corpus.

pub mod compare;
mod convert;
pub mod corpus;
pub mod eval;
pub mod features;
mod files;
pub mod journal;
pub mod manifest;
mod pipeline;
pub mod propose;
pub mod records;
pub mod restore;
#[cfg(feature = "parquet")]
mod tables;
#[cfg(not(feature = "parquet"))]
#[path = "job/no_tables.rs"]
mod tables;
pub mod walk;
pub mod witness;

use crate::cleaner::{Cleaned, Cleaner, Outcome};
use crate::document::Document;
use crate::filter::Scratch;
use crate::io::{Content, InputText};
use crate::report::{Name, Origin, Stats, document_records};
use anyhow::{Result, anyhow};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walk::complaint;
use witness::Observer;

pub use files::{Job, Reports};
use records::{Interrupted, RecordOptions};
pub use tables::{open_table, table_as_lines};

/// What is done with cleaned documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// They are written.
    Clean,
    /// It is only said which ones would change.
    Check,
    /// They are only looked at, by the witness of the options.
    Look,
}

/// Where the cleaned files of a batch go.
#[derive(Clone, Debug)]
pub enum Target {
    /// Below a directory, each at its place.
    Directory(PathBuf),
    /// To this file; for a job of one input.
    File(PathBuf),
    /// To where they came from.
    InPlace,
}

/// How documents are cleaned.
#[derive(Clone, Debug)]
pub struct JobOptions {
    /// The cleaner.
    pub cleaner: Cleaner,
    /// What is done with what it finds.
    pub action: Action,
    /// The encoding of all inputs, if it is not UTF-8.
    pub encoding: Option<&'static encoding_rs::Encoding>,
    /// The largest input that is cleaned, in bytes.
    pub max_document: u64,
    /// Whether invalid text is an error.
    pub strict: bool,
    /// Whether existing outputs are replaced.
    pub force: bool,
    /// Whether removal records are wanted.
    pub records: bool,
    /// Whether it is wanted what is wrong with which record.
    pub damage: bool,
    /// How files of records are read and written.
    pub format: RecordOptions,
    /// Who looks at each document.
    pub witness: Option<Arc<dyn Observer>>,
    /// The language of all documents, if it is known.
    pub language: Option<String>,
    /// The host of all documents, if it is known.
    pub host: Option<String>,
}

/// Something to be told of an input.
#[derive(Debug)]
pub enum Event {
    /// It failed; the others go on.
    Failed(anyhow::Error),
    /// It was passed through unchanged, or passed over, for this reason.
    Passed(String),
    /// It changes, or would: number of removed spans and bytes.
    Changed(usize, usize),
    /// What the witness tells of it, or of one of its records.
    Told(String),
}

/// Who is told what happens.
pub trait EventSink {
    /// Something happened with an input.
    fn event(&mut self, path: &Path, event: Event);

    /// So many more files and bytes are done.
    fn advance(&mut self, files: u64, bytes: u64);
}

/// One input, cleaned.
#[derive(Debug, Default)]
pub struct Handled {
    /// The output; none if it is the same as the input.
    pub output: Option<Vec<u8>>,
    /// The input's bytes.
    pub input: Vec<u8>,
    /// Its figures.
    pub stats: Stats,
    /// Its removal records, as JSON Lines.
    pub records: Vec<u8>,
    /// What was wrong with its records, as JSON Lines.
    pub damage: Vec<u8>,
    /// What is to be told of it.
    pub events: Vec<Event>,
    /// Whether it is to be left out of the output.
    pub passed_over: bool,
}

impl Handled {
    /// Why it failed, if it did.
    fn failure(&self) -> Option<&anyhow::Error> {
        self.events.iter().find_map(|event| {
            if let Event::Failed(error) = event {
                Some(error)
            } else {
                None
            }
        })
    }

    /// Whether the run was stopped before the end of it.
    fn is_interrupted(&self) -> bool {
        self.failure().is_some_and(anyhow::Error::is::<Interrupted>)
    }
}

impl JobOptions {
    /// Cleans the bytes of one input.
    pub fn handle(&self, name: &str, bytes: Vec<u8>, scratch: &mut Scratch) -> Handled {
        let content = Content::new(bytes, self.encoding);
        let trouble = complaint(&content);
        match content {
            Content::Text(text) => self.handle_text(name, text, scratch),
            Content::Binary { .. } => Handled {
                stats: Stats {
                    binary: 1,
                    ..Stats::default()
                },
                events: trouble.map(Event::Passed).into_iter().collect(),
                passed_over: true,
                ..Handled::default()
            },
            Content::Invalid { bytes, .. } if !self.strict => Handled {
                input: bytes,
                stats: Stats {
                    invalid: 1,
                    ..Stats::default()
                },
                events: trouble
                    .map(|trouble| Event::Passed(format!("{trouble}; passed through unchanged")))
                    .into_iter()
                    .collect(),
                ..Handled::default()
            },
            Content::Invalid { .. } => failed(anyhow!(trouble.unwrap_or_default())),
        }
    }

    fn handle_text(&self, name: &str, text: InputText, scratch: &mut Scratch) -> Handled {
        let mut handled = Handled::default();
        let removed = match self.examine(name, &text, scratch, &mut handled) {
            Ok(removed) => removed,
            Err(error) => return failed(error),
        };
        match text.into_rest(&removed) {
            Ok(rest) if removed.is_empty() => Handled {
                input: rest,
                ..handled
            },
            Ok(rest) => Handled {
                output: Some(rest),
                ..handled
            },
            Err((error, input)) => Handled {
                input,
                stats: Stats {
                    invalid: 1,
                    ..Stats::default()
                },
                events: vec![Event::Passed(format!("{error}; passed through unchanged"))],
                ..Handled::default()
            },
        }
    }

    /// Cleans a text, notes all that is to be told of it, and says what is to be removed.
    fn examine(
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
            Outcome::Held { share } => {
                let share = share * 100.0;
                handled.events.push(Event::Passed(format!(
                    "held whole: {share:.1} % would have gone; --max-removed 1 would allow it"
                )));
            }
            Outcome::Clean => {}
        }
        handled.stats.add_document(&cleaned, self.cleaner.rules());
        handled.events.extend(self.look(
            &Name {
                path: name,
                ..Name::default()
            },
            &document,
            &cleaned,
            scratch,
        ));
        if self.records {
            let ranges = removed
                .iter()
                .map(|range| text.source(range.clone()))
                .collect();
            let origin = Origin {
                path: name,
                bytes: text.bytes(),
                encoding: text.encoding(),
                ranges,
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

    /// Has the witness look at a document.
    fn look(
        &self,
        name: &Name<'_>,
        document: &Document<'_>,
        cleaned: &Cleaned<'_>,
        scratch: &mut Scratch,
    ) -> Option<Event> {
        self.witness
            .as_ref()?
            .see(name, document, cleaned, scratch)
            .map(Event::Told)
    }

    /// Adds what is known of all documents.
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

fn failed(error: anyhow::Error) -> Handled {
    Handled {
        stats: Stats {
            failed: 1,
            ..Stats::default()
        },
        events: vec![Event::Failed(error)],
        passed_over: true,
        ..Handled::default()
    }
}
