//! `dechaff rules export`: the examples of rules as a data set, one JSON object on each line.
//!
//! Only examples that say what becomes of a text are part of it: those of removing rules, and those
//! in which a rule protects something. What gives a cue, and what a protecting rule ignores, can be
//! removed or not.

use super::Exit;
use super::args::Selection;
use super::config::Config;
use super::selection::{build_cleaner, check_output, without_dash};
use super::terminal::Terminal;
use crate::io::{fs, write_file};
use anyhow::{Result, anyhow, bail};
use dechaff_core::verify::{Case, Verifier, cases};
use dechaff_core::{Effect, Level, Span};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Runs `dechaff rules export` for the rules that `names` select, or all rules without names.
pub(super) fn run(
    names: &[String],
    output: Option<PathBuf>,
    force: bool,
    selection: Selection,
    terminal: &Terminal,
) -> Result<Exit> {
    let output = without_dash(output);
    if let Some(path) = output.as_ref().filter(|_| !force)
        && fs::exists(path)?
    {
        bail!("{} exists; use --force to replace it", path.display());
    }
    let config = Config::load(selection.config.as_deref())?.announced(false, terminal);
    if let Some(path) = &output {
        check_output(
            "--output",
            path,
            config.rules.iter().chain(&selection.rules).cloned(),
        )?;
    }
    // Only building a cleaner rejects unknown names.
    let selected = Selection {
        only: names.to_vec(),
        ..selection
    };
    let cleaner = build_cleaner(selected, &config)?;
    let verifier = Verifier::new(cleaner.rules())?;
    let mut lines = Vec::new();
    for case in cases(cleaner.rules()) {
        let is_selected = names.is_empty() || names.iter().any(|name| case.rule.matches_name(name));
        if let Some(label) = label(&case).filter(|_| is_selected) {
            let removed = verifier.removed(&case).map_err(|reason| anyhow!(reason))?;
            serde_json::to_writer(&mut lines, &row(&case, label, &removed))?;
            lines.push(b'\n');
        }
    }
    match output {
        Some(path) => {
            write_file(&path, &lines, None, force, true)?;
            Ok(Exit::Done)
        }
        None => terminal.raw(&lines),
    }
}

/// Returns whether the text of an example is to be removed or kept, or `None` if the example does
/// not say.
fn label(case: &Case<'_>) -> Option<&'static str> {
    match (case.rule.effect, case.expects_match) {
        (Effect::Remove, true) => Some("remove"),
        (Effect::Remove, false) | (Effect::Keep, true) => Some("keep"),
        (Effect::Keep, false) | (Effect::Cue(_), _) => None,
    }
}

/// Returns the line of an example, from which all rules together remove `removed`.
fn row(case: &Case<'_>, label: &str, removed: &[Span]) -> Value {
    let rule = case.rule;
    let is_removing = rule.effect == Effect::Remove;
    let level = Level::ALL
        .iter()
        .find(|level| level.applies(rule.confidence));
    let (file, line) = &rule.origin;
    json!({
        "text": case.text,
        "label": label,
        "removed": code_points(case.text, removed),
        "rule": rule.name,
        "effect": if is_removing { "remove" } else { "keep" },
        "category": is_removing.then_some(rule.category),
        "level": level.filter(|_| is_removing),
        "language": rule.first_language(),
        "host": rule.hosts.first(),
        "pack": rule.pack(),
        "file": file,
        "line": line,
        "example": case.list(),
        "number": case.number,
    })
}

/// Returns sorted spans of `text` as pairs of offsets in code points.
fn code_points(text: &str, spans: &[Span]) -> Vec<[usize; 2]> {
    spans
        .iter()
        .map(|span| {
            let range = span.range();
            [range.start, range.end].map(|offset| text[..offset].chars().count())
        })
        .collect()
}
