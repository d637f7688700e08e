//! A new Parquet file, made row group by row group of what was something else. Its bytes are taken off as they come about,
//! so that it is written like any other output. All columns are optional strings, compressed with zstd.

use crate::io::record::Values;
use anyhow::{Context, Result};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::sync::Arc;

/// A row group holds about so many bytes.
const GROUP: usize = 32 << 20;

/// Rows that are not written yet, by column.
#[derive(Debug, Default)]
pub struct RowBlock {
    columns: Vec<Column>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Column {
    values: Vec<ByteArray>,
    /// For each row 1 where it has a value, else 0.
    definition: Vec<i16>,
}

impl RowBlock {
    /// Adds a row.
    pub fn push(&mut self, values: &Values<'_>) {
        self.columns.resize_with(values.len(), Column::default);
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.definition.push(i16::from(value.is_some()));
            if let Some(value) = value {
                self.bytes += value.len();
                column
                    .values
                    .push(ByteArray::from(value.as_bytes().to_vec()));
            }
        }
    }

    fn append(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.columns
            .resize_with(other.columns.len().max(self.columns.len()), Column::default);
        for (own, mut new) in self.columns.iter_mut().zip(other.columns) {
            own.values.append(&mut new.values);
            own.definition.append(&mut new.definition);
        }
    }
}

/// A file that is being made.
pub struct TableBuilder {
    writer: SerializedFileWriter<Vec<u8>>,
    waiting: RowBlock,
}

impl TableBuilder {
    /// Begins a file with these columns.
    ///
    /// # Errors
    /// If two columns have one name.
    pub fn new(columns: &[String]) -> Result<Self> {
        let column = |name: &String| {
            let builder = Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
                .with_repetition(Repetition::OPTIONAL);
            Ok(Arc::new(
                builder
                    .with_logical_type(Some(LogicalType::String))
                    .build()?,
            ))
        };
        let columns = columns.iter().map(column).collect::<Result<Vec<_>>>()?;
        let schema = Arc::new(
            Type::group_type_builder("schema")
                .with_fields(columns)
                .build()?,
        );
        let properties = WriterProperties::builder()
            .set_created_by(concat!("dechaff version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))
            .context("cannot begin a Parquet file")?;
        Ok(Self {
            writer,
            waiting: RowBlock::default(),
        })
    }

    /// Adds rows. Gives the bytes that are ready.
    ///
    /// # Errors
    /// If they cannot be encoded.
    pub fn add(&mut self, block: RowBlock) -> Result<Vec<u8>> {
        self.waiting.append(block);
        if self.waiting.bytes >= GROUP {
            self.write_group()?;
        }
        self.writer.flush()?;
        Ok(std::mem::take(self.writer.inner_mut()))
    }

    /// Gives the last bytes.
    ///
    /// # Errors
    /// If they cannot be encoded.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        if !self.waiting.columns.is_empty() {
            self.write_group()?;
        }
        Ok(self.writer.into_inner()?)
    }

    fn write_group(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group()?;
        for column in std::mem::take(&mut self.waiting).columns {
            let mut writer = group
                .next_column()?
                .context("the row group has too many columns")?;
            writer.typed::<ByteArrayType>().write_batch(
                &column.values,
                Some(&column.definition),
                None,
            )?;
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }
}
