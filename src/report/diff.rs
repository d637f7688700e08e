//! A unified diff from a document to its cleaned text. No lines have to be compared, because the
//! removed spans already are the difference.
//!
//! A line that lost a part is replaced, one that is wholly removed is deleted. A line that lost its
//! end is joined with the next one, so both are replaced together: removing `b⏎c` from the two
//! lines `ab` and `cd` gives
//!
//! ```text
//! -ab
//! -cd
//! +ad
//! ```

use super::{ADDED, NAME, REMOVED, escape_control, paint};
use anstyle::Style;
use dechaff_core::{Cleaned, Span};
use std::fmt::Write;

/// Unchanged lines shown before and after a change.
const CONTEXT: usize = 3;

/// Consecutive lines of the source that change.
struct Change {
    /// The index of the first line.
    from: usize,
    /// One past the index of the last line.
    to: usize,
    /// The text that is left of them.
    rest: String,
}

impl Change {
    /// Returns the number of lines that replace the changed ones; 0 if nothing is left of them.
    fn added(&self) -> usize {
        self.rest.split_inclusive('\n').count()
    }
}

/// Returns the unified diff from a document to its cleaned text, or an empty string if nothing
/// changes. With `colour` it is for a terminal: lines have colour codes, and control characters of
/// the text are escaped. Without, lines are exact, so that the result can be used as a patch.
#[must_use]
pub fn diff(name: &str, cleaned: &Cleaned<'_>, colour: bool) -> String {
    let lines: Vec<&str> = cleaned.source().split_inclusive('\n').collect();
    let changes = changes(cleaned, &lines);
    let mut writer = DiffWriter {
        text: String::new(),
        colour,
    };
    if !changes.is_empty() {
        writer.put(&format!("--- {name}"), NAME);
        writer.put(&format!("+++ {name} (cleaned)"), NAME);
    }
    let mut shift = 0;
    for hunk in changes.chunk_by(|one, next| next.from <= one.to + 2 * CONTEXT) {
        shift += writer.hunk(&lines, hunk, shift);
    }
    writer.text
}

/// A diff that is being written.
struct DiffWriter {
    text: String,
    /// Whether lines are coloured and escaped for a terminal.
    colour: bool,
}

impl DiffWriter {
    /// Appends a hunk: changes of `lines` that are too close together to be shown apart. `shift` is
    /// the number of lines that the hunks before it added, less those that they removed. Returns
    /// the same number for this hunk.
    fn hunk(&mut self, lines: &[&str], changes: &[Change], shift: isize) -> isize {
        let from = changes[0].from.saturating_sub(CONTEXT);
        let to = (changes[changes.len() - 1].to + CONTEXT).min(lines.len());
        let removed: usize = changes.iter().map(|change| change.to - change.from).sum();
        let added: usize = changes.iter().map(Change::added).sum();
        let new_len = to - from - removed + added;
        // The format places an empty side after the line before it.
        let new_start = from.saturating_add_signed(shift) + usize::from(new_len > 0);
        let (old_start, old_len) = (from + 1, to - from);
        self.put(
            &format!("@@ -{old_start},{old_len} +{new_start},{new_len} @@"),
            NAME,
        );
        let mut next = from;
        for change in changes {
            self.lines(' ', &lines[next..change.from], Style::new());
            self.lines('-', &lines[change.from..change.to], REMOVED);
            let rest: Vec<&str> = change.rest.split_inclusive('\n').collect();
            self.lines('+', &rest, ADDED);
            next = change.to;
        }
        self.lines(' ', &lines[next..to], Style::new());
        added as isize - removed as isize
    }

    /// Appends lines of the text with `sign` before each. After a line without a line feed, which
    /// can only be the last one of a text, it appends the remark that the format requires.
    fn lines(&mut self, sign: char, lines: &[&str], style: Style) {
        for line in lines {
            let body = line.strip_suffix('\n').unwrap_or(line);
            self.put(&format!("{sign}{body}"), style);
            if !line.ends_with('\n') {
                self.text.push_str("\\ No newline at end of file\n");
            }
        }
    }

    /// Appends one line of the diff and a line feed, in colours and with control characters escaped
    /// if the diff is for a terminal.
    fn put(&mut self, line: &str, style: Style) {
        let line = if self.colour {
            &escape_control(line)
        } else {
            line
        };
        let _ = writeln!(self.text, "{}", paint(line, style, self.colour));
    }
}

/// Returns the lines that change, in order, with the text that is left of them. Neighbours form one
/// change. If a line keeps some text but loses its line end, the next line changes too, since the
/// two are joined.
fn changes(cleaned: &Cleaned<'_>, lines: &[&str]) -> Vec<Change> {
    let cuts: Vec<Span> = cleaned
        .removals()
        .iter()
        .map(|removal| removal.span)
        .collect();
    let mut changes: Vec<Change> = Vec::new();
    let mut start = 0;
    for (index, line) in lines.iter().enumerate() {
        let span = Span::from_offsets(start, start + line.len());
        start = span.end();
        let first = cuts.partition_point(|cut| cut.end() <= span.start());
        let touched = cuts.get(first).is_some_and(|cut| cut.overlaps(span));
        let joined = changes.last().is_some_and(|last| {
            last.to == index && !last.rest.is_empty() && !last.rest.ends_with('\n')
        });
        if !touched && !joined {
            continue;
        }
        let rest: String = span
            .without(&cuts[first..])
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
    fn whole_lines_are_deleted_in_hunks_with_context() {
        let text =
            "1.\n2.\n3.\n4.\nAdvertisement\n5.\n6.\n7.\n8.\n9.\n10.\n11.\n12.\nAdvertisement";
        assert_eq!(
            diff(text),
            "--- a.txt\n+++ a.txt (cleaned)\n\
             @@ -2,7 +2,6 @@\n 2.\n 3.\n 4.\n-Advertisement\n 5.\n 6.\n 7.\n\
             @@ -11,4 +10,3 @@\n 10.\n 11.\n 12.\n-Advertisement\n\\ No newline at end of file\n"
        );
        assert_eq!(diff("1.\n2.\n"), "");
    }

    #[test]
    fn a_line_that_keeps_a_part_is_replaced() {
        let text = "He left. To view this video please enable JavaScript, and consider \
                    upgrading to a web\nbrowser that supports HTML5 video\nShe stayed.\n";
        assert_eq!(
            diff(text),
            "--- a.txt\n+++ a.txt (cleaned)\n@@ -1,3 +1,2 @@\n\
             -He left. To view this video please enable JavaScript, and consider \
             upgrading to a web\n\
             -browser that supports HTML5 video\n+He left.\n She stayed.\n"
        );
    }
}
