//! Conversion of a Parquet file to JSON Lines, one line per row, from which any other format can be
//! written.

use super::encryption::check_not_encrypted;
use crate::io::FieldNames;
use crate::io::fs::File;
use anyhow::{Context, Result, bail};
use parquet::basic::ConvertedType;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::record::reader::RowIter;
use std::io::{self, Read};

/// Values of each column that are decoded at once.
const BATCH_ROWS: usize = 64;

/// A reader of a Parquet file's rows as JSON Lines. It holds one row at a time.
struct TableLines {
    rows: RowIter<'static>,
    line: Vec<u8>,
    /// Bytes of `line` that have been read.
    position: usize,
}

/// Opens `file` as JSON Lines and checks that JSON can represent its columns. Columns of texts, in
/// `names`, must be annotated as strings, because others are written as base64.
///
/// # Errors
/// If the file is not valid Parquet, is encrypted, has a column of intervals, or a column of texts without that
/// annotation.
pub fn open_lines(file: File, names: &FieldNames) -> Result<Box<dyn Read + Send>> {
    Ok(Box::new(TableLines::new(file, names)?))
}

impl TableLines {
    fn new(file: File, names: &FieldNames) -> Result<Self> {
        check_not_encrypted(&file)?;
        let reader = SerializedFileReader::new(file).context("cannot be read as Parquet")?;
        for column in reader.metadata().file_metadata().schema_descr().columns() {
            let path = column.path().string();
            if column.converted_type() == ConvertedType::INTERVAL {
                bail!("has intervals in the column '{path}', which JSON cannot represent");
            }
            let is_string = matches!(
                column.converted_type(),
                ConvertedType::UTF8 | ConvertedType::JSON | ConvertedType::ENUM
            );
            if !is_string && names.text.contains(&path) {
                bail!(
                    "does not declare the column '{path}' as strings; its texts would become \
                     base64 in JSON"
                );
            }
        }
        Ok(Self {
            rows: RowIter::from_file_into(Box::new(reader)).with_batch_size(BATCH_ROWS),
            line: Vec::new(),
            position: 0,
        })
    }

    /// Encodes the next row as `line`, with a line feed. Returns false at the end of the table.
    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        self.position = 0;
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
        if self.position == self.line.len() && !self.next_line()? {
            return Ok(0);
        }
        let length = buffer.len().min(self.line.len() - self.position);
        buffer[..length].copy_from_slice(&self.line[self.position..self.position + length]);
        self.position += length;
        Ok(length)
    }
}
