//! Training data for the line model: features of labelled pages, written as NumPy arrays.
//!
//! The training scripts fit the model on arrays that this module writes, so the same code computes
//! features for training and for use. The arrays describe three nested things: *documents*
//! (labelled pages), *units* (what the model scores: one or several lines) and *lines*. For each
//! line they also state at which levels rules alone remove it.
//!
//! Word weights are themselves fitted on the pages. To avoid that a page is scored by weights that
//! were fitted on its own publisher, the pages of the train split are divided into folds by
//! publisher, and each fold has a table of weights fitted on the others.

use crate::cleaner::Cleaner;
use crate::document::Document;
use crate::filter::{PageReader, Scratch};
use crate::io::{LabelledRow, read_rows, write_npy};
use crate::model::{NAMES, WordTable, empty_row};
use crate::rule::Level;
use crate::verify::{Label, LineOutcome, line_outcomes};
use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Maximum number of pages held in memory at a time.
const BATCH: usize = 256;
/// Fields of a page that are copied to `documents.jsonl`.
const COPIED_FIELDS: [&str; 6] = ["id", "dataset", "publisher", "lang", "split", "extractor"];
/// Reasons (`why`) for which a line labelled as unsure belongs to the article, although it is not
/// main text.
const ARTICLE_REASONS: [&str; 4] = ["title", "desc", "prose", "table"];

/// Tables of word weights, one for each cross-validation fold, and a last one for all other pages.
/// May be empty: then the features of words are computed without weights.
#[derive(Debug, Default)]
pub struct Folds {
    tables: Vec<WordTable>,
}

impl Folds {
    /// Reads a file of concatenated tables with one signed byte for each weight. The last table is
    /// for pages outside the train split, the others for the folds in order.
    ///
    /// # Errors
    /// If the file cannot be read, or if it does not hold at least two whole tables.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path)
            .with_context(|| format!("cannot read the weights {}", path.display()))?;
        ensure!(
            bytes.len().is_multiple_of(WordTable::SIZE) && bytes.len() > WordTable::SIZE,
            "{} does not hold tables of {} weights",
            path.display(),
            WordTable::SIZE
        );
        Ok(Self {
            tables: bytes
                .chunks(WordTable::SIZE)
                .map(|table| WordTable::new(table.iter().map(|&byte| byte as i8).collect()))
                .collect(),
        })
    }

    /// Returns the table of a fold, or `None` if there are no tables.
    fn table(&self, fold: usize) -> Option<&WordTable> {
        self.tables.get(fold)
    }
}

/// Returns the fold of a page, from 0 to `folds - 1` by a hash of its publisher. Pages outside the
/// train split are in the extra fold with the number `folds`.
fn fold_of(row: &LabelledRow, folds: usize) -> usize {
    if text_field(row, "split") == "train" {
        (crate::model::fnv(text_field(row, "publisher").as_bytes()) >> 20) as usize % folds
    } else {
        folds
    }
}

/// Returns the string in the field `name`, or an empty one if the field is missing or no string.
fn text_field<'r>(row: &'r LabelledRow, name: &str) -> &'r str {
    row.fields
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Computes the features of all labelled pages in `files` and writes the arrays into the directory
/// `output`, which is created if needed. Pages without labels are skipped. Returns the number of
/// units.
///
/// # Errors
/// If `tables` is neither empty nor has `folds + 1` tables, or if a file cannot be read or written.
pub fn write_features(
    files: &[PathBuf],
    output: &Path,
    tables: &Folds,
    folds: usize,
) -> Result<usize> {
    ensure!(
        tables.tables.is_empty() || tables.tables.len() == folds + 1,
        "the weights must hold {} tables, one for each of {folds} folds and one for other pages",
        folds + 1
    );
    std::fs::create_dir_all(output)?;
    let cleaners = rule_cleaners()?;
    let reader = PageReader::default();
    let (mut all, mut documents, mut number) = (Arrays::default(), String::new(), 0);
    for path in files {
        let mut rows = read_rows(path, "text")
            .with_context(|| format!("cannot read {}", path.display()))?
            .filter(|row| row.as_ref().map_or(true, |row| row.labels.is_some()));
        loop {
            let batch: Vec<LabelledRow> = rows.by_ref().take(BATCH).collect::<Result<_>>()?;
            if batch.is_empty() {
                break;
            }
            let arrays: Vec<Arrays> = batch
                .par_iter()
                .map_init(Scratch::default, |scratch, row| {
                    let table = tables.table(fold_of(row, folds));
                    Arrays::from_page(row, &reader, &cleaners, table, scratch)
                })
                .collect::<Result<_>>()?;
            for (row, arrays) in batch.iter().zip(arrays) {
                all.append(arrays, number);
                let _ = writeln!(documents, "{}", describe(row, path, folds));
                number += 1;
            }
        }
    }
    std::fs::write(output.join("documents.jsonl"), documents)?;
    std::fs::write(
        output.join("features.json"),
        json!({ "version": crate::model::FEATURES, "names": NAMES }).to_string(),
    )?;
    write_npy(&output.join("features.npy"), &all.rows, NAMES.len())?;
    write_npy(&output.join("units.npy"), &all.units, 3)?;
    write_npy(&output.join("lines.npy"), &all.lines, 5)?;
    write_npy(&output.join("offsets.npy"), &all.offsets, 0)?;
    write_npy(&output.join("grams.npy"), &all.grams, 0)?;
    Ok(all.units.len() / 3)
}

/// Builds a cleaner for each level, in order, that removes only what rules match and holds no
/// document.
fn rule_cleaners() -> Result<Vec<Cleaner>> {
    Level::ALL
        .iter()
        .map(|&level| {
            Ok(Cleaner::builder()
                .level(level)
                .skip(["model"])
                .max_removed(1.0)
                .build()?)
        })
        .collect()
}

/// Returns the line of `documents.jsonl` for a page of the file `path`.
fn describe(row: &LabelledRow, path: &Path, folds: usize) -> Value {
    let mut fields = row.fields.clone();
    fields.retain(|name, _| COPIED_FIELDS.contains(&name.as_str()));
    fields.insert(
        "file".to_owned(),
        json!(path.file_name().unwrap_or_default().to_string_lossy()),
    );
    fields.insert("fold".to_owned(), json!(fold_of(row, folds)));
    Value::Object(fields)
}

/// Returns whether a line labelled as unsure belongs to the article, according to the page's field
/// `why`. Titles, for example, are not scored, but removing them is a loss all the same.
fn is_part_of_article(row: &LabelledRow, line: usize) -> bool {
    row.fields
        .get("why")
        .and_then(|why| why.get(line))
        .and_then(Value::as_str)
        .is_some_and(|why| ARTICLE_REASONS.contains(&why))
}

/// Arrays of one or several pages, each in row-major order.
#[derive(Default)]
struct Arrays {
    /// Feature values, one row for each unit.
    rows: Vec<i16>,
    /// For each unit: document, number of lines, and 1 if it is so clearly prose that the model
    /// does not score it.
    units: Vec<i32>,
    /// For each line with words: document, unit, label (0 keep, 1 drop, 2 unsure, 3 unsure but part
    /// of the article), number of words, and a bit for each level at which rules remove the line.
    lines: Vec<i32>,
    /// For each unit: end of its n-grams in `grams`.
    offsets: Vec<u64>,
    /// Hashed word n-grams of all units.
    grams: Vec<u32>,
}

impl Arrays {
    /// Computes the arrays of one labelled page. Documents and units are counted from 0 in the
    /// page; [`append`](Self::append) renumbers them. `cleaners` has one cleaner for each level.
    ///
    /// # Errors
    /// If the page is too long for a document.
    fn from_page(
        row: &LabelledRow,
        reader: &PageReader,
        cleaners: &[Cleaner],
        words: Option<&WordTable>,
        scratch: &mut Scratch,
    ) -> Result<Self> {
        let mut arrays = Self::default();
        let document = Document::new(&row.text)?;
        let labels = row.labels.as_deref().unwrap_or_default();
        let mut removed = vec![0; labels.len()];
        for (level, cleaner) in cleaners.iter().enumerate() {
            let cleaned = cleaner.clean(&document, scratch);
            line_outcomes(&cleaned)
                .filter(LineOutcome::is_removed)
                .for_each(|line| removed[line.index] |= 1 << level);
        }
        let page = reader.read(&document, words, scratch);
        let mut values = empty_row();
        for unit in 0..page.len() {
            page.fill(unit, &mut values);
            arrays.rows.extend(&values[..NAMES.len()]);
            arrays.units.extend([
                0,
                page.lines(unit).len() as i32,
                i32::from(page.is_plain(unit)),
            ]);
            arrays.grams.extend(page.grams(unit));
            arrays.offsets.push(arrays.grams.len() as u64);
        }
        let mut unit = 0;
        for line in line_outcomes(&cleaners[0].clean(&document, scratch)) {
            while unit + 1 < scratch.page.len() && scratch.page.span(unit).end() <= line.range.start
            {
                unit += 1;
            }
            let label = match labels[line.index] {
                Label::Keep => 0,
                Label::Drop => 1,
                Label::Unsure if is_part_of_article(row, line.index) => 3,
                Label::Unsure => 2,
            };
            arrays.lines.extend([
                0,
                unit as i32,
                label,
                line.words as i32,
                removed[line.index],
            ]);
        }
        Ok(arrays)
    }

    /// Appends the arrays of one page as document number `document`, with its units and n-grams
    /// counted on from those already here.
    fn append(&mut self, mut other: Self, document: i32) {
        let (units, grams) = ((self.units.len() / 3) as i32, self.grams.len() as u64);
        for unit in other.units.chunks_mut(3) {
            unit[0] = document;
        }
        for line in other.lines.chunks_mut(5) {
            (line[0], line[1]) = (document, line[1] + units);
        }
        for end in &mut other.offsets {
            *end += grams;
        }
        self.rows.append(&mut other.rows);
        self.units.append(&mut other.units);
        self.lines.append(&mut other.lines);
        self.offsets.append(&mut other.offsets);
        self.grams.append(&mut other.grams);
    }
}
