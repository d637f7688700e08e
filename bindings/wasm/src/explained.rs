//! The explanation of a text as JSON: what is removed and why, what is protected, how the line model
//! judges the lines. `js/index.d.ts` describes the fields.

use crate::offsets::Offsets;
use crate::scanned::Removal;
use dechaff_core::model::{Decision, ExplainOptions, LineScore};
use dechaff_core::verify::{MarkIndex, clauses};
use dechaff_core::{
    Cleaned, Cleaner, Document, Error, FilterName, Mark, Outcome, RuleId, RuleSet, Scratch, Span,
    Veto,
};
use serde::Serialize;

/// Number of features listed for each line that the line model scored.
const MAX_FEATURES: usize = 5;

/// What happened to a text and why.
#[derive(Debug, Serialize)]
pub struct Explained<'r> {
    held: bool,
    share: f64,
    language: Option<String>,
    removals: Vec<ExplainedRemoval<'r>>,
    protections: Vec<Protection<'r>>,
    judgements: Vec<Judgement>,
}

/// A removal, with what led to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExplainedRemoval<'r> {
    #[serde(flatten)]
    removal: Removal<'r>,
    first_line: usize,
    last_line: usize,
    matches: Vec<Match<'r>>,
    judgements: Vec<Judgement>,
}

/// What a rule matched in a removal.
#[derive(Debug, Serialize)]
struct Match<'r> {
    rule: &'r str,
    clause: Option<&'r str>,
    start: usize,
    end: usize,
}

/// A text that a keep rule protected from removal.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Protection<'r> {
    first_line: usize,
    last_line: usize,
    start: usize,
    end: usize,
    rule: &'r str,
    by: &'r str,
    description: &'r str,
}

/// The line model's judgement of a line, or of the lines of a hard-wrapped paragraph.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Judgement {
    first_line: usize,
    last_line: usize,
    decision: &'static str,
    score: f64,
    threshold: f64,
    page: String,
    features: Vec<Feature>,
}

/// A feature of a line, and what it added to the log-odds of the score.
#[derive(Debug, Serialize)]
struct Feature {
    name: &'static str,
    value: i64,
    weight: f64,
}

/// Cleans a document and explains the result.
pub fn explain<'r>(
    cleaner: &'r Cleaner,
    document: &Document<'_>,
    scratch: &mut Scratch,
) -> Result<Explained<'r>, Error> {
    let (rules, offsets) = (cleaner.rules(), Offsets::new(document.text()));
    let options = ExplainOptions {
        all_lines: true,
        max_features: MAX_FEATURES,
    };
    let explanation = cleaner.explain(document, &options, scratch);
    let marks = searched(explanation.marks, rules);
    let clauses = clauses(rules, document, &marks, scratch)?;
    let examined = Examined {
        document,
        rules,
        offsets,
        scores: explanation.scores,
        index: MarkIndex::new(marks.clone()),
        marks,
        clauses,
    };
    Ok(examined.explained(&explanation.cleaned))
}

/// Returns the marks of rules that search for a text, and of what sites repeat, in order.
fn searched(mut marks: Vec<Mark>, rules: &RuleSet) -> Vec<Mark> {
    marks.retain(|mark| {
        let filter = rules.get(mark.rule()).filter();
        matches!(filter, FilterName::Phrases | FilterName::Site)
    });
    marks.sort_unstable();
    marks.dedup();
    marks
}

/// What explains a result.
struct Examined<'e, 'r> {
    document: &'e Document<'e>,
    rules: &'r RuleSet,
    offsets: Offsets<'e>,
    scores: Vec<LineScore>,
    marks: Vec<Mark>,
    /// The clause of each mark.
    clauses: Vec<Option<&'r str>>,
    index: MarkIndex,
}

impl<'r> Examined<'_, 'r> {
    fn explained(&self, cleaned: &Cleaned<'_>) -> Explained<'r> {
        let (removals, vetoes) = (cleaned.found().iter(), cleaned.vetoed().iter());
        Explained {
            held: matches!(cleaned.outcome(), Outcome::Held { .. }),
            share: cleaned.share(),
            language: self.document.detect_language(),
            removals: removals.map(|removal| self.removal(removal)).collect(),
            protections: vetoes.map(|veto| self.protection(veto)).collect(),
            judgements: self.judgements(None),
        }
    }

    fn removal(&self, removal: &dechaff_core::Removal) -> ExplainedRemoval<'r> {
        let (first_line, last_line) = self.lines(removal.span);
        ExplainedRemoval {
            removal: Removal::new(removal, self.rules, &self.offsets),
            first_line,
            last_line,
            matches: self.matches(removal),
            judgements: self.judgements(Some(removal.span)),
        }
    }

    fn matches(&self, removal: &dechaff_core::Removal) -> Vec<Match<'r>> {
        let rules: Vec<RuleId> = removal.rules().collect();
        self.index
            .overlapping(removal.span)
            .filter(|mark| rules.contains(&mark.rule()))
            .map(|mark| self.matched(mark))
            .collect()
    }

    fn matched(&self, mark: &Mark) -> Match<'r> {
        let span = mark.span();
        let words = self.document.text()[span.range()].trim_end();
        let clause = self.marks.binary_search(mark).ok();
        Match {
            rule: &self.rules.get(mark.rule()).name,
            clause: clause.and_then(|index| self.clauses[index]),
            start: self.offsets.unit(span.start()),
            end: self.offsets.unit(span.start() + words.len()),
        }
    }

    fn protection(&self, veto: &Veto) -> Protection<'r> {
        let (span, by) = (veto.mark.span(), self.rules.get(veto.by));
        let (first_line, last_line) = self.lines(span);
        Protection {
            first_line,
            last_line,
            start: self.offsets.unit(span.start()),
            end: self.offsets.unit(span.end()),
            rule: &self.rules.get(veto.mark.rule()).name,
            by: &by.name,
            description: &by.description,
        }
    }

    /// Returns the judgements of lines that overlap `span`, or of all lines.
    fn judgements(&self, span: Option<Span>) -> Vec<Judgement> {
        let from = span.map_or(0, |span| {
            self.scores
                .partition_point(|score| score.span.end() <= span.start())
        });
        self.scores[from..]
            .iter()
            .take_while(|score| span.is_none_or(|span| score.span.start() < span.end()))
            .map(|score| self.judgement(score))
            .collect()
    }

    fn judgement(&self, score: &LineScore) -> Judgement {
        let (first_line, last_line) = self.lines(score.span);
        let features = score.weights.iter().map(|weight| Feature {
            name: weight.feature,
            value: i64::from(weight.value),
            weight: weight.weight,
        });
        Judgement {
            first_line,
            last_line,
            decision: match score.decision {
                Decision::Removed => "removed",
                Decision::Below => "kept",
                Decision::Prose => "prose",
                Decision::Mixed => "mixed",
            },
            score: f64::from(score.score.thousandths()) / 1000.0,
            threshold: f64::from(score.threshold.thousandths()) / 1000.0,
            page: score.page.to_string(),
            features: features.collect(),
        }
    }

    /// Returns the numbers of the first and the last line of a span, from 1.
    fn lines(&self, span: Span) -> (usize, usize) {
        let last = span.end().saturating_sub(1).max(span.start());
        let document = self.document;
        (
            document.line_at(span.start()) + 1,
            document.line_at(last) + 1,
        )
    }
}
