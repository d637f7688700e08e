//! `dechaff eval`: measures the cleaner on labelled pages, at all levels or at the one that
//! `--level` names.

use super::Exit;
use super::args::{EvalArgs, Selection};
use super::config::Config;
use super::corpus::{exit_code, parse_filters, print_failed};
use super::selection::{build_cleaner, check_output};
use super::terminal::Terminal;
use crate::io::{read_rows, write_file};
use crate::job::corpus::Corpus;
use crate::job::eval::Evaluation;
use crate::job::walk::Inputs;
use crate::report::{eval_json, eval_table};
use anyhow::Result;
use dechaff_core::Level;
use std::path::Path;

/// Runs `dechaff eval` and prints a table or JSON. The exit code is `Exit::Unusable` if inputs
/// failed and no page could be measured, and `Exit::SomeFailed` if only some inputs failed.
pub(super) fn run(args: EvalArgs, terminal: &mut Terminal) -> Result<Exit> {
    let config = Config::load(args.selection.config.as_deref())?.announced(false, terminal);
    let levels = args
        .selection
        .level
        .map_or_else(|| Level::ALL.to_vec(), |level| vec![level]);
    let mut cleaners = Vec::with_capacity(levels.len());
    for level in levels {
        let selection = Selection {
            level: Some(level),
            ..args.selection.clone()
        };
        cleaners.push((level, build_cleaner(selection, &config)?));
    }
    if let Some(errors) = &args.errors {
        check_output("--errors", errors, args.files.iter().cloned())?;
    }
    if args.files.iter().any(|path| is_audit(path)) {
        terminal.note(
            "answers to an audit are a sample of chosen lines, so these figures do not describe its \
             corpus; dechaff audit --result does",
        );
    }
    let filters = parse_filters(&args.filters)?;
    let inputs = Inputs {
        paths: args.files,
        ..Inputs::default()
    };
    let corpus = Corpus {
        inputs: &inputs,
        field: "text",
        filters: &filters,
    };
    let evaluation = Evaluation {
        cleaners: &cleaners,
        corpus,
        by: &args.by,
        gold: args.gold.as_deref(),
        draws: args.draws,
    };
    let mut errors: Vec<u8> = Vec::new();
    let (groups, failed) = evaluation.run(
        args.errors
            .is_some()
            .then_some(&mut errors as &mut dyn std::io::Write),
    )?;
    print_failed(&failed, terminal);
    if let Some(path) = &args.errors {
        write_file(path, &errors, None, true, false)?;
    }
    let rows = groups.iter().map(|group| {
        let by = group.by.as_ref();
        (
            group.level.name(),
            by.map(|(field, value)| (field.as_str(), value.as_str())),
            &group.measured,
        )
    });
    if args.json {
        let rows: Vec<_> = rows
            .map(|(level, by, measured)| eval_json(level, by, measured))
            .collect();
        terminal.json(&rows.into())?;
    } else if !groups.is_empty() {
        terminal.raw(eval_table(rows, args.gold.is_some(), terminal.table_style()).as_bytes())?;
    }
    Ok(exit_code(&failed, !groups.is_empty()))
}

/// Returns whether the first row of a file has answers to an audit. Files that cannot be read are
/// reported later.
fn is_audit(path: &Path) -> bool {
    let first = read_rows(path, "text")
        .ok()
        .and_then(|mut rows| rows.next());
    first.is_some_and(|row| row.is_ok_and(|row| row.fields.contains_key("audit")))
}
