//! Files of records: their options, the options that a journal describes, the reports of a run, and
//! the cleaning of a single file of records from standard input or to standard output. Jobs over
//! many files clean records in `job::records`.

use super::args::{AnnotateArg, CleanArgs, OnErrorArg, RecordArgs};
use super::config::{Config, list_or};
use super::listener::{Ended, Listener, finish, open_new};
use super::selection::parse_size;
use super::terminal::Terminal;
use crate::io::{Codec, Compression, FieldNames, Format, PartialFile, Source, Start};
use crate::job::records::{
    Annotate, BatchOutput, BatchStats, OnError, RecordCleaner, RecordOptions,
};
use crate::job::{Action, EventSink, JobOptions, Reports, open_table, table_as_lines};
use anyhow::{Context, Result, bail};
use dechaff_core::Level;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Default of `--max-record`.
const MAX_RECORD: &str = "32M";

/// Combines arguments and configuration to the options of files of records. Fails for unknown
/// formats, codecs and sizes, and for options that Dolma annotations exclude.
pub(super) fn record_options(args: &RecordArgs, config: &Config) -> Result<RecordOptions> {
    let mut text = list_or(&args.fields.text_field, &config.text_field).to_vec();
    if text.is_empty() {
        text.push("text".to_owned());
    }
    let annotation = args.annotate_name.as_deref().unwrap_or("dechaff");
    let annotate = args.annotate.map(|kind| match kind {
        AnnotateArg::Field => Annotate::Field(annotation.to_owned()),
        AnnotateArg::Dolma => Annotate::Dolma(annotation.to_owned()),
    });
    if matches!(annotate, Some(Annotate::Dolma(_))) && text.len() != 1 {
        bail!("Dolma records have one text each; name a single field with --text-field");
    }
    let target = args
        .output_format
        .as_ref()
        .or(config.output_format.as_ref())
        .map(|word| parse_output_format(word))
        .transpose()?;
    if target.is_some() && matches!(annotate, Some(Annotate::Dolma(_))) {
        bail!(
            "--annotate dolma writes attribute files, whose format is fixed; remove --output-format"
        );
    }
    let id = args.fields.id_field.as_ref().or(config.id_field.as_ref());
    let url = args.fields.url_field.as_ref().or(config.url_field.as_ref());
    let language = args
        .fields
        .lang_field
        .as_ref()
        .or(config.lang_field.as_ref());
    let max_record = args
        .fields
        .max_record
        .as_ref()
        .or(config.max_record.as_ref());
    let compress = args.compress.as_ref().or(config.compress.as_ref());
    let format = args.fields.format.as_ref();
    Ok(RecordOptions {
        format: format.map(|word| parse_format(word)).transpose()?,
        names: FieldNames {
            text,
            id: Some(id.map_or("id", String::as_str).to_owned()),
            url: Some(url.map_or("url", String::as_str).to_owned()),
            language: language.cloned(),
            reserved: args
                .annotate
                .filter(|kind| *kind == AnnotateArg::Field)
                .map(|_| annotation.to_owned()),
        },
        target,
        on_error: match args.on_error.or(config.on_error) {
            // A record without readable text cannot be converted to another format.
            None | Some(OnErrorArg::Pass) => {
                if target.is_some() {
                    OnError::Drop
                } else {
                    OnError::Pass
                }
            }
            Some(OnErrorArg::Drop) => OnError::Drop,
            Some(OnErrorArg::Fail) => OnError::Fail,
        },
        max_record: parse_size(
            "--max-record",
            max_record.map_or(MAX_RECORD, String::as_str),
        )? as usize,
        codec: compress.map(|text| Codec::parse(text)).transpose()?,
        drop_empty: args.drop_empty || config.drop_empty.unwrap_or(false) && annotate.is_none(),
        annotate,
    })
}

/// Parses the name of an input format.
fn parse_format(word: &str) -> Result<Format> {
    Format::parse(word).with_context(|| {
        format!("'{word}' is not a format; write text, jsonl, csv, tsv, wet or parquet")
    })
}

/// Parses the name of an output format. Fails for formats that are only read, such as WET.
fn parse_output_format(word: &str) -> Result<Format> {
    Format::parse(word)
        .filter(|format| format.extension().is_some())
        .with_context(|| {
            format!("'{word}' is not an output format; write text, jsonl, csv, tsv or parquet")
        })
}

/// Opens the files for the removal record and the list of damaged records, if arguments name them.
/// With `--resume`, existing files are opened without truncation; the job cuts them to the length
/// in its journal.
pub(super) fn open_reports(args: &CleanArgs) -> Result<Reports> {
    Ok(Reports {
        removed: open_report(args.removed.as_deref(), args)?,
        damage: open_report(args.records.errors.as_deref(), args)?,
    })
}

fn open_report(path: Option<&Path>, args: &CleanArgs) -> Result<Option<File>> {
    let Some(path) = path else {
        return Ok(None);
    };
    if !args.resume {
        return open_new(path, args.force).map(Some);
    }
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map(Some)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Returns all options that affect the contents of outputs, for journal and manifest. A run is only
/// resumed if they are equal. Keys are the names of the flags.
pub(super) fn plan_options(args: &CleanArgs, config: &Config) -> Value {
    let (selection, reading, records) = (&args.selection, &args.reading, &args.records);
    let fields = &records.fields;
    let skip: Vec<&String> = config.skip.iter().chain(&selection.skip).collect();
    json!({
        "level": selection.level.or(config.level).map_or("balanced", Level::name),
        "only": list_or(&selection.only, &config.only),
        "skip": skip,
        "max-removed": selection.max_removed.or(config.max_removed),
        "max-loss": selection.max_loss.or(config.max_loss),
        "encoding": reading.encoding.as_ref().or(config.encoding.as_ref()),
        "max-document": reading.max_document.as_ref().or(config.max_document.as_ref()),
        "strict": reading.strict || config.strict.unwrap_or(false),
        "lang": reading.lang,
        "host": reading.host,
        "format": fields.format,
        "text-field": list_or(&fields.text_field, &config.text_field),
        "id-field": fields.id_field.as_ref().or(config.id_field.as_ref()),
        "url-field": fields.url_field.as_ref().or(config.url_field.as_ref()),
        "lang-field": fields.lang_field.as_ref().or(config.lang_field.as_ref()),
        "on-error": records.on_error.or(config.on_error),
        "max-record": fields.max_record.as_ref().or(config.max_record.as_ref()),
        "output-format": records.output_format.as_ref().or(config.output_format.as_ref()),
        "compress": records.compress.as_ref().or(config.compress.as_ref()),
        "drop-empty": records.drop_empty || config.drop_empty.unwrap_or(false),
        "annotate": records.annotate,
        "annotate-name": records.annotate_name,
        "removed": args.removed.is_some(),
        "errors": records.errors.is_some(),
    })
}

/// Returns the codec of a single output. In order of precedence: `--compress`, the extension of
/// `--output`, the compression of the input. Output to a terminal is not compressed.
pub(super) fn codec_for(
    args: &CleanArgs,
    options: &JobOptions,
    input: Compression,
    terminal: &Terminal,
) -> Codec {
    options.format.codec_or(|| {
        Codec::of(match &args.output {
            None if terminal.is_stdout_terminal() => Compression::None,
            Some(output) if !output.is_dir() => Compression::of_name(&output.to_string_lossy()).0,
            _ => input,
        })
    })
}

/// Returns where the output for the input at `path` is written, or `None` for standard output. If
/// `--output` is an existing directory, this is a file in it with the name of the input.
pub(super) fn output_path(path: &Path, args: &CleanArgs) -> Option<PathBuf> {
    let output = args.output.as_ref()?;
    Some(if output.is_dir() {
        output.join(path.file_name().unwrap_or_default())
    } else {
        output.clone()
    })
}

/// Cleans one file of records to standard output, or to `--output` if it comes from standard input.
/// With an action other than `Action::Clean` the records are read and reported, but not written.
pub(super) fn clean_records(
    path: &Path,
    source: Source<'_>,
    args: &CleanArgs,
    options: &JobOptions,
    terminal: &mut Terminal,
) -> Result<Ended> {
    let mut reports = open_reports(args)?;
    let draft = match output_path(path, args) {
        Some(target) if options.action == Action::Clean => {
            Some(PartialFile::new(&target, None, args.force)?)
        }
        _ => None,
    };
    let codec = codec_for(args, options, source.compression, terminal);
    let name = path.to_string_lossy();
    let stop = AtomicBool::new(false);
    let cleaner = RecordCleaner {
        options,
        name: &name,
        threads: rayon::current_num_threads(),
        codec,
        stop: &stop,
        slice: None,
    };
    let mut stats = BatchStats::default();
    let is_table = options.format.is_table(source.format);
    let makes_table = is_table || options.format.target == Some(Format::Parquet);
    if makes_table
        && draft.is_none()
        && options.action == Action::Clean
        && terminal.is_stdout_terminal()
    {
        bail!("refusing to write Parquet to a terminal; use --output");
    }
    let (mut draft, mut table) = if is_table {
        (None, draft)
    } else {
        (draft, None)
    };
    let (mut stdout, mut sink) = (std::io::stdout(), std::io::sink());
    let mut each = |mut batch: BatchOutput| {
        reports.write(&batch.records, &batch.damage)?;
        let mut listener = Listener::new(args, options, terminal);
        for event in std::mem::take(&mut batch.tally.observed) {
            listener.event(path, event);
        }
        stats.add(batch.tally);
        match &mut draft {
            _ if is_table => Ok(()),
            Some(draft) => draft.append(&batch.output),
            None if options.action == Action::Clean => terminal.text(&batch.output),
            None => Ok(()),
        }
    };
    let result = if is_table {
        let file = open_table(path, source)?;
        let out: &mut (dyn Write + Send) = match &mut table {
            Some(draft) => draft,
            None if options.action == Action::Clean => &mut stdout,
            None => &mut sink,
        };
        cleaner.run_table(file, out, &mut each)
    } else {
        let source = if source.format == Format::Parquet {
            table_as_lines(path, source, &options.format.names)?
        } else {
            source
        };
        cleaner.run(source, Start::default(), &mut each)
    };
    if let Some(draft) = draft.or(table).filter(|_| result.is_ok()) {
        draft.finish()?.commit()?;
    }
    result.with_context(|| crate::report::display_path(path))?;
    let has_changes = stats.spans > 0;
    let mut listener = Listener::new(args, options, terminal);
    for event in stats.events(options.format.on_error) {
        listener.event(path, event);
    }
    finish(&stats.stats, has_changes, args, options, terminal)
}
