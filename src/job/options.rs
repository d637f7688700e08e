//! The options of a job: how documents are cleaned, and how files of records are read and written.

use super::observer::Observer;
use crate::io::{Batches, Codec, Compression, CsvOptions, FieldNames, Format, Reading};
use dechaff_core::{Cleaner, Document};
use std::sync::Arc;

/// How documents are cleaned.
#[derive(Clone, Debug)]
pub struct JobOptions {
    /// The cleaner.
    pub cleaner: Cleaner,
    /// Encoding of all inputs, if it is not UTF-8.
    pub encoding: Option<&'static encoding_rs::Encoding>,
    /// Maximum size of a document in bytes. Larger inputs are passed through unchanged.
    pub max_document: u64,
    /// Whether invalid text is an error. Otherwise it is passed through unchanged.
    pub strict: bool,
    /// Whether existing outputs are replaced.
    pub force: bool,
    /// Whether outputs and reports are on the disk before the run says that they are done.
    pub sync: bool,
    /// Whether removal records are wanted.
    pub records: bool,
    /// Whether a report of damaged records is wanted.
    pub damage: bool,
    /// Whether maps of offsets are wanted.
    pub maps: bool,
    /// Whether findings are wanted, as events.
    pub findings: bool,
    /// How files of records are read and written.
    pub format: RecordOptions,
    /// Sees each cleaned document.
    pub observer: Option<Arc<dyn Observer>>,
    /// Language of all documents, if known.
    pub language: Option<String>,
    /// Host of all documents, if known.
    pub host: Option<String>,
    /// Sizes at which the work is divided.
    pub sizes: Sizes,
}

/// Sizes in bytes at which the work of a run is divided. Tests of small inputs choose smaller ones.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Size of a batch of records.
    pub batch: usize,
    /// Size, decompressed, from which a file of records is cleaned by itself, on all threads.
    pub large_file: u64,
    /// Distance between checkpoints of a large file, decompressed.
    pub checkpoint: u64,
    /// Lines of one report of one input that are kept in memory.
    pub waiting_lines: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            batch: Batches::<&[u8]>::BATCH_SIZE,
            large_file: 4 << 20,
            checkpoint: 16 << 20,
            waiting_lines: 64 << 10,
        }
    }
}

impl JobOptions {
    /// Returns these options for outputs in the format `target`. Records without readable text, which
    /// would pass through, are dropped, as they cannot be converted.
    #[must_use]
    pub fn converting_to(&self, target: Format) -> Self {
        let mut options = self.clone();
        options.format.target = Some(target);
        if options.format.on_error == OnError::Pass {
            options.format.on_error = OnError::Drop;
        }
        options
    }

    /// Adds the language and the host that the user gave for all documents, so that rules bound to
    /// other ones do not apply. Without these options the document stays as it is.
    #[must_use]
    pub fn describe<'t>(&self, document: Document<'t>) -> Document<'t> {
        let document = match &self.language {
            Some(language) => document.with_language(language),
            None => document,
        };
        match &self.host {
            Some(host) => document.with_host(host),
            None => document,
        }
    }
}

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

/// What happens to held texts: those that would lose more than the cleaner may remove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnHeld {
    /// They are passed through unchanged.
    #[default]
    Pass,
    /// Their records are dropped. An input that is one text becomes empty.
    Drop,
    /// They become empty.
    KeepEmpty,
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
    /// Whether texts are HTML, of which the text between tags is cleaned.
    pub is_html: bool,
    /// How tables of text are divided into fields.
    pub csv: CsvOptions,
    /// What happens to damaged records.
    pub on_error: OnError,
    /// What happens to held texts.
    pub on_held: OnHeld,
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
    /// Name under which the verdict on each document is written to its record. The cleaner must give
    /// verdicts.
    pub verdict: Option<String>,
    /// Whether each record is cleaned and written once it has come, without a wait for the next.
    pub line_buffered: bool,
}

impl RecordOptions {
    /// Returns whether files of `format` are cleaned record by record or row by row. A text file is
    /// one record if it is converted to another format, else it is a document.
    #[must_use]
    pub fn has_records(&self, format: Format) -> bool {
        match format.reading() {
            Reading::Text(_) => self.target.is_some_and(|target| target != format),
            Reading::Never => false,
            Reading::Records(_) | Reading::Table => true,
        }
    }

    /// Returns whether files of `format` are tables and stay tables. They are cleaned column by
    /// column; a table that is converted is read row by row instead.
    #[must_use]
    pub fn is_table(&self, format: Format) -> bool {
        format.is_table() && self.target.is_none_or(|target| target == format)
    }

    /// Returns how an output is compressed as a whole: the codec of the options, else `otherwise`.
    /// An output that is converted to a table is never compressed as a whole, because tables are
    /// compressed inside.
    #[must_use]
    pub fn codec_or(&self, otherwise: impl FnOnce() -> Codec) -> Codec {
        match self.target {
            Some(target) if target.is_table() => Codec::of(Compression::None),
            _ => self.codec.unwrap_or_else(otherwise),
        }
    }
}

#[cfg(any(test, feature = "fuzzing"))]
#[allow(clippy::expect_used, reason = "this is only for tests")]
impl JobOptions {
    /// Returns options for tests: the built-in rules, no reports, and records of up to 1 MiB
    /// with the field `text`.
    #[must_use]
    pub fn for_tests() -> Self {
        Self {
            cleaner: Cleaner::builder().build().expect("the options are valid"),
            encoding: None,
            max_document: 1 << 20,
            strict: false,
            force: false,
            sync: false,
            records: false,
            damage: false,
            maps: false,
            findings: false,
            format: RecordOptions {
                names: FieldNames {
                    text: vec!["text".to_owned()],
                    ..FieldNames::default()
                },
                max_record: 1 << 20,
                ..RecordOptions::default()
            },
            observer: None,
            language: None,
            host: None,
            sizes: Sizes::default(),
        }
    }
}
