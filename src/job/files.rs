//! Files and trees, batch by batch: the files of a batch are cleaned in parallel, then recorded, then given their names,
//! and reported in input order. It stands apart from `job`, which knows documents but no files.

use super::records::{Done, Stream, Tally};
use super::walk::{Found, Inputs, Met, Whole, other_json, read_up_to};
use super::{Action, Event, Handled, Observer, Options, Target, failed};
use crate::filter::Scratch;
use crate::io::{Compression, Draft, Format, Packer, Packing, Pending, Permissions, Source, Start};
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
    pub options: &'j Options,
    /// Which they are.
    pub inputs: &'j Inputs,
    /// Where the outputs go.
    pub target: Target,
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
            file.write_all(removed).context("cannot write the removal record")?;
        }
        if let Some(file) = &mut self.damage {
            file.write_all(damage).context("cannot write what is wrong with records")?;
        }
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.removed.as_ref().map_or(Ok(()), File::sync_data).context("cannot write the removal record")
    }

    /// How long both are.
    fn lengths(&mut self) -> [Option<u64>; 2] {
        [&mut self.removed, &mut self.damage].map(|file| file.as_mut().and_then(|file| file.stream_position().ok()))
    }

    /// Takes back what was written since, of a file that then failed.
    fn cut(&mut self, lengths: [Option<u64>; 2]) {
        for (file, length) in [&mut self.removed, &mut self.damage].into_iter().zip(lengths) {
            if let (Some(file), Some(length)) = (file, length) {
                // A pipe cannot take anything back.
                let _ = file.set_len(length).and_then(|()| file.seek(SeekFrom::Start(length)));
            }
        }
    }
}

/// A file on its way from being cleaned to being in its place.
struct Ready {
    found: Found,
    handled: Handled,
    pending: Option<Pending>,
}

impl Job<'_> {
    /// Cleans all files: each batch in parallel, then its records are put on disk, then its outputs get their names. A large
    /// file of records is cleaned by itself, on all threads.
    ///
    /// # Errors
    /// If the target makes no sense for the inputs, or a report cannot be written. What concerns one input only goes to
    /// the observer.
    pub fn run(&self, reports: &mut Reports, observer: &mut dyn Observer) -> Result<Stats> {
        self.check_target()?;
        let mut stats = Stats::default();
        let mut outputs = FxHashSet::default();
        let mut met = self.inputs.walk();
        loop {
            let (batch, large) = self.next_batch(&mut met, &mut outputs, &mut stats, observer);
            if (batch.is_empty() && large.is_none()) || self.stop.load(Ordering::Relaxed) {
                return Ok(stats);
            }
            self.run_batch(batch, reports, &mut stats, observer)?;
            if let Some(found) = large {
                self.run_large(found, reports, &mut stats, observer)?;
            }
        }
    }

    fn run_batch(&self, batch: Vec<Found>, reports: &mut Reports, stats: &mut Stats, observer: &mut dyn Observer) -> Result<()> {
        let ready: Vec<Ready> = batch
            .into_par_iter()
            .filter(|_| !self.stop.load(Ordering::Relaxed))
            .map_init(Scratch::default, |scratch, found| self.prepare(found, scratch))
            .collect();
        // Of a file that was interrupted nothing is told.
        let ready: Vec<Ready> = ready.into_iter().filter(|ready| !ready.handled.is_interrupted()).collect();
        ready.iter().try_for_each(|ready| reports.write(&ready.handled.records, &ready.handled.damage))?;
        if matches!(self.target, Target::InPlace) {
            reports.sync()?;
        }
        let committed: Vec<(Found, Handled, Option<anyhow::Error>)> = ready
            .into_par_iter()
            .map(|ready| {
                let error = ready.pending.and_then(|pending| pending.commit().err());
                (ready.found, ready.handled, error)
            })
            .collect();
        for (found, mut handled, error) in committed {
            if let Some(error) = error {
                handled = failed(error);
            }
            stats.merge(&handled.stats);
            handled.events.into_iter().for_each(|event| observer.event(&found.path, event));
            observer.advance(1, found.size);
        }
        Ok(())
    }

    /// Cleans a large file of records on all threads.
    fn run_large(&self, found: Found, reports: &mut Reports, stats: &mut Stats, observer: &mut dyn Observer) -> Result<()> {
        let (lengths, mut told, mut broken) = (reports.lengths(), 0, None);
        let each = &mut |done: &mut Done| {
            let consumed = done.consumed.min(found.size);
            observer.advance(0, consumed - told);
            told = consumed;
            let (removed, damage) = (std::mem::take(&mut done.records), std::mem::take(&mut done.damage));
            reports.write(&removed, &damage).map_err(|error| {
                let text = format!("{error:#}");
                broken = Some(error);
                anyhow!(text)
            })
        };
        let streamed = self.open(&found).and_then(|source| self.stream(&found, source, rayon::current_num_threads(), each));
        if let Some(error) = broken {
            return Err(error);
        }
        let committed = streamed.and_then(|(tally, pending)| {
            if matches!(self.target, Target::InPlace) {
                reports.sync()?;
            }
            pending.map_or(Ok(()), Pending::commit)?;
            Ok(tally)
        });
        let handled = match committed {
            Ok(tally) => tallied(tally, self.options),
            Err(error) => {
                reports.cut(lengths);
                failed(error)
            }
        };
        if !handled.is_interrupted() {
            stats.merge(&handled.stats);
            handled.events.into_iter().for_each(|event| observer.event(&found.path, event));
            observer.advance(1, found.size - told);
        }
        Ok(())
    }

    /// The files of the next batch, and the large file of records that comes behind them.
    fn next_batch(
        &self,
        met: &mut dyn Iterator<Item = Met>,
        outputs: &mut FxHashSet<PathBuf>,
        stats: &mut Stats,
        observer: &mut dyn Observer,
    ) -> (Vec<Found>, Option<Found>) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_FILES && bytes < BATCH_BYTES {
            match met.next() {
                Some(Met::File(mut found)) => {
                    found.place = self.renamed(&found.place);
                    if let Some(clash) = self.clash(&found, outputs) {
                        stats.failed += 1;
                        observer.event(&found.path, Event::Failed(clash));
                        continue;
                    }
                    if found.size >= LARGE
                        && self.open(&found).is_ok_and(|source| source.format.has_records() || source.format == Format::Parquet)
                    {
                        return (batch, Some(found));
                    }
                    bytes += found.size;
                    batch.push(found);
                }
                Some(Met::Special) => stats.special += 1,
                Some(Met::Failed(path, error)) => {
                    stats.failed += 1;
                    observer.event(&path, Event::Failed(error));
                }
                None => break,
            }
        }
        (batch, None)
    }

    /// The place of an output whose compression is not that of its input.
    fn renamed(&self, place: &Path) -> PathBuf {
        let (Some(packing), Target::Directory(_)) = (self.options.format.packing, &self.target) else { return place.to_owned() };
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        if Format::of_name(place) == Some(Format::Parquet) {
            return place.to_owned();
        }
        let (_, plain) = Compression::of_name(&name);
        place.with_file_name(format!("{plain}{}", packing.compression.extension()))
    }

    /// What is wrong with a file that would be written where another one is. Within one tree places differ of themselves.
    fn clash(&self, found: &Found, outputs: &mut FxHashSet<PathBuf>) -> Option<anyhow::Error> {
        let several = self.inputs.paths.len() + self.inputs.listed.len() > 1;
        if self.options.action != Action::Clean || !(several || self.inputs.follow_links) {
            return None;
        }
        if matches!(self.target, Target::InPlace) {
            let file = fs::canonicalize(&found.path).unwrap_or_else(|_| found.path.clone());
            return (!outputs.insert(file)).then(|| anyhow!("is the same file as another input; it is cleaned once"));
        }
        let clash = || anyhow!("another input is already written to '{}'; clean it on its own", found.place.display());
        (several && !outputs.insert(found.place.clone())).then(clash)
    }

    /// Cleans a file and writes its output beside its target.
    fn prepare(&self, found: Found, scratch: &mut Scratch) -> Ready {
        match self.try_prepare(&found, scratch) {
            Ok((handled, pending)) => Ready { found, handled, pending },
            Err(error) => Ready { found, handled: failed(error), pending: None },
        }
    }

    fn try_prepare(&self, found: &Found, scratch: &mut Scratch) -> Result<(Handled, Option<Pending>)> {
        let name = found.path.to_string_lossy();
        let mut source = self.open(found)?;
        if source.format == Format::OtherJson {
            return self.pass_whole(found, other_json(), Stats { invalid: 1, ..Stats::default() });
        }
        if source.format.has_records() || source.format == Format::Parquet {
            let (mut records, mut damage) = (Vec::new(), Vec::new());
            let each = &mut |done: &mut Done| {
                records.append(&mut done.records);
                damage.append(&mut done.damage);
                Ok(())
            };
            let (tally, pending) = self.stream(found, source, 1, each)?;
            return Ok((Handled { records, damage, ..tallied(tally, self.options) }, pending));
        }
        let Whole::Read(bytes) = read_up_to(&mut source, found.size, self.options.max_document)? else {
            let reason = "is larger than --max-document; passed through unchanged".to_owned();
            return self.pass_whole(found, reason, Stats { too_large: 1, ..Stats::default() });
        };
        let mut handled = self.options.handle(&name, bytes, scratch);
        let unchanged = handled.output.is_none();
        let in_place = matches!(self.target, Target::InPlace);
        if self.options.action != Action::Clean || handled.passed_over || (in_place && unchanged) {
            return Ok((handled, None));
        }
        let output = handled.output.take().unwrap_or_else(|| std::mem::take(&mut handled.input));
        handled.input = Vec::new();
        let mut packed = Vec::new();
        Packer::new(self.packing(source.compression))?.pack(&output, &mut packed)?;
        let mut draft = self.draft(found)?;
        draft.append(&packed)?;
        Ok((handled, Some(draft.finish())))
    }

    fn open(&self, found: &Found) -> Result<Source<'static>> {
        let file = File::open(&found.path).context("cannot be opened")?;
        Source::new(&found.path, file, self.options.format.format)
    }

    /// Cleans a file of records. Gives its figures, and its output unless there is to be none.
    fn stream(
        &self,
        found: &Found,
        source: Source<'_>,
        threads: usize,
        each: &mut dyn FnMut(&mut Done) -> Result<()>,
    ) -> Result<(Tally, Option<Pending>)> {
        let name = found.path.to_string_lossy();
        let packing = self.packing(source.compression);
        let mut draft = (self.options.action == Action::Clean).then(|| self.draft(found)).transpose()?;
        let mut tally = Tally::default();
        let stream = Stream { options: self.options, name: &name, threads, packing, stop: self.stop };
        if source.format == Format::Parquet {
            let file = File::open(&found.path).context("cannot be opened")?;
            let mut nowhere = std::io::sink();
            let out: &mut (dyn Write + Send) = draft.as_mut().map_or(&mut nowhere, |draft| draft);
            run_table(&stream, file, out, &mut |mut done| {
                each(&mut done)?;
                tally.add(done.tally);
                Ok(())
            })?;
            let keeps = matches!(self.target, Target::InPlace) && !tally.differs;
            return Ok((tally, draft.filter(|_| !keeps).map(Draft::finish)));
        }
        stream.run(source, Start::default(), &mut |mut done| {
            each(&mut done)?;
            tally.add(done.tally);
            draft.as_mut().map_or(Ok(()), |draft| draft.append(&done.output))
        })?;
        let keeps = matches!(self.target, Target::InPlace) && !tally.differs;
        Ok((tally, draft.filter(|_| !keeps).map(Draft::finish)))
    }

    /// Passes on a file that is not cleaned.
    fn pass_whole(&self, found: &Found, reason: String, stats: Stats) -> Result<(Handled, Option<Pending>)> {
        let handled = Handled { stats, events: vec![Event::Passed(reason)], ..Handled::default() };
        if self.options.action != Action::Clean || matches!(self.target, Target::InPlace) {
            return Ok((handled, None));
        }
        let mut source = self.open(found)?;
        let mut packer = Packer::new(self.packing(source.compression))?;
        let mut draft = self.draft(found)?;
        loop {
            let mut piece = Vec::new();
            source.reader.by_ref().take(PIECE).read_to_end(&mut piece).context("cannot be read")?;
            if piece.is_empty() {
                return Ok((handled, Some(draft.finish())));
            }
            draft.append(&packer.packed(piece)?)?;
        }
    }

    /// How an output is compressed: as was asked, else as the name that was given for it says, else as the input.
    fn packing(&self, input: Compression) -> Packing {
        self.options.format.packing.unwrap_or_else(|| match &self.target {
            Target::File(file) => Packing::of(Compression::of_name(&file.to_string_lossy()).0),
            Target::Directory(_) | Target::InPlace => Packing::of(input),
        })
    }

    fn draft(&self, found: &Found) -> Result<Draft> {
        let permissions = fs::metadata(&found.path).ok().map(Permissions::of);
        match &self.target {
            Target::Directory(directory) => Draft::new(&directory.join(&found.place), permissions.as_ref(), self.options.force),
            Target::File(file) => Draft::new(file, permissions.as_ref(), self.options.force),
            // A link stays a link: what it leads to is replaced.
            Target::InPlace => {
                let target = fs::canonicalize(&found.path).context("cannot be replaced")?;
                Draft::new(&target, permissions.as_ref(), true)
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
            if let Some(input) = self.inputs.paths.iter().find(|input| input.is_dir() && path.starts_with(absolute(input))) {
                bail!("{} lies inside the input {}; choose a place outside of it", report.display(), input.display());
            }
        }
        Ok(())
    }

    /// Refuses an output that lies in an input, where it would be found as an input again.
    fn check_target(&self) -> Result<()> {
        let Target::Directory(output) = &self.target else { return Ok(()) };
        if output.exists() && !output.is_dir() {
            bail!("--output {} is a file, and several files need a directory", output.display());
        }
        let output_path = absolute(output);
        for input in self.inputs.paths.iter().filter(|path| path.is_dir()) {
            let input_path = absolute(input);
            if output_path == input_path {
                bail!("--output is the input directory {}; use --in-place to change files where they are", input.display());
            }
            if output_path.starts_with(&input_path) {
                bail!("--output {} lies inside the input {}; choose a directory outside of it", output.display(), input.display());
            }
        }
        Ok(())
    }
}

/// Cleans a Parquet file, if this build can.
#[cfg(feature = "parquet")]
pub fn run_table(stream: &Stream<'_>, file: File, out: &mut (dyn Write + Send), each: &mut dyn FnMut(Done) -> Result<()>) -> Result<()> {
    stream.run_table(file, out, each)
}

#[cfg(not(feature = "parquet"))]
pub fn run_table(_: &Stream<'_>, _: File, _: &mut (dyn Write + Send), _: &mut dyn FnMut(Done) -> Result<()>) -> Result<()> {
    bail!("is Parquet, which this build of dechaff leaves out; build it with the feature `parquet`")
}

/// What became of a file of records.
fn tallied(mut tally: Tally, options: &Options) -> Handled {
    let events = tally.events(options.format.on_error);
    Handled { stats: tally.stats, events, ..Handled::default() }
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
