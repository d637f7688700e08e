//! Checks a cleaner against lines that people judged: cleans their documents again.

use crate::report::{AnsweredPage, AuditSide, CheckedLine};
use dechaff_core::verify::line_outcomes;
use dechaff_core::{Cleaner, Document, Removal, Scratch};
use rayon::prelude::*;

/// Cleans the documents of answers again, in parallel, and returns what becomes of each line that
/// someone judged, in order.
#[must_use]
pub fn check_answers(pages: &[AnsweredPage], cleaner: &Cleaner) -> Vec<CheckedLine> {
    pages
        .par_iter()
        .map_init(Scratch::default, |scratch, page| {
            check_page(page, cleaner, scratch)
        })
        .flatten()
        .collect()
}

fn check_page(page: &AnsweredPage, cleaner: &Cleaner, scratch: &mut Scratch) -> Vec<CheckedLine> {
    let Ok(document) = Document::new(&page.text) else {
        return Vec::new();
    };
    let document = with_origin(
        document,
        page.host.as_deref(),
        page.publisher.as_deref(),
        page.lang.as_deref(),
    );
    let cleaned = cleaner.clean(&document, scratch);
    let outcomes: Vec<_> = line_outcomes(&cleaned).collect();
    let mut checked = Vec::new();
    for answer in &page.audit.answers {
        let Some(outcome) = outcomes
            .iter()
            .find(|outcome| outcome.index + 1 == answer.line)
        else {
            continue;
        };
        let rules = outcome.removals.iter().flat_map(Removal::rules);
        let mut rules: Vec<String> = rules
            .map(|rule| cleaner.rules().get(rule).name.clone())
            .collect();
        rules.dedup();
        let removed = outcome.words - outcome.words_kept.min(outcome.words);
        let line = CheckedLine {
            item: answer.item,
            document: page.id.clone(),
            line: answer.line,
            text: page.text[outcome.range.clone()].trim().to_owned(),
            judged: answer.answer,
            was_removed: answer.side == AuditSide::Removed,
            removed: removed_share((answer.side, answer.words), outcome.words, removed),
            rules,
        };
        // Two people may have given the same answer.
        if !checked.contains(&line) {
            checked.push(line);
        }
    }
    checked
}

/// Sets what is known of the origin of a document.
fn with_origin<'t>(
    mut document: Document<'t>,
    host: Option<&str>,
    site: Option<&str>,
    language: Option<&str>,
) -> Document<'t> {
    if let Some(host) = host {
        document = document.with_host(host);
    }
    if let Some(site) = site {
        document = document.with_site(site);
    }
    if let Some(language) = language {
        document = document.with_language(language);
    }
    document
}

/// Returns the share of the words of an item that are removed, if `removed` of the `words` of its
/// line are. The item has a side and words of its own: if it is only a part of its line, it is the
/// part that was removed, or the rest.
fn removed_share((side, own): (AuditSide, u64), words: u64, removed: u64) -> f64 {
    let of_item = match side {
        AuditSide::Removed => removed.min(own),
        AuditSide::Kept => removed.saturating_sub(words.saturating_sub(own)),
    };
    of_item as f64 / own.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_line_is_compared_with_that_part() {
        for (side, own, removed, share) in [
            (AuditSide::Removed, 2, 2, 1.0),
            (AuditSide::Removed, 2, 10, 1.0),
            (AuditSide::Removed, 2, 0, 0.0),
            (AuditSide::Kept, 8, 2, 0.0),
            (AuditSide::Kept, 8, 6, 0.5),
            (AuditSide::Kept, 10, 5, 0.5),
        ] {
            let found = removed_share((side, own), 10, removed);
            assert!((found - share).abs() < 1e-9, "{side:?} {own} {removed}");
        }
    }
}
