//! `dechaff diff`: compares two removal records, or what two levels or configurations remove from
//! the same inputs.

use super::Exit;
use super::args::{DiffArgs, Selection};
use super::clean::inspect;
use super::config::Config;
use super::selection::build_cleaner;
use super::terminal::Terminal;
use crate::io::fs;
use crate::job::compare::compare_records;
use crate::job::observer::Comparer;
use anyhow::{Result, bail};
use dechaff_core::{Cleaner, Level};
use std::path::Path;
use std::sync::Arc;

/// Runs `dechaff diff` and prints the comparison. The exit code is `Exit::Found` if the two sides
/// differ. With `--over`, a run that did not end with `Exit::Done` returns its own exit code.
pub(super) fn run(args: DiffArgs, terminal: &mut Terminal) -> Result<Exit> {
    let DiffArgs {
        old,
        new,
        over,
        samples,
        json,
        inspect: options,
    } = args;
    let comparison = if over.is_empty() {
        check_records(&old, &new)?;
        compare_records(Path::new(&old), Path::new(&new), samples)?
    } else {
        let config =
            Config::load(options.selection.config.as_deref())?.announced(options.quiet, terminal);
        let old_cleaner = build_side(&old, &options.selection)?;
        let new_cleaner = build_side(&new, &options.selection)?;
        let rules = new_cleaner.rules().clone();
        let comparer = Arc::new(Comparer::new(old_cleaner, rules, samples));
        let ended = inspect(
            over,
            options,
            &config,
            new_cleaner,
            comparer.clone(),
            terminal,
        )?;
        if ended.exit != Exit::Done {
            return Ok(ended.exit);
        }
        comparer.take()
    };
    if json {
        terminal.raw(format!("{:#}\n", comparison.json([&old, &new])).as_bytes())?;
    } else {
        terminal.print(&comparison.text([&old, &new], terminal.table_style()));
    }
    Ok(if comparison.differs() {
        Exit::Found
    } else {
        Exit::Done
    })
}

/// Refuses two arguments that cannot be removal records because one of them is a level or a
/// configuration, and says how these are compared.
fn check_records(old: &str, new: &str) -> Result<()> {
    let (is_old_side, is_new_side) = (is_side(old)?, is_side(new)?);
    let (sides, over) = match (is_old_side, is_new_side) {
        (false, false) => return Ok(()),
        (true, true) => (format!("{old} {new}"), "FILE"),
        (true, false) => (format!("{} {old}", other_level(old)), new),
        (false, true) => (format!("{} {new}", other_level(new)), old),
    };
    bail!(
        "'{}' is not a removal record; to compare two levels or configurations on files, write \
         `dechaff diff {sides} --over {over}`",
        if is_old_side { old } else { new }
    );
}

/// Returns whether an argument is a level or the path of a configuration rather than of a record.
fn is_side(argument: &str) -> Result<bool> {
    let path = Path::new(argument);
    let is_level = argument.parse::<Level>().is_ok() && !fs::exists(path)?;
    Ok(is_level
        || path
            .extension()
            .is_some_and(|extension| extension == "toml"))
}

/// Returns a level to compare `side` with.
fn other_level(side: &str) -> Level {
    if side == Level::Balanced.name() {
        Level::Precise
    } else {
        Level::Balanced
    }
}

/// Builds the cleaner for one side of a comparison with `--over`. `side` is the name of a level,
/// used with the configuration of `selection`, or the path of a configuration file.
fn build_side(side: &str, selection: &Selection) -> Result<Cleaner> {
    if let Ok(level) = side.parse::<Level>() {
        let config = Config::load(selection.config.as_deref())?;
        return build_cleaner(
            Selection {
                level: Some(level),
                ..selection.clone()
            },
            &config,
        );
    }
    if !fs::is_file(Path::new(side))? {
        bail!(
            "with --over, '{side}' must be a level (precise, balanced, thorough) or an existing \
             configuration file such as dechaff.toml"
        );
    }
    build_cleaner(selection.clone(), &Config::load(Some(Path::new(side)))?)
}
