//! What the arguments of `clean`, and of the commands that inspect documents, mean together with
//! the configuration: which inputs are read, how they are cleaned, and where outputs and reports go.

use super::args::{CheckFormatArg, CleanArgs};
use super::config::{Config, list_or};
use super::mistakes::check_no_urls;
use super::records::record_options;
use super::selection::{globs, is_dash, parse_size, read_input, set_jobs};
use super::terminal::Terminal;
use super::values::parse_language;
use crate::io::fs::{self, File};
use crate::io::{Compression, DirectorySync, Format, encoding_for_label};
use crate::job::observer::Observer;
use crate::job::shard::Shard;
use crate::job::walk::{Inputs, read_list};
use crate::job::{JobOptions, Reports, Sizes, Stdout, Target};
use anyhow::{Context, Result, anyhow, bail};
use dechaff_core::{Cleaner, Level};
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Default of `--max-document`.
const MAX_DOCUMENT: &str = "1G";

/// A run as the user asked for it.
pub(super) struct Request {
    /// How documents are cleaned.
    pub(super) options: JobOptions,
    /// What is cleaned. One input without an output of its own is a stream.
    pub(super) inputs: Inputs,
    /// The globs of files to read, as the user wrote them.
    pub(super) include: Vec<String>,
    /// Where the outputs go.
    pub(super) target: Target,
    /// The part of the inputs to clean. A stream has no parts.
    pub(super) shard: Option<Shard>,
    /// Description of the options for the journal and the manifest.
    pub(super) plan: Value,
    /// Whether an interrupted run is continued.
    pub(super) resume: bool,
    /// Whether the exit code says if anything would change.
    pub(super) check: bool,
    /// How changes are printed.
    pub(super) check_format: CheckFormatArg,
    /// Whether only errors are printed.
    pub(super) quiet: bool,
    /// File for the removal record.
    pub(super) removed: Option<PathBuf>,
    /// File for the list of damaged records.
    pub(super) errors: Option<PathBuf>,
    /// File for the map of offsets.
    pub(super) map: Option<PathBuf>,
    /// File for the statistics.
    pub(super) stats: Option<PathBuf>,
    /// Files other than inputs that the run reads, with the options that name them. None of them
    /// may be an output.
    pub(super) sources: Vec<(&'static str, PathBuf)>,
}

impl Request {
    /// Combines arguments and configuration to a request, and sets the number of threads. With an
    /// observer, documents are shown to it and nothing is written. Fails if arguments exclude each
    /// other or the list of `--files-from` cannot be read.
    pub(super) fn new(
        mut args: CleanArgs,
        config: &Config,
        plan: Value,
        cleaner: Cleaner,
        observer: Option<Arc<dyn Observer>>,
        terminal: &Terminal,
    ) -> Result<Self> {
        check_no_urls(&args.paths)?;
        let lists_changes = args.check && observer.is_none();
        let writes = !args.check && observer.is_none();
        let options = build_options(&mut args, config, cleaner, observer)?;
        set_jobs(args.jobs.or(config.jobs))?;
        let inputs = collect_inputs(&mut args, config, lists_changes)?;
        if args.shard.is_some()
            && args.output.is_none()
            && !args.in_place
            && writes
            && !inputs.stream.as_deref().is_some_and(is_dash)
        {
            bail!("--shard needs --output, so that the outputs of the shards stay separate");
        }
        let target = if writes {
            choose_target(&args, &inputs, &options, terminal)?
        } else {
            Target::Nowhere
        };
        if args.records.line_buffered {
            check_live(&inputs, &target, &options)?;
        }
        let shard = args.shard.as_deref().filter(|_| inputs.stream.is_none());
        Ok(Self {
            shard: shard.map(str::parse).transpose()?,
            options,
            inputs,
            include: list_or(&args.reading.include, &config.include).to_vec(),
            target,
            plan,
            resume: args.resume,
            check: args.check,
            check_format: check_format(&args),
            quiet: args.quiet,
            removed: args.removed,
            errors: args.records.errors,
            map: args.map,
            stats: args.stats,
            sources: Vec::new(),
        })
    }

    /// Opens the files for the removal record and the other reports, if arguments name
    /// them. With `--resume`, existing files are opened without truncation; the job cuts them to
    /// the length in its journal.
    pub(super) fn open_reports(&self) -> Result<Reports> {
        self.check_removed()?;
        Ok(Reports {
            removed: self.open_report(self.removed.as_deref())?,
            damage: self.open_report(self.errors.as_deref())?,
            maps: self.open_report(self.map.as_deref())?,
        })
    }

    /// Refuses to replace a removal record by that of a run in place, even with `--force`. The earlier
    /// run may have been in place too, and killed; then the text that it removed is nowhere else.
    fn check_removed(&self) -> Result<()> {
        if let (Target::InPlace, Some(path)) = (&self.target, &self.removed)
            && fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0)
        {
            bail!(
                "{} exists, and restoring what an earlier run removed in place may need it, so \
                 --force does not replace it; name another file, or delete it",
                path.display()
            );
        }
        Ok(())
    }

    fn open_report(&self, path: Option<&Path>) -> Result<Option<File>> {
        let Some(path) = path else {
            return Ok(None);
        };
        let mut options = File::options();
        if self.resume {
            options.read(true).write(true).create(true).truncate(false);
        } else {
            options.write(true).create(true).truncate(true);
            options.create_new(!self.options.force);
        }
        match options.open(path) {
            Ok(file) => {
                if self.options.sync {
                    DirectorySync::default().sync(&[path.to_owned()])?;
                }
                Ok(Some(file))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                bail!("{} exists; use --force to replace it", path.display())
            }
            Err(error) => Err(anyhow!(error).context(format!("cannot write {}", path.display()))),
        }
    }
}

/// Returns how `--check` prints what it found.
fn check_format(args: &CleanArgs) -> CheckFormatArg {
    let default = if args.json {
        CheckFormatArg::Json
    } else {
        CheckFormatArg::Text
    };
    args.check_format.unwrap_or(default)
}

/// Combines arguments and configuration to the options of a job that cleans. Moves the language and
/// the host out of `args`.
pub(super) fn build_options(
    args: &mut CleanArgs,
    config: &Config,
    cleaner: Cleaner,
    observer: Option<Arc<dyn Observer>>,
) -> Result<JobOptions> {
    let size = args
        .reading
        .max_document
        .as_ref()
        .or(config.max_document.as_ref());
    let encoding = args.reading.encoding.as_ref().or(config.encoding.as_ref());
    Ok(JobOptions {
        format: record_options(&args.records, config, cleaner.gives_verdicts())?,
        cleaner,
        encoding: encoding
            .map(|label| encoding_for_label(label))
            .transpose()?,
        max_document: parse_size("--max-document", size.map_or(MAX_DOCUMENT, String::as_str))?,
        strict: args.reading.strict || config.strict.unwrap_or(false),
        force: args.force,
        sync: !args.no_sync,
        records: args.removed.is_some(),
        damage: args.records.errors.is_some(),
        maps: args.map.is_some(),
        findings: !matches!(
            check_format(args),
            CheckFormatArg::Text | CheckFormatArg::Json
        ),
        observer,
        language: args
            .reading
            .lang
            .take()
            .map(|text| parse_language(&text))
            .transpose()?,
        host: args.reading.host.take(),
        sizes: Sizes::default(),
    })
}

/// Reads a configuration, which errors call `dechaff.toml`, and converts it to options. Packs, which
/// are files, and names of rules are not looked up.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn check_config(source: &str) -> Result<()> {
    use super::args::{Cli, Command};
    use clap::Parser;
    use std::sync::LazyLock;

    static CLEANER: LazyLock<Result<Cleaner, dechaff_core::Error>> =
        LazyLock::new(|| Cleaner::builder().build());
    let config = Config::parse(source, Path::new("dechaff.toml"))?;
    let Command::Clean(mut args) = Cli::try_parse_from(["dechaff", "clean"])?.command else {
        bail!("is another command");
    };
    let cleaner = CLEANER.as_ref().map_err(|error| anyhow!("{error}"))?;
    plan_options(&args, &config);
    globs(&args.reading.include, &config.include)?;
    globs(&args.reading.exclude, &config.exclude)?;
    build_options(&mut args, &config, cleaner.clone(), None)?;
    Ok(())
}

/// Determines the inputs, and moves the paths out of `args`. Standard input is a stream, and so is
/// a single file whose output is one, unless `lists_changes` is set or shards share it.
fn collect_inputs(args: &mut CleanArgs, config: &Config, lists_changes: bool) -> Result<Inputs> {
    let reading = &args.reading;
    let has_dash = args.paths.iter().any(|path| is_dash(path));
    let stream = match (args.paths.as_slice(), &reading.files_from) {
        ([], None) => Some(PathBuf::from("-")),
        ([path], None) if has_dash => Some(path.clone()),
        _ if has_dash => bail!("standard input ('-') cannot be cleaned together with files"),
        ([path], None) if !(lists_changes || args.in_place || fs::is_directory(path)?) => {
            (leads_to_stream(args.output.as_deref())? && args.shard.is_none()).then(|| path.clone())
        }
        _ => None,
    };
    if stream.as_deref().is_some_and(is_dash) && args.in_place {
        bail!("standard input cannot be replaced in place; name a file");
    }
    if stream.is_some() {
        return Ok(Inputs {
            stream,
            ..Inputs::default()
        });
    }
    let listed = match &reading.files_from {
        Some(list) => read_list(&read_input(list)?),
        None => Vec::new(),
    };
    Ok(Inputs {
        paths: std::mem::take(&mut args.paths),
        listed,
        include: globs(&reading.include, &config.include)?,
        exclude: globs(&reading.exclude, &config.exclude)?,
        follow_links: reading.follow_links || config.follow_links.unwrap_or(false),
        ..Inputs::default()
    })
}

/// Returns whether an output is standard output, because it has no path, or a device or pipe.
fn leads_to_stream(output: Option<&Path>) -> Result<bool> {
    output.map_or(Ok(true), fs::is_special)
}

/// Checks that what `--line-buffered` is given for can be written as it comes.
fn check_live(inputs: &Inputs, target: &Target, options: &JobOptions) -> Result<()> {
    if inputs.stream.is_none() || !matches!(target, Target::Stdout(_) | Target::Nowhere) {
        bail!(
            "--line-buffered cleans one stream, from standard input or a named pipe, to standard \
             output; name one input at most, and no --output"
        );
    }
    if options.format.target.is_some_and(Format::is_table) {
        bail!(
            "--line-buffered writes records one by one, and a table is complete only at its end; \
             use another --output-format"
        );
    }
    Ok(())
}

/// Decides where outputs are written. A stream goes to standard output unless `--output` names a
/// device, a pipe or a file, and a single file to the file that `--output` names, unless that is a directory or ends in
/// a separator. Standard input into a directory gets the name `-`.
fn choose_target(
    args: &CleanArgs,
    inputs: &Inputs,
    options: &JobOptions,
    terminal: &Terminal,
) -> Result<Target> {
    if args.in_place {
        if options.format.target.is_some() {
            bail!(
                "--output-format would leave files under the names of their old format; \
                 use --output DIR instead of --in-place"
            );
        }
        return Ok(Target::InPlace);
    }
    let Some(output) = &args.output else {
        if inputs.stream.is_none() {
            bail!(
                "several files or a directory need --output DIR or --in-place (or --check, or \
                 --diff)"
            );
        }
        return Ok(Target::Stdout(terminal.stdout()));
    };
    if let Some(path) = &inputs.stream {
        if fs::is_special(output)? {
            let file = File::options().write(true).open(output);
            let file = file.with_context(|| format!("cannot write {}", output.display()))?;
            return Ok(Target::Stdout(Stdout::new(file, false)));
        }
        return Ok(if fs::is_directory(output)? {
            Target::File {
                path: output.join(path),
                compression: None,
                format: None,
            }
        } else {
            named_file(output)?
        });
    }
    let ([input], []) = (inputs.paths.as_slice(), inputs.listed.as_slice()) else {
        return Ok(Target::Directory(output.clone()));
    };
    if fs::is_directory(input)? || fs::is_directory(output)? || ends_in_separator(output) {
        return Ok(Target::Directory(output.clone()));
    }
    if fs::canonicalize(output)
        .is_ok_and(|output| fs::canonicalize(input).is_ok_and(|input| input == output))
    {
        bail!("--output is the input file; use --in-place to replace it");
    }
    named_file(output)
}

/// Returns the target for a file whose name the user chose, and with it the compression and the
/// format.
fn named_file(output: &Path) -> Result<Target> {
    let name = output.to_string_lossy();
    let (compression, uncompressed) = Compression::of_name(&name);
    let format = Format::from_path(output);
    if compression != Compression::None && format.is_some_and(Format::is_table) {
        bail!(
            "--output {name} would not be readable; Parquet is compressed inside, so name the file \
             {uncompressed}"
        );
    }
    Ok(Target::File {
        path: output.to_owned(),
        compression: Some(compression),
        format,
    })
}

fn ends_in_separator(path: &Path) -> bool {
    path.as_os_str()
        .as_encoded_bytes()
        .last()
        .is_some_and(|&byte| std::path::is_separator(byte as char))
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
        "learned": selection.learned.as_ref().or(config.learned.as_ref()),
        "min-pages": selection.min_pages.or(config.min_pages),
        "min-share": selection.min_share.or(config.min_share),
        "site-field": fields.site_field.as_ref().or(config.site_field.as_ref()),
        "idempotent": selection.idempotent || config.idempotent.unwrap_or(false),
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
        "on-held": records.on_held.or(config.on_held),
        "max-record": fields.max_record.as_ref().or(config.max_record.as_ref()),
        "text-format": fields.text_format.or(config.text_format),
        "delimiter": fields.csv.delimiter.as_ref().or(config.delimiter.as_ref()),
        "quote": fields.csv.quote.as_ref().or(config.quote.as_ref()),
        "escape": fields.csv.escape.as_ref().or(config.escape.as_ref()),
        "no-header": fields.csv.no_header || config.no_header.unwrap_or(false),
        "output-format": records.output_format.as_ref().or(config.output_format.as_ref()),
        "compress": records.compress.as_ref().or(config.compress.as_ref()),
        "drop-empty": records.drop_empty || config.drop_empty.unwrap_or(false),
        "verdict": records.verdict.as_ref().or(config.verdict.as_ref()),
        "annotate": records.annotate,
        "annotate-name": records.annotate_name,
        "removed": args.removed.is_some(),
        "errors": records.errors.is_some(),
        "map": args.map.is_some(),
    })
}
