//! Validates the intervals of `dechaff audit`: draws many samples of labelled pages, answers them
//! by the labels, and counts how often the intervals contain the true loss and the true share of
//! chaff that is left. It is a development tool and not part of the dechaff command.

#[path = "../corpus.rs"]
mod corpus;

use anyhow::{Result, ensure};
use clap::Parser;
use corpus::{LabelledPage, read_pages};
use dechaff_core::audit::{
    Class, Estimate, Interval, Pick, Sample, Sampler, Side, Stratum, UnitPlace, answered_picks,
    estimate, units,
};
use dechaff_core::verify::Label;
use dechaff_core::{Cleaner, Document, Level, Scratch};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Prints how often the intervals of an audit contain the true values, as a table in Markdown.
#[derive(Debug, Parser)]
struct Arguments {
    /// JSON Lines, plain or gzip, with the fields text, labels and split
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Use only pages of this split
    #[arg(long, default_value = "valid")]
    split: String,
    /// Field whose values are corpora of their own
    #[arg(long, default_value = "page_type")]
    by: String,
    /// Values of the field
    #[arg(long, value_delimiter = ',', default_value = "article,forum,product")]
    values: Vec<String>,
    /// Number of answers to each sample
    #[arg(long, default_value_t = 400)]
    answers: usize,
    /// Number of samples
    #[arg(long, default_value_t = 100)]
    draws: u64,
}

/// A unit of a labelled page.
struct LabelledUnit {
    page: usize,
    line: usize,
    words: u64,
    class: Class,
    rule: String,
    label: Label,
}

/// The true values of a corpus, and what the samples said.
struct Coverage {
    loss: f64,
    left: f64,
    estimates: Vec<Estimate>,
}

#[allow(clippy::print_stdout, reason = "this is a command")]
fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut pages = Vec::new();
    for file in &arguments.files {
        for page in read_pages(file)? {
            let page = page?;
            if page.field("split") == arguments.split {
                pages.push(page);
            }
        }
    }
    ensure!(!pages.is_empty(), "no page is of the split");
    println!(
        "| level | pages | prose lost | mean interval | contains it | chaff left | contains it |"
    );
    println!("|---|---|---|---|---|---|---|");
    for level in Level::ALL {
        let cleaner = Cleaner::builder().level(*level).build()?;
        for value in &arguments.values {
            let chosen = pages
                .iter()
                .filter(|page| page.field(&arguments.by) == value);
            let chosen: Vec<&LabelledPage> = chosen.collect();
            let coverage = Coverage::measure(&chosen, &cleaner, &arguments);
            println!(
                "| {level} | {value} ({}) {}",
                chosen.len(),
                coverage.cells()
            );
        }
    }
    Ok(())
}

impl Coverage {
    fn measure(pages: &[&LabelledPage], cleaner: &Cleaner, arguments: &Arguments) -> Self {
        let units = all_units(pages, cleaner);
        Self {
            loss: share(&units, Side::Removed, Label::Keep),
            left: share(&units, Side::Kept, Label::Drop),
            estimates: (0..arguments.draws)
                .into_par_iter()
                .map(|seed| estimate_sample(pages, &units, seed, arguments.answers))
                .collect(),
        }
    }

    /// Returns the cells of the table after the first two.
    fn cells(&self) -> String {
        format!(
            "| {:.3} % | {:.3} to {:.3} % | {} of {} | {:.2} | {} of {} |",
            self.loss * 100.0,
            self.mean(|found| found.loss.low) * 100.0,
            self.mean(|found| found.loss.high) * 100.0,
            self.hits(|found| found.loss, self.loss),
            self.estimates.len(),
            self.left,
            self.hits(|found| found.left, self.left),
            self.estimates.len(),
        )
    }

    fn mean(&self, bound: fn(&Estimate) -> f64) -> f64 {
        self.estimates.iter().map(bound).sum::<f64>() / self.estimates.len() as f64
    }

    /// Returns how many intervals contain the true value.
    fn hits(&self, interval: fn(&Estimate) -> Interval, value: f64) -> usize {
        let found = self.estimates.iter();
        found
            .filter(|found| interval(found).contains(value))
            .count()
    }
}

/// Returns the units of all pages with the labels of their lines.
fn all_units(pages: &[&LabelledPage], cleaner: &Cleaner) -> Vec<LabelledUnit> {
    let by_page: Vec<Vec<LabelledUnit>> = pages
        .par_iter()
        .enumerate()
        .map_init(Scratch::default, |scratch, (index, page)| {
            let Ok(document) = Document::new(&page.text) else {
                return Vec::new();
            };
            let (scores, cleaned) = cleaner.scores(&document, scratch);
            let units = units(&cleaned, &scores, cleaner.rules());
            let labelled = units.into_iter().map(|unit| LabelledUnit {
                page: index,
                line: unit.line,
                words: unit.words,
                class: unit.class,
                rule: unit
                    .rule
                    .map(|rule| cleaner.rules().get(rule).name.clone())
                    .unwrap_or_default(),
                label: page.labels[unit.line],
            });
            labelled.collect()
        })
        .collect();
    by_page.into_iter().flatten().collect()
}

fn words(units: &[LabelledUnit], side: Side, label: Label) -> f64 {
    let chosen = units
        .iter()
        .filter(|unit| unit.class.side() == side && unit.label == label);
    chosen.map(|unit| unit.words as f64).sum()
}

/// Returns the share of the words with this label that are on this side; 0 if there are none.
fn share(units: &[LabelledUnit], side: Side, label: Label) -> f64 {
    let both = words(units, Side::Removed, label) + words(units, Side::Kept, label);
    words(units, side, label) / both.max(1.0)
}

/// Draws a sample, answers it by the labels, and returns the estimate.
fn estimate_sample(
    pages: &[&LabelledPage],
    units: &[LabelledUnit],
    seed: u64,
    answers: usize,
) -> Estimate {
    let mut sampler = Sampler::new(seed);
    for unit in units {
        let document = format!("{}#{}", pages[unit.page].field("id"), unit.page);
        let place = UnitPlace {
            document: &document,
            line: unit.line,
        };
        sampler.offer(unit.class, place, unit.words, || {
            let page = pages[unit.page];
            let key = [&unit.rule, page.field("lang"), page.field("publisher")].join("\u{1f}");
            (key, unit)
        });
    }
    let sample = sampler.draw(answers);
    let answered: BTreeSet<usize> = (0..sample.items.len()).collect();
    let strata: Vec<Stratum> = sample
        .strata
        .iter()
        .map(|stratum| Stratum {
            side: stratum.class.side(),
            words: stratum.words as f64,
            picks: answered_picks(&stratum.picks, &answered)
                .into_iter()
                .map(|item| pick(&sample, item))
                .collect(),
        })
        .collect();
    estimate(&strata)
}

fn pick(sample: &Sample<&LabelledUnit>, item: usize) -> Pick {
    let item = &sample.items[item];
    Pick {
        words: item.words as f64,
        document: item.payload.page,
        prose: f64::from(u8::from(item.payload.label == Label::Keep)),
        chaff: f64::from(u8::from(item.payload.label == Label::Drop)),
    }
}
