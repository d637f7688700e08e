//! Cleans one input: opens it, decides by its format whether it holds records, is a single text or
//! is passed through unchanged, and passes the result on in batches. A single text is one batch.
//! This is separate from `files`, which decides what happens to the batches of each input.

use super::batch::{BatchOutput, BatchStats, Interrupted};
use super::document::{Uncleaned, clean_document};
use super::output::Output;
use super::records::RecordCleaner;
use super::tables::TableCleaner;
use super::tasks::Task;
use super::text::TextCleaner;
use super::walk::InputFile;
use super::{Event, Job, JobOptions, Target};
use crate::io::fs::{self, File};
use crate::io::{Compression, Compressor, Format, Reading, RecordInput, Source, has_json_text};
use crate::report::record_path;
use anyhow::{Context, Error, Result, bail};
use dechaff_core::Scratch;
use std::io::{self, Read};
use std::path::Path;

/// Decompressed bytes of a compressed text that are read before its size is found out.
const SMALL_TEXT: u64 = 16 << 20;
/// Chunk size in bytes when an input is copied through unchanged.
const COPY_CHUNK: u64 = 1 << 20;

/// On which threads the records of an input are cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threads {
    /// On the caller's, because other threads clean other inputs.
    One,
    /// On all, because the input is cleaned by itself.
    All,
}

/// Called with each batch of an input, the output to append the batch to, and the statistics up to
/// and with the batch. The output is `None` if the batch is written already, as in tables, or has
/// nothing to write.
pub(super) type OnBatch<'e> =
    dyn FnMut(&mut BatchOutput, Option<&mut Output>, &mut BatchStats) -> Result<()> + 'e;

/// An error that ends the run, such as a report that cannot be written, raised while one input is
/// cleaned. Other errors concern that input only.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub(super) struct RunFailure(pub(super) Error);

impl Job<'_> {
    /// Opens an input by reading its first bytes.
    pub(super) fn open(&self, file: &InputFile) -> Result<Source<'static>> {
        let (format, is_live) = (
            self.options.format.format,
            self.options.format.line_buffered,
        );
        if self.inputs.stream.as_deref() == Some(Path::new("-")) {
            return self.inputs.stdin.open(format, is_live);
        }
        let opened = File::open(&file.path).context("cannot be opened")?;
        if is_live {
            return Source::live(&file.path, opened, format);
        }
        Source::new(&file.path, opened, format)
    }

    /// Cleans an input as its format requires: record by record, as one text, or not at all. Passes
    /// each batch to `on_batch`, and returns the statistics of the input and its output, which is
    /// to be finished. The output is [`Output::Nowhere`] if nothing is to be written, or nothing
    /// changed in place.
    pub(super) fn clean_input(
        &self,
        task: &Task,
        threads: Threads,
        scratch: &mut Scratch,
        on_batch: &mut OnBatch<'_>,
    ) -> Result<(BatchStats, Output)> {
        let mut source = self.open(&task.file)?;
        if self.options.format.line_buffered {
            check_live(&source)?;
        }
        if source.format == Format::JSON && !self.has_json_text(task, &source)? {
            return self.pass_through(task, source, &Uncleaned::OtherJson, on_batch);
        }
        let options = self.options_for(source.format)?;
        if options.format.has_records(source.format) {
            return self.clean_records(task, source, &options, threads, on_batch);
        }
        match self.read_whole(&mut source, &task.file)? {
            Whole::Read(bytes) => {
                self.clean_document(task, bytes, source.compression, scratch, on_batch)
            }
            Whole::Larger(start) => {
                let source = Source {
                    reader: Box::new(io::Cursor::new(start).chain(source.reader)),
                    ..source
                };
                self.pass_through(task, source, &Uncleaned::TooLarge, on_batch)
            }
        }
    }

    /// Returns whether a JSON document has texts, as far as its first bytes tell. Others, such as
    /// settings, lie in many directories and are no records. A format that the user named is not
    /// doubted.
    fn has_json_text(&self, task: &Task, source: &Source<'_>) -> Result<bool> {
        let options = &self.options.format;
        if options.format.is_some() {
            return Ok(true);
        }
        let has_text = has_json_text(&RecordInput {
            name: &record_path(&task.file.path),
            head: &source.head,
            fields: &options.names,
            csv: options.csv,
        })?;
        if !has_text && options.target.is_some() {
            bail!(
                "is JSON in which no object has the text field, and cannot become another format"
            );
        }
        Ok(has_text)
    }

    /// Cleans an input that is a single text of these bytes. Binary input has no output. Events are
    /// reported before the output is created, because that may fail too.
    fn clean_document(
        &self,
        task: &Task,
        bytes: Vec<u8>,
        compression: Compression,
        scratch: &mut Scratch,
        on_batch: &mut OnBatch<'_>,
    ) -> Result<(BatchStats, Output)> {
        let name = record_path(&task.file.path);
        let site = task.file.folder();
        let cleaner = TextCleaner::new(self.options, &name).with_site(site.as_deref());
        let mut batch = clean_document(&cleaner, bytes, scratch)?;
        let mut tally = std::mem::take(&mut batch.tally);
        on_batch(&mut BatchOutput::default(), None, &mut tally)?;
        let is_binary = tally.stats.binary > 0;
        let mut output = if is_binary || self.stays(&tally) {
            Output::Nowhere
        } else {
            self.output(task)?
        };
        if !output.is_nowhere() {
            batch.output =
                Compressor::new(self.codec(self.options, compression))?.compress(batch.output)?;
        }
        on_batch(&mut batch, Some(&mut output), &mut tally)?;
        Ok((tally, output))
    }

    /// Cleans an input of records with `options`, from its checkpoint on. If the run is stopped and
    /// can be resumed, the unfinished output stays on disk.
    fn clean_records(
        &self,
        task: &Task,
        mut source: Source<'_>,
        options: &JobOptions,
        threads: Threads,
        on_batch: &mut OnBatch<'_>,
    ) -> Result<(BatchStats, Output)> {
        let path = &task.file.path;
        let name = record_path(path);
        let site = task.file.folder();
        let texts = TextCleaner::new(options, &name).with_site(site.as_deref());
        let codec = self.codec(options, source.compression);
        let is_named = options.format.target != self.options.format.target;
        let options = &options.format;
        let threads = match threads {
            Threads::One => 1,
            Threads::All => rayon::current_num_threads(),
        };
        if task.checkpoint.is_none() && !options.line_buffered {
            source.check_fields(&options.names, options.max_record)?;
        }
        let mut output = self.output(task)?;
        let is_table = options.is_table(source.format);
        if output.is_terminal() && (is_table || options.target.is_some_and(Format::is_table)) {
            bail!("refusing to write Parquet to a terminal; use --output");
        }
        let (mut tally, start) = task
            .checkpoint
            .as_ref()
            .map_or_else(Default::default, |checkpoint| {
                (checkpoint.tally.clone(), checkpoint.start)
            });
        tally.on_error = options.on_error;
        if let Some(target) = options.target.filter(|_| is_named) {
            tally.events.push(converted(source.format, target));
        }
        if is_table {
            let cleaner = TableCleaner::new(texts, threads, self.stop);
            let file = source.into_file(path)?;
            cleaner.run(file, &mut output, &mut |mut batch| {
                tally.add(std::mem::take(&mut batch.tally));
                on_batch(&mut batch, None, &mut tally)
            })?;
        } else {
            let source = if source.format.is_table() {
                source.into_lines(path, &options.names)?
            } else {
                source
            };
            let slice = task.slice.clone();
            let cleaner = RecordCleaner::new(texts, threads, codec, self.stop, slice);
            let streamed = cleaner.run(source, start, &mut |mut batch| {
                tally.add(std::mem::take(&mut batch.tally));
                on_batch(&mut batch, Some(&mut output), &mut tally)
            });
            if let Err(error) = streamed {
                if error.is::<Interrupted>() && self.is_resumable() {
                    output.keep_for_resume();
                }
                return Err(error);
            }
        }
        if self.stays(&tally) {
            output = Output::Nowhere;
        }
        Ok((tally, output))
    }

    /// Reads an input that is one text, unless it is larger than a document may be. A compressed
    /// file is decompressed twice if it is not small: first only to find out its size, so that one
    /// that is too large never is in memory.
    fn read_whole(&self, source: &mut Source<'_>, file: &InputFile) -> Result<Whole> {
        let max_document = self.options.max_document;
        if source.compression == Compression::None
            || max_document <= SMALL_TEXT
            || self.inputs.stream.as_deref() == Some(Path::new("-"))
            || !fs::is_file(&file.path)?
        {
            return read_up_to(source, file.size, max_document);
        }
        let mut start = match read_up_to(source, file.size, SMALL_TEXT)? {
            Whole::Larger(start) => start,
            whole @ Whole::Read(_) => return Ok(whole),
        };
        let mut measured = self.open(file)?.reader.take(max_document + 1);
        let size = io::copy(&mut measured, &mut io::sink()).context("cannot be read")?;
        if size > max_document {
            return Ok(Whole::Larger(start));
        }
        start.reserve_exact((size as usize).saturating_sub(start.len()));
        let rest = max_document + 1 - start.len() as u64;
        let read = source.reader.by_ref().take(rest).read_to_end(&mut start);
        read.context("cannot be read")?;
        // The file can have grown meanwhile.
        Ok(if start.len() as u64 <= max_document {
            Whole::Read(start)
        } else {
            Whole::Larger(start)
        })
    }

    /// Copies an input that is not cleaned to its output, compressed as the options say, and
    /// reports why first. In place there is nothing to copy.
    fn pass_through(
        &self,
        task: &Task,
        mut source: Source<'_>,
        reason: &Uncleaned,
        on_batch: &mut OnBatch<'_>,
    ) -> Result<(BatchStats, Output)> {
        let mut tally = reason.tally();
        on_batch(&mut BatchOutput::default(), None, &mut tally)?;
        let mut output = if self.stays(&tally) {
            Output::Nowhere
        } else {
            self.output(task)?
        };
        let mut compressor = Compressor::new(self.codec(self.options, source.compression))?;
        let mut batch = BatchOutput::default();
        while !output.is_nowhere() {
            let mut chunk = Vec::new();
            source
                .reader
                .by_ref()
                .take(COPY_CHUNK)
                .read_to_end(&mut chunk)
                .context("cannot be read")?;
            if chunk.is_empty() {
                break;
            }
            batch.output = compressor.compress(chunk)?;
            on_batch(&mut batch, Some(&mut output), &mut tally)?;
        }
        Ok((tally, output))
    }

    /// Returns whether an input with these statistics stays as it is, because it would be replaced
    /// in place and nothing in it changed.
    fn stays(&self, tally: &BatchStats) -> bool {
        matches!(self.target, Target::InPlace) && !tally.differs
    }

    /// Creates the output of an input, or opens that of the earlier run at the checkpoint. If it
    /// cannot be created for the only input, the run fails.
    fn output(&self, task: &Task) -> Result<Output> {
        self.create_output(task)
            .map_err(|error| match self.inputs.stream {
                Some(_) => RunFailure(error).into(),
                None => error,
            })
    }
}

/// Returns the note that an input in the format `from` becomes `target`, as the user may have named
/// the output without thinking of that.
fn converted(from: Format, target: Format) -> Event {
    let loss = if matches!(target.reading(), Reading::Text(_)) {
        "; only the texts are kept"
    } else if from == Format::JSON_LINES {
        "; only id, URL, language and texts are kept"
    } else {
        ""
    };
    let (from, target) = (from.name(), target.name());
    Event::Passed(format!(
        "converted from {from} to {target}, as the name of the output says{loss}"
    ))
}

/// Checks that the records of a live stream can be cleaned as they come. A stream that ended without
/// a byte has none.
fn check_live(source: &Source<'_>) -> Result<()> {
    match source.format.reading() {
        Reading::Records(_) => Ok(()),
        Reading::Table => bail!(
            "is a table, which can only be read once it is complete; --line-buffered needs records \
             that come one after another, such as JSON Lines"
        ),
        Reading::Text(_) | Reading::Never if source.head.is_empty() => Ok(()),
        Reading::Text(_) | Reading::Never => bail!(
            "is one text, which can only be cleaned as a whole; --line-buffered needs records, such \
             as JSON Lines with a text in each (--format jsonl)"
        ),
    }
}

/// The bytes of an input that was read up to a limit.
#[derive(Debug, PartialEq)]
enum Whole {
    /// All bytes.
    Read(Vec<u8>),
    /// The first bytes of an input that is larger than the limit; possibly none.
    Larger(Vec<u8>),
}

/// Reads an input whole if it has at most `max_bytes` bytes, decompressed. `size` is its size on
/// disk, or 0 if unknown. An uncompressed input whose size exceeds the limit is not read at all; in
/// any other case up to `max_bytes + 1` bytes are read, and returned also if the input is larger.
fn read_up_to(source: &mut Source<'_>, size: u64, max_bytes: u64) -> Result<Whole> {
    if source.compression == Compression::None && size > max_bytes {
        return Ok(Whole::Larger(Vec::new()));
    }
    let mut bytes = Vec::with_capacity(size.min(max_bytes) as usize + 1);
    source
        .reader
        .by_ref()
        .take(max_bytes + 1)
        .read_to_end(&mut bytes)
        .context("cannot be read")?;
    Ok(if bytes.len() as u64 <= max_bytes {
        Whole::Read(bytes)
    } else {
        Whole::Larger(bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(bytes: &[u8]) -> Source<'_> {
        Source::new(Path::new("a.txt"), bytes, None).unwrap()
    }

    #[test]
    fn an_input_is_read_whole_up_to_the_limit() {
        let read = read_up_to(&mut source(b"It rained."), 10, 10).unwrap();
        assert_eq!(read, Whole::Read(b"It rained.".to_vec()));
        // The size is unknown, as that of standard input is.
        let read = read_up_to(&mut source(b"It rained."), 0, 10).unwrap();
        assert_eq!(read, Whole::Read(b"It rained.".to_vec()));
        let read = read_up_to(&mut source(b"It rained."), 0, 9).unwrap();
        assert_eq!(read, Whole::Larger(b"It rained.".to_vec()));
    }

    #[test]
    fn an_input_whose_size_exceeds_the_limit_is_not_read() {
        let mut large = source(b"It rained.");
        assert_eq!(
            read_up_to(&mut large, 10, 9).unwrap(),
            Whole::Larger(Vec::new())
        );
        let mut rest = Vec::new();
        large.reader.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"It rained.");
        // The size of a compressed file says nothing about its text.
        let compressed = zstd::encode_all(&b"It rained."[..], 1).unwrap();
        let size = compressed.len() as u64;
        let mut source = source(&compressed);
        let read = read_up_to(&mut source, size, 10).unwrap();
        assert_eq!(read, Whole::Read(b"It rained.".to_vec()));
    }
}
