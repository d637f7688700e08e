//! `dechaff learn`: reads what `clean` reads, counts the texts of each site, and writes them to a
//! file for `clean --learned`.

use super::Exit;
use super::args::{InspectArgs, LearnArgs, Selection};
use super::clean::inspect;
use super::config::Config;
use super::selection::{check_output, globs, is_dash, parse_size};
use super::terminal::Terminal;
use crate::io::fs;
use crate::job::learn::{LearnedCounts, Learning};
use crate::job::walk::{Inputs, WalkEntry};
use anyhow::{Result, bail};
use dechaff_core::{Cleaner, RuleSet};
use std::path::Path;
use std::sync::Arc;

/// Default of `--memory`.
const MEMORY: &str = "256M";

/// Runs `dechaff learn`. Refuses an existing output before any input is read, unless `--force` is
/// given. A run that was interrupted, or in which no input could be read, writes nothing.
pub(super) fn run(args: LearnArgs, terminal: &mut Terminal) -> Result<Exit> {
    let config = Config::load(args.config.as_deref())?;
    check_file(&args, &config)?;
    let memory = args.memory.as_deref().unwrap_or(MEMORY);
    let learning = Arc::new(Learning::new(parse_size("--memory", memory)? as usize));
    // Nothing is removed from what is learned from, so no rule is needed.
    let cleaner = Cleaner::builder().rules(RuleSet::default()).build()?;
    let inspected = InspectArgs {
        // The summary of a run counts what is removed, which is nothing.
        quiet: true,
        jobs: args.jobs,
        fields: args.fields,
        selection: Selection::default(),
        reading: args.reading,
    };
    let ended = inspect(
        args.paths,
        inspected,
        &config,
        cleaner,
        learning.clone(),
        terminal,
    )?;
    if matches!(ended.exit, Exit::Unusable | Exit::Interrupted) {
        return Ok(ended.exit);
    }
    let counts = learning.finish(&args.output, args.part, args.force)?;
    if counts.documents == 0 {
        terminal.note(
            "no document has a site; name it with --url-field or --site-field, or use one \
             directory for each site",
        );
    } else if !args.quiet {
        terminal.note(&summary(&counts));
    }
    Ok(ended.exit)
}

/// Checks that the output is a file that may be written and is none of the inputs.
fn check_file(args: &LearnArgs, config: &Config) -> Result<()> {
    let output = &args.output;
    if is_dash(output) {
        bail!("what is learned is not text; name a file with --output");
    }
    if !args.force && fs::exists(output)? {
        bail!("{} exists; use --force to replace it", output.display());
    }
    let inputs = Inputs {
        paths: args.paths.clone(),
        include: globs(&args.reading.include, &config.include)?,
        exclude: globs(&args.reading.exclude, &config.exclude)?,
        ..Inputs::default()
    };
    let files = inputs.walk().filter_map(|entry| match entry {
        WalkEntry::File(file) => Some(file.path),
        WalkEntry::Special | WalkEntry::Own(_) | WalkEntry::Failed(..) => None,
    });
    check_output(
        "--output",
        Path::new(output),
        files.chain(args.reading.files_from.clone()),
    )
}

/// Returns a sentence with the numbers of what was learned.
pub(super) fn summary(counts: &LearnedCounts) -> String {
    let mut text = format!(
        "{} documents of {} sites; {} texts are stored",
        counts.documents, counts.sites, counts.texts
    );
    if counts.unnamed > 0 {
        text.push_str(&format!(
            "; no site is known of {} documents",
            counts.unnamed
        ));
    }
    text
}
