//! Rules tried on a corpus: documents from labelled or plain JSON Lines, or from text files, cleaned in parallel and
//! counted in order.

use super::walk::{Inputs, WalkEntry};
use crate::cleaner::Cleaner;
use crate::document::Document;
use crate::filter::Scratch;
use crate::io::{Content, LabelledRow, read_rows};
use crate::verify::RuleScores;
use anyhow::{Context, Result, anyhow, bail};
use rayon::prelude::*;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Documents in flight.
const BATCH: usize = 512;

/// Which documents.
#[derive(Debug)]
pub struct Corpus<'c> {
    /// Files and directories.
    pub inputs: &'c Inputs,
    /// The field of JSON Lines that holds the text.
    pub field: &'c str,
    /// Only rows of which these fields have one of these values.
    pub filters: &'c [(String, Vec<String>)],
}

/// What went wrong with which input.
pub type Failed = Vec<(PathBuf, anyhow::Error)>;

impl Corpus<'_> {
    /// Reads all documents, some at a time and in order. Gives what went wrong with which input.
    ///
    /// # Errors
    /// If there is no document at all, or if `each` fails.
    pub fn read(&self, mut each: impl FnMut(&[LabelledRow]) -> Result<()>) -> Result<Failed> {
        let (mut failed, mut batch, mut documents) = (Vec::new(), Vec::new(), 0);
        for met in self.inputs.walk() {
            let path = match met {
                WalkEntry::File(found) => found.path,
                WalkEntry::Special => continue,
                WalkEntry::Failed(path, error) => {
                    failed.push((path, error));
                    continue;
                }
            };
            match self.rows(&path) {
                Ok(rows) => {
                    for row in rows {
                        match row {
                            Ok(row) if self.wants(&row.fields) => batch.push(row),
                            Ok(_) => continue,
                            Err(error) => failed.push((path.clone(), error)),
                        }
                        if batch.len() == BATCH {
                            documents += batch.len();
                            each(&batch)?;
                            batch.clear();
                        }
                    }
                }
                Err(error) => failed.push((path, error)),
            }
        }
        documents += batch.len();
        each(&batch)?;
        if documents == 0 && failed.is_empty() {
            bail!(
                "the corpus has no document{}",
                if self.filters.is_empty() {
                    ""
                } else {
                    " that --where lets through"
                }
            );
        }
        Ok(failed)
    }

    fn rows(&self, path: &Path) -> Result<Box<dyn Iterator<Item = Result<LabelledRow>>>> {
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
        let Content::Text(text) = Content::new(std::fs::read(path)?, None) else {
            return Err(anyhow!(
                "is no text; a corpus is JSON Lines (.jsonl, .jsonl.gz, .jsonl.zst) or text files"
            ));
        };
        let row = LabelledRow {
            text: text.as_str().to_owned(),
            labels: None,
            fields: Map::new(),
        };
        Ok(Box::new(std::iter::once(Ok(row))))
    }

    fn wants(&self, fields: &Map<String, Value>) -> bool {
        self.filters
            .iter()
            .all(|(key, values)| match fields.get(key) {
                Some(Value::String(text)) => values.contains(text),
                Some(other) => values.contains(&other.to_string()),
                None => false,
            })
    }
}

/// Rules to try on a corpus.
#[derive(Debug)]
pub struct CorpusRun<'c> {
    /// The rules.
    pub cleaner: &'c Cleaner,
    /// The documents.
    pub corpus: Corpus<'c>,
    /// Lines of a kind that are kept for each rule.
    pub samples: usize,
}

impl CorpusRun<'_> {
    /// Cleans all documents. Gives the counts and what went wrong with which input.
    ///
    /// # Errors
    /// If there is no document at all.
    pub fn run(&self) -> Result<(RuleScores, Failed)> {
        let mut worth = RuleScores::default();
        let count = |scratch: &mut Scratch, row: &LabelledRow| {
            let mut own = RuleScores::default();
            if let Ok(document) = Document::new(&row.text) {
                own.add(
                    &self.cleaner.clean(&document, scratch),
                    row.labels.as_deref(),
                    self.samples,
                );
            }
            own
        };
        let failed = self.corpus.read(|batch| {
            let counted: Vec<RuleScores> =
                batch.par_iter().map_init(Scratch::default, count).collect();
            counted
                .into_iter()
                .for_each(|own| worth.merge(own, self.samples));
            Ok(())
        })?;
        Ok((worth, failed))
    }
}

/// Reads `key=value` or `key=value,value`.
///
/// # Errors
/// If there is no `=`.
pub fn parse_filter(text: &str) -> Result<(String, Vec<String>)> {
    let (key, values) = text.split_once('=').with_context(|| {
        format!("'{text}' is no filter; write FIELD=VALUE or FIELD=VALUE,VALUE")
    })?;
    Ok((
        key.to_owned(),
        values.split(',').map(str::to_owned).collect(),
    ))
}
