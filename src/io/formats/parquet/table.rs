//! Parquet tables, cleaned one column chunk at a time.
//!
//! A Parquet file consists of row groups, and a row group of one column chunk for each leaf of the
//! schema. Only the chunks that hold texts are decoded, cleaned and encoded again, with the
//! settings of the file's first row group. The bytes of all other chunks are copied. Row groups,
//! key-value metadata, page indexes and bloom filters are kept. Two things are not:
//!
//! - Row groups without rows are left out. Writers disagree on what their chunks look like, so
//!   their bytes cannot be copied safely.
//! - A page index is written for all chunks of the output or for none. It is none if a chunk of the
//!   input has none, as is the default of pyarrow: many readers reject a file in which only some
//!   chunks have one.
//!
//! A run can add columns, which stand behind all others, and take them away again. The metadata then
//! lose the Arrow schema that some writers store there, because it lists the columns of the input,
//! and readers would take it for that of the output.
//!
//! Because the code works on leaves, nested fields, lists and dictionaries need no special cases. A
//! leaf stores only the values that exist, with two levels for each entry. The definition level
//! says how many optional ancestors exist; at its maximum, there is a value. A repetition level of
//! 0 starts a new row. The lists `[a, null]`, `null` and `[b]` are stored as:
//!
//! ```text
//! values      a        b
//! definition  3  2  0  3
//! repetition  0  1  0  0
//! row         0  0  1  2
//! ```

use super::cells::{column_type, write_values};
use super::drop::{ColumnValues, copy_kept_rows};
use super::encryption::check_not_encrypted;
use crate::io::FieldNames;
use crate::io::fs::File;
use crate::io::missing::missing_field;
use crate::io::table::{ColumnChanges, ColumnSink, RowChunks, RowMask, Rows, TextTable};
use anyhow::{Context, Result, anyhow, bail};
use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::metadata::{
    ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
    SortingColumn,
};
use parquet::file::properties::{
    EnabledStatistics, ReaderProperties, WriterProperties, WriterVersion,
};
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::{ReadOptionsBuilder, SerializedFileReader};
use parquet::file::writer::{
    SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter,
};
use parquet::schema::types::{ColumnDescriptor, ColumnPath, SchemaDescriptor, Type};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Bytes of text that a chunk of rows aims at.
const TARGET_CHUNK_BYTES: usize = 1 << 20;
/// Rows in the first chunk of a column, before the size of its texts is known.
const FIRST_CHUNK_ROWS: usize = 16;
/// Largest number of rows in a chunk, however short their texts are.
const MAX_CHUNK_ROWS: usize = 4096;

/// The key of the metadata that holds the Arrow schema of the columns.
const ARROW_SCHEMA: &str = "ARROW:schema";

/// An opened Parquet file, with the columns that matter for cleaning.
struct ParquetTable {
    file: File,
    /// Reads pages one after another, without the page index.
    reader: SerializedFileReader<File>,
    /// The metadata of the file with its page index, of which any part may be missing.
    metadata: ParquetMetaData,
    /// Whether every column chunk of a row group with rows has an offset index.
    has_page_index: bool,
    /// Columns that hold texts, by index, with the name that the user gave them.
    text_columns: Vec<(usize, String)>,
    /// Columns of id, URL and language.
    attribute_columns: [Option<usize>; 4],
}

/// Writer of one column chunk of texts.
struct ChunkWriter<'w> {
    writer: SerializedColumnWriter<'w>,
    max_definition: i16,
    max_repetition: i16,
    row_mask: Option<RowMask>,
}

impl ColumnSink for ChunkWriter<'_> {
    fn row_mask(&self) -> Option<RowMask> {
        self.row_mask.clone()
    }

    fn write(&mut self, rows: Rows) -> Result<()> {
        let values: Vec<ByteArray> = rows.values.into_iter().map(ByteArray::from).collect();
        let definition = (self.max_definition > 0).then_some(rows.definition.as_slice());
        let repetition = (self.max_repetition > 0).then_some(rows.repetition.as_slice());
        let column = self.writer.typed::<ByteArrayType>();
        let Some(row_mask) = &self.row_mask else {
            column.write_batch(&values, definition, repetition)?;
            return Ok(());
        };
        let all = ColumnValues {
            values: &values,
            definition: definition.unwrap_or_default(),
            repetition: repetition.unwrap_or_default(),
            max_definition: self.max_definition,
        };
        let (values, kept_definition, kept_repetition) =
            all.filter_rows(|row| row_mask.keeps(rows.first + row as u64));
        column.write_batch(
            &values,
            definition.map(|_| &*kept_definition),
            repetition.map(|_| &*kept_repetition),
        )?;
        Ok(())
    }
}

/// Opens `file` and finds the columns in `names`. A column is named by its dotted path, with or
/// without the inner names that Parquet gives to lists: `turns.content` also finds
/// `turns.list.element.content`. Columns of id, URL and language are optional.
///
/// # Errors
/// If the file is not valid Parquet, is encrypted, has none of the columns of texts, or one of
/// these does not hold strings.
pub fn open_table(file: File, names: &FieldNames) -> Result<Box<dyn TextTable>> {
    Ok(Box::new(ParquetTable::new(file, names)?))
}

impl ParquetTable {
    fn new(file: File, names: &FieldNames) -> Result<Self> {
        check_not_encrypted(&file)?;
        let options = ReadOptionsBuilder::new()
            .with_reader_properties(
                ReaderProperties::builder()
                    .set_read_bloom_filter(true)
                    .build(),
            )
            .build();
        let reader = SerializedFileReader::new_with_options(file.try_clone()?, options)
            .context("cannot be read as Parquet")?;
        let metadata = ParquetMetaDataReader::new()
            .with_page_index_policy(PageIndexPolicy::Optional)
            .parse_and_finish(&file)
            .context("cannot be read as Parquet")?;
        let has_page_index = groups_with_rows(&metadata)
            .flat_map(RowGroupMetaData::columns)
            .all(|chunk| chunk.offset_index_offset().is_some());
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let short_paths = short_paths(schema.root_schema());
        let text_columns = find_text_columns(&schema, &short_paths, &names.text)?;
        let attributes = [&names.id, &names.url, &names.language, &names.site];
        let attribute_columns = attributes.map(|name| {
            let column = find_column(&schema, &short_paths, name.as_deref()?)?;
            (schema.column(column).max_rep_level() == 0).then_some(column)
        });
        Ok(Self {
            file,
            reader,
            metadata,
            has_page_index,
            text_columns,
            attribute_columns,
        })
    }

    /// Returns what the writer records about a column chunk whose bytes are copied: its metadata,
    /// bloom filter and, if the whole file has one, page index, all unchanged.
    fn copied_chunk(
        &self,
        group: usize,
        column: usize,
        reader: &dyn RowGroupReader,
    ) -> ColumnCloseResult {
        let chunk = self.metadata.row_group(group).column(column);
        let page_index = self.metadata.page_index_for_row_group(group);
        ColumnCloseResult {
            bytes_written: chunk.compressed_size().unsigned_abs(),
            rows_written: self.metadata.row_group(group).num_rows().unsigned_abs(),
            metadata: chunk.clone(),
            bloom_filter: reader.get_column_bloom_filter(column).cloned(),
            column_index: page_index
                .column_index(column)
                .filter(|_| self.has_page_index)
                .cloned(),
            offset_index: page_index
                .offset_index(column)
                .filter(|_| self.has_page_index)
                .cloned(),
        }
    }

    /// Returns properties for the writer that repeat those of the file: key-value metadata, sort
    /// order, and for each column compression, dictionary, statistics and bloom filter. The columns
    /// of the first row group with rows stand for all; properties that Parquet does not store, such
    /// as compression levels, are the writer's defaults.
    fn properties(&self, columns: &ColumnChanges<'_>) -> WriterProperties {
        let metadata = &self.metadata;
        let mut pairs = metadata.file_metadata().key_value_metadata().cloned();
        if columns.is_any()
            && let Some(pairs) = &mut pairs
        {
            pairs.retain(|pair| pair.key != ARROW_SCHEMA);
        }
        let mut properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_created_by(concat!("dechaff version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(pairs)
            .set_max_row_group_row_count(None)
            .set_offset_index_disabled(!self.has_page_index);
        let groups = metadata.row_groups();
        if let Some(group) = groups_with_rows(metadata).next().or(groups.first()) {
            properties = properties.set_sorting_columns(self.sorting_columns(group));
            // The writer ignores these for copied chunks, but not if rows are left out of them.
            for chunk in group.columns() {
                let path = chunk.column_path().clone();
                properties = properties
                    .set_column_compression(path.clone(), writable_codec(chunk))
                    .set_column_dictionary_enabled(
                        path.clone(),
                        chunk.dictionary_page_offset().is_some(),
                    )
                    .set_column_statistics_enabled(path.clone(), self.statistics_level(chunk))
                    .set_column_bloom_filter_enabled(path, chunk.bloom_filter_offset().is_some());
            }
            // A new column is compressed as the texts are.
            let texts = group.column(self.text_columns[0].0);
            let statistics = if self.has_page_index {
                EnabledStatistics::Page
            } else {
                EnabledStatistics::Chunk
            };
            for column in columns.added {
                let path = ColumnPath::from(column.name.clone());
                properties = properties
                    .set_column_compression(path.clone(), writable_codec(texts))
                    .set_column_statistics_enabled(path, statistics);
            }
        }
        properties.build()
    }

    /// Returns the schema with these changes. Fails if a new column has the name of one that exists.
    fn schema_with(&self, columns: &ColumnChanges<'_>) -> Result<Arc<Type>> {
        let root = self
            .reader
            .metadata()
            .file_metadata()
            .schema_descr()
            .root_schema_ptr();
        if !columns.is_any() {
            return Ok(root);
        }
        let leaves = self.reader.metadata().file_metadata().schema_descr();
        for (leaf, name) in &self.text_columns {
            if !columns.added.is_empty() && leaves.column(*leaf).max_rep_level() > 0 {
                bail!(
                    "has lists of texts in the column '{name}', each of which has a verdict of its \
                     own; add --output-format jsonl, in which a list is one text"
                );
            }
        }
        let mut fields = root.get_fields().to_vec();
        fields.retain(|field| !columns.dropped.iter().any(|name| name == field.name()));
        for column in columns.added {
            if fields.iter().any(|field| field.name() == column.name) {
                bail!(
                    "already has a column '{}', which would be added; choose another name with \
                     --verdict",
                    column.name
                );
            }
            fields.push(column_type(column)?);
        }
        let root = Type::group_type_builder(root.name()).with_fields(fields);
        Ok(Arc::new(root.build()?))
    }

    /// Writes the new columns of the row group whose rows begin at number `first`, of which
    /// `row_mask` keeps some.
    fn add_columns<W: Write + Send>(
        &self,
        index: usize,
        first: u64,
        row_mask: Option<&RowMask>,
        columns: &ColumnChanges<'_>,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<()> {
        let Some(cells) = columns.cells else {
            return Ok(());
        };
        let rows = (first..first + self.row_count(index) as u64)
            .filter(|&row| row_mask.is_none_or(|mask| mask.keeps(row)))
            .map(cells)
            .collect::<Vec<_>>();
        for (at, column) in columns.added.iter().enumerate() {
            let values = rows.iter().map(|row| row.get(at).copied().flatten());
            let definition: Vec<i16> = values
                .clone()
                .map(|cell| i16::from(cell.is_some()))
                .collect();
            let texts: Vec<ByteArray> = values
                .flatten()
                .map(|cell| ByteArray::from(cell.to_string().into_bytes()))
                .collect();
            write_values(group, column.kind, &texts, &definition)?;
        }
        Ok(())
    }

    /// Returns for which units a chunk like `chunk` gets statistics.
    fn statistics_level(&self, chunk: &ColumnChunkMetaData) -> EnabledStatistics {
        match (chunk.statistics(), chunk.column_index_offset()) {
            (_, Some(_)) if self.has_page_index => EnabledStatistics::Page,
            (None, None) => EnabledStatistics::None,
            _ => EnabledStatistics::Chunk,
        }
    }

    /// Returns the columns by which the rows are sorted, or `None` if a column of texts is among
    /// them: cleaning can change the order of its values.
    fn sorting_columns(&self, group: &RowGroupMetaData) -> Option<Vec<SortingColumn>> {
        group
            .sorting_columns()
            .filter(|columns| {
                !columns.iter().any(|column| {
                    self.text_columns
                        .iter()
                        .any(|(text, _)| i32::try_from(*text) == Ok(column.column_idx))
                })
            })
            .cloned()
    }
}

impl TextTable for ParquetTable {
    fn text_columns(&self, group: usize) -> Result<(u64, Vec<(&str, RowChunks)>)> {
        let groups = self.reader.metadata().row_groups();
        let first = 1 + groups[..group]
            .iter()
            .map(|group| group.num_rows().unsigned_abs())
            .sum::<u64>();
        let reader = self.reader.get_row_group(group)?;
        let columns = self.text_columns.iter().map(|(column, name)| {
            let chunks = Chunks::new(reader.as_ref(), *column, self.attribute_columns, first)?;
            Ok((name.as_str(), Box::new(chunks) as RowChunks))
        });
        Ok((first, columns.collect::<Result<_>>()?))
    }

    fn row_count(&self, group: usize) -> usize {
        self.reader
            .metadata()
            .row_group(group)
            .num_rows()
            .unsigned_abs() as usize
    }

    fn rewrite(
        &self,
        out: &mut (dyn Write + Send),
        row_mask: &mut dyn FnMut(usize) -> Result<Option<RowMask>>,
        clean_column: &mut dyn FnMut(&str, RowChunks, &mut dyn ColumnSink) -> Result<()>,
        columns: &ColumnChanges<'_>,
    ) -> Result<()> {
        let metadata = self.reader.metadata();
        let schema = self.schema_with(columns)?;
        let properties = self.properties(columns);
        let mut writer = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
        let mut first = 1;
        for index in 0..metadata.num_row_groups() {
            if self.row_count(index) == 0 {
                continue;
            }
            let group = self.reader.get_row_group(index)?;
            let row_mask = row_mask(index)?;
            let rows = group.metadata().num_rows().unsigned_abs();
            if row_mask.as_ref().is_some_and(keeps_no_row) {
                first += rows;
                continue;
            }
            let mut target = writer.next_row_group()?;
            for column in kept_columns(group.metadata(), columns.dropped) {
                let text_column = self.text_columns.iter().find(|(text, _)| *text == column);
                if text_column.is_none() && row_mask.is_none() {
                    let chunk = self.copied_chunk(index, column, group.as_ref());
                    target.append_column(&self.file, chunk)?;
                    continue;
                }
                let mut writer = target
                    .next_column()?
                    .context("the row group has too many columns")?;
                if let Some((_, name)) = text_column {
                    let chunks =
                        Chunks::new(group.as_ref(), column, self.attribute_columns, first)?;
                    let mut sink = ChunkWriter {
                        writer,
                        max_definition: chunks.max_definition,
                        max_repetition: chunks.max_repetition,
                        row_mask: row_mask.clone(),
                    };
                    clean_column(name, Box::new(chunks), &mut sink)?;
                    writer = sink.writer;
                } else if let Some(row_mask) = &row_mask {
                    let descriptor = group.metadata().column(column).column_descr();
                    let reader = group.get_column_reader(column)?;
                    copy_kept_rows(reader, &mut writer, descriptor, row_mask)?;
                }
                writer.close()?;
            }
            self.add_columns(index, first, row_mask.as_ref(), columns, &mut target)?;
            target.close()?;
            first += rows;
        }
        writer.close()?;
        Ok(())
    }
}

/// Iterates over the columns of a row group, except those with a name in `dropped`.
fn kept_columns(group: &RowGroupMetaData, dropped: &[String]) -> impl Iterator<Item = usize> {
    (0..group.num_columns()).filter(move |&column| {
        let path = group.column(column).column_path();
        !dropped.iter().any(|name| path.parts()[0] == *name)
    })
}

/// Returns whether `mask` keeps no row.
fn keeps_no_row(mask: &RowMask) -> bool {
    !mask.rows.contains(&true)
}

/// Returns the compression for a chunk that is written again. Hadoop's framing of LZ4 can be read
/// but not written, so raw LZ4 replaces it.
fn writable_codec(chunk: &ColumnChunkMetaData) -> parquet::basic::Compression {
    match chunk.compression() {
        parquet::basic::Compression::LZ4 => parquet::basic::Compression::LZ4_RAW,
        codec => codec,
    }
}

/// Iterates over the row groups that have rows.
fn groups_with_rows(metadata: &ParquetMetaData) -> impl Iterator<Item = &RowGroupMetaData> {
    metadata
        .row_groups()
        .iter()
        .filter(|group| group.num_rows() > 0)
}

/// Returns the columns in `names` that exist, by index, each once. Returns an error if none exists,
/// or if one does not hold strings.
fn find_text_columns(
    schema: &SchemaDescriptor,
    short_paths: &[String],
    names: &[String],
) -> Result<Vec<(usize, String)>> {
    let mut columns: Vec<(usize, String)> = names
        .iter()
        .filter_map(|name| Some((find_column(schema, short_paths, name)?, name.clone())))
        .collect();
    columns.sort_unstable();
    columns.dedup_by_key(|(column, _)| *column);
    if columns.is_empty() {
        return Err(missing_field("column", "", names, short_paths, None));
    }
    for (column, name) in &columns {
        if !holds_strings(&schema.column(*column)) {
            bail!("the column '{name}' does not hold strings");
        }
    }
    Ok(columns)
}

/// Returns the index of the leaf whose short or full path is `name`, or `None`.
fn find_column(schema: &SchemaDescriptor, short_paths: &[String], name: &str) -> Option<usize> {
    short_paths
        .iter()
        .zip(schema.columns())
        .position(|(short, column)| short == name || column.path().string() == name)
}

/// Returns whether a column holds strings. Byte arrays without a logical type are accepted, as
/// older writers did not annotate strings; each value is checked to be UTF-8 later.
fn holds_strings(column: &ColumnDescriptor) -> bool {
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

/// Returns the dotted paths of all leaves, in schema order, without the inner names of lists, such
/// as `list.element`, which carry no meaning and differ between writers.
fn short_paths(root: &Type) -> Vec<String> {
    let mut paths = Vec::new();
    append_short_paths(root, &mut Vec::new(), &mut paths);
    paths
}

/// Appends the paths of the leaves below `node`, whose own path is `path`, to `paths`.
fn append_short_paths(node: &Type, path: &mut Vec<String>, paths: &mut Vec<String>) {
    if node.is_primitive() {
        return paths.push(path.join("."));
    }
    let info = node.get_basic_info();
    let is_list = info.converted_type() == ConvertedType::LIST
        || matches!(info.logical_type_ref(), Some(LogicalType::List));
    for child in node.get_fields() {
        match child.is_group().then(|| child.get_fields()) {
            Some([element]) if is_list => append_short_paths(element, path, paths),
            _ if is_list => append_short_paths(child, path, paths),
            _ => {
                path.push(child.name().to_owned());
                append_short_paths(child, path, paths);
                path.pop();
            }
        }
    }
}

/// Iterator over a column chunk of texts that yields some rows at a time, with the attributes of
/// these rows. Memory is bounded by a chunk of rows, not by the column chunk.
struct Chunks {
    texts: ColumnReaderImpl<ByteArrayType>,
    /// Readers of id, URL and language, each with its maximum definition level.
    attributes: [Option<(ColumnReader, i16)>; 4],
    max_definition: i16,
    max_repetition: i16,
    /// Number of the next row in the file, counted from 1.
    next_row: u64,
    /// Rows to read next.
    chunk_rows: usize,
}

impl Chunks {
    fn new(
        group: &dyn RowGroupReader,
        column: usize,
        attribute_columns: [Option<usize>; 4],
        first_row: u64,
    ) -> Result<Self> {
        let ColumnReader::ByteArrayColumnReader(texts) = group.get_column_reader(column)? else {
            bail!("the column does not hold strings")
        };
        let mut attributes = [None, None, None, None];
        for (attribute, column) in attributes.iter_mut().zip(attribute_columns) {
            if let Some(column) = column {
                let descriptor = group.metadata().column(column).column_descr();
                *attribute = Some((group.get_column_reader(column)?, descriptor.max_def_level()));
            }
        }
        let descriptor = group.metadata().column(column).column_descr();
        Ok(Self {
            texts,
            attributes,
            max_definition: descriptor.max_def_level(),
            max_repetition: descriptor.max_rep_level(),
            next_row: first_row,
            chunk_rows: FIRST_CHUNK_ROWS,
        })
    }

    /// Reads the next rows, or returns `None` at the end. Adapts the number of rows of the
    /// following chunk to the size of these, so that it approaches [`TARGET_CHUNK_BYTES`]; it grows
    /// at most fourfold, as the next texts may be longer.
    fn read(&mut self) -> Result<Option<Rows>> {
        let mut rows = Rows {
            first: self.next_row,
            ..Rows::default()
        };
        let mut values: Vec<ByteArray> = Vec::new();
        let (count, _, levels) = self.texts.read_records(
            self.chunk_rows,
            Some(&mut rows.definition),
            Some(&mut rows.repetition),
            &mut values,
        )?;
        if count == 0 {
            return Ok(None);
        }
        rows.values = values.iter().map(|value| value.data().to_vec()).collect();
        // A required column that is not a list has no levels: each row is one value.
        let has_levels = self.max_definition > 0 || self.max_repetition > 0;
        self.assign_rows(&mut rows, if has_levels { levels } else { count });
        for (attribute, values) in self.attributes.iter_mut().zip(&mut rows.attributes) {
            if let Some((reader, max_definition)) = attribute {
                *values = read_as_strings(reader, *max_definition, count)?;
            }
        }
        self.next_row += count as u64;
        self.chunk_rows = (self.chunk_rows * TARGET_CHUNK_BYTES / rows.size().max(1))
            .clamp(1, (self.chunk_rows * 4).min(MAX_CHUNK_ROWS));
        Ok(Some(rows))
    }

    /// Fills in `row_indices` and `missing` from the `entries` levels of `rows`.
    fn assign_rows(&self, rows: &mut Rows, entries: usize) {
        let (mut row, mut has_text) = (0, true);
        for entry in 0..entries {
            let starts_row = self.max_repetition == 0 || rows.repetition[entry] == 0;
            if starts_row && entry > 0 {
                if !has_text {
                    rows.missing.push(row);
                }
                row += 1;
            }
            has_text &= !starts_row;
            if self.max_definition == 0 || rows.definition[entry] == self.max_definition {
                rows.row_indices.push(row);
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
        // The reader panics at headers of pages that lack a part.
        catch_unwind(AssertUnwindSafe(|| self.read()))
            .unwrap_or_else(|_| Err(anyhow!("a page is damaged")))
            .context("cannot be read as Parquet")
            .transpose()
    }
}

/// Reads `count` rows of a column that is not a list, as strings. Values that are neither byte
/// arrays nor integers are returned as `None`, like nulls, and malformed UTF-8 is replaced.
fn read_as_strings(
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
