//! The lint of packs: rejects rules that would be unsafe, slow or meaningless, with the position of the problem and what to
//! write instead.

use crate::error::Problem;
use crate::phrase::Phrase;
use regex_syntax::hir::{Class, Hir, HirKind};
use std::ops::Range;

/// Where problems of a pack are noted.
pub(super) struct Lint<'s> {
    pub(super) source: &'s str,
    pub(super) origin: &'s str,
    /// Whether phrases and patterns are looked into. Those of built-in packs are when dechaff is tested, not when it is built.
    pub(super) deep: bool,
    pub(super) problems: Vec<Problem>,
}

impl Lint<'_> {
    pub(super) fn problem(&self, span: Range<usize>, message: String) -> Problem {
        let before = &self.source[..self.source.floor_char_boundary(span.start)];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        Problem {
            origin: self.origin.to_owned(),
            line,
            column: before[start..].chars().count() + 1,
            message,
        }
    }

    pub(super) fn note(&mut self, span: Range<usize>, message: impl Into<String>) {
        let problem = self.problem(span, message.into());
        self.problems.push(problem);
    }
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

pub(super) fn lint_phrase(phrase: &str, at: Range<usize>, line: bool, lint: &mut Lint<'_>) {
    if !lint.deep {
        return;
    }
    if let Err(reason) = Phrase::search_terms(phrase, line) {
        lint.note(at, format!("in '{phrase}': {reason}"));
        return;
    }
    let (words, spaceless) = Phrase::min_words(phrase);
    if !line && words < 2 && spaceless < 6 {
        lint.note(at, format!("the phrase '{phrase}' is too short to be safe inside a line: use two words (six characters in scripts without spaces), or line = true"));
    }
}

pub(super) fn lint_pattern(
    pattern: &str,
    at: Range<usize>,
    removes: bool,
    bounded: bool,
    lint: &mut Lint<'_>,
) {
    if !lint.deep {
        return;
    }
    let hir = match regex_syntax::parse(pattern) {
        Ok(hir) => hir,
        Err(error) => {
            let reason = match &error {
                regex_syntax::Error::Parse(error) => error.kind().to_string(),
                regex_syntax::Error::Translate(error) => error.kind().to_string(),
                _ => error.to_string(),
            };
            lint.note(
                at,
                format!("the pattern '{pattern}' is no regular expression: {reason}"),
            );
            return;
        }
    };
    if removes
        && hir
            .properties()
            .minimum_len()
            .is_none_or(|least| least == 0)
    {
        lint.note(
            at.clone(),
            format!(
                "the pattern '{pattern}' can match nothing at all; make a part of it obligatory"
            ),
        );
    }
    if !bounded && unbounded(&hir) {
        lint.note(
            at.clone(),
            format!(
                "the pattern '{pattern}' has an unbounded repetition of nearly anything, such as '.*'; write a bound, '.{{0,80}}', or \
                 for whole lines 'longest'"
            ),
        );
    }
    if regex::Regex::new(pattern).is_err() {
        lint.note(
            at,
            format!("the pattern '{pattern}' is too large; use smaller bounds or split it"),
        );
    }
}

/// Whether an expression repeats, without a bound, something that stands for letters and spaces alike.
fn unbounded(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) => {
            (repetition.max.is_none() && takes_prose(&repetition.sub)) || unbounded(&repetition.sub)
        }
        HirKind::Capture(capture) => unbounded(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(unbounded),
        _ => false,
    }
}

/// Whether one turn of a repetition can be a space and can be most letters.
fn takes_prose(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            let ranges = || class.ranges().iter();
            let has = |c: char| ranges().any(|range| range.start() <= c && c <= range.end());
            has(' ') && has('e')
        }
        HirKind::Class(Class::Bytes(_)) => true,
        HirKind::Capture(capture) => takes_prose(&capture.sub),
        HirKind::Alternation(parts) => parts.iter().any(takes_prose),
        // `(\w+\s+)*` runs over prose as well as `.*` does.
        HirKind::Concat(_) => {
            let least = hir.properties().minimum_len().unwrap_or(0);
            hir.properties().maximum_len().is_none() && least <= 2
        }
        _ => false,
    }
}
