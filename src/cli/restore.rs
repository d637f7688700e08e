//! The commands that work on the outputs of earlier runs: `dechaff restore`, `verify` and
//! `stats merge`.

use super::Exit;
use super::args::RestoreArgs;
use super::selection::{check_output, without_dash};
use super::terminal::Terminal;
use crate::io::fs;
use crate::io::{PartialFile, commit_all, directory_of, remove_abandoned_in};
use crate::job::manifest::{MANIFEST, verify};
use crate::job::restore::{self, RestoreTarget};
use crate::job::root::Root;
use crate::report::Stats;
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Runs `dechaff restore`. With `--in-place` or a directory, restores all files that the removal
/// record names; otherwise restores one text to standard output or to `--output`.
pub(super) fn restore_text(args: RestoreArgs, terminal: &mut Terminal) -> Result<Exit> {
    let output = without_dash(args.output);
    let root = Root::new(args.root.as_deref())?;
    let target = match (&args.cleaned, &output) {
        (None, _) => Some(RestoreTarget::Recorded(&root)),
        (Some(path), _) if args.in_place => Some(if fs::is_directory(path)? {
            RestoreTarget::Directory(path)
        } else {
            RestoreTarget::File(path)
        }),
        (Some(path), Some(output)) if fs::is_directory(path)? => {
            Some(RestoreTarget::Copy(path, output, args.force))
        }
        (Some(path), None) if fs::is_directory(path)? => bail!(
            "{} is a directory; name another one with --output, or use --in-place",
            path.display()
        ),
        _ => None,
    };
    if let Some(target) = target {
        return restore_files(&args.removed, target, !args.no_sync, terminal);
    }
    let Some(cleaned) = &args.cleaned else {
        return Ok(Exit::Done);
    };
    if let Some(output) = &output {
        check_output("--output", output, [cleaned.clone(), args.removed.clone()])?;
    }
    if let Some(output) = &output {
        remove_abandoned_in(directory_of(output));
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
    if let Some(draft) = draft {
        commit_all(vec![draft.finish()?], !args.no_sync)
            .into_iter()
            .collect::<Result<()>>()?;
    }
    Ok(Exit::Done)
}

/// Restores the files at `target`, and reports those that cannot be restored. The exit code is
/// `Exit::SomeFailed` if there are any.
fn restore_files(
    record: &Path,
    target: RestoreTarget<'_>,
    sync: bool,
    terminal: &Terminal,
) -> Result<Exit> {
    let restored = restore::restore_files(record, target, sync, &mut |path, error| {
        terminal.error(Some(path), error);
    })?;
    let files = restored.restored;
    let mut note = format!("{files} file{} restored", if files == 1 { "" } else { "s" });
    for (count, what) in [
        (restored.already, "already restored"),
        (
            restored.unfinished,
            "not cleaned, as the run was interrupted",
        ),
        (restored.failed, "failed"),
    ] {
        if count > 0 {
            note.push_str(&format!("; {count} {what}"));
        }
    }
    terminal.note(&format!("{note}."));
    Ok(if restored.failed > 0 {
        Exit::SomeFailed
    } else {
        Exit::Done
    })
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
