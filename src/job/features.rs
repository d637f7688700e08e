//! What training reads: the features of labelled pages, the grams of their words, and what rules alone remove.

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

/// Rows in flight.
const BATCH: usize = 256;

/// Tables of word weights made on parts of the pages, so that the words of a page are never scored by weights that were
/// fitted on its publisher.
#[derive(Debug, Default)]
pub struct Folds {
    tables: Vec<WordTable>,
}

impl Folds {
    /// Reads tables from a file of bytes, one after the other. The last one is for pages that nothing was fitted on.
    ///
    /// # Errors
    /// If it cannot be read, or is no whole number of tables.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path)
            .with_context(|| format!("cannot read the weights {}", path.display()))?;
        ensure!(
            bytes.len().is_multiple_of(WordTable::SIZE) && bytes.len() > WordTable::SIZE,
            "{} does not hold tables of {} weights",
            path.display(),
            WordTable::SIZE
        );
        let table = |bytes: &[u8]| WordTable::new(bytes.iter().map(|&byte| byte as i8).collect());
        Ok(Self {
            tables: bytes.chunks(WordTable::SIZE).map(table).collect(),
        })
    }

    /// The fold of a page and its table: by publisher among the train pages, else the last.
    fn of(&self, row: &LabelledRow, folds: usize) -> (usize, Option<&WordTable>) {
        let text = |name: &str| {
            row.fields
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let fold = if text("split") == "train" {
            (crate::model::fnv(text("publisher").as_bytes()) >> 20) as usize % folds
        } else {
            folds
        };
        (fold, self.tables.get(fold))
    }
}

/// Writes the arrays of some files of labelled pages below a directory, and gives their number of units.
///
/// # Errors
/// If a file cannot be read or written.
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
    std::fs::create_dir_all(output)?;
    let level = |&level: &Level| {
        Cleaner::builder()
            .level(level)
            .skip(["model"])
            .max_removed(1.0)
            .build()
    };
    let cleaners = Level::ALL
        .iter()
        .map(level)
        .collect::<Result<Vec<_>, _>>()?;
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
            let read = |scratch: &mut Scratch, row: &LabelledRow| {
                Arrays::of(row, &reader, &cleaners, tables.of(row, folds).1, scratch)
            };
            let arrays: Vec<Arrays> = batch
                .par_iter()
                .map_init(Scratch::default, read)
                .collect::<Result<_>>()?;
            for (row, arrays) in batch.iter().zip(arrays) {
                all.append(arrays, number);
                let mut fields = row.fields.clone();
                fields.retain(|name, _| {
                    ["id", "dataset", "publisher", "lang", "split", "extractor"]
                        .contains(&name.as_str())
                });
                fields.insert(
                    "file".to_owned(),
                    json!(path.file_name().unwrap_or_default().to_string_lossy()),
                );
                fields.insert("fold".to_owned(), json!(tables.of(row, folds).0));
                let _ = writeln!(documents, "{}", Value::Object(fields));
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

/// Why a line is unsure that is no main text and yet the article's own.
const OWN: [&str; 4] = ["title", "desc", "prose", "table"];

/// Whether a row says of a line that it is the article's own. Titles are not scored, and yet nobody wants to lose them.
fn is_own(row: &LabelledRow, line: usize) -> bool {
    let why = row
        .fields
        .get("why")
        .and_then(|why| why.get(line))
        .and_then(Value::as_str);
    why.is_some_and(|why| OWN.contains(&why))
}

/// The arrays of pages.
#[derive(Default)]
struct Arrays {
    rows: Vec<i16>,
    /// Document, number of lines, and whether it is plainly prose, of each unit.
    units: Vec<i32>,
    /// Document, unit, label (0 keep, 1 drop, 2 unsure, 3 the article's own), words, and a bit for each level at which rules
    /// remove the line.
    lines: Vec<i32>,
    /// Ends of the grams of each unit.
    offsets: Vec<u64>,
    grams: Vec<u32>,
}

impl Arrays {
    fn of(
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
                .for_each(|fate| removed[fate.index] |= 1 << level);
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
        for fate in line_outcomes(&cleaners[0].clean(&document, scratch)) {
            while unit + 1 < scratch.page.len() && scratch.page.span(unit).end() <= fate.range.start
            {
                unit += 1;
            }
            let label = match labels[fate.index] {
                Label::Keep => 0,
                Label::Drop => 1,
                Label::Unsure if is_own(row, fate.index) => 3,
                Label::Unsure => 2,
            };
            arrays.lines.extend([
                0,
                unit as i32,
                label,
                fate.words as i32,
                removed[fate.index],
            ]);
        }
        Ok(arrays)
    }

    /// Adds the arrays of one document.
    fn append(&mut self, mut other: Self, document: i32) {
        let (units, grams) = ((self.units.len() / 3) as i32, self.grams.len() as u64);
        other
            .units
            .chunks_mut(3)
            .for_each(|unit| unit[0] = document);
        other
            .lines
            .chunks_mut(5)
            .for_each(|line| (line[0], line[1]) = (document, line[1] + units));
        other.offsets.iter_mut().for_each(|end| *end += grams);
        self.rows.append(&mut other.rows);
        self.units.append(&mut other.units);
        self.lines.append(&mut other.lines);
        self.offsets.append(&mut other.offsets);
        self.grams.append(&mut other.grams);
    }
}
