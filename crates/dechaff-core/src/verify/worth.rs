//! What rules are worth on a corpus: what each takes, what no other takes, and the kept lines that it hits. It looks at
//! cleaned documents and at labels; where these come from is not its business.

use super::fate::fates;
use crate::cleaner::Cleaned;
use dechaff_rules::rule::RuleId;
use std::collections::BTreeMap;

/// What a line is known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Prose: what is removed of it is lost.
    Keep,
    /// Chaff.
    Drop,
    /// Not known, or not sure.
    Unsure,
}

/// Totals and what each rule took, over documents. Two of them add up.
///
/// A line is removed when less than half of its words are left. Words are runs of letters and digits, and each letter
/// of scripts without spaces.
#[derive(Clone, Debug, Default)]
pub struct RuleScores {
    /// Documents.
    pub documents: u64,
    /// Documents of which something was removed.
    pub changed: u64,
    /// Documents of which a line to be kept was removed.
    pub damaged: u64,
    /// Lines with words.
    pub lines: u64,
    /// Of these, removed ones.
    pub removed: u64,
    /// Lines labelled as chaff, and how many of them were removed.
    pub chaff: (u64, u64),
    /// Lines labelled as prose, and how many of them were removed.
    pub prose: (u64, u64),
    /// Words of lines labelled as prose, and how many of them were removed.
    pub words: (u64, u64),
    /// Words of lines without a label, and how many of them were removed.
    pub unlabelled_words: (u64, u64),
    /// What each rule took.
    pub rules: BTreeMap<RuleId, RuleWorth>,
}

/// What one rule took.
#[derive(Clone, Debug, Default)]
pub struct RuleWorth {
    /// Removed spans in which the rule had a part.
    pub hits: u64,
    /// Lines removed, those labelled as prose left out.
    pub lines: u64,
    /// Of these, lines that no other rule took anything of.
    pub sole: u64,
    /// Lines labelled as prose of which it took a word.
    pub kept: u64,
    /// The words that went of them.
    pub words: u64,
    /// The first of the lines labelled as prose.
    pub kept_lines: Vec<String>,
    /// The first of the lines that only this rule took.
    pub sole_lines: Vec<String>,
}

impl RuleScores {
    /// Counts a cleaned document. `labels` has one label for each part of the source between line feeds; without
    /// labels no line is known to be prose or chaff. Each rule keeps at most `samples` lines of a kind.
    pub fn add(&mut self, cleaned: &Cleaned<'_>, labels: Option<&[Label]>, samples: usize) {
        self.documents += 1;
        self.changed += u64::from(!cleaned.removals().is_empty());
        let source = cleaned.source();
        for removal in cleaned.removals() {
            for rule in std::iter::once(removal.rule).chain(removal.also.iter().copied()) {
                self.rules.entry(rule).or_default().hits += 1;
            }
        }
        let mut damaged = false;
        for fate in fates(cleaned) {
            let (line, all, left, touching) = (
                &source[fate.range.clone()],
                fate.words,
                fate.left,
                fate.removals,
            );
            let label = labels.and_then(|labels| labels.get(fate.number)).copied();
            let removed = fate.is_removed();
            self.lines += 1;
            self.removed += u64::from(removed);
            match label {
                Some(Label::Drop) => {
                    self.chaff = (self.chaff.0 + 1, self.chaff.1 + u64::from(removed))
                }
                Some(Label::Keep) => {
                    self.prose = (self.prose.0 + 1, self.prose.1 + u64::from(removed));
                    self.words = (self.words.0 + all, self.words.1 + all - left);
                    damaged |= removed;
                }
                Some(Label::Unsure) => {}
                None => {
                    self.unlabelled_words = (
                        self.unlabelled_words.0 + all,
                        self.unlabelled_words.1 + all - left,
                    )
                }
            }
            let mut rules: Vec<RuleId> = touching
                .iter()
                .flat_map(|removal| removal.also.iter().copied().chain([removal.rule]))
                .collect();
            rules.sort_unstable();
            rules.dedup();
            for &rule in &rules {
                let worth = self.rules.entry(rule).or_default();
                if label == Some(Label::Keep) && left < all {
                    worth.kept += 1;
                    worth.words += all - left;
                    sample(&mut worth.kept_lines, line, samples);
                } else if label != Some(Label::Keep) && removed {
                    worth.lines += 1;
                    if rules.len() == 1 {
                        worth.sole += 1;
                        sample(&mut worth.sole_lines, line, samples);
                    }
                }
            }
        }
        self.damaged += u64::from(damaged);
    }

    /// Adds what was counted elsewhere, later in the corpus.
    pub fn merge(&mut self, other: Self, samples: usize) {
        let sum = |a: (u64, u64), b: (u64, u64)| (a.0 + b.0, a.1 + b.1);
        self.documents += other.documents;
        self.changed += other.changed;
        self.damaged += other.damaged;
        self.lines += other.lines;
        self.removed += other.removed;
        self.chaff = sum(self.chaff, other.chaff);
        self.prose = sum(self.prose, other.prose);
        self.words = sum(self.words, other.words);
        self.unlabelled_words = sum(self.unlabelled_words, other.unlabelled_words);
        for (id, rule) in other.rules {
            let own = self.rules.entry(id).or_default();
            own.hits += rule.hits;
            own.lines += rule.lines;
            own.sole += rule.sole;
            own.kept += rule.kept;
            own.words += rule.words;
            rule.kept_lines
                .iter()
                .for_each(|line| sample(&mut own.kept_lines, line, samples));
            rule.sole_lines
                .iter()
                .for_each(|line| sample(&mut own.sole_lines, line, samples));
        }
    }
}

fn sample(lines: &mut Vec<String>, line: &str, most: usize) {
    let line = line.trim();
    if lines.len() < most && !lines.iter().any(|own| own == line) {
        lines.push(line.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cleaner, Document, Scratch};

    #[test]
    fn lines_words_and_rules_are_counted() {
        let text = "The bridge opens on Monday.\nAdvertisement\n\nShare this article\nIt cost four million.\nAdvertisement";
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
        let mut worth = RuleScores::default();
        worth.add(&cleaned, Some(&labels), 3);
        assert_eq!(
            (worth.documents, worth.damaged, worth.lines, worth.removed),
            (1, 1, 5, 3)
        );
        assert_eq!(
            (worth.chaff, worth.prose, worth.words),
            ((2, 2), (3, 1), (10, 1))
        );
        let share = &worth.rules[&cleaner.rules().find("share/share-labels").unwrap()];
        assert_eq!((share.lines, share.sole, share.kept), (1, 0, 0));
        let advert = worth.rules.values().find(|rule| rule.kept > 0).unwrap();
        assert_eq!(
            (advert.kept, advert.words, advert.kept_lines.as_slice()),
            (1, 1, ["Advertisement".to_owned()].as_slice())
        );
        let mut twice = worth.clone();
        twice.merge(worth, 3);
        assert_eq!((twice.documents, twice.words), (2, (20, 2)));
    }
}
