//! Runs a job over its inputs, batch by batch. The files of a batch are cleaned in parallel and
//! their outputs staged; then the reports are written, the outputs renamed to their final paths,
//! and the results reported in the order of the inputs. A large file of records and a stream are
//! batches by themselves, cleaned on all threads. This is separate from `input`, which cleans one
//! input, and from `output`, which writes one.

use super::batch::BatchStats;
use super::input::{RunFailure, Threads};
use super::journal::{Journal, Lengths};
use super::output::Output;
use super::reports::Reports;
use super::run::{BatchRun, FileProgress, Handled};
use super::spill::{Spill, WaitingLines};
use super::tasks::Task;
use super::walk::{InputFile, WalkEntry};
use super::{Event, EventSink, Job, Target};
use crate::io::fs;
use crate::io::{
    Checksum, Compression, DirectorySync, FileState, StagedFile, directory_of, is_temporary,
    other_names, remove_abandoned, remove_abandoned_in, sync_staged,
};
use crate::report::{Stats, display_path};
use anyhow::{Error, Result, bail};
use dechaff_core::Scratch;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// How many times larger a compressed file of records is assumed to be when it is decompressed. Text
/// usually shrinks to less than a third.
const USUAL_RATIO: u64 = 4;
/// Maximum number of files in a batch.
const BATCH_FILES: usize = 512;
/// Maximum number of files in a batch that is cleaned in place. Their temporary files stay open, to
/// be locked, and a process may have 256 open files on some systems.
const BATCH_FILES_IN_PLACE: usize = 128;
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
        self.remove_abandoned_files();
        let slices = self.slices_input()?;
        if let Some(journal) = &journal {
            reports.truncate(journal.lengths())?;
        }
        let mut run = BatchRun {
            stats: Stats::default(),
            replaced: FxHashSet::default(),
            reports,
            journal: journal.as_mut(),
            directories: DirectorySync::default(),
            sync: self.options.sync,
            checkpoint_interval: self.options.sizes.checkpoint,
            events,
        };
        let shard = self.shard.filter(|_| !slices);
        let mut files_seen = 0;
        let mut entries = self.inputs.walk().filter(|entry| {
            let Some(shard) = shard else {
                return true;
            };
            if matches!(entry, WalkEntry::File(_)) {
                files_seen += 1;
                (files_seen - 1) % shard.count == shard.index - 1
            } else {
                // Only one shard counts and reports what is not a file. If nothing is written, all
                // shards are of one run, which has to know which of them missed files.
                let is_missed = matches!(entry, WalkEntry::Failed(..));
                shard.index == 1 || (is_missed && matches!(self.target, Target::Nowhere))
            }
        });
        loop {
            let (batch, alone) = self.next_batch(&mut entries, &mut run)?;
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
        if !self.stop.load(Ordering::Relaxed) {
            // Inputs that are no longer there may have lines at the end of the reports.
            run.discard_rest()?;
        }
        if self.options.sync {
            run.reports.sync()?;
        }
        let stats = run.stats;
        if let Some(journal) = journal.filter(|_| !self.stop.load(Ordering::Relaxed)) {
            journal.end(&stats)?;
        }
        Ok(stats)
    }

    /// Cleans the files of a batch in parallel, then writes their report lines, claims their
    /// outputs in the journal, renames the outputs, and reports the files in order. If the run is
    /// stopped, only the files before the first unfinished one count, so that report lines stay in
    /// the order of the inputs. Each step waits for the disk before the next one begins.
    fn run_batch(&self, batch: Vec<Task>, run: &mut BatchRun<'_>) -> Result<()> {
        let spill = Spill::new(self.options.sizes.waiting_lines);
        let prepared: Vec<Option<Ready>> = batch
            .into_par_iter()
            .map_init(Scratch::default, |scratch, task| {
                (!self.stop.load(Ordering::Relaxed)).then(|| self.prepare(task, scratch, &spill))
            })
            .collect();
        let mut ready: Vec<Ready> = prepared
            .into_iter()
            .map_while(|ready| ready.filter(|ready| !ready.handled.is_interrupted()))
            .collect();
        if self.options.sync {
            sync_ready(&mut ready);
        }
        if ready
            .iter()
            .any(|ready| ready.task.is_retried && ready.handled.failure().is_none())
        {
            // Its lines come before those that the reports have.
            run.discard_rest()?;
        }
        let mut lengths = Vec::with_capacity(ready.len());
        for ready in &ready {
            let handled = &ready.handled;
            let reports = &mut *run.reports;
            handled
                .records
                .write(&spill, |lines| reports.write([lines, &[], &[]]))?;
            handled
                .damage
                .write(&spill, |lines| reports.write([&[], lines, &[]]))?;
            handled
                .maps
                .write(&spill, |lines| reports.write([&[], &[], lines]))?;
            lengths.push(run.reports.lengths());
        }
        if self.options.sync || matches!(self.target, Target::InPlace) {
            run.reports.sync()?;
        }
        if let Some(journal) = &mut run.journal {
            journal.claim(
                ready
                    .iter()
                    .filter(|ready| ready.handled.failure().is_none())
                    .map(|ready| ready.task.journal_path())
                    .collect(),
            )?;
        }
        let targets: Vec<PathBuf> = ready
            .iter()
            .filter_map(|ready| ready.staged.as_ref())
            .map(|staged| staged.target().to_owned())
            .collect();
        let committed: Vec<(InputFile, Handled, Option<Checksum>)> = ready
            .into_par_iter()
            .map(|ready| match self.commit(&ready.task.file, ready.staged) {
                Ok(sum) => (ready.task.file, ready.handled, sum),
                Err(error) => {
                    let handled = Handled {
                        has_lines: true,
                        ..Handled::failed(error)
                    };
                    (ready.task.file, handled, None)
                }
            })
            .collect();
        if self.options.sync {
            run.directories.sync(&targets)?;
        }
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
    fn run_alone(&self, mut task: Task, run: &mut BatchRun<'_>) -> Result<()> {
        task.file.state = self.state(&task.file);
        let begun = match &task.checkpoint {
            Some(checkpoint) => checkpoint.begun,
            None => run.reports.lengths(),
        };
        let mut progress = FileProgress {
            consumed: 0,
            checkpoint: task
                .checkpoint
                .as_ref()
                .map_or(0, |checkpoint| checkpoint.start.offset),
            begun,
        };
        let cleaned = self.clean_input(
            &task,
            Threads::All,
            &mut Scratch::default(),
            &mut |batch, output, tally| run.add_batch(&task, &mut progress, batch, output, tally),
        );
        let committed =
            cleaned.and_then(|(tally, output)| self.commit_alone(&task, tally, output, begun, run));
        let committed = match committed.map_err(Error::downcast::<RunFailure>) {
            Ok(committed) => Ok(committed),
            Err(Ok(RunFailure(error))) => return Err(error),
            Err(Err(error)) => Err(error),
        };
        let (handled, sum) = match committed {
            Ok((tally, links, sum)) => {
                let mut handled = Handled::cleaned(tally);
                handled.events.extend(links);
                (handled, sum)
            }
            Err(error) if self.inputs.stream.is_some() => {
                return Err(error.context(display_path(&task.file.path)));
            }
            Err(error) => (Handled::failed(error), None),
        };
        if handled.is_interrupted() {
            if !self.is_resumable() {
                run.reports.truncate(begun)?;
            }
            return Ok(());
        }
        if handled.failure().is_some() {
            if let Some(journal) = &mut run.journal {
                journal.discard_checkpoints()?;
            }
            run.reports.truncate(begun)?;
        }
        let lengths = run.reports.lengths();
        run.settle(&task.file, handled, sum, lengths)?;
        run.events.advance(1, task.file.size - progress.consumed);
        Ok(())
    }

    /// Moves the output of a large file to its final path, when its report lines are written and the
    /// journal has claimed the path. `begun` are the lengths of the reports before the file.
    ///
    /// # Errors
    /// A [`RunFailure`] if the reports or the journal fail, another error if the file does.
    fn commit_alone(
        &self,
        task: &Task,
        tally: BatchStats,
        output: Output,
        begun: Lengths,
        run: &mut BatchRun<'_>,
    ) -> Result<(BatchStats, Option<Event>, Option<Checksum>)> {
        let staged = output.finish()?;
        self.check_unchanged(&task.file)?;
        if !tally.differs && task.slice.is_none() {
            // All that they say is that nothing was removed.
            if let Some(journal) = &mut run.journal {
                journal.discard_checkpoints().map_err(RunFailure)?;
            }
            run.reports
                .truncate([begun[0], None, None])
                .map_err(RunFailure)?;
        }
        if let Some(staged) = staged.as_ref().filter(|_| self.options.sync) {
            sync_staged(&[staged]).into_iter().collect::<Result<()>>()?;
        }
        if self.options.sync || matches!(self.target, Target::InPlace) {
            run.reports.sync().map_err(RunFailure)?;
        }
        if let Some(journal) = &mut run.journal {
            journal
                .claim(vec![task.journal_path()])
                .map_err(RunFailure)?;
        }
        let links = self.hard_links(&task.file, staged.as_ref());
        let target = staged.as_ref().map(|staged| staged.target().to_owned());
        let sum = self.commit(&task.file, staged)?;
        if let Some(target) = target.filter(|_| self.options.sync) {
            // The output has its name, so the report lines stay.
            run.directories.sync(&[target]).map_err(RunFailure)?;
        }
        Ok((tally, links, sum))
    }

    /// Returns the files of the next batch, and an input to clean by itself after them, if one
    /// ended the batch: a large file of records, or a stream. Both are empty at the end. Files that
    /// an earlier run finished are left out; inputs that cannot be read or share an output with
    /// another input are reported here.
    fn next_batch(
        &self,
        entries: &mut dyn Iterator<Item = WalkEntry>,
        run: &mut BatchRun<'_>,
    ) -> Result<(Vec<Task>, Option<Task>)> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let max_files = if matches!(self.target, Target::InPlace) {
            BATCH_FILES_IN_PLACE
        } else {
            BATCH_FILES
        };
        while batch.len() < max_files && bytes < BATCH_BYTES {
            let file = match entries.next() {
                Some(WalkEntry::File(file)) => file,
                Some(WalkEntry::Special) => {
                    run.stats.special += 1;
                    continue;
                }
                Some(WalkEntry::Own(path)) => {
                    self.leave_out(&path, run);
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
            if let Some(repeated) = self.repeated(file, &mut run.replaced) {
                run.fail(&file.path, repeated);
                continue;
            }
            if run.is_done(&mut task)? {
                run.events.advance(1, task.file.size);
                continue;
            }
            if task.is_retried {
                // What follows depends on whether it fails again.
                batch.push(task);
                return Ok((batch, None));
            }
            if self.inputs.stream.is_some() || self.is_large(&task.file) {
                return Ok((batch, Some(task)));
            }
            bytes += task.file.size;
            batch.push(task);
        }
        Ok((batch, None))
    }

    /// Deletes the temporary files that killed runs left beside the outputs whose directories are
    /// known in advance. Others are found by the walk.
    fn remove_abandoned_files(&self) {
        let directories: Vec<&Path> = match &self.target {
            Target::Nowhere | Target::Stdout(_) => Vec::new(),
            Target::File { path, .. } => vec![directory_of(path)],
            Target::Directory(directory) => vec![directory],
            Target::InPlace => {
                let files = self
                    .inputs
                    .paths
                    .iter()
                    .filter(|path| fs::is_file(path).unwrap_or(false));
                files.map(|path| directory_of(path)).collect()
            }
        };
        for directory in directories.into_iter().collect::<FxHashSet<_>>() {
            remove_abandoned_in(directory);
        }
    }

    /// Reports a file or directory that dechaff wrote and that is no input. The temporary file of a
    /// killed run is deleted instead if files are cleaned in place, as it belongs to such a run.
    fn leave_out(&self, path: &Path, run: &mut BatchRun<'_>) {
        if !is_temporary(path.file_name().unwrap_or_default()) {
            let reason = "left out; files of this name belong to dechaff".to_owned();
            run.events.event(path, Event::Passed(reason));
        } else if matches!(self.target, Target::InPlace) {
            remove_abandoned(path);
        }
    }

    /// Returns whether `file` is a large file of records, which is cleaned on all threads. The size
    /// of a compressed one is estimated.
    fn is_large(&self, file: &InputFile) -> bool {
        let large_file = self.options.sizes.large_file;
        file.size >= large_file / USUAL_RATIO
            && self.open(file).is_ok_and(|source| {
                let is_compressed = source.compression != Compression::None;
                (is_compressed || file.size >= large_file)
                    && self.options.format.has_records(source.format)
            })
    }

    /// Cleans a file and stages its output. A failure is part of the result, so that the other
    /// files of the batch go on. Its report lines wait in `spill` if they are many.
    fn prepare(&self, mut task: Task, scratch: &mut Scratch, spill: &Spill) -> Ready {
        task.file.state = self.state(&task.file);
        let [mut records, mut damage, mut maps] = [(); 3].map(|()| WaitingLines::default());
        let cleaned = self.clean_input(&task, Threads::One, scratch, &mut |batch, output, _| {
            records.append(&mut batch.records, spill)?;
            damage.append(&mut batch.damage, spill)?;
            maps.append(&mut batch.maps, spill)?;
            output.map_or(Ok(()), |output| output.append(&batch.output))
        });
        let staged = cleaned.and_then(|(tally, output)| {
            let staged = output.finish()?;
            self.check_unchanged(&task.file)?;
            Ok((tally, staged))
        });
        let (handled, staged) = match staged {
            Ok((tally, staged)) => {
                if !tally.differs && task.slice.is_none() {
                    // All that they say is that nothing was removed.
                    records = WaitingLines::default();
                }
                let mut handled = Handled {
                    records,
                    damage,
                    maps,
                    ..Handled::cleaned(tally)
                };
                let links = self.hard_links(&task.file, staged.as_ref());
                handled.events.extend(links);
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

    /// Returns the state of an input, before it is read. A stream has none.
    fn state(&self, file: &InputFile) -> Option<FileState> {
        match self.inputs.stream {
            Some(_) => None,
            None => FileState::of(&file.path),
        }
    }

    /// Checks that an input is still what was read, if an output is to be written for it.
    fn check_unchanged(&self, file: &InputFile) -> Result<()> {
        let is_written = !matches!(self.target, Target::Nowhere | Target::Stdout(_));
        if is_written && self.state(file) != file.state {
            bail!("changed while it was cleaned; nothing was written for it, so clean it again");
        }
        Ok(())
    }

    /// Returns a note if a file that is replaced in place has other names, which keep its text.
    fn hard_links(&self, file: &InputFile, staged: Option<&StagedFile>) -> Option<Event> {
        if !matches!(self.target, Target::InPlace) || staged.is_none() {
            return None;
        }
        let metadata = fs::metadata(&file.path);
        let (names, keep) = match metadata.map_or(0, |metadata| other_names(&metadata)) {
            0 => return None,
            1 => ("1 other name (hard link)".to_owned(), "keeps"),
            count => (format!("{count} other names (hard links)"), "keep"),
        };
        Some(Event::Passed(format!(
            "has {names}, which {keep} the text as it was"
        )))
    }

    /// Renames the staged output of `file`, if there is one, to its final path. Returns its size
    /// and hash if it was staged with them. An input is compared once more before it is replaced.
    fn commit(&self, file: &InputFile, staged: Option<StagedFile>) -> Result<Option<Checksum>> {
        let Some(staged) = staged else {
            return Ok(None);
        };
        if matches!(self.target, Target::InPlace) {
            self.check_unchanged(file)?;
        }
        let sum = staged.checksum().cloned();
        staged.commit()?;
        Ok(sum)
    }
}

/// Waits until the outputs of `ready` are on the disk. An output that cannot be written there makes
/// its input fail.
fn sync_ready(ready: &mut [Ready]) {
    let staged: Vec<&StagedFile> = ready
        .iter()
        .filter_map(|ready| ready.staged.as_ref())
        .collect();
    let outcomes = sync_staged(&staged);
    let with_output = ready.iter_mut().filter(|ready| ready.staged.is_some());
    for (ready, outcome) in with_output.zip(outcomes) {
        if let Err(error) = outcome {
            ready.staged = None;
            ready.handled = Handled::failed(error);
        }
    }
}
