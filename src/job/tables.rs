//! Parquet files: the texts of each column are cleaned some rows at a time, on several threads and in order; rows are never
//! left out, as all columns of a table have them.

use super::pipeline::in_order;
use super::records::{Done, Found, Interrupted, OnError, Place, Stream};
use crate::filter::Scratch;
use crate::io::{Field, Rows, Table, Texts, cut};
use anyhow::{Context, Error, Result, bail};
use std::borrow::Cow;
use std::fs::File;
use std::io::Write;
use std::sync::atomic::Ordering;

impl Stream<'_> {
    /// Cleans a table. What became of some rows is given to `each`, in the order of columns and rows.
    ///
    /// # Errors
    /// If the table cannot be read or written, a value fails it, or `each` fails; [`Interrupted`] if the run is to stop.
    pub fn run_table(&self, file: File, out: &mut (dyn Write + Send), each: &mut dyn FnMut(Done) -> Result<()>) -> Result<()> {
        let options = &self.options.format;
        if options.on_error == OnError::Drop || options.drop_empty {
            bail!("is Parquet, of which no row can be left out; --on-error drop and --drop-empty are for other formats");
        }
        if options.annotate.is_some() {
            bail!("is not JSON Lines, and only there annotations have a place");
        }
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        let table = Table::new(file, &options.names)?;
        table.rewrite(out, &mut |name, chunks, sink| {
            let chunks = chunks.map(|rows| {
                if self.stop.load(Ordering::Relaxed) {
                    return Err(Error::from(Interrupted));
                }
                rows
            });
            let work = |scratch: &mut Scratch, rows| self.clean_rows(name, rows, scratch);
            in_order(
                self.threads,
                chunks,
                Rows::size,
                || Ok(Scratch::default()),
                work,
                |result: Result<(Rows, Done)>| {
                    let (rows, done) = result?;
                    sink.write(&rows)?;
                    each(done)
                },
            )
        })?;
        each(Done { consumed: size, ..Done::default() })
    }

    fn clean_rows(&self, name: &str, mut rows: Rows, scratch: &mut Scratch) -> Result<(Rows, Done)> {
        let mut done = Done::default();
        if self.options.format.names.text.len() == 1 {
            for &row in &rows.missing {
                self.damaged(rows.first + u64::from(row), None, format!("holds null in '{name}' instead of a text"), &mut done)?;
            }
        }
        for (value, &row) in rows.values.iter_mut().zip(&rows.rows) {
            let number = rows.first + u64::from(row);
            if value.len() > self.options.format.max_record {
                self.damaged(number, None, self.too_large(), &mut done)?;
                continue;
            }
            let text = match simdutf8::compat::from_utf8(value.data()) {
                Ok(text) => text,
                Err(error) => {
                    self.damaged(number, None, format!("is not valid UTF-8 at byte {}", error.valid_up_to()), &mut done)?;
                    continue;
                }
            };
            let known = |which: usize| rows.others[which].get(row as usize).cloned().flatten();
            let texts = Texts { id: known(0), url: known(1), language: known(2), ..Texts::default() };
            let field = Field::plain(Cow::Borrowed(name), text);
            let place = Place { number, offset: 0, record: value.data(), id: texts.id.as_deref() };
            let mut found = Found::default();
            self.clean_field(&place, &field, &texts, &mut found, scratch).with_context(|| format!("row {number}"))?;
            if let Some(share) = found.held {
                self.note(number, None, &format!("is held whole: {:.1} % would have gone", share * 100.0), &mut done)?;
            }
            done.tally.stats.empty += u64::from(found.kept == 0);
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
}
