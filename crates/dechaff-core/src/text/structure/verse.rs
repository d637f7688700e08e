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

/// Finds the poems of a text: stanzas, with titles between them and above the first.
pub(super) fn find(text: &FormedLines<'_, '_>, found: &mut Vec<Found>) {
    // The first line of the current poem, the end of its last stanza, and its number of lines.
    let (mut start, mut end, mut count) = (None, 0, 0);
    let mut previous = 0..0;
    while previous.end < text.count() {
        let line = previous.end;
        let part = line..text.adjacent_end(line, |_| true);
        steps::count(part.len());
        let is_stanza = is_stanza(text, part.clone());
        if is_stanza {
            let is_titled = start.is_none() && is_title(text, previous.clone());
            start = start.or(Some(if is_titled { previous.start } else { line }));
            end = part.end;
            count += part.len();
        }
        if let Some(first) = start
            && (part.end == text.count() || !is_stanza && !is_title(text, part.clone()))
        {
            if count >= MIN_POEM_LINES {
                found.push(Found {
                    structure: Structure::Verse,
                    lines: first..end,
                    is_certain: true,
                });
            }
            (start, count) = (None, 0);
        }
        previous = part;
    }
}

/// Returns whether the lines between two blank lines are a title.
fn is_title(text: &FormedLines<'_, '_>, lines: Range<usize>) -> bool {
    lines.len() == 1
        && !text.is(lines.start, flag::BULLET)
        && text.words(lines.start) <= MAX_TITLE_WORDS
}

/// Returns whether the lines between two blank lines are a stanza. A line within a stanza ends with
/// a comma or another mark that does not end a sentence, which labels and names rarely do.
fn is_stanza(text: &FormedLines<'_, '_>, lines: Range<usize>) -> bool {
    let count = lines.len();
    if count < MIN_LINES
        || text.count_in(lines.clone(), flag::SENTENCE | flag::CLAUSE) * 2 < count
        || text.count_in(lines.clone(), flag::BULLET | flag::QUOTE) > 0
    {
        return false;
    }
    let is_plain = |line: usize| {
        let line = text.text(line).as_bytes();
        line.len() <= MAX_LINE_LEN && !line.iter().any(u8::is_ascii_digit)
    };
    (lines.start..lines.end - 1).any(|line| text.text(line).ends_with([',', ';']))
        && lines.clone().all(is_plain)
        && lines.map(|line| text.words(line)).sum::<usize>() >= 2 * count
}
