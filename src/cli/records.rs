//! Options of files of records, and one such file from standard input, or to standard output.

use super::args::{AnnotateArg, CleanArgs, OnErrorArg, RecordArgs};
use super::clean::{Ended, Listener, finish, open_new};
use super::config::Config;
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

/// The largest record unless said otherwise.
const MAX_RECORD: &str = "32M";

/// What the options and the configuration say of records.
pub(super) fn record_options(args: &RecordArgs, config: &Config) -> Result<RecordOptions> {
    let format = |word: &String| {
        Format::parse(word).with_context(|| {
            format!("'{word}' is no format; write text, jsonl, csv, tsv, wet or parquet")
        })
    };
    let mut text = if args.fields.text_field.is_empty() {
        config.text_field.clone()
    } else {
        args.fields.text_field.clone()
    };
    if text.is_empty() {
        text.push("text".to_owned());
    }
    let annotation = || {
        args.annotate_name
            .clone()
            .unwrap_or_else(|| "dechaff".to_owned())
    };
    let annotate = args.annotate.map(|kind| match kind {
        AnnotateArg::Field => Annotate::Field(annotation()),
        AnnotateArg::Dolma => Annotate::Dolma(annotation()),
    });
    if matches!(annotate, Some(Annotate::Dolma(_))) && text.len() != 1 {
        bail!("Dolma knows one text a record; name one field with --text-field");
    }
    let target = |word: &String| {
        let known = Format::parse(word).filter(|format| format.extension().is_some());
        known.with_context(|| {
            format!("'{word}' is no format of outputs; write text, jsonl, csv, tsv or parquet")
        })
    };
    let target = args
        .output_format
        .as_ref()
        .or(config.output_format.as_ref())
        .map(target)
        .transpose()?;
    if target.is_some() && matches!(annotate, Some(Annotate::Dolma(_))) {
        bail!(
            "--annotate dolma writes attribute files, which have a format of their own; leave --output-format out"
        );
    }
    let name = |own: &Option<String>, configured: &Option<String>| {
        own.clone().or_else(|| configured.clone())
    };
    let max_record = args
        .fields
        .max_record
        .as_ref()
        .or(config.max_record.as_ref());
    let compress = args.compress.as_ref().or(config.compress.as_ref());
    Ok(RecordOptions {
        format: args.fields.format.as_ref().map(format).transpose()?,
        names: FieldNames {
            text,
            id: Some(
                name(&args.fields.id_field, &config.id_field).unwrap_or_else(|| "id".to_owned()),
            ),
            url: Some(
                name(&args.fields.url_field, &config.url_field).unwrap_or_else(|| "url".to_owned()),
            ),
            language: name(&args.fields.lang_field, &config.lang_field),
            reserved: args
                .annotate
                .filter(|kind| *kind == AnnotateArg::Field)
                .map(|_| annotation()),
        },
        target,
        on_error: match args.on_error.or(config.on_error) {
            // What holds no text that can be read is nothing in another format.
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

/// The files that reports go to.
pub(super) fn open_reports(args: &CleanArgs) -> Result<Reports> {
    let open = |path: &Option<PathBuf>| {
        path.as_ref()
            .map(|path| {
                if args.resume {
                    open_old(path)
                } else {
                    open_new(path, args.force)
                }
            })
            .transpose()
    };
    Ok(Reports {
        removed: open(&args.removed)?,
        damage: open(&args.records.errors)?,
    })
}

/// A report that an earlier run began.
fn open_old(path: &Path) -> Result<File> {
    let open = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    open.with_context(|| format!("cannot write {}", path.display()))
}

/// All options that decide what outputs are, for journal and manifest.
pub(super) fn plan_options(args: &CleanArgs, config: &Config) -> Value {
    let (selection, reading, records) = (&args.selection, &args.reading, &args.records);
    let or = |own: &Option<String>, configured: &Option<String>| {
        own.clone().or_else(|| configured.clone())
    };
    let several = |own: &[String], configured: &[String]| {
        if own.is_empty() {
            configured.to_vec()
        } else {
            own.to_vec()
        }
    };
    let skip: Vec<&String> = config.skip.iter().chain(&selection.skip).collect();
    json!({
        "level": selection.level.or(config.level).map_or("balanced", Level::name),
        "only": several(&selection.only, &config.only),
        "skip": skip,
        "max-removed": selection.max_removed.or(config.max_removed),
        "max-loss": selection.max_loss.or(config.max_loss),
        "encoding": or(&reading.encoding, &config.encoding),
        "max-document": or(&reading.max_document, &config.max_document),
        "strict": reading.strict || config.strict.unwrap_or(false),
        "lang": reading.lang,
        "host": reading.host,
        "format": records.fields.format,
        "text-field": several(&records.fields.text_field, &config.text_field),
        "id-field": or(&records.fields.id_field, &config.id_field),
        "url-field": or(&records.fields.url_field, &config.url_field),
        "lang-field": or(&records.fields.lang_field, &config.lang_field),
        "on-error": records.on_error.or(config.on_error),
        "max-record": or(&records.fields.max_record, &config.max_record),
        "output-format": or(&records.output_format, &config.output_format),
        "compress": or(&records.compress, &config.compress),
        "drop-empty": records.drop_empty || config.drop_empty.unwrap_or(false),
        "annotate": records.annotate,
        "annotate-name": records.annotate_name,
        "removed": args.removed.is_some(),
        "errors": records.errors.is_some(),
    })
}

/// How a single output is compressed: as was asked, else as its name says, else as the input; for people not at all.
pub(super) fn packing_of(
    args: &CleanArgs,
    options: &JobOptions,
    input: Compression,
    terminal: &Terminal,
) -> Codec {
    let by_name = || {
        args.output
            .as_ref()
            .filter(|target| !target.is_dir())
            .map(|target| Compression::of_name(&target.to_string_lossy()).0)
    };
    options.format.codec_or(|| {
        let for_people = args.output.is_none() && terminal.shows_output();
        Codec::of(if for_people {
            Compression::None
        } else {
            by_name().unwrap_or(input)
        })
    })
}

/// Cleans one file of records to standard output, or to a file if it comes from standard input.
pub(super) fn clean_records(
    path: &Path,
    source: Source<'_>,
    args: &CleanArgs,
    options: &JobOptions,
    terminal: &mut Terminal,
) -> Result<Ended> {
    let mut reports = open_reports(args)?;
    let target = args.output.as_ref().map(|target| {
        if target.is_dir() {
            target.join(path.file_name().unwrap_or_default())
        } else {
            target.clone()
        }
    });
    let draft = match &target {
        Some(target) if options.action == Action::Clean => {
            Some(PartialFile::new(target, None, args.force)?)
        }
        _ => None,
    };
    let packing = packing_of(args, options, source.compression, terminal);
    let name = path.to_string_lossy();
    let stop = AtomicBool::new(false);
    let stream = RecordCleaner {
        options,
        name: &name,
        threads: rayon::current_num_threads(),
        codec: packing,
        stop: &stop,
        slice: None,
    };
    let mut tally = BatchStats::default();
    let is_table = options.format.is_table(source.format);
    let makes_table = is_table || options.format.target == Some(Format::Parquet);
    if makes_table && draft.is_none() && options.action == Action::Clean && terminal.shows_output()
    {
        bail!("Parquet is nothing for a terminal; use --output");
    }
    let (mut draft, mut table) = if is_table {
        (None, draft)
    } else {
        (draft, None)
    };
    let (mut stdout, mut nowhere) = (std::io::stdout(), std::io::sink());
    let mut each = |mut done: BatchOutput| {
        reports.write(&done.records, &done.damage)?;
        let mut listener = Listener::new(args, options, terminal);
        std::mem::take(&mut done.tally.observed)
            .into_iter()
            .for_each(|event| listener.event(path, event));
        tally.add(done.tally);
        match &mut draft {
            _ if is_table => Ok(()),
            Some(draft) => draft.append(&done.output),
            None if options.action == Action::Clean => terminal.text(&done.output),
            None => Ok(()),
        }
    };
    let streamed = if is_table {
        let file = open_table(path, source)?;
        let out: &mut (dyn Write + Send) = match &mut table {
            Some(draft) => draft,
            None if options.action == Action::Clean => &mut stdout,
            None => &mut nowhere,
        };
        stream.run_table(file, out, &mut each)
    } else {
        let source = if source.format == Format::Parquet {
            table_as_lines(path, source, &options.format.names)?
        } else {
            source
        };
        stream.run(source, Start::default(), &mut each)
    };
    if let Some(draft) = draft.or(table).filter(|_| streamed.is_ok()) {
        draft.finish()?.commit()?;
    }
    streamed.with_context(|| crate::report::display_path(path))?;
    let changed = tally.spans > 0;
    let mut listener = Listener::new(args, options, terminal);
    tally
        .events(options.format.on_error)
        .into_iter()
        .for_each(|event| listener.event(path, event));
    finish(&tally.stats, changed, args, options, terminal)
}
