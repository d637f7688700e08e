//! What must hold for every Parquet file: a damaged one is refused or cleaned, but ends no process;
//! a sound one has the values that it had, except for its texts, which are cleaned, and can be
//! restored.
//!
//! The first byte of an input says whether the rest is a file, or a description from which a file
//! is made: a byte that selects how it is written, and rows.

use super::files::{TEXTS, cleaned_text, options};
use crate::io::fs::{self, File};
use crate::job::in_memory::{clean_table, restore_table_bytes};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::io::Write;
use std::sync::Arc;

/// A row: a number, perhaps a text, and a list of texts.
#[derive(Clone, Debug, PartialEq)]
struct TableRow {
    number: i32,
    text: Option<String>,
    items: Vec<String>,
}

const SCHEMA: &str = "message rows {
    required int32 number;
    optional binary text (UTF8);
    optional group items (LIST) { repeated group list { required binary element (UTF8); } }
}";

/// Checks a file. See the description of the module.
pub fn check(data: &[u8]) {
    let [kind, rest @ ..] = data else { return };
    let mut options = options(0, "parquet");
    options.format.names.text = vec!["text".to_owned(), "items".to_owned()];
    if kind & 1 == 0 {
        let Ok((output, records)) = clean_table(&options, "a.parquet", rest) else {
            return;
        };
        let _ = restore_table_bytes(&output, &records);
        return;
    }
    let [style, rest @ ..] = rest else { return };
    let groups = rows_of(rest);
    let file = write_file(*style, &groups);
    let (output, records) =
        clean_table(&options, "a.parquet", &file).expect("the file can be cleaned");
    let mut expected = groups.concat();
    assert_eq!(read_file(&file), expected);
    let restored = restore_table_bytes(&output, &records).expect("the file can be restored");
    assert_eq!(read_file(&restored), expected);
    for row in &mut expected {
        let texts = row.text.iter_mut().chain(&mut row.items);
        texts.for_each(|text| *text = cleaned_text(text));
    }
    assert_eq!(read_file(&output), expected);
}

/// Reads row groups from a description: each byte is a row, or ends a row group.
fn rows_of(description: &[u8]) -> Vec<Vec<TableRow>> {
    let mut groups = vec![Vec::new()];
    for (number, &byte) in description.iter().take(200).enumerate() {
        let text = |shift: u8| {
            let text = TEXTS[usize::from(byte >> shift) % TEXTS.len()];
            text.repeat(if byte & 0xC0 == 0xC0 { 20 } else { 1 })
        };
        match byte % 16 {
            0 => groups.push(Vec::new()),
            count => groups.last_mut().unwrap().push(TableRow {
                number: number as i32,
                text: (count != 1).then(|| text(4)),
                items: (0..count % 4).map(|shift| text(2 + shift)).collect(),
            }),
        }
    }
    groups
}

/// Writes row groups in a style: version, dictionary, statistics, page sizes, compression.
fn write_file(style: u8, groups: &[Vec<TableRow>]) -> Vec<u8> {
    let flag = |bit: u8| style >> bit & 1 == 1;
    let codecs = [Compression::UNCOMPRESSED, Compression::SNAPPY];
    let statistics = [EnabledStatistics::Chunk, EnabledStatistics::Page];
    let properties = WriterProperties::builder()
        .set_writer_version(
            [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0][usize::from(flag(0))],
        )
        .set_dictionary_enabled(flag(1))
        .set_compression(codecs[usize::from(flag(2))])
        .set_statistics_enabled(statistics[usize::from(flag(3))])
        .set_offset_index_disabled(flag(4))
        .set_data_page_row_count_limit(if flag(5) { 2 } else { 1000 })
        .set_write_batch_size(if flag(5) { 1 } else { 1000 })
        .set_bloom_filter_enabled(flag(6))
        .build();
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, Arc::new(properties)).unwrap();
    for rows in groups {
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let numbers: Vec<i32> = rows.iter().map(|row| row.number).collect();
        let typed = column.typed::<Int32Type>();
        typed.write_batch(&numbers, None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let texts: Vec<ByteArray> = rows
            .iter()
            .filter_map(|row| Some(row.text.as_deref()?.into()))
            .collect();
        let levels: Vec<i16> = rows.iter().map(|row| row.text.is_some().into()).collect();
        let typed = column.typed::<ByteArrayType>();
        typed.write_batch(&texts, Some(&levels), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let (mut items, mut definition, mut repetition) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            for (index, item) in row.items.iter().enumerate() {
                items.push(ByteArray::from(item.as_str()));
                definition.push(2);
                repetition.push(i16::from(index > 0));
            }
            if row.items.is_empty() {
                definition.push(1);
                repetition.push(0);
            }
        }
        let typed = column.typed::<ByteArrayType>();
        typed
            .write_batch(&items, Some(&definition), Some(&repetition))
            .unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
    file
}

/// Reads the rows of a file with the row reader of the `parquet` crate.
fn read_file(file: &[u8]) -> Vec<TableRow> {
    let reader = SerializedFileReader::new(bytes_of(file)).expect("the file can be read");
    let rows = reader.get_row_iter(None).expect("the rows can be read");
    rows.map(|row| {
        let row = row.expect("the row can be read").to_json_value();
        TableRow {
            number: row["number"].as_i64().unwrap() as i32,
            text: row["text"].as_str().map(str::to_owned),
            items: row["items"]
                .as_array()
                .map(|items| {
                    items
                        .iter()
                        .map(|item| item.as_str().unwrap().to_owned())
                        .collect()
                })
                .unwrap_or_default(),
        }
    })
    .collect()
}

/// Returns a file that can be read, with these bytes.
fn bytes_of(bytes: &[u8]) -> File {
    let mut file = fs::create_unnamed().expect("there is a temporary directory");
    file.write_all(bytes).expect("the file can be written");
    file
}

/// Returns files in all styles, and descriptions.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for style in (0..128u8).step_by(3) {
        let description = [style, 0x25, 0x71, 0x1A, 0x13, 0, 0x36, 0x4F, style, 0xC5];
        seeds.push([&[1], &description[..]].concat());
        if style % 15 == 0 {
            let file = write_file(style, &rows_of(&description[1..7]));
            seeds.push([&[0], file.as_slice()].concat());
        }
    }
    seeds
}
