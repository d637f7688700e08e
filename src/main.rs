//! The command: parse, run, exit code; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(dechaff::cli::run(std::env::args_os()))
}
