//! Quality of each rule, measured on a corpus: the lines that it removes, those that no other rule
//! removes, and the prose that it damages.
//!
//! A rule is worth its place if it removes chaff that no other rule removes (`sole`) and touches no
//! prose (`kept`).

use super::fate::{LineOutcome, line_outcomes};
use crate::cleaner::{Cleaned, Removal};
use dechaff_rules::rule::RuleId;
use std::collections::BTreeMap;

/// The label that a person or a data set gave to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Prose: removing it is a loss.
    Keep,
    /// Chaff.
    Drop,
    /// Unknown or doubtful. Such lines count neither as prose nor as chaff.
    Unsure,
}

/// Sums over documents, in total and by rule. Each pair is a total and the number of these that
/// were removed. Scores of parts of a corpus can be merged.
///
/// A line is removed if fewer than half of its words are kept. Words are runs of letters and
/// digits, and each letter of scripts without spaces.
#[derive(Clone, Debug, Default)]
pub struct RuleScores {
    /// Documents.
    pub documents: u64,
    /// Documents from which something was removed.
    pub changed: u64,
    /// Documents that lost at least one line labelled as prose.
    pub damaged: u64,
    /// Lines that have words.
    pub lines: u64,
    /// Lines that were removed.
    pub removed: u64,
    /// Lines labelled as chaff, and those of them that were removed.
    pub chaff: (u64, u64),
    /// Lines labelled as prose, and those of them that were removed.
    pub prose: (u64, u64),
    /// Words of lines labelled as prose, and those of them that were removed.
    pub words: (u64, u64),
    /// Words of lines without a label, and those of them that were removed.
    pub unlabelled_words: (u64, u64),
    /// Scores of each rule that removed something.
    pub rules: BTreeMap<RuleId, RuleWorth>,
}

/// Scores of one rule.
#[derive(Clone, Debug, Default)]
pub struct RuleWorth {
    /// Removed spans that the rule matched, alone or with others.
    pub hits: u64,
    /// Removed lines of which the rule matched a part, except lines labelled as prose.
    pub lines: u64,
    /// Those of `lines` that no other rule matched.
    pub sole: u64,
    /// Lines labelled as prose that lost a word and of which the rule matched a part.
    pub kept: u64,
    /// Words that these lines lost.
    pub words: u64,
    /// The first few different lines counted in `kept`.
    pub kept_lines: Vec<String>,
    /// The first few different lines counted in `sole`.
    pub sole_lines: Vec<String>,
}

impl RuleScores {
    /// Counts a cleaned document. `labels` has one label for each part of the source between line
    /// feeds; `None` means that no line is known to be prose or chaff. Each rule keeps at most
    /// `samples` different lines in `kept_lines` and in `sole_lines`.
    pub fn add(&mut self, cleaned: &Cleaned<'_>, labels: Option<&[Label]>, samples: usize) {
        self.documents += 1;
        self.changed += u64::from(!cleaned.removals().is_empty());
        for removal in cleaned.removals() {
            for rule in removal.rules() {
                self.rules.entry(rule).or_default().hits += 1;
            }
        }
        let mut is_damaged = false;
        for line in line_outcomes(cleaned) {
            let label = labels.and_then(|labels| labels.get(line.index)).copied();
            self.add_line(&line, label);
            is_damaged |= label == Some(Label::Keep) && line.is_removed();
            let text = &cleaned.source()[line.range.clone()];
            self.add_line_to_rules(&line, text, label, samples);
        }
        self.damaged += u64::from(is_damaged);
    }

    /// Adds one line to the totals.
    fn add_line(&mut self, line: &LineOutcome<'_>, label: Option<Label>) {
        let removed = u64::from(line.is_removed());
        let words = (line.words, line.words - line.words_kept);
        self.lines += 1;
        self.removed += removed;
        match label {
            Some(Label::Drop) => add_counts(&mut self.chaff, (1, removed)),
            Some(Label::Keep) => {
                add_counts(&mut self.prose, (1, removed));
                add_counts(&mut self.words, words);
            }
            Some(Label::Unsure) => {}
            None => add_counts(&mut self.unlabelled_words, words),
        }
    }

    /// Adds one line to the scores of all rules that matched a part of it. A line of prose counts
    /// as soon as it loses a word, any other line only if it is removed.
    fn add_line_to_rules(
        &mut self,
        line: &LineOutcome<'_>,
        text: &str,
        label: Option<Label>,
        samples: usize,
    ) {
        let words_lost = line.words - line.words_kept;
        let mut rules: Vec<RuleId> = line.removals.iter().flat_map(Removal::rules).collect();
        rules.sort_unstable();
        rules.dedup();
        for &rule in &rules {
            let worth = self.rules.entry(rule).or_default();
            if label == Some(Label::Keep) && words_lost > 0 {
                worth.kept += 1;
                worth.words += words_lost;
                add_sample(&mut worth.kept_lines, text, samples);
            } else if label != Some(Label::Keep) && line.is_removed() {
                worth.lines += 1;
                if rules.len() == 1 {
                    worth.sole += 1;
                    add_sample(&mut worth.sole_lines, text, samples);
                }
            }
        }
    }

    /// Adds the scores of a later part of the corpus. The order matters only for the sample lines:
    /// each rule keeps the first `samples` of them, so parts must be merged in corpus order.
    pub fn merge(&mut self, other: Self, samples: usize) {
        self.documents += other.documents;
        self.changed += other.changed;
        self.damaged += other.damaged;
        self.lines += other.lines;
        self.removed += other.removed;
        add_counts(&mut self.chaff, other.chaff);
        add_counts(&mut self.prose, other.prose);
        add_counts(&mut self.words, other.words);
        add_counts(&mut self.unlabelled_words, other.unlabelled_words);
        for (id, rule) in other.rules {
            let own = self.rules.entry(id).or_default();
            own.hits += rule.hits;
            own.lines += rule.lines;
            own.sole += rule.sole;
            own.kept += rule.kept;
            own.words += rule.words;
            for line in &rule.kept_lines {
                add_sample(&mut own.kept_lines, line, samples);
            }
            for line in &rule.sole_lines {
                add_sample(&mut own.sole_lines, line, samples);
            }
        }
    }
}

/// Adds a pair of counts, a total and the number of these that were removed, to another one. Both
/// elements are added separately.
pub(super) fn add_counts(counts: &mut (u64, u64), other: (u64, u64)) {
    counts.0 += other.0;
    counts.1 += other.1;
}

/// Appends `line`, trimmed, to `samples`, unless it is there already or there are `max_samples`.
fn add_sample(samples: &mut Vec<String>, line: &str, max_samples: usize) {
    let line = line.trim();
    if samples.len() < max_samples && !samples.iter().any(|sample| sample == line) {
        samples.push(line.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cleaner, Document, Scratch};

    #[test]
    fn lines_words_and_rules_are_counted() {
        let text = "The bridge opens on Monday.\nAdvertisement\n\nShare this article\n\
                    It cost four million.\nAdvertisement";
        let labels = [
            Label::Keep,
            Label::Drop,
            Label::Keep,
            Label::Drop,
            Label::Keep,
            Label::Keep,
        ];
        let cleaner = Cleaner::builder().build().unwrap();
        let document = Document::new(text).unwrap();
        let cleaned = cleaner.clean(&document, &mut Scratch::default());
        let mut scores = RuleScores::default();
        scores.add(&cleaned, Some(&labels), 3);
        assert_eq!(
            (
                scores.documents,
                scores.damaged,
                scores.lines,
                scores.removed
            ),
            (1, 1, 5, 3)
        );
        assert_eq!(
            (scores.chaff, scores.prose, scores.words),
            ((2, 2), (3, 1), (10, 1))
        );
        let share = &scores.rules[&cleaner.rules().find("share/share-labels").unwrap()];
        assert_eq!((share.lines, share.sole, share.kept), (1, 0, 0));
        let advert = scores.rules.values().find(|rule| rule.kept > 0).unwrap();
        assert_eq!(
            (advert.kept, advert.words, advert.kept_lines.as_slice()),
            (1, 1, ["Advertisement".to_owned()].as_slice())
        );
        let mut twice = scores.clone();
        twice.merge(scores, 3);
        assert_eq!((twice.documents, twice.words), (2, (20, 2)));
    }
}
