//! Cleans files of records (JSON Lines, CSV, WARC, texts to convert), batch by batch. The texts of
//! each record are cleaned where they are, so that all other bytes are copied; records that cannot
//! be read are passed through, dropped, or fail the file. This is separate from `files`, which
//! decides where outputs go.
//!
//! For example, a batch of two JSON Lines in which a rule removes `Share\n`:
//!
//! ```text
//! {"id": 1, "text": "Share\nIt rained."}     removal: bytes 0..6 of the text
//!                                            cut: bytes 19..26 of the record, as `\n` is escaped
//! {"id": 1, "text": "It rained."}            the record without the cut
//! {"id": 2}                                  damaged: it has no text; passed through
//! ```

use super::pipeline::in_order;
use super::{Event, JobOptions};
use crate::io::{
    Batch, Batches, Codec, Compression, Compressor, Converter, Field, FieldNames, Format, Framing,
    Parsed, Piece, RecordFormat, Source, Start, TextFields, skip_lines, with_member,
};
#[cfg(feature = "parquet")]
use crate::io::{RowBlock, TableBuilder};
use crate::report::{
    Annotation, Name, Origin, Stats, annotate, annotation_list, damage_line, document_records,
    dolma_line, dropped_record,
};
use anyhow::{Context, Error, Result, anyhow, bail};
use dechaff_core::{Cleaned, Document, Outcome, Scratch};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Rule name in the removal record of a damaged record that was dropped.
pub(super) const DAMAGED: &str = "record/damaged";
/// Rule name in the removal record of a dropped record whose texts were removed entirely.
pub(super) const EMPTY: &str = "record/empty";

/// What happens to damaged records: those that should have a text but have none that can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// They are passed through unchanged.
    #[default]
    Pass,
    /// They are dropped.
    Drop,
    /// The file fails.
    Fail,
}

/// Where marks are written if texts are annotated instead of cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Annotate {
    /// In a field of this name in each record.
    Field(String),
    /// In Dolma attribute files, under names with this prefix.
    Dolma(String),
}

/// How files of records are read and written.
#[derive(Clone, Debug, Default)]
pub struct RecordOptions {
    /// Format of all inputs. If `None`, the name and the bytes of an input decide.
    pub format: Option<Format>,
    /// Names of the fields that hold texts and their properties.
    pub names: FieldNames,
    /// What happens to damaged records.
    pub on_error: OnError,
    /// Maximum size of a record in bytes.
    pub max_record: usize,
    /// Format of all outputs, if not that of the inputs. Damaged records cannot be converted and
    /// are dropped.
    pub target: Option<Format>,
    /// Compression of outputs, if not that of the inputs.
    pub codec: Option<Codec>,
    /// Whether records whose texts were removed entirely are dropped.
    pub drop_empty: bool,
    /// Where marks are written, if texts are annotated instead of cleaned.
    pub annotate: Option<Annotate>,
}

impl RecordOptions {
    /// Returns whether files of `format` are cleaned record by record or row by row. A text file is
    /// one record if it is converted to another format, else it is a document.
    #[must_use]
    pub fn has_records(&self, format: Format) -> bool {
        match format {
            Format::Text => self.target.is_some_and(|target| target != Format::Text),
            Format::OtherJson => false,
            Format::JsonLines | Format::Warc | Format::Csv { .. } | Format::Parquet => true,
        }
    }

    /// Returns whether files of `format` are Parquet and stay Parquet. They are cleaned column by
    /// column; Parquet that is converted is read row by row instead.
    #[must_use]
    pub fn is_table(&self, format: Format) -> bool {
        format == Format::Parquet && self.target.is_none_or(|target| target == Format::Parquet)
    }

    /// Returns how an output is compressed as a whole: the codec of the options, else `otherwise`.
    /// An output that is converted to Parquet is never compressed as a whole, because Parquet
    /// compresses its columns.
    #[must_use]
    pub fn codec_or(&self, otherwise: impl FnOnce() -> Codec) -> Codec {
        match self.target {
            Some(Format::Parquet) => Codec::of(Compression::None),
            _ => self.codec.unwrap_or_else(otherwise),
        }
    }
}

/// The result of cleaning a batch.
#[derive(Debug, Default)]
pub struct BatchOutput {
    /// Bytes to append to the output.
    pub output: Vec<u8>,
    /// Rows to append, if the output is Parquet.
    #[cfg(feature = "parquet")]
    pub(super) rows: RowBlock,
    /// Removal records as JSON Lines.
    pub records: Vec<u8>,
    /// Damaged records as JSON Lines.
    pub damage: Vec<u8>,
    /// Bytes of the input, compressed as it is, that have been read so far.
    pub consumed: u64,
    /// End of the batch in the decompressed input. `None` if the output cannot be resumed there.
    pub end: Option<Start>,
    /// Statistics and events.
    pub tally: BatchStats,
    /// Reason why the file fails.
    pub failure: Option<Error>,
}

/// Statistics and events of one batch or of several consecutive ones.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct BatchStats {
    /// Counts.
    pub stats: Stats,
    /// Number of removed spans.
    pub spans: usize,
    /// Number of the first damaged record and the reason.
    pub first_damage: Option<(u64, String)>,
    /// Events to report: results of the observer, and why an input is passed through.
    #[serde(skip)]
    pub events: Vec<Event>,
    /// Whether the output differs from the input.
    pub differs: bool,
}

impl Clone for BatchStats {
    /// Clones everything except the events, which a clone has none of: they are reported once, and
    /// clones are only written to checkpoints.
    fn clone(&self) -> Self {
        Self {
            stats: self.stats.clone(),
            spans: self.spans,
            first_damage: self.first_damage.clone(),
            events: Vec::new(),
            differs: self.differs,
        }
    }
}

impl BatchStats {
    /// Adds the statistics of the next batch. Batches must be added in order, so that the first
    /// damaged record stays the first and events stay sorted.
    pub fn add(&mut self, next: Self) {
        self.stats.merge(&next.stats);
        self.spans += next.spans;
        self.first_damage = self.first_damage.take().or(next.first_damage);
        self.events.extend(next.events);
        self.differs |= next.differs;
    }

    /// Returns the events of a finished file: those of its batches, which are taken out, a note on
    /// damaged records that names the first one, and the number of removals. `on_error` decides how
    /// the note says what happened to damaged records.
    pub fn take_events(&mut self, on_error: OnError) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.events);
        if let Some((number, reason)) = &self.first_damage {
            let records = match self.stats.damaged {
                1 => format!("record {number}"),
                count => format!("{count} records are damaged, such as record {number}, which"),
            };
            let action = if on_error == OnError::Drop {
                "left out"
            } else {
                "passed through unchanged"
            };
            events.push(Event::Passed(format!("{records} {reason}; {action}")));
        }
        if self.spans > 0 {
            events.push(Event::Changed(
                self.spans,
                self.stats.bytes_removed as usize,
            ));
        }
        events
    }
}

/// The error of a run that was stopped from outside.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Cleans one file of records.
#[derive(Debug)]
pub struct RecordCleaner<'j> {
    /// How texts are cleaned.
    pub options: &'j JobOptions,
    /// Name of the file in reports.
    pub name: &'j str,
    /// Number of worker threads.
    pub threads: usize,
    /// Compression of the output.
    pub codec: Codec,
    /// Set from outside to stop early.
    pub stop: &'j AtomicBool,
    /// The bytes to clean, if shards share the file. Its bounds are at starts of lines.
    pub slice: Option<Range<u64>>,
}

/// How the records of a file are read and converted.
pub(super) struct RecordShape {
    pub(super) format: RecordFormat,
    /// `None` if records keep their format.
    pub(super) converter: Option<Converter>,
}

/// State that a worker thread keeps from batch to batch.
pub(super) struct Worker {
    scratch: Scratch,
    compressor: Compressor,
    /// The current record as it is to be written, if that differs from the input.
    pub(super) record: Vec<u8>,
    /// Annotations of the current record as JSON, to be added when it is converted.
    pub(super) annotations: Option<Vec<u8>>,
}

/// What is written for a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Disposition {
    /// The record as it was.
    Same,
    /// The bytes in [`Worker::record`].
    Changed,
    /// Nothing.
    Dropped,
}

impl RecordCleaner<'_> {
    /// Cleans an input from `start` on, and passes the batches in order to `on_batch`. A first
    /// batch without records may hold a CSV header, and a last one the end of a Parquet file or
    /// the compressed form of an empty output. Nothing after a failing batch is passed on.
    ///
    /// # Errors
    /// If the options do not fit the format, the input cannot be read, a damaged record fails the
    /// file, or `on_batch` fails; [`Interrupted`] if the run is stopped.
    pub fn run(
        &self,
        source: Source<'_>,
        start: Start,
        on_batch: &mut dyn FnMut(BatchOutput) -> Result<()>,
    ) -> Result<()> {
        let shape = self.shape(&source)?;
        #[cfg(feature = "parquet")]
        let mut table = shape
            .converter
            .as_ref()
            .filter(|converter| converter.makes_table())
            .map(|converter| TableBuilder::new(converter.columns()))
            .transpose()?;
        #[cfg(not(feature = "parquet"))]
        if shape.converter.as_ref().is_some_and(Converter::makes_table) {
            return Err(super::unsupported_parquet());
        }
        let slice = self.slice.clone().unwrap_or(0..u64::MAX);
        let mut is_empty = start.offset <= slice.start;
        let mut reader = source.reader.take(slice.end);
        let offset = start.offset.max(slice.start);
        let lines = skip_lines(&mut reader, offset)
            .context("is shorter than its checkpoint, or cannot be read")?;
        let batches = self.batches(
            reader,
            shape.format.framing(),
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
        // Only the first of several slices has the header.
        if let Some(converter) = &shape.converter
            && is_empty
            && slice.start == 0
        {
            let header = converter.header();
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
            || self.new_worker(),
            |worker, batch| self.clean(&shape, batch, worker),
            |mut batch| {
                if let Some(failure) = batch.failure.take() {
                    return Err(failure);
                }
                #[cfg(feature = "parquet")]
                if let Some(table) = &mut table {
                    batch.output = table.add(std::mem::take(&mut batch.rows))?;
                    // The rows that the table still holds would be lost.
                    batch.end = None;
                }
                is_empty &= batch.output.is_empty();
                on_batch(batch)
            },
        )?;
        let mut output = Vec::new();
        #[cfg(feature = "parquet")]
        if let Some(table) = table {
            output = table.finish()?;
        }
        // An empty output is compressed too, as readers expect the header of the compression.
        if is_empty && output.is_empty() {
            Compressor::new(self.codec)?.compress_into(&[], &mut output)?;
        }
        if output.is_empty() {
            return Ok(());
        }
        on_batch(BatchOutput {
            output,
            ..BatchOutput::default()
        })
    }

    /// Finds out how the records of `source` are read and converted, from its format, its first
    /// bytes and the options. Fails if the options do not fit the format: an encoding other than
    /// UTF-8, or annotations where the output is not JSON Lines.
    fn shape(&self, source: &Source<'_>) -> Result<RecordShape> {
        if self
            .options
            .encoding
            .is_some_and(|encoding| encoding != encoding_rs::UTF_8)
        {
            bail!("holds records, which are UTF-8, and cannot be read with --encoding");
        }
        let options = &self.options.format;
        let format = RecordFormat::new(source.format, &source.head, self.name, &options.names)?;
        let converter = options
            .target
            .and_then(|target| Converter::new(target, &format, &options.names));
        let has_members = converter.as_ref().map_or(
            source.format == Format::JsonLines,
            Converter::supports_annotations,
        );
        if options.annotate.is_some() && !has_members {
            bail!(
                "is not JSON Lines, which annotations need; convert it with --output-format jsonl"
            );
        }
        Ok(RecordShape { format, converter })
    }

    /// Iterates over the batches of a reader that is at `start`. Yields [`Interrupted`] once the
    /// run is stopped.
    fn batches(
        &self,
        reader: impl Read + Send,
        framing: Framing,
        start: Start,
        consumed: Arc<AtomicU64>,
    ) -> impl Iterator<Item = Result<Batch>> + Send {
        let max_record = self.options.format.max_record;
        let mut last_record = start.records;
        Batches::new(reader, framing, max_record, start, consumed).map(move |batch| {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Error::from(Interrupted));
            }
            let batch = batch
                .map_err(|error| anyhow!("cannot be read after record {last_record}: {error}"))?;
            last_record = batch.number + batch.ends.len() as u64 - 1;
            Ok(batch)
        })
    }

    fn new_worker(&self) -> Result<Worker> {
        Ok(Worker {
            scratch: Scratch::default(),
            compressor: Compressor::new(self.codec).context("cannot compress")?,
            record: Vec::new(),
            annotations: None,
        })
    }

    /// Cleans a batch. An error becomes the failure of the result, so that the batches before it,
    /// which other threads may still be cleaning, are written first.
    fn clean(&self, shape: &RecordShape, batch: Batch, worker: &mut Worker) -> BatchOutput {
        let mut output = BatchOutput {
            consumed: batch.consumed,
            end: batch.end,
            ..BatchOutput::default()
        };
        let cleaned = match batch.piece {
            Some(piece) => self.pass_piece(batch, piece, &mut output, worker),
            None => self.clean_records(shape, batch, &mut output, worker),
        };
        output.failure = cleaned.err();
        output
    }

    /// Passes through or drops a piece of a record that exceeds the maximum size. The record is
    /// counted as damaged once, at its first piece. Each dropped piece has its own removal record,
    /// so that the source can be restored without holding the record in memory.
    fn pass_piece(
        &self,
        batch: Batch,
        piece: Piece,
        output: &mut BatchOutput,
        worker: &mut Worker,
    ) -> Result<()> {
        let is_first = piece == Piece::First;
        let stays = if is_first {
            let reason = self.too_large_reason();
            self.count_damaged(batch.number, Some(batch.offset), reason, output)?
        } else {
            self.options.format.on_error != OnError::Drop
        };
        if let Some(Annotate::Dolma(prefix)) = &self.options.format.annotate {
            // An attribute file has one line for all pieces of a record.
            if is_first && stays {
                output.output = worker.compressor.compress(dolma_line(None, prefix, &[]))?;
            }
        } else if stays {
            output.output = worker.compressor.compress(batch.bytes)?;
        } else {
            let record = RecordRef::new(batch.number, batch.offset, &batch.bytes);
            self.record_dropped(&record, DAMAGED, output)?;
        }
        Ok(())
    }

    pub(super) fn too_large_reason(&self) -> String {
        format!(
            "is larger than --max-record allows ({} bytes)",
            self.options.format.max_record
        )
    }

    /// Cleans the records of a batch and stores the compressed output. Unchanged records are copied
    /// together with their neighbours. If the format compresses records one by one, as WARC does,
    /// each record is a gzip member or zstd frame; otherwise the batch is one.
    fn clean_records(
        &self,
        shape: &RecordShape,
        batch: Batch,
        output: &mut BatchOutput,
        worker: &mut Worker,
    ) -> Result<()> {
        let packs_each = shape.format.compresses_records()
            && shape.converter.is_none()
            && worker.compressor.compresses();
        let (mut bytes, mut copied) = (Vec::new(), 0);
        for (number, start, record) in batch.records() {
            let offset = batch.offset + start as u64;
            let disposition = self.clean_record(shape, number, offset, record, output, worker)?;
            output.tally.differs |= disposition != Disposition::Same;
            let disposition = self.convert(shape, number, record, disposition, output, worker);
            if packs_each {
                match disposition {
                    Disposition::Same => worker.compressor.compress_into(record, &mut bytes)?,
                    Disposition::Changed => worker
                        .compressor
                        .compress_into(&worker.record, &mut bytes)?,
                    Disposition::Dropped => {}
                }
            } else if disposition != Disposition::Same {
                if bytes.is_empty() {
                    bytes.reserve(batch.bytes.len());
                }
                bytes.extend_from_slice(&batch.bytes[copied..start]);
                if disposition == Disposition::Changed {
                    bytes.extend_from_slice(&worker.record);
                }
                copied = start + record.len();
            }
        }
        output.output = if packs_each {
            bytes
        } else if copied == 0 {
            worker.compressor.compress(batch.bytes)?
        } else {
            bytes.extend_from_slice(&batch.bytes[copied..]);
            worker.compressor.compress(bytes)?
        };
        Ok(())
    }

    /// Cleans a record, which begins at `offset` of the decompressed input, and adds its statistics
    /// and report lines to `output`. With [`Disposition::Changed`], `worker.record` holds the
    /// record to write, still in the format of the input.
    fn clean_record(
        &self,
        shape: &RecordShape,
        number: u64,
        offset: u64,
        record: &[u8],
        output: &mut BatchOutput,
        worker: &mut Worker,
    ) -> Result<Disposition> {
        let parsed = if record.len() > self.options.format.max_record {
            Parsed::Damaged(self.too_large_reason())
        } else {
            shape.format.parse(number, record)
        };
        let record_ref = RecordRef::new(number, offset, record);
        let texts = match parsed {
            Parsed::Texts(texts) => texts,
            Parsed::NoText => return Ok(self.without_annotations(Disposition::Same, worker)),
            Parsed::Damaged(reason) => {
                let disposition = self.pass_damaged(&record_ref, reason, output)?;
                return Ok(self.without_annotations(disposition, worker));
            }
        };
        let record_ref = RecordRef {
            id: texts.id.as_deref(),
            ..record_ref
        };
        let mut outcome = TextOutcome::default();
        for field in &texts.fields {
            self.clean_field(
                &record_ref,
                field,
                &texts,
                &mut outcome,
                &mut worker.scratch,
            )?;
        }
        let mut disposition = Disposition::Same;
        if let Some(target) = &self.options.format.annotate {
            disposition = Disposition::Changed;
            let annotations = &outcome.annotations;
            worker.record = match target {
                Annotate::Field(_) if shape.converter.is_some() => {
                    worker.annotations = Some(annotation_list(annotations)?);
                    record.to_owned()
                }
                Annotate::Field(name) => with_member(record, name, &annotation_list(annotations)?)
                    .unwrap_or_else(|| record.to_owned()),
                Annotate::Dolma(prefix) => dolma_line(texts.id_json, prefix, annotations),
            };
        } else if !outcome.cuts.is_empty() {
            worker.record.clear();
            if let Err(reason) =
                shape
                    .format
                    .write_without(record, &outcome.cuts, &mut worker.record)
            {
                return self.pass_damaged(&record_ref, reason.to_owned(), output);
            }
            disposition = Disposition::Changed;
        }
        self.report_held(number, Some(offset), &outcome, output)?;
        output.tally.add(outcome.tally);
        if outcome.kept_bytes == 0 {
            output.tally.stats.empty += 1;
            if self.options.format.drop_empty {
                self.record_dropped(&record_ref, EMPTY, output)?;
                return Ok(Disposition::Dropped);
            }
        }
        output.records.append(&mut outcome.records);
        Ok(disposition)
    }

    /// Returns the disposition of a record without texts. It is `disposition`, except that a Dolma
    /// attribute file gets a line without annotations for each record that is not dropped, because
    /// its lines must correspond to those of the documents.
    fn without_annotations(&self, disposition: Disposition, worker: &mut Worker) -> Disposition {
        match &self.options.format.annotate {
            Some(Annotate::Dolma(prefix)) if disposition != Disposition::Dropped => {
                worker.record = dolma_line(None, prefix, &[]);
                Disposition::Changed
            }
            _ => disposition,
        }
    }

    /// Counts a damaged record, and passes it through or drops it as [`OnError`] says. A dropped
    /// record gets a removal record.
    fn pass_damaged(
        &self,
        record: &RecordRef<'_>,
        reason: String,
        output: &mut BatchOutput,
    ) -> Result<Disposition> {
        if self.count_damaged(record.number, Some(record.offset), reason, output)? {
            return Ok(Disposition::Same);
        }
        self.record_dropped(record, DAMAGED, output)?;
        Ok(Disposition::Dropped)
    }

    /// Appends the removal record of a record that is dropped as a whole, if removal records are
    /// wanted. `rule` is [`DAMAGED`] or [`EMPTY`].
    pub(super) fn record_dropped(
        &self,
        record: &RecordRef<'_>,
        rule: &str,
        output: &mut BatchOutput,
    ) -> Result<()> {
        output.tally.differs = true;
        if !self.options.records {
            return Ok(());
        }
        dropped_record(&record.origin(self.name), rule, &mut output.records)
    }

    /// Cleans the text of one field and adds the result to `outcome`: cuts in bytes of the record,
    /// statistics, removal records and annotations as the options want them. `texts` supplies the
    /// language and the address.
    pub(super) fn clean_field(
        &self,
        record: &RecordRef<'_>,
        field: &Field<'_>,
        texts: &TextFields<'_>,
        outcome: &mut TextOutcome,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let rules = self.options.cleaner.rules();
        let document = self.describe(Document::new(&field.text)?, texts);
        let cleaned = self.options.cleaner.clean(&document, scratch);
        let ranges = cleaned
            .removals()
            .iter()
            .map(|removal| removal.span.range());
        let cuts = field.locate(record.record, ranges);
        outcome.tally.stats.add_document(&cleaned, rules);
        outcome.tally.spans += cuts.len();
        if self.options.format.annotate.is_some() {
            let name = if field.name.is_empty() {
                self.options.format.names.text.first()
            } else {
                None
            };
            annotate(
                name.map_or(&field.name, String::as_str),
                &cleaned,
                rules,
                &mut outcome.annotations,
            );
        }
        outcome.kept_bytes += kept_bytes(&cleaned);
        if let Outcome::Held { share } = cleaned.outcome() {
            outcome.held = Some(share);
        }
        let field_name = Some(field.name.as_ref()).filter(|name| !name.is_empty());
        let name = Name {
            path: self.name,
            record: Some(record.number),
            id: record.id,
            field: field_name,
        };
        let observed = self.options.observe(&name, &document, &cleaned, scratch);
        outcome.tally.events.extend(observed);
        if self.options.records {
            let origin = Origin {
                ranges: Cow::Borrowed(&cuts),
                field: field_name,
                ..record.origin(self.name)
            };
            document_records(&cleaned, &origin, rules, &mut outcome.records)?;
        }
        outcome.cuts.extend(cuts);
        Ok(())
    }

    /// Adds the language and the address of a text. What its record says replaces what the options
    /// say of all documents; a language code that is not known is ignored.
    pub(super) fn describe<'t>(
        &self,
        document: Document<'t>,
        texts: &TextFields<'_>,
    ) -> Document<'t> {
        let mut document = self.options.describe(document);
        if let Some(code) = &texts.language {
            document = document.with_corpus_language(code);
        }
        match &texts.url {
            Some(url) => document.with_url(url),
            None => document,
        }
    }

    /// Counts and reports a damaged record. `reason` continues a sentence that begins with the
    /// record's number. Returns whether the record is passed through; fails if damaged records fail
    /// the file.
    pub(super) fn count_damaged(
        &self,
        number: u64,
        offset: Option<u64>,
        reason: String,
        output: &mut BatchOutput,
    ) -> Result<bool> {
        let on_error = self.options.format.on_error;
        if on_error == OnError::Fail {
            bail!("record {number} {reason}; --on-error pass would leave it as it is");
        }
        output.tally.stats.damaged += 1;
        self.report_problem(number, offset, &reason, output)?;
        output.tally.first_damage.get_or_insert((number, reason));
        Ok(on_error == OnError::Pass)
    }

    /// Reports a record with a held text: one that would have lost more of its bytes than allowed
    /// and is passed through unchanged.
    pub(super) fn report_held(
        &self,
        number: u64,
        offset: Option<u64>,
        outcome: &TextOutcome,
        output: &mut BatchOutput,
    ) -> Result<()> {
        let Some(share) = outcome.held else {
            return Ok(());
        };
        let reason = format!("is held whole: {:.1} % would have gone", share * 100.0);
        self.report_problem(number, offset, &reason, output)
    }

    /// Appends a line to the report of damaged records, if that is wanted.
    fn report_problem(
        &self,
        number: u64,
        offset: Option<u64>,
        reason: &str,
        output: &mut BatchOutput,
    ) -> Result<()> {
        if self.options.damage {
            damage_line(self.name, number, offset, reason, &mut output.damage)
        } else {
            Ok(())
        }
    }
}

/// Returns how many bytes of a text are left after its removals.
pub(super) fn kept_bytes(cleaned: &Cleaned<'_>) -> usize {
    let removed: usize = cleaned
        .removals()
        .iter()
        .map(|removal| removal.span.len())
        .sum();
    cleaned.source().len() - removed
}

/// A record, or a text of a table, and where it is in the input.
pub(super) struct RecordRef<'r> {
    /// Number of the record or row, counted from 1.
    number: u64,
    /// Offset in the decompressed input; 0 in tables.
    offset: u64,
    /// Bytes of the record, or of the text in a table.
    record: &'r [u8],
    pub(super) id: Option<&'r str>,
    /// Field that holds the text, in tables.
    pub(super) field: Option<&'r str>,
    /// Index of the text among those of its field and row, in tables.
    pub(super) item: u64,
}

impl<'r> RecordRef<'r> {
    /// Creates a reference to the record with this number, without id. `offset` is where it begins
    /// in the decompressed input, in bytes.
    pub(super) fn new(number: u64, offset: u64, record: &'r [u8]) -> Self {
        Self {
            number,
            offset,
            record,
            id: None,
            field: None,
            item: 0,
        }
    }

    /// Describes the record for removal records of the input called `path`. There are no places of
    /// removed spans yet, and the first text of a field has no index.
    fn origin<'o>(&'o self, path: &'o str) -> Origin<'o> {
        Origin {
            path,
            bytes: self.record,
            offset: self.offset,
            record: Some(self.number),
            id: self.id,
            field: self.field,
            item: Some(self.item).filter(|&item| item > 0),
            ..Origin::default()
        }
    }
}

/// The result of cleaning the texts of a record.
#[derive(Default)]
pub(super) struct TextOutcome {
    pub(super) tally: BatchStats,
    /// Bytes of the record to remove, sorted and disjoint.
    pub(super) cuts: Vec<Range<usize>>,
    /// Removal records as JSON Lines.
    pub(super) records: Vec<u8>,
    annotations: Vec<Annotation>,
    /// Bytes of text that are left.
    pub(super) kept_bytes: usize,
    /// Share of bytes that would have been removed, if a text is held.
    held: Option<f64>,
}
