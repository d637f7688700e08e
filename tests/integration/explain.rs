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
        "== in/b.jsonl#7.text ==\n      2  advert/marker: A label over or under an advert.\n         \
         'Advertisement'\n"
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

#[test]
fn removals_are_listed_with_lines_reason_and_words() {
    let brief = explain_sample(&[]);
    assert!(
        brief.contains(
            "\n      5  model/line: The line model is 97.5 % sure that it is chaff; more than \
             62.3 % is enough here.\n         'By Ruth Calder'\n"
        ) && brief.contains(
            "\n  11-13  structure/share-run: Several labels of a share bar in a row.\n         \
             'Facebook', 'Twitter', 'WhatsApp'\n"
        ),
        "{brief}"
    );
    assert!(
        !brief.contains("The footbridge over") && !brief.contains("what weighed most"),
        "text that stays, and features, are left out: {brief}"
    );
    let verbose = explain_sample(&["-v"]);
    assert!(
        verbose.contains("what weighed most") && verbose.contains("also by newsletter/inbox"),
        "{verbose}"
    );
    for text in [&verbose, &explain_sample(&["-v", "--line", "5,38"])] {
        assert!(text.contains("  how much its words are those of chaff, all together"));
        assert!(
            !["word_", "found_", "_share"]
                .iter()
                .any(|name| text.contains(name)),
            "features are in words: {text}"
        );
    }
    let marked = explain_sample(&["--marked"]);
    assert!(
        marked.contains("\n[-By Ruth Calder-]{model/line 0.975}\n")
            && marked.contains("The footbridge over"),
        "{marked}"
    );
}

#[test]
fn lines_and_records_that_are_not_there_are_errors() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("a.txt"), "It rained.\nAdvertisement\n").unwrap();
    fs::write(path.join("b.txt"), "It rained.\n").unwrap();
    fs::write(
        path.join("c.jsonl"),
        "{\"text\": \"It rained.\"}\n{\"x\": 1}\n{\"text\": \"It snowed.\"}\n",
    )
    .unwrap();
    for (args, message) in [
        (
            &["a.txt", "-n", "1,999"][..],
            "there is no line 999; the document has 2 lines",
        ),
        (
            &["b.txt", "-n", "2-3"],
            "there is no line 2; the document has 1 line\n",
        ),
        (
            &["a.txt", "b.txt", "-n", "3"],
            "there is no line 3; the longest document has 2 lines",
        ),
        (&["a.txt", "--json", "-n", "3"], "there is no line 3"),
        (
            &["c.jsonl", "--record", "9"],
            "there is no record 9; the last one with a text is record 3",
        ),
        (&["c.jsonl", "--record", "2"], "record 2 has no text"),
        (
            &["a.txt", "--record", "1"],
            "the input has no records; leave out --record",
        ),
    ] {
        run(path, &[&["explain", "-q"], args].concat(), 2, message);
    }
    run(path, &["explain", "-q", "a.txt", "b.txt", "-n", "2"], 0, "");
    run(path, &["explain", "-q", "b.txt", "-n", "all"], 0, "");
    run(path, &["explain", "-q", "a.txt", "-n", "1-999"], 0, "");
}
