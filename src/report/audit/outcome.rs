//! What the answers to an audit say: the loss of prose and the chaff that is left, the strata and
//! rules behind them, and how far people agree.

use super::{AnswerSheet, Audit, AuditSide, Judgement};
use crate::report::table::{Table, TableColumn, TableStyle};
use crate::report::{count, escape_control};
use anstyle::Style;
use dechaff_core::audit::{Estimate, Interval, Pick, Side, Stratum, answered_picks, estimate};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Least number of answers to removals of a rule that can show that it should be off.
const MIN_ANSWERS: usize = 3;

/// What the answers to an audit say.
#[derive(Clone, Debug)]
pub struct AuditOutcome {
    /// Items with an answer.
    pub answered: usize,
    /// Items of which no person could say what they are.
    pub unsure: usize,
    /// The loss of prose and the chaff that is left.
    pub estimate: Estimate,
    /// How the answers of each pair of people agree.
    pub agreements: Vec<Agreement>,
    /// What was judged of each rule, the rules with most lost prose first.
    pub rules: Vec<RuleJudgements>,
    strata: Vec<StratumJudgements>,
}

/// What was judged of a stratum.
#[derive(Clone, Debug)]
struct StratumJudgements {
    name: String,
    words: u64,
    chaff: usize,
    prose: usize,
    unsure: usize,
}

/// What was judged of the removals of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleJudgements {
    /// Name of the rule.
    pub rule: String,
    /// Removals that were judged to be chaff.
    pub chaff: usize,
    /// Removals that were judged to be prose.
    pub prose: usize,
    /// Estimated words of prose that the rule removes from the corpus.
    pub lost_words: f64,
}

/// How far two people agree about the items that both answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    /// The names of the two.
    pub people: (String, String),
    /// Items that both answered.
    pub items: usize,
    /// Items to which both gave the same answer.
    pub same: usize,
    /// Cohen's kappa (1960): 1 if they always agree, 0 if they agree as often as by chance. `None`
    /// if both gave one and the same answer to all items.
    pub kappa: Option<f64>,
}

impl RuleJudgements {
    /// Returns whether the rule removes prose at least as often as chaff, and enough was judged to
    /// say so.
    #[must_use]
    pub fn should_be_off(&self) -> bool {
        self.prose >= MIN_ANSWERS && self.prose >= self.chaff
    }
}

/// Returns the strata of a sample with the picks that were answered, and for each pick its item.
#[must_use]
pub fn answered_strata(audit: &Audit, sheet: &AnswerSheet) -> Vec<(Stratum, Vec<usize>)> {
    let answered: BTreeSet<usize> = sheet.iter().map(|answer| answer.item).collect();
    let strata = audit.strata.iter();
    strata
        .map(|stratum| {
            let items = answered_picks(&stratum.picks, &answered);
            let picks = items.iter().map(|&item| pick(audit, sheet, item));
            let judged = Stratum {
                side: match stratum.side {
                    AuditSide::Removed => Side::Removed,
                    AuditSide::Kept => Side::Kept,
                },
                words: stratum.words as f64,
                picks: picks.collect(),
            };
            (judged, items)
        })
        .collect()
}

fn pick(audit: &Audit, sheet: &AnswerSheet, item: usize) -> Pick {
    let (mut people, mut prose, mut chaff) = (0.0, 0.0, 0.0);
    for answer in sheet.of(item) {
        people += 1.0;
        match answer.answer {
            Judgement::Prose => prose += 1.0,
            Judgement::Chaff => chaff += 1.0,
            Judgement::Unsure => {}
        }
    }
    Pick {
        words: audit.items[item].words as f64,
        document: audit.items[item].document,
        prose: prose / people,
        chaff: chaff / people,
    }
}

impl AuditOutcome {
    /// Computes what the answers say of the sample.
    #[must_use]
    pub fn new(audit: &Audit, sheet: &AnswerSheet) -> Self {
        let strata = answered_strata(audit, sheet);
        let answered: BTreeSet<usize> = sheet.iter().map(|answer| answer.item).collect();
        let judged = answered.iter().map(|&item| pick(audit, sheet, item));
        let judged_strata: Vec<Stratum> =
            strata.iter().map(|(stratum, _)| stratum.clone()).collect();
        Self {
            answered: answered.len(),
            unsure: judged.filter(|pick| pick.prose + pick.chaff <= 0.0).count(),
            estimate: estimate(&judged_strata),
            agreements: agreements(sheet),
            rules: rule_judgements(audit, &strata, sheet),
            strata: stratum_judgements(audit, &answered, sheet),
        }
    }

    /// Returns the estimate in sentences, a line each.
    #[must_use]
    pub fn sentences(&self, level: &str) -> String {
        let Estimate {
            lost_words,
            loss,
            left_words,
            left,
            halves_loss,
            halves_left,
        } = self.estimate;
        let mut text = format!(
            "After {} at level {level}:\n  prose lost: {} of its words{}, about {} words of this corpus\n  \
             chaff left: {} of its words{}, about {} words\n",
            count(self.answered as u64, "answer"),
            percent(loss.value),
            bounds(loss),
            words(lost_words),
            percent(left.value),
            bounds(left),
            words(left_words),
        );
        let more: Vec<String> = [
            (halves_loss, "of the prose lost"),
            (halves_left, "of the chaff left"),
        ]
        .into_iter()
        .filter_map(|(factor, what)| Some((self.more_answers(factor?), what)))
        .map(|(more, what)| format!("{more} more answers would halve the interval {what}"))
        .collect();
        if !more.is_empty() {
            text.push_str(&format!("  about {}\n", more.join(", ")));
        }
        text
    }

    /// Returns how many more answers make `factor` times as many.
    fn more_answers(&self, factor: f64) -> u64 {
        #[expect(clippy::cast_sign_loss, reason = "a factor is at least 1")]
        let more = ((factor - 1.0) * self.answered as f64).ceil() as u64;
        more
    }

    /// Returns tables of the strata and of the rules that removed prose, and the agreement of
    /// people, for `dechaff audit --result`.
    #[must_use]
    pub fn tables(&self, style: TableStyle) -> String {
        let mut strata = Table::new(&[
            TableColumn::text("lines"),
            TableColumn::number("words"),
            TableColumn::number("chaff"),
            TableColumn::number("prose"),
            TableColumn::number("can't say"),
        ]);
        for stratum in &self.strata {
            let cells = vec![
                stratum.name.clone(),
                stratum.words.to_string(),
                stratum.chaff.to_string(),
                stratum.prose.to_string(),
                stratum.unsure.to_string(),
            ];
            strata.row(cells, Style::new());
        }
        let mut text = strata.text(style);
        let rules: Vec<&RuleJudgements> = self.rules.iter().filter(|rule| rule.prose > 0).collect();
        if !rules.is_empty() {
            let mut table = Table::new(&[
                TableColumn::text("rule that removed prose"),
                TableColumn::number("chaff"),
                TableColumn::number("prose"),
                TableColumn::number("words lost, about"),
            ]);
            for rule in rules {
                let cells = vec![
                    escape_control(&rule.rule),
                    rule.chaff.to_string(),
                    rule.prose.to_string(),
                    format!("{:.0}", rule.lost_words),
                ];
                table.row(cells, Style::new());
            }
            text.push('\n');
            text.push_str(&table.text(style));
        }
        for agreement in &self.agreements {
            text.push('\n');
            text.push_str(&agreement.sentence());
        }
        text
    }

    /// Returns all figures as JSON. Shares are from 0 to 1.
    #[must_use]
    pub fn json(&self) -> Value {
        let rules: Vec<Value> = self
            .rules
            .iter()
            .map(|rule| {
                json!({
                    "rule": rule.rule, "chaff": rule.chaff, "prose": rule.prose,
                    "lost_words": rule.lost_words.round(),
                })
            })
            .collect();
        let agreements: Vec<Value> = self
            .agreements
            .iter()
            .map(|agreement| {
                json!({
                    "people": [agreement.people.0, agreement.people.1],
                    "items": agreement.items, "same": agreement.same, "kappa": agreement.kappa,
                })
            })
            .collect();
        let strata: Vec<Value> = self
            .strata
            .iter()
            .map(|stratum| {
                json!({
                    "name": stratum.name, "words": stratum.words, "chaff": stratum.chaff,
                    "prose": stratum.prose, "unsure": stratum.unsure,
                })
            })
            .collect();
        json!({
            "answered": self.answered, "unsure": self.unsure,
            "loss": interval_json(self.estimate.loss),
            "lost_words": interval_json(self.estimate.lost_words),
            "left": interval_json(self.estimate.left),
            "left_words": interval_json(self.estimate.left_words),
            "to_halve": {
                "loss": self.estimate.halves_loss.map(|factor| self.more_answers(factor)),
                "left": self.estimate.halves_left.map(|factor| self.more_answers(factor)),
            },
            "strata": strata, "rules": rules, "agreements": agreements,
        })
    }
}

/// Returns an interval as JSON.
pub(super) fn interval_json(interval: Interval) -> Value {
    json!({"value": interval.value, "low": interval.low, "high": interval.high})
}

impl Agreement {
    fn sentence(&self) -> String {
        let (first, second) = &self.people;
        let kappa = self.kappa.map_or_else(String::new, |kappa| {
            format!("; Cohen's kappa is {kappa:.2}")
        });
        format!(
            "{} and {} gave the same answer to {} of {}{kappa}\n",
            escape_control(name(first)),
            escape_control(name(second)),
            self.same,
            count(self.items as u64, "line"),
        )
    }
}

fn name(by: &str) -> &str {
    if by.is_empty() {
        "a person without a name"
    } else {
        by
    }
}

/// Returns how the answers of each pair of people agree, if they have items in common.
fn agreements(sheet: &AnswerSheet) -> Vec<Agreement> {
    let mut people: BTreeMap<&str, BTreeMap<usize, Judgement>> = BTreeMap::new();
    for answer in sheet.iter() {
        let judged = people.entry(&answer.by).or_default();
        judged.insert(answer.item, answer.answer);
    }
    let people: Vec<_> = people.into_iter().collect();
    let mut agreements = Vec::new();
    for (index, (first, theirs)) in people.iter().enumerate() {
        for (second, others) in &people[index + 1..] {
            let pairs: Vec<(Judgement, Judgement)> = theirs
                .iter()
                .filter_map(|(item, judged)| Some((*judged, *others.get(item)?)))
                .collect();
            if !pairs.is_empty() {
                agreements.push(Agreement {
                    people: ((*first).to_owned(), (*second).to_owned()),
                    items: pairs.len(),
                    same: pairs.iter().filter(|(a, b)| a == b).count(),
                    kappa: kappa(&pairs),
                });
            }
        }
    }
    agreements
}

/// Returns Cohen's kappa of pairs of answers.
fn kappa(pairs: &[(Judgement, Judgement)]) -> Option<f64> {
    let total = pairs.len() as f64;
    let same = pairs.iter().filter(|(a, b)| a == b).count() as f64 / total;
    let by_chance: f64 = [Judgement::Chaff, Judgement::Prose, Judgement::Unsure]
        .into_iter()
        .map(|judgement| {
            let first = pairs.iter().filter(|(a, _)| *a == judgement).count() as f64;
            let second = pairs.iter().filter(|(_, b)| *b == judgement).count() as f64;
            first * second / (total * total)
        })
        .sum();
    (by_chance < 1.0).then(|| (same - by_chance) / (1.0 - by_chance))
}

/// Returns what was judged of each rule that removes something.
fn rule_judgements(
    audit: &Audit,
    strata: &[(Stratum, Vec<usize>)],
    sheet: &AnswerSheet,
) -> Vec<RuleJudgements> {
    let mut rules: BTreeMap<&str, RuleJudgements> = BTreeMap::new();
    for (item, facts) in audit.items.iter().enumerate() {
        let Some(rule) = facts.rule.as_deref() else {
            continue;
        };
        if facts.side == AuditSide::Kept {
            continue;
        }
        for answer in sheet.of(item) {
            let judged = rules.entry(rule).or_insert_with(|| RuleJudgements {
                rule: rule.to_owned(),
                chaff: 0,
                prose: 0,
                lost_words: 0.0,
            });
            judged.chaff += usize::from(answer.answer == Judgement::Chaff);
            judged.prose += usize::from(answer.answer == Judgement::Prose);
        }
    }
    for (stratum, items) in strata {
        for (pick, item) in stratum.picks.iter().zip(items) {
            let rule = audit.items[*item].rule.as_deref();
            if let Some(judged) = rule.and_then(|rule| rules.get_mut(rule))
                && stratum.side == Side::Removed
            {
                judged.lost_words += pick.prose * stratum.words / items.len() as f64;
            }
        }
    }
    let mut rules: Vec<RuleJudgements> = rules.into_values().collect();
    rules.sort_by(|a, b| b.lost_words.total_cmp(&a.lost_words));
    rules
}

fn stratum_judgements(
    audit: &Audit,
    answered: &BTreeSet<usize>,
    sheet: &AnswerSheet,
) -> Vec<StratumJudgements> {
    let mut strata: Vec<StratumJudgements> = audit
        .strata
        .iter()
        .map(|stratum| StratumJudgements {
            name: stratum.name.clone(),
            words: stratum.words,
            chaff: 0,
            prose: 0,
            unsure: 0,
        })
        .collect();
    for &item in answered {
        let stratum = &mut strata[audit.items[item].stratum];
        for answer in sheet.of(item) {
            match answer.answer {
                Judgement::Chaff => stratum.chaff += 1,
                Judgement::Prose => stratum.prose += 1,
                Judgement::Unsure => stratum.unsure += 1,
            }
        }
    }
    strata
}

/// Returns a share as a percentage with two or three significant digits, as in `0.21 %`.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        _ if percent >= 10.0 => format!("{percent:.0} %"),
        _ if percent >= 1.0 => format!("{percent:.1} %"),
        _ if percent >= 0.1 => format!("{percent:.2} %"),
        _ if percent > 0.0 => format!("{percent:.3} %"),
        _ => "0 %".to_owned(),
    }
}

/// Returns the bounds of a share in parentheses.
pub(super) fn bounds(interval: Interval) -> String {
    let (low, high) = (percent(interval.low), percent(interval.high));
    format!(" (95 %: {} to {high})", low.trim_end_matches(" %"))
}

/// Returns a number of words with two significant digits, since it is an estimate.
fn words(interval: Interval) -> String {
    let value = interval.value;
    if value < 100.0 {
        return format!("{value:.0}");
    }
    let unit = 10_f64.powf(value.log10().floor() - 1.0);
    format!("{:.0}", (value / unit).round() * unit)
}
