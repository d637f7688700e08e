//! Computes the arrays that the models of verdicts are trained on: for each labelled page what its
//! blocks add up to, what each level removed of it, and whether prose was among that.

use crate::arrays::write_array;
use crate::corpus::{LabelledPage, read_pages};
use crate::documents::add_row;
use anyhow::{Context, Result};
use dechaff_core::verdict::training::{SUM_NAMES, VerdictFeatures};
use dechaff_core::verify::LineCounts;
use dechaff_core::{Cleaner, Document, Level, Scratch};
use rayon::prelude::*;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Number of pages that are held in memory and computed in parallel.
const BATCH: usize = 256;

/// The arrays of one page, or of several after [`append`](Arrays::append).
#[derive(Default)]
struct Arrays {
    /// For each page: the sums over its blocks.
    sums: Vec<i64>,
    /// For each page: the end of its stems in `stems`.
    stem_ends: Vec<u64>,
    stems: Vec<u16>,
    /// For each page and each cleaner: the features of the risk, and whether there is one.
    risk: Vec<i32>,
    risk_names: Vec<&'static str>,
    /// For each page and each cleaner: whether a line of prose was removed.
    damaged: Vec<i32>,
}

/// Computes the arrays of the labelled pages in `files` and writes them to the directory `output`,
/// which is created if necessary: `verdicts.json` describes them, and `documents.jsonl` has a row
/// for each page. Returns the number of pages.
///
/// # Errors
/// If a file cannot be read or written.
pub fn write_features(files: &[PathBuf], output: &Path, folds: usize) -> Result<usize> {
    fs::create_dir_all(output)?;
    let cleaners = cleaners()?;
    let (mut all, mut documents) = (Arrays::default(), String::new());
    for path in files {
        let mut pages = read_pages(path)?;
        loop {
            let batch: Vec<LabelledPage> = pages.by_ref().take(BATCH).collect::<Result<_>>()?;
            if batch.is_empty() {
                break;
            }
            let arrays: Vec<Arrays> = batch
                .par_iter()
                .map_init(Scratch::default, |scratch, page| {
                    Arrays::new(page, &cleaners, scratch)
                })
                .collect::<Result<_>>()?;
            for (page, arrays) in batch.iter().zip(arrays) {
                all.append(arrays);
                add_row(&mut documents, page, path, folds)?;
            }
        }
    }
    fs::write(output.join("documents.jsonl"), documents)?;
    let arrays = json!({
        "sums": write_array(output, "sums", &all.sums, SUM_NAMES.len())?,
        "ends": write_array(output, "ends", &all.stem_ends, 0)?,
        "stems": write_array(output, "stems", &all.stems, 0)?,
        "risk": write_array(output, "risk", &all.risk, all.risk.len() / all.damaged.len().max(1))?,
        "damaged": write_array(output, "damaged", &all.damaged, cleaners.len())?,
    });
    let head = json!({ "sums": SUM_NAMES, "risk": all.risk_names, "arrays": arrays });
    fs::write(output.join("verdicts.json"), head.to_string())?;
    Ok(all.stem_ends.len())
}

/// Builds the cleaners whose removals are judged: one for each level, and one at each level with
/// rules alone. They hold no document.
fn cleaners() -> Result<Vec<Cleaner>> {
    let all = Level::ALL.iter().map(|&level| (level, None));
    let rules_alone = Level::ALL.iter().map(|&level| (level, Some("model")));
    all.chain(rules_alone)
        .map(|(level, skipped)| {
            let cleaner = Cleaner::builder().level(level).skip(skipped);
            Ok(cleaner.max_removed(1.0).verdict_features(true).build()?)
        })
        .collect()
}

impl Arrays {
    /// Computes the arrays of one page.
    ///
    /// # Errors
    /// If the text is too long for a document.
    fn new(page: &LabelledPage, cleaners: &[Cleaner], scratch: &mut Scratch) -> Result<Self> {
        let mut arrays = Self::default();
        let document = Document::new(&page.text)?;
        for (number, cleaner) in cleaners.iter().enumerate() {
            let (features, cleaned) = cleaner.verdict_features(&document, scratch);
            let features = features.context("the cleaner gives no verdicts")?;
            arrays.add_risk(&features);
            if number == 0 {
                arrays.sums.extend(features.sums);
                arrays.stems.extend(features.stems);
                arrays.stem_ends.push(arrays.stems.len() as u64);
            }
            let counts = LineCounts::of(&cleaned, &page.labels);
            arrays.damaged.push(counts.damaged as i32);
        }
        Ok(arrays)
    }

    /// Adds the features of the risk. A last one says whether anything was removed.
    fn add_risk(&mut self, features: &VerdictFeatures) {
        let names = features.risk.iter().map(|(name, _)| *name);
        self.risk_names = names.chain(["has_removals"]).collect();
        let values = features.risk.iter().map(|(_, value)| clamp(*value));
        self.risk.extend(values);
        self.risk.push(i32::from(features.has_removals));
    }

    /// Appends the arrays of another page. The ends of its stems are shifted.
    fn append(&mut self, mut other: Self) {
        let stems = self.stems.len() as u64;
        other.stem_ends.iter_mut().for_each(|end| *end += stems);
        self.sums.append(&mut other.sums);
        self.stem_ends.append(&mut other.stem_ends);
        self.stems.append(&mut other.stems);
        self.risk.append(&mut other.risk);
        self.risk_names = other.risk_names;
        self.damaged.append(&mut other.damaged);
    }
}

/// Returns the value that the trees see.
fn clamp(value: i64) -> i32 {
    value.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i32
}
