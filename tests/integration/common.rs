//! Runs the `dechaff` binary for the integration tests.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs `dechaff` with `args` in `directory`, with an empty standard input, and waits for it.
pub fn dechaff(directory: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dechaff"))
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Decodes output as UTF-8, with U+FFFD for invalid bytes.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs `dechaff` with `args` in `directory`. Panics unless it exits with `code` and its standard
/// error contains `message`.
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

/// Restores the source of `cleaned` with the removal records in `r.jsonl`, and returns it.
pub fn restore(directory: &Path, cleaned: &str) -> Vec<u8> {
    let record = ["--removed", "r.jsonl"];
    let output = ["-f", "-o", "restored"];
    let args = [["restore", cleaned].as_slice(), &record, &output].concat();
    run(directory, &args, 0, "");
    fs::read(directory.join("restored")).unwrap()
}
