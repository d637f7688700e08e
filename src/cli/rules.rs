//! `dechaff rules`: lists, pages, examples, and trials on a corpus.

use super::args::{CorpusArgs, RulesCommand, Selection};
use super::config::Config;
use super::selection::{build_cleaner, load_rules};
use super::terminal::Terminal;
use super::{Exit, new_rule};
use crate::job::corpus::{Corpus, CorpusRun, Failed, parse_filter};
use crate::job::walk::Inputs;
use crate::report::{
    escape_control, explain, list, list_json, miss_reason, pack_schema, rule_json, rule_page,
    rules_page, show, worth_json, worth_table,
};
use anyhow::Result;
use dechaff_core::verify::{Case, NearMisses, Verifier, cases};
use dechaff_core::{Level, Rule, RuleSet, Scratch, Span, lint_built_in};
use serde_json::json;

/// So many inputs that fail are named; a corpus of the wrong kind may have millions.
const MOST_COMPLAINTS: usize = 10;

pub(super) fn run(command: RulesCommand, terminal: &mut Terminal) -> Result<Exit> {
    match command {
        RulesCommand::List {
            names,
            examples,
            json,
            selection,
        } => {
            let config = Config::load(selection.config.as_deref())?;
            // Names that mean nothing are refused as anywhere.
            build_cleaner(
                Selection {
                    only: names.clone(),
                    ..selection.clone()
                },
                &config,
            )?;
            let cleaner = build_cleaner(selection, &config)?;
            if json {
                return terminal.json(&list_json(&cleaner, &names));
            }
            terminal.raw(list(&cleaner, &names, examples, terminal.setting()).as_bytes())
        }
        RulesCommand::Show {
            names,
            json,
            selection,
        } => {
            let rules = named(&names, selection)?;
            if json {
                return terminal.json(&rules.iter().map(rule_json).collect());
            }
            terminal.raw(
                rules
                    .iter()
                    .map(show)
                    .collect::<Vec<_>>()
                    .join("\n")
                    .as_bytes(),
            )
        }
        RulesCommand::Doc { names, selection } => terminal.raw(
            named(&names, selection)?
                .iter()
                .map(rule_page)
                .collect::<Vec<_>>()
                .join("\n")
                .as_bytes(),
        ),
        RulesCommand::New(args) => new_rule::run(args, terminal),
        RulesCommand::Page => terminal.raw(rules_page(&RuleSet::built_in()).as_bytes()),
        RulesCommand::Schema => terminal.json(&pack_schema()),
        RulesCommand::Test {
            packs,
            corpus,
            mut selection,
        } => {
            let config = Config::load(selection.config.as_deref())?;
            if !corpus.corpus.is_empty() {
                selection.rules.extend(packs);
                return try_rules(corpus, selection, &config, terminal);
            }
            lint_built_in()?;
            let rules = load_rules(config.rules.iter().chain(&selection.rules).chain(&packs))?;
            test_rules(&rules, corpus.json, terminal)
        }
    }
}

/// The rules that answer to some names.
fn named(names: &[String], selection: Selection) -> Result<Vec<Rule>> {
    let config = Config::load(selection.config.as_deref())?;
    let cleaner = build_cleaner(
        Selection {
            only: names.to_vec(),
            ..selection
        },
        &config,
    )?;
    let rules = cleaner.rules().iter().map(|(_, rule)| rule);
    Ok(rules
        .filter(|rule| names.iter().any(|name| rule.matches_name(name)))
        .cloned()
        .collect())
}

/// Runs the examples of all rules and prints what failed, with what dechaff made of it.
fn test_rules(rules: &RuleSet, json: bool, terminal: &mut Terminal) -> Result<Exit> {
    let verifier = Verifier::new(rules)?;
    let (mut passed, mut failed, mut report) = (0, Vec::new(), String::new());
    for case in cases(rules) {
        let Err(reason) = verifier.run(&case) else {
            passed += 1;
            continue;
        };
        let (file, line) = &case.rule.origin;
        report.push_str(&format!(
            "{file}:{line}: {}: {}\n",
            case.name(),
            escape_control(&reason)
        ));
        report.push_str(&failure(&case, &verifier, terminal.has_colour())?);
        failed.push(json!({
            "rule": case.rule.name, "file": file, "line": line, "example": if case.removes { "remove" } else { "keep" }, "number": case.number,
            "text": case.text, "reason": reason,
        }));
    }
    let exit = if failed.is_empty() {
        Exit::Done
    } else {
        Exit::Found
    };
    if json {
        terminal.json(&json!({ "rules": rules.len(), "passed": passed, "failed": failed }))?;
    } else {
        report.push_str(&format!(
            "{} rules, {passed} examples passed, {} failed\n",
            rules.len(),
            failed.len()
        ));
        terminal.raw(report.as_bytes())?;
    }
    Ok(exit)
}

/// What dechaff makes of an example that fails, and what the rule missed.
fn failure(case: &Case<'_>, verifier: &Verifier, colour: bool) -> Result<String> {
    let Ok(document) = case.document() else {
        return Ok(String::new());
    };
    let mut scratch = Scratch::default();
    let cleaned = verifier.cleaner().clean(&document, &mut scratch);
    let mut lines = explain(&cleaned, verifier.cleaner().rules(), &[], colour);
    if case.expects_match() {
        let whole = Span::from_offsets(0, case.text.len());
        let misses = NearMisses::new(verifier.cleaner())?
            .examine(&document, &mut scratch)
            .near_misses(whole, &mut scratch);
        for miss in misses.iter().filter(|miss| miss.rule == case.id) {
            lines.push_str(&format!(
                "{} {}\n",
                case.rule.name,
                miss_reason(case.rule, miss, case.text, Level::Thorough)
            ));
        }
    }
    Ok(lines
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect::<Vec<_>>()
        .concat())
}

/// Names inputs that failed.
pub(super) fn complain(failed: &Failed, terminal: &mut Terminal) {
    for (path, error) in failed.iter().take(MOST_COMPLAINTS) {
        terminal.error(Some(path), error);
    }
    if failed.len() > MOST_COMPLAINTS {
        terminal.note(&format!(
            "{} more inputs failed",
            failed.len() - MOST_COMPLAINTS
        ));
    }
}

/// Runs the rules over a corpus and prints what each took.
fn try_rules(
    args: CorpusArgs,
    selection: Selection,
    config: &Config,
    terminal: &mut Terminal,
) -> Result<Exit> {
    let cleaner = build_cleaner(selection, config)?;
    let filters = args
        .filters
        .iter()
        .map(|filter| parse_filter(filter))
        .collect::<Result<Vec<_>>>()?;
    let inputs = Inputs {
        paths: args.corpus,
        ..Inputs::default()
    };
    let corpus = Corpus {
        inputs: &inputs,
        field: &args.text_field,
        filters: &filters,
    };
    let trial = CorpusRun {
        cleaner: &cleaner,
        corpus,
        samples: args.samples,
    };
    let (worth, failed) = trial.run()?;
    complain(&failed, terminal);
    if args.json {
        terminal.json(&worth_json(&worth, cleaner.rules()))?;
    } else {
        terminal.raw(worth_table(&worth, cleaner.rules(), terminal.setting()).as_bytes())?;
    }
    Ok(match (failed.len(), worth.documents) {
        (0, _) => Exit::Done,
        (_, 0) => Exit::Unusable,
        _ => Exit::SomeFailed,
    })
}
