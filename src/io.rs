//! Files in and out: what an input is (text, records, in which encoding, how compressed), where its texts stand, and
//! outputs that are whole or not there. It knows nothing of rules; `job` brings the two together.

mod batch;
mod compression;
mod convert;
mod csv;
mod format;
mod json;
mod labelled;
mod layout;
mod npy;
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
pub use npy::write_npy;
#[cfg(feature = "parquet")]
pub use parquet::{ParquetTable, RowBlock, RowMask, Rows, TableBuilder, TableLines};
#[cfg(feature = "parquet")]
pub use record::cut;
pub use record::{Field, Parsed, TextFields};
pub use slice::{skip_lines, slice_of};
pub use source::Source;
pub use text::{Content, InputText, encoding_of};
pub use warc::restore_warc_record;
pub use write::{Checksum, PartialFile, Permissions, StagedFile};

/// Names of the fields of records.
#[derive(Clone, Debug, Default)]
pub struct FieldNames {
    /// Those that hold texts.
    pub text: Vec<String>,
    /// That which holds the id.
    pub id: Option<String>,
    /// That which holds the address.
    pub url: Option<String>,
    /// That which holds the code of the language.
    pub language: Option<String>,
    /// One that must not be there, as it is to be added.
    pub free: Option<String>,
}

/// Names of fields as a message says that none of them is there.
fn one_text_of(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("'{name}'"))
        .collect::<Vec<_>>()
        .join(" or ")
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| {
            [
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ]
        })
        .map(char::from)
        .collect()
}
