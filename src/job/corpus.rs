//! Corpora of documents in memory, for measuring rules rather than cleaning files.
//!
//! A corpus is a set of JSON Lines files, labelled or not, and of text files, each of which is one
//! document. [`Corpus::for_each_batch`] reads it in batches of bounded size, so that a caller can
//! clean the documents of a batch in parallel and still count them in order. [`CorpusRun`] does
//! that for `dechaff rules test --corpus`.

use super::walk::{Inputs, WalkEntry};
use crate::io::fs;
use crate::io::{Content, LabelledRow, read_rows};
use anyhow::{Context, Result, bail};
use dechaff_core::verify::RuleScores;
use dechaff_core::{Cleaner, Document, Scratch};
use rayon::prelude::*;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Maximum number of documents in a batch.
const BATCH: usize = 512;

/// The documents of some inputs that pass some filters.
#[derive(Debug)]
pub struct Corpus<'c> {
    /// Files and directories.
    pub inputs: &'c Inputs,
    /// Name of the JSON field that holds the text of a document.
    pub field: &'c str,
    /// Fields with their permitted values. A document must pass all of these filters; one without
    /// the field does not pass.
    pub filters: &'c [(String, Vec<String>)],
}

/// Inputs or rows that could not be read, with the errors.
pub type Failed = Vec<(PathBuf, anyhow::Error)>;

impl Corpus<'_> {
    /// Reads all documents in order and calls `visit` with batches of bounded size; the last
    /// batch may be empty. An input or row that cannot be read is skipped. Returns these inputs
    /// with their errors.
    ///
    /// # Errors
    /// If there are no documents and no input failed, or if `visit` fails.
    pub fn for_each_batch(
        &self,
        mut visit: impl FnMut(&[LabelledRow]) -> Result<()>,
    ) -> Result<Failed> {
        let (mut failed, mut batch, mut documents) = (Vec::new(), Vec::new(), 0);
        for entry in self.inputs.walk() {
            let path = match entry {
                WalkEntry::File(file) => file.path,
                WalkEntry::Special | WalkEntry::Own(_) => continue,
                WalkEntry::Failed(path, error) => {
                    failed.push((path, error));
                    continue;
                }
            };
            match self.read_file(&path) {
                Ok(rows) => {
                    for row in rows {
                        match row {
                            Ok(row) if self.passes_filters(&row.fields) => batch.push(row),
                            Ok(_) => continue,
                            Err(error) => failed.push((path.clone(), error)),
                        }
                        if batch.len() == BATCH {
                            documents += batch.len();
                            visit(&batch)?;
                            batch.clear();
                        }
                    }
                }
                Err(error) => failed.push((path, error)),
            }
        }
        documents += batch.len();
        visit(&batch)?;
        if documents == 0 && failed.is_empty() {
            if self.filters.is_empty() {
                bail!("the corpus has no documents");
            }
            bail!("the corpus has no documents that match --where");
        }
        Ok(failed)
    }

    /// Opens one file: JSON Lines with a document in each row, or else a text file that is one
    /// document. The name decides, without the ending of a compression.
    ///
    /// # Errors
    /// If the file cannot be read, or is neither JSON Lines by its name nor text. Errors of a row
    /// are items of the iterator.
    fn read_file(&self, path: &Path) -> Result<Box<dyn Iterator<Item = Result<LabelledRow>>>> {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_ascii_lowercase();
        let name = name
            .strip_suffix(".gz")
            .or(name.strip_suffix(".zst"))
            .unwrap_or(&name);
        if [".jsonl", ".ndjson", ".json"]
            .iter()
            .any(|extension| name.ends_with(extension))
        {
            return Ok(Box::new(read_rows(path, self.field)?));
        }
        let Content::Text(text) = Content::new(fs::read(path)?, None) else {
            bail!(
                "is not text; a corpus consists of JSON Lines (.jsonl, .jsonl.gz, .jsonl.zst) \
                 or text files"
            );
        };
        let row = LabelledRow {
            text: text.as_str().to_owned(),
            labels: None,
            fields: Map::new(),
        };
        Ok(Box::new(std::iter::once(Ok(row))))
    }

    /// Returns whether the fields of a row pass all filters. Values other than strings are compared
    /// as JSON, so that `year=2024` matches a number.
    fn passes_filters(&self, fields: &Map<String, Value>) -> bool {
        self.filters
            .iter()
            .all(|(key, values)| match fields.get(key) {
                Some(Value::String(text)) => values.contains(text),
                Some(other) => values.contains(&other.to_string()),
                None => false,
            })
    }
}

/// A run of a cleaner over a corpus that scores each of its rules.
#[derive(Debug)]
pub struct CorpusRun<'c> {
    /// The cleaner with the rules to score.
    pub cleaner: &'c Cleaner,
    /// The documents to clean.
    pub corpus: Corpus<'c>,
    /// Maximum number of sample lines of each kind to keep for a rule.
    pub samples: usize,
}

impl CorpusRun<'_> {
    /// Cleans all documents in parallel. Returns the scores, which do not depend on the number of
    /// threads, and the inputs that could not be read. Documents that are too long are not counted.
    ///
    /// # Errors
    /// If there are no documents and no input failed.
    pub fn run(&self) -> Result<(RuleScores, Failed)> {
        let mut scores = RuleScores::default();
        let failed = self.corpus.for_each_batch(|batch| {
            let counted: Vec<RuleScores> = batch
                .par_iter()
                .map_init(Scratch::default, |scratch, row| self.score(row, scratch))
                .collect();
            for document in counted {
                scores.merge(document, self.samples);
            }
            Ok(())
        })?;
        Ok((scores, failed))
    }

    fn score(&self, row: &LabelledRow, scratch: &mut Scratch) -> RuleScores {
        let mut scores = RuleScores::default();
        if let Ok(document) = Document::new(&row.text) {
            scores.add(
                &self.cleaner.clean(&document, scratch),
                row.labels.as_deref(),
                self.samples,
            );
        }
        scores
    }
}

/// Parses a filter such as `lang=en` or `lang=en,de` into the name of the field and the permitted
/// values. The text up to the first `=` is the name; values are separated by commas and may be
/// empty.
///
/// # Errors
/// If there is no `=`.
pub fn parse_filter(text: &str) -> Result<(String, Vec<String>)> {
    let (key, values) = text.split_once('=').with_context(|| {
        format!("'{text}' is not a valid filter; write FIELD=VALUE or FIELD=VALUE,VALUE")
    })?;
    Ok((
        key.to_owned(),
        values.split(',').map(str::to_owned).collect(),
    ))
}
