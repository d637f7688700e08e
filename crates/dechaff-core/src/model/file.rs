//! The format of the model file: its header, its checksum, and a reader of little-endian numbers.
//!
//! A file starts with a header of 16 bytes:
//!
//! ```text
//! offset  size
//!      0     4  `DCLM`
//!      4     2  version of the format
//!      6     2  version of the features that the model was trained on
//!      8     8  checksum of all that follows
//! ```
//!
//! The payload begins with the hash of the names of the features. Then follow the word weights, the
//! trees, the steps of the probability, and the thresholds with their curves, each read by the type
//! that holds it. The lists of trees, steps and points start with their number, of two bytes.

use crate::error::Error;
use fnv::FnvHasher;
use std::hash::Hasher;

/// First bytes of a model file.
pub(super) const MAGIC: &[u8; 4] = b"DCLM";

/// Version of the layout of the file.
pub(super) const FORMAT: u16 = 3;

/// Reads little-endian numbers from a file in memory, from the front. Every method fails with
/// [`Error::Model`] if fewer bytes are left than it reads.
pub(crate) struct Reader<'f> {
    rest: &'f [u8],
}

impl<'f> Reader<'f> {
    pub(crate) fn new(file: &'f [u8]) -> Self {
        Self { rest: file }
    }

    /// Reads `count` bytes without copying them. After an error the position is unchanged.
    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'f [u8], Error> {
        let (bytes, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| Error::Model("the file ends too early".to_owned()))?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Returns all bytes that were not read yet, which may be none, and ends reading.
    pub(crate) fn rest(self) -> &'f [u8] {
        self.rest
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut number = [0; N];
        number.copy_from_slice(self.bytes(N)?);
        Ok(number)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Error> {
        self.number().map(u16::from_le_bytes)
    }

    pub(crate) fn i16(&mut self) -> Result<i16, Error> {
        self.number().map(i16::from_le_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Error> {
        self.number().map(i32::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        self.number().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Error> {
        self.number().map(u64::from_le_bytes)
    }
}

/// Reads the header of a model file and returns a reader of its payload. The file must start with
/// `magic`, have this `format`, and be trained on `features` of this version.
///
/// # Errors
/// [`Error::Model`] if it is another file, is damaged, or has another version.
pub(crate) fn open_file(
    file: &[u8],
    magic: [u8; 4],
    format: u16,
    features: u16,
) -> Result<Reader<'_>, Error> {
    let mut header = Reader::new(file);
    if header.bytes(4)? != magic {
        return Err(Error::Model("it is not a model file of dechaff".to_owned()));
    }
    let (own_format, own_features) = (header.u16()?, header.u16()?);
    if own_format != format {
        return Err(Error::Model(format!(
            "its format has version {own_format}, but this dechaff reads version {format}"
        )));
    }
    let expected = header.u64()?;
    let payload = header.rest();
    if checksum(payload) != expected {
        return Err(Error::Model(
            "the file is damaged: its checksum differs".to_owned(),
        ));
    }
    if own_features != features {
        return Err(Error::Model(format!(
            "it was trained on features of version {own_features}, but this dechaff computes \
             version {features}"
        )));
    }
    Ok(Reader::new(payload))
}

/// Returns the checksum of `bytes` in a model file: their 64-bit FNV-1a hash. It detects damage,
/// not forgery. The header holds the one of the payload, and the payload that of the feature names.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = FnvHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_little_endian_and_must_be_complete() {
        let mut reader = Reader::new(&[1, 2, 0xFF, 0xFF, 3]);
        assert_eq!(reader.u16().unwrap(), 0x0201);
        assert_eq!(reader.i16().unwrap(), -1);
        assert!(reader.u16().is_err());
        assert_eq!(reader.rest(), [3]);
    }

    #[test]
    fn checksum_is_fnv_1a() {
        assert_eq!(checksum(b""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(checksum(b"a"), 0xAF63_DC4C_8601_EC8C);
    }
}
