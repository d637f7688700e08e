//! Outputs in a different format than their inputs, as `--output-format` or their name says.

use crate::common::{run, text};
use std::fs;
use std::path::Path;

const CHAFF: &str = "It rained.\nAdvertisement\nIt stopped.\n";

/// Returns a WARC record of `kind` with `block` as its content.
fn wet(id: &str, kind: &str, block: &str) -> String {
    format!(
        "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <{id}>\r\n\
         WARC-Target-URI: https://example.org/{id}\r\n\
         WARC-Date: 2026-01-02T03:04:05Z\r\nContent-Length: {}\r\n\r\n{block}\r\n\r\n",
        block.len()
    )
}

/// Writes one input of each text format to `directory`.
fn inputs(directory: &Path) {
    let lines = [
        concat!(
            r#"{"id": 7, "url": "https://example.org/7", "#,
            r#""text": "It rained, \"hard\".\nAdvertisement\nIt stopped.", "n": 1.50}"#
        ),
        "",
        r#"{"id": "none", "text": null}"#,
        r#"{"text": "Fine."}"#,
        "no JSON",
    ];
    fs::write(directory.join("a.jsonl"), lines.join("\n") + "\n").unwrap();
    fs::write(
        directory.join("b.csv"),
        format!("id,text,note\n1,\"{CHAFF}\",x\n2,Fine.,\"a \"\"b\"\", c\"\n3,broken\n"),
    )
    .unwrap();
    fs::write(directory.join("c.txt"), CHAFF).unwrap();
    let records = [
        wet("info", "warcinfo", "a: b\r\n"),
        wet("one", "conversion", CHAFF),
        wet("two", "conversion", "Fine."),
    ];
    fs::write(directory.join("d.warc.wet"), records.concat()).unwrap();
}

#[test]
fn an_output_has_the_format_that_its_name_stands_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    inputs(path);
    for (input, output, note) in [
        (
            "a.jsonl",
            "1.parquet",
            "only id, URL, language and texts are kept",
        ),
        ("b.csv", "2.parquet", "converted from csv to parquet"),
        ("b.csv", "3.jsonl.gz", "converted from csv to jsonl"),
        ("c.txt", "4.jsonl", "converted from text to jsonl"),
        ("d.warc.wet", "5.txt", "converted from wet to text"),
        ("d.warc.wet", "6.tsv.zst", "converted from wet to tsv"),
    ] {
        run(path, &["clean", input, "-o", output], 0, note);
        run(
            path,
            &["clean", "-q", output, "-o", "again.jsonl", "-f"],
            0,
            "",
        );
        let cleaned = fs::read_to_string(path.join("again.jsonl")).unwrap();
        assert!(
            cleaned.contains("It stopped.") && !cleaned.contains("Advertisement"),
            "{cleaned}"
        );
    }
    assert!(
        fs::read(path.join("2.parquet"))
            .unwrap()
            .starts_with(b"PAR1")
    );
    // The option wins over the name, and the same format is no conversion.
    run(
        path,
        &[
            "clean",
            "-q",
            "b.csv",
            "-o",
            "7.tsv",
            "--output-format",
            "jsonl",
        ],
        0,
        "",
    );
    assert!(fs::read(path.join("7.tsv")).unwrap().starts_with(b"{"));
    run(
        path,
        &["clean", "a.jsonl", "-o", "8.ndjson"],
        0,
        "passed through unchanged",
    );
    let same = fs::read_to_string(path.join("8.ndjson")).unwrap();
    assert!(
        same.contains("\"n\": 1.50") && same.ends_with("no JSON\n"),
        "{same}"
    );
}

#[test]
fn standard_input_is_converted_as_the_name_of_the_output_says() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    inputs(path);
    for (input, output, first, last) in [
        ("a.jsonl", "1.jsonl", "{\"id\": 7,", "no JSON\n"),
        ("a.jsonl", "2.csv", "id,url,text\n", ",,Fine.\n"),
    ] {
        let child = std::process::Command::new(env!("CARGO_BIN_EXE_dechaff"))
            .args(["clean", "-q", "-o", output])
            .current_dir(path)
            .stdin(fs::File::open(path.join(input)).unwrap())
            .status();
        assert!(child.unwrap().success(), "{output}");
        let written = fs::read_to_string(path.join(output)).unwrap();
        assert!(
            written.starts_with(first) && written.ends_with(last),
            "{written}"
        );
    }
}

#[test]
fn a_converted_tree_has_new_file_names_and_verifies() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir(path.join("in")).unwrap();
    inputs(&path.join("in"));
    fs::write(path.join("in/a.csv"), "text\nFine.\n").unwrap();
    let clean = [
        "clean",
        "in",
        "-o",
        "out",
        "--output-format",
        "jsonl",
        "--compress",
        "zstd",
    ];
    // a.csv and a.jsonl have the same output name.
    run(path, &clean, 2, "would both be written to out/a.jsonl.zst");
    assert!(!path.join("out").exists());
    fs::remove_file(path.join("in/a.csv")).unwrap();
    run(path, &clean, 0, "");
    let mut names: Vec<String> = fs::read_dir(path.join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            ".dechaff",
            "a.jsonl.zst",
            "b.jsonl.zst",
            "c.jsonl.zst",
            "d.jsonl.zst",
            "dechaff-run.json"
        ]
    );
    run(path, &[&clean[..], &["--resume"]].concat(), 0, "");
    run(path, &["verify", "out"], 0, "4 outputs match the manifest");
    let lines = zstd::decode_all(fs::File::open(path.join("out/c.jsonl.zst")).unwrap()).unwrap();
    assert_eq!(
        text(&lines),
        "{\"id\": \"in/c.txt\", \"text\": \"It rained.\\nIt stopped.\\n\"}\n"
    );
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_is_converted_from_and_to_json_lines() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    // Large enough for several row groups on several threads.
    let story = "It rained in the town by the sea, all day long. ".repeat(400);
    let text_member = format!("\"text\":\"{story}\\nAdvertisement\\nIt stopped.\"");
    let mut lines = String::new();
    for number in 0..4000 {
        lines.push_str(&format!(
            "{{\"id\":\"{number}\",\"url\":null,{text_member}}}\n"
        ));
    }
    fs::write(path.join("a.jsonl"), &lines).unwrap();
    let cleaned = lines.replace("Advertisement\\n", "");
    let only = ["--only", "advert/marker", "--skip", "model", "-q"];
    for jobs in ["1", "3"] {
        let table = format!("{jobs}.parquet");
        run(
            path,
            &[
                &[
                    "clean",
                    "a.jsonl",
                    "-o",
                    &table,
                    "--output-format",
                    "parquet",
                    "--jobs",
                    jobs,
                ][..],
                &only,
            ]
            .concat(),
            0,
            "",
        );
    }
    assert!(fs::read(path.join("1.parquet")).unwrap() == fs::read(path.join("3.parquet")).unwrap());
    let reader = parquet::file::reader::SerializedFileReader::new(
        fs::File::open(path.join("1.parquet")).unwrap(),
    )
    .unwrap();
    let groups = parquet::file::reader::FileReader::metadata(&reader).num_row_groups();
    assert!(groups > 1, "{groups}");
    // The round trip through Parquet keeps every line.
    let output = run(
        path,
        &[
            &["clean", "1.parquet", "--output-format", "jsonl"][..],
            &only,
        ]
        .concat(),
        0,
        "",
    );
    assert!(text(&output.stdout) == cleaned);
    fs::create_dir(path.join("in")).unwrap();
    inputs(&path.join("in"));
    run(
        path,
        &[
            "clean",
            "in",
            "-o",
            "out",
            "--output-format",
            "parquet",
            "-q",
        ],
        0,
        "",
    );
    let output = run(
        path,
        &["clean", "-q", "out/d.parquet", "--output-format", "text"],
        0,
        "",
    );
    assert_eq!(text(&output.stdout), "It rained.\nIt stopped.\n\nFine.\n\n");
    // An input without records becomes a table without rows that still has its columns.
    fs::write(path.join("empty.jsonl"), "").unwrap();
    run(
        path,
        &[
            "clean",
            "-q",
            "empty.jsonl",
            "-o",
            "empty.parquet",
            "--output-format",
            "parquet",
        ],
        0,
        "",
    );
    let output = run(
        path,
        &["clean", "-q", "empty.parquet", "--output-format", "csv"],
        0,
        "",
    );
    assert_eq!(text(&output.stdout), "id,url,text\n");
}
