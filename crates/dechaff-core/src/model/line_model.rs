//! The line model as the filter of its stage: reads the features of a document, scores its blocks,
//! and marks the lines of those that score above the threshold of the level.
//!
//! The features include what all built-in rules match, whichever rules and level the user chose, so
//! that scores do not depend on options.

use super::explain::{Decision, ExplainOptions, LineScore};
use super::observed::{ALMOST, Observed};
use super::page::PageFeatures;
use super::{Model, Scores, Thresholds, margin};
use crate::error::Error;
use crate::filter::{MatchFilter, RuleHit};
use crate::mark::{Marks, Score};
use crate::rules::RuleSet;
use crate::search::SearchBuffers;
use crate::text::{View, has_front_matter, has_word};
use dechaff_rules::rule::{Level, RuleId};
use std::ops::Range;

/// Minimum number of blocks of a page that is scored. A shorter one is left to the rules.
const MIN_BLOCKS: usize = 4;
/// Minimum number of words of a page that is scored.
const MIN_WORDS: usize = 40;

/// Maximum number of lines that are scored together, so that memory is bounded. The longest page
/// that the model was trained on has a quarter as many.
const MAX_PAGE_LINES: usize = 1 << 13;

/// Raw score below which a verdict does not need to know that of a block: a probability of a half.
const OBSERVED_SCORE: i32 = 0;

/// The line model with the thresholds of a level.
#[derive(Debug)]
pub(crate) struct LineModel {
    /// The rule that the marks name; `None` if the model removes nothing and only observes.
    rule: Option<RuleId>,
    model: Model,
    thresholds: Thresholds,
    /// Finds the hits of the built-in rules if the match stage cannot, because the rule set does
    /// not contain all of them.
    hit_filter: Option<MatchFilter>,
}

/// Buffers that a thread keeps from one document to the next.
#[derive(Debug, Default)]
pub(crate) struct ModelBuffers {
    page: PageFeatures,
    scores: Scores,
    /// Scores of the blocks that only a verdict needs.
    more_scores: Scores,
}

/// What the line model has to tell of a document besides its marks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'o> {
    /// Which of its judgements to explain, if any.
    pub explain: Option<&'o ExplainOptions>,
    /// Whether to observe the document for a verdict.
    pub observe: bool,
}

/// What the line model tells of a document besides its marks.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// How it scored the blocks that the options select, in order.
    pub scores: Vec<LineScore>,
    /// What it saw, if that was wanted.
    pub observed: Option<Observed>,
}

impl LineModel {
    /// Name of the rule of the model's marks.
    pub(crate) const RULE: &str = "model/line";

    /// Loads the built-in model. Its marks name the rule `rule`. The thresholds are those of
    /// `level`, or follow from `max_loss` (0 to 1), the share of the words of prose that rules and
    /// model together may remove.
    ///
    /// # Errors
    /// [`Error::Model`] if the model does not fit this version, [`Error::Option`] if no threshold
    /// was measured to lose as little as `max_loss`.
    pub(crate) fn new(
        rule: RuleId,
        rules: &RuleSet,
        level: Level,
        max_loss: Option<f64>,
    ) -> Result<Self, Error> {
        let model = Model::built_in()?;
        let thresholds = match max_loss {
            Some(share) => model.thresholds_for(level, share)?,
            None => model.thresholds(level),
        };
        Ok(Self::with_thresholds(Some(rule), rules, model, thresholds))
    }

    /// Loads the built-in model to observe documents from which it removes nothing.
    ///
    /// # Errors
    /// [`Error::Model`] if the model does not fit this version.
    pub(crate) fn observer(rules: &RuleSet) -> Result<Self, Error> {
        let model = Model::built_in()?;
        Ok(Self::with_thresholds(None, rules, model, Thresholds::NONE))
    }

    fn with_thresholds(
        rule: Option<RuleId>,
        rules: &RuleSet,
        model: Model,
        thresholds: Thresholds,
    ) -> Self {
        Self {
            rule,
            model,
            thresholds,
            hit_filter: (!rules.has_built_in()).then(built_in_hits),
        }
    }

    /// Returns whether the model removes lines, or only observes.
    pub(crate) fn removes(&self) -> bool {
        self.rule.is_some()
    }

    /// Returns a raw score as a probability; see [`Model::probability`].
    pub(crate) fn probability(&self, raw: i32) -> Score {
        self.model.probability(raw)
    }

    /// Adds a scored mark for each line that the model removes, and returns what is wanted besides.
    /// `hits` are the matches of the built-in rules in the match stage, sorted by span.
    pub(crate) fn mark(
        &self,
        view: &View<'_>,
        hits: &[RuleHit],
        marks: &mut Marks,
        buffers: &mut ModelBuffers,
        search: &mut SearchBuffers,
        wanted: Wanted<'_>,
    ) -> Judged {
        let own_hits = self
            .hit_filter
            .as_ref()
            .map(|filter| filter.mark(view, &mut Marks::default(), search));
        let mut hits = own_hits.as_deref().unwrap_or(hits);
        let explain = wanted.explain;
        let mut judged = Judged {
            observed: wanted.observe.then(Observed::default),
            ..Judged::default()
        };
        let is_scored = !has_front_matter(view.lines());
        if !is_scored && !wanted.observe {
            return judged;
        }
        let ModelBuffers {
            page,
            scores,
            more_scores,
        } = buffers;
        for lines in pages(view) {
            let start = view.span(lines.start).start();
            hits = &hits[hits
                .iter()
                .take_while(|hit| hit.span.end() <= start)
                .count()..];
            let words = Some(&self.model.words);
            page.read(view, lines, hits, words, false, &mut search.normalized);
            scores.by_block.clear();
            if is_scored && self.removes() {
                self.score_for_marks(page, view, explain.is_some(), scores);
                self.mark_lines(page, view, &scores.by_block, marks);
            }
            if let Some(options) = explain {
                let explained = self.explain(page, &scores.by_block, options);
                judged.scores.extend(explained);
            }
            if let Some(observed) = &mut judged.observed {
                if is_scored {
                    self.add_scores(page, scores, more_scores);
                }
                let threshold = self.thresholds.for_page(page);
                observed.add(page, &scores.by_block, threshold, margin(page));
            }
        }
        judged
    }

    /// Computes the raw scores that decide which lines of a page are marked. A block that rules
    /// removed needs no score unless it has to be explained, and a block below the threshold needs
    /// no exact one.
    fn score_for_marks(
        &self,
        page: &PageFeatures,
        view: &View<'_>,
        explain: bool,
        scores: &mut Scores,
    ) {
        let threshold = if explain {
            i32::MIN
        } else {
            self.thresholds.for_page(page)
        };
        self.score(
            page,
            |block| explain || page.lines(block).any(|line| !view.is_cut(line)),
            threshold,
            scores,
        );
    }

    /// Adds a mark for each line of the blocks that the model removes from a page.
    fn mark_lines(&self, page: &PageFeatures, view: &View<'_>, scores: &[i32], marks: &mut Marks) {
        let Some(rule) = self.rule else { return };
        for (block, score) in self.above_threshold(page, scores) {
            for line in page.lines(block) {
                if !view.is_cut(line) && has_word(view.text(line)) {
                    let score = self.model.probability(score);
                    marks.add_scored(view.span(line), rule, score);
                }
            }
        }
    }

    /// Computes the raw scores of the blocks that `needs_score` selects, as far as they exceed
    /// `threshold`. Leaves `scores` empty if the page is too short to be judged, or a law.
    fn score(
        &self,
        page: &PageFeatures,
        needs_score: impl Fn(usize) -> bool,
        threshold: i32,
        scores: &mut Scores,
    ) {
        scores.by_block.clear();
        if page.len() >= MIN_BLOCKS && page.word_count() >= MIN_WORDS && !page.is_law() {
            self.model.score(page, needs_score, threshold, scores);
        }
    }

    /// Adds the scores that only a verdict needs to those by which lines were marked: of blocks that
    /// rules removed, and of blocks that were almost removed. They are computed separately, because
    /// which trees see a block depends on the threshold and on the blocks beside it, and a verdict
    /// must not change what is removed. `more` is a buffer.
    fn add_scores(&self, page: &PageFeatures, scores: &mut Scores, more: &mut Scores) {
        let known = &mut scores.by_block;
        let almost = self.thresholds.for_page(page).saturating_sub(ALMOST);
        self.score(
            page,
            |block| known.get(block).is_none_or(|&score| score == i32::MIN),
            almost.min(OBSERVED_SCORE),
            more,
        );
        known.resize(more.by_block.len(), i32::MIN);
        for (known, &more) in known.iter_mut().zip(&more.by_block) {
            *known = more.max(*known);
        }
    }

    /// Iterates over the blocks that the model removes, with their raw scores. Blocks that rules
    /// remove in part are left out: they were scored as a whole, which says nothing about the rest.
    /// So are those that are kept whatever their score.
    fn above_threshold(
        &self,
        page: &PageFeatures,
        scores: &[i32],
    ) -> impl Iterator<Item = (usize, i32)> {
        let threshold = self.thresholds.for_page(page);
        let scored = scores.iter().copied().enumerate();
        scored.filter(move |&(block, score)| {
            score > threshold && !page.is_partly_removed(block) && !page.is_kept(block)
        })
    }

    /// Returns how the model judged the blocks of a page that `options` selects: all of them, or
    /// those that it removes. Returns nothing for a page without scores.
    fn explain(
        &self,
        page: &PageFeatures,
        scores: &[i32],
        options: &ExplainOptions,
    ) -> Vec<LineScore> {
        let threshold = self.thresholds.for_page(page);
        let scored = scores.iter().copied().enumerate();
        scored
            .map(|(block, score)| (block, score, decide(page, block, score, threshold)))
            .filter(|&(.., decision)| options.all_lines || decision == Decision::Removed)
            .map(|(block, score, decision)| LineScore {
                span: page.span(block),
                decision,
                score: self.model.probability(score),
                threshold: self.model.probability(threshold),
                page: page.kind(),
                weights: if decision == Decision::Prose || options.max_features == 0 {
                    Vec::new()
                } else {
                    self.model.weights(page, block, options.max_features)
                },
            })
            .collect()
    }
}

/// Returns what the model does with a block of this raw score. The raw score of plain prose does
/// not matter, since it was not computed.
fn decide(page: &PageFeatures, block: usize, score: i32, threshold: i32) -> Decision {
    if page.is_kept(block) {
        Decision::Prose
    } else if score <= threshold {
        Decision::Below
    } else if page.is_partly_removed(block) {
        Decision::Mixed
    } else {
        Decision::Removed
    }
}

/// Returns a filter that collects the hits of all built-in rules, whichever the user enabled. Its
/// marks are not needed and can be dropped.
pub(super) fn built_in_hits() -> MatchFilter {
    MatchFilter::new(&RuleSet::built_in(), |_| true, true)
}

/// Splits the lines of a view into pages of about equal size that end where a block does. A page
/// has at most [`MAX_PAGE_LINES`] lines, and the rest of its last block.
fn pages(view: &View<'_>) -> impl Iterator<Item = Range<usize>> {
    let parts = view.line_count().div_ceil(MAX_PAGE_LINES);
    (0..parts)
        .map(move |part| page_start(view, part, parts)..page_start(view, part + 1, parts))
        .filter(|lines| !lines.is_empty())
}

/// Returns the first line of the page `part` of a view that is split into `parts` pages; the number
/// of lines if `part` is the number of pages.
fn page_start(view: &View<'_>, part: usize, parts: usize) -> usize {
    match part * view.line_count() / parts {
        0 => 0,
        line => view.paragraphs(line - 1..line).end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Document, TextLines};

    #[test]
    fn pages_have_each_line_once_and_end_where_paragraphs_do() {
        let wrapped = "The council voted on Monday to close the bridge for works that will\n\
            last until the end of next year, and said that.\n";
        for (line, times) in [
            ("One.\n", 1),
            ("One.\n", 8192),
            ("One.\n", 8193),
            (wrapped, 12_289),
            ("", 1),
        ] {
            let text = line.repeat(times);
            let document = Document::new(&text).unwrap();
            let lines = TextLines::new(&document, Vec::new());
            let view = View::new(&lines);
            let mut from = 0;
            for page in pages(&view) {
                assert!(
                    page.start == from
                        && page.len() <= MAX_PAGE_LINES + 2
                        && !lines.continues(page.start)
                );
                from = page.end;
            }
            assert_eq!(from, view.line_count());
        }
    }
}
