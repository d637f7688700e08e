//! Cleans and restores files that are in memory, on one thread, for fuzz targets.

use super::document::clean_document;
use super::records::RecordCleaner;
use super::tables::{TableCleaner, restore_table};
use super::text::TextCleaner;
use super::{BatchOutput, JobOptions};
use crate::io::fs::{self, File};
use crate::io::{Codec, Source, Start};
use crate::report::{PartCheck, RecordLine, read_lines, read_records};
use anyhow::{Context, Result};
use dechaff_core::Scratch;
use std::io::{Seek, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;

pub use super::restore::restore_bytes;

/// Cleans a file of records that is called `name`. Returns its output and reports as one batch.
///
/// # Errors
/// As for a file on disk.
pub fn clean_records(options: &JobOptions, name: &str, input: &[u8]) -> Result<BatchOutput> {
    let source = Source::new(Path::new(name), input, options.format.format)?;
    let stop = AtomicBool::new(false);
    let codec = Codec::of(source.compression);
    let cleaner = RecordCleaner::new(TextCleaner::new(options, name), 1, codec, &stop, None);
    let mut all = BatchOutput::default();
    cleaner.run(source, Start::default(), &mut |batch| {
        add(&mut all, batch);
        Ok(())
    })?;
    Ok(all)
}

/// Cleans a file that is called `name` as one text.
///
/// # Errors
/// As for a file on disk.
pub fn clean_text(options: &JobOptions, name: &str, input: &[u8]) -> Result<BatchOutput> {
    let texts = TextCleaner::new(options, name);
    clean_document(&texts, input.to_vec(), &mut Scratch::default())
}

/// Cleans a table that is called `name`. Returns the cleaned table and the removal records.
///
/// # Errors
/// As for a file on disk, and if there is no temporary directory.
pub fn clean_table(options: &JobOptions, name: &str, input: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    let stop = AtomicBool::new(false);
    let (mut output, mut all) = (Vec::new(), BatchOutput::default());
    let cleaner = TableCleaner::new(TextCleaner::new(options, name), 1, &stop);
    cleaner.run(file_of(input)?, &mut output, &mut |batch| {
        add(&mut all, batch);
        Ok(())
    })?;
    Ok((output, all.records))
}

/// Restores the table `cleaned` from the removal records `record`.
///
/// # Errors
/// If they do not fit, or the result is not the source that the record describes.
pub fn restore_table_bytes(cleaned: &[u8], record: &[u8]) -> Result<Vec<u8>> {
    let (mut columns, mut parts) = (Vec::new(), Vec::new());
    for line in read_lines(record) {
        if let RecordLine::Part(part) = line? {
            columns.extend(part.field.filter(|field| !columns.contains(field)));
            parts.extend(part.source);
        }
    }
    // A table without texts is the source.
    if columns.is_empty() {
        return Ok(cleaned.to_owned());
    }
    let (mut check, mut restored) = (PartCheck::new(&parts), Vec::new());
    let removals = &mut read_records(record);
    restore_table(
        file_of(cleaned)?,
        columns,
        &[],
        removals,
        &mut check,
        &mut restored,
    )?;
    anyhow::ensure!(check.is_whole(), "is not the source");
    Ok(restored)
}

/// Appends the result of a batch to those before it.
fn add(all: &mut BatchOutput, batch: BatchOutput) {
    all.output.extend(batch.output);
    all.records.extend(batch.records);
    all.damage.extend(batch.damage);
    all.maps.extend(batch.maps);
    all.tally.add(batch.tally);
}

/// Returns a temporary file with these bytes, at its start.
fn file_of(bytes: &[u8]) -> Result<File> {
    let mut file = fs::create_unnamed().context("cannot create a temporary file")?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}
