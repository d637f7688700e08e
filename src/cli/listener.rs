//! How a run shows on the terminal: the listener that prints the events of its job, and the summary
//! with the exit code at its end.

use super::Exit;
use super::request::Request;
use super::terminal::{Progress, Terminal};
use crate::io::write_file;
use crate::job::{Event, EventSink, OnHeld, Target};
use crate::report::{Stats, SummaryContext, summary};
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
    lists_changes: bool,
    json: bool,
    bar: Option<Progress>,
    has_changes: bool,
    /// Notes that were printed.
    notes: HashSet<String>,
}

impl<'t> Listener<'t> {
    /// Creates a listener without a progress bar, for the run of `request`.
    pub(super) fn new(request: &Request, terminal: &'t mut Terminal) -> Self {
        Self {
            terminal,
            quiet: request.quiet,
            is_stream: request.inputs.stream.is_some(),
            lists_changes: request.check && request.options.observer.is_none(),
            json: request.json,
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
            Event::Changed(spans, bytes) if self.lists_changes && self.json => {
                let line =
                    json!({ "path": path.to_string_lossy(), "removals": spans, "bytes": bytes });
                self.terminal.print(&format!("{line}\n"));
            }
            Event::Changed(spans, bytes) if self.lists_changes => {
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
