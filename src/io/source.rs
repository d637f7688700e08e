//! Opening of an input: decompression, detection of the format, and progress.
//!
//! An input arrives as any reader, standard input included, so its first bytes are read, inspected
//! and put back in front. Readers are stacked from the raw bytes up:
//!
//! ```text
//! file → ProgressReader → decoder → RatioLimit → head + rest
//!        counts compressed          stops decompression bombs
//!        bytes, for progress
//! ```

use super::FieldNames;
use super::compression::Compression;
use super::format::Format;
use super::formats::FirstRecords;
use super::formats::parquet::{check_supported, open_lines};
use super::fs::{self, File};
use super::live::{Cancel, LiveReader};
use anyhow::{Context, Result};
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Decompressed bytes that are read to detect the format of an input.
pub(super) const HEAD_BYTES: usize = 64 << 10;
/// Decompressed bytes up to which any ratio is accepted.
const RATIO_EXEMPT_BYTES: u64 = 1 << 30;
/// Largest accepted ratio of decompressed to compressed bytes. Gzip cannot exceed 1,032.
const MAX_RATIO: u64 = 2000;

/// An opened input.
pub struct Source<'r> {
    /// The whole decompressed content, including `head`.
    pub reader: Box<dyn Read + Send + 'r>,
    /// Compression of the input.
    pub compression: Compression,
    /// Format of the decompressed content.
    pub format: Format,
    /// First decompressed bytes: at most 64 KiB, fewer only if the content ends or is damaged
    /// there, or if it is a live stream.
    pub head: Vec<u8>,
    /// Number of compressed bytes read so far, updated while `reader` is read.
    pub consumed: Arc<AtomicU64>,
    /// Ends a wait of `reader`, if the input is a live stream.
    pub cancel: Option<Cancel>,
}

impl<'r> Source<'r> {
    /// Opens an input by reading its first bytes. The format is `format` if the user named one;
    /// otherwise it follows from the extension of `name`, and after that from the content.
    ///
    /// Damage in the first bytes is no error here: `reader` returns the bytes before it, and then
    /// the error. What precedes the damage can thus be cleaned, or passed through.
    ///
    /// # Errors
    /// If the first four bytes cannot be read, a decoder cannot be allocated, or this build does not
    /// support the format.
    pub fn new(name: &Path, reader: impl Read + Send + 'r, format: Option<Format>) -> Result<Self> {
        Self::open(name, reader, format, None)
    }

    /// Opens a live stream, as [`Source::new`] opens other inputs. It is read up to the end of its
    /// first line, and its reader returns what there is.
    ///
    /// # Errors
    /// As of [`Source::new`], and if no thread can be started.
    pub fn live(
        name: &Path,
        reader: impl Read + Send + 'static,
        format: Option<Format>,
    ) -> Result<Self> {
        let (reader, cancel) = LiveReader::new(reader).context("cannot be read")?;
        Self::open(name, reader, format, Some(cancel))
    }

    /// Opens an input, or a live stream if there is a `cancel` for it.
    fn open(
        name: &Path,
        reader: impl Read + Send + 'r,
        format: Option<Format>,
        cancel: Option<Cancel>,
    ) -> Result<Self> {
        let is_live = cancel.is_some();
        let consumed = Arc::new(AtomicU64::new(0));
        let mut reader = ProgressReader {
            reader,
            consumed: Arc::clone(&consumed),
        };
        let mut magic = Vec::new();
        read_head(&mut reader, 4, is_live, &mut magic).context("cannot be read")?;
        let compression = Compression::of_magic(&magic);
        let decoder = compression
            .decoder(Cursor::new(magic).chain(reader))
            .context("cannot be decompressed")?;
        let mut decoder: Box<dyn Read + Send + 'r> = match compression {
            Compression::None => decoder,
            _ => Box::new(RatioLimit {
                reader: decoder,
                produced: 0,
                consumed: Arc::clone(&consumed),
            }),
        };
        let mut head = Vec::new();
        let damage = read_head(&mut decoder, HEAD_BYTES as u64, is_live, &mut head).err();
        let rest: Box<dyn Read + Send + 'r> = match damage {
            None => decoder,
            Some(error) => Box::new(FailingReader(Some(error))),
        };
        let format = format
            .or_else(|| Format::from_path(name))
            .unwrap_or_else(|| Format::detect(&head, is_json_name(name)));
        if format.is_table() {
            check_supported()?;
        }
        Ok(Self {
            reader: Box::new(Cursor::new(head.clone()).chain(rest)),
            compression,
            format,
            head,
            consumed,
            cancel,
        })
    }

    /// Checks that the records have one of the fields that are to be cleaned, if their format has no
    /// header that says so. Looks at the first records, up to about `max_bytes`, and leaves them in
    /// `reader`.
    ///
    /// # Errors
    /// If none of them has one; names the fields that they have. Damage is left to `reader`.
    pub fn check_fields(&mut self, names: &FieldNames, max_bytes: usize) -> Result<()> {
        if self.format != Format::JSON_LINES {
            return Ok(());
        }
        let mut first = FirstRecords::new(names)?;
        let (mut read, mut checked) = (Vec::new(), 0);
        let (mut needs_more, mut is_at_end, mut damage) = (true, false, None);
        while needs_more && !is_at_end && read.len() < max_bytes {
            let wanted = HEAD_BYTES.max(read.len()) as u64;
            let added = self.reader.by_ref().take(wanted).read_to_end(&mut read);
            is_at_end = added
                .as_ref()
                .map_or(true, |&added| (added as u64) < wanted);
            damage = added.err();
            let is_complete = is_at_end && damage.is_none();
            while needs_more && let Some(len) = line_len(&read[checked..], is_complete) {
                needs_more = first.add(&read[checked..checked + len]);
                checked += len;
            }
        }
        let rest: Box<dyn Read + Send + 'r> = match damage {
            Some(error) => Box::new(FailingReader(Some(error))),
            None => std::mem::replace(&mut self.reader, Box::new(io::empty())),
        };
        self.reader = Box::new(Cursor::new(read).chain(rest));
        first.check()
    }

    /// Returns the input, which was opened from `path`, as a file that can be read from any
    /// position. Standard input, whose path is `-`, is copied to a temporary file.
    ///
    /// # Errors
    /// If the file cannot be opened or copied.
    pub fn into_file(mut self, path: &Path) -> Result<File> {
        if path != Path::new("-") {
            return File::open(path).context("cannot be opened");
        }
        let mut file = fs::create_unnamed().context("cannot be copied to a temporary file")?;
        io::copy(&mut self.reader, &mut file).context("cannot be copied to a temporary file")?;
        Ok(file)
    }

    /// Opens a table as JSON Lines, one line per row, to convert it to another format. Progress
    /// cannot be derived from the rows, so the whole file counts as read from the beginning.
    ///
    /// # Errors
    /// If the file is not a valid table or has a column without counterpart in JSON.
    pub fn into_lines(self, path: &Path, names: &FieldNames) -> Result<Source<'static>> {
        let file = self.into_file(path)?;
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        let lines = open_lines(file, names)?;
        let source = Source::new(Path::new("-"), lines, Some(Format::JSON_LINES))?;
        source.consumed.store(size, Ordering::Relaxed);
        Ok(source)
    }
}

/// Reads the first bytes of a reader to `head`: `max_bytes`, or fewer if it ends or fails. Of a live
/// stream, no more is waited for than the end of the first line.
fn read_head(
    reader: &mut impl Read,
    max_bytes: u64,
    is_live: bool,
    head: &mut Vec<u8>,
) -> io::Result<()> {
    let mut reader = reader.take(max_bytes);
    if !is_live {
        return reader.read_to_end(head).map(drop);
    }
    let mut bytes = [0; 8 << 10];
    while !head.contains(&b'\n') {
        match reader.read(&mut bytes)? {
            0 => break,
            read => head.extend_from_slice(&bytes[..read]),
        }
    }
    Ok(())
}

/// Returns whether `name`, without an extension of a compression, ends in `.json`. Such a file may
/// be JSON Lines or a single value, which only its content can decide.
fn is_json_name(name: &Path) -> bool {
    Compression::of_name(&name.to_string_lossy())
        .1
        .to_ascii_lowercase()
        .ends_with(".json")
}

/// Returns the length of the first line of `bytes` with its line feed, or `None` if it does not end
/// in them. Only the last line, of bytes that are complete, ends without a line feed.
fn line_len(bytes: &[u8], is_complete: bool) -> Option<usize> {
    let end = memchr::memchr(b'\n', bytes).map(|at| at + 1);
    end.or_else(|| (is_complete && !bytes.is_empty()).then_some(bytes.len()))
}

/// Counts the bytes that are read through it.
struct ProgressReader<R> {
    reader: R,
    consumed: Arc<AtomicU64>,
}

impl<R: Read> Read for ProgressReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.consumed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// A decoder that fails once its output is large and out of proportion to its input.
struct RatioLimit<R> {
    reader: R,
    produced: u64,
    consumed: Arc<AtomicU64>,
}

impl<R: Read> Read for RatioLimit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.produced += read as u64;
        if self.produced > RATIO_EXEMPT_BYTES
            && self.produced / MAX_RATIO > self.consumed.load(Ordering::Relaxed)
        {
            let reason = format!(
                "decompresses to more than {MAX_RATIO} times its size; if that is intended, \
                 decompress it first"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        Ok(read)
    }
}

/// A reader that fails with the error met while the head was read, so that damage surfaces at its
/// position.
struct FailingReader(Option<io::Error>);

impl Read for FailingReader {
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
    fn detection_consumes_no_content() {
        let text = "{\"text\": \"It rained.\"}\n".repeat(10_000);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(text.as_bytes()).unwrap();
        let compressed = gzip.finish().unwrap();
        let mut source = Source::new(Path::new("-"), compressed.as_slice(), None).unwrap();
        assert_eq!(
            (source.compression, source.format),
            (Compression::Gzip, Format::JSON_LINES)
        );
        let mut content = String::new();
        source.reader.read_to_string(&mut content).unwrap();
        assert!(content == text);
        assert_eq!(
            source.consumed.load(Ordering::Relaxed),
            compressed.len() as u64
        );
    }

    #[test]
    fn damage_and_decompression_bombs_are_errors_of_the_reader() {
        let compressed = zstd::encode_all(&b"line\n".repeat(100_000)[..], 1).unwrap();
        let mut source = Source::new(
            Path::new("a.txt.zst"),
            &compressed[..compressed.len() / 2],
            None,
        )
        .unwrap();
        assert!(io::copy(&mut source.reader, &mut io::sink()).is_err());

        let bomb = zstd::encode_all(io::repeat(b'a').take(2 << 30), 1).unwrap();
        let mut source = Source::new(Path::new("-"), bomb.as_slice(), None).unwrap();
        let error = io::copy(&mut source.reader, &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("2000 times"), "{error}");
    }
}
