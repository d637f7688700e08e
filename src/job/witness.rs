//! Who looks at documents while they are cleaned, beside what is written: for diffs, explanations, reports and
//! comparisons. One hook in the engine's callers serves all of them, so that each works on whatever `clean` reads.

use crate::cleaner::{Cleaned, Cleaner, Outcome, Veto};
use crate::document::Document;
use crate::filter::Scratch;
use crate::pack::RuleSet;
use crate::report::{Claimed, Comparison, ExplainedLine, LineReport, Name, Survey, diff, explain};
use crate::rule::Level;
use crate::span::Span;
use crate::verify::{NearMissReport, NearMisses};
use rustc_hash::FxHashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Who looks at each document of a run. Threads come in any order, so that what it gathers must not depend on that.
pub trait Observer: Send + Sync + fmt::Debug {
    /// Looks at a document and what was found in it. What it gives is told in the order of the inputs.
    fn see(
        &self,
        name: &Name<'_>,
        document: &Document<'_>,
        cleaned: &Cleaned<'_>,
        scratch: &mut Scratch,
    ) -> Option<String>;
}

/// Tells the diff of each document that changes.
#[derive(Debug)]
pub struct Diffs {
    /// Whether it has colour codes.
    pub colour: bool,
}

impl Observer for Diffs {
    fn see(
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

/// Surveys all documents.
#[derive(Debug)]
pub struct Surveyor {
    rules: RuleSet,
    survey: Mutex<Survey>,
}

impl Surveyor {
    /// A surveyor of documents that are cleaned with these rules.
    #[must_use]
    pub fn new(rules: RuleSet) -> Self {
        Self {
            rules,
            survey: Mutex::default(),
        }
    }

    /// What it found, which it forgets.
    #[must_use]
    pub fn take(&self) -> Survey {
        std::mem::take(&mut *self.survey.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Surveyor {
    fn see(
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

/// So many features are named for each line that the line model judged.
const WEIGHTS: usize = 5;

/// Lines of a document that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFilter {
    /// From this to that number, both counted from 1.
    Numbers(usize, usize),
    /// Those of which something goes.
    Removed,
    /// Those that stay, blank ones left out.
    Kept,
}

impl LineFilter {
    fn wants(self, number: usize, is_removed: bool, is_blank: bool) -> bool {
        match self {
            Self::Numbers(from, to) => (from..=to).contains(&number),
            Self::Removed => is_removed,
            Self::Kept => !is_removed && !is_blank,
        }
    }
}

/// Explains documents: marked in place, or line by line.
#[derive(Debug)]
pub struct Explainer {
    /// What cleans them.
    pub cleaner: Cleaner,
    /// At which level.
    pub level: Level,
    /// The lines that are told of; none for the whole text with its removals marked.
    pub lines: Vec<LineFilter>,
    /// Tries rules on lines; where lines are told of.
    pub(crate) near: Option<NearMisses>,
    /// Only the record of this number.
    pub record: Option<u64>,
    /// Whether it is told as JSON.
    pub json: bool,
    /// Whether there are colour codes.
    pub colour: bool,
    /// Whether each document is named before it is shown.
    pub headings: bool,
}

impl Explainer {
    /// Lets it tell of these lines.
    ///
    /// # Errors
    /// If the rules cannot be compiled in other ways too.
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
}

impl Observer for Explainer {
    fn see(
        &self,
        name: &Name<'_>,
        document: &Document<'_>,
        cleaned: &Cleaned<'_>,
        scratch: &mut Scratch,
    ) -> Option<String> {
        if self
            .record
            .is_some_and(|wanted| name.record != Some(wanted))
        {
            return None;
        }
        let rules = self.cleaner.rules();
        let judgements =
            self.cleaner
                .judgements(document, !self.lines.is_empty(), WEIGHTS, scratch);
        let mut lines = Vec::new();
        if let Some(near) = &self.near {
            let marks = NearMissReport::new(self.cleaner.examine(document, scratch).0);
            let looked = near.look(document, scratch);
            let mut vetoes: FxHashMap<usize, Vec<Veto>> = FxHashMap::default();
            for veto in cleaned.vetoed() {
                let span = veto.mark.span();
                let touched = document.line_at(span.start())..=document.line_at(span.end() - 1);
                touched.for_each(|line| vetoes.entry(line).or_default().push(*veto));
            }
            for index in 0..document.line_count() {
                let whole = document.line(index);
                let text = document.text()[whole.range()].trim_end_matches(['\n', '\r']);
                // Of a blank line the end is all there is.
                let span = if text.is_empty() {
                    whole
                } else {
                    Span::at(whole.start(), whole.start() + text.len())
                };
                let found = cleaned.found();
                let next = found.partition_point(|removal| removal.span.end() <= span.start());
                let is_removed = found
                    .get(next)
                    .is_some_and(|removal| removal.span.overlaps(span));
                if !self
                    .lines
                    .iter()
                    .any(|lines| lines.wants(index + 1, is_removed, text.trim().is_empty()))
                {
                    continue;
                }
                let judged =
                    judgements.partition_point(|judgement| judgement.span.end() <= span.start());
                lines.push(ExplainedLine {
                    number: index + 1,
                    span,
                    marks: marks.on(span).copied().collect(),
                    vetoes: vetoes.remove(&index).unwrap_or_default(),
                    line_score: judgements
                        .get(judged)
                        .filter(|judgement| judgement.span.overlaps(span)),
                    misses: looked.of_line(span, scratch),
                });
            }
        }
        let telling = LineReport {
            name,
            cleaned,
            rules,
            level: self.level,
            is_scored: !judgements.is_empty(),
            colour: self.colour,
        };
        if self.json {
            return Some(format!("{}\n", telling.json(&lines, &judgements)));
        }
        if !self.lines.is_empty() {
            let is_missing = |wanted: &LineFilter| matches!(wanted, LineFilter::Numbers(from, _) if *from > document.line_count());
            if lines.is_empty() && self.lines.iter().all(is_missing) {
                return Some(telling.no_line(document.line_count()));
            }
            return Some(format!("{}\n", telling.text(&lines))).filter(|_| !lines.is_empty());
        }
        let heading = if self.headings || name.record.is_some() {
            telling.heading()
        } else {
            String::new()
        };
        Some(heading + &explain(cleaned, rules, &judgements, self.colour))
    }
}

/// Compares what two cleaners remove: the run's own, and an older one.
#[derive(Debug)]
pub struct Comparer {
    old: Cleaner,
    new: RuleSet,
    comparison: Mutex<Comparison>,
}

impl Comparer {
    /// Compares with an older cleaner; `new` are the rules of the run's own. So many samples are kept of each rule.
    #[must_use]
    pub fn new(old: Cleaner, new: RuleSet, samples: usize) -> Self {
        Self {
            old,
            new,
            comparison: Mutex::new(Comparison::new(samples)),
        }
    }

    /// What it found, which it forgets.
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
    fn see(
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

/// What is removed of a document.
fn claims<'c>(cleaned: &'c Cleaned<'_>, rules: &'c RuleSet) -> Vec<Claimed<'c>> {
    let claim = |removal: &'c crate::cleaner::Removal| Claimed {
        range: removal.span.range(),
        rule: rules.get(removal.rule).name.as_str().into(),
        bytes: cleaned.source().as_bytes()[removal.span.range()].into(),
        text: cleaned.source()[removal.span.range()].into(),
    };
    cleaned.removals().iter().map(claim).collect()
}
