//! `dechaff diff`: two removal records, or two configurations at work on the same inputs.

use super::Exit;
use super::args::{DiffArgs, Selection};
use super::clean::look;
use super::config::Config;
use super::selection::build_cleaner;
use super::terminal::Terminal;
use crate::job::compare::compare_records;
use crate::job::observer::Comparer;
use anyhow::{Result, bail};
use dechaff_core::{Cleaner, Level};
use std::path::Path;
use std::sync::Arc;

pub(super) fn run(args: DiffArgs, terminal: &mut Terminal) -> Result<Exit> {
    let DiffArgs {
        old,
        new,
        over,
        samples,
        json,
        look: options,
    } = args;
    let comparison = if over.is_empty() {
        compare_records(Path::new(&old), Path::new(&new), samples)?
    } else {
        let config = Config::load(options.selection.config.as_deref())?;
        let (before, after) = (
            meant(&old, &options.selection)?,
            meant(&new, &options.selection)?,
        );
        let comparer = Arc::new(Comparer::new(before, after.rules().clone(), samples));
        let ended = look(over, options, &config, after, comparer.clone(), terminal)?;
        if ended.exit != Exit::Done {
            return Ok(ended.exit);
        }
        comparer.take()
    };
    if json {
        terminal.raw(format!("{:#}\n", comparison.json([&old, &new])).as_bytes())?;
    } else {
        terminal.print(&comparison.text([&old, &new], terminal.setting()));
    }
    Ok(if comparison.differs() {
        Exit::Found
    } else {
        Exit::Done
    })
}

/// The cleaner that a side means: a level, or a configuration file.
fn meant(side: &str, selection: &Selection) -> Result<Cleaner> {
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
    if !Path::new(side).is_file() {
        bail!(
            "with --over, '{side}' is to be a level (precise, balanced, thorough) or a configuration file like dechaff.toml; there is no such file"
        );
    }
    build_cleaner(selection.clone(), &Config::load(Some(Path::new(side)))?)
}
