//! One document on its way through the stages: protects what keep rules match, applies the marks of each stage, and extends
//! removals to lines.

use super::cleaned::{Cleaned, Veto};
use super::{Engine, Scratch};
use crate::filter::Filter;
use crate::mark::{Mark, Marks};
use crate::model::{ExplainOptions, LineScore};
use crate::text::{Document, Span, View, has_word, union};
use dechaff_rules::rule::{Effect, RuleId};
use std::ops::Range;

/// What a run records beside the result.
#[derive(Debug, Default)]
pub(super) struct Explained {
    /// Every mark that any rule made, cues and protection included.
    pub marks: Vec<Mark>,
    /// How the line model scored lines.
    pub scores: Vec<LineScore>,
}

/// One document on its way through the stages.
pub(super) struct DocumentRun<'c, 'd> {
    engine: &'c Engine,
    view: View<'d>,
    /// What keep rules protect, with the rule, sorted.
    kept: Vec<Mark>,
    /// The length of the longest of these, in bytes.
    max_keep_len: usize,
    /// Lines that were searched for what protects them.
    searched: Vec<bool>,
    applied: Vec<Mark>,
    vetoed: Vec<Veto>,
    /// Every mark that was made, as it was made; protection everywhere too, if all are wanted, and not only where something
    /// would go.
    made: Vec<Mark>,
    all_marks: bool,
}

impl<'c, 'd> DocumentRun<'c, 'd> {
    pub(super) fn new(engine: &'c Engine, view: View<'d>, all_marks: bool) -> Self {
        Self {
            engine,
            searched: vec![false; view.line_count()],
            view,
            kept: Vec::new(),
            max_keep_len: 0,
            applied: Vec::new(),
            vetoed: Vec::new(),
            made: Vec::new(),
            all_marks,
        }
    }

    /// Runs all stages. Returns the cleaned document and, if `explain` is given, how the line model scored its lines.
    pub(super) fn finish<'t>(
        mut self,
        document: &Document<'t>,
        scratch: &mut Scratch,
        explain: Option<&ExplainOptions>,
    ) -> (Explained, Cleaned<'t>) {
        let engine = self.engine;
        let mut marks = Marks::default();
        if self.all_marks {
            self.protect(0..self.view.line_count(), &mut marks, scratch);
        }
        let hits = engine
            .matching
            .mark(&self.view, &mut marks, &mut scratch.search);
        self.apply(marks.take(), scratch);
        self.run_stage(&engine.filters.structure, scratch);
        let mut scores = Vec::new();
        if let Some(model) = &engine.model {
            let Scratch {
                search,
                model: buffers,
                ..
            } = scratch;
            scores = model.mark(&self.view, &hits, &mut marks, buffers, search, explain);
            self.apply(marks.take(), scratch);
        }
        // The last stages repair what removals left behind.
        for stage in [&engine.filters.context, &engine.filters.spacing] {
            if !self.applied.is_empty() {
                self.run_stage(stage, scratch);
            }
        }
        let explained = Explained {
            marks: self.made,
            scores,
        };
        let cleaned = Cleaned::new(
            document.text(),
            self.applied,
            self.vetoed,
            &engine.rules,
            engine.max_removed,
        );
        (explained, cleaned)
    }

    /// Runs the filters of a stage on the same view, then applies their marks.
    fn run_stage(&mut self, filters: &[Box<dyn Filter>], scratch: &mut Scratch) {
        let mut marks = Marks::default();
        for filter in filters {
            filter.mark(&self.view, &mut marks, &mut scratch.search.normalized);
        }
        self.apply(marks.take(), scratch);
    }

    /// Takes the marks of a stage: sets aside what protects, vetoes what touches it, and hides the rest.
    fn apply(&mut self, marks: Vec<Mark>, scratch: &mut Scratch) {
        if marks.is_empty() {
            return;
        }
        let rules = &self.engine.rules;
        let effect = |mark: &&Mark| rules.get(mark.rule()).effect;
        let mut protection = Marks::default();
        for mark in marks.iter().filter(|mark| effect(mark) == Effect::Remove) {
            self.protect(self.view.lines_of(mark.span()), &mut protection, scratch);
        }
        let protection = protection.take();
        self.keep(
            marks
                .iter()
                .filter(|mark| effect(mark) == Effect::Keep)
                .chain(&protection)
                .copied(),
        );
        for mark in &marks {
            if let Effect::Cue(cue) = rules.get(mark.rule()).effect {
                self.view.add_cue(mark.span(), cue);
            }
        }
        self.made.extend(marks.iter().chain(&protection));
        let before = self.applied.len();
        for mark in marks
            .into_iter()
            .filter(|mark| effect(&mark) == Effect::Remove)
        {
            match self.protector(mark.span()) {
                Some(by) => self.vetoed.push(Veto { mark, by }),
                None => self.applied.push(mark),
            }
        }
        if self.applied.len() > before {
            self.extend_to_lines(before, &self.cut());
            let cut = self.cut();
            self.view.hide(&cut);
        }
    }

    /// Has filters look for what protects these lines, where they have not yet.
    fn protect(&mut self, lines: Range<usize>, marks: &mut Marks, scratch: &mut Scratch) {
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

    fn keep(&mut self, marks: impl Iterator<Item = Mark>) {
        self.kept.extend(marks);
        self.kept.sort_unstable();
        self.max_keep_len = self
            .kept
            .iter()
            .map(|mark| mark.span().len())
            .max()
            .unwrap_or(0);
    }

    /// A rule that protects a part of a span.
    fn protector(&self, span: Span) -> Option<RuleId> {
        let reach = self
            .kept
            .partition_point(|mark| mark.span().start() < span.end());
        let reached = self.kept[..reach]
            .iter()
            .rev()
            .take_while(|mark| self.max_keep_len + mark.span().start() > span.start());
        reached
            .filter(|mark| mark.span().overlaps(span))
            .map(|mark| mark.rule())
            .min()
    }

    fn cut(&self) -> Vec<Span> {
        let mut cut = self.applied.iter().map(|mark| mark.span()).collect();
        union(&mut cut);
        cut
    }

    /// Where the marks from `new` on leave nothing but white space and punctuation of a line, lets them take all of it.
    /// The end of a line stays where the removal began in an earlier line of which something is left, so that this is
    /// not joined with what follows.
    fn extend_to_lines(&mut self, new: usize, cut: &[Span]) {
        let document = self.view.document();
        let mut more = Vec::new();
        // The last line looked at, and whether text that stays would be joined with the next line if its end went.
        let mut last: Option<(usize, bool)> = None;
        for mark in &self.applied[new..] {
            for line in
                document.line_at(mark.span().start())..=document.line_at(mark.span().end() - 1)
            {
                if last.is_some_and(|(last, _)| line <= last) {
                    continue;
                }
                let span = document.line(line);
                let cut = &cut[cut.partition_point(|cut| cut.end() <= span.start())..];
                let emptied = span
                    .without(cut)
                    .all(|rest| !has_word(&document.text()[rest.range()]));
                let crossed = cut.first().is_some_and(|cut| cut.start() < span.start());
                let joined = crossed
                    && last.is_some_and(|(last, text_stays)| last + 1 == line && text_stays);
                last = Some((line, joined || !emptied));
                if emptied && self.protector(span).is_none() {
                    let line = &document.text()[span.range()];
                    let end = if joined {
                        span.start() + line.trim_end_matches(['\n', '\r']).len()
                    } else {
                        span.end()
                    };
                    more.extend(
                        Span::from_offsets(span.start(), end)
                            .without(cut)
                            .map(|gap| mark.on(gap)),
                    );
                }
            }
        }
        self.applied.extend(more);
    }
}
