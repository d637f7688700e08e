//! Real readers of what dechaff writes: pyarrow, pandas, polars, datasets, warcio, Dolma's mixer, jq and zstdcat. As it
//! takes a network and a minute to set them up, these tests run where `DECHAFF_HEAVY` is set.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "these are tests"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const DECHAFF: &str = env!("CARGO_BIN_EXE_dechaff");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (told, errors) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{command:?}\n{told}\n{errors}");
    told
}

/// A virtual environment with what a list of requirements names, made once; none where heavy tests are left out.
fn environment(name: &str) -> Option<PathBuf> {
    if std::env::var_os("DECHAFF_HEAVY").is_none() {
        println!("left out: DECHAFF_HEAVY is not set");
        return None;
    }
    let list = root().join(format!("tests/clients/{name}.txt"));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("clients-{name}"));
    let stamp = directory.join("made-from.txt");
    if fs::read(&stamp).ok() != fs::read(&list).ok() {
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&directory));
        // The lists name all that is needed, so that nothing has to be worked out, which takes minutes.
        run(Command::new(directory.join("bin/pip"))
            .args(["install", "-q", "--no-deps", "-r"])
            .arg(&list));
        fs::copy(&list, &stamp).unwrap();
    }
    Some(directory.join("bin"))
}

#[test]
fn readers_of_corpora_read_outputs() {
    let Some(bin) = environment("readers") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let script = root().join("tests/clients/readers.py");
    let told = run(Command::new(bin.join("python"))
        .arg(script)
        .arg(DECHAFF)
        .env("HF_HUB_OFFLINE", "1")
        .current_dir(&directory));
    assert!(told.ends_with("all read\n"), "{told}");
}

#[test]
fn dolma_mixes_to_the_texts_that_dechaff_cleans() {
    let Some(bin) = environment("dolma") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let script = root().join("tests/clients/mix.py");
    let told = run(Command::new(bin.join("python"))
        .arg(script)
        .arg(DECHAFF)
        .arg(bin.join("dolma"))
        .current_dir(&directory));
    assert!(told.ends_with("all alike\n"), "{told}");
}

#[test]
fn jq_and_zstdcat_read_outputs() {
    for tool in ["jq", "zstdcat"] {
        if Command::new(tool).arg("--version").output().is_err() {
            println!("left out: {tool} is not here");
            return;
        }
    }
    let directory = tempfile::tempdir().unwrap();
    fs::write(
        directory.path().join("a.jsonl"),
        "{\"text\":\"It rained.\\nAdvertisement\\n\"}\n".repeat(3000),
    )
    .unwrap();
    run(Command::new(DECHAFF)
        .args(["clean", "-q", "a.jsonl", "-o", "b.jsonl.zst"])
        .current_dir(&directory));
    let told = run(Command::new("sh")
        .args(["-c", "zstdcat b.jsonl.zst | jq -r .text | sort | uniq -c"])
        .current_dir(&directory));
    assert_eq!(
        told.split_whitespace().collect::<Vec<_>>(),
        ["3000", "3000", "It", "rained."]
    );
}
