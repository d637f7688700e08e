//! Structures that alternate between a short line and text below it: definitions, questions with
//! answers, and timelines.
//!
//! ```text
//! Abutment                            What does it cost?           1931
//! The part that carries the ends.     Nothing, if you are six.     The bridge is built.
//! Bascule                             Who may enter?               1954: It is closed.
//! A part that opens.                  Members and their guests.    1960
//! …                                                                It is opened again.
//! ```

use super::entries::timed;
use super::found::{Found, Structure};
use super::line_form::{FormedLines, flag};
use crate::steps;
use rustc_hash::FxHashSet;
use std::cell::LazyCell;
use std::ops::Range;

/// Number of pairs from which on terms and explanations are definitions, if it is certain, and if
/// not.
const MIN_DEFINITIONS: (usize, usize) = (4, 3);
/// Maximum length of a term, in bytes.
const MAX_TERM_LEN: usize = 60;
/// Maximum number of words of a term.
const MAX_TERM_WORDS: usize = 5;
/// Maximum number of words of a question that stands in the place of a term.
const MAX_TERM_QUESTION_WORDS: usize = 12;
/// One in this many lines of a text with certain definitions can be no sentence, and no line above
/// one.
const LINES_PER_OTHER: usize = 20;
/// Minimum number of pairs of a question and an answer.
const MIN_QUESTIONS: usize = 2;
/// Numbers of words of a question.
const QUESTION_WORDS: std::ops::RangeInclusive<usize> = 3..=25;
/// Minimum number of words of the first line of an answer, and of its other lines.
const MIN_ANSWER_WORDS: (usize, usize) = (3, 5);
/// Maximum number of lines of an answer.
const MAX_ANSWER_LINES: usize = 7;
/// Minimum number of entries of a timeline.
const MIN_ENTRIES: usize = 3;
/// Minimum number of words of the text of an entry.
const MIN_ENTRY_WORDS: usize = 6;

/// Finds all structures of this file.
pub(super) fn find(text: &FormedLines<'_, '_>, found: &mut Vec<Found>) {
    find_definitions(text, found);
    find_questions(text, found);
    find_timelines(text, found);
}

/// Finds the definitions: pairs of a term and an explanation. Menus with descriptions look the
/// same, so they are certain only if the terms are in alphabetical order, or if the text has
/// nothing but sentences and lines above them.
fn find_definitions(text: &FormedLines<'_, '_>, found: &mut Vec<Found>) {
    let count = text.count();
    let is_plain = LazyCell::new(|| {
        let others = (0..count)
            .filter(|&line| {
                !text.is(line, flag::SENTENCE)
                    && (line + 1 == count || !text.is(line + 1, flag::SENTENCE))
            })
            .count();
        others <= (count / LINES_PER_OTHER).max(1)
    });
    let mut line = 0;
    while line < count {
        let mut end = line;
        while end + 1 < count && is_definition(text, end) {
            steps::count(1);
            end += 2;
        }
        let pairs = (end - line) / 2;
        if pairs < MIN_DEFINITIONS.1 {
            line += 1;
            continue;
        }
        let terms = (line..end).step_by(2).map(|line| text.text(line));
        let is_certain = pairs >= MIN_DEFINITIONS.0
            && (is_sorted(terms.clone()) || *is_plain && are_distinct(terms));
        found.push(Found {
            structure: Structure::Definitions,
            lines: line..end,
            is_certain,
        });
        line = end;
    }
}

/// Returns whether a line is a term and the next one its explanation: a sentence of two or more
/// words.
fn is_definition(text: &FormedLines<'_, '_>, line: usize) -> bool {
    text.is(line + 1, flag::STATEMENT)
        && text.is(line + 1, flag::CAPITAL)
        && is_term(text, line)
        && text.words(line + 1) > 1
}

/// Returns whether a line can be the term of a definition: a phrase or a question, and short.
fn is_term(text: &FormedLines<'_, '_>, line: usize) -> bool {
    if text.is(line, flag::QUESTION) {
        return text.words(line) <= MAX_TERM_QUESTION_WORDS;
    }
    text.is(line, flag::CAPITAL)
        && !text.is(line, flag::SENTENCE | flag::CLAUSE)
        && text.text(line).len() <= MAX_TERM_LEN
        && !text.text(line).ends_with(')')
        && text.words(line) <= MAX_TERM_WORDS
}

/// Returns whether each term comes before the next one in the order of their lowercase letters.
fn is_sorted<'t>(terms: impl Iterator<Item = &'t str> + Clone) -> bool {
    terms.clone().zip(terms.skip(1)).all(|(term, next)| {
        let lower = |text: &'t str| text.chars().flat_map(char::to_lowercase);
        lower(term).lt(lower(next))
    })
}

fn are_distinct<'t>(mut texts: impl Iterator<Item = &'t str>) -> bool {
    let mut seen = FxHashSet::default();
    texts.all(|text| seen.insert(text))
}

/// Finds the questions with answers. Only the first line of an answer is certain.
fn find_questions(text: &FormedLines<'_, '_>, found: &mut Vec<Found>) {
    let mut line = 0;
    while line < text.count() {
        let mut questions = Vec::new();
        let mut next = line;
        while let Some(end) = answer_end(text, next) {
            questions.push(next);
            next = end;
        }
        if questions.len() < MIN_QUESTIONS {
            line = next.max(line + 1);
            continue;
        }
        let is_certain = are_distinct(questions.iter().map(|&line| text.text(line)));
        found.extend(questions.into_iter().map(|question| Found {
            structure: Structure::Questions,
            lines: question..question + 2,
            is_certain,
        }));
        line = next;
    }
}

/// Returns the end of the answer below a line; `None` if the line is no question or has no answer.
fn answer_end(text: &FormedLines<'_, '_>, line: usize) -> Option<usize> {
    let is_question = text.is(line.min(text.count() - 1), flag::QUESTION);
    if !is_question || line + 1 >= text.count() || !QUESTION_WORDS.contains(&text.words(line)) {
        return None;
    }
    let (min_first, min_other) = MIN_ANSWER_WORDS;
    let first = line + 1;
    let is_answer = text.is(first, flag::STATEMENT) && text.words(first) >= min_first;
    is_answer.then(|| {
        let end = (first + MAX_ANSWER_LINES).min(text.count());
        (first + 1..end)
            .inspect(|_| steps::count(1))
            .find(|&line| {
                text.is(line, flag::QUESTION)
                    || !text.is(line, flag::SENTENCE)
                    || text.words(line) < min_other
            })
            .unwrap_or(end)
    })
}

/// Finds the timelines: dates with text behind them or on the next line.
fn find_timelines(text: &FormedLines<'_, '_>, found: &mut Vec<Found>) {
    let mut line = 0;
    while line < text.count() {
        let (mut end, mut entries) = (line, 0);
        while let Some(entry) = entry(text, end) {
            steps::count(1);
            end = entry.end;
            entries += 1;
        }
        if entries >= MIN_ENTRIES {
            found.push(Found {
                structure: Structure::Timeline,
                lines: line..end,
                is_certain: true,
            });
        }
        line = end.max(line + 1);
    }
}

/// Returns the lines of the entry of a timeline that starts with this line. Its text is a sentence,
/// on this line or on the next one.
fn entry(text: &FormedLines<'_, '_>, line: usize) -> Option<Range<usize>> {
    let is_sentence = |line| line < text.count() && text.is(line, flag::SENTENCE);
    if !is_sentence(line) && !is_sentence(line + 1) {
        return None;
    }
    let own = text.text(line);
    let end = line + 1 + usize::from(timed(own)? == own.len());
    let is_prose = end <= text.count()
        && text.is(end - 1, flag::SENTENCE)
        && text.words(end - 1) >= MIN_ENTRY_WORDS;
    is_prose.then_some(line..end)
}
