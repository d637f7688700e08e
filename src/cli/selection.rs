//! What options and configuration ask for, whatever the command: which rules, how large, which files, how many threads.

use super::args::Selection;
use super::config::Config;
use anyhow::{Context, Result, bail};
use dechaff_core::{Cleaner, RuleSet};
use globset::{Glob, GlobSet, GlobSetBuilder};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Compiles the cleaner that the options and the configuration ask for.
pub(super) fn build_cleaner(selection: Selection, config: &Config) -> Result<Cleaner> {
    let rules = load_rules(config.rules.iter().chain(&selection.rules))?;
    let mut builder = Cleaner::builder().rules(rules);
    if let Some(level) = selection.level.or(config.level) {
        builder = builder.level(level);
    }
    if let Some(share) = selection.max_loss.or(config.max_loss) {
        builder = builder.max_loss(share);
    }
    if let Some(share) = selection.max_removed.or(config.max_removed) {
        builder = builder.max_removed(share);
    }
    let only = if selection.only.is_empty() {
        config.only.clone()
    } else {
        selection.only
    };
    Ok(builder
        .only(only)
        .skip(config.skip.iter().cloned().chain(selection.skip))
        .build()?)
}

/// The built-in rules with those of some packs and directories of packs.
pub(super) fn load_rules<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Result<RuleSet> {
    let mut rules = RuleSet::built_in();
    for path in paths {
        for pack in packs_of(path)? {
            let source = fs::read_to_string(&pack)
                .with_context(|| format!("cannot read the pack {}", pack.display()))?;
            rules.add_pack(&source, &pack.to_string_lossy())?;
        }
    }
    Ok(rules)
}

/// The packs that a path means: itself, or those of a directory.
pub(super) fn packs_of(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path)
        .with_context(|| format!("cannot read the directory of packs {}", path.display()))?;
    let mut packs: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    packs.retain(|pack| {
        pack.extension()
            .is_some_and(|extension| extension == "toml")
    });
    if packs.is_empty() {
        bail!("the directory {} has no packs (*.toml)", path.display());
    }
    packs.sort();
    Ok(packs)
}

/// A size in bytes, or with k, M or G for powers of 1024.
pub(super) fn parse_size(option: &str, text: &str) -> Result<u64> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'M')) => (&text[..at], 1 << 20),
        Some((at, 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let number: Option<u64> = digits.parse().ok();
    let size = number.and_then(|number| number.checked_mul(unit));
    let size = size
        .with_context(|| format!("'{text}' is no size; write bytes, or a number with k, M or G"))?;
    if size > crate::Span::MAX_TEXT as u64 {
        bail!("{option} can be {} bytes at most", crate::Span::MAX_TEXT);
    }
    Ok(size)
}

pub(super) fn globs(patterns: &[String]) -> Result<Option<GlobSet>> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern).with_context(|| format!("'{pattern}' is no glob"))?);
    }
    Ok(Some(set.build()?))
}

/// Sets the number of threads. It can only be set once a process; a second run keeps the first's number.
pub(super) fn set_jobs(jobs: Option<usize>) -> Result<()> {
    if let Some(jobs) = jobs {
        if jobs == 0 {
            bail!("--jobs needs at least one thread");
        }
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(jobs)
            .build_global();
    }
    Ok(())
}

/// Reads a file, or standard input for `-`.
pub(super) fn read_input(path: &Path) -> Result<Vec<u8>> {
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
        return Ok(bytes);
    }
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// `-` as an output is standard output, as it is without one.
pub(super) fn without_dash(output: Option<PathBuf>) -> Option<PathBuf> {
    output.filter(|output| output.as_os_str() != "-")
}
