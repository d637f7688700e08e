//! The binary `dechaff`. Passes the arguments to `dechaff::cli::run` and exits with the code that
//! it returns.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(dechaff::cli::run(std::env::args_os()))
}
