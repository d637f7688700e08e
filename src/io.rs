//! Reading and writing of files: formats of records, compression, encodings, tables, and staged
//! outputs.
//!
//! These modules locate the texts in an input and cut spans out of it. They know nothing of rules;
//! `job` connects them with the cleaner.

mod batch;
mod below;
mod columns;
mod compression;
mod format;
mod formats;
pub mod fs;
mod html;
mod identity;
mod labelled;
mod learned;
mod live;
mod missing;
mod record;
mod slice;
mod source;
mod sync;
mod table;
mod text;
mod write;

pub use batch::{Batch, Batches, Framing, Piece, Start};
pub use below::{create_directories, open_own_file};
pub use columns::{Cell, ColumnKind, NewColumn};
pub use compression::{Codec, Compression, Compressor};
pub use format::Format;
pub use formats::parquet::open_table;
pub use formats::{
    AddMember, Assembler, Reading, RecordFormat, RecordInput, RecordWriter, RestoreRecord,
    framing_in, has_json_text,
};
pub use html::HtmlText;
pub use identity::{FileId, FileState, hash_path, other_names};
pub use labelled::{LabelledRow, read_rows};
pub use learned::{LearnedFile, LearnedWriter, StoredSite, merge_learned};
#[cfg(any(test, feature = "fuzzing"))]
pub use learned::{StoredHead, StoredPages, StoredText};
pub use live::Cancel;
#[cfg(test)]
pub use record::Escaping;
pub use record::{Field, Parsed, TextFields, cut, decode_utf8};
pub use slice::{line_slice, skip_lines};
use source::HEAD_BYTES;
pub use source::Source;
pub use sync::{DirectorySync, commit_all, directory_of, sync_file, sync_staged, write_file};
pub use table::{ColumnChanges, RowMask, Rows, TextTable};
pub use text::{Content, InputText, encoding_for_label, looks_like_utf16};
pub use write::{
    Checksum, PartialFile, Permissions, StagedFile, is_temporary, remove_abandoned,
    remove_abandoned_in,
};

/// Names of the fields, or columns, that hold the parts of a record.
#[derive(Clone, Debug, Default)]
pub struct FieldNames {
    /// Fields that hold texts to clean; those that a record lacks are skipped.
    pub text: Vec<String>,
    /// Field of the record's id.
    pub id: Option<String>,
    /// Field of the page's URL.
    pub url: Option<String>,
    /// Field of the language code.
    pub language: Option<String>,
    /// Field of the name of the site.
    pub site: Option<String>,
    /// Fields that the run adds; a record that already has one of them is damaged.
    pub reserved: Vec<ReservedField>,
}

/// A field that a run adds to records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservedField {
    /// Its name.
    pub name: String,
    /// The option that chooses another name.
    pub option: &'static str,
}

/// How rows of CSV and TSV are divided into fields, as far as the user says.
#[derive(Clone, Copy, Debug, Default)]
pub struct CsvOptions {
    /// The byte between fields. `None` detects it.
    pub delimiter: Option<u8>,
    /// What stands around fields. `None` detects it.
    pub quote: Option<Quote>,
    /// The byte before quotes in fields. `None` detects whether quotes are doubled instead.
    pub escape: Option<u8>,
    /// Whether the first row is a record, so that columns are named by their numbers.
    pub no_header: bool,
}

/// What stands around fields of CSV and TSV that contain delimiters or line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// This byte.
    Byte(u8),
    /// Nothing: every byte but a delimiter and a line end belongs to the field.
    Nothing,
}

/// Quotes `names` and joins them with "or", for messages that say that none of these fields is
/// there: `'text' or 'content'`.
fn quoted_alternatives(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("'{name}'"))
        .collect::<Vec<_>>()
        .join(" or ")
}
