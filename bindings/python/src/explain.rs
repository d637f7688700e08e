//! Explanations of a text as Python objects: what is removed, protected and scored, and why. The
//! classes are in `dechaff/_explain.py`.

use crate::engine::Engine;
use crate::result::removals;
use crate::workers::{self, Failure, Input};
use dechaff::model::{Decision, ExplainOptions, LineScore};
use dechaff::verify::{MarkIndex, clauses};
use dechaff::{Document, FilterName, Mark, Outcome, Removal, RuleId, RuleSet, Scratch, Span, Veto};
use pyo3::prelude::*;
use pyo3::types::{PyModule, PyTuple};

/// Number of features listed for each line that the line model scored.
const MAX_FEATURES: usize = 5;

/// What happened to a text and why, without references to it.
struct Explained {
    text: Option<String>,
    held: bool,
    removals: Vec<Removal>,
    vetoes: Vec<Veto>,
    /// The marks of rules that search for a text, and of what sites repeat, in order.
    marks: Vec<Mark>,
    /// The clause of each of them.
    clauses: Vec<Option<String>>,
    scores: Vec<LineScore>,
    lines: Lines,
}

/// Explains a text. Returns an instance of the Python class `Explanation`.
pub fn explain<'py>(
    py: Python<'py>,
    engine: &Engine,
    input: Input<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    let explained = py.detach(|| -> Result<_, Failure> {
        let document = input.document()?;
        workers::catch(|| examine(engine, &document))?.map_err(Failure::Invalid)
    });
    let explained = explained?;
    let writer = Writer {
        source: input.text,
        rules: engine.cleaner.rules(),
        module: py.import("dechaff._explain")?,
        explained: &explained,
        marks: MarkIndex::new(explained.marks.clone()),
    };
    writer.explanation()
}

/// Cleans a document and collects what explains the result.
fn examine(engine: &Engine, document: &Document<'_>) -> Result<Explained, dechaff::Error> {
    let options = ExplainOptions {
        all_lines: true,
        max_features: MAX_FEATURES,
    };
    let (mut scratch, rules) = (Scratch::default(), engine.cleaner.rules());
    let dechaff::Explanation {
        cleaned,
        mut marks,
        scores,
    } = engine.cleaner.explain(document, &options, &mut scratch);
    marks.retain(|mark| {
        let filter = rules.get(mark.rule()).filter();
        matches!(filter, FilterName::Phrases | FilterName::Site)
    });
    marks.sort_unstable();
    marks.dedup();
    let clauses = clauses(rules, document, &marks, &mut scratch)?;
    Ok(Explained {
        text: (cleaned.outcome() == Outcome::Changed).then(|| cleaned.text().into_owned()),
        held: matches!(cleaned.outcome(), Outcome::Held { .. }),
        removals: cleaned.found().to_vec(),
        vetoes: cleaned.vetoed().to_vec(),
        clauses: clauses
            .into_iter()
            .map(|clause| clause.map(str::to_owned))
            .collect(),
        marks,
        scores,
        lines: Lines::new(document),
    })
}

/// The lines of a text, by which offsets are converted to numbers of lines and to code points.
struct Lines {
    /// The start of each line, in bytes and in code points.
    starts: Vec<(usize, usize)>,
}

impl Lines {
    fn new(document: &Document<'_>) -> Self {
        let (mut starts, mut points) = (Vec::new(), 0);
        for line in 0..document.line_count() {
            let span = document.line(line);
            starts.push((span.start(), points));
            points += document.text()[span.range()].chars().count();
        }
        Self { starts }
    }

    /// Returns the number of the line with the byte at `offset`, from 1.
    fn number(&self, offset: usize) -> usize {
        self.starts.partition_point(|&(start, _)| start <= offset)
    }

    /// Returns the numbers of the first and the last line of a span.
    fn numbers(&self, span: Span) -> (usize, usize) {
        let last = span.end().saturating_sub(1).max(span.start());
        (self.number(span.start()), self.number(last))
    }

    /// Returns an offset in bytes of `source` as one in code points.
    fn point(&self, source: &str, offset: usize) -> usize {
        let line = self.number(offset).saturating_sub(1);
        let (start, points) = self.starts.get(line).copied().unwrap_or_default();
        points + source[start..offset].chars().count()
    }
}

/// Makes the Python objects.
struct Writer<'e, 'py> {
    source: &'e str,
    rules: &'e RuleSet,
    module: Bound<'py, PyModule>,
    explained: &'e Explained,
    marks: MarkIndex,
}

impl<'py> Writer<'_, 'py> {
    fn py(&self) -> Python<'py> {
        self.module.py()
    }

    fn explanation(&self) -> PyResult<Bound<'py, PyAny>> {
        let explained = self.explained;
        let objects = removals(self.py(), self.rules, self.source, &explained.removals)?;
        let removals = explained.removals.iter().zip(&objects);
        let removals = removals.map(|(removal, object)| self.removal(removal, object));
        let vetoes = explained.vetoes.iter().map(|veto| self.protection(veto));
        let scores = explained.scores.iter().map(|score| self.judgement(score));
        self.module.getattr("Explanation")?.call1((
            self.source,
            explained.text.as_deref().unwrap_or(self.source),
            explained.held,
            self.tuple(removals)?,
            self.tuple(vetoes)?,
            self.tuple(scores)?,
        ))
    }

    fn tuple(
        &self,
        objects: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(self.py(), objects.collect::<PyResult<Vec<_>>>()?)
    }

    fn points(&self, span: Span) -> (usize, usize) {
        let lines = &self.explained.lines;
        (
            lines.point(self.source, span.start()),
            lines.point(self.source, span.end()),
        )
    }

    fn removal(&self, removal: &Removal, object: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let span = removal.span;
        let rules: Vec<RuleId> = removal.rules().collect();
        let matches = self.matches(span, &rules);
        let scores = self.explained.scores.iter();
        let judgements = scores
            .filter(|score| score.span.overlaps(span))
            .map(|score| self.judgement(score));
        let (first, last) = self.explained.lines.numbers(span);
        self.module.getattr("ExplainedRemoval")?.call1((
            object,
            first,
            last,
            &self.rules.get(removal.rule).description,
            self.tuple(matches)?,
            self.tuple(judgements)?,
        ))
    }

    /// Iterates over the matches of `rules` in a span.
    fn matches<'a>(
        &'a self,
        span: Span,
        rules: &'a [RuleId],
    ) -> impl Iterator<Item = PyResult<Bound<'py, PyAny>>> + 'a {
        self.marks
            .overlapping(span)
            .filter(|mark| rules.contains(&mark.rule()))
            .map(|mark| self.matched(mark))
    }

    fn matched(&self, mark: &Mark) -> PyResult<Bound<'py, PyAny>> {
        let (rule, span) = (self.rules.get(mark.rule()), mark.span());
        let clause = match self.explained.marks.binary_search(mark) {
            Ok(index) => self.explained.clauses[index].as_deref(),
            Err(_) => None,
        };
        let text = self.source[span.range()].trim_end();
        let lines = &self.explained.lines;
        let start = lines.point(self.source, span.start());
        let end = start + text.chars().count();
        let share = f64::from(mark.score().thousandths()) / 1000.0;
        let pages = mark.score().pages();
        self.module.getattr("Match")?.call1((
            &rule.name,
            clause,
            start,
            end,
            text,
            pages,
            pages.map(|_| share),
        ))
    }

    fn protection(&self, veto: &Veto) -> PyResult<Bound<'py, PyAny>> {
        let (span, by) = (veto.mark.span(), self.rules.get(veto.by));
        let ((first, last), (start, end)) = (self.explained.lines.numbers(span), self.points(span));
        self.module.getattr("Protection")?.call1((
            first,
            last,
            start,
            end,
            &self.rules.get(veto.mark.rule()).name,
            &by.name,
            &by.description,
            &self.source[span.range()],
        ))
    }

    fn judgement(&self, line_score: &LineScore) -> PyResult<Bound<'py, PyAny>> {
        let feature = self.module.getattr("Feature")?;
        let features = line_score.weights.iter().map(|weight| {
            let (name, value) = (weight.feature, weight.value);
            feature.call1((name, value, weight.weight))
        });
        let (first, last) = self.explained.lines.numbers(line_score.span);
        let decision = match line_score.decision {
            Decision::Removed => "removed",
            Decision::Below => "kept",
            Decision::Prose => "prose",
            Decision::Mixed => "mixed",
        };
        self.module.getattr("Judgement")?.call1((
            first,
            last,
            decision,
            f64::from(line_score.score.thousandths()) / 1000.0,
            f64::from(line_score.threshold.thousandths()) / 1000.0,
            line_score.page.to_string(),
            self.tuple(features)?,
        ))
    }
}
