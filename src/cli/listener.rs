//! What all ways to run `clean` share at their end: the listener that prints the events of a run,
//! the files that reports are written to, and the summary with the exit code. It is separate from
//! `clean` so that both `clean` and `records` can use it.

use super::Exit;
use super::args::CleanArgs;
use super::terminal::{Progress, Terminal};
use crate::io::StagedFile;
use crate::job::{Action, Event, EventSink, JobOptions};
use crate::report::Stats;
use anyhow::{Result, anyhow};
use serde_json::json;
use std::fs::File;
use std::io;
use std::path::Path;

/// The result of a run: its exit code and its statistics.
pub(super) struct Ended {
    pub(super) exit: Exit,
    pub(super) stats: Stats,
}

/// Prints the events of a run to the terminal, and draws its progress bar.
pub(super) struct Listener<'t> {
    terminal: &'t mut Terminal,
    action: Action,
    quiet: bool,
    json: bool,
    bar: Option<Progress>,
    has_changes: bool,
}

impl<'t> Listener<'t> {
    /// Creates a listener without a progress bar. The arguments and options of the run decide which
    /// events are printed, and whether as JSON.
    pub(super) fn new(args: &CleanArgs, options: &JobOptions, terminal: &'t mut Terminal) -> Self {
        Self {
            terminal,
            action: options.action,
            quiet: args.quiet,
            json: args.json,
            bar: None,
            has_changes: false,
        }
    }

    /// Adds a progress bar, which is suspended while events are printed. `None` leaves the listener
    /// without one.
    pub(super) fn with_progress(self, bar: Option<Progress>) -> Self {
        Self { bar, ..self }
    }

    /// Clears the progress bar and returns whether any input changed, or would change if the run
    /// wrote its output.
    pub(super) fn finish(self) -> bool {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.has_changes
    }
}

impl EventSink for Listener<'_> {
    fn event(&mut self, path: &Path, event: Event) {
        self.has_changes |= matches!(event, Event::Changed(..));
        let print = || match event {
            Event::Failed(error) => self.terminal.error(Some(path), &error),
            Event::Passed(reason) if !self.quiet => {
                self.terminal.error(Some(path), &anyhow!(reason));
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

/// Creates a file for a report, such as the removal record. Without `force` an existing file is an
/// error that suggests `--force`; with it, the file is truncated. Directories are not created.
pub(super) fn open_new(path: &Path, force: bool) -> Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    if !force {
        options.create_new(true);
    }
    options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            anyhow!("{} exists; use --force to replace it", path.display())
        }
        _ => anyhow::Error::from(error).context(format!("cannot write {}", path.display())),
    })
}

/// Writes the statistics file if `--stats` names one, prints the summary unless `--quiet` is given,
/// and returns the exit code for `stats`. With `--check`, the code also depends on `has_changes`.
pub(super) fn finish(
    stats: &Stats,
    has_changes: bool,
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
        let verb = if removes {
            "removed"
        } else {
            "would be removed"
        };
        terminal.note(&stats.summary(verb));
    }
    let processed = stats.documents
        + stats.damaged
        + stats.invalid
        + stats.too_large
        + stats.binary
        + stats.special;
    let exit = match (stats.failed, processed) {
        (1.., 0) => Exit::Unusable,
        (1.., _) => Exit::SomeFailed,
        _ if has_changes && args.check => Exit::Found,
        _ => Exit::Done,
    };
    Ok(Ended {
        exit,
        stats: stats.clone(),
    })
}
