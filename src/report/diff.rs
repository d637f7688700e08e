//! A unified diff of a document and its cleaned text. The removals are the diff: nothing has to be compared.

use super::{ADDED, NAME, REMOVED, escape_control};
use crate::cleaner::Cleaned;
use crate::span::Span;
use crate::view::gaps;
use std::fmt::Write;

/// Lines around a change.
const CONTEXT: usize = 3;

/// Some lines of the source that change, and what is left of them.
struct Change {
    from: usize,
    to: usize,
    rest: String,
}

/// The unified diff from a document to its cleaned text; empty if nothing changes. With `colour` it is for a terminal:
/// it has colour codes, and other control characters are made visible.
#[must_use]
pub fn diff(name: &str, cleaned: &Cleaned<'_>, colour: bool) -> String {
    let lines: Vec<&str> = cleaned.source().split_inclusive('\n').collect();
    let changes = changes(cleaned, &lines);
    let paint = |style: anstyle::Style, line: &str| {
        if colour {
            format!("{style}{}{style:#}", escape_control(line))
        } else {
            line.to_owned()
        }
    };
    let mut text = String::new();
    if !changes.is_empty() {
        let _ = writeln!(
            text,
            "{}\n{}",
            paint(NAME, &format!("--- {name}")),
            paint(NAME, &format!("+++ {name} (cleaned)"))
        );
    }
    let mut shift = 0isize;
    for hunk in changes.chunk_by(|one, next| next.from <= one.to + 2 * CONTEXT) {
        let from = hunk[0].from.saturating_sub(CONTEXT);
        let to = (hunk[hunk.len() - 1].to + CONTEXT).min(lines.len());
        let gone: usize = hunk.iter().map(|change| change.to - change.from).sum();
        let come: usize = hunk
            .iter()
            .map(|change| change.rest.split_inclusive('\n').count())
            .sum();
        let new = to - from - gone + come;
        // An empty side is placed after the line before it.
        let new_start = from.saturating_add_signed(shift) + usize::from(new > 0);
        let _ = writeln!(
            text,
            "{}",
            paint(
                NAME,
                &format!("@@ -{},{} +{new_start},{new} @@", from + 1, to - from)
            )
        );
        shift += come as isize - gone as isize;
        let mut put = |sign: char, line: &str, style: anstyle::Style| {
            let body = line.strip_suffix('\n').unwrap_or(line);
            let _ = writeln!(text, "{}", paint(style, &format!("{sign}{body}")));
            if !line.ends_with('\n') {
                let _ = writeln!(text, "\\ No newline at end of file");
            }
        };
        let mut at = from;
        for change in hunk {
            lines[at..change.from]
                .iter()
                .for_each(|line| put(' ', line, anstyle::Style::new()));
            lines[change.from..change.to]
                .iter()
                .for_each(|line| put('-', line, REMOVED));
            change
                .rest
                .split_inclusive('\n')
                .for_each(|line| put('+', line, ADDED));
            at = change.to;
        }
        lines[at..to]
            .iter()
            .for_each(|line| put(' ', line, anstyle::Style::new()));
    }
    text
}

/// The lines that change. A line that loses its end is joined with the next, so that the two change together.
fn changes(cleaned: &Cleaned<'_>, lines: &[&str]) -> Vec<Change> {
    let cuts: Vec<Span> = cleaned
        .removals()
        .iter()
        .map(|removal| removal.span)
        .collect();
    let mut changes: Vec<Change> = Vec::new();
    let mut start = 0;
    for (index, line) in lines.iter().enumerate() {
        let span = Span::at(start, start + line.len());
        start = span.end();
        let first = cuts.partition_point(|cut| cut.end() <= span.start());
        let touched = cuts.get(first).is_some_and(|cut| cut.overlaps(span));
        let joined = changes.last().is_some_and(|last| {
            last.to == index && !last.rest.is_empty() && !last.rest.ends_with('\n')
        });
        if !touched && !joined {
            continue;
        }
        let rest: String = gaps(span, &cuts[first..])
            .map(|gap| &cleaned.source()[gap.range()])
            .collect();
        match changes.last_mut() {
            Some(last) if last.to == index => {
                last.to = index + 1;
                last.rest.push_str(&rest);
            }
            _ => changes.push(Change {
                from: index,
                to: index + 1,
                rest,
            }),
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use crate::{Cleaner, Document, Scratch};

    fn diff(text: &str) -> String {
        let cleaner = Cleaner::builder().build().unwrap();
        let document = Document::new(text).unwrap();
        super::diff(
            "a.txt",
            &cleaner.clean(&document, &mut Scratch::default()),
            false,
        )
    }

    #[test]
    fn whole_lines_go_in_hunks_with_context() {
        let text =
            "1.\n2.\n3.\n4.\nAdvertisement\n5.\n6.\n7.\n8.\n9.\n10.\n11.\n12.\nAdvertisement";
        assert_eq!(
            diff(text),
            "--- a.txt\n+++ a.txt (cleaned)\n@@ -2,7 +2,6 @@\n 2.\n 3.\n 4.\n-Advertisement\n 5.\n 6.\n 7.\n\
             @@ -11,4 +10,3 @@\n 10.\n 11.\n 12.\n-Advertisement\n\\ No newline at end of file\n"
        );
        assert_eq!(diff("1.\n2.\n"), "");
    }

    #[test]
    fn a_line_that_keeps_a_part_is_replaced() {
        let text = "He left. To view this video please enable JavaScript, and consider upgrading to a web\nbrowser that supports HTML5 video\nShe stayed.\n";
        assert_eq!(
            diff(text),
            "--- a.txt\n+++ a.txt (cleaned)\n@@ -1,3 +1,2 @@\n-He left. To view this video please enable JavaScript, and consider upgrading to a web\n\
             -browser that supports HTML5 video\n+He left.\n She stayed.\n"
        );
    }
}
