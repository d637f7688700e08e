//! Reads dechaff's outputs with other programs: pyarrow, pandas, polars, duckdb, datasets, warcio,
//! fastwarc, Dolma's mixer, jq and zstdcat. The Python ones run only if `DECHAFF_HEAVY` is set,
//! because installing them needs a network and about a minute.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

const DECHAFF: &str = env!("CARGO_BIN_EXE_dechaff");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs `command` and returns its standard output. Panics with both outputs if it fails.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    stdout
}

/// Held while an environment is made.
static MAKING: Mutex<()> = Mutex::new(());

/// Returns the `bin` directory of a virtual environment with the requirements in
/// `tests/clients/{name}.txt`. It is created again only if the list has changed. Returns `None` if
/// heavy tests are off.
fn environment(name: &str) -> Option<PathBuf> {
    if std::env::var_os("DECHAFF_HEAVY").is_none() {
        println!("skipped: DECHAFF_HEAVY is not set");
        return None;
    }
    // Tests that use the same environment run at the same time.
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let list = root().join(format!("tests/clients/{name}.txt"));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("clients-{name}"));
    let stamp = directory.join("made-from.txt");
    if fs::read(&stamp).ok() != fs::read(&list).ok() {
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&directory));
        // The lists are complete: resolving dependencies would take minutes.
        run(Command::new(directory.join("bin/pip"))
            .args(["install", "-q", "--no-deps", "-r"])
            .arg(&list));
        fs::copy(&list, &stamp).unwrap();
    }
    Some(directory.join("bin"))
}

#[test]
fn python_readers_read_outputs() {
    let Some(bin) = environment("readers") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let script = root().join("tests/clients/readers.py");
    let stdout = run(Command::new(bin.join("python"))
        .arg(script)
        .arg(DECHAFF)
        .env("HF_HUB_OFFLINE", "1")
        .current_dir(&directory));
    assert!(stdout.ends_with("all read\n"), "{stdout}");
}

#[test]
fn python_readers_read_parquet_of_other_writers() {
    let Some(bin) = environment("readers") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let clients = root().join("tests/clients");
    let stdout = run(Command::new(bin.join("python"))
        .arg(clients.join("read_parquet.py"))
        .arg(DECHAFF)
        .arg(clients.join("parquet"))
        .current_dir(&directory));
    assert!(stdout.ends_with("all read\n"), "{stdout}");
}

#[test]
fn dolma_mixer_with_attributes_gives_the_texts_that_clean_writes() {
    let Some(bin) = environment("dolma") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let script = root().join("tests/clients/mix.py");
    let stdout = run(Command::new(bin.join("python"))
        .arg(script)
        .arg(DECHAFF)
        .arg(bin.join("dolma"))
        .current_dir(&directory));
    assert!(stdout.ends_with("all alike\n"), "{stdout}");
}

#[test]
fn jq_and_zstdcat_read_outputs() {
    for tool in ["jq", "zstdcat"] {
        if Command::new(tool).arg("--version").output().is_err() {
            println!("skipped: {tool} is not installed");
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
    let stdout = run(Command::new("sh")
        .args(["-c", "zstdcat b.jsonl.zst | jq -r .text | sort | uniq -c"])
        .current_dir(&directory));
    assert_eq!(
        stdout.split_whitespace().collect::<Vec<_>>(),
        ["3000", "3000", "It", "rained."]
    );
}
