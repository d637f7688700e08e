//! Creation of a Parquet file from records of another format.
//!
//! The file is encoded in memory, row group by row group, and its bytes are taken out as they
//! become ready, so that it is written like any other output. All columns are optional, and those of
//! the input are strings. They are compressed with Zstandard.

use super::cells::{column_type, write_values};
use super::values::NO_VALUE;
use crate::io::columns::{ColumnKind, NewColumn};
use crate::io::formats::{Assembler, OutputColumns};
use anyhow::{Context, Result};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::sync::Arc;

/// Bytes of values after which a row group is written.
const TARGET_GROUP_BYTES: usize = 32 << 20;

/// Rows of a column that are not encoded yet.
#[derive(Debug)]
struct PendingColumn {
    kind: ColumnKind,
    /// The values that exist, as text.
    values: Vec<ByteArray>,
    /// For each row, 1 if it has a value, else 0.
    definition: Vec<i16>,
}

/// Begins a file with these columns.
///
/// # Errors
/// If the columns do not form a valid schema.
pub(super) fn new_assembler(columns: &OutputColumns) -> Result<Box<dyn Assembler>> {
    Ok(Box::new(TableBuilder::new(columns)?))
}

/// Encoder of a new Parquet file.
struct TableBuilder {
    writer: SerializedFileWriter<Vec<u8>>,
    columns: Vec<PendingColumn>,
    /// Bytes of all values in `columns`.
    pending_bytes: usize,
}

impl TableBuilder {
    fn new(columns: &OutputColumns) -> Result<Self> {
        let texts = columns.names.iter().map(|name| NewColumn {
            name: name.clone(),
            kind: ColumnKind::Text,
        });
        let columns: Vec<NewColumn> = texts.chain(columns.added.iter().cloned()).collect();
        let fields = columns.iter().map(column_type).collect::<Result<_>>()?;
        let schema = Arc::new(
            Type::group_type_builder("schema")
                .with_fields(fields)
                .build()?,
        );
        let properties = WriterProperties::builder()
            .set_created_by(concat!("dechaff version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))
            .context("cannot begin a Parquet file")?;
        let columns = columns.into_iter().map(|column| PendingColumn {
            kind: column.kind,
            values: Vec::new(),
            definition: Vec::new(),
        });
        Ok(Self {
            writer,
            columns: columns.collect(),
            pending_bytes: 0,
        })
    }

    /// Encodes all pending rows as one row group.
    fn write_group(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let values = std::mem::take(&mut column.values);
            let definition = std::mem::take(&mut column.definition);
            write_values(&mut group, column.kind, &values, &definition)?;
        }
        group.close()?;
        self.pending_bytes = 0;
        Ok(())
    }

    /// Returns whether rows are pending.
    fn has_pending(&self) -> bool {
        self.columns
            .first()
            .is_some_and(|column| !column.definition.is_empty())
    }
}

impl Assembler for TableBuilder {
    /// Adds rows. Usually no bytes are ready until a row group is full.
    fn add(&mut self, records: &[u8]) -> Result<Vec<u8>> {
        let mut rest = records;
        while !rest.is_empty() {
            for column in &mut self.columns {
                let value = take_value(&mut rest)?;
                column.definition.push(i16::from(value.is_some()));
                if let Some(value) = value {
                    self.pending_bytes += value.len();
                    column.values.push(ByteArray::from(value.to_vec()));
                }
            }
        }
        if self.pending_bytes >= TARGET_GROUP_BYTES {
            self.write_group()?;
        }
        self.writer.flush()?;
        Ok(std::mem::take(self.writer.inner_mut()))
    }

    /// Returns the remaining rows and the footer.
    fn finish(mut self: Box<Self>) -> Result<Vec<u8>> {
        if self.has_pending() {
            self.write_group()?;
        }
        Ok(self.writer.into_inner()?)
    }
}

/// Takes the next value off `bytes`, as `values` wrote it. Returns `None` for a value that does not
/// exist, and an error if the bytes end before that.
fn take_value<'b>(bytes: &mut &'b [u8]) -> Result<Option<&'b [u8]>> {
    let (length, rest) = bytes.split_first_chunk().context("a row is incomplete")?;
    *bytes = rest;
    let length = u64::from_le_bytes(*length);
    if length == NO_VALUE {
        return Ok(None);
    }
    let (value, rest) = usize::try_from(length)
        .ok()
        .and_then(|length| rest.split_at_checked(length))
        .context("a row is incomplete")?;
    *bytes = rest;
    Ok(Some(value))
}
