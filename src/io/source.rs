//! An opened input: decompressed, its format told, and its bytes counted as they come off the disk.

use super::compression::Compression;
use super::format::Format;
use anyhow::{Context, Result};
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// So much is looked at to tell a format.
const HEAD: u64 = 64 << 10;
/// An input that grows to so much is no bomb yet ...
const BOMB_BYTES: u64 = 1 << 30;
/// ... and none while it has at most so many bytes for each compressed one. Gzip cannot do more than 1,032.
const BOMB_RATIO: u64 = 2000;

/// An opened input.
pub struct Source<'r> {
    /// Its bytes, decompressed.
    pub reader: Box<dyn Read + Send + 'r>,
    /// How it is compressed.
    pub compression: Compression,
    /// Its format.
    pub format: Format,
    /// Its first bytes, decompressed, which the reader gives too.
    pub head: Vec<u8>,
    /// How many of its bytes, compressed as they are, have been read.
    pub consumed: Arc<AtomicU64>,
}

impl<'r> Source<'r> {
    /// Looks at the first bytes of an input. `format` is what the user says it has.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn new(name: &Path, reader: impl Read + Send + 'r, format: Option<Format>) -> Result<Self> {
        let consumed = Arc::new(AtomicU64::new(0));
        let mut reader = Counted {
            reader,
            count: Arc::clone(&consumed),
        };
        let magic = take(&mut reader, 4).context("cannot be read")?;
        let compression = Compression::of_magic(&magic);
        let whole = Cursor::new(magic).chain(reader);
        let decoder = compression
            .decoder(whole)
            .context("cannot be decompressed")?;
        let mut decoder: Box<dyn Read + Send + 'r> = match compression {
            Compression::None => decoder,
            _ => Box::new(Limited {
                reader: decoder,
                made: 0,
                consumed: Arc::clone(&consumed),
            }),
        };
        let (head, damage) = take_some(&mut decoder, HEAD);
        let is_json = name
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
            || Compression::of_name(&name.to_string_lossy())
                .1
                .to_ascii_lowercase()
                .ends_with(".json");
        let format = format
            .or_else(|| Format::from_path(name))
            .unwrap_or_else(|| Format::detect(&head, is_json));
        // Damage is met where it is: after what could be read.
        let rest: Box<dyn Read + Send + 'r> = match damage {
            None => decoder,
            Some(error) => Box::new(Damaged(Some(error))),
        };
        Ok(Self {
            reader: Box::new(Cursor::new(head.clone()).chain(rest)),
            compression,
            format,
            head,
            consumed,
        })
    }
}

fn take(reader: &mut impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What can be read of the first bytes, and what went wrong after them.
fn take_some(reader: &mut impl Read, most: u64) -> (Vec<u8>, Option<io::Error>) {
    let mut bytes = Vec::new();
    let error = reader.take(most).read_to_end(&mut bytes).err();
    (bytes, error)
}

struct Counted<R> {
    reader: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Stops at what grows out of all proportion.
struct Limited<R> {
    reader: R,
    made: u64,
    consumed: Arc<AtomicU64>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.made += read as u64;
        if self.made > BOMB_BYTES && self.made / BOMB_RATIO > self.consumed.load(Ordering::Relaxed)
        {
            let reason = format!(
                "grows to more than {BOMB_RATIO} times its size; decompress it first if that is meant"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        Ok(read)
    }
}

struct Damaged(Option<io::Error>);

impl Read for Damaged {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self
            .0
            .take()
            .unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn an_input_is_told_and_still_read_whole() {
        let text = "{\"text\": \"It rained.\"}\n".repeat(10_000);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(text.as_bytes()).unwrap();
        let packed = gzip.finish().unwrap();
        let mut source = Source::new(Path::new("-"), packed.as_slice(), None).unwrap();
        assert_eq!(
            (source.compression, source.format),
            (Compression::Gzip, Format::JsonLines)
        );
        let mut found = String::new();
        source.reader.read_to_string(&mut found).unwrap();
        assert!(found == text);
        assert_eq!(source.consumed.load(Ordering::Relaxed), packed.len() as u64);
    }

    #[test]
    fn damage_comes_after_what_is_whole_and_a_bomb_is_stopped() {
        let packed = zstd::encode_all(&b"line\n".repeat(100_000)[..], 1).unwrap();
        let mut source =
            Source::new(Path::new("a.txt.zst"), &packed[..packed.len() / 2], None).unwrap();
        assert!(io::copy(&mut source.reader, &mut io::sink()).is_err());

        let bomb = zstd::encode_all(io::repeat(b'a').take(2 << 30), 1).unwrap();
        let mut source = Source::new(Path::new("-"), bomb.as_slice(), None).unwrap();
        let error = io::copy(&mut source.reader, &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("2000 times"), "{error}");
    }
}
