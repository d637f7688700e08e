//! Parquet. A file that stays Parquet is read and written as a table (`table`, `drop`, `file`). One that is
//! converted to another format is read as JSON Lines (`lines`), and one that is made from records
//! is assembled in memory, row group by row group (`values`, `build`, `cells`).
//!
//! A build without the feature `parquet` knows the format and fails when an input or an output in
//! it is opened, always with the same message. No other module needs to know of the feature.

#[cfg(feature = "parquet")]
mod build;
#[cfg(feature = "parquet")]
mod cells;
#[cfg(feature = "parquet")]
mod drop;
#[cfg(feature = "parquet")]
mod encryption;
#[cfg(feature = "parquet")]
mod file;
#[cfg(feature = "parquet")]
mod lines;
#[cfg(feature = "parquet")]
mod table;
#[cfg(not(feature = "parquet"))]
mod unsupported;
mod values;

#[cfg(feature = "parquet")]
use build::new_assembler;
#[cfg(feature = "parquet")]
pub use lines::open_lines;
#[cfg(feature = "parquet")]
pub use table::open_table;
#[cfg(not(feature = "parquet"))]
use unsupported::new_assembler;
#[cfg(not(feature = "parquet"))]
pub use unsupported::{open_lines, open_table};

use super::{FormatSpec, Reading};
use anyhow::{Result, bail};
use values::ValueWriter;

/// Parquet.
pub static PARQUET: FormatSpec = FormatSpec {
    name: "parquet",
    extensions: &["parquet"],
    detects: begins_with_magic,
    reading: Reading::Table,
    writer: Some(|columns| Box::new(ValueWriter(columns))),
    has_columns: true,
    ..FormatSpec::EMPTY
};

/// Returns whether a file begins like Parquet. Encrypted files may begin with `PARE`; they are
/// recognized so that the message says what they are.
fn begins_with_magic(head: &[u8]) -> bool {
    head.starts_with(b"PAR1") || head.starts_with(b"PARE")
}

/// Does nothing if this build can read and write Parquet.
///
/// # Errors
/// If it cannot.
pub fn check_supported() -> Result<()> {
    if !cfg!(feature = "parquet") {
        bail!(
            "needs Parquet, which this build of dechaff does not support; build it with the \
             feature `parquet`"
        );
    }
    Ok(())
}
