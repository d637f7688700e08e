//! Short lines behind the text of a page that stand among lines which its site repeats: the titles
//! of a list of links, of which only the heading and the labels are the same on every page.

use super::site::Repeated;
use super::{EnabledRule, Filter};
use crate::learn::{PageText, PageTexts, Position};
use crate::mark::Marks;
use crate::text::{NormalizedText, View, ends_like_sentence, word_count};
use dechaff_rules::rule::RuleId;
use std::ops::Range;

/// Most lines in a row that removed lines can enclose.
const MAX_LINES: usize = 20;

/// Fewest words of a line that ends like a sentence and is prose.
const MIN_SENTENCE_WORDS: usize = 15;

/// Fewest words of a line that is prose in any case.
const MIN_LONG_WORDS: usize = 25;

/// Fewest words of an item of a list that is prose.
const MIN_ITEM_WORDS: usize = 60;

/// Marks lines that removed lines enclose, on pages of sites of which something was learned.
#[derive(Debug)]
pub(super) struct Enclosed {
    rule: RuleId,
    repeated: Repeated,
}

impl Enclosed {
    const RULE: &str = "site/enclosed";

    /// Returns the filter, or `None` if its rule ([`RULE`](Self::RULE)) is not enabled, or there is
    /// no filter for what sites repeat.
    pub(super) fn new(enabled: EnabledRule<'_>, repeated: Option<Repeated>) -> Option<Self> {
        Some(Self {
            rule: enabled(Self::RULE)?,
            repeated: repeated?,
        })
    }
}

impl Filter for Enclosed {
    fn mark(&self, view: &View<'_>, marks: &mut Marks, text: &mut NormalizedText) {
        let Some((page, found)) = self.repeated.find(view, text) else {
            return;
        };
        let Some(mut line) = end_of_prose(page) else {
            return;
        };
        let mut cut: Vec<bool> = (0..view.line_count())
            .map(|line| view.is_cut(line))
            .collect();
        for (index, _) in found {
            cut[page.texts()[index].lines.clone()].fill(true);
        }
        while line < cut.len() {
            let next = (line..cut.len())
                .find(|&at| cut[at] != cut[line])
                .unwrap_or(cut.len());
            if !cut[line] && is_enclosed(view, line..next, &cut) {
                (line..next).for_each(|at| marks.add(view.span(at), self.rule));
            }
            line = next;
        }
    }
}

/// Returns the line after the last one of the longest run of prose, or `None` if there is no prose.
fn end_of_prose(page: &PageTexts) -> Option<usize> {
    let is_body = |text: &&PageText| text.position == Position::Body;
    let last = page.texts().iter().rfind(is_body)?;
    page.has_prose().then_some(last.lines.end)
}

/// Returns whether `lines`, none of which is removed, are few and short and follow a removed line.
fn is_enclosed(view: &View<'_>, lines: Range<usize>, cut: &[bool]) -> bool {
    lines.len() <= MAX_LINES
        && lines.start > 0
        && cut[lines.start - 1]
        && lines.clone().all(|line| {
            let text = view.text(line);
            !is_long_prose(text, word_count(text))
        })
        && (!lines.clone().any(|line| view.is_wrapped(line)) || is_item(view.text(lines.start)))
}

/// Returns whether `text` begins with the bullet of a list.
fn is_item(text: &str) -> bool {
    let mut characters = text.chars();
    let bullet = characters.next();
    bullet.is_some_and(|c| "•·●▪■*–-".contains(c))
        && characters.next().is_some_and(char::is_whitespace)
}

/// Returns whether a line of `words` words among removed lines is prose, so that it stays. Titles
/// and teasers are longer than what else counts as a label.
fn is_long_prose(text: &str, words: usize) -> bool {
    words >= MIN_ITEM_WORDS
        || !is_item(text)
            && (words >= MIN_LONG_WORDS || words >= MIN_SENTENCE_WORDS && ends_like_sentence(text))
}
