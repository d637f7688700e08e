//! The lint of phrases and patterns: rejects rules that would be unsafe, slow or meaningless. Every
//! problem has a position and says what to write instead.

use crate::error::Problem;
use crate::phrase::Phrase;
use crate::steps;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde::de::DeserializeOwned;
use std::ops::Range;

/// The problems found so far in a pack, with what is needed to locate further ones.
pub(super) struct Lint<'s> {
    /// The text of the pack.
    pub(super) source: &'s str,
    /// The name of the pack in messages, usually its path.
    pub(super) origin: &'s str,
    /// Whether phrases and patterns are linted. Those of the built-in packs are linted by a test,
    /// not when dechaff is built.
    pub(super) deep: bool,
    /// Offsets of problems in the source, and their messages.
    problems: Vec<(usize, String)>,
    /// Offsets at which the lines of the source start.
    line_starts: Vec<usize>,
}

impl<'s> Lint<'s> {
    /// Starts without problems, for the text `source` of the file that `origin` names.
    pub(super) fn new(source: &'s str, origin: &'s str, deep: bool) -> Self {
        Self {
            source,
            origin,
            deep,
            problems: Vec::new(),
            line_starts: std::iter::once(0)
                .chain(source.match_indices('\n').map(|(at, _)| at + 1))
                .collect(),
        }
    }

    /// Reads the source as TOML.
    ///
    /// # Errors
    /// A problem with its position, if the source is not valid TOML or has an unknown key.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        toml::from_str(self.source).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let offset = self.source.floor_char_boundary(offset);
            let line = self.line(offset);
            Problem {
                origin: self.origin.to_owned(),
                line,
                column: self.count_chars(self.line_starts[line - 1]..offset) + 1,
                message: error.message().trim().replace('\n', " "),
            }
        })
    }

    /// Returns the line, counted from 1, that has the byte at this offset of the source.
    pub(super) fn line(&self, offset: usize) -> usize {
        steps::count(1);
        self.line_starts.partition_point(|&start| start <= offset)
    }

    /// Adds a problem at the start of `span`, a byte range of the source. Parsing continues, so
    /// that a user sees all problems of a pack at once.
    pub(super) fn note(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.problems.push((span.start, message.into()));
    }

    /// Returns whether there is no problem so far.
    pub(super) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Returns the problems in the order of the source. Lines, and columns in code points, are
    /// counted from 1. The source is read once, as one line may have all problems.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        let mut noted = std::mem::take(&mut self.problems);
        noted.sort_by_key(|&(offset, _)| offset);
        let (mut at, mut column) = (0, 1);
        let mut problems = Vec::with_capacity(noted.len());
        for (offset, message) in noted {
            let offset = self.source.floor_char_boundary(offset);
            let line = self.line(offset);
            let line_start = self.line_starts[line - 1];
            if line_start > at {
                (at, column) = (line_start, 1);
            }
            column += self.count_chars(at..offset);
            at = offset;
            problems.push(Problem {
                origin: self.origin.to_owned(),
                line,
                column,
                message,
            });
        }
        problems
    }

    fn count_chars(&self, range: Range<usize>) -> usize {
        steps::count(range.len());
        self.source[range].chars().count()
    }
}

/// Returns whether `name` is a valid name of a pack or a rule: one or more lower-case ASCII
/// letters, digits and hyphens. Names occur in options and records, where other characters would
/// have to be quoted.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Notes what is wrong with a phrase: it does not parse, or it is so short that it would match
/// ordinary prose inside a line. `line` says whether the phrase must fill a whole line. Does
/// nothing without [`Lint::deep`].
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
        lint.note(
            at,
            format!(
                "the phrase '{phrase}' is too short to be safe inside a line: use two words (six \
                 characters in scripts without spaces), or line = true"
            ),
        );
    }
}

/// Notes what is wrong with a regular expression: it does not compile, it can match the empty text
/// although it `removes`, or it could match a whole page because a repetition has no bound. The
/// length of a match may be `bounded` in another way, by the key `longest`. Does nothing without
/// [`Lint::deep`].
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
                format!("the pattern '{pattern}' is not a valid regular expression: {reason}"),
            );
            return;
        }
    };
    if removes
        && hir
            .properties()
            .minimum_len()
            .is_none_or(|min_len| min_len == 0)
    {
        lint.note(
            at.clone(),
            format!(
                "the pattern '{pattern}' can match the empty text; make a part of it mandatory"
            ),
        );
    }
    if !bounded && is_unbounded(&hir) {
        lint.note(
            at.clone(),
            format!(
                "the pattern '{pattern}' has an unbounded repetition that matches prose, such as \
                 '.*'; write a bound, '.{{0,80}}', or for whole lines 'longest'"
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

/// Returns whether an expression contains a repetition without an upper bound that matches prose.
/// Such a pattern could remove everything up to the end of a document.
fn is_unbounded(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) => {
            (repetition.max.is_none() && matches_prose(&repetition.sub))
                || is_unbounded(&repetition.sub)
        }
        HirKind::Capture(capture) => is_unbounded(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(is_unbounded),
        _ => false,
    }
}

/// Returns whether one iteration of a repetition matches both a space and most letters, so that the
/// repetition can run over prose.
fn matches_prose(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => [' ', 'e'].iter().all(|c| {
            let mut ranges = class.ranges().iter();
            ranges.any(|range| (range.start()..=range.end()).contains(c))
        }),
        HirKind::Class(Class::Bytes(_)) => true,
        HirKind::Capture(capture) => matches_prose(&capture.sub),
        HirKind::Alternation(parts) => parts.iter().any(matches_prose),
        // `(\w+\s+)*` matches prose as well as `.*` does.
        HirKind::Concat(_) => {
            let min_len = hir.properties().minimum_len().unwrap_or(0);
            hir.properties().maximum_len().is_none() && min_len <= 2
        }
        _ => false,
    }
}
