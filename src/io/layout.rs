//! One face for all formats of records: how a stream is cut into records, which texts a record holds, and what it is when
//! spans of these are cut out.

use super::batch::Framing;
use super::csv::{Columns, RowScanner};
use super::format::Format;
use super::json::KeyTree;
use super::record::{Field, Parsed, TextFields, Values, cut, texts_as_columns, texts_as_values};
use super::{FieldNames, warc};
use anyhow::{Result, bail};
use std::borrow::Cow;
use std::ops::Range;

/// How records hold texts.
#[derive(Clone, Debug)]
pub enum RecordFormat {
    /// JSON Lines.
    Json(KeyTree),
    /// CSV and TSV.
    Csv {
        /// Which columns there are.
        columns: Columns,
        /// What stands between fields.
        delimiter: u8,
    },
    /// WARC.
    Warc,
    /// All is one text.
    Text {
        /// What it is called.
        name: String,
    },
}

impl RecordFormat {
    /// For the format, the first bytes and the name of a file, and the names of fields. A text is one record.
    ///
    /// # Errors
    /// If the file has no such field at all, or the format has no records.
    pub fn new(format: Format, head: &[u8], file: &str, names: &FieldNames) -> Result<Self> {
        Ok(match format {
            Format::JsonLines => Self::Json(KeyTree::new(names)?),
            Format::Csv { delimiter } => Self::Csv {
                columns: Columns::new(head, delimiter, names)?,
                delimiter,
            },
            Format::Warc => Self::Warc,
            Format::Text => Self::Text {
                name: file.to_owned(),
            },
            Format::OtherJson | Format::Parquet => {
                bail!("has no records that can be read one by one")
            }
        })
    }

    /// Where records end.
    #[must_use]
    pub fn framing(&self) -> Framing {
        match self {
            Self::Json(_) => Framing::Lines,
            Self::Csv { delimiter, .. } => Framing::Csv(RowScanner::new(*delimiter)),
            Self::Warc => Framing::Warc { remaining: 0 },
            Self::Text { .. } => Framing::Whole,
        }
    }

    /// Whether each record is compressed by itself, so that readers can go straight to one.
    #[must_use]
    pub fn packs_records(&self) -> bool {
        matches!(self, Self::Warc)
    }

    /// Finds the texts of a record. The first one of a file has the number 1.
    #[must_use]
    pub fn read<'r>(&'r self, number: u64, record: &'r [u8]) -> Parsed<'r> {
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
            Self::Text { .. } => {
                let fields = vec![Field::plain(Cow::Borrowed(""), record)];
                Parsed::Texts(TextFields {
                    fields,
                    ..TextFields::default()
                })
            }
        }
    }

    /// The names of the columns of records in another format, and which of them hold texts.
    pub(super) fn columns(&self, names: &FieldNames) -> (Vec<String>, Vec<usize>) {
        let text = || names.text.first().cloned().unwrap_or_default();
        let or =
            |name: &Option<String>, word: &str| name.clone().unwrap_or_else(|| word.to_owned());
        match self {
            Self::Json(_) => texts_as_columns(names),
            Self::Csv { columns, .. } => columns.names_and_text_indices(),
            Self::Warc => {
                let language = or(&names.language, "language");
                (
                    vec![
                        or(&names.id, "id"),
                        or(&names.url, "url"),
                        "date".to_owned(),
                        language,
                        text(),
                    ],
                    vec![4],
                )
            }
            Self::Text { .. } => (vec![or(&names.id, "id"), text()], vec![1]),
        }
    }

    /// The values of a record in these columns; none if it holds no text that can be read.
    pub(super) fn values<'r>(
        &'r self,
        number: u64,
        record: &'r [u8],
        names: &FieldNames,
    ) -> Option<Values<'r>> {
        match self {
            Self::Json(_) => texts_as_values(self.read(number, record), names),
            // The line of names is none.
            Self::Csv { .. } if number == 1 => None,
            Self::Csv { columns, .. } => columns.values(std::str::from_utf8(record).ok()?),
            Self::Warc => warc::values(record),
            Self::Text { name } => Some(vec![
                Some(Cow::Borrowed(name)),
                Some(Cow::Borrowed(std::str::from_utf8(record).ok()?)),
            ]),
        }
    }

    /// Appends a record without ranges of its bytes, which are disjoint and in order and spell spans of its texts. Gives
    /// the reason if what is left could not be read as what it is; nothing is appended then.
    ///
    /// # Errors
    /// That reason.
    pub fn write(
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
                        "would read otherwise without what was found in it, as the field has no quotes",
                    );
                }
            }
        }
        Ok(())
    }
}
