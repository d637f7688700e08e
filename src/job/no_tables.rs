//! What stands in the place of `tables` in a build without Parquet: every way into a table says that it is not there.

use super::records::{Done, RecordCleaner};
use crate::io::{Converter, FieldNames, Source};
use crate::report::Record;
use anyhow::{Result, bail};
use std::fs::File;
use std::io::Write;
use std::path::Path;

fn missing<T>() -> Result<T> {
    bail!("is Parquet, which this build of dechaff leaves out; build it with the feature `parquet`")
}

#[derive(Debug, Default)]
pub struct RowBlock;

impl RowBlock {
    pub fn push<V>(&mut self, _: &V) {}
}

pub struct TableWriter;

impl TableWriter {
    pub(super) fn new(converter: Option<&Converter>) -> Result<Self> {
        if converter.is_some_and(Converter::makes_table) {
            missing()
        } else {
            Ok(Self)
        }
    }

    pub(super) fn add(&mut self, _: &mut Done) -> Result<()> {
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }
}

pub fn table_as_lines<'r>(_: &Path, _: Source<'r>, _: &FieldNames) -> Result<Source<'r>> {
    missing()
}

pub fn open_table(_: &Path, _: Source<'_>) -> Result<File> {
    missing()
}

pub fn restore_table(
    _: File,
    _: Vec<String>,
    _: &mut dyn Iterator<Item = Result<Record>>,
    _: &mut (dyn Write + Send),
) -> Result<()> {
    missing()
}

impl RecordCleaner<'_> {
    pub fn run_table(
        &self,
        _: File,
        _: &mut (dyn Write + Send),
        _: &mut dyn FnMut(Done) -> Result<()>,
    ) -> Result<()> {
        missing()
    }
}
