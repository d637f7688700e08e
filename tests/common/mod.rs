//! The command run as its user runs it, for the tests of several files.

use std::path::Path;
use std::process::{Command, Output, Stdio};

pub fn dechaff(directory: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dechaff"))
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs, and checks the exit code and a part of what stands on standard error.
pub fn run(directory: &Path, args: &[&str], code: i32, message: &str) -> Output {
    let output = dechaff(directory, args);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{errors}");
    assert!(
        errors.contains(message),
        "{args:?} should say '{message}':\n{errors}"
    );
    output
}
