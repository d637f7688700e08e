//! What removal records, `restore`, `--resume` and the disk promise: a record knows its documents,
//! restoring can be repeated, and an interrupted run ends like one that was not.

use crate::common::{dechaff, run, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

const CLEAN: &str = "It rained all day in the town by the sea.\nIt stopped at night.\n";

/// Returns a text with chaff, different for each number.
fn story(number: usize) -> String {
    format!(
        "It rained on day {number} in the town by the sea.\nAdvertisement\nIt stopped at night, \
         and {number} people went home.\nShare this article\n"
    )
}

/// Returns `lines` lines of JSON Lines.
fn stories(lines: usize) -> String {
    let lines: Vec<String> = (0..lines)
        .map(|number| json!({ "id": number, "text": story(number) }).to_string() + "\n")
        .collect();
    lines.concat()
}

/// Writes `files` stories, in two directories below `in`, and a clean text.
fn write_corpus(directory: &Path, files: usize) {
    for number in 0..files {
        let path = directory.join(format!("in/{}/{number:04}.txt", number % 2));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, story(number)).unwrap();
    }
    fs::write(directory.join("in/clean.txt"), CLEAN).unwrap();
}

/// Returns the contents of all files below `directory` by path, without those of dechaff.
fn tree(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with(".dechaff") {
            continue;
        }
        if path.is_dir() {
            files.extend(tree(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

/// Returns [`tree`] with paths below `directory`.
fn tree_below(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    tree(directory)
        .into_iter()
        .map(|(path, bytes)| (path.strip_prefix(directory).unwrap().to_owned(), bytes))
        .collect()
}

const IN_PLACE: [&str; 6] = ["clean", "-q", "in", "--in-place", "--removed", "r.jsonl"];
const RESTORE: [&str; 4] = ["restore", "--in-place", "--removed", "r.jsonl"];

#[test]
fn restoring_can_be_repeated_and_changes_only_cleaned_texts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path, 6);
    fs::write(path.join("in/large.jsonl"), stories(12_000)).unwrap();
    fs::write(path.join("in/clean.jsonl"), "{\"text\":\"It rained.\"}\n").unwrap();
    let before = tree(&path.join("in"));
    run(path, &IN_PLACE, 0, "");
    let cleaned = tree(&path.join("in"));
    assert_ne!(before, cleaned);
    let record = fs::read_to_string(path.join("r.jsonl")).unwrap();
    assert!(!record.contains("in/clean"));
    let restored = "7 files restored.";
    run(path, &RESTORE, 0, restored);
    assert!(tree(&path.join("in")) == before);
    run(path, &RESTORE, 0, "0 files restored; 7 already restored.");
    assert!(tree(&path.join("in")) == before);

    // Restoring was killed after some files.
    for (file, bytes) in cleaned.iter().take(4) {
        fs::write(file, bytes).unwrap();
    }
    run(path, &RESTORE, 0, "already restored.");
    assert!(tree(&path.join("in")) == before);

    // One file was edited after cleaning, and one is gone.
    for (file, bytes) in &cleaned {
        fs::write(file, bytes).unwrap();
    }
    fs::write(path.join("in/0/0002.txt"), "It snowed.\n").unwrap();
    fs::remove_file(path.join("in/1/0003.txt")).unwrap();
    let output = run(path, &RESTORE, 3, "5 files restored; 2 failed.");
    let errors = text(&output.stderr);
    assert!(
        errors.contains("in/0/0002.txt: is neither the cleaned text nor the source"),
        "{errors}"
    );
    assert!(
        errors.contains("in/1/0003.txt: cannot be opened"),
        "{errors}"
    );
    let after = tree(&path.join("in"));
    assert_eq!(after[&path.join("in/0/0002.txt")], b"It snowed.\n");
    assert!(after[&path.join("in/large.jsonl")] == before[&path.join("in/large.jsonl")]);
}

/// A run that is killed leaves a record of files that it has not replaced yet.
#[test]
fn records_cut_anywhere_leave_sources_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path, 4);
    fs::write(path.join("in/large.jsonl"), stories(12_000)).unwrap();
    let before = tree(&path.join("in"));
    run(path, &IN_PLACE, 0, "");
    let cleaned = tree(&path.join("in"));
    let record = fs::read(path.join("r.jsonl")).unwrap();
    for (file, bytes) in &before {
        fs::write(file, bytes).unwrap();
    }
    let step = record.len() / 23;
    for at in (0..record.len()).step_by(step).chain([record.len() - 1]) {
        fs::write(path.join("r.jsonl"), &record[..at]).unwrap();
        run(path, &RESTORE, 0, "0 files restored");
        assert!(tree(&path.join("in")) == before, "{at}");
    }
    // A cleaned text without the end of its record cannot be restored, which is said.
    let large = path.join("in/large.jsonl");
    fs::write(&large, &cleaned[&large]).unwrap();
    fs::write(path.join("r.jsonl"), &record[..record.len() - 60]).unwrap();
    run(path, &RESTORE, 3, "the record ends within the file");
    assert!(fs::read(&large).unwrap() == cleaned[&large]);
    // A record with another text is not believed.
    let damaged = text(&record).replacen("Advertisement\\n", "Advertisement!", 1);
    fs::write(path.join("r.jsonl"), damaged).unwrap();
    for (file, bytes) in &cleaned {
        fs::write(file, bytes).unwrap();
    }
    run(path, &RESTORE, 3, "the record is damaged");
}

#[test]
fn whole_directories_are_restored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path, 5);
    run(
        path,
        &["clean", "-q", "in", "-o", "out", "--removed", "r.jsonl"],
        0,
        "",
    );
    let restore = ["restore", "out", "--removed", "r.jsonl", "-o", "back"];
    run(path, &restore, 0, "5 files restored.");
    assert_eq!(tree_below(&path.join("back")), tree_below(&path.join("in")));
    // Again, after a kill left some of them.
    fs::remove_file(path.join("back/0/0002.txt")).unwrap();
    fs::remove_file(path.join("back/clean.txt")).unwrap();
    run(path, &restore, 0, "1 file restored; 4 already restored.");
    assert_eq!(tree_below(&path.join("back")), tree_below(&path.join("in")));
    fs::write(path.join("back/0/0002.txt"), "It snowed.\n").unwrap();
    run(
        path,
        &restore,
        3,
        "back/0/0002.txt exists; use --force to replace it",
    );
    run(
        path,
        &["restore", "out", "--removed", "r.jsonl"],
        2,
        "out is a directory",
    );
    let in_place = ["restore", "out", "--removed", "r.jsonl", "--in-place"];
    run(path, &in_place, 0, "5 files restored.");
    let mut restored = tree_below(&path.join("out"));
    restored.remove(Path::new("dechaff-run.json"));
    assert_eq!(restored, tree_below(&path.join("in")));
}

#[test]
fn files_without_records_are_restored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("empty.jsonl"), "").unwrap();
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/parquet");
    fs::copy(
        table.join("pyarrow-no-rows.parquet"),
        path.join("empty.parquet"),
    )
    .unwrap();
    for name in ["empty.jsonl", "empty.parquet"] {
        let (out, record) = (format!("out-{name}"), format!("{name}.removed"));
        let clean = ["clean", "-q", name, "-o", &out, "--removed", &record];
        run(path, &clean, 0, "");
        let restore = ["restore", &out, "--removed", &record, "--in-place"];
        run(path, &restore, 0, "0 files restored");
    }
}

#[test]
fn names_of_any_bytes_survive_the_round_trip() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir(path.join("in")).unwrap();
    for (number, name) in [
        &b"caf\xe9.txt"[..],
        b"\xef\xbf\xbde9.txt",
        b"\xff\xfe",
        b"b\n.txt",
    ]
    .iter()
    .enumerate()
    {
        fs::write(path.join("in").join(OsStr::from_bytes(name)), story(number)).unwrap();
    }
    let before = tree(&path.join("in"));
    let clean = ["clean", "-q", "in", "-o", "out", "--removed", "out.jsonl"];
    run(path, &clean, 0, "");
    run(path, &["verify", "out"], 0, "4 outputs match the manifest");
    let cleaned = tree_below(&path.join("out"));
    let record = fs::read(path.join("out.jsonl")).unwrap();
    assert!(text(&record).contains("in/caf\u{FFFD}e9.txt"));
    run(path, &[&clean[..], &["--resume"]].concat(), 0, "");
    assert!(tree_below(&path.join("out")) == cleaned);
    assert!(fs::read(path.join("out.jsonl")).unwrap() == record);
    fs::write(path.join("out").join(OsStr::from_bytes(b"\xff\xfe")), "").unwrap();
    run(path, &["verify", "out"], 1, "1 problem");
    run(path, &IN_PLACE, 0, "");
    assert_ne!(tree(&path.join("in")), before);
    run(path, &RESTORE, 0, "4 files restored.");
    assert_eq!(tree(&path.join("in")), before);
}

#[test]
fn records_of_earlier_versions_are_rejected() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path, 2);
    run(path, &IN_PLACE, 0, "");
    let record = fs::read_to_string(path.join("r.jsonl")).unwrap();
    let cleaned = tree(&path.join("in"));
    for (other, message) in [
        ("", "line 1 is a removal record of an earlier version"),
        (
            "\"version\":1,",
            "line 1 is a removal record of an earlier version",
        ),
        (
            "\"version\":3,",
            "line 1 has version 3, and this dechaff reads version 2",
        ),
    ] {
        let changed = record.replace("\"version\":2,", other);
        fs::write(path.join("r.jsonl"), changed).unwrap();
        run(path, &RESTORE, 2, message);
        run(path, &["diff", "r.jsonl", "r.jsonl"], 2, message);
        assert!(tree(&path.join("in")) == cleaned);
    }
    let lines: Vec<Value> = record
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.iter().all(|line| line["version"] == 2));
    assert_eq!(
        lines.iter().filter(|line| line["complete"] == true).count(),
        2
    );
}

/// Starts a run and sends it a signal after `delay`. Returns whether that interrupted it.
fn interrupt(directory: &Path, args: &[&str], signal: &str, delay: Duration) -> bool {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dechaff"))
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(delay);
    let _ = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .stderr(Stdio::null())
        .status();
    !child.wait().unwrap().success()
}

/// Asserts that the outputs, the manifest and the record of `out` are those of `whole`.
fn assert_same_as_whole(path: &Path) {
    let (out, whole) = (
        tree_below(&path.join("out")),
        tree_below(&path.join("whole")),
    );
    for (name, bytes) in &whole {
        assert!(out.get(name) == Some(bytes), "{} differs", name.display());
    }
    assert_eq!(out.len(), whole.len());
    let record = |name| fs::read_to_string(path.join(name)).unwrap();
    assert!(record("r.jsonl") == record("whole.jsonl"));
}

const WHOLE: [&str; 9] = [
    "clean",
    "-q",
    "in",
    "-o",
    "whole",
    "--removed",
    "whole.jsonl",
    "--skip",
    "model",
];
const RESUMED: [&str; 10] = [
    "clean",
    "-q",
    "in",
    "-o",
    "out",
    "--removed",
    "r.jsonl",
    "--skip",
    "model",
    "--resume",
];

#[test]
fn runs_stopped_by_signals_resume_as_if_undisturbed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path, 1200);
    fs::write(path.join("in/a-large.jsonl"), stories(30_000)).unwrap();
    run(path, &WHOLE, 0, "");
    let mut interrupted = 0;
    for (round, signal) in ["-TERM", "-INT", "-KILL"].iter().enumerate() {
        let _ = fs::remove_dir_all(path.join("out"));
        let _ = fs::remove_file(path.join("r.jsonl"));
        for part in 1..3 {
            let delay = Duration::from_millis(60 + 90 * (round as u64 + part));
            interrupted += usize::from(interrupt(path, &RESUMED, signal, delay));
        }
        run(path, &RESUMED, 0, "");
        assert_same_as_whole(path);
    }
    assert!(interrupted > 0);
}

#[test]
fn an_input_that_failed_is_recorded_in_its_place_once_it_is_cleaned() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path, 12);
    run(path, &WHOLE, 0, "");
    // A directory is in the way of an output.
    fs::create_dir_all(path.join("out/0/0004.txt")).unwrap();
    run(path, &RESUMED, 3, "in/0/0004.txt");
    fs::remove_dir(path.join("out/0/0004.txt")).unwrap();
    run(path, &RESUMED, 0, "");
    assert_same_as_whole(path);
    // An input that appears later is recorded in its place too, and one that is gone nowhere.
    fs::write(path.join("in/0/0005.txt"), story(5)).unwrap();
    fs::remove_file(path.join("in/1/0011.txt")).unwrap();
    fs::remove_file(path.join("out/1/0011.txt")).unwrap();
    run(path, &RESUMED, 0, "");
    fs::remove_dir_all(path.join("whole")).unwrap();
    fs::remove_file(path.join("whole.jsonl")).unwrap();
    run(path, &WHOLE, 0, "");
    assert_same_as_whole(path);
}

#[test]
fn a_large_input_that_failed_leaves_no_lines() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path, 2);
    let large = stories(120_000) + "no JSON\n";
    fs::write(path.join("in/1-large.jsonl"), large).unwrap();
    let fail = ["--on-error", "fail"];
    run(
        path,
        &[&WHOLE[..], &fail].concat(),
        3,
        "record 120001 is not a JSON object",
    );
    run(
        path,
        &[&RESUMED[..], &fail].concat(),
        3,
        "record 120001 is not a JSON object",
    );
    assert_same_as_whole(path);
    run(
        path,
        &[&RESUMED[..], &fail].concat(),
        3,
        "record 120001 is not a JSON object",
    );
    assert_same_as_whole(path);
}

/// Returns when each output below `directory` was written. A run that writes an output again changes
/// that.
fn times(directory: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let outputs = tree(directory).into_keys();
    outputs
        .filter(|path| !path.ends_with("dechaff-run.json"))
        .map(|path| {
            let modified = fs::metadata(&path).unwrap().modified().unwrap();
            (path, modified)
        })
        .collect()
}

#[test]
fn an_input_that_fails_again_leaves_what_follows_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path, 40);
    let small = path.join("in/0/0000.jsonl");
    fs::write(&small, stories(3) + "no JSON\n").unwrap();
    let large = path.join("in/1-large.jsonl");
    fs::write(&large, stories(60_000) + "no JSON\n").unwrap();
    fs::write(path.join("in/2-large.jsonl"), stories(60_000)).unwrap();
    let fail = ["--on-error", "fail"];
    let (whole, resumed) = ([&WHOLE[..], &fail].concat(), [&RESUMED[..], &fail].concat());
    run(path, &whole, 3, "record 60001 is not a JSON object");
    run(path, &resumed, 3, "record 60001 is not a JSON object");
    assert_same_as_whole(path);
    let before = times(&path.join("out"));
    for _ in 0..2 {
        let output = run(path, &resumed, 3, "record 60001 is not a JSON object");
        assert!(text(&output.stderr).contains("0000.jsonl: record 4"));
        assert_same_as_whole(path);
        assert_eq!(times(&path.join("out")), before);
    }
    // Its lines come before those of the inputs after it, once it no longer fails.
    for (input, code) in [(&large, 3), (&small, 0)] {
        fs::write(input, stories(20)).unwrap();
        run(path, &resumed, code, "");
        fs::remove_dir_all(path.join("whole")).unwrap();
        fs::remove_file(path.join("whole.jsonl")).unwrap();
        run(path, &whole, code, "");
        assert_same_as_whole(path);
    }
}

/// The input is the same and fails no longer, because what it needs is there again.
#[test]
fn an_input_that_no_longer_fails_is_recorded_before_what_follows() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path, 12);
    fs::write(path.join("in/0/0004.jsonl"), stories(9_000)).unwrap();
    run(path, &WHOLE, 0, "");
    for blocked in ["0/0004.txt", "0/0004.jsonl"] {
        // A directory is in the way of an output.
        let blocked = path.join("out").join(blocked);
        fs::create_dir_all(&blocked).unwrap();
        run(path, &RESUMED, 3, "0004");
        let before = times(&path.join("out"));
        run(path, &RESUMED, 3, "0004");
        assert_eq!(times(&path.join("out")), before);
        fs::remove_dir(&blocked).unwrap();
        run(path, &RESUMED, 0, "");
        assert_same_as_whole(path);
        fs::remove_dir_all(path.join("out")).unwrap();
        fs::remove_file(path.join("r.jsonl")).unwrap();
    }
}

/// A killed run in place may have replaced files whose source only its record has.
#[test]
fn a_run_in_place_never_replaces_a_removal_record() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path, 4);
    let before = tree(&path.join("in"));
    run(path, &IN_PLACE, 0, "");
    let record = fs::read(path.join("r.jsonl")).unwrap();
    fs::write(path.join("in/new.txt"), story(5)).unwrap();
    for more in [&[][..], &["--force"]] {
        let args = [&IN_PLACE[..], more].concat();
        run(path, &args, 2, "name another file, or delete it");
        assert!(fs::read(path.join("r.jsonl")).unwrap() == record);
        assert_eq!(
            fs::read_to_string(path.join("in/new.txt")).unwrap(),
            story(5)
        );
    }
    let second = ["clean", "-q", "in", "-i", "--removed", "second.jsonl"];
    run(path, &second, 0, "");
    let restore = ["restore", "-i", "--removed", "second.jsonl"];
    run(path, &restore, 0, "1 file restored.");
    run(path, &RESTORE, 0, "4 files restored.");
    fs::remove_file(path.join("in/new.txt")).unwrap();
    assert!(tree(&path.join("in")) == before);
    // An empty record is needed by nothing.
    fs::write(path.join("r.jsonl"), "").unwrap();
    run(path, &[&IN_PLACE[..], &["--force"]].concat(), 0, "");
}

#[test]
fn outputs_that_were_compressed_otherwise_are_restored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir_all(path.join("in/sub")).unwrap();
    fs::write(path.join("in/sub/a.jsonl"), stories(20)).unwrap();
    fs::write(path.join("in/b.txt"), story(1)).unwrap();
    let clean = ["clean", "-q", "in", "--removed"];
    run(
        path,
        &[&clean[..], &["r.jsonl", "-o", "z", "--compress", "zstd"]].concat(),
        0,
        "",
    );
    run(
        path,
        &["restore", "z", "--removed", "r.jsonl", "-o", "back"],
        0,
        "2 files restored.",
    );
    let source = |name: &str| {
        let file = fs::File::open(path.join("back").join(name)).unwrap();
        String::from_utf8(zstd::decode_all(file).unwrap()).unwrap()
    };
    assert_eq!(source("sub/a.jsonl.zst"), stories(20));
    assert_eq!(source("b.txt.zst"), story(1));
    run(
        path,
        &["restore", "z", "-i", "--removed", "r.jsonl"],
        0,
        "2 files restored.",
    );
    assert!(
        tree_below(&path.join("back"))
            .iter()
            .all(|(name, bytes)| { fs::read(path.join("z").join(name)).unwrap() == *bytes })
    );
    // The other way round, and a single file.
    let compressed = [
        &clean[..],
        &["s.jsonl", "-o", "plain", "--compress", "none"],
    ]
    .concat();
    fs::rename(path.join("in"), path.join("old")).unwrap();
    fs::rename(path.join("back"), path.join("in")).unwrap();
    run(path, &compressed, 0, "");
    run(
        path,
        &["restore", "plain", "-i", "--removed", "s.jsonl"],
        0,
        "2 files restored.",
    );
    assert_eq!(
        tree_below(&path.join("plain"))[Path::new("b.txt")],
        story(1).as_bytes()
    );
    run(
        path,
        &[&clean[..], &["t.jsonl", "-o", "gz", "--compress", "gzip"]].concat(),
        0,
        "",
    );
    let one = [
        "restore",
        "gz/b.txt.gz",
        "--removed",
        "t.jsonl",
        "-o",
        "b.gz",
    ];
    run(path, &one, 0, "");
    let zcat = Command::new("zcat")
        .arg(path.join("b.gz"))
        .output()
        .unwrap();
    assert_eq!(text(&zcat.stdout), story(1));
}

/// Returns the path of the only unfinished output in `directory`.
fn partial_output(directory: &Path) -> PathBuf {
    let mut parts = fs::read_dir(directory.join(".dechaff/parts")).unwrap();
    parts.next().unwrap().unwrap().path()
}

#[test]
fn changed_partial_outputs_and_reports_are_detected() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir(path.join("in")).unwrap();
    fs::write(path.join("in/a.jsonl"), stories(130_000)).unwrap();
    run(path, &WHOLE, 0, "");
    let journal = path.join("out/.dechaff/journal.jsonl");
    let mut child = Command::new(env!("CARGO_BIN_EXE_dechaff"))
        .args(RESUMED)
        .current_dir(path)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !fs::read_to_string(&journal).is_ok_and(|journal| journal.contains("\"part\"")) {
        assert!(
            child.try_wait().unwrap().is_none(),
            "the run was too fast to be stopped"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let record = fs::read(path.join("r.jsonl")).unwrap();
    fs::write(path.join("r.jsonl"), "").unwrap();
    run(path, &RESUMED, 2, "shorter than the earlier run left it");
    fs::write(path.join("r.jsonl"), record).unwrap();
    let part = partial_output(&path.join("out"));
    let mut bytes = fs::read(&part).unwrap();
    bytes[1000] ^= 1;
    fs::write(&part, bytes).unwrap();
    let output = dechaff(path, &[&RESUMED[..1], &RESUMED[2..]].concat());
    let errors = text(&output.stderr);
    assert!(
        errors.contains("in/a.jsonl: changed since the earlier run; cleaned again"),
        "{errors}"
    );
    assert_same_as_whole(path);
}

/// Runs `dechaff` with `args` and returns its system calls that sync or name files.
fn strace(path: &Path, args: &[&str]) -> String {
    let traced = Command::new("strace")
        .args(["-f", "-y", "-o", "trace", "-e"])
        .arg("trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat")
        .arg(env!("CARGO_BIN_EXE_dechaff"))
        .args(args)
        .current_dir(path)
        .output()
        .unwrap();
    assert!(traced.status.success(), "{}", text(&traced.stderr));
    fs::read_to_string(path.join("trace")).unwrap()
}

/// Returns whether a line syncs a file whose path has `part`.
fn syncs(part: &str, lines: &[&str]) -> bool {
    lines
        .iter()
        .any(|line| line.contains("sync(") && line.contains(part))
}

/// Looks at the system calls of a run: each output is on the disk before it gets its name, and each
/// directory after that.
#[test]
fn outputs_are_on_the_disk_before_they_have_names() {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: there is no strace");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_corpus(path, 20);
    let trace = strace(
        path,
        &["clean", "-q", "in", "-o", "out", "--removed", "r.jsonl"],
    );
    let lines: Vec<&str> = trace.lines().collect();
    let mut names = 0;
    for (at, line) in lines.iter().enumerate() {
        let is_naming = line.contains("rename") || line.contains("link");
        if !is_naming || !line.contains('"') {
            continue;
        }
        names += 1;
        let from = line.split('"').nth(1).unwrap();
        let target = Path::new(line.split('"').nth(3).unwrap());
        assert!(syncs(from, &lines[..at]), "{line}");
        let target_directory = format!("{}>", target.parent().unwrap().display());
        assert!(syncs(&target_directory, &lines[at..]), "{line}");
        assert!(syncs("/r.jsonl>", &lines[..at]), "{line}");
        assert!(syncs("/journal.jsonl>", &lines[..at]), "{line}");
    }
    assert_eq!(names, 22, "{trace}");
    // With a checkpoint of a large file.
    fs::write(path.join("in/large.jsonl"), stories(120_000)).unwrap();
    let args = [
        "clean",
        "-q",
        "in",
        "-o",
        "again",
        "--removed",
        "again.jsonl",
        "--skip",
        "model",
        "--no-sync",
    ];
    let trace = strace(path, &args);
    assert!(!trace.contains("sync("), "{trace}");
    let journal = fs::read_to_string(path.join("again/.dechaff/journal.jsonl")).unwrap();
    assert!(journal.contains("{\"part\""), "{journal}");
}
