//! Record formats: one interface to JSON Lines, CSV, WARC and plain text. A [`RecordFormat`] says
//! how a stream is split into records, parses the texts of a record, and writes a record from which
//! spans were removed. It is separate from the parsers so that the pipeline does not depend on a
//! particular format. Parquet has no records in this sense and is not among them.

use super::batch::Framing;
use super::csv::{Columns, RowScanner};
use super::format::Format;
use super::json::KeyTree;
use super::record::{Field, Parsed, TextFields, Values, cut, texts_as_columns, texts_as_values};
use super::{FieldNames, warc};
use anyhow::{Result, bail};
use std::borrow::Cow;
use std::ops::Range;

/// The format of the records of an input.
#[derive(Clone, Debug)]
pub enum RecordFormat {
    /// JSON Lines.
    Json(KeyTree),
    /// CSV or TSV.
    Csv {
        /// The columns of the header row.
        columns: Columns,
        /// The byte between fields.
        delimiter: u8,
    },
    /// WARC.
    Warc,
    /// One record, which is a text.
    Text {
        /// The name of the input, used as the id of the record.
        name: String,
    },
}

impl RecordFormat {
    /// Creates the record format of an input. `head` is its first bytes, from which the header row
    /// of CSV is read, and `input_name` is its name, the id of a plain text. `names` are the fields
    /// to look for.
    ///
    /// # Errors
    /// If CSV has no text column, if a field name is invalid, or if `format` has no records.
    pub fn new(format: Format, head: &[u8], input_name: &str, names: &FieldNames) -> Result<Self> {
        Ok(match format {
            Format::JsonLines => Self::Json(KeyTree::new(names)?),
            Format::Csv { delimiter } => Self::Csv {
                columns: Columns::new(head, delimiter, names)?,
                delimiter,
            },
            Format::Warc => Self::Warc,
            Format::Text => Self::Text {
                name: input_name.to_owned(),
            },
            Format::OtherJson | Format::Parquet => {
                bail!("has no records that can be read one by one")
            }
        })
    }

    /// Returns how a stream in this format is split into records. A framing keeps state while it
    /// splits, so each stream needs a new one.
    #[must_use]
    pub fn framing(&self) -> Framing {
        match self {
            Self::Json(_) => Framing::Lines,
            Self::Csv { delimiter, .. } => Framing::Csv(RowScanner::new(*delimiter)),
            Self::Warc => Framing::Warc { remaining: 0 },
            Self::Text { .. } => Framing::Whole,
        }
    }

    /// Whether each record is compressed separately, as is usual for WARC. Readers can then seek to
    /// a record and decompress it alone.
    #[must_use]
    pub fn compresses_records(&self) -> bool {
        matches!(self, Self::Warc)
    }

    /// Parses `record`, which is number `number` of its input, from 1. The first record of CSV is
    /// its header row and has no text.
    #[must_use]
    pub fn parse<'r>(&'r self, number: u64, record: &'r [u8]) -> Parsed<'r> {
        if let Self::Warc = self {
            return warc::parse(record);
        }
        let record = match simdutf8::compat::from_utf8(record) {
            Ok(record) => record,
            Err(error) => {
                return Parsed::Damaged(format!(
                    "is not valid UTF-8 at byte {}",
                    error.valid_up_to()
                ));
            }
        };
        match self {
            Self::Json(keys) => keys.parse(record),
            Self::Csv { .. } if number == 1 => Parsed::NoText,
            Self::Csv { columns, .. } => columns.parse(record),
            Self::Warc => Parsed::NoText,
            Self::Text { .. } => Parsed::Texts(TextFields {
                fields: vec![Field::plain(Cow::Borrowed(""), record)],
                ..TextFields::default()
            }),
        }
    }

    /// Returns the columns that records of this format have after conversion to another format, and
    /// the indices of those that hold texts. Fields without a name in `names` get a default one.
    pub(super) fn columns(&self, names: &FieldNames) -> (Vec<String>, Vec<usize>) {
        let text = names.text.first().cloned().unwrap_or_default();
        match self {
            Self::Json(_) => texts_as_columns(names),
            Self::Csv { columns, .. } => columns.names_and_text_indices(),
            Self::Warc => {
                let columns = vec![
                    name_or(names.id.as_deref(), "id"),
                    name_or(names.url.as_deref(), "url"),
                    "date".to_owned(),
                    name_or(names.language.as_deref(), "language"),
                    text,
                ];
                (columns, vec![4])
            }
            Self::Text { .. } => (vec![name_or(names.id.as_deref(), "id"), text], vec![1]),
        }
    }

    /// Returns the values of `record` in the columns of [`RecordFormat::columns`], or `None` if it
    /// has no readable text. `number` counts the records of the input from 1; the header row of CSV
    /// has no values.
    pub(super) fn values<'r>(
        &'r self,
        number: u64,
        record: &'r [u8],
        names: &FieldNames,
    ) -> Option<Values<'r>> {
        match self {
            Self::Json(_) => texts_as_values(self.parse(number, record), names),
            Self::Csv { .. } if number == 1 => None,
            Self::Csv { columns, .. } => columns.values(std::str::from_utf8(record).ok()?),
            Self::Warc => warc::values(record),
            Self::Text { name } => Some(vec![
                Some(Cow::Borrowed(name)),
                Some(Cow::Borrowed(std::str::from_utf8(record).ok()?)),
            ]),
        }
    }

    /// Appends `record` without `cuts` to `out`. `cuts` are sorted, disjoint byte ranges of the
    /// record that encode spans of its texts.
    ///
    /// # Errors
    /// The reason, as a predicate, if the rest would not parse as a record of this format. Nothing
    /// is appended then.
    pub fn write_without(
        &self,
        record: &[u8],
        cuts: &[Range<usize>],
        out: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        let start = out.len();
        match self {
            Self::Warc => warc::write_without(record, cuts, out),
            Self::Json(_) | Self::Text { .. } => cut(record, 0..record.len(), cuts, out),
            Self::Csv { columns, .. } => {
                cut(record, 0..record.len(), cuts, out);
                if !std::str::from_utf8(&out[start..]).is_ok_and(|row| columns.can_parse(row)) {
                    out.truncate(start);
                    return Err(
                        "would no longer be a valid row after the removal, because the field is \
                         not quoted",
                    );
                }
            }
        }
        Ok(())
    }
}

/// Returns `name`, or `default` if the user gave no name for the field.
fn name_or(name: Option<&str>, default: &str) -> String {
    name.unwrap_or(default).to_owned()
}
