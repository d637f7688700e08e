//! Writing of arrays in numpy's NPY format (version 1.0), which the training scripts read.

use anyhow::Result;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Numbers converted per write.
const BLOCK: usize = 1 << 12;

/// An integer type with a counterpart in numpy.
pub trait Number: Copy {
    /// Numpy's type descriptor, such as `<i4`.
    const DESCRIPTOR: &'static str;
    /// Appends the number to `out` in little-endian order, which `<` in the descriptor denotes.
    fn append_le(self, out: &mut Vec<u8>);
}

macro_rules! impl_number {
    ($($type:ty = $descriptor:literal),+) => {
        $(impl Number for $type {
            const DESCRIPTOR: &'static str = $descriptor;

            fn append_le(self, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }
        })+
    };
}

impl_number!(i16 = "<i2", i32 = "<i4", u32 = "<u4", u64 = "<u8");

/// Writes `numbers` to a new file at `path` and syncs it. The array has rows of `columns` numbers,
/// or a single dimension if `columns` is 0. An existing file is overwritten in place.
///
/// # Errors
/// If the file cannot be created or written.
pub fn write_npy<N: Number>(path: &Path, numbers: &[N], columns: usize) -> Result<()> {
    let shape = numbers
        .len()
        .checked_div(columns)
        .map_or(format!("({},)", numbers.len()), |rows| {
            format!("({rows}, {columns})")
        });
    let mut header = format!(
        "{{'descr': '{}', 'fortran_order': False, 'shape': {shape}, }}",
        N::DESCRIPTOR
    );
    // The format asks for data aligned to 64 bytes: the magic and the length take 10 bytes, and
    // spaces and a line feed fill the rest.
    header.push_str(&" ".repeat(63 - (10 + header.len()) % 64));
    header.push('\n');
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"\x93NUMPY\x01\x00")?;
    file.write_all(&(header.len() as u16).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    let mut bytes = Vec::with_capacity(BLOCK * size_of::<N>());
    for block in numbers.chunks(BLOCK) {
        bytes.clear();
        block.iter().for_each(|number| number.append_le(&mut bytes));
        file.write_all(&bytes)?;
    }
    Ok(file.into_inner()?.sync_all()?)
}
