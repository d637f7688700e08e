//! `dechaff audit --result`: what the answers say, and what they suggest.

use super::Folder;
use crate::cli::Exit;
use crate::cli::args::{AuditArgs, Selection};
use crate::cli::config::Config;
use crate::cli::selection::{build_cleaner, describe_options};
use crate::cli::terminal::Terminal;
use crate::io::write_file;
use crate::job::audit::advise;
use crate::report::{
    Advice, AnswerSheet, Audit, AuditOutcome, advice_json, advice_text, display_path,
};
use anyhow::{Result, bail};
use dechaff_core::{Cleaner, Level};
use std::collections::BTreeSet;

/// Values of `--max-loss` that are compared with the levels.
const MAX_LOSSES: [f64; 6] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02];

/// What the result is computed with.
pub(super) struct Request<'r> {
    pub(super) args: &'r AuditArgs,
    pub(super) config: &'r Config,
    /// The cleaner that is audited.
    pub(super) cleaner: &'r Cleaner,
    pub(super) folder: &'r Folder,
}

impl Request<'_> {
    /// Prints the result and writes the suggested rules.
    pub(super) fn print(
        &self,
        audit: &Audit,
        sheet: &AnswerSheet,
        terminal: &mut Terminal,
    ) -> Result<Exit> {
        if sheet.iter().next().is_none() {
            bail!(
                "there are no answers in {} yet",
                display_path(&self.folder.0)
            );
        }
        let options = describe_options(&self.args.inspect.selection, self.config);
        if options != audit.options {
            terminal.note(&format!(
                "the sample was drawn with {}, and suggestions are made for {options}",
                audit.options
            ));
        }
        let outcome = AuditOutcome::new(audit, sheet);
        let promise = self.args.promise;
        let advice = advise(audit, sheet, self.cleaner, &self.alternatives(), promise)?;
        let path = self.write_pack(&advice)?;
        if self.args.json {
            let mut value = outcome.json();
            value["advice"] = advice_json(&advice);
            value["people"] = people(sheet).into_iter().collect::<Vec<_>>().into();
            terminal.json(&value)?;
            return Ok(Exit::Done);
        }
        let style = terminal.table_style();
        let mut text = outcome.sentences(&audit.level);
        text.push('\n');
        text.push_str(&outcome.tables(style));
        text.push('\n');
        text.push_str(&advice_text(&advice, promise, path.as_deref(), style));
        terminal.print(&text);
        Ok(Exit::Done)
    }

    /// Returns the cleaners to compare: one for each level, and for values of `--max-loss`. Values
    /// that are too low for the level are left out.
    fn alternatives(&self) -> Vec<(String, Cleaner)> {
        let selection = &self.args.inspect.selection;
        let levels = Level::ALL.iter().map(|level| Selection {
            level: Some(*level),
            max_loss: None,
            ..selection.clone()
        });
        let level = selection.level.or(self.config.level);
        let losses = MAX_LOSSES.iter().map(|&share| Selection {
            level,
            max_loss: Some(share),
            ..selection.clone()
        });
        levels
            .chain(losses)
            .filter_map(|selection| {
                let level = selection.level.unwrap_or(Level::Balanced);
                let options = match selection.max_loss {
                    None => format!("--level {level}"),
                    Some(share) => format!("--level {level} --max-loss {share}"),
                };
                Some((options, build_cleaner(selection, self.config).ok()?))
            })
            .collect()
    }

    /// Writes the suggested pack, with a note on its examples, and returns its path.
    fn write_pack(&self, advice: &Advice) -> Result<Option<String>> {
        let Some(pack) = &advice.pack else {
            return Ok(None);
        };
        let path = self.folder.suggested();
        let text = format!(
            "# Suggested by dechaff audit. The examples are lines of your corpus: read each rule, \
             rephrase its\n# examples before you share the pack, and run dechaff rules test \
             {0}\n{pack}",
            display_path(&path)
        );
        write_file(&path, text.as_bytes(), None, true, false)?;
        Ok(Some(display_path(&path)))
    }
}

/// Returns the names of the people who answered.
fn people(sheet: &AnswerSheet) -> BTreeSet<String> {
    sheet.iter().map(|answer| answer.by.clone()).collect()
}
