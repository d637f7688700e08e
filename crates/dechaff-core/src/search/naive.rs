//! The reference for the search: tries a rule at every position of a text. Tests and fuzz targets
//! compare the search with it.

use super::pattern::Pattern;
use super::phrase::{line_starts, match_at};
use super::{DfaCache, Search, match_span};
use crate::mark::{Mark, Marks};
use crate::text::{NormalizedText, View};
use dechaff_rules::plan::ByteSet;
use dechaff_rules::rule::RuleId;

/// Returns what a rule matches if it is tried by itself at every position, with regexes of the
/// regex crate. This is the reference for the search.
pub(crate) fn find(search: &Search, rule: RuleId, view: &View<'_>) -> Vec<Mark> {
    let text = &NormalizedText::whole(view.document());
    let mut marks = Marks::default();
    for (phrase, _) in (0..search.phrases.len())
        .filter_map(|index| search.phrase(index as u32))
        .filter(|(_, own)| *own == rule)
    {
        let mut starts = Vec::new();
        if phrase.is_line() {
            (0..view.line_count())
                .filter(|&line| !text.continues(line))
                .for_each(|line| {
                    line_starts(text.bytes(), text.lines()[line].range(), &mut starts);
                });
        } else {
            starts.extend(
                std::str::from_utf8(text.bytes())
                    .unwrap_or_default()
                    .char_indices()
                    .filter(|(_, c)| !c.is_whitespace())
                    .map(|(at, _)| at),
            );
        }
        for start in starts {
            if let Some(end) = match_at(phrase, text, start) {
                marks.add(match_span(view, text, phrase.is_line(), start, end), rule);
            }
        }
    }
    for pattern in search
        .patterns
        .iter()
        .filter(|pattern| pattern.rule == rule)
    {
        let unfiltered = Pattern {
            rule,
            max_line_chars: pattern.max_line_chars,
            max_len: usize::MAX,
            ends: (ByteSet::ALL, ByteSet::ALL),
            regex: pattern.regex.with_regex_crate(),
        };
        let lines = 0..view.line_count();
        if pattern.max_line_chars.is_some() {
            unfiltered.mark_lines(lines, view, &mut DfaCache::default(), &mut marks);
        } else {
            unfiltered.mark_spans(lines, view, &mut marks);
        }
    }
    marks.take()
}
