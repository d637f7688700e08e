//! Files of records: JSON Lines, CSV, WET and Parquet, plain and compressed, sound and damaged,
//! with annotations and restoration.

use crate::common::{dechaff, run, text};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs `dechaff` with `input` as its standard input.
fn piped(directory: &Path, args: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dechaff"));
    command
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_owned());
    let writer = std::thread::spawn(move || stdin.write_all(&input).map(|()| drop(stdin)));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    output
}

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap()
}

/// Returns the sorted names in an output directory, without dechaff's own files.
fn outputs(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter(|name| name != ".dechaff" && !name.starts_with("dechaff-run"))
        .collect();
    names.sort();
    names
}

/// Compresses each of `pieces` as a gzip member and concatenates them.
fn gzip(pieces: &[&[u8]]) -> Vec<u8> {
    let mut members = Vec::new();
    for piece in pieces {
        let mut member = flate2::write::GzEncoder::new(members, flate2::Compression::fast());
        member.write_all(piece).unwrap();
        members = member.finish().unwrap();
    }
    members
}

/// Decompresses all gzip members of `bytes`.
fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .read_to_end(&mut plain)
        .unwrap();
    plain
}

/// Returns JSON Lines whose texts differ in length; every other one has chaff.
fn corpus(lines: usize) -> String {
    (0..lines).map(corpus_line).collect()
}

fn story_line(day: usize) -> String {
    format!("On day {day} the bridge over the harbour stayed closed, the council said.\n")
}

fn corpus_line(number: usize) -> String {
    let mut story: String = (0..=number % 13).map(story_line).collect();
    if number.is_multiple_of(2) {
        story.push_str("Advertisement\n");
    }
    story.push_str("It rained in the \u{e9}vening \u{1d11e}.");
    format!("{}\n", json!({ "id": number, "text": story }))
}

/// Returns the lines of a corpus with the library's `clean` applied to their texts.
fn cleaned_corpus(plain: &str) -> String {
    plain.lines().map(cleaned_line).collect()
}

fn cleaned_line(line: &str) -> String {
    let row: Value = serde_json::from_str(line).unwrap();
    let cleaned = dechaff::clean(row["text"].as_str().unwrap());
    format!("{}\n", json!({ "id": row["id"], "text": cleaned }))
}

#[test]
fn json_lines_keep_every_byte_outside_removed_spans() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    // Key order, white space, spellings of numbers, escapes and duplicate keys are kept.
    let before = concat!(
        "{\"z\":1.50e+3 ,\t\"text\" : ",
        "\"It r\\u0061ined.\\nAdvertisement\\n\\ud834\\udd1e \\/ \\u00e9\", ",
        "\"a\":[ 1,2 ], \"a\":null}\r\n",
        "\n",
        "{\"text\":\"Clean \\u0041.\",\"n\":-0}\n",
        "{\"text\":\"It rained.\\nAdvertisement\"}",
    );
    let after = before
        .replace("Advertisement\\n", "")
        .replace("\\nAdvertisement", "\\n");
    fs::write(path.join("a.jsonl"), before).unwrap();
    let output = run(
        path,
        &[
            "clean",
            "a.jsonl",
            "--removed",
            "r.jsonl",
            "--stats",
            "s.json",
        ],
        0,
        "3 documents: 2 changed",
    );
    assert_eq!(text(&output.stdout), after);
    let records: Vec<Value> = read(path, "r.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (start, end) = (
        records[0]["start"].as_u64().unwrap() as usize,
        records[0]["end"].as_u64().unwrap() as usize,
    );
    assert_eq!(&before[start..end], "Advertisement\\n");
    assert_eq!(
        (
            &records[0]["field"],
            &records[0]["record"],
            &records[1]["record"]
        ),
        (&json!("text"), &json!(1), &json!(4))
    );
    // Restoring gives the original bytes, escapes included.
    fs::write(path.join("cleaned.jsonl"), &output.stdout).unwrap();
    let output = run(
        path,
        &["restore", "cleaned.jsonl", "--removed", "r.jsonl"],
        0,
        "",
    );
    assert_eq!(text(&output.stdout), before);
    // On standard input the format is detected from the first line.
    assert_eq!(
        text(&piped(path, &["clean", "-q"], before.as_bytes()).stdout),
        after
    );
}

#[test]
fn text_field_names_nested_fields_by_path() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let line = concat!(
        r#"{"title":"Advertisement","doc":{"body":"It rained.\nAdvertisement\n"},"#,
        r#""messages":[{"content":"Advertisement\nHi there, all."},{"role":"x"}],"#,
        r#""text":"Advertisement\nIt stopped."}"#
    );
    fs::write(path.join("a.ndjson"), line).unwrap();
    let output = run(
        path,
        &[
            "clean",
            "-q",
            "a.ndjson",
            "--text-field",
            "doc.body,messages.content",
        ],
        0,
        "",
    );
    assert_eq!(
        text(&output.stdout),
        line.replacen("\\nAdvertisement\\n", "\\n", 1)
            .replacen("\"Advertisement\\nHi", "\"Hi", 1)
    );
    fs::write(
        path.join("dechaff.toml"),
        "text-field = ['text']\non-error = 'fail'\n",
    )
    .unwrap();
    assert!(
        text(&run(path, &["clean", "-q", "a.ndjson"], 0, "").stdout)
            .ends_with(r#""text":"It stopped."}"#)
    );
    run(
        path,
        &["clean", "a.ndjson", "--text-field", "nothing"],
        2,
        "a.ndjson: has no field 'nothing' in its first ",
    );
}

#[test]
fn files_without_the_text_field_fail_in_every_command() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let line = "{\"id\":1,\"content\":\"It rained all day.\\nAdvertisement\\nIt stopped.\"}\n";
    fs::write(path.join("a.jsonl"), line.repeat(3)).unwrap();
    fs::write(path.join("b.jsonl"), line.replace("content", "text")).unwrap();
    let message = "a.jsonl: has no field 'text' in its first 3 records; try --text-field content \
                   (there are 'id', 'content')";
    for args in [
        &["clean", "-q"][..],
        &["clean", "--check", "-q"],
        &["clean", "--diff", "-q"],
        &["clean", "-q", "-o", "out.jsonl"],
        &["clean", "-q", "--on-error", "drop", "-f", "-o", "out.jsonl"],
        &["explain", "-q"],
        &["report", "-q", "-o", "r.html"],
        &["learn", "-q", "-o", "l.bin"],
        &["diff", "precise", "balanced", "-q", "--over"],
    ] {
        let output = run(path, &[args, &["a.jsonl"]].concat(), 2, message);
        assert_eq!(text(&output.stdout), "", "{args:?}");
    }
    for name in ["out.jsonl", "r.html", "l.bin"] {
        assert!(!path.join(name).exists(), "{name} was written");
    }
    for args in [
        &["clean", "-q", "-o", "out"][..],
        &["clean", "--check", "-q"],
        &["explain", "-q"],
        &["report", "-q", "-o", "r.html"],
        &["learn", "-q", "--site-field", "id", "-o", "l.bin"],
        &["diff", "precise", "balanced", "-q", "--over"],
    ] {
        run(path, &[args, &["a.jsonl", "b.jsonl"]].concat(), 3, message);
    }
    assert!(path.join("out/b.jsonl").exists() && !path.join("out/a.jsonl").exists());
}

#[test]
fn a_text_field_is_looked_for_in_a_hundred_records_of_any_size() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let other = format!("{{\"note\":\"{}\"}}\n", "Rain ".repeat(4000));
    let with_text = "{\"text\":\"It rained.\\nAdvertisement\\n\"}";
    for (others, code) in [(99, 0), (100, 2)] {
        let content = other.repeat(others) + with_text;
        fs::write(path.join("a.jsonl"), &content).unwrap();
        let output = run(path, &["clean", "-q", "a.jsonl"], code, "");
        if code == 0 {
            let cleaned = content.replace("\\nAdvertisement\\n", "\\n");
            assert!(
                text(&output.stdout) == cleaned,
                "the records before it are kept"
            );
        }
    }
    // Records that are no objects say nothing of fields.
    fs::write(path.join("a.jsonl"), "no JSON\n".repeat(200)).unwrap();
    run(
        path,
        &["clean", "-q", "a.jsonl", "--format", "jsonl"],
        0,
        "",
    );
}

#[test]
fn on_error_passes_drops_or_fails_on_damaged_records() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let good = "{\"text\":\"It rained.\\nAdvertisement\\n\"}\n";
    let damaged: [&[u8]; 6] = [
        b"{\"text\":\"cut sho\n",
        b"{\"text\":null}\n",
        b"{\"text\":7}\n",
        b"{\"body\":\"x\"}\n",
        b"{\"text\":\"\xff\"}\n",
        b"no JSON at all\n",
    ];
    let lone = b"{\"text\":\"\\ud800 It rained.\\nAdvertisement\\nIt \\udc00 stopped.\"}\n";
    let file = [good.as_bytes(), &damaged.concat(), lone].concat();
    fs::write(path.join("a.jsonl"), &file).unwrap();
    let args = ["clean", "a.jsonl", "--errors", "e.jsonl"];
    let output = run(
        path,
        &args,
        0,
        "a.jsonl: 6 records were not cleaned, such as record 2, which is not JSON",
    );
    let cleaned = "{\"text\":\"It rained.\\n\"}\n";
    // Unpaired surrogates are kept and do not prevent the record from being cleaned.
    let lone_cleaned = b"{\"text\":\"\\ud800 It rained.\\nIt \\udc00 stopped.\"}\n";
    assert_eq!(
        text(&output.stdout),
        text(&[cleaned.as_bytes(), &damaged.concat(), lone_cleaned].concat())
    );
    let errors: Vec<Value> = read(path, "e.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        errors
            .iter()
            .map(|error| error["record"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [2, 3, 4, 5, 6, 7]
    );
    assert_eq!(
        errors[1]["reason"],
        "holds null in 'text' instead of a text"
    );
    assert_eq!(errors[4]["reason"], "is not valid UTF-8 at byte 9");
    let offset = errors[3]["offset"].as_u64().unwrap() as usize;
    assert!(file[offset..].starts_with(damaged[3]));

    let output = run(
        path,
        &[
            "clean",
            "a.jsonl",
            "--on-error",
            "drop",
            "--removed",
            "r.jsonl",
        ],
        0,
        "left out",
    );
    assert_eq!(
        text(&output.stdout),
        text(&[cleaned.as_bytes(), lone_cleaned].concat())
    );
    // The removal record restores dropped records too.
    fs::write(path.join("cleaned.jsonl"), &output.stdout).unwrap();
    assert_eq!(
        run(
            path,
            &["restore", "cleaned.jsonl", "--removed", "r.jsonl"],
            0,
            ""
        )
        .stdout,
        file
    );

    run(
        path,
        &["clean", "a.jsonl", "--on-error", "fail"],
        2,
        "a.jsonl: record 2 is not JSON",
    );
    fs::create_dir(path.join("in")).unwrap();
    fs::write(path.join("in/a.jsonl"), &file).unwrap();
    fs::write(path.join("in/b.jsonl"), good).unwrap();
    run(
        path,
        &["clean", "in", "-o", "out", "--on-error", "fail"],
        3,
        "in/a.jsonl: record 2",
    );
    assert_eq!(
        (
            read(path, "out/b.jsonl").as_str(),
            path.join("out/a.jsonl").exists()
        ),
        (cleaned, false)
    );
}

#[test]
fn json_that_is_not_json_lines_passes_through_unchanged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let list = "[\n\"It rained.\",\n\"Advertisement\"\n]\n";
    fs::write(path.join("list.json"), list).unwrap();
    assert_eq!(
        text(
            &run(
                path,
                &["clean", "list.json"],
                0,
                "list.json: is JSON in which no object has the text field; passed through unchanged"
            )
            .stdout
        ),
        list
    );
    fs::write(
        path.join("lines.json"),
        "{\"text\": \"It rained.\\nAdvertisement\\n\"}\n",
    )
    .unwrap();
    assert_eq!(
        text(&run(path, &["clean", "-q", "lines.json"], 0, "").stdout),
        "{\"text\": \"It rained.\\n\"}\n"
    );
    // --format overrides the detection.
    let output = run(
        path,
        &[
            "clean",
            "-q",
            "list.json",
            "--format",
            "text",
            "--max-removed",
            "1",
        ],
        0,
        "",
    );
    assert!(text(&output.stdout) != list);
    run(
        path,
        &["clean", "lines.json", "--format", "xml"],
        2,
        "invalid value 'xml' for '--format <FORMAT>'",
    );
}

#[test]
fn outputs_are_compressed_like_inputs_or_as_requested() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let plain = corpus(400);
    let (one, two) = plain.split_at(plain.len() / 3);
    fs::write(path.join("a.jsonl"), &plain).unwrap();
    // Members and frames may end in the middle of a line.
    fs::write(
        path.join("a.jsonl.gz"),
        gzip(&[one.as_bytes(), &[], two.as_bytes()]),
    )
    .unwrap();
    let frames = [
        zstd::encode_all(one.as_bytes(), 1).unwrap(),
        zstd::encode_all(two.as_bytes(), 1).unwrap(),
    ]
    .concat();
    fs::write(path.join("a.jsonl.zst"), frames).unwrap();
    fs::write(
        path.join("story.txt.gz"),
        gzip(&[b"It rained.\nAdvertisement\nIt stopped.\n"]),
    )
    .unwrap();
    let cleaned = run(path, &["clean", "-q", "a.jsonl"], 0, "").stdout;
    assert!(cleaned.len() < plain.len());
    assert!(gunzip(&run(path, &["clean", "-q", "a.jsonl.gz"], 0, "").stdout) == cleaned);
    assert!(
        zstd::decode_all(
            run(path, &["clean", "-q", "a.jsonl.zst"], 0, "")
                .stdout
                .as_slice()
        )
        .unwrap()
            == cleaned
    );
    assert_eq!(
        gunzip(&run(path, &["clean", "-q", "story.txt.gz"], 0, "").stdout),
        b"It rained.\nIt stopped.\n"
    );
    assert!(
        run(
            path,
            &["clean", "-q", "a.jsonl.gz", "--compress", "none"],
            0,
            ""
        )
        .stdout
            == cleaned
    );
    // The extension of the output's name selects the compression.
    run(
        path,
        &["clean", "-q", "a.jsonl.gz", "-o", "b.jsonl.zst"],
        0,
        "",
    );
    assert!(
        zstd::decode_all(fs::read(path.join("b.jsonl.zst")).unwrap().as_slice()).unwrap()
            == cleaned
    );
    run(
        path,
        &[
            "clean",
            "-q",
            "a.jsonl.gz",
            "story.txt.gz",
            "-o",
            "out",
            "--compress",
            "zstd:1",
        ],
        0,
        "",
    );
    assert!(
        zstd::decode_all(fs::read(path.join("out/a.jsonl.zst")).unwrap().as_slice()).unwrap()
            == cleaned
    );
    assert!(path.join("out/story.txt.zst").exists());
    // An empty input becomes a valid, empty gzip file.
    fs::write(path.join("empty.jsonl.gz"), gzip(&[b""])).unwrap();
    assert_eq!(
        gunzip(&run(path, &["clean", "-q", "empty.jsonl.gz"], 0, "").stdout),
        b""
    );
    // Compressed files are cleaned in place and restored.
    run(
        path,
        &[
            "clean",
            "-q",
            "a.jsonl.gz",
            "--in-place",
            "--removed",
            "r.jsonl",
        ],
        0,
        "",
    );
    assert!(gunzip(&fs::read(path.join("a.jsonl.gz")).unwrap()) == cleaned);
    run(
        path,
        &["restore", "--in-place", "--removed", "r.jsonl"],
        0,
        "1 file restored",
    );
    assert!(gunzip(&fs::read(path.join("a.jsonl.gz")).unwrap()) == plain.as_bytes());
}

#[test]
fn standard_input_into_a_directory_is_compressed_like_the_input() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir(path.join("out")).unwrap();
    let input = gzip(&[b"It rained.\nAdvertisement\nIt stopped.\n"]);
    let cleaned = b"It rained.\nIt stopped.\n";
    assert!(
        piped(path, &["clean", "-q", "-o", "out"], &input)
            .status
            .success()
    );
    assert_eq!(gunzip(&fs::read(path.join("out/-")).unwrap()), cleaned);
    let args = ["clean", "-q", "-o", "out", "--force", "--compress", "zstd"];
    assert!(piped(path, &args, &input).status.success());
    let output = fs::read(path.join("out/-")).unwrap();
    assert_eq!(zstd::decode_all(output.as_slice()).unwrap(), cleaned);
    // A name that the user chose says how the output is compressed.
    let args = ["clean", "-q", "-o", "plain.txt"];
    assert!(piped(path, &args, &input).status.success());
    assert_eq!(fs::read(path.join("plain.txt")).unwrap(), cleaned);
}

#[test]
fn an_input_that_is_not_text_is_reported_before_its_output() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("taken.txt"), "taken").unwrap();
    let output = piped(path, &["clean", "-q", "-o", "taken.txt"], b"a\xffb");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stderr),
        "dechaff: -: is not valid text at byte 1; name its encoding with --encoding; passed \
         through unchanged\ndechaff: taken.txt exists; use --force to replace it\n"
    );
    assert_eq!(read(path, "taken.txt"), "taken");
    let output = piped(path, &["clean", "-q"], b"a\0b");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "dechaff: -: is binary\n");
}

#[test]
fn inputs_without_extracted_text_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let page = "<!DOCTYPE html>\n<p>Share this article</p>\n";
    fs::write(path.join("page.html"), page).unwrap();
    fs::write(path.join("a.pdf"), "%PDF-1.4\n").unwrap();
    fs::write(path.join("b.docx"), "PK\u{3}\u{4}").unwrap();
    let output = dechaff(
        path,
        &["clean", "page.html", "a.pdf", "b.docx", "-o", "out"],
    );
    let messages = text(&output.stderr);
    for message in [
        "dechaff: a.pdf: is a PDF; extract its text first\n",
        "dechaff: b.docx: is a zip archive, as docx, xlsx and epub files are; extract its texts \
         first\n",
        "dechaff: page.html: is HTML; extract its text first, or clean the text between its tags \
         with --text-format html, or all of it with --format text; passed through unchanged\n",
    ] {
        assert!(messages.contains(message), "{messages}");
    }
    assert_eq!(read(path, "out/page.html"), page);
    assert!(!path.join("out/a.pdf").exists());
    let output = dechaff(
        path,
        &["clean", "-q", "--format", "text", "page.html", "-o", "-"],
    );
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn records_are_read_as_others_write_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let prose = "The council approved the flood wall on Tuesday.\n";
    let chaff = "Share this article\n";
    for (name, table, options) in [
        ("nan.jsonl", r#"{"score": NaN, "text": "@"}"#, &[][..]),
        ("list.jsonl", "[{\"text\": \"@\"},\n{\"text\": \"@\"}]", &[]),
        (
            "list.json",
            "[\n{\"text\": \"@\"},\n{\"text\": \"@\"}\n]\n",
            &[],
        ),
        (
            "pretty.json",
            "[\n  {\n    \"text\": \"@\"\n  },\n  {\"text\": \"@\"}\n]\n",
            &[],
        ),
        ("object.json", "{\n  \"text\": \"@\"\n}\n", &[]),
        (
            "line.json",
            r#"[{"id": 1}, {"text": "@"}, {"text": "@"}]"#,
            &[],
        ),
        (
            "pages.json",
            "{\"pages\": [\n{\"text\": \"@\"},\n{\"text\": \"@\"}\n]}\n",
            &["--text-field", "pages.text"],
        ),
        ("semicolons.csv", "id;text\n1;\"@\"\n", &[]),
        (
            "escaped.csv",
            "id,text\n1,\"\\\"A\\\", he said,\n@\"\n",
            &[],
        ),
        ("single.csv", "id,text\n1,'A, he said,\n@'\n", &[]),
        (
            "chosen.csv",
            "'1'#'@ 5# \\'x\\''\n",
            &[
                "--delimiter=#",
                "--quote='",
                "--escape=\\",
                "--no-header",
                "--text-field=2",
            ],
        ),
        ("unquoted.tsv", "id\ttext\n1\t\"The river rose.\n", &[]),
        ("bars.csv", "id|text\n1|\"@\"\n", &[]),
        ("numbered.tsv", "1\t\"@\"\n", &["--text-field", "2"]),
    ] {
        let line_end = if name.contains("json") { "\\n" } else { "\n" };
        let of = |text: &str| table.replace('@', &text.replace('\n', line_end));
        fs::write(path.join(name), of(&format!("{prose}{chaff}"))).unwrap();
        let args = [&["clean", "-q", name, "-o", "-"], options].concat();
        let output = dechaff(path, &args);
        assert_eq!(text(&output.stderr), "", "{name}");
        assert_eq!(text(&output.stdout), of(prose), "{name}");
    }
}

#[test]
fn the_dialect_of_a_table_is_stated_once_and_can_be_chosen() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for name in ["a.csv", "b.csv"] {
        fs::write(path.join(name), "id;text\n1;It rained.\n").unwrap();
    }
    let args = ["clean", "a.csv", "b.csv", "-o", "out", "-j", "1"];
    let output = run(path, &args, 0, "a.csv: read with ';' between fields;");
    assert!(!text(&output.stderr).contains("b.csv"));
    for (args, message) in [
        (&["--delimiter", ","][..], "has no column 'text'"),
        (&["--no-header"], "has no header row, so name the column"),
        (
            &["--delimiter", ";;"],
            "--delimiter ;; is not a single ASCII character",
        ),
        (
            &["--quote", ";", "--delimiter", ";"],
            "must be different characters",
        ),
    ] {
        run(path, &[&["clean", "a.csv"], args].concat(), 2, message);
    }
    let rows = "1,It rained on Monday and the river rose.\n2,It snowed.\n";
    fs::write(path.join("rows.csv"), rows).unwrap();
    run(
        path,
        &["clean", "rows.csv"],
        2,
        "its first row does not look like a header",
    );
    fs::write(path.join("dechaff.toml"), "delimiter = ','\n").unwrap();
    run(path, &["clean", "a.csv"], 2, "has no column 'text'");
}

#[test]
fn records_in_other_encodings_are_cleaned_in_their_own_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let prose = "Die Br\u{fc}cke \u{f6}ffnet am Montag.";
    let json = format!("{{\"id\": \"\u{e9}\", \"text\": \"{prose}\\nAdvertisement\\n\"}}\n");
    let table = format!("id\ttext\r\n\u{e9}\t\"{prose}\r\nAdvertisement\r\n\"\r\n");
    for (label, encode) in [
        ("windows-1252", latin1 as fn(&str) -> Vec<u8>),
        ("utf-16le", utf16),
    ] {
        for (name, source) in [("a.jsonl", &json), ("a.tsv", &table)] {
            let source = source.repeat(if name == "a.tsv" { 1 } else { 3000 });
            let cleaned = source
                .replace("Advertisement\\n", "")
                .replace("Advertisement\r\n", "");
            fs::write(path.join(name), encode(&source)).unwrap();
            let args = [
                "clean",
                "--encoding",
                label,
                name,
                "-o",
                "b",
                "--removed",
                "r",
                "--force",
            ];
            run(path, &args, 0, "");
            assert_eq!(
                fs::read(path.join("b")).unwrap(),
                encode(&cleaned),
                "{label} {name}"
            );
            let format = &name[2..];
            fs::rename(path.join("b"), path.join("c").with_extension(format)).unwrap();
            let restored = dechaff(
                path,
                &[
                    "restore",
                    &format!("c.{format}"),
                    "--removed",
                    "r",
                    "-o",
                    "-",
                ],
            );
            assert_eq!(restored.stdout, encode(&source), "{label} {name}");
            // Another format is UTF-8.
            let output = dechaff(
                path,
                &[
                    "clean",
                    "-q",
                    "--encoding",
                    label,
                    name,
                    "--output-format",
                    "csv",
                ],
            );
            assert!(text(&output.stdout).contains(prose), "{label} {name}");
        }
    }
    // Without a name, the message says which one it is.
    run(
        path,
        &["clean", "a.tsv"],
        2,
        "a.tsv: looks like UTF-16; name it with --encoding",
    );
    fs::write(
        path.join("a.jsonl"),
        b"{\"text\": \"\x81\x8d\"}\n{\"text\": \"Advertisement\"}\n",
    )
    .unwrap();
    let args = ["clean", "--encoding", "euc-jp", "a.jsonl"];
    run(
        path,
        &args,
        0,
        "record 1 is not valid EUC-JP; passed through unchanged",
    );
    let args = ["clean", "--encoding", "iso-2022-jp", "a.jsonl"];
    run(
        path,
        &args,
        2,
        "cannot be read record by record in ISO-2022-JP",
    );
    let args = [
        "clean",
        "--encoding",
        "euc-jp",
        "--annotate",
        "field",
        "a.jsonl",
    ];
    run(path, &args, 2, "is not UTF-8, which annotations are");
}

/// Encodes a text whose characters are all below U+0100.
fn latin1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect()
}

fn utf16(text: &str) -> Vec<u8> {
    let marked = format!("\u{feff}{text}");
    marked.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn html_in_records_and_files_is_cleaned_between_its_tags() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let html = concat!(
        r#"<div class="post"><p>The council approved the <b>flood&nbsp;wall</b> on Tuesday.</p>"#,
        "\n@<p>The river rose.</p><script>track('Share this article')</script></div>\n",
    );
    let chaff = r#"<p><a href="s?a=1&amp;b=2">Share <b>this</b> article</a></p>"#;
    let (source, cleaned) = (html.replace('@', chaff), html.replace('@', ""));
    let record = |html: &str| format!("{}\n", json!({"id": 1, "content": html}));
    fs::write(path.join("feed.jsonl"), record(&source)).unwrap();
    fs::write(path.join("page.html"), format!("<!doctype html>{source}")).unwrap();
    let html = ["--text-format", "html", "--text-field", "content"];
    let args = ["clean", "feed.jsonl", "-o", "out.jsonl", "--removed", "r"];
    run(
        path,
        &[&args[..], &html].concat(),
        0,
        "1 document: 1 changed",
    );
    assert_eq!(read(path, "out.jsonl"), record(&cleaned));
    assert_eq!(removals(&read(path, "r")).len(), 1);
    let restored = dechaff(path, &["restore", "out.jsonl", "--removed", "r", "-o", "-"]);
    assert_eq!(text(&restored.stdout), record(&source));
    let output = run(
        path,
        &[&["clean", "-q", "page.html"], &html[..2]].concat(),
        0,
        "",
    );
    assert_eq!(text(&output.stdout), format!("<!doctype html>{cleaned}"));
    // The file can say so too. Annotations count code points of the field.
    fs::write(path.join("dechaff.toml"), "text-format = 'html'\n").unwrap();
    let args = ["clean", "-q", "feed.jsonl", "--annotate", "field"];
    let output = dechaff(path, &[&args[..], &html[2..]].concat());
    let annotated: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mark = &annotated["dechaff"][0];
    let start = source.find(chaff).unwrap();
    assert_eq!(mark["start"], start);
    assert_eq!(mark["end"], start + chaff.len());
}

#[test]
fn the_strings_of_a_list_are_one_document() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let prose = "The council approved the flood wall on Tuesday after two hours of debate.";
    let line = format!(
        r#"{{"id": 7, "parts": ["{prose}", null, "Share this article", "To view this video please enable", "JavaScript, and consider upgrading to a web browser", "that supports HTML5 video", "{prose}\nShare this article"]}}"#
    ) + "\n";
    let cleaned = line
        .replace("Share this article\", \"To view", "\", \"To view")
        .replace("To view this video please enable", "")
        .replace("JavaScript, and consider upgrading to a web browser", "")
        .replace("that supports HTML5 video", "")
        .replace("\\nShare this article", "\\n");
    fs::write(path.join("a.jsonl"), &line).unwrap();
    let args = [
        "clean",
        "a.jsonl",
        "--text-field",
        "parts",
        "-o",
        "b.jsonl",
        "--removed",
        "r",
    ];
    run(path, &args, 0, "1 document: 1 changed");
    assert_eq!(read(path, "b.jsonl"), cleaned);
    // Each byte that is missing has its own line in the record, from which the source is restored.
    let restored = dechaff(path, &["restore", "b.jsonl", "--removed", "r", "-o", "-"]);
    assert_eq!(text(&restored.stdout), line);
    // Annotations name the item and count from its start.
    let args = [
        "clean",
        "-q",
        "a.jsonl",
        "--text-field",
        "parts",
        "--annotate",
        "field",
    ];
    let annotated: Value = serde_json::from_slice(&dechaff(path, &args).stdout).unwrap();
    let spans: Vec<[u64; 3]> = annotated["dechaff"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mark| ["item", "start", "end"].map(|key| mark[key].as_u64().unwrap()))
        .collect();
    let last = (prose.len() as u64 + 1, prose.len() as u64 + 19);
    assert_eq!(spans[0], [2, 0, 18]);
    assert_eq!(*spans.last().unwrap(), [6, last.0, last.1]);
    // Another format gets the paragraphs that are left.
    let args = [
        "clean",
        "-q",
        "a.jsonl",
        "--text-field",
        "parts",
        "--output-format",
        "csv",
    ];
    let table = text(&dechaff(path, &args).stdout);
    assert!(
        table.ends_with(&format!("\"{prose}\n\n{prose}\n\"\n")),
        "{table}"
    );
}

#[test]
fn truncated_files_write_no_output_and_do_not_stop_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir(path.join("in")).unwrap();
    let plain = corpus(6000);
    for (name, bytes) in [
        ("a.jsonl.gz", gzip(&[plain.as_bytes()])),
        (
            "b.jsonl.zst",
            zstd::encode_all(plain.as_bytes(), 1).unwrap(),
        ),
    ] {
        fs::write(path.join("in").join(name), &bytes[..bytes.len() - 20]).unwrap();
    }
    fs::write(path.join("in/c.jsonl"), corpus(3)).unwrap();
    let output = run(
        path,
        &["clean", "in", "-o", "out", "--removed", "r.jsonl"],
        3,
        "in/a.jsonl.gz: cannot be read after record",
    );
    assert!(
        text(&output.stderr).contains("in/b.jsonl.zst: cannot be read after record"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(outputs(&path.join("out")), ["c.jsonl"]);
    // Removals are recorded only for outputs that were written.
    assert!(!read(path, "r.jsonl").contains("in/a.jsonl.gz"));
}

#[test]
fn thread_count_does_not_change_a_large_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let plain = corpus(12_000);
    assert!(
        plain.len() > 6 << 20,
        "too small to be split into several batches"
    );
    fs::create_dir(path.join("in")).unwrap();
    fs::write(path.join("in/a.jsonl"), &plain).unwrap();
    for jobs in ["1", "3"] {
        let (out, removed) = (format!("out{jobs}"), format!("r{jobs}.jsonl"));
        run(
            path,
            &[
                "clean",
                "in",
                "-o",
                &out,
                "--removed",
                &removed,
                "--jobs",
                jobs,
                "--compress",
                "gzip:1",
            ],
            0,
            "12000 documents",
        );
    }
    assert!(read(path, "r1.jsonl") == read(path, "r3.jsonl"));
    let one = fs::read(path.join("out1/a.jsonl.gz")).unwrap();
    assert!(one == fs::read(path.join("out3/a.jsonl.gz")).unwrap());
    assert!(gunzip(&one) == cleaned_corpus(&plain).as_bytes() && gunzip(&one) != plain.as_bytes());
    assert!(
        gunzip(
            &piped(
                path,
                &["clean", "-q", "--compress", "gzip:1"],
                plain.as_bytes()
            )
            .stdout
        ) == gunzip(&one)
    );
}

/// Returns a line of JSON whose text is `story` and a line of chaff.
fn with_chaff(story: &str) -> String {
    format!("{{\"text\":\"{story}\\nAdvertisement\\n\"}}\n")
}

#[test]
fn records_above_max_record_pass_through_unchanged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let large = with_chaff(&"It rained. ".repeat(300_000));
    let file = [with_chaff("One."), large.clone(), with_chaff("Three.")].concat();
    fs::write(path.join("a.jsonl"), &file).unwrap();
    let args = [
        "clean",
        "a.jsonl",
        "--max-record",
        "2M",
        "--errors",
        "e.jsonl",
    ];
    let output = run(
        path,
        &args,
        0,
        "record 2 is larger than --max-record allows",
    );
    assert!(
        text(&output.stdout)
            == [
                with_chaff("One.").replace("Advertisement\\n", ""),
                large,
                with_chaff("Three.").replace("Advertisement\\n", "")
            ]
            .concat()
    );
    assert_eq!(read(path, "e.jsonl").lines().count(), 1);
    let output = run(
        path,
        &[
            "clean",
            "a.jsonl",
            "--max-record",
            "2M",
            "--on-error",
            "drop",
            "--removed",
            "r.jsonl",
        ],
        0,
        "",
    );
    assert_eq!(
        text(&output.stdout),
        [with_chaff("One."), with_chaff("Three.")]
            .concat()
            .replace("Advertisement\\n", "")
    );
    fs::write(path.join("cleaned.jsonl"), &output.stdout).unwrap();
    assert!(
        text(
            &run(
                path,
                &["restore", "cleaned.jsonl", "--removed", "r.jsonl"],
                0,
                ""
            )
            .stdout
        ) == file
    );
}

#[test]
fn emptied_records_are_kept_unless_drop_empty_is_set() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let file = "{\"text\":\"Advertisement\\nAdvertisement\"}\n{\"text\":\"It rained.\"}\n";
    fs::write(path.join("a.jsonl"), file).unwrap();
    run(
        path,
        &["clean", "a.jsonl"],
        0,
        "1 document was held because ",
    );
    let output = run(
        path,
        &["clean", "a.jsonl", "--max-removed", "1"],
        0,
        "1 record was left without any text",
    );
    assert_eq!(
        text(&output.stdout),
        "{\"text\":\"\"}\n{\"text\":\"It rained.\"}\n"
    );
    let output = run(
        path,
        &[
            "clean",
            "-q",
            "a.jsonl",
            "--max-removed",
            "1",
            "--drop-empty",
            "--removed",
            "r.jsonl",
        ],
        0,
        "",
    );
    assert_eq!(text(&output.stdout), "{\"text\":\"It rained.\"}\n");
    fs::write(path.join("cleaned.jsonl"), &output.stdout).unwrap();
    assert_eq!(
        text(
            &run(
                path,
                &["restore", "cleaned.jsonl", "--removed", "r.jsonl"],
                0,
                ""
            )
            .stdout
        ),
        file
    );
}

#[test]
fn check_and_diff_work_on_records() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(
        path.join("a.jsonl"),
        "{\"text\":\"Clean.\"}\n{\"text\":\"It rained.\\nAdvertisement\\nIt stopped.\"}\n",
    )
    .unwrap();
    let output = run(path, &["clean", "a.jsonl", "--check", "-q"], 1, "");
    assert_eq!(text(&output.stdout), "a.jsonl: 1 removal, 14 bytes\n");
    let output = run(path, &["clean", "a.jsonl", "--diff", "-q"], 0, "");
    assert!(
        text(&output.stdout).starts_with("--- a.jsonl#2.text\n"),
        "{}",
        text(&output.stdout)
    );
    run(
        path,
        &["clean", "a.jsonl", "--compress", "lzma"],
        2,
        "'lzma' is not a supported compression",
    );
    run(
        path,
        &["clean", "a.jsonl", "--on-error", "weep"],
        2,
        "invalid value 'weep'",
    );
}

/// Returns a WARC record of `kind` with the additional `headers` and `block` as its content.
fn warc(kind: &str, headers: &str, block: &str) -> String {
    let length = block.len();
    format!(
        "WARC/1.0\r\nWARC-Type: {kind}\r\n{headers}Content-Type: text/plain\r\n\
         Content-Length: {length}\r\n\r\n{block}\r\n\r\n"
    )
}

/// Returns headers with the block digest `sha1`, in base32.
fn digest_headers(sha1: &str) -> String {
    format!(
        "WARC-Target-URI: https://example.org/\r\nWARC-Block-Digest: sha1:{sha1}\r\n\
         WARC-Record-ID: <urn:uuid:1>\r\n"
    )
}

/// Returns the removals in a record, without the lines that identify documents.
fn removals(record: &str) -> Vec<&str> {
    record
        .lines()
        .filter(|line| line.contains("\"rule\":\""))
        .collect()
}

#[test]
fn wet_records_get_correct_lengths_digests_and_members() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let info = warc("warcinfo", "", "Advertisement\r\n");
    let before = warc(
        "conversion",
        &digest_headers("USBAB3RZKHRFLV5SUR6RVCATIMPGCVXH"),
        "It rained.\nAdvertisement\nIt stopped.\n",
    );
    // This digest of the cleaned block was computed with sha1sum and base32.
    let after = warc(
        "conversion",
        &digest_headers("2TY5DRO323PPGXNRB7A6FRSQVZXTSXSH"),
        "It rained.\nIt stopped.\n",
    );
    let clean = warc("conversion", "", "It rained and it stopped.\n");
    let wrong_length = clean.replace("Length: 26", "Length: 999");
    // A wrong digest, and a length with a zero in front, stay as they are written.
    let odd = before
        .replace("USBAB3RZKHRFLV5SUR6RVCATIMPGCVXH", &"A".repeat(32))
        .replace("Length: 37", "Length: 037");
    let odd_after = after
        .replace("2TY5DRO323PPGXNRB7A6FRSQVZXTSXSH", &"A".repeat(32))
        .replace("Length: 23", "Length: 023");
    let file = [&info, &before, &wrong_length, &clean, &odd].map(String::as_str);
    let expected = [&info, &after, &wrong_length, &clean, &odd_after].map(String::as_bytes);
    let restored = file;
    fs::write(path.join("a.warc.wet"), file.concat()).unwrap();
    let output = run(
        path,
        &[
            "clean",
            "a.warc.wet",
            "--removed",
            "r.jsonl",
            "--errors",
            "e.jsonl",
        ],
        0,
        "record 3 does not have the 999 bytes",
    );
    assert_eq!(text(&output.stdout), text(&expected.concat()));
    let record: Value =
        serde_json::from_str(read(path, "r.jsonl").lines().next().unwrap()).unwrap();
    assert_eq!(
        (&record["record"], &record["id"]),
        (&json!(2), &json!("<urn:uuid:1>"))
    );
    let (start, end) = (
        record["start"].as_u64().unwrap() as usize,
        record["end"].as_u64().unwrap() as usize,
    );
    assert_eq!(&file.concat()[start..end], "Advertisement\n");
    fs::write(path.join("cleaned.warc.wet"), &output.stdout).unwrap();
    assert_eq!(
        text(
            &run(
                path,
                &["restore", "cleaned.warc.wet", "--removed", "r.jsonl"],
                0,
                ""
            )
            .stdout
        ),
        restored.concat()
    );
    let output = run(
        path,
        &[
            "clean",
            "-q",
            "a.warc.wet",
            "--on-error",
            "drop",
            "--removed",
            "r.jsonl",
            "-f",
        ],
        0,
        "",
    );
    fs::write(path.join("cleaned.warc.wet"), &output.stdout).unwrap();
    assert_eq!(
        text(
            &run(
                path,
                &["restore", "cleaned.warc.wet", "--removed", "r.jsonl"],
                0,
                ""
            )
            .stdout
        ),
        restored.concat()
    );
    // The source is the source already.
    let restore = ["restore", "a.warc.wet", "--removed", "r.jsonl"];
    assert_eq!(text(&run(path, &restore, 0, "").stdout), restored.concat());
    // As in Common Crawl, each record is a gzip member, so that readers can seek.
    fs::write(path.join("a.warc.wet.gz"), gzip(&file.map(str::as_bytes))).unwrap();
    let output = run(
        path,
        &["clean", "-q", "a.warc.wet.gz", "-o", "b.warc.wet.gz"],
        0,
        "",
    );
    assert!(output.stdout.is_empty());
    let compressed = fs::read(path.join("b.warc.wet.gz")).unwrap();
    let (mut rest, mut members) = (compressed.as_slice(), Vec::new());
    while !rest.is_empty() {
        let (mut member, mut decoder) = (Vec::new(), flate2::bufread::GzDecoder::new(rest));
        decoder.read_to_end(&mut member).unwrap();
        members.push(member);
        rest = decoder.into_inner();
    }
    assert_eq!(members, expected);
}

#[test]
fn csv_keeps_quotes_and_other_columns() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let before = "\u{feff}id,\"text\",note\r\n\
                  1,\"It \"\"rained\"\".\nAdvertisement\nIt stopped.\",\"a,b\"\r\n\
                  2,Plain and clean.,  x \r\n\
                  3,\"Broken,row\r\n4,\"\"\r\n";
    let after = before.replace("Advertisement\n", "");
    fs::write(path.join("a.csv"), before).unwrap();
    let output = run(
        path,
        &[
            "clean",
            "a.csv",
            "--removed",
            "r.jsonl",
            "--errors",
            "e.jsonl",
        ],
        0,
        "2 records were not cleaned, such as record 4, which has a quote that is not closed",
    );
    assert_eq!(text(&output.stdout), after);
    fs::write(path.join("cleaned.csv"), &output.stdout).unwrap();
    assert_eq!(
        text(
            &run(
                path,
                &["restore", "cleaned.csv", "--removed", "r.jsonl"],
                0,
                ""
            )
            .stdout
        ),
        before
    );
    let tabs =
        "text\tid\nAdvertisement It rained.\t1\n\"It rained, \"\"hard\"\".\nAdvertisement\n\"\t2\n";
    let output = piped(path, &["clean", "-q", "--format", "tsv"], tabs.as_bytes());
    assert_eq!(
        text(&output.stdout),
        tabs.replace("\nAdvertisement\n", "\n")
    );
    run(
        path,
        &["clean", "a.csv", "--text-field", "body"],
        2,
        "a.csv: has no column 'body'; try --text-field text (there are 'id', 'text', 'note')",
    );
}

/// Appends a member `chaff` with `value`, and one with the share, to the JSON object `line`.
fn with_chaff_member(line: &str, value: &str, share: f64) -> String {
    format!(
        "{}, \"chaff\": {value}, \"chaff_removed_share\": {share:?}}}\n",
        line.strip_suffix('}').unwrap()
    )
}

#[test]
fn annotate_writes_marks_and_keeps_texts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let lines = [
        "{\"id\":\"a\",\"text\":\"S\\u00fc\u{df}.\\nAdvertisement\\nEnde.\"}",
        "{\"id\":7, \"text\":\"Clean.\" }",
        "{\"id\":\"c\"}",
        "no JSON",
    ];
    fs::write(path.join("a.jsonl"), lines.join("\n") + "\n").unwrap();
    let output = run(
        path,
        &[
            "clean",
            "a.jsonl",
            "--annotate",
            "field",
            "--annotate-name",
            "chaff",
        ],
        0,
        "14 B of 32 B would be removed",
    );
    let marks = concat!(
        r#"[{"field":"text","start":5,"end":19,"#,
        r#""rule":"advert/marker","category":"advert","score":1.0}]"#
    );
    assert_eq!(
        text(&output.stdout),
        [
            with_chaff_member(lines[0], marks, 14.0 / 26.0),
            with_chaff_member(lines[1], "[]", 0.0),
            lines[2..].join("\n") + "\n"
        ]
        .concat()
    );
    fs::write(
        path.join("taken.jsonl"),
        "{\"text\":\"Clean.\",\"dechaff\":1}\n",
    )
    .unwrap();
    run(
        path,
        &["clean", "taken.jsonl", "--annotate", "field"],
        0,
        "already has a field 'dechaff', which would be added; choose another name with --annotate-name",
    );
    // Attribute files have one line per line of the input.
    run(
        path,
        &[
            "clean",
            "-q",
            "a.jsonl",
            "-o",
            "attributes/",
            "--annotate",
            "dolma",
            "--compress",
            "gzip",
        ],
        0,
        "",
    );
    let attributes = gunzip(&fs::read(path.join("attributes/a.jsonl.gz")).unwrap());
    let expected = [
        concat!(
            r#"{"id":"a","attributes":{"dechaff__all":[[5,19,1.0]],"dechaff__advert":[[5,19,1.0]],"#,
            r#""dechaff__removed_share":[[0,24,0.5384615384615384]]}}"#
        ),
        r#"{"id":7,"attributes":{"dechaff__all":[],"dechaff__removed_share":[[0,6,0.0]]}}"#,
        r#"{"id":null,"attributes":{"dechaff__all":[],"dechaff__removed_share":[]}}"#,
        r#"{"id":null,"attributes":{"dechaff__all":[],"dechaff__removed_share":[]}}"#,
    ];
    assert_eq!(text(&attributes), expected.join("\n") + "\n");
    // A record above --max-record, which is read in several chunks, has one line too.
    let large = [
        format!("{{\"text\":\"{}\"}}", "It rained. ".repeat(300_000)),
        "{\"id\":2,\"text\":\"Clean.\"}".to_owned(),
    ]
    .join("\n");
    fs::write(path.join("large.jsonl"), large).unwrap();
    let output = run(
        path,
        &[
            "clean",
            "-q",
            "large.jsonl",
            "--annotate",
            "dolma",
            "--max-record",
            "1M",
        ],
        0,
        "",
    );
    assert_eq!(
        text(&output.stdout),
        [expected[2], &expected[1].replace('7', "2")]
            .map(|line| format!("{line}\n"))
            .concat()
    );
    fs::write(path.join("a.csv"), "text\nAdvertisement\n").unwrap();
    run(
        path,
        &["clean", "a.csv", "--annotate", "field"],
        2,
        "is not JSON Lines",
    );
    run(
        path,
        &[
            "clean",
            "a.jsonl",
            "--annotate",
            "field",
            "--removed",
            "r.jsonl",
        ],
        2,
        "cannot be used with",
    );
}

#[cfg(feature = "parquet")]
mod tables {
    use super::*;
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::metadata::KeyValue;
    use parquet::file::properties::WriterProperties;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::record::Row;
    use parquet::schema::parser::parse_message_type;
    use std::fs::File;
    use std::sync::Arc;

    const SCHEMA: &str = "message m {
        required int64 id;
        optional binary text (UTF8);
        optional double score;
        optional group turns (LIST) {
            repeated group list { optional group element { optional binary content (UTF8); } }
        }
    }";

    fn story(number: usize, chaff: &str) -> ByteArray {
        format!("It rained on day {number} in the town by the sea.\n{chaff}It stopped.\n")
            .into_bytes()
            .into()
    }

    /// Writes three row groups of three rows: the second row of each has no text, and only the
    /// first and the last have turns.
    fn write(path: &Path) {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_bloom_filter_enabled(true)
            .set_key_value_metadata(Some(vec![KeyValue::new("who".to_owned(), "me".to_owned())]))
            .build();
        let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
        let mut writer =
            SerializedFileWriter::new(File::create(path).unwrap(), schema, Arc::new(properties))
                .unwrap();
        for group in 0..3 {
            let mut rows = writer.next_row_group().unwrap();
            let mut column = rows.next_column().unwrap().unwrap();
            column
                .typed::<Int64Type>()
                .write_batch(&[group, group + 10, group + 20], None, None)
                .unwrap();
            column.close().unwrap();
            let mut column = rows.next_column().unwrap().unwrap();
            let texts = [story(1, "Advertisement\n"), story(2, "")];
            column
                .typed::<ByteArrayType>()
                .write_batch(&texts, Some(&[1, 0, 1]), None)
                .unwrap();
            column.close().unwrap();
            let mut column = rows.next_column().unwrap().unwrap();
            column
                .typed::<DoubleType>()
                .write_batch(&[0.1, f64::NAN], Some(&[1, 1, 0]), None)
                .unwrap();
            column.close().unwrap();
            let mut column = rows.next_column().unwrap().unwrap();
            let turns = [
                story(3, ""),
                story(4, "Advertisement\n"),
                story(5, "Advertisement\n"),
            ];
            column
                .typed::<ByteArrayType>()
                .write_batch(&turns, Some(&[4, 4, 0, 4, 3]), Some(&[0, 1, 0, 0, 1]))
                .unwrap();
            column.close().unwrap();
            rows.close().unwrap();
        }
        writer.close().unwrap();
    }

    /// Returns all rows of a file, each formatted as a string.
    fn rows(path: &Path) -> Vec<String> {
        let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
        reader
            .get_row_iter(None)
            .unwrap()
            .map(|row: Result<Row, _>| row.unwrap().to_string())
            .collect()
    }

    #[test]
    fn parquet_changes_only_text_columns() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        write(&path.join("a.parquet"));
        run(
            path,
            &[
                "clean",
                "a.parquet",
                "-o",
                "b.parquet",
                "--removed",
                "r.jsonl",
            ],
            0,
            "3 records hold null in 'text' instead of a text, the first is record 2",
        );
        let expected: Vec<String> = rows(&path.join("a.parquet"))
            .iter()
            .map(|row| {
                row.replace(
                    "text: \"It rained on day 1 in the town by the sea.\nAdvertisement\n",
                    "text: \"It rained on day 1 in the town by the sea.\n",
                )
            })
            .collect();
        assert_eq!(rows(&path.join("b.parquet")), expected);
        let record: Value = serde_json::from_str(removals(&read(path, "r.jsonl"))[1]).unwrap();
        assert_eq!(
            (
                &record["record"],
                &record["id"],
                &record["start"],
                &record["text"]
            ),
            (
                &json!(4),
                &json!("1"),
                &json!(43),
                &json!("Advertisement\n")
            )
        );
        // Metadata, compression, indexes and other columns are unchanged.
        let [before, after] = ["a.parquet", "b.parquet"]
            .map(|name| SerializedFileReader::new(File::open(path.join(name)).unwrap()).unwrap());
        let [before, after] = [before.metadata(), after.metadata()];
        assert_eq!(
            after.file_metadata().key_value_metadata(),
            before.file_metadata().key_value_metadata()
        );
        assert_eq!(after.num_row_groups(), 3);
        for column in 0..4 {
            let [old, new] = [before, after].map(|metadata| metadata.row_group(2).column(column));
            assert_eq!(new.compression(), old.compression());
            assert_eq!(
                new.dictionary_page_offset().is_some(),
                old.dictionary_page_offset().is_some()
            );
            assert_eq!(
                new.bloom_filter_offset().is_some(),
                old.bloom_filter_offset().is_some()
            );
            assert_eq!(
                new.column_index_offset().is_some(),
                old.column_index_offset().is_some()
            );
            if column != 1 {
                assert_eq!(
                    (new.statistics(), new.compressed_size()),
                    (old.statistics(), old.compressed_size())
                );
            }
        }

        run(
            path,
            &[
                "clean",
                "-q",
                "a.parquet",
                "-o",
                "c.parquet",
                "--text-field",
                "text,turns.content",
            ],
            0,
            "",
        );
        let all = rows(&path.join("a.parquet"))
            .iter()
            .map(|row| row.replace("Advertisement\n", ""))
            .collect::<Vec<_>>();
        assert_eq!(rows(&path.join("c.parquet")), all);
        let piped = piped(
            path,
            &["clean", "-q"],
            &fs::read(path.join("a.parquet")).unwrap(),
        );
        assert!(piped.stdout == fs::read(path.join("b.parquet")).unwrap());
        let output = run(path, &["clean", "-q", "a.parquet"], 0, "");
        assert!(output.stdout == fs::read(path.join("b.parquet")).unwrap());
        run(path, &["clean", "a.parquet", "--check", "-q"], 1, "");
        run(
            path,
            &[
                "diff",
                "precise",
                "balanced",
                "--over",
                "a.parquet",
                "-q",
                "--only",
                "advert/marker",
            ],
            0,
            "",
        );
        let report = String::from_utf8(
            run(path, &["report", "a.parquet", "-o", "-", "--json"], 0, "").stdout,
        )
        .unwrap();
        assert!(
            report.contains("a.parquet#") && report.contains("\"advert/marker\""),
            "{report}"
        );
    }

    #[test]
    fn parquet_texts_are_restored() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        fs::create_dir(path.join("in")).unwrap();
        write(&path.join("in/a.parquet"));
        write(&path.join("in/b.parquet"));
        fs::write(path.join("in/c.jsonl"), corpus(30)).unwrap();
        let before = rows(&path.join("in/a.parquet"));
        let fields = ["--text-field", "text,turns.content"];
        run(
            path,
            &[
                &["clean", "-q", "in", "-o", "out", "--removed", "r.jsonl"][..],
                &fields,
            ]
            .concat(),
            0,
            "",
        );
        run(
            path,
            &[
                &["clean", "-q", "in", "--in-place", "--removed", "own.jsonl"][..],
                &fields,
            ]
            .concat(),
            0,
            "",
        );
        assert_ne!(rows(&path.join("in/a.parquet")), before);
        run(
            path,
            &["restore", "--in-place", "--removed", "own.jsonl"],
            0,
            "3 files restored",
        );
        assert_eq!(rows(&path.join("in/a.parquet")), before);
        assert_eq!(rows(&path.join("in/b.parquet")), before);
        assert_eq!(read(path, "in/c.jsonl"), corpus(30));
        run(
            path,
            &[
                "restore",
                "out/b.parquet",
                "--removed",
                "r.jsonl",
                "-o",
                "b.parquet",
            ],
            0,
            "",
        );
        assert_eq!(rows(&path.join("b.parquet")), before);
        // Removal records of another file are refused.
        run(
            path,
            &[
                "restore",
                "b.parquet",
                "--removed",
                "r.jsonl",
                "--path",
                "in/c.jsonl",
            ],
            2,
            "",
        );
        fs::write(
            path.join("bad.jsonl"),
            read(path, "r.jsonl").replace("\"record\":4", "\"record\":400"),
        )
        .unwrap();
        run(
            path,
            &["restore", "out/b.parquet", "--removed", "bad.jsonl"],
            2,
            "names row 400, which does not fit",
        );
    }

    #[test]
    fn parquet_rows_are_dropped_from_all_columns() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        write(&path.join("a.parquet"));
        run(
            path,
            &["clean", "-q", "a.parquet", "-o", "b.parquet"],
            0,
            "",
        );
        let before = rows(&path.join("a.parquet"));
        let clean = rows(&path.join("b.parquet"));
        // The second row of each row group has no text.
        let with_text: Vec<String> = clean
            .chunks(3)
            .flat_map(|group| [group[0].clone(), group[2].clone()])
            .collect();
        for jobs in ["1", "3"] {
            let args = [
                "clean",
                "a.parquet",
                "-f",
                "-o",
                "c.parquet",
                "--removed",
                "r.jsonl",
                "--on-error",
                "drop",
                "--jobs",
                jobs,
            ];
            run(
                path,
                &args,
                0,
                "3 records hold null in 'text' instead of a text, the first is record 2; left out",
            );
            assert_eq!(rows(&path.join("c.parquet")), with_text);
        }
        run(
            path,
            &["restore", "c.parquet", "--removed", "r.jsonl"],
            2,
            "rows were left out of it",
        );
        // A row with one text in any of several fields is sound.
        let args = [
            "clean",
            "-q",
            "a.parquet",
            "-f",
            "-o",
            "c.parquet",
            "--removed",
            "r.jsonl",
            "--drop-empty",
            "--max-removed",
            "1",
        ];
        run(
            path,
            &[&args[..], &["--text-field", "text,turns.content"]].concat(),
            0,
            "",
        );
        assert_eq!(
            rows(&path.join("c.parquet")),
            before
                .iter()
                .map(|row| row.replace("Advertisement\n", ""))
                .collect::<Vec<_>>()
        );
        // --drop-empty drops a row whose only text is chaff.
        fs::write(
            path.join("d.jsonl"),
            "{\"text\":\"Advertisement\"}\n{\"text\":\"It rained.\"}\n".repeat(3),
        )
        .unwrap();
        run(
            path,
            &[
                "clean",
                "-q",
                "d.jsonl",
                "-o",
                "d.parquet",
                "--output-format",
                "parquet",
                "--only",
                "cookie",
            ],
            0,
            "",
        );
        run(
            path,
            &[&["clean", "-q", "d.parquet"], &args[3..]].concat(),
            0,
            "",
        );
        assert_eq!(rows(&path.join("c.parquet")).len(), 3);
        let record: Value =
            serde_json::from_str(read(path, "r.jsonl").lines().next().unwrap()).unwrap();
        assert_eq!(
            (&record["record"], &record["rule"], &record["text"]),
            (&json!(1), &json!("record/empty"), &json!("Advertisement"))
        );
        run(
            path,
            &["restore", "c.parquet", "--removed", "r.jsonl"],
            2,
            "rows were left out of it",
        );
    }

    #[test]
    fn unusable_parquet_is_reported_with_the_reason() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        write(&path.join("a.parquet"));
        let whole = fs::read(path.join("a.parquet")).unwrap();
        let length = whole.len();
        fs::create_dir(path.join("in")).unwrap();
        let mut footer = whole.clone();
        footer[length - 60..length - 20].fill(0xEE);
        fs::write(path.join("in/footer.parquet"), footer).unwrap();
        fs::write(path.join("in/short.parquet"), &whole[..length / 2]).unwrap();
        let mut page = whole.clone();
        page[200..300].fill(0xEE);
        fs::write(path.join("in/page.parquet"), page).unwrap();
        fs::write(path.join("in/good.parquet"), whole).unwrap();
        let output = run(
            path,
            &["clean", "in", "-o", "out"],
            3,
            "in/footer.parquet: cannot be read as Parquet",
        );
        assert!(
            text(&output.stderr).contains("in/short.parquet: cannot be read as Parquet"),
            "{}",
            text(&output.stderr)
        );
        assert_eq!(
            outputs(&path.join("out")),
            ["good.parquet"],
            "{}",
            text(&output.stderr)
        );
        for (args, message) in [
            (
                &["--text-field", "body"][..],
                "has no column 'body'; try --text-field text \
                 (there are 'id', 'text', 'score', 'turns.content')",
            ),
            (
                &["--text-field", "score"],
                "the column 'score' does not hold strings",
            ),
            (&["--on-error", "fail"], "record 2 holds null in 'text'"),
        ] {
            run(
                path,
                &[&["clean", "a.parquet", "-o", "x.parquet"], args].concat(),
                2,
                message,
            );
        }
    }
}
