//! What the answers to an audit suggest: a level or a maximum loss that keeps a promise on this
//! corpus, rules to switch off, and rules of one's own.
//!
//! Other levels are judged by the same answers: the documents of the sample are cleaned again, and
//! each answered line counts as removed or kept as the other level would have it.

use super::check::check_answers;
use crate::job::propose::{ProposalOptions, free_id, pack_head, propose};
use crate::report::{
    Advice, Alternative, AnswerSheet, AnsweredPage, Audit, AuditOutcome, AuditSide, Judgement,
    answered_strata,
};
use anyhow::Result;
use dechaff_core::audit::{Stratum, estimate_other};
use dechaff_core::{Cleaner, Confidence, Document, RuleSet, Scratch};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Name of the suggested pack.
const PACK: &str = "audit";
/// Length of the lines from which rules are made, in bytes: longer ones hardly occur twice.
const RULE_BYTES: std::ops::RangeInclusive<usize> = 3..=240;
/// Least number of words of a line that a rule protects. A shorter one, such as "Home", is text on
/// one page and chaff on another.
const MIN_KEPT_WORDS: usize = 4;
/// Least number of words that a rule looks for as they are. With fewer it would match too much.
const MIN_FIXED_WORDS: usize = 3;

/// Judges other cleanings by the answers, and suggests rules. `alternatives` are cleaners with the
/// options that made them; the promise is that the upper bound of the loss is at most `max_loss`.
/// `cleaner` is the one that was audited.
///
/// # Errors
/// If the rules that are suggested do not compile together.
pub fn advise(
    audit: &Audit,
    sheet: &AnswerSheet,
    cleaner: &Cleaner,
    alternatives: &[(String, Cleaner)],
    max_loss: f64,
) -> Result<Advice> {
    let strata = answered_strata(audit, sheet);
    let pages = sheet.pages(audit);
    let alternatives: Vec<Alternative> = alternatives
        .iter()
        .map(|(options, cleaner)| alternative(&pages, &strata, options, cleaner))
        .collect();
    let keeping = alternatives
        .iter()
        .enumerate()
        .filter(|(_, other)| other.loss.high <= max_loss);
    let best = keeping.min_by(|(_, a), (_, b)| a.left.value.total_cmp(&b.left.value));
    let best = best.map(|(index, _)| index);
    let rules = AuditOutcome::new(audit, sheet).rules;
    let (pack, without_rule) = suggested_pack(audit, sheet, cleaner)?;
    Ok(Advice {
        best,
        alternatives,
        rules_off: rules
            .into_iter()
            .filter(|rule| rule.should_be_off() && !rule.rule.starts_with("model/"))
            .map(|rule| rule.rule)
            .collect(),
        pack,
        without_rule,
    })
}

/// Judges another cleaner by the answers, which are those of `pages`.
fn alternative(
    pages: &[AnsweredPage],
    strata: &[(Stratum, Vec<usize>)],
    options: &str,
    cleaner: &Cleaner,
) -> Alternative {
    let checked = check_answers(pages, cleaner).into_iter();
    let removed: HashMap<usize, f64> = checked.map(|line| (line.item, line.removed)).collect();
    let judged: Vec<(Stratum, Vec<f64>)> = strata
        .iter()
        .map(|(stratum, items)| {
            let shares = items.iter().map(|item| removed.get(item).copied());
            (
                stratum.clone(),
                shares.map(Option::unwrap_or_default).collect(),
            )
        })
        .collect();
    let (loss, left) = estimate_other(&judged);
    Alternative {
        options: options.to_owned(),
        loss,
        left,
    }
}

/// A rule for a misjudged line.
struct SuggestedRule {
    name: String,
    toml: String,
}

/// Returns a pack with a rule for each line that people agree should have been kept or removed, and
/// the number of lines for which no rule could be made; `None` if there is no rule. A rule that
/// would remove a line that somebody judged to be prose is left out.
fn suggested_pack(
    audit: &Audit,
    sheet: &AnswerSheet,
    cleaner: &Cleaner,
) -> Result<(Option<String>, usize)> {
    let (rules, failed) = suggested_rules(audit, sheet, cleaner.rules());
    if rules.is_empty() {
        return Ok((None, failed));
    }
    let own = own_rules(&rules, cleaner.rules())?;
    let harmful: BTreeSet<String> = check_answers(&sheet.pages(audit), &own)
        .into_iter()
        .filter(|line| line.judged == Judgement::Prose)
        .flat_map(|line| line.rules)
        .collect();
    let hits = lines_removed(audit, &own);
    let mut pack = pack_head(PACK);
    let mut count = 0;
    for rule in rules {
        if harmful.contains(&rule.name) {
            continue;
        }
        let lines = hits.get(&rule.name).copied().unwrap_or_default();
        let comment = if lines > 0 {
            format!("\n# It removes {lines} of the lines of the sampled documents.")
        } else {
            String::new()
        };
        pack.push_str(&comment);
        pack.push_str(&rule.toml);
        count += 1;
    }
    Ok(((count > 0).then_some(pack), failed))
}

/// Returns a rule for each misjudged line, and the number of lines for which none could be made.
fn suggested_rules(
    audit: &Audit,
    sheet: &AnswerSheet,
    rules: &RuleSet,
) -> (Vec<SuggestedRule>, usize) {
    let mut pack = pack_head(PACK);
    let (mut suggested, mut failed) = (Vec::new(), 0);
    let (mut matchers, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for (line, protects) in misjudged_lines(audit, sheet) {
        let id = free_id(&line, PACK, rules);
        let taken = (2..).map(|number| format!("{id}-{number}"));
        let id = std::iter::once(id.clone())
            .chain(taken)
            .find(|id| !ids.contains(id));
        let options = ProposalOptions {
            id,
            confidence: Some(Confidence::Likely),
            protects,
            ..ProposalOptions::default()
        };
        let proposal = propose(&line, &options, rules, PACK, &pack).ok();
        let Some(proposal) = proposal.filter(|rule| rule.fixed_words >= MIN_FIXED_WORDS) else {
            failed += 1;
            continue;
        };
        // Lines that differ only in names and numbers have the same rule.
        if matchers.insert((proposal.matcher, protects)) {
            pack.push_str(&proposal.toml);
            ids.extend(options.id);
            suggested.push(SuggestedRule {
                name: proposal.name,
                toml: proposal.toml,
            });
        }
    }
    (suggested, failed)
}

/// Returns a cleaner that removes only what the suggested rules do.
fn own_rules(suggested: &[SuggestedRule], rules: &RuleSet) -> Result<Cleaner> {
    let mut rules = rules.clone();
    let tomls = suggested.iter().map(|rule| rule.toml.as_str());
    let pack: String = std::iter::once(pack_head(PACK).as_str())
        .chain(tomls)
        .collect();
    rules.add_pack(&pack, "the suggested pack")?;
    Ok(Cleaner::builder()
        .rules(rules)
        .only([PACK])
        .skip(["model"])
        .max_removed(1.0)
        .build()?)
}

/// Returns from how many lines of the sampled documents each rule of a cleaner removes something.
fn lines_removed(audit: &Audit, cleaner: &Cleaner) -> BTreeMap<String, usize> {
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    let mut scratch = Scratch::default();
    for document in &audit.documents {
        let Ok(document) = Document::new(&document.text) else {
            continue;
        };
        for removal in cleaner.clean(&document, &mut scratch).removals() {
            let name = &cleaner.rules().get(removal.rule).name;
            *lines.entry(name.clone()).or_default() += 1;
        }
    }
    lines
}

/// Returns the lines of which everybody said that dechaff is wrong, each once, and whether they are
/// to be protected. Lines of which only a part was judged are left out.
fn misjudged_lines(audit: &Audit, sheet: &AnswerSheet) -> BTreeSet<(String, bool)> {
    let mut lines = BTreeSet::new();
    for (index, item) in audit.items.iter().enumerate() {
        let wrong = match item.side {
            AuditSide::Removed => Judgement::Prose,
            AuditSide::Kept => Judgement::Chaff,
        };
        let mut answers = sheet.of(index).peekable();
        let is_wrong = answers.peek().is_some() && answers.all(|answer| answer.answer == wrong);
        let line = audit.line_of(item).trim();
        let is_long_enough =
            wrong == Judgement::Chaff || line.split_whitespace().count() >= MIN_KEPT_WORDS;
        if is_wrong && is_long_enough && item.whole && RULE_BYTES.contains(&line.len()) {
            lines.insert((line.to_owned(), wrong == Judgement::Prose));
        }
    }
    lines
}
