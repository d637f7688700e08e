//! `--map`: what is kept of each document, and annotations that are carried with it.

use crate::common::{run, text};
use dechaff::OffsetMap;
use serde_json::Value;
use std::fs;
use std::ops::Range;
use std::path::Path;

fn lines(directory: &Path, name: &str) -> Vec<Value> {
    fs::read_to_string(directory.join(name))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Returns the map in a line, in one of its units.
fn map(line: &Value, unit: &str) -> OffsetMap {
    let units = &line[unit];
    let offset = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let kept = units["kept"].as_array().unwrap();
    let kept = kept.iter().map(|span| offset(&span[0])..offset(&span[1]));
    OffsetMap::new(kept, offset(&units["length"]))
}

/// Returns the code points `span` of `text`.
fn part(text: &str, span: Range<usize>) -> String {
    text.chars().skip(span.start).take(span.len()).collect()
}

/// As a user of spaCy does it: entities of the cleaned text, as (start, end, label), are carried to
/// the source, and those of the source to the cleaned text.
#[test]
fn annotations_are_carried_to_the_source_and_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let source = "Süß: Zoë Quill left Paris.\nAdvertisement\nShe met Ada Loam in Gdańsk.\n";
    let record = serde_json::json!({ "id": "q", "text": source });
    fs::write(path.join("a.jsonl"), format!("{record}\n")).unwrap();
    let args = ["clean", "a.jsonl", "-q", "--map", "m.jsonl"];
    let output = run(path, &args, 0, "").stdout;
    let cleaned: Value = serde_json::from_slice(&output).unwrap();
    let cleaned = cleaned["text"].as_str().unwrap();
    let [line] = &lines(path, "m.jsonl")[..] else {
        panic!("one line is expected");
    };
    let map = map(line, "code_points");
    let entities = [
        (5..14, "PERSON", "Zoë Quill"),
        (20..25, "GPE", "Paris"),
        (35..43, "PERSON", "Ada Loam"),
        (47..53, "GPE", "Gdańsk"),
    ];
    for (span, label, name) in entities {
        assert_eq!(part(cleaned, span.clone()), name, "{label}");
        let in_source = map.span_to_source(span.clone()).unwrap();
        assert_eq!(part(source, in_source.clone()), name, "{label}");
        assert_eq!(map.span_from_source(in_source), Some(span));
    }
    // An annotation of what was removed has no place.
    assert_eq!(part(source, 27..40), "Advertisement");
    assert_eq!(map.span_from_source(27..40), None);
}

#[test]
fn every_document_has_a_line_in_the_order_of_the_inputs() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir(path.join("in")).unwrap();
    fs::write(path.join("in/a.txt"), "Süß.\nAdvertisement\nÄh.\n").unwrap();
    let records = "{\"id\": 1, \"text\": \"A.\"}\n{\"id\": 2}\n{\"id\": 3, \"text\": \
                   \"Advertisement\\nAdvertisement\"}\n{\"id\": 4, \"text\": \"\"}\n";
    fs::write(path.join("in/b.jsonl"), records).unwrap();
    fs::write(
        path.join("in/c.csv"),
        "text\n\"B.\nShare this article\n\"\n",
    )
    .unwrap();
    let mut expected = None;
    for jobs in ["1", "3"] {
        let args = [
            "clean", "in", "-o", "out", "-q", "-f", "--map", "m.jsonl", "-j", jobs,
        ];
        run(path, &args, 0, "");
        let found = fs::read_to_string(path.join("m.jsonl")).unwrap();
        assert_eq!(*expected.get_or_insert(found.clone()), found);
    }
    let found = lines(path, "m.jsonl");
    let names: Vec<_> = found
        .iter()
        .map(|line| (line["path"].as_str().unwrap(), line["record"].as_u64()))
        .collect();
    let expected = [
        ("in/a.txt", None),
        ("in/b.jsonl", Some(1)),
        ("in/b.jsonl", Some(3)),
        ("in/b.jsonl", Some(4)),
        ("in/c.csv", Some(2)),
    ];
    assert_eq!(names, expected);
    assert_eq!(
        found[0]["code_points"]["kept"],
        serde_json::json!([[0, 5], [19, 23]])
    );
    assert_eq!(
        found[0]["bytes"]["kept"],
        serde_json::json!([[0, 7], [21, 26]])
    );
    assert_eq!(
        (&found[2]["share"], &found[2]["held"]),
        (&1.0.into(), &true.into())
    );
    assert_eq!(found[2]["bytes"]["kept"], serde_json::json!([[0, 27]]));
    assert_eq!(
        (&found[3]["id"], &found[3]["share"]),
        (&"4".into(), &0.0.into())
    );
    assert_eq!(
        found[3]["bytes"],
        serde_json::json!({ "length": 0, "kept": [] })
    );
    assert_eq!(
        (&found[4]["field"], &found[4]["held"]),
        (&"text".into(), &Value::Null)
    );
    // The kept spans are what is in the output.
    let output = fs::read_to_string(path.join("out/a.txt")).unwrap();
    let bytes = map(&found[0], "bytes");
    let source = fs::read(path.join("in/a.txt")).unwrap();
    let kept: Vec<u8> = bytes
        .kept()
        .flat_map(|span| source[span].to_vec())
        .collect();
    assert_eq!(text(&kept), output);
}

#[test]
fn nothing_is_kept_of_what_is_dropped_and_a_second_run_needs_force() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("a.jsonl"), "{\"text\": \"Advertisement\"}\n").unwrap();
    for more in [
        &["--max-removed", "1", "--drop-empty"][..],
        &["--on-held", "drop"],
        &["--on-held", "keep-empty"],
    ] {
        let args = [&["clean", "a.jsonl", "-qf", "--map", "m.jsonl"], more].concat();
        run(path, &args, 0, "");
        let [line] = &lines(path, "m.jsonl")[..] else {
            panic!("one line is expected");
        };
        assert_eq!(
            line["bytes"],
            serde_json::json!({ "length": 13, "kept": [] })
        );
        assert_eq!(line["share"], 1.0);
    }
    run(
        path,
        &["clean", "a.jsonl", "--map", "m.jsonl"],
        2,
        "m.jsonl exists; use --force",
    );
    run(
        path,
        &["clean", "a.jsonl", "-f", "--map", "a.jsonl"],
        2,
        "--map",
    );
    let both = [
        "clean",
        "a.jsonl",
        "--map",
        "n.jsonl",
        "--annotate",
        "field",
    ];
    run(path, &both, 2, "cannot be used with");
}
