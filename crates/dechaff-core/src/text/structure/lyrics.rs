//! Song lyrics: sections of short lines under marks such as `[Verse 1]`.
//!
//! ```text
//! [Verse 1]
//! The rope is wet
//! The lamp is low
//! [Chorus x2]
//! Home, home
//! ```

use super::found::{Found, Structure};
use super::line_form::{FormedLines, flag};
use crate::steps;
use dechaff_rules::chars::is_word;

/// Maximum length of a mark and of a line of lyrics, in bytes.
const MAX_LINE_LEN: usize = 120;
/// First words of marks, in lowercase, sorted.
const SECTIONS: [&str; 25] = [
    "breakdown",
    "bridge",
    "chorus",
    "coro",
    "couplet",
    "drop",
    "estribillo",
    "estrofa",
    "hook",
    "interlude",
    "intro",
    "outro",
    "pont",
    "puente",
    "refrain",
    "refrão",
    "ritornello",
    "solo",
    "strofa",
    "strophe",
    "verse",
    "verso",
    "бридж",
    "куплет",
    "припев",
];

/// Finds the lyrics of a text that has at least two marks. The last section has at most as many
/// lines as the longest one before it, because a page may end with other short lines.
pub(super) fn find(text: &FormedLines<'_, '_>, found: &mut Vec<Found>) {
    let mut song: Option<Song> = None;
    let mut line = 0;
    while line < text.count() {
        if !text.is(line, flag::BRACKET) || !is_mark(text.text(line)) {
            line += 1;
            continue;
        }
        let end = text.run_end(line + 1, |line| {
            let text = text.text(line);
            text.len() <= MAX_LINE_LEN && !is_mark(text)
        });
        steps::count(end - line);
        let has_next = end < text.count() && is_mark(text.text(end));
        let own = song.get_or_insert(Song {
            start: line,
            marks: 0,
            longest: 0,
        });
        own.marks += 1;
        if has_next {
            own.longest = own.longest.max(end - line);
        } else {
            found.extend((own.marks > 1).then(|| Found {
                structure: Structure::Verse,
                lines: own.start..end.min(line + own.longest),
                is_certain: true,
            }));
            song = None;
        }
        line = end;
    }
}

/// The sections that were read so far.
struct Song {
    start: usize,
    marks: usize,
    /// Number of lines of the longest section that another one follows.
    longest: usize,
}

/// Returns whether a line is the mark of a section, in brackets or parentheses.
fn is_mark(line: &str) -> bool {
    let Some(inner) = line
        .strip_prefix('[')
        .and_then(|line| line.strip_suffix(']'))
        .or_else(|| line.strip_prefix('(')?.strip_suffix(')'))
        .filter(|inner| inner.len() <= MAX_LINE_LEN)
    else {
        return false;
    };
    let inner = inner.to_lowercase();
    let inner = inner.strip_prefix("pre-").unwrap_or(&inner);
    let end = inner.find(|c| !is_word(c)).unwrap_or(inner.len());
    SECTIONS.binary_search(&&inner[..end]).is_ok()
}
