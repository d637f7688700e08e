//! A job: which inputs are cleaned, by which cleaner, and where the outputs go. Batches run in parallel and are
//! reported in input order; what is found is handed to an observer, so that nothing here prints.

pub mod corpus;
pub mod eval;
pub mod features;
pub mod restore;
pub mod walk;

use crate::cleaner::{Cleaner, Outcome};
use crate::document::Document;
use crate::filter::Scratch;
use crate::io::{Content, Pending, Permissions, Text};
use crate::report::{Origin, Stats, diff, document_records};
use anyhow::{Context, Result, anyhow, bail};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use walk::{Found, Inputs, Met, complaint, read_up_to};

/// A batch holds at most so many files ...
const BATCH_FILES: usize = 512;
/// ... and begins no further one once it holds so many bytes.
const BATCH_BYTES: u64 = 64 << 20;

/// What is done with cleaned documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// They are written.
    Clean,
    /// It is only said which ones would change.
    Check,
    /// It is only shown how they would change.
    Diff,
}

/// Where the cleaned files of a batch go.
#[derive(Clone, Debug)]
pub enum Target {
    /// Below a directory, each at its place.
    Directory(PathBuf),
    /// To this file; for a job of one input.
    File(PathBuf),
    /// To where they came from.
    InPlace,
}

/// How documents are cleaned.
#[derive(Clone, Debug)]
pub struct Options {
    /// The cleaner.
    pub cleaner: Cleaner,
    /// What is done with what it finds.
    pub action: Action,
    /// The encoding of all inputs, if it is not UTF-8.
    pub encoding: Option<&'static encoding_rs::Encoding>,
    /// The largest input that is cleaned, in bytes.
    pub max_document: u64,
    /// Whether invalid text is an error.
    pub strict: bool,
    /// Whether existing outputs are replaced.
    pub force: bool,
    /// Whether removal records are wanted.
    pub records: bool,
    /// Whether diffs are coloured.
    pub colour: bool,
    /// The language of all documents, if it is known.
    pub language: Option<String>,
    /// The host of all documents, if it is known.
    pub host: Option<String>,
}

/// Something to be told of an input.
#[derive(Debug)]
pub enum Event {
    /// It failed; the others go on.
    Failed(anyhow::Error),
    /// It was passed through unchanged, or passed over, for this reason.
    Passed(String),
    /// It changes, or would: number of removed spans and bytes.
    Changed(usize, usize),
    /// Its diff.
    Diff(String),
}

/// Who is told what happens.
pub trait Observer {
    /// Something happened with an input.
    fn event(&mut self, path: &Path, event: Event);

    /// So many more files and bytes are done.
    fn advance(&mut self, files: u64, bytes: u64);
}

/// One input, cleaned.
#[derive(Debug, Default)]
pub struct Handled {
    /// The output; none if it is the same as the input.
    pub output: Option<Vec<u8>>,
    /// The input's bytes.
    pub input: Vec<u8>,
    /// Its figures.
    pub stats: Stats,
    /// Its removal records, as JSON Lines.
    pub records: Vec<u8>,
    /// What is to be told of it.
    pub events: Vec<Event>,
    /// Whether it is to be left out of the output.
    pub passed_over: bool,
}

impl Options {
    /// Cleans the bytes of one input.
    pub fn handle(&self, name: &str, bytes: Vec<u8>, scratch: &mut Scratch) -> Handled {
        let content = Content::new(bytes, self.encoding);
        let trouble = complaint(&content);
        match content {
            Content::Text(text) => self.handle_text(name, text, scratch),
            Content::Binary { .. } => Handled {
                stats: Stats { binary: 1, ..Stats::default() },
                events: trouble.map(Event::Passed).into_iter().collect(),
                passed_over: true,
                ..Handled::default()
            },
            Content::Invalid { bytes, .. } if !self.strict => Handled {
                input: bytes,
                stats: Stats { invalid: 1, ..Stats::default() },
                events: trouble.map(|trouble| Event::Passed(format!("{trouble}; passed through unchanged"))).into_iter().collect(),
                ..Handled::default()
            },
            Content::Invalid { .. } => failed(anyhow!(trouble.unwrap_or_default())),
        }
    }

    fn handle_text(&self, name: &str, text: Text, scratch: &mut Scratch) -> Handled {
        let document = match Document::new(text.as_str()) {
            Ok(document) => self.describe(document),
            Err(error) => return failed(error.into()),
        };
        let cleaned = self.cleaner.clean(&document, scratch);
        let mut handled = Handled::default();
        if cleaned.outcome() == Outcome::Changed {
            match text.without(cleaned.removals().iter().map(|removal| removal.span.range())) {
                Ok(output) => handled.output = Some(output),
                Err(error) => {
                    handled.stats.invalid = 1;
                    handled.events.push(Event::Passed(format!("{error}; passed through unchanged")));
                    handled.input = text.bytes().to_vec();
                    return handled;
                }
            }
            match self.action {
                Action::Diff => handled.events.push(Event::Diff(diff(name, &cleaned, self.colour))),
                Action::Check | Action::Clean => {
                    let bytes = cleaned.removals().iter().map(|removal| removal.span.len()).sum();
                    handled.events.push(Event::Changed(cleaned.removals().len(), bytes));
                }
            }
        }
        if let Outcome::Held { share } = cleaned.outcome() {
            let share = share * 100.0;
            handled.events.push(Event::Passed(format!("held whole: {share:.1} % would have gone; --max-removed 1 would allow it")));
        }
        handled.stats.add_document(&cleaned, self.cleaner.rules());
        if self.records {
            let locate = |range| text.source(range);
            let origin = Origin { path: name, bytes: text.bytes(), encoding: text.encoding(), locate: &locate };
            match document_records(&cleaned, &origin, self.cleaner.rules()) {
                Ok(records) => handled.records = records,
                Err(error) => return failed(error),
            }
        }
        if handled.output.is_none() {
            handled.input = text.bytes().to_vec();
        }
        handled
    }

    /// Adds what is known of all documents.
    #[must_use]
    pub fn describe<'t>(&self, document: Document<'t>) -> Document<'t> {
        let document = match &self.language {
            Some(language) => document.with_language(language),
            None => document,
        };
        match &self.host {
            Some(host) => document.with_host(host),
            None => document,
        }
    }
}

fn failed(error: anyhow::Error) -> Handled {
    Handled { stats: Stats { failed: 1, ..Stats::default() }, events: vec![Event::Failed(error)], passed_over: true, ..Handled::default() }
}

/// A batch of files.
#[derive(Debug)]
pub struct Batch<'j> {
    /// How they are cleaned.
    pub options: &'j Options,
    /// Which they are.
    pub inputs: &'j Inputs,
    /// Where the outputs go.
    pub target: Target,
    /// Set from outside to stop early; what is finished stays.
    pub stop: &'j AtomicBool,
}

/// A file on its way from being cleaned to being in its place.
struct Ready {
    found: Found,
    handled: Handled,
    pending: Option<Pending>,
}

impl Batch<'_> {
    /// Cleans all files: each batch in parallel, then its records are put on disk, then its outputs get their names.
    ///
    /// # Errors
    /// If the target makes no sense for the inputs, or the removal record cannot be written. What concerns one input
    /// only goes to the observer.
    pub fn run(&self, records: &mut Option<File>, observer: &mut dyn Observer) -> Result<Stats> {
        self.check_target()?;
        let mut stats = Stats::default();
        let mut outputs = FxHashSet::default();
        let mut met = self.inputs.walk();
        loop {
            let batch = self.next_batch(&mut met, &mut outputs, &mut stats, observer);
            if batch.is_empty() || self.stop.load(Ordering::Relaxed) {
                return Ok(stats);
            }
            let ready: Vec<Ready> = batch
                .into_par_iter()
                .filter(|_| !self.stop.load(Ordering::Relaxed))
                .map_init(Scratch::default, |scratch, found| self.prepare(found, scratch))
                .collect();
            if let Some(file) = records.as_mut() {
                ready.iter().try_for_each(|ready| file.write_all(&ready.handled.records)).context("cannot write the removal record")?;
                if matches!(self.target, Target::InPlace) {
                    file.sync_data().context("cannot write the removal record")?;
                }
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
        }
    }

    fn next_batch(
        &self,
        met: &mut dyn Iterator<Item = Met>,
        outputs: &mut FxHashSet<PathBuf>,
        stats: &mut Stats,
        observer: &mut dyn Observer,
    ) -> Vec<Found> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_FILES && bytes < BATCH_BYTES {
            match met.next() {
                Some(Met::File(found)) => {
                    if let Some(clash) = self.clash(&found, outputs) {
                        stats.failed += 1;
                        observer.event(&found.path, Event::Failed(clash));
                        continue;
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
        batch
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
        let Some(bytes) = read_up_to(&found.path, self.options.max_document)? else {
            return self.pass_large(found);
        };
        let mut handled = self.options.handle(&name, bytes, scratch);
        let unchanged = handled.output.is_none();
        let in_place = matches!(self.target, Target::InPlace);
        if self.options.action != Action::Clean || handled.passed_over || (in_place && unchanged) {
            return Ok((handled, None));
        }
        let output = handled.output.take().unwrap_or_else(|| std::mem::take(&mut handled.input));
        let pending = self.write(found, &mut output.as_slice())?;
        handled.input = Vec::new();
        Ok((handled, Some(pending)))
    }

    /// Passes on a file that is too large to be cleaned.
    fn pass_large(&self, found: &Found) -> Result<(Handled, Option<Pending>)> {
        let event = Event::Passed("is larger than --max-document; passed through unchanged".to_owned());
        let handled = Handled { stats: Stats { too_large: 1, ..Stats::default() }, events: vec![event], ..Handled::default() };
        if self.options.action != Action::Clean || matches!(self.target, Target::InPlace) {
            return Ok((handled, None));
        }
        let mut file = File::open(&found.path).context("cannot be opened")?;
        Ok((handled, Some(self.write(found, &mut file)?)))
    }

    fn write(&self, found: &Found, content: &mut dyn std::io::Read) -> Result<Pending> {
        let permissions = fs::metadata(&found.path).ok().map(Permissions::of);
        match &self.target {
            Target::Directory(directory) => {
                Pending::write(&directory.join(&found.place), content, permissions.as_ref(), self.options.force)
            }
            Target::File(file) => Pending::write(file, content, permissions.as_ref(), self.options.force),
            // A link stays a link: what it leads to is replaced.
            Target::InPlace => {
                let target = fs::canonicalize(&found.path).context("cannot be replaced")?;
                Pending::write(&target, content, permissions.as_ref(), true)
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
