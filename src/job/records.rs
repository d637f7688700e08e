//! Files of records, batch by batch: each record's texts are cleaned where they stand, everything else is copied, and what
//! cannot be read is treated as the user wants. It stands apart from `files`, which knows where outputs go.

use super::pipeline::in_order;
use super::tables::{RowBlock, TableWriter};
use super::{Event, JobOptions};
use crate::cleaner::{Cleaned, Outcome};
use crate::document::Document;
use crate::filter::Scratch;
use crate::io::{
    Batch, Batches, Codec, Compression, Compressor, Converter, Field, FieldNames, Format, Parsed,
    Piece, RecordFormat, Source, Start, TextFields, skip_lines, with_member,
};
use crate::report::{
    Annotation, Name, Origin, Stats, annotate, annotation_list, damage_line, document_records,
    dolma_line, dropped_record,
};
use anyhow::{Context, Error, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// In removal records, what took a record that was left out as damaged ...
pub(super) const DAMAGED: &str = "record/damaged";
/// ... and one of which no text was left.
pub(super) const EMPTY: &str = "record/empty";

/// What is done with records that should have a text and have none that can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// They are passed on as they are.
    #[default]
    Pass,
    /// They are left out.
    Drop,
    /// The file fails.
    Fail,
}

/// Where marks are written instead of removing what they mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Annotate {
    /// Into a field of this name of each record.
    Field(String),
    /// To attribute files as Dolma has them, under names that begin so.
    Dolma(String),
}

/// How files of records are read and written.
#[derive(Clone, Debug, Default)]
pub struct RecordOptions {
    /// The format of all inputs, if they do not tell it themselves.
    pub format: Option<Format>,
    /// The fields.
    pub names: FieldNames,
    /// What is done with damaged records.
    pub on_error: OnError,
    /// The largest record that is read, in bytes.
    pub max_record: usize,
    /// The format of all outputs, if not that of their inputs. What holds no text that can be read is left out then.
    pub target: Option<Format>,
    /// How outputs are compressed, if not as the inputs are.
    pub packing: Option<Codec>,
    /// Whether records of which nothing is left are left out.
    pub drop_empty: bool,
    /// Where marks are written, if nothing is to be removed.
    pub annotate: Option<Annotate>,
}

impl RecordOptions {
    /// Whether files of a format are cleaned record by record, or row by row. A text is a record where it is to become
    /// something else.
    #[must_use]
    pub fn has_records(&self, format: Format) -> bool {
        match format {
            Format::Text => self.target.is_some_and(|target| target != Format::Text),
            Format::OtherJson => false,
            Format::JsonLines | Format::Warc | Format::Csv { .. } | Format::Parquet => true,
        }
    }

    /// Whether files of a format are tables, and stay so.
    #[must_use]
    pub fn is_table(&self, format: Format) -> bool {
        format == Format::Parquet && self.target.is_none_or(|target| target == Format::Parquet)
    }

    /// How an output is compressed that is to be so as a whole.
    #[must_use]
    pub fn packing_or(&self, otherwise: impl FnOnce() -> Codec) -> Codec {
        match self.target {
            // Parquet compresses inside.
            Some(Format::Parquet) => Codec::of(Compression::None),
            _ => self.packing.unwrap_or_else(otherwise),
        }
    }
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct BatchOutput {
    /// Its bytes in the output.
    pub output: Vec<u8>,
    /// Its rows, where the output is a table.
    pub(super) rows: RowBlock,
    /// Its removal records, as JSON Lines.
    pub records: Vec<u8>,
    /// What was wrong with its records, as JSON Lines.
    pub damage: Vec<u8>,
    /// How many bytes of the input have been read.
    pub consumed: u64,
    /// Where in the decompressed input it ends, if a record ends there.
    pub end: Option<Start>,
    /// Its figures, and what is to be told of it.
    pub tally: BatchStats,
    /// Why the file fails.
    pub failure: Option<Error>,
}

/// Figures of some batches.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct BatchStats {
    /// Counts.
    pub stats: Stats,
    /// Removed spans.
    pub spans: usize,
    /// The first damaged record and what is wrong with it.
    pub first_damage: Option<(u64, String)>,
    /// What the witness tells.
    #[serde(skip)]
    pub told: Vec<Event>,
    /// Whether the output differs from the input.
    pub differs: bool,
}

impl Clone for BatchStats {
    /// All but what the witness tells, which is told once.
    fn clone(&self) -> Self {
        let (stats, first_damage) = (self.stats.clone(), self.first_damage.clone());
        Self {
            stats,
            spans: self.spans,
            first_damage,
            told: Vec::new(),
            differs: self.differs,
        }
    }
}

impl BatchStats {
    /// Adds the figures of the batch that follows.
    pub fn add(&mut self, other: Self) {
        self.stats.merge(&other.stats);
        self.spans += other.spans;
        self.first_damage = self.first_damage.take().or(other.first_damage);
        self.told.extend(other.told);
        self.differs |= other.differs;
    }

    /// What is to be told at the end of a file.
    pub fn events(&mut self, on_error: OnError) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.told);
        if let Some((number, reason)) = &self.first_damage {
            let (count, fate) = (
                self.stats.damaged,
                if on_error == OnError::Drop {
                    "left out"
                } else {
                    "passed through unchanged"
                },
            );
            let several = || format!("{count} records are damaged, such as record {number}, which");
            let which = if count == 1 {
                format!("record {number}")
            } else {
                several()
            };
            events.push(Event::Passed(format!("{which} {reason}; {fate}")));
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

/// A run was stopped from outside.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// A file of records on its way.
#[derive(Debug)]
pub struct RecordCleaner<'j> {
    /// How its texts are cleaned.
    pub options: &'j JobOptions,
    /// What it is called in reports.
    pub name: &'j str,
    /// On how many threads.
    pub threads: usize,
    /// How its output is compressed.
    pub packing: Codec,
    /// Set from outside to stop early.
    pub stop: &'j AtomicBool,
    /// Which bytes of its lines are meant, if not all.
    pub slice: Option<Range<u64>>,
}

/// What the records of a file are, and what they become.
pub(super) struct RecordShape {
    pub(super) layout: RecordFormat,
    /// None where they keep their format.
    pub(super) converter: Option<Converter>,
}

/// What a worker keeps from batch to batch.
pub(super) struct Worker {
    scratch: Scratch,
    packer: Compressor,
    /// A record as it is written.
    pub(super) record: Vec<u8>,
    /// The marks that it is to get when it is converted, as JSON.
    pub(super) marks: Option<Vec<u8>>,
}

/// What a record becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Disposition {
    /// What it was.
    Same,
    /// What the worker holds.
    Changed,
    /// Nothing.
    Dropped,
}

impl RecordCleaner<'_> {
    /// Cleans an input from `start` on. Batches are given to `each` in order; what follows a failure is not cleaned.
    ///
    /// # Errors
    /// If the input cannot be read, a record fails it, or `each` fails; [`Interrupted`] if the run is to stop.
    pub fn run(
        &self,
        source: Source<'_>,
        mut start: Start,
        each: &mut dyn FnMut(BatchOutput) -> Result<()>,
    ) -> Result<()> {
        if self
            .options
            .encoding
            .is_some_and(|encoding| encoding != encoding_rs::UTF_8)
        {
            bail!("holds records, which are UTF-8, and cannot be read with --encoding");
        }
        let options = &self.options.format;
        let layout = RecordFormat::new(source.format, &source.head, self.name, &options.names)?;
        let converter = options
            .target
            .and_then(|target| Converter::new(target, &layout, &options.names));
        let has_members = converter
            .as_ref()
            .map_or(source.format == Format::JsonLines, Converter::has_members);
        if options.annotate.is_some() && !has_members {
            bail!(
                "is not JSON Lines, and only there annotations have a place; --output-format jsonl makes it so"
            );
        }
        let mut table = TableWriter::new(converter.as_ref())?;
        let begin = self.slice.as_ref().map_or(0, |slice| slice.start);
        let mut is_empty = start.offset <= begin;
        // Of several slices the first one has the line of names.
        let head = converter
            .as_ref()
            .filter(|_| is_empty && begin == 0)
            .map(Converter::head)
            .filter(|head| !head.is_empty());
        let shape = RecordShape { layout, converter };
        let end = self.slice.as_ref().map_or(u64::MAX, |slice| slice.end);
        let mut reader = source.reader.take(end);
        let offset = start.offset.max(begin);
        let lines = skip_lines(&mut reader, offset)
            .context("ends before the place where it is to be gone on with, or cannot be read")?;
        if start.offset < offset {
            start = Start {
                offset,
                records: lines,
            };
        }
        let max_record = self.options.format.max_record;
        let mut records = start.records;
        let batches = Batches::new(
            reader,
            shape.layout.framing(),
            max_record,
            start,
            source.consumed,
        )
        .map(|batch| {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Error::from(Interrupted));
            }
            let batch = batch
                .map_err(|error| anyhow!("cannot be read behind record {records}: {error}"))?;
            records = batch.number + batch.ends.len() as u64 - 1;
            Ok(batch)
        });
        let worker = || {
            let packer = Compressor::new(self.packing).context("cannot compress")?;
            Ok(Worker {
                scratch: Scratch::default(),
                packer,
                record: Vec::new(),
                marks: None,
            })
        };
        if let Some(head) = head {
            is_empty = false;
            each(BatchOutput {
                output: Compressor::new(self.packing)?.packed(head)?,
                ..BatchOutput::default()
            })?;
        }
        in_order(
            self.threads,
            batches,
            |batch| batch.bytes.len(),
            worker,
            |worker, batch| self.clean(&shape, batch, worker),
            |mut done| {
                if let Some(failure) = done.failure.take() {
                    return Err(failure);
                }
                table.add(&mut done)?;
                is_empty &= done.output.is_empty();
                each(done)
            },
        )?;
        // Nothing at all is compressed too, as readers want a header.
        let mut output = table.finish()?;
        if is_empty && output.is_empty() {
            Compressor::new(self.packing)?.pack(&[], &mut output)?;
        }
        if output.is_empty() {
            Ok(())
        } else {
            each(BatchOutput {
                output,
                ..BatchOutput::default()
            })
        }
    }

    fn clean(&self, shape: &RecordShape, batch: Batch, worker: &mut Worker) -> BatchOutput {
        let mut done = BatchOutput {
            consumed: batch.consumed,
            end: batch.end,
            ..BatchOutput::default()
        };
        let cleaned = match batch.piece {
            Some(piece) => self.pass_piece(batch, piece, &mut done, worker),
            None => self.clean_records(shape, batch, &mut done, worker),
        };
        if let Err(error) = cleaned {
            done.failure = Some(error);
        }
        done
    }

    /// Passes on a piece of a record that is too large.
    fn pass_piece(
        &self,
        batch: Batch,
        piece: Piece,
        done: &mut BatchOutput,
        worker: &mut Worker,
    ) -> Result<()> {
        let keeps = if piece == Piece::First {
            self.damaged(batch.number, Some(batch.offset), self.too_large(), done)?
        } else {
            self.options.format.on_error != OnError::Drop
        };
        if let Some(Annotate::Dolma(name)) = &self.options.format.annotate {
            // One line for all pieces of a record.
            if piece == Piece::First && keeps {
                done.output = worker.packer.packed(dolma_line(None, name, &[]))?;
            }
            return Ok(());
        }
        if !keeps {
            let place = RecordRef {
                number: batch.number,
                offset: batch.offset,
                record: &batch.bytes,
                id: None,
                field: None,
                item: 0,
            };
            self.dropped(&place, DAMAGED, done)?;
        }
        let bytes = if keeps { batch.bytes } else { Vec::new() };
        done.output = worker.packer.packed(bytes)?;
        Ok(())
    }

    pub(super) fn too_large(&self) -> String {
        format!(
            "is larger than --max-record allows ({} bytes)",
            self.options.format.max_record
        )
    }

    fn clean_records(
        &self,
        shape: &RecordShape,
        batch: Batch,
        done: &mut BatchOutput,
        worker: &mut Worker,
    ) -> Result<()> {
        let alone =
            shape.layout.packs_records() && shape.converter.is_none() && worker.packer.packs();
        let (mut output, mut copied) = (Vec::new(), 0);
        for (number, start, record) in batch.records() {
            let fate = self.clean_record(
                shape,
                number,
                batch.offset + start as u64,
                record,
                done,
                worker,
            )?;
            done.tally.differs |= fate != Disposition::Same;
            let fate = self.convert(shape, number, record, fate, done, worker);
            if alone {
                match fate {
                    Disposition::Same => worker.packer.pack(record, &mut output)?,
                    Disposition::Changed => worker.packer.pack(&worker.record, &mut output)?,
                    Disposition::Dropped => {}
                }
            } else if fate != Disposition::Same {
                if output.is_empty() {
                    output.reserve(batch.bytes.len());
                }
                output.extend_from_slice(&batch.bytes[copied..start]);
                if fate == Disposition::Changed {
                    output.extend_from_slice(&worker.record);
                }
                copied = start + record.len();
            }
        }
        done.output = if alone {
            output
        } else if copied == 0 {
            worker.packer.packed(batch.bytes)?
        } else {
            output.extend_from_slice(&batch.bytes[copied..]);
            worker.packer.packed(output)?
        };
        Ok(())
    }

    fn clean_record(
        &self,
        shape: &RecordShape,
        number: u64,
        offset: u64,
        record: &[u8],
        done: &mut BatchOutput,
        worker: &mut Worker,
    ) -> Result<Disposition> {
        let is_too_large = record.len() > self.options.format.max_record;
        let reading = if is_too_large {
            Parsed::Damaged(self.too_large())
        } else {
            shape.layout.read(number, record)
        };
        let nowhere = RecordRef {
            number,
            offset,
            record,
            id: None,
            field: None,
            item: 0,
        };
        let texts = match reading {
            Parsed::Found(texts) => texts,
            Parsed::Other => return Ok(self.unmarked(Disposition::Same, worker)),
            Parsed::Damaged(reason) => {
                let fate = self.pass_damaged(&nowhere, reason, done)?;
                return Ok(self.unmarked(fate, worker));
            }
        };
        let place = RecordRef {
            number,
            offset,
            record,
            id: texts.id.as_deref(),
            field: None,
            item: 0,
        };
        let mut found = TextOutcome::default();
        for field in &texts.fields {
            self.clean_field(&place, field, &texts, &mut found, &mut worker.scratch)?;
        }
        let mut fate = Disposition::Same;
        if let Some(annotate) = &self.options.format.annotate {
            fate = Disposition::Changed;
            worker.record = match annotate {
                Annotate::Field(_) if shape.converter.is_some() => {
                    worker.marks = Some(annotation_list(&found.annotations)?);
                    record.to_owned()
                }
                Annotate::Field(name) => {
                    with_member(record, name, &annotation_list(&found.annotations)?)
                        .unwrap_or_else(|| record.to_owned())
                }
                Annotate::Dolma(name) => dolma_line(texts.id_json, name, &found.annotations),
            };
        } else if !found.cuts.is_empty() {
            worker.record.clear();
            if let Err(reason) = shape.layout.write(record, &found.cuts, &mut worker.record) {
                return self.pass_damaged(&place, reason.to_owned(), done);
            }
            fate = Disposition::Changed;
        }
        if let Some(share) = found.held {
            self.note(
                number,
                Some(offset),
                &format!("is held whole: {:.1} % would have gone", share * 100.0),
                done,
            )?;
        }
        done.tally.add(found.tally);
        if found.kept == 0 {
            done.tally.stats.empty += 1;
            if self.options.format.drop_empty {
                self.dropped(&place, EMPTY, done)?;
                return Ok(Disposition::Dropped);
            }
        }
        done.records.append(&mut found.records);
        Ok(fate)
    }

    /// What a record without texts becomes: attribute files have a line for each record.
    fn unmarked(&self, fate: Disposition, worker: &mut Worker) -> Disposition {
        let Some(Annotate::Dolma(name)) = self
            .options
            .format
            .annotate
            .as_ref()
            .filter(|_| fate != Disposition::Dropped)
        else {
            return fate;
        };
        worker.record = dolma_line(None, name, &[]);
        Disposition::Changed
    }

    /// Passes on a damaged record, or drops it.
    fn pass_damaged(
        &self,
        place: &RecordRef<'_>,
        reason: String,
        done: &mut BatchOutput,
    ) -> Result<Disposition> {
        if self.damaged(place.number, Some(place.offset), reason, done)? {
            return Ok(Disposition::Same);
        }
        self.dropped(place, DAMAGED, done)?;
        Ok(Disposition::Dropped)
    }

    /// Accounts for a record that is left out.
    pub(super) fn dropped(
        &self,
        place: &RecordRef<'_>,
        rule: &str,
        done: &mut BatchOutput,
    ) -> Result<()> {
        done.tally.differs = true;
        if !self.options.records {
            return Ok(());
        }
        let origin = Origin {
            path: self.name,
            bytes: place.record,
            offset: place.offset,
            record: Some(place.number),
            id: place.id,
            field: place.field,
            item: Some(place.item).filter(|&item| item > 0),
            ..Origin::default()
        };
        dropped_record(&origin, rule, &mut done.records)
    }

    pub(super) fn clean_field(
        &self,
        place: &RecordRef<'_>,
        field: &Field<'_>,
        texts: &TextFields<'_>,
        found: &mut TextOutcome,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let document = self.describe(Document::new(&field.text)?, texts);
        let cleaned = self.options.cleaner.clean(&document, scratch);
        let cuts = field.locate(
            place.record,
            cleaned
                .removals()
                .iter()
                .map(|removal| removal.span.range()),
        );
        found
            .tally
            .stats
            .add_document(&cleaned, self.options.cleaner.rules());
        found.tally.spans += cuts.len();
        if self.options.format.annotate.is_some() {
            let first = self
                .options
                .format
                .names
                .text
                .first()
                .map_or("", String::as_str);
            annotate(
                if field.name.is_empty() {
                    first
                } else {
                    &field.name
                },
                &cleaned,
                self.options.cleaner.rules(),
                &mut found.annotations,
            );
        }
        found.kept += cleaned.source().len()
            - cleaned
                .removals()
                .iter()
                .map(|removal| removal.span.len())
                .sum::<usize>();
        if let Outcome::Held { share } = cleaned.outcome() {
            found.held = Some(share);
        }
        let field_name = Some(field.name.as_ref()).filter(|name| !name.is_empty());
        let name = Name {
            path: self.name,
            record: Some(place.number),
            id: place.id,
            field: field_name,
        };
        found
            .tally
            .told
            .extend(self.options.look(&name, &document, &cleaned, scratch));
        if self.options.records {
            self.record(place, field, &cleaned, &cuts, &mut found.records)?;
        }
        found.cuts.extend(cuts);
        Ok(())
    }

    /// Writes the removal records of a text.
    fn record(
        &self,
        place: &RecordRef<'_>,
        field: &Field<'_>,
        cleaned: &Cleaned<'_>,
        cuts: &[Range<usize>],
        to: &mut Vec<u8>,
    ) -> Result<()> {
        let origin = Origin {
            path: self.name,
            bytes: place.record,
            offset: place.offset,
            encoding: None,
            ranges: Cow::Borrowed(cuts),
            record: Some(place.number),
            id: place.id,
            field: Some(field.name.as_ref()).filter(|name| !name.is_empty()),
            item: Some(place.item).filter(|&item| item > 0),
        };
        document_records(cleaned, &origin, self.options.cleaner.rules(), to)
    }

    /// Adds what is known of a text: by its record, else of all documents.
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

    /// Counts a damaged record. Gives whether it stays.
    pub(super) fn damaged(
        &self,
        number: u64,
        offset: Option<u64>,
        reason: String,
        done: &mut BatchOutput,
    ) -> Result<bool> {
        if self.options.format.on_error == OnError::Fail {
            return Err(anyhow!(
                "record {number} {reason}; --on-error pass would leave it as it is"
            ));
        }
        done.tally.stats.damaged += 1;
        self.note(number, offset, &reason, done)?;
        done.tally.first_damage.get_or_insert((number, reason));
        Ok(self.options.format.on_error == OnError::Pass)
    }

    pub(super) fn note(
        &self,
        number: u64,
        offset: Option<u64>,
        reason: &str,
        done: &mut BatchOutput,
    ) -> Result<()> {
        if self.options.damage {
            damage_line(self.name, number, offset, reason, &mut done.damage)
        } else {
            Ok(())
        }
    }
}

/// A record and where it is.
pub(super) struct RecordRef<'r> {
    pub(super) number: u64,
    pub(super) offset: u64,
    pub(super) record: &'r [u8],
    pub(super) id: Option<&'r str>,
    /// The field of a table that holds it, and which text of that field it is.
    pub(super) field: Option<&'r str>,
    pub(super) item: u64,
}

/// What was found in a record.
#[derive(Default)]
pub(super) struct TextOutcome {
    pub(super) tally: BatchStats,
    pub(super) cuts: Vec<Range<usize>>,
    pub(super) records: Vec<u8>,
    pub(super) annotations: Vec<Annotation>,
    /// Bytes of text that stay.
    pub(super) kept: usize,
    pub(super) held: Option<f64>,
}
