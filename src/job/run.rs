//! The state of a running job: its statistics, reports and journal. Results of inputs are added to it
//! in the order of the inputs.

use super::batch::{BatchOutput, BatchStats, Interrupted};
use super::input::RunFailure;
use super::journal::{Journal, Lengths, ResumeState};
use super::output::Output;
use super::reports::Reports;
use super::spill::WaitingLines;
use super::tasks::Task;
use super::walk::InputFile;
use super::{Event, EventSink};
use crate::io::{Checksum, DirectorySync};
use crate::report::{Stats, record_path};
use anyhow::{Error, Result};
use rustc_hash::FxHashSet;
use std::path::{Path, PathBuf};

/// The result of an input, to be counted and reported.
#[derive(Debug, Default)]
pub(super) struct Handled {
    pub(super) stats: Stats,
    /// Removal records as JSON Lines, unless they are written already.
    pub(super) records: WaitingLines,
    /// Damaged records as JSON Lines, unless they are written already.
    pub(super) damage: WaitingLines,
    /// Maps of offsets as JSON Lines, unless they are written already.
    pub(super) maps: WaitingLines,
    pub(super) events: Vec<Event>,
    /// Whether the reports have lines of an input that failed.
    pub(super) has_lines: bool,
}

impl Handled {
    /// Creates the result of a cleaned input from its statistics, with the events that they imply.
    pub(super) fn cleaned(mut tally: BatchStats) -> Self {
        let events = tally.take_events();
        Self {
            stats: tally.stats,
            events,
            ..Self::default()
        }
    }

    /// Creates the result of an input that failed: it counts as failed, nothing is written for it,
    /// and the error is its only event.
    pub(super) fn failed(error: Error) -> Self {
        Self {
            stats: Stats {
                failed: 1,
                ..Stats::default()
            },
            events: vec![Event::Failed(error)],
            ..Self::default()
        }
    }

    /// Returns the error of an input that failed, or `None` if it was cleaned, passed through or
    /// skipped.
    pub(super) fn failure(&self) -> Option<&Error> {
        self.events.iter().find_map(|event| match event {
            Event::Failed(error) => Some(error),
            _ => None,
        })
    }

    /// Returns whether the run was stopped before the input was finished. Such an input is neither
    /// counted nor reported.
    pub(super) fn is_interrupted(&self) -> bool {
        self.failure().is_some_and(Error::is::<Interrupted>)
    }
}

/// How far an input is that is cleaned by itself.
pub(super) struct FileProgress {
    /// Bytes read that were reported as progress.
    pub(super) consumed: u64,
    /// Position of the last checkpoint in the decompressed input.
    pub(super) checkpoint: u64,
    /// Lengths of the reports before the input.
    pub(super) begun: Lengths,
}

/// The state of a running job.
pub(super) struct BatchRun<'r> {
    pub(super) stats: Stats,
    /// Files cleaned in place so far, if two inputs could be the same one.
    pub(super) replaced: FxHashSet<PathBuf>,
    pub(super) reports: &'r mut Reports,
    pub(super) journal: Option<&'r mut Journal>,
    pub(super) directories: DirectorySync,
    /// Whether checkpoints wait for the disk.
    pub(super) sync: bool,
    /// Bytes between checkpoints of a large file, decompressed.
    pub(super) checkpoint_interval: u64,
    pub(super) events: &'r mut dyn EventSink,
}

impl BatchRun<'_> {
    /// Counts and reports an input that failed before it could be opened.
    pub(super) fn fail(&mut self, path: &Path, error: Error) {
        self.stats.failed += 1;
        if let Some(journal) = &mut self.journal {
            journal.fail(path, &format!("{error:#}"));
        }
        self.events.event(path, Event::Failed(error));
    }

    /// Returns whether an earlier run finished the file. If that run was interrupted in the file,
    /// stores the checkpoint in `task`. If the input or its output changed since, reports that. A
    /// file that is to be cleaned has everything that follows cleaned again too if there are
    /// reports: their lines are in the order of the inputs and can only be truncated. One that failed
    /// before is tried first, because it may fail again.
    pub(super) fn is_done(&mut self, task: &mut Task) -> Result<bool> {
        let Some(journal) = &mut self.journal else {
            return Ok(false);
        };
        task.owned = journal.owns(&task.file.output_path);
        task.part = Some(journal.part(&task.file.output_path));
        match journal.resume(&task.file, self.reports.is_wanted()) {
            ResumeState::New => self.discard_rest()?,
            ResumeState::Failed => task.is_retried = true,
            ResumeState::Done(stats) => {
                self.stats.add_input(&record_path(&task.file.path), &stats);
                return Ok(true);
            }
            ResumeState::Checkpoint(checkpoint) => {
                self.reports.truncate(checkpoint.reports)?;
                task.checkpoint = Some(checkpoint);
            }
            ResumeState::Changed => {
                self.events.event(
                    &task.file.path,
                    Event::Passed("changed since the earlier run; cleaned again".to_owned()),
                );
                self.discard_rest()?;
            }
        }
        Ok(false)
    }

    /// If there are reports, cuts them to the lines of the inputs so far, and has all others
    /// cleaned again.
    pub(super) fn discard_rest(&mut self) -> Result<()> {
        if let Some(journal) = &mut self.journal
            && self.reports.is_wanted()
            && let Some(lengths) = journal.discard_rest()?
        {
            self.reports.truncate(lengths)?;
        }
        Ok(())
    }

    /// Writes a batch of an input that is cleaned by itself: its progress, its report lines and
    /// events, its output and, every `checkpoint_interval` bytes, a checkpoint. Before the
    /// checkpoint is written, the output and the removal records that it refers to are on the disk,
    /// unless the run does not wait for it.
    pub(super) fn add_batch(
        &mut self,
        task: &Task,
        progress: &mut FileProgress,
        batch: &mut BatchOutput,
        output: Option<&mut Output>,
        tally: &mut BatchStats,
    ) -> Result<()> {
        let consumed = batch.consumed.min(task.file.size);
        self.events
            .advance(0, consumed.saturating_sub(progress.consumed));
        progress.consumed = progress.consumed.max(consumed);
        self.reports
            .write([&batch.records, &batch.damage, &batch.maps])
            .map_err(RunFailure)?;
        for event in tally.events.drain(..) {
            self.events.event(&task.file.path, event);
        }
        let Some(output) = output else {
            return Ok(());
        };
        output.append(&batch.output)?;
        if let (Some(journal), Some(end)) = (&mut self.journal, batch.end)
            && end.offset - progress.checkpoint >= self.checkpoint_interval
            && let Some(written) = output.sync(self.sync)?
        {
            progress.checkpoint = end.offset;
            let lengths = self.reports.lengths();
            if self.sync {
                self.reports.sync().map_err(RunFailure)?;
            }
            journal
                .checkpoint(&task.file, end, written, tally, lengths, progress.begun)
                .map_err(RunFailure)?;
        }
        Ok(())
    }

    /// Counts and reports a file whose output has its final name, or that failed, and records it in
    /// the journal. `lengths` are those of the reports with the lines of the file.
    pub(super) fn settle(
        &mut self,
        file: &InputFile,
        handled: Handled,
        sum: Option<Checksum>,
        lengths: Lengths,
    ) -> Result<()> {
        self.stats
            .add_input(&record_path(&file.path), &handled.stats);
        if let Some(journal) = &mut self.journal {
            match handled.failure() {
                Some(error) if handled.has_lines => {
                    journal.fail(&file.path, &format!("{error:#}"));
                }
                Some(error) => journal.fail_input(file, &format!("{error:#}"))?,
                None => journal.finish(file, sum, &handled.stats, lengths)?,
            }
        }
        for event in handled.events {
            self.events.event(&file.path, event);
        }
        Ok(())
    }
}
