//! Puts a source together from the bytes of a cleaned file and the removed ones, in chunks or record
//! by record.

use super::removal;
use crate::io::{
    Batches, Codec, Compressor, CsvOptions, FieldNames, RecordInput, RestoreRecord, Source, Start,
};
use crate::report::{PartCheck, Record, RecordLine};
use anyhow::{Context, Result, bail};
use std::io::{self, Read};
use std::iter::Peekable;

/// Bytes that are collected before they are compared and written.
const CHUNK: usize = 1 << 20;

/// Restores anything but a table: copies kept bytes up to the start of each removal, then the
/// removed bytes, and leaves out what was added. The offsets of `lines` count in the decompressed
/// source, which is added to `check`.
pub(super) fn restore_source(
    cleaned: Source<'_>,
    lines: &mut dyn Iterator<Item = Result<RecordLine>>,
    check: &mut PartCheck<'_>,
    write: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    if let Some(restore_record) = cleaned.format.restore_record() {
        let removals = &mut lines.filter_map(removal);
        return restore_source_records(cleaned, restore_record, removals, check, write);
    }
    let compressor = Compressor::new(Codec::of(cleaned.compression))?;
    let mut restorer = Restorer {
        kept: cleaned.reader,
        compressor,
        chunk: Vec::new(),
        restored: 0,
        check,
        write,
    };
    for line in lines {
        match line? {
            RecordLine::Removal(removal) => {
                restorer.copy_kept_to("removed", removal.start as u64)?;
                restorer.add_removed(&removal.source_bytes()?);
            }
            RecordLine::Addition(addition) => {
                restorer.copy_kept_to("added", addition.start)?;
                restorer.skip_added(addition.added)?;
            }
            RecordLine::Part(_) => {}
        }
    }
    restorer.copy_kept(u64::MAX)?;
    restorer.flush()
}

/// Puts a source together from kept and removed bytes, chunk by chunk.
struct Restorer<'r, 'p> {
    /// The cleaned file, decompressed.
    kept: Box<dyn Read + Send + 'r>,
    compressor: Compressor,
    /// Bytes that are not written yet.
    chunk: Vec<u8>,
    /// Bytes of the decompressed source so far.
    restored: u64,
    check: &'r mut PartCheck<'p>,
    write: &'r mut dyn FnMut(&[u8]) -> Result<()>,
}

impl Restorer<'_, '_> {
    /// Copies kept bytes up to byte `offset` of the source, where a span is that was `changed`.
    /// Fails if there are too few, or that byte was restored already.
    fn copy_kept_to(&mut self, changed: &str, offset: u64) -> Result<()> {
        let fits = match offset.checked_sub(self.restored) {
            Some(missing) => self.copy_kept(missing)? == missing,
            None => false,
        };
        if !fits {
            bail!(
                "the {changed} span at byte {offset} does not fit the text; is this the record of \
                 another text?"
            );
        }
        Ok(())
    }

    /// Skips bytes of the cleaned file that its run added.
    fn skip_added(&mut self, bytes: u64) -> Result<()> {
        io::copy(&mut self.kept.by_ref().take(bytes), &mut io::sink())?;
        Ok(())
    }

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
        self.check.add(&self.chunk);
        let packed = self.compressor.compress(std::mem::take(&mut self.chunk))?;
        (self.write)(&packed)
    }
}

/// Restores a file record by record, because cleaning changed more of a record than its texts, such
/// as the length in the header of a WARC record. Each record is compressed by itself.
fn restore_source_records(
    cleaned: Source<'_>,
    restore_record: RestoreRecord,
    removals: &mut dyn Iterator<Item = Result<Record>>,
    check: &mut PartCheck<'_>,
    write: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let records = cleaned.format.open(&RecordInput {
        name: "",
        head: &cleaned.head,
        fields: &FieldNames::default(),
        csv: CsvOptions::default(),
    })?;
    let mut restorer = RecordRestorer {
        restore_record,
        removals: removals.peekable(),
        compressor: Compressor::new(Codec::of(cleaned.compression))?,
        restored: 0,
        missing: 0,
        check,
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
            let mut record = record;
            while let Some(length) = restorer.length_before_dropped(record.len()) {
                let (before, after) = record.split_at(length);
                restorer.add_cleaned(number, before)?;
                restorer.add_dropped()?;
                // The source has one more record than the cleaned file here.
                restorer.missing += 1;
                record = after;
            }
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
struct RecordRestorer<'w, 'p, I: Iterator> {
    restore_record: RestoreRecord,
    /// Removals that are not restored yet.
    removals: Peekable<I>,
    compressor: Compressor,
    /// Bytes of the decompressed source so far.
    restored: u64,
    /// By how much the numbers in the cleaned file are lower: dropped records so far, and those that
    /// became one with the record before them.
    missing: u64,
    check: &'w mut PartCheck<'p>,
    write: &'w mut dyn FnMut(&[u8]) -> Result<()>,
}

impl<I: Iterator<Item = Result<Record>>> RecordRestorer<'_, '_, I> {
    fn write_record(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.restored += bytes.len() as u64;
        self.check.add(&bytes);
        (self.write)(&self.compressor.compress(bytes)?)
    }

    /// Restores a record of the cleaned file, which has this number there, with the removals that
    /// name its number in the source. A record without removals is copied.
    fn add_cleaned(&mut self, number: u64, record: &[u8]) -> Result<()> {
        let number = number + self.missing;
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

    /// Returns how many of the next `length` bytes of the cleaned file come before a dropped record,
    /// or `None` if it comes after them. A damaged record may end only where the next one starts, so
    /// that without the next one it has the bytes that follow that, too.
    fn length_before_dropped(&mut self, length: usize) -> Option<usize> {
        let removal = self.removals.peek()?.as_ref().ok()?;
        let before = (removal.start as u64).checked_sub(self.restored)?;
        let before = usize::try_from(before).ok()?;
        (removal.is_whole() && (1..length).contains(&before)).then_some(before)
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
            self.missing += u64::from(last != removal.record);
            last = removal.record;
            self.write_record(removal.source_bytes()?)?;
        }
    }
}
