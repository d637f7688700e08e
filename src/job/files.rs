//! Files and trees, batch by batch: the files of a batch are cleaned in parallel, then recorded, then given their names,
//! and reported in input order. It stands apart from `job`, which knows documents but no files.

use super::journal::{Journal, Lengths, ResumeState};
use super::manifest::Shard;
use super::records::{BatchOutput, BatchStats, Interrupted, RecordCleaner};
use super::tables::table_as_lines;
use super::walk::{InputFile, Inputs, WalkEntry, Whole, other_json, read_up_to};
use super::{Action, Event, EventSink, Handled, JobOptions, Target, failed};
use crate::filter::Scratch;
use crate::io::{
    Checksum, Codec, Compression, Compressor, Format, PartialFile, Permissions, Source, StagedFile,
    slice_of,
};
use crate::report::Stats;
use anyhow::{Context, Result, anyhow, bail};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// A file of records of so many bytes is cleaned by itself.
const LARGE: u64 = 4 << 20;
/// It is noted how far a large file is whenever so many more bytes of it are done.
const NOTE: u64 = 16 << 20;
/// What is passed on as it is goes in pieces of so many bytes.
const PIECE: u64 = 1 << 20;
/// A batch holds at most so many files ...
const BATCH_FILES: usize = 512;
/// ... and begins no further one once it holds so many bytes.
const BATCH_BYTES: u64 = 64 << 20;

/// Files to be cleaned, and where to.
#[derive(Debug)]
pub struct Job<'j> {
    /// How they are cleaned.
    pub options: &'j JobOptions,
    /// Which they are.
    pub inputs: &'j Inputs,
    /// Where the outputs go.
    pub target: Target,
    /// Which part of the inputs, if not all.
    pub shard: Option<Shard>,
    /// Set from outside to stop early; what is finished stays.
    pub stop: &'j AtomicBool,
}

/// Where reports are written while a job runs.
#[derive(Debug, Default)]
pub struct Reports {
    /// Removal records.
    pub removed: Option<File>,
    /// What is wrong with which record.
    pub damage: Option<File>,
}

impl Reports {
    /// Appends lines to both.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&mut self, removed: &[u8], damage: &[u8]) -> Result<()> {
        if let Some(file) = &mut self.removed {
            file.write_all(removed)
                .context("cannot write the removal record")?;
        }
        if let Some(file) = &mut self.damage {
            file.write_all(damage)
                .context("cannot write what is wrong with records")?;
        }
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.removed
            .as_ref()
            .map_or(Ok(()), File::sync_data)
            .context("cannot write the removal record")
    }

    /// How long both are.
    fn lengths(&mut self) -> Lengths {
        [&mut self.removed, &mut self.damage]
            .map(|file| file.as_mut().and_then(|file| file.stream_position().ok()))
    }

    /// Takes back what was written since.
    fn cut(&mut self, lengths: Lengths) {
        for (file, length) in [&mut self.removed, &mut self.damage]
            .into_iter()
            .zip(lengths)
        {
            if let (Some(file), Some(length)) = (file, length) {
                // A pipe cannot take anything back.
                let _ = file
                    .set_len(length)
                    .and_then(|()| file.seek(SeekFrom::Start(length)));
            }
        }
    }
}

/// A file on its way from being cleaned to being in its place.
struct Ready {
    found: InputFile,
    handled: Handled,
    pending: Option<StagedFile>,
}

/// Is given each batch when it is written, with the output and the figures so far.
type Each<'e> = dyn FnMut(&mut BatchOutput, Option<&PartialFile>, &BatchStats) -> Result<()> + 'e;

/// What a job keeps while it runs.
struct BatchRun<'r> {
    stats: Stats,
    /// Places of outputs, where two could be the same.
    outputs: FxHashSet<PathBuf>,
    reports: &'r mut Reports,
    journal: Option<&'r mut Journal>,
    observer: &'r mut dyn EventSink,
}

impl BatchRun<'_> {
    /// Counts an input that cannot even be begun.
    fn fail(&mut self, path: &Path, error: anyhow::Error) {
        self.stats.failed += 1;
        if let Some(journal) = &mut self.journal {
            journal.fail(path, &format!("{error:#}"));
        }
        self.observer.event(path, Event::Failed(error));
    }

    /// Whether an earlier run did a file. If it did a part, the file says so.
    fn is_done(&mut self, found: &mut InputFile) -> bool {
        let Some(journal) = &mut self.journal else {
            return false;
        };
        found.ours = journal.is_ours(&found.place);
        match journal.take(found) {
            ResumeState::New => return false,
            ResumeState::Done(stats) => {
                self.stats.merge(&stats);
                return true;
            }
            ResumeState::Checkpoint(part) => found.part = Some(part),
            ResumeState::Changed => {
                self.observer.event(
                    &found.path,
                    Event::Passed("is not what it was in the earlier run; cleaned anew".to_owned()),
                );
                // Reports are in the order of inputs, so that what follows is cleaned again too.
                if self.reports.removed.is_some() || self.reports.damage.is_some() {
                    self.reports.cut(journal.forget());
                }
            }
        }
        false
    }

    /// Counts, notes and tells what became of a file.
    fn settle(
        &mut self,
        found: &InputFile,
        handled: Handled,
        sum: Option<Checksum>,
        lengths: Lengths,
    ) -> Result<()> {
        self.stats.merge(&handled.stats);
        if let Some(journal) = &mut self.journal {
            match handled.failure() {
                Some(error) => journal.fail(&found.path, &format!("{error:#}")),
                None => journal.finish(found, sum, &handled.stats, lengths)?,
            }
        }
        handled
            .events
            .into_iter()
            .for_each(|event| self.observer.event(&found.path, event));
        Ok(())
    }
}

impl Job<'_> {
    /// Cleans all files: each batch in parallel, then its records are put on disk, then its outputs get their names. A large
    /// file of records is cleaned by itself, on all threads.
    ///
    /// # Errors
    /// If the target makes no sense for the inputs, or a report cannot be written. What concerns one input only goes to
    /// the observer.
    pub fn run(
        &self,
        reports: &mut Reports,
        mut journal: Option<Journal>,
        observer: &mut dyn EventSink,
    ) -> Result<Stats> {
        self.check_target()?;
        if let Some(journal) = &journal {
            reports.cut(journal.lengths());
        }
        let mut run = BatchRun {
            stats: Stats::default(),
            outputs: FxHashSet::default(),
            reports,
            journal: journal.as_mut(),
            observer,
        };
        let (mut number, slices) = (0, self.shard.is_some() && self.slices_input());
        let mut met = self.inputs.walk().filter(|met| {
            let Some(shard) = self.shard.filter(|_| !slices) else {
                return true;
            };
            number += u64::from(matches!(met, WalkEntry::File(_)));
            // What is no file is told of once.
            if matches!(met, WalkEntry::File(_)) {
                (number - 1) % shard.of == shard.index - 1
            } else {
                shard.index == 1
            }
        });
        loop {
            let (batch, large) = self.next_batch(&mut met, &mut run);
            let is_last = batch.is_empty() && large.is_none();
            if is_last || self.stop.load(Ordering::Relaxed) {
                break;
            }
            self.run_batch(batch, &mut run)?;
            if let Some(found) = large {
                self.run_large(found, &mut run)?;
            }
        }
        let stats = run.stats;
        if let Some(journal) = journal.filter(|_| !self.stop.load(Ordering::Relaxed)) {
            journal.end(&stats)?;
        }
        Ok(stats)
    }

    fn run_batch(&self, batch: Vec<InputFile>, run: &mut BatchRun<'_>) -> Result<()> {
        let ready: Vec<Ready> = batch
            .into_par_iter()
            .filter(|_| !self.stop.load(Ordering::Relaxed))
            .map_init(Scratch::default, |scratch, found| {
                self.prepare(found, scratch)
            })
            .collect();
        // Of a file that was interrupted nothing is told.
        let ready: Vec<Ready> = ready
            .into_iter()
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
                    .map(|ready| ready.found.place.to_string_lossy().into_owned())
                    .collect(),
            )?;
        }
        let committed: Vec<(InputFile, Handled, Option<Checksum>)> = ready
            .into_par_iter()
            .map(|ready| {
                let sum = ready
                    .pending
                    .as_ref()
                    .and_then(|pending| pending.sum().cloned());
                match ready.pending.map_or(Ok(()), StagedFile::commit) {
                    Ok(()) => (ready.found, ready.handled, sum),
                    Err(error) => (ready.found, failed(error), None),
                }
            })
            .collect();
        for ((found, handled, sum), lengths) in committed.into_iter().zip(lengths) {
            run.settle(&found, handled, sum, lengths)?;
            run.observer.advance(1, found.size);
        }
        Ok(())
    }

    /// Cleans a large file of records on all threads.
    fn run_large(&self, found: InputFile, run: &mut BatchRun<'_>) -> Result<()> {
        let begun = found
            .part
            .as_ref()
            .map_or_else(|| run.reports.lengths(), |part| part.begun);
        let (mut told, mut noted, mut broken) = (0, 0, None);
        let BatchRun {
            reports,
            journal,
            observer,
            ..
        } = run;
        let mut keep = |error: anyhow::Error| {
            let text = format!("{error:#}");
            broken = Some(error);
            anyhow!(text)
        };
        let each =
            &mut |done: &mut BatchOutput, draft: Option<&PartialFile>, tally: &BatchStats| {
                let consumed = done.consumed.min(found.size);
                observer.advance(0, consumed.saturating_sub(told));
                told = told.max(consumed);
                reports
                    .write(&done.records, &done.damage)
                    .map_err(&mut keep)?;
                // Now and then it is put on disk how far this is.
                if let (Some(journal), Some(draft), Some(end)) = (journal.as_mut(), draft, done.end)
                    && end.offset - noted >= NOTE
                {
                    noted = end.offset;
                    let (written, lengths) = (draft.sync()?, reports.lengths());
                    reports
                        .sync()
                        .and_then(|()| journal.part(&found, end, written, tally, lengths, begun))
                        .map_err(&mut keep)?;
                }
                Ok(())
            };
        let streamed = self
            .open(&found)
            .and_then(|source| self.stream(&found, source, rayon::current_num_threads(), each));
        if let Some(error) = broken {
            return Err(error);
        }
        let committed = streamed.and_then(|(tally, pending)| {
            if matches!(self.target, Target::InPlace) {
                run.reports.sync()?;
            }
            if let Some(journal) = &mut run.journal {
                journal.claim(vec![found.place.to_string_lossy().into_owned()])?;
            }
            let sum = pending.as_ref().and_then(|pending| pending.sum().cloned());
            pending.map_or(Ok(()), StagedFile::commit)?;
            Ok((tally, sum))
        });
        let (handled, sum) = match committed {
            Ok((tally, sum)) => (tallied(tally, self.options), sum),
            Err(error) => (failed(error), None),
        };
        if handled.is_interrupted() {
            return Ok(());
        }
        if handled.failure().is_some() {
            run.reports.cut(begun);
        }
        let lengths = run.reports.lengths();
        run.settle(&found, handled, sum, lengths)?;
        run.observer.advance(1, found.size - told);
        Ok(())
    }

    /// The files of the next batch, and the large file of records that comes behind them.
    fn next_batch(
        &self,
        met: &mut dyn Iterator<Item = WalkEntry>,
        run: &mut BatchRun<'_>,
    ) -> (Vec<InputFile>, Option<InputFile>) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_FILES && bytes < BATCH_BYTES {
            match met.next() {
                Some(WalkEntry::File(mut found)) => {
                    if let Err(error) = self.slice(&mut found) {
                        run.fail(&found.path, error);
                        continue;
                    }
                    found.place = self.renamed(&found.place);
                    if let Some(clash) = self.clash(&found, &mut run.outputs) {
                        run.fail(&found.path, clash);
                        continue;
                    }
                    if run.is_done(&mut found) {
                        run.observer.advance(1, found.size);
                        continue;
                    }
                    if found.size >= LARGE
                        && self
                            .open(&found)
                            .is_ok_and(|source| self.options.format.has_records(source.format))
                    {
                        return (batch, Some(found));
                    }
                    bytes += found.size;
                    batch.push(found);
                }
                Some(WalkEntry::Special) => run.stats.special += 1,
                Some(WalkEntry::Failed(path, error)) => run.fail(&path, error),
                None => break,
            }
        }
        (batch, None)
    }

    /// Where the only input is a file of lines, each shard takes a slice of it.
    fn slice(&self, found: &mut InputFile) -> Result<()> {
        let Some(shard) = self.shard.filter(|_| self.slices_input()) else {
            return Ok(());
        };
        let file = File::open(&found.path).context("cannot be opened")?;
        found.slice = Some(slice_of(&file, shard.index, shard.of).context("cannot be read")?);
        let name = found
            .place
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let (stem, end) = name.rsplit_once('.').unwrap_or((&name, ""));
        let place = found.place.with_file_name(format!(
            "{stem}.{}-of-{}{}{end}",
            shard.index,
            shard.of,
            if end.is_empty() { "" } else { "." }
        ));
        found.place = place;
        Ok(())
    }

    /// Whether the only input is a file of lines that is not compressed.
    fn slices_input(&self) -> bool {
        let ([path], []) = (self.inputs.paths.as_slice(), self.inputs.listed.as_slice()) else {
            return false;
        };
        let source = || Source::new(path, File::open(path)?, self.options.format.format);
        let is_plain = |source: Source<'_>| {
            source.format == Format::JsonLines && source.compression == Compression::None
        };
        !matches!(self.target, Target::InPlace) && path.is_file() && source().is_ok_and(is_plain)
    }

    /// The place of an output whose format or compression is not that of its input.
    fn renamed(&self, place: &Path) -> PathBuf {
        let options = &self.options.format;
        if !matches!(self.target, Target::Directory(_))
            || (options.target.is_none() && options.packing.is_none())
        {
            return place.to_owned();
        }
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let (compression, plain) = Compression::of_name(&name);
        if options.target.is_none() && Format::from_path(place) == Some(Format::Parquet) {
            return place.to_owned();
        }
        let packing = options.packing_or(|| Codec::of(compression));
        let (stem, extension) = options.target.map_or((plain, ""), |target| {
            (
                Format::strip_extensions(plain),
                target.extension().unwrap_or_default(),
            )
        });
        place.with_file_name(format!(
            "{stem}{extension}{}",
            packing.compression.extension()
        ))
    }

    /// What is wrong with a file that would be written where another one is. Within one tree places differ of themselves.
    fn clash(&self, found: &InputFile, outputs: &mut FxHashSet<PathBuf>) -> Option<anyhow::Error> {
        let several = self.inputs.paths.len() + self.inputs.listed.len() > 1;
        let several = several || self.options.format.target.is_some();
        if self.options.action != Action::Clean || !(several || self.inputs.follow_links) {
            return None;
        }
        if matches!(self.target, Target::InPlace) {
            let file = fs::canonicalize(&found.path).unwrap_or_else(|_| found.path.clone());
            return (!outputs.insert(file))
                .then(|| anyhow!("is the same file as another input; it is cleaned once"));
        }
        let clash = || {
            anyhow!(
                "another input is already written to '{}'; clean it on its own",
                found.place.display()
            )
        };
        (several && !outputs.insert(found.place.clone())).then(clash)
    }

    /// Cleans a file and writes its output beside its target.
    fn prepare(&self, found: InputFile, scratch: &mut Scratch) -> Ready {
        match self.try_prepare(&found, scratch) {
            Ok((handled, pending)) => Ready {
                found,
                handled,
                pending,
            },
            Err(error) => Ready {
                found,
                handled: failed(error),
                pending: None,
            },
        }
    }

    fn try_prepare(
        &self,
        found: &InputFile,
        scratch: &mut Scratch,
    ) -> Result<(Handled, Option<StagedFile>)> {
        let name = found.path.to_string_lossy();
        let mut source = self.open(found)?;
        if source.format == Format::OtherJson && self.options.format.target.is_some() {
            bail!("is JSON, but not JSON Lines, and cannot become another format");
        }
        if source.format == Format::OtherJson {
            return self.pass_whole(
                found,
                other_json(),
                Stats {
                    invalid: 1,
                    ..Stats::default()
                },
            );
        }
        if self.options.format.has_records(source.format) {
            let (mut records, mut damage) = (Vec::new(), Vec::new());
            let each = &mut |done: &mut BatchOutput, _: Option<&PartialFile>, _: &BatchStats| {
                records.append(&mut done.records);
                damage.append(&mut done.damage);
                Ok(())
            };
            let (tally, pending) = self.stream(found, source, 1, each)?;
            return Ok((
                Handled {
                    records,
                    damage,
                    ..tallied(tally, self.options)
                },
                pending,
            ));
        }
        let Whole::Read(bytes) = read_up_to(&mut source, found.size, self.options.max_document)?
        else {
            let reason = "is larger than --max-document; passed through unchanged".to_owned();
            return self.pass_whole(
                found,
                reason,
                Stats {
                    too_large: 1,
                    ..Stats::default()
                },
            );
        };
        let mut handled = self.options.handle(&name, bytes, scratch);
        let unchanged = handled.output.is_none();
        let in_place = matches!(self.target, Target::InPlace);
        if self.options.action != Action::Clean || handled.passed_over || (in_place && unchanged) {
            return Ok((handled, None));
        }
        let output = handled
            .output
            .take()
            .unwrap_or_else(|| std::mem::take(&mut handled.input));
        handled.input = Vec::new();
        let output = Compressor::new(self.packing(source.compression))?.packed(output)?;
        let mut draft = self.draft(found)?;
        draft.append(&output)?;
        Ok((handled, Some(draft.finish()?)))
    }

    fn open(&self, found: &InputFile) -> Result<Source<'static>> {
        let file = File::open(&found.path).context("cannot be opened")?;
        Source::new(&found.path, file, self.options.format.format)
    }

    /// Cleans a file of records. Gives its figures, and its output unless there is to be none.
    fn stream(
        &self,
        found: &InputFile,
        source: Source<'_>,
        threads: usize,
        each: &mut Each<'_>,
    ) -> Result<(BatchStats, Option<StagedFile>)> {
        let name = found.path.to_string_lossy();
        let packing = self.packing(source.compression);
        let mut draft = (self.options.action == Action::Clean)
            .then(|| self.draft(found))
            .transpose()?;
        let part = found.part.as_deref();
        let (mut tally, start) =
            part.map_or_else(Default::default, |part| (part.tally.clone(), part.start));
        let stream = RecordCleaner {
            options: self.options,
            name: &name,
            threads,
            packing,
            stop: self.stop,
            slice: found.slice.clone(),
        };
        if self.options.format.is_table(source.format) {
            let file = File::open(&found.path).context("cannot be opened")?;
            let mut nowhere = std::io::sink();
            let out: &mut (dyn Write + Send) = draft.as_mut().map_or(&mut nowhere, |draft| draft);
            stream.run_table(file, out, &mut |mut done| {
                tally.add(std::mem::take(&mut done.tally));
                each(&mut done, None, &tally)
            })?;
            let keeps = matches!(self.target, Target::InPlace) && !tally.differs;
            return Ok((
                tally,
                draft
                    .filter(|_| !keeps)
                    .map(PartialFile::finish)
                    .transpose()?,
            ));
        }
        let source = if source.format == Format::Parquet {
            table_as_lines(&found.path, source, &self.options.format.names)?
        } else {
            source
        };
        let streamed = stream.run(source, start, &mut |mut done| {
            tally.add(std::mem::take(&mut done.tally));
            draft
                .as_mut()
                .map_or(Ok(()), |draft| draft.append(&done.output))?;
            each(&mut done, draft.as_ref(), &tally)
        });
        if let Err(error) = streamed {
            if error.is::<Interrupted>() && self.is_resumable() {
                draft.map_or(Ok(()), PartialFile::leave)?;
            }
            return Err(error);
        }
        let keeps = matches!(self.target, Target::InPlace) && !tally.differs;
        Ok((
            tally,
            draft
                .filter(|_| !keeps)
                .map(PartialFile::finish)
                .transpose()?,
        ))
    }

    /// Passes on a file that is not cleaned.
    fn pass_whole(
        &self,
        found: &InputFile,
        reason: String,
        stats: Stats,
    ) -> Result<(Handled, Option<StagedFile>)> {
        let handled = Handled {
            stats,
            events: vec![Event::Passed(reason)],
            ..Handled::default()
        };
        if self.options.action != Action::Clean || matches!(self.target, Target::InPlace) {
            return Ok((handled, None));
        }
        let mut source = self.open(found)?;
        let mut packer = Compressor::new(self.packing(source.compression))?;
        let mut draft = self.draft(found)?;
        loop {
            let mut piece = Vec::new();
            source
                .reader
                .by_ref()
                .take(PIECE)
                .read_to_end(&mut piece)
                .context("cannot be read")?;
            if piece.is_empty() {
                return Ok((handled, Some(draft.finish()?)));
            }
            draft.append(&packer.packed(piece)?)?;
        }
    }

    /// How an output is compressed: as was asked, else as the name that was given for it says, else as the input.
    fn packing(&self, input: Compression) -> Codec {
        self.options.format.packing_or(|| match &self.target {
            Target::File(file) => Codec::of(Compression::of_name(&file.to_string_lossy()).0),
            Target::Directory(_) | Target::InPlace => Codec::of(input),
        })
    }

    /// Whether a later run can go on with this one.
    fn is_resumable(&self) -> bool {
        matches!(self.target, Target::Directory(_))
    }

    fn draft(&self, found: &InputFile) -> Result<PartialFile> {
        let permissions = fs::metadata(&found.path).ok().map(Permissions::of);
        match &self.target {
            Target::Directory(directory) => {
                let kept = found.part.as_ref().map_or(0, |part| part.written);
                let replace = self.options.force || found.ours;
                PartialFile::resumable(
                    &directory.join(&found.place),
                    permissions.as_ref(),
                    replace,
                    kept,
                )
            }
            Target::File(file) => PartialFile::new(file, permissions.as_ref(), self.options.force),
            // A link stays a link: what it leads to is replaced.
            Target::InPlace => {
                let target = fs::canonicalize(&found.path).context("cannot be replaced")?;
                PartialFile::new(&target, permissions.as_ref(), true)
            }
        }
    }

    /// Refuses to write reports into an input, where they would be found as inputs.
    ///
    /// # Errors
    /// If one of them lies in a directory that is to be cleaned.
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
                    "{} lies inside the input {}; choose a place outside of it",
                    report.display(),
                    input.display()
                );
            }
        }
        Ok(())
    }

    /// Refuses an output that lies in an input, where it would be found as an input again.
    ///
    /// # Errors
    /// If it does.
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
                    "--output is the input directory {}; use --in-place to change files where they are",
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

/// What became of a file of records.
fn tallied(mut tally: BatchStats, options: &JobOptions) -> Handled {
    let events = tally.events(options.format.on_error);
    Handled {
        stats: tally.stats,
        events,
        ..Handled::default()
    }
}

/// A path with links resolved as far as it exists.
fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (fs::canonicalize(ancestor), path.strip_prefix(ancestor)) {
            return real.join(rest);
        }
    }
    path
}
