//! The unit of work of a job: an input to clean, or the slice of it that a shard cleans.

use super::journal::Checkpoint;
use super::shard::Shard;
use super::walk::InputFile;
use super::{Job, Target};
use crate::io::fs::{self, File};
use crate::io::{Compression, Source, line_slice};
use crate::report::record_path;
use anyhow::{Context, Error, Result};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// An input to clean, with what shards and an earlier run mean for it.
pub(super) struct Task {
    pub(super) file: InputFile,
    /// The bytes to clean, if shards share the file.
    pub(super) slice: Option<Range<u64>>,
    /// Whether an existing output is that of an earlier run and may be replaced.
    pub(super) owned: bool,
    /// Where the unfinished output is kept, if a later run can resume this one.
    pub(super) part: Option<PathBuf>,
    /// Where an earlier run was interrupted.
    pub(super) checkpoint: Option<Box<Checkpoint>>,
    /// Whether it failed in an earlier run, which cleaned inputs after it.
    pub(super) is_retried: bool,
}

impl Task {
    /// Creates the task of cleaning all of `file`, of which no earlier run knows.
    pub(super) fn new(file: InputFile) -> Self {
        Self {
            file,
            slice: None,
            owned: false,
            part: None,
            checkpoint: None,
            is_retried: false,
        }
    }

    /// Names the output as the journal does.
    pub(super) fn journal_path(&self) -> String {
        record_path(&self.file.output_path).into_owned()
    }
}

impl Job<'_> {
    /// If shards share the only input, sets the slice of this shard and adds the shard to the name
    /// of the output: `pages.jsonl` becomes `pages.1-of-8.jsonl`.
    pub(super) fn slice(&self, task: &mut Task) -> Result<()> {
        let Some(shard) = self.shard else {
            return Ok(());
        };
        if !self.slices_input()? {
            return Ok(());
        }
        let file = File::open(&task.file.path).context("cannot be opened")?;
        task.slice = Some(line_slice(&file, shard.index, shard.count).context("cannot be read")?);
        task.file.output_path = slice_path(&task.file.output_path, shard);
        Ok(())
    }

    /// Returns whether shards share one file instead of a list of files: if the only input is
    /// uncompressed and in a format that can be read from any line, and outputs go elsewhere.
    ///
    /// # Errors
    /// If the input cannot be opened or read.
    pub(super) fn slices_input(&self) -> Result<bool> {
        let ([path], []) = (self.inputs.paths.as_slice(), self.inputs.listed.as_slice()) else {
            return Ok(false);
        };
        let is_elsewhere = !matches!(self.target, Target::InPlace);
        if self.shard.is_none() || !is_elsewhere || !fs::is_file(path)? {
            return Ok(false);
        }
        let source = File::open(path)
            .map_err(Error::from)
            .and_then(|file| Source::new(path, file, self.options.format.format))
            .with_context(|| format!("cannot read {}", path.display()))?;
        // In UTF-16, a byte of a line feed can be half of another character.
        let encoding = self.options.encoding;
        let has_lines = source.format.has_line_records()
            && encoding.is_none_or(encoding_rs::Encoding::is_ascii_compatible);
        Ok(has_lines && source.compression == Compression::None)
    }
}

/// Returns `output_path` with the shard in its name.
pub(super) fn slice_path(output_path: &Path, shard: Shard) -> PathBuf {
    let name = output_path.file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
    output_path.with_file_name(format!(
        "{stem}.{}-of-{}{}{extension}",
        shard.index,
        shard.count,
        if extension.is_empty() { "" } else { "." }
    ))
}
