//! Reading and writing of files: formats of records, compression, encodings, tables, and staged
//! outputs.
//!
//! These modules locate the texts in an input and cut spans out of it. They know nothing of rules;
//! `job` connects them with the cleaner.

mod batch;
mod compression;
mod convert;
mod csv;
mod format;
mod json;
mod labelled;
mod layout;
#[cfg(feature = "parquet")]
mod parquet;
mod record;
mod slice;
mod source;
mod text;
mod warc;
mod write;

pub use batch::{Batch, Batches, Framing, Piece, Start};
pub use compression::{Codec, Compression, Compressor};
pub use convert::Converter;
pub use format::Format;
pub use json::with_member;
pub use labelled::{LabelledRow, read_rows};
pub use layout::RecordFormat;
#[cfg(feature = "parquet")]
pub use parquet::{ParquetTable, RowBlock, RowMask, Rows, TableBuilder, TableLines};
#[cfg(feature = "parquet")]
pub use record::cut;
pub use record::{Field, Parsed, TextFields};
pub use slice::{line_slice, skip_lines};
pub use source::Source;
pub use text::{Content, InputText, encoding_for_label};
pub use warc::restore_warc_record;
pub use write::{Checksum, PartialFile, Permissions, StagedFile};

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
    /// Field that the run adds; a record that already has it is damaged.
    pub reserved: Option<String>,
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
