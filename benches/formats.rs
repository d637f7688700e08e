//! What formats cost: one corpus in each of them through the whole program on one thread, beside what its codec takes by
//! itself to decode and encode the same bytes. `cargo bench --bench formats`; arguments are a corpus as JSON Lines instead
//! of the samples.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is a bench")]

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Size of the corpus made of the samples.
const BYTES: usize = 64 << 20;
/// Each figure is the median of so many runs.
const RUNS: usize = 3;

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

/// The texts of the corpus.
fn texts() -> Vec<String> {
    if let Some(path) = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'))
    {
        let text = |line: &str| {
            serde_json::from_str::<Value>(line).unwrap()["text"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        return fs::read_to_string(path)
            .unwrap()
            .lines()
            .map(text)
            .collect();
    }
    let mut found = Vec::new();
    samples(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"),
        &mut found,
    );
    let size: usize = found.iter().map(String::len).sum();
    found
        .iter()
        .cycle()
        .take(found.len() * (BYTES / size))
        .cloned()
        .collect()
}

/// Writes the corpus in each format.
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

fn median(mut run: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS).map(|_| run()).collect();
    times.sort();
    times[RUNS / 2]
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// Runs the program. Gives its time and the most memory that was resident, in MiB, where the system tells.
fn clean(directory: &Path, name: &str, more: &[&str]) -> (Duration, u64) {
    let mut most = 0;
    let time = median(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dechaff"));
        command
            .args([
                "clean", "-q", "-f", "-j", "1", "-l", "precise", "--skip", "model", name, "-o",
            ])
            .arg(format!("out.{name}"));
        let begun = Instant::now();
        let mut child = command
            .args(more)
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
            most = most.max(peak.unwrap_or(0) / 1024);
            std::thread::sleep(Duration::from_millis(5));
        }
        begun.elapsed()
    });
    (time, most)
}

fn codec(path: &Path) -> Option<Duration> {
    let open = || File::open(path).unwrap();
    match path.extension()?.to_str()? {
        "gz" => Some(median(|| {
            timed(|| {
                let mut encoder = GzEncoder::new(io::sink(), flate2::Compression::new(6));
                io::copy(&mut MultiGzDecoder::new(open()), &mut encoder).unwrap();
                encoder.finish().unwrap();
            })
        })),
        "zst" => Some(median(|| {
            timed(|| {
                let mut encoder = zstd::Encoder::new(io::sink(), 3).unwrap();
                io::copy(&mut zstd::Decoder::new(open()).unwrap(), &mut encoder).unwrap();
                encoder.finish().unwrap();
            })
        })),
        _ => None,
    }
}

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let texts = texts();
    write(path, &texts);
    let bytes: usize = texts.iter().map(String::len).sum();
    let mega = |time: Duration| bytes as f64 / time.as_secs_f64() / 1e6;
    // As the program begins: patterns are compiled when they are first needed.
    let pass = || {
        timed(|| {
            let cleaner = dechaff::Cleaner::builder()
                .level(dechaff::Level::Precise)
                .skip(["model"])
                .build()
                .unwrap();
            let mut scratch = dechaff::Scratch::default();
            for text in &texts {
                let document = dechaff::Document::new(text).unwrap();
                std::hint::black_box(cleaner.clean(&document, &mut scratch).text());
            }
        })
    };
    let engine = median(pass);
    println!(
        "{:.0} MB of text; the engine alone, in memory: {:.2?}, {:.0} MB/s",
        bytes as f64 / 1e6,
        engine,
        mega(engine)
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
        let (light, most) = clean(path, name, &["--only", "advert/marker"]);
        let own = codec(&path.join(name)).map_or_else(String::new, |time| format!("{time:.2?}"));
        let over = time.saturating_sub(engine);
        println!(
            "{:<12} {time:>9.2?} {:>6.0} {over:>13.2?} {own:>10} {light:>14.2?} {most:>4} MiB",
            &name[2..],
            mega(time)
        );
    }
}
