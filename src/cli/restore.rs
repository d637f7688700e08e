//! What is done with the outputs of earlier runs: `dechaff restore`, `verify` and `stats`.

use super::Exit;
use super::args::RestoreArgs;
use super::selection::without_dash;
use super::terminal::Terminal;
use crate::io::PartialFile;
use crate::job::manifest::{MANIFEST, verify};
use crate::job::restore;
use crate::report::Stats;
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

pub(super) fn restore_text(args: RestoreArgs, terminal: &mut Terminal) -> Result<Exit> {
    let Some(cleaned) = &args.cleaned else {
        let files = restore::restore_in_place(&args.removed)?;
        terminal.note(&format!(
            "{files} file{} restored.",
            if files == 1 { "" } else { "s" }
        ));
        return Ok(Exit::Done);
    };
    let output = without_dash(args.output);
    let mut draft = output
        .map(|target| PartialFile::new(&target, None, args.force))
        .transpose()?;
    restore::restore_one(
        cleaned,
        &args.removed,
        args.path.as_deref(),
        &mut |piece| match &mut draft {
            Some(draft) => draft.append(piece),
            None => terminal.text(piece),
        },
    )?;
    draft.map_or(Ok(()), |draft| draft.finish()?.commit())?;
    Ok(Exit::Done)
}

pub(super) fn verify_directory(
    directory: &Path,
    json: bool,
    terminal: &mut Terminal,
) -> Result<Exit> {
    let verdict = verify(directory)?;
    if verdict.manifests == 0 {
        bail!(
            "{} has no manifest ({MANIFEST}.json), which a run into a directory leaves when it ends",
            directory.display()
        );
    }
    if json {
        terminal.json(&json!({ "sound": verdict.sound, "problems": verdict.problems }))?;
    } else {
        let lines = verdict.problems.iter().map(|problem| {
            format!(
                "{}\n",
                crate::report::escape_control(problem).replace('\n', "\\n")
            )
        });
        lines.for_each(|line| terminal.print(&line));
    }
    let count = verdict.problems.len();
    let outputs = if verdict.sound == 1 {
        "output is"
    } else {
        "outputs are"
    };
    terminal.note(&format!(
        "{} {outputs} as written, {count} problem{}.",
        verdict.sound,
        if count == 1 { "" } else { "s" }
    ));
    Ok(if count == 0 { Exit::Done } else { Exit::Found })
}

pub(super) fn merge_stats(files: &[PathBuf], terminal: &mut Terminal) -> Result<Exit> {
    let mut sums = Stats::default();
    for path in files {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        sums.merge(
            &serde_json::from_slice(&bytes)
                .with_context(|| format!("{} holds no statistics of dechaff", path.display()))?,
        );
    }
    let mut json = serde_json::to_vec_pretty(&sums)?;
    json.push(b'\n');
    terminal.raw(&json)
}
