//! The command line: arguments as typed become a job, what the job tells becomes lines on the terminal and an exit
//! code. It is part of the library, behind the feature `cli`, so that every package ships the same command.

mod args;
mod config;
mod eval;
mod rules;
mod terminal;

use crate::cleaner::Cleaner;
use crate::document::Document;
use crate::filter::Scratch;
use crate::io::{Content, Pending, encoding_of};
use crate::job::features::{Folds, write_features};
use crate::job::walk::{Inputs, Met, complaint, read_list, read_up_to};
use crate::job::{Action, Event, Handled, Job, Observer, Options, Target, restore};
use crate::pack::RuleSet;
use crate::report::{Stats, explain};
use anyhow::{Context, Result, anyhow, bail};
use args::{CleanArgs, Cli, Color, Command, Reading, RestoreArgs, Selection};
use clap::{CommandFactory, Parser};
use config::Config;
use globset::{Glob, GlobSet, GlobSetBuilder};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use terminal::Terminal;

/// The largest document unless said otherwise.
const MAX_DOCUMENT: &str = "1G";

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Done = 0,
    Found = 1,
    Unusable = 2,
    SomeFailed = 3,
    Interrupted = 130,
}

/// Runs the command with these arguments, the program's name first. Gives the exit code.
pub fn run<I, T>(args: I) -> ExitCode
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe while printing help is no failure.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Unusable as u8 } else { 0 });
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
    ExitCode::from(exit as u8)
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}

fn dispatch(command: Command, terminal: &mut Terminal) -> Result<Exit> {
    match command {
        Command::Clean(args) => clean(*args, terminal),
        Command::Explain { file, selection, reading } => explain_file(file, selection, reading, terminal),
        Command::Restore(args) => restore_text(args, terminal),
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
        max_document: parse_size(size.map_or(MAX_DOCUMENT, String::as_str))?,
        strict: args.strict || config.strict.unwrap_or(false),
        force: args.force,
        records: args.removed.is_some(),
        colour: terminal.has_colour(),
        language: args.reading.lang.take(),
        host: args.reading.host.take(),
    })
}

/// A size in bytes, or with k, M or G for powers of 1024.
fn parse_size(text: &str) -> Result<u64> {
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
        bail!("--max-document can be {} bytes at most", crate::Span::MAX_TEXT);
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

fn clean(mut args: CleanArgs, terminal: &mut Terminal) -> Result<Exit> {
    let config = Config::load(args.selection.config.as_deref())?;
    let options = build_options(&mut args, &config, terminal)?;
    terminal.quiet = args.quiet;
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
    clean_batch(&args, inputs, &options, args.jobs.or(config.jobs), terminal)
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
    let mut bytes = Vec::new();
    io::stdin().lock().take(options.max_document + 1).read_to_end(&mut bytes).context("cannot read standard input")?;
    if bytes.len() as u64 > options.max_document {
        let mut rest = bytes.as_slice().chain(io::stdin().lock());
        return pass_large(Path::new("-"), &mut rest, args, options, terminal);
    }
    let mut handled = options.handle("-", bytes, &mut Scratch::default());
    if handled.input.is_empty() && handled.output.is_none() && handled.passed_over {
        return finish_one(Path::new("-"), handled, args, options, terminal);
    }
    if handled.output.is_none() {
        handled.output = Some(std::mem::take(&mut handled.input));
    }
    finish_one(Path::new("-"), handled, args, options, terminal)
}

/// Cleans one file to standard output.
fn clean_file(path: &Path, args: &CleanArgs, options: &Options, terminal: &mut Terminal) -> Result<Exit> {
    let named = || crate::report::shown(path);
    let Some(bytes) = read_up_to(path, options.max_document).with_context(named)? else {
        let mut file = File::open(path).with_context(named)?;
        return pass_large(path, &mut file, args, options, terminal);
    };
    let mut handled = options.handle(&path.to_string_lossy(), bytes, &mut Scratch::default());
    if handled.output.is_none() && !handled.passed_over {
        handled.output = Some(std::mem::take(&mut handled.input));
    }
    finish_one(path, handled, args, options, terminal)
}

/// Writes what became of a single input: its record first, then its text.
fn finish_one(path: &Path, mut handled: Handled, args: &CleanArgs, options: &Options, terminal: &mut Terminal) -> Result<Exit> {
    if let Some(mut file) = open_record(args)? {
        io::Write::write_all(&mut file, &handled.records).context("cannot write the removal record")?;
    }
    let changed = handled.stats.changed > 0;
    let found = handled.events.iter().any(|event| matches!(event, Event::Failed(_) | Event::Passed(_))) && handled.passed_over;
    let mut listener = Listener { terminal, action: options.action, quiet: args.quiet, bar: None, changed: false };
    for event in std::mem::take(&mut handled.events) {
        listener.event(path, event);
    }
    if found {
        return Ok(Exit::Unusable);
    }
    if let (Action::Clean, Some(output)) = (options.action, handled.output) {
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

/// Passes an input on that is larger than a document may be.
fn pass_large(path: &Path, rest: &mut dyn Read, args: &CleanArgs, options: &Options, terminal: &mut Terminal) -> Result<Exit> {
    let reason = anyhow!("is larger than --max-document; passed through unchanged");
    terminal.error(Some(path), &reason);
    match (&args.output, options.action) {
        (Some(target), Action::Clean) => Pending::write(target, rest, None, args.force)?.commit()?,
        (None, Action::Clean) => {
            io::copy(rest, &mut io::stdout().lock()).context("cannot write to standard output")?;
        }
        _ => {}
    }
    finish(&Stats { too_large: 1, ..Stats::default() }, false, args, options, terminal)
}

fn open_record(args: &CleanArgs) -> Result<Option<File>> {
    let Some(path) = &args.removed else { return Ok(None) };
    let mut open = File::options();
    open.write(true).create(true).truncate(true);
    if !args.force {
        open.create_new(true);
    }
    let file = open.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => anyhow!("{} exists; use --force to replace it", path.display()),
        _ => anyhow::Error::from(error).context(format!("cannot write the removal record {}", path.display())),
    })?;
    Ok(Some(file))
}

/// Writes the statistics and the summary, and settles the exit code.
fn finish(stats: &Stats, changed: bool, args: &CleanArgs, options: &Options, terminal: &mut Terminal) -> Result<Exit> {
    if let Some(path) = &args.stats {
        let mut json = serde_json::to_vec_pretty(stats)?;
        json.push(b'\n');
        Pending::write(path, &mut json.as_slice(), None, true)?.commit()?;
    }
    if !args.quiet {
        terminal.note(&stats.summary(if options.action == Action::Clean { "removed" } else { "would go" }));
    }
    let done = stats.documents + stats.invalid + stats.too_large + stats.binary + stats.special;
    Ok(match (stats.failed, done) {
        (1.., 0) => Exit::Unusable,
        (1.., _) => Exit::SomeFailed,
        _ if changed && args.check => Exit::Found,
        _ => Exit::Done,
    })
}

fn clean_batch(args: &CleanArgs, inputs: Inputs, options: &Options, jobs: Option<usize>, terminal: &mut Terminal) -> Result<Exit> {
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
    if let Some(jobs) = jobs {
        if jobs == 0 {
            bail!("--jobs needs at least one thread");
        }
        // It can only be set once a process; a second run keeps the first's number.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(jobs).build_global();
    }
    let stop = Arc::new(AtomicBool::new(false));
    let handler = Arc::clone(&stop);
    // Where a handler is set already, as in a program that embeds this one, that one decides.
    let _ = ctrlc::set_handler(move || handler.store(true, Ordering::Relaxed));
    let job = Job { options, inputs: &inputs, target, stop: &stop };
    job.check_reports(args.removed.iter().chain(&args.stats))?;
    let mut records = open_record(args)?;
    let bar = (!args.quiet && terminal.shows_progress()).then(|| terminal.progress(measure(&inputs)));
    let mut listener = Listener { terminal, action: options.action, quiet: args.quiet, bar, changed: false };
    let stats = job.run(&mut records, &mut listener);
    if let Some(bar) = listener.bar.take() {
        bar.finish_and_clear();
    }
    let changed = listener.changed;
    let stats = stats?;
    let exit = finish(&stats, changed, args, options, terminal)?;
    if stop.load(Ordering::Relaxed) {
        terminal.note("interrupted; what was finished stays");
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
    let source = restore::restore_one(cleaned, &args.removed, args.path.as_deref())?;
    match &args.output {
        Some(output) => Pending::write(output, &mut source.as_slice(), None, args.force)?.commit()?,
        None => terminal.text(&source)?,
    }
    Ok(Exit::Done)
}
