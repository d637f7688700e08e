//! Cleans tables that stay tables. The texts of each column are cleaned some rows at a time, on
//! several threads and in order. If rows may be dropped, all texts of a row group are cleaned
//! twice: once to decide which rows stay, and again when the columns are written, so that no row
//! group has to be in memory as a whole.

mod restore;
mod row_verdicts;

pub use restore::{check_table, restore_table};

use super::batch::{BatchOutput, Interrupted};
use super::encoded::RecordField;
use super::options::{OnError, OnHeld};
use super::pipeline::in_order;
use super::text::{DAMAGED, HELD, Judged, Place, Problem, TextCleaner, TextOutcome};
use crate::io::fs::File;
use crate::io::{Field, RowMask, Rows, TextFields, TextTable, cut, open_table};
use crate::report::{ContentHasher, Part};
use anyhow::{Context, Error, Result, bail};
use dechaff_core::Scratch;
use row_verdicts::{RowVerdict, RowVerdicts};
use std::borrow::Cow;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// Cleans one table.
#[derive(Debug)]
pub(super) struct TableCleaner<'j> {
    texts: TextCleaner<'j>,
    /// Number of worker threads.
    threads: usize,
    /// Set from outside to stop early.
    stop: &'j AtomicBool,
}

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

impl<'j> TableCleaner<'j> {
    /// Creates a cleaner for the input of `texts` that works on `threads` threads and stops early
    /// once `stop` is set.
    pub(super) fn new(texts: TextCleaner<'j>, threads: usize, stop: &'j AtomicBool) -> Self {
        Self {
            texts,
            threads,
            stop,
        }
    }

    /// Cleans the table in `file` and writes it to `out`. The statistics and report lines of some
    /// rows at a time are passed to `on_batch`, in the order of row groups, columns and rows; the
    /// last call passes the size of the file as the bytes that were read.
    ///
    /// # Errors
    /// If annotations are wanted, the table cannot be read or written, a damaged value fails the
    /// file, or `on_batch` fails; [`Interrupted`] if the run is stopped.
    pub(super) fn run(
        &self,
        file: File,
        out: &mut (dyn Write + Send),
        on_batch: &mut dyn FnMut(BatchOutput) -> Result<()>,
    ) -> Result<()> {
        let options = &self.texts.options().format;
        let drops_rows = options.on_error == OnError::Drop
            || options.on_held == OnHeld::Drop
            || options.drop_empty;
        if options.annotate.is_some() {
            bail!("is not JSON Lines, which annotations need");
        }
        let verdicts = RowVerdicts::new(options);
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        let table = open_table(file, &options.names)?;
        table.rewrite(
            out,
            &mut |group| {
                verdicts.begin_group();
                drops_rows
                    .then(|| self.rows_to_keep(table.as_ref(), group))
                    .transpose()
            },
            &mut |name, chunks, sink| {
                let mask = sink.row_mask();
                self.over_rows(
                    chunks,
                    |scratch, rows| self.clean_rows(name, rows, mask.as_ref(), scratch),
                    |result| {
                        let (rows, batch, found) = result?;
                        sink.write(rows)?;
                        verdicts.add(found);
                        on_batch(batch)
                    },
                )
            },
            &verdicts.changes(&|row| verdicts.cells(row)),
        )?;
        let mut records = Vec::new();
        if self.texts.options().records {
            let mut part = Part::end(self.texts.name());
            part.added_columns = verdicts.names();
            part.write(&mut records)?;
        }
        on_batch(BatchOutput {
            consumed: size,
            records,
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
    /// its texts cannot be read, or if it has none and there is one text column. A row is held if one
    /// of its texts is. A row is empty if it has texts, none is damaged, and nothing is left of any.
    fn rows_to_keep(&self, table: &dyn TextTable, group: usize) -> Result<RowMask> {
        let options = &self.texts.options().format;
        let (first, columns) = table.text_columns(group)?;
        let [mut damaged, mut held, mut has_rest, mut has_text] =
            [(); 4].map(|()| vec![false; table.row_count(group)]);
        for (_, chunks) in columns {
            self.over_rows(
                chunks,
                |scratch, rows| (self.judge(&rows, scratch), rows),
                |(texts, rows)| {
                    let start = (rows.first - first) as usize;
                    if options.names.text.len() == 1 {
                        for &row in &rows.missing {
                            damaged[start + row as usize] = true;
                        }
                    }
                    for (judged, &row) in texts.into_iter().zip(&rows.row_indices) {
                        let row = start + row as usize;
                        has_text[row] = true;
                        has_rest[row] |= !matches!(judged, Judged::Damaged | Judged::Kept(0));
                        held[row] |= judged == Judged::Held;
                        damaged[row] |= judged == Judged::Damaged;
                    }
                    Ok(())
                },
            )?;
        }
        let rows = (0..damaged.len())
            .map(|row| {
                let is_empty = has_text[row] && !has_rest[row] && !damaged[row];
                !(options.on_error == OnError::Drop && damaged[row]
                    || options.on_held == OnHeld::Drop && held[row]
                    || options.drop_empty && is_empty)
            })
            .collect();
        Ok(RowMask { first, rows })
    }

    /// Returns, for each text of `rows`, what is left of it after cleaning.
    fn judge(&self, rows: &Rows, scratch: &mut Scratch) -> Vec<Judged> {
        rows.values
            .iter()
            .zip(&rows.row_indices)
            .map(|(value, &row)| {
                let properties = properties_of(&rows.attributes, row);
                self.texts.judge(value, &properties, scratch)
            })
            .collect()
    }

    /// Cleans some rows of the column `name`. Returns them with cleaned texts, their statistics and
    /// report lines, and the verdicts on their texts. Rows that `mask` drops are returned too, and get a
    /// removal record for the whole text instead of one for each removed span.
    fn clean_rows(
        &self,
        name: &str,
        mut rows: Rows,
        mask: Option<&RowMask>,
        scratch: &mut Scratch,
    ) -> Result<(Rows, BatchOutput, Vec<RowVerdict>)> {
        let (mut output, mut verdicts) = (BatchOutput::default(), Vec::new());
        if self.texts.options().format.names.text.len() == 1 {
            for &row in &rows.missing {
                let place = value_place(rows.first + u64::from(row), name, 0, b"");
                self.settle(&place, &Problem::NoText(name.to_owned()), mask, &mut output)?;
            }
        }
        let [mut source, mut cleaned] = [(); 2].map(|()| ContentHasher::default());
        let is_recorded = self.texts.options().records && !rows.values.is_empty();
        let options = &self.texts.options().format;
        let drops_held = options.on_held == OnHeld::Drop;
        // Why a row is dropped whose reason is another one of its texts.
        let other_reason = if drops_held && options.on_error != OnError::Drop {
            HELD
        } else {
            DAMAGED
        };
        let mut items = ItemCounter::default();
        for (value, &row) in rows.values.iter_mut().zip(&rows.row_indices) {
            let number = rows.first + u64::from(row);
            let place = value_place(number, name, items.next(row), value);
            if is_recorded {
                source.add_text(value);
            }
            let text = match self.texts.read(value) {
                Ok(text) => text,
                Err(problem) => {
                    self.settle(&place, &problem, mask, &mut output)?;
                    if is_recorded && !is_dropped(mask, number) {
                        cleaned.add_text(value);
                    }
                    continue;
                }
            };
            let properties = properties_of(&rows.attributes, row);
            let place = Place {
                id: properties.id.as_deref(),
                ..place
            };
            let field = RecordField {
                field: &Field::plain(Cow::Borrowed(name), text),
                decoded: None,
            };
            let mut outcome = TextOutcome::default();
            self.texts
                .clean_field(&place, &field, &properties, &mut outcome, scratch)
                .with_context(|| format!("row {number}"))?;
            output.tally.add(std::mem::take(&mut outcome.tally));
            let found = std::mem::take(&mut outcome.verdicts).into_iter();
            verdicts.extend(found.map(|(field, verdict)| (number, field, verdict)));
            let is_dropped = is_dropped(mask, number);
            if let Some(share) = outcome.held {
                self.texts
                    .handle(&place, &Problem::Held(share), &mut output)?;
            }
            if outcome.kept_bytes == 0 {
                self.settle(&place, &Problem::Empty, mask, &mut output)?;
            } else if is_dropped {
                let is_held = outcome.held.is_some() && drops_held;
                let rule = if is_held { HELD } else { other_reason };
                self.texts.drop_place(&place, rule, &mut output)?;
            }
            outcome.write_maps(is_dropped, &mut output.maps)?;
            if !is_dropped {
                output.records.append(&mut outcome.records);
            }
            if !outcome.cuts.is_empty() {
                output.tally.differs = true;
                let mut rest = Vec::with_capacity(value.len());
                cut(value, 0..value.len(), &outcome.cuts, &mut rest);
                *value = rest;
            }
            if is_recorded && !is_dropped {
                cleaned.add_text(value);
            }
        }
        if is_recorded {
            let mut part = Part::new(self.texts.name(), source.finish(), cleaned.finish());
            part.field = Some(name.to_owned());
            part.write(&mut output.records)?;
        }
        Ok((rows, output, verdicts))
    }

    /// Handles a problem of the text at `place`. If `mask` drops its row, the text gets a removal
    /// record.
    fn settle(
        &self,
        place: &Place<'_>,
        problem: &Problem,
        mask: Option<&RowMask>,
        output: &mut BatchOutput,
    ) -> Result<()> {
        self.texts.handle(place, problem, output)?;
        if is_dropped(mask, place.number.unwrap_or_default()) {
            self.texts.drop_place(place, problem.rule(), output)?;
        }
        Ok(())
    }
}

/// Returns whether `mask` drops row `number`.
fn is_dropped(mask: Option<&RowMask>, number: u64) -> bool {
    mask.is_some_and(|mask| !mask.keeps(number))
}

/// Returns the place of a text of a table: the one with index `item` among those of its row and its
/// column, which is called `field`.
fn value_place<'r>(number: u64, field: &'r str, item: u64, value: &'r [u8]) -> Place<'r> {
    Place {
        number: Some(number),
        bytes: value,
        field: Some(field),
        item,
        ..Place::default()
    }
}

/// Returns the id, address, language and site of a row, from the columns of these. `row` counts from the
/// first row of the chunk.
fn properties_of(others: &[Vec<Option<String>>; 4], row: u32) -> TextFields<'static> {
    let [id, url, language, site] = others
        .each_ref()
        .map(|column| column.get(row as usize).cloned().flatten());
    TextFields {
        id,
        url,
        language,
        site,
        ..TextFields::default()
    }
}
