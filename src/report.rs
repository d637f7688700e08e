//! What is told of a run: removal records, statistics, diffs, explanations, lists. One output a file, each from the same
//! cleaned documents; none of them changes what is cleaned.

mod annotations;
mod comparison;
mod diff;
mod eval;
mod explain;
mod html;
mod records;
mod rules;
mod schema;
mod stats;
mod survey;
mod table;
mod why;
mod worth;

pub use annotations::{Annotation, annotate, annotation_list, dolma_line};
pub use comparison::{Claimed, Comparison};
pub use diff::diff;
pub use eval::{eval_json, eval_table};
pub use explain::explain;
pub use html::{ReportMeta, html_page, survey_json};
pub use records::{Origin, Record, damage_line, document_records, dropped_record, read_records};
pub use rules::{list, list_json, rule_json, rule_page, rules_page, show};
pub use schema::pack_schema;
pub use stats::Stats;
pub use survey::Survey;
pub use table::TableStyle;
pub use why::{ExplainedLine, LineReport, missed};
pub use worth::{worth_json, worth_table};

use anstyle::{AnsiColor, Style};
use std::fmt;

/// Deleted text.
const REMOVED: Style = AnsiColor::Red.on_default();
/// Text that takes the place of deleted text.
const ADDED: Style = AnsiColor::Green.on_default();
/// Text that was saved.
const SAVED: Style = AnsiColor::Yellow.on_default();
/// Names and headings.
const NAME: Style = AnsiColor::Cyan.on_default();

/// What a document is called.
#[derive(Clone, Copy, Debug, Default)]
pub struct Name<'n> {
    /// Its input's path, or `-` for standard input.
    pub path: &'n str,
    /// The number of its record, where the input has several.
    pub record: Option<u64>,
    /// The id of the record, where it has one.
    pub id: Option<&'n str>,
    /// The field that holds it, where there are fields.
    pub field: Option<&'n str>,
}

impl fmt::Display for Name<'_> {
    /// Path, record and field, as in `pages.jsonl#3.text`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path)?;
        self.record
            .map_or(Ok(()), |record| write!(f, "#{record}"))?;
        self.field.map_or(Ok(()), |field| write!(f, ".{field}"))
    }
}

/// Makes text harmless for a terminal: control characters but line feeds and tabs become visible escapes, and so do
/// characters that reorder text.
#[must_use]
pub fn escape_control(text: &str) -> String {
    let is_harmful = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
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
            safe.extend(c.escape_unicode())
        } else {
            safe.push(c)
        }
    }
    safe
}

/// A path as it is shown on one line of a terminal.
#[must_use]
pub fn display_path(path: &std::path::Path) -> String {
    escape_control(&path.to_string_lossy()).replace('\n', "\\n")
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
