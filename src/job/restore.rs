//! Restores sources from cleaned files and their removal records. A source is put together from
//! the bytes that were kept, in the cleaned file, and the removed ones, in the record, each at the
//! offset that the record says. Files are restored in chunks, so memory does not grow with them.

use super::root::Root;
use super::tables::restore_table;
use crate::io::{
    Batches, Codec, Compressor, FieldNames, FileId, PartialFile, Permissions, RecordInput,
    RestoreRecord, Source, Start,
};
use crate::report::{Record, read_records};
use anyhow::{Context, Result, bail};
use rustc_hash::FxHashMap;
use std::fs::{self, File};
use std::io::{BufReader, Read, Seek};
use std::iter::Peekable;
use std::path::Path;

/// Bytes that are collected before they are compressed and written.
const CHUNK: usize = 1 << 20;

/// The text columns of each table in a record, by the path of the file.
type Columns = FxHashMap<String, Vec<String>>;

/// Restores the file `cleaned`, or standard input if it is `-`, and passes the bytes of the source
/// to `write`, compressed as the cleaned file is. `path` is the name of the file in the removal
/// record. Without it, the record must name one file only, or `cleaned`, or exactly one file with
/// the same file name.
///
/// # Errors
/// If a file cannot be read, the record names several files and none of them is meant, the record
/// does not fit the cleaned file, or `write` fails.
pub fn restore_one(
    cleaned: &Path,
    record: &Path,
    path: Option<&str>,
    write: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let path = match path {
        Some(path) => Some(path.to_owned()),
        None => find_path(cleaned, record)?,
    };
    let source = if cleaned == Path::new("-") {
        Source::new(cleaned, std::io::stdin(), None).context("cannot read standard input")?
    } else {
        let file =
            File::open(cleaned).with_context(|| format!("cannot read {}", cleaned.display()))?;
        Source::new(cleaned, file, None)?
    };
    let mut removals = read_record(record)?.filter(|removal| {
        removal
            .as_ref()
            .map_or(true, |removal| Some(&removal.path) == path.as_ref())
    });
    if source.format.is_table()
        && let Some(path) = &path
    {
        let columns = columns_of(record)?.remove(path).unwrap_or_default();
        return restore_one_table(cleaned, source, columns, &mut removals, write);
    }
    restore_source(source, removals, write)
}

/// Restores in place every file that the removal record names below `root`. Files are replaced one
/// by one, each atomically. Returns the number of files.
///
/// # Errors
/// At the first file that cannot be restored or is not below the root. The files before it stay
/// restored.
pub fn restore_in_place(record: &Path, root: &Root) -> Result<usize> {
    let mut removals = read_record(record)?.peekable();
    let (mut files, mut columns) = (0, None);
    while let Some(next) = removals.peek() {
        let Ok(next) = next else {
            return removals
                .next()
                .map_or(Ok(files), |removal| removal.map(|_| files));
        };
        let path = next.path.clone();
        restore_file(&path, root, record, &mut removals, &mut columns)
            .with_context(|| format!("cannot restore {path}"))?;
        files += 1;
    }
    Ok(files)
}

/// Restores the file at `path` in place with the removals at the front of `removals` that name it.
/// A link stays a link: the file that it leads to is replaced. `columns` is read from the record
/// when the first table needs it, and kept for later ones.
fn restore_file(
    path: &str,
    root: &Root,
    record: &Path,
    removals: &mut Peekable<impl Iterator<Item = Result<Record>>>,
    columns: &mut Option<Columns>,
) -> Result<()> {
    let real_path = root.file(Path::new(path))?;
    if FileId::of(&real_path) == FileId::of(record) {
        bail!("it is the removal record itself");
    }
    let file_path = real_path.as_path();
    let source = Source::new(file_path, File::open(file_path)?, None)?;
    let permissions = Permissions::of(fs::metadata(file_path)?);
    let mut output = PartialFile::new(file_path, Some(&permissions), true)?;
    let write = &mut |chunk: &[u8]| output.append(chunk);
    let mut removals = std::iter::from_fn(|| {
        removals.next_if(|removal| {
            removal
                .as_ref()
                .map_or(true, |removal| removal.path == path)
        })
    });
    if source.format.is_table() {
        let columns = match columns {
            Some(columns) => columns,
            None => columns.insert(columns_of(record)?),
        };
        let columns = columns.remove(path).unwrap_or_default();
        restore_one_table(file_path, source, columns, &mut removals, write)?;
    } else {
        restore_source(source, removals, write)?;
    }
    output.finish()?.commit()
}

fn read_record(record: &Path) -> Result<impl Iterator<Item = Result<Record>>> {
    let file = File::open(record)
        .with_context(|| format!("cannot read the removal record {}", record.display()))?;
    Ok(read_records(BufReader::new(file)))
}

/// Returns the path in the record that means the file `cleaned`: the only one, or the equal one, or
/// the only one with the same file name. `None` if the record is empty, as nothing was removed.
fn find_path(cleaned: &Path, record: &Path) -> Result<Option<String>> {
    let mut paths: Vec<String> = Vec::new();
    for removal in read_record(record)? {
        let path = removal?.path;
        if paths.last() != Some(&path) {
            paths.push(path);
        }
    }
    paths.dedup();
    if paths.len() <= 1 {
        return Ok(paths.pop());
    }
    if let Some(path) = paths.iter().find(|path| Path::new(path) == cleaned) {
        return Ok(Some(path.clone()));
    }
    let same_name: Vec<&String> = paths
        .iter()
        .filter(|path| Path::new(path).file_name() == cleaned.file_name())
        .collect();
    match same_name.as_slice() {
        [path] => Ok(Some((*path).clone())),
        _ => bail!(
            "the record names {} files; say with --path which one {} is",
            paths.len(),
            cleaned.display()
        ),
    }
}

/// Reads the whole record and returns the fields that it names, by file. A removal without a field
/// adds an empty name.
fn columns_of(record: &Path) -> Result<Columns> {
    let mut columns = Columns::default();
    for removal in read_record(record)? {
        let removal = removal?;
        let fields = columns.entry(removal.path).or_default();
        let field = removal.field.unwrap_or_default();
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    Ok(columns)
}

/// Restores a table by way of a temporary file: a table is written to a [`std::io::Write`]
/// that threads can share, which the callback `write` is not.
fn restore_one_table(
    path: &Path,
    source: Source<'_>,
    columns: Vec<String>,
    removals: &mut dyn Iterator<Item = Result<Record>>,
    write: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut restored = tempfile::tempfile().context("cannot create a temporary file")?;
    restore_table(source.into_file(path)?, columns, removals, &mut restored)?;
    restored.rewind()?;
    let mut chunk = vec![0; CHUNK];
    loop {
        match restored.read(&mut chunk)? {
            0 => return Ok(()),
            length => write(&chunk[..length])?,
        }
    }
}

/// Restores anything but a table: copies kept bytes up to the start of each removal, then the
/// removed bytes. The offsets of removals count in the decompressed source.
fn restore_source(
    cleaned: Source<'_>,
    removals: impl Iterator<Item = Result<Record>>,
    write: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    if let Some(restore_record) = cleaned.format.restore_record() {
        return restore_source_records(cleaned, restore_record, removals, write);
    }
    let compressor = Compressor::new(Codec::of(cleaned.compression))?;
    let mut restorer = Restorer {
        kept: cleaned.reader,
        compressor,
        chunk: Vec::new(),
        restored: 0,
        write,
    };
    for removal in removals {
        let removal = removal?;
        let fits = match (removal.start as u64).checked_sub(restorer.restored) {
            Some(missing) => restorer.copy_kept(missing)? == missing,
            None => false,
        };
        if !fits {
            bail!(
                "the removed span at byte {} does not fit the text; is this the record of another \
                 text?",
                removal.start
            );
        }
        restorer.add_removed(&removal.source_bytes()?);
    }
    restorer.copy_kept(u64::MAX)?;
    restorer.flush()
}

/// Puts a source together from kept and removed bytes, chunk by chunk.
struct Restorer<'r> {
    /// The cleaned file, decompressed.
    kept: Box<dyn Read + Send + 'r>,
    compressor: Compressor,
    /// Bytes that are not written yet.
    chunk: Vec<u8>,
    /// Bytes of the decompressed source so far.
    restored: u64,
    write: &'r mut dyn FnMut(&[u8]) -> Result<()>,
}

impl Restorer<'_> {
    /// Copies up to `max_bytes` kept bytes. Returns how many there were, which is fewer only at the
    /// end of the cleaned file.
    fn copy_kept(&mut self, max_bytes: u64) -> Result<u64> {
        let mut copied = 0;
        while copied < max_bytes {
            let read = self
                .kept
                .by_ref()
                .take((max_bytes - copied).min(CHUNK as u64))
                .read_to_end(&mut self.chunk)?;
            if read == 0 {
                break;
            }
            copied += read as u64;
            if self.chunk.len() >= CHUNK {
                self.flush()?;
            }
        }
        self.restored += copied;
        Ok(copied)
    }

    fn add_removed(&mut self, bytes: &[u8]) {
        self.chunk.extend_from_slice(bytes);
        self.restored += bytes.len() as u64;
    }

    fn flush(&mut self) -> Result<()> {
        let packed = self.compressor.compress(std::mem::take(&mut self.chunk))?;
        (self.write)(&packed)
    }
}

/// Restores a file record by record, because cleaning changed more of a record than its texts, such
/// as the length in the header of a WARC record. Each record is compressed by itself.
fn restore_source_records(
    cleaned: Source<'_>,
    restore_record: RestoreRecord,
    removals: impl Iterator<Item = Result<Record>>,
    write: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let records = cleaned.format.open(&RecordInput {
        name: "",
        head: &cleaned.head,
        fields: &FieldNames::default(),
    })?;
    let mut restorer = RecordRestorer {
        restore_record,
        removals: removals.peekable(),
        compressor: Compressor::new(Codec::of(cleaned.compression))?,
        restored: 0,
        dropped: 0,
        write,
    };
    for batch in Batches::new(
        cleaned.reader,
        records.framing(),
        crate::Span::MAX_TEXT,
        Start::default(),
        cleaned.consumed,
    ) {
        for (number, _, record) in batch?.records() {
            restorer.add_dropped()?;
            restorer.add_cleaned(number, record)?;
        }
    }
    restorer.add_dropped()?;
    match restorer.removals.next() {
        Some(removal) => bail!(
            "the removed span at byte {} does not fit; is this the record of another file?",
            removal?.start
        ),
        None => Ok(()),
    }
}

/// Puts a file together from cleaned records and removals.
struct RecordRestorer<'w, I: Iterator> {
    restore_record: RestoreRecord,
    /// Removals that are not restored yet.
    removals: Peekable<I>,
    compressor: Compressor,
    /// Bytes of the decompressed source so far.
    restored: u64,
    /// Dropped records so far; the numbers in the cleaned file are lower by this.
    dropped: u64,
    write: &'w mut dyn FnMut(&[u8]) -> Result<()>,
}

impl<I: Iterator<Item = Result<Record>>> RecordRestorer<'_, I> {
    fn write_record(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.restored += bytes.len() as u64;
        (self.write)(&self.compressor.compress(bytes)?)
    }

    /// Restores a record of the cleaned file, which has this number there, with the removals that
    /// name its number in the source. A record without removals is copied.
    fn add_cleaned(&mut self, number: u64, record: &[u8]) -> Result<()> {
        let number = number + self.dropped;
        let mut removed = Vec::new();
        while let Some(removal) = self.removals.next_if(|removal| {
            removal
                .as_ref()
                .map_or(true, |removal| removal.record == Some(number))
        }) {
            let removal = removal?;
            removed.push((removal.start as u64, removal.source_bytes()?));
        }
        let source = if removed.is_empty() {
            Some(record.to_owned())
        } else {
            (self.restore_record)(record, self.restored, &removed)
        };
        self.write_record(source.with_context(|| {
            format!(
                "the removed text of record {number} does not fit; is this the record of another \
                 file?"
            )
        })?)
    }

    /// Restores all records that were dropped at this offset of the source. A large record has
    /// several removals, one for each of its pieces, but is one record.
    fn add_dropped(&mut self) -> Result<()> {
        let mut last = None;
        loop {
            let offset = self.restored;
            let Some(removal) = self.removals.next_if(|removal| {
                removal.as_ref().map_or(true, |removal| {
                    removal.is_whole() && removal.start as u64 == offset
                })
            }) else {
                return Ok(());
            };
            let removal = removal?;
            self.dropped += u64::from(last != removal.record);
            last = removal.record;
            self.write_record(removal.source_bytes()?)?;
        }
    }
}
