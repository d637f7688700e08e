//! The quality figures of `dechaff eval` as a table for people and as JSON. `verify` measures them;
//! this file only formats them.

use super::table::{Table, TableColumn, TableStyle};
use super::{NAME, escape_control};
use dechaff_core::verify::{Figures, Measured};
use serde_json::{Value, json};

/// Selects one figure of a measurement, so that a function can read it from the estimate and from
/// both bounds of its interval.
type Figure = fn(&Figures) -> Option<f64>;

/// Returns a table with a row for each level and group of pages. A group is a field of the corpus
/// with one of its values, or `None` for all pages. Each figure has its 95 % interval in brackets.
/// With `has_gold`, the last two columns are the word F1 against the main texts.
#[must_use]
pub fn eval_table<'g>(
    groups: impl Iterator<Item = (&'g str, Option<(&'g str, &'g str)>, &'g Measured)>,
    has_gold: bool,
    style: TableStyle,
) -> String {
    let mut columns = vec![
        TableColumn::text("level"),
        TableColumn::text("pages"),
        TableColumn::number("texts"),
        TableColumn::number("publ."),
        TableColumn::text("precision"),
        TableColumn::text("recall"),
        TableColumn::text("F1"),
        TableColumn::text("prose words lost, %"),
        TableColumn::text("texts damaged, %"),
    ];
    if has_gold {
        columns.push(TableColumn::text("word F1 before"));
        columns.push(TableColumn::text("word F1 after"));
    }
    let mut table = Table::new(&columns);
    for (level, group, measured) in groups {
        let name = group.map_or_else(
            || "all".to_owned(),
            |(field, value)| format!("{field}={value}"),
        );
        let mut cells = vec![
            level.to_owned(),
            escape_control(&name),
            measured.tally.texts.to_string(),
            measured.publishers.to_string(),
            with_interval(measured, |figures| figures.precision, 1.0, 3),
            with_interval(measured, |figures| figures.recall, 1.0, 3),
            with_interval(measured, |figures| figures.f1, 1.0, 3),
            with_interval(measured, |figures| figures.loss, 100.0, 3),
            with_interval(measured, |figures| figures.damaged, 100.0, 1),
        ];
        if has_gold {
            cells.push(with_interval(measured, |figures| figures.source_f1, 1.0, 3));
            cells.push(with_interval(
                measured,
                |figures| figures.cleaned_f1,
                1.0,
                3,
            ));
        }
        table.row(cells, NAME);
    }
    table.text(style) + "In brackets: 95 % intervals from resampling the publishers.\n"
}

/// Returns a figure as `value [low, high]`. Each number is multiplied by `scale`, 100 for percent,
/// and has this number of decimals.
fn with_interval(measured: &Measured, figure: Figure, scale: f64, decimals: usize) -> String {
    let [value, low, high] = [&measured.tally.figures(), &measured.low, &measured.high]
        .map(figure)
        .map(|value| {
            value.map_or_else(
                || "-".to_owned(),
                |value| format!("{:.decimals$}", value * scale),
            )
        });
    format!("{value} [{low}, {high}]")
}

/// Returns the figures of one group as JSON. Unlike in the table, shares are from 0 to 1, and the
/// counts that they are made of are there too. A share whose denominator is 0 is null.
#[must_use]
pub fn eval_json(level: &str, group: Option<(&str, &str)>, measured: &Measured) -> Value {
    let counts = &measured.tally;
    json!({
        "level": level, "field": group.map(|(field, _)| field),
        "value": group.map(|(_, value)| value),
        "texts": counts.texts, "publishers": measured.publishers,
        "chaff-lines": counts.chaff.0, "chaff-lines-removed": counts.chaff.1,
        "prose-lines": counts.prose.0, "prose-lines-removed": counts.prose.1,
        "prose-words": counts.words.0, "prose-words-removed": counts.words.1,
        "precision": figure_json(measured, |figures| figures.precision),
        "recall": figure_json(measured, |figures| figures.recall),
        "f1": figure_json(measured, |figures| figures.f1),
        "prose-loss": figure_json(measured, |figures| figures.loss),
        "damaged": figure_json(measured, |figures| figures.damaged),
        "word-f1-before": figure_json(measured, |figures| figures.source_f1),
        "word-f1": figure_json(measured, |figures| figures.cleaned_f1),
    })
}

/// Returns a figure with the bounds of its 95 % interval as JSON, each null if there is nothing to
/// divide by.
fn figure_json(measured: &Measured, figure: Figure) -> Value {
    json!({
        "value": figure(&measured.tally.figures()),
        "low": figure(&measured.low), "high": figure(&measured.high),
    })
}
