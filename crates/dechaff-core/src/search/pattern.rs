//! A pattern (a regular expression of a rule), and its verification on the lines that are
//! candidates.

use super::dfa::DfaCache;
use super::match_span::{is_space, trim_span};
use super::regex::LazyRegex;
use crate::mark::Marks;
use crate::steps;
use crate::text::{Span, View, trim_unseen, union};
use dechaff_rules::chars::is_word;
use dechaff_rules::plan::ByteSet;
use dechaff_rules::rule::RuleId;

/// Lines above and below a candidate line that a pattern inside lines may reach.
const REACH: usize = 3;

/// A regular expression with cheap necessary conditions of its matches.
pub(super) struct Pattern {
    pub rule: RuleId,
    /// Most code points of a line that the pattern may match as a whole; `None` if it matches
    /// inside lines.
    pub max_line_chars: Option<usize>,
    /// Most bytes of a match.
    pub max_len: usize,
    /// Bytes that a match can start and end with.
    pub ends: (ByteSet, ByteSet),
    pub regex: LazyRegex,
}

impl Pattern {
    /// Returns whether the pattern may match on a line: always, unless it matches whole lines and
    /// the line has a length, first or last byte that no match has. This rules out most candidates
    /// before they are sorted and the regex is compiled.
    pub(super) fn may_match(&self, view: &View<'_>, line: usize) -> bool {
        let is_part = view.is_wrapped(line) || view.lines().continues(line);
        self.max_line_chars.is_none() || is_part || self.can_match(view.lines().visible_text(line))
    }

    /// Adds a mark for every line of `lines` that the pattern matches as a whole; lines that hard
    /// wrapping broke are joined to one text. `lines` are sorted.
    pub(super) fn mark_lines(
        &self,
        lines: impl Iterator<Item = usize>,
        view: &View<'_>,
        dfas: &mut DfaCache,
        marks: &mut Marks,
    ) {
        let mut done = 0;
        for line in lines {
            // A hard-wrapped paragraph is tried once, not once per line.
            if line < done {
                continue;
            }
            let paragraph = view.paragraphs(line..line + 1);
            done = paragraph.end;
            let start = view.span(paragraph.start).start();
            let span = Span::from_offsets(start, view.span(paragraph.end - 1).end());
            let text = if paragraph.len() == 1 {
                view.lines().visible_text(line)
            } else {
                trim_unseen(&view.document().text()[span.range()])
            };
            if self.can_match(text) && self.regex.is_match(text, dfas) {
                marks.add(span, self.rule);
            }
        }
    }

    /// Returns whether a whole line has a length, a first and a last byte that a match can have.
    fn can_match(&self, line: &str) -> bool {
        let max_chars = self.max_line_chars.unwrap_or(usize::MAX);
        let (first, last) = (line.as_bytes().first(), line.as_bytes().last());
        line.len() <= self.max_len
            && first.is_some_and(|&first| self.ends.0.contains(first))
            && last.is_some_and(|&last| self.ends.1.contains(last))
            && (line.len() <= max_chars
                || line.len() / 4 <= max_chars && line.chars().count() <= max_chars)
    }

    /// Adds a mark for every match of the pattern within [`REACH`] lines of `lines`, which are
    /// sorted. Text between candidates that are close to each other is searched once.
    pub(super) fn mark_spans(
        &self,
        lines: impl Iterator<Item = usize>,
        view: &View<'_>,
        marks: &mut Marks,
    ) {
        let document = view.document();
        let mut windows: Vec<Span> = lines
            .map(|line| {
                let last = (line + REACH).min(view.line_count() - 1);
                let start = view.span(line.saturating_sub(REACH)).start();
                Span::from_offsets(start, view.span(last).end())
            })
            .collect();
        union(&mut windows);
        for window in windows {
            steps::count(window.len());
            let text = &document.text()[window.range()];
            // Most windows have no match, and the regex is not even compiled for them.
            if !self.regex.may_match(text) {
                continue;
            }
            let Some(regex) = self.regex.regex() else {
                return;
            };
            for found in regex.find_iter(text) {
                if found.is_empty() {
                    continue;
                }
                let start = window.start() + found.start();
                let span = Span::from_offsets(start, window.start() + found.end());
                let before = document.text()[..start].trim_end_matches(is_space);
                let starts_phrase = before.is_empty() || before.ends_with(|c: char| !is_word(c));
                marks.add(trim_span(document, span, starts_phrase), self.rule);
            }
        }
    }
}
