//! Gzip and Zstandard: detection, decoding, and encoding.
//!
//! Both formats allow concatenation: a gzip file is a sequence of members, a Zstandard file one of
//! frames. Decoders here read all of them as one stream. [`Compressor`] writes each chunk as a
//! complete member or frame. Several threads can therefore compress chunks of one output, an
//! interrupted output can be extended, and each record of a WARC file can have its own member.

use anyhow::{Context, Result, bail};
use flate2::bufread::GzDecoder;
use flate2::{Compress, Crc, FlushCompress, Status};
use std::io::{self, BufRead, BufReader, Read};

/// A compression format of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Uncompressed.
    #[default]
    None,
    /// Gzip, of one or more members.
    Gzip,
    /// Zstandard, of one or more frames.
    Zstd,
}

impl Compression {
    /// Detects the format by the first bytes of a file, of which four are enough. Returns
    /// [`Compression::None`] if they are neither gzip nor Zstandard, or too few.
    #[must_use]
    pub fn of_magic(bytes: &[u8]) -> Self {
        match bytes {
            [0x1F, 0x8B, ..] => Self::Gzip,
            // A frame, or a skippable frame before it.
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }

    /// Detects the format by the extension of `name`, ignoring case, and returns it with the name
    /// without that extension. A name that consists of an extension alone counts as uncompressed.
    #[must_use]
    pub fn of_name(name: &str) -> (Self, &str) {
        [
            (".gz", Self::Gzip),
            (".zst", Self::Zstd),
            (".zstd", Self::Zstd),
        ]
        .into_iter()
        .find_map(|(extension, compression)| {
            let (stem, end) = name.split_at_checked(name.len().checked_sub(extension.len())?)?;
            (!stem.is_empty() && end.eq_ignore_ascii_case(extension)).then_some((compression, stem))
        })
        .unwrap_or((Self::None, name))
    }

    /// Returns the extension, with its dot, that outputs in this format get; empty for uncompressed
    /// ones.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }

    /// Wraps `reader` in a decoder for this format, which reads all members or frames. Zstandard
    /// frames with windows above 128 MiB fail while they are read, so that a small input cannot
    /// claim gigabytes of memory.
    ///
    /// # Errors
    /// If a decoder cannot be allocated.
    pub fn decoder<'r>(
        self,
        reader: impl Read + Send + 'r,
    ) -> io::Result<Box<dyn Read + Send + 'r>> {
        Ok(match self {
            Self::None => Box::new(reader),
            Self::Gzip => Box::new(WholeReader(GzipMembers::new(reader))),
            Self::Zstd => Box::new(WholeReader(zstd::Decoder::new(reader)?)),
        })
    }
}

/// Decompresses gzip members one after the other. Zeros between and behind them are skipped, with
/// which some tools pad files.
struct GzipMembers<R: Read> {
    /// The decoder of the current member; `None` behind the last.
    member: Option<GzDecoder<BufReader<R>>>,
}

impl<R: Read> GzipMembers<R> {
    fn new(reader: R) -> Self {
        Self {
            member: Some(GzDecoder::new(BufReader::new(reader))),
        }
    }
}

impl<R: Read> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let reader = member.get_mut();
            let is_last = loop {
                let bytes = reader.fill_buf()?;
                let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
                if zeros == 0 {
                    break bytes.is_empty();
                }
                reader.consume(zeros);
            };
            let ended = self.member.take().filter(|_| !is_last);
            self.member = ended.map(|member| GzDecoder::new(member.into_inner()));
        }
        Ok(0)
    }
}

/// A decoder that says so if its input ends too early.
struct WholeReader<R>(R);

impl<R: Read> Read for WholeReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the compressed data ends too early; the file is truncated",
            ),
            _ => error,
        })
    }
}

/// A compression format for outputs, with its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codec {
    /// Format of the output.
    pub compression: Compression,
    /// Level on the format's scale: 1 to 9 for gzip, 1 to 22 for Zstandard. Unused without
    /// compression.
    pub level: i32,
}

impl Codec {
    /// Returns the codec with the default level of the `gzip` and `zstd` commands: 6 and 3.
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

    /// Parses the value of `--compress`: `none`, `gzip` or `zstd`, or one of the last two with a
    /// level, such as `gzip:9` or `zstd:19`. `gz` and `zst` are accepted, too.
    ///
    /// # Errors
    /// If the name is unknown, or the level is not a number in the format's range.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, level) = text
            .split_once(':')
            .map_or((text, None), |(name, level)| (name, Some(level)));
        let (compression, levels) = match name {
            "none" => (Compression::None, 0..=0),
            "gzip" | "gz" => (Compression::Gzip, 1..=9),
            "zstd" | "zst" => (Compression::Zstd, 1..=22),
            _ => bail!(
                "'{text}' is not a supported compression; use none, gzip, zstd, or one with a \
                 level such as zstd:9"
            ),
        };
        let Some(level) = level else {
            return Ok(Self::of(compression));
        };
        let level = level.parse().ok().filter(|level| levels.contains(level));
        let level = level.with_context(|| {
            format!(
                "'{text}' has no valid level; {name} has the levels {} to {}",
                levels.start(),
                levels.end()
            )
        })?;
        Ok(Self { compression, level })
    }
}

/// Compresses chunks of an output, each to a complete gzip member or Zstandard frame. It keeps its
/// tables between chunks; each thread has its own.
pub struct Compressor {
    encoder: Encoder,
}

enum Encoder {
    None,
    /// Raw deflate, as [`Compressor`] writes the header and trailer of a member itself.
    Gzip {
        deflate: Compress,
        level: i32,
    },
    Zstd(zstd::bulk::Compressor<'static>),
}

impl Compressor {
    /// Creates a compressor for any number of chunks. Zstandard frames get a checksum of their
    /// content; gzip members always have one.
    ///
    /// # Errors
    /// If the encoder cannot be allocated.
    pub fn new(codec: Codec) -> io::Result<Self> {
        let encoder = match codec.compression {
            Compression::None => Encoder::None,
            Compression::Gzip => {
                let level = flate2::Compression::new(codec.level.unsigned_abs());
                Encoder::Gzip {
                    deflate: Compress::new(level, false),
                    level: codec.level,
                }
            }
            Compression::Zstd => {
                let mut compressor = zstd::bulk::Compressor::new(codec.level)?;
                compressor.include_checksum(true)?;
                Encoder::Zstd(compressor)
            }
        };
        Ok(Self { encoder })
    }

    /// Returns whether this changes chunks at all; false for [`Compression::None`].
    #[must_use]
    pub fn compresses(&self) -> bool {
        !matches!(self.encoder, Encoder::None)
    }

    /// Returns `chunk` compressed. Without compression it is returned as it is, without a copy. An
    /// empty chunk stays empty: it adds no empty member or frame to the output.
    ///
    /// # Errors
    /// If the encoder fails.
    pub fn compress(&mut self, chunk: Vec<u8>) -> io::Result<Vec<u8>> {
        if chunk.is_empty() || !self.compresses() {
            return Ok(chunk);
        }
        let mut compressed = Vec::new();
        self.compress_into(&chunk, &mut compressed)?;
        Ok(compressed)
    }

    /// Appends `chunk` to `out` as one member or frame, even if it is empty. Equal chunks give
    /// equal bytes, whichever chunks were compressed before.
    ///
    /// # Errors
    /// If the encoder fails.
    pub fn compress_into(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        match &mut self.encoder {
            Encoder::None => out.extend_from_slice(chunk),
            Encoder::Gzip { deflate, level } => append_member(deflate, *level, chunk, out)?,
            Encoder::Zstd(compressor) => {
                let start = out.len();
                out.resize(start + zstd::zstd_safe::compress_bound(chunk.len()), 0);
                let length = compressor.compress_to_buffer(chunk, &mut out[start..])?;
                out.truncate(start + length);
            }
        }
        Ok(())
    }
}

/// Appends `chunk` to `out` as a gzip member (RFC 1952) without name or time. flate2's own encoder
/// allocates its tables per member, which is slow for the short records of a WARC file; `deflate`
/// is reset and used again.
fn append_member(
    deflate: &mut Compress,
    level: i32,
    chunk: &[u8],
    out: &mut Vec<u8>,
) -> io::Result<()> {
    let extra_flags = match level {
        1 => 4,
        9 => 2,
        _ => 0,
    };
    // Magic, method, flags, four bytes of time, extra flags, and 255 for an unknown system.
    out.extend([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, extra_flags, 255]);
    deflate.reset();
    loop {
        // `compress_vec` writes only to spare capacity. Half of the input is usually enough at
        // once.
        out.reserve(chunk.len() / 2 + 64);
        let rest = &chunk[deflate.total_in() as usize..];
        if deflate.compress_vec(rest, out, FlushCompress::Finish)? == Status::StreamEnd {
            break;
        }
    }
    let mut crc = Crc::new();
    crc.update(chunk);
    out.extend(crc.sum().to_le_bytes());
    out.extend((chunk.len() as u32).to_le_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_chunks_decode_as_one_stream() {
        let chunks = [
            b"one\n".repeat(1000),
            Vec::new(),
            (0..=255).collect::<Vec<u8>>().repeat(50),
        ];
        for name in ["none", "gzip", "gzip:1", "zstd:1", "zstd"] {
            let codec = Codec::parse(name).unwrap();
            let (mut compressor, mut compressed) = (Compressor::new(codec).unwrap(), Vec::new());
            for chunk in &chunks {
                compressor.compress_into(chunk, &mut compressed).unwrap();
            }
            assert_eq!(Compression::of_magic(&compressed), codec.compression);
            let mut decoded = Vec::new();
            codec
                .compression
                .decoder(compressed.as_slice())
                .unwrap()
                .read_to_end(&mut decoded)
                .unwrap();
            assert!(decoded == chunks.concat(), "{name}");
        }
    }

    #[test]
    fn zeros_behind_gzip_members_are_skipped() {
        let codec = Codec::parse("gzip").unwrap();
        let (mut compressor, mut member) = (Compressor::new(codec).unwrap(), Vec::new());
        compressor.compress_into(b"one\n", &mut member).unwrap();
        let read = |bytes: &[u8]| {
            let mut decoded = String::new();
            let mut decoder = Compression::Gzip.decoder(bytes)?;
            decoder.read_to_string(&mut decoded).map(|_| decoded)
        };
        let padded = [&member[..], &[0; 10_000], &member, &[0]].concat();
        assert_eq!(read(&padded).unwrap(), "one\none\n");
        let other = [&member[..], b"\0\0 no member of a gzip file"].concat();
        assert!(
            read(&other)
                .unwrap_err()
                .to_string()
                .contains("gzip header")
        );
        for length in [5, 12, member.len() - 3] {
            let error = read(&member[..length]).unwrap_err().to_string();
            assert!(error.contains("truncated"), "{length}: {error}");
        }
    }

    #[test]
    fn extensions_are_recognized_in_any_case() {
        assert_eq!(
            Compression::of_name("a.jsonl.GZ"),
            (Compression::Gzip, "a.jsonl")
        );
        assert_eq!(Compression::of_name("å.zst"), (Compression::Zstd, "å"));
        assert_eq!(Compression::of_name("zå"), (Compression::None, "zå"));
        assert_eq!(Compression::of_name(".gz"), (Compression::None, ".gz"));
    }

    #[test]
    fn unknown_names_and_levels_are_rejected() {
        for text in ["lzma", "gzip:0", "zstd:99", "none:1", "gzip:"] {
            assert!(Codec::parse(text).is_err(), "{text}");
        }
    }
}
