//! Observers of cleaned documents: diffs, explanations, reports and comparisons are all implemented
//! as one.
//!
//! A job calls its observer for every document that it cleans, whether the document is a text file,
//! a record or a row of a table. The commands that only inspect a corpus therefore read the same
//! inputs as `clean`, with the same options, and need no code for formats.

use crate::report::{
    Claimed, Comparison, ExplainedLine, LineReport, Name, RemovalList, Survey, diff, marked,
};
use dechaff_core::model::{ExplainOptions, LineScore};
use dechaff_core::verify::{MarkIndex, NearMisses};
use dechaff_core::{
    Cleaned, Cleaner, Document, Explanation, Level, Mark, Outcome, RuleSet, Scratch, Span, Veto,
};
use rustc_hash::FxHashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Inspects each document of a job after it is cleaned.
pub trait Observer: Send + Sync + fmt::Debug {
    /// Inspects one document, what was removed from it and why. Called from several threads, with
    /// documents in any order, so an observer that collects results must not depend on the order.
    /// Returns a message for the user, or `None`; messages are printed in the order of the inputs.
    fn visit(
        &self,
        name: &Name<'_>,
        document: &Document<'_>,
        cleaned: &Cleaned<'_>,
        scratch: &mut Scratch,
    ) -> Option<String>;
}

/// Returns the diff of each document that changes.
#[derive(Debug)]
pub struct Diffs {
    /// Whether the diff has colour codes.
    pub colour: bool,
}

impl Observer for Diffs {
    fn visit(
        &self,
        name: &Name<'_>,
        _: &Document<'_>,
        cleaned: &Cleaned<'_>,
        _: &mut Scratch,
    ) -> Option<String> {
        (cleaned.outcome() == Outcome::Changed)
            .then(|| diff(&name.to_string(), cleaned, self.colour))
    }
}

/// Collects statistics and samples of all documents, for the HTML report.
#[derive(Debug)]
pub struct Surveyor {
    rules: RuleSet,
    survey: Mutex<Survey>,
}

impl Surveyor {
    /// Creates a surveyor with an empty survey. `rules` must be the rules of the cleaner that
    /// cleans the documents, because removals name rules by their ids in this set.
    #[must_use]
    pub fn new(rules: RuleSet) -> Self {
        Self {
            rules,
            survey: Mutex::default(),
        }
    }

    /// Returns the survey of the documents visited so far and leaves an empty one. The caller
    /// shares the surveyor with the job, so it cannot consume it.
    #[must_use]
    pub fn take(&self) -> Survey {
        std::mem::take(&mut *self.survey.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Surveyor {
    fn visit(
        &self,
        name: &Name<'_>,
        _: &Document<'_>,
        cleaned: &Cleaned<'_>,
        _: &mut Scratch,
    ) -> Option<String> {
        self.survey
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(name, cleaned, &self.rules);
        None
    }
}

/// Number of features listed for each line that the line model scored.
const MAX_FEATURES: usize = 5;

/// Selects lines of a document to be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFilter {
    /// Lines with numbers from the first to the second, both counted from 1 and inclusive.
    Numbers(usize, usize),
    /// Lines of which at least a part is removed.
    Removed,
    /// Lines that are kept whole, except blank ones.
    Kept,
}

impl LineFilter {
    fn matches(self, number: usize, is_removed: bool, is_blank: bool) -> bool {
        match self {
            Self::Numbers(from, to) => (from..=to).contains(&number),
            Self::Removed => is_removed,
            Self::Kept => !is_removed && !is_blank,
        }
    }
}

/// How the removals of a document are shown, unless lines are explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplainStyle {
    /// As a list.
    List,
    /// As the whole text, with its removals marked in place.
    Marked,
    /// As JSON.
    Json,
}

/// What the documents of a job have, to tell which of the requested lines and records are missing.
#[derive(Debug, Default)]
pub struct Seen {
    /// Lines of the longest document.
    pub lines: AtomicUsize,
    /// The highest number of a record with a text; 0 if no document is a record.
    pub records: AtomicU64,
    /// Documents, those of other records than the requested one included.
    pub documents: AtomicU64,
    /// Documents that were explained.
    pub explained: AtomicU64,
}

/// Explains documents: either the removals of each, or selected lines with the reasons why each is
/// removed or kept.
#[derive(Debug)]
pub struct Explainer {
    /// The cleaner of the job.
    pub cleaner: Cleaner,
    /// The level of the cleaner.
    pub level: Level,
    /// Lines to explain; if empty, the removals are shown.
    pub lines: Vec<LineFilter>,
    /// Finds near misses of the selected lines; `None` if no lines are selected.
    pub(crate) near: Option<NearMisses>,
    /// If set, only the record with this number is explained.
    pub record: Option<u64>,
    /// How removals are shown. Lines are explained as text, unless it is JSON.
    pub style: ExplainStyle,
    /// Whether details are shown: the features of the line model, and examples of rules.
    pub verbose: bool,
    /// Whether text has colour codes.
    pub colour: bool,
    /// Whether each document has a heading. Records always have one.
    pub headings: bool,
    /// What the documents so far have.
    pub seen: Seen,
}

impl Explainer {
    /// Selects the lines to explain. If there are any, the rules are compiled again for the search
    /// for near misses; otherwise nothing is compiled.
    ///
    /// # Errors
    /// If the rules do not compile with all of them on or with their conditions lifted.
    pub fn with_lines(self, lines: Vec<LineFilter>) -> anyhow::Result<Self> {
        let near = if lines.is_empty() {
            None
        } else {
            Some(NearMisses::new(&self.cleaner)?)
        };
        Ok(Self {
            lines,
            near,
            ..self
        })
    }

    /// Returns the selected lines of a document with the marks, vetoes, score and near misses of
    /// each. `marks` are all marks of the document; `scores` must be sorted by span.
    fn explain_lines<'s>(
        &self,
        near_misses: &NearMisses,
        document: &Document<'_>,
        cleaned: &Cleaned<'_>,
        marks: Vec<Mark>,
        scores: &'s [LineScore],
        scratch: &mut Scratch,
    ) -> Vec<ExplainedLine<'s>> {
        let marks = MarkIndex::new(marks);
        let matches = near_misses.examine(document, scratch);
        let mut vetoes = vetoes_by_line(document, cleaned);
        let mut lines = Vec::new();
        for index in 0..document.line_count() {
            let whole = document.line(index);
            let text = document.text()[whole.range()].trim_end_matches(['\n', '\r']);
            // A blank line is nothing but its line end, and an empty span overlaps no removal.
            let span = if text.is_empty() {
                whole
            } else {
                Span::from_offsets(whole.start(), whole.start() + text.len())
            };
            let removals = cleaned.found();
            let next = removals.partition_point(|removal| removal.span.end() <= span.start());
            let is_removed = removals
                .get(next)
                .is_some_and(|removal| removal.span.overlaps(span));
            let is_blank = text.trim().is_empty();
            if !self
                .lines
                .iter()
                .any(|filter| filter.matches(index + 1, is_removed, is_blank))
            {
                continue;
            }
            let next = scores.partition_point(|score| score.span.end() <= span.start());
            lines.push(ExplainedLine {
                number: index + 1,
                span,
                marks: marks.overlapping(span).copied().collect(),
                vetoes: vetoes.remove(&index).unwrap_or_default(),
                line_score: scores.get(next).filter(|score| score.span.overlaps(span)),
                misses: matches.near_misses(span, scratch),
            });
        }
        lines
    }

    /// Notes what a document has, and returns whether it is to be explained.
    fn notes(&self, name: &Name<'_>, document: &Document<'_>) -> bool {
        self.seen.documents.fetch_add(1, Ordering::Relaxed);
        let record = name.record.unwrap_or_default();
        self.seen.records.fetch_max(record, Ordering::Relaxed);
        if self.record.is_some_and(|wanted| record != wanted) {
            return false;
        }
        self.seen.explained.fetch_add(1, Ordering::Relaxed);
        let lines = document.line_count();
        self.seen.lines.fetch_max(lines, Ordering::Relaxed);
        true
    }
}

impl Observer for Explainer {
    fn visit(
        &self,
        name: &Name<'_>,
        document: &Document<'_>,
        cleaned: &Cleaned<'_>,
        scratch: &mut Scratch,
    ) -> Option<String> {
        if !self.notes(name, document) {
            return None;
        }
        let rules = self.cleaner.rules();
        let options = ExplainOptions {
            all_lines: !self.lines.is_empty(),
            max_features: MAX_FEATURES,
        };
        let Explanation { marks, scores, .. } = self.cleaner.explain(document, &options, scratch);
        let list = RemovalList {
            document,
            cleaned,
            rules,
            marks: &marks,
            line_scores: &scores,
            verbose: self.verbose,
            colour: self.colour,
        };
        let report = LineReport {
            name,
            cleaned,
            rules,
            level: self.level,
            is_scored: !scores.is_empty(),
            verbose: self.verbose,
            colour: self.colour,
        };
        let heading = if self.headings || name.record.is_some() {
            report.heading()
        } else {
            String::new()
        };
        let Some(near) = &self.near else {
            return Some(match self.style {
                ExplainStyle::List => heading + &list.text(),
                ExplainStyle::Marked => heading + &marked(cleaned, rules, self.colour),
                ExplainStyle::Json => format!("{}\n", report.json(&[], &scores)),
            });
        };
        let lines = self.explain_lines(near, document, cleaned, marks, &scores, scratch);
        if self.style == ExplainStyle::Json {
            return Some(format!("{}\n", report.json(&lines, &scores)));
        }
        (!lines.is_empty()).then(|| format!("{}\n", report.text(&lines)))
    }
}

/// Returns the vetoes of a document by the index of each line that they touch.
fn vetoes_by_line(document: &Document<'_>, cleaned: &Cleaned<'_>) -> FxHashMap<usize, Vec<Veto>> {
    let mut vetoes: FxHashMap<usize, Vec<Veto>> = FxHashMap::default();
    for veto in cleaned.vetoed() {
        let span = veto.mark.span();
        for line in document.line_at(span.start())..=document.line_at(span.end() - 1) {
            vetoes.entry(line).or_default().push(*veto);
        }
    }
    vetoes
}

/// Compares the removals of the job's cleaner with those of another, older one.
#[derive(Debug)]
pub struct Comparer {
    old: Cleaner,
    new: RuleSet,
    comparison: Mutex<Comparison>,
}

impl Comparer {
    /// Creates a comparer of the job's cleaner, whose rules are `new`, with the cleaner `old`. The
    /// comparison keeps at most `samples` samples for each rule and side.
    #[must_use]
    pub fn new(old: Cleaner, new: RuleSet, samples: usize) -> Self {
        Self {
            old,
            new,
            comparison: Mutex::new(Comparison::new(samples)),
        }
    }

    /// Returns the comparison of the documents visited so far and leaves an empty one without
    /// samples. Call it once, after the job.
    #[must_use]
    pub fn take(&self) -> Comparison {
        std::mem::replace(
            &mut *self
                .comparison
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
            Comparison::new(0),
        )
    }
}

impl Observer for Comparer {
    fn visit(
        &self,
        name: &Name<'_>,
        document: &Document<'_>,
        cleaned: &Cleaned<'_>,
        scratch: &mut Scratch,
    ) -> Option<String> {
        let old = self.old.clean(document, scratch);
        let (old, new) = (claims(&old, self.old.rules()), claims(cleaned, &self.new));
        self.comparison
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(&name.to_string(), &old, &new);
        None
    }
}

/// Returns the removals of a document in order, as spans with rule names and texts. Rules are
/// compared by name because their ids differ from one rule set to another.
fn claims<'c>(cleaned: &'c Cleaned<'_>, rules: &'c RuleSet) -> Vec<Claimed<'c>> {
    cleaned
        .removals()
        .iter()
        .map(|removal| {
            let text = &cleaned.source()[removal.span.range()];
            Claimed {
                range: removal.span.range(),
                rule: rules.get(removal.rule).name.as_str().into(),
                bytes: text.as_bytes().into(),
                text: text.into(),
            }
        })
        .collect()
}
