//! `dechaff clean`: one input or many, to standard output, to files, or only to be told of.

use super::Exit;
use super::args::{CleanArgs, LookArgs, RecordArgs};
use super::config::Config;
use super::records::{clean_records, open_reports, packing_of, plan_options, record_options};
use super::selection::{build_cleaner, globs, parse_size, read_input, set_jobs, without_dash};
use super::terminal::{Progress, Terminal};
use crate::io::{Codec, Compressor, Format, PartialFile, Source, StagedFile, encoding_for_label};
use crate::job::journal::{Journal, parse_shard};
use crate::job::manifest::Plan;
use crate::job::observer::{Diffs, Observer};
use crate::job::walk::{Inputs, WalkEntry, Whole, other_json, read_list, read_up_to};
use crate::job::{Action, Event, EventSink, Handled, Job, JobOptions, Target};
use crate::report::Stats;
use anyhow::{Context, Result, anyhow, bail};
use dechaff_core::{Cleaner, Scratch};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The largest document unless said otherwise.
const MAX_DOCUMENT: &str = "1G";

/// What is passed on as it is goes in pieces of so many bytes.
const PIECE: u64 = 1 << 20;

/// How a run ended, and what it did.
pub(super) struct Ended {
    pub(super) exit: Exit,
    pub(super) stats: Stats,
}

pub(super) fn clean(mut args: CleanArgs, terminal: &mut Terminal) -> Result<Exit> {
    args.output = without_dash(args.output);
    let config = Config::load(args.selection.config.as_deref())?;
    let described = plan_options(&args, &config);
    let cleaner = build_cleaner(std::mem::take(&mut args.selection), &config)?;
    let mut options = build_options(&mut args, &config, cleaner)?;
    options.action = match (args.diff, args.check) {
        (true, _) => Action::Look,
        (false, true) => Action::Check,
        (false, false) => Action::Clean,
    };
    if args.diff {
        options.observer = Some(Arc::new(Diffs {
            colour: terminal.has_colour(),
        }));
    }
    Ok(run(args, &config, described, &options, terminal)?.exit)
}

/// Has a witness look at all documents that `clean` would clean. Nothing is written.
pub(super) fn look(
    paths: Vec<PathBuf>,
    args: LookArgs,
    config: &Config,
    cleaner: Cleaner,
    witness: Arc<dyn Observer>,
    terminal: &mut Terminal,
) -> Result<Ended> {
    let LookArgs {
        quiet,
        jobs,
        fields,
        selection: _,
        reading,
    } = args;
    let records = RecordArgs {
        fields,
        ..RecordArgs::default()
    };
    let mut args = CleanArgs {
        paths,
        quiet,
        jobs,
        records,
        reading,
        ..CleanArgs::default()
    };
    let options = JobOptions {
        action: Action::Look,
        observer: Some(witness),
        ..build_options(&mut args, config, cleaner)?
    };
    run(args, config, Value::Null, &options, terminal)
}

fn run(
    mut args: CleanArgs,
    config: &Config,
    described: Value,
    options: &JobOptions,
    terminal: &mut Terminal,
) -> Result<Ended> {
    terminal.quiet = args.quiet;
    set_jobs(args.jobs.or(config.jobs))?;
    let dash = |path: &PathBuf| path.as_os_str() == "-";
    if args.reading.files_from.is_none()
        && (args.paths.is_empty() || (args.paths.len() == 1 && args.paths.iter().all(dash)))
    {
        return clean_stream(&args, options, terminal);
    }
    if args.paths.iter().any(dash) {
        bail!("standard input ('-') cannot be cleaned together with files");
    }
    let listed = match &args.reading.files_from {
        Some(list) => read_list(read_input(list)?)?,
        None => Vec::new(),
    };
    if args.shard.is_some()
        && args.output.is_none()
        && !args.in_place
        && options.action == Action::Clean
    {
        bail!("--shard needs --output, so that shards do not mix");
    }
    if let ([path], None, false, None) = (
        args.paths.as_slice(),
        &args.output,
        args.in_place,
        &args.reading.files_from,
    ) && !path.is_dir()
        && options.action != Action::Check
    {
        return clean_file(path, &args, options, terminal);
    }
    let all = |own: &[String], configured: &[String]| {
        globs(if own.is_empty() { configured } else { own })
    };
    let inputs = Inputs {
        paths: std::mem::take(&mut args.paths),
        listed,
        include: all(&args.reading.include, &config.include)?,
        exclude: all(&args.reading.exclude, &config.exclude)?,
        follow_links: args.reading.follow_links || config.follow_links.unwrap_or(false),
    };
    clean_files(&args, inputs, described, options, terminal)
}

fn build_options(args: &mut CleanArgs, config: &Config, cleaner: Cleaner) -> Result<JobOptions> {
    let size = args
        .reading
        .max_document
        .as_ref()
        .or(config.max_document.as_ref());
    let encoding = args.reading.encoding.as_ref().or(config.encoding.as_ref());
    Ok(JobOptions {
        cleaner,
        action: Action::Clean,
        encoding: encoding
            .map(|label| encoding_for_label(label))
            .transpose()?,
        max_document: parse_size("--max-document", size.map_or(MAX_DOCUMENT, String::as_str))?,
        strict: args.reading.strict || config.strict.unwrap_or(false),
        force: args.force,
        records: args.removed.is_some(),
        damage: args.records.errors.is_some(),
        format: record_options(&args.records, config)?,
        observer: None,
        language: args.reading.lang.take(),
        host: args.reading.host.take(),
    })
}

fn clean_stream(args: &CleanArgs, options: &JobOptions, terminal: &mut Terminal) -> Result<Ended> {
    if args.in_place {
        bail!("standard input cannot be replaced in place; name a file");
    }
    if io::stdin().is_terminal() && !args.quiet {
        terminal.note("reading standard input; `dechaff clean --help` tells more");
    }
    let source = Source::new(Path::new("-"), io::stdin(), options.format.format)
        .context("standard input")?;
    clean_one(Path::new("-"), source, 0, args, options, terminal)
}

/// Cleans one file to standard output.
fn clean_file(
    path: &Path,
    args: &CleanArgs,
    options: &JobOptions,
    terminal: &mut Terminal,
) -> Result<Ended> {
    let named = || crate::report::display_path(path);
    let file = File::open(path)
        .context("cannot be opened")
        .with_context(named)?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let source = Source::new(path, file, options.format.format).with_context(named)?;
    clean_one(path, source, size, args, options, terminal)
}

fn clean_one(
    path: &Path,
    mut source: Source<'_>,
    size: u64,
    args: &CleanArgs,
    options: &JobOptions,
    terminal: &mut Terminal,
) -> Result<Ended> {
    if options.format.has_records(source.format) {
        return clean_records(path, source, args, options, terminal);
    }
    let packing = packing_of(args, options, source.compression, terminal);
    if source.format == Format::OtherJson && options.format.target.is_some() {
        bail!(
            "{} is JSON, but not JSON Lines, and cannot become another format",
            crate::report::display_path(path)
        );
    }
    if source.format == Format::OtherJson {
        let passed = Passed {
            reason: other_json(),
            stats: Stats {
                invalid: 1,
                ..Stats::default()
            },
        };
        return pass_whole(
            path,
            passed,
            &mut source.reader,
            packing,
            args,
            options,
            terminal,
        );
    }
    let bytes = match read_up_to(&mut source, size, options.max_document)
        .with_context(|| crate::report::display_path(path))?
    {
        Whole::Read(bytes) => bytes,
        Whole::Larger(start) => {
            let mut rest = start.as_slice().chain(source.reader);
            let passed = Passed {
                reason: "is larger than --max-document; passed through unchanged".to_owned(),
                stats: Stats {
                    too_large: 1,
                    ..Stats::default()
                },
            };
            return pass_whole(path, passed, &mut rest, packing, args, options, terminal);
        }
    };
    let mut handled = options.handle(&path.to_string_lossy(), bytes, &mut Scratch::default());
    if handled.output.is_none() && !handled.skipped {
        handled.output = Some(std::mem::take(&mut handled.input));
    }
    finish_one(path, handled, packing, args, options, terminal)
}

/// Writes what became of a single input: its record first, then its text.
fn finish_one(
    path: &Path,
    mut handled: Handled,
    packing: Codec,
    args: &CleanArgs,
    options: &JobOptions,
    terminal: &mut Terminal,
) -> Result<Ended> {
    open_reports(args)?.write(&handled.records, &[])?;
    let changed = handled.stats.changed > 0;
    let found = handled
        .events
        .iter()
        .any(|event| matches!(event, Event::Failed(_) | Event::Passed(_)))
        && handled.skipped;
    let mut listener = Listener::new(args, options, terminal);
    for event in std::mem::take(&mut handled.events) {
        listener.event(path, event);
    }
    if found {
        return Ok(Ended {
            exit: Exit::Unusable,
            stats: handled.stats,
        });
    }
    if let (Action::Clean, Some(text)) = (options.action, handled.output) {
        let output = Compressor::new(packing)?.compress(text)?;
        match &args.output {
            Some(target) => {
                let target = if target.is_dir() {
                    target.join(path.file_name().unwrap_or_default())
                } else {
                    target.clone()
                };
                StagedFile::write(&target, &mut output.as_slice(), None, args.force)?.commit()?;
            }
            None => terminal.text(&output)?,
        }
    }
    finish(&handled.stats, changed, args, options, terminal)
}

/// Why an input is passed on as it is, and how it counts.
struct Passed {
    reason: String,
    stats: Stats,
}

/// Passes an input on as it is.
fn pass_whole(
    path: &Path,
    passed: Passed,
    rest: &mut dyn Read,
    packing: Codec,
    args: &CleanArgs,
    options: &JobOptions,
    terminal: &mut Terminal,
) -> Result<Ended> {
    terminal.error(Some(path), &anyhow!(passed.reason));
    if options.action == Action::Clean {
        let mut draft = args
            .output
            .as_ref()
            .map(|target| PartialFile::new(target, None, args.force))
            .transpose()?;
        let mut packer = Compressor::new(packing)?;
        loop {
            let mut piece = Vec::new();
            rest.take(PIECE)
                .read_to_end(&mut piece)
                .context("cannot be read")?;
            if piece.is_empty() {
                break;
            }
            let piece = packer.compress(piece)?;
            draft
                .as_mut()
                .map_or_else(|| terminal.text(&piece), |draft| draft.append(&piece))?;
        }
        draft.map_or(Ok(()), |draft| draft.finish()?.commit())?;
    }
    finish(&passed.stats, false, args, options, terminal)
}

/// A new file for a report; an existing one is replaced only if that is allowed.
pub(super) fn open_new(path: &Path, force: bool) -> Result<File> {
    let mut open = File::options();
    open.write(true).create(true).truncate(true);
    if !force {
        open.create_new(true);
    }
    open.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            anyhow!("{} exists; use --force to replace it", path.display())
        }
        _ => anyhow::Error::from(error).context(format!("cannot write {}", path.display())),
    })
}

/// Writes the statistics and the summary, and settles the exit code.
pub(super) fn finish(
    stats: &Stats,
    changed: bool,
    args: &CleanArgs,
    options: &JobOptions,
    terminal: &mut Terminal,
) -> Result<Ended> {
    if let Some(path) = &args.stats {
        let mut json = serde_json::to_vec_pretty(stats)?;
        json.push(b'\n');
        StagedFile::write(path, &mut json.as_slice(), None, true)?.commit()?;
    }
    if !args.quiet {
        let removes = options.action == Action::Clean && options.format.annotate.is_none();
        terminal.note(&stats.summary(if removes { "removed" } else { "would go" }));
    }
    let done = stats.documents
        + stats.damaged
        + stats.invalid
        + stats.too_large
        + stats.binary
        + stats.special;
    let exit = match (stats.failed, done) {
        (1.., 0) => Exit::Unusable,
        (1.., _) => Exit::SomeFailed,
        _ if changed && args.check => Exit::Found,
        _ => Exit::Done,
    };
    Ok(Ended {
        exit,
        stats: stats.clone(),
    })
}

fn clean_files(
    args: &CleanArgs,
    inputs: Inputs,
    described: Value,
    options: &JobOptions,
    terminal: &mut Terminal,
) -> Result<Ended> {
    let single = inputs.listed.is_empty() && inputs.paths.len() == 1 && !inputs.paths[0].is_dir();
    let target = match (&args.output, args.in_place, options.action) {
        (_, true, Action::Clean) if options.format.target.is_some() => {
            bail!(
                "--output-format would leave files under names that say another format; use --output DIR instead of --in-place"
            )
        }
        (_, true, _) | (_, _, Action::Check | Action::Look) => Target::InPlace,
        (Some(output), false, _) if single && !output.is_dir() && !ends_in_separator(output) => {
            Target::File(output.clone())
        }
        (Some(output), false, _) => Target::Directory(output.clone()),
        (None, false, _) => bail!(
            "several files or a directory need --output DIR or --in-place (or --check, or --diff)"
        ),
    };
    if let Target::File(output) = &target
        && fs::canonicalize(output).is_ok_and(|output| {
            fs::canonicalize(&inputs.paths[0]).is_ok_and(|input| input == output)
        })
    {
        bail!("--output is the input file; use --in-place to replace it");
    }
    let stop = Arc::new(AtomicBool::new(false));
    let handler = Arc::clone(&stop);
    // Where a handler is set already, as in a program that embeds this one, that one decides.
    let _ = ctrlc::set_handler(move || handler.store(true, Ordering::Relaxed));
    let shard = args.shard.as_deref().map(parse_shard).transpose()?;
    let directory = if let Target::Directory(directory) = &target {
        Some(directory.clone())
    } else {
        None
    };
    let job = Job {
        options,
        inputs: &inputs,
        target,
        shard,
        stop: &stop,
    };
    job.check_reports(
        args.removed
            .iter()
            .chain(&args.stats)
            .chain(&args.records.errors),
    )?;
    let journal = match directory {
        Some(directory) => {
            job.check_target()?;
            let plan = Plan::new(&options.cleaner, described, shard);
            let (journal, note) = Journal::open(&directory, plan, args.resume, args.force)?;
            note.into_iter()
                .filter(|_| !args.quiet)
                .for_each(|note| terminal.note(note));
            Some(journal)
        }
        None if args.resume => {
            bail!("--resume goes on with a run into a directory; name it with --output")
        }
        None => None,
    };
    let mut reports = open_reports(args)?;
    let bar =
        (!args.quiet && terminal.shows_progress()).then(|| terminal.progress(measure(&inputs)));
    let mut listener = Listener {
        bar,
        ..Listener::new(args, options, terminal)
    };
    let is_resumable = journal.is_some();
    let stats = job.run(&mut reports, journal, &mut listener);
    if let Some(bar) = listener.bar.take() {
        bar.finish_and_clear();
    }
    let changed = listener.changed;
    let stats = stats?;
    let ended = finish(&stats, changed, args, options, terminal)?;
    if stop.load(Ordering::Relaxed) {
        terminal.note(if is_resumable {
            "interrupted; what was finished stays, and --resume goes on"
        } else {
            "interrupted; what was finished stays"
        });
        return Ok(Ended {
            exit: Exit::Interrupted,
            ..ended
        });
    }
    Ok(ended)
}

fn ends_in_separator(path: &Path) -> bool {
    path.as_os_str()
        .as_encoded_bytes()
        .last()
        .is_some_and(|&byte| std::path::is_separator(byte as char))
}

/// Number of files and bytes ahead.
fn measure(inputs: &Inputs) -> (u64, u64) {
    inputs.walk().fold((0, 0), |(files, bytes), met| match met {
        WalkEntry::File(found) => (files + 1, bytes + found.size),
        _ => (files, bytes),
    })
}

/// Turns what a job tells into lines.
pub(super) struct Listener<'t> {
    terminal: &'t mut Terminal,
    action: Action,
    quiet: bool,
    json: bool,
    bar: Option<Progress>,
    changed: bool,
}

impl<'t> Listener<'t> {
    pub(super) fn new(args: &CleanArgs, options: &JobOptions, terminal: &'t mut Terminal) -> Self {
        Self {
            terminal,
            action: options.action,
            quiet: args.quiet,
            json: args.json,
            bar: None,
            changed: false,
        }
    }
}

impl EventSink for Listener<'_> {
    fn event(&mut self, path: &Path, event: Event) {
        self.changed |= matches!(event, Event::Changed(..));
        let print = || match event {
            Event::Failed(error) => self.terminal.error(Some(path), &error),
            Event::Passed(reason) if !self.quiet => {
                self.terminal.error(Some(path), &anyhow!(reason))
            }
            Event::Changed(spans, bytes) if self.action == Action::Check && self.json => {
                let line =
                    json!({ "path": path.to_string_lossy(), "removals": spans, "bytes": bytes });
                self.terminal.print(&format!("{line}\n"));
            }
            Event::Changed(spans, bytes) if self.action == Action::Check => {
                let line = format!(
                    "{}: {spans} removal{}, {bytes} bytes\n",
                    crate::report::display_path(path),
                    if spans == 1 { "" } else { "s" }
                );
                self.terminal.print(&line);
            }
            Event::Observed(text) => self.terminal.print(&text),
            Event::Passed(_) | Event::Changed(..) => {}
        };
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    fn advance(&mut self, files: u64, bytes: u64) {
        if let Some(bar) = &mut self.bar {
            bar.advance(files, bytes);
        }
    }
}
