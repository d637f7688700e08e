//! `dechaff explain`: why a line was removed or kept, for every input that `clean` reads.

use crate::common::{run, text};
use serde_json::Value;
use std::fs;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/harbour-bridge.txt");

/// Returns the output of `explain` for the sample with the options `more`.
fn explain_sample(more: &[&str]) -> String {
    text(
        &run(
            ROOT.as_ref(),
            &[&["explain", SAMPLE, "-q"], more].concat(),
            0,
            "",
        )
        .stdout,
    )
}

#[test]
fn line_filters_select_removed_kept_or_all_lines() {
    let (removed, kept) = (
        explain_sample(&["--line", "removed"]),
        explain_sample(&["--line", "kept"]),
    );
    assert_eq!(
        (
            removed.matches(": kept\n").count(),
            kept.matches(": removed\n").count()
        ),
        (0, 0)
    );
    assert!(removed.contains(":11: removed") && kept.contains(":16: kept"));
    let whole: Value = serde_json::from_str(&explain_sample(&["--json", "--line", "all"])).unwrap();
    let lines = whole["lines"].as_array().unwrap();
    assert_eq!(
        lines.len(),
        fs::read_to_string(SAMPLE).unwrap().lines().count()
    );
    assert_eq!(
        (
            lines[22]["fate"].as_str(),
            lines[22]["marks"][0]["text"].as_str()
        ),
        (Some("removed"), Some("Advertisement\n"))
    );
    assert!(lines[4]["model"]["score"].as_f64() > lines[4]["model"]["threshold"].as_f64());
}

#[test]
fn records_and_directories_are_explained_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir(path.join("in")).unwrap();
    fs::write(path.join("in/a.txt"), "It rained.\nAdvertisement\n").unwrap();
    let records = (1..=300).map(|number| {
        format!("{{\"id\": \"n{number}\", \"text\": \"It rained {number}.\\nAdvertisement\\n\"}}\n")
    });
    fs::write(path.join("in/b.jsonl"), records.collect::<String>()).unwrap();
    let output = text(&run(path, &["explain", "in", "-q"], 0, "").stdout);
    let headings: Vec<&str> = output
        .lines()
        .filter(|line| line.starts_with("== "))
        .collect();
    assert_eq!(headings.len(), 301);
    assert_eq!(
        (headings[0], headings[300]),
        ("== in/a.txt ==", "== in/b.jsonl#300.text ==")
    );
    assert!(
        headings[1..]
            .iter()
            .enumerate()
            .all(|(index, heading)| *heading == format!("== in/b.jsonl#{}.text ==", index + 1))
    );
    let output = text(
        &run(
            path,
            &["explain", "in/b.jsonl", "--record", "7", "-q"],
            0,
            "",
        )
        .stdout,
    );
    assert_eq!(
        output,
        "== in/b.jsonl#7.text ==\nIt rained 7.\n[-Advertisement-]{advert/marker}\n"
    );
    let output = text(&run(path, &["explain", "in/b.jsonl", "--json", "-q"], 0, "").stdout);
    assert_eq!(
        output
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
            .nth(6)
            .unwrap(),
        "n7"
    );
}
