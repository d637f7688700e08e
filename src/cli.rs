//! The command line: arguments as typed become a job, what the job tells becomes lines on the terminal and an exit
//! code. It is part of the library, behind the feature `cli`, so that every package ships the same command.

mod args;
mod config;
mod eval;
mod records;
mod rules;
mod terminal;

use crate::cleaner::Cleaner;
use crate::document::Document;
use crate::filter::Scratch;
use crate::io::{Content, Draft, Format, Packer, Packing, Pending, Source, encoding_of};
use crate::job::features::{Folds, write_features};
use crate::job::journal::{Journal, parse_shard};
use crate::job::manifest::{MANIFEST, Plan, verify};
use crate::job::walk::{Inputs, Met, Whole, complaint, other_json, read_list, read_up_to};
use crate::job::{Action, Event, Handled, Job, Observer, Options, Target, restore};
use crate::pack::RuleSet;
use crate::report::{Stats, explain};
use anyhow::{Context, Result, anyhow, bail};
use args::{CleanArgs, Cli, Color, Command, Reading, RestoreArgs, Selection, StatsCommand};
use clap::{CommandFactory, Parser};
use config::Config;
use globset::{Glob, GlobSet, GlobSetBuilder};
use records::{clean_records, open_reports, packing_of, plan_options, record_options};
use serde_json::Value;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use terminal::Terminal;

/// The largest document unless said otherwise.
const MAX_DOCUMENT: &str = "1G";

/// What is passed on as it is goes in pieces of so many bytes.
const PIECE: u64 = 1 << 20;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Done = 0,
    Found = 1,
    Unusable = 2,
    SomeFailed = 3,
    Interrupted = 130,
}

/// Runs the command with these arguments, the program's name first. Gives the exit code, as a number, for programs that end
/// in another way than `main` does.
pub fn run<I, T>(args: I) -> u8
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe while printing help is no failure.
            let _ = error.print();
            return if error.use_stderr() { Exit::Unusable as u8 } else { 0 };
        }
    };
    let mut terminal = Terminal::new(match cli.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    });
    let exit = match dispatch(cli.command, &mut terminal) {
        Ok(exit) => exit,
        Err(error) if is_closed_pipe(&error) => Exit::Done,
        Err(error) => {
            terminal.error(None, &error);
            Exit::Unusable
        }
    };
    exit as u8
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}

fn dispatch(command: Command, terminal: &mut Terminal) -> Result<Exit> {
    match command {
        Command::Clean(args) => clean(*args, terminal),
        Command::Explain { file, selection, reading } => explain_file(file, selection, reading, terminal),
        Command::Restore(args) => restore_text(args, terminal),
        Command::Verify { directory } => verify_directory(&directory, terminal),
        Command::Stats { command: StatsCommand::Merge { files } } => merge_stats(&files, terminal),
        Command::Eval(args) => eval::run(*args, terminal),
        Command::Features { files, output, words, folds } => {
            let tables = words.map_or_else(|| Ok(Folds::default()), |path| Folds::read(&path))?;
            let units = write_features(&files, &output, &tables, folds)?;
            terminal.note(&format!("{units} units written."));
            Ok(Exit::Done)
        }
        Command::Rules { command } => rules::run(command, terminal),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "dechaff", &mut script);
            terminal.raw(&script)
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            for command in Cli::command().get_subcommands_mut().filter(|command| !command.is_hide_set()) {
                let name = format!("dechaff-{}", command.get_name());
                clap_mangen::Man::new(command.clone().name(name)).render(&mut page)?;
            }
            terminal.raw(&page)
        }
    }
}

/// Compiles the cleaner that the options and the configuration ask for.
fn build_cleaner(selection: Selection, config: &Config) -> Result<Cleaner> {
    let rules = load_rules(config.rules.iter().chain(&selection.rules))?;
    let mut builder = Cleaner::builder().rules(rules);
    if let Some(level) = selection.level.or(config.level) {
        builder = builder.level(level);
    }
    if let Some(share) = selection.max_loss.or(config.max_loss) {
        builder = builder.max_loss(share);
    }
    if let Some(share) = selection.max_removed.or(config.max_removed) {
        builder = builder.max_removed(share);
    }
    let only = if selection.only.is_empty() { config.only.clone() } else { selection.only };
    Ok(builder.only(only).skip(config.skip.iter().cloned().chain(selection.skip)).build()?)
}

/// The built-in rules with those of some packs and directories of packs.
fn load_rules<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Result<RuleSet> {
    let mut rules = RuleSet::built_in();
    for path in paths {
        for pack in packs_of(path)? {
            let source = fs::read_to_string(&pack).with_context(|| format!("cannot read the pack {}", pack.display()))?;
            rules.add_pack(&source, &pack.to_string_lossy())?;
        }
    }
    Ok(rules)
}

fn packs_of(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).with_context(|| format!("cannot read the directory of packs {}", path.display()))?;
    let mut packs: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    packs.retain(|pack| pack.extension().is_some_and(|extension| extension == "toml"));
    if packs.is_empty() {
        bail!("the directory {} has no packs (*.toml)", path.display());
    }
    packs.sort();
    Ok(packs)
}

fn build_options(args: &mut CleanArgs, config: &Config, terminal: &Terminal) -> Result<Options> {
    let size = args.max_document.as_ref().or(config.max_document.as_ref());
    let encoding = args.reading.encoding.as_ref().or(config.encoding.as_ref());
    let action = match (args.diff, args.check) {
        (true, _) => Action::Diff,
        (false, true) => Action::Check,
        (false, false) => Action::Clean,
    };
    Ok(Options {
        cleaner: build_cleaner(std::mem::take(&mut args.selection), config)?,
        action,
        encoding: encoding.map(|label| encoding_of(label)).transpose()?,
        max_document: parse_size("--max-document", size.map_or(MAX_DOCUMENT, String::as_str))?,
        strict: args.strict || config.strict.unwrap_or(false),
        force: args.force,
        records: args.removed.is_some(),
        damage: args.records.errors.is_some(),
        format: record_options(&args.records, config)?,
        colour: terminal.has_colour(),
        language: args.reading.lang.take(),
        host: args.reading.host.take(),
    })
}

/// A size in bytes, or with k, M or G for powers of 1024.
fn parse_size(option: &str, text: &str) -> Result<u64> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'M')) => (&text[..at], 1 << 20),
        Some((at, 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let number: Option<u64> = digits.parse().ok();
    let size = number.and_then(|number| number.checked_mul(unit));
    let size = size.with_context(|| format!("'{text}' is no size; write bytes, or a number with k, M or G"))?;
    if size > crate::Span::MAX_TEXT as u64 {
        bail!("{option} can be {} bytes at most", crate::Span::MAX_TEXT);
    }
    Ok(size)
}

fn globs(patterns: &[String]) -> Result<Option<GlobSet>> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern).with_context(|| format!("'{pattern}' is no glob"))?);
    }
    Ok(Some(set.build()?))
}

/// `-` as an output is standard output, as it is without one.
fn without_dash(output: Option<PathBuf>) -> Option<PathBuf> {
    output.filter(|output| output.as_os_str() != "-")
}

fn clean(mut args: CleanArgs, terminal: &mut Terminal) -> Result<Exit> {
    args.output = without_dash(args.output);
    let config = Config::load(args.selection.config.as_deref())?;
    let described = plan_options(&args, &config);
    let options = build_options(&mut args, &config, terminal)?;
    terminal.quiet = args.quiet;
    set_jobs(args.jobs.or(config.jobs))?;
    let dash = |path: &PathBuf| path.as_os_str() == "-";
    if args.files_from.is_none() && (args.paths.is_empty() || (args.paths.len() == 1 && args.paths.iter().all(dash))) {
        return clean_stream(&args, &options, terminal);
    }
    if args.paths.iter().any(dash) {
        bail!("standard input ('-') cannot be cleaned together with files");
    }
    let listed = match &args.files_from {
        Some(list) => read_list(read_input(list)?)?,
        None => Vec::new(),
    };
    if let ([path], None, false, None) = (args.paths.as_slice(), &args.output, args.in_place, &args.files_from)
        && !path.is_dir()
        && options.action != Action::Check
    {
        return clean_file(path, &args, &options, terminal);
    }
    let all = |own: &[String], configured: &[String]| globs(if own.is_empty() { configured } else { own });
    let inputs = Inputs {
        paths: std::mem::take(&mut args.paths),
        listed,
        include: all(&args.include, &config.include)?,
        exclude: all(&args.exclude, &config.exclude)?,
        follow_links: args.follow_links || config.follow_links.unwrap_or(false),
    };
    clean_files(&args, inputs, described, &options, terminal)
}

/// Sets the number of threads. It can only be set once a process; a second run keeps the first's number.
fn set_jobs(jobs: Option<usize>) -> Result<()> {
    if let Some(jobs) = jobs {
        if jobs == 0 {
            bail!("--jobs needs at least one thread");
        }
        let _ = rayon::ThreadPoolBuilder::new().num_threads(jobs).build_global();
    }
    Ok(())
}

/// Reads a file, or standard input for `-`.
fn read_input(path: &Path) -> Result<Vec<u8>> {
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(bytes);
    }
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn clean_stream(args: &CleanArgs, options: &Options, terminal: &mut Terminal) -> Result<Exit> {
    if args.in_place {
        bail!("standard input cannot be replaced in place; name a file");
    }
    if io::stdin().is_terminal() && !args.quiet {
        terminal.note("reading standard input; `dechaff clean --help` tells more");
    }
    let source = Source::new(Path::new("-"), io::stdin(), options.format.format).context("standard input")?;
    clean_one(Path::new("-"), source, 0, args, options, terminal)
}

/// Cleans one file to standard output.
fn clean_file(path: &Path, args: &CleanArgs, options: &Options, terminal: &mut Terminal) -> Result<Exit> {
    let named = || crate::report::shown(path);
    let file = File::open(path).context("cannot be opened").with_context(named)?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let source = Source::new(path, file, options.format.format).with_context(named)?;
    clean_one(path, source, size, args, options, terminal)
}

fn clean_one(path: &Path, mut source: Source<'_>, size: u64, args: &CleanArgs, options: &Options, terminal: &mut Terminal) -> Result<Exit> {
    if source.format.has_records() || source.format == Format::Parquet {
        return clean_records(path, source, args, options, terminal);
    }
    let packing = packing_of(args, options, source.compression, terminal);
    if source.format == Format::OtherJson {
        let passed = Passed { reason: other_json(), stats: Stats { invalid: 1, ..Stats::default() } };
        return pass_whole(path, passed, &mut source.reader, packing, args, options, terminal);
    }
    let bytes = match read_up_to(&mut source, size, options.max_document).with_context(|| crate::report::shown(path))? {
        Whole::Read(bytes) => bytes,
        Whole::Larger(start) => {
            let mut rest = start.as_slice().chain(source.reader);
            let passed = Passed {
                reason: "is larger than --max-document; passed through unchanged".to_owned(),
                stats: Stats { too_large: 1, ..Stats::default() },
            };
            return pass_whole(path, passed, &mut rest, packing, args, options, terminal);
        }
    };
    let mut handled = options.handle(&path.to_string_lossy(), bytes, &mut Scratch::default());
    if handled.output.is_none() && !handled.passed_over {
        handled.output = Some(std::mem::take(&mut handled.input));
    }
    finish_one(path, handled, packing, args, options, terminal)
}

/// Writes what became of a single input: its record first, then its text.
fn finish_one(
    path: &Path,
    mut handled: Handled,
    packing: Packing,
    args: &CleanArgs,
    options: &Options,
    terminal: &mut Terminal,
) -> Result<Exit> {
    open_reports(args)?.write(&handled.records, &[])?;
    let changed = handled.stats.changed > 0;
    let found = handled.events.iter().any(|event| matches!(event, Event::Failed(_) | Event::Passed(_))) && handled.passed_over;
    let mut listener = Listener { terminal, action: options.action, quiet: args.quiet, bar: None, changed: false };
    for event in std::mem::take(&mut handled.events) {
        listener.event(path, event);
    }
    if found {
        return Ok(Exit::Unusable);
    }
    if let (Action::Clean, Some(text)) = (options.action, handled.output) {
        let output = Packer::new(packing)?.packed(text)?;
        match &args.output {
            Some(target) => {
                let target = if target.is_dir() { target.join(path.file_name().unwrap_or_default()) } else { target.clone() };
                Pending::write(&target, &mut output.as_slice(), None, args.force)?.commit()?;
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
    packing: Packing,
    args: &CleanArgs,
    options: &Options,
    terminal: &mut Terminal,
) -> Result<Exit> {
    terminal.error(Some(path), &anyhow!(passed.reason));
    if options.action == Action::Clean {
        let mut draft = args.output.as_ref().map(|target| Draft::new(target, None, args.force)).transpose()?;
        let mut packer = Packer::new(packing)?;
        loop {
            let mut piece = Vec::new();
            rest.take(PIECE).read_to_end(&mut piece).context("cannot be read")?;
            if piece.is_empty() {
                break;
            }
            let piece = packer.packed(piece)?;
            draft.as_mut().map_or_else(|| terminal.text(&piece), |draft| draft.append(&piece))?;
        }
        draft.map_or(Ok(()), |draft| draft.finish()?.commit())?;
    }
    finish(&passed.stats, false, args, options, terminal)
}

/// A new file for a report; an existing one is replaced only if that is allowed.
fn open_new(path: &Path, force: bool) -> Result<File> {
    let mut open = File::options();
    open.write(true).create(true).truncate(true);
    if !force {
        open.create_new(true);
    }
    open.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => anyhow!("{} exists; use --force to replace it", path.display()),
        _ => anyhow::Error::from(error).context(format!("cannot write {}", path.display())),
    })
}

/// Writes the statistics and the summary, and settles the exit code.
fn finish(stats: &Stats, changed: bool, args: &CleanArgs, options: &Options, terminal: &mut Terminal) -> Result<Exit> {
    if let Some(path) = &args.stats {
        let mut json = serde_json::to_vec_pretty(stats)?;
        json.push(b'\n');
        Pending::write(path, &mut json.as_slice(), None, true)?.commit()?;
    }
    if !args.quiet {
        let removes = options.action == Action::Clean && options.format.annotate.is_none();
        terminal.note(&stats.summary(if removes { "removed" } else { "would go" }));
    }
    let done = stats.documents + stats.damaged + stats.invalid + stats.too_large + stats.binary + stats.special;
    Ok(match (stats.failed, done) {
        (1.., 0) => Exit::Unusable,
        (1.., _) => Exit::SomeFailed,
        _ if changed && args.check => Exit::Found,
        _ => Exit::Done,
    })
}

fn clean_files(args: &CleanArgs, inputs: Inputs, described: Value, options: &Options, terminal: &mut Terminal) -> Result<Exit> {
    let single = inputs.listed.is_empty() && inputs.paths.len() == 1 && !inputs.paths[0].is_dir();
    let target = match (&args.output, args.in_place, options.action) {
        (_, true, _) | (_, _, Action::Check | Action::Diff) => Target::InPlace,
        (Some(output), false, _) if single && !output.is_dir() && !ends_in_separator(output) => Target::File(output.clone()),
        (Some(output), false, _) => Target::Directory(output.clone()),
        (None, false, _) => bail!("several files or a directory need --output DIR or --in-place (or --check, or --diff)"),
    };
    if let Target::File(output) = &target
        && fs::canonicalize(output).is_ok_and(|output| fs::canonicalize(&inputs.paths[0]).is_ok_and(|input| input == output))
    {
        bail!("--output is the input file; use --in-place to replace it");
    }
    let stop = Arc::new(AtomicBool::new(false));
    let handler = Arc::clone(&stop);
    // Where a handler is set already, as in a program that embeds this one, that one decides.
    let _ = ctrlc::set_handler(move || handler.store(true, Ordering::Relaxed));
    let shard = args.shard.as_deref().map(parse_shard).transpose()?;
    let directory = if let Target::Directory(directory) = &target { Some(directory.clone()) } else { None };
    let job = Job { options, inputs: &inputs, target, shard, stop: &stop };
    job.check_reports(args.removed.iter().chain(&args.stats).chain(&args.records.errors))?;
    let journal = match directory {
        Some(directory) => {
            job.check_target()?;
            let plan = Plan::new(&options.cleaner, described, shard);
            let (journal, note) = Journal::open(&directory, plan, args.resume, args.force)?;
            note.into_iter().filter(|_| !args.quiet).for_each(|note| terminal.note(note));
            Some(journal)
        }
        None if args.resume => bail!("--resume goes on with a run into a directory; name it with --output"),
        None => None,
    };
    let mut reports = open_reports(args)?;
    let bar = (!args.quiet && terminal.shows_progress()).then(|| terminal.progress(measure(&inputs)));
    let mut listener = Listener { terminal, action: options.action, quiet: args.quiet, bar, changed: false };
    let is_resumable = journal.is_some();
    let stats = job.run(&mut reports, journal, &mut listener);
    if let Some(bar) = listener.bar.take() {
        bar.finish_and_clear();
    }
    let changed = listener.changed;
    let stats = stats?;
    let exit = finish(&stats, changed, args, options, terminal)?;
    if stop.load(Ordering::Relaxed) {
        terminal.note(if is_resumable {
            "interrupted; what was finished stays, and --resume goes on"
        } else {
            "interrupted; what was finished stays"
        });
        return Ok(Exit::Interrupted);
    }
    Ok(exit)
}

fn ends_in_separator(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().last().is_some_and(|&byte| std::path::is_separator(byte as char))
}

/// Number of files and bytes ahead.
fn measure(inputs: &Inputs) -> (u64, u64) {
    inputs.walk().fold((0, 0), |(files, bytes), met| match met {
        Met::File(found) => (files + 1, bytes + found.size),
        _ => (files, bytes),
    })
}

/// Turns what a job tells into lines.
struct Listener<'t> {
    terminal: &'t mut Terminal,
    action: Action,
    quiet: bool,
    bar: Option<terminal::Progress>,
    changed: bool,
}

impl Observer for Listener<'_> {
    fn event(&mut self, path: &Path, event: Event) {
        self.changed |= matches!(event, Event::Changed(..) | Event::Diff(_));
        let print = || match event {
            Event::Failed(error) => self.terminal.error(Some(path), &error),
            Event::Passed(reason) if !self.quiet => self.terminal.error(Some(path), &anyhow!(reason)),
            Event::Changed(spans, bytes) if self.action == Action::Check => {
                let line = format!("{}: {spans} removal{}, {bytes} bytes\n", crate::report::shown(path), if spans == 1 { "" } else { "s" });
                self.terminal.print(&line);
            }
            Event::Diff(text) => self.terminal.print(&text),
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

fn verify_directory(directory: &Path, terminal: &mut Terminal) -> Result<Exit> {
    let verdict = verify(directory)?;
    if verdict.manifests == 0 {
        bail!("{} has no manifest ({MANIFEST}.json), which a run into a directory leaves when it ends", directory.display());
    }
    verdict.problems.iter().for_each(|problem| terminal.print(&format!("{}\n", crate::report::harmless(problem).replace('\n', "\\n"))));
    let count = verdict.problems.len();
    let outputs = if verdict.sound == 1 { "output is" } else { "outputs are" };
    terminal.note(&format!("{} {outputs} as written, {count} problem{}.", verdict.sound, if count == 1 { "" } else { "s" }));
    Ok(if count == 0 { Exit::Done } else { Exit::Found })
}

fn merge_stats(files: &[PathBuf], terminal: &mut Terminal) -> Result<Exit> {
    let mut sums = Stats::default();
    for path in files {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        sums.merge(&serde_json::from_slice(&bytes).with_context(|| format!("{} holds no statistics of dechaff", path.display()))?);
    }
    let mut json = serde_json::to_vec_pretty(&sums)?;
    json.push(b'\n');
    terminal.raw(&json)
}

/// So many features are named for each line that the model takes.
const REASONS: usize = 5;

fn explain_file(file: Option<PathBuf>, selection: Selection, reading: Reading, terminal: &mut Terminal) -> Result<Exit> {
    let config = Config::load(selection.config.as_deref())?;
    let cleaner = build_cleaner(selection, &config)?;
    let encoding = reading.encoding.as_ref().or(config.encoding.as_ref()).map(|label| encoding_of(label)).transpose()?;
    let path = file.unwrap_or_else(|| PathBuf::from("-"));
    let content = Content::new(read_input(&path)?, encoding);
    if let Some(complaint) = complaint(&content) {
        bail!("{} {complaint}", crate::report::shown(&path));
    }
    let Content::Text(text) = content else { return Ok(Exit::Unusable) };
    let mut document = Document::new(text.as_str())?;
    if let Some(language) = &reading.lang {
        document = document.with_language(language);
    }
    if let Some(host) = &reading.host {
        document = document.with_host(host);
    }
    let cleaned = cleaner.clean(&document, &mut Scratch::default());
    let reasons = cleaner.reasons(&document, REASONS);
    terminal.raw(explain(&cleaned, cleaner.rules(), &reasons, terminal.has_colour()).as_bytes())
}

fn restore_text(args: RestoreArgs, terminal: &mut Terminal) -> Result<Exit> {
    let Some(cleaned) = &args.cleaned else {
        let files = restore::restore_in_place(&args.removed)?;
        terminal.note(&format!("{files} file{} restored.", if files == 1 { "" } else { "s" }));
        return Ok(Exit::Done);
    };
    let output = without_dash(args.output);
    let mut draft = output.map(|target| Draft::new(&target, None, args.force)).transpose()?;
    restore::restore_one(cleaned, &args.removed, args.path.as_deref(), &mut |piece| match &mut draft {
        Some(draft) => draft.append(piece),
        None => terminal.text(piece),
    })?;
    draft.map_or(Ok(()), |draft| draft.finish()?.commit())?;
    Ok(Exit::Done)
}
