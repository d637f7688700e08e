//! `dechaff learned`: shows what was learned of sites, exports it as a pack, and merges files.

use super::Exit;
use super::args::{EvidenceArgs, LearnedCommand};
use super::learn::summary;
use super::selection::{check_output, evidence};
use super::terminal::Terminal;
use crate::io::LearnedFile;
use crate::io::fs;
use crate::job::learn::write_learned;
use crate::job::learned::LearnedMerger;
use crate::report::{LabelPack, LearnedLine, learned_lines, learned_pack, site_line};
use anyhow::{Context, Result, bail};
use dechaff_core::learn::{Evidence, LearnedSite};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Runs `dechaff learned`.
pub(super) fn run(command: LearnedCommand, terminal: &mut Terminal) -> Result<Exit> {
    match command {
        LearnedCommand::Show {
            file,
            site,
            all,
            json,
            evidence,
        } => {
            let file = LearnedFile::open(&file)?;
            let evidence = required(&evidence)?;
            if site.is_empty() {
                return list_sites(&file, json, terminal);
            }
            for name in site {
                let learned = load(&file, &name)?;
                let lines: Vec<LearnedLine<'_>> = learned_lines(&learned, &evidence)
                    .into_iter()
                    .filter(|line| all || line.is_removed)
                    .collect();
                for line in &lines {
                    if json {
                        terminal.raw(format!("{}\n", line.json(&name)).as_bytes())?;
                    } else {
                        terminal.print(&line.to_string());
                    }
                }
                if lines.is_empty() && !json {
                    terminal.note(&format!(
                        "nothing would be removed from {name}, of which {} pages are known",
                        learned.pages()
                    ));
                }
            }
            Ok(Exit::Done)
        }
        LearnedCommand::Export {
            file,
            site,
            evidence,
        } => export(
            &LearnedFile::open(&file)?,
            site,
            &required(&evidence)?,
            terminal,
        ),
        LearnedCommand::Merge {
            files,
            output,
            force,
            part,
        } => merge(&files, &output, force, part, terminal),
    }
}

/// Returns the evidence that arguments require.
fn required(args: &EvidenceArgs) -> Result<Evidence> {
    let evidence = evidence(args.level, args.min_pages, args.min_share);
    if !(0.0..=1.0).contains(&evidence.min_share) {
        bail!("--min-share must be a share from 0 to 1");
    }
    Ok(evidence)
}

fn load(file: &LearnedFile, name: &str) -> Result<LearnedSite> {
    file.load(name)?
        .with_context(|| format!("{} has no site called '{name}'", file.path().display()))
}

fn list_sites(file: &LearnedFile, json: bool, terminal: &mut Terminal) -> Result<Exit> {
    for site in file.iter() {
        let head = site?.head;
        let (pages, documents) = (head.pages.count(), head.documents);
        if json {
            let line = json!({ "site": head.name, "documents": documents, "pages": pages });
            terminal.raw(format!("{line}\n").as_bytes())?;
        } else {
            terminal.print(&site_line(&head.name, documents, pages));
        }
    }
    Ok(Exit::Done)
}

/// Prints the labels of sites as a pack of rules.
fn export(
    file: &LearnedFile,
    mut names: Vec<String>,
    evidence: &Evidence,
    terminal: &mut Terminal,
) -> Result<Exit> {
    if names.is_empty() {
        names = file
            .iter()
            .map(|site| Ok(site?.head.name))
            .collect::<Result<_>>()?;
    }
    let mut pack = LabelPack::default();
    for name in &names {
        learned_pack(name, &load(file, name)?, evidence, &mut pack);
    }
    if pack.rules == 0 {
        bail!("no label has enough evidence to be exported");
    }
    terminal.raw(pack.toml().as_bytes())?;
    if pack.left_out > 0 {
        terminal.note(&format!(
            "{} texts are left out: those with numbers, with several lines, or cut",
            pack.left_out
        ));
    }
    Ok(Exit::Done)
}

fn merge(
    paths: &[PathBuf],
    output: &Path,
    force: bool,
    part: bool,
    terminal: &Terminal,
) -> Result<Exit> {
    if !force && fs::exists(output)? {
        bail!("{} exists; use --force to replace it", output.display());
    }
    check_output("--output", output, paths.iter().cloned())?;
    let mut merger = LearnedMerger::default();
    for path in paths {
        merger.add(LearnedFile::open(path)?)?;
    }
    let counts = write_learned(&merger.into_files(), output, part, force)?;
    terminal.note(&summary(&counts));
    Ok(Exit::Done)
}
