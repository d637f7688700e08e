//! The reports of a job, which are written while it runs: removal records, and the list of damaged
//! records. Both are in the order of the inputs.

use super::journal::Lengths;
use crate::io::fs::File;
use crate::io::sync_file;
use anyhow::{Context, Result, bail};
use std::io::{Seek, SeekFrom, Write};

/// The files that reports are written to during a job.
#[derive(Debug, Default)]
pub struct Reports {
    /// Removal records.
    pub removed: Option<File>,
    /// Damaged records.
    pub damage: Option<File>,
}

impl Reports {
    /// Appends lines to the removal records and to the damaged records. A report that is not
    /// wanted ignores its lines.
    ///
    /// # Errors
    /// If a report cannot be written.
    pub fn write(&mut self, removed: &[u8], damage: &[u8]) -> Result<()> {
        if let Some(file) = &mut self.removed {
            file.write_all(removed)
                .context("cannot write the removal record")?;
        }
        if let Some(file) = &mut self.damage {
            file.write_all(damage)
                .context("cannot write the report of damaged records")?;
        }
        Ok(())
    }

    /// Returns whether any report is wanted.
    pub(super) fn is_wanted(&self) -> bool {
        self.removed.is_some() || self.damage.is_some()
    }

    /// Waits until both reports are on the disk. Outputs may be renamed only afterwards if that
    /// replaces inputs, because removed text then exists nowhere else.
    pub(super) fn sync(&self) -> Result<()> {
        self.removed
            .as_ref()
            .map_or(Ok(()), sync_file)
            .context("cannot write the removal record")?;
        self.damage
            .as_ref()
            .map_or(Ok(()), sync_file)
            .context("cannot write the report of damaged records")
    }

    /// Returns the current lengths of both reports in bytes; `None` for one that is not wanted, or
    /// that is a pipe and has no position.
    pub(super) fn lengths(&mut self) -> Lengths {
        [&mut self.removed, &mut self.damage]
            .map(|file| file.as_mut().and_then(|file| file.stream_position().ok()))
    }

    /// Truncates both reports to earlier lengths. A report whose length is `None` stays.
    ///
    /// # Errors
    /// If a report cannot be truncated, or is shorter than that, because it was changed or removed
    /// since.
    pub(super) fn truncate(&mut self, lengths: Lengths) -> Result<()> {
        for (file, length) in [&mut self.removed, &mut self.damage]
            .into_iter()
            .zip(lengths)
        {
            if let (Some(file), Some(length)) = (file, length) {
                let metadata = file.metadata().context("cannot look at a report")?;
                if !metadata.is_file() {
                    // A pipe cannot be truncated; its reader gets the lines twice.
                    continue;
                }
                if metadata.len() < length {
                    bail!(
                        "the removal record, or the report of damaged records, is shorter than \
                         the earlier run left it; use --force instead of --resume to start over"
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
