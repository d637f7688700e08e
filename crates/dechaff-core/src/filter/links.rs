//! Runs of link lines under a heading such as "Related stories". A title without its link looks like any short line, so
//! that only the heading above and the run itself give it away.

use super::{EnabledRule, Filter};
use crate::mark::Marks;
use crate::text::{NormalizedText, View, ends_like_sentence, has_word, word_count};
use dechaff_rules::rule::{Cue, RuleId};

/// A title has at most so many words.
const LONGEST_TITLE: usize = 18;
/// A list has at most so many lines; more of them are no teaser list.
const MOST_LINES: usize = 24;

#[derive(Debug)]
pub(super) struct Links {
    rule: RuleId,
}

impl Links {
    const RULE: &str = "structure/link-list";

    /// Makes the filter if its rule is enabled.
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

/// One past the last link line of the list that starts at `first`; `first` itself if there is no list.
fn list_end(view: &View<'_>, first: usize) -> usize {
    let listed =
        |line: &usize| view.is_cut(*line) || !has_word(view.text(*line)) || is_title(view, *line);
    let count = view.line_count();
    let end = (first..count)
        .find(|line| !listed(line) || view.has_cue(*line, Cue::Related))
        .unwrap_or(count);
    // What is cut already does not count: once it is gone, the list must look the same.
    if (first..end).filter(|&line| !view.is_cut(line)).count() > MOST_LINES {
        return first;
    }
    let text_follows =
        end < count && !view.has_cue(end, Cue::Related) && !view.text(end).starts_with('#');
    if !text_follows || end == first || view.is_cut(end - 1) {
        return end;
    }
    // A title that text follows may be the heading of that text, unless it stands with the list and apart from the text.
    let with_list = end - 1 == first || view.touches_next(end - 2);
    let apart_from_text = !view.touches_next(end - 1);
    if with_list && apart_from_text {
        end
    } else {
        end - 1
    }
}

fn is_title(view: &View<'_>, line: usize) -> bool {
    let text = view.text(line);
    let asks = text.ends_with(['?', '!', '…']);
    let words = word_count(text);
    let starts = text
        .chars()
        .find(|&c| dechaff_rules::chars::is_word(c) || c == '#');
    let titled = starts.is_some_and(|c| !c.is_lowercase()) && !text.starts_with('#');
    !view.is_wrapped(line)
        && (2..=LONGEST_TITLE).contains(&words)
        && (asks || !ends_like_sentence(text))
        && titled
}
