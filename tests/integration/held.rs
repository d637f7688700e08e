//! `--on-held`: what becomes of documents that would lose more than `--max-removed` allows, in each
//! format, and that `restore` brings them back.

use crate::common::{restore, run, text};
use std::fs;
use std::path::Path;

/// A text that would lose most of its bytes, as JSON and CSV escape line ends differently.
const HELD: &str = "Advertisement\nShare this article\nFacebook\nTwitter\nö\n";
const OPTIONS: [&str; 4] = ["--max-removed", "0.5", "--removed", "r.jsonl"];

/// Cleans `input`, which replaces what is left of an earlier run, and returns the output and the
/// messages.
fn clean(directory: &Path, input: &str, output: &str, more: &[&str]) -> (Vec<u8>, String) {
    let args = [&["clean", input, "-f", "-o", output], &OPTIONS[..], more].concat();
    let messages = run(directory, &args, 0, " because more than ").stderr;
    (fs::read(directory.join(output)).unwrap(), text(&messages))
}

fn warc_record(body: &str) -> String {
    format!(
        "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\
         \r\n{body}\r\n\r\n",
        body.len()
    )
}

/// Returns a file name, the record before a held one, that record, what is left of it with an empty
/// text, and the record after it.
fn files() -> [[String; 5]; 3] {
    let json = |body: &str| format!("{{\"id\": 7, \"text\": {}}}\n", serde_json::json!(body));
    [
        [
            "a.jsonl".to_owned(),
            json("A."),
            json(HELD),
            json(""),
            json("B."),
        ],
        [
            "a.csv".to_owned(),
            "id,text\n1,A.\n".to_owned(),
            format!("2,\"{HELD}\"\n"),
            "2,\"\"\n".to_owned(),
            "3,B.\n".to_owned(),
        ],
        [
            "a.wet".to_owned(),
            warc_record("A."),
            warc_record(HELD),
            warc_record(""),
            warc_record("B."),
        ],
    ]
}

#[test]
fn a_held_record_is_passed_dropped_or_emptied_and_restored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for [name, before, held, emptied, after] in files() {
        let source = [before.as_str(), &held, &after].concat();
        fs::write(path.join(&name), &source).unwrap();
        let output = format!("out-{name}");
        for (on_held, middle) in [
            ("pass", held.as_str()),
            ("drop", ""),
            ("keep-empty", &emptied),
        ] {
            for more in [&["--jobs", "3"][..], &["--idempotent"]] {
                let more = [&["--on-held", on_held], more].concat();
                let (cleaned, _) = clean(path, &name, &output, &more);
                let expected = [before.as_str(), middle, &after].concat();
                assert_eq!(text(&cleaned), expected, "{name} {on_held}");
                assert_eq!(text(&restore(path, &output)), source, "{name} {on_held}");
            }
        }
    }
}

#[test]
fn removals_of_held_records_say_why_and_statistics_count_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let [name, before, held, ..] = &files()[0];
    fs::write(path.join(name), [before.as_str(), held].concat()).unwrap();
    for (on_held, rule, reason) in [
        ("drop", "record/held", "left out"),
        ("keep-empty", "text/held", "emptied"),
    ] {
        let more = [
            "--on-held",
            on_held,
            "--errors",
            "e.jsonl",
            "--stats",
            "s.json",
        ];
        let (_, messages) = clean(path, name, "o.jsonl", &more);
        assert!(messages.contains("53 B of 55 B removed"), "{messages}");
        let record = fs::read_to_string(path.join("r.jsonl")).unwrap();
        assert!(record.contains(&format!("\"rule\":\"{rule}\"")), "{record}");
        let errors = fs::read_to_string(path.join("e.jsonl")).unwrap();
        let reason = format!("is held: 94.3 % would have gone; {reason}");
        assert!(errors.contains(&reason), "{errors}");
        let stats: serde_json::Value =
            serde_json::from_slice(&fs::read(path.join("s.json")).unwrap()).unwrap();
        assert_eq!(
            stats["shares"],
            serde_json::json!([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
        );
    }
    let args = ["clean", name, "--check", "-q", "--max-removed", "0.5"];
    run(path, &args, 0, "");
    run(path, &[&args[..], &["--on-held", "drop"]].concat(), 1, "");
}

#[test]
fn an_input_that_is_one_text_becomes_empty() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("a.txt"), HELD).unwrap();
    for on_held in ["drop", "keep-empty"] {
        let (cleaned, messages) = clean(path, "a.txt", "b.txt", &["--on-held", on_held]);
        assert_eq!(text(&cleaned), "");
        assert!(messages.contains("held, and emptied: 94.3 %"), "{messages}");
        assert_eq!(text(&restore(path, "b.txt")), HELD);
    }
}

#[test]
fn the_configuration_and_annotations_know_held_texts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let [name, before, held, _, after] = &files()[0];
    let source = [before.as_str(), held, after].concat();
    fs::write(path.join(name), &source).unwrap();
    let config = "on-held = 'drop'\nmax-removed = 0.5\n";
    fs::write(path.join("dechaff.toml"), config).unwrap();
    let output = run(path, &["clean", name, "-q"], 0, "");
    assert_eq!(text(&output.stdout), [before.as_str(), after].concat());
    // Annotating leaves nothing out, so the lines still correspond.
    let output = run(path, &["clean", name, "-q", "--annotate", "dolma"], 0, "");
    let lines = text(&output.stdout);
    assert_eq!(lines.lines().count(), 3);
    let second = lines.lines().nth(1).unwrap();
    let length = HELD.chars().count();
    assert!(
        second.contains(&format!("\"dechaff__all\":[[0,{length},1.0]]")),
        "{second}"
    );
    assert!(
        second.contains(&format!("\"dechaff__removed_share\":[[0,{length},0.94")),
        "{second}"
    );
    let output = run(path, &["clean", name, "-q", "--annotate", "field"], 0, "");
    let lines = text(&output.stdout);
    assert!(lines.contains("\"rule\":\"record/held\""), "{lines}");
    assert!(lines.contains("\"dechaff_removed_share\": 0.0}"), "{lines}");
    let args = ["clean", name, "--diff", "--on-held", "drop"];
    run(path, &args, 2, "cannot be used with");
}

/// Returns the texts of a table.
#[cfg(feature = "parquet")]
fn texts(directory: &Path, table: &str) -> Vec<String> {
    let args = [
        "clean",
        table,
        "-q",
        "--only",
        "cookie",
        "--output-format",
        "jsonl",
    ];
    text(&run(directory, &args, 0, "").stdout)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|row| row["text"].as_str().unwrap().to_owned())
        .collect()
}

#[cfg(feature = "parquet")]
#[test]
fn rows_of_tables_are_dropped_or_emptied() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let [name, before, held, _, after] = &files()[0];
    fs::write(path.join(name), [before.as_str(), held, after].concat()).unwrap();
    let to_table = ["clean", name, "-o", "a.parquet", "-q", "--only", "cookie"];
    run(
        path,
        &[&to_table[..], &["--output-format", "parquet"]].concat(),
        0,
        "",
    );
    for (on_held, expected) in [
        ("pass", &["A.", HELD, "B."][..]),
        ("drop", &["A.", "B."]),
        ("keep-empty", &["A.", "", "B."]),
    ] {
        clean(path, "a.parquet", "b.parquet", &["--on-held", on_held]);
        assert_eq!(texts(path, "b.parquet"), expected, "{on_held}");
        let record = fs::read_to_string(path.join("r.jsonl")).unwrap();
        assert_eq!(
            record.contains("\"record/held\""),
            on_held == "drop",
            "{record}"
        );
        if on_held == "keep-empty" {
            restore(path, "b.parquet");
            fs::rename(path.join("restored"), path.join("c.parquet")).unwrap();
            assert_eq!(texts(path, "c.parquet"), ["A.", HELD, "B."]);
        }
    }
}
