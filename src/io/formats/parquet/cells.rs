//! Columns that are made from values as text: those of records that become a table, and those that a
//! run adds to one. All of them are optional.

use crate::io::columns::{ColumnKind, NewColumn};
use anyhow::{Context, Result};
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType};
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::Type;
use std::io::Write;
use std::sync::Arc;

/// Returns the schema of a column.
///
/// # Errors
/// If its name cannot be that of a column.
pub(super) fn column_type(column: &NewColumn) -> Result<Arc<Type>> {
    let (physical, logical) = match column.kind {
        ColumnKind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        ColumnKind::Number => (Physical::DOUBLE, None),
        ColumnKind::Flag => (Physical::BOOLEAN, None),
    };
    Ok(Arc::new(
        Type::primitive_type_builder(&column.name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()?,
    ))
}

/// Writes the next column of a row group. `values` are those that exist, as text, and `definition`
/// says for each row, by 1 or 0, whether it has one.
///
/// # Errors
/// If a value is not one of this kind, or the column cannot be written.
pub(super) fn write_values<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    kind: ColumnKind,
    values: &[ByteArray],
    definition: &[i16],
) -> Result<()> {
    let mut writer = group
        .next_column()?
        .context("the row group has too many columns")?;
    let definition = Some(definition);
    match kind {
        ColumnKind::Text => {
            let column = writer.typed::<ByteArrayType>();
            column.write_batch(values, definition, None)?;
        }
        ColumnKind::Number => {
            let numbers = values.iter().map(|text| Ok(text.as_utf8()?.parse()?));
            let numbers: Vec<f64> = numbers.collect::<Result<_>>()?;
            let column = writer.typed::<DoubleType>();
            column.write_batch(&numbers, definition, None)?;
        }
        ColumnKind::Flag => {
            let flags: Vec<bool> = values.iter().map(|text| text.data() == b"true").collect();
            let column = writer.typed::<BoolType>();
            column.write_batch(&flags, definition, None)?;
        }
    }
    writer.close()?;
    Ok(())
}
