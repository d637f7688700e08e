//! Which lines hard wrapping broke. A hard-wrapped paragraph is broken at a fixed width: a line of
//! it is followed directly by one that starts with a word that would not have fitted. For example,
//! in a text with a paragraph like this:
//!
//! ```text
//! The council voted on Monday to close the bridge for     broken: `repairs` did not fit
//! repairs that will take until the end of the next        broken: `year` did not fit
//! year.                                                   not broken: a blank line follows
//!
//! Share                                                   not broken: it is the last line
//! ```
//!
//! Each paragraph is judged by itself, because a text can have hard-wrapped paragraphs between
//! menus, lists and lines of any length. Once the width of some paragraphs is known, it also
//! decides about paragraphs of two lines. A text that keeps to one width as a whole is judged as a
//! whole, so that its lists of short lines do not count as paragraphs.

use super::document::Document;
use super::line::TextLine;
use dechaff_rules::chars::is_spaceless;
use std::ops::Range;

/// Greatest width of a hard-wrapped line, in columns: code points, of which those of scripts
/// without spaces count twice.
const MAX_WIDTH: usize = 120;

/// Least width of the widest line of a hard-wrapped text or paragraph, in columns. Narrower ones
/// are lists.
const MIN_WIDTH: usize = 45;

/// Least width of the widest line of a text that is judged as a whole, in columns.
const MIN_TEXT_WIDTH: usize = 50;

/// Fewest non-blank lines of a text that is judged as a whole.
const MIN_TEXT_LINES: usize = 6;

/// Fewest broken lines of a text that is judged as a whole.
const MIN_TEXT_BREAKS: usize = 3;

/// One in this many lines of a text that is judged as a whole can be wider than [`MAX_WIDTH`].
const LINES_PER_WIDE_LINE: usize = 50;

/// Fewest lines of a paragraph that is judged without its neighbors.
const MIN_PARAGRAPH_LINES: usize = 3;

/// Lines of a paragraph from which on it need not continue in lower case: that all of them are
/// broken by chance is unlikely enough.
const MANY_LINES: usize = 6;

/// The last characters of sentences.
const SENTENCE_ENDS: [char; 8] = ['.', '!', '?', '。', '！', '？', '।', '؟'];

/// Fewest broken lines, in paragraphs judged by themselves, that establish the width of the text.
const MIN_WIDTH_BREAKS: usize = 4;

/// Returns the lines that hard wrapping broke, in order, as indices into `lines`: the non-blank
/// lines of `document`.
pub(super) fn broken_lines(document: &Document<'_>, lines: &[TextLine]) -> Vec<usize> {
    let lines = &Lines::new(document, lines);
    match text_width(lines) {
        Some(width) => (0..lines.count())
            .filter(|&line| is_broken(lines, line, width))
            .collect(),
        None => broken_in_paragraphs(lines),
    }
}

/// The non-blank lines of a document.
struct Lines<'l> {
    document: &'l Document<'l>,
    lines: &'l [TextLine],
    /// The width of each line in columns, with its indentation; a very large number for lines that
    /// are certainly too wide to be hard-wrapped.
    widths: Vec<usize>,
}

impl<'l> Lines<'l> {
    fn new(document: &'l Document<'l>, lines: &'l [TextLine]) -> Self {
        let widths = lines.iter().map(|line| {
            if line.range().len() > 4 * MAX_WIDTH {
                return usize::MAX / 2;
            }
            let indentation = line.start as usize - document.line(line.number as usize).start();
            indentation + width(&document.text()[line.range()])
        });
        Self {
            document,
            lines,
            widths: widths.collect(),
        }
    }

    fn count(&self) -> usize {
        self.lines.len()
    }

    /// Returns a line without white space at its ends.
    fn text(&self, line: usize) -> &str {
        &self.document.text()[self.lines[line].range()]
    }

    /// Returns whether the line after this one in the document is not blank.
    fn is_followed(&self, line: usize) -> bool {
        line + 1 < self.count() && self.lines[line + 1].number == self.lines[line].number + 1
    }

    fn width(&self, line: usize) -> usize {
        self.widths[line]
    }
}

/// Returns the width of a text that is hard-wrapped as a whole, in columns: it keeps to one width,
/// and half of the lines that another one follows directly, and at least [`MIN_TEXT_BREAKS`], are
/// broken. Returns `None` for any other text.
fn text_width(lines: &Lines<'_>) -> Option<usize> {
    let count = lines.count();
    if count < MIN_TEXT_LINES {
        return None;
    }
    let (mut wide, mut width) = (0, 0);
    for line in 0..count {
        let own = lines.width(line);
        if own > MAX_WIDTH {
            wide += 1;
            // Most texts are not hard-wrapped, and their first lines show it.
            if wide * LINES_PER_WIDE_LINE > count {
                return None;
            }
        } else {
            width = width.max(own);
        }
    }
    if width < MIN_TEXT_WIDTH {
        return None;
    }
    let followed = (0..count).filter(|&line| lines.is_followed(line)).count();
    let breaks = (0..count)
        .filter(|&line| is_broken(lines, line, width))
        .count();
    (breaks * 2 >= followed && breaks >= MIN_TEXT_BREAKS).then_some(width)
}

/// Returns the broken lines of a text that is not hard-wrapped as a whole.
fn broken_in_paragraphs(lines: &Lines<'_>) -> Vec<usize> {
    let runs = runs(lines);
    let paragraphs: Vec<Paragraph> = runs
        .iter()
        .flat_map(|run| paragraphs(lines, run.clone()))
        .collect();
    let breaks: usize = paragraphs
        .iter()
        .map(|paragraph| paragraph.lines.len() - 1)
        .sum();
    let width = paragraphs.iter().map(|paragraph| paragraph.width).max();
    let mut broken: Vec<usize> = paragraphs
        .into_iter()
        .flat_map(|paragraph| paragraph.lines.start..paragraph.lines.end - 1)
        .collect();
    if let Some(width) = width.filter(|_| breaks >= MIN_WIDTH_BREAKS) {
        broken.extend(
            runs.into_iter()
                .flat_map(|run| run.start..run.end - 1)
                .filter(|&line| {
                    lines.width(line) <= width
                        && is_broken(lines, line, width)
                        && continues(lines, line + 1)
                }),
        );
        broken.sort_unstable();
        broken.dedup();
    }
    broken
}

/// A paragraph that is hard-wrapped by its own evidence.
struct Paragraph {
    lines: Range<usize>,
    /// Width of the widest line around it, in columns.
    width: usize,
}

/// Returns the runs of two or more lines that follow each other directly, none of them too wide. A
/// line that starts an item of a list, a heading or a row of a table starts a run.
fn runs(lines: &Lines<'_>) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = 0;
    for line in 0..lines.count() {
        if lines.width(line) > MAX_WIDTH {
            start = line + 1;
        } else if !lines.is_followed(line)
            || lines.width(line + 1) > MAX_WIDTH
            || starts_item(lines.text(line + 1))
        {
            if line > start {
                runs.push(start..line + 1);
            }
            start = line + 1;
        }
    }
    runs
}

/// Returns the paragraphs of a run. A line that is not broken at the width of the run ends one; a
/// paragraph has three or more lines, and half of them but the first continue a sentence. If there
/// are many lines, one of them has to.
fn paragraphs(lines: &Lines<'_>, run: Range<usize>) -> Vec<Paragraph> {
    let width = run.clone().map(|line| lines.width(line)).max().unwrap_or(0);
    if width < MIN_WIDTH || run.len() < MIN_PARAGRAPH_LINES {
        return Vec::new();
    }
    let mut paragraphs = Vec::new();
    let mut start = run.start;
    for line in run.clone() {
        if line + 1 < run.end && is_broken(lines, line, width) {
            continue;
        }
        let count = line + 1 - start;
        let continued = (start + 1..=line)
            .filter(|&line| continues(lines, line))
            .count();
        if count >= MIN_PARAGRAPH_LINES
            && (continued * 2 >= count - 1 || count >= MANY_LINES && continued > 0)
        {
            paragraphs.push(Paragraph {
                lines: start..line + 1,
                width,
            });
        }
        start = line + 1;
    }
    paragraphs
}

/// Returns whether the next line follows directly and its first word would not have fitted on this
/// one without exceeding `width`, in columns.
fn is_broken(lines: &Lines<'_>, line: usize, width: usize) -> bool {
    lines.is_followed(line)
        && lines.width(line) + 1 + first_word_width(lines.text(line + 1)) > width
}

/// Returns whether a line starts as the continuation of a sentence does: with a lowercase letter, a
/// digit or an opening bracket, or with a letter of a script without cases if the line before does
/// not end a sentence.
fn continues(lines: &Lines<'_>, line: usize) -> bool {
    let Some(first) = content(lines.text(line)).chars().next() else {
        return false;
    };
    if first.is_alphabetic() && !first.is_lowercase() && !first.is_uppercase() {
        return !lines.text(line - 1).ends_with(SENTENCE_ENDS);
    }
    first.is_lowercase() || first.is_numeric() || matches!(first, '(' | '[')
}

/// Returns whether a line starts an item of a list, a heading, a row of a table or a fence.
fn starts_item(text: &str) -> bool {
    let text = content(text);
    if text.starts_with(['#', '|', '•', '·', '▪', '►', '◦', '`', '~']) {
        return true;
    }
    let marker = text.split(' ').next().unwrap_or_default();
    let number = marker.trim_matches(['(', ')', '.', ':']);
    match marker {
        "-" | "*" | "+" | "–" | "—" | "o" => true,
        _ => {
            marker.len() > number.len()
                && marker.ends_with([')', '.'])
                && marker.len() < text.len()
                && (number.len() == 1
                    || number.len() < 4 && number.bytes().all(|byte| byte.is_ascii_digit()))
        }
    }
}

/// Returns a line without the marker of a block quote.
fn content(text: &str) -> &str {
    text.trim_start_matches(['>', ' '])
}

/// Returns the width of the first word of a line, in columns. In scripts without spaces it is the
/// first character.
fn first_word_width(text: &str) -> usize {
    let text = content(text);
    match text.chars().next() {
        Some(first) if is_spaceless(first) => 2,
        _ => width(text.split(' ').next().unwrap_or_default()),
    }
}

/// Returns the width of a text in columns.
fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    // Every character of a script without spaces starts with a byte from 0xE0 on, and none with
    // 0xE2, with which quotation marks and dashes start. No branch, so that many bytes are compared
    // at once.
    let may_be_spaceless = text
        .bytes()
        .fold(0, |any, byte| any | u8::from(byte >= 0xE0 && byte != 0xE2));
    let count = text.chars().count();
    if may_be_spaceless != 0 {
        count + text.chars().filter(|&c| is_spaceless(c)).count()
    } else {
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::TextLines;

    const PARAGRAPH: &str = "\
        The council voted on Monday to close the bridge for repairs that will\n\
        take until the end of next year, and said that buses would run along the\n\
        embankment in the meantime, at no further cost to those who hold passes.\n";

    /// Returns for each non-blank line of `text` whether hard wrapping broke it.
    fn joins(text: &str) -> Vec<bool> {
        let document = Document::new(text).unwrap();
        let lines = TextLines::new(&document, Vec::new());
        (0..lines.count()).map(|line| lines.joins(line)).collect()
    }

    #[test]
    fn a_text_is_judged_as_a_whole() {
        let wrapped = [
            PARAGRAPH,
            "\nTraders in the old harbour said they had not been asked, and expected to\n\
            lose a third of their custom before the work is done and the road opens\n\
            again.\n\nShare\n",
        ]
        .concat();
        assert_eq!(
            joins(&wrapped),
            [true, true, false, true, true, false, false]
        );
        assert!(
            joins("Home\nNews\nSport\nCulture\nTravel\nAbout us\n")
                .iter()
                .all(|joins| !joins)
        );
    }

    #[test]
    fn a_paragraph_is_judged_by_itself() {
        let long = "It cost four million, which is twice what the town had set aside for it in \
            the year before, and the rest has to come from the county, said the engineer.\n";
        let text = ["Home\nNews\n", long, "\n", PARAGRAPH, "\n", long].concat();
        assert_eq!(
            joins(&text),
            [false, false, false, true, true, false, false]
        );
    }

    #[test]
    fn the_width_of_some_paragraphs_decides_about_short_ones() {
        let long = "It cost four million, which is twice what the town had set aside for it in \
            the year before, and the rest has to come from the county, said the engineer.\n";
        let short = "\nTraders in the old harbour said they had not been asked, and expected to\n\
            lose custom.\n";
        let text = [long, PARAGRAPH, "\n", PARAGRAPH, short].concat();
        assert_eq!(joins(&text)[7..], [true, false]);
        assert_eq!(
            joins(&[long, PARAGRAPH, short].concat())[4..],
            [false, false]
        );
    }

    #[test]
    fn lists_and_titles_are_not_paragraphs() {
        for text in [
            "1. The council approves the tunnel under the old harbour\n\
             2. The ferry fares will rise again in spring, says town\n\
             3. The old pier was never rebuilt, and here is the why\n",
            "Council Approves The Tunnel Under The Old Harbour At Last\n\
             Ferry Fares Will Rise Again In Spring For All Passengers\n\
             Why The Old Pier Was Never Rebuilt And What It Has Cost\n",
            "議会は火曜日に新しい堤防の建設を認めました\n\
             渡し船の運賃は春に再び上がる見通しです\n",
        ] {
            assert!(joins(text).iter().all(|joins| !joins), "{text}");
        }
    }
}
