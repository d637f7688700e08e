//! `dechaff audit`: draws lines of a corpus, asks people about them, and says what their answers
//! mean.

mod ask;
mod check;
mod result;

use super::Exit;
use super::args::AuditArgs;
use super::clean::inspect;
use super::config::Config;
use super::selection::{build_cleaner, describe_inputs, describe_options, is_dash};
use super::terminal::Terminal;
use crate::io::{fs, write_file};
use crate::job::audit::{AuditHead, AuditSampler};
use crate::report::{AnswerSheet, Audit, audit_page, count, display_path};
use anyhow::{Context, Result, bail, ensure};
use ask::Session;
use dechaff_core::{Cleaner, Level};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Number of lines to draw, and the seed, unless the user says otherwise.
const QUESTIONS: usize = 400;
const SEED: u64 = 1;
/// Number of words below which a sample says little.
const FEW_WORDS: u64 = 5000;

/// The directory of an audit.
struct Folder(PathBuf);

impl Folder {
    fn sample(&self) -> PathBuf {
        self.0.join("audit.json")
    }

    fn page(&self) -> PathBuf {
        self.0.join("audit.html")
    }

    fn answers(&self) -> PathBuf {
        self.0.join("answers.jsonl")
    }

    fn suggested(&self) -> PathBuf {
        self.0.join("suggested.toml")
    }
}

/// Runs `dechaff audit`.
pub(super) fn run(mut args: AuditArgs, terminal: &mut Terminal) -> Result<Exit> {
    ensure!(
        (0.0..=1.0).contains(&args.promise),
        "--promise must be a share from 0 to 1, not {}",
        args.promise
    );
    args.inspect.selection.verdicts = true;
    let config = Config::load(args.inspect.selection.config.as_deref())?
        .announced(args.inspect.quiet, terminal);
    let Some(output) = args.output.take() else {
        return check::run(&args, &config, terminal);
    };
    let folder = Folder(output);
    let cleaner = build_cleaner(args.inspect.selection.clone(), &config)?;
    let is_stream = args.paths.iter().any(|path| is_dash(path));
    let has_sample = fs::exists(&folder.sample())? && !args.force;
    if has_sample {
        let wants_new = !args.paths.is_empty() || args.questions.is_some() || args.seed.is_some();
        if wants_new && !args.inspect.quiet {
            terminal.note(&format!(
                "going on with the sample in {}; --force draws a new one",
                display_path(&folder.0)
            ));
        }
    } else if let Some(exit) = draw(&mut args, &config, &cleaner, &folder, terminal)? {
        return Ok(exit);
    }
    let audit = read_sample(&folder)?;
    let mut sheet = read_answers(&folder, &audit)?;
    add_answers(&args.add, &audit, &mut sheet, &folder, terminal)?;
    if args.result {
        let run = result::Request {
            args: &args,
            config: &config,
            cleaner: &cleaner,
            folder: &folder,
        };
        return run.print(&audit, &sheet, terminal);
    }
    let can_ask = io::stdin().is_terminal() && io::stdout().is_terminal() && !is_stream;
    if args.ask || (can_ask && !args.no_ask) {
        let mut session = Session::new(&audit, &mut sheet, &args.by, folder.answers());
        return session.run(terminal);
    }
    if args.add.is_empty() && !args.inspect.quiet {
        let folder_name = display_path(&folder.0);
        terminal.note(&format!(
            "{} to judge in {folder_name}; open {} in a browser, or run dechaff audit -o \
             {folder_name} in a terminal",
            count(open_lines(&audit, &sheet, &args.by), "line"),
            display_path(&folder.page())
        ));
    }
    Ok(Exit::Done)
}

/// Returns the number of lines that this person did not judge.
fn open_lines(audit: &Audit, sheet: &AnswerSheet, by: &str) -> u64 {
    let open = (0..audit.items.len()).filter(|&item| !sheet.has(item, by));
    open.count() as u64
}

/// Draws a sample and writes it. Returns an exit code if the command ends there, because inputs
/// could not be read or the run was interrupted.
fn draw(
    args: &mut AuditArgs,
    config: &Config,
    cleaner: &Cleaner,
    folder: &Folder,
    terminal: &mut Terminal,
) -> Result<Option<Exit>> {
    if args.paths.is_empty() && args.inspect.reading.files_from.is_none() {
        bail!(
            "there is no sample in {}; name the files and directories to draw it from",
            display_path(&folder.0)
        );
    }
    let questions = args.questions.unwrap_or(QUESTIONS);
    ensure!(questions > 0, "--questions must be at least 1");
    let seed = args.seed.unwrap_or(SEED);
    fs::create_dir_all(&folder.0)
        .with_context(|| format!("cannot create {}", display_path(&folder.0)))?;
    let selection = args.inspect.selection.clone();
    let head = AuditHead {
        corpus: describe_inputs(&args.paths),
        options: describe_options(&selection, config),
        level: selection
            .level
            .or(config.level)
            .unwrap_or(Level::Balanced)
            .to_string(),
        seed,
    };
    let sampler = Arc::new(AuditSampler::new(cleaner.clone(), seed));
    let inspect_args = args.inspect.clone();
    let paths = args.paths.clone();
    let ended = inspect(
        paths,
        inspect_args,
        config,
        cleaner.clone(),
        sampler.clone(),
        terminal,
    )?;
    if matches!(ended.exit, Exit::Unusable | Exit::Interrupted) {
        return Ok(Some(ended.exit));
    }
    let audit = sampler.take(head, questions);
    if audit.items.is_empty() {
        bail!("the inputs have no lines with words to judge");
    }
    note_limits(&audit, terminal);
    write_sample(&audit, folder)?;
    Ok(None)
}

/// Tells if the corpus is so small that a sample says little.
fn note_limits(audit: &Audit, terminal: &Terminal) {
    if audit.totals.words < FEW_WORDS {
        terminal.note(&format!(
            "the inputs have only {}, so the figures will say little about other pages",
            count(audit.totals.words, "word")
        ));
    }
}

/// Writes the sample and its page, and removes the answers to an older sample.
fn write_sample(audit: &Audit, folder: &Folder) -> Result<()> {
    if fs::exists(&folder.answers())? {
        fs::remove_file(&folder.answers())?;
    }
    let value = serde_json::to_value(audit)?;
    let page = audit_page(&value);
    write_file(&folder.page(), page.as_bytes(), None, true, false)?;
    let json = serde_json::to_string(audit)? + "\n";
    write_file(&folder.sample(), json.as_bytes(), None, true, false)
}

fn read_sample(folder: &Folder) -> Result<Audit> {
    let path = folder.sample();
    let text = fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", display_path(&path)))?;
    parse_sample(&text).with_context(|| {
        format!(
            "{} is not a sample of this version; --force draws a new one",
            display_path(&path)
        )
    })
}

fn parse_sample(text: &str) -> Result<Audit> {
    let audit: Audit = serde_json::from_str(text)?;
    audit.check()?;
    Ok(audit)
}

/// Reads the answers in the directory, or returns an empty sheet if there are none.
fn read_answers(folder: &Folder, audit: &Audit) -> Result<AnswerSheet> {
    let mut sheet = AnswerSheet::default();
    let path = folder.answers();
    if fs::exists(&path)? {
        add_file(&path, audit, &mut sheet)?;
    }
    Ok(sheet)
}

fn add_file(path: &Path, audit: &Audit, sheet: &mut AnswerSheet) -> Result<usize> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", display_path(path)))?;
    sheet
        .add_lines(audit, &text)
        .with_context(|| display_path(path))
}

/// Adds the answers of files to those in the directory.
fn add_answers(
    files: &[PathBuf],
    audit: &Audit,
    sheet: &mut AnswerSheet,
    folder: &Folder,
    terminal: &Terminal,
) -> Result<()> {
    let mut notes = Vec::new();
    for path in files {
        let added = add_file(path, audit, sheet)?;
        let answers = count(added as u64, "answer");
        notes.push(format!("{answers} of {} added", display_path(path)));
    }
    if !files.is_empty() {
        write_answers(audit, sheet, &folder.answers())?;
    }
    notes.iter().for_each(|note| terminal.note(note));
    Ok(())
}

/// Writes all answers, in place of those that the file has.
fn write_answers(audit: &Audit, sheet: &AnswerSheet, path: &Path) -> Result<()> {
    let lines = sheet.to_lines(audit);
    write_file(path, lines.as_bytes(), None, true, false)
}
