//! Formats: one file per format below this one, and the interface that all of them implement.
//!
//! A format describes itself as a [`FormatSpec`]: its name, extensions and first bytes, and how it
//! is read and written. Reading an input makes a [`RecordFormat`], which finds where a record ends,
//! parses it, and writes it without the spans that were removed. A [`RecordWriter`] writes records
//! of other formats in this one. The pipeline knows nothing else of a format.
//!
//! To add a format, write its file, and add two lines here: its `mod`, and its entry in
//! [`FORMATS`].

mod csv;
mod json;
mod jsonl;
pub mod parquet;
mod text;
mod warc;
mod wide;

pub use json::{JSON, has_json_text};
pub use jsonl::{FirstRecords, JSON_LINES};
pub use text::TEXT;

use super::batch::{Framing, LineFraming};
use super::columns::{Cell, NewColumn};
use super::record::{Parsed, Values, cut};
use super::{CsvOptions, FieldNames};
use anyhow::{Result, bail};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use std::fmt;
use std::ops::Range;
use wide::WideFraming;

/// All formats that can be named, in the order in which messages list them.
pub static FORMATS: &[&FormatSpec] = &[
    &text::TEXT,
    &jsonl::JSON_LINES,
    &json::JSON,
    &csv::CSV,
    &csv::TSV,
    &warc::WARC,
    &parquet::PARQUET,
];

/// What is known of a format before an input in it is opened.
pub struct FormatSpec {
    /// Name for `--format` and `--output-format`.
    pub name: &'static str,
    /// Extensions of its files, in lower case and without a dot. Outputs get the first one.
    pub extensions: &'static [&'static str],
    /// Whether an input with these first bytes is in this format. Formats that have no typical
    /// first bytes never are.
    pub detects: fn(head: &[u8]) -> bool,
    /// How inputs are read.
    pub reading: Reading,
    /// Makes the writer of records that have these columns. `None` for formats that are only read.
    pub writer: Option<fn(OutputColumns) -> Box<dyn RecordWriter>>,
    /// Adds a member to a record, for annotations. `None` if records have a fixed set of fields.
    pub add_member: Option<AddMember>,
    /// Whether records are rows, which can have more columns.
    pub has_columns: bool,
    /// Restores a record of which more than the removed spans was changed. `None` if removed spans
    /// only have to be inserted again.
    pub restore_record: Option<RestoreRecord>,
    /// Whether each line is a record, so that an input can be read from any line on.
    pub has_line_records: bool,
    /// Whether each record is compressed separately. Readers can then seek to a record and
    /// decompress it alone.
    pub compresses_records: bool,
}

/// How the inputs of a format are read.
#[derive(Clone, Copy)]
pub enum Reading {
    /// Record by record.
    Records(OpenRecords),
    /// As one text. If it is converted to another format, that text is its only record.
    Text(OpenRecords),
    /// As a table, column by column. If it is converted to another format, as JSON Lines.
    Table,
    /// Not at all; inputs are passed through unchanged.
    Never,
}

/// Makes the [`RecordFormat`] of an input. Fails if the input lacks the fields that are to be
/// cleaned, or if a field name is invalid.
pub type OpenRecords = fn(&RecordInput<'_>) -> Result<Box<dyn RecordFormat>>;

/// Returns a record with a member of this name and JSON value added, or `None` if that is
/// impossible because the record is malformed.
pub type AddMember = fn(record: &[u8], name: &str, value: &[u8]) -> Option<Vec<u8>>;

/// Returns the record from which a cleaned record was made. `removed` holds the removed bytes and
/// their offsets in the original file, in which the record starts at `offset`. Returns `None` if
/// they do not fit the record.
pub type RestoreRecord =
    fn(record: &[u8], offset: u64, removed: &[(u64, Vec<u8>)]) -> Option<Vec<u8>>;

/// What a format may need to know of an input to read its records.
#[derive(Clone, Copy, Debug)]
pub struct RecordInput<'i> {
    /// Name of the input in reports.
    pub name: &'i str,
    /// Its first bytes, decompressed: at most 64 KiB.
    pub head: &'i [u8],
    /// The fields to look for.
    pub fields: &'i FieldNames,
    /// How tables of text are divided into fields.
    pub csv: CsvOptions,
}

/// The columns that records have in another format.
#[derive(Clone, Debug, Default)]
pub struct OutputColumns {
    /// Names of all columns, in order.
    pub names: Vec<String>,
    /// Indices of the columns that hold texts.
    pub texts: Vec<usize>,
    /// Columns that the run adds behind these. Only formats with columns write them.
    pub added: Vec<NewColumn>,
}

impl OutputColumns {
    /// Returns the names of all columns, with those that the run adds.
    fn all_names(self) -> Vec<String> {
        let added = self.added.into_iter().map(|column| column.name);
        self.names.into_iter().chain(added).collect()
    }
}

/// The format of the records of one input.
pub trait RecordFormat: fmt::Debug + Send + Sync {
    /// Returns how a stream is split into records. A framing keeps state while it splits, so each
    /// stream needs a new one.
    fn framing(&self) -> Box<dyn Framing> {
        Box::new(LineFraming)
    }

    /// Returns what the user should know of how the input is read, as a predicate: a choice that its
    /// first bytes led to. `None` if there was none.
    fn note(&self) -> Option<String> {
        None
    }

    /// Returns whether records may have another encoding than UTF-8.
    fn allows_encoding(&self) -> bool {
        true
    }

    /// Parses `record`, which is number `number` of its input, from 1.
    fn parse<'r>(&'r self, number: u64, record: &'r [u8]) -> Parsed<'r>;

    /// Appends `record` without `cuts` to `out`. `cuts` are sorted, disjoint byte ranges of the
    /// record that encode spans of its texts.
    ///
    /// # Errors
    /// The reason, as a predicate, if the rest would not parse as a record of this format. Nothing
    /// is appended then.
    fn remove(
        &self,
        record: &[u8],
        cuts: &[Range<usize>],
        out: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        cut(record, 0..record.len(), cuts, out);
        Ok(())
    }

    /// Returns `record` with `cells` behind its last field or, if it is a header row, with the names
    /// of `columns`. Cells without a value are empty. Returns `None` if the format has no columns, or
    /// if the record has not as many fields as it should. `number` is that of
    /// [`RecordFormat::parse`].
    fn with_cells(
        &self,
        _number: u64,
        _record: &[u8],
        _columns: &[NewColumn],
        _cells: &[Option<Cell>],
    ) -> Option<Vec<u8>> {
        None
    }

    /// Returns the columns that the records have after conversion to another format.
    fn columns(&self) -> OutputColumns;

    /// Returns the values of `record` in the columns of [`RecordFormat::columns`], or `None` if it
    /// has no readable text; it is then left out of the output. `number` is that of
    /// [`RecordFormat::parse`].
    fn values<'r>(&'r self, number: u64, record: &'r [u8]) -> Option<Values<'r>>;
}

/// Writes records of other formats in this one.
pub trait RecordWriter: fmt::Debug + Send + Sync {
    /// Returns the bytes that precede the first record of an output, such as a header row.
    fn header(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Appends a record with `values`, one for each column, to `out`.
    fn write(&self, values: &Values<'_>, out: &mut Vec<u8>);

    /// Returns the assembler of an output that is more than its header and its records one after
    /// the other. Returns `None` for all others.
    ///
    /// # Errors
    /// If this build does not support the format, or the columns cannot be written in it.
    fn assembler(&self) -> Result<Option<Box<dyn Assembler>>> {
        Ok(None)
    }
}

/// Makes an output from the records that a [`RecordWriter`] wrote.
pub trait Assembler {
    /// Adds records and returns the bytes of the output that are ready, which follow those returned
    /// before.
    ///
    /// # Errors
    /// If the records cannot be encoded.
    fn add(&mut self, records: &[u8]) -> Result<Vec<u8>>;

    /// Returns the last bytes of the output.
    ///
    /// # Errors
    /// If the records cannot be encoded.
    fn finish(self: Box<Self>) -> Result<Vec<u8>>;
}

/// Returns the framing of `format` for a stream in `encoding`, which is UTF-8 if it is `None`.
///
/// # Errors
/// If records in this encoding cannot be told apart.
pub fn framing_in(
    format: &dyn RecordFormat,
    encoding: Option<&'static Encoding>,
) -> Result<Box<dyn Framing>> {
    match encoding {
        None => Ok(format.framing()),
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => {
            Ok(Box::new(WideFraming::new(format.framing(), encoding)))
        }
        Some(encoding) if encoding.is_ascii_compatible() && format.allows_encoding() => {
            Ok(format.framing())
        }
        Some(encoding) => bail!(
            "cannot be read record by record in {}; convert it to UTF-8 first, or clean it without \
             --encoding if it is UTF-8",
            encoding.name()
        ),
    }
}

impl FormatSpec {
    /// A format without a name that is never detected, read or written: the values that most
    /// formats share.
    pub const EMPTY: Self = Self {
        name: "",
        extensions: &[],
        detects: never,
        reading: Reading::Never,
        writer: None,
        add_member: None,
        has_columns: false,
        restore_record: None,
        has_line_records: false,
        compresses_records: false,
    };
}

/// Returns false. Stands for the detection of formats without typical first bytes.
fn never(_: &[u8]) -> bool {
    false
}

/// Returns `name`, or `default` if the user gave no name for the field.
fn name_or(name: Option<&str>, default: &str) -> String {
    name.unwrap_or(default).to_owned()
}
