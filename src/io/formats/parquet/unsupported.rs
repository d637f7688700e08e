//! What takes the place of reading and writing Parquet in a build without the feature `parquet`:
//! functions that all fail with the same message.

use super::check_supported;
use crate::io::FieldNames;
use crate::io::formats::{Assembler, OutputColumns};
use crate::io::fs::File;
use crate::io::table::TextTable;
use anyhow::{Result, bail};
use std::io::Read;

/// Fails instead of opening a table.
pub fn open_table(_: File, _: &FieldNames) -> Result<Box<dyn TextTable>> {
    fail()
}

/// Fails instead of opening a table as JSON Lines.
pub fn open_lines(_: File, _: &FieldNames) -> Result<Box<dyn Read + Send>> {
    fail()
}

/// Fails instead of beginning a table.
pub(super) fn new_assembler(_: &OutputColumns) -> Result<Box<dyn Assembler>> {
    fail()
}

fn fail<T>() -> Result<T> {
    check_supported()?;
    bail!("cannot be read as Parquet")
}
