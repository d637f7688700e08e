//! Tables: the interface to formats that store texts by column instead of record by record, of
//! which Parquet is the only one. A table consists of groups of rows. The texts of a column are
//! read, and written again, some rows at a time, so that no group has to be in memory as a whole.

use super::columns::{Cell, NewColumn};
use anyhow::Result;
use std::io::Write;
use std::sync::Arc;

/// An opened table.
pub trait TextTable {
    /// Returns, for row group `group`, the number of its first row in the file, counted from 1, and
    /// its columns of texts with their names.
    ///
    /// # Errors
    /// If the columns cannot be read.
    fn text_columns(&self, group: usize) -> Result<(u64, Vec<(&str, RowChunks)>)>;

    /// Returns the number of rows of row group `group`, counted before any are removed.
    fn row_count(&self, group: usize) -> usize;

    /// Writes the table to `out`, one row group after the other. For each, `row_mask` returns the
    /// rows to keep, or `None` for all of them. A group that keeps no row is left out.
    /// `clean_column` is called for each column of texts of a group, with the column's name; it
    /// reads all chunks of rows and writes each of them to the sink, in order. `columns` says which
    /// columns the output has besides those of texts.
    ///
    /// # Errors
    /// If the table cannot be read or written, or one of the functions fails.
    fn rewrite(
        &self,
        out: &mut (dyn Write + Send),
        row_mask: &mut dyn FnMut(usize) -> Result<Option<RowMask>>,
        clean_column: &mut dyn FnMut(&str, RowChunks, &mut dyn ColumnSink) -> Result<()>,
        columns: &ColumnChanges<'_>,
    ) -> Result<()>;
}

/// How the columns of an output differ from those of the table. By default they do not.
#[derive(Clone, Copy, Default)]
pub struct ColumnChanges<'c> {
    /// Columns that are added behind all others.
    pub added: &'c [NewColumn],
    /// Returns the values of the new columns for row `number` of the file, counted from 1, once the
    /// texts of its row group are cleaned. `None` stands for rows without values.
    pub cells: Option<&'c dyn Fn(u64) -> Vec<Option<Cell>>>,
    /// Names of columns that are left out.
    pub dropped: &'c [String],
}

impl ColumnChanges<'_> {
    /// Returns whether the output has other columns than the table.
    #[must_use]
    pub fn is_any(&self) -> bool {
        !self.added.is_empty() || !self.dropped.is_empty()
    }
}

/// The rows of a column of a row group, some at a time.
pub type RowChunks = Box<dyn Iterator<Item = Result<Rows>> + Send>;

/// Consecutive rows of a column of texts.
#[derive(Debug, Default)]
pub struct Rows {
    /// Number of the first row in the file, counted from 1.
    pub first: u64,
    /// Texts that exist, in order; a row of a list can have any number of them. They need not be
    /// UTF-8.
    pub values: Vec<Vec<u8>>,
    /// Row of each text, counted from 0 at `first`.
    pub row_indices: Vec<u32>,
    /// Rows without a text, counted likewise.
    pub missing: Vec<u32>,
    /// Ids, URLs, languages and sites, each by row; empty if the table has no such column.
    pub attributes: [Vec<Option<String>>; 4],
    /// Definition level of each entry; empty if the column is required.
    #[cfg(feature = "parquet")]
    pub(super) definition: Vec<i16>,
    /// Repetition level of each entry; empty if the column is not a list.
    #[cfg(feature = "parquet")]
    pub(super) repetition: Vec<i16>,
}

impl Rows {
    /// Returns the total length of the texts, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.values.iter().map(Vec::len).sum()
    }
}

/// Writer of one column of texts of a row group.
pub trait ColumnSink {
    /// Returns the mask of the rows that are kept in this row group, or `None` if all are.
    fn row_mask(&self) -> Option<RowMask>;

    /// Writes those of `rows` that the mask keeps. Values may have been changed since they were
    /// read, but not their number or their rows: the levels are written as they were.
    ///
    /// # Errors
    /// If the values cannot be encoded or written.
    fn write(&mut self, rows: Rows) -> Result<()>;
}

/// The rows of a row group that are kept.
#[derive(Clone, Debug)]
pub struct RowMask {
    /// Number of the group's first row in the file, counted from 1.
    pub first: u64,
    /// For each row of the group, whether it is kept.
    pub rows: Arc<[bool]>,
}

impl RowMask {
    /// Returns whether row `number` is kept, counted from 1 in the file. The row must be in this
    /// group.
    #[must_use]
    pub fn keeps(&self, number: u64) -> bool {
        self.rows[(number - self.first) as usize]
    }
}
