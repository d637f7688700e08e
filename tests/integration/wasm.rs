//! The npm package and the playground: builds both and runs their tests in Node and in Chromium, with
//! what the library removes of the samples, and of some labelled pages if `DECHAFF_PAGES` is set. Runs
//! only if `DECHAFF_HEAVY` is set, because this needs a network, a compiler for WebAssembly and
//! several minutes.

#![cfg(unix)]

use dechaff::{Cleaner, Document, Level, Scratch};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each labelled page whose number is a multiple of this is compared.
const PAGES: usize = 50;

/// Reads the texts to compare, each with a name.
fn texts(root: &Path) -> Vec<(String, String)> {
    let samples = files(&root.join("samples"), "txt").into_iter();
    let mut texts: Vec<_> = samples
        .map(|path| {
            (
                path.display().to_string(),
                fs::read_to_string(&path).unwrap(),
            )
        })
        .collect();
    if let Some(directory) = std::env::var_os("DECHAFF_PAGES").filter(|path| !path.is_empty()) {
        let file = File::open(Path::new(&directory).join("data/pages.jsonl.gz")).unwrap();
        let lines = BufReader::new(flate2::read::MultiGzDecoder::new(file)).lines();
        for (number, line) in lines.enumerate().step_by(PAGES) {
            let page: Value = serde_json::from_str(&line.unwrap()).unwrap();
            texts.push((
                format!("page {number}"),
                page["text"].as_str().unwrap().to_owned(),
            ));
        }
    }
    texts
}

/// Returns the files below a directory that have the extension, sorted.
fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Returns what the library removes of a text, as the tests in JavaScript expect it.
fn case(cleaner: &Cleaner, level: Level, name: &str, text: &str) -> Value {
    let document = Document::new(text).unwrap();
    let cleaned = cleaner.clean(&document, &mut Scratch::default());
    let removals = cleaned.removals().iter().map(|removal| {
        let rule = &cleaner.rules().get(removal.rule).name;
        let score = f64::from(removal.score.thousandths()) / 1000.0;
        json!([removal.span.start(), removal.span.end(), rule, score])
    });
    json!({
        "name": name,
        "level": level.name(),
        "text": text,
        "cleaned": cleaned.text(),
        "removals": removals.collect::<Vec<_>>(),
    })
}

/// Writes a line for each text and level.
fn write_cases(root: &Path, target: &Path) {
    let texts = texts(root);
    let mut lines = String::new();
    for &level in Level::ALL {
        let cleaner = Cleaner::builder().level(level).build().unwrap();
        for (name, text) in &texts {
            lines += &format!("{}\n", case(&cleaner, level, name, text));
        }
    }
    fs::write(target, lines).unwrap();
}

/// Runs a command and returns its standard output. Panics with all it printed if it fails.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{printed}\n{errors}");
    printed
}

#[test]
fn wasm_package_and_playground_pass_their_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = root.join("bindings/wasm");
    if std::env::var_os("DECHAFF_HEAVY").is_none() || !directory.exists() {
        println!("skipped: DECHAFF_HEAVY is not set, or the package is missing");
        return;
    }
    let check = Command::new(directory.join("build"))
        .arg("--check")
        .output();
    let check = check.unwrap();
    if !check.status.success() {
        println!("skipped: {}", String::from_utf8_lossy(&check.stderr));
        return;
    }
    run(&mut Command::new(directory.join("build")));
    let cases = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wasm-cases.jsonl");
    write_cases(root, &cases);
    println!("{}", run(Command::new(directory.join("test")).arg(cases)));
}
