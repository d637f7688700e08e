//! The result of cleaning a batch of records or rows, or an input that is one text: bytes of the
//! output, lines of the reports, statistics and events.

use super::Event;
use super::options::OnError;
use crate::io::Start;
use crate::report::Stats;
use anyhow::Error;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The result of cleaning a batch.
#[derive(Debug, Default)]
pub struct BatchOutput {
    /// Bytes to append to the output.
    pub output: Vec<u8>,
    /// Removal records as JSON Lines.
    pub records: Vec<u8>,
    /// Damaged records as JSON Lines.
    pub damage: Vec<u8>,
    /// What is kept of each document, as JSON Lines.
    pub maps: Vec<u8>,
    /// Bytes of the input, compressed as it is, that have been read so far.
    pub consumed: u64,
    /// End of the batch in the decompressed input. `None` if the output cannot be resumed there.
    pub end: Option<Start>,
    /// Lines of the batch, if findings are wanted. Those of its findings are counted from its start.
    pub lines: u64,
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
    /// Number of damaged records with the reason of the first, as far as it is known: a lower bound
    /// unless it is that of all damaged records.
    #[serde(default)]
    pub damaged_alike: u64,
    /// Events to report: results of the observer, and why an input is passed through.
    #[serde(skip)]
    pub events: Vec<Event>,
    /// Whether the output differs from the input.
    pub differs: bool,
    /// What happened to damaged records.
    #[serde(skip)]
    pub on_error: OnError,
}

impl BatchOutput {
    /// Moves the findings of the batch to where it is in its input, after `lines` lines.
    pub fn move_findings(&mut self, lines: u64) {
        for event in &mut self.tally.events {
            if let Event::Found(finding) = event {
                finding.move_down(lines);
            }
        }
    }
}

impl Clone for BatchStats {
    /// Clones everything except the events, which a clone has none of: they are reported once, and
    /// clones are only written to checkpoints.
    fn clone(&self) -> Self {
        Self {
            stats: self.stats.clone(),
            spans: self.spans,
            first_damage: self.first_damage.clone(),
            damaged_alike: self.damaged_alike,
            events: Vec::new(),
            differs: self.differs,
            on_error: self.on_error,
        }
    }
}

impl BatchStats {
    /// Adds the statistics of the next batch. Batches must be added in order, so that the first
    /// damaged record stays the first and events stay sorted.
    pub fn add(&mut self, next: Self) {
        self.stats.merge(&next.stats);
        self.spans += next.spans;
        self.add_damage(next.first_damage, next.damaged_alike);
        self.events.extend(next.events);
        self.differs |= next.differs;
    }

    /// Adds damaged records, `alike` of which have the reason of the first one.
    fn add_damage(&mut self, first: Option<(u64, String)>, alike: u64) {
        match (&self.first_damage, first) {
            (None, first) => (self.first_damage, self.damaged_alike) = (first, alike),
            (Some((_, own)), Some((_, reason))) if *own == reason => self.damaged_alike += alike,
            _ => {}
        }
    }

    /// Notes that the record `number` is damaged, for this reason.
    pub fn note_damage(&mut self, number: u64, reason: &str) {
        self.add_damage(Some((number, reason.to_owned())), 1);
    }

    /// Returns the events of a finished file: those of its batches, which are taken out, a note on
    /// damaged records that names the first one, and the number of removals.
    pub fn take_events(&mut self) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.events);
        if let Some((number, reason)) = &self.first_damage {
            let action = if self.on_error == OnError::Drop {
                "left out"
            } else {
                "passed through unchanged"
            };
            let records = match self.stats.damaged {
                1 => format!("record {number} {reason}"),
                count if count == self.damaged_alike => format!(
                    "{count} records {}, the first is record {number}",
                    of_several(reason)
                ),
                count => format!(
                    "{count} records were not cleaned, such as record {number}, which {reason}"
                ),
            };
            events.push(Event::Passed(format!("{records}; {action}")));
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

/// Returns the predicate `reason`, which is about one record, as one about several.
fn of_several(reason: &str) -> Cow<'_, str> {
    let verbs = [
        ("has ", "have "),
        ("is ", "are "),
        ("holds ", "hold "),
        ("already has ", "already have "),
    ];
    verbs
        .iter()
        .find_map(|(one, several)| Some((several, reason.strip_prefix(one)?)))
        .map_or(Cow::Borrowed(reason), |(several, rest)| {
            format!("{several}{rest}").into()
        })
}

/// The error of a run that was stopped from outside.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the note on damaged records of batches with these numbers and reasons.
    fn note(batches: &[&[(u64, &str)]]) -> String {
        let mut whole = BatchStats::default();
        for records in batches {
            let mut batch = BatchStats::default();
            for (number, reason) in *records {
                batch.stats.damaged += 1;
                batch.note_damage(*number, reason);
            }
            whole.add(batch);
        }
        match whole.take_events().remove(0) {
            Event::Passed(note) => note,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn records_without_the_field_are_called_that() {
        let missing = "has no field 'text'";
        assert_eq!(
            note(&[&[(3, missing)]]),
            "record 3 has no field 'text'; passed through unchanged"
        );
        assert_eq!(
            note(&[&[], &[(3, missing), (4, missing)], &[(9, missing)]]),
            "3 records have no field 'text', the first is record 3; passed through unchanged"
        );
        for mixed in [
            &[&[(3, missing), (4, "is not JSON")][..]][..],
            &[&[(3, missing)], &[(4, "is not JSON"), (5, missing)]],
        ] {
            assert!(
                note(mixed).contains(
                    "records were not cleaned, such as record 3, which has no field 'text'"
                ),
                "{}",
                note(mixed)
            );
        }
    }
}
