//! Report lines of inputs that are cleaned at the same time. Reports are in the order of the inputs,
//! so the lines of an input wait until those before it are written. Only a part of them waits in
//! memory: an input of a few bytes can decompress to gigabytes, each line of which is removed.

use crate::io::fs::{self, File};
use anyhow::{Context, Result};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Bytes that are read back at once.
const READ_BYTES: u64 = 1 << 20;

/// A temporary file without a name that all inputs of a batch share. It is created when the first
/// input has more lines than are kept in memory.
#[derive(Debug)]
pub(super) struct Spill {
    file: Mutex<Option<File>>,
    /// Bytes of the lines of one report of one input that are kept in memory.
    max_in_memory: usize,
}

/// The lines of one report of one input.
#[derive(Debug, Default)]
pub(super) struct WaitingLines {
    /// Where the first lines are in the temporary file, in order.
    spilled: Vec<Range<u64>>,
    /// The lines after them.
    rest: Vec<u8>,
}

impl WaitingLines {
    /// Moves `lines` behind those that wait already, and into `spill` once they are too many.
    ///
    /// # Errors
    /// If the temporary file cannot be created or written.
    pub(super) fn append(&mut self, lines: &mut Vec<u8>, spill: &Spill) -> Result<()> {
        self.rest.append(lines);
        if self.rest.len() > spill.max_in_memory {
            self.spilled.push(spill.append(&self.rest)?);
            self.rest = Vec::new();
        }
        Ok(())
    }

    /// Passes all lines to `write`, in order and in any number of parts. `spill` must be the one
    /// that they were appended with.
    ///
    /// # Errors
    /// If the temporary file cannot be read, or `write` fails.
    pub(super) fn write(
        &self,
        spill: &Spill,
        mut write: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        for range in &self.spilled {
            let mut start = range.start;
            while start < range.end {
                let end = range.end.min(start + READ_BYTES);
                write(&spill.read(start..end)?)?;
                start = end;
            }
        }
        write(&self.rest)
    }
}

impl Spill {
    /// Creates a spill for inputs of which `max_in_memory` bytes of lines are kept in memory.
    pub(super) fn new(max_in_memory: usize) -> Self {
        Self {
            file: Mutex::new(None),
            max_in_memory,
        }
    }

    /// Appends `bytes` and returns where they are.
    fn append(&self, bytes: &[u8]) -> Result<Range<u64>> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        append_to(&mut file, bytes).context("cannot write the reports to a temporary file")
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<u8>> {
        let mut guard = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = guard
            .as_mut()
            .context("the temporary file of the reports is missing")?;
        let mut bytes = vec![0; (range.end - range.start) as usize];
        file.seek(SeekFrom::Start(range.start))
            .and_then(|_| file.read_exact(&mut bytes))
            .context("cannot read the reports from a temporary file")?;
        Ok(bytes)
    }
}

/// Appends `bytes` to `file`, which is created if it is `None`, and returns where they are.
fn append_to(file: &mut Option<File>, bytes: &[u8]) -> io::Result<Range<u64>> {
    let file = match file {
        Some(file) => file,
        None => file.insert(fs::create_unnamed()?),
    };
    let start = file.seek(SeekFrom::End(0))?;
    file.write_all(bytes)?;
    Ok(start..start + bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_several_inputs_are_kept_apart_and_in_order() {
        let spill = Spill::new(64 << 10);
        let mut inputs: Vec<(WaitingLines, Vec<u8>)> = Vec::new();
        inputs.resize_with(3, Default::default);
        for round in 0..40_000 {
            let (waiting, expected) = &mut inputs[round % 2];
            let mut line = format!("{round}\n").into_bytes();
            expected.extend_from_slice(&line);
            waiting.append(&mut line, &spill).unwrap();
        }
        for (waiting, expected) in &inputs {
            assert!(waiting.rest.len() <= spill.max_in_memory);
            assert_eq!(waiting.spilled.is_empty(), expected.is_empty());
            let mut lines = Vec::new();
            waiting
                .write(&spill, |part| {
                    lines.extend_from_slice(part);
                    Ok(())
                })
                .unwrap();
            assert!(lines == *expected);
        }
    }
}
