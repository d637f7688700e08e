//! `dechaff diff`: comparison of two removal records, and of two configurations over one corpus.

use crate::common::{run, text};
use serde_json::Value;
use std::fs;

/// Returns a line of JSON: every third record has a marker that only `balanced` removes, every
/// third one that `precise` removes too.
fn record(number: usize) -> String {
    let chaff = ["Promo", "Advertisement", "It snowed."][number % 3];
    format!("{{\"id\": {number}, \"text\": \"It rained.\\n{chaff}\\nIt stopped.\\n\"}}\n")
}

/// Creates a corpus of text files and records, and two configurations.
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
    fs::write(
        path.join("in/d.jsonl"),
        (0..900).map(record).collect::<String>(),
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
fn diff_of_two_records_reports_what_only_one_removes() {
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
    let stdout = text(&output.stdout);
    assert!(
        stdout.contains("302 documents differ.\n\nOnly new.jsonl removes 2.1 kB:\nRULE"),
        "{stdout}"
    );
    assert!(
        stdout.contains("advert/bare-marker")
            && stdout.contains(": Promo\n")
            && !stdout.contains("advert/marker"),
        "{stdout}"
    );
    let by_records = json(&run(
        path,
        &["diff", "old.jsonl", "new.jsonl", "--json"],
        1,
        "",
    ));
    assert_eq!(
        (
            by_records["old"]["bytes-alone"].as_u64(),
            by_records["new"]["rules"][0]["documents"].as_u64()
        ),
        (Some(0), Some(302))
    );
    let by_configurations = json(&run(
        path,
        &[
            "diff", "precise", "balanced", "--over", "in", "--json", "-q",
        ],
        1,
        "",
    ));
    assert_eq!(
        by_records["documents-that-differ"],
        by_configurations["documents-that-differ"]
    );
    assert_eq!(
        by_records["new"]["rules"][0]["spans"],
        by_configurations["new"]["rules"][0]["spans"]
    );
    // Each side removes text from documents that the other leaves unchanged: both are reported.
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
    assert_eq!(
        (
            crossed["documents-that-differ"].as_u64(),
            crossed["old"]["rules"][0]["documents"].as_u64(),
            crossed["new"]["rules"][0]["documents"].as_u64()
        ),
        (Some(603), Some(302), Some(302))
    );
    // Records count bytes of the JSON, where a line end is two bytes; --over counts bytes of texts.
    assert_eq!(
        (
            by_records["new"]["bytes-alone"].as_u64(),
            by_configurations["new"]["bytes-alone"].as_u64()
        ),
        (Some(2 * 6 + 300 * 7), Some(302 * 6))
    );
}

#[test]
fn diff_of_two_configurations_is_the_same_on_any_thread_count() {
    let directory = corpus();
    let path = directory.path();
    let [differences, on_four_threads] = ["1", "4"].map(|jobs| {
        let args = [
            "diff",
            "more.toml",
            "less.toml",
            "--over",
            "in",
            "--json",
            "--jobs",
            jobs,
        ];
        json(&run(path, &args, 1, "904 documents"))
    });
    assert_eq!(differences, on_four_threads);
    assert_eq!(differences["old"]["rules"][0]["rule"], "advert/marker");
    assert_eq!(
        (
            differences["old"]["rules"][0]["documents"].as_u64(),
            differences["new"]["bytes-alone"].as_u64()
        ),
        (Some(302), Some(0))
    );
    assert_eq!(
        differences["old"]["rules"][0]["samples"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}
