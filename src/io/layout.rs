//! One face for all formats of records: how a stream is cut into records, which texts a record holds, and what it is when
//! spans of these are cut out.

use super::batch::Framing;
use super::csv::{Columns, Quotes};
use super::format::Format;
use super::json::Keys;
use super::record::Reading;
use super::{Names, warc};
use anyhow::{Result, bail};
use std::ops::Range;

/// How records hold texts.
#[derive(Clone, Debug)]
pub enum Layout {
    /// JSON Lines.
    Json(Keys),
    /// CSV and TSV.
    Csv {
        /// Which columns there are.
        columns: Columns,
        /// What stands between fields.
        delimiter: u8,
    },
    /// WARC.
    Warc,
}

impl Layout {
    /// For a format of records, the first bytes of a file, and the names of fields.
    ///
    /// # Errors
    /// If the file has no such field at all, or the format has no records.
    pub fn new(format: Format, head: &[u8], names: &Names) -> Result<Self> {
        Ok(match format {
            Format::JsonLines => Self::Json(Keys::new(names)?),
            Format::Csv { delimiter } => Self::Csv { columns: Columns::new(head, delimiter, names)?, delimiter },
            Format::Warc => Self::Warc,
            Format::Text | Format::OtherJson | Format::Parquet => bail!("has no records that can be read one by one"),
        })
    }

    /// Where records end.
    #[must_use]
    pub fn framing(&self) -> Framing {
        match self {
            Self::Json(_) => Framing::Lines,
            Self::Csv { delimiter, .. } => Framing::Csv(Quotes::new(*delimiter)),
            Self::Warc => Framing::Warc { left: 0 },
        }
    }

    /// Whether each record is compressed by itself, so that readers can go straight to one.
    #[must_use]
    pub fn packs_records(&self) -> bool {
        matches!(self, Self::Warc)
    }

    /// Finds the texts of a record. The first one of a file has the number 1.
    #[must_use]
    pub fn read<'r>(&'r self, number: u64, record: &'r [u8]) -> Reading<'r> {
        if let Self::Warc = self {
            return warc::read(record);
        }
        let record = match simdutf8::compat::from_utf8(record) {
            Ok(record) => record,
            Err(error) => return Reading::Damaged(format!("is not valid UTF-8 at byte {}", error.valid_up_to())),
        };
        match self {
            Self::Json(keys) => keys.read(record),
            Self::Csv { .. } if number == 1 => Reading::Other,
            Self::Csv { columns, .. } => columns.read(record),
            Self::Warc => Reading::Other,
        }
    }

    /// Appends a record without ranges of its bytes, which are disjoint and in order and spell spans of its texts. Gives
    /// the reason if what is left could not be read as what it is; nothing is appended then.
    ///
    /// # Errors
    /// That reason.
    pub fn write(&self, record: &[u8], cuts: &[Range<usize>], out: &mut Vec<u8>) -> Result<(), &'static str> {
        let start = out.len();
        match self {
            Self::Warc => warc::write(record, cuts, out),
            Self::Json(_) => cut(record, 0..record.len(), cuts, out),
            Self::Csv { columns, .. } => {
                cut(record, 0..record.len(), cuts, out);
                if !std::str::from_utf8(&out[start..]).is_ok_and(|row| columns.holds(row)) {
                    out.truncate(start);
                    return Err("would read otherwise without what was found in it, as the field has no quotes");
                }
            }
        }
        Ok(())
    }
}

/// Appends a part of some bytes less ranges, which are disjoint and in order.
pub fn cut(bytes: &[u8], part: Range<usize>, cuts: &[Range<usize>], out: &mut Vec<u8>) {
    let mut at = part.start;
    for range in cuts {
        out.extend_from_slice(&bytes[at..range.start]);
        at = range.end;
    }
    out.extend_from_slice(&bytes[at..part.end]);
}
