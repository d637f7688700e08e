//! Cleans Parquet files that stay Parquet. The texts of each column chunk are cleaned some rows at
//! a time, on several threads and in order. If rows may be dropped, all texts of a row group are
//! cleaned twice: once to decide which rows stay, and again when the columns are written, so that
//! no row group has to be in memory as a whole.

use crate::io::{Field, FieldNames, ParquetTable, RowMask, Rows, TextFields, cut};
use crate::job::pipeline::in_order;
use crate::job::records::{
    BatchOutput, DAMAGED, EMPTY, Interrupted, OnError, RecordCleaner, RecordRef, TextOutcome,
    kept_bytes,
};
use crate::report::Record;
use anyhow::{Context, Error, Result, bail};
use dechaff_core::{Document, Scratch};
use std::borrow::Cow;
use std::fs::File;
use std::io::Write;
use std::iter::Peekable;
use std::sync::atomic::Ordering;

/// Counts the texts of a row, of which a column of lists has several.
#[derive(Default)]
struct ItemCounter {
    row: Option<u32>,
    item: u64,
}

impl ItemCounter {
    /// Returns the index of the next text within its row, from 0. The texts of a row must come one
    /// after another; `row` may count from any row.
    fn next(&mut self, row: u32) -> u64 {
        self.item = if self.row == Some(row) {
            self.item + 1
        } else {
            0
        };
        self.row = Some(row);
        self.item
    }
}

/// Writes the cleaned table in `file` to `out` with the texts of `columns` restored. `records` are
/// the removal records of this table, in the order in which it was cleaned: by row group, column
/// and row.
///
/// # Errors
/// If the table or a record cannot be read, the table cannot be written, rows were dropped from it,
/// or the records belong to another file.
pub fn restore_table(
    file: File,
    columns: Vec<String>,
    records: &mut dyn Iterator<Item = Result<Record>>,
    out: &mut (dyn Write + Send),
) -> Result<()> {
    let mut records = records.peekable();
    let names = FieldNames {
        text: columns,
        ..FieldNames::default()
    };
    ParquetTable::new(file, &names)?.rewrite(
        out,
        &mut |_| Ok(None),
        &mut |name, chunks, sink| {
            for rows in chunks {
                let mut rows = rows?;
                restore_rows(name, &mut rows, &mut records)?;
                sink.write(&rows)?;
            }
            Ok(())
        },
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
            *value = crate::restore(value.data(), spans)
                .with_context(|| {
                    format!(
                        "the removed text of row {number} does not fit; is this the record of \
                         another file?"
                    )
                })?
                .into();
        }
    }
    Ok(())
}

impl RecordCleaner<'_> {
    /// Cleans the table in `file` and writes it to `out`. The statistics and report lines of some
    /// rows at a time are passed to `on_batch`, in the order of row groups, columns and rows; the
    /// last call passes the size of the file as the bytes that were read.
    ///
    /// # Errors
    /// If annotations are wanted, the table cannot be read or written, a damaged value fails the
    /// file, or `on_batch` fails; [`Interrupted`] if the run is stopped.
    pub fn run_table(
        &self,
        file: File,
        out: &mut (dyn Write + Send),
        on_batch: &mut dyn FnMut(BatchOutput) -> Result<()>,
    ) -> Result<()> {
        let options = &self.options.format;
        let drops_rows = options.on_error == OnError::Drop || options.drop_empty;
        if options.annotate.is_some() {
            bail!("is not JSON Lines, which annotations need");
        }
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        let table = ParquetTable::new(file, &options.names)?;
        table.rewrite(
            out,
            &mut |group| {
                drops_rows
                    .then(|| self.rows_to_keep(&table, group))
                    .transpose()
            },
            &mut |name, chunks, sink| {
                let mask = sink.row_mask();
                self.over_rows(
                    chunks,
                    |scratch, rows| self.clean_rows(name, rows, mask.as_ref(), scratch),
                    |result| {
                        let (rows, batch) = result?;
                        sink.write(&rows)?;
                        on_batch(batch)
                    },
                )
            },
        )?;
        on_batch(BatchOutput {
            consumed: size,
            ..BatchOutput::default()
        })
    }

    /// Applies `work` to chunks of rows on several threads and passes the results to `consume` in
    /// order. Fails with [`Interrupted`] once the run is stopped.
    fn over_rows<O: Send>(
        &self,
        chunks: impl Iterator<Item = Result<Rows>> + Send,
        work: impl Fn(&mut Scratch, Rows) -> O + Sync,
        consume: impl FnMut(O) -> Result<()>,
    ) -> Result<()> {
        let chunks = chunks.map(|rows| {
            if self.stop.load(Ordering::Relaxed) {
                Err(Error::from(Interrupted))
            } else {
                rows
            }
        });
        in_order(
            self.threads,
            chunks,
            Rows::size,
            || Ok(Scratch::default()),
            work,
            consume,
        )
    }

    /// Cleans all texts of a row group to decide which of its rows stay. A row is damaged if one of
    /// its texts cannot be read, or if it has none and there is one text column. A row is empty if
    /// it has texts, none is damaged, and nothing is left of any.
    fn rows_to_keep(&self, table: &ParquetTable, group: usize) -> Result<RowMask> {
        let options = &self.options.format;
        let (first, columns) = table.text_columns(group)?;
        let [mut damaged, mut has_rest, mut has_text] =
            [(); 3].map(|()| vec![false; table.row_count(group)]);
        for (_, chunks) in columns {
            self.over_rows(
                chunks,
                |scratch, rows| (self.kept_bytes_of(&rows, scratch), rows),
                |(texts, rows)| {
                    let start = (rows.first - first) as usize;
                    if options.names.text.len() == 1 {
                        for &row in &rows.missing {
                            damaged[start + row as usize] = true;
                        }
                    }
                    for (kept_bytes, &row) in texts.into_iter().zip(&rows.row_indices) {
                        let row = start + row as usize;
                        has_text[row] = true;
                        match kept_bytes {
                            Some(bytes) => has_rest[row] |= bytes > 0,
                            None => damaged[row] = true,
                        }
                    }
                    Ok(())
                },
            )?;
        }
        let rows = (0..damaged.len())
            .map(|row| {
                let is_empty = has_text[row] && !has_rest[row] && !damaged[row];
                !(options.on_error == OnError::Drop && damaged[row]
                    || options.drop_empty && is_empty)
            })
            .collect();
        Ok(RowMask { first, rows })
    }

    /// Returns, for each text of `rows`, how many of its bytes are left after cleaning; `None` for
    /// a text that cannot be read.
    fn kept_bytes_of(&self, rows: &Rows, scratch: &mut Scratch) -> Vec<Option<usize>> {
        rows.texts()
            .zip(&rows.row_indices)
            .map(|(value, &row)| {
                let document = Document::new(self.read_text(value).ok()?).ok()?;
                let document = self.describe(document, &properties_of(&rows.attributes, row));
                Some(kept_bytes(&self.options.cleaner.clean(&document, scratch)))
            })
            .collect()
    }

    /// Returns the text of a value, or the reason why it is damaged: it exceeds the maximum size of
    /// a record or is not valid UTF-8.
    fn read_text<'v>(&self, value: &'v [u8]) -> Result<&'v str, String> {
        if value.len() > self.options.format.max_record {
            return Err(self.too_large_reason());
        }
        simdutf8::compat::from_utf8(value)
            .map_err(|error| format!("is not valid UTF-8 at byte {}", error.valid_up_to()))
    }

    /// Cleans some rows of the column `name`. Returns them with cleaned texts, and their statistics
    /// and report lines. Rows that `mask` drops are returned too, and get a removal record for the
    /// whole text instead of one for each removed span.
    fn clean_rows(
        &self,
        name: &str,
        mut rows: Rows,
        mask: Option<&RowMask>,
        scratch: &mut Scratch,
    ) -> Result<(Rows, BatchOutput)> {
        let mut output = BatchOutput::default();
        if self.options.format.names.text.len() == 1 {
            for &row in &rows.missing {
                let number = rows.first + u64::from(row);
                let reason = format!("holds null in '{name}' instead of a text");
                let record = value_ref(number, name, 0, b"");
                self.count_damaged(number, None, reason, &mut output)?;
                self.record_unless_kept(mask, number, &record, DAMAGED, &mut output)?;
            }
        }
        let mut items = ItemCounter::default();
        for (value, &row) in rows.values.iter_mut().zip(&rows.row_indices) {
            let number = rows.first + u64::from(row);
            let mut record = value_ref(number, name, items.next(row), value.data());
            let text = match self.read_text(value.data()) {
                Ok(text) => text,
                Err(reason) => {
                    self.count_damaged(number, None, reason, &mut output)?;
                    self.record_unless_kept(mask, number, &record, DAMAGED, &mut output)?;
                    continue;
                }
            };
            let properties = properties_of(&rows.attributes, row);
            record.id = properties.id.as_deref();
            let field = Field::plain(Cow::Borrowed(name), text);
            let mut outcome = TextOutcome::default();
            self.clean_field(&record, &field, &properties, &mut outcome, scratch)
                .with_context(|| format!("row {number}"))?;
            self.report_held(number, None, &outcome, &mut output)?;
            let is_empty = outcome.kept_bytes == 0;
            output.tally.stats.empty += u64::from(is_empty);
            if mask.is_some_and(|mask| !mask.keeps(number)) {
                outcome.records.clear();
            }
            let rule = if is_empty { EMPTY } else { DAMAGED };
            self.record_unless_kept(mask, number, &record, rule, &mut output)?;
            if !outcome.cuts.is_empty() {
                output.tally.differs = true;
                let mut rest = Vec::with_capacity(value.len());
                cut(value.data(), 0..value.len(), &outcome.cuts, &mut rest);
                *value = rest.into();
            }
            output.tally.add(outcome.tally);
            output.records.append(&mut outcome.records);
        }
        Ok((rows, output))
    }

    /// Appends the removal record of a whole text if `mask` drops its row.
    fn record_unless_kept(
        &self,
        mask: Option<&RowMask>,
        number: u64,
        record: &RecordRef<'_>,
        rule: &str,
        output: &mut BatchOutput,
    ) -> Result<()> {
        if mask.is_none_or(|mask| mask.keeps(number)) {
            Ok(())
        } else {
            self.record_dropped(record, rule, output)
        }
    }
}

/// Creates a reference to a text of a table: the one with index `item` among those of its row and
/// its column, which is called `field`.
fn value_ref<'r>(number: u64, field: &'r str, item: u64, value: &'r [u8]) -> RecordRef<'r> {
    let mut record = RecordRef::new(number, 0, value);
    record.field = Some(field);
    record.item = item;
    record
}

/// Returns the id, address and language of a row, from the columns of these. `row` counts from the
/// first row of the chunk.
fn properties_of(others: &[Vec<Option<String>>; 3], row: u32) -> TextFields<'static> {
    let [id, url, language] = others
        .each_ref()
        .map(|column| column.get(row as usize).cloned().flatten());
    TextFields {
        id,
        url,
        language,
        ..TextFields::default()
    }
}
