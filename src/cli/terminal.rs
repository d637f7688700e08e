//! Standard output and standard error. Everything that the command prints goes through `Terminal`,
//! which decides on colour and escapes control characters of the corpus that a terminal would obey.

use super::Exit;
use crate::job::Stdout;
use crate::report::{TableStyle, display_path, escape_control};
use anstream::{AutoStream, ColorChoice};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Time after which a progress bar appears. Shorter runs show none.
const PROGRESS_DELAY: Duration = Duration::from_secs(1);

/// The terminal of a run, or the files and pipes that take its place.
pub(super) struct Terminal {
    choice: ColorChoice,
    /// Whether a write in `print` failed. Later text for `print` is dropped.
    broken: bool,
    /// Whether notes are dropped.
    muted: bool,
}

impl Terminal {
    /// Creates a terminal whose colours are on, off, or on if standard output is a terminal.
    pub(super) fn new(choice: ColorChoice) -> Self {
        Self {
            choice,
            broken: false,
            muted: false,
        }
    }

    /// Creates a terminal that prints no notes and no errors.
    #[cfg(test)]
    pub(super) fn muted() -> Self {
        Self {
            muted: true,
            ..Self::new(ColorChoice::Never)
        }
    }

    /// Returns whether text on standard output is coloured, by `--color` and by what the output is.
    pub(super) fn has_colour(&self) -> bool {
        match self.choice {
            ColorChoice::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
            choice => choice != ColorChoice::Never,
        }
    }

    /// Returns how to lay out tables on standard output: as wide as the terminal, or without a
    /// limit if standard output is not a terminal.
    pub(super) fn table_style(&self) -> TableStyle {
        let size = console::Term::stdout().size_checked();
        TableStyle {
            width: size.map(|(_, width)| usize::from(width)),
            colour: self.has_colour(),
        }
    }

    /// Prints an error with its causes as one line on standard error, after the path of the input
    /// if it concerns one. Control characters are escaped.
    pub(super) fn error(&self, path: Option<&Path>, error: &anyhow::Error) {
        let prefix = path.map_or_else(String::new, |path| format!("{}: ", display_path(path)));
        self.note(&format!(
            "{prefix}{}",
            escape_control(&format!("{error:#}"))
        ));
    }

    /// Prints a line on standard error, after the name of the program. Failures are ignored: if
    /// standard error is closed, nobody can be notified.
    pub(super) fn note(&self, line: &str) {
        if self.muted {
            return;
        }
        let mut stderr = AutoStream::new(io::stderr(), self.choice).lock();
        let _ = writeln!(stderr, "dechaff: {line}");
    }

    /// Prints text for people on standard output. After a failed write, such as to a closed pipe,
    /// this and all later texts are dropped. Escapes control characters on a terminal without
    /// colour; coloured text must already be escaped by its author.
    pub(super) fn print(&mut self, text: &str) {
        if self.broken {
            return;
        }
        let must_escape = io::stdout().is_terminal() && !self.has_colour();
        let text = if must_escape {
            escape_control(text)
        } else {
            text.to_owned()
        };
        self.broken = io::stdout().lock().write_all(text.as_bytes()).is_err();
    }

    /// Writes bytes that contain no unescaped text of the corpus to standard output. Returns
    /// `Exit::Done`, so that it can end a command.
    pub(super) fn raw(&self, bytes: &[u8]) -> Result<Exit> {
        write_out(bytes)?;
        Ok(Exit::Done)
    }

    /// Prints indented JSON and a line end on standard output and returns `Exit::Done`, so that it
    /// can end a command.
    pub(super) fn json(&self, value: &Value) -> Result<Exit> {
        self.raw(format!("{value:#}\n").as_bytes())
    }

    /// Returns standard output as a writer for cleaned texts. It writes bytes as they are, or on a
    /// terminal with control characters escaped and invalid UTF-8 replaced.
    pub(super) fn stdout(&self) -> Stdout {
        if io::stdout().is_terminal() {
            Stdout::new(EscapingWriter(io::stdout()), true)
        } else {
            Stdout::new(io::stdout(), false)
        }
    }

    /// Returns whether standard error is a terminal, which can show a progress bar.
    pub(super) fn is_stderr_terminal(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Creates a progress bar for a run over `files` files of `bytes` bytes in total. It is hidden
    /// until `PROGRESS_DELAY` has passed.
    pub(super) fn progress(&self, (files, bytes): (u64, u64)) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::hidden());
        let template = "{bar:30} {bytes}/{total_bytes} {msg} {binary_bytes_per_sec} {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Progress {
            bar,
            started: Instant::now(),
            is_visible: false,
            files_done: 0,
            files_total: files,
        }
    }
}

/// Writes text of the corpus to a terminal. Control characters are escaped, as the terminal would
/// obey them, and invalid UTF-8 is replaced.
struct EscapingWriter<W>(W);

impl<W: Write> Write for EscapingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = escape_control(&String::from_utf8_lossy(bytes));
        self.0.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn write_out(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(bytes)
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}

/// A progress bar on standard error that counts files and bytes.
pub(super) struct Progress {
    bar: ProgressBar,
    started: Instant,
    is_visible: bool,
    files_done: u64,
    files_total: u64,
}

impl Progress {
    /// Counts `files` more finished files and `bytes` more input bytes, and shows the bar if it is
    /// time to.
    pub(super) fn advance(&mut self, files: u64, bytes: u64) {
        self.files_done += files;
        self.bar.inc(bytes);
        if !self.is_visible && self.started.elapsed() > PROGRESS_DELAY {
            self.is_visible = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar
            .set_message(format!("{}/{} files", self.files_done, self.files_total));
    }

    /// Hides the bar while `print` writes to the terminal, so that lines do not mix with it.
    pub(super) fn suspend(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Ends the bar and clears its line, so that the summary of the run takes its place.
    pub(super) fn finish_and_clear(&self) {
        self.bar.finish_and_clear();
    }
}
