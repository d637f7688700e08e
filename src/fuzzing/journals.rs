//! What must hold for every journal and manifest: reading one ends in a result or an error, a
//! journal is read up to the first bad line and the same way again, and no file outside the
//! directory counts as sound.
//!
//! The first byte of an input says whether the rest is a journal or a manifest.

use super::files::CLEANER;
use crate::io::Checksum;
use crate::job::journal::{Journal, ResumeState};
use crate::job::manifest::{Plan, verify};
use crate::job::walk::InputFile;
use crate::report::Stats;
use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

thread_local! {
    /// An output directory that is used for all inputs, with the file `a.txt` in it.
    static DIRECTORY: OnceCell<TempDir> = const { OnceCell::new() };
}

/// Content of the file `a.txt`.
const TEXT: &str = "It rained.\n";

/// Checks a journal or a manifest. See the description of the module.
pub fn check(data: &[u8]) {
    let [kind, content @ ..] = data else { return };
    DIRECTORY.with(|directory| {
        let directory = directory.get_or_init(new_directory).path();
        if kind & 1 == 0 {
            check_journal(directory, content);
        } else {
            check_manifest(directory, content);
        }
    });
}

fn new_directory() -> TempDir {
    let directory = tempfile::tempdir().expect("there is a temporary directory");
    fs::create_dir(directory.path().join(".dechaff")).unwrap();
    fs::write(directory.path().join("a.txt"), TEXT).unwrap();
    directory
}

/// Returns the path of the journal.
fn journal_path(directory: &Path) -> PathBuf {
    directory.join(".dechaff/journal.jsonl")
}

fn plan() -> Plan {
    Plan::new(&CLEANER, serde_json::json!({ "level": "balanced" }), None)
}

/// Returns an input of this name in the directory.
fn input(directory: &Path, name: &str) -> InputFile {
    let path = directory.join(name);
    InputFile {
        output_path: name.into(),
        size: TEXT.len() as u64,
        state: crate::io::FileState::of(&path),
        path,
    }
}

fn check_journal(directory: &Path, content: &[u8]) {
    let path = journal_path(directory);
    fs::write(&path, content).unwrap();
    let Ok((journal, note)) = Journal::open(directory, plan(), true, false) else {
        return;
    };
    let lengths = journal.lengths();
    drop(journal);
    let read = fs::read(&path).unwrap();
    if note.is_some() {
        return;
    }
    assert!(content.starts_with(&read), "only the end is cut off");
    let (mut journal, note) = Journal::open(directory, plan(), true, false).expect("it is valid");
    assert_eq!((note, journal.lengths()), (None, lengths));
    for in_order in [false, true] {
        for name in ["a.txt", "b.txt"] {
            let state = journal.resume(&input(directory, name), in_order);
            let is_there = name == "a.txt";
            assert!(is_there || !matches!(state, ResumeState::Checkpoint(_)));
        }
    }
    journal.discard_rest().expect("the journal can be written");
    let (finished, mut totals) = (input(directory, "a.txt"), Stats::default());
    journal
        .finish(&finished, None, &totals, [Some(1), None, None])
        .expect("the journal can be written");
    if let ResumeState::Done(stats) = journal.resume(&finished, false) {
        totals.merge(&stats);
    }
    drop(journal);
    let (journal, note) = Journal::open(directory, plan(), true, false).expect("it is valid");
    assert_eq!((note, journal.lengths()), (None, [Some(1), None, None]));
}

fn check_manifest(directory: &Path, content: &[u8]) {
    let path = directory.join("dechaff-run.json");
    fs::write(&path, content).unwrap();
    if let Ok(report) = verify(directory) {
        assert_eq!(report.manifests, 1);
        // There is one file that can be sound, which a manifest may name several times.
        let names = content.windows(5).filter(|name| name == b"a.txt").count();
        let escapes = content.contains(&b'\\') || content.contains(&b'%');
        assert!(escapes || report.sound <= names, "{report:?}");
        assert!(report.problems.iter().all(|problem| !problem.is_empty()));
    }
}

/// Returns a journal and a manifest of a run, whole and in parts.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let directory = new_directory();
    let directory = directory.path();
    let sum = Checksum::of(&directory.join("a.txt")).ok();
    let (mut journal, _) = Journal::open(directory, plan(), true, false).unwrap();
    let stats = Stats {
        documents: 2,
        ..Stats::default()
    };
    let (one, other) = (input(directory, "a.txt"), input(directory, "b.txt"));
    journal.claim(vec!["a.txt".to_owned()]).unwrap();
    journal
        .finish(&one, sum.clone(), &stats, [Some(10), None, None])
        .unwrap();
    let start = crate::io::Start {
        offset: 20,
        records: 2,
    };
    let other = InputFile {
        state: one.state,
        ..other
    };
    let written = sum.clone().unwrap();
    let tally = crate::job::BatchStats::default();
    journal
        .checkpoint(
            &other,
            start,
            written,
            &tally,
            [Some(12), None, None],
            [Some(10), None, None],
        )
        .unwrap();
    journal.fail(Path::new("c.txt"), "cannot be read");
    journal
        .finish(&other, sum, &stats, [Some(30), None, None])
        .unwrap();
    journal.end(&stats).unwrap();
    let journal = fs::read(journal_path(directory)).unwrap();
    let manifest = fs::read(directory.join("dechaff-run.json")).unwrap();
    let lines: Vec<&[u8]> = journal.split_inclusive(|&byte| byte == b'\n').collect();
    let mut seeds = vec![
        [&[0], journal.as_slice()].concat(),
        [&[1], manifest.as_slice()].concat(),
        [b"\x00", lines[0], lines[2], b"{\"kept\":1}\n", lines[3]].concat(),
        [b"\x00", lines[0], b"{\"kept\":18446744073709551615}\n"].concat(),
    ];
    for line in &lines[1..] {
        seeds.push([b"\x00", lines[0], line, line].concat());
    }
    seeds.extend((1..lines.len()).map(|end| [b"\x00", lines[..end].concat().as_slice()].concat()));
    seeds
}
