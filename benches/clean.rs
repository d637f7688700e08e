//! How fast documents are cleaned in memory, in bytes per second. Texts are made of the samples.

#![allow(clippy::expect_used, reason = "a bench may fail")]

use dechaff::{Cleaner, Document, Level, Scratch};
use divan::counter::BytesCount;
use std::path::Path;

fn main() {
    divan::main();
}

/// The texts of a directory of samples, one after the other, until they make about a megabyte.
fn corpus(directory: &str) -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut paths: Vec<_> = std::fs::read_dir(directory).expect("samples are there").map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    let texts: Vec<String> = paths.iter().map(|path| std::fs::read_to_string(path).expect("text")).collect();
    let size: usize = texts.iter().map(String::len).sum();
    texts.iter().cycle().take(texts.len() * (1 << 20).max(size) / size).cloned().collect()
}

const INPUTS: &[(&str, &str)] = &[("dirty", "samples"), ("clean", "samples/clean")];

fn run(bencher: divan::Bencher<'_, '_>, input: &str, level: Level) {
    let directory = INPUTS.iter().find(|(name, _)| *name == input).map_or("samples", |(_, directory)| directory);
    let texts = corpus(directory);
    let documents: Vec<Document<'_>> = texts.iter().map(|text| Document::new(text).expect("short")).collect();
    let cleaner = Cleaner::builder().level(level).build().expect("built-in rules compile");
    let mut scratch = Scratch::default();
    bencher
        .counter(BytesCount::new(texts.iter().map(String::len).sum::<usize>()))
        .bench_local(move || documents.iter().map(|document| cleaner.clean(document, &mut scratch).text().len()).sum::<usize>());
}

#[divan::bench(args = ["dirty", "clean"])]
fn precise(bencher: divan::Bencher<'_, '_>, input: &str) {
    run(bencher, input, Level::Precise);
}

#[divan::bench(args = ["dirty", "clean"])]
fn balanced(bencher: divan::Bencher<'_, '_>, input: &str) {
    run(bencher, input, Level::Balanced);
}

#[divan::bench(args = ["dirty", "clean"])]
fn thorough(bencher: divan::Bencher<'_, '_>, input: &str) {
    run(bencher, input, Level::Thorough);
}

/// What a first call costs: compiling the rules.
#[divan::bench]
fn build_a_cleaner() -> Cleaner {
    Cleaner::builder().build().expect("built-in rules compile")
}
