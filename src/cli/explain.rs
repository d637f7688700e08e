//! `dechaff explain`: lists what would be removed and why, or explains line by line why text is
//! removed or kept.

use super::Exit;
use super::args::ExplainArgs;
use super::clean::inspect;
use super::config::Config;
use super::selection::build_cleaner;
use super::terminal::Terminal;
use crate::io::fs;
use crate::job::observer::{ExplainStyle, Explainer, LineFilter, Seen};
use anyhow::{Context, Result, bail};
use dechaff_core::Level;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Runs `dechaff explain`. Invalid text is an error, even without `--strict`, because it cannot be
/// explained.
pub(super) fn run(mut args: ExplainArgs, terminal: &mut Terminal) -> Result<Exit> {
    let config = Config::load(args.inspect.selection.config.as_deref())?
        .announced(args.inspect.quiet, terminal);
    let cleaner = build_cleaner(args.inspect.selection.clone(), &config)?;
    let mut headings = args.paths.len() > 1 || args.inspect.reading.files_from.is_some();
    for path in &args.paths {
        headings |= fs::is_directory(path)?;
    }
    let explainer = Explainer {
        cleaner: cleaner.clone(),
        level: args
            .inspect
            .selection
            .level
            .or(config.level)
            .unwrap_or(Level::Balanced),
        lines: Vec::new(),
        near: None,
        record: args.record,
        style: match (args.json, args.marked) {
            (true, _) => ExplainStyle::Json,
            (false, true) => ExplainStyle::Marked,
            (false, false) => ExplainStyle::List,
        },
        verbose: args.verbose,
        colour: terminal.has_colour(),
        headings,
        seen: Seen::default(),
    };
    let explainer = Arc::new(
        explainer.with_lines(
            args.line
                .iter()
                .map(|text| parse_lines(text))
                .collect::<Result<_>>()?,
        )?,
    );
    args.inspect.reading.strict = true;
    let ended = inspect(
        args.paths,
        args.inspect,
        &config,
        cleaner,
        explainer.clone(),
        terminal,
    )?;
    if ended.exit == Exit::Done {
        check_found(&explainer)?;
    }
    Ok(ended.exit)
}

/// Checks that there are documents with the requested record and lines.
///
/// # Errors
/// If no document has one of them. The message says how many there are.
fn check_found(explainer: &Explainer) -> Result<()> {
    let Seen {
        lines,
        records,
        documents,
        explained,
    } = &explainer.seen;
    if documents.load(Ordering::Relaxed) == 0 {
        return Ok(());
    }
    if let Some(wanted) = explainer.record
        && explained.load(Ordering::Relaxed) == 0
    {
        match records.load(Ordering::Relaxed) {
            0 => bail!("the input has no records; leave out --record"),
            last if wanted > last => {
                bail!("there is no record {wanted}; the last one with a text is record {last}")
            }
            _ => bail!("record {wanted} has no text"),
        }
    }
    let count = lines.load(Ordering::Relaxed);
    for filter in &explainer.lines {
        if let LineFilter::Numbers(from, to) = *filter
            && from > count
            && to < usize::MAX
        {
            let longest = if explained.load(Ordering::Relaxed) > 1 {
                "the longest document has"
            } else {
                "the document has"
            };
            bail!(
                "there is no line {from}; {longest} {count} line{}",
                if count == 1 { "" } else { "s" }
            );
        }
    }
    Ok(())
}

/// Parses one value of `--line`: a line number such as `7`, a range such as `7-9`, or `removed`,
/// `kept` or `all`. Numbers start at 1, and ranges must not be reversed.
fn parse_lines(text: &str) -> Result<LineFilter> {
    match text {
        "removed" => Some(LineFilter::Removed),
        "kept" => Some(LineFilter::Kept),
        "all" => Some(LineFilter::Numbers(1, usize::MAX)),
        _ => parse_range(text),
    }
    .with_context(|| {
        format!(
            "'{text}' is not a line filter; write a number from 1, a range such as 7-9, or \
             removed, kept or all"
        )
    })
}

fn parse_range(text: &str) -> Option<LineFilter> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to) = (parse_number(from)?, parse_number(to)?);
    (from <= to).then_some(LineFilter::Numbers(from, to))
}

fn parse_number(text: &str) -> Option<usize> {
    text.trim().parse().ok().filter(|&number| number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbers_ranges_or_keywords() {
        assert_eq!(parse_lines("7").unwrap(), LineFilter::Numbers(7, 7));
        assert_eq!(parse_lines("7-9").unwrap(), LineFilter::Numbers(7, 9));
        assert_eq!(parse_lines("removed").unwrap(), LineFilter::Removed);
        for wrong in ["0", "9-7", "seven", "-3", ""] {
            assert!(
                parse_lines(wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("is not a line filter"),
                "{wrong}"
            );
        }
    }
}
