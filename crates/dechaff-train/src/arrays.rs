//! Arrays as numpy reads them: files of little-endian numbers, with types and shapes in a JSON file beside them
//! (`numpy.fromfile(path, type).reshape(shape)`).

use anyhow::Result;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A number that can be an element of an array.
pub trait Element: Copy {
    /// Type of the element in numpy's notation.
    const TYPE: &'static str;

    /// Appends the bytes of the number, the lowest first.
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

elements!(i16 = "<i2", i32 = "<i4", u32 = "<u4", u64 = "<u8");

/// Writes `numbers` to `DIRECTORY/NAME.bin`. Returns the type and the shape, with rows of `columns` numbers, or with one
/// dimension if `columns` is 0.
///
/// # Errors
/// If the file cannot be written.
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
