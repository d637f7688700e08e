//! Parquet files: the texts of each column are cleaned some rows at a time, on several threads and in order; where rows
//! may be left out, it is found out first which. Tables from and to other formats pass here too. A build without Parquet
//! has `no_tables` in its place.

use super::pipeline::in_order;
pub use crate::io::RowBlock;

use super::records::{
    BatchOutput, DAMAGED, EMPTY, Interrupted, OnError, RecordCleaner, RecordRef, TextOutcome,
};
use crate::document::Document;
use crate::filter::Scratch;
use crate::io::{
    Converter, Field, FieldNames, Format, ParquetTable, RowMask, Rows, Source, TableBuilder,
    TableLines, TextFields, cut,
};
use crate::report::Record;
use anyhow::{Context, Error, Result, bail};
use std::borrow::Cow;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;

/// Counts the texts of each row.
#[derive(Default)]
struct Items {
    row: Option<u32>,
    count: u64,
}

impl Items {
    /// Which text of its row the next one is, from 0.
    fn next(&mut self, row: u32) -> u64 {
        self.count = if self.row == Some(row) {
            self.count + 1
        } else {
            0
        };
        self.row = Some(row);
        self.count
    }
}

/// Writes a cleaned table with the texts of these columns as they were. The records come in the order in which the table
/// was cleaned.
///
/// # Errors
/// If the table cannot be read or written, or the records do not fit it.
pub fn restore_table(
    file: File,
    columns: Vec<String>,
    records: &mut dyn Iterator<Item = Result<Record>>,
    out: &mut (dyn Write + Send),
) -> Result<()> {
    let mut records = records.peekable();
    let table = ParquetTable::new(
        file,
        &FieldNames {
            text: columns,
            ..FieldNames::default()
        },
    )?;
    table.rewrite(out, &mut |_| Ok(None), &mut |name, chunks, sink| {
        for rows in chunks {
            let mut rows = rows?;
            let mut items = Items::default();
            for (value, &row) in rows.values.iter_mut().zip(&rows.row_indices) {
                let (number, item) = (rows.first + u64::from(row), items.next(row));
                let is_own = |entry: &Record| {
                    !entry.is_whole()
                        && entry.field.as_deref() == Some(name)
                        && entry.record == Some(number)
                        && entry.item.unwrap_or(0) == item
                };
                let mut removed = Vec::new();
                while let Some(entry) = records.next_if(|entry| entry.as_ref().map_or(true, is_own)) {
                    let entry = entry?;
                    removed.push((entry.start, entry.source_bytes()?));
                }
                if !removed.is_empty() {
                    let spans = removed.iter().map(|(at, bytes)| (*at, bytes.as_slice()));
                    let misfit = || format!("what was removed of row {number} does not fit; is this the record of another file?");
                    *value = crate::restore(value.data(), spans).with_context(misfit)?.into();
                }
            }
            sink.write(&rows)?;
        }
        Ok(())
    })?;
    match records.next().transpose()? {
        Some(entry) if entry.is_whole() => {
            bail!("rows were left out of it, and of their other columns the record knows nothing")
        }
        Some(entry) => {
            bail!(
                "the record tells of row {}, which does not fit; is it the record of another file?",
                entry.record.unwrap_or(0)
            )
        }
        None => Ok(()),
    }
}

/// Puts a table together of what workers give, where an output becomes one.
#[derive(Default)]
pub struct TableWriter(Option<TableBuilder>);

impl TableWriter {
    /// Begins it, if the converter makes one.
    ///
    /// # Errors
    /// If its columns make none.
    pub(super) fn new(converter: Option<&Converter>) -> Result<Self> {
        let converter = converter.filter(|converter| converter.makes_table());
        Ok(Self(
            converter
                .map(|converter| TableBuilder::new(converter.columns()))
                .transpose()?,
        ))
    }

    /// Takes the rows of a batch, and gives it the bytes that are ready. A later run cannot go on in the middle.
    pub(super) fn add(&mut self, done: &mut BatchOutput) -> Result<()> {
        if let Some(builder) = &mut self.0 {
            done.output = builder.add(std::mem::take(&mut done.rows))?;
            done.end = None;
        }
        Ok(())
    }

    /// The last bytes.
    pub(super) fn finish(self) -> Result<Vec<u8>> {
        self.0.map_or_else(|| Ok(Vec::new()), TableBuilder::finish)
    }
}

/// A table that is to become something else is read as JSON Lines.
///
/// # Errors
/// If it cannot be read.
pub fn table_as_lines<'r>(
    path: &Path,
    source: Source<'r>,
    names: &FieldNames,
) -> Result<Source<'r>> {
    let file = open_table(path, source)?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let source = Source::new(
        Path::new("-"),
        TableLines::new(file, names)?,
        Some(Format::JsonLines),
    )?;
    // How far it is cannot be told from the rows.
    source.consumed.store(size, Ordering::Relaxed);
    Ok(source)
}

/// The file behind a source. What comes from standard input is put aside first, as tables are read from their end.
///
/// # Errors
/// If it cannot be read, or there is no room to put it aside.
pub fn open_table(path: &Path, mut source: Source<'_>) -> Result<File> {
    if path != Path::new("-") {
        return File::open(path).context("cannot be opened");
    }
    let mut file = tempfile::tempfile().context("cannot be put aside")?;
    std::io::copy(&mut source.reader, &mut file).context("cannot be put aside")?;
    Ok(file)
}

impl RecordCleaner<'_> {
    /// Cleans a table. What became of some rows is given to `each`, in the order of columns and rows.
    ///
    /// # Errors
    /// If the table cannot be read or written, a value fails it, or `each` fails; [`Interrupted`] if the run is to stop.
    pub fn run_table(
        &self,
        file: File,
        out: &mut (dyn Write + Send),
        each: &mut dyn FnMut(BatchOutput) -> Result<()>,
    ) -> Result<()> {
        let options = &self.options.format;
        let drops = options.on_error == OnError::Drop || options.drop_empty;
        if options.annotate.is_some() {
            bail!("is not JSON Lines, and only there annotations have a place");
        }
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        let table = ParquetTable::new(file, &options.names)?;
        let mut staying = |group: usize| {
            if drops {
                self.staying(&table, group).map(Some)
            } else {
                Ok(None)
            }
        };
        table.rewrite(out, &mut staying, &mut |name, chunks, sink| {
            let staying = sink.row_mask();
            let work = |scratch: &mut Scratch, rows| {
                self.clean_rows(name, rows, staying.as_ref(), scratch)
            };
            self.over_rows(chunks, work, |result: Result<(Rows, BatchOutput)>| {
                let (rows, done) = result?;
                sink.write(&rows)?;
                each(done)
            })
        })?;
        each(BatchOutput {
            consumed: size,
            ..BatchOutput::default()
        })
    }

    /// Works on the rows of a column some at a time, on several threads; each result is given to `each`, in order.
    fn over_rows<O: Send>(
        &self,
        chunks: impl Iterator<Item = Result<Rows>> + Send,
        work: impl Fn(&mut Scratch, Rows) -> O + Sync,
        each: impl FnMut(O) -> Result<()>,
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
            each,
        )
    }

    /// Which rows of a row group stay, by what is left of all their texts. These are cleaned again when they are written, so
    /// that no row group has to be in memory as a whole.
    fn staying(&self, table: &ParquetTable, group: usize) -> Result<RowMask> {
        let options = &self.options.format;
        let (first, columns) = table.text_columns(group)?;
        let [mut damaged, mut left, mut has_text] =
            [(); 3].map(|()| vec![false; table.row_count(group)]);
        for (_, chunks) in columns {
            let work = |scratch: &mut Scratch, rows: Rows| (self.left_of(&rows, scratch), rows);
            self.over_rows(chunks, work, |(texts, rows)| {
                let start = (rows.first - first) as usize;
                if options.names.text.len() == 1 {
                    rows.missing
                        .iter()
                        .for_each(|&row| damaged[start + row as usize] = true);
                }
                for (text, &row) in texts.into_iter().zip(&rows.row_indices) {
                    let row = start + row as usize;
                    has_text[row] = true;
                    match text {
                        Some(bytes) => left[row] |= bytes > 0,
                        None => damaged[row] = true,
                    }
                }
                Ok(())
            })?;
        }
        let stays = |row: usize| {
            let is_empty = has_text[row] && !left[row] && !damaged[row];
            !(options.on_error == OnError::Drop && damaged[row] || options.drop_empty && is_empty)
        };
        Ok(RowMask {
            first,
            rows: (0..damaged.len()).map(stays).collect(),
        })
    }

    /// How many bytes are left of each text; none of what cannot be read.
    fn left_of(&self, rows: &Rows, scratch: &mut Scratch) -> Vec<Option<usize>> {
        let left = |(value, &row): (&[u8], &u32)| {
            let text = simdutf8::basic::from_utf8(value)
                .ok()
                .filter(|text| text.len() <= self.options.format.max_record)?;
            let document =
                self.describe(Document::new(text).ok()?, &texts_of(&rows.attributes, row));
            let cleaned = self.options.cleaner.clean(&document, scratch);
            Some(
                text.len()
                    - cleaned
                        .removals()
                        .iter()
                        .map(|removal| removal.span.len())
                        .sum::<usize>(),
            )
        };
        rows.texts().zip(&rows.row_indices).map(left).collect()
    }

    fn clean_rows(
        &self,
        name: &str,
        mut rows: Rows,
        staying: Option<&RowMask>,
        scratch: &mut Scratch,
    ) -> Result<(Rows, BatchOutput)> {
        let mut done = BatchOutput::default();
        if self.options.format.names.text.len() == 1 {
            for &row in &rows.missing {
                let number = rows.first + u64::from(row);
                self.damaged(
                    number,
                    None,
                    format!("holds null in '{name}' instead of a text"),
                    &mut done,
                )?;
                let stays = staying.is_none_or(|staying| staying.keeps(number));
                self.leave_out(
                    stays,
                    &RecordRef::of_value(number, name, 0, b""),
                    DAMAGED,
                    &mut done,
                )?;
            }
        }
        let mut items = Items::default();
        for (value, &row) in rows.values.iter_mut().zip(&rows.row_indices) {
            let item = items.next(row);
            let number = rows.first + u64::from(row);
            let stays = staying.is_none_or(|staying| staying.keeps(number));
            if value.len() > self.options.format.max_record {
                self.damaged(number, None, self.too_large(), &mut done)?;
                self.leave_out(
                    stays,
                    &RecordRef::of_value(number, name, item, value.data()),
                    DAMAGED,
                    &mut done,
                )?;
                continue;
            }
            let text = match simdutf8::compat::from_utf8(value.data()) {
                Ok(text) => text,
                Err(error) => {
                    self.damaged(
                        number,
                        None,
                        format!("is not valid UTF-8 at byte {}", error.valid_up_to()),
                        &mut done,
                    )?;
                    self.leave_out(
                        stays,
                        &RecordRef::of_value(number, name, item, value.data()),
                        DAMAGED,
                        &mut done,
                    )?;
                    continue;
                }
            };
            let texts = texts_of(&rows.attributes, row);
            let field = Field::plain(Cow::Borrowed(name), text);
            let place = RecordRef {
                id: texts.id.as_deref(),
                ..RecordRef::of_value(number, name, item, value.data())
            };
            let mut found = TextOutcome::default();
            self.clean_field(&place, &field, &texts, &mut found, scratch)
                .with_context(|| format!("row {number}"))?;
            if let Some(share) = found.held {
                self.note(
                    number,
                    None,
                    &format!("is held whole: {:.1} % would have gone", share * 100.0),
                    &mut done,
                )?;
            }
            done.tally.stats.empty += u64::from(found.kept == 0);
            if !stays {
                found.records.clear();
                self.leave_out(
                    stays,
                    &place,
                    if found.kept == 0 { EMPTY } else { DAMAGED },
                    &mut done,
                )?;
            }
            if !found.cuts.is_empty() {
                done.tally.differs = true;
                let mut rest = Vec::with_capacity(value.len());
                cut(value.data(), 0..value.len(), &found.cuts, &mut rest);
                *value = rest.into();
            }
            done.tally.add(found.tally);
            done.records.append(&mut found.records);
        }
        Ok((rows, done))
    }

    /// Accounts for a text whose row is left out.
    fn leave_out(
        &self,
        stays: bool,
        place: &RecordRef<'_>,
        rule: &str,
        done: &mut BatchOutput,
    ) -> Result<()> {
        if stays {
            Ok(())
        } else {
            self.dropped(place, rule, done)
        }
    }
}

impl<'r> RecordRef<'r> {
    /// A text of a table.
    fn of_value(number: u64, field: &'r str, item: u64, value: &'r [u8]) -> Self {
        Self {
            number,
            offset: 0,
            record: value,
            id: None,
            field: Some(field),
            item,
        }
    }
}

/// What is known of a row.
fn texts_of(others: &[Vec<Option<String>>; 3], row: u32) -> TextFields<'static> {
    let known = |which: usize| others[which].get(row as usize).cloned().flatten();
    TextFields {
        id: known(0),
        url: known(1),
        language: known(2),
        ..TextFields::default()
    }
}
