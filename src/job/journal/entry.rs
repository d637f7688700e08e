//! The lines of a journal; the head of [`super`] shows some.

use crate::io::{Checksum, FileState, Start};
use crate::job::batch::BatchStats;
use crate::job::manifest::Plan;
use crate::report::Stats;
use serde::{Deserialize, Serialize};

/// Lengths of the reports in bytes: removal records, damaged records, and maps of offsets; `None` for
/// a report that is not written.
pub type Lengths = [Option<u64>; 3];

/// The properties of an input that show whether it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    pub size: u64,
    /// Time of modification in nanoseconds since 1970, if the file system has it.
    pub modified: Option<u64>,
}

impl From<FileState> for Input {
    fn from(state: FileState) -> Self {
        Self {
            size: state.size,
            modified: state.modified,
        }
    }
}

/// An input that is finished.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finished {
    #[serde(rename = "place")]
    pub output_path: String,
    pub input: Input,
    pub output: Option<Checksum>,
    /// Time of modification of the output, as in [`Input`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub written: Option<u64>,
    pub stats: Stats,
    /// Lengths of the reports after this input.
    pub reports: Lengths,
}

/// An input that failed.
#[derive(Debug, Serialize, Deserialize)]
pub struct FailedInput {
    #[serde(rename = "place")]
    pub output_path: String,
    pub input: Input,
}

/// A large input that is finished up to the end of a record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    #[serde(rename = "place")]
    pub output_path: String,
    pub input: Input,
    /// Position in the decompressed input.
    pub start: Start,
    /// The bytes of the output that belong to the input before that position.
    pub written: Checksum,
    /// Statistics of the input before that position.
    pub tally: BatchStats,
    /// Lengths of the reports at that position.
    pub reports: Lengths,
    /// Lengths of the reports before the input.
    pub begun: Lengths,
}

/// A line of the journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JournalEntry {
    /// What the run does; the first line.
    Plan(Plan),
    /// Outputs that are about to be renamed to their final path, or were in an earlier run.
    #[serde(rename = "ours")]
    Owned(Vec<String>),
    #[serde(rename = "part")]
    Checkpoint(Checkpoint),
    Done(Finished),
    Failed(FailedInput),
    /// Of the inputs that are done, only this many count; the others and all checkpoints are void.
    Kept(usize),
    /// The run finished.
    End,
}
