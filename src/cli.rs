//! The command line. Turns arguments into jobs, and the events of a job into lines on the terminal
//! and an exit code. Each command has its own file below this one. The command is part of the
//! library, behind the feature `cli`, so that the binary and the Python package ship the same code.

mod args;
mod audit;
mod clean;
mod completions;
mod config;
mod corpus;
mod diff;
pub(crate) mod embedded;
mod eval;
mod explain;
mod export;
mod learn;
mod learned;
mod listener;
mod manual;
mod mistakes;
mod new_rule;
mod records;
mod reference;
mod report;
mod request;
mod restore;
mod rules;
mod selection;
mod terminal;
mod values;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use request::check_config;

use anyhow::Result;
use args::{Cli, Color, Command, StatsCommand};
use clap::Parser;
use std::ffi::OsString;
use std::io;
use terminal::Terminal;

/// The exit code of a command. The variants are documented in `args::EXIT_CODES`, which `--help`
/// prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Done = 0,
    Found = 1,
    Unusable = 2,
    SomeFailed = 3,
    Interrupted = 130,
}

/// Runs the command with `args`, of which the first is the name of the program. Prints to standard
/// output and standard error. Returns the exit code as a number instead of exiting, so that other
/// programs can embed the command. A closed pipe on standard output is not an error.
pub fn run<I, T>(args: I) -> u8
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    block_size_signal();
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(mut error) => {
            mistakes::add_tip(&mut error, &args);
            // Printing the help text into a closed pipe is not an error.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Unusable as u8
            } else {
                0
            };
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

/// Blocks the signal of a write beyond the limit of file sizes, so that the write is an error of
/// its file instead of the end of the process. Threads that are started later inherit this.
fn block_size_signal() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{SigSet, Signal};
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGXFSZ);
        // If this fails, the signal ends the process as before.
        let _ = signals.thread_block();
    }
}

/// Returns whether a write to a closed pipe caused `error`, directly or through other errors.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Runs the command that was parsed and returns its exit code. Errors that stop the whole command
/// are returned to `run`, which prints them.
fn dispatch(command: Command, terminal: &mut Terminal) -> Result<Exit> {
    match command {
        Command::Clean(args) => clean::clean(*args, terminal),
        Command::Explain(args) => explain::run(*args, terminal),
        Command::Diff(args) => diff::run(*args, terminal),
        Command::Report(args) => report::run(*args, terminal),
        Command::Audit(args) => audit::run(*args, terminal),
        Command::Learn(args) => learn::run(*args, terminal),
        Command::Learned { command } => learned::run(command, terminal),
        Command::Restore(args) => restore::restore_text(args, terminal),
        Command::Verify { directory, json } => {
            restore::verify_directory(&directory, json, terminal)
        }
        Command::Stats {
            command: StatsCommand::Merge { files },
        } => restore::merge_stats(&files, terminal),
        Command::Eval(args) => eval::run(*args, terminal),
        Command::Rules { command } => rules::run(command, terminal),
        Command::Completions { shell } => terminal.raw(completions::script(shell).as_bytes()),
        Command::Reference => terminal.raw(reference::page().as_bytes()),
        Command::Man { output } => manual::run(output.as_deref(), terminal),
    }
}
