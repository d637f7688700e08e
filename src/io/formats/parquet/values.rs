//! The form in which workers hand over the values of records that become a Parquet file: one value
//! after another, in the order of the columns. An assembler makes rows of them again.

use super::new_assembler;
use crate::io::formats::{Assembler, OutputColumns, RecordWriter};
use crate::io::record::Values;
use anyhow::Result;

/// Length that stands for a value that does not exist.
pub(super) const NO_VALUE: u64 = u64::MAX;

/// Writes for each value its length in eight bytes, little-endian, and its bytes. A value that does
/// not exist has the length [`NO_VALUE`] and no bytes. Holds the columns.
#[derive(Debug)]
pub(super) struct ValueWriter(pub(super) OutputColumns);

impl RecordWriter for ValueWriter {
    fn write(&self, values: &Values<'_>, out: &mut Vec<u8>) {
        for value in values {
            let length = value.as_ref().map_or(NO_VALUE, |value| value.len() as u64);
            out.extend(length.to_le_bytes());
            out.extend_from_slice(value.as_deref().unwrap_or_default().as_bytes());
        }
    }

    fn assembler(&self) -> Result<Option<Box<dyn Assembler>>> {
        new_assembler(&self.0).map(Some)
    }
}
