//! Headings and separators that removals left without a purpose: a heading whose text was all
//! removed, and a line of dashes that no longer separates anything.

use super::{EnabledRule, Filter};
use crate::mark::Marks;
use crate::text::{NormalizedText, View, has_word, word_count};
use dechaff_rules::rule::RuleId;

/// Most words of a heading that is a line with a colon at the end.
const MAX_HEADING_WORDS: usize = 8;

/// Least number of characters other than white space in a separator; a shorter line is a lone
/// bullet.
const MIN_SEPARATOR_CHARS: usize = 3;

/// Marks orphaned headings and separators.
#[derive(Debug)]
pub(super) struct Orphans {
    heading: Option<RuleId>,
    separator: Option<RuleId>,
}

impl Orphans {
    const HEADING_RULE: &str = "layout/orphan-heading";
    const SEPARATOR_RULE: &str = "layout/orphan-separator";

    /// Returns the filter, or `None` if neither of its rules is enabled. With only one of them, the
    /// other kind of line is neither marked nor, for a heading, treated as removed.
    pub(super) fn new(enabled: EnabledRule<'_>) -> Option<Self> {
        let (heading, separator) = (enabled(Self::HEADING_RULE), enabled(Self::SEPARATOR_RULE));
        (heading.is_some() || separator.is_some()).then_some(Self { heading, separator })
    }
}

impl Filter for Orphans {
    fn mark(&self, view: &View<'_>, marks: &mut Marks, _: &mut NormalizedText) {
        let orphaned = self.mark_headings(view, marks);
        self.mark_separators(view, &orphaned, marks);
    }
}

impl Orphans {
    /// Marks headings whose text was all removed: something below them was cut, and nothing is left
    /// up to the next heading of the same or a higher rank, or the end. Returns for each line
    /// whether it was marked.
    fn mark_headings(&self, view: &View<'_>, marks: &mut Marks) -> Vec<bool> {
        let mut orphaned = vec![false; view.line_count()];
        let Some(rule) = self.heading else {
            return orphaned;
        };
        // From the end, so that a heading that has only orphaned headings below it is orphaned too.
        // `next_rank` is the rank of the next line that stays, if that is a heading (the end of the
        // document counts as the highest rank). `ranks` are those of headings that can have lost
        // their text since: all after a cut, and only higher ones than that of an orphaned heading,
        // as one of the same rank had no text before either.
        let (mut next_rank, mut ranks) = (Some(0), 0..0);
        for line in (0..view.line_count()).rev() {
            if view.is_cut(line) {
                ranks = 1..usize::MAX;
            } else if has_word(view.text(line)) {
                let rank = heading_rank(view, line);
                if let (Some(own), Some(next)) = (rank, next_rank)
                    && ranks.contains(&own)
                    && next <= own
                {
                    orphaned[line] = true;
                    marks.add(view.span(line), rule);
                    ranks.end = own;
                } else {
                    (next_rank, ranks) = (rank, 0..0);
                }
            }
        }
        orphaned
    }

    /// Marks separators in runs of lines without text of which something was removed; `orphaned`
    /// headings count as removed. At the start and end of the document all separators of such a run
    /// are marked. Between two texts the first one stays, and of the others those beside a removed
    /// line are marked.
    fn mark_separators(&self, view: &View<'_>, orphaned: &[bool], marks: &mut Marks) {
        let Some(rule) = self.separator else { return };
        let mut line = 0;
        while line < view.line_count() {
            if is_remaining_text(view, orphaned, line) {
                line += 1;
                continue;
            }
            let end = (line..view.line_count())
                .find(|&at| is_remaining_text(view, orphaned, at))
                .unwrap_or(view.line_count());
            let at_edge = line == 0 || end == view.line_count();
            if (line..end).any(|at| is_removed(view, orphaned, at)) {
                let mut is_separated = at_edge;
                for at in (line..end).filter(|&at| !is_removed(view, orphaned, at)) {
                    let is_beside_removal = (at > line && is_removed(view, orphaned, at - 1))
                        || (at + 1 < end && is_removed(view, orphaned, at + 1));
                    if is_comment(view, at) {
                        continue;
                    }
                    if !is_separated && is_separator(view.text(at)) {
                        is_separated = true;
                    } else if at_edge || is_beside_removal {
                        marks.add(view.span(at), rule);
                    }
                }
            }
            line = end;
        }
    }
}

fn is_removed(view: &View<'_>, orphaned: &[bool], line: usize) -> bool {
    view.is_cut(line) || orphaned[line]
}

fn is_remaining_text(view: &View<'_>, orphaned: &[bool], line: usize) -> bool {
    has_word(view.text(line)) && !is_removed(view, orphaned, line)
}

/// Returns whether a line without words is a separator rather than a lone bullet, by its number of
/// visible characters.
fn is_separator(text: &str) -> bool {
    text.chars().filter(|c| !c.is_whitespace()).count() >= MIN_SEPARATOR_CHARS
}

/// Returns the rank of a heading, 1 being the highest: its number of hashes in Markdown, or 7 for a
/// short line that ends with a colon. Returns `None` if the line is not a heading.
fn heading_rank(view: &View<'_>, line: usize) -> Option<usize> {
    let text = view.text(line);
    if let Some(hashes) = hashes(text) {
        let is_heading = text[hashes..].starts_with(' ')
            && !text.ends_with('.')
            && !text[hashes..].trim_start().starts_with(char::is_lowercase)
            && !is_comment(view, line);
        return is_heading.then_some(hashes);
    }
    (text.ends_with([':', '：']) && word_count(text) <= MAX_HEADING_WORDS).then_some(7)
}

/// Returns whether a line with hashes is a comment of code or the prompt of a shell rather than a
/// heading: a line with as many hashes is right above or below it.
fn is_comment(view: &View<'_>, line: usize) -> bool {
    let own = hashes(view.text(line));
    own.is_some()
        && ((line > 0 && view.touches_next(line - 1) && hashes(view.text(line - 1)) == own)
            || (view.touches_next(line) && hashes(view.text(line + 1)) == own))
}

/// Returns with how many hashes a line starts, if it is a line of hashes or may be a heading.
fn hashes(text: &str) -> Option<usize> {
    let rest = text.trim_start_matches('#');
    let hashes = text.len() - rest.len();
    ((1..=6).contains(&hashes) && (rest.is_empty() || rest.starts_with(char::is_whitespace)))
        .then_some(hashes)
}

#[cfg(test)]
mod tests {
    use crate::filter::testing::clean;

    #[test]
    fn headings_go_with_their_text_up_to_the_rank_of_the_next_one() {
        for orphan in ["## Elsewhere", "# More\n\n## Elsewhere", "Elsewhere:"] {
            let text = format!("The bridge opens on Monday.\n\n{orphan}\n\nAdvertisement\n");
            assert_eq!(clean(&text), "The bridge opens on Monday.\n", "{orphan:?}");
        }
    }

    #[test]
    fn heading_without_text_above_an_orphan_of_its_rank_stays() {
        let kept = "The bridge opens on Monday.\n\n## Sources\n";
        let text = format!("{kept}\n## Elsewhere\n\nAdvertisement\n");
        assert_eq!(clean(&text), kept);
    }

    #[test]
    fn comments_and_prompts_are_no_headings() {
        for lines in [
            "# Reads the tide tables\n# Sorts them by date\n#\n",
            "# apt install tides\n# mkdir /srv/tides\n",
            "    # Reads the tide tables\n    # and sorts them\n",
        ] {
            for chaff in [
                "# Copyright (C) 2024 Example Corporation\n",
                "Advertisement\n",
            ] {
                let text = format!("Put this into the file:\n\n{lines}{chaff}");
                assert!(clean(&text).contains(lines), "{text}");
            }
        }
    }

    #[test]
    fn sentences_and_lower_case_after_a_hash_are_no_headings() {
        for line in ["# The tables are sorted.", "# exportfs -a"] {
            let text = format!("Put this into the file:\n\n{line}\n\nAdvertisement\n");
            assert!(clean(&text).contains(line), "{line:?}");
        }
    }
}
