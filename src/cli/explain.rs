//! `dechaff explain`: texts with what would go marked in place, or why lines of them go or stay.

use super::Exit;
use super::args::ExplainArgs;
use super::clean::look;
use super::config::Config;
use super::selection::build_cleaner;
use super::terminal::Terminal;
use crate::job::observer::{Explainer, LineFilter};
use anyhow::{Context, Result, bail};
use dechaff_core::Level;
use std::sync::Arc;

pub(super) fn run(mut args: ExplainArgs, terminal: &mut Terminal) -> Result<Exit> {
    let config = Config::load(args.look.selection.config.as_deref())?;
    let cleaner = build_cleaner(args.look.selection.clone(), &config)?;
    let explainer = Explainer {
        cleaner: cleaner.clone(),
        level: args
            .look
            .selection
            .level
            .or(config.level)
            .unwrap_or(Level::Balanced),
        lines: Vec::new(),
        near: None,
        record: args.record,
        json: args.json,
        colour: terminal.has_colour(),
        headings: args.paths.len() > 1
            || args.paths.iter().any(|path| path.is_dir())
            || args.look.reading.files_from.is_some(),
    };
    let explainer = explainer.with_lines(
        args.line
            .iter()
            .map(|text| parse_lines(text))
            .collect::<Result<_>>()?,
    )?;
    // Text that cannot be read cannot be explained.
    args.look.reading.strict = true;
    Ok(look(
        args.paths,
        args.look,
        &config,
        cleaner,
        Arc::new(explainer),
        terminal,
    )?
    .exit)
}

/// Reads `7`, `7-9`, `removed`, `kept` or `all`.
fn parse_lines(text: &str) -> Result<LineFilter> {
    let advice = || {
        format!(
            "'{text}' names no lines; write a number from 1, a range such as 7-9, or removed, kept or all"
        )
    };
    let number = |text: &str| {
        text.trim()
            .parse::<usize>()
            .ok()
            .filter(|&number| number > 0)
            .with_context(advice)
    };
    Ok(match text {
        "removed" => LineFilter::Removed,
        "kept" => LineFilter::Kept,
        "all" => LineFilter::Numbers(1, usize::MAX),
        _ => match text.split_once('-') {
            Some((from, to)) if number(from)? > number(to)? => bail!(advice()),
            Some((from, to)) => LineFilter::Numbers(number(from)?, number(to)?),
            None => LineFilter::Numbers(number(text)?, number(text)?),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbers_ranges_or_words() {
        assert_eq!(parse_lines("7").unwrap(), LineFilter::Numbers(7, 7));
        assert_eq!(parse_lines("7-9").unwrap(), LineFilter::Numbers(7, 9));
        assert_eq!(parse_lines("removed").unwrap(), LineFilter::Removed);
        for wrong in ["0", "9-7", "seven", "-3", ""] {
            assert!(
                parse_lines(wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("names no lines"),
                "{wrong}"
            );
        }
    }
}
