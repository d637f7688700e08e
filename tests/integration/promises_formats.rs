//! What dechaff promises for files of records that are damaged, hostile or written by others: other
//! writers' Parquet is read and written, damage costs the damaged record only, and memory does not
//! depend on how much an input decompresses to.

use crate::common::{restore, run, text};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader, RowGroupMetaData};
use serde_json::Value;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A text with a line that the rule of [`ONE_RULE`] removes.
const CHAFF: &str = "It rained.\nAdvertisement\nIt stopped.\n";
/// The same without it.
const CLEAN: &str = "It rained.\nIt stopped.\n";
/// Arguments so that only that line is removed.
const ONE_RULE: [&str; 4] = ["--only", "advert/marker", "--max-removed", "1"];

/// Cleans `input` to `output`, with removal records in `r.jsonl`, and returns the statistics.
fn clean(directory: &Path, input: &str, output: &str, more: &[&str]) -> Value {
    let files = [
        "clean",
        input,
        "-o",
        output,
        "-f",
        "-q",
        "--removed",
        "r.jsonl",
    ];
    let args = [&files, ["--stats", "s.json"].as_slice(), &ONE_RULE, more].concat();
    run(directory, &args, 0, "");
    serde_json::from_slice(&fs::read(directory.join("s.json")).unwrap()).unwrap()
}

fn fixtures() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/parquet");
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() > 10);
    paths
}

/// Returns the rows of a Parquet file as JSON Lines, without removing anything.
fn rows(directory: &Path, name: &str) -> String {
    let lines = format!("{name}.jsonl");
    let args = [
        "clean",
        name,
        "-o",
        &lines,
        "-f",
        "-q",
        "--output-format",
        "jsonl",
    ];
    let no_rule = ["--only", "advert/marker", "--skip", "advert/marker"];
    run(directory, &[args.as_slice(), &no_rule].concat(), 0, "");
    fs::read_to_string(directory.join(lines)).unwrap()
}

/// Asserts that every column chunk of a Parquet file has a page index, or that none has.
fn assert_page_index_is_whole(path: &Path) {
    let metadata = ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Optional)
        .parse_and_finish(&File::open(path).unwrap())
        .unwrap();
    let chunks = metadata
        .row_groups()
        .iter()
        .flat_map(RowGroupMetaData::columns);
    let with_index = chunks
        .clone()
        .filter(|chunk| chunk.offset_index_offset().is_some())
        .count();
    assert!(
        [0, chunks.count()].contains(&with_index),
        "{}",
        path.display()
    );
    for group in metadata.row_groups() {
        assert!(group.num_rows() > 0, "{}", path.display());
    }
}

#[test]
fn parquet_of_other_writers_is_cleaned_and_restored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for fixture in fixtures() {
        fs::copy(&fixture, path.join("a.parquet")).unwrap();
        let name = fixture.file_name().unwrap().to_str().unwrap();
        if name.starts_with("encrypted") {
            for format in ["parquet", "jsonl"] {
                run(
                    path,
                    &["clean", "a.parquet", "-o", "no", "--output-format", format],
                    2,
                    "is encrypted Parquet, which dechaff cannot read",
                );
            }
            assert!(!path.join("no").exists());
            continue;
        }
        let columns = ["--text-field", "text,messages.content"];
        clean(path, "a.parquet", "b.parquet", &columns);
        assert_page_index_is_whole(&path.join("b.parquet"));
        let (before, after) = (rows(path, "a.parquet"), rows(path, "b.parquet"));
        assert_eq!(before.replace("Advertisement\\n", ""), after, "{name}");
        assert_eq!(before.is_empty(), name.contains("no-rows"), "{name}");
        // The output is an input like any other.
        fs::write(path.join("c.parquet"), restore(path, "b.parquet")).unwrap();
        assert_page_index_is_whole(&path.join("c.parquet"));
        assert_eq!(rows(path, "c.parquet"), before, "{name}");
        clean(path, "b.parquet", "d.parquet", &columns);
        assert_eq!(rows(path, "d.parquet"), after, "{name}");
        // Rows without a text, which `rows` leaves out, are dropped from all columns.
        clean(path, "a.parquet", "e.parquet", &["--on-error", "drop"]);
        assert_page_index_is_whole(&path.join("e.parquet"));
        assert_eq!(
            rows(path, "e.parquet").lines().count(),
            before.lines().count(),
            "{name}"
        );
    }
}

/// Returns a WARC record with `block`, whose header claims `length` bytes and has the additional
/// lines `headers`.
fn warc(block: &str, length: &str, headers: &str) -> String {
    format!(
        "WARC/1.0\r\nWARC-Type: conversion\r\n{headers}Content-Length: {length}\r\n\r\n\
         {block}\r\n\r\n"
    )
}

/// Returns a WARC record whose header is right.
fn sound(block: &str) -> String {
    warc(block, &block.len().to_string(), "")
}

#[test]
fn a_wrong_length_costs_one_warc_record() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let lies = [
        "1000000000000",
        "18446744073709551615",
        "5000000",
        "30",
        "-1",
        "+3",
        "",
    ];
    let mut source = String::new();
    for lie in lies {
        source += &sound(CHAFF).repeat(4000);
        source += &warc("lie", lie, "");
    }
    source += &sound(CHAFF);
    let (records, damaged) = (4000 * lies.len() as u64 + 1, lies.len() as u64);
    fs::write(path.join("a.wet"), &source).unwrap();
    for more in [
        &["--max-record", "1M"][..],
        &["--max-record", "1M", "-j", "1"],
        &[],
    ] {
        let stats = clean(path, "a.wet", "b.wet", more);
        assert_eq!(
            (&stats["documents"], &stats["changed"], &stats["damaged"]),
            (&records.into(), &records.into(), &damaged.into()),
            "{more:?}"
        );
        let expected = source.replace(&sound(CHAFF), &sound(CLEAN));
        assert!(fs::read_to_string(path.join("b.wet")).unwrap() == expected);
        assert!(restore(path, "b.wet") == source.as_bytes());
    }
}

#[test]
fn a_large_warc_record_ends_where_the_next_one_starts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    // The next record is at each position relative to the end of a piece.
    for extra in 0..130 {
        let large = sound(&"x".repeat((2 << 20) - 160 + extra));
        let source = [sound(CHAFF), large, sound(CHAFF).repeat(2)].concat();
        fs::write(path.join("a.wet"), &source).unwrap();
        let stats = clean(path, "a.wet", "b.wet", &["--max-record", "1M"]);
        assert_eq!(stats["changed"], 3, "{extra}");
        assert_eq!(stats["damaged"], 1, "{extra}");
        let expected = source.replace(&sound(CHAFF), &sound(CLEAN));
        assert!(fs::read_to_string(path.join("b.wet")).unwrap() == expected);
    }
}

/// Texts may quote version lines, and headers that are no headers of records.
#[test]
fn version_lines_within_a_large_warc_record_do_not_end_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let quotes = [
        "The file begins with\n\nWARC/1.0\n\nand goes on.\n",
        "A record has\nWARC/1.1\r\nWARC-Type: response\r\nand more.\n",
        "\r\n\r\nWARC/1.0\r\nis the version line.\r\n",
        "\n\nWARC/1.0 is a format.\n\nWARC/\n",
    ];
    for quote in quotes {
        let block = quote.to_owned() + &"x".repeat((3 << 20) / 2) + quote + &"x".repeat(1 << 20);
        let source = [sound(CHAFF), sound(&block), sound(CHAFF).repeat(2)].concat();
        fs::write(path.join("a.wet"), &source).unwrap();
        let stats = clean(path, "a.wet", "b.wet", &["--max-record", "1M"]);
        assert_eq!(stats["changed"], 3, "{quote}");
        assert_eq!(stats["damaged"], 1, "{quote}");
        let expected = source.replace(&sound(CHAFF), &sound(CLEAN));
        assert!(fs::read_to_string(path.join("b.wet")).unwrap() == expected);
        // A wrong length is no reason to believe them either.
        let wrong = source.replace(
            &format!("Content-Length: {}", block.len()),
            "Content-Length: 7",
        );
        fs::write(path.join("a.wet"), &wrong).unwrap();
        let stats = clean(path, "a.wet", "b.wet", &[]);
        assert_eq!(
            (&stats["changed"], &stats["damaged"]),
            (&3.into(), &1.into()),
            "{quote}"
        );
    }
}

#[test]
fn a_warc_header_that_does_not_end_is_one_damaged_record() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let endless = format!("WARC/1.0\r\n{}", "A: b\r\n".repeat(20_000));
    let source = ["WARC/1.0\r\nA: b\r\n".repeat(60_000), endless, sound(CHAFF)].concat();
    fs::write(path.join("a.wet"), &source).unwrap();
    let stats = clean(path, "a.wet", "b.wet", &[]);
    assert_eq!(stats["damaged"], 60_001);
    assert_eq!(stats["changed"], 1);
    assert!(restore(path, "b.wet") == source.as_bytes());
}

#[test]
fn digests_and_lengths_of_warc_records_are_restored_exactly() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    // Computed with md5sum.
    let (before, after) = (
        "WARC-Block-Digest: md5:7668DEC95087041C7F9E0A3C3E623EED\r\n",
        "WARC-Block-Digest: md5:05C9FBB7F33426D2D1006C988D478A1B\r\n",
    );
    // Digests that are wrong, of an unknown algorithm, or not digests at all.
    let other = "WARC-Block-Digest: md5:00000000000000000000000000000000\r\n\
                 WARC-Payload-Digest: crc32:1234\r\nWARC-Block-Digest: none\r\n";
    let source = [
        warc(CHAFF, "037", before),
        warc(CHAFF, "00037", other),
        sound(CHAFF),
    ];
    let expected = [
        warc(CLEAN, "023", after),
        warc(CLEAN, "00023", other),
        sound(CLEAN),
    ];
    assert_eq!((CHAFF.len(), CLEAN.len()), (37, 23));
    fs::write(path.join("a.wet"), source.concat()).unwrap();
    clean(path, "a.wet", "b.wet", &[]);
    let cleaned = fs::read_to_string(path.join("b.wet")).unwrap();
    assert_eq!(cleaned, expected.concat());
    assert_eq!(text(&restore(path, "b.wet")), source.concat());
}

#[test]
fn a_quote_that_is_not_closed_costs_one_row() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let row = "1,Share \"\"this\"\",\"It rained.\nAdvertisement\nIt stopped.\"\n";
    let plain = "2,plain,Advertisement\n".repeat(100);
    for (damage, max_record) in [("3,\"open,x\n", "32M"), ("3,\"open,x\n", "1k")] {
        let source = ["id,kind,text\n", row, damage, &plain].concat();
        fs::write(path.join("a.csv"), &source).unwrap();
        let options = ["--max-record", max_record, "--errors", "e.jsonl"];
        let stats = clean(path, "a.csv", "b.csv", &options);
        assert_eq!(stats["documents"], 101);
        assert_eq!(stats["damaged"], 1);
        let errors = fs::read_to_string(path.join("e.jsonl")).unwrap();
        assert!(
            errors.contains("has a quote that is not closed"),
            "{errors}"
        );
        assert_eq!(text(&restore(path, "b.csv")), source);
    }
    // The quote is closed far beyond the largest row allowed.
    let plain = plain.repeat(600);
    let far = ["id,kind,text\n", "3,\"open,x\n", &plain, "4,\"y\",z\n"].concat();
    fs::write(path.join("a.csv"), &far).unwrap();
    let stats = clean(path, "a.csv", "b.csv", &["--max-record", "1M"]);
    assert_eq!(stats["documents"], 60_001);
    assert_eq!(stats["damaged"], 1);
    assert_eq!(text(&restore(path, "b.csv")), far);
}

#[test]
fn a_long_header_row_is_rejected() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for header in [
        format!("id,{},text\n", "x".repeat(70_000)),
        format!("id,\"text\n{}", "1,a\n".repeat(20_000)),
    ] {
        fs::write(path.join("a.csv"), header).unwrap();
        run(
            path,
            &["clean", "a.csv", "-o", "b.csv"],
            2,
            "has a header row that does not end within 65536 bytes",
        );
    }
}

/// The journal of many inputs is read without the memory that they had in it.
#[test]
#[cfg(target_os = "linux")]
fn resuming_takes_little_memory_per_finished_input() {
    if std::env::var_os("DECHAFF_HEAVY").is_none() {
        println!("skipped: DECHAFF_HEAVY is not set");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let counts = [5_000, 20_000];
    let peaks = counts.map(|count| {
        let (input, output) = (format!("in{count}"), format!("out{count}"));
        for number in 0..count {
            let directory = path.join(&input).join(format!("{:03}", number / 1000));
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join(format!("{number:06}.txt")), CHAFF).unwrap();
        }
        let args = [
            "clean",
            "-q",
            &input,
            "-o",
            &output,
            "--no-sync",
            "--skip",
            "model",
        ];
        run(path, &args, 0, "");
        peak_memory(path, &[args.as_slice(), &["--resume"]].concat())
    });
    let per_input = peaks[1].saturating_sub(peaks[0]) / (counts[1] - counts[0]);
    println!("resuming: {per_input} bytes per finished input; peaks {peaks:?}");
    // 200,000 inputs are to take less than 250 MB.
    assert!(per_input < 1000, "{per_input}");
}

/// Compresses `parts` with gzip.
fn gzip(parts: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for part in parts {
        encoder.write_all(&part).unwrap();
    }
    encoder.finish().unwrap()
}

/// Runs `dechaff` with `args` in `directory` and returns the largest amount of memory that it used,
/// in bytes.
#[cfg(target_os = "linux")]
fn peak_memory(directory: &Path, args: &[&str]) -> usize {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_dechaff"))
        .args(args)
        .current_dir(directory)
        .stdin(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(&status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(kilobytes.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(peak > 0);
    peak << 10
}

#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_depend_on_the_decompressed_size() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for name in ["small", "records", "bomb"] {
        fs::create_dir(path.join(name)).unwrap();
    }
    fs::write(path.join("small/a.txt"), CHAFF).unwrap();
    // The removal records have more than 60 MB.
    let line = format!("{}\n", serde_json::json!({ "text": CHAFF }));
    let records = (0..200).map(|_| line.repeat(1000).into_bytes());
    fs::write(path.join("records/a.jsonl.gz"), gzip(records)).unwrap();
    let bomb = (0..200).map(|_| vec![b'a'; 1 << 20]);
    fs::write(path.join("bomb/a.txt.gz"), gzip(bomb)).unwrap();

    let options = [
        "-q",
        "-f",
        "-j",
        "2",
        "--skip",
        "model",
        "--max-document",
        "150M",
    ];
    let peaks = ["small", "records", "bomb"].map(|name| {
        let output = format!("{name}-out");
        let report = format!("{name}.jsonl");
        let files = ["clean", name, "-o", &output, "--removed", &report];
        peak_memory(path, &[files.as_slice(), &options, &ONE_RULE].concat())
    });
    let report = fs::metadata(path.join("records.jsonl")).unwrap().len();
    assert!(report > 30 << 20, "{report}");
    for peak in &peaks[1..] {
        assert!(*peak < peaks[0] + (56 << 20), "{peaks:?}");
    }
}
