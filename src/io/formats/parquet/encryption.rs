//! Detection of encrypted Parquet files, which cannot be cleaned.
//!
//! A file with an encrypted footer ends with `PARE` instead of `PAR1`. If only columns are
//! encrypted, the footer is readable and looks like any other, except that it names the algorithm
//! (field 8 of `FileMetaData`). The Parquet library ignores that field, and the bytes of encrypted
//! columns would be copied without what is needed to decrypt them. So the footer, a structure in
//! Thrift's compact protocol, is walked here to look for the field.

use crate::io::fs::File;
use anyhow::{Result, bail};
use std::io::{self, Read, Seek, SeekFrom};

/// Number of the field of `FileMetaData` that names the algorithm of encryption.
const ENCRYPTION_ALGORITHM: i64 = 8;
/// Levels of nested structures up to which a footer is walked. Parquet has fewer than ten.
const MAX_DEPTH: usize = 32;
/// Bytes at the end of a file: the length of the footer, and the magic number.
const TAIL_BYTES: u64 = 8;

/// Fails if `file` is an encrypted Parquet file. A file that is not Parquet, or is damaged, passes:
/// the reader says what is wrong with it. Moves the position of `file`.
///
/// # Errors
/// If the file is encrypted or cannot be read.
pub(super) fn check_not_encrypted(mut file: &File) -> Result<()> {
    let size = file.metadata()?.len();
    let Some(tail_start) = size.checked_sub(TAIL_BYTES) else {
        return Ok(());
    };
    let mut tail = [0; TAIL_BYTES as usize];
    file.seek(SeekFrom::Start(tail_start))?;
    file.read_exact(&mut tail)?;
    let is_encrypted = match &tail {
        [_, _, _, _, b'P', b'A', b'R', b'E'] => true,
        [a, b, c, d, b'P', b'A', b'R', b'1'] => {
            let length = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
            match tail_start.checked_sub(length) {
                Some(start) => names_algorithm(&read_footer(file, start, length)?),
                None => false,
            }
        }
        _ => false,
    };
    if is_encrypted {
        bail!("is encrypted Parquet, which dechaff cannot read; write it without encryption first");
    }
    Ok(())
}

fn read_footer(mut file: &File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut footer = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take(length).read_to_end(&mut footer)?;
    Ok(footer)
}

/// Returns whether the footer of a file names an algorithm of encryption. False if it is malformed
/// before that.
fn names_algorithm(footer: &[u8]) -> bool {
    let mut walker = Walker { rest: footer };
    let mut field = 0;
    while let Some((number, kind)) = walker.next_field(field) {
        if number == ENCRYPTION_ALGORITHM {
            return true;
        }
        field = number;
        if walker.skip(kind, MAX_DEPTH).is_none() {
            return false;
        }
    }
    false
}

/// Skips values in Thrift's compact protocol. Each method returns `None` if the bytes end too early
/// or are malformed.
struct Walker<'b> {
    rest: &'b [u8],
}

impl Walker<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn skip_bytes(&mut self, count: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    /// Reads an unsigned integer of at most ten bytes with seven bits each, the lowest first.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// Reads the header of a field that follows field number `previous`, and returns its number and
    /// type. Returns `None` also at the end of the structure.
    fn next_field(&mut self, previous: i64) -> Option<(i64, u8)> {
        let byte = self.byte()?;
        let (delta, kind) = (byte >> 4, byte & 0x0F);
        if kind == 0 {
            return None;
        }
        if delta > 0 {
            return Some((previous.checked_add(i64::from(delta))?, kind));
        }
        // Zigzag encoding: the lowest bit is the sign.
        let number = self.varint()?;
        Some(((number >> 1) as i64 ^ -((number & 1) as i64), kind))
    }

    /// Skips a value of type `kind` that contains at most `depth` levels of other values.
    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            // A boolean field has its value in its type.
            1 | 2 => Some(()),
            3 => self.skip_bytes(1),
            4..=6 => self.varint().map(drop),
            7 => self.skip_bytes(8),
            8 => {
                let length = self.varint()?;
                self.skip_bytes(length)
            }
            9 | 10 => {
                let byte = self.byte()?;
                let count = match byte >> 4 {
                    15 => self.varint()?,
                    count => u64::from(count),
                };
                self.skip_elements(byte & 0x0F, count, depth)
            }
            11 => {
                let count = self.varint()?;
                if count == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                for _ in 0..count {
                    self.skip_element(kinds >> 4, depth)?;
                    self.skip_element(kinds & 0x0F, depth)?;
                }
                Some(())
            }
            12 => {
                let mut field = 0;
                loop {
                    if self.rest.first() == Some(&0) {
                        return self.skip_bytes(1);
                    }
                    let (number, kind) = self.next_field(field)?;
                    field = number;
                    self.skip(kind, depth)?;
                }
            }
            _ => None,
        }
    }

    fn skip_elements(&mut self, kind: u8, count: u64, depth: usize) -> Option<()> {
        for _ in 0..count {
            self.skip_element(kind, depth)?;
        }
        Some(())
    }

    /// Skips an element of a collection. Unlike a field, a boolean is a byte there.
    fn skip_element(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            1 | 2 => self.skip_bytes(1),
            _ => self.skip(kind, depth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_algorithm_is_found_behind_other_fields() {
        // Version 1; a list of two structures with a string and a boolean; no rows; field 8.
        let mut footer = vec![0x15, 2, 0x19, 0x2C];
        for _ in 0..2 {
            footer.extend([0x48, 2, b'a', b'b', 0x11, 0]);
        }
        footer.extend([0x16, 0]);
        assert!(!names_algorithm(&[footer.as_slice(), &[0]].concat()));
        // Three structures in each other, as for the algorithm AES_GCM_V1.
        let encrypted = [footer.as_slice(), &[0x5C, 0x1C, 0, 0, 0]].concat();
        assert!(names_algorithm(&encrypted));
        for end in 0..footer.len() {
            assert!(!names_algorithm(&footer[..end]), "{end}");
        }
    }

    #[test]
    fn malformed_footers_are_not_walked_forever() {
        assert!(!names_algorithm(&[0x1C; 4096]));
        assert!(!names_algorithm(&[
            0x19, 0xF1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01
        ]));
        assert!(!names_algorithm(&[
            0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1
        ]));
    }
}
