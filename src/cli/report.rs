//! `dechaff report`: surveys what `clean` would take and writes it as a page.

use super::Exit;
use super::args::{ReportArgs, Selection};
use super::clean::look;
use super::config::Config;
use super::selection::{build_cleaner, without_dash};
use super::terminal::Terminal;
use crate::io::StagedFile;
use crate::job::observer::Surveyor;
use crate::report::{ReportMeta, display_path, html_page, survey_json};
use anyhow::{Result, bail};
use dechaff_core::Level;
use std::sync::Arc;

pub(super) fn run(args: ReportArgs, terminal: &mut Terminal) -> Result<Exit> {
    let output = without_dash(Some(args.output));
    if let Some(path) = output.as_ref().filter(|path| path.exists() && !args.force) {
        bail!("{} exists; use --force to replace it", path.display());
    }
    let config = Config::load(args.look.selection.config.as_deref())?;
    let options = described(&args.look.selection, &config);
    let named: Vec<String> = args.paths.iter().map(|path| display_path(path)).collect();
    let title = args.title.unwrap_or_else(|| {
        format!(
            "Chaff in {}",
            if named.is_empty() {
                "standard input".to_owned()
            } else {
                named.join(", ")
            }
        )
    });
    let cleaner = build_cleaner(args.look.selection.clone(), &config)?;
    let rules = cleaner.rules().clone();
    let surveyor = Arc::new(Surveyor::new(rules.clone()));
    let ended = look(
        args.paths,
        args.look,
        &config,
        cleaner,
        surveyor.clone(),
        terminal,
    )?;
    if matches!(ended.exit, Exit::Unusable | Exit::Interrupted) {
        return Ok(ended.exit);
    }
    let summary = ended.stats.summary("would go");
    let heading = ReportMeta {
        title: &title,
        options: &options,
        summary: &summary,
    };
    let survey = surveyor.take();
    let page = if args.json {
        format!("{:#}\n", survey_json(&survey, &rules, &heading))
    } else {
        html_page(&survey, &rules, &heading)
    };
    match output {
        Some(path) => StagedFile::write(&path, &mut page.as_bytes(), None, args.force)?.commit()?,
        None => drop(terminal.raw(page.as_bytes())?),
    }
    Ok(ended.exit)
}

/// The options that decide what goes, for people.
fn described(selection: &Selection, config: &Config) -> String {
    let mut text = format!(
        "level {}",
        selection.level.or(config.level).unwrap_or(Level::Balanced)
    );
    let only = if selection.only.is_empty() {
        &config.only
    } else {
        &selection.only
    };
    let skip: Vec<&str> = config
        .skip
        .iter()
        .chain(&selection.skip)
        .map(String::as_str)
        .collect();
    for (name, list) in [
        ("only", only.iter().map(String::as_str).collect()),
        ("skip", skip),
    ] {
        if !list.is_empty() {
            text.push_str(&format!(", {name} {}", list.join(" ")));
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
