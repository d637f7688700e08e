//! The check of `packaging/` that the GitHub Action runs. It needs bash and jq; without them, or in
//! the published crate, nothing is tested.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Returns the path of a script, or `None` if it or one of the programs it needs is missing.
pub fn script(name: &str, programs: &[&str]) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("packaging")
        .join(name);
    let is_ready = path.exists()
        && programs
            .iter()
            .all(|program| Command::new(program).arg("--version").output().is_ok());
    if !is_ready {
        println!("skipped: {name} or one of {programs:?} is missing");
    }
    is_ready.then_some(path)
}

/// Runs the check of the action on the directory `texts`.
fn check(script: &Path, directory: &Path) -> Output {
    let bin = Path::new(env!("CARGO_BIN_EXE_dechaff")).parent().unwrap();
    Command::new(script)
        .current_dir(directory)
        .env(
            "PATH",
            format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()),
        )
        .env("INPUT_PATHS", "texts\n")
        .env("INPUT_ARGS", "--level precise")
        .env("INPUT_SARIF", "found.sarif")
        .output()
        .unwrap()
}

#[test]
fn the_action_annotates_lines_and_writes_sarif() {
    let Some(script) = script("action/check", &["bash", "jq"]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let texts = directory.path().join("texts");
    fs::create_dir(&texts).unwrap();
    fs::write(texts.join("a, b.txt"), "It rained.\n\nCopy link\r\n").unwrap();
    fs::write(
        texts.join("c.jsonl"),
        "{\"text\":\"It rained.\"}\n{\"text\":\"It rained.\\nCopy link\"}\n",
    )
    .unwrap();
    let output = check(&script, directory.path());
    let printed = String::from_utf8(output.stdout).unwrap();
    let warnings: Vec<_> = printed
        .lines()
        .filter(|line| line.starts_with("::"))
        .collect();
    assert_eq!(
        warnings,
        [
            "::warning file=texts/a%2C b.txt,line=3,endLine=3,title=dechaff::dechaff would remove \
             this (share/share-labels): Copy link",
            "::warning file=texts/c.jsonl,line=2,endLine=2,title=dechaff::record 2: dechaff would \
             remove this (share/share-labels): Copy link",
        ]
    );
    assert_eq!(output.status.code(), Some(1));
    let sarif = fs::read(directory.path().join("found.sarif")).unwrap();
    let sarif: serde_json::Value = serde_json::from_slice(&sarif).unwrap();
    let location = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "texts/a%2C%20b.txt");
    assert_eq!(location["region"]["startLine"], 3);
}

#[test]
fn the_action_passes_texts_without_findings() {
    let Some(script) = script("action/check", &["bash", "jq"]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("texts")).unwrap();
    fs::write(directory.path().join("texts/a.txt"), "It rained.\n").unwrap();
    let output = check(&script, directory.path());
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty());
}
