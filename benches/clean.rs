//! Measures how fast documents are cleaned in memory, in bytes per second: by level, by language,
//! by number of rules and by size of documents, compared with counting line ends. The inputs are
//! the samples, and also the labelled pages if `DECHAFF_PAGES` names their directory.

#![allow(clippy::expect_used, reason = "a bench may fail")]

use dechaff::{Cleaner, Document, Level, RuleSet, Scratch};
use divan::counter::BytesCount;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

fn main() {
    divan::main();
}

/// Returns the texts of a directory of samples, repeated until they have about 1 MiB in total.
fn samples(directory: &str) -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut paths: Vec<_> = std::fs::read_dir(directory)
        .expect("samples are there")
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    let texts: Vec<String> = paths
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("text"))
        .collect();
    let size: usize = texts.iter().map(String::len).sum();
    texts
        .iter()
        .cycle()
        .take(texts.len() * (1 << 20).max(size) / size)
        .cloned()
        .collect()
}

/// Opens the labelled pages below the directory that `DECHAFF_PAGES` names. Returns `None` if the
/// variable is not set.
fn labelled_pages() -> Option<File> {
    let directory = std::env::var_os("DECHAFF_PAGES").filter(|value| !value.is_empty())?;
    let pages = Path::new(&directory).join("data/pages.jsonl.gz");
    Some(File::open(pages).expect("DECHAFF_PAGES has the pages"))
}

/// Returns the distinct, non-blank texts in `field` of the training pages for which `is_wanted`
/// returns true, or no texts if there are no labelled pages.
fn pages(field: &str, is_wanted: impl Fn(&serde_json::Value) -> bool) -> Vec<String> {
    let lines = labelled_pages()
        .into_iter()
        .flat_map(|file| BufReader::new(flate2::read::MultiGzDecoder::new(file)).lines());
    let mut texts: Vec<String> = lines
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(&line.expect("readable")).expect("JSON")
        })
        .filter(|page| page["split"] == "train" && is_wanted(page))
        .filter_map(|page| page[field].as_str().map(str::to_owned))
        .collect();
    let mut seen = std::collections::HashSet::new();
    texts.retain(|text| !text.trim().is_empty() && seen.insert(text.clone()));
    texts
}

/// Returns the texts of one of `inputs`. Articles are the main texts of pages, without boilerplate;
/// leaky articles are their texts as an extractor with high recall returned them.
fn corpus(input: &str) -> Vec<String> {
    match input {
        "articles" => pages("gold", |page| page["lang"] == "en"),
        "leaky articles" => pages("text", |page| {
            page["lang"] == "en" && page["extractor"] == "trafilatura_recall"
        }),
        "many languages" => pages("gold", |page| page["lang"] != "en"),
        "clean" => samples("samples/clean"),
        _ => samples("samples"),
    }
}

/// Returns the names of the available inputs. Only the first two need no labelled pages.
fn inputs() -> &'static [&'static str] {
    const ALL: &[&str] = &[
        "dirty",
        "clean",
        "articles",
        "leaky articles",
        "many languages",
    ];
    if labelled_pages().is_some() {
        ALL
    } else {
        &ALL[..2]
    }
}

/// Measures `level` on `input`, without the rules that `skip` names.
fn run(bencher: divan::Bencher<'_, '_>, input: &str, level: Level, skip: &[&str]) {
    let cleaner = Cleaner::builder()
        .level(level)
        .skip(skip.iter().copied())
        .build()
        .expect("built-in rules compile");
    clean(bencher, &corpus(input), &cleaner);
}

/// Measures `cleaner` on `texts`, on one thread and with one scratch buffer.
fn clean(bencher: divan::Bencher<'_, '_>, texts: &[String], cleaner: &Cleaner) {
    let documents: Vec<Document<'_>> = texts
        .iter()
        .map(|text| Document::new(text).expect("short"))
        .collect();
    let mut scratch = Scratch::default();
    bencher
        .counter(BytesCount::new(
            texts.iter().map(String::len).sum::<usize>(),
        ))
        .bench_local(move || {
            documents
                .iter()
                .map(|document| cleaner.clean(document, &mut scratch).text().len())
                .sum::<usize>()
        });
}

/// Counts line ends, as an upper bound that memory bandwidth sets.
#[divan::bench(args = inputs())]
fn count_line_ends(bencher: divan::Bencher<'_, '_>, input: &str) {
    let texts = corpus(input);
    bencher
        .counter(BytesCount::new(
            texts.iter().map(String::len).sum::<usize>(),
        ))
        .bench_local(move || {
            texts
                .iter()
                .map(|text| memchr::memchr_iter(b'\n', text.as_bytes()).count())
                .sum::<usize>()
        });
}

/// Cleans the same articles in documents of `size` bytes, with rules only.
#[divan::bench(args = [3_000, 100_000, 1_000_000, 10_000_000, 100_000_000])]
fn by_document_size(bencher: divan::Bencher<'_, '_>, size: usize) {
    let articles = corpus(inputs()[inputs().len().min(3) - 1]).join("\n\n");
    let text: String = std::iter::repeat_n(articles.as_str(), size / articles.len() + 1).collect();
    let count = size.max(10_000_000).min(text.len()) / size;
    let mut texts = Vec::new();
    let mut rest = text.as_str();
    for _ in 0..count {
        let (document, tail) = rest.split_at(rest.floor_char_boundary(size));
        texts.push(document.to_owned());
        rest = tail;
    }
    let cleaner = Cleaner::builder()
        .level(Level::Precise)
        .skip(["model"])
        .build()
        .expect("built-in rules compile");
    clean(bencher, &texts, &cleaner);
}

/// Cleans articles with `count` rules of one phrase each, whose words occur in the articles.
#[divan::bench(args = [100, 1_000, 10_000])]
fn by_number_of_rules(bencher: divan::Bencher<'_, '_>, count: usize) {
    let texts = corpus(inputs()[inputs().len().min(3) - 1]);
    let mut words: Vec<&str> = texts
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_ascii_lowercase()))
        .filter(|word| word.len() > 2)
        .collect();
    words.sort_unstable();
    words.dedup();
    let mut pack = String::from("[pack]\nname = 'made'\ndescription = 'Made for a bench.'\n");
    for number in 0..count {
        let phrase = (1..=4)
            .map(|step| words[(number * 7919 + step * 104_729) % words.len()])
            .collect::<Vec<_>>()
            .join(" ");
        pack.push_str(&format!(
            "[[rule]]\nid = 'r{number}'\ndescription = 'Made.'\ncategory = 'other'\n\
             confidence = 'certain'\nphrase = '{phrase}'\n\
             examples.match = ['{phrase}', 'So {phrase}.']\nexamples.no_match = ['One.', 'Two.']\n"
        ));
    }
    let mut rules = RuleSet::default();
    rules.add_pack(&pack, "made").expect("the pack is sound");
    let cleaner = Cleaner::builder()
        .rules(rules)
        .build()
        .expect("the rules compile");
    clean(bencher, &texts, &cleaner);
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

/// Compiles a cleaner, which is the cost of a first call.
#[divan::bench]
fn build_a_cleaner() -> Cleaner {
    Cleaner::builder().build().expect("built-in rules compile")
}
