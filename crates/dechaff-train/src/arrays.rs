//! Arrays as numpy reads them: files of little-endian numbers without a header. Their types and
//! shapes are in a JSON file beside them: `numpy.fromfile(path, type).reshape(shape)`.

use anyhow::Result;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A number that can be an element of an array.
pub trait Element: Copy {
    /// Type of the element in numpy's notation, such as `<i2`.
    const TYPE: &'static str;

    /// Appends the bytes of the number to `bytes`, the least significant first, on all platforms.
    fn append_to(self, bytes: &mut Vec<u8>);
}

macro_rules! elements {
    ($($type:ty = $name:literal),+) => {
        $(impl Element for $type {
            const TYPE: &'static str = $name;

            fn append_to(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }
        })+
    };
}

elements!(
    i16 = "<i2",
    i32 = "<i4",
    i64 = "<i8",
    u16 = "<u2",
    u32 = "<u4",
    u64 = "<u8"
);

/// Writes `numbers` to the file `NAME.bin` in `directory`, which must exist. Returns a JSON object
/// with the type and the shape of the array: rows of `columns` numbers, or one dimension if
/// `columns` is 0.
///
/// # Errors
/// If the file cannot be written, for example because the disk is full.
pub fn write_array<E: Element>(
    directory: &Path,
    name: &str,
    numbers: &[E],
    columns: usize,
) -> Result<Value> {
    let mut bytes = Vec::with_capacity(size_of_val(numbers));
    numbers
        .iter()
        .for_each(|number| number.append_to(&mut bytes));
    fs::write(directory.join(format!("{name}.bin")), bytes)?;
    let shape = match numbers.len().checked_div(columns) {
        Some(rows) => json!([rows, columns]),
        None => json!([numbers.len()]),
    };
    Ok(json!({ "type": E::TYPE, "shape": shape }))
}
