//! `dechaff rules new`: creates a rule from a sentence and appends it to one of the user's packs.

use super::Exit;
use super::args::NewRuleArgs;
use super::config::Config;
use super::selection::{is_dash, load_rules, pack_files, read_input};
use super::terminal::Terminal;
use crate::io::fs;
use crate::io::{Permissions, write_file};
use crate::job::propose::{ProposalOptions, free_id, pack_head, pack_name, propose, removing_rule};
use crate::report::{display_path, escape_control};
use anyhow::{Context, Result, bail};
use dechaff_core::Cleaner;
use std::path::{Path, PathBuf};

/// Runs `dechaff rules new`. Prints the rule, and appends it to the pack unless `--dry-run` is
/// given. Fails if a rule already removes the sentence, unless `--force` is given.
pub(super) fn run(args: NewRuleArgs, terminal: &mut Terminal) -> Result<Exit> {
    let config = Config::load(args.config.as_deref())?.announced(false, terminal);
    let packs = config
        .rules
        .iter()
        .map(|path| pack_files(path))
        .collect::<Result<Vec<_>>>()?
        .concat();
    let path = args
        .pack
        .or_else(|| packs.first().cloned())
        .unwrap_or_else(|| PathBuf::from("mine.toml"));
    let sentence = if is_dash(Path::new(&args.sentence)) {
        String::from_utf8(read_input(Path::new("-"))?)?
    } else {
        args.sentence
    };
    let exists = fs::exists(&path)?;
    let source = if exists {
        fs::read_to_string(&path)
            .with_context(|| format!("cannot read the pack {}", path.display()))?
    } else {
        String::new()
    };
    let name = pack_name(&source, &path);
    // `propose` reads this pack itself, with the new rule in it.
    let real_path = resolve(&path);
    let (configured, others): (Vec<_>, Vec<_>) =
        packs.iter().partition(|pack| resolve(pack) == real_path);
    let others = load_rules(others.into_iter())?;
    let mut all = others.clone();
    if exists {
        all.add_pack(&source, &path.to_string_lossy())?;
    }
    let existing = removing_rule(
        &sentence,
        &Cleaner::builder()
            .rules(all.clone())
            .skip(["model"])
            .build()?,
    );
    if let Some(rule) = existing.filter(|_| !args.force) {
        bail!("{rule} already removes this sentence; use --force to create a rule anyway");
    }
    let id = args.id.unwrap_or_else(|| free_id(&sentence, &name, &all));
    let options = ProposalOptions {
        id: Some(id),
        category: args.category,
        confidence: args.confidence,
        description: args.description,
        inside: args.inside,
        keep: args.keep,
        protects: false,
    };
    let mut source = if exists { source } else { pack_head(&name) };
    if !source.ends_with('\n') {
        source.push('\n');
    }
    let proposal = propose(&sentence, &options, &others, &name, &source)?;
    terminal.raw(proposal.toml.trim_start().as_bytes())?;
    if !proposal.varies.is_empty() {
        terminal.note(&format!(
            "assumed to vary from page to page: {}",
            escape_control(&proposal.varies.join(" | "))
        ));
    }
    if args.category.is_none() && !proposal.others.is_empty() {
        let others: Vec<&str> = proposal
            .others
            .iter()
            .map(|category| category.name())
            .collect();
        terminal.note(&format!(
            "category {}; use --category to choose another, such as {}",
            proposal.category,
            others.join(" or ")
        ));
    }
    if args.dry_run {
        return Ok(Exit::Done);
    }
    let permissions = fs::metadata(&path).ok().map(Permissions::of);
    let pack = format!("{source}{}", proposal.toml);
    write_file(&path, pack.as_bytes(), permissions.as_ref(), true, false)?;
    let path = display_path(&path);
    terminal.note(&format!(
        "added {} to {path}; test it with `dechaff rules test {path}`",
        proposal.name
    ));
    if configured.is_empty() {
        terminal.note(&format!(
            "use it with --rules {path}, or always with rules = [\"{path}\"] in dechaff.toml"
        ));
    }
    Ok(Exit::Done)
}

/// Returns the canonical path of a pack, or its absolute path if it does not exist, so that two
/// paths of the same file compare equal.
fn resolve(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path)
        .or_else(|_| std::path::absolute(path))
        .ok()
}
