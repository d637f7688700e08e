//! `dechaff clean`, and the run in which `diff`, `explain` and `report` inspect documents: makes a
//! request from the arguments, runs it as a job, and prints its events and its summary.

#[cfg(test)]
mod tests;

use super::Exit;
use super::args::{CleanArgs, InspectArgs, RecordArgs};
use super::config::Config;
use super::listener::{Ended, Listener, finish};
use super::request::{Request, plan_options};
use super::selection::{build_cleaner, is_dash, without_dash};
use super::terminal::Terminal;
use crate::job::collisions::NamedFile;
use crate::job::journal::Journal;
use crate::job::manifest::Plan;
use crate::job::observer::{Diffs, Observer};
use crate::job::walk::{Inputs, WalkEntry};
use crate::job::{Job, Sizes, Target};
use anyhow::{Result, bail};
use dechaff_core::Cleaner;
use serde_json::Value;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs `dechaff clean`, also for `--check` and `--diff`, which write no cleaned text.
pub(super) fn clean(mut args: CleanArgs, terminal: &mut Terminal) -> Result<Exit> {
    args.output = without_dash(args.output);
    let config = Config::load(args.selection.config.as_deref())?.announced(args.quiet, terminal);
    let names_verdict = args.records.verdict.is_some() || config.verdict.is_some();
    args.selection.verdicts = names_verdict && !args.check && !args.diff;
    let cleaner = build_cleaner(args.selection.clone(), &config)?;
    clean_with(args, &config, cleaner, Sizes::default(), terminal)
}

/// Runs `dechaff clean` with a cleaner that was built from the arguments and the configuration.
fn clean_with(
    args: CleanArgs,
    config: &Config,
    cleaner: Cleaner,
    sizes: Sizes,
    terminal: &mut Terminal,
) -> Result<Exit> {
    let plan = plan_options(&args, config);
    let sources = named_sources(&args, config);
    let observer = args.diff.then(|| -> Arc<dyn Observer> {
        Arc::new(Diffs {
            colour: terminal.has_colour(),
        })
    });
    let mut request = Request::new(args, config, plan, cleaner, observer, terminal)?;
    request.sources = sources;
    request.options.sizes = sizes;
    Ok(run(request, terminal)?.exit)
}

/// Returns the files other than inputs that a run reads, with the options that name them.
fn named_sources(args: &CleanArgs, config: &Config) -> Vec<(&'static str, PathBuf)> {
    let selection = &args.selection;
    let packs = config.rules.iter().chain(&selection.rules);
    packs
        .map(|pack| ("--rules", pack.clone()))
        .chain(selection.config.clone().map(|path| ("--config", path)))
        .chain(
            selection
                .learned
                .iter()
                .chain(&config.learned)
                .map(|path| ("--learned", path.clone())),
        )
        .chain(
            args.reading
                .files_from
                .clone()
                .map(|path| ("--files-from", path)),
        )
        .collect()
}

/// Shows `observer` every document of `paths` with what `cleaner` would remove from it. No cleaned
/// text is written. An empty `paths` means standard input, unless `--files-from` is given.
pub(super) fn inspect(
    paths: Vec<PathBuf>,
    args: InspectArgs,
    config: &Config,
    cleaner: Cleaner,
    observer: Arc<dyn Observer>,
    terminal: &mut Terminal,
) -> Result<Ended> {
    let request = inspection(paths, args, config, cleaner, observer, terminal)?;
    run(request, terminal)
}

/// Returns the request that [`inspect`] runs.
pub(super) fn inspection(
    paths: Vec<PathBuf>,
    args: InspectArgs,
    config: &Config,
    cleaner: Cleaner,
    observer: Arc<dyn Observer>,
    terminal: &Terminal,
) -> Result<Request> {
    let InspectArgs {
        quiet,
        jobs,
        fields,
        selection: _,
        reading,
        shard,
    } = args;
    let args = CleanArgs {
        paths,
        quiet,
        jobs,
        records: RecordArgs {
            fields,
            ..RecordArgs::default()
        },
        reading,
        shard,
        ..CleanArgs::default()
    };
    Request::new(args, config, Value::Null, cleaner, Some(observer), terminal)
}

/// Runs a request as a job. Files are cleaned with a progress bar, and an interrupt or termination
/// signal stops them early; finished outputs are kept. A stream has neither: a signal ends the
/// process, even while it waits for input.
pub(super) fn run(mut request: Request, terminal: &mut Terminal) -> Result<Ended> {
    let is_stream = request.inputs.stream.is_some();
    let never = AtomicBool::new(false);
    let stop = if is_stream { &never } else { stop_at_signals() };
    if request.inputs.stream.as_deref().is_some_and(is_dash)
        && io::stdin().is_terminal()
        && !request.quiet
    {
        terminal.note("reading standard input; `dechaff clean --help` lists other inputs");
    }
    let plan = std::mem::take(&mut request.plan);
    let job = Job {
        options: &request.options,
        inputs: &request.inputs,
        target: request.target.clone(),
        shard: request.shard,
        stop,
    };
    job.check_reports(
        request
            .removed
            .iter()
            .chain(&request.map)
            .chain(&request.stats)
            .chain(&request.errors),
    )?;
    check_collisions(&job, &request)?;
    let journal = open_journal(&job, plan, &request, terminal)?;
    let is_resumable = journal.is_some();
    let mut reports = request.open_reports()?;
    let bar = (!is_stream && !request.quiet && terminal.is_stderr_terminal())
        .then(|| terminal.progress(measure(&request.inputs)));
    let mut listener = Listener::new(&request, terminal).with_progress(bar);
    let stats = job.run(&mut reports, journal, &mut listener);
    let has_changes = listener.finish(&stats, stop.load(Ordering::Relaxed));
    let stats = stats?;
    if is_stream && stats.binary > 0 {
        return Ok(Ended {
            exit: Exit::Unusable,
            stats,
        });
    }
    let ended = finish(stats, has_changes, &request, terminal)?;
    if !stop.load(Ordering::Relaxed) {
        return Ok(ended);
    }
    terminal.note(if is_resumable {
        "interrupted; finished outputs are kept, and --resume continues the run"
    } else {
        "interrupted; finished outputs are kept"
    });
    Ok(Ended {
        exit: Exit::Interrupted,
        ..ended
    })
}

/// Returns a flag that is set at an interrupt or termination signal, except in unit tests, which
/// such a signal is to end.
fn stop_at_signals() -> &'static AtomicBool {
    static STOP: AtomicBool = AtomicBool::new(false);
    if !cfg!(test) {
        // There is a handler already if this is not the first run of the process, or if a program
        // that embeds the command has set one; then that one decides.
        let _ = ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed));
    }
    &STOP
}

/// Checks, before anything is written, that no output or report of the run is an input or another
/// one of them.
fn check_collisions(job: &Job<'_>, request: &Request) -> Result<()> {
    job.check_target()?;
    let reports: Vec<NamedFile<'_>> = [
        ("--removed", &request.removed),
        ("--errors", &request.errors),
        ("--map", &request.map),
        ("--stats", &request.stats),
    ]
    .into_iter()
    .filter_map(|(option, path)| Some((option, path.as_deref()?)))
    .map(|(option, path)| NamedFile { option, path })
    .collect();
    let sources: Vec<NamedFile<'_>> = request
        .sources
        .iter()
        .map(|(option, path)| NamedFile { option, path })
        .collect();
    job.check_collisions(&reports, &sources)
}

/// Opens the journal of a run into a directory. Other runs have none, so they cannot be resumed.
fn open_journal(
    job: &Job<'_>,
    plan: Value,
    request: &Request,
    terminal: &Terminal,
) -> Result<Option<Journal>> {
    let Target::Directory(directory) = &job.target else {
        if request.resume && request.inputs.stream.is_none() {
            bail!("--resume continues a run into a directory; name the directory with --output");
        }
        return Ok(None);
    };
    let plan = Plan::new(&job.options.cleaner, plan, job.shard);
    let (journal, note) = Journal::open(directory, plan, request.resume, job.options.force)?;
    let journal = journal.with_sync(job.options.sync)?;
    if let Some(note) = note.filter(|_| !request.quiet) {
        terminal.note(note);
    }
    Ok(Some(journal))
}

/// Walks the inputs and returns the number of files and the sum of their sizes in bytes, for the
/// progress bar. Entries that cannot be read are not counted.
fn measure(inputs: &Inputs) -> (u64, u64) {
    inputs
        .walk()
        .fold((0, 0), |(files, bytes), entry| match entry {
            WalkEntry::File(file) => (files + 1, bytes + file.size),
            _ => (files, bytes),
        })
}
