//! Whole documents: the samples come out as expected, texts without chaff come out untouched, and prose is left alone.

use dechaff::{Cleaner, Document, Level, Outcome, Scratch};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

fn texts(directory: &str) -> Vec<(PathBuf, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

fn cleaner(level: Level) -> Cleaner {
    Cleaner::builder().level(level).build().unwrap()
}

#[test]
fn samples_come_out_as_expected() {
    let cleaner = cleaner(Level::Balanced);
    let samples = texts("samples");
    assert!(samples.len() >= 8);
    for (path, text) in samples {
        let expected = fs::read_to_string(
            path.parent()
                .unwrap()
                .join("expected")
                .join(path.file_name().unwrap()),
        )
        .unwrap();
        assert_eq!(cleaner.clean_text(&text), expected, "{}", path.display());
    }
}

#[test]
fn samples_have_chaff_of_every_category() {
    let cleaner = cleaner(Level::Thorough);
    let mut seen = std::collections::BTreeSet::new();
    for (_, text) in texts("samples") {
        let document = Document::new(&text).unwrap();
        for removal in cleaner.clean(&document, &mut Scratch::default()).removals() {
            seen.extend(
                removal
                    .rules()
                    .map(|id| cleaner.rules().get(id).category.name()),
            );
        }
    }
    let missing: Vec<_> = dechaff::Category::ALL
        .iter()
        .map(|category| category.name())
        .filter(|name| !seen.contains(name))
        .collect();
    assert!(missing.is_empty(), "not in the samples: {missing:?}");
}

#[test]
fn texts_without_chaff_come_back_borrowed_at_every_level() {
    for &level in Level::ALL {
        let cleaner = cleaner(level);
        let directories: &[&str] = match level {
            Level::Precise => &[
                "samples/clean",
                "samples/clean/balanced",
                "samples/clean/precise",
            ],
            Level::Balanced => &[
                "samples/clean",
                "samples/clean/balanced",
                "samples/expected",
            ],
            Level::Thorough => &["samples/clean"],
        };
        for (path, text) in directories.iter().copied().flat_map(texts) {
            let document = Document::new(&text).unwrap();
            let cleaned = cleaner.clean(&document, &mut Scratch::default());
            assert_eq!(
                cleaned.outcome(),
                Outcome::Clean,
                "{} at {level}: {:?}",
                path.display(),
                cleaned.text()
            );
            assert!(matches!(cleaned.text(), Cow::Borrowed(_)));
        }
    }
}

#[test]
fn the_article_that_it_began_with_comes_out_byte_for_byte() {
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seed");
    if !seed.exists() {
        println!("left out: the seed article is not here");
        return;
    }
    let (article, expected) = (
        fs::read_to_string(seed.join("article.txt")).unwrap(),
        fs::read_to_string(seed.join("article.cleaned.txt")).unwrap(),
    );
    assert_eq!(dechaff::clean(&article), expected);
}

/// Words of main text that the default level may remove, by data set.
const CEILINGS: &str = include_str!("../gold-ceilings.toml");

/// The main text of a labelled page is prose. A rule that removes prose shows here as a jump. Some of what annotators left
/// in is chaff after all, so the ceilings are not zero; they may only go down.
#[test]
fn main_text_of_labelled_pages_is_kept() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/pages.jsonl.gz");
    let Ok(file) = fs::File::open(pages) else {
        println!("skipped: the labelled pages are not here");
        return;
    };
    let ceilings: BTreeMap<String, usize> = toml::from_str(CEILINGS).unwrap();
    let mut removed: BTreeMap<String, usize> = BTreeMap::new();
    let cleaner = cleaner(Level::Balanced);
    let mut scratch = Scratch::default();
    let mut seen = HashSet::new();
    let mut words = 0;
    for line in BufReader::new(flate2::read::MultiGzDecoder::new(file)).lines() {
        let page: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let gold = page["gold"].as_str().unwrap_or_default();
        if page["lang"] != "en" || gold.trim().is_empty() || !seen.insert(gold.to_owned()) {
            continue;
        }
        let document = Document::new(gold).unwrap();
        let cleaned = cleaner.clean(&document, &mut scratch);
        let lost: usize = cleaned
            .removals()
            .iter()
            .map(|removal| gold[removal.span.range()].split_whitespace().count())
            .sum();
        words += gold.split_whitespace().count();
        *removed
            .entry(page["dataset"].as_str().unwrap().to_owned())
            .or_default() += lost;
    }
    println!(
        "{} of {words} words removed: {removed:?}",
        removed.values().sum::<usize>()
    );
    assert!(seen.len() > 100);
    for (dataset, lost) in removed {
        let ceiling = ceilings.get(&dataset).copied().unwrap_or(0);
        assert!(
            lost <= ceiling,
            "{dataset}: {lost} words removed, at most {ceiling} are allowed"
        );
    }
}
