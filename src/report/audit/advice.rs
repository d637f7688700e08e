//! What the answers to an audit suggest: options that keep a promise, and rules.

use super::outcome::{bounds, interval_json, percent};
use crate::report::table::{Table, TableColumn, TableStyle};
use crate::report::{count, escape_control};
use anstyle::Style;
use dechaff_core::audit::Interval;
use serde_json::{Value, json};

/// Another cleaning of the corpus, and what it would lose and leave.
#[derive(Clone, Debug)]
pub struct Alternative {
    /// The options, as in `--level precise`.
    pub options: String,
    /// Share of the words of prose that it removes.
    pub loss: Interval,
    /// Share of the words of chaff that it leaves.
    pub left: Interval,
}

/// What the answers suggest.
#[derive(Clone, Debug)]
pub struct Advice {
    /// Other cleanings, in the order in which they were given.
    pub alternatives: Vec<Alternative>,
    /// The index of the one that leaves least chaff of those that keep the promise.
    pub best: Option<usize>,
    /// Names of rules that removed prose at least as often as chaff.
    pub rules_off: Vec<String>,
    /// A pack with rules that protect lost prose and remove missed chaff; `None` if there is none.
    pub pack: Option<String>,
    /// Lines for which no rule could be made.
    pub without_rule: usize,
}

/// Returns the suggestions as JSON. Shares are from 0 to 1.
#[must_use]
pub fn advice_json(advice: &Advice) -> Value {
    let alternatives: Vec<Value> = advice
        .alternatives
        .iter()
        .map(|other| {
            json!({
                "options": other.options, "loss": interval_json(other.loss),
                "left": interval_json(other.left),
            })
        })
        .collect();
    json!({
        "alternatives": alternatives,
        "options": advice.best.map(|best| &advice.alternatives[best].options),
        "skip": advice.rules_off, "pack": advice.pack, "lines_without_rule": advice.without_rule,
    })
}

/// Returns the suggestions as text. `promise` is the largest loss that is wanted, and `pack` the
/// path of the suggested rules, if there are any.
#[must_use]
pub fn advice_text(advice: &Advice, promise: f64, pack: Option<&str>, style: TableStyle) -> String {
    let mut table = Table::new(&[
        TableColumn::text("options"),
        TableColumn::text("prose lost"),
        TableColumn::text("chaff left"),
    ]);
    for other in &advice.alternatives {
        let shares = [other.loss, other.left];
        let [loss, left] = shares.map(|share| percent(share.value) + &bounds(share));
        table.row(vec![other.options.clone(), loss, left], Style::new());
    }
    let mut text = table.text(style);
    text.push_str(
        "--max-loss names the loss on the labelled pages of dechaff; yours may differ.\n",
    );
    text.push_str(&promise_sentence(advice, promise));
    if !advice.rules_off.is_empty() {
        text.push_str(&format!(
            "These rules removed prose at least as often as chaff; switch them off: --skip {}\n",
            escape_control(&advice.rules_off.join(","))
        ));
    }
    if let Some(path) = pack {
        text.push_str(&format!(
            "Rules for misjudged lines are in {path}; read them, rephrase their examples, and use \
             them with --rules {path}\n"
        ));
    }
    if advice.without_rule > 0 {
        text.push_str(&format!(
            "No rule could be made for {}.\n",
            count(advice.without_rule as u64, "misjudged line")
        ));
    }
    text
}

/// Says which options keep the promise.
fn promise_sentence(advice: &Advice, promise: f64) -> String {
    let share = percent(promise);
    match advice.best {
        Some(best) => format!(
            "To lose at most {share} of the prose, with 95 % confidence: {}\n",
            advice.alternatives[best].options
        ),
        None => match nearest(advice) {
            Some(other) => format!(
                "The answers do not show that any of these options loses at most {share} of the \
                 prose. The nearest is {}, with at most {}; more answers narrow the intervals.\n",
                other.options,
                percent(other.loss.high)
            ),
            None => String::new(),
        },
    }
}

/// Returns the cleaning with the lowest upper bound of the loss.
fn nearest(advice: &Advice) -> Option<&Alternative> {
    let others = advice.alternatives.iter();
    others.min_by(|a, b| a.loss.high.total_cmp(&b.loss.high))
}
