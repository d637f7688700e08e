//! Verse: stanzas of short lines between blank lines, with the titles above and between them.
//!
//! ```text
//! Ferry                           a title
//!
//! The rope is wet,                a stanza: lines that end like clauses and sentences
//! the lamp is low,
//! and nobody calls.
//! ```

use super::found::{Found, Structure};
use super::line_form::{FormedLines, flag};
use crate::steps;
use std::ops::Range;

/// Minimum number of lines of a stanza.
const MIN_LINES: usize = 3;
/// Minimum number of lines of the stanzas of a poem.
const MIN_POEM_LINES: usize = 4;
/// Maximum length of a line of verse, in bytes.
const MAX_LINE_LEN: usize = 80;
/// Maximum number of words of a title.
const MAX_TITLE_WORDS: usize = 6;

/// What the lines between two blank lines are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Stanza,
    Title,
    Other,
}

/// Finds the poems of a text.
pub(super) fn find(text: &FormedLines<'_, '_>, found: &mut Vec<Found>) {
    // The lines of the current poem, their part up to the last stanza, and its number of lines.
    let (mut start, mut end, mut count) = (None, 0, 0);
    let mut line = 0;
    let mut previous = (Part::Other, 0);
    while line < text.count() {
        let part_end = text.adjacent_end(line, |_| true);
        let part = part(text, line..part_end);
        if part == Part::Stanza {
            let is_titled = previous.0 == Part::Title;
            start = start.or(Some(if is_titled { previous.1 } else { line }));
            end = part_end;
            count += part_end - line;
        }
        if part == Part::Other || part_end == text.count() {
            found.extend(
                start
                    .take()
                    .filter(|_| count >= MIN_POEM_LINES)
                    .map(|start| Found {
                        structure: Structure::Verse,
                        lines: start..end,
                        is_certain: true,
                    }),
            );
            count = 0;
        }
        previous = (part, line);
        line = part_end;
    }
}

/// Returns what the lines between two blank lines are. A line within a stanza ends with a comma or
/// another mark that does not end a sentence, which labels and names rarely do.
fn part(text: &FormedLines<'_, '_>, lines: Range<usize>) -> Part {
    let first = lines.start;
    let count = lines.len();
    steps::count(count);
    if count == 1 && text.words(first) <= MAX_TITLE_WORDS && !text.is(first, flag::BULLET) {
        return Part::Title;
    }
    let is_short = |line: usize| {
        text.text(line).len() <= MAX_LINE_LEN
            && !text.is(line, flag::HAS_DIGIT | flag::BULLET | flag::QUOTE)
    };
    let words: usize = lines.clone().map(|line| text.words(line)).sum();
    let is_stanza = count >= MIN_LINES
        && lines.clone().all(is_short)
        && words >= 2 * count
        && text.count_in(lines.clone(), flag::SENTENCE | flag::CLAUSE) * 2 >= count
        && (first..lines.end - 1).any(|line| text.text(line).ends_with([',', ';']));
    if is_stanza { Part::Stanza } else { Part::Other }
}
