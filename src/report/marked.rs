//! A document with its removals marked in place, as `dechaff explain` prints it. Reports on single
//! lines, with the reasons for and against their removal, are in `why`.

use super::{NAME, REMOVED, SAVED, decimal, escape_control, paint};
use dechaff_core::model::LineScore;
use dechaff_core::{Cleaned, Outcome, Removal, RuleSet, Score, Span};
use std::fmt::Write;

/// Returns the text of a document in which removed text is marked as `[-text-]{rules}` and text
/// that a keep rule protected as `[=text=]{rule, kept by rule}`. A removal by the line model shows
/// its score and, if `line_scores` has the line, the features with the most weight. Control
/// characters are escaped; with `colour` there are colour codes.
#[must_use]
pub fn explain(
    cleaned: &Cleaned<'_>,
    rules: &RuleSet,
    line_scores: &[LineScore],
    colour: bool,
) -> String {
    let mut text = String::new();
    if let Outcome::Held { share } = cleaned.outcome() {
        let _ = writeln!(
            text,
            "held: {:.1} % would be removed, more than --max-removed allows. \
             The removals would be:\n",
            share * 100.0
        );
    }
    let source = cleaned.source();
    let mut shown = 0;
    for (span, removed, label) in labels(cleaned, rules, line_scores) {
        let label = paint(&format!("{{{label}}}"), NAME, colour);
        // Protected spans may overlap others. Each byte is shown once, so one that is already shown
        // completely adds only its label.
        let start = span.start().max(shown);
        if start >= span.end() {
            text.push_str(&label);
            continue;
        }
        text.push_str(&escape_control(&source[shown..start]));
        let body = &source[start..span.end()];
        let inner = body.trim_end_matches(['\n', '\r']);
        let (open, close, style) = if removed {
            ("[-", "-]", REMOVED)
        } else {
            ("[=", "=]", SAVED)
        };
        let marked = format!("{open}{}{close}", escape_control(inner));
        text.push_str(&paint(&marked, style, colour));
        text.push_str(&label);
        text.push_str(&escape_control(&body[inner.len()..]));
        shown = span.end();
    }
    text.push_str(&escape_control(&source[shown..]));
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Returns what is to be marked, in order: the span, whether it is removed and not protected, and
/// the text of its label.
fn labels(
    cleaned: &Cleaned<'_>,
    rules: &RuleSet,
    line_scores: &[LineScore],
) -> Vec<(Span, bool, String)> {
    let mut labels: Vec<_> = cleaned
        .found()
        .iter()
        .map(|removal| {
            let label = removal_label(removal, rules, line_scores);
            (removal.span, true, label)
        })
        .collect();
    labels.extend(cleaned.vetoed().iter().map(|veto| {
        let rule = &rules.get(veto.mark.rule()).name;
        let label = format!("{rule}, kept by {}", rules.get(veto.by).name);
        (veto.mark.span(), false, label)
    }));
    labels.sort_unstable();
    labels
}

/// Returns the label of a removal: its rules and, if the line model removed it, the score and the
/// features of the scored lines that it touches.
fn removal_label(removal: &Removal, rules: &RuleSet, line_scores: &[LineScore]) -> String {
    let names: Vec<&str> = removal
        .rules()
        .map(|id| rules.get(id).name.as_str())
        .collect();
    let mut label = names.join(", ");
    if removal.score != Score::RULE {
        let _ = write!(label, " {:.3}", decimal(removal.score));
        let first = line_scores.partition_point(|score| score.span.end() <= removal.span.start());
        for line_score in line_scores[first..]
            .iter()
            .take_while(|score| score.span.overlaps(removal.span))
        {
            let _ = write!(label, ": {}", weights(line_score));
        }
    }
    label
}

/// Returns the features that contributed most to a score of the line model, each with its value
/// and, in brackets, what it added to the logit: `words 3 (+1.2), commas 0 (-0.4)`.
pub(super) fn weights(line_score: &LineScore) -> String {
    line_score
        .weights
        .iter()
        .map(|weight| {
            format!(
                "{} {} ({:+.1})",
                weight.feature, weight.value, weight.weight
            )
        })
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use crate::{Cleaner, Document, Scratch};

    #[test]
    fn removed_spans_are_marked_and_named() {
        let cleaner = Cleaner::builder().build().unwrap();
        let document = Document::new("It rained.\nAdvertisement\nIt\u{1b} stopped.").unwrap();
        let text = super::explain(
            &cleaner.clean(&document, &mut Scratch::default()),
            cleaner.rules(),
            &[],
            false,
        );
        assert!(
            text.starts_with("It rained.\n[-Advertisement-]{advert/"),
            "{text}"
        );
        assert!(text.ends_with("}\nIt\\u{1b} stopped.\n"), "{text}");
    }
}
