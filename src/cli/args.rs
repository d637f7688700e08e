//! The arguments as they are typed.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  --check, diff or verify found something; or an example of a rule failed
  2  wrong use, or nothing could be done
  3  done, but some inputs failed (each is named on standard error)
  130  interrupted; what was finished stays";

/// Strips the boilerplate that scraping leaves in extracted text, and accounts for every byte.
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
    /// Clean texts: standard input, files, directories
    Clean(Box<CleanArgs>),
    /// Show texts with what would go marked in place and named; or tell why lines of them go or stay
    Explain(Box<ExplainArgs>),
    /// Write a page that shows what would go, and why: figures, charts, samples of each rule, documents with removals marked
    Report(Box<ReportArgs>),
    /// Tell what one of two runs removes that the other keeps, by rule; exit with 1 if anything
    Diff(Box<DiffArgs>),
    /// Put removed text back, from a cleaned text and its removal record
    Restore(RestoreArgs),
    /// Check a directory of outputs against the manifests of the runs that wrote it
    Verify {
        /// The directory
        directory: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Work on statistics
    Stats {
        #[command(subcommand)]
        command: StatsCommand,
    },
    /// Measure the cleaning on labelled pages: precision, recall, prose lost, pages damaged, at each level
    Eval(Box<EvalArgs>),
    /// List, show and test rules
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Print the reference of the command, in Markdown
    #[command(hide = true)]
    Reference,
}

/// Which rules apply.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Rules")]
pub(super) struct Selection {
    /// How much is removed: precise, balanced or thorough [default: balanced]
    #[arg(long, short, value_name = "LEVEL")]
    pub level: Option<dechaff_core::Level>,
    /// Remove only what these take: names of categories, packs, rules or filters
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Leave alone what these take; wins over --only
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Add a pack of rules, or all packs of a directory
    #[arg(long, value_name = "FILE|DIR")]
    pub rules: Vec<PathBuf>,
    /// Pass a document on whole that would lose more than this share of its bytes [default: 0.95]
    #[arg(long, value_name = "SHARE")]
    pub max_removed: Option<f64>,
    /// Let the line model go as far as it can while at most this share of the words of prose is lost, as measured
    /// on labelled pages, instead of as far as the level says
    #[arg(long, value_name = "SHARE")]
    pub max_loss: Option<f64>,
    /// The configuration file [default: dechaff.toml in this directory or above]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// How inputs are found and read.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Reading")]
pub(super) struct ReadingArgs {
    /// Encoding of the inputs, as a WHATWG label such as windows-1252 [default: utf-8]
    #[arg(long, value_name = "LABEL")]
    pub encoding: Option<String>,
    /// Language of the texts, as a code such as en; rules of other languages rest
    #[arg(long, value_name = "CODE")]
    pub lang: Option<String>,
    /// Host that the texts came from, for rules that are bound to one
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
    /// Also read the files that LIST names, one a line or ended by NUL; `-` is standard input
    #[arg(long, value_name = "LIST")]
    pub files_from: Option<PathBuf>,
    /// In directories, read only files that match; may be given several times
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// In directories, leave out files that match; may be given several times
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Follow symbolic links in directories
    #[arg(long)]
    pub follow_links: bool,
    /// Pass over larger inputs, or through unchanged; bytes, or with k, M or G [default: 1G]
    #[arg(long, value_name = "SIZE")]
    pub max_document: Option<String>,
    /// Refuse invalid text instead of passing it over, or through unchanged
    #[arg(long)]
    pub strict: bool,
}

/// What files of records hold.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Records (JSON Lines, CSV, TSV, WET, Parquet)")]
pub(super) struct FieldArgs {
    /// Format of the inputs: text, jsonl, csv, tsv, wet or parquet [default: as their names or first bytes say]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Fields that hold texts; a dot steps into objects, and into each object of a list (messages.content) [default: text]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub text_field: Vec<String>,
    /// Field that holds the id of a record, for reports [default: id]
    #[arg(long, value_name = "NAME")]
    pub id_field: Option<String>,
    /// Field that holds the address of a record, for rules that are bound to a host [default: url]
    #[arg(long, value_name = "NAME")]
    pub url_field: Option<String>,
    /// Field that holds the language of a record, as a code such as `en` or `eng_Latn`
    #[arg(long, value_name = "NAME")]
    pub lang_field: Option<String>,
    /// Pass larger records through unchanged; bytes, or with k, M or G [default: 32M]
    #[arg(long, value_name = "SIZE")]
    pub max_record: Option<String>,
}

/// How files of records are read and written.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Records (JSON Lines, CSV, TSV, WET, Parquet)")]
pub(super) struct RecordArgs {
    #[command(flatten)]
    pub fields: FieldArgs,
    /// What becomes of records that hold no text that can be read: pass them on, drop them, or fail the file [default: pass]
    #[arg(long, value_name = "pass|drop|fail")]
    pub on_error: Option<OnErrorArg>,
    /// Write to FILE which records hold no text that can be read, and why, as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub errors: Option<PathBuf>,
    /// Format of the outputs: text, jsonl, csv, tsv or parquet [default: that of the inputs]. JSON Lines give their id,
    /// address, language and texts, all other formats all that they have
    #[arg(long, value_name = "FORMAT")]
    pub output_format: Option<String>,
    /// Compress outputs: none, gzip, zstd, or one with its level such as zstd:9 [default: as the inputs are, or as the
    /// name of the output says]
    #[arg(long, value_name = "CODEC")]
    pub compress: Option<String>,
    /// Leave out records of which no text is left
    #[arg(long)]
    pub drop_empty: bool,
    /// Remove nothing; write what would go beside it: into a field of each JSON record, or as attribute files for Dolma
    /// (which then go to --output)
    #[arg(long, value_name = "field|dolma", conflicts_with_all = ["removed", "drop_empty", "diff", "check"])]
    pub annotate: Option<AnnotateArg>,
    /// Name of that field, or first part of the names of attributes [default: dechaff]
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

#[derive(Args, Debug, Default)]
pub(super) struct CleanArgs {
    /// Files and directories; standard input if there is none, or for `-`
    pub paths: Vec<PathBuf>,
    /// Write to this file (`-` is standard output), or, for directories and several files, below this directory
    #[arg(long, short, value_name = "FILE|DIR", conflicts_with = "in_place")]
    pub output: Option<PathBuf>,
    /// Replace files by their cleaned texts
    #[arg(long, short)]
    pub in_place: bool,
    /// Replace existing outputs
    #[arg(long, short)]
    pub force: bool,
    /// Write nothing; list what would change, and exit with 1 if anything would
    #[arg(long)]
    pub check: bool,
    /// With --check, print an object for each input that would change, as JSON Lines
    #[arg(long, requires = "check")]
    pub json: bool,
    /// Write nothing; show what would change as a unified diff
    #[arg(long, conflicts_with = "output", conflicts_with = "in_place")]
    pub diff: bool,
    /// Write what is removed to FILE, as JSON Lines from which `restore` puts it back
    #[arg(long, value_name = "FILE")]
    pub removed: Option<PathBuf>,
    /// Write statistics to FILE, as JSON
    #[arg(long, value_name = "FILE")]
    pub stats: Option<PathBuf>,
    /// Say nothing but errors
    #[arg(long, short)]
    pub quiet: bool,
    /// Go on with a run into --output DIR that was interrupted or killed; of one that ended, clean what is new or changed
    #[arg(long)]
    pub resume: bool,
    /// Clean only each Nth file, beginning with the Ith, as in 1/8, so that several runs can share the work; of a single
    /// file of JSON Lines that is not compressed, the Ith of N slices
    #[arg(long, value_name = "I/N")]
    pub shard: Option<String>,
    /// Number of threads [default: one for each core]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    #[command(flatten)]
    pub records: RecordArgs,
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// What is looked at, as `clean` would clean it.
#[derive(Args, Debug)]
pub(super) struct LookArgs {
    /// Say nothing but errors
    #[arg(long, short)]
    pub quiet: bool,
    /// Number of threads [default: one for each core]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    #[command(flatten)]
    pub fields: FieldArgs,
    #[command(flatten)]
    pub selection: Selection,
    #[command(flatten)]
    pub reading: ReadingArgs,
}

#[derive(Args, Debug)]
pub(super) struct ExplainArgs {
    /// Files and directories; standard input if there is none, or for `-`
    pub paths: Vec<PathBuf>,
    /// Tell why these lines go or stay: a number from 1, a range such as 7-9, or `removed`, `kept`, `all`
    #[arg(long, short = 'n', value_name = "LINES", value_delimiter = ',')]
    pub line: Vec<String>,
    /// Only the record of this number, of files that hold several
    #[arg(long, value_name = "N")]
    pub record: Option<u64>,
    /// Print JSON, an object for each document
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub look: LookArgs,
}

#[derive(Args, Debug)]
pub(super) struct DiffArgs {
    /// The removal record of one run (`clean --removed`); with --over a level or a configuration file
    pub old: String,
    /// The same of the other run, of the same inputs in the same order
    pub new: String,
    /// Run both OLD and NEW over these files and directories
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    pub over: Vec<PathBuf>,
    /// Show so many spans of each rule
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub samples: usize,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub look: LookArgs,
}

#[derive(Args, Debug)]
pub(super) struct ReportArgs {
    /// Files and directories; standard input if there is none, or for `-`
    pub paths: Vec<PathBuf>,
    /// Write the page to this file; `-` is standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Replace an existing page
    #[arg(long, short)]
    pub force: bool,
    /// Title of the page [default: the inputs]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Write what the page shows as JSON, without a page around it
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub look: LookArgs,
}

#[derive(Args, Debug)]
pub(super) struct RestoreArgs {
    /// The cleaned text; `-` is standard input
    #[arg(required_unless_present = "in_place")]
    pub cleaned: Option<PathBuf>,
    /// The removal record
    #[arg(long, value_name = "FILE")]
    pub removed: PathBuf,
    /// Which input of the record it is, if the record has several
    #[arg(long, value_name = "PATH", conflicts_with = "in_place")]
    pub path: Option<String>,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE", conflicts_with = "in_place")]
    pub output: Option<PathBuf>,
    /// Restore all files that the record names, where they are
    #[arg(long, short, conflicts_with = "cleaned")]
    pub in_place: bool,
    /// Replace an existing output
    #[arg(long, short)]
    pub force: bool,
}

#[derive(Args, Debug)]
pub(super) struct EvalArgs {
    /// Labelled pages: JSON Lines, plain, gzip or zstd, with `text`, `labels` (a letter for each line: k keep, d drop, u
    /// unsure), and where known `publisher`, `lang`, `extractor`
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Also tell the figures of each value of a field
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    pub by: Vec<String>,
    /// Only rows of which a field has this value, or one of these
    #[arg(long = "where", value_name = "FIELD=VALUE[,VALUE]")]
    pub filters: Vec<String>,
    /// Write prose lost and chaff left to FILE, as JSON Lines with the rules that took it
    #[arg(long, value_name = "FILE")]
    pub errors: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
    /// Draws of the bootstrap over publishers that gives the intervals
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub draws: usize,
    #[command(flatten)]
    pub selection: Selection,
}

/// A corpus to try rules on.
#[derive(Args, Debug)]
#[command(next_help_heading = "Corpus")]
pub(super) struct CorpusArgs {
    /// Count what each rule takes of these documents, instead of running examples: JSON Lines (.jsonl, .jsonl.gz; a
    /// field `labels` may hold k, d or u for each line of the text), text files, or directories of them
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    pub corpus: Vec<PathBuf>,
    /// Only rows of which a field has this value, or one of these
    #[arg(
        long = "where",
        value_name = "FIELD=VALUE[,VALUE]",
        requires = "corpus"
    )]
    pub filters: Vec<String>,
    /// The field that holds the text; labels count for `text` only
    #[arg(long, value_name = "NAME", default_value = "text", requires = "corpus")]
    pub text_field: String,
    /// Show so many kept lines that a rule hits (!), and lines that no other rule takes (-)
    #[arg(long, value_name = "N", default_value_t = 0, requires = "corpus")]
    pub samples: usize,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum StatsCommand {
    /// Add up statistics that several runs wrote with --stats, and print the sums
    Merge {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// List rules
    List {
        /// Full names of rules, or names of packs, categories or filters [default: all rules]
        names: Vec<String>,
        /// Show the first example of what each removes and of what it keeps
        #[arg(long, short)]
        examples: bool,
        /// Print JSON, with all there is to know of each rule
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        selection: Selection,
    },
    /// Show all there is to know of rules
    Show {
        /// Full names of rules, or names of packs, categories or filters
        #[arg(required = true)]
        names: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        selection: Selection,
    },
    /// Make a rule from a sentence, with examples that it passes, and add it to a pack
    New(NewRuleArgs),
    /// Print the pages that document rules, in Markdown
    Doc {
        /// Full names of rules, or names of packs, categories or filters
        #[arg(required = true)]
        names: Vec<String>,
        #[command(flatten)]
        selection: Selection,
    },
    /// Print the page that documents all built-in rules, in Markdown
    Page,
    /// Print the JSON schema of packs, from which editors complete and check them
    Schema,
    /// Lint packs and run the examples of all rules, or try the rules on a corpus
    Test {
        /// Packs or directories of packs, beside those of the configuration
        packs: Vec<PathBuf>,
        #[command(flatten)]
        corpus: CorpusArgs,
        #[command(flatten)]
        selection: Selection,
    },
}

#[derive(Args, Debug)]
pub(super) struct NewRuleArgs {
    /// A line of chaff, as it stands on a page; `-` reads it from standard input
    pub sentence: String,
    /// Add the rule to this pack, which is made if need be [default: the first pack of the configuration, or mine.toml]
    #[arg(long, value_name = "FILE")]
    pub pack: Option<PathBuf>,
    /// Its id [default: of the telling words]
    #[arg(long, value_name = "NAME")]
    pub id: Option<String>,
    /// Its category [default: that of the built-in rules with the same words]
    #[arg(long, value_name = "NAME")]
    pub category: Option<dechaff_core::Category>,
    /// certain, likely or possible [default: certain for whole lines, likely inside lines]
    #[arg(long, value_name = "NAME")]
    pub confidence: Option<dechaff_core::Confidence>,
    /// What it says of itself
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Look for it inside lines too, not for whole lines only
    #[arg(long)]
    pub inside: bool,
    /// A text that it must leave alone; may be given several times
    #[arg(long, value_name = "TEXT")]
    pub keep: Vec<String>,
    /// Print the rule, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Add it even if a rule removes the sentence already
    #[arg(long)]
    pub force: bool,
    /// The configuration file [default: dechaff.toml in this directory or above]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
