//! What `diff` tells of two runs, from their removal records and from two configurations at work.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "these are tests"
)]

mod common;

use common::{run, text};
use serde_json::Value;
use std::fs;

fn corpus() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir_all(path.join("in/b")).unwrap();
    for (name, text) in [
        ("a.txt", "It rained.\nAdvertisement\nIt stopped.\n"),
        ("b/1.txt", "It rained.\nIt stopped.\n"),
        ("b/2.txt", "It rained.\nPromo\nIt stopped.\n"),
        ("c.txt", "It rained.\nAdvertisement\nPromo\nIt stopped.\n"),
    ] {
        fs::write(path.join("in").join(name), text).unwrap();
    }
    let line = |number: usize| {
        let chaff = ["Promo", "Advertisement", "It snowed."][number % 3];
        format!("{{\"id\": {number}, \"text\": \"It rained.\\n{chaff}\\nIt stopped.\\n\"}}\n")
    };
    fs::write(
        path.join("in/d.jsonl"),
        (0..900).map(line).collect::<String>(),
    )
    .unwrap();
    fs::write(path.join("less.toml"), "skip = ['advert/marker']\n").unwrap();
    fs::write(path.join("more.toml"), "level = 'balanced'\n").unwrap();
    directory
}

fn json(output: &std::process::Output) -> Value {
    serde_json::from_str(&text(&output.stdout)).unwrap()
}

#[test]
fn records_of_two_runs_tell_what_only_one_removes() {
    let directory = corpus();
    let path = directory.path();
    for (level, name) in [("precise", "old"), ("balanced", "new")] {
        let removed = format!("{name}.jsonl");
        run(
            path,
            &[
                "clean",
                "in",
                "-o",
                name,
                "--removed",
                &removed,
                "--level",
                level,
                "--jobs",
                "3",
                "-q",
            ],
            0,
            "",
        );
    }
    let output = run(path, &["diff", "old.jsonl", "new.jsonl"], 1, "");
    let told = text(&output.stdout);
    assert!(
        told.contains("302 documents differ.\n\nOnly new.jsonl removes 2.1 kB:\nRULE"),
        "{told}"
    );
    assert!(
        told.contains("advert/bare-marker")
            && told.contains(": Promo\n")
            && !told.contains("advert/marker"),
        "{told}"
    );
    let one = json(&run(
        path,
        &["diff", "old.jsonl", "new.jsonl", "--json"],
        1,
        "",
    ));
    assert_eq!(
        (
            one["old"]["bytes-alone"].as_u64(),
            one["new"]["rules"][0]["documents"].as_u64()
        ),
        (Some(0), Some(302))
    );
    let other = json(&run(
        path,
        &[
            "diff", "precise", "balanced", "--over", "in", "--json", "-q",
        ],
        1,
        "",
    ));
    assert_eq!(one["documents-that-differ"], other["documents-that-differ"]);
    assert_eq!(
        one["new"]["rules"][0]["spans"],
        other["new"]["rules"][0]["spans"]
    );
    run(path, &["diff", "new.jsonl", "new.jsonl"], 0, "");
    // Where each side takes of documents that the other leaves alone, nothing is lost between them.
    run(
        path,
        &[
            "clean",
            "in",
            "-o",
            "less",
            "--removed",
            "less.jsonl",
            "--config",
            "less.toml",
            "-q",
        ],
        0,
        "",
    );
    let crossed = json(&run(
        path,
        &["diff", "old.jsonl", "less.jsonl", "--json"],
        1,
        "",
    ));
    let documents = |side: &str| crossed[side]["rules"][0]["documents"].as_u64();
    assert_eq!(
        (
            crossed["documents-that-differ"].as_u64(),
            documents("old"),
            documents("new")
        ),
        (Some(603), Some(302), Some(302))
    );
    // A line end is one byte of a text and two of JSON.
    assert_eq!(
        (
            one["new"]["bytes-alone"].as_u64(),
            other["new"]["bytes-alone"].as_u64()
        ),
        (Some(2 * 6 + 300 * 7), Some(302 * 6))
    );
}

#[test]
fn two_configurations_run_at_once_on_any_number_of_threads() {
    let directory = corpus();
    let path = directory.path();
    let of = |jobs: &str| {
        json(&run(
            path,
            &[
                "diff",
                "more.toml",
                "less.toml",
                "--over",
                "in",
                "--json",
                "--jobs",
                jobs,
            ],
            1,
            "904 documents",
        ))
    };
    let told = of("1");
    assert_eq!(told, of("4"));
    assert_eq!(told["old"]["rules"][0]["rule"], "advert/marker");
    assert_eq!(
        (
            told["old"]["rules"][0]["documents"].as_u64(),
            told["new"]["bytes-alone"].as_u64()
        ),
        (Some(302), Some(0))
    );
    assert_eq!(
        told["old"]["rules"][0]["samples"].as_array().unwrap().len(),
        3
    );
    run(
        path,
        &["diff", "more.toml", "balanced", "--over", "in", "-q"],
        0,
        "",
    );
    run(
        path,
        &["diff", "gone.toml", "balanced", "--over", "in"],
        2,
        "is to be a level",
    );
    run(
        path,
        &["diff", "gone.jsonl", "less.toml"],
        2,
        "cannot read the removal record gone.jsonl",
    );
    run(
        path,
        &["diff", "less.toml", "less.toml"],
        2,
        "line 1 is not a valid removal record",
    );
}
