//! `dechaff clean`, and the run in which `diff`, `explain` and `report` inspect documents. Decides
//! from the arguments whether one input is cleaned to one output, or many files by a job, and
//! cleans a single text itself. A single file of records is cleaned in `records`.

use super::Exit;
use super::args::{CleanArgs, InspectArgs, RecordArgs};
use super::config::Config;
use super::listener::{Ended, Listener, finish};
use super::records::{
    clean_records, codec_for, open_reports, output_path, plan_options, record_options,
};
use super::selection::{
    build_cleaner, globs, is_dash, parse_size, read_input, set_jobs, without_dash,
};
use super::terminal::Terminal;
use crate::io::{Codec, Compressor, Format, PartialFile, Source, StagedFile, encoding_for_label};
use crate::job::journal::{Journal, parse_shard};
use crate::job::manifest::Plan;
use crate::job::observer::{Diffs, Observer};
use crate::job::walk::{Inputs, WalkEntry, Whole, other_json, read_list, read_up_to};
use crate::job::{Action, Event, EventSink, Handled, Job, JobOptions, Target};
use crate::report::Stats;
use anyhow::{Context, Result, anyhow, bail};
use dechaff_core::{Cleaner, Scratch};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Default of `--max-document`.
const MAX_DOCUMENT: &str = "1G";

/// Bytes per chunk when an input is copied through unchanged.
const CHUNK: u64 = 1 << 20;

/// Runs `dechaff clean`, also for `--check` and `--diff`, which write no cleaned text.
pub(super) fn clean(mut args: CleanArgs, terminal: &mut Terminal) -> Result<Exit> {
    args.output = without_dash(args.output);
    let config = Config::load(args.selection.config.as_deref())?;
    let plan = plan_options(&args, &config);
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
    Ok(run(args, &config, plan, &options, terminal)?.exit)
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
    let InspectArgs {
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
        observer: Some(observer),
        ..build_options(&mut args, config, cleaner)?
    };
    run(args, config, Value::Null, &options, terminal)
}

/// Dispatches a run: standard input, a single file to standard output, or a job over many files.
/// `plan` describes the options for the journal and the manifest of a job.
fn run(
    mut args: CleanArgs,
    config: &Config,
    plan: Value,
    options: &JobOptions,
    terminal: &mut Terminal,
) -> Result<Ended> {
    terminal.quiet = args.quiet;
    set_jobs(args.jobs.or(config.jobs))?;
    let has_dash = args.paths.iter().any(|path| is_dash(path));
    if args.reading.files_from.is_none()
        && (args.paths.is_empty() || (args.paths.len() == 1 && has_dash))
    {
        return clean_stdin(&args, options, terminal);
    }
    if has_dash {
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
        bail!("--shard needs --output, so that the outputs of the shards stay separate");
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
    let inputs = Inputs {
        paths: std::mem::take(&mut args.paths),
        listed,
        include: globs(&args.reading.include, &config.include)?,
        exclude: globs(&args.reading.exclude, &config.exclude)?,
        follow_links: args.reading.follow_links || config.follow_links.unwrap_or(false),
    };
    clean_files(&args, inputs, plan, options, terminal)
}

/// Combines arguments and configuration to the options of a job that cleans. Moves the language and
/// the host out of `args`.
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

/// Cleans standard input to standard output, or to `--output`.
fn clean_stdin(args: &CleanArgs, options: &JobOptions, terminal: &mut Terminal) -> Result<Ended> {
    if args.in_place {
        bail!("standard input cannot be replaced in place; name a file");
    }
    if io::stdin().is_terminal() && !args.quiet {
        terminal.note("reading standard input; `dechaff clean --help` lists other inputs");
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
    let file = File::open(path)
        .context("cannot be opened")
        .with_context(|| crate::report::display_path(path))?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let source = Source::new(path, file, options.format.format)
        .with_context(|| crate::report::display_path(path))?;
    clean_one(path, source, size, args, options, terminal)
}

/// Cleans one input, whether it holds a single text or records. `size` is its size on disk in
/// bytes, or 0 if it is not known. JSON that is not JSON Lines, and inputs larger than
/// `--max-document`, are passed through unchanged.
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
    let codec = codec_for(args, options, source.compression, terminal);
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
        let rest = &mut source.reader;
        return pass_through(path, passed, rest, codec, args, options, terminal);
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
            return pass_through(path, passed, &mut rest, codec, args, options, terminal);
        }
    };
    let mut handled = options.handle(&path.to_string_lossy(), bytes, &mut Scratch::default());
    if handled.output.is_none() && !handled.skipped {
        handled.output = Some(std::mem::take(&mut handled.input));
    }
    finish_one(path, handled, codec, args, options, terminal)
}

/// Writes the result of a single text: first its removal record, then the text. An input that
/// failed or was passed over has no output and makes the run unusable.
fn finish_one(
    path: &Path,
    mut handled: Handled,
    codec: Codec,
    args: &CleanArgs,
    options: &JobOptions,
    terminal: &mut Terminal,
) -> Result<Ended> {
    open_reports(args)?.write(&handled.records, &[])?;
    let has_changes = handled.stats.changed > 0;
    let is_unusable = handled.skipped
        && handled
            .events
            .iter()
            .any(|event| matches!(event, Event::Failed(_) | Event::Passed(_)));
    let mut listener = Listener::new(args, options, terminal);
    for event in std::mem::take(&mut handled.events) {
        listener.event(path, event);
    }
    if is_unusable {
        return Ok(Ended {
            exit: Exit::Unusable,
            stats: handled.stats,
        });
    }
    if let (Action::Clean, Some(text)) = (options.action, handled.output) {
        let output = Compressor::new(codec)?.compress(text)?;
        match output_path(path, args) {
            Some(target) => {
                StagedFile::write(&target, &mut output.as_slice(), None, args.force)?.commit()?;
            }
            None => terminal.text(&output)?,
        }
    }
    finish(&handled.stats, has_changes, args, options, terminal)
}

/// Why an input is passed through unchanged, and how it counts in the statistics.
struct Passed {
    reason: String,
    stats: Stats,
}

/// Copies `rest` to the output chunk by chunk, compressed with `codec`, and prints the reason.
fn pass_through(
    path: &Path,
    passed: Passed,
    rest: &mut dyn Read,
    codec: Codec,
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
        let mut compressor = Compressor::new(codec)?;
        loop {
            let mut chunk = Vec::new();
            rest.take(CHUNK)
                .read_to_end(&mut chunk)
                .context("cannot be read")?;
            if chunk.is_empty() {
                break;
            }
            let chunk = compressor.compress(chunk)?;
            draft
                .as_mut()
                .map_or_else(|| terminal.text(&chunk), |draft| draft.append(&chunk))?;
        }
        draft.map_or(Ok(()), |draft| draft.finish()?.commit())?;
    }
    finish(&passed.stats, false, args, options, terminal)
}

/// Runs a job over several files or directories, or over one file with `--output` or `--in-place`.
/// An interrupt or termination signal stops it early; finished outputs are kept. `plan` describes
/// the options for the journal.
fn clean_files(
    args: &CleanArgs,
    inputs: Inputs,
    plan: Value,
    options: &JobOptions,
    terminal: &mut Terminal,
) -> Result<Ended> {
    let target = job_target(args, &inputs, options)?;
    let stop = Arc::new(AtomicBool::new(false));
    let handler = Arc::clone(&stop);
    // A program that embeds the command may have set a handler already; then that one decides.
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
            let plan = Plan::new(&options.cleaner, plan, shard);
            let (journal, note) = Journal::open(&directory, plan, args.resume, args.force)?;
            if let Some(note) = note.filter(|_| !args.quiet) {
                terminal.note(note);
            }
            Some(journal)
        }
        None if args.resume => {
            bail!("--resume continues a run into a directory; name the directory with --output")
        }
        None => None,
    };
    let mut reports = open_reports(args)?;
    let bar =
        (!args.quiet && terminal.is_stderr_terminal()).then(|| terminal.progress(measure(&inputs)));
    let mut listener = Listener::new(args, options, terminal).with_progress(bar);
    let is_resumable = journal.is_some();
    let stats = job.run(&mut reports, journal, &mut listener);
    let has_changes = listener.finish();
    let ended = finish(&stats?, has_changes, args, options, terminal)?;
    if stop.load(Ordering::Relaxed) {
        terminal.note(if is_resumable {
            "interrupted; finished outputs are kept, and --resume continues the run"
        } else {
            "interrupted; finished outputs are kept"
        });
        return Ok(Ended {
            exit: Exit::Interrupted,
            ..ended
        });
    }
    Ok(ended)
}

/// Decides where a job writes. A single input file is written to the file that `--output` names,
/// unless that is a directory or ends in a separator.
fn job_target(args: &CleanArgs, inputs: &Inputs, options: &JobOptions) -> Result<Target> {
    let is_single =
        inputs.listed.is_empty() && inputs.paths.len() == 1 && !inputs.paths[0].is_dir();
    let target = match (&args.output, args.in_place, options.action) {
        (_, true, Action::Clean) if options.format.target.is_some() => {
            bail!(
                "--output-format would leave files under the names of their old format; \
                 use --output DIR instead of --in-place"
            )
        }
        (_, true, _) | (_, _, Action::Check | Action::Look) => Target::InPlace,
        (Some(output), false, _) if is_single && !output.is_dir() && !ends_in_separator(output) => {
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
    Ok(target)
}

fn ends_in_separator(path: &Path) -> bool {
    path.as_os_str()
        .as_encoded_bytes()
        .last()
        .is_some_and(|&byte| std::path::is_separator(byte as char))
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
