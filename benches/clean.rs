//! How fast documents are cleaned in memory, in bytes per second. Texts are made of the samples; where the labelled pages
//! lie beside the checkout, their main texts are the articles, each another text than the one before.

#![allow(clippy::expect_used, reason = "a bench may fail")]

use dechaff::{Cleaner, Document, Level, Scratch};
use divan::counter::BytesCount;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

fn main() {
    divan::main();
}

/// The texts of a directory of samples, one after the other, until they make about a megabyte.
fn samples(directory: &str) -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut paths: Vec<_> = std::fs::read_dir(directory).expect("samples are there").map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    let texts: Vec<String> = paths.iter().map(|path| std::fs::read_to_string(path).expect("text")).collect();
    let size: usize = texts.iter().map(String::len).sum();
    texts.iter().cycle().take(texts.len() * (1 << 20).max(size) / size).cloned().collect()
}

fn labelled_pages() -> Option<File> {
    File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/pages.jsonl.gz")).ok()
}

/// A field of the English train pages, each text once.
fn pages(field: &str, wanted: impl Fn(&serde_json::Value) -> bool) -> Vec<String> {
    let lines = labelled_pages().into_iter().flat_map(|file| BufReader::new(flate2::read::MultiGzDecoder::new(file)).lines());
    let pages = lines.map(|line| serde_json::from_str::<serde_json::Value>(&line.expect("readable")).expect("JSON"));
    let chosen = pages.filter(|page| page["split"] == "train" && page["lang"] == "en" && wanted(page));
    let mut texts: Vec<String> = chosen.filter_map(|page| page[field].as_str().map(str::to_owned)).collect();
    let mut seen = std::collections::HashSet::new();
    texts.retain(|text| !text.trim().is_empty() && seen.insert(text.clone()));
    texts
}

fn corpus(input: &str) -> Vec<String> {
    match input {
        "articles" => pages("gold", |_| true),
        "leaky articles" => pages("text", |page| page["extractor"] == "trafilatura_recall"),
        "clean" => samples("samples/clean"),
        _ => samples("samples"),
    }
}

fn inputs() -> &'static [&'static str] {
    if labelled_pages().is_some() { &["dirty", "clean", "articles", "leaky articles"] } else { &["dirty", "clean"] }
}

fn run(bencher: divan::Bencher<'_, '_>, input: &str, level: Level, skip: &[&str]) {
    let texts = corpus(input);
    let documents: Vec<Document<'_>> = texts.iter().map(|text| Document::new(text).expect("short")).collect();
    let cleaner = Cleaner::builder().level(level).skip(skip.iter().copied()).build().expect("built-in rules compile");
    let mut scratch = Scratch::default();
    bencher
        .counter(BytesCount::new(texts.iter().map(String::len).sum::<usize>()))
        .bench_local(move || documents.iter().map(|document| cleaner.clean(document, &mut scratch).text().len()).sum::<usize>());
}

#[divan::bench(args = inputs())]
fn precise(bencher: divan::Bencher<'_, '_>, input: &str) {
    run(bencher, input, Level::Precise, &[]);
}

#[divan::bench(args = inputs())]
fn balanced(bencher: divan::Bencher<'_, '_>, input: &str) {
    run(bencher, input, Level::Balanced, &[]);
}

#[divan::bench(args = inputs())]
fn thorough(bencher: divan::Bencher<'_, '_>, input: &str) {
    run(bencher, input, Level::Thorough, &[]);
}

#[divan::bench(args = inputs())]
fn precise_without_model(bencher: divan::Bencher<'_, '_>, input: &str) {
    run(bencher, input, Level::Precise, &["model"]);
}

#[divan::bench(args = inputs())]
fn balanced_without_model(bencher: divan::Bencher<'_, '_>, input: &str) {
    run(bencher, input, Level::Balanced, &["model"]);
}

/// What a first call costs: compiling the rules.
#[divan::bench]
fn build_a_cleaner() -> Cleaner {
    Cleaner::builder().build().expect("built-in rules compile")
}
