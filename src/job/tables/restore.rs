//! Restores the texts of a cleaned table from its removal records.

use super::ItemCounter;
use crate::io::fs::File;
use crate::io::{ColumnChanges, FieldNames, Rows, open_table};
use crate::report::{PartCheck, Record};
use anyhow::{Context, Result, bail};
use std::io::{self, Write};
use std::iter::Peekable;

/// Writes the cleaned table in `file` to `out` with the texts of `columns` restored and without the
/// columns `added`. `records` are
/// the removal records of this table, in the order in which it was cleaned: by row group, column
/// and row. The restored texts are added to `check`.
///
/// # Errors
/// If the table or a record cannot be read, the table cannot be written, rows were dropped from it,
/// or the records belong to another file.
pub fn restore_table(
    file: File,
    columns: Vec<String>,
    added: &[String],
    records: &mut dyn Iterator<Item = Result<Record>>,
    check: &mut PartCheck<'_>,
    out: &mut (dyn Write + Send),
) -> Result<()> {
    let mut records = records.peekable();
    let names = FieldNames {
        text: columns,
        ..FieldNames::default()
    };
    let changes = ColumnChanges {
        dropped: added,
        ..ColumnChanges::default()
    };
    open_table(file, &names)?.rewrite(
        out,
        &mut |_| Ok(None),
        &mut |name, chunks, sink| {
            for rows in chunks {
                let mut rows = rows?;
                restore_rows(name, &mut rows, &mut records)?;
                for value in &rows.values {
                    check.add_text(value);
                }
                sink.write(rows)?;
            }
            Ok(())
        },
        &changes,
    )?;
    match records.next().transpose()? {
        Some(record) if record.is_whole() => {
            bail!("rows were left out of it, and the record does not hold their other columns")
        }
        Some(record) => bail!(
            "the record names row {}, which does not fit; is it the record of another file?",
            record.record.unwrap_or(0)
        ),
        None => Ok(()),
    }
}

/// Adds the texts of `columns` of the table in `file` to `checks`, in the order in which the table
/// is cleaned.
///
/// # Errors
/// If the table cannot be read.
pub fn check_table(file: File, columns: Vec<String>, checks: &mut [PartCheck<'_>]) -> Result<()> {
    let names = FieldNames {
        text: columns,
        ..FieldNames::default()
    };
    // A table can only be read as a whole by writing it.
    let out = &mut io::sink();
    open_table(file, &names)?.rewrite(
        out,
        &mut |_| Ok(None),
        &mut |_, chunks, sink| {
            for rows in chunks {
                let rows = rows?;
                for check in &mut *checks {
                    rows.values.iter().for_each(|value| check.add_text(value));
                }
                sink.write(rows)?;
            }
            Ok(())
        },
        &ColumnChanges::default(),
    )
}

/// Restores the texts of some rows of the column `name` from the records at the front of `records`
/// that belong to them, and leaves the other records.
fn restore_rows(
    name: &str,
    rows: &mut Rows,
    records: &mut Peekable<impl Iterator<Item = Result<Record>>>,
) -> Result<()> {
    let mut items = ItemCounter::default();
    for (value, &row) in rows.values.iter_mut().zip(&rows.row_indices) {
        let (number, item) = (rows.first + u64::from(row), items.next(row));
        let mut removed = Vec::new();
        while let Some(record) = records.next_if(|record| {
            record.as_ref().map_or(true, |record| {
                !record.is_whole()
                    && record.field.as_deref() == Some(name)
                    && record.record == Some(number)
                    && record.item.unwrap_or(0) == item
            })
        }) {
            let record = record?;
            removed.push((record.start, record.source_bytes()?));
        }
        if !removed.is_empty() {
            let spans = removed.iter().map(|(at, bytes)| (*at, bytes.as_slice()));
            *value = crate::restore(value.as_slice(), spans).with_context(|| {
                format!(
                    "the removed text of row {number} does not fit; is this the record of \
                         another file?"
                )
            })?;
        }
    }
    Ok(())
}
