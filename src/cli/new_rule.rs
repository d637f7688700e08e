//! `dechaff rules new`: makes a rule of a sentence, and adds it to a pack of the user's.

use super::Exit;
use super::args::NewRuleArgs;
use super::config::Config;
use super::selection::{load_rules, packs_of, read_input};
use super::terminal::Terminal;
use crate::io::{Permissions, StagedFile};
use crate::job::propose::{ProposalOptions, free_id, pack_head, pack_name, propose, removing_rule};
use crate::report::{display_path, escape_control};
use anyhow::{Context, Result, bail};
use dechaff_core::Cleaner;
use std::fs;
use std::path::{Path, PathBuf};

pub(super) fn run(args: NewRuleArgs, terminal: &mut Terminal) -> Result<Exit> {
    let config = Config::load(args.config.as_deref())?;
    let packs = config
        .rules
        .iter()
        .map(|path| packs_of(path))
        .collect::<Result<Vec<_>>>()?
        .concat();
    let path = args
        .pack
        .or_else(|| packs.first().cloned())
        .unwrap_or_else(|| PathBuf::from("mine.toml"));
    let sentence = if args.sentence == "-" {
        String::from_utf8(read_input(Path::new("-"))?)?
    } else {
        args.sentence
    };
    let exists = path.exists();
    let source = if exists {
        fs::read_to_string(&path)
            .with_context(|| format!("cannot read the pack {}", path.display()))?
    } else {
        String::new()
    };
    let name = pack_name(&source, &path);
    // The other packs of the configuration; this one is read with the rule in it.
    let real = |path: &Path| {
        fs::canonicalize(path)
            .or_else(|_| std::path::absolute(path))
            .ok()
    };
    let is_same = |other: &&PathBuf| real(other) == real(&path);
    let others = load_rules(packs.iter().filter(|other| !is_same(other)))?;
    let mut all = others.clone();
    if exists {
        all.add_pack(&source, &path.to_string_lossy())?;
    }
    let known = removing_rule(
        &sentence,
        &Cleaner::builder()
            .rules(all.clone())
            .skip(["model"])
            .build()?,
    );
    if let Some(rule) = known.filter(|_| !args.force) {
        bail!("it is removed already, by {rule}; --force makes a rule all the same");
    }
    let wishes = ProposalOptions {
        id: args.id,
        category: args.category,
        confidence: args.confidence,
        description: args.description,
        inside: args.inside,
        keep: args.keep,
    };
    let source = if exists { source } else { pack_head(&name) };
    let source = if source.ends_with('\n') {
        source
    } else {
        source + "\n"
    };
    // Ids that the pack has are taken.
    let wishes = ProposalOptions {
        id: Some(
            wishes
                .id
                .clone()
                .unwrap_or_else(|| free_id(&sentence, &name, &all)),
        ),
        ..wishes
    };
    let proposal = propose(&sentence, &wishes, &others, &name, &source)?;
    terminal.raw(proposal.toml.trim_start().as_bytes())?;
    if !proposal.varies.is_empty() {
        terminal.note(&format!(
            "taken to vary from page to page: {}",
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
            "category {}; --category takes another one, such as {}",
            proposal.category,
            others.join(" or ")
        ));
    }
    if args.dry_run {
        return Ok(Exit::Done);
    }
    let permissions = fs::metadata(&path).ok().map(Permissions::of);
    StagedFile::write(
        &path,
        &mut format!("{source}{}", proposal.toml).as_bytes(),
        permissions.as_ref(),
        true,
    )?
    .commit()?;
    let shown = display_path(&path);
    terminal.note(&format!(
        "{} is written to {shown}; `dechaff rules test {shown}` tests it",
        proposal.name
    ));
    if !packs.iter().any(|other| is_same(&other)) {
        terminal.note(&format!(
            "use it with --rules {shown}, or for good with rules = [\"{shown}\"] in dechaff.toml"
        ));
    }
    Ok(Exit::Done)
}
