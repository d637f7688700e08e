//! Runs a job over its inputs, batch by batch. The files of a batch are cleaned in parallel and
//! their outputs staged; then the reports are written, the outputs renamed to their final paths,
//! and the results reported in the order of the inputs. A large file of records and a stream are
//! batches by themselves, cleaned on all threads. This is separate from `input`, which cleans one
//! input, and from `output`, which writes one.

use super::input::{RunFailure, Task, Threads};
use super::journal::{Journal, Lengths, ResumeState};
use super::output::Output;
use super::records::{BatchOutput, BatchStats, Interrupted, OnError};
use super::walk::{InputFile, WalkEntry};
use super::{Event, EventSink, Job, Target};
use crate::io::{Checksum, Codec, Compression, Format, Source, StagedFile, line_slice};
use crate::report::{Stats, display_path};
use anyhow::{Context, Error, Result, anyhow, bail};
use dechaff_core::Scratch;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Size in bytes from which a file of records is cleaned by itself, on all threads.
const LARGE_FILE: u64 = 4 << 20;
/// Bytes between checkpoints of a large file, decompressed.
const CHECKPOINT_INTERVAL: u64 = 16 << 20;
/// Maximum number of files in a batch.
const BATCH_FILES: usize = 512;
/// Size in bytes at which a batch is complete. Its last file may exceed it.
const BATCH_BYTES: u64 = 64 << 20;

/// The files that reports are written to during a job.
#[derive(Debug, Default)]
pub struct Reports {
    /// Removal records.
    pub removed: Option<File>,
    /// Damaged records.
    pub damage: Option<File>,
}

impl Reports {
    /// Appends lines to the removal records and to the damaged records. A report that is not
    /// wanted ignores its lines.
    ///
    /// # Errors
    /// If a report cannot be written.
    pub fn write(&mut self, removed: &[u8], damage: &[u8]) -> Result<()> {
        if let Some(file) = &mut self.removed {
            file.write_all(removed)
                .context("cannot write the removal record")?;
        }
        if let Some(file) = &mut self.damage {
            file.write_all(damage)
                .context("cannot write the report of damaged records")?;
        }
        Ok(())
    }

    /// Flushes the removal records to disk. Outputs may be renamed only afterwards if that
    /// replaces inputs, because removed text then exists nowhere else.
    fn sync(&self) -> Result<()> {
        self.removed
            .as_ref()
            .map_or(Ok(()), File::sync_data)
            .context("cannot write the removal record")
    }

    /// Returns the current lengths of both reports in bytes; `None` for one that is not wanted, or
    /// that is a pipe and has no position.
    fn lengths(&mut self) -> Lengths {
        [&mut self.removed, &mut self.damage]
            .map(|file| file.as_mut().and_then(|file| file.stream_position().ok()))
    }

    /// Truncates both reports to earlier lengths. A report whose length is `None` stays.
    fn truncate(&mut self, lengths: Lengths) {
        for (file, length) in [&mut self.removed, &mut self.damage]
            .into_iter()
            .zip(lengths)
        {
            if let (Some(file), Some(length)) = (file, length) {
                // A pipe cannot be truncated; its reader gets the lines twice.
                let _ = file
                    .set_len(length)
                    .and_then(|()| file.seek(SeekFrom::Start(length)));
            }
        }
    }
}

/// The result of an input, to be counted and reported.
#[derive(Debug, Default)]
struct Handled {
    stats: Stats,
    /// Removal records as JSON Lines, unless they are written already.
    records: Vec<u8>,
    /// Damaged records as JSON Lines, unless they are written already.
    damage: Vec<u8>,
    events: Vec<Event>,
}

impl Handled {
    /// Creates the result of a cleaned input from its statistics, with the events that they imply.
    fn cleaned(mut tally: BatchStats, on_error: OnError) -> Self {
        let events = tally.take_events(on_error);
        Self {
            stats: tally.stats,
            events,
            ..Self::default()
        }
    }

    /// Creates the result of an input that failed: it counts as failed, nothing is written for it,
    /// and the error is its only event.
    fn failed(error: Error) -> Self {
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
}

/// A cleaned file whose output does not have its final name yet.
struct Ready {
    task: Task,
    handled: Handled,
    staged: Option<StagedFile>,
}

/// How far an input is that is cleaned by itself.
struct FileProgress {
    /// Bytes read that were reported as progress.
    consumed: u64,
    /// Position of the last checkpoint in the decompressed input.
    checkpoint: u64,
    /// Lengths of the reports before the input.
    begun: Lengths,
}

/// The state of a running job.
struct BatchRun<'r> {
    stats: Stats,
    /// Outputs so far, if two inputs could have the same one.
    outputs: FxHashSet<PathBuf>,
    reports: &'r mut Reports,
    journal: Option<&'r mut Journal>,
    events: &'r mut dyn EventSink,
}

impl BatchRun<'_> {
    /// Counts and reports an input that failed before it could be opened.
    fn fail(&mut self, path: &Path, error: Error) {
        self.stats.failed += 1;
        if let Some(journal) = &mut self.journal {
            journal.fail(path, &format!("{error:#}"));
        }
        self.events.event(path, Event::Failed(error));
    }

    /// Returns whether an earlier run finished the file. If that run was interrupted in the file,
    /// stores the checkpoint in `task`. If the input changed since, reports that, and has
    /// everything that follows cleaned again too if there are reports: their lines are in the order
    /// of the inputs and can only be truncated.
    fn is_done(&mut self, task: &mut Task) -> bool {
        let Some(journal) = &mut self.journal else {
            return false;
        };
        task.owned = journal.owns(&task.file.output_path);
        match journal.resume(&task.file) {
            ResumeState::New => {}
            ResumeState::Done(stats) => {
                self.stats.merge(&stats);
                return true;
            }
            ResumeState::Checkpoint(checkpoint) => task.checkpoint = Some(checkpoint),
            ResumeState::Changed => {
                self.events.event(
                    &task.file.path,
                    Event::Passed("changed since the earlier run; cleaned again".to_owned()),
                );
                if self.reports.removed.is_some() || self.reports.damage.is_some() {
                    self.reports.truncate(journal.discard_rest());
                }
            }
        }
        false
    }

    /// Writes a batch of an input that is cleaned by itself: its progress, its report lines and
    /// events, its output and, every [`CHECKPOINT_INTERVAL`] bytes, a checkpoint. Before the
    /// checkpoint is written, the output and the removal records that it refers to are flushed to
    /// disk.
    fn add_batch(
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
            .write(&batch.records, &batch.damage)
            .map_err(RunFailure)?;
        for event in tally.events.drain(..) {
            self.events.event(&task.file.path, event);
        }
        let Some(output) = output else {
            return Ok(());
        };
        output.append(&batch.output)?;
        if let (Some(journal), Some(end)) = (&mut self.journal, batch.end)
            && end.offset - progress.checkpoint >= CHECKPOINT_INTERVAL
            && let Some(written) = output.sync()?
        {
            progress.checkpoint = end.offset;
            let lengths = self.reports.lengths();
            self.reports
                .sync()
                .and_then(|()| {
                    journal.checkpoint(&task.file, end, written, tally, lengths, progress.begun)
                })
                .map_err(RunFailure)?;
        }
        Ok(())
    }

    /// Counts and reports a file whose output has its final name, or that failed, and records it in
    /// the journal. `lengths` are those of the reports with the lines of the file.
    fn settle(
        &mut self,
        file: &InputFile,
        handled: Handled,
        sum: Option<Checksum>,
        lengths: Lengths,
    ) -> Result<()> {
        self.stats.merge(&handled.stats);
        if let Some(journal) = &mut self.journal {
            match handled.failure() {
                Some(error) => journal.fail(&file.path, &format!("{error:#}")),
                None => journal.finish(file, sum, &handled.stats, lengths)?,
            }
        }
        for event in handled.events {
            self.events.event(&file.path, event);
        }
        Ok(())
    }
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
            let mut task = Task {
                file,
                slice: None,
                owned: false,
                checkpoint: None,
            };
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

    /// If shards share the only input, sets the slice of this shard and adds the shard to the name
    /// of the output: `pages.jsonl` becomes `pages.1-of-8.jsonl`.
    fn slice(&self, task: &mut Task) -> Result<()> {
        let Some(shard) = self.shard.filter(|_| self.slices_input()) else {
            return Ok(());
        };
        let file = File::open(&task.file.path).context("cannot be opened")?;
        task.slice = Some(line_slice(&file, shard.index, shard.count).context("cannot be read")?);
        let output_path = &task.file.output_path;
        let name = output_path.file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
        let sliced = output_path.with_file_name(format!(
            "{stem}.{}-of-{}{}{extension}",
            shard.index,
            shard.count,
            if extension.is_empty() { "" } else { "." }
        ));
        task.file.output_path = sliced;
        Ok(())
    }

    /// Returns whether shards share one file instead of a list of files: if the only input is
    /// uncompressed JSON Lines, which can be read from any line, and outputs go elsewhere.
    fn slices_input(&self) -> bool {
        let ([path], []) = (self.inputs.paths.as_slice(), self.inputs.listed.as_slice()) else {
            return false;
        };
        if matches!(self.target, Target::InPlace | Target::Nowhere) || !path.is_file() {
            return false;
        }
        File::open(path)
            .map_err(Error::from)
            .and_then(|file| Source::new(path, file, self.options.format.format))
            .is_ok_and(|source| {
                source.format == Format::JsonLines && source.compression == Compression::None
            })
    }

    /// Returns `output_path` with the extensions of the output's format and compression, if these
    /// are given as options and outputs go to a directory. Parquet keeps its name unless it is
    /// converted, as it is compressed inside.
    fn renamed(&self, output_path: &Path) -> PathBuf {
        let options = &self.options.format;
        if !matches!(self.target, Target::Directory(_))
            || (options.target.is_none() && options.codec.is_none())
        {
            return output_path.to_owned();
        }
        let name = output_path.file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let (compression, uncompressed) = Compression::of_name(&name);
        if options.target.is_none() && Format::from_path(output_path) == Some(Format::Parquet) {
            return output_path.to_owned();
        }
        let codec = options.codec_or(|| Codec::of(compression));
        let (stem, extension) = options.target.map_or((uncompressed, ""), |target| {
            (
                Format::strip_extensions(uncompressed),
                target.extension().unwrap_or_default(),
            )
        });
        output_path.with_file_name(format!(
            "{stem}{extension}{}",
            codec.compression.extension()
        ))
    }

    /// Returns an error if `file` would overwrite the output of an earlier input, or is the same
    /// file and cleaned in place. Otherwise adds its output to `outputs`. Skips the comparison
    /// where outputs must differ: in a single tree without links and format conversion.
    fn clash(&self, file: &InputFile, outputs: &mut FxHashSet<PathBuf>) -> Option<Error> {
        let may_repeat = self.inputs.paths.len() + self.inputs.listed.len() > 1
            || self.options.format.target.is_some();
        let is_written = !matches!(self.target, Target::Nowhere);
        if !is_written || !(may_repeat || self.inputs.follow_links) {
            return None;
        }
        if matches!(self.target, Target::InPlace) {
            let real = fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone());
            return (!outputs.insert(real))
                .then(|| anyhow!("is the same file as another input; it is cleaned once"));
        }
        (may_repeat && !outputs.insert(file.output_path.clone())).then(|| {
            anyhow!(
                "another input is already written to '{}'; clean it on its own",
                file.output_path.display()
            )
        })
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

    /// Refuses to write reports into an input directory, where the walk would find them as inputs.
    /// Paths are compared with links resolved.
    ///
    /// # Errors
    /// If one of the reports lies in a directory that is to be cleaned.
    pub fn check_reports<'p>(&self, reports: impl Iterator<Item = &'p PathBuf>) -> Result<()> {
        for report in reports {
            let path = absolute(report);
            if let Some(input) = self
                .inputs
                .paths
                .iter()
                .find(|input| input.is_dir() && path.starts_with(absolute(input)))
            {
                bail!(
                    "{} lies inside the input {}; choose a path outside of it",
                    report.display(),
                    input.display()
                );
            }
        }
        Ok(())
    }

    /// Refuses an output directory that is an input directory or lies in one, where the walk would
    /// find outputs as inputs, and an output directory that exists as a file.
    ///
    /// # Errors
    /// If the output directory is refused.
    pub fn check_target(&self) -> Result<()> {
        let Target::Directory(output) = &self.target else {
            return Ok(());
        };
        if output.exists() && !output.is_dir() {
            bail!(
                "--output {} is a file, and several files need a directory",
                output.display()
            );
        }
        let output_path = absolute(output);
        for input in self.inputs.paths.iter().filter(|path| path.is_dir()) {
            let input_path = absolute(input);
            if output_path == input_path {
                bail!(
                    "--output is the input directory {}; use --in-place to change files where \
                     they are",
                    input.display()
                );
            }
            if output_path.starts_with(&input_path) {
                bail!(
                    "--output {} lies inside the input {}; choose a directory outside of it",
                    output.display(),
                    input.display()
                );
            }
        }
        Ok(())
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

/// Returns `path` as an absolute path. Links are resolved in the longest part of it that exists,
/// as an output usually does not exist yet.
fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (fs::canonicalize(ancestor), path.strip_prefix(ancestor)) {
            return real.join(rest);
        }
    }
    path
}
