//! Share and navigation runs: several short labels in a row. "Facebook" or "Sport" on a line of its own may be a
//! heading or a list item; three such lines one after the other are a share bar or a menu.

use super::{EnabledRule, Filter};
use crate::mark::Marks;
use crate::text::NormalizedText;
use crate::text::{View, ends_like_sentence, has_word, word_count};
use dechaff_rules::rule::{Cue, RuleId};

/// A run has at least so many labels.
const FEWEST: usize = 3;
/// A label that no rule knows has at most so many words.
const LONGEST_LABEL: usize = 3;

#[derive(Debug)]
pub(super) struct LabelRuns {
    share: Option<RuleId>,
    navigation: Option<RuleId>,
}

impl LabelRuns {
    const SHARE_RULE: &str = "structure/share-run";
    const NAVIGATION_RULE: &str = "structure/navigation-run";

    /// Makes the filter if one of its rules is enabled.
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
    fn mark_run(
        &self,
        view: &View<'_>,
        run: std::ops::Range<usize>,
        marks: &mut Marks,
        text: &mut NormalizedText,
    ) {
        let known: Vec<usize> = run.filter(|&line| is_known(view, line)).collect();
        let cued = |line: &&usize| {
            view.has_cue(**line, Cue::Share) || view.has_cue(**line, Cue::Navigation)
        };
        // One word again and again is a refrain.
        let mut differs =
            |pair: &[usize]| view.fingerprint(pair[0], text) != view.fingerprint(pair[1], text);
        if known.len() < FEWEST
            || known.iter().find(cued).is_none()
            || !known.windows(2).any(&mut differs)
        {
            return;
        }
        let (first, last) = (known[0], known[known.len() - 1]);
        let shares = known
            .iter()
            .filter(|&&line| view.has_cue(line, Cue::Share))
            .count();
        let menus = known
            .iter()
            .filter(|&&line| view.has_cue(line, Cue::Navigation))
            .count();
        let common = if shares >= menus {
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

fn is_known(view: &View<'_>, line: usize) -> bool {
    view.is_cut(line) || view.has_cue(line, Cue::Share) || view.has_cue(line, Cue::Navigation)
}

/// Where a run of labels ends that starts at `first`, a known label; `first` itself where it is none. Between two known labels one unknown short line may stand.
fn run_end(view: &View<'_>, first: usize) -> usize {
    if !is_known(view, first) {
        return first;
    }
    let (mut end, mut line, mut strangers) = (first, first, 0);
    while line < view.line_count() {
        if is_known(view, line) {
            (end, strangers) = (line + 1, 0);
        } else if has_word(view.text(line)) {
            strangers += 1;
            let text = view.text(line);
            if strangers > 1
                || word_count(text) > LONGEST_LABEL
                || ends_like_sentence(text)
                || view.is_wrapped(line)
            {
                break;
            }
        }
        line += 1;
    }
    end
}
