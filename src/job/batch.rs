//! The result of cleaning a batch of records or rows, or an input that is one text: bytes of the
//! output, lines of the reports, statistics and events.

use super::Event;
use super::options::OnError;
use crate::io::Start;
use crate::report::Stats;
use anyhow::Error;
use serde::{Deserialize, Serialize};

/// The result of cleaning a batch.
#[derive(Debug, Default)]
pub struct BatchOutput {
    /// Bytes to append to the output.
    pub output: Vec<u8>,
    /// Removal records as JSON Lines.
    pub records: Vec<u8>,
    /// Damaged records as JSON Lines.
    pub damage: Vec<u8>,
    /// Bytes of the input, compressed as it is, that have been read so far.
    pub consumed: u64,
    /// End of the batch in the decompressed input. `None` if the output cannot be resumed there.
    pub end: Option<Start>,
    /// Statistics and events.
    pub tally: BatchStats,
    /// Reason why the file fails.
    pub failure: Option<Error>,
}

/// Statistics and events of one batch or of several consecutive ones.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct BatchStats {
    /// Counts.
    pub stats: Stats,
    /// Number of removed spans.
    pub spans: usize,
    /// Number of the first damaged record and the reason.
    pub first_damage: Option<(u64, String)>,
    /// Events to report: results of the observer, and why an input is passed through.
    #[serde(skip)]
    pub events: Vec<Event>,
    /// Whether the output differs from the input.
    pub differs: bool,
}

impl Clone for BatchStats {
    /// Clones everything except the events, which a clone has none of: they are reported once, and
    /// clones are only written to checkpoints.
    fn clone(&self) -> Self {
        Self {
            stats: self.stats.clone(),
            spans: self.spans,
            first_damage: self.first_damage.clone(),
            events: Vec::new(),
            differs: self.differs,
        }
    }
}

impl BatchStats {
    /// Adds the statistics of the next batch. Batches must be added in order, so that the first
    /// damaged record stays the first and events stay sorted.
    pub fn add(&mut self, next: Self) {
        self.stats.merge(&next.stats);
        self.spans += next.spans;
        self.first_damage = self.first_damage.take().or(next.first_damage);
        self.events.extend(next.events);
        self.differs |= next.differs;
    }

    /// Returns the events of a finished file: those of its batches, which are taken out, a note on
    /// damaged records that names the first one, and the number of removals. `on_error` decides how
    /// the note says what happened to damaged records.
    pub fn take_events(&mut self, on_error: OnError) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.events);
        if let Some((number, reason)) = &self.first_damage {
            let records = match self.stats.damaged {
                1 => format!("record {number}"),
                count => format!("{count} records are damaged, such as record {number}, which"),
            };
            let action = if on_error == OnError::Drop {
                "left out"
            } else {
                "passed through unchanged"
            };
            events.push(Event::Passed(format!("{records} {reason}; {action}")));
        }
        if self.spans > 0 {
            events.push(Event::Changed(
                self.spans,
                self.stats.bytes_removed as usize,
            ));
        }
        events
    }
}

/// The error of a run that was stopped from outside.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;
