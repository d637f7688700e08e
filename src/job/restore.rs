//! Puts removed text back, from cleaned files and the record of what was removed from them.

use super::tables::{open_table, restore_table};
use crate::io::{
    Batches, Codec, Compressor, Format, Framing, PartialFile, Permissions, Source, Start,
    restore_warc_record,
};
use crate::report::{Record, read_records};
use anyhow::{Context, Result, bail};
use rustc_hash::FxHashMap;
use std::fs::{self, File};
use std::io::{BufReader, Read, Seek};
use std::iter::Peekable;
use std::path::{Path, PathBuf};

/// So much is put together before it is written.
const PIECE: usize = 1 << 20;

/// Restores one file, piece by piece and compressed as it is. `path` names it as the record does; without it, the record
/// must hold one path only, or one that is `cleaned` or the only one to end in its file name.
///
/// # Errors
/// If the record cannot be read, names several files none of which is meant, or does not fit.
pub fn restore_one(
    cleaned: &Path,
    record: &Path,
    path: Option<&str>,
    to: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let path = match path {
        Some(path) => Some(path.to_owned()),
        None => meant(cleaned, record)?,
    };
    let source = if cleaned == Path::new("-") {
        Source::new(cleaned, std::io::stdin(), None).context("cannot read standard input")?
    } else {
        let file =
            File::open(cleaned).with_context(|| format!("cannot read {}", cleaned.display()))?;
        Source::new(cleaned, file, None)?
    };
    let mut own = open(record)?.filter(|entry| {
        entry
            .as_ref()
            .map_or(true, |entry| Some(&entry.path) == path.as_ref())
    });
    if source.format == Format::Parquet
        && let Some(path) = &path
    {
        let columns = columns_of(record)?.remove(path).unwrap_or_default();
        return put_back_table(cleaned, source, columns, &mut own, to);
    }
    put_back(source, own, to)
}

/// Restores in place every file that the record names. Gives the number of files.
///
/// # Errors
/// At the first file that cannot be restored; those before it are.
pub fn restore_in_place(record: &Path) -> Result<usize> {
    let mut entries = open(record)?.peekable();
    let (mut files, mut columns) = (0, None);
    while let Some(first) = entries.peek() {
        let name = match first {
            Ok(entry) => entry.path.clone(),
            Err(_) => {
                return entries
                    .next()
                    .map_or(Ok(files), |entry| entry.map(|_| files));
            }
        };
        let path = PathBuf::from(&name);
        let mut restore = || -> Result<()> {
            let source = Source::new(&path, File::open(&path)?, None)?;
            let permissions = Permissions::of(fs::metadata(&path)?);
            let mut draft = PartialFile::new(&fs::canonicalize(&path)?, Some(&permissions), true)?;
            let mut own = std::iter::from_fn(|| {
                entries.next_if(|entry| entry.as_ref().map_or(true, |entry| entry.path == name))
            });
            let to = &mut |piece: &[u8]| draft.append(piece);
            if source.format == Format::Parquet {
                let columns = if let Some(columns) = &mut columns {
                    columns
                } else {
                    columns.insert(columns_of(record)?)
                };
                put_back_table(
                    &path,
                    source,
                    columns.remove(&name).unwrap_or_default(),
                    &mut own,
                    to,
                )?;
            } else {
                put_back(source, own, to)?;
            }
            draft.finish()?.commit()
        };
        restore().with_context(|| format!("cannot restore {}", path.display()))?;
        files += 1;
    }
    Ok(files)
}

fn open(record: &Path) -> Result<impl Iterator<Item = Result<Record>>> {
    let file = File::open(record)
        .with_context(|| format!("cannot read the removal record {}", record.display()))?;
    Ok(read_records(BufReader::new(file)))
}

/// Which path of the record a cleaned file is; none if the record is empty, as nothing was removed.
fn meant(cleaned: &Path, record: &Path) -> Result<Option<String>> {
    let mut paths: Vec<String> = Vec::new();
    for entry in open(record)? {
        let path = entry?.path;
        if paths.last() != Some(&path) {
            paths.push(path);
        }
    }
    paths.dedup();
    if paths.len() <= 1 {
        return Ok(paths.pop());
    }
    if let Some(own) = paths.iter().find(|path| Path::new(path) == cleaned) {
        return Ok(Some(own.clone()));
    }
    let alike: Vec<&String> = paths
        .iter()
        .filter(|path| Path::new(path).file_name() == cleaned.file_name())
        .collect();
    match alike.as_slice() {
        [one] => Ok(Some((*one).clone())),
        _ => bail!(
            "the record names {} files; say with --path which one {} is",
            paths.len(),
            cleaned.display()
        ),
    }
}

/// The fields that the record names, by file.
fn columns_of(record: &Path) -> Result<FxHashMap<String, Vec<String>>> {
    let mut found: FxHashMap<String, Vec<String>> = FxHashMap::default();
    for entry in open(record)? {
        let entry = entry?;
        let (own, field) = (
            found.entry(entry.path).or_default(),
            entry.field.unwrap_or_default(),
        );
        if !own.contains(&field) {
            own.push(field);
        }
    }
    Ok(found)
}

/// Puts texts of a table back.
fn put_back_table(
    path: &Path,
    source: Source<'_>,
    columns: Vec<String>,
    records: &mut dyn Iterator<Item = Result<Record>>,
    to: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut whole = tempfile::tempfile().context("cannot be put aside")?;
    restore_table(open_table(path, source)?, columns, records, &mut whole)?;
    whole.rewind()?;
    let mut piece = vec![0; PIECE];
    loop {
        match whole.read(&mut piece)? {
            0 => return Ok(()),
            length => to(&piece[..length])?,
        }
    }
}

/// Puts removed bytes back between those that were kept.
fn put_back(
    cleaned: Source<'_>,
    records: impl Iterator<Item = Result<Record>>,
    to: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    if cleaned.format == Format::Warc {
        return put_back_warc(cleaned, records, to);
    }
    let packer = Compressor::new(Codec::of(cleaned.compression))?;
    let mut mender = Mender {
        kept: cleaned.reader,
        packer,
        piece: Vec::new(),
        restored: 0,
        to,
    };
    for record in records {
        let record = record?;
        let missing = (record.start as u64).checked_sub(mender.restored);
        if !missing.map_or(Ok(false), |missing| {
            Ok::<_, anyhow::Error>(mender.keep(missing)? == missing)
        })? {
            bail!(
                "the removed span at byte {} does not fit the text; is this the record of another text?",
                record.start
            );
        }
        mender.add(&record.source_bytes()?);
    }
    mender.keep(u64::MAX)?;
    mender.flush()
}

/// Puts a WARC file together again, record by record, as headers tell what was kept.
fn put_back_warc(
    cleaned: Source<'_>,
    records: impl Iterator<Item = Result<Record>>,
    to: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut packer = Compressor::new(Codec::of(cleaned.compression))?;
    let mut removals = records.peekable();
    let (mut restored, mut dropped) = (0, 0);
    let mut give = |bytes: Vec<u8>, restored: &mut u64| -> Result<()> {
        *restored += bytes.len() as u64;
        to(&packer.packed(bytes)?)
    };
    let framing = Framing::Warc { remaining: 0 };
    for batch in Batches::new(
        cleaned.reader,
        framing,
        crate::Span::MAX_TEXT,
        Start::default(),
        cleaned.consumed,
    ) {
        let batch = batch?;
        for (number, _, record) in batch.records() {
            put_back_dropped(&mut removals, &mut dropped, &mut restored, &mut give)?;
            let mut own = Vec::new();
            let is_own = |entry: &Result<Record>| {
                entry
                    .as_ref()
                    .map_or(true, |entry| entry.record == Some(number + dropped))
            };
            while let Some(entry) = removals.next_if(is_own) {
                let entry = entry?;
                own.push((entry.start as u64, entry.source_bytes()?));
            }
            let whole = if own.is_empty() {
                Some(record.to_owned())
            } else {
                restore_warc_record(record, restored, &own)
            };
            let misfit = || {
                format!(
                    "what was removed of record {} does not fit; is this the record of another file?",
                    number + dropped
                )
            };
            give(whole.with_context(misfit)?, &mut restored)?;
        }
    }
    put_back_dropped(&mut removals, &mut dropped, &mut restored, &mut give)?;
    match removals.next() {
        Some(entry) => bail!(
            "the removed span at byte {} does not fit; is this the record of another file?",
            entry?.start
        ),
        None => Ok(()),
    }
}

/// Puts back whole records that stood here, some of them in pieces.
fn put_back_dropped(
    removals: &mut Peekable<impl Iterator<Item = Result<Record>>>,
    dropped: &mut u64,
    restored: &mut u64,
    give: &mut dyn FnMut(Vec<u8>, &mut u64) -> Result<()>,
) -> Result<()> {
    let mut last = None;
    let here = |at: u64| {
        move |entry: &Result<Record>| {
            entry
                .as_ref()
                .map_or(true, |entry| entry.is_whole() && entry.start as u64 == at)
        }
    };
    while let Some(entry) = removals.next_if(here(*restored)) {
        let entry = entry?;
        *dropped += u64::from(last != entry.record);
        last = entry.record;
        give(entry.source_bytes()?, restored)?;
    }
    Ok(())
}

/// Puts a file together again, piece by piece.
struct Mender<'m> {
    kept: Box<dyn Read + Send + 'm>,
    packer: Compressor,
    piece: Vec<u8>,
    /// How many bytes there are of the source, decompressed.
    restored: u64,
    to: &'m mut dyn FnMut(&[u8]) -> Result<()>,
}

impl Mender<'_> {
    /// Copies at most so many of the bytes that were kept. Gives how many there were.
    fn keep(&mut self, most: u64) -> Result<u64> {
        let mut copied = 0;
        while copied < most {
            let read = self
                .kept
                .by_ref()
                .take((most - copied).min(PIECE as u64))
                .read_to_end(&mut self.piece)?;
            if read == 0 {
                break;
            }
            copied += read as u64;
            if self.piece.len() >= PIECE {
                self.flush()?;
            }
        }
        self.restored += copied;
        Ok(copied)
    }

    fn add(&mut self, removed: &[u8]) {
        self.piece.extend_from_slice(removed);
        self.restored += removed.len() as u64;
    }

    fn flush(&mut self) -> Result<()> {
        let packed = self.packer.packed(std::mem::take(&mut self.piece))?;
        (self.to)(&packed)
    }
}
