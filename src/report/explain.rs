//! A document with what was removed marked in place and named, and what was saved too.

use super::{NAME, REMOVED, SAVED, escape_control};
use crate::cleaner::{Cleaned, Outcome};
use crate::mark::{LineScore, Score, Weight};
use crate::pack::RuleSet;
use std::fmt::Write;

/// The text of a document with `[-removed-]{rule}` and `[=saved=]{rule, kept by rule}` marked in place, with colour
/// codes where asked for; of removals by the line model the score is told, and what weighed most in its judgement. Control
/// characters are made visible.
#[must_use]
pub fn explain(
    cleaned: &Cleaned<'_>,
    rules: &RuleSet,
    judgements: &[LineScore],
    colour: bool,
) -> String {
    let name = |id| rules.get(id).name.as_str();
    let paint = |style: anstyle::Style, text: String| {
        if colour {
            format!("{style}{text}{style:#}")
        } else {
            text
        }
    };
    let mut text = String::new();
    if let Outcome::Held { share } = cleaned.outcome() {
        let _ = writeln!(
            text,
            "held whole: {:.1} % would have gone, more than --max-removed allows; found were:\n",
            share * 100.0
        );
    }
    let mut notes: Vec<(crate::Span, bool, String)> = Vec::new();
    for removal in cleaned.found() {
        let mut names = vec![name(removal.rule)];
        names.extend(removal.also.iter().map(|&id| name(id)));
        let mut note = names.join(", ");
        if removal.score != Score::RULE {
            let _ = write!(
                note,
                " {:.3}",
                f64::from(removal.score.thousandths()) / 1000.0
            );
            let from = judgements
                .partition_point(|judgement| judgement.span.end() <= removal.span.start());
            for judgement in judgements[from..]
                .iter()
                .take_while(|judgement| judgement.span.overlaps(removal.span))
            {
                let _ = write!(note, ": {}", weights(judgement));
            }
        }
        notes.push((removal.span, true, note));
    }
    for veto in cleaned.vetoed() {
        notes.push((
            veto.mark.span(),
            false,
            format!("{}, kept by {}", name(veto.mark.rule()), name(veto.by)),
        ));
    }
    notes.sort_unstable();
    let source = cleaned.source();
    let mut at = 0;
    for (span, removed, label) in notes {
        // What was saved may overlap; each is shown once, from where the last one ended.
        let start = span.start().max(at);
        if start >= span.end() {
            let _ = write!(text, "{}", paint(NAME, format!("{{{label}}}")));
            continue;
        }
        text.push_str(&escape_control(&source[at..start]));
        let body = &source[start..span.end()];
        let inner = body.trim_end_matches(['\n', '\r']);
        let (open, close, style) = if removed {
            ("[-", "-]", REMOVED)
        } else {
            ("[=", "=]", SAVED)
        };
        let _ = write!(
            text,
            "{}{}",
            paint(style, format!("{open}{}{close}", escape_control(inner))),
            paint(NAME, format!("{{{label}}}"))
        );
        text.push_str(&escape_control(&body[inner.len()..]));
        at = span.end();
    }
    text.push_str(&escape_control(&source[at..]));
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// What weighed most in a judgement: features, their values, and what each added to the logit.
pub(super) fn weights(judgement: &LineScore) -> String {
    let weight = |weight: &Weight| {
        format!(
            "{} {} ({:+.1})",
            weight.feature, weight.value, weight.weight
        )
    };
    judgement
        .weights
        .iter()
        .map(weight)
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
