//! Removal of rows from a table: each column chunk of their row group, of any type, is decoded and
//! written again without the values and levels of these rows.

use crate::io::table::RowMask;
use anyhow::Result;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{
    BoolType, ByteArrayType, DataType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type,
    Int64Type, Int96Type,
};
use parquet::file::writer::SerializedColumnWriter;
use parquet::schema::types::ColumnDescriptor;

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 1024;

/// Values of consecutive rows of a column, with their levels.
pub(super) struct ColumnValues<'c, T> {
    /// Values that exist; nulls have only levels.
    pub values: &'c [T],
    /// Definition levels; empty if the column is required.
    pub definition: &'c [i16],
    /// Repetition levels; empty if the column is not a list.
    pub repetition: &'c [i16],
    /// Definition level of an entry that has a value.
    pub max_definition: i16,
}

/// Values, definition levels and repetition levels.
pub(super) type ValuesAndLevels<T> = (Vec<T>, Vec<i16>, Vec<i16>);

impl<T: Clone> ColumnValues<'_, T> {
    /// Returns copies of the values and levels of the rows that `keeps` accepts, given their index
    /// from 0 among these rows.
    pub(super) fn filter_rows(&self, keeps: impl Fn(usize) -> bool) -> ValuesAndLevels<T> {
        let (mut values, mut definition, mut repetition) = (Vec::new(), Vec::new(), Vec::new());
        let (mut row, mut value) = (0, 0);
        let levels = self.definition.len().max(self.repetition.len());
        let entries = if levels == 0 {
            self.values.len()
        } else {
            levels
        };
        for entry in 0..entries {
            let starts_row = self.repetition.get(entry).is_none_or(|&level| level == 0);
            row += usize::from(entry > 0 && starts_row);
            let has_value = self
                .definition
                .get(entry)
                .is_none_or(|&level| level == self.max_definition);
            if keeps(row) {
                values.extend(has_value.then(|| self.values[value].clone()));
                definition.extend(self.definition.get(entry));
                repetition.extend(self.repetition.get(entry));
            }
            value += usize::from(has_value);
        }
        (values, definition, repetition)
    }
}

/// Copies the rows that `row_mask` keeps from a column chunk to `writer`, which the caller closes.
/// Values of every physical type are copied unchanged; pages and encodings are the writer's choice.
pub(super) fn copy_kept_rows(
    reader: ColumnReader,
    writer: &mut SerializedColumnWriter<'_>,
    column: &ColumnDescriptor,
    row_mask: &RowMask,
) -> Result<()> {
    match reader {
        ColumnReader::BoolColumnReader(reader) => {
            copy::<BoolType>(reader, writer, column, row_mask)
        }
        ColumnReader::Int32ColumnReader(reader) => {
            copy::<Int32Type>(reader, writer, column, row_mask)
        }
        ColumnReader::Int64ColumnReader(reader) => {
            copy::<Int64Type>(reader, writer, column, row_mask)
        }
        ColumnReader::Int96ColumnReader(reader) => {
            copy::<Int96Type>(reader, writer, column, row_mask)
        }
        ColumnReader::FloatColumnReader(reader) => {
            copy::<FloatType>(reader, writer, column, row_mask)
        }
        ColumnReader::DoubleColumnReader(reader) => {
            copy::<DoubleType>(reader, writer, column, row_mask)
        }
        ColumnReader::ByteArrayColumnReader(reader) => {
            copy::<ByteArrayType>(reader, writer, column, row_mask)
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            copy::<FixedLenByteArrayType>(reader, writer, column, row_mask)
        }
    }
}

fn copy<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    writer: &mut SerializedColumnWriter<'_>,
    column: &ColumnDescriptor,
    row_mask: &RowMask,
) -> Result<()> {
    let (max_definition, has_lists) = (column.max_def_level(), column.max_rep_level() > 0);
    let mut done = 0;
    loop {
        let (mut values, mut definition, mut repetition) = (Vec::new(), Vec::new(), Vec::new());
        let (count, _, _) = reader.read_records(
            BATCH_ROWS,
            Some(&mut definition),
            Some(&mut repetition),
            &mut values,
        )?;
        if count == 0 {
            return Ok(());
        }
        let definition = if max_definition > 0 {
            definition.as_slice()
        } else {
            &[]
        };
        let repetition = if has_lists {
            repetition.as_slice()
        } else {
            &[]
        };
        let batch = ColumnValues {
            values: &values,
            definition,
            repetition,
            max_definition,
        };
        let (values, definition, repetition) = batch.filter_rows(|row| row_mask.rows[done + row]);
        let definition = (max_definition > 0).then_some(definition.as_slice());
        writer.typed::<T>().write_batch(
            &values,
            definition,
            has_lists.then_some(repetition.as_slice()),
        )?;
        done += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_removed_with_their_values_and_levels() {
        let plain = ColumnValues {
            values: &[1, 2, 3],
            definition: &[],
            repetition: &[],
            max_definition: 0,
        };
        assert_eq!(
            plain.filter_rows(|row| row != 1),
            (vec![1, 3], vec![], vec![])
        );
        let optional = ColumnValues {
            values: &['a', 'b'],
            definition: &[1, 0, 1],
            repetition: &[],
            max_definition: 1,
        };
        assert_eq!(
            optional.filter_rows(|row| row > 0),
            (vec!['b'], vec![0, 1], vec![])
        );
        // The lists [a, null], null and [b].
        let lists = ColumnValues {
            values: &['a', 'b'],
            definition: &[3, 2, 0, 3],
            repetition: &[0, 1, 0, 0],
            max_definition: 3,
        };
        assert_eq!(
            lists.filter_rows(|row| row > 0),
            (vec!['b'], vec![0, 3], vec![0, 0])
        );
        assert_eq!(
            lists.filter_rows(|row| row == 0),
            (vec!['a'], vec![3, 2], vec![0, 1])
        );
    }
}
