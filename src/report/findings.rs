//! Findings of a check: what would be removed, each with its place, its rules and the start of its
//! text. This file makes them from a cleaned document; submodules write them in the formats of tools
//! that show them. Findings come one by one and are written as they come.

mod github;
mod gitlab;
mod place;
mod sarif;

pub use github::GithubCommands;
pub use gitlab::GitlabReport;
pub use place::{Lines, Region};
pub use sarif::SarifLog;

use super::records::Origin;
use super::{Name, quote};
use dechaff_core::{Cleaned, FilterName, RuleSet};
use place::{Places, slashed};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Something that a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The full names of the rules that would remove it, the one that explains most of it first.
    pub rules: Vec<String>,
    /// The start of the text on one line, in quotes.
    pub quote: String,
    /// A hash of the rule and the whole text, in hexadecimal.
    pub fingerprint: String,
    /// The number of the record, if the input has several.
    pub record: Option<u64>,
    /// The field that holds the text, if the record has fields.
    pub field: Option<String>,
    /// Where it is in the input. `None` in a table, which has no lines.
    pub region: Option<Region>,
}

/// How serious it is what happened to an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It could not be checked.
    Error,
    /// It was not checked, as `clean` would not clean it.
    Warning,
    /// It was checked, except for parts of it.
    Note,
}

/// Writes findings in the format of a tool. Each method returns what is to be printed; together it
/// is one report, even if it has no finding.
pub trait FindingWriter {
    /// Returns the start of the report.
    fn begin(&mut self) -> String;

    /// Adds a finding in the input at `path`.
    fn finding(&mut self, path: &Path, finding: Finding) -> String;

    /// Adds what happened to the input at `path` besides.
    fn notice(&mut self, path: &Path, severity: Severity, message: &str) -> String;

    /// Returns the end of the report. `is_complete` says whether all inputs were checked.
    fn end(&mut self, is_complete: bool) -> String;
}

impl Finding {
    fn new(rules: Vec<String>, text: &str, origin: &Origin<'_>, region: Option<Region>) -> Self {
        Self {
            fingerprint: hash(&[&rules[0], text]),
            rules,
            quote: quote(text),
            record: origin.record,
            field: origin.field.map(str::to_owned),
            region,
        }
    }

    /// Moves the finding by `lines` lines, as its input has these before the part that it is in.
    pub fn move_down(&mut self, lines: u64) {
        if let Some(region) = &mut self.region {
            region.start.line += lines;
            region.end.line += lines;
        }
    }

    /// Returns where the finding is, as messages say it: path, lines, record and field.
    fn place(&self, path: &str) -> String {
        let name = Name {
            path,
            record: self.record,
            id: None,
            field: self.field.as_deref(),
        };
        match &self.region {
            Some(Region { start, end, .. }) if start.line == end.line => {
                format!("{name}:{}", start.line)
            }
            Some(Region { start, end, .. }) => format!("{name}:{}-{}", start.line, end.line),
            None => name.to_string(),
        }
    }

    /// Returns what would happen to the text, and why.
    fn message(&self) -> String {
        format!("{} would remove {}", self.rules.join(", "), self.quote)
    }
}

/// Appends to `out` a finding for each removal from the document at `origin`, in order. Doubled
/// blank lines are none, as they are removed only because of what is removed beside them.
pub fn find(
    cleaned: &Cleaned<'_>,
    origin: &Origin<'_>,
    lines: Lines,
    rules: &RuleSet,
    out: &mut Vec<Finding>,
) {
    let mut places = Places::new(origin, lines);
    for cuts in origin.cuts.chunk_by(|a, b| a.removal == b.removal) {
        let removal = &cleaned.removals()[cuts[0].removal];
        if rules.get(removal.rule).filter() == FilterName::Blanks {
            continue;
        }
        let names = removal.rules().map(|id| rules.get(id).name.clone());
        let text = &cleaned.source()[removal.span.range()];
        out.push(Finding::new(
            names.collect(),
            text,
            origin,
            places.region(cuts),
        ));
    }
}

/// Returns the finding of a text that is removed as a whole, for another reason than a rule, such
/// as `record/held`. All of it is in the cuts of `origin`.
#[must_use]
pub fn find_whole(reason: &str, origin: &Origin<'_>, lines: Lines) -> Finding {
    let region = Places::new(origin, lines).region(origin.cuts);
    Finding::new(vec![reason.to_owned()], origin.text, origin, region)
}

/// Returns the first half of the SHA-256 of `parts`, each followed by a byte that is no UTF-8.
fn hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
        hasher.update([super::identity::TEXT_END]);
    }
    data_encoding::HEXLOWER.encode(&hasher.finalize()[..16])
}

/// Returns `path` with slashes, as a text for tools that match it with the files of a repository.
fn repository_path(path: &Path) -> String {
    String::from_utf8_lossy(&slashed(path)).into_owned()
}
