//! Figures of quality as a table for people and as JSON.

use super::NAME;
use super::table::{Table, TableStyle};
use crate::verify::{Figures, Measured};
use serde_json::{Value, json};

/// A table with a row for each level and group: each figure with its 95 % interval.
#[must_use]
pub fn eval_table<'g>(
    groups: impl Iterator<Item = (&'g str, Option<(&'g str, &'g str)>, &'g Measured)>,
    setting: TableStyle,
) -> String {
    let mut table = Table::new(&[
        "level",
        "pages",
        ">texts",
        ">publ.",
        "precision",
        "recall",
        "F1",
        "prose words lost, %",
        "texts damaged, %",
    ]);
    for (level, by, measured) in groups {
        let name = by.map_or_else(
            || "all".to_owned(),
            |(field, value)| format!("{field}={value}"),
        );
        let figures = measured.tally.figures();
        let cell = |of: fn(&Figures) -> Option<f64>, scale: f64, decimals: usize| {
            let show = |value: Option<f64>| {
                value.map_or_else(
                    || "-".to_owned(),
                    |value| format!("{:.decimals$}", value * scale),
                )
            };
            format!(
                "{} [{}, {}]",
                show(of(&figures)),
                show(of(&measured.low)),
                show(of(&measured.high))
            )
        };
        let cells = [
            level.to_owned(),
            super::escape_control(&name),
            measured.tally.texts.to_string(),
            measured.publishers.to_string(),
            cell(|figures| figures.precision, 1.0, 3),
            cell(|figures| figures.recall, 1.0, 3),
            cell(|figures| figures.f1, 1.0, 3),
            cell(|figures| figures.loss, 100.0, 3),
            cell(|figures| figures.damaged, 100.0, 1),
        ];
        table.row(cells, NAME);
    }
    table.text(setting) + "In brackets: 95 % intervals, publishers drawn anew.\n"
}

/// The same as JSON: shares from 0 to 1, null where there is nothing to divide by.
#[must_use]
pub fn eval_json(level: &str, by: Option<(&str, &str)>, measured: &Measured) -> Value {
    let figures = measured.tally.figures();
    let figure = |of: fn(&Figures) -> Option<f64>| json!({ "value": of(&figures), "low": of(&measured.low), "high": of(&measured.high) });
    json!({
        "level": level, "field": by.map(|by| by.0), "value": by.map(|by| by.1),
        "texts": measured.tally.texts, "publishers": measured.publishers,
        "chaff-lines": measured.tally.chaff.0, "chaff-lines-removed": measured.tally.chaff.1,
        "prose-lines": measured.tally.prose.0, "prose-lines-removed": measured.tally.prose.1,
        "prose-words": measured.tally.words.0, "prose-words-removed": measured.tally.words.1,
        "precision": figure(|figures| figures.precision), "recall": figure(|figures| figures.recall), "f1": figure(|figures| figures.f1),
        "prose-loss": figure(|figures| figures.loss), "damaged": figure(|figures| figures.damaged),
    })
}
