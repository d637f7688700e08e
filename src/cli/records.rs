//! What the options of files of records mean, together with the configuration.

use super::args::{
    AnnotateArg, CsvArgs, FieldArgs, OnErrorArg, OnHeldArg, RecordArgs, TextFormatArg,
};
use super::config::{Config, list_or};
use super::selection::parse_size;
use crate::io::{Codec, CsvOptions, FieldNames, Format, Quote, ReservedField};
use crate::job::{Annotate, OnError, OnHeld, RecordOptions};
use crate::report::share_field;
use anyhow::{Result, bail, ensure};

/// Default of `--max-record`.
const MAX_RECORD: &str = "32M";

/// Combines arguments and configuration to the options of files of records. Verdicts are written only
/// if the cleaner `gives_verdicts`; a configuration is for runs without them too. Fails for unknown
/// formats, codecs and sizes, for options that Dolma annotations exclude, and for names of new fields
/// that are used already.
pub(super) fn record_options(
    args: &RecordArgs,
    config: &Config,
    gives_verdicts: bool,
) -> Result<RecordOptions> {
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
        .map(|name| Format::parse_output(name))
        .transpose()?;
    if target.is_some() && matches!(annotate, Some(Annotate::Dolma(_))) {
        bail!(
            "--annotate dolma writes attribute files, whose format is fixed; remove --output-format"
        );
    }
    let verdict = verdict_name(args, config, gives_verdicts)?;
    let fields = &args.fields;
    let max_record = fields.max_record.as_ref().or(config.max_record.as_ref());
    let compress = args.compress.as_ref().or(config.compress.as_ref());
    let format = fields.format.as_ref();
    let reserved = reserved_fields(annotate.as_ref(), verdict.as_deref());
    let options = RecordOptions {
        format: format.map(|name| Format::parse(name)).transpose()?,
        names: field_names(fields, config, text, reserved),
        is_html: fields.text_format.or(config.text_format) == Some(TextFormatArg::Html),
        csv: csv_options(&fields.csv, config)?,
        target,
        on_error: match args.on_error.or(config.on_error) {
            // A record without readable text cannot be converted to another format.
            None | Some(OnErrorArg::Pass) if target.is_some() => OnError::Drop,
            None | Some(OnErrorArg::Pass) => OnError::Pass,
            Some(OnErrorArg::Drop) => OnError::Drop,
            Some(OnErrorArg::Fail) => OnError::Fail,
        },
        on_held: match args.on_held.or(config.on_held) {
            None | Some(OnHeldArg::Pass) => OnHeld::Pass,
            Some(OnHeldArg::Drop) => OnHeld::Drop,
            Some(OnHeldArg::KeepEmpty) => OnHeld::KeepEmpty,
        },
        max_record: parse_size(
            "--max-record",
            max_record.map_or(MAX_RECORD, String::as_str),
        )? as usize,
        codec: compress.map(|text| Codec::parse(text)).transpose()?,
        drop_empty: args.drop_empty || config.drop_empty.unwrap_or(false) && annotate.is_none(),
        annotate,
        verdict,
        line_buffered: args.line_buffered,
    };
    check_new_names(&options.names)?;
    Ok(options)
}

/// Returns the names of the fields that hold `text` and the properties of records. `reserved` are
/// those that the output gets.
fn field_names(
    fields: &FieldArgs,
    config: &Config,
    text: Vec<String>,
    reserved: Vec<ReservedField>,
) -> FieldNames {
    let id = fields.id_field.as_ref().or(config.id_field.as_ref());
    let url = fields.url_field.as_ref().or(config.url_field.as_ref());
    let language = fields.lang_field.as_ref().or(config.lang_field.as_ref());
    let site = fields.site_field.as_ref().or(config.site_field.as_ref());
    FieldNames {
        text,
        id: Some(id.map_or("id", String::as_str).to_owned()),
        url: Some(url.map_or("url", String::as_str).to_owned()),
        language: language.cloned(),
        site: site.cloned(),
        reserved,
    }
}

/// Returns the name of verdicts, unless the cleaner gives none. Fails if the arguments name them all
/// the same, as those of a program that embeds the command can.
fn verdict_name(
    args: &RecordArgs,
    config: &Config,
    gives_verdicts: bool,
) -> Result<Option<String>> {
    if args.verdict.is_some() && !gives_verdicts {
        bail!("--verdict needs a cleaner with verdicts=True");
    }
    let verdict = args.verdict.as_ref().or(config.verdict.as_ref());
    Ok(verdict.filter(|_| gives_verdicts).cloned())
}

/// Returns the fields that annotations and verdicts add to JSON records.
fn reserved_fields(annotate: Option<&Annotate>, verdict: Option<&str>) -> Vec<ReservedField> {
    let mut names = Vec::new();
    if let Some(Annotate::Field(name)) = annotate {
        names.push((name.clone(), "--annotate-name"));
        names.push((share_field(name), "--annotate-name"));
    }
    names.extend(verdict.map(|name| (name.to_owned(), "--verdict")));
    let fields = names.into_iter();
    fields
        .map(|(name, option)| ReservedField { name, option })
        .collect()
}

/// Checks that the fields which are added have names of their own.
fn check_new_names(names: &FieldNames) -> Result<()> {
    for (index, field) in names.reserved.iter().enumerate() {
        let ReservedField { name, option } = field;
        ensure!(!name.is_empty(), "{option} needs a name that is not empty");
        let is_read = names.text.iter().any(|text| text == name);
        let is_added = names.reserved[..index]
            .iter()
            .any(|other| other.name == *name);
        ensure!(
            !is_read && !is_added,
            "{option} {name} would be a second field '{name}'; choose another name"
        );
    }
    Ok(())
}

/// Combines arguments and configuration to the dialect of CSV and TSV. Fails if a value is not a
/// single ASCII character, or two of them are equal.
fn csv_options(args: &CsvArgs, config: &Config) -> Result<CsvOptions> {
    let delimiter = args.delimiter.as_ref().or(config.delimiter.as_ref());
    let quote = args.quote.as_ref().or(config.quote.as_ref());
    let escape = args.escape.as_ref().or(config.escape.as_ref());
    let options = CsvOptions {
        delimiter: delimiter
            .map(|text| csv_byte("--delimiter", text))
            .transpose()?,
        quote: match quote.map(String::as_str) {
            Some("" | "none") => Some(Quote::Nothing),
            Some(text) => Some(Quote::Byte(csv_byte("--quote", text)?)),
            None => None,
        },
        escape: escape.map(|text| csv_byte("--escape", text)).transpose()?,
        no_header: args.no_header || config.no_header.unwrap_or(false),
    };
    let quote = match options.quote {
        Some(Quote::Byte(quote)) => Some(quote),
        _ => None,
    };
    let chosen = [options.delimiter, quote, options.escape];
    let chosen: Vec<u8> = chosen.into_iter().flatten().collect();
    for (index, byte) in chosen.iter().enumerate() {
        ensure!(
            !chosen[..index].contains(byte),
            "--delimiter, --quote and --escape must be different characters; quotes are doubled \
             without --escape"
        );
    }
    Ok(options)
}

/// Parses `text`, the value of `option`, as a character that divides rows: one of ASCII, or `tab`.
fn csv_byte(option: &str, text: &str) -> Result<u8> {
    match (text, text.as_bytes()) {
        ("tab" | "\\t", _) => Ok(b'\t'),
        (_, &[byte]) if byte != b'\n' && byte != b'\r' && byte != 0 => Ok(byte),
        _ => bail!("{option} {text} is not a single ASCII character; write one, or 'tab'"),
    }
}
