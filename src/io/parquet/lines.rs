//! A Parquet file as JSON Lines, a row each, for those who want it in another format.

use crate::io::FieldNames;
use anyhow::{Context, Result, bail};
use parquet::basic::ConvertedType;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::record::reader::RowIter;
use std::fs::File;
use std::io::{self, Read};

/// So many values of each column are in memory at once.
const BATCH: usize = 64;

/// The rows of a table, read as JSON Lines.
pub struct TableLines {
    rows: RowIter<'static>,
    line: Vec<u8>,
    /// How many bytes of the line were given.
    given: usize,
}

impl TableLines {
    /// Begins to read a table.
    ///
    /// # Errors
    /// If it is no Parquet file, or a column of it cannot be told in JSON.
    pub fn new(file: File, names: &FieldNames) -> Result<Self> {
        let reader = SerializedFileReader::new(file).context("cannot be read as Parquet")?;
        for column in reader.metadata().file_metadata().schema_descr().columns() {
            let path = column.path().string();
            if column.converted_type() == ConvertedType::INTERVAL {
                bail!("holds intervals in the column '{path}', which JSON has not");
            }
            let is_text = names.text.contains(&path);
            if is_text
                && !matches!(
                    column.converted_type(),
                    ConvertedType::UTF8 | ConvertedType::JSON | ConvertedType::ENUM
                )
            {
                bail!(
                    "does not say that the column '{path}' holds texts, which would become base64 in JSON"
                );
            }
        }
        Ok(Self {
            rows: RowIter::from_file_into(Box::new(reader)).with_batch_size(BATCH),
            line: Vec::new(),
            given: 0,
        })
    }

    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        self.given = 0;
        let Some(row) = self.rows.next().transpose().map_err(io::Error::other)? else {
            return Ok(false);
        };
        serde_json::to_writer(&mut self.line, &row.to_json_value())?;
        self.line.push(b'\n');
        Ok(true)
    }
}

impl Read for TableLines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.line.len() && !self.next_line()? {
            return Ok(0);
        }
        let length = buffer.len().min(self.line.len() - self.given);
        buffer[..length].copy_from_slice(&self.line[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}
