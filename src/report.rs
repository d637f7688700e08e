//! Outputs that describe a run: removal records, statistics, diffs, explanations, comparisons,
//! findings, lists of rules and the HTML report. Each submodule writes one of them from the same
//! cleaned documents, and none of them changes what is removed.
//!
//! This file holds what several of them share: the colours, the name of a document, and the
//! escaping that keeps text from a corpus from controlling a terminal.

mod annotations;
mod audit;
mod audit_page;
mod comparison;
mod diff;
mod eval;
mod explain;
mod findings;
mod html;
mod identity;
mod learned;
mod losses;
mod maps;
mod marked;
mod page;
mod records;
mod rules;
mod schema;
mod shares;
mod stats;
mod summary;
mod survey;
mod table;
mod verdicts;
mod why;
mod worth;

pub use annotations::{
    Annotation, annotate, annotate_whole, annotation_list, dolma_line, share_field,
};
pub use audit::{
    Advice, Alternative, Answer, AnswerSheet, AnsweredPage, Audit, AuditDocument, AuditItem,
    AuditOutcome, AuditSide, AuditStratum, AuditTotals, Change, CheckedLine, Judgement,
    advice_json, advice_text, answered_strata, checked_json, checked_text, item_view,
};
pub use audit_page::audit_page;
pub use comparison::{Claimed, Comparison};
pub use diff::diff;
pub use eval::{eval_json, eval_table};
pub use explain::RemovalList;
pub use findings::{
    Finding, FindingWriter, GithubCommands, GitlabReport, Lines, SarifLog, Severity, find,
    find_whole,
};
pub use html::{ReportMeta, html_page, survey_json};
pub use identity::{
    Addition, ContentHash, ContentHasher, Part, PartCheck, parse_record_path, record_path,
};
pub use learned::{LabelPack, LearnedLine, learned_lines, learned_pack, site_line};
pub use maps::MapLine;
pub use marked::marked;
pub use records::{
    Cut, Origin, Record, RecordLine, damage_line, document_records, dropped_record, emptied_record,
    read_lines, read_records,
};
pub use rules::{list, list_json, rule_json, rule_page, rules_pages, show};
pub use schema::pack_schema;
pub use stats::{RuleStats, Stats, count};
pub use summary::{SummaryContext, summary};
pub use survey::Survey;
pub use table::TableStyle;
pub use verdicts::VerdictObject;
pub use why::{ExplainedLine, LineReport, miss_reason};
pub use worth::{worth_json, worth_table};

use anstyle::{AnsiColor, Style};
use dechaff_core::Score;
use std::fmt;

/// Removed text.
const REMOVED: Style = AnsiColor::Red.on_default();
/// Text that replaces removed text, or that is kept.
const ADDED: Style = AnsiColor::Green.on_default();
/// Text that a keep rule protects.
const SAVED: Style = AnsiColor::Yellow.on_default();
/// Names and headings.
const NAME: Style = AnsiColor::Cyan.on_default();

/// The name of a document in messages, removal records and reports.
#[derive(Clone, Copy, Debug, Default)]
pub struct Name<'n> {
    /// The path of the input, or `-` for standard input.
    pub path: &'n str,
    /// The number of the record, if the input has several.
    pub record: Option<u64>,
    /// The id of the record, if it has one.
    pub id: Option<&'n str>,
    /// The field that holds the text, if the record has fields.
    pub field: Option<&'n str>,
}

impl fmt::Display for Name<'_> {
    /// Writes path, record number and field, as in `pages.jsonl#3.text`. The id is left out, since
    /// the number already identifies the record and an id may be long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path)?;
        self.record
            .map_or(Ok(()), |record| write!(f, "#{record}"))?;
        self.field.map_or(Ok(()), |field| write!(f, ".{field}"))
    }
}

/// Returns `text` with control characters, except line feeds and tabs, replaced by visible escapes
/// such as `\u{1b}`, and so with characters that reorder text. A carriage return before a line
/// feed is dropped. The result is safe to print on a terminal.
#[must_use]
pub fn escape_control(text: &str) -> String {
    if !text.contains(is_harmful) {
        return text.to_owned();
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c == '\r' && characters.peek() == Some(&'\n') {
            continue;
        }
        if is_harmful(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Returns whether a terminal may act on `c` instead of showing it: a control character other than
/// line feed and tab, or one of the bidirectional controls, which make text read differently from
/// what its bytes say.
fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Returns `text` as [`escape_control`] does, with line feeds written as `\n`, so that a name that
/// contains line feeds cannot imitate further lines of output.
fn escape_line(text: &str) -> String {
    escape_control(text).replace('\n', "\\n")
}

/// Bytes of a text that are quoted; the rest of a longer text is left out.
const QUOTED_BYTES: usize = 160;

/// Returns the first [`QUOTED_BYTES`] of `text` on one line in single quotes, with control
/// characters escaped and an ellipsis if text is left out.
fn quote(text: &str) -> String {
    let text = text.trim();
    let start = &text[..text.floor_char_boundary(QUOTED_BYTES)];
    let more = if start.len() < text.len() { " …" } else { "" };
    format!("'{}{more}'", escape_control(start).replace('\n', "⏎"))
}

/// Returns `path` on one line that is safe to print on a terminal. Bytes that are not UTF-8 become
/// replacement characters, so the result is for messages only and may not name the file any more.
#[must_use]
pub fn display_path(path: &std::path::Path) -> String {
    escape_line(&path.to_string_lossy())
}

/// Returns `text` between the codes of `style` if `colour` is set, and an unchanged copy otherwise.
/// It escapes nothing, since some outputs without colours, such as patches, must stay exact.
fn paint(text: &str, style: Style, colour: bool) -> String {
    if colour {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}

/// Returns `score` as a number from 0 to 1, the form in which every output shows it. Marks of rules
/// have the score 1, and those of the line model less.
fn decimal(score: Score) -> f64 {
    f64::from(score.thousandths()) / 1000.0
}

#[cfg(test)]
mod tests {
    #[test]
    fn control_characters_become_visible() {
        assert_eq!(
            super::escape_control("a\u{1b}[31mb\r\nc\td"),
            "a\\u{1b}[31mb\nc\td"
        );
    }
}
