//! `dechaff rules new`: creates a rule from a sentence and appends it to one of the user's packs.

use super::Exit;
use super::args::NewRuleArgs;
use super::config::Config;
use super::selection::{is_dash, load_rules, pack_files, read_input};
use super::terminal::Terminal;
use crate::io::fs;
use crate::io::{Permissions, write_file};
use crate::job::propose::{
    Proposal, ProposalOptions, free_id, pack_head, pack_name, propose, removing_rule,
};
use crate::report::{display_path, escape_control};
use anyhow::{Context, Result, bail};
use dechaff_core::{Cleaner, RuleSet};
use std::path::{Path, PathBuf};

/// Runs `dechaff rules new`. Prints the rule, and appends it to the pack unless `--dry-run` is
/// given. Fails if a rule already removes the sentence, unless `--force` is given.
pub(super) fn run(args: NewRuleArgs, terminal: &mut Terminal) -> Result<Exit> {
    let config = Config::load(args.config.as_deref())?.announced(false, terminal);
    let target = TargetPack::open(args.pack.as_deref(), &config)?;
    let sentence = if is_dash(Path::new(&args.sentence)) {
        String::from_utf8(read_input(Path::new("-"))?)?
    } else {
        args.sentence
    };
    let all = target.rules()?;
    if !args.force {
        check_not_removed(&sentence, &all)?;
    }
    let options = ProposalOptions {
        id: Some(
            args.id
                .unwrap_or_else(|| free_id(&sentence, &target.name, &all)),
        ),
        category: args.category,
        confidence: args.confidence,
        description: args.description,
        inside: args.inside,
        keep: args.keep,
        protects: false,
    };
    let source = target.source_to_extend();
    let proposal = propose(&sentence, &options, &target.others, &target.name, &source)?;
    terminal.raw(proposal.toml.trim_start().as_bytes())?;
    note_assumptions(&proposal, args.category.is_none(), terminal);
    if args.dry_run {
        return Ok(Exit::Done);
    }
    let permissions = fs::metadata(&target.path).ok().map(Permissions::of);
    let pack = format!("{source}{}", proposal.toml);
    write_file(
        &target.path,
        pack.as_bytes(),
        permissions.as_ref(),
        true,
        false,
    )?;
    let path = display_path(&target.path);
    terminal.note(&format!(
        "added {} to {path}; test it with `dechaff rules test {path}`",
        proposal.name
    ));
    if !target.is_configured {
        terminal.note(&format!(
            "use it with --rules {path}, or always with rules = [\"{path}\"] in dechaff.toml"
        ));
    }
    Ok(Exit::Done)
}

/// The pack that the rule is added to.
struct TargetPack {
    path: PathBuf,
    /// Its text, or `None` if there is no such file yet.
    source: Option<String>,
    name: String,
    /// Whether the configuration names it.
    is_configured: bool,
    /// The built-in rules and those of the other configured packs.
    others: RuleSet,
}

impl TargetPack {
    /// Reads the pack at `path`, by default the first one of the configuration or `mine.toml`.
    fn open(path: Option<&Path>, config: &Config) -> Result<Self> {
        let packs = config
            .rules
            .iter()
            .map(|path| pack_files(path))
            .collect::<Result<Vec<_>>>()?
            .concat();
        let path = path
            .or(packs.first().map(PathBuf::as_path))
            .unwrap_or(Path::new("mine.toml"))
            .to_owned();
        let source = if fs::exists(&path)? {
            let source = fs::read_to_string(&path)
                .with_context(|| format!("cannot read the pack {}", path.display()))?;
            Some(source)
        } else {
            None
        };
        let real_path = resolve(&path);
        let (configured, others): (Vec<_>, Vec<_>) =
            packs.iter().partition(|pack| resolve(pack) == real_path);
        Ok(Self {
            name: pack_name(source.as_deref().unwrap_or_default(), &path),
            path,
            source,
            is_configured: !configured.is_empty(),
            others: load_rules(others.into_iter())?,
        })
    }

    /// Returns the rules of all packs, with those of this one.
    fn rules(&self) -> Result<RuleSet> {
        let mut rules = self.others.clone();
        if let Some(source) = &self.source {
            rules.add_pack(source, &self.path.to_string_lossy())?;
        }
        Ok(rules)
    }

    /// Returns the text of the pack, or the header of a new one, ended by a line feed.
    fn source_to_extend(&self) -> String {
        let mut source = self.source.clone().unwrap_or_else(|| pack_head(&self.name));
        if !source.ends_with('\n') {
            source.push('\n');
        }
        source
    }
}

/// Fails if one of `rules` removes `sentence`.
fn check_not_removed(sentence: &str, rules: &RuleSet) -> Result<()> {
    let cleaner = Cleaner::builder()
        .rules(rules.clone())
        .skip(["model"])
        .build()?;
    match removing_rule(sentence, &cleaner) {
        None => Ok(()),
        Some(rule) => {
            bail!("{rule} already removes this sentence; use --force to create a rule anyway")
        }
    }
}

/// Says what the proposal takes to vary, and other likely categories if it `chose` the category.
fn note_assumptions(proposal: &Proposal, chose: bool, terminal: &mut Terminal) {
    if !proposal.varies.is_empty() {
        terminal.note(&format!(
            "assumed to vary from page to page: {}",
            escape_control(&proposal.varies.join(" | "))
        ));
    }
    if chose && !proposal.others.is_empty() {
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
}

/// Returns the canonical path of a pack, or its absolute path if it does not exist, so that two
/// paths of the same file compare equal.
fn resolve(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path)
        .or_else(|_| std::path::absolute(path))
        .ok()
}
