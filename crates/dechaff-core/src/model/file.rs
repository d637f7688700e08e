//! The model file: its header, its checksum, and a reader of little-endian numbers.

use crate::error::Error;

/// First bytes of a model file.
pub(super) const MAGIC: &[u8; 4] = b"DCLM";

/// Version of the layout of the file.
pub(super) const FORMAT: u16 = 2;

/// Reads little-endian numbers from a file in memory.
pub(super) struct Reader<'f> {
    rest: &'f [u8],
}

impl<'f> Reader<'f> {
    pub(super) fn new(rest: &'f [u8]) -> Self {
        Self { rest }
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'f [u8], Error> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| Error::Model("it ends too early".to_owned()))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn rest(self) -> &'f [u8] {
        self.rest
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut number = [0; N];
        number.copy_from_slice(self.bytes(N)?);
        Ok(number)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Error> {
        self.number().map(u16::from_le_bytes)
    }

    pub(super) fn i16(&mut self) -> Result<i16, Error> {
        self.number().map(i16::from_le_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, Error> {
        self.number().map(i32::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        self.number().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Error> {
        self.number().map(u64::from_le_bytes)
    }
}

/// The hash FNV-1a with 64 bits.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}
