//! Jobs: what the command does with documents. This file defines what all kinds of work share:
//! inputs, targets and events. Events go to an [`EventSink`], so that nothing here prints. Each
//! submodule is one kind of work: files and trees, restoring, trials on a corpus.

pub mod audit;
mod batch;
pub mod collisions;
pub mod compare;
pub mod corpus;
mod document;
mod encoded;
pub mod eval;
mod files;
#[cfg(any(test, feature = "fuzzing"))]
pub mod in_memory;
mod input;
pub mod journal;
pub mod learn;
pub mod learned;
pub mod manifest;
pub mod observer;
mod options;
mod output;
pub mod parts;
mod pipeline;
mod placement;
pub mod propose;
mod records;
mod reports;
pub mod restore;
pub mod root;
mod run;
pub mod shard;
mod spill;
mod stdin;
mod tables;
mod tasks;
mod text;
mod verdicts;
pub mod walk;

use crate::io::{Compression, Format};
use crate::report::Finding;
use anyhow::Error;
use shard::Shard;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use walk::Inputs;

#[cfg(any(test, feature = "fuzzing"))]
pub use batch::{BatchOutput, BatchStats};
pub use options::{Annotate, JobOptions, OnError, OnHeld, RecordOptions, Sizes};
pub use output::Stdout;
pub use reports::Reports;
pub use stdin::Stdin;

/// Where the outputs of a job go.
#[derive(Clone, Debug)]
pub enum Target {
    /// Nowhere: documents are cleaned to be reported or observed.
    Nowhere,
    /// To standard output. Only for a job whose input is a stream.
    Stdout(Stdout),
    /// To this file. Only for a job with one input.
    File {
        /// Path of the file.
        path: PathBuf,
        /// Compression that its name stands for. `None` if the user did not choose the name; the
        /// file is then compressed as the input is.
        compression: Option<Compression>,
        /// Format that its name stands for, to which records are converted. `None` if the user did
        /// not choose the name, or it stands for no format.
        format: Option<Format>,
    },
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

/// Something that happened to an input.
#[derive(Debug)]
pub enum Event {
    /// The input failed. The job continues with the others.
    Failed(Error),
    /// The input as a whole was not cleaned, but passed through unchanged or skipped, for this
    /// reason.
    Uncleaned(String),
    /// Parts of the input were passed through unchanged or left out, or it was held or cleaned
    /// again, for this reason.
    Passed(String),
    /// What the first bytes of the input led to, such as the delimiter of its fields.
    Note(String),
    /// The input changed, or would change: number of removed spans and of removed bytes.
    Changed(usize, usize),
    /// The input has this, which would be removed.
    Found(Finding),
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
