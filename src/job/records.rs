//! Cleans files of records: splits an input into batches of records, has them cleaned on several
//! threads, each by a worker (`worker`), and passes on the results in order, between the header and
//! the end of the output.

mod worker;

use super::Event;
use super::batch::{BatchOutput, Interrupted};
use super::pipeline::in_order;
use super::text::TextCleaner;
use crate::io::{
    Assembler, Batch, Batches, Cancel, Codec, Compressor, Framing, Source, Start, skip_lines,
};
use crate::report::Part;
use anyhow::{Context, Error, Result, anyhow};
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use worker::{RecordShape, RecordWorker};

/// Size in bytes up to which records of a live stream that came at once are one batch.
const LIVE_BATCH: usize = 64 << 10;

/// Cleans one file of records.
#[derive(Debug)]
pub(super) struct RecordCleaner<'j> {
    texts: TextCleaner<'j>,
    /// Number of worker threads.
    threads: usize,
    /// Compression of the output.
    codec: Codec,
    /// Set from outside to stop early.
    stop: &'j AtomicBool,
    /// The bytes to clean, if shards share the file. Its bounds are at starts of lines.
    slice: Option<Range<u64>>,
}

impl<'j> RecordCleaner<'j> {
    /// Creates a cleaner for the input of `texts` that works on `threads` threads, compresses its
    /// output with `codec`, and stops early once `stop` is set. With a slice, whose bounds are at
    /// starts of lines, only these bytes are cleaned.
    pub(super) fn new(
        texts: TextCleaner<'j>,
        threads: usize,
        codec: Codec,
        stop: &'j AtomicBool,
        slice: Option<Range<u64>>,
    ) -> Self {
        Self {
            texts,
            threads,
            codec,
            stop,
            slice,
        }
    }

    /// Cleans an input from `start` on, and passes the batches in order to `on_batch`. A first
    /// batch without records may hold a CSV header, and a last one the end of a table or the
    /// compressed form of an empty output. Nothing after a failing batch is passed on.
    ///
    /// # Errors
    /// If the options do not fit the format, the input cannot be read, a damaged record fails the
    /// file, or `on_batch` fails; [`Interrupted`] if the run is stopped.
    pub(super) fn run(
        &self,
        source: Source<'_>,
        start: Start,
        on_batch: &mut dyn FnMut(BatchOutput) -> Result<()>,
    ) -> Result<()> {
        let shape = RecordShape::new(&self.texts, &source)?;
        let mut assembler = match &shape.writer {
            Some(writer) => writer.assembler()?,
            None => None,
        };
        let slice = self.slice.clone().unwrap_or(0..u64::MAX);
        let mut is_empty = start.offset <= slice.start;
        let cancel = source.cancel;
        let mut reader = source.reader.take(slice.end);
        let offset = start.offset.max(slice.start);
        let mut lines = skip_lines(&mut reader, offset)
            .context("is shorter than its checkpoint, or cannot be read")?;
        let batches = self.batches(
            reader,
            shape.framing()?,
            if start.offset < offset {
                Start {
                    offset,
                    records: lines,
                }
            } else {
                start
            },
            source.consumed,
        );
        if offset == 0
            && let Some(note) = shape.format.note()
        {
            let mut batch = BatchOutput::default();
            batch.tally.events.push(Event::Note(note));
            on_batch(batch)?;
        }
        // Only the first of several slices has the header.
        if let Some(writer) = &shape.writer
            && is_empty
            && slice.start == 0
        {
            let header = writer.header();
            if !header.is_empty() {
                is_empty = false;
                on_batch(BatchOutput {
                    output: Compressor::new(self.codec)?.compress(header)?,
                    ..BatchOutput::default()
                })?;
            }
        }
        in_order(
            self.threads,
            batches,
            |batch| batch.bytes.len(),
            || RecordWorker::new(self.texts, &shape, self.codec),
            RecordWorker::clean,
            |mut batch| {
                batch.move_findings(lines);
                lines += batch.lines;
                pass_on(batch, assembler.as_deref_mut(), &mut is_empty, on_batch)
                    // Nobody wants what is still to come.
                    .inspect_err(|_| cancel.iter().for_each(Cancel::cancel))
            },
        )?;
        let mut output = match assembler {
            Some(assembler) => assembler.finish()?,
            None => Vec::new(),
        };
        // An empty output is compressed too, as readers expect the header of the compression.
        if is_empty && output.is_empty() {
            Compressor::new(self.codec)?.compress_into(&[], &mut output)?;
        }
        let mut records = Vec::new();
        if shape.has_parts {
            Part::end(self.texts.name()).write(&mut records)?;
        }
        if output.is_empty() && records.is_empty() {
            return Ok(());
        }
        on_batch(BatchOutput {
            output,
            records,
            ..BatchOutput::default()
        })
    }

    /// Iterates over the batches of a reader that is at `start`. Yields [`Interrupted`] once the
    /// run is stopped.
    fn batches(
        &self,
        reader: impl Read + Send,
        framing: Box<dyn Framing>,
        start: Start,
        consumed: Arc<AtomicU64>,
    ) -> impl Iterator<Item = Result<Batch>> + Send {
        let options = self.texts.options();
        let max_record = options.format.max_record;
        let mut last_record = start.records;
        let is_live = options.format.line_buffered;
        let max_batch = if is_live { LIVE_BATCH } else { usize::MAX };
        Batches::new(reader, framing, max_record, start, consumed)
            .with_batch_size(options.sizes.batch.min(max_batch))
            .with_live(is_live)
            .map(move |batch| {
                if self.stop.load(Ordering::Relaxed) {
                    return Err(Error::from(Interrupted));
                }
                let batch = batch.map_err(|error| {
                    anyhow!("cannot be read after record {last_record}: {error}")
                })?;
                last_record = batch.number + batch.ends.len() as u64 - 1;
                Ok(batch)
            })
    }
}

/// Passes a cleaned batch on, through the assembler if there is one. `is_empty` stays set as long as
/// nothing was written.
fn pass_on(
    mut batch: BatchOutput,
    assembler: Option<&mut (dyn Assembler + '_)>,
    is_empty: &mut bool,
    on_batch: &mut dyn FnMut(BatchOutput) -> Result<()>,
) -> Result<()> {
    if let Some(failure) = batch.failure.take() {
        return Err(failure);
    }
    if let Some(assembler) = assembler {
        batch.output = assembler.add(&batch.output)?;
        // The rows that the assembler still holds would be lost.
        batch.end = None;
    }
    *is_empty &= batch.output.is_empty();
    on_batch(batch)
}
