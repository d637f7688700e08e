//! The stages of cleaning one document: runs the filters of each stage, vetoes marks that touch
//! what keep rules protect, applies the others, and extends removals to whole lines.
//!
//! After each stage the view hides the lines that are completely removed, so that the filters of
//! the next stage do not see them. Searching for what keep rules match is expensive, so it is
//! limited to the lines, or hard-wrapped paragraphs, from which something is about to be removed.

use super::cleaned::{Applied, Cleaned, Rest, Veto};
use super::{Engine, Scratch};
use crate::filter::Filter;
use crate::mark::{Mark, Marks};
use crate::model::{Judged, LineModel, Wanted};
use crate::steps;
use crate::text::{
    Document, LINE_ENDS, Span, TextLines, View, has_word, split_joined, union, word_count,
};
use dechaff_rules::rule::{Confidence, Effect, Matcher, Rule, RuleId};
use std::ops::Range;

/// Minimum number of words of a label that is removed as a sentence of a longer line.
const MIN_LABEL_WORDS: usize = 3;

/// What a run records besides the result.
#[derive(Debug, Default)]
pub(super) struct Explained {
    /// Every mark that any rule made, cues and protecting marks included, before marks are extended
    /// to whole lines.
    pub marks: Vec<Mark>,
    /// What the line model told besides its marks.
    pub judged: Judged,
}

/// A document while it passes through the stages.
pub(super) struct DocumentRun<'c, 'd> {
    engine: &'c Engine,
    view: View<'d>,
    /// Marks of keep rules so far, sorted.
    protecting: Vec<Mark>,
    /// Length of the longest of these, in bytes.
    max_protecting_len: usize,
    /// Whether each line was searched for matches of keep rules.
    searched: Vec<bool>,
    /// Whether `protecting` has the marks of certain structures.
    structures_are_protected: bool,
    /// Marks that remove text, in the order of the stages, and their extensions to whole lines.
    applied: Vec<Applied>,
    /// What these remove, as disjoint spans in order.
    removed: Vec<Span>,
    vetoed: Vec<Veto>,
    /// Marks of all effects as filters made them, in the order of the stages.
    all: Vec<Mark>,
    /// Whether `all` must have the marks of keep rules in all lines.
    all_marks: bool,
}

impl<'c, 'd> DocumentRun<'c, 'd> {
    /// Starts a run on a document of which nothing is removed yet. With `all_marks`, keep rules are
    /// matched in all lines, not only in those from which something is about to be removed.
    pub(super) fn new(engine: &'c Engine, view: View<'d>, all_marks: bool) -> Self {
        Self {
            engine,
            searched: vec![false; view.line_count()],
            structures_are_protected: false,
            view,
            protecting: Vec::new(),
            max_protecting_len: 0,
            applied: Vec::new(),
            removed: Vec::new(),
            vetoed: Vec::new(),
            all: Vec::new(),
            all_marks,
        }
    }

    /// Runs all stages and returns the cleaned document, with all marks that were made, and what is
    /// `wanted` of the line model. `document` must be the one that the view shows.
    pub(super) fn finish<'t>(
        mut self,
        document: &Document<'t>,
        scratch: &mut Scratch,
        wanted: Wanted<'_>,
    ) -> (Explained, Cleaned<'t>) {
        let engine = self.engine;
        let mut marks = Marks::default();
        if self.all_marks {
            self.find_protection(0..self.view.line_count(), &mut marks, scratch);
            self.protect_structures(scratch);
        }
        let hits = engine
            .matching
            .mark(&self.view, &mut marks, &mut scratch.search);
        self.apply(marks.take(), scratch);
        self.remove_sentences(scratch);
        self.run_stage(&engine.filters.structure, scratch);
        let mut judged = Judged::default();
        if let Some(model) = &engine.model {
            let Scratch {
                search,
                model: buffers,
                ..
            } = scratch;
            judged = model.mark(&self.view, &hits, &mut marks, buffers, search, wanted);
            self.apply(marks.take(), scratch);
        }
        let model_removes = engine.model.as_ref().is_some_and(LineModel::removes);
        if !model_removes && !self.applied.is_empty() {
            self.run_stage(&engine.filters.without_model, scratch);
        }
        // The last stages repair what removals left behind, such as headings without text.
        for stage in [&engine.filters.context, &engine.filters.spacing] {
            if !self.applied.is_empty() {
                self.run_stage(stage, scratch);
            }
        }
        let explained = Explained {
            marks: self.all,
            judged,
        };
        let cleaned = Cleaned::new(
            document.text(),
            self.applied,
            self.vetoed,
            &engine.rules,
            || self.view.language(),
            engine.max_removed,
        );
        (explained, cleaned)
    }

    /// Removes the sentences that certain whole-line rules match, if the text was joined into a few
    /// long lines.
    fn remove_sentences(&mut self, scratch: &mut Scratch) {
        let Some(document) = split_joined(self.view.lines()) else {
            return;
        };
        let engine = self.engine;
        let lines = TextLines::new(&document, Vec::new());
        let mut run = DocumentRun::new(engine, View::new(&lines), self.all_marks);
        scratch.search.normalized.clear();
        let mut marks = Marks::default();
        engine
            .matching
            .mark(&run.view, &mut marks, &mut scratch.search);
        let marks: Vec<Mark> = marks
            .take()
            .into_iter()
            .filter(|mark| {
                let text = &document.text()[mark.span().range()];
                judges_sentences(engine.rules.get(mark.rule()), text)
            })
            .collect();
        run.apply(marks, scratch);
        scratch.search.normalized.clear();
        self.vetoed.append(&mut run.vetoed);
        self.all.append(&mut run.all);
        let before = self.applied.len();
        self.applied.append(&mut run.applied);
        self.keep_line_ends(before);
        self.add_removed(before);
        self.view.hide(&self.removed);
    }

    /// Shortens the applied marks from index `new` on so that the end of a line stays if text
    /// before the mark stays on that line; otherwise the text would be joined with the next line.
    /// The white space behind that text goes instead.
    fn keep_line_ends(&mut self, new: usize) {
        let document = self.view.document();
        let text = document.text();
        let mut removed = self.removed.clone();
        removed.extend(self.applied[new..].iter().map(|new| new.mark.span()));
        union(&mut removed);
        for run in removed {
            let starts_line = document.line(document.line_at(run.start())).start() == run.start();
            let ends_line = run.end() == text.len() || text[..run.end()].ends_with(LINE_ENDS);
            if starts_line || !ends_line {
                continue;
            }
            let end = text[..run.end()].trim_end().len();
            for applied in &mut self.applied[new..] {
                let span = applied.mark.span();
                if span.end() == run.end() && span.start() < end {
                    applied.mark = applied.mark.on(Span::from_offsets(span.start(), end));
                }
            }
            let gap = Span::from_offsets(text[..run.start()].trim_end().len(), run.start());
            let first = self
                .applied
                .iter()
                .find(|applied| applied.mark.span().start() == run.start());
            if let Some(Applied { mark, .. }) = first
                && !gap.is_empty()
            {
                self.applied.push(Applied {
                    mark: mark.on(gap),
                    rest: Some(Rest::Before),
                });
            }
        }
    }

    /// Runs the filters of a stage on the same view, then applies the union of their marks. The
    /// order of the filters therefore does not matter.
    fn run_stage(&mut self, filters: &[Box<dyn Filter>], scratch: &mut Scratch) {
        let mut marks = Marks::default();
        for filter in filters {
            filter.mark(&self.view, &mut marks, &mut scratch.search.normalized);
        }
        self.apply(marks.take(), scratch);
    }

    /// Applies the marks of a stage. Removing marks that touch protected text are vetoed; the
    /// others are extended to whole lines, and the view hides the lines that they empty. Keep marks
    /// and cues of the same stage take effect first.
    fn apply(&mut self, marks: Vec<Mark>, scratch: &mut Scratch) {
        if marks.is_empty() {
            return;
        }
        let protection = self.protection_around(&marks, scratch);
        for mark in &marks {
            match self.effect(mark) {
                Effect::Keep => self.protecting.push(*mark),
                Effect::Cue(cue) => self.view.add_cue(mark.span(), cue),
                Effect::Remove => {}
            }
        }
        self.add_protection(&protection);
        self.all.extend(marks.iter().chain(&protection));
        let before = self.applied.len();
        for mark in marks {
            if self.effect(&mark) == Effect::Remove {
                match self.protecting_rule(mark.span()) {
                    Some(by) => self.vetoed.push(Veto { mark, by }),
                    None => self.applied.push(Applied { mark, rest: None }),
                }
            }
        }
        if self.applied.len() > before {
            self.add_removed(before);
            let extended = self.applied.len();
            self.extend_to_lines(before);
            self.add_removed(extended);
            self.view.hide(&self.removed);
        }
    }

    /// Returns what keep rules match in the lines of those of `marks` that remove text. Marks in
    /// adjacent lines, which are most of them, are searched for together.
    fn protection_around(&mut self, marks: &[Mark], scratch: &mut Scratch) -> Vec<Mark> {
        let mut protection = Marks::default();
        let mut runs: Vec<Range<usize>> = Vec::new();
        for mark in marks {
            if self.effect(mark) == Effect::Remove {
                self.protect_structures(scratch);
                if !self.engine.matching.leaves_protection() {
                    break;
                }
                let lines = self.view.lines_of(mark.span());
                match runs.last_mut() {
                    Some(last) if lines.start <= last.end => last.end = last.end.max(lines.end),
                    _ => runs.push(lines),
                }
            }
        }
        for lines in runs {
            self.find_protection(lines, &mut protection, scratch);
        }
        protection.take()
    }

    /// Returns the effect of the rule that made `mark`: whether it removes or protects its span, or
    /// is only a cue for the filters of later stages.
    fn effect(&self, mark: &Mark) -> Effect {
        self.engine.rules.get(mark.rule()).effect
    }

    /// Adds to `marks` what keep rules match in `lines` and in the rest of their hard-wrapped
    /// paragraphs. Lines that were searched before are skipped, so that a run searches every line
    /// at most once.
    fn find_protection(&mut self, lines: Range<usize>, marks: &mut Marks, scratch: &mut Scratch) {
        if self.searched[lines.clone()]
            .iter()
            .all(|&searched| searched)
        {
            return;
        }
        let lines = self.view.paragraphs(lines);
        for run in lines
            .clone()
            .collect::<Vec<_>>()
            .chunk_by(|&a, &b| self.searched[a] == self.searched[b])
        {
            let run = run[0]..run[run.len() - 1] + 1;
            if !self.searched[run.start] {
                self.engine
                    .matching
                    .protect(&self.view, run, marks, &mut scratch.search);
            }
        }
        self.searched[lines].fill(true);
    }

    /// Adds the marks of certain structures to those that protect text. Does so once.
    fn protect_structures(&mut self, scratch: &mut Scratch) {
        if !std::mem::replace(&mut self.structures_are_protected, true) {
            let mut marks = Marks::default();
            let text = &mut scratch.search.normalized;
            self.engine
                .filters
                .structures
                .mark(&self.view, &mut marks, text);
            let marks = marks.take();
            self.add_protection(&marks);
            self.all.extend(marks);
        }
    }

    /// Adds marks of keep rules to those that protect text, and restores their order. Call it after
    /// marks were pushed to `protecting`, even if `marks` is empty.
    fn add_protection(&mut self, marks: &[Mark]) {
        self.protecting.extend(marks);
        self.protecting.sort_unstable();
        self.max_protecting_len = self
            .protecting
            .iter()
            .map(|mark| mark.span().len())
            .max()
            .unwrap_or(0);
    }

    /// Returns the keep rule that protects a part of `span`: the one with the lowest id of several,
    /// or `None`. Looks at the marks that start before the end of the span, backwards, until even
    /// the longest mark could not reach the span.
    fn protecting_rule(&self, span: Span) -> Option<RuleId> {
        let count = self
            .protecting
            .partition_point(|mark| mark.span().start() < span.end());
        self.protecting[..count]
            .iter()
            .rev()
            .take_while(|mark| self.max_protecting_len + mark.span().start() > span.start())
            .inspect(|_| steps::count(1))
            .filter(|mark| mark.span().overlaps(span))
            .map(|mark| mark.rule())
            .min()
    }

    /// Adds the applied marks from index `new` on to what is removed.
    fn add_removed(&mut self, new: usize) {
        let applied = &self.applied[new..];
        self.removed
            .extend(applied.iter().map(|applied| applied.mark.span()));
        union(&mut self.removed);
    }

    /// Extends the applied marks from index `new` on to whole lines if everything that is removed
    /// leaves only white space and punctuation of a line. Protected lines are not extended.
    ///
    /// The terminator of a line is kept if the removal starts on an earlier line of which text is
    /// kept. Otherwise that text would be joined with the next line. In this example `[…]` is
    /// removed, and the line feed behind it stays:
    ///
    /// ```text
    /// The bridge opens on Monday. [Sign up
    /// for our newsletter].
    /// It cost four million.
    /// ```
    fn extend_to_lines(&mut self, new: usize) {
        let document = self.view.document();
        let mut more = Vec::new();
        // The last line that was checked, and whether removing its terminator would join kept text
        // with the next line.
        let mut last: Option<(usize, bool)> = None;
        for Applied { mark, .. } in &self.applied[new..] {
            for line in
                document.line_at(mark.span().start())..=document.line_at(mark.span().end() - 1)
            {
                if last.is_some_and(|(last, _)| line <= last) {
                    continue;
                }
                let span = document.line(line);
                let removed = &self.removed;
                let removed =
                    &removed[removed.partition_point(|removed| removed.end() <= span.start())..];
                let is_emptied = span
                    .without(removed)
                    .all(|rest| !has_word(&document.text()[rest.range()]));
                let starts_earlier = removed
                    .first()
                    .is_some_and(|removed| removed.start() < span.start());
                let would_join = starts_earlier
                    && last.is_some_and(|(last, text_stays)| last + 1 == line && text_stays);
                last = Some((line, would_join || !is_emptied));
                if is_emptied && self.protecting_rule(span).is_none() {
                    let line = &document.text()[span.range()];
                    let end = if would_join {
                        span.start() + line.trim_end_matches(LINE_ENDS).len()
                    } else {
                        span.end()
                    };
                    more.extend(Span::from_offsets(span.start(), end).without(removed).map(
                        |gap| Applied {
                            mark: mark.on(gap),
                            rest: Some(if gap.start() == span.start() {
                                Rest::Before
                            } else {
                                Rest::After
                            }),
                        },
                    ));
                }
            }
        }
        self.applied.extend(more);
    }
}

/// Returns whether a rule that matches a whole sentence, `text`, can remove it, or keeps it. Labels
/// need [`MIN_LABEL_WORDS`] words: a shorter sentence, such as "Listen.", may be prose.
fn judges_sentences(rule: &Rule, text: &str) -> bool {
    let is_line = match rule.matcher {
        Matcher::Phrases { line, .. } | Matcher::Patterns { line, .. } => line,
        Matcher::Labels(_) => word_count(text) >= MIN_LABEL_WORDS,
        _ => false,
    };
    is_line && (rule.effect == Effect::Keep || rule.confidence == Confidence::Certain)
}
