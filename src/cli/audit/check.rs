//! `dechaff audit --check`: what the cleaner would do now to lines that people judged.

use crate::cli::Exit;
use crate::cli::args::AuditArgs;
use crate::cli::config::Config;
use crate::cli::selection::build_cleaner;
use crate::cli::terminal::Terminal;
use crate::io::read_rows;
use crate::job::audit::check_answers;
use crate::report::{AnsweredPage, Change, CheckedLine, checked_json, checked_text, display_path};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;

/// Cleans the documents of the answers again and prints what changed. The exit code is
/// `Exit::Found` if a line that was judged to be prose would be removed.
pub(super) fn run(args: &AuditArgs, config: &Config, terminal: &mut Terminal) -> Result<Exit> {
    let cleaner = build_cleaner(args.inspect.selection.clone(), config)?;
    let mut lines: Vec<CheckedLine> = Vec::new();
    for path in &args.check {
        let pages = read_pages(path).with_context(|| display_path(path))?;
        lines.extend(check_answers(&pages, &cleaner));
    }
    if lines.is_empty() {
        bail!("the answers name no line of their documents");
    }
    if args.json {
        let values: Vec<Value> = lines.iter().map(checked_json).collect();
        terminal.json(&values.into())?;
    } else {
        terminal.print(&checked_text(&lines, terminal.has_colour()));
    }
    let loses_prose = lines
        .iter()
        .any(|line| matches!(line.change(), Change::ProseLost | Change::ProseStillLost));
    Ok(if loses_prose { Exit::Found } else { Exit::Done })
}

/// Reads the pages of a file of answers, plain or compressed.
fn read_pages(path: &Path) -> Result<Vec<AnsweredPage>> {
    let mut pages = Vec::new();
    for (index, row) in read_rows(path, "text")?.enumerate() {
        let row = row?;
        let mut fields = row.fields;
        fields.insert("text".to_owned(), Value::String(row.text));
        fields.insert("labels".to_owned(), Value::String(String::new()));
        let page = serde_json::from_value(Value::Object(fields))
            .with_context(|| format!("row {} has no answers to an audit", index + 1))?;
        pages.push(page);
    }
    Ok(pages)
}
