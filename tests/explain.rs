//! What `explain` answers: why a line went, why another stayed, over whatever `clean` reads.

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

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn each_line_says_why_it_went_or_stayed() {
    let path = format!("{ROOT}/samples/harbour-bridge.txt");
    let of = |arguments: &[&str]| {
        text(
            &run(
                ROOT.as_ref(),
                &[&["explain", &path, "-q"], arguments].concat(),
                0,
                "",
            )
            .stdout,
        )
    };
    let told = of(&["--line", "5"]);
    assert!(
        told.contains(":5: removed\n  By Ruth Calder\n\n  model/line (other, certain)"),
        "{told}"
    );
    assert!(
        told.contains("level balanced removes scores above")
            && told.contains("features with most weight: "),
        "{told}"
    );
    let told = of(&["--line", "5", "--skip", "byline-bio,model"]);
    assert!(
        told.contains(":5: kept") && told.contains("scored no line of this document: it is off"),
        "{told}"
    );
    let told = of(&["--line", "23", "--skip", "advert,model"]);
    assert!(
        told.contains("advert/marker  matches ('Advertisement'), but is off by --only or --skip"),
        "{told}"
    );
    assert!(of(&["--line", "21"]).contains("it is plainly prose"));
    assert!(of(&["--line", "999"]).contains("no such line; the document has "));
    let (removed, kept) = (of(&["--line", "removed"]), of(&["--line", "kept"]));
    assert_eq!(
        (
            removed.matches(": kept\n").count(),
            kept.matches(": removed\n").count()
        ),
        (0, 0)
    );
    assert!(removed.contains(":11: removed") && kept.contains(":16: kept"));
    let whole: Value = serde_json::from_str(&of(&["--json", "--line", "all"])).unwrap();
    let lines = whole["lines"].as_array().unwrap();
    assert_eq!(
        lines.len(),
        fs::read_to_string(&path).unwrap().lines().count()
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
fn what_is_protected_says_by_what() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(
        path.join("keep.toml"),
        "[pack]\nname = 'mine'\n[[rule]]\nid = 'saying'\ndescription = 'A saying of the house.'\nkeep = true\nphrase = 'share this article'\n\
         examples.remove = ['Share it.', 'Shared this.']\nexamples.keep = ['Share this article', 'Do share this article.']\n",
    )
    .unwrap();
    fs::write(
        path.join("a.txt"),
        "It rained.\nShare this article\nIt stopped.\n",
    )
    .unwrap();
    let told = text(
        &run(
            path,
            &["explain", "a.txt", "--rules", "keep.toml", "--line", "2"],
            0,
            "",
        )
        .stdout,
    );
    assert!(
        told.contains("a.txt:2: kept") && told.contains("mine/saying protects it from "),
        "{told}"
    );
    let told = text(
        &run(
            path,
            &["explain", "a.txt", "--rules", "keep.toml", "--json"],
            0,
            "",
        )
        .stdout,
    );
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (told["outcome"].as_str(), told["saved"][0]["by"].as_str()),
        (Some("clean"), Some("mine/saying"))
    );
}

#[test]
fn records_and_directories_are_explained_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir(path.join("in")).unwrap();
    fs::write(path.join("in/a.txt"), "It rained.\nAdvertisement\n").unwrap();
    let line = |number: usize| {
        format!("{{\"id\": \"n{number}\", \"text\": \"It rained {number}.\\nAdvertisement\\n\"}}\n")
    };
    fs::write(
        path.join("in/b.jsonl"),
        (1..=300).map(line).collect::<String>(),
    )
    .unwrap();
    let told = text(&run(path, &["explain", "in", "-q"], 0, "").stdout);
    let headings: Vec<&str> = told
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
    let told = text(
        &run(
            path,
            &["explain", "in/b.jsonl", "--record", "7", "-q"],
            0,
            "",
        )
        .stdout,
    );
    assert_eq!(
        told,
        "== in/b.jsonl#7.text ==\nIt rained 7.\n[-Advertisement-]{advert/marker}\n"
    );
    let told = text(&run(path, &["explain", "in/b.jsonl", "--json", "-q"], 0, "").stdout);
    assert_eq!(
        told.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
            .nth(6)
            .unwrap(),
        "n7"
    );
    run(
        path,
        &["explain", "in/a.txt", "--line", "none"],
        2,
        "'none' names no lines",
    );
    fs::write(path.join("bad.txt"), b"It rained \xff").unwrap();
    run(
        path,
        &["explain", "bad.txt"],
        2,
        "not valid text at byte 10",
    );
}
