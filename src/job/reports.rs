//! The reports of a job, which are written while it runs: removal records, the list of damaged
//! records, and the map of offsets. All are in the order of the inputs.

use super::journal::Lengths;
use crate::io::fs::File;
use crate::io::sync_file;
use anyhow::{Context, Result, bail};
use std::io::{Seek, SeekFrom, Write};

/// What errors call each report.
const NAMES: [&str; 3] = [
    "the removal record",
    "the report of damaged records",
    "the map of offsets",
];

/// The files that reports are written to during a job.
#[derive(Debug, Default)]
pub struct Reports {
    /// Removal records.
    pub removed: Option<File>,
    /// Damaged records.
    pub damage: Option<File>,
    /// What is kept of each document.
    pub maps: Option<File>,
}

impl Reports {
    /// Returns all reports, in the order of their lengths in the journal.
    fn files(&mut self) -> [&mut Option<File>; 3] {
        [&mut self.removed, &mut self.damage, &mut self.maps]
    }

    /// Appends lines to each report: removal records, damaged records, maps. A report that is not
    /// wanted ignores its lines.
    ///
    /// # Errors
    /// If a report cannot be written.
    pub fn write(&mut self, lines: [&[u8]; 3]) -> Result<()> {
        for ((file, lines), name) in self.files().into_iter().zip(lines).zip(NAMES) {
            if let Some(file) = file {
                file.write_all(lines)
                    .with_context(|| format!("cannot write {name}"))?;
            }
        }
        Ok(())
    }

    /// Returns whether any report is wanted.
    pub(super) fn is_wanted(&self) -> bool {
        self.removed.is_some() || self.damage.is_some() || self.maps.is_some()
    }

    /// Waits until all reports are on the disk. Outputs may be renamed only afterwards if that
    /// replaces inputs, because removed text then exists nowhere else.
    pub(super) fn sync(&self) -> Result<()> {
        let files = [&self.removed, &self.damage, &self.maps];
        for (file, name) in files.into_iter().zip(NAMES) {
            file.as_ref()
                .map_or(Ok(()), sync_file)
                .with_context(|| format!("cannot write {name}"))?;
        }
        Ok(())
    }

    /// Returns the current lengths of all reports in bytes; `None` for one that is not wanted, or
    /// that is a pipe and has no position.
    pub(super) fn lengths(&mut self) -> Lengths {
        self.files()
            .map(|file| file.as_mut().and_then(|file| file.stream_position().ok()))
    }

    /// Truncates all reports to earlier lengths. A report whose length is `None` stays.
    ///
    /// # Errors
    /// If a report cannot be truncated, or is shorter than that, because it was changed or removed
    /// since.
    pub(super) fn truncate(&mut self, lengths: Lengths) -> Result<()> {
        for ((file, length), name) in self.files().into_iter().zip(lengths).zip(NAMES) {
            if let (Some(file), Some(length)) = (file, length) {
                let metadata = file.metadata().context("cannot look at a report")?;
                if !metadata.is_file() {
                    // A pipe cannot be truncated; its reader gets the lines twice.
                    continue;
                }
                if metadata.len() < length {
                    bail!(
                        "{name} is shorter than the earlier run left it; use --force instead of \
                         --resume to start over"
                    );
                }
                file.set_len(length)
                    .and_then(|()| file.seek(SeekFrom::Start(length)))
                    .context("cannot truncate a report to where the run continues")?;
            }
        }
        Ok(())
    }
}
