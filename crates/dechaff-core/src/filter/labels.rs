//! Runs of labels of share bars and menus. "Facebook" or "Sport" on a line by itself may be a
//! heading or a list item; three such lines in a row are a share bar or a menu.

use super::{EnabledRule, Filter};
use crate::mark::Marks;
use crate::text::NormalizedText;
use crate::text::{View, ends_like_sentence, has_word, word_count};
use dechaff_rules::rule::{Cue, RuleId};
use std::ops::Range;

/// Least number of known labels in a run.
const MIN_LABELS: usize = 3;

/// Most words of a line between known labels that may be a label too.
const MAX_LABEL_WORDS: usize = 3;

/// Least number of words of a line with a colon at its end that announces a list of words.
const MIN_ANNOUNCING_WORDS: usize = 4;

/// Marks runs of labels of share bars and menus.
#[derive(Debug)]
pub(super) struct LabelRuns {
    share: Option<RuleId>,
    navigation: Option<RuleId>,
}

impl LabelRuns {
    const SHARE_RULE: &str = "structure/share-run";
    const NAVIGATION_RULE: &str = "structure/navigation-run";

    /// Returns the filter, or `None` if neither of its rules is enabled. With only one of them,
    /// lines of the other kind still count as labels of a run, but are not marked.
    pub(super) fn new(enabled: EnabledRule<'_>) -> Option<Self> {
        let (share, navigation) = (enabled(Self::SHARE_RULE), enabled(Self::NAVIGATION_RULE));
        (share.is_some() || navigation.is_some()).then_some(Self { share, navigation })
    }
}

impl Filter for LabelRuns {
    fn mark(&self, view: &View<'_>, marks: &mut Marks, text: &mut NormalizedText) {
        let mut line = 0;
        while line < view.line_count() {
            let end = run_end(view, line);
            self.mark_run(view, line..end, marks, text);
            line = end.max(line + 1);
        }
    }
}

impl LabelRuns {
    /// Marks the lines of `run` from its first known label to its last, unless it has too few known
    /// labels, none of them has a cue, all are the same word, which is a refrain, or the text
    /// announces them. A line without a cue gets the rule that most labels have.
    fn mark_run(
        &self,
        view: &View<'_>,
        run: Range<usize>,
        marks: &mut Marks,
        text: &mut NormalizedText,
    ) {
        let known: Vec<usize> = run.filter(|&line| is_known(view, line)).collect();
        if known.len() < MIN_LABELS
            || is_announced(view, known[0])
            || !known.iter().any(|&line| has_label_cue(view, line))
            || !known
                .windows(2)
                .any(|pair| view.fingerprint(pair[0], text) != view.fingerprint(pair[1], text))
        {
            return;
        }
        let (first, last) = (known[0], known[known.len() - 1]);
        let common =
            if count_cue(view, &known, Cue::Share) >= count_cue(view, &known, Cue::Navigation) {
                self.share
            } else {
                self.navigation
            };
        for line in (first..=last).filter(|&line| has_word(view.text(line)) && !view.is_cut(line)) {
            let rule = match (
                view.has_cue(line, Cue::Share),
                view.has_cue(line, Cue::Navigation),
            ) {
                (true, false) => self.share,
                (false, true) => self.navigation,
                _ => common,
            };
            if let Some(rule) = rule {
                marks.add(view.span(line), rule);
            }
        }
    }
}

fn count_cue(view: &View<'_>, lines: &[usize], cue: Cue) -> usize {
    lines
        .iter()
        .filter(|&&line| view.has_cue(line, cue))
        .count()
}

fn has_label_cue(view: &View<'_>, line: usize) -> bool {
    view.has_cue(line, Cue::Share) || view.has_cue(line, Cue::Navigation)
}

/// Returns whether a line counts as a known label of a run: a cue rule says that it is one, or an
/// earlier stage removed the line.
fn is_known(view: &View<'_>, line: usize) -> bool {
    view.is_cut(line) || has_label_cue(view, line)
}

/// Returns whether the line right above a run is text that announces it: "These labels are clear:".
fn is_announced(view: &View<'_>, first: usize) -> bool {
    first > 0 && view.touches_next(first - 1) && {
        let above = view.text(first - 1);
        above.ends_with([':', '：'])
            && word_count(above) >= MIN_ANNOUNCING_WORDS
            && !is_known(view, first - 1)
    }
}

/// Returns one past the last line of the run of labels that starts at `first`, or `first` if that
/// line is not a known label. Between two known labels there may be one unknown line, if it is
/// short and not a sentence.
fn run_end(view: &View<'_>, first: usize) -> usize {
    if !is_known(view, first) {
        return first;
    }
    let (mut end, mut line, mut unknown) = (first, first, 0);
    while line < view.line_count() {
        if is_known(view, line) {
            (end, unknown) = (line + 1, 0);
        } else if has_word(view.text(line)) {
            unknown += 1;
            let text = view.text(line);
            if unknown > 1
                || ends_like_sentence(text)
                || view.is_wrapped(line)
                || word_count(text) > MAX_LABEL_WORDS
            {
                break;
            }
        }
        line += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use crate::filter::testing::clean;

    #[test]
    fn labels_that_the_text_announces_stay() {
        let labels = "Home\nNews\nContact\nAbout\n";
        for announced in ["Open the page. You see:", "The firms that were named are:"] {
            let text = format!("{announced}\n{labels}Now add a footer to the page.\n");
            assert_eq!(clean(&text), text);
        }
        for above in [
            "The bridge opens on Monday.",
            "Sections:",
            "The menu has three parts:\n",
        ] {
            let text = format!("{above}\n{labels}The bridge cost four million.\n");
            assert!(!clean(&text).contains("Contact"), "{above:?}");
        }
    }
}
