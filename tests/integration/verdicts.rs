//! `--verdict`: the field or the columns that records get in each format, which inputs are refused,
//! and that `restore` takes away what was added.

use crate::common::{dechaff, restore, run, text};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const CHAFF: &str = "It rained.\nAdvertisement\nIt stopped.\n";
const KINDS: [&str; 6] = [
    "article",
    "list",
    "forum",
    "product",
    "documentation",
    "other",
];
const COLUMNS: [&str; 5] = [
    "kind",
    "removed_share",
    "almost_removed_share",
    "risk",
    "held",
];

/// Asserts that `verdict` has exactly the fields of a verdict, with this share and state.
fn assert_verdict(verdict: &Value, removed_share: f64, held: bool) {
    let members = verdict.as_object().unwrap();
    assert!(members.keys().eq(COLUMNS), "{verdict}");
    assert!(
        KINDS.contains(&verdict["kind"].as_str().unwrap()),
        "{verdict}"
    );
    for share in ["almost_removed_share", "risk"] {
        assert!(
            (0.0..=1.0).contains(&verdict[share].as_f64().unwrap()),
            "{verdict}"
        );
    }
    assert_eq!(verdict["removed_share"], json!(removed_share), "{verdict}");
    assert_eq!(verdict["held"], json!(held), "{verdict}");
}

/// Runs `clean` with `args`, which must succeed without a message about a problem, and returns the
/// output.
fn clean(directory: &Path, args: &[&str]) -> String {
    let args = [&["clean", "-q"], args].concat();
    text(&run(directory, &args, 0, "").stdout)
}

fn values(lines: &str) -> Vec<Value> {
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Returns the rows of a table of text with a header, as lists of fields without line ends in them.
fn rows(table: &str, delimiter: char) -> Vec<Vec<String>> {
    table
        .lines()
        .map(|row| row.split(delimiter).map(str::to_owned).collect())
        .collect()
}

/// Writes records of each kind to `a.jsonl`: with chaff, clean, damaged, held, and a blank line.
fn write_json(directory: &Path) -> String {
    let held = "Advertisement\n".repeat(3);
    let lines = [
        json!({ "id": 1, "text": CHAFF }).to_string(),
        "{\"text\" : \"It rained.\" }\r".to_owned(),
        json!({ "id": 3 }).to_string(),
        String::new(),
        json!({ "text": held }).to_string(),
        json!({ "text": "Snow.", "v": "mine" }).to_string(),
    ];
    let source = lines.join("\n");
    fs::write(directory.join("a.jsonl"), &source).unwrap();
    source
}

#[test]
fn json_records_get_a_field_and_are_restored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let source = write_json(path);
    let to_file = ["a.jsonl", "--verdict", "v", "-f", "-o", "b.jsonl"];
    let reports = ["--removed", "r.jsonl", "--errors", "e.jsonl"];
    let mut outputs = Vec::new();
    for more in [&["-j", "1"][..], &["-j", "3", "--idempotent"]] {
        clean(path, &[&to_file, &reports[..], more].concat());
        outputs.push(fs::read_to_string(path.join("b.jsonl")).unwrap());
        assert_eq!(text(&restore(path, "b.jsonl")), source);
    }
    assert_eq!(outputs[0], outputs[1]);
    let lines: Vec<&str> = outputs[0].split('\n').collect();
    let record: Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!(record["text"], "It rained.\nIt stopped.\n");
    assert_verdict(&record["v"], 0.378, false);
    // All other bytes stay.
    assert!(
        lines[1].starts_with("{\"text\" : \"It rained.\" , \"v\": {"),
        "{}",
        lines[1]
    );
    assert!(lines[1].ends_with("}}\r"), "{}", lines[1]);
    assert_eq!(lines[2..4], source.split('\n').collect::<Vec<_>>()[2..4]);
    let held: Value = serde_json::from_str(lines[4]).unwrap();
    assert_verdict(&held["v"], 1.0, true);
    assert_eq!(held["text"], "Advertisement\n".repeat(3));
    assert_eq!(lines[5], "{\"text\":\"Snow.\",\"v\":\"mine\"}");
    let errors = values(&fs::read_to_string(path.join("e.jsonl")).unwrap());
    assert_eq!(
        errors[2]["reason"],
        "already has a field 'v', which would be added; choose another name with --verdict"
    );
    // Emptied documents have a verdict too; those that are dropped have no record.
    let emptied = clean(
        path,
        &["a.jsonl", "--verdict", "v", "--on-held", "keep-empty"],
    );
    let emptied: Value = serde_json::from_str(emptied.split('\n').nth(4).unwrap()).unwrap();
    assert_eq!(emptied["text"], "");
    assert_verdict(&emptied["v"], 1.0, true);
    // A stream gives the same.
    let live = ["a.jsonl", "--verdict", "v", "--line-buffered"];
    let streamed = std::process::Command::new(env!("CARGO_BIN_EXE_dechaff"))
        .args([&["clean", "-q", "--format", "jsonl"], &live[1..]].concat())
        .current_dir(path)
        .stdin(fs::File::open(path.join("a.jsonl")).unwrap())
        .output()
        .unwrap();
    assert_eq!(text(&streamed.stdout), outputs[0]);
}

#[test]
fn files_in_place_and_in_a_list_are_restored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let list = format!(
        "[\n  {},\n  {{\"text\": \"It rained.\"}}\n]\n",
        json!({ "text": CHAFF })
    );
    fs::create_dir(path.join("in")).unwrap();
    fs::write(path.join("in/a.json"), &list).unwrap();
    // Nothing is removed, but the file changes.
    fs::write(path.join("in/b.jsonl"), "{\"text\": \"It rained.\"}\n").unwrap();
    let in_place = ["in", "--in-place", "--verdict", "v", "--removed", "r.jsonl"];
    clean(path, &in_place);
    let written = fs::read_to_string(path.join("in/a.json")).unwrap();
    let written: Value = serde_json::from_str(&written).unwrap();
    assert_verdict(&written[0]["v"], 0.378, false);
    assert_verdict(&written[1]["v"], 0.0, false);
    let written = fs::read_to_string(path.join("in/b.jsonl")).unwrap();
    assert_verdict(&values(&written)[0]["v"], 0.0, false);
    run(
        path,
        &["restore", "--in-place", "--removed", "r.jsonl"],
        0,
        "",
    );
    assert_eq!(fs::read_to_string(path.join("in/a.json")).unwrap(), list);
    let restored = fs::read_to_string(path.join("in/b.jsonl")).unwrap();
    assert_eq!(restored, "{\"text\": \"It rained.\"}\n");
}

#[test]
fn a_verdict_and_annotations_stand_side_by_side() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(
        path.join("a.jsonl"),
        json!({ "id": 1, "text": CHAFF }).to_string() + "\n",
    )
    .unwrap();
    let field = clean(path, &["a.jsonl", "--annotate", "field", "--verdict", "v"]);
    let record = &values(&field)[0];
    assert_eq!(record["text"], CHAFF);
    assert_eq!(record["dechaff"][0]["start"], 11);
    assert_verdict(&record["v"], 0.378, false);
    let dolma = [
        "a.jsonl",
        "--annotate",
        "dolma",
        "--verdict",
        "v",
        "-o",
        "d.jsonl",
    ];
    clean(path, &dolma);
    let attributes = &values(&fs::read_to_string(path.join("d.jsonl")).unwrap())[0]["attributes"];
    assert_eq!(attributes["v__removed_share"], json!([[0, 37, 0.378]]));
    assert_eq!(attributes["v__held"], json!([[0, 37, 0.0]]));
    for name in ["v__risk", "v__almost_removed_share"] {
        let score = attributes[name][0][2].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&score), "{attributes}");
    }
    let kinds = KINDS
        .iter()
        .filter_map(|kind| attributes.get(format!("v__kind_{kind}")));
    assert_eq!(kinds.collect::<Vec<_>>(), [&json!([[0, 37, 1.0]])]);
}

#[test]
fn rows_get_columns_in_their_dialect_and_are_restored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let cell = "It rained. Advertisement";
    for (name, source, delimiter, options) in [
        (
            "a.csv",
            format!("id,text\r\n1,{cell}\r\n2\r\n\r\n3,It rained."),
            ',',
            &[][..],
        ),
        (
            "a.tsv",
            format!("id\ttext\n1\t{cell}\n2\n\n3\tIt rained.\n"),
            '\t',
            &[],
        ),
        (
            "b.csv",
            format!("1;{cell}\n2\n\n3;It rained.\n"),
            ';',
            &["--text-field", "2"],
        ),
    ] {
        fs::write(path.join(name), &source).unwrap();
        let args = [
            name,
            "--verdict",
            "v",
            "-f",
            "-o",
            "out",
            "--removed",
            "r.jsonl",
        ];
        clean(path, &[&args, options].concat());
        let output = fs::read_to_string(path.join("out")).unwrap();
        let mut table = rows(&output, delimiter);
        if options.is_empty() {
            let header = table.remove(0);
            assert_eq!(
                header[2..],
                COLUMNS.map(|column| format!("v_{column}")),
                "{name}"
            );
        }
        for (row, id) in [(0, "1"), (3, "3")] {
            assert_eq!(table[row].len(), 7, "{output}");
            assert_eq!(table[row][0], id);
            assert!(KINDS.contains(&table[row][2].as_str()), "{output}");
            assert!(table[row][5].parse::<f64>().is_ok(), "{output}");
            assert_eq!(table[row][6], "false");
        }
        assert_eq!(
            (&table[1][..], &table[2][..]),
            (&["2".to_owned()][..], &[String::new()][..])
        );
        assert_eq!(
            output.matches("\r\n").count(),
            source.matches("\r\n").count()
        );
        assert_eq!(text(&restore(path, "out")), source, "{name}");
    }
    // A row without a text that can be read has empty fields.
    fs::write(path.join("a.csv"), b"id,text\n1,a\xff\n2,It rained.\n").unwrap();
    let output = dechaff(path, &["clean", "a.csv", "--verdict", "v"]).stdout;
    assert!(
        output.windows(10).any(|part| part == b"1,a\xff,,,,,\n"),
        "{}",
        text(&output)
    );
    // A name that the dialect has to quote is quoted.
    fs::write(path.join("a.csv"), "id,text\n1,It rained.\n").unwrap();
    let output = clean(path, &["a.csv", "--verdict", "a,b"]);
    assert!(
        output.starts_with("id,text,\"a,b_kind\",\"a,b_removed_share\","),
        "{output}"
    );
    fs::write(path.join("a.csv"), "v_risk,text\n1,It rained.\n").unwrap();
    let taken = "already has a column 'v_risk', which would be added; choose another name with \
                 --verdict";
    run(path, &["clean", "a.csv", "--verdict", "v"], 2, taken);
}

#[test]
fn records_that_are_converted_have_their_verdicts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_json(path);
    fs::write(path.join("a.csv"), format!("id,text\n1,\"{CHAFF}\"\n")).unwrap();
    fs::write(path.join("a.txt"), CHAFF).unwrap();
    let wet = format!(
        "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\
         \r\n{CHAFF}\r\n\r\n",
        CHAFF.len()
    );
    fs::write(path.join("a.warc.wet"), wet).unwrap();
    for name in ["a.csv", "a.txt", "a.warc.wet"] {
        let lines = clean(path, &[name, "--output-format", "jsonl", "--verdict", "v"]);
        assert_verdict(&values(&lines)[0]["v"], 0.378, false);
    }
    let converted = clean(
        path,
        &["a.jsonl", "--output-format", "csv", "--verdict", "v"],
    );
    assert!(
        converted.starts_with(
            "id,url,text,v_kind,v_removed_share,v_almost_removed_share,v_risk,v_held\n"
        ),
        "{converted}"
    );
    assert!(
        converted.contains(",0.378,") && converted.contains(",true\n"),
        "{converted}"
    );
    clean(path, &["a.jsonl", "-o", "a.parquet", "--verdict", "v"]);
    // The columns have types, so that a table becomes JSON with numbers again.
    let lines = values(&clean(path, &["a.parquet", "--output-format", "jsonl"]));
    assert_eq!(lines[0]["v_removed_share"], 0.378);
    assert_eq!(lines[2]["v_held"], true);
}

#[test]
fn outputs_without_a_place_for_verdicts_are_refused_unless_a_map_has_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("a.txt"), CHAFF).unwrap();
    fs::write(
        path.join("a.wet"),
        "WARC/1.0\r\nContent-Length: 0\r\n\r\n\r\n\r\n",
    )
    .unwrap();
    write_json(path);
    let advice = "which has no place for a verdict; add --output-format jsonl, or --map FILE, whose \
                  lines have it";
    for (args, what) in [
        (&["a.txt"][..], "is text, "),
        (&["a.wet"], "is wet, "),
        (
            &["a.jsonl", "--output-format", "text"],
            "would become text, ",
        ),
    ] {
        let args = [&["clean", "--verdict", "v"], args].concat();
        run(path, &args, 2, &format!("{what}{advice}"));
    }
    clean(path, &["a.txt", "--verdict", "v", "--map", "m.jsonl"]);
    let map = &values(&fs::read_to_string(path.join("m.jsonl")).unwrap())[0];
    assert_verdict(&map["verdict"], 0.378, false);
    fs::write(path.join("l.jsonl"), b"{\"text\": \"Caf\xe9.\"}\n").unwrap();
    let latin = ["clean", "l.jsonl", "--encoding", "latin1", "--verdict", "v"];
    run(
        path,
        &latin,
        2,
        "is not UTF-8, which verdicts are; convert it with --output-format jsonl",
    );
}

#[test]
fn names_that_are_used_already_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_json(path);
    for (args, message) in [
        (
            &["--verdict", "text"][..],
            "--verdict text would be a second field 'text'",
        ),
        (
            &["--verdict", ""],
            "--verdict needs a name that is not empty",
        ),
        (
            &["--verdict", "dechaff", "--annotate", "field"],
            "--verdict dechaff would be a second field 'dechaff'",
        ),
    ] {
        run(path, &[&["clean", "a.jsonl"], args].concat(), 2, message);
    }
}

#[test]
fn texts_in_several_fields_have_a_verdict_each() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let paragraphs = ["It rained.", "Advertisement", "It stopped."];
    let record = json!({ "id": 1, "text": CHAFF, "body": paragraphs, "url": "x" });
    fs::write(
        path.join("a.jsonl"),
        format!("{record}\n{{\"text\": \"It rained.\"}}\n"),
    )
    .unwrap();
    let fields = ["--text-field", "text,body", "--verdict", "v"];
    let lines = values(&clean(path, &[&["a.jsonl"], &fields[..]].concat()));
    assert_verdict(&lines[0]["v"]["text"], 0.378, false);
    // A list is one text.
    assert!(lines[0]["v"]["body"]["removed_share"].as_f64().unwrap() > 0.2);
    assert!(lines[1]["v"].as_object().unwrap().keys().eq(["text"]));
    let csv = ["a.jsonl", "--output-format", "csv"];
    let table = clean(path, &[&csv, &fields[..]].concat());
    let header = table.lines().next().unwrap();
    assert!(
        header.contains(",v_text_risk,v_text_held,v_body_kind,"),
        "{header}"
    );
    assert!(table.ends_with(",,,,,\n"), "{table}");
}

#[test]
fn parquet_gets_columns_and_loses_them_when_it_is_restored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/parquet");
    let nothing = ["--only", "advert/marker", "--skip", "advert/marker"];
    let to_json = ["--output-format", "jsonl"];
    let mut rows = 0;
    for fixture in fs::read_dir(fixtures).unwrap() {
        let fixture = fixture.unwrap().path();
        if fixture.to_string_lossy().contains("encrypted") {
            continue;
        }
        fs::copy(&fixture, path.join("a.parquet")).unwrap();
        let args = ["a.parquet", "-f", "-o", "b.parquet", "--removed", "r.jsonl"];
        clean(path, &[&args, &["--verdict", "v"][..]].concat());
        let [before, after] = ["a.parquet", "b.parquet"]
            .map(|name| values(&clean(path, &[&[name], &nothing[..], &to_json].concat())));
        for (source, row) in before.iter().zip(&after) {
            let verdict = COLUMNS.map(|name| (name.to_owned(), row[format!("v_{name}")].clone()));
            let share = &row["v_removed_share"];
            let verdict = Value::Object(verdict.into_iter().collect());
            assert_verdict(&verdict, share.as_f64().unwrap(), false);
            let is_cleaned = source["text"].as_str() != row["text"].as_str();
            assert_eq!(is_cleaned, share.as_f64().unwrap() > 0.0, "{row}");
            rows += 1;
        }
        assert_eq!(before.len(), after.len());
        fs::write(path.join("c.parquet"), restore(path, "b.parquet")).unwrap();
        let restored = clean(path, &[&["c.parquet"], &nothing[..], &to_json].concat());
        assert_eq!(values(&restored), before, "{}", fixture.display());
        if !after.is_empty() {
            let again = ["clean", "b.parquet", "-o", "d.parquet", "--verdict", "v"];
            run(
                path,
                &again,
                2,
                "already has a column 'v_kind', which would be added",
            );
        }
    }
    assert!(rows > 10);
}

#[test]
fn a_configuration_names_the_verdict_and_other_commands_ignore_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_json(path);
    fs::write(path.join("a.txt"), CHAFF).unwrap();
    fs::write(path.join("dechaff.toml"), "verdict = \"quality\"\n").unwrap();
    let lines = clean(path, &["a.jsonl"]);
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_verdict(&first["quality"], 0.378, false);
    run(path, &["clean", "a.txt", "--check"], 1, "");
    run(path, &["clean", "a.txt", "--diff"], 0, "");
    run(path, &["explain", "a.txt"], 0, "");
    run(
        path,
        &["clean", "a.jsonl", "--verdict", "v", "--check"],
        2,
        "cannot be used with",
    );
}

#[test]
fn shards_and_resumed_runs_write_the_same_verdicts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let lines: Vec<String> = (0..400)
        .map(|number| {
            json!({ "id": number, "text": format!("{number}. {CHAFF}") }).to_string() + "\n"
        })
        .collect();
    fs::write(path.join("a.jsonl"), lines.concat()).unwrap();
    let whole = clean(path, &["a.jsonl", "--verdict", "v"]);
    for shard in ["1/2", "2/2"] {
        clean(
            path,
            &["a.jsonl", "--verdict", "v", "--shard", shard, "-o", "out/"],
        );
    }
    let mut parts: Vec<_> = fs::read_dir(path.join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .collect();
    parts.sort();
    assert_eq!(parts.len(), 2);
    let joined: String = parts
        .iter()
        .map(|part| fs::read_to_string(part).unwrap())
        .collect();
    assert_eq!(joined, whole);
    // A run without verdicts is another run.
    let into = ["clean", "a.jsonl", "-o", "out2/"];
    run(path, &[&into[..], &["--verdict", "v"]].concat(), 0, "");
    let resumed = run(
        path,
        &[&into[..], &["--resume", "--verdict", "v"]].concat(),
        0,
        "",
    );
    assert!(
        text(&resumed.stderr).contains("0 documents"),
        "{}",
        text(&resumed.stderr)
    );
    let other = "all files are cleaned again";
    run(path, &[&into[..], &["--resume"]].concat(), 0, other);
}
