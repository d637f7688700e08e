//! Files and trees, batch by batch: the files of a batch are cleaned in parallel, then recorded, then given their names,
//! and reported in input order. It stands apart from `job`, which knows documents but no files.

use super::walk::{Found, Inputs, Met, read_up_to};
use super::{Action, Event, Handled, Observer, Options, Target, failed};
use crate::filter::Scratch;
use crate::io::{Pending, Permissions};
use crate::report::Stats;
use anyhow::{Context, Result, anyhow, bail};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

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

/// A file on its way from being cleaned to being in its place.
struct Ready {
    found: Found,
    handled: Handled,
    pending: Option<Pending>,
}

impl Job<'_> {
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
