//! The command-line arguments, as clap parses them. The doc comments of commands and fields are the
//! `--help` texts, except where these list all formats. What arguments and the configuration file
//! mean together is decided elsewhere: in `selection`, in `request`, in `records`, and in the file
//! of each command.

use super::values;
use crate::io::Format;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
  0    success
  1    --check, diff or verify found something, or an example of a rule failed
  2    wrong usage, or no input could be processed
  3    finished, but some inputs failed (each is named on standard error)
  130  interrupted; finished outputs are kept";

/// Removes the boilerplate that web scraping leaves in extracted text, and accounts for every byte.
#[derive(Debug, Parser)]
#[command(name = "dechaff", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Remove boilerplate from standard input, files or directories
    Clean(Box<CleanArgs>),
    /// List what would be removed and why, or explain why lines are removed or kept
    Explain(Box<ExplainArgs>),
    /// Write an HTML page that shows what would be removed and why, with charts and samples of each
    /// rule
    Report(Box<ReportArgs>),
    /// Draw lines of a corpus for people to judge, and estimate from their answers how much prose is
    /// lost and how much chaff is left
    Audit(Box<AuditArgs>),
    /// Learn what each site of a corpus repeats on its pages, for `clean --learned`
    Learn(Box<LearnArgs>),
    /// Show, export and merge what was learned of sites
    Learned {
        #[command(subcommand)]
        command: LearnedCommand,
    },
    /// Compare what two runs remove, by rule; exit with 1 if they differ
    Diff(Box<DiffArgs>),
    /// Restore the original text from a cleaned text and its removal record
    Restore(RestoreArgs),
    /// Check the outputs in a directory against the manifests of the runs that wrote them
    Verify {
        /// The output directory of one or more runs
        directory: PathBuf,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Work with statistics files
    Stats {
        #[command(subcommand)]
        command: StatsCommand,
    },
    /// Measure precision, recall, lost prose and damaged pages on labelled pages, at each level
    Eval(Box<EvalArgs>),
    /// List, show, create and test rules
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell to print the script for
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write a page for each command
    Man {
        /// Write the pages `dechaff.1`, `dechaff-clean.1` and so on to this directory, which is
        /// created if needed
        #[arg(long, short, value_name = "DIR")]
        output: Option<PathBuf>,
    },
    /// Print the reference of all commands in Markdown
    #[command(hide = true)]
    Reference,
}

/// Options that select rules and say how much they may remove.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Rules")]
pub(super) struct Selection {
    /// How much to remove: precise, balanced or thorough [default: balanced]
    #[arg(
        long,
        short,
        value_name = "LEVEL",
        value_parser = values::level(),
        hide_possible_values = true
    )]
    pub level: Option<dechaff_core::Level>,
    /// Use only these rules, given as names of rules, packs, categories or filters
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = values::rule_name(),
        hide_possible_values = true
    )]
    pub only: Vec<String>,
    /// Do not use these rules; overrides --only
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = values::rule_name(),
        hide_possible_values = true
    )]
    pub skip: Vec<String>,
    /// Add a pack of rules, or all packs in a directory
    #[arg(long, value_name = "FILE|DIR")]
    pub rules: Vec<PathBuf>,
    /// Pass a document through unchanged if it would lose more than this share of its bytes, unless
    /// --on-held says otherwise [default: 0.95]
    #[arg(long, value_name = "SHARE")]
    pub max_removed: Option<f64>,
    /// Let the line model remove as much as it can while at most this share of the words of prose
    /// is lost, as measured on labelled pages [default: set by the level]
    #[arg(long, value_name = "SHARE")]
    pub max_loss: Option<f64>,
    /// Remove what sites repeat on their pages, as `dechaff learn` learned it
    #[arg(long, value_name = "FILE")]
    pub learned: Option<PathBuf>,
    /// With --learned, remove only texts on at least this many pages of their site [default: set by
    /// the level]
    #[arg(long, value_name = "N")]
    pub min_pages: Option<u64>,
    /// With --learned, remove only texts on at least this share of the pages of their site [default:
    /// set by the level]
    #[arg(long, value_name = "SHARE")]
    pub min_share: Option<f64>,
    /// Clean each text until nothing more is found, so that cleaning the output changes nothing
    #[arg(long)]
    pub idempotent: bool,
    /// Read this configuration file [default: dechaff.toml in the working directory or a parent of
    /// it]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Whether the run needs the verdicts on documents.
    #[arg(skip)]
    pub verdicts: bool,
}

/// Options that say which inputs are read, and how.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Reading")]
pub(super) struct ReadingArgs {
    /// Encoding of the inputs, as a WHATWG label such as windows-1252 [default: utf-8]
    #[arg(long, value_name = "LABEL")]
    pub encoding: Option<String>,
    /// Language of the texts, as a code such as en; disables rules bound to other languages
    #[arg(
        long,
        value_name = "CODE",
        value_parser = values::language(),
        hide_possible_values = true
    )]
    pub lang: Option<String>,
    /// Host that the texts came from, for rules bound to a host
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
    /// Also read the files listed in LIST, one per line or NUL-terminated; `-` reads the list from
    /// standard input
    #[arg(long, value_name = "LIST")]
    pub files_from: Option<PathBuf>,
    /// In directories, read only files that match this glob; can be repeated
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// In directories, do not read files that match this glob; can be repeated
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Follow symbolic links in directories
    #[arg(long)]
    pub follow_links: bool,
    /// Pass larger inputs through unchanged; in bytes, or with k, M or G [default: 1G]
    #[arg(long, value_name = "SIZE")]
    pub max_document: Option<String>,
    /// Report invalid text as an error instead of passing it through unchanged
    #[arg(long)]
    pub strict: bool,
}

/// Options that describe the records of an input file.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Records (JSON Lines, CSV, TSV, WET, Parquet)")]
pub(super) struct FieldArgs {
    #[arg(
        long,
        value_name = "FORMAT",
        help = format_help(),
        value_parser = values::format(),
        hide_possible_values = true
    )]
    pub format: Option<String>,
    /// Fields that contain texts; a dot steps into objects and into each object of a list, as in
    /// messages.content [default: text]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub text_field: Vec<String>,
    /// Field that contains the id of a record, for reports [default: id]
    #[arg(long, value_name = "NAME")]
    pub id_field: Option<String>,
    /// Field that contains the URL of a record, for rules bound to a host [default: url]
    #[arg(long, value_name = "NAME")]
    pub url_field: Option<String>,
    /// Field that contains the language of a record, as a code such as `en` or `eng_Latn`
    #[arg(long, value_name = "NAME")]
    pub lang_field: Option<String>,
    /// Field that contains the name of the site of a record, for `learn` and --learned [default:
    /// the host of the URL, or else the first directory below the input]
    #[arg(long, value_name = "NAME")]
    pub site_field: Option<String>,
    /// Pass larger records through unchanged; in bytes, or with k, M or G [default: 32M]
    #[arg(long, value_name = "SIZE")]
    pub max_record: Option<String>,
    /// What texts are: text, or html, in which the text between tags is cleaned, and elements
    /// that become empty are removed [default: text]
    #[arg(long, value_name = "text|html")]
    pub text_format: Option<TextFormatArg>,
    #[command(flatten)]
    pub csv: CsvArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TextFormatArg {
    Text,
    Html,
}

/// Options that say how rows of CSV and TSV are divided into fields.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct CsvArgs {
    /// Delimiter of CSV and TSV: a character, or `tab` [default: detected in the first rows]
    #[arg(long, value_name = "CHAR")]
    pub delimiter: Option<String>,
    /// Quote around fields of CSV and TSV, or `none` [default: detected in the first rows]
    #[arg(long, value_name = "CHAR")]
    pub quote: Option<String>,
    /// Escape quotes and delimiters in fields of CSV and TSV with this character, instead of
    /// doubling quotes [default: detected in the first rows]
    #[arg(long, value_name = "CHAR")]
    pub escape: Option<String>,
    /// CSV and TSV have no header row; name columns by their numbers, as in --text-field 2
    #[arg(long)]
    pub no_header: bool,
}

/// Options that say how files of records are read and written.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Records (JSON Lines, CSV, TSV, WET, Parquet)")]
pub(super) struct RecordArgs {
    #[command(flatten)]
    pub fields: FieldArgs,
    /// What to do with records without readable text: pass them through, drop them, or fail the
    /// file [default: pass]
    #[arg(long, value_name = "pass|drop|fail")]
    pub on_error: Option<OnErrorArg>,
    /// What to do with documents that would lose more than --max-removed allows: pass them through,
    /// drop their records, or keep the records with an empty text [default: pass]
    #[arg(long, value_name = "pass|drop|keep-empty", conflicts_with = "diff")]
    pub on_held: Option<OnHeldArg>,
    /// Write a list of the records without readable text to FILE, as JSON Lines with the reasons
    #[arg(long, value_name = "FILE")]
    pub errors: Option<PathBuf>,
    #[arg(
        long,
        value_name = "FORMAT",
        help = output_format_help(),
        value_parser = values::output_format(),
        hide_possible_values = true
    )]
    pub output_format: Option<String>,
    /// Compress outputs: none, gzip, zstd, or either with a level, as in zstd:9 [default: by the
    /// name of the output, or as the inputs]
    #[arg(
        long,
        value_name = "CODEC",
        value_parser = values::codec(),
        hide_possible_values = true
    )]
    pub compress: Option<String>,
    /// Write each record once it has come, without waiting for the next; for live streams of records
    /// on standard input or a named pipe
    #[arg(long, conflicts_with_all = ["in_place", "resume", "shard"])]
    pub line_buffered: bool,
    /// Drop records that have no text left
    #[arg(long)]
    pub drop_empty: bool,
    /// Add the verdict on each document to its record: in JSON as the field NAME; in CSV, TSV and
    /// Parquet as columns called NAME with `_kind`, `_removed_share`, `_almost_removed_share`,
    /// `_risk` and `_held`
    #[arg(long, value_name = "NAME", conflicts_with_all = ["diff", "check"])]
    pub verdict: Option<String>,
    /// Remove nothing; write what would be removed to a field of each JSON record, or to Dolma
    /// attribute files at --output
    #[arg(
        long,
        value_name = "field|dolma",
        conflicts_with_all = ["removed", "drop_empty", "diff", "check"]
    )]
    pub annotate: Option<AnnotateArg>,
    /// Name of the annotation field, or prefix of the attribute names [default: dechaff]
    #[arg(long, value_name = "NAME", requires = "annotate")]
    pub annotate_name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AnnotateArg {
    Field,
    Dolma,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnErrorArg {
    Pass,
    Drop,
    Fail,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnHeldArg {
    Pass,
    Drop,
    KeepEmpty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormatArg {
    Text,
    Json,
    Github,
    Gitlab,
    Sarif,
}

#[derive(Args, Debug, Default)]
pub(super) struct CleanArgs {
    /// Files and directories; `-` or no path reads standard input
    pub paths: Vec<PathBuf>,
    /// Write to this file (`-` is standard output), or to this directory for several inputs
    #[arg(long, short, value_name = "FILE|DIR", conflicts_with = "in_place")]
    pub output: Option<PathBuf>,
    /// Replace files with their cleaned texts
    #[arg(long, short)]
    pub in_place: bool,
    /// Replace existing outputs
    #[arg(long, short)]
    pub force: bool,
    /// Write nothing; list the inputs that would change, and exit with 1 if there are any
    #[arg(long)]
    pub check: bool,
    /// With --check, print a JSON object for each input that would change
    #[arg(long, requires = "check")]
    pub json: bool,
    /// With --check, how to print what was found: text or json for each input that would change, or
    /// each finding with its lines: github (workflow commands), gitlab (Code Quality) or sarif
    /// (SARIF 2.1.0) [default: text]
    #[arg(
        long,
        value_name = "FORMAT",
        requires = "check",
        conflicts_with_all = ["json", "diff"],
        hide_possible_values = true
    )]
    pub check_format: Option<CheckFormatArg>,
    /// Write nothing; show what would change as a unified diff
    #[arg(long, conflicts_with = "output", conflicts_with = "in_place")]
    pub diff: bool,
    /// Write the removal record to FILE, as JSON Lines from which `restore` restores the originals
    #[arg(long, value_name = "FILE")]
    pub removed: Option<PathBuf>,
    /// Write to FILE which spans of each document are kept and what share of it the rules remove, as
    /// JSON Lines with offsets in code points and bytes
    #[arg(long, value_name = "FILE", conflicts_with = "annotate")]
    pub map: Option<PathBuf>,
    /// Write statistics to FILE, as JSON
    #[arg(long, value_name = "FILE")]
    pub stats: Option<PathBuf>,
    /// Print only errors, and why a single input is not cleaned
    #[arg(long, short)]
    pub quiet: bool,
    /// Continue an interrupted run into --output DIR; after a finished run, clean only new and
    /// changed inputs
    #[arg(long)]
    pub resume: bool,
    /// Do not wait until outputs, records and the journal are on the disk; faster, but a power cut
    /// can then leave empty files
    #[arg(long)]
    pub no_sync: bool,
    /// Clean only every Nth file, starting with the Ith, as in 1/8, to share the work between runs;
    /// a single uncompressed JSON Lines file is split into N slices instead
    #[arg(long, value_name = "I/N")]
    pub shard: Option<String>,
    /// Number of threads [default: one per core]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    #[command(flatten)]
    pub records: RecordArgs,
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// Options of the commands that show what `clean` would do and write no cleaned text.
#[derive(Args, Clone, Debug)]
pub(super) struct InspectArgs {
    /// Print only errors
    #[arg(long, short)]
    pub quiet: bool,
    /// Number of threads [default: one per core]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    #[command(flatten)]
    pub fields: FieldArgs,
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The part of the inputs to inspect, as of `clean`.
    #[arg(skip)]
    pub shard: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct ExplainArgs {
    /// Files and directories; `-` or no path reads standard input
    pub paths: Vec<PathBuf>,
    /// Explain why these lines are removed or kept: line numbers such as 7, ranges such as 7-9, or
    /// `removed`, `kept` or `all`
    #[arg(
        long,
        short = 'n',
        value_name = "LINES",
        value_delimiter = ',',
        value_parser = values::lines(),
        hide_possible_values = true
    )]
    pub line: Vec<String>,
    /// Explain only record number N of files of records
    #[arg(long, value_name = "N")]
    pub record: Option<u64>,
    /// Show the whole text with its removals marked in place, as [-text-]{rules}
    #[arg(long, conflicts_with_all = ["line", "json"])]
    pub marked: bool,
    /// Also show what weighed most in the line model, all rules of a removal and, with --line,
    /// examples of the rules
    #[arg(long, short)]
    pub verbose: bool,
    /// Print a JSON object for each document
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub inspect: InspectArgs,
}

#[derive(Args, Debug)]
pub(super) struct DiffArgs {
    /// Removal record of one run (`clean --removed`); with --over, a level or a configuration file
    pub old: String,
    /// Removal record of the other run, over the same inputs in the same order; with --over, as OLD
    pub new: String,
    /// Clean these files and directories with both OLD and NEW
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    pub over: Vec<PathBuf>,
    /// Number of spans to show for each rule
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub samples: usize,
    /// Print the differences as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub inspect: InspectArgs,
}

#[derive(Args, Debug)]
pub(super) struct ReportArgs {
    /// Files and directories; `-` or no path reads standard input
    pub paths: Vec<PathBuf>,
    /// Write the page to this file; `-` is standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Replace an existing page
    #[arg(long, short)]
    pub force: bool,
    /// Title of the page [default: the names of the inputs]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Write the data of the page as JSON instead of HTML
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub inspect: InspectArgs,
}

#[derive(Args, Debug)]
pub(super) struct AuditArgs {
    /// Files and directories; `-` reads standard input. Not needed to go on with an audit
    pub paths: Vec<PathBuf>,
    /// Directory of the audit: the sample, a page to judge it in a browser, and the answers
    #[arg(
        long,
        short,
        value_name = "DIR",
        required_unless_present = "check",
        conflicts_with = "check"
    )]
    pub output: Option<PathBuf>,
    /// Draw a new sample although DIR has one; its answers are removed
    #[arg(long, short)]
    pub force: bool,
    /// Number of lines to draw [default: 400]
    #[arg(long, value_name = "N")]
    pub questions: Option<usize>,
    /// Draw the sample with this number; another one gives other lines [default: 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Name of the person who answers, to compare and merge the answers of several
    #[arg(long, value_name = "NAME", default_value = "")]
    pub by: String,
    /// Ask nothing
    #[arg(long)]
    pub no_ask: bool,
    /// Read the keys from standard input even if it is not a terminal
    #[arg(long, conflicts_with = "no_ask")]
    pub ask: bool,
    /// Add the answers of a file that the page saved, or of another person; can be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    pub add: Vec<PathBuf>,
    /// Ask nothing; print what the answers say and what they suggest, and write suggested rules to
    /// DIR/suggested.toml
    #[arg(long, conflicts_with_all = ["check", "ask"])]
    pub result: bool,
    /// With --result, the largest share of the words of prose that may be lost
    #[arg(long, value_name = "SHARE", default_value_t = 0.005)]
    pub promise: f64,
    /// Clean the documents of these answers, list what became of the lines that were judged, and
    /// exit with 1 if one that is prose would be removed; can be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub check: Vec<PathBuf>,
    /// With --result and --check, print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub inspect: InspectArgs,
}

#[derive(Args, Debug)]
pub(super) struct LearnArgs {
    /// Files and directories; `-` or no path reads standard input
    pub paths: Vec<PathBuf>,
    /// Write what was learned to this file
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Replace an existing file
    #[arg(long, short)]
    pub force: bool,
    /// Keep texts of single pages too, so that the file can be merged with others that have pages
    /// of the same sites
    #[arg(long)]
    pub part: bool,
    /// Keep counts in `.dechaff/` beside the output until the run is complete, and use those that an
    /// interrupted run with this option left
    #[arg(long)]
    pub resume: bool,
    /// Memory for counts, from which on they are moved to temporary files; in bytes, or with k, M or
    /// G [default: 256M]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,
    /// Print only errors
    #[arg(long, short)]
    pub quiet: bool,
    /// Number of threads [default: one per core]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// Read this configuration file [default: dechaff.toml in the working directory or a parent of
    /// it]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub fields: FieldArgs,
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// Options that say how much evidence it takes to remove a text.
#[derive(Args, Clone, Debug)]
pub(super) struct EvidenceArgs {
    /// The level whose evidence is required
    #[arg(
        long,
        short,
        value_name = "LEVEL",
        default_value = "balanced",
        value_parser = values::level(),
        hide_possible_values = true
    )]
    pub level: dechaff_core::Level,
    /// Fewest pages with a text [default: set by the level]
    #[arg(long, value_name = "N")]
    pub min_pages: Option<u64>,
    /// Least share of the pages with a text [default: set by the level]
    #[arg(long, value_name = "SHARE")]
    pub min_share: Option<f64>,
}

#[derive(Debug, Subcommand)]
pub(super) enum LearnedCommand {
    /// List sites or, with --site, the texts that would be removed, with counts
    Show {
        /// A file that `learn` wrote
        file: PathBuf,
        /// List the texts of this site; can be repeated
        #[arg(long, value_name = "NAME")]
        site: Vec<String>,
        /// Also list texts with too little evidence
        #[arg(long, requires = "site")]
        all: bool,
        /// Print a JSON object for each site or text
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        evidence: EvidenceArgs,
    },
    /// Print a pack of rules with the labels of sites
    Export {
        /// A file that `learn` wrote
        file: PathBuf,
        /// Export only this site; can be repeated [default: all sites]
        #[arg(long, value_name = "NAME")]
        site: Vec<String>,
        #[command(flatten)]
        evidence: EvidenceArgs,
    },
    /// Merge files into one
    Merge {
        /// Files that `learn` wrote
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Write to this file
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        /// Replace an existing file
        #[arg(long, short)]
        force: bool,
        /// Keep texts of single pages, so that the result can be merged again
        #[arg(long)]
        part: bool,
    },
}

#[derive(Args, Debug)]
pub(super) struct RestoreArgs {
    /// The cleaned text, or a directory of cleaned texts; `-` is standard input
    #[arg(required_unless_present = "in_place")]
    pub cleaned: Option<PathBuf>,
    /// The removal record of the run that cleaned the text
    #[arg(long, value_name = "FILE")]
    pub removed: PathBuf,
    /// Path of the input in the removal record, if the record covers several inputs
    #[arg(long, value_name = "PATH", conflicts_with = "in_place")]
    pub path: Option<PathBuf>,
    /// Write to this file instead of standard output; for a directory, to this directory
    #[arg(long, short, value_name = "FILE|DIR", conflicts_with = "in_place")]
    pub output: Option<PathBuf>,
    /// Restore in place the text or directory or, without one, all files named in the removal
    /// record
    #[arg(long, short)]
    pub in_place: bool,
    /// With --in-place, restore files below this directory only [default: the working directory].
    /// Relative paths in the removal record start there; absolute ones must lead there
    #[arg(long, value_name = "DIR", requires = "in_place")]
    pub root: Option<PathBuf>,
    /// Replace existing outputs
    #[arg(long, short)]
    pub force: bool,
    /// Do not wait until restored files are on the disk
    #[arg(long)]
    pub no_sync: bool,
}

#[derive(Args, Debug)]
pub(super) struct EvalArgs {
    /// Labelled pages: JSON Lines, optionally compressed with gzip or zstd, with `text`, `labels`
    /// (one letter per line: k keep, d drop, u unsure; what follows the last line end counts as a
    /// line, even if it is empty), and optionally `publisher`, `lang` and `extractor`
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Also print the results for each value of this field
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    pub by: Vec<String>,
    /// Use only rows in which a field has one of these values
    #[arg(long = "where", value_name = "FIELD=VALUE[,VALUE]")]
    pub filters: Vec<String>,
    /// Also score texts before and after cleaning by the words of the main text in this field,
    /// which only the first row with the same `id` needs
    #[arg(
        long,
        value_name = "FIELD",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "gold"
    )]
    pub gold: Option<String>,
    /// Write lost prose and remaining chaff to FILE, as JSON Lines with the rules that removed it
    #[arg(long, value_name = "FILE")]
    pub errors: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
    /// Number of bootstrap samples of publishers for the confidence intervals
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub draws: usize,
    #[command(flatten)]
    pub selection: Selection,
}

/// Options that name a corpus to run rules on.
#[derive(Args, Debug)]
#[command(next_help_heading = "Corpus")]
pub(super) struct CorpusArgs {
    /// Count what each rule removes from these documents instead of running examples: text files,
    /// JSON Lines (.jsonl, .jsonl.gz; a field `labels` may have k, d or u for each line of the
    /// text), or directories of them
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    pub corpus: Vec<PathBuf>,
    /// Use only rows in which a field has one of these values
    #[arg(
        long = "where",
        value_name = "FIELD=VALUE[,VALUE]",
        requires = "corpus"
    )]
    pub filters: Vec<String>,
    /// Field that contains the text; labels are used only with `text`
    #[arg(long, value_name = "NAME", default_value = "text", requires = "corpus")]
    pub text_field: String,
    /// For each rule, show N lines labelled keep that it hits (!) and N lines that no other rule
    /// removes (-)
    #[arg(long, value_name = "N", default_value_t = 0, requires = "corpus")]
    pub samples: usize,
    /// Print the results as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum StatsCommand {
    /// Add up the statistics of several runs and print the sums
    Merge {
        /// Statistics files written with --stats
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// List rules
    List {
        /// Names of rules, packs, categories or filters [default: all rules]
        #[arg(value_parser = values::rule_name(), hide_possible_values = true)]
        names: Vec<String>,
        /// Show the first text in which each rule must match, and in which it must not
        #[arg(long, short)]
        examples: bool,
        /// Print all properties of each rule as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        selection: Selection,
    },
    /// Show all properties of rules
    Show {
        /// Names of rules, packs, categories or filters
        #[arg(
            required = true,
            value_parser = values::rule_name(),
            hide_possible_values = true
        )]
        names: Vec<String>,
        /// Print the rules as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        selection: Selection,
    },
    /// Create a rule from a sentence, with examples that it passes, and add it to a pack
    New(NewRuleArgs),
    /// Print the documentation of rules in Markdown
    Doc {
        /// Names of rules, packs, categories or filters
        #[arg(
            required = true,
            value_parser = values::rule_name(),
            hide_possible_values = true
        )]
        names: Vec<String>,
        #[command(flatten)]
        selection: Selection,
    },
    /// Write pages that document all built-in rules, in Markdown: one for each pack, and an index
    Page {
        /// Directory of the pages; it is created if needed
        #[arg(long, short, value_name = "DIR")]
        output: PathBuf,
    },
    /// Write the examples of rules as a data set in JSON Lines: texts to remove and texts to keep
    Export {
        /// Names of rules, packs, categories or filters [default: all rules]
        #[arg(value_parser = values::rule_name(), hide_possible_values = true)]
        names: Vec<String>,
        /// Write to this file instead of standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Replace an existing file
        #[arg(long, short)]
        force: bool,
        #[command(flatten)]
        selection: Selection,
    },
    /// Print the JSON schema of packs, which editors use to complete and check them
    Schema,
    /// Lint packs and run the examples of all rules, or run the rules on a corpus
    Test {
        /// Packs or directories of packs, in addition to those of the configuration
        packs: Vec<PathBuf>,
        #[command(flatten)]
        corpus: CorpusArgs,
        #[command(flatten)]
        selection: Selection,
    },
}

#[derive(Args, Debug)]
pub(super) struct NewRuleArgs {
    /// A line of boilerplate, as it appears on a page; `-` reads it from standard input
    pub sentence: String,
    /// Add the rule to this pack, creating it if needed [default: the first pack of the
    /// configuration, or mine.toml]
    #[arg(long, value_name = "FILE")]
    pub pack: Option<PathBuf>,
    /// Id of the rule [default: made from the distinctive words of the sentence]
    #[arg(long, value_name = "NAME")]
    pub id: Option<String>,
    /// Category of the rule [default: that of built-in rules with the same words]
    #[arg(
        long,
        value_name = "NAME",
        value_parser = values::category(),
        hide_possible_values = true
    )]
    pub category: Option<dechaff_core::Category>,
    /// Confidence of the rule: certain, likely or possible [default: certain for whole lines,
    /// likely with --inside]
    #[arg(
        long,
        value_name = "NAME",
        value_parser = values::confidence(),
        hide_possible_values = true
    )]
    pub confidence: Option<dechaff_core::Confidence>,
    /// Description of the rule [default: made from the sentence]
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Match inside lines too, not only whole lines
    #[arg(long)]
    pub inside: bool,
    /// A text that the rule must not remove; can be repeated
    #[arg(long, value_name = "TEXT")]
    pub keep: Vec<String>,
    /// Print the rule and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Add the rule even if another rule already removes the sentence
    #[arg(long)]
    pub force: bool,
    /// Read this configuration file [default: dechaff.toml in the working directory or a parent of
    /// it]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Returns the help of `--format`, which lists all formats.
fn format_help() -> String {
    format!(
        "Format of the inputs: {} [default: detected from names or first bytes]",
        Format::names()
    )
}

/// Returns the help of `--output-format`, which lists the formats that outputs can have.
fn output_format_help() -> String {
    format!(
        "Format of the outputs: {} [default: by the name of a single output, or that of the \
         inputs]. Only id, URL, language and texts of JSON Lines are converted; other formats keep \
         all columns",
        Format::output_names()
    )
}
