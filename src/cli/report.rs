//! `dechaff report`: surveys what `clean` would remove and writes the survey as an HTML page or as
//! JSON.

use super::Exit;
use super::args::ReportArgs;
use super::clean::{self, inspection};
use super::config::Config;
use super::listener::Ended;
use super::request::Request;
use super::selection::{
    build_cleaner, check_output, describe_inputs, describe_options, globs, without_dash,
};
use super::terminal::Terminal;
use crate::io::fs;
use crate::io::write_file;
use crate::job::observer::Surveyor;
use crate::job::walk::{Inputs, WalkEntry};
use crate::report::{ReportMeta, SummaryContext, display_path, html_page, summary, survey_json};
use anyhow::{Result, bail};
use dechaff_core::Cleaner;
use std::sync::Arc;

/// Runs `dechaff report`.
pub(super) fn run(args: ReportArgs, terminal: &mut Terminal) -> Result<Exit> {
    let config = Config::load(args.inspect.selection.config.as_deref())?
        .announced(args.inspect.quiet, terminal);
    let cleaner = build_cleaner(args.inspect.selection.clone(), &config)?;
    write_report(args, &config, cleaner, terminal, clean::run)
}

/// Surveys what `cleaner` would remove with `inspect`, which runs a request, and writes the page.
/// Refuses an existing output before any input is read, unless `--force` is given. A run that was
/// interrupted, or in which no input could be processed, writes no page.
pub(super) fn write_report(
    args: ReportArgs,
    config: &Config,
    cleaner: Cleaner,
    terminal: &mut Terminal,
    inspect: impl FnOnce(Request, &mut Terminal) -> Result<Ended>,
) -> Result<Exit> {
    let output = without_dash(Some(args.output));
    if let Some(path) = output.as_ref().filter(|_| !args.force)
        && fs::exists(path)?
    {
        bail!("{} exists; use --force to replace it", path.display());
    }
    if let Some(path) = &output {
        let reading = &args.inspect.reading;
        let inputs = Inputs {
            paths: args.paths.clone(),
            include: globs(&reading.include, &config.include)?,
            exclude: globs(&reading.exclude, &config.exclude)?,
            ..Inputs::default()
        };
        let files = inputs.walk().filter_map(|entry| match entry {
            WalkEntry::File(file) => Some(file.path),
            WalkEntry::Special | WalkEntry::Own(_) | WalkEntry::Failed(..) => None,
        });
        let packs = config.rules.iter().chain(&args.inspect.selection.rules);
        let others = packs.chain(&reading.files_from).cloned();
        check_output("--output", path, files.chain(others))?;
    }
    let options = describe_options(&args.inspect.selection, config);
    let title = args
        .title
        .unwrap_or_else(|| format!("Chaff in {}", describe_inputs(&args.paths)));
    let rules = cleaner.rules().clone();
    let max_removed = cleaner.max_removed();
    let surveyor = Arc::new(Surveyor::new(rules.clone()));
    let is_quiet = args.inspect.quiet;
    let request = inspection(
        args.paths,
        args.inspect,
        config,
        cleaner,
        surveyor.clone(),
        terminal,
    )?;
    let ended = inspect(request, terminal)?;
    if matches!(ended.exit, Exit::Unusable | Exit::Interrupted) {
        return Ok(ended.exit);
    }
    let context = SummaryContext {
        rules: &rules,
        verb: "would go",
        max_removed,
        held: "held",
    };
    let summary = summary(&ended.stats, &context).join(" ");
    let meta = ReportMeta {
        title: &title,
        options: &options,
        summary: &summary,
    };
    let survey = surveyor.take();
    let page = if args.json {
        format!("{:#}\n", survey_json(&survey, &rules, &meta))
    } else {
        html_page(&survey, &rules, &meta)
    };
    match output {
        Some(path) => {
            write_file(&path, page.as_bytes(), None, args.force, false)?;
            if !is_quiet {
                terminal.note(&format!("the report is in {}", display_path(&path)));
            }
        }
        None => drop(terminal.raw(page.as_bytes())?),
    }
    Ok(ended.exit)
}
