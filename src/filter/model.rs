//! The line model as a filter: reads a document as a page, scores its units and marks those that score enough. It needs
//! to know what all built-in rules find, whatever rules and level were chosen.

use super::phrases::MatchFilter;
#[cfg(feature = "cli")]
use crate::document::Document;
use crate::filter::{ExplainRequest, Filter, Scratch, Stage};
#[cfg(feature = "cli")]
use crate::fold::TextLines;
use crate::mark::{Decision, LineScore, Marks};
#[cfg(feature = "cli")]
use crate::model::WordTable;
use crate::model::{Model, PageFeatures, Scores, Thresholds};
use crate::pack::RuleSet;
use crate::rule::RuleId;
use crate::view::View;
use std::ops::Range;

/// A document of fewer units or words is left to the rules.
const FEWEST_UNITS: usize = 4;
const FEWEST_WORDS: usize = 40;
/// One of more lines is judged in parts, so that it takes no more memory. The longest page that the model learned from has
/// a quarter of them.
const LONGEST_PAGE: usize = 1 << 13;

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
        Self {
            rule,
            model,
            thresholds,
            reader,
        }
    }

    /// The raw scores of the units of a page that need one; none if it is too short to judge.
    fn score(&self, page: &PageFeatures, needs: impl Fn(usize) -> bool, scores: &mut Scores) {
        scores.by_unit.clear();
        if page.len() >= FEWEST_UNITS && page.words() >= FEWEST_WORDS {
            self.model.score(page, needs, scores);
        }
    }

    /// The units that the model takes: place, raw score. Where rules cut a sentence off another text, what they leave
    /// is not the model's: it was scored as a whole.
    fn over(&self, page: &PageFeatures, scores: &[i32]) -> impl Iterator<Item = (usize, i32)> {
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
        let Scratch {
            page,
            hints,
            scores,
            folded,
            judging,
            ..
        } = scratch;
        let mut hints = hints.as_slice();
        for lines in pages(view) {
            let start = view.span(lines.start).start();
            hints = &hints[hints
                .iter()
                .take_while(|hint| hint.span.end() <= start)
                .count()..];
            page.read(view, lines, hints, Some(&self.model.words), false, folded);
            // What rules took is gone already.
            let is_left = |at: usize| page.lines(at).any(|line| !view.is_cut(line));
            self.score(page, |at| judging.is_some() || is_left(at), scores);
            for (at, score) in self.over(page, &scores.by_unit) {
                for line in page
                    .lines(at)
                    .filter(|&line| !view.is_cut(line) && crate::view::has_word(view.text(line)))
                {
                    marks.add_scored(view.span(line), self.rule, self.model.probability(score));
                }
            }
            if let Some(judging) = judging {
                self.judge(page, &scores.by_unit, judging);
            }
        }
    }
}

impl LineModel {
    /// Notes how it judged the units of a page.
    fn judge(&self, page: &PageFeatures, scores: &[i32], judging: &mut ExplainRequest) {
        let threshold = self.thresholds.of(page);
        let judge = |(at, &score): (usize, &i32)| LineScore {
            span: page.span(at),
            verdict: match score {
                _ if page.is_plain(at) => Decision::Prose,
                score if score <= threshold => Decision::Below,
                _ if page.is_mixed(at) => Decision::Mixed,
                _ => Decision::Taken,
            },
            score: self.model.probability(score),
            threshold: self.model.probability(threshold),
            is_whole_page: page.is_whole(),
            weights: if page.is_plain(at) {
                Vec::new()
            } else {
                self.model.weights(page, at, judging.most)
            },
        };
        let wanted =
            |at: usize, score: i32| judging.all || (score > threshold && !page.is_mixed(at));
        judging.found.extend(
            scores
                .iter()
                .enumerate()
                .filter(|&(at, &score)| wanted(at, score))
                .map(judge),
        );
    }
}

/// The lines of a view as pages: all of them or, of a large document, parts of like size that end where a unit does.
fn pages(view: &View<'_>) -> impl Iterator<Item = Range<usize>> {
    let (count, parts) = (view.line_count(), view.line_count().div_ceil(LONGEST_PAGE));
    let edge = move |part: usize| match part * count / parts {
        0 => 0,
        line => view.paragraphs(line - 1..line).end,
    };
    (0..parts)
        .map(move |part| edge(part)..edge(part + 1))
        .filter(|lines| !lines.is_empty())
}

/// Reads documents as pages, with all built-in rules.
#[derive(Debug)]
pub(crate) struct PageReader {
    phrases: MatchFilter,
}

impl Default for PageReader {
    fn default() -> Self {
        let rules = RuleSet::built_in();
        Self {
            phrases: MatchFilter::new(&rules, &|_| true, true),
        }
    }
}

impl PageReader {
    /// Reads a document into the page of the scratch, its grams too.
    #[cfg(feature = "cli")]
    pub(crate) fn read<'s>(
        &self,
        document: &Document<'_>,
        words: Option<&WordTable>,
        scratch: &'s mut Scratch,
    ) -> &'s PageFeatures {
        let lines = TextLines::new(document, Vec::new());
        scratch.folded.clear();
        let view = View::new(&lines);
        self.phrases.mark(&view, &mut Marks::default(), scratch);
        let Scratch {
            page,
            hints,
            folded,
            ..
        } = scratch;
        page.read(&view, 0..view.line_count(), hints, words, true, folded);
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;
    use crate::fold::TextLines;

    #[test]
    fn pages_have_each_line_once_and_end_where_paragraphs_do() {
        let wrapped = "The council voted on Monday to close the bridge for works that will\nlast until the end of next year, and said that.\n";
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
                        && page.len() <= LONGEST_PAGE + 2
                        && !lines.continues(page.start)
                );
                from = page.end;
            }
            assert_eq!(from, view.line_count());
        }
    }
}
