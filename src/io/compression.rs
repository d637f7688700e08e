//! Compressed bytes, gzip and zstd: told by name or magic, read as one stream however many members or frames it has, and
//! written as members or frames that stand alone, so that they can be made on several threads and end where a run stops.

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;
use flate2::{Compress, Crc, FlushCompress, Status};
use std::io::{self, Read};

/// How bytes are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// Gzip, of one member or several.
    Gzip,
    /// Zstandard, of one frame or several.
    Zstd,
}

impl Compression {
    /// What the first bytes say.
    #[must_use]
    pub fn of_magic(bytes: &[u8]) -> Self {
        match bytes {
            [0x1F, 0x8B, ..] => Self::Gzip,
            // A frame, or one that decoders skip.
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }

    /// What the end of a file's name says, and the name without it.
    #[must_use]
    pub fn of_name(name: &str) -> (Self, &str) {
        let known = [
            (".gz", Self::Gzip),
            (".zst", Self::Zstd),
            (".zstd", Self::Zstd),
        ];
        let ends = |end: &str| {
            name.len() > end.len() && name.is_char_boundary(name.len() - end.len()) && {
                name[name.len() - end.len()..].eq_ignore_ascii_case(end)
            }
        };
        known
            .into_iter()
            .find(|(end, _)| ends(end))
            .map_or((Self::None, name), |(end, kind)| {
                (kind, &name[..name.len() - end.len()])
            })
    }

    /// What names of such files end in.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }

    /// The bytes that were compressed. Zstandard windows above 128 MiB are refused, as decoders do.
    ///
    /// # Errors
    /// If a decoder cannot be made.
    pub fn decoder<'r>(
        self,
        reader: impl Read + Send + 'r,
    ) -> io::Result<Box<dyn Read + Send + 'r>> {
        Ok(match self {
            Self::None => Box::new(reader),
            Self::Gzip => Box::new(MultiGzDecoder::new(reader)),
            Self::Zstd => Box::new(zstd::Decoder::new(reader)?),
        })
    }
}

/// How outputs are compressed, and how hard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codec {
    /// How.
    pub compression: Compression,
    /// The codec's level.
    pub level: i32,
}

impl Codec {
    /// With the level that the codec's own command takes.
    #[must_use]
    pub fn of(compression: Compression) -> Self {
        Self {
            compression,
            level: if compression == Compression::Zstd {
                3
            } else {
                6
            },
        }
    }

    /// Reads `none`, `gzip`, `zstd`, `gzip:9` or `zstd:19`.
    ///
    /// # Errors
    /// If it is none of these.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, level) = text
            .split_once(':')
            .map_or((text, None), |(name, level)| (name, Some(level)));
        let (compression, levels) = match name {
            "none" => (Compression::None, 0..=0),
            "gzip" | "gz" => (Compression::Gzip, 1..=9),
            "zstd" | "zst" => (Compression::Zstd, 1..=22),
            _ => bail!(
                "'{text}' is no compression; write none, gzip, zstd, or one with its level such as zstd:9"
            ),
        };
        let Some(level) = level else {
            return Ok(Self::of(compression));
        };
        let level = level.parse().ok().filter(|level| levels.contains(level));
        let level = level.with_context(|| {
            format!(
                "{name} has no level '{}'; it has {} to {}",
                text,
                levels.start(),
                levels.end()
            )
        })?;
        Ok(Self { compression, level })
    }
}

/// Compresses piece after piece, each to a member or frame of its own.
pub struct Compressor {
    kind: CompressorKind,
}

enum CompressorKind {
    None,
    Gzip { deflate: Compress, level: i32 },
    Zstd(zstd::bulk::Compressor<'static>),
}

impl Compressor {
    /// A packer that is used again for each piece.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn new(packing: Codec) -> io::Result<Self> {
        let kind = match packing.compression {
            Compression::None => CompressorKind::None,
            Compression::Gzip => {
                let level = flate2::Compression::new(packing.level.unsigned_abs());
                CompressorKind::Gzip {
                    deflate: Compress::new(level, false),
                    level: packing.level,
                }
            }
            Compression::Zstd => {
                let mut compressor = zstd::bulk::Compressor::new(packing.level)?;
                compressor.include_checksum(true)?;
                CompressorKind::Zstd(compressor)
            }
        };
        Ok(Self { kind })
    }

    /// Whether pieces change at all.
    #[must_use]
    pub fn packs(&self) -> bool {
        !matches!(self.kind, CompressorKind::None)
    }

    /// A piece, compressed; what is not compressed is not copied, and of nothing comes nothing.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn packed(&mut self, piece: Vec<u8>) -> io::Result<Vec<u8>> {
        if piece.is_empty() || !self.packs() {
            return Ok(piece);
        }
        let mut packed = Vec::new();
        self.pack(&piece, &mut packed)?;
        Ok(packed)
    }

    /// Appends a piece to `out`, compressed. The same piece gives the same bytes.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn pack(&mut self, piece: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        match &mut self.kind {
            CompressorKind::None => out.extend_from_slice(piece),
            CompressorKind::Gzip { deflate, level } => {
                let hint = match level {
                    1 => 4,
                    9 => 2,
                    _ => 0,
                };
                // No name and no time; made on an unknown system.
                out.extend([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, hint, 255]);
                deflate.reset();
                loop {
                    // What the codec says of its own output at the worst.
                    out.reserve(piece.len() / 2 + 64);
                    let rest = &piece[deflate.total_in() as usize..];
                    if deflate.compress_vec(rest, out, FlushCompress::Finish)? == Status::StreamEnd
                    {
                        break;
                    }
                }
                let mut sum = Crc::new();
                sum.update(piece);
                out.extend(sum.sum().to_le_bytes());
                out.extend((piece.len() as u32).to_le_bytes());
            }
            CompressorKind::Zstd(compressor) => {
                let start = out.len();
                out.resize(start + zstd::zstd_safe::compress_bound(piece.len()), 0);
                let length = compressor.compress_to_buffer(piece, &mut out[start..])?;
                out.truncate(start + length);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_decode_as_one_stream() {
        let pieces = [
            b"one\n".repeat(1000),
            Vec::new(),
            (0..=255).collect::<Vec<u8>>().repeat(50),
        ];
        for name in ["none", "gzip", "gzip:1", "zstd:1", "zstd"] {
            let packing = Codec::parse(name).unwrap();
            let (mut packer, mut packed) = (Compressor::new(packing).unwrap(), Vec::new());
            pieces
                .iter()
                .for_each(|piece| packer.pack(piece, &mut packed).unwrap());
            assert_eq!(Compression::of_magic(&packed), packing.compression);
            let mut found = Vec::new();
            packing
                .compression
                .decoder(packed.as_slice())
                .unwrap()
                .read_to_end(&mut found)
                .unwrap();
            assert!(found == pieces.concat(), "{name}");
        }
    }

    #[test]
    fn names_tell_and_nonsense_is_refused() {
        assert_eq!(
            Compression::of_name("a.jsonl.GZ"),
            (Compression::Gzip, "a.jsonl")
        );
        assert_eq!(Compression::of_name("å.zst"), (Compression::Zstd, "å"));
        assert_eq!(Compression::of_name(".gz"), (Compression::None, ".gz"));
        for text in ["lzma", "gzip:0", "zstd:99", "none:1", "gzip:"] {
            assert!(Codec::parse(text).is_err(), "{text}");
        }
    }
}
