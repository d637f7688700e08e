//! Arrays in numpy's format (NEP 1, version 1.0), written only: what training reads.

use anyhow::Result;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// A number that numpy knows.
pub trait Number: Copy {
    /// Its type as numpy writes it.
    const TYPE: &'static str;
    /// Its bytes, the lowest first.
    fn put(self, to: &mut Vec<u8>);
}

macro_rules! numbers {
    ($($type:ty = $name:literal),+) => {
        $(impl Number for $type {
            const TYPE: &'static str = $name;

            fn put(self, to: &mut Vec<u8>) {
                to.extend(self.to_le_bytes());
            }
        })+
    };
}

numbers!(i16 = "<i2", i32 = "<i4", u32 = "<u4", u64 = "<u8");

/// Writes numbers as an array with rows of `columns`, or as a plain list if that is 0.
///
/// # Errors
/// If the file cannot be written.
pub fn write_npy<N: Number>(path: &Path, numbers: &[N], columns: usize) -> Result<()> {
    let shape = numbers
        .len()
        .checked_div(columns)
        .map_or(format!("({},)", numbers.len()), |rows| {
            format!("({rows}, {columns})")
        });
    let mut header = format!(
        "{{'descr': '{}', 'fortran_order': False, 'shape': {shape}, }}",
        N::TYPE
    );
    // The header ends in a line feed at a multiple of 64 bytes.
    header.push_str(&" ".repeat(63 - (10 + header.len()) % 64));
    header.push('\n');
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"\x93NUMPY\x01\x00")?;
    file.write_all(&(header.len() as u16).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    let mut bytes = Vec::with_capacity(1 << 16);
    for chunk in numbers.chunks(1 << 12) {
        bytes.clear();
        chunk.iter().for_each(|number| number.put(&mut bytes));
        file.write_all(&bytes)?;
    }
    Ok(file.into_inner()?.sync_all()?)
}
