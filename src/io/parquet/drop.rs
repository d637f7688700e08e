//! Rows that are left out of a table: every column chunk of their row group is written anew without them, values and levels
//! alike, whatever the columns hold.

use anyhow::Result;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{
    BoolType, ByteArrayType, DataType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type,
    Int64Type, Int96Type,
};
use parquet::file::writer::SerializedColumnWriter;
use parquet::schema::types::ColumnDescriptor;
use std::sync::Arc;

/// So many rows are copied at once.
const STEP: usize = 1024;

/// Which rows of a row group stay.
#[derive(Clone, Debug)]
pub struct RowMask {
    /// Number of the group's first row in the file.
    pub first: u64,
    /// For each row whether it stays.
    pub rows: Arc<[bool]>,
}

impl RowMask {
    /// Whether the row with this number in the file stays.
    #[must_use]
    pub fn keeps(&self, number: u64) -> bool {
        self.rows[(number - self.first) as usize]
    }

    /// Whether none does.
    pub(super) fn is_empty(&self) -> bool {
        !self.rows.contains(&true)
    }
}

/// What a column holds of some rows.
pub(super) struct ColumnValues<'c, T> {
    pub values: &'c [T],
    /// Empty where all values are there.
    pub definition: &'c [i16],
    /// Empty where no row holds several.
    pub repetition: &'c [i16],
    pub max_definition: i16,
}

/// Values with their levels.
pub(super) type Rest<T> = (Vec<T>, Vec<i16>, Vec<i16>);

impl<T: Clone> ColumnValues<'_, T> {
    /// What is left of the rows that stay; `keeps` is asked by their places among these rows.
    pub(super) fn without(&self, keeps: impl Fn(usize) -> bool) -> Rest<T> {
        let mut rest = (Vec::new(), Vec::new(), Vec::new());
        let (mut row, mut value) = (0, 0);
        let levels = self.definition.len().max(self.repetition.len());
        let count = if levels == 0 {
            self.values.len()
        } else {
            levels
        };
        for at in 0..count {
            row += usize::from(at > 0 && self.repetition.get(at).is_none_or(|&level| level == 0));
            let has_value = self
                .definition
                .get(at)
                .is_none_or(|&level| level == self.max_definition);
            if keeps(row) {
                rest.0.extend(has_value.then(|| self.values[value].clone()));
                rest.1.extend(self.definition.get(at));
                rest.2.extend(self.repetition.get(at));
            }
            value += usize::from(has_value);
        }
        rest
    }
}

/// Copies a column chunk without the rows that do not stay.
pub(super) fn copy_staying(
    reader: ColumnReader,
    writer: &mut SerializedColumnWriter<'_>,
    column: &ColumnDescriptor,
    staying: &RowMask,
) -> Result<()> {
    match reader {
        ColumnReader::BoolColumnReader(reader) => copy::<BoolType>(reader, writer, column, staying),
        ColumnReader::Int32ColumnReader(reader) => {
            copy::<Int32Type>(reader, writer, column, staying)
        }
        ColumnReader::Int64ColumnReader(reader) => {
            copy::<Int64Type>(reader, writer, column, staying)
        }
        ColumnReader::Int96ColumnReader(reader) => {
            copy::<Int96Type>(reader, writer, column, staying)
        }
        ColumnReader::FloatColumnReader(reader) => {
            copy::<FloatType>(reader, writer, column, staying)
        }
        ColumnReader::DoubleColumnReader(reader) => {
            copy::<DoubleType>(reader, writer, column, staying)
        }
        ColumnReader::ByteArrayColumnReader(reader) => {
            copy::<ByteArrayType>(reader, writer, column, staying)
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            copy::<FixedLenByteArrayType>(reader, writer, column, staying)
        }
    }
}

fn copy<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    writer: &mut SerializedColumnWriter<'_>,
    column: &ColumnDescriptor,
    staying: &RowMask,
) -> Result<()> {
    let (max_definition, has_lists) = (column.max_def_level(), column.max_rep_level() > 0);
    let mut done = 0;
    loop {
        let (mut values, mut definition, mut repetition) = (Vec::new(), Vec::new(), Vec::new());
        let (count, _, _) = reader.read_records(
            STEP,
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
        let leaf = ColumnValues {
            values: &values,
            definition,
            repetition,
            max_definition,
        };
        let (values, definition, repetition) = leaf.without(|row| staying.rows[done + row]);
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
    fn rows_leave_with_their_values_and_levels() {
        let plain = ColumnValues {
            values: &[1, 2, 3],
            definition: &[],
            repetition: &[],
            max_definition: 0,
        };
        assert_eq!(plain.without(|row| row != 1), (vec![1, 3], vec![], vec![]));
        let optional = ColumnValues {
            values: &['a', 'b'],
            definition: &[1, 0, 1],
            repetition: &[],
            max_definition: 1,
        };
        assert_eq!(
            optional.without(|row| row > 0),
            (vec!['b'], vec![0, 1], vec![])
        );
        // Lists: [a, null], none, [b].
        let lists = ColumnValues {
            values: &['a', 'b'],
            definition: &[3, 2, 0, 3],
            repetition: &[0, 1, 0, 0],
            max_definition: 3,
        };
        assert_eq!(
            lists.without(|row| row > 0),
            (vec!['b'], vec![0, 3], vec![0, 0])
        );
        assert_eq!(
            lists.without(|row| row == 0),
            (vec!['a'], vec![3, 2], vec![0, 1])
        );
    }
}
