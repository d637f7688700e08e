//! Where lines for people go: standard output and standard error, with colour where it is wanted and no control
//! characters of the corpus where a terminal would act on them.

use super::Exit;
use crate::report::{TableStyle, display_path, escape_control};
use anstream::{AutoStream, ColorChoice};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// A progress bar appears after this time.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Terminal {
    choice: ColorChoice,
    pub(super) quiet: bool,
    /// The first failure to write to standard output; what follows is dropped.
    broken: bool,
}

impl Terminal {
    pub(super) fn new(choice: ColorChoice) -> Self {
        Self {
            choice,
            quiet: false,
            broken: false,
        }
    }

    /// Whether standard output takes colours.
    pub(super) fn has_colour(&self) -> bool {
        match self.choice {
            ColorChoice::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
            choice => choice != ColorChoice::Never,
        }
    }

    /// How tables are set: as wide as a terminal, and anywhere else as wide as they are.
    pub(super) fn setting(&self) -> TableStyle {
        let width = io::stdout()
            .is_terminal()
            .then(terminal_size::terminal_size)
            .flatten();
        TableStyle {
            width: width.map(|(width, _)| usize::from(width.0)),
            colour: self.has_colour(),
        }
    }

    /// Says on standard error what is the matter, with an input or in general.
    pub(super) fn error(&self, path: Option<&Path>, error: &anyhow::Error) {
        let place = path.map_or_else(String::new, |path| format!("{}: ", display_path(path)));
        self.note(&format!("{place}{}", escape_control(&format!("{error:#}"))));
    }

    /// A line on standard error.
    pub(super) fn note(&self, line: &str) {
        let mut stderr = AutoStream::new(io::stderr(), self.choice).lock();
        // If standard error is closed there is nobody to tell.
        let _ = writeln!(stderr, "dechaff: {line}");
    }

    /// Text for people on standard output; a closed pipe ends it quietly. What is coloured is harmless already.
    pub(super) fn print(&mut self, text: &str) {
        if self.broken {
            return;
        }
        let plain = io::stdout().is_terminal() && !self.has_colour();
        let text = if plain {
            escape_control(text)
        } else {
            text.to_owned()
        };
        self.broken = io::stdout().lock().write_all(text.as_bytes()).is_err();
    }

    /// Bytes that dechaff made itself, on standard output.
    pub(super) fn raw(&self, bytes: &[u8]) -> Result<Exit> {
        write_out(bytes)?;
        Ok(Exit::Done)
    }

    /// JSON on standard output, set for people too.
    pub(super) fn json(&self, value: &Value) -> Result<Exit> {
        self.raw(format!("{value:#}\n").as_bytes())
    }

    /// A cleaned text on standard output: its bytes, or on a terminal what is harmless of them.
    pub(super) fn text(&self, bytes: &[u8]) -> Result<()> {
        if io::stdout().is_terminal() {
            write_out(escape_control(&String::from_utf8_lossy(bytes)).as_bytes())
        } else {
            write_out(bytes)
        }
    }

    /// Whether people read standard output.
    pub(super) fn shows_output(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether a progress bar makes sense.
    pub(super) fn shows_progress(&self) -> bool {
        io::stderr().is_terminal()
    }

    pub(super) fn progress(&self, (files, bytes): (u64, u64)) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::hidden());
        let template = "{bar:30} {bytes}/{total_bytes} {msg} {binary_bytes_per_sec} {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Progress {
            bar,
            begun: Instant::now(),
            visible: false,
            done: 0,
            files,
        }
    }
}

fn write_out(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(bytes)
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}

/// A progress bar that appears when a batch takes longer than a second.
pub(super) struct Progress {
    bar: ProgressBar,
    begun: Instant,
    visible: bool,
    done: u64,
    files: u64,
}

impl Progress {
    pub(super) fn advance(&mut self, files: u64, bytes: u64) {
        self.done += files;
        self.bar.inc(bytes);
        if !self.visible && self.begun.elapsed() > PATIENCE {
            self.visible = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar
            .set_message(format!("{}/{} files", self.done, self.files));
    }

    pub(super) fn suspend(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    pub(super) fn finish_and_clear(&self) {
        self.bar.finish_and_clear();
    }
}
