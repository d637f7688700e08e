//! What a worker thread does with a batch of records. The texts of each record are cleaned where
//! they are, so that all other bytes are copied; records that cannot be read are passed through,
//! dropped, or fail the file. Cleaned records are converted if the output has another format, and
//! the batch is compressed.
//!
//! For example, a batch of two JSON Lines in which a rule removes `Share\n`:
//!
//! ```text
//! {"id": 1, "text": "Share\nIt rained."}     removal: bytes 0..6 of the text
//!                                            cut: bytes 19..26 of the record, as `\n` is escaped
//! {"id": 1, "text": "It rained."}            the record without the cut
//! {"id": 2}                                  damaged: it has no text; passed through
//! ```

use crate::io::{
    AddMember, Batch, Codec, Compressor, Content, Format, Framing, InputText, NewColumn, Parsed,
    Piece, RecordFormat, RecordInput, RecordWriter, Source, TextFields, cut, framing_in,
    looks_like_utf16,
};
use crate::job::batch::BatchOutput;
use crate::job::document::UTF16_ADVICE;
use crate::job::encoded::RecordField;
use crate::job::options::{Annotate, JobOptions, OnError};
use crate::job::text::{Fate, Place, Problem, TextCleaner, TextOutcome};
use crate::job::verdicts::{VerdictFields, no_place};
use crate::report::{
    Addition, ContentHash, ContentHasher, Part, annotation_list, dolma_line, share_field,
};
use anyhow::{Context, Result, bail};
use dechaff_core::{Scratch, Verdict};
use encoding_rs::{Encoding, UTF_8};
use std::borrow::Cow;
use std::ops::Range;

/// How the records of a file are read and written.
pub(super) struct RecordShape {
    pub(super) format: Box<dyn RecordFormat>,
    /// Writes cleaned records. `None` if they keep their format.
    pub(super) writer: Option<Box<dyn RecordWriter>>,
    /// Adds annotations to records of the output. `None` if the output does not allow that.
    add_member: Option<AddMember>,
    /// Columns for the verdicts, of which there are none if a JSON record gets a field for them.
    /// `None` if no verdicts are written to records.
    verdict_columns: Option<Vec<NewColumn>>,
    /// Whether each record of the output is compressed by itself.
    compresses_records: bool,
    /// Encoding of the records, unless that is UTF-8.
    encoding: Option<&'static Encoding>,
    /// Whether removal records identify the input and its output. They cannot if the output has
    /// another format, from which nothing can be restored.
    pub(super) has_parts: bool,
}

/// Cleans batches on one thread.
pub(super) struct RecordWorker<'w> {
    texts: TextCleaner<'w>,
    shape: &'w RecordShape,
    scratch: Scratch,
    compressor: Compressor,
    /// The current record as it is to be written, if that differs from the input.
    record: Vec<u8>,
    /// Annotations of the current record as JSON, with its share, to be added when it is converted.
    annotations: Option<(Vec<u8>, f64)>,
    /// Verdicts on the texts of the current record.
    verdicts: Vec<(String, Verdict)>,
}

/// What is written for a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Disposition {
    /// The record as it was.
    Same,
    /// The bytes in [`RecordWorker::record`].
    Changed,
    /// Nothing.
    Dropped,
}

impl RecordShape {
    /// Finds out how the records of `source` are read and written, from its format, its first bytes
    /// and the options. Fails if the options do not fit the format: an encoding in which records
    /// cannot be told apart, or annotations where the output is not JSON Lines in UTF-8.
    pub(super) fn new(texts: &TextCleaner<'_>, source: &Source<'_>) -> Result<Self> {
        let encoding = texts
            .options()
            .encoding
            .filter(|&encoding| encoding != UTF_8);
        let options = &texts.options().format;
        let head = decode_head(&source.head, encoding)?;
        let format = source.format.open(&RecordInput {
            name: texts.name(),
            head: head.as_bytes(),
            fields: &options.names,
            csv: options.csv,
        })?;
        let target = options.target.filter(|&target| target != source.format);
        let output_format = target.unwrap_or(source.format);
        let add_member = output_format.add_member();
        if options.annotate.is_some() && add_member.is_none() {
            bail!(
                "is not JSON Lines, which annotations need; convert it with --output-format jsonl"
            );
        }
        if encoding.is_some()
            && target.is_none()
            && matches!(options.annotate, Some(Annotate::Field(_)))
        {
            bail!("is not UTF-8, which annotations are; convert it with --output-format jsonl");
        }
        let mut columns = format.columns();
        let verdict_columns = verdict_columns(texts.options(), source.format, &columns.names)?;
        if encoding.is_some() && target.is_none() && verdict_columns.is_some() {
            bail!("is not UTF-8, which verdicts are; convert it with --output-format jsonl");
        }
        columns.added = verdict_columns.clone().unwrap_or_default();
        let writer = target.map(|target| target.writer(columns)).transpose()?;
        Ok(Self {
            encoding,
            has_parts: texts.options().records && writer.is_none() && options.annotate.is_none(),
            format,
            writer,
            add_member,
            verdict_columns,
            compresses_records: output_format.compresses_records(),
        })
    }

    /// Returns the framing of the records.
    ///
    /// # Errors
    /// If records in their encoding cannot be told apart.
    pub(super) fn framing(&self) -> Result<Box<dyn Framing>> {
        framing_in(self.format.as_ref(), self.encoding)
    }
}

/// Returns the columns that records in the format `from`, which have the columns `names`, get for
/// verdicts. There are none if they get a field instead. Returns `None` if no verdicts are written to
/// records: they are in the lines of a map, or in those of an attribute file. Fails if the output has
/// no place for them, or has a column of that name.
fn verdict_columns(
    options: &JobOptions,
    from: Format,
    names: &[String],
) -> Result<Option<Vec<NewColumn>>> {
    let format = &options.format;
    let Some(fields) = VerdictFields::new(format) else {
        return Ok(None);
    };
    let to = format.target.unwrap_or(from);
    let (columns, taken) = if matches!(format.annotate, Some(Annotate::Dolma(_))) {
        return Ok(None);
    } else if to.add_member().is_some() {
        // Records of JSON are looked at one by one.
        let is_taken = from != to && names.iter().any(|name| name == fields.name);
        (Vec::new(), is_taken.then(|| fields.name.to_owned()))
    } else if to.has_columns() {
        let columns = fields.columns();
        let taken = columns.iter().find(|column| names.contains(&column.name));
        let taken = taken.map(|column| column.name.clone());
        (columns, taken)
    } else if options.maps {
        return Ok(None);
    } else {
        return Err(no_place(from, to));
    };
    match taken {
        Some(name) => bail!(
            "already has a column '{name}', which would be added; choose another name with --verdict"
        ),
        None => Ok(Some(columns)),
    }
}

/// Returns the first bytes of an input as UTF-8, as far as they can be decoded. Fails if no encoding
/// is named and they look like UTF-16.
fn decode_head<'h>(head: &'h [u8], encoding: Option<&'static Encoding>) -> Result<Cow<'h, str>> {
    match encoding {
        Some(encoding) => Ok(encoding.decode_without_bom_handling(head).0),
        None if looks_like_utf16(head) => bail!(UTF16_ADVICE),
        None => Ok(String::from_utf8_lossy(head)),
    }
}

impl<'w> RecordWorker<'w> {
    /// Creates a worker that compresses what it writes with `codec`. Fails if the encoder cannot be
    /// allocated.
    pub(super) fn new(
        texts: TextCleaner<'w>,
        shape: &'w RecordShape,
        codec: Codec,
    ) -> Result<Self> {
        Ok(Self {
            texts,
            shape,
            scratch: Scratch::default(),
            compressor: Compressor::new(codec).context("cannot compress")?,
            record: Vec::new(),
            annotations: None,
            verdicts: Vec::new(),
        })
    }

    /// Cleans a batch. An error becomes the failure of the result, so that the batches before it,
    /// which other threads may still be cleaning, are written first.
    pub(super) fn clean(&mut self, batch: Batch) -> BatchOutput {
        let mut output = BatchOutput {
            consumed: batch.consumed,
            end: batch.end,
            ..BatchOutput::default()
        };
        let cleaned = match batch.piece {
            Some(piece) => self.pass_piece(batch, piece, &mut output),
            None => self.clean_records(batch, &mut output),
        };
        output.failure = cleaned.err();
        output
    }

    /// Passes through or drops a piece of a record that exceeds the maximum size. The record is
    /// counted as damaged once, at its first piece. Each dropped piece has its own removal record,
    /// so that the source can be restored without holding the record in memory.
    fn pass_piece(&mut self, batch: Batch, piece: Piece, output: &mut BatchOutput) -> Result<()> {
        let place = Place {
            number: Some(batch.number),
            offset: Some(batch.offset),
            bytes: &batch.bytes,
            ..Place::default()
        };
        output.lines = self.count_lines(&batch.bytes);
        let options = &self.texts.options().format;
        let problem = self.texts.too_large();
        let is_first = piece == Piece::First;
        let fate = if is_first {
            self.texts.handle(&place, &problem, output)?
        } else if options.on_error == OnError::Drop {
            Fate::Dropped
        } else {
            Fate::Kept
        };
        if self.shape.has_parts {
            let source = ContentHash::of(&batch.bytes);
            let cleaned = if fate == Fate::Kept {
                source
            } else {
                ContentHash::of(b"")
            };
            self.add_part(source, cleaned, output)?;
        }
        match (&options.annotate, fate) {
            // An attribute file has one line for all pieces of a record.
            (Some(Annotate::Dolma(prefix)), Fate::Kept) if is_first => {
                output.output =
                    self.compressor
                        .compress(dolma_line(None, prefix, &[], None, None))?;
            }
            (Some(Annotate::Dolma(_)), _) => {}
            (_, Fate::Kept) => output.output = self.compressor.compress(batch.bytes)?,
            (_, Fate::Dropped) => self.texts.drop_place(&place, problem.rule(), output)?,
        }
        Ok(())
    }

    /// Cleans the records of a batch and stores the compressed output. Unchanged records are copied
    /// together with their neighbours. If the format compresses records one by one, as WARC does,
    /// each record is a gzip member or zstd frame; otherwise the batch is one.
    fn clean_records(&mut self, batch: Batch, output: &mut BatchOutput) -> Result<()> {
        let packs_each = self.shape.compresses_records && self.compressor.compresses();
        let (mut bytes, mut copied) = (Vec::new(), 0);
        let mut hasher = ContentHasher::default();
        for (number, start, record) in batch.records() {
            let place = Place {
                number: Some(number),
                offset: Some(batch.offset + start as u64),
                lines: output.lines,
                bytes: record,
                ..Place::default()
            };
            output.lines += self.count_lines(record);
            let disposition = self.clean_record(&place, output)?;
            let disposition = self.add_verdicts(&place, disposition, output)?;
            output.tally.differs |= disposition != Disposition::Same;
            let disposition = self.convert(&place, disposition);
            if packs_each {
                let record = match disposition {
                    Disposition::Same => record,
                    Disposition::Changed => self.record.as_slice(),
                    Disposition::Dropped => continue,
                };
                if self.shape.has_parts {
                    hasher.add(record);
                }
                self.compressor.compress_into(record, &mut bytes)?;
            } else if disposition != Disposition::Same {
                if bytes.is_empty() {
                    bytes.reserve(batch.bytes.len());
                }
                bytes.extend_from_slice(&batch.bytes[copied..start]);
                if disposition == Disposition::Changed {
                    bytes.extend_from_slice(&self.record);
                }
                copied = start + record.len();
            }
        }
        let source = self.shape.has_parts.then(|| ContentHash::of(&batch.bytes));
        let is_same = !packs_each && copied == 0;
        let bytes = if is_same {
            batch.bytes
        } else if packs_each {
            bytes
        } else {
            bytes.extend_from_slice(&batch.bytes[copied..]);
            bytes
        };
        if let Some(source) = source {
            let cleaned = if packs_each {
                hasher.finish()
            } else if is_same {
                source
            } else {
                ContentHash::of(&bytes)
            };
            self.add_part(source, cleaned, output)?;
        }
        output.output = if packs_each {
            bytes
        } else {
            self.compressor.compress(bytes)?
        };
        Ok(())
    }

    /// Returns the number of line ends in `bytes`, or 0 if no findings are wanted.
    fn count_lines(&self, bytes: &[u8]) -> u64 {
        if self.texts.options().findings {
            memchr::memchr_iter(b'\n', bytes).count() as u64
        } else {
            0
        }
    }

    /// Adds the line that identifies the batch to the removal records.
    fn add_part(
        &self,
        source: ContentHash,
        cleaned: ContentHash,
        output: &mut BatchOutput,
    ) -> Result<()> {
        Part::new(self.texts.name(), source, cleaned).write(&mut output.records)
    }

    /// Cleans the record at `place` and adds its statistics and report lines to `output`. With
    /// [`Disposition::Changed`], `self.record` holds the record to write, still in the format of
    /// the input.
    fn clean_record(&mut self, place: &Place<'_>, output: &mut BatchOutput) -> Result<Disposition> {
        self.verdicts.clear();
        let decoded = match self.decode(place.bytes) {
            Ok(decoded) => decoded,
            Err(problem) => {
                let disposition = self.settle(place, &problem, output)?;
                return Ok(self.without_annotations(disposition));
            }
        };
        let record = decoded
            .as_ref()
            .map_or(place.bytes, |text| text.as_str().as_bytes());
        let texts = match self.parse(place, record) {
            Ok(Some(texts)) => texts,
            Ok(None) => return Ok(self.without_annotations(Disposition::Same)),
            Err(problem) => {
                let disposition = self.settle(place, &problem, output)?;
                return Ok(self.without_annotations(disposition));
            }
        };
        let place = Place {
            id: texts.id.as_deref(),
            ..*place
        };
        let mut outcome = TextOutcome::default();
        for field in &texts.fields {
            let field = RecordField {
                field,
                decoded: decoded.as_ref(),
            };
            self.texts
                .clean_field(&place, &field, &texts, &mut outcome, &mut self.scratch)?;
        }
        let disposition = match self.write(&place, record, &texts, &outcome) {
            Ok(disposition) => disposition,
            Err(problem) => return self.settle(&place, &problem, output),
        };
        self.verdicts.append(&mut outcome.verdicts);
        output.tally.add(std::mem::take(&mut outcome.tally));
        let held = outcome.held.map(Problem::Held);
        let empty = (outcome.kept_bytes == 0).then_some(Problem::Empty);
        for problem in held.into_iter().chain(empty) {
            if self.settle(&place, &problem, output)? == Disposition::Dropped {
                outcome.write_maps(true, &mut output.maps)?;
                return Ok(Disposition::Dropped);
            }
        }
        outcome.write_maps(false, &mut output.maps)?;
        output.records.append(&mut outcome.records);
        Ok(disposition)
    }

    /// Decodes a record. Returns `None` if it is UTF-8, in which records are parsed as they are.
    /// Fails if it is too large, or not valid in its encoding.
    fn decode(&self, record: &[u8]) -> Result<Option<InputText>, Problem> {
        self.texts.check_size(record)?;
        let Some(encoding) = self.shape.encoding else {
            return Ok(None);
        };
        match Content::new(record.to_owned(), Some(encoding)) {
            Content::Text(text) => Ok(Some(text)),
            Content::Binary { .. } | Content::Invalid { .. } => Err(Problem::Damaged(format!(
                "is not valid {}",
                encoding.name()
            ))),
        }
    }

    /// Parses `record`, the one at `place` in UTF-8, and returns its texts, or `None` if it has none.
    /// Fails if it is damaged.
    fn parse<'r>(
        &self,
        place: &Place<'_>,
        record: &'r [u8],
    ) -> Result<Option<TextFields<'r>>, Problem>
    where
        'w: 'r,
    {
        let number = place.number.unwrap_or_default();
        match self.shape.format.parse(number, record) {
            Parsed::Texts(texts) => Ok(Some(texts)),
            Parsed::NoText => Ok(None),
            Parsed::Damaged(reason) => Err(Problem::Damaged(reason)),
        }
    }

    /// Makes the record to write from that at `place`, which is `record` in UTF-8: without the cuts of `outcome`, or with its
    /// annotations. Fails if the rest would not parse, so that the record cannot be cleaned.
    fn write(
        &mut self,
        place: &Place<'_>,
        record: &[u8],
        texts: &TextFields<'_>,
        outcome: &TextOutcome,
    ) -> Result<Disposition, Problem> {
        let (source, annotations) = (place.bytes, &outcome.annotations);
        let share = outcome.share();
        self.record.clear();
        match &self.texts.options().format.annotate {
            None if outcome.cuts.is_empty() => return Ok(Disposition::Same),
            None if self.shape.encoding.is_some() => self.remove_encoded(source, &outcome.cuts)?,
            None => self.remove(source, &outcome.cuts)?,
            Some(Annotate::Dolma(prefix)) => {
                let code_points = texts.fields.iter().map(|field| field.text.chars().count());
                let whole = Some((code_points.sum(), share));
                let verdict = self.texts.options().format.verdict.as_deref();
                let verdict = verdict.zip(outcome.verdicts.first().map(|(_, verdict)| verdict));
                self.record = dolma_line(texts.id_json, prefix, annotations, whole, verdict);
            }
            Some(Annotate::Field(_)) if self.shape.writer.is_some() => {
                self.annotations = Some((annotation_list(annotations), share));
                self.record.extend_from_slice(record);
            }
            Some(Annotate::Field(name)) => {
                let list = annotation_list(annotations);
                let add_member = self.shape.add_member;
                self.record = add_member
                    .and_then(|add_member| annotated(record, name, &list, share, add_member))
                    .unwrap_or_else(|| record.to_owned());
            }
        }
        Ok(Disposition::Changed)
    }

    /// Appends `record`, which is UTF-8, without `cuts` to `self.record`. Fails if the rest would not
    /// parse.
    fn remove(&mut self, record: &[u8], cuts: &[Range<usize>]) -> Result<(), Problem> {
        let format = &self.shape.format;
        format
            .remove(record, cuts, &mut self.record)
            .map_err(|reason| Problem::Damaged(reason.to_owned()))
    }

    /// Sets `self.record` to `record` without `cuts`, in its encoding or, if it is
    /// going to be converted, in UTF-8. Fails if the rest would not parse. What is left of it always
    /// decodes to the rest of the text, as no encoding that is read record by record has states.
    fn remove_encoded(&mut self, record: &[u8], cuts: &[Range<usize>]) -> Result<(), Problem> {
        let mut rest = Vec::with_capacity(record.len());
        cut(record, 0..record.len(), cuts, &mut rest);
        let decoded = self.decode(&rest)?;
        let decoded = decoded.as_ref().map_or("", InputText::as_str);
        self.remove(decoded.as_bytes(), &[])?;
        if self.shape.writer.is_none() {
            self.record = rest;
        }
        Ok(())
    }

    /// Handles a problem of the record at `place` and returns the disposition of the record. A
    /// dropped record gets a removal record.
    fn settle(
        &self,
        place: &Place<'_>,
        problem: &Problem,
        output: &mut BatchOutput,
    ) -> Result<Disposition> {
        match self.texts.handle(place, problem, output)? {
            Fate::Kept => Ok(Disposition::Same),
            Fate::Dropped => {
                self.texts.drop_place(place, problem.rule(), output)?;
                Ok(Disposition::Dropped)
            }
        }
    }

    /// Returns the disposition of a record without texts. It is `disposition`, except that a Dolma
    /// attribute file gets a line without annotations for each record that is not dropped, because
    /// its lines must correspond to those of the documents.
    fn without_annotations(&mut self, disposition: Disposition) -> Disposition {
        match &self.texts.options().format.annotate {
            Some(Annotate::Dolma(prefix)) if disposition != Disposition::Dropped => {
                self.record = dolma_line(None, prefix, &[], None, None);
                Disposition::Changed
            }
            _ => disposition,
        }
    }

    /// Adds the verdicts to the record at `place`, if records get them and keep their format, and
    /// returns the new disposition. The removal record says which bytes are added. The header row of
    /// CSV gets the names of the columns, and rows without a text get empty fields.
    fn add_verdicts(
        &mut self,
        place: &Place<'_>,
        disposition: Disposition,
        output: &mut BatchOutput,
    ) -> Result<Disposition> {
        let record = match disposition {
            Disposition::Same => place.bytes,
            Disposition::Changed => self.record.as_slice(),
            Disposition::Dropped => return Ok(disposition),
        };
        let (Some(columns), None) = (&self.shape.verdict_columns, &self.shape.writer) else {
            return Ok(disposition);
        };
        let Some(longer) = self.with_verdicts(place.number, record, columns) else {
            return Ok(disposition);
        };
        if self.shape.has_parts {
            let common = record.iter().zip(&longer).take_while(|(a, b)| a == b);
            // All removals are before the added bytes, and what follows them is as in the source.
            let behind = record.len() - common.count();
            let at = place.offset.unwrap_or_default() + (place.bytes.len() - behind) as u64;
            let added = (longer.len() - record.len()) as u64;
            Addition::new(self.texts.name(), at, added).write(&mut output.records)?;
        }
        self.record = longer;
        Ok(Disposition::Changed)
    }

    /// Returns `record`, which has this number, with the verdicts on its texts in `columns` or, if
    /// there are none, in a field. Returns `None` if it gets none.
    fn with_verdicts(
        &self,
        number: Option<u64>,
        record: &[u8],
        columns: &[NewColumn],
    ) -> Option<Vec<u8>> {
        let fields = VerdictFields::new(&self.texts.options().format)?;
        if columns.is_empty() {
            let object = fields.object(&self.verdicts)?;
            let add_member = self.shape.add_member?;
            return add_member(record, fields.name, &object);
        }
        let cells = fields.cells(&self.verdicts);
        let format = &self.shape.format;
        format.with_cells(number.unwrap_or_default(), record, columns, &cells)
    }

    /// Converts the record at `place`, if the output has another format, and returns the new
    /// disposition. With [`Disposition::Changed`] the cleaned record is in `self.record`, which
    /// the converted one replaces. Annotations that wait in the worker are added to it.
    fn convert(&mut self, place: &Place<'_>, disposition: Disposition) -> Disposition {
        let shape = self.shape;
        let Some(writer) = &shape.writer else {
            return disposition;
        };
        let cleaned = std::mem::take(&mut self.record);
        let decoded = match disposition {
            Disposition::Same => self.decode(place.bytes).ok().flatten(),
            _ => None,
        };
        let record = match (disposition, &decoded) {
            (Disposition::Same, Some(text)) => text.as_str().as_bytes(),
            (Disposition::Same, None) => place.bytes,
            (Disposition::Changed, _) => &cleaned,
            (Disposition::Dropped, _) => return disposition,
        };
        // A blank line or a CSV header has no values, and no counterpart in another format.
        let number = place.number.unwrap_or_default();
        let Some(mut values) = shape.format.values(number, record) else {
            return Disposition::Dropped;
        };
        let columns = shape.verdict_columns.as_deref();
        let fields = VerdictFields::new(&self.texts.options().format);
        if let (Some([_, ..]), Some(fields)) = (columns, &fields) {
            let cells = fields.cells(&self.verdicts);
            values.extend(
                cells
                    .iter()
                    .map(|cell| Some(cell.as_ref()?.to_string().into())),
            );
        }
        writer.write(&values, &mut self.record);
        if let (Some((list, share)), Some(Annotate::Field(name)), Some(add_member)) = (
            self.annotations.take(),
            &self.texts.options().format.annotate,
            shape.add_member,
        ) && let Some(annotated) = annotated(&self.record, name, &list, share, add_member)
        {
            self.record = annotated;
        }
        if let Some([]) = columns
            && let Some(record) = self.with_verdicts(place.number, &self.record, &[])
        {
            self.record = record;
        }
        Disposition::Changed
    }
}

/// Returns `record` with the list of its annotations in a new field `name`, and the share of its
/// texts that they cover in another one.
fn annotated(
    record: &[u8],
    name: &str,
    list: &[u8],
    share: f64,
    add_member: AddMember,
) -> Option<Vec<u8>> {
    let record = add_member(record, name, list)?;
    add_member(
        &record,
        &share_field(name),
        serde_json::Value::from(share).to_string().as_bytes(),
    )
}
