//! Computes the arrays that a line model is trained on: the features and hashed n-grams of the
//! blocks of labelled pages, and for each line its label and what rules alone remove.
//!
//! Word weights are fitted before the trees, on the n-grams. So that the trees do not see weights
//! that were fitted on the page at hand, the train pages are split into folds by publisher, and
//! each fold has a table of weights that was fitted on the others.

use crate::arrays::write_array;
use crate::corpus::{LabelledPage, read_pages};
use crate::documents::{add_row, fold_of};
use anyhow::{Context, Result, ensure};
use dechaff_core::model::training::{
    FEATURE_NAMES, FEATURE_VERSION, FeatureReader, WordTable, empty_row,
};
use dechaff_core::verify::{Label, LineOutcome, line_outcomes};
use dechaff_core::{Cleaner, Document, Level, Scratch};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// Number of pages that are held in memory and computed in parallel.
const BATCH: usize = 256;

/// Values of the field `why` of an unsure line that belongs to the article nevertheless.
const ARTICLE_REASONS: [&str; 4] = ["title", "desc", "prose", "table"];

/// Tables of word weights, each fitted on a part of the train pages, so that the words of a page
/// are never scored by weights that were fitted on its publisher.
#[derive(Debug, Default)]
pub struct Folds {
    tables: Vec<WordTable>,
}

impl Folds {
    /// Reads the tables of all folds from a file, one after the other, with a signed byte for each
    /// weight. The last table is for pages outside the train pages, on which no table was fitted.
    ///
    /// # Errors
    /// If the file cannot be read, or does not consist of two or more complete tables.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path)
            .with_context(|| format!("cannot read the weights {}", path.display()))?;
        ensure!(
            bytes.len().is_multiple_of(WordTable::SIZE) && bytes.len() > WordTable::SIZE,
            "{} does not consist of two or more tables of {} weights",
            path.display(),
            WordTable::SIZE
        );
        let tables = bytes
            .chunks(WordTable::SIZE)
            .map(|table| WordTable::new(table.iter().map(|&byte| byte as i8).collect()))
            .collect();
        Ok(Self { tables })
    }

    /// Returns the table of the fold of a page; `None` if no tables were read.
    fn table_of(&self, page: &LabelledPage, folds: usize) -> Option<&WordTable> {
        self.tables.get(fold_of(page, folds))
    }
}

/// Computes the arrays of the labelled pages in `files` and writes them to the directory `output`,
/// which is created if necessary: `features.json` describes them, and `documents.jsonl` has a row
/// for each page. Without `tables` all word features are 0. Returns the number of blocks.
///
/// The order of the pages is that of the files, on any number of threads.
///
/// # Errors
/// If a file cannot be read or written, or if there is not a table for each fold and one more.
pub fn write_features(
    files: &[PathBuf],
    output: &Path,
    tables: &Folds,
    folds: usize,
) -> Result<usize> {
    ensure!(
        tables.tables.is_empty() || tables.tables.len() == folds + 1,
        "expected {} tables of word weights for {folds} folds, but found {}",
        folds + 1,
        tables.tables.len()
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
            let arrays: Vec<Arrays> = batch
                .par_iter()
                .map_init(
                    <(FeatureReader, Scratch)>::default,
                    |(reader, scratch), page| {
                        let words = tables.table_of(page, folds);
                        Arrays::new(page, reader, &cleaners, words, scratch)
                    },
                )
                .collect::<Result<_>>()?;
            for (page, arrays) in batch.iter().zip(arrays) {
                all.append(arrays, number);
                add_row(&mut documents, page, path, folds)?;
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

/// Builds a cleaner at `level` that applies rules alone, without the line model, and holds no
/// document: training must know what the model has to add.
fn rules_alone(level: Level) -> Result<Cleaner> {
    Ok(Cleaner::builder()
        .level(level)
        .skip(["model"])
        .max_removed(1.0)
        .build()?)
}

/// Returns whether an unsure line belongs to the article, such as its title, by the field `why` of
/// the row: a list with a reason, or null, for each line. Losing such a line is counted separately.
fn is_article_line(page: &LabelledPage, line: usize) -> bool {
    let reasons = page.fields.get("why");
    let reason = reasons
        .and_then(|reasons| reasons.get(line))
        .and_then(Value::as_str);
    reason.is_some_and(|reason| ARTICLE_REASONS.contains(&reason))
}

/// The arrays of one page, or of several after [`append`](Arrays::append).
#[derive(Default)]
struct Arrays {
    /// For each block: its features.
    features: Vec<i16>,
    /// For each block: document, number of lines, whether it is plain prose.
    blocks: Vec<i32>,
    /// For each line that has words: document, block, label (0 keep, 1 drop, 2 unsure, 3 unsure but
    /// part of the article), number of words, and one bit for each level at which rules remove the
    /// line.
    lines: Vec<i32>,
    /// For each block: the end of its n-grams in `grams`.
    gram_ends: Vec<u64>,
    /// Hashed n-grams of all blocks.
    grams: Vec<u32>,
}

impl Arrays {
    /// Computes the arrays of one page, as document 0. `cleaners` are those of the levels, in their
    /// order. Lines without words are left out.
    ///
    /// # Errors
    /// If the text is too long for a document.
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
                Label::Unsure if is_article_line(page, line.index) => 3,
                Label::Unsure => 2,
            };
            let words = line.words as i32;
            arrays
                .lines
                .extend([0, block as i32, label, words, removed[line.index]]);
        }
        Ok(arrays)
    }

    /// Appends the arrays of one page and gives it the number `document`. The numbers of its blocks
    /// and the ends of its n-grams are shifted behind those that are here already.
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
