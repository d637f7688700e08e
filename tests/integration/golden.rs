//! Whole documents: the samples come out as expected, and texts without chaff come out untouched.

use dechaff::{Cleaner, Document, Level, Outcome, Scratch};
use std::borrow::Cow;
use std::fs;
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
