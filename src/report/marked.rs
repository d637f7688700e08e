//! A document with its removals marked in place, as `dechaff explain --marked` prints it. The list
//! of its removals is in `explain`.

use super::explain::held_line;
use super::{NAME, REMOVED, SAVED, decimal, escape_control, paint};
use dechaff_core::{Cleaned, Outcome, Removal, RuleSet, Score, Span};
use std::fmt::Write;

/// Returns the text of a document in which removed text is marked as `[-text-]{rules}` and text
/// that a keep rule protected as `[=text=]{rule, kept by rule}`. A removal by the line model shows
/// its score. Control characters are escaped; with `colour` there are colour codes.
#[must_use]
pub fn marked(cleaned: &Cleaned<'_>, rules: &RuleSet, colour: bool) -> String {
    let mut text = String::new();
    if let Outcome::Held { share } = cleaned.outcome() {
        let _ = writeln!(text, "{}\n", held_line(share));
    }
    let source = cleaned.source();
    let mut shown = 0;
    for (span, removed, label) in labels(cleaned, rules) {
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
fn labels(cleaned: &Cleaned<'_>, rules: &RuleSet) -> Vec<(Span, bool, String)> {
    let mut labels: Vec<_> = cleaned
        .found()
        .iter()
        .map(|removal| (removal.span, true, removal_label(removal, rules)))
        .collect();
    labels.extend(cleaned.vetoed().iter().map(|veto| {
        let rule = &rules.get(veto.mark.rule()).name;
        let label = format!("{rule}, kept by {}", rules.get(veto.by).name);
        (veto.mark.span(), false, label)
    }));
    labels.sort_unstable();
    labels
}

/// Returns the label of a removal: its rules and, if the line model removed it, the score.
fn removal_label(removal: &Removal, rules: &RuleSet) -> String {
    let names: Vec<&str> = removal
        .rules()
        .map(|id| rules.get(id).name.as_str())
        .collect();
    let mut label = names.join(", ");
    if removal.score != Score::RULE {
        let _ = write!(label, " {:.3}", decimal(removal.score));
    }
    label
}

#[cfg(test)]
mod tests {
    use crate::{Cleaner, Document, Scratch};

    #[test]
    fn removed_spans_are_marked_and_named() {
        let cleaner = Cleaner::builder().build().unwrap();
        let document = Document::new("It rained.\nAdvertisement\nIt\u{1b} stopped.").unwrap();
        let text = super::marked(
            &cleaner.clean(&document, &mut Scratch::default()),
            cleaner.rules(),
            false,
        );
        assert!(
            text.starts_with("It rained.\n[-Advertisement-]{advert/"),
            "{text}"
        );
        assert!(text.ends_with("}\nIt\\u{1b} stopped.\n"), "{text}");
    }
}
