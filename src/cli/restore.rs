//! The commands that work on the outputs of earlier runs: `dechaff restore`, `verify` and
//! `stats merge`.

use super::Exit;
use super::args::RestoreArgs;
use super::selection::{check_output, without_dash};
use super::terminal::Terminal;
use crate::io::PartialFile;
use crate::job::manifest::{MANIFEST, verify};
use crate::job::restore;
use crate::job::root::Root;
use crate::report::Stats;
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Runs `dechaff restore`. With `--in-place`, restores all files that the removal record names;
/// otherwise restores one text to standard output or to `--output`.
pub(super) fn restore_text(args: RestoreArgs, terminal: &mut Terminal) -> Result<Exit> {
    let Some(cleaned) = &args.cleaned else {
        let files = restore::restore_in_place(&args.removed, &Root::new(args.root.as_deref())?)?;
        terminal.note(&format!(
            "{files} file{} restored.",
            if files == 1 { "" } else { "s" }
        ));
        return Ok(Exit::Done);
    };
    let output = without_dash(args.output);
    if let Some(output) = &output {
        check_output("--output", output, [cleaned.clone(), args.removed.clone()])?;
    }
    let mut draft = output
        .map(|target| PartialFile::new(&target, None, args.force))
        .transpose()?;
    let stdout = terminal.stdout();
    restore::restore_one(
        cleaned,
        &args.removed,
        args.path.as_deref(),
        &mut |chunk| match &mut draft {
            Some(draft) => draft.append(chunk),
            None => stdout.append(chunk),
        },
    )?;
    draft.map_or(Ok(()), |draft| draft.finish()?.commit())?;
    Ok(Exit::Done)
}

/// Runs `dechaff verify` on an output directory and prints the problems found. Fails if the
/// directory has no manifest. The exit code is `Exit::Found` if there are problems.
pub(super) fn verify_directory(
    directory: &Path,
    json: bool,
    terminal: &mut Terminal,
) -> Result<Exit> {
    let report = verify(directory)?;
    if report.manifests == 0 {
        bail!(
            "{} has no manifest ({MANIFEST}.json), which a run into a directory writes when it \
             finishes",
            directory.display()
        );
    }
    if json {
        terminal.json(&json!({ "sound": report.sound, "problems": report.problems }))?;
    } else {
        for problem in &report.problems {
            let line = crate::report::escape_control(problem).replace('\n', "\\n");
            terminal.print(&format!("{line}\n"));
        }
    }
    let count = report.problems.len();
    terminal.note(&format!(
        "{} output{} the manifest, {count} problem{}.",
        report.sound,
        if report.sound == 1 {
            " matches"
        } else {
            "s match"
        },
        if count == 1 { "" } else { "s" }
    ));
    Ok(if count == 0 { Exit::Done } else { Exit::Found })
}

/// Runs `dechaff stats merge`: reads statistics files and prints their sum as JSON.
pub(super) fn merge_stats(files: &[PathBuf], terminal: &mut Terminal) -> Result<Exit> {
    let mut sums = Stats::default();
    for path in files {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        sums.merge(
            &serde_json::from_slice(&bytes)
                .with_context(|| format!("{} is not a statistics file", path.display()))?,
        );
    }
    let mut json = serde_json::to_vec_pretty(&sums)?;
    json.push(b'\n');
    terminal.raw(&json)
}
