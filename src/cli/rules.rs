//! `dechaff rules`: lists, pages, examples, and trials on a corpus.

use super::Exit;
use super::args::{CorpusArgs, RulesCommand, Selection};
use super::config::Config;
use super::selection::{build_cleaner, load_rules};
use super::terminal::Terminal;
use crate::built_in::lint_built_in;
use crate::job::corpus::{Corpus, Failed, Trial, parse_filter};
use crate::job::walk::Inputs;
use crate::pack::RuleSet;
use crate::report::{list, rules_page, show, worth_json, worth_table};
use crate::verify::{Verifier, cases};
use anyhow::Result;

/// So many inputs that fail are named; a corpus of the wrong kind may have millions.
const MOST_COMPLAINTS: usize = 10;

pub(super) fn run(command: RulesCommand, terminal: &mut Terminal) -> Result<Exit> {
    match command {
        RulesCommand::List { examples, selection } => {
            let config = Config::load(selection.config.as_deref())?;
            terminal.raw(list(&build_cleaner(selection, &config)?, examples).as_bytes())
        }
        RulesCommand::Show { names, selection } => {
            let config = Config::load(selection.config.as_deref())?;
            let cleaner = build_cleaner(Selection { only: names.clone(), ..selection }, &config)?;
            let rules = cleaner.rules().iter().map(|(_, rule)| rule);
            let pages: Vec<String> = rules.filter(|rule| names.iter().any(|name| rule.answers_to(name))).map(show).collect();
            terminal.raw(pages.join("\n").as_bytes())
        }
        RulesCommand::Page => terminal.raw(rules_page(&RuleSet::built_in()).as_bytes()),
        RulesCommand::Test { packs, corpus, mut selection } => {
            let config = Config::load(selection.config.as_deref())?;
            if !corpus.corpus.is_empty() {
                selection.rules.extend(packs);
                return try_rules(corpus, selection, &config, terminal);
            }
            lint_built_in()?;
            let rules = load_rules(config.rules.iter().chain(&selection.rules).chain(&packs))?;
            test_rules(&rules, terminal)
        }
    }
}

/// Runs the examples of all rules and prints what failed.
fn test_rules(rules: &RuleSet, terminal: &mut Terminal) -> Result<Exit> {
    let verifier = Verifier::new(rules)?;
    let (mut passed, mut failed, mut report) = (0, 0, String::new());
    for case in cases(rules) {
        match verifier.run(&case) {
            Ok(()) => passed += 1,
            Err(reason) => {
                failed += 1;
                let (file, line) = &case.rule.origin;
                report.push_str(&format!("{file}:{line}: {}: {reason}\n", case.name()));
            }
        }
    }
    report.push_str(&format!("{} rules, {passed} examples passed, {failed} failed\n", rules.len()));
    terminal.raw(crate::report::harmless(&report).as_bytes())?;
    Ok(if failed == 0 { Exit::Done } else { Exit::Found })
}

/// Names inputs that failed.
pub(super) fn complain(failed: &Failed, terminal: &mut Terminal) {
    for (path, error) in failed.iter().take(MOST_COMPLAINTS) {
        terminal.error(Some(path), error);
    }
    if failed.len() > MOST_COMPLAINTS {
        terminal.note(&format!("{} more inputs failed", failed.len() - MOST_COMPLAINTS));
    }
}

/// Runs the rules over a corpus and prints what each took.
fn try_rules(args: CorpusArgs, selection: Selection, config: &Config, terminal: &mut Terminal) -> Result<Exit> {
    let cleaner = build_cleaner(selection, config)?;
    let filters = args.filters.iter().map(|filter| parse_filter(filter)).collect::<Result<Vec<_>>>()?;
    let inputs = Inputs { paths: args.corpus, ..Inputs::default() };
    let corpus = Corpus { inputs: &inputs, field: &args.text_field, filters: &filters };
    let trial = Trial { cleaner: &cleaner, corpus, samples: args.samples };
    let (worth, failed) = trial.run()?;
    complain(&failed, terminal);
    if args.json {
        let mut json = serde_json::to_vec_pretty(&worth_json(&worth, cleaner.rules()))?;
        json.push(b'\n');
        terminal.raw(&json)?;
    } else {
        terminal.raw(worth_table(&worth, cleaner.rules()).as_bytes())?;
    }
    Ok(match (failed.len(), worth.documents) {
        (0, _) => Exit::Done,
        (_, 0) => Exit::Unusable,
        _ => Exit::SomeFailed,
    })
}
