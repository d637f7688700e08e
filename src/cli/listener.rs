//! How a run shows on the terminal: the listener that prints the events of its job, and the summary
//! with the exit code at its end.

use super::Exit;
use super::args::CheckFormatArg;
use super::request::Request;
use super::terminal::{Progress, Terminal};
use crate::io::write_file;
use crate::job::{Event, EventSink, OnHeld, Target};
use crate::report::{
    FindingWriter, GithubCommands, GitlabReport, SarifLog, Severity, Stats, SummaryContext, summary,
};
use anyhow::{Result, anyhow};
use serde_json::json;
use std::collections::HashSet;
use std::path::Path;

/// The result of a run: its exit code and its statistics.
pub(super) struct Ended {
    pub(super) exit: Exit,
    pub(super) stats: Stats,
}

/// Prints the events of a run to the terminal, and draws its progress bar.
pub(super) struct Listener<'t> {
    terminal: &'t mut Terminal,
    quiet: bool,
    /// Whether the run has a single input. Why that is not cleaned is reported in any case.
    is_stream: bool,
    /// How changes are listed, if they are.
    changes: Option<CheckFormatArg>,
    /// Writes findings, if they are printed instead of changes.
    findings: Option<Box<dyn FindingWriter>>,
    bar: Option<Progress>,
    has_changes: bool,
    /// Notes that were printed.
    notes: HashSet<String>,
}

impl<'t> Listener<'t> {
    /// Creates a listener without a progress bar, for the run of `request`.
    pub(super) fn new(request: &Request, terminal: &'t mut Terminal) -> Self {
        let lists_changes = request.check && request.options.observer.is_none();
        let mut findings = finding_writer(request);
        if let Some(writer) = &mut findings {
            terminal.print(&writer.begin());
        }
        Self {
            terminal,
            quiet: request.quiet,
            is_stream: request.inputs.stream.is_some(),
            changes: lists_changes.then_some(request.check_format),
            findings,
            bar: None,
            has_changes: false,
            notes: HashSet::new(),
        }
    }

    /// Adds a progress bar, which is suspended while events are printed. `None` leaves the listener
    /// without one.
    pub(super) fn with_progress(self, bar: Option<Progress>) -> Self {
        Self { bar, ..self }
    }

    /// Clears the progress bar, ends the report of findings, and returns whether any input changed,
    /// or would change if the run wrote its output. `ended` is the result of the run, of which
    /// `is_stopped` says that it was stopped early.
    pub(super) fn finish(mut self, ended: &Result<Stats>, is_stopped: bool) -> bool {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if let Some(findings) = &mut self.findings {
            let mut end = String::new();
            if let Err(error) = ended {
                let message = format!("{error:#}");
                end += &findings.notice(Path::new("-"), Severity::Error, &message);
            }
            let is_complete = ended.as_ref().is_ok_and(|stats| stats.failed == 0) && !is_stopped;
            self.terminal.print(&(end + &findings.end(is_complete)));
        }
        self.has_changes
    }

    /// Adds what is no finding to the report of findings.
    fn add_notice(&mut self, path: &Path, event: &Event) {
        let Some(findings) = &mut self.findings else {
            return;
        };
        let text = match event {
            Event::Failed(error) => findings.notice(path, Severity::Error, &format!("{error:#}")),
            Event::Uncleaned(reason) => findings.notice(path, Severity::Warning, reason),
            Event::Passed(reason) => findings.notice(path, Severity::Note, reason),
            _ => return,
        };
        self.terminal.print(&text);
    }
}

/// Returns what writes the findings of a run, if they are printed.
fn finding_writer(request: &Request) -> Option<Box<dyn FindingWriter>> {
    match request.check_format {
        CheckFormatArg::Text | CheckFormatArg::Json => None,
        CheckFormatArg::Github => Some(Box::new(GithubCommands::default())),
        CheckFormatArg::Gitlab => Some(Box::new(GitlabReport::default())),
        CheckFormatArg::Sarif => {
            let rules = request.options.cleaner.rules().clone();
            Some(Box::new(SarifLog::new(rules)))
        }
    }
}

impl EventSink for Listener<'_> {
    fn event(&mut self, path: &Path, event: Event) {
        self.has_changes |= matches!(event, Event::Changed(..));
        self.add_notice(path, &event);
        let print = || match event {
            Event::Failed(error) => self.terminal.error(Some(path), &error),
            Event::Uncleaned(reason) if !self.quiet || self.is_stream => {
                self.terminal.error(Some(path), &anyhow!(reason));
            }
            // A corpus has many files with the same dialect.
            Event::Note(note) if !self.quiet && self.notes.insert(note.clone()) => {
                self.terminal.error(Some(path), &anyhow!(note));
            }
            Event::Passed(reason) if !self.quiet => {
                self.terminal.error(Some(path), &anyhow!(reason));
            }
            Event::Found(finding) => {
                if let Some(findings) = &mut self.findings {
                    self.terminal.print(&findings.finding(path, finding));
                }
            }
            Event::Changed(spans, bytes) if self.changes == Some(CheckFormatArg::Json) => {
                let line =
                    json!({ "path": path.to_string_lossy(), "removals": spans, "bytes": bytes });
                self.terminal.print(&format!("{line}\n"));
            }
            Event::Changed(spans, bytes) if self.changes == Some(CheckFormatArg::Text) => {
                let line = format!(
                    "{}: {spans} removal{}, {bytes} bytes\n",
                    crate::report::display_path(path),
                    if spans == 1 { "" } else { "s" }
                );
                self.terminal.print(&line);
            }
            Event::Observed(text) => self.terminal.print(&text),
            Event::Uncleaned(_) | Event::Passed(_) | Event::Note(_) | Event::Changed(..) => {}
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

/// Writes the statistics file if `--stats` names one, prints the summary unless `--quiet` is given,
/// and returns the exit code for `stats`. With `--check`, the code also depends on `has_changes`.
pub(super) fn finish(
    stats: Stats,
    has_changes: bool,
    request: &Request,
    terminal: &Terminal,
) -> Result<Ended> {
    if let Some(path) = &request.stats {
        let mut json = serde_json::to_vec_pretty(&stats)?;
        json.push(b'\n');
        write_file(path, &json, None, true, request.options.sync)?;
    }
    if !request.quiet {
        print_summary(&stats, request, terminal);
    }
    let exit = match exit_of(&stats) {
        Exit::Done if has_changes && request.check => Exit::Found,
        exit => exit,
    };
    Ok(Ended { exit, stats })
}

/// Prints the summary of a run or, if it found no input, why there is none.
fn print_summary(stats: &Stats, request: &Request, terminal: &Terminal) {
    if stats.failed + processed(stats) == 0
        && let Some(reason) = request.inputs.why_empty(&request.include)
    {
        return terminal.note(&reason);
    }
    let removes =
        !matches!(request.target, Target::Nowhere) && request.options.format.annotate.is_none();
    let context = SummaryContext {
        rules: request.options.cleaner.rules(),
        verb: if removes {
            "removed"
        } else {
            "would be removed"
        },
        max_removed: request.options.cleaner.max_removed(),
        held: match request.options.format.on_held {
            OnHeld::Drop if removes => "left out",
            OnHeld::KeepEmpty if removes => "emptied",
            _ => "held",
        },
    };
    for line in summary(stats, &context) {
        terminal.note(&line);
    }
}

/// Returns the exit code of a run that looks for no changes.
pub(super) fn exit_of(stats: &Stats) -> Exit {
    match (stats.failed, processed(stats)) {
        (1.., 0) => Exit::Unusable,
        (1.., _) => Exit::SomeFailed,
        _ => Exit::Done,
    }
}

/// Returns the number of documents, records and inputs that a run looked at and that did not fail.
fn processed(stats: &Stats) -> u64 {
    stats.documents + stats.damaged + stats.invalid + stats.too_large + stats.binary + stats.special
}
