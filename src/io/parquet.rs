//! Parquet, column chunk by column chunk: those that hold texts are read, cleaned and written anew with the settings that
//! they had; all others are copied as they stand. Row groups, key-value metadata, indexes and bloom filters stay. Working on
//! leaf columns, below any table model, makes lists, nested fields, dictionaries and large strings all the same thing.

mod build;
mod drop;
mod lines;

pub use build::{RowBlock, TableBuilder};
pub use drop::RowMask;
pub use lines::TableLines;

use super::FieldNames;
use anyhow::{Context, Result, bail};
use drop::{ColumnValues, copy_staying};
use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::properties::{
    EnabledStatistics, ReaderProperties, WriterProperties, WriterVersion,
};
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::{ReadOptionsBuilder, SerializedFileReader};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnDescriptor, Type};
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

/// A chunk of rows is about so many bytes of text.
const CHUNK: usize = 1 << 20;
/// Of so many rows at most.
const MOST_ROWS: usize = 4096;

/// A Parquet file.
pub struct ParquetTable {
    file: File,
    reader: SerializedFileReader<File>,
    texts: Vec<(usize, String)>,
    /// The columns of id, address and language.
    others: [Option<usize>; 3],
}

/// Some rows of a column of texts.
#[derive(Debug, Default)]
pub struct Rows {
    /// Number of the first row in the file, counted from 1.
    pub first: u64,
    /// The texts that are there, in order.
    pub values: Vec<ByteArray>,
    /// For each of them its row, counted from the first.
    pub rows: Vec<u32>,
    /// Rows that have no text.
    pub missing: Vec<u32>,
    /// Ids, addresses and languages, by row.
    pub others: [Vec<Option<String>>; 3],
    definition: Vec<i16>,
    repetition: Vec<i16>,
}

impl Rows {
    /// The bytes of each text.
    pub fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.values.iter().map(ByteArray::data)
    }

    /// Bytes of all texts.
    #[must_use]
    pub fn size(&self) -> usize {
        self.values.iter().map(ByteArray::len).sum()
    }
}

/// Where the rows of a column go.
pub struct ColumnSink<'w> {
    writer: SerializedColumnWriter<'w>,
    definition: bool,
    repetition: bool,
    max_definition: i16,
    /// Which rows stay, if not all.
    staying: Option<RowMask>,
}

impl ColumnSink<'_> {
    /// Which rows stay, if not all.
    #[must_use]
    pub fn staying(&self) -> Option<RowMask> {
        self.staying.clone()
    }

    /// Writes rows, the texts of which may have changed, less those that do not stay.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&mut self, rows: &Rows) -> Result<()> {
        let definition = self.definition.then_some(rows.definition.as_slice());
        let repetition = self.repetition.then_some(rows.repetition.as_slice());
        let Some(staying) = &self.staying else {
            self.writer.typed::<ByteArrayType>().write_batch(
                &rows.values,
                definition,
                repetition,
            )?;
            return Ok(());
        };
        let all = ColumnValues {
            values: &rows.values,
            definition: definition.unwrap_or_default(),
            repetition: repetition.unwrap_or_default(),
            max_definition: self.max_definition,
        };
        let (values, levels, lists) = all.without(|row| staying.keeps(rows.first + row as u64));
        self.writer.typed::<ByteArrayType>().write_batch(
            &values,
            definition.map(|_| &*levels),
            repetition.map(|_| &*lists),
        )?;
        Ok(())
    }
}

impl ParquetTable {
    /// Opens a file and finds its columns.
    ///
    /// # Errors
    /// If it is no Parquet file, or has no such column of texts.
    pub fn new(file: File, names: &FieldNames) -> Result<Self> {
        let options = ReadOptionsBuilder::new()
            .with_page_index()
            .with_reader_properties(
                ReaderProperties::builder()
                    .set_read_bloom_filter(true)
                    .build(),
            )
            .build();
        let reader = SerializedFileReader::new_with_options(file.try_clone()?, options)
            .context("cannot be read as Parquet")?;
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let paths: Vec<(String, String)> = leaves(schema.root_schema())
            .into_iter()
            .zip(schema.columns())
            .map(|(path, column)| (path, column.path().string()))
            .collect();
        let find = |name: &String| {
            paths
                .iter()
                .position(|(path, full)| path == name || full == name)
        };
        let mut texts: Vec<(usize, String)> = names
            .text
            .iter()
            .filter_map(|name| Some((find(name)?, name.clone())))
            .collect();
        texts.sort_unstable();
        texts.dedup_by_key(|(column, _)| *column);
        if texts.is_empty() {
            let known = paths
                .iter()
                .take(12)
                .map(|(path, _)| format!("'{path}'"))
                .collect::<Vec<_>>()
                .join(", ");
            bail!(
                "has no column {}; name one with --text-field (there are {known})",
                super::quoted_alternatives(&names.text)
            );
        }
        if let Some((_, name)) = texts
            .iter()
            .find(|(column, _)| !holds_texts(&schema.column(*column)))
        {
            bail!("the column '{name}' does not hold texts");
        }
        let one = |name: &Option<String>| {
            name.as_ref()
                .and_then(find)
                .filter(|&column| schema.column(column).max_rep_level() == 0)
        };
        let others = [one(&names.id), one(&names.url), one(&names.language)];
        Ok(Self {
            file,
            reader,
            texts,
            others,
        })
    }

    /// The columns of texts of a row group, by name, and the number of its first row.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn texts_of(&self, group: usize) -> Result<(u64, Vec<(&str, Chunks)>)> {
        let groups = self.reader.metadata().row_groups();
        let first = 1 + groups[..group]
            .iter()
            .map(|group| group.num_rows().unsigned_abs())
            .sum::<u64>();
        let reader = self.reader.get_row_group(group)?;
        let chunks = self.texts.iter().map(|(column, name)| {
            Ok((
                name.as_str(),
                Chunks::new(reader.as_ref(), *column, self.others, first)?,
            ))
        });
        Ok((first, chunks.collect::<Result<_>>()?))
    }

    /// Number of rows of a row group.
    #[must_use]
    pub fn rows_of(&self, group: usize) -> usize {
        self.reader
            .metadata()
            .row_group(group)
            .num_rows()
            .unsigned_abs() as usize
    }

    /// Writes the table anew. `staying` says of each row group which rows stay, none of it if all do. `column` is given the rows of each column chunk that holds texts, with the name of the column,
    /// and the place that they are to be written to, in order.
    ///
    /// # Errors
    /// If the table cannot be read or written, or if `column` fails.
    pub fn rewrite<W: Write + Send>(
        &self,
        out: W,
        staying: &mut dyn FnMut(usize) -> Result<Option<RowMask>>,
        column: &mut dyn FnMut(&str, &mut Chunks, &mut ColumnSink<'_>) -> Result<()>,
    ) -> Result<()> {
        let metadata = self.reader.metadata();
        let schema = metadata.file_metadata().schema_descr().root_schema_ptr();
        let mut writer = SerializedFileWriter::new(out, schema, Arc::new(self.properties()))?;
        let mut first = 1;
        for index in 0..metadata.num_row_groups() {
            let group = self.reader.get_row_group(index)?;
            let staying = staying(index)?;
            let rows = group.metadata().num_rows().unsigned_abs();
            if staying.as_ref().is_some_and(RowMask::is_empty) && rows > 0 {
                first += rows;
                continue;
            }
            let mut target = writer.next_row_group()?;
            for number in 0..group.num_columns() {
                let text = self.texts.iter().find(|(column, _)| *column == number);
                let (name, staying) = match (text, &staying) {
                    (Some((_, name)), staying) => (name, staying.clone()),
                    (None, None) => {
                        target.append_column(
                            &self.file,
                            self.copied(index, number, group.as_ref()),
                        )?;
                        continue;
                    }
                    (None, Some(staying)) => {
                        let mut next = target
                            .next_column()?
                            .context("the row group has too many columns")?;
                        copy_staying(
                            group.get_column_reader(number)?,
                            &mut next,
                            group.metadata().column(number).column_descr(),
                            staying,
                        )?;
                        next.close()?;
                        continue;
                    }
                };
                let mut chunks = Chunks::new(group.as_ref(), number, self.others, first)?;
                let next = target
                    .next_column()?
                    .context("the row group has too many columns")?;
                let (definition, repetition) =
                    (chunks.max_definition > 0, chunks.max_repetition > 0);
                let mut sink = ColumnSink {
                    writer: next,
                    definition,
                    repetition,
                    max_definition: chunks.max_definition,
                    staying,
                };
                column(name, &mut chunks, &mut sink)?;
                sink.writer.close()?;
            }
            target.close()?;
            first += rows;
        }
        writer.close()?;
        Ok(())
    }

    /// What the writer is told of a column chunk that is copied.
    fn copied(
        &self,
        group: usize,
        column: usize,
        reader: &dyn RowGroupReader,
    ) -> ColumnCloseResult {
        let metadata = self.reader.metadata();
        let chunk = metadata.row_group(group).column(column);
        ColumnCloseResult {
            bytes_written: chunk.compressed_size().unsigned_abs(),
            rows_written: metadata.row_group(group).num_rows().unsigned_abs(),
            metadata: chunk.clone(),
            bloom_filter: reader.get_column_bloom_filter(column).cloned(),
            column_index: metadata
                .page_index_for_row_group(group)
                .column_index(column)
                .cloned(),
            offset_index: metadata
                .page_index_for_row_group(group)
                .offset_index(column)
                .cloned(),
        }
    }

    /// The settings that the columns had, as far as the file tells them.
    fn properties(&self) -> WriterProperties {
        let metadata = self.reader.metadata();
        let mut properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_created_by(concat!("dechaff version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(metadata.file_metadata().key_value_metadata().cloned())
            .set_max_row_group_row_count(None);
        if let Some(group) = metadata.row_groups().first() {
            properties = properties.set_sorting_columns(self.sorting(group));
            // Those of columns that are copied are not looked at, unless rows leave.
            for chunk in group.columns() {
                let path = chunk.column_path().clone();
                properties = properties
                    .set_column_compression(path.clone(), codec(chunk))
                    .set_column_dictionary_enabled(
                        path.clone(),
                        chunk.dictionary_page_offset().is_some(),
                    )
                    .set_column_statistics_enabled(path.clone(), statistics(chunk))
                    .set_column_bloom_filter_enabled(path, chunk.bloom_filter_offset().is_some());
            }
        }
        properties.build()
    }

    /// How rows are sorted, unless that is by a text, which may not be so any more.
    fn sorting(
        &self,
        group: &RowGroupMetaData,
    ) -> Option<Vec<parquet::file::metadata::SortingColumn>> {
        let is_text = |column: i32| {
            self.texts
                .iter()
                .any(|(text, _)| i32::try_from(*text) == Ok(column))
        };
        group
            .sorting_columns()
            .filter(|columns| !columns.iter().any(|column| is_text(column.column_idx)))
            .cloned()
    }
}

/// The codec of a chunk. Hadoop's own frame around LZ4 is read but no longer written.
fn codec(chunk: &ColumnChunkMetaData) -> parquet::basic::Compression {
    match chunk.compression() {
        parquet::basic::Compression::LZ4 => parquet::basic::Compression::LZ4_RAW,
        codec => codec,
    }
}

fn statistics(chunk: &ColumnChunkMetaData) -> EnabledStatistics {
    match (chunk.statistics(), chunk.column_index_offset()) {
        (_, Some(_)) => EnabledStatistics::Page,
        (Some(_), None) => EnabledStatistics::Chunk,
        (None, None) => EnabledStatistics::None,
    }
}

fn holds_texts(column: &ColumnDescriptor) -> bool {
    column.physical_type() == Physical::BYTE_ARRAY
        && matches!(
            column.logical_type_ref(),
            None | Some(LogicalType::String | LogicalType::Json | LogicalType::Enum)
        )
        && matches!(
            column.converted_type(),
            ConvertedType::NONE | ConvertedType::UTF8 | ConvertedType::JSON | ConvertedType::ENUM
        )
}

/// The paths of all leaves, without the names that only say that something is a list.
fn leaves(root: &Type) -> Vec<String> {
    fn walk(node: &Type, path: &mut Vec<String>, found: &mut Vec<String>) {
        if node.is_primitive() {
            return found.push(path.join("."));
        }
        let is_list = node.get_basic_info().converted_type() == ConvertedType::LIST
            || matches!(
                node.get_basic_info().logical_type_ref(),
                Some(LogicalType::List)
            );
        for child in node.get_fields() {
            match child.is_group().then(|| child.get_fields()) {
                Some([element]) if is_list => walk(element, path, found),
                _ if is_list => walk(child, path, found),
                _ => {
                    path.push(child.name().to_owned());
                    walk(child, path, found);
                    path.pop();
                }
            }
        }
    }
    let mut found = Vec::new();
    walk(root, &mut Vec::new(), &mut found);
    found
}

/// The rows of a column chunk, some at a time, and what else is known of them.
pub struct Chunks {
    texts: ColumnReaderImpl<ByteArrayType>,
    others: [Option<(ColumnReader, i16)>; 3],
    max_definition: i16,
    max_repetition: i16,
    first: u64,
    step: usize,
}

impl Chunks {
    fn new(
        group: &dyn RowGroupReader,
        column: usize,
        others: [Option<usize>; 3],
        first: u64,
    ) -> Result<Self> {
        let descriptor = |column: usize| group.metadata().column(column).column_descr_ptr();
        let ColumnReader::ByteArrayColumnReader(texts) = group.get_column_reader(column)? else {
            bail!("the column does not hold texts")
        };
        let mut readers = [None, None, None];
        for (reader, column) in readers.iter_mut().zip(others) {
            if let Some(column) = column {
                *reader = Some((
                    group.get_column_reader(column)?,
                    descriptor(column).max_def_level(),
                ));
            }
        }
        let own = descriptor(column);
        let (max_definition, max_repetition) = (own.max_def_level(), own.max_rep_level());
        Ok(Self {
            texts,
            others: readers,
            max_definition,
            max_repetition,
            first,
            step: 16,
        })
    }

    fn read(&mut self) -> Result<Option<Rows>> {
        let mut rows = Rows {
            first: self.first,
            ..Rows::default()
        };
        let (count, _, levels) = self.texts.read_records(
            self.step,
            Some(&mut rows.definition),
            Some(&mut rows.repetition),
            &mut rows.values,
        )?;
        if count == 0 {
            return Ok(None);
        }
        self.place(
            &mut rows,
            if self.max_definition > 0 || self.max_repetition > 0 {
                levels
            } else {
                count
            },
        );
        for (other, known) in self.others.iter_mut().zip(&mut rows.others) {
            if let Some((reader, max_definition)) = other {
                *known = read_plain(reader, *max_definition, count)?;
            }
        }
        self.first += count as u64;
        self.step =
            (self.step * CHUNK / rows.size().max(1)).clamp(1, (self.step * 4).min(MOST_ROWS));
        Ok(Some(rows))
    }

    /// Finds out which row each text belongs to, and which rows have none.
    fn place(&self, rows: &mut Rows, levels: usize) {
        let (mut row, mut has_text) = (0, true);
        for level in 0..levels {
            let begins = self.max_repetition == 0 || rows.repetition[level] == 0;
            if begins && level > 0 {
                if !has_text {
                    rows.missing.push(row);
                }
                row += 1;
            }
            has_text &= !begins;
            if self.max_definition == 0 || rows.definition[level] == self.max_definition {
                rows.rows.push(row);
                has_text = true;
            }
        }
        if !has_text {
            rows.missing.push(row);
        }
    }
}

impl Iterator for Chunks {
    type Item = Result<Rows>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().context("cannot be read as Parquet").transpose()
    }
}

/// Values of a column that is no list, as text.
fn read_plain(
    reader: &mut ColumnReader,
    max_definition: i16,
    count: usize,
) -> Result<Vec<Option<String>>> {
    let mut definition = Vec::new();
    let values: Vec<String> = match reader {
        ColumnReader::ByteArrayColumnReader(reader) => {
            let mut values = Vec::new();
            reader.read_records(count, Some(&mut definition), None, &mut values)?;
            values
                .iter()
                .map(|value: &ByteArray| String::from_utf8_lossy(value.data()).into_owned())
                .collect()
        }
        ColumnReader::Int64ColumnReader(reader) => {
            let mut values = Vec::new();
            reader.read_records(count, Some(&mut definition), None, &mut values)?;
            values.iter().map(i64::to_string).collect()
        }
        ColumnReader::Int32ColumnReader(reader) => {
            let mut values = Vec::new();
            reader.read_records(count, Some(&mut definition), None, &mut values)?;
            values.iter().map(i32::to_string).collect()
        }
        _ => return Ok(vec![None; count]),
    };
    let mut values = values.into_iter();
    if max_definition == 0 {
        return Ok(values.map(Some).collect());
    }
    Ok(definition
        .iter()
        .map(|&level| {
            if level == max_definition {
                values.next()
            } else {
                None
            }
        })
        .collect())
}
