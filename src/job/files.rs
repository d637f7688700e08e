//! Runs a job over its inputs, batch by batch. The files of a batch are cleaned in parallel and
//! their outputs staged; then the reports are written, the outputs renamed to their final paths,
//! and the results reported in the order of the inputs. A large file of records and a stream are
//! batches by themselves, cleaned on all threads. This is separate from `input`, which cleans one
//! input, and from `output`, which writes one.

use super::input::{RunFailure, Threads};
use super::journal::Journal;
use super::reports::Reports;
use super::run::{BatchRun, FileProgress, Handled};
use super::tasks::Task;
use super::walk::{InputFile, WalkEntry};
use super::{EventSink, Job, Target};
use crate::io::{Checksum, StagedFile};
use crate::report::{Stats, display_path};
use anyhow::{Error, Result};
use dechaff_core::Scratch;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::sync::atomic::Ordering;

/// Size in bytes from which a file of records is cleaned by itself, on all threads.
const LARGE_FILE: u64 = 4 << 20;
/// Maximum number of files in a batch.
const BATCH_FILES: usize = 512;
/// Size in bytes at which a batch is complete. Its last file may exceed it.
const BATCH_BYTES: u64 = 64 << 20;

/// A cleaned file whose output does not have its final name yet.
struct Ready {
    task: Task,
    handled: Handled,
    staged: Option<StagedFile>,
}

impl Job<'_> {
    /// Cleans all files and returns the statistics. The order of steps in each batch makes a killed
    /// run recoverable: reports are written before outputs get their final names, and the journal
    /// claims these names first. The run resumes what `journal` holds, and ends it unless stopped.
    ///
    /// # Errors
    /// If the target cannot be used with the inputs, a report or the journal cannot be written, or
    /// the input is a stream and fails. Errors of a file are reported to `events` instead, and the
    /// run continues.
    pub fn run(
        &self,
        reports: &mut Reports,
        mut journal: Option<Journal>,
        events: &mut dyn EventSink,
    ) -> Result<Stats> {
        self.check_target()?;
        if let Some(journal) = &journal {
            reports.truncate(journal.lengths());
        }
        let mut run = BatchRun {
            stats: Stats::default(),
            outputs: FxHashSet::default(),
            reports,
            journal: journal.as_mut(),
            events,
        };
        let shard = self.shard.filter(|_| !self.slices_input());
        let mut files_seen = 0;
        let mut entries = self.inputs.walk().filter(|entry| {
            let Some(shard) = shard else {
                return true;
            };
            if matches!(entry, WalkEntry::File(_)) {
                files_seen += 1;
                (files_seen - 1) % shard.count == shard.index - 1
            } else {
                // Only one shard counts and reports what is not a file.
                shard.index == 1
            }
        });
        loop {
            let (batch, alone) = self.next_batch(&mut entries, &mut run);
            let is_last = batch.is_empty() && alone.is_none();
            if is_last || self.stop.load(Ordering::Relaxed) {
                break;
            }
            // A stream is cleaned alone and needs no pool of threads unless it holds records.
            if self.inputs.stream.is_none() {
                self.run_batch(batch, &mut run)?;
            }
            if let Some(task) = alone {
                self.run_alone(task, &mut run)?;
            }
        }
        let stats = run.stats;
        if let Some(journal) = journal.filter(|_| !self.stop.load(Ordering::Relaxed)) {
            journal.end(&stats)?;
        }
        Ok(stats)
    }

    /// Cleans the files of a batch in parallel, then writes their report lines, claims their
    /// outputs in the journal, renames the outputs, and reports the files in order.
    fn run_batch(&self, batch: Vec<Task>, run: &mut BatchRun<'_>) -> Result<()> {
        let ready: Vec<Ready> = batch
            .into_par_iter()
            .filter(|_| !self.stop.load(Ordering::Relaxed))
            .map_init(Scratch::default, |scratch, task| {
                self.prepare(task, scratch)
            })
            .filter(|ready| !ready.handled.is_interrupted())
            .collect();
        let mut lengths = Vec::with_capacity(ready.len());
        for ready in &ready {
            run.reports
                .write(&ready.handled.records, &ready.handled.damage)?;
            lengths.push(run.reports.lengths());
        }
        if matches!(self.target, Target::InPlace) {
            run.reports.sync()?;
        }
        if let Some(journal) = &mut run.journal {
            journal.claim(
                ready
                    .iter()
                    .map(|ready| ready.task.journal_path())
                    .collect(),
            )?;
        }
        let committed: Vec<(InputFile, Handled, Option<Checksum>)> = ready
            .into_par_iter()
            .map(|ready| match commit(ready.staged) {
                Ok(sum) => (ready.task.file, ready.handled, sum),
                Err(error) => (ready.task.file, Handled::failed(error), None),
            })
            .collect();
        for ((file, handled, sum), lengths) in committed.into_iter().zip(lengths) {
            run.settle(&file, handled, sum, lengths)?;
            run.events.advance(1, file.size);
        }
        Ok(())
    }

    /// Cleans a large file of records, or a stream, by itself on all threads. Its report lines are
    /// written as they come; if a file fails, the reports are truncated to their lengths before it.
    /// If the run is stopped, the file counts as not begun, and a journal keeps its last
    /// checkpoint. If a stream fails, the run fails, as there is no other input.
    fn run_alone(&self, task: Task, run: &mut BatchRun<'_>) -> Result<()> {
        let begun = match &task.checkpoint {
            Some(checkpoint) => checkpoint.begun,
            None => run.reports.lengths(),
        };
        let mut progress = FileProgress {
            consumed: 0,
            checkpoint: 0,
            begun,
        };
        let cleaned = self.clean_input(
            &task,
            Threads::All,
            &mut Scratch::default(),
            &mut |batch, output, tally| run.add_batch(&task, &mut progress, batch, output, tally),
        );
        let cleaned = match cleaned.map_err(Error::downcast::<RunFailure>) {
            Ok(cleaned) => Ok(cleaned),
            Err(Ok(RunFailure(error))) => return Err(error),
            Err(Err(error)) => Err(error),
        };
        let committed = cleaned.and_then(|(tally, output)| {
            let staged = output.finish()?;
            if matches!(self.target, Target::InPlace) {
                run.reports.sync()?;
            }
            if let Some(journal) = &mut run.journal {
                journal.claim(vec![task.journal_path()])?;
            }
            Ok((tally, commit(staged)?))
        });
        let (handled, sum) = match committed {
            Ok((tally, sum)) => (Handled::cleaned(tally, self.options.format.on_error), sum),
            Err(error) if self.inputs.stream.is_some() => {
                return Err(error.context(display_path(&task.file.path)));
            }
            Err(error) => (Handled::failed(error), None),
        };
        if handled.is_interrupted() {
            return Ok(());
        }
        if handled.failure().is_some() {
            run.reports.truncate(begun);
        }
        let lengths = run.reports.lengths();
        run.settle(&task.file, handled, sum, lengths)?;
        run.events.advance(1, task.file.size - progress.consumed);
        Ok(())
    }

    /// Returns the files of the next batch, and an input to clean by itself after them, if one
    /// ended the batch: a large file of records, or a stream. Both are empty at the end. Files that
    /// an earlier run finished are left out; inputs that cannot be read or share an output with
    /// another input are reported here.
    fn next_batch(
        &self,
        entries: &mut dyn Iterator<Item = WalkEntry>,
        run: &mut BatchRun<'_>,
    ) -> (Vec<Task>, Option<Task>) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_FILES && bytes < BATCH_BYTES {
            let file = match entries.next() {
                Some(WalkEntry::File(file)) => file,
                Some(WalkEntry::Special) => {
                    run.stats.special += 1;
                    continue;
                }
                Some(WalkEntry::Failed(path, error)) => {
                    run.fail(&path, error);
                    continue;
                }
                None => break,
            };
            let mut task = Task::new(file);
            if let Err(error) = self.slice(&mut task) {
                run.fail(&task.file.path, error);
                continue;
            }
            let file = &mut task.file;
            file.output_path = self.renamed(&file.output_path);
            if let Some(clash) = self.clash(file, &mut run.outputs) {
                run.fail(&file.path, clash);
                continue;
            }
            if run.is_done(&mut task) {
                run.events.advance(1, task.file.size);
                continue;
            }
            if self.inputs.stream.is_some() || self.is_large(&task.file) {
                return (batch, Some(task));
            }
            bytes += task.file.size;
            batch.push(task);
        }
        (batch, None)
    }

    /// Returns whether `file` is a large file of records, which is cleaned on all threads.
    fn is_large(&self, file: &InputFile) -> bool {
        file.size >= LARGE_FILE
            && self
                .open(file)
                .is_ok_and(|source| self.options.format.has_records(source.format))
    }

    /// Cleans a file and stages its output. A failure is part of the result, so that the other
    /// files of the batch go on.
    fn prepare(&self, task: Task, scratch: &mut Scratch) -> Ready {
        let (mut records, mut damage) = (Vec::new(), Vec::new());
        let cleaned = self.clean_input(&task, Threads::One, scratch, &mut |batch, output, _| {
            records.append(&mut batch.records);
            damage.append(&mut batch.damage);
            output.map_or(Ok(()), |output| output.append(&batch.output))
        });
        let staged = cleaned.and_then(|(tally, output)| Ok((tally, output.finish()?)));
        let (handled, staged) = match staged {
            Ok((tally, staged)) => {
                let handled = Handled {
                    records,
                    damage,
                    ..Handled::cleaned(tally, self.options.format.on_error)
                };
                (handled, staged)
            }
            Err(error) => (Handled::failed(error), None),
        };
        Ready {
            task,
            handled,
            staged,
        }
    }
}

/// Renames a staged output, if there is one, to its final path. Returns its size and hash if it
/// was staged with them.
fn commit(staged: Option<StagedFile>) -> Result<Option<Checksum>> {
    let Some(staged) = staged else {
        return Ok(None);
    };
    let sum = staged.checksum().cloned();
    staged.commit()?;
    Ok(sum)
}
