//! The line model as a filter: reads a document as a page, scores its units and marks those that score enough. It needs
//! to know what all built-in rules find, whatever rules and level were chosen.

use super::phrases::Phrases;
#[cfg(feature = "cli")]
use crate::document::Document;
use crate::filter::{Filter, Scratch, Stage};
#[cfg(feature = "cli")]
use crate::fold::Lines;
use crate::mark::{Judgement, Marks, Verdict};
#[cfg(feature = "cli")]
use crate::model::Words;
use crate::model::{Model, Page, Scores, Thresholds};
use crate::pack::RuleSet;
use crate::rule::RuleId;
use crate::view::View;

/// A document of fewer units or words is left to the rules.
const FEWEST_UNITS: usize = 4;
const FEWEST_WORDS: usize = 40;

#[derive(Debug)]
pub(crate) struct LineModel {
    rule: RuleId,
    model: Model,
    thresholds: Thresholds,
    /// The built-in rules, where the phrases of the match stage are not all of theirs.
    reader: Option<PageReader>,
}

impl LineModel {
    /// `thresholds` are the raw scores that units must exceed.
    pub(super) fn new(rule: RuleId, model: Model, thresholds: Thresholds, rules: &RuleSet) -> Self {
        let reader = (!rules.has_built_in()).then(PageReader::default);
        Self { rule, model, thresholds, reader }
    }

    /// The raw scores of the units of a page that need one; none if it is too short to judge.
    fn score(&self, page: &Page, needs: impl Fn(usize) -> bool, scores: &mut Scores) {
        scores.by_unit.clear();
        if page.len() >= FEWEST_UNITS && page.words() >= FEWEST_WORDS {
            self.model.score(page, needs, scores);
        }
    }

    /// The units that the model takes: place, raw score. Where rules cut a sentence off another text, what they leave
    /// is not the model's: it was scored as a whole.
    fn over(&self, page: &Page, scores: &[i32]) -> impl Iterator<Item = (usize, i32)> {
        let threshold = self.thresholds.of(page);
        let scored = scores.iter().copied().enumerate();
        scored.filter(move |&(at, score)| score > threshold && !page.is_mixed(at))
    }
}

impl Filter for LineModel {
    fn stage(&self) -> Stage {
        Stage::Model
    }

    fn mark(&self, view: &View<'_>, marks: &mut Marks, scratch: &mut Scratch) {
        if let Some(reader) = &self.reader {
            reader.phrases.mark(view, &mut Marks::default(), scratch);
        }
        let Scratch { page, hints, scores, folded, .. } = scratch;
        page.read(view, hints, Some(&self.model.words), false, folded);
        // What rules took is gone already.
        self.score(page, |at| page.lines(at).any(|line| !view.is_cut(line)), scores);
        for (at, score) in self.over(page, &scores.by_unit) {
            for line in page.lines(at).filter(|&line| !view.is_cut(line) && crate::view::has_word(view.text(line))) {
                marks.add_scored(view.span(line), self.rule, self.model.probability(score));
            }
        }
    }

    fn judgements(&self, all: bool, most: usize, scratch: &mut Scratch) -> Vec<Judgement> {
        let Scratch { page, scores, .. } = scratch;
        self.score(page, |_| true, scores);
        let threshold = self.thresholds.of(page);
        let judge = |(at, &score): (usize, &i32)| Judgement {
            span: page.span(at),
            verdict: match score {
                _ if page.is_plain(at) => Verdict::Prose,
                score if score <= threshold => Verdict::Below,
                _ if page.is_mixed(at) => Verdict::Mixed,
                _ => Verdict::Taken,
            },
            score: self.model.probability(score),
            threshold: self.model.probability(threshold),
            is_whole_page: page.is_whole(),
            weights: if page.is_plain(at) { Vec::new() } else { self.model.weights(page, at, most) },
        };
        let wanted = scores.by_unit.iter().enumerate().filter(|&(at, &score)| all || (score > threshold && !page.is_mixed(at)));
        wanted.map(judge).collect()
    }
}

/// Reads documents as pages, with all built-in rules.
#[derive(Debug)]
pub(crate) struct PageReader {
    phrases: Phrases,
}

impl Default for PageReader {
    fn default() -> Self {
        let rules = RuleSet::built_in();
        Self { phrases: Phrases::new(&rules, &|_| true, true) }
    }
}

impl PageReader {
    /// Reads a document into the page of the scratch, its grams too.
    #[cfg(feature = "cli")]
    pub(crate) fn read<'s>(&self, document: &Document<'_>, words: Option<&Words>, scratch: &'s mut Scratch) -> &'s Page {
        let mut lines = Lines::default();
        lines.fill(document);
        scratch.folded.clear();
        let view = View::new(document, &lines);
        self.phrases.mark(&view, &mut Marks::default(), scratch);
        let Scratch { page, hints, folded, .. } = scratch;
        page.read(&view, hints, words, true, folded);
        page
    }
}
