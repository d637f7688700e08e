//! Lists of links under a heading such as "Related stories". Without its link, a title looks like
//! any short line, so only the heading above it and the list around it show what it is.

use super::{EnabledRule, Filter};
use crate::mark::Marks;
use crate::text::{NormalizedText, View, ends_like_sentence, has_word, word_count};
use dechaff_rules::rule::{Cue, RuleId};

/// Most words of a title.
const MAX_TITLE_WORDS: usize = 18;

/// Least number of titles that tell how long the titles of a list are.
const MIN_ALIKE_TITLES: usize = 2;

/// Least number of words of a title directly before text, which could be its heading.
const MIN_TITLE_WORDS: usize = 6;

/// Most lines of a list. A longer run of short lines under a heading is no list of teasers.
const MAX_LIST_LINES: usize = 24;

/// Marks lists of links together with their headings.
#[derive(Debug)]
pub(super) struct Links {
    rule: RuleId,
}

impl Links {
    const RULE: &str = "structure/link-list";

    /// Returns the filter, or `None` if its rule ([`RULE`](Self::RULE)) is not enabled, so that a
    /// stage runs only filters that can mark something.
    pub(super) fn new(enabled: EnabledRule<'_>) -> Option<Self> {
        enabled(Self::RULE).map(|rule| Self { rule })
    }
}

impl Filter for Links {
    fn mark(&self, view: &View<'_>, marks: &mut Marks, _: &mut NormalizedText) {
        for heading in (0..view.line_count()).filter(|&line| view.has_cue(line, Cue::Related)) {
            let end = list_end(view, heading + 1);
            if end > heading + 1 {
                (heading..end)
                    .filter(|&line| has_word(view.text(line)))
                    .for_each(|line| marks.add(view.span(line), self.rule));
            }
        }
    }
}

/// Returns one past the last line of the list that starts at `first`, or `first` if there is no
/// list. A list ends before a line that cannot be a title and before the next heading of a list.
fn list_end(view: &View<'_>, first: usize) -> usize {
    let count = view.line_count();
    let end = (first..count)
        .find(|&line| !can_be_listed(view, line) || view.has_cue(line, Cue::Related))
        .unwrap_or(count);
    // Lines that are already removed do not count, so that cleaning the cleaned text again gives
    // the same list.
    if (first..end).filter(|&line| !view.is_cut(line)).count() > MAX_LIST_LINES {
        return first;
    }
    let text_follows =
        end < count && !view.has_cue(end, Cue::Related) && !view.text(end).starts_with('#');
    if !text_follows || end == first || view.is_cut(end - 1) {
        return end;
    }
    // A last title before text may be the heading of that text, unless a blank line separates it
    // from the text and none separates it from the list.
    let is_with_list = end - 1 == first || view.touches_next(end - 2);
    let is_apart_from_text = !view.touches_next(end - 1);
    if is_with_list && is_apart_from_text || is_like_list(view, first, end - 1) {
        end
    } else {
        end - 1
    }
}

/// Returns whether the line `last` is about as long as the titles from `first` up to it. A heading
/// of the text behind a list is shorter.
fn is_like_list(view: &View<'_>, first: usize, last: usize) -> bool {
    let titles: Vec<usize> = (first..last)
        .map(|line| word_count(view.text(line)))
        .filter(|&words| words > 0)
        .collect();
    let own = word_count(view.text(last));
    titles.len() >= MIN_ALIKE_TITLES
        && own >= MIN_TITLE_WORDS
        && own * titles.len() * 2 >= titles.iter().sum()
}

/// Returns whether a line can be part of a list: a title, a line without words such as a separator,
/// or a line that an earlier stage removed.
fn can_be_listed(view: &View<'_>, line: usize) -> bool {
    view.is_cut(line) || !has_word(view.text(line)) || is_title(view, line)
}

/// Returns whether a line looks like the title of an article: 2 to [`MAX_TITLE_WORDS`] words, the
/// first not in lower case, and no punctuation at the end but a question mark, an exclamation mark
/// or an ellipsis. A Markdown heading is no title.
fn is_title(view: &View<'_>, line: usize) -> bool {
    let text = view.text(line);
    let first = text
        .chars()
        .find(|&c| dechaff_rules::chars::is_word(c) || c == '#');
    !view.is_wrapped(line)
        && (text.ends_with(['?', '!', '…']) || !ends_like_sentence(text))
        && first.is_some_and(|c| !c.is_lowercase())
        && !text.starts_with('#')
        && (2..=MAX_TITLE_WORDS).contains(&word_count(text))
}
