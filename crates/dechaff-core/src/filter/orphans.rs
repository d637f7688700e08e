//! Headings and separators that removals leave without a purpose: a heading all of whose text is gone, a line of dashes
//! that separates nothing any more.

use super::{EnabledRule, Filter};
use crate::mark::Marks;
use crate::text::{NormalizedText, View, has_word, word_count};
use dechaff_rules::rule::RuleId;

/// A heading has at most so many words.
const LONGEST_HEADING: usize = 8;

#[derive(Debug)]
pub(super) struct Orphans {
    heading: Option<RuleId>,
    separator: Option<RuleId>,
}

impl Orphans {
    const HEADING_RULE: &str = "layout/orphan-heading";
    const SEPARATOR_RULE: &str = "layout/orphan-separator";

    /// Makes the filter if one of its rules is enabled.
    pub(super) fn new(enabled: EnabledRule<'_>) -> Option<Self> {
        let (heading, separator) = (enabled(Self::HEADING_RULE), enabled(Self::SEPARATOR_RULE));
        (heading.is_some() || separator.is_some()).then_some(Self { heading, separator })
    }
}

impl Filter for Orphans {
    fn mark(&self, view: &View<'_>, marks: &mut Marks, _: &mut NormalizedText) {
        let headings = self.mark_headings(view, marks);
        self.mark_separators(view, &headings, marks);
    }
}

impl Orphans {
    /// Marks headings whose text is gone: something under them was cut, and nothing is left up to the next heading of
    /// the same rank or the end. Says which lines they are.
    fn mark_headings(&self, view: &View<'_>, marks: &mut Marks) -> Vec<bool> {
        let mut orphaned = vec![false; view.line_count()];
        let Some(rule) = self.heading else {
            return orphaned;
        };
        // From the end, so that a heading over orphaned headings is one too. `next` is the rank of the next line that
        // stays, if it is a heading; `cut` whether something was cut in between.
        let (mut next, mut cut) = (Some(0), false);
        for line in (0..view.line_count()).rev() {
            if view.is_cut(line) {
                cut = true;
            } else if has_word(view.text(line)) {
                let rank = heading_rank(view.text(line));
                if let (Some(own), Some(next), true) = (rank, next, cut)
                    && next <= own
                {
                    orphaned[line] = true;
                    marks.add(view.span(line), rule);
                } else {
                    (next, cut) = (rank, false);
                }
            }
        }
        orphaned
    }

    /// Marks separators beside cut lines, where text stands on one side only or another separator stays.
    fn mark_separators(&self, view: &View<'_>, orphaned: &[bool], marks: &mut Marks) {
        let Some(rule) = self.separator else { return };
        let gone = |line: usize| view.is_cut(line) || orphaned[line];
        let stays = |line: usize| has_word(view.text(line)) && !gone(line);
        let mut line = 0;
        while line < view.line_count() {
            if stays(line) {
                line += 1;
                continue;
            }
            let end = (line..view.line_count())
                .find(|&at| stays(at))
                .unwrap_or(view.line_count());
            let at_edge = line == 0 || end == view.line_count();
            if (line..end).any(gone) {
                // Between two texts one separator may stay: the first that is a line of its own, not a lone bullet.
                let mut kept = at_edge;
                for at in (line..end).filter(|&at| !gone(at)) {
                    let beside = (at > line && gone(at - 1)) || (at + 1 < end && gone(at + 1));
                    let rule_line =
                        view.text(at).chars().filter(|c| !c.is_whitespace()).count() >= 3;
                    if !kept && rule_line {
                        kept = true;
                    } else if at_edge || beside {
                        marks.add(view.span(at), rule);
                    }
                }
            }
            line = end;
        }
    }
}

/// How high a heading stands, 1 the highest: by its hashes in Markdown, else 7 for a short line that ends in a colon.
fn heading_rank(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    if (1..=6).contains(&hashes) && text[hashes..].starts_with(' ') {
        return Some(hashes);
    }
    (text.ends_with([':', '：']) && word_count(text) <= LONGEST_HEADING).then_some(7)
}
