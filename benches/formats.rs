//! Measures the cost of formats: cleans one corpus in each format with the whole program on one
//! thread, and compares the time with that of the engine and of the codec alone.
//! `cargo bench --bench formats` uses the samples as corpus; an argument names a JSON Lines file to
//! use instead.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is a bench")]

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Bytes of text in the corpus made from the samples.
const CORPUS_BYTES: usize = 64 << 20;
/// Number of runs whose median is reported.
const RUNS: usize = 3;

/// Appends the files below `directory` to `texts`, in the order of their paths.
fn samples(directory: &Path, texts: &mut Vec<String>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            samples(&path, texts);
        } else {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
}

/// Returns the texts of the corpus: those of the JSON Lines file named by an argument, or the
/// samples, repeated.
fn texts() -> Vec<String> {
    if let Some(path) = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'))
    {
        return fs::read_to_string(path)
            .unwrap()
            .lines()
            .map(|line| {
                let record: Value = serde_json::from_str(line).unwrap();
                record["text"].as_str().unwrap().to_owned()
            })
            .collect();
    }
    let mut texts = Vec::new();
    samples(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"),
        &mut texts,
    );
    let size: usize = texts.iter().map(String::len).sum();
    texts
        .iter()
        .cycle()
        .take(texts.len() * (CORPUS_BYTES / size))
        .cloned()
        .collect()
}

/// Writes the corpus to `directory` in each format, under the names that `main` lists.
fn write(directory: &Path, texts: &[String]) {
    let (mut lines, mut table, mut wet) = (Vec::new(), b"id,text\n".to_vec(), Vec::new());
    for (id, text) in texts.iter().enumerate() {
        writeln!(lines, "{}", json!({ "id": id, "text": text })).unwrap();
        writeln!(table, "{id},\"{}\"", text.replace('"', "\"\"")).unwrap();
        write!(
            wet,
            "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: {}\r\n\r\n{text}\r\n\r\n",
            text.len()
        )
        .unwrap();
    }
    fs::write(directory.join("a.csv"), table).unwrap();
    fs::write(directory.join("a.warc.wet"), wet).unwrap();
    let mut gzip = GzEncoder::new(
        File::create(directory.join("a.jsonl.gz")).unwrap(),
        flate2::Compression::new(6),
    );
    gzip.write_all(&lines).unwrap();
    gzip.finish().unwrap();
    fs::write(
        directory.join("a.jsonl.zst"),
        zstd::encode_all(lines.as_slice(), 3).unwrap(),
    )
    .unwrap();
    fs::write(directory.join("a.jsonl"), lines).unwrap();
}

/// Returns the median of `RUNS` durations.
fn median(mut run: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS).map(|_| run()).collect();
    times.sort();
    times[RUNS / 2]
}

/// Returns the time that `work` takes.
fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Runs the program on the file `name` with additional `options`. Returns its median time and its
/// peak resident memory in MiB, or 0 where `/proc` does not report it.
fn clean(directory: &Path, name: &str, options: &[&str]) -> (Duration, u64) {
    let mut peak_mib = 0;
    let time = median(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dechaff"));
        command
            .args([
                "clean", "-q", "-f", "-j", "1", "-l", "precise", "--skip", "model", name, "-o",
            ])
            .arg(format!("out.{name}"));
        let start = Instant::now();
        let mut child = command
            .args(options)
            .current_dir(directory)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while child.try_wait().unwrap().is_none() {
            let status =
                fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let peak = status.lines().find_map(|line| {
                line.strip_prefix("VmHWM:")?
                    .split_whitespace()
                    .next()?
                    .parse::<u64>()
                    .ok()
            });
            peak_mib = peak_mib.max(peak.unwrap_or(0) / 1024);
            std::thread::sleep(Duration::from_millis(5));
        }
        start.elapsed()
    });
    (time, peak_mib)
}

/// Returns the time that the codec alone takes to decode and encode the file, or `None` if it is
/// not compressed.
fn codec_time(path: &Path) -> Option<Duration> {
    match path.extension()?.to_str()? {
        "gz" => Some(median(|| {
            timed(|| {
                let mut encoder = GzEncoder::new(io::sink(), flate2::Compression::new(6));
                io::copy(
                    &mut MultiGzDecoder::new(File::open(path).unwrap()),
                    &mut encoder,
                )
                .unwrap();
                encoder.finish().unwrap();
            })
        })),
        "zst" => Some(median(|| {
            timed(|| {
                let mut encoder = zstd::Encoder::new(io::sink(), 3).unwrap();
                io::copy(
                    &mut zstd::Decoder::new(File::open(path).unwrap()).unwrap(),
                    &mut encoder,
                )
                .unwrap();
                encoder.finish().unwrap();
            })
        })),
        _ => None,
    }
}

/// Cleans the texts with the same options as `clean`. Includes building the cleaner, because the
/// program also compiles patterns when they are first needed.
fn clean_in_memory(texts: &[String]) {
    let cleaner = dechaff::Cleaner::builder()
        .level(dechaff::Level::Precise)
        .skip(["model"])
        .build()
        .unwrap();
    let mut scratch = dechaff::Scratch::default();
    for text in texts {
        let document = dechaff::Document::new(text).unwrap();
        std::hint::black_box(cleaner.clean(&document, &mut scratch).text());
    }
}

fn megabytes_per_second(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / time.as_secs_f64() / 1e6
}

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let texts = texts();
    write(path, &texts);
    let bytes: usize = texts.iter().map(String::len).sum();
    let engine = median(|| timed(|| clean_in_memory(&texts)));
    println!(
        "{:.0} MB of text; the engine alone, in memory: {:.2?}, {:.0} MB/s",
        bytes as f64 / 1e6,
        engine,
        megabytes_per_second(bytes, engine)
    );
    println!(
        "{:<12} {:>9} {:>6} {:>13} {:>10} {:>14} {:>8}",
        "format", "time", "MB/s", "over engine", "its codec", "one rule only", "peak"
    );
    for name in [
        "a.jsonl",
        "a.jsonl.zst",
        "a.jsonl.gz",
        "a.csv",
        "a.warc.wet",
    ] {
        let (time, _) = clean(path, name, &[]);
        let (light, peak) = clean(path, name, &["--only", "advert/marker"]);
        let codec =
            codec_time(&path.join(name)).map_or_else(String::new, |time| format!("{time:.2?}"));
        let over = time.saturating_sub(engine);
        println!(
            "{:<12} {time:>9.2?} {:>6.0} {over:>13.2?} {codec:>10} {light:>14.2?} {peak:>4} MiB",
            &name[2..],
            megabytes_per_second(bytes, time)
        );
    }
}
