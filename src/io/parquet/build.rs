//! Creation of a Parquet file from records of another format.
//!
//! The file is encoded in memory, row group by row group, and its bytes are taken out as they
//! become ready, so that it is written like any other output. All columns are optional strings,
//! compressed with Zstandard.

use crate::io::record::Values;
use anyhow::{Context, Result};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::sync::Arc;

/// Bytes of values after which a row group is written.
const TARGET_GROUP_BYTES: usize = 32 << 20;

/// Rows that are not encoded yet, by column. Worker threads fill one for each batch of records.
#[derive(Debug, Default)]
pub struct RowBlock {
    columns: Vec<Column>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Column {
    values: Vec<ByteArray>,
    /// For each row, 1 if it has a value, else 0.
    definition: Vec<i16>,
}

impl RowBlock {
    /// Appends a row, with one value or null for each column of the table. All rows must have the
    /// same number of columns.
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

    /// Moves the rows of `other` behind these.
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

/// Encoder of a new Parquet file.
pub struct TableBuilder {
    writer: SerializedFileWriter<Vec<u8>>,
    pending: RowBlock,
}

impl TableBuilder {
    /// Begins a file whose columns have the names `columns`, in this order.
    ///
    /// # Errors
    /// If the columns do not form a valid schema.
    pub fn new(columns: &[String]) -> Result<Self> {
        let columns = columns
            .iter()
            .map(|name| optional_string(name))
            .collect::<Result<Vec<_>>>()?;
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
            pending: RowBlock::default(),
        })
    }

    /// Adds the rows of `block` and returns the bytes of the file that are ready, which follow
    /// those returned before. Usually there are none until a row group is full.
    ///
    /// # Errors
    /// If the rows cannot be encoded.
    pub fn add(&mut self, block: RowBlock) -> Result<Vec<u8>> {
        self.pending.append(block);
        if self.pending.bytes >= TARGET_GROUP_BYTES {
            self.write_group()?;
        }
        self.writer.flush()?;
        Ok(std::mem::take(self.writer.inner_mut()))
    }

    /// Returns the last bytes of the file: the remaining rows and the footer.
    ///
    /// # Errors
    /// If the rows cannot be encoded.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        if !self.pending.columns.is_empty() {
            self.write_group()?;
        }
        Ok(self.writer.into_inner()?)
    }

    /// Encodes all pending rows as one row group.
    fn write_group(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group()?;
        for column in std::mem::take(&mut self.pending).columns {
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

/// Returns the schema of a column of strings that may be null.
fn optional_string(name: &str) -> Result<Arc<Type>> {
    Ok(Arc::new(
        Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(Some(LogicalType::String))
            .build()?,
    ))
}
