//! `dechaff rules`: lists and documents rules, and tests them on their examples or on a corpus.
//! `rules new` is in `new_rule`, and `rules export` in `export`.

use super::args::{CorpusArgs, RulesCommand, Selection};
use super::config::Config;
use super::corpus::{exit_code, parse_filters, print_failed};
use super::selection::{build_cleaner, load_rules};
use super::terminal::Terminal;
use super::{Exit, export, new_rule};
use crate::io::fs;
use crate::job::corpus::{Corpus, CorpusRun};
use crate::job::walk::Inputs;
use crate::report::{
    escape_control, list, list_json, marked, miss_reason, pack_schema, rule_json, rule_page,
    rules_pages, show, worth_json, worth_table,
};
use anyhow::{Context, Result};
use dechaff_core::verify::{Case, NearMisses, Verifier, cases};
use dechaff_core::{Level, Rule, RuleSet, Scratch, Span, lint_built_in};
use serde_json::json;
use std::path::Path;

/// Runs one of the subcommands of `dechaff rules`. `rules test` lints and runs the examples, or
/// runs the rules on a corpus if `--corpus` is given.
pub(super) fn run(command: RulesCommand, terminal: &mut Terminal) -> Result<Exit> {
    match command {
        RulesCommand::List {
            names,
            examples,
            json,
            selection,
        } => {
            let config = Config::load(selection.config.as_deref())?.announced(false, terminal);
            // Only building a cleaner rejects unknown names.
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
            terminal.raw(list(&cleaner, &names, examples, terminal.table_style()).as_bytes())
        }
        RulesCommand::Show {
            names,
            json,
            selection,
        } => {
            let rules = find_rules(&names, selection, terminal)?;
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
            find_rules(&names, selection, terminal)?
                .iter()
                .map(rule_page)
                .collect::<Vec<_>>()
                .join("\n")
                .as_bytes(),
        ),
        RulesCommand::New(args) => new_rule::run(args, terminal),
        RulesCommand::Page { output } => {
            write_pages(&output)?;
            Ok(Exit::Done)
        }
        RulesCommand::Export {
            names,
            output,
            force,
            selection,
        } => export::run(&names, output, force, selection, terminal),
        RulesCommand::Schema => terminal.json(&pack_schema()),
        RulesCommand::Test {
            packs,
            corpus,
            mut selection,
        } => {
            let config = Config::load(selection.config.as_deref())?.announced(false, terminal);
            if !corpus.corpus.is_empty() {
                selection.rules.extend(packs);
                return run_on_corpus(corpus, selection, &config, terminal);
            }
            let own: Vec<_> = config
                .rules
                .iter()
                .chain(&selection.rules)
                .chain(&packs)
                .collect();
            // Loading a pack lints it. The built-in packs were linted by dechaff's own tests, which
            // takes most of the time, so nobody should wait for it who tests packs of their own.
            if own.is_empty() {
                lint_built_in()?;
            }
            let rules = load_rules(own.into_iter())?;
            test_rules(&rules, corpus.json, terminal)
        }
    }
}

/// Writes the pages about the built-in rules to `directory`, which is created if needed. Other
/// files in it are left alone.
fn write_pages(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)
        .with_context(|| format!("{} cannot be created", directory.display()))?;
    for (name, page) in rules_pages(&RuleSet::built_in()) {
        let path = directory.join(name);
        fs::write(&path, page.as_bytes())
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// Returns the rules that any of `names` refers to: a rule, pack, category or filter. Unknown names
/// are errors.
fn find_rules(names: &[String], selection: Selection, terminal: &Terminal) -> Result<Vec<Rule>> {
    let config = Config::load(selection.config.as_deref())?.announced(false, terminal);
    let cleaner = build_cleaner(
        Selection {
            only: names.to_vec(),
            ..selection
        },
        &config,
    )?;
    Ok(cleaner
        .rules()
        .iter()
        .filter(|(_, rule)| names.iter().any(|name| rule.matches_name(name)))
        .map(|(_, rule)| rule.clone())
        .collect())
}

/// Runs the examples of all rules and prints those that failed, each with an explanation. The exit
/// code is `Exit::Found` if an example failed.
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
        report.push_str(&explain_failure(&case, &verifier, terminal.has_colour())?);
        failed.push(json!({
            "rule": case.rule.name,
            "file": file,
            "line": line,
            "example": case.list(),
            "number": case.number,
            "text": case.text,
            "reason": reason,
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

/// Explains a failed example, in lines indented by four spaces: the text with its removals marked,
/// and, if the rule should have matched, the conditions that it missed. Returns an empty string if
/// the example is not a valid document.
fn explain_failure(case: &Case<'_>, verifier: &Verifier, colour: bool) -> Result<String> {
    let Ok(document) = case.document() else {
        return Ok(String::new());
    };
    let mut scratch = Scratch::default();
    let cleaner = verifier.cleaner(case.rule);
    let cleaned = cleaner.clean(&document, &mut scratch);
    let mut text = marked(&cleaned, cleaner.rules(), colour);
    if case.expects_match {
        let whole = Span::from_offsets(0, case.text.len());
        let misses = NearMisses::new(cleaner)?
            .examine(&document, &mut scratch)
            .near_misses(whole, &mut scratch);
        for miss in misses.iter().filter(|miss| miss.rule == case.id) {
            text.push_str(&format!(
                "{} {}\n",
                case.rule.name,
                miss_reason(case.rule, miss, case.text, Level::Thorough)
            ));
        }
    }
    let indented: Vec<String> = text.lines().map(|line| format!("    {line}\n")).collect();
    Ok(indented.concat())
}

/// Runs the rules on a corpus and prints what each of them removes from it. The exit code is
/// `Exit::Unusable` if inputs failed and there was no document, and `Exit::SomeFailed` if only some
/// inputs failed.
fn run_on_corpus(
    args: CorpusArgs,
    selection: Selection,
    config: &Config,
    terminal: &mut Terminal,
) -> Result<Exit> {
    let cleaner = build_cleaner(selection, config)?;
    let filters = parse_filters(&args.filters)?;
    let inputs = Inputs {
        paths: args.corpus,
        ..Inputs::default()
    };
    let corpus = Corpus {
        inputs: &inputs,
        field: &args.text_field,
        filters: &filters,
    };
    let run = CorpusRun {
        cleaner: &cleaner,
        corpus,
        samples: args.samples,
    };
    let (scores, failed) = run.run()?;
    print_failed(&failed, terminal);
    if args.json {
        terminal.json(&worth_json(&scores, cleaner.rules()))?;
    } else {
        let table = worth_table(&scores, cleaner.rules(), terminal.table_style());
        terminal.raw(table.as_bytes())?;
    }
    Ok(exit_code(&failed, scores.documents > 0))
}
