//! `dechaff learn`: reads what `clean` reads, counts the texts of each site, and writes them to a
//! file for `clean --learned`.

use super::Exit;
use super::args::{InspectArgs, LearnArgs, Selection};
use super::clean::inspect;
use super::config::{Config, list_or};
use super::listener::{Ended, exit_of};
use super::selection::{check_output, globs, is_dash, parse_size, read_input};
use super::terminal::Terminal;
use crate::io::fs;
use crate::job::learn::{LearnedCounts, Learning};
use crate::job::parts::LearnParts;
use crate::job::shard::Shard;
use crate::job::walk::{Inputs, WalkEntry, read_list};
use crate::report::{Stats, count};
use anyhow::{Result, bail};
use dechaff_core::{Cleaner, RuleSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Default of `--memory`.
const MEMORY: &str = "256M";

/// Runs `dechaff learn`. Refuses an existing output before any input is read, unless `--force` is
/// given. A run that was interrupted, or in which no input could be read, writes nothing.
pub(super) fn run(args: LearnArgs, terminal: &mut Terminal) -> Result<Exit> {
    let config = Config::load(args.config.as_deref())?.announced(args.quiet, terminal);
    check_file(&args, &config)?;
    let memory = args.memory.as_deref().unwrap_or(MEMORY);
    let memory = parse_size("--memory", memory)? as usize;
    let (exit, counts) = if args.resume {
        learn_parts(&args, &config, memory, terminal)?
    } else {
        let learning = Arc::new(Learning::new(memory));
        let ended = learn(&args, &config, None, learning.clone(), terminal)?;
        if matches!(ended.exit, Exit::Unusable | Exit::Interrupted) {
            return Ok(ended.exit);
        }
        let counts = learning.finish(&args.output, args.part, args.force)?;
        (ended.exit, Some(counts))
    };
    match counts {
        Some(counts) if counts.documents == 0 => {
            terminal.note(&nothing_learned(&args, &config, &counts)?);
        }
        Some(counts) if !args.quiet => terminal.note(&summary(&counts)),
        _ => {}
    }
    Ok(exit)
}

/// Returns why nothing was learned: no file was read, or no document has a site.
fn nothing_learned(args: &LearnArgs, config: &Config, counts: &LearnedCounts) -> Result<String> {
    let include = list_or(&args.reading.include, &config.include);
    let inputs = inputs_of(args, config, Vec::new())?;
    if !args.paths.iter().all(|path| is_dash(path))
        && let Some(reason) = inputs.why_empty(include)
    {
        return Ok(format!("nothing is learned: {reason}"));
    }
    Ok(if counts.unnamed == 0 {
        "nothing is learned: the inputs have no document".to_owned()
    } else {
        "no document has a site; name it with --url-field or --site-field, or use one directory \
         for each site"
            .to_owned()
    })
}

/// Shows the documents of the inputs, or of a shard of them, to `learning`.
fn learn(
    args: &LearnArgs,
    config: &Config,
    shard: Option<Shard>,
    learning: Arc<Learning>,
    terminal: &mut Terminal,
) -> Result<Ended> {
    // Nothing is removed from what is learned from, so no rule is needed.
    let cleaner = Cleaner::builder().rules(RuleSet::default()).build()?;
    let inspected = InspectArgs {
        // The summary of a run counts what is removed, which is nothing.
        quiet: true,
        jobs: args.jobs,
        fields: args.fields.clone(),
        selection: Selection::default(),
        reading: args.reading.clone(),
        shard: shard.map(|shard| format!("{}/{}", shard.index, shard.count)),
    };
    inspect(
        args.paths.clone(),
        inspected,
        config,
        cleaner,
        learning,
        terminal,
    )
}

/// Learns the parts that an earlier run did not finish, and merges all parts. A part with an input
/// that failed is learned again by a later run. Returns no counts if nothing was written.
fn learn_parts(
    args: &LearnArgs,
    config: &Config,
    memory: usize,
    terminal: &mut Terminal,
) -> Result<(Exit, Option<LearnedCounts>)> {
    let list = args.reading.files_from.as_deref();
    let listed = list.map(read_input).transpose()?;
    let inputs = inputs_of(args, config, read_list(&listed.unwrap_or_default()))?;
    let options = format!("{:?} {:?} {config:?}", args.fields, args.reading);
    let mut parts = LearnParts::open(&args.output, &options, &inputs)?;
    let (mut stats, mut unnamed) = (Stats::default(), 0);
    let missing = parts.missing();
    let is_resumed = missing
        .last()
        .is_none_or(|last| last.count > missing.len() as u64);
    for shard in missing {
        let learning = Arc::new(Learning::new(memory));
        let ended = learn(args, config, Some(shard), learning.clone(), terminal)?;
        if ended.exit == Exit::Interrupted {
            return Ok((ended.exit, None));
        }
        stats.merge(&ended.stats);
        let counts = learning.finish(&parts.path(shard.index), true, true)?;
        if ended.exit == Exit::Done {
            parts.finish(shard.index, counts.unnamed)?;
        } else {
            unnamed += counts.unnamed;
        }
    }
    let exit = match exit_of(&stats) {
        Exit::Unusable if is_resumed => Exit::SomeFailed,
        exit => exit,
    };
    if exit == Exit::Unusable {
        return Ok((exit, None));
    }
    let counts = parts.merge(&args.output, args.part, args.force, unnamed)?;
    Ok((exit, Some(counts)))
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
    if args.resume {
        let list = args.reading.files_from.as_deref();
        let mut is_read_once = args.paths.is_empty() && list.is_none();
        for path in args.paths.iter().map(PathBuf::as_path).chain(list) {
            is_read_once |= is_dash(path)
                || fs::exists(path)? && !fs::is_file(path)? && !fs::is_directory(path)?;
        }
        if is_read_once {
            bail!("--resume reads inputs and lists again, so they must be files or directories");
        }
    }
    let named = inputs_of(args, config, Vec::new())?;
    let files = named.walk().filter_map(|entry| match entry {
        WalkEntry::File(file) => Some(file.path),
        WalkEntry::Special | WalkEntry::Own(_) | WalkEntry::Failed(..) => None,
    });
    check_output(
        "--output",
        Path::new(output),
        files.chain(args.reading.files_from.clone()),
    )
}

/// Returns the inputs as the run finds them, with the files of a list.
fn inputs_of(args: &LearnArgs, config: &Config, listed: Vec<PathBuf>) -> Result<Inputs> {
    Ok(Inputs {
        paths: args.paths.clone(),
        listed,
        include: globs(&args.reading.include, &config.include)?,
        exclude: globs(&args.reading.exclude, &config.exclude)?,
        follow_links: args.reading.follow_links || config.follow_links.unwrap_or(false),
        ..Inputs::default()
    })
}

/// Returns a sentence with the numbers of what was learned.
pub(super) fn summary(counts: &LearnedCounts) -> String {
    let mut text = format!(
        "{} of {}; {} stored",
        count(counts.documents, "document"),
        count(counts.sites, "site"),
        if counts.texts == 1 {
            "1 text is".to_owned()
        } else {
            format!("{} texts are", counts.texts)
        }
    );
    if counts.unnamed > 0 {
        let documents = count(counts.unnamed, "document");
        text.push_str(&format!("; no site is known of {documents}"));
    }
    text
}
