//! The entry points for Parquet files, which `rows` implements. In a build without the feature
//! `parquet` they all fail with the same message, so that callers need not know of the feature.

#[cfg(feature = "parquet")]
mod rows;

use super::unsupported_parquet;
use crate::io::{FieldNames, Source};
use anyhow::{Context, Result};
use std::fs::File;
use std::path::Path;

#[cfg(feature = "parquet")]
pub use rows::restore_table;

/// Opens the Parquet file that `source` was made from. Parquet is read from its end, so standard
/// input, whose path is `-`, is first copied to a temporary file.
///
/// # Errors
/// If the file cannot be opened or copied, or this build has no support for Parquet.
pub fn open_table(path: &Path, mut source: Source<'_>) -> Result<File> {
    if !cfg!(feature = "parquet") {
        return Err(unsupported_parquet());
    }
    if path != Path::new("-") {
        return File::open(path).context("cannot be opened");
    }
    let mut file = tempfile::tempfile().context("cannot be copied to a temporary file")?;
    std::io::copy(&mut source.reader, &mut file).context("cannot be copied to a temporary file")?;
    Ok(file)
}

/// Opens a Parquet file as JSON Lines, one line per row, to convert it to another format. Progress
/// cannot be derived from the rows, so the whole file counts as read from the beginning.
///
/// # Errors
/// If the file is not Parquet or has a column without counterpart in JSON.
#[cfg(feature = "parquet")]
pub fn table_as_lines<'r>(
    path: &Path,
    source: Source<'r>,
    names: &FieldNames,
) -> Result<Source<'r>> {
    use crate::io::{Format, TableLines};
    let file = open_table(path, source)?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let lines = TableLines::new(file, names)?;
    let source = Source::new(Path::new("-"), lines, Some(Format::JsonLines))?;
    source
        .consumed
        .store(size, std::sync::atomic::Ordering::Relaxed);
    Ok(source)
}

/// Fails, because this build has no support for Parquet.
#[cfg(not(feature = "parquet"))]
pub fn table_as_lines<'r>(_: &Path, _: Source<'r>, _: &FieldNames) -> Result<Source<'r>> {
    Err(unsupported_parquet())
}

/// Fails, because this build has no support for Parquet.
#[cfg(not(feature = "parquet"))]
pub fn restore_table(
    _: File,
    _: Vec<String>,
    _: &mut dyn Iterator<Item = Result<crate::report::Record>>,
    _: &mut (dyn std::io::Write + Send),
) -> Result<()> {
    Err(unsupported_parquet())
}

#[cfg(not(feature = "parquet"))]
impl super::records::RecordCleaner<'_> {
    /// Fails, because this build has no support for Parquet.
    pub fn run_table(
        &self,
        _: File,
        _: &mut (dyn std::io::Write + Send),
        _: &mut dyn FnMut(super::records::BatchOutput) -> Result<()>,
    ) -> Result<()> {
        Err(unsupported_parquet())
    }
}
