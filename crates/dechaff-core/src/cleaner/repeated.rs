//! Cleaning until nothing more is found. What a removal leaves can match further rules: a list of
//! links can stand next to the end of the text once a notice below it is gone. The cleaned text is
//! therefore cleaned again, and what is found is mapped back to the source:
//!
//! ```text
//! source        One. AAA BBB Two.      first pass: AAA is removed
//! cleaned text  One. BBB Two.          second pass: BBB is removed
//! removals           AAA BBB
//! ```

use super::cleaned::{Cleaned, Removal};
use crate::text::{Document, Span};

/// Maximum number of passes after the first. Nearly all texts are stable after one or two.
const MAX_PASSES: usize = 8;

/// Cleans what `cleaned` keeps with `clean`, again and again until nothing more is removed, and
/// returns the result as one of cleaning `document`. The passes may remove at most the share
/// `max_removed` of the bytes of the document; otherwise it is held.
pub(super) fn clean_again<'t>(
    document: &Document<'t>,
    mut cleaned: Cleaned<'t>,
    max_removed: f64,
    mut clean: impl FnMut(&Document<'_>) -> Vec<Removal>,
) -> Cleaned<'t> {
    for _ in 0..MAX_PASSES {
        let kept: Vec<Span> = cleaned.kept().collect();
        let text = cleaned.text();
        let Ok(rest) = document.with_text(&text) else {
            break;
        };
        let found = clean(&rest);
        if found.is_empty() {
            break;
        }
        let mut removals = cleaned.removals().to_vec();
        add_mapped(&found, &kept, &mut removals);
        removals.sort_unstable_by_key(|removal| removal.span);
        cleaned = cleaned.with_removals(removals, max_removed);
        if cleaned.removals().is_empty() {
            break;
        }
    }
    cleaned
}

/// Adds to `removals` the parts of the source that `found` remove from the kept text, in one pass.
/// `kept` are the spans of the source that make up the kept text; both are in order.
fn add_mapped(found: &[Removal], kept: &[Span], removals: &mut Vec<Removal>) {
    let mut found = found;
    // Offset in the kept text of the span that is looked at.
    let mut at = 0;
    for span in kept {
        let end = at + span.len();
        while let Some(removal) = found.first().filter(|removal| removal.span.start() < end) {
            let part = removal.span.start().max(at)..removal.span.end().min(end);
            removals.push(Removal {
                span: Span::from_offsets(
                    span.start() + part.start - at,
                    span.start() + part.end - at,
                ),
                ..removal.clone()
            });
            if removal.span.end() > end {
                break;
            }
            found = &found[1..];
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cleaner, Scratch};
    use crate::text::Document;

    /// Returns the cleaned text, and how often each byte of the source is removed.
    fn clean(text: &str, is_idempotent: bool) -> (String, usize) {
        let cleaner = Cleaner::builder()
            .idempotent(is_idempotent)
            .build()
            .unwrap();
        let document = Document::new(text).unwrap();
        let cleaned = cleaner.clean(&document, &mut Scratch::default());
        let removals = cleaned.removals();
        assert!(
            removals
                .windows(2)
                .all(|pair| pair[0].span.end() <= pair[1].span.start())
        );
        let removed = removals.iter().map(|removal| removal.span.len()).sum();
        (cleaned.text().into_owned(), removed)
    }

    #[test]
    fn a_second_run_changes_nothing() {
        let rules = crate::RuleSet::built_in();
        let examples: String = rules
            .iter()
            .flat_map(|(_, rule)| rule.examples.matches.iter().take(1))
            .flat_map(|example| [example, "\n\n"])
            .collect();
        let (text, removed) = clean(&examples, true);
        assert_eq!(text.len() + removed, examples.len());
        assert_eq!(clean(&text, false).0, text);
        let (once, _) = clean(&examples, false);
        assert_ne!(clean(&once, false).0, once);
    }
}
