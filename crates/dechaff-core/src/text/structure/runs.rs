//! Structures that are runs of lines of one form: block quotes, lists, dialogue, specifications and
//! source code without fences.
//!
//! ```text
//! > The bridge was closed                1. Cut the cloth.        “Who was it?”
//! > for a year.                          2. Fold it.              “Nobody.”
//!                                        3. Iron it.              “Then who called?”
//! ```

use super::found::{Found, Structure};
use super::line_form::{FormedLines, flag};
use crate::steps;
use std::ops::Range;

/// Minimum number of lines of a block quote.
const MIN_QUOTE_LINES: usize = 2;
/// Minimum number of words of a line that shows that a quote is prose.
const MIN_QUOTE_WORDS: usize = 8;
/// Minimum number of items of a list, and of turns of a dialogue.
const MIN_ITEMS: usize = 3;
/// Minimum number of words of each item of a certain list with bullets.
const MIN_BULLET_WORDS: usize = 8;
/// Minimum number of words of a sentence in a numbered list.
const MIN_STEP_WORDS: usize = 4;
/// Minimum number of pairs of a specification.
const MIN_PAIRS: usize = 4;
/// Minimum number of lines of source code.
const MIN_CODE_LINES: usize = 3;

/// Objects that the scripts of a page use. A script that was extracted with the page is no content.
const PAGE_OBJECTS: [&str; 2] = ["window.", "document."];

/// What a line with which a structure of this file starts is, at least one of these.
const STARTS: u32 =
    flag::QUOTE | flag::NUMBERED | flag::SPEECH | flag::PAIR | flag::BULLET | flag::CODE;

/// Finds all structures of this file.
pub(super) fn find(text: &FormedLines<'_, '_>, found: &mut Vec<Found>) {
    let mut line = 0;
    while line < text.count() {
        steps::count(1);
        if !text.is(line, STARTS) {
            line += 1;
            continue;
        }
        let end = [quote, numbered, dialogue, specification, bullets, code]
            .into_iter()
            .find_map(|find| find(text, line))
            .map(|own| {
                let end = own.lines.end;
                found.push(own);
                end
            });
        line = end.unwrap_or(line + 1);
    }
}

/// Returns the block quote that starts with this line. It is certain if it has prose.
fn quote(text: &FormedLines<'_, '_>, first: usize) -> Option<Found> {
    let end = text.adjacent_end(first, |line| text.is(line, flag::QUOTE));
    let is_certain = text.count_in(first..end, flag::SENTENCE) > 0
        && (first..end).any(|line| text.words(line) >= MIN_QUOTE_WORDS);
    run(Structure::Quote, first..end, MIN_QUOTE_LINES, is_certain)
}

/// Returns the numbered list that starts with this line. It is certain if two thirds of its items
/// are sentences. The numbers follow each other.
fn numbered(text: &FormedLines<'_, '_>, first: usize) -> Option<Found> {
    let number = |line: usize| text.forms[line].number;
    let end = text.run_end(first, |line| {
        number(line) > 0 && (line == first || number(line) == number(line - 1) + 1)
    });
    let sentences = (first..end)
        .filter(|&line| {
            text.is(line, flag::STATEMENT | flag::CLAUSE) && text.words(line) > MIN_STEP_WORDS
        })
        .count();
    let is_certain = sentences * 3 >= (end - first) * 2;
    run(Structure::List, first..end, MIN_ITEMS, is_certain)
}

/// Returns the list with bullets that starts with this line. It is certain if each of its items is
/// a sentence of some length.
fn bullets(text: &FormedLines<'_, '_>, first: usize) -> Option<Found> {
    let end = text.run_end(first, |line| text.is(line, flag::BULLET));
    let is_certain = (first..end)
        .all(|line| text.is(line, flag::STATEMENT) && text.words(line) > MIN_BULLET_WORDS);
    run(Structure::List, first..end, MIN_ITEMS, is_certain)
}

/// Returns the dialogue that starts with this line.
fn dialogue(text: &FormedLines<'_, '_>, first: usize) -> Option<Found> {
    let end = text.run_end(first, |line| text.is(line, flag::SPEECH));
    run(Structure::Dialogue, first..end, MIN_ITEMS, true)
}

/// Returns the specification that starts with this line. Contact data and credits have the same
/// form, so it is never certain.
fn specification(text: &FormedLines<'_, '_>, first: usize) -> Option<Found> {
    let end = text.adjacent_end(first, |line| text.is(line, flag::PAIR));
    run(Structure::Specification, first..end, MIN_PAIRS, false)
}

/// Returns the source code that starts with this line. One line of another form can be between two
/// of code. It is certain if it has lines that are indented more than the first, and is no script
/// of the page.
fn code(text: &FormedLines<'_, '_>, first: usize) -> Option<Found> {
    let end = text.run_end(first, |line| {
        text.is(line, flag::CODE)
            || line > first
                && line + 1 < text.count()
                && text.is(line - 1, flag::CODE)
                && text.is(line + 1, flag::CODE)
    });
    let indent = |line: usize| {
        let document = text.lines.document();
        let start = document.line(text.lines.number(line)).start();
        text.text(line).as_ptr() as usize - document.text().as_ptr() as usize - start
    };
    let is_script = |line| {
        PAGE_OBJECTS
            .iter()
            .any(|object| text.text(line).contains(object))
    };
    let is_certain =
        (first..end).any(|line| indent(line) > indent(first)) && !(first..end).any(is_script);
    let count = text.count_in(first..end, flag::CODE);
    (count >= MIN_CODE_LINES)
        .then(|| run(Structure::Code, first..end, MIN_CODE_LINES, is_certain))
        .flatten()
}

/// Returns a run of lines as a structure if it has a minimum number of lines.
fn run(structure: Structure, lines: Range<usize>, min: usize, is_certain: bool) -> Option<Found> {
    (lines.len() >= min).then_some(Found {
        structure,
        lines,
        is_certain,
    })
}
