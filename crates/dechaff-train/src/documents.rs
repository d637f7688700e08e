//! Rows of `documents.jsonl`: the fields of a labelled page by which training groups and splits pages.

use crate::corpus::LabelledPage;
use anyhow::Result;
use fnv::FnvHasher;
use serde_json::{Value, json};
use std::fmt::Write;
use std::hash::Hasher;
use std::path::Path;

/// Fields of a row that are copied.
const KEPT_FIELDS: [&str; 7] = [
    "id",
    "dataset",
    "publisher",
    "lang",
    "split",
    "extractor",
    "page_type",
];

/// Returns the fold of a page. That of a train page, below `folds`, follows from a hash of its
/// publisher, so that it is the same in every run. All other pages are in the fold with the number
/// `folds`.
pub fn fold_of(page: &LabelledPage, folds: usize) -> usize {
    if page.field("split") != "train" {
        return folds;
    }
    let mut hasher = FnvHasher::default();
    hasher.write(page.field("publisher").as_bytes());
    (hasher.finish() >> 20) as usize % folds
}

/// Appends the row of a page of the file `path` to `rows`.
///
/// # Errors
/// None in practice: writing to a string does not fail.
pub fn add_row(rows: &mut String, page: &LabelledPage, path: &Path, folds: usize) -> Result<()> {
    let mut fields = page.fields.clone();
    fields.retain(|name, _| KEPT_FIELDS.contains(&name.as_str()));
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    fields.insert("file".to_owned(), json!(file));
    fields.insert("fold".to_owned(), json!(fold_of(page, folds)));
    writeln!(rows, "{}", Value::Object(fields))?;
    Ok(())
}
