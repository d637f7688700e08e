//! What arguments and configuration mean for any command: the cleaner, packs, sizes, globs,
//! threads, and `-` as a path.

use super::args::Selection;
use super::config::{Config, list_or};
use crate::io::fs;
use crate::io::{FileId, LearnedFile};
use crate::report::display_path;
use anyhow::{Context, Error, Result, bail};
use dechaff_core::learn::Evidence;
use dechaff_core::{Cleaner, Level, RuleSet};
use globset::{Glob, GlobSet, GlobSetBuilder};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Compiles the cleaner for the options of the command line and the configuration. The rules of
/// `--rules` and the names of `--skip` are added to those of the configuration; all other options
/// replace them. Fails for names that no rule has, and for shares outside of 0 to 1.
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
    if let Some(path) = selection.learned.as_ref().or(config.learned.as_ref()) {
        let level = selection.level.or(config.level).unwrap_or(Level::Balanced);
        let min_pages = selection.min_pages.or(config.min_pages);
        let min_share = selection.min_share.or(config.min_share);
        builder = builder
            .learned(Arc::new(LearnedFile::open(path)?))
            .evidence(evidence(level, min_pages, min_share));
    } else if selection.min_pages.is_some() || selection.min_share.is_some() {
        bail!("--min-pages and --min-share need --learned");
    }
    let built = builder
        .idempotent(selection.idempotent || config.idempotent.unwrap_or(false))
        .verdicts(selection.verdicts)
        .only(list_or(&selection.only, &config.only))
        .skip(config.skip.iter().chain(&selection.skip))
        .build();
    built.map_err(|error| match (&error, &config.path) {
        (dechaff_core::Error::UnknownName { name, .. }, Some(path))
            if config.skip.contains(name) || config.only.contains(name) =>
        {
            Error::from(error).context(display_path(path))
        }
        _ => error.into(),
    })
}

/// Returns the evidence that a level requires, with other values in place of some of its own.
pub(super) fn evidence(level: Level, min_pages: Option<u64>, min_share: Option<f64>) -> Evidence {
    let default = Evidence::at(level);
    Evidence {
        min_pages: min_pages.unwrap_or(default.min_pages),
        min_share: min_share.unwrap_or(default.min_share),
    }
}

/// Returns the built-in rules together with those of the given packs and directories of packs,
/// which are read in this order.
pub(super) fn load_rules<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Result<RuleSet> {
    let mut rules = RuleSet::built_in();
    for path in paths {
        for pack in pack_files(path)? {
            let source = fs::read_to_string(&pack)
                .with_context(|| format!("cannot read the pack {}", pack.display()))?;
            rules.add_pack(&source, &pack.to_string_lossy())?;
        }
    }
    Ok(rules)
}

/// Returns the pack files that `path` stands for: the `*.toml` files of a directory, sorted by
/// path, or else `path` itself, whether it exists or not. A directory without packs is an error.
pub(super) fn pack_files(path: &Path) -> Result<Vec<PathBuf>> {
    if !fs::is_directory(path)? {
        return Ok(vec![path.to_owned()]);
    }
    let names = fs::list(path)
        .with_context(|| format!("cannot read the directory of packs {}", path.display()))?;
    let mut packs: Vec<PathBuf> = names
        .map(|name| Ok(path.join(name?)))
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

/// Parses a size in bytes, or with the suffix k, M or G in powers of 1024. Fails above the largest
/// text that a document can hold; the error names `option`.
pub(super) fn parse_size(option: &str, text: &str) -> Result<u64> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'M')) => (&text[..at], 1 << 20),
        Some((at, 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let number: Option<u64> = digits.parse().ok();
    let size = number
        .and_then(|number| number.checked_mul(unit))
        .with_context(|| {
            format!("'{text}' is not a valid size; write bytes, or a number with k, M or G")
        })?;
    if size > crate::Span::MAX_TEXT as u64 {
        bail!("{option} can be at most {} bytes", crate::Span::MAX_TEXT);
    }
    Ok(size)
}

/// Compiles the globs of the command line, or those of the configuration if the command line has
/// none. Returns `None` if neither has any.
pub(super) fn globs(arguments: &[String], config: &[String]) -> Result<Option<GlobSet>> {
    let patterns = list_or(arguments, config);
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob =
            Glob::new(pattern).with_context(|| format!("'{pattern}' is not a valid glob"))?;
        set.add(glob);
    }
    Ok(Some(set.build()?))
}

/// Sets the number of threads of this process; `None` keeps the default of one per core. The number
/// can be set only once per process: if the command runs a second time in it, the call has no
/// effect.
pub(super) fn set_jobs(jobs: Option<usize>) -> Result<()> {
    if let Some(jobs) = jobs {
        if jobs == 0 {
            bail!("--jobs must be at least 1");
        }
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(jobs)
            .build_global();
    }
    Ok(())
}

/// Reads a whole file, or standard input if `path` is `-`.
pub(super) fn read_input(path: &Path) -> Result<Vec<u8>> {
    if is_dash(path) {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
        return Ok(bytes);
    }
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Returns `output`, or `None` if it is `-`, since both mean standard output.
pub(super) fn without_dash(output: Option<PathBuf>) -> Option<PathBuf> {
    output.filter(|output| !is_dash(output))
}

/// Returns whether `path` is `-`, which stands for standard input or standard output.
pub(super) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Refuses the file `output`, which `option` names, if it is one of the files that are read.
pub(super) fn check_output(
    option: &str,
    output: &Path,
    inputs: impl IntoIterator<Item = PathBuf>,
) -> Result<()> {
    let Some(id) = FileId::of(output)? else {
        return Ok(());
    };
    for input in inputs {
        let input_id = if is_dash(&input) {
            FileId::of_stdin()
        } else {
            FileId::of(&input)?
        };
        if input_id == Some(id) {
            bail!(
                "{option} {} is the input {}, which would be lost; choose another file",
                output.display(),
                input.display()
            );
        }
    }
    Ok(())
}

/// Names the inputs of a command, for people.
pub(super) fn describe_inputs(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| display_path(path)).collect();
    if names.is_empty() {
        "standard input".to_owned()
    } else {
        names.join(", ")
    }
}

/// Describes the options that decide what is removed, for people. Options at their
/// defaults are left out, except for the level.
pub(super) fn describe_options(selection: &Selection, config: &Config) -> String {
    let mut text = format!(
        "level {}",
        selection.level.or(config.level).unwrap_or(Level::Balanced)
    );
    let only = list_or(&selection.only, &config.only);
    let skip = [config.skip.as_slice(), &selection.skip].concat();
    for (option, names) in [("only", only), ("skip", &skip)] {
        if !names.is_empty() {
            text.push_str(&format!(", {option} {}", names.join(" ")));
        }
    }
    if let Some(share) = selection.max_loss.or(config.max_loss) {
        text.push_str(&format!(", max-loss {share}"));
    }
    for pack in config.rules.iter().chain(&selection.rules) {
        text.push_str(&format!(", rules {}", display_path(pack)));
    }
    text
}
