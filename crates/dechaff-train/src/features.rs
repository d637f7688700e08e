//! The features of labelled pages, the hashes of their words, and what rules alone remove of them.

use crate::arrays::write_array;
use crate::corpus::{LabelledPage, read_pages};
use anyhow::{Context, Result, ensure};
use dechaff_core::model::training::{
    FEATURE_NAMES, FEATURE_VERSION, FeatureReader, WordTable, empty_row,
};
use dechaff_core::verify::{Label, LineOutcome, line_outcomes};
use dechaff_core::{Cleaner, Document, Level, Scratch};
use fnv::FnvHasher;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

/// Number of pages that are read before their features are computed in parallel.
const BATCH: usize = 256;

/// Reasons why a line that is no main text is unsure although it is the article's own.
const OWN: [&str; 4] = ["title", "desc", "prose", "table"];

/// Fields of a row that `documents.jsonl` keeps.
const KEPT_FIELDS: [&str; 6] = ["id", "dataset", "publisher", "lang", "split", "extractor"];

/// Tables of word weights, each fitted on a part of the train pages, so that the words of a page are never scored by weights
/// that were fitted on its publisher.
#[derive(Debug, Default)]
pub struct Folds {
    tables: Vec<WordTable>,
}

impl Folds {
    /// Reads tables from a file, one after the other, one signed byte per weight. The last table is for pages that none was
    /// fitted on.
    ///
    /// # Errors
    /// If the file cannot be read, or does not hold a whole number of tables.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path)
            .with_context(|| format!("cannot read the weights {}", path.display()))?;
        ensure!(
            bytes.len().is_multiple_of(WordTable::SIZE) && bytes.len() > WordTable::SIZE,
            "{} does not hold tables of {} weights",
            path.display(),
            WordTable::SIZE
        );
        let weights = |bytes: &[u8]| bytes.iter().map(|&byte| byte as i8).collect();
        let tables = bytes
            .chunks(WordTable::SIZE)
            .map(|bytes| WordTable::new(weights(bytes)));
        Ok(Self {
            tables: tables.collect(),
        })
    }

    /// Returns the fold of a page and its table: train pages by publisher, all others the last fold.
    fn of(&self, page: &LabelledPage, folds: usize) -> (usize, Option<&WordTable>) {
        let fold = if page.field("split") == "train" {
            let mut hasher = FnvHasher::default();
            hasher.write(page.field("publisher").as_bytes());
            (hasher.finish() >> 20) as usize % folds
        } else {
            folds
        };
        (fold, self.tables.get(fold))
    }
}

/// Writes the arrays of labelled pages below the directory `output`. Returns the number of blocks.
///
/// # Errors
/// If a file cannot be read or written, or if `tables` do not fit the number of folds.
pub fn write_features(
    files: &[PathBuf],
    output: &Path,
    tables: &Folds,
    folds: usize,
) -> Result<usize> {
    ensure!(
        tables.tables.is_empty() || tables.tables.len() == folds + 1,
        "there must be a table for each of {folds} folds, and one more"
    );
    fs::create_dir_all(output)?;
    let cleaners = Level::ALL
        .iter()
        .map(|&level| rules_alone(level))
        .collect::<Result<Vec<_>>>()?;
    let (mut all, mut documents, mut number) = (Arrays::default(), String::new(), 0);
    for path in files {
        let mut pages = read_pages(path)?;
        loop {
            let batch: Vec<LabelledPage> = pages.by_ref().take(BATCH).collect::<Result<_>>()?;
            if batch.is_empty() {
                break;
            }
            let buffers = || (FeatureReader::default(), Scratch::default());
            let arrays: Vec<Arrays> = batch
                .par_iter()
                .map_init(buffers, |(reader, scratch), page| {
                    Arrays::new(page, reader, &cleaners, tables.of(page, folds).1, scratch)
                })
                .collect::<Result<_>>()?;
            for (page, arrays) in batch.iter().zip(arrays) {
                all.append(arrays, number);
                let mut fields = page.fields.clone();
                fields.retain(|name, _| KEPT_FIELDS.contains(&name.as_str()));
                let file = path.file_name().unwrap_or_default().to_string_lossy();
                fields.insert("file".to_owned(), json!(file));
                fields.insert("fold".to_owned(), json!(tables.of(page, folds).0));
                writeln!(documents, "{}", Value::Object(fields))?;
                number += 1;
            }
        }
    }
    fs::write(output.join("documents.jsonl"), documents)?;
    let arrays = json!({
        "features": write_array(output, "features", &all.features, FEATURE_NAMES.len())?,
        "units": write_array(output, "units", &all.blocks, 3)?,
        "lines": write_array(output, "lines", &all.lines, 5)?,
        "offsets": write_array(output, "offsets", &all.gram_ends, 0)?,
        "grams": write_array(output, "grams", &all.grams, 0)?,
    });
    let head = json!({ "version": FEATURE_VERSION, "names": FEATURE_NAMES, "arrays": arrays });
    fs::write(output.join("features.json"), head.to_string())?;
    Ok(all.blocks.len() / 3)
}

/// Builds a cleaner without the line model that holds no document.
fn rules_alone(level: Level) -> Result<Cleaner> {
    Ok(Cleaner::builder()
        .level(level)
        .skip(["model"])
        .max_removed(1.0)
        .build()?)
}

/// Returns whether a line that is not scored is the article's own, such as its title, which nobody wants to lose.
fn is_own(page: &LabelledPage, line: usize) -> bool {
    let reasons = page.fields.get("why");
    let reason = reasons
        .and_then(|reasons| reasons.get(line))
        .and_then(Value::as_str);
    reason.is_some_and(|reason| OWN.contains(&reason))
}

/// The arrays of pages.
#[derive(Default)]
struct Arrays {
    /// A row for each block.
    features: Vec<i16>,
    /// For each block: document, number of lines, whether it is plain prose.
    blocks: Vec<i32>,
    /// For each line: document, block, label (0 keep, 1 drop, 2 unsure, 3 the article's own), words, and one bit for each
    /// level at which rules remove the line.
    lines: Vec<i32>,
    /// Ends of the grams of each block.
    gram_ends: Vec<u64>,
    grams: Vec<u32>,
}

impl Arrays {
    fn new(
        page: &LabelledPage,
        reader: &mut FeatureReader,
        cleaners: &[Cleaner],
        words: Option<&WordTable>,
        scratch: &mut Scratch,
    ) -> Result<Self> {
        let mut arrays = Self::default();
        let document = Document::new(&page.text)?;
        let mut removed = vec![0; page.labels.len()];
        for (level, cleaner) in cleaners.iter().enumerate() {
            let cleaned = cleaner.clean(&document, scratch);
            line_outcomes(&cleaned)
                .filter(LineOutcome::is_removed)
                .for_each(|line| removed[line.index] |= 1 << level);
        }
        let features = reader.read(&document, words);
        let mut row = empty_row();
        for block in 0..features.len() {
            features.fill(block, &mut row);
            arrays.features.extend(&row[..FEATURE_NAMES.len()]);
            let lines = features.lines(block).len() as i32;
            arrays
                .blocks
                .extend([0, lines, i32::from(features.is_plain_prose(block))]);
            arrays.grams.extend(features.grams(block));
            arrays.gram_ends.push(arrays.grams.len() as u64);
        }
        let mut block = 0;
        for line in line_outcomes(&cleaners[0].clean(&document, scratch)) {
            while block + 1 < features.len() && features.span(block).end() <= line.range.start {
                block += 1;
            }
            let label = match page.labels[line.index] {
                Label::Keep => 0,
                Label::Drop => 1,
                Label::Unsure if is_own(page, line.index) => 3,
                Label::Unsure => 2,
            };
            let words = line.words as i32;
            arrays
                .lines
                .extend([0, block as i32, label, words, removed[line.index]]);
        }
        Ok(arrays)
    }

    /// Appends the arrays of one document.
    fn append(&mut self, mut other: Self, document: i32) {
        let (blocks, grams) = ((self.blocks.len() / 3) as i32, self.grams.len() as u64);
        other
            .blocks
            .chunks_mut(3)
            .for_each(|block| block[0] = document);
        for line in other.lines.chunks_mut(5) {
            (line[0], line[1]) = (document, line[1] + blocks);
        }
        other.gram_ends.iter_mut().for_each(|end| *end += grams);
        self.features.append(&mut other.features);
        self.blocks.append(&mut other.blocks);
        self.lines.append(&mut other.lines);
        self.gram_ends.append(&mut other.gram_ends);
        self.grams.append(&mut other.grams);
    }
}
