//! Lines that consist only of words of a vocabulary, such as "Contact us | Advertise with us |
//! Privacy policy". The text of such lines differs from site to site, but the words that they
//! consist of do not. Words that scraping glued together (`SubscribeNewsletters`) are found too.

use crate::steps;
use dechaff_rules::StringList;
use dechaff_rules::chars::{is_word, normalize};
use dechaff_rules::rule::RuleId;
use rustc_hash::FxHashMap;

/// Length of the longest line that a vocabulary can match, in bytes of normalized text. A longer
/// line is a sentence or a list, which should not be removed because of its words alone.
const MAX_LINE_LEN: usize = 160;

/// Length of the shortest word that may be glued to others, in bytes of normalized text.
const MIN_GLUED_LEN: usize = 3;

/// The vocabularies of all rules.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    rules: Vec<RuleId>,
    /// For each word, the rules that list it: the index in `rules`, and whether the rule lists it
    /// as a telling word.
    words: FxHashMap<Vec<u8>, Vec<(usize, bool)>>,
    /// The first bytes of all words that have at least that many, and a bit for the length of each
    /// of the words that start with them.
    lens_by_prefix: FxHashMap<[u8; MIN_GLUED_LEN], u64>,
}

impl Vocabulary {
    /// Adds the vocabulary of `rule`. A line must contain one of the `telling` words, which are
    /// typical of such lines; the `filler` words are only allowed beside them.
    pub(super) fn add(&mut self, rule: RuleId, telling: &StringList, filler: &StringList) {
        let index = self.rules.len();
        self.rules.push(rule);
        for (words, is_telling) in [(telling, true), (filler, false)] {
            for word in words.iter() {
                let word = normalize(word);
                if let Some(prefix) = word.first_chunk() {
                    *self.lens_by_prefix.entry(*prefix).or_default() |= len_bit(word.len());
                }
                self.words
                    .entry(word)
                    .or_default()
                    .push((index, is_telling));
            }
        }
    }

    /// Returns the length of the longest line that a vocabulary can match, in bytes of normalized
    /// text: a constant, or 0 if there are no vocabularies.
    pub(super) fn max_len(&self) -> usize {
        if self.rules.is_empty() {
            0
        } else {
            MAX_LINE_LEN
        }
    }

    /// Replaces the contents of `found` by the rules whose vocabulary `line` consists of, which is
    /// normalized: all of its words are listed, there are at least two of them, and one is a
    /// telling word.
    pub(super) fn matches(&self, line: &[u8], found: &mut Vec<RuleId>) {
        found.clear();
        if line.len() > self.max_len() {
            return;
        }
        // Most lines end here, because no word of any vocabulary starts as they do. This needs no
        // decoding of UTF-8.
        let first = line
            .split(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        if first.is_ascii() && self.rules_starting_with(first) == 0 {
            return;
        }
        let Some(line) = steps::decode(line) else {
            return;
        };
        let first = words(line).next().unwrap_or_default();
        let starting = self.rules_starting_with(first);
        for (index, &rule) in self.rules.iter().enumerate() {
            if starting & rule_bit(index) == 0 {
                continue;
            }
            let mut seen = SeenWords::default();
            if words(line).all(|word| self.read_word(word, index, &mut seen))
                && seen.count >= 2
                && seen.has_telling
            {
                found.push(rule);
            }
        }
    }

    /// Returns the [bits](rule_bit) of the rules of whose words a line may consist that starts with
    /// the word `first`: they list it, or a word with which it starts and which may be glued to the
    /// next.
    fn rules_starting_with(&self, first: &[u8]) -> u64 {
        let (shortest, lens) = match first.first_chunk() {
            Some(prefix) => match self.lens_by_prefix.get(prefix) {
                Some(&lens) => (MIN_GLUED_LEN, lens),
                None => return 0,
            },
            None => (first.len(), u64::MAX),
        };
        (shortest..=first.len())
            .filter(|&end| lens & len_bit(end) != 0)
            .filter_map(|end| self.words.get(&first[..end]))
            .flatten()
            .fold(0, |rules, (index, _)| rules | rule_bit(*index))
    }

    /// Returns whether `word` is in the vocabulary of the rule with index `rule`, or consists of
    /// such words glued together, and adds these words to `seen`. Longer first parts are tried
    /// first. `seen` is unchanged if the result is `false`.
    fn read_word(&self, word: &[u8], rule: usize, seen: &mut SeenWords) -> bool {
        if let Some(is_telling) = self.lookup(word, rule) {
            seen.count += 1;
            seen.has_telling |= is_telling;
            return true;
        }
        for end in (MIN_GLUED_LEN..word.len().saturating_sub(MIN_GLUED_LEN - 1)).rev() {
            if let Some(is_telling) = self.lookup(&word[..end], rule) {
                let mut rest = SeenWords {
                    count: seen.count + 1,
                    has_telling: seen.has_telling | is_telling,
                };
                if self.read_word(&word[end..], rule, &mut rest) {
                    *seen = rest;
                    return true;
                }
            }
        }
        false
    }

    /// Returns whether `word` is a telling word of the rule with index `rule`, or `None` if the
    /// rule does not list it. If a rule lists a word both as telling and as filler, it counts as
    /// telling.
    fn lookup(&self, word: &[u8], rule: usize) -> Option<bool> {
        self.words
            .get(word)?
            .iter()
            .find(|(index, _)| *index == rule)
            .map(|(_, is_telling)| *is_telling)
    }
}

/// Returns the bit of a length in bytes. Those from 63 on share one.
fn len_bit(len: usize) -> u64 {
    1 << len.min(63)
}

/// Returns the bit of the rule with this index. With more than 64 rules, some share a bit.
fn rule_bit(index: usize) -> u64 {
    1 << (index % 64)
}

/// Returns the words of a normalized line, in order: its longest runs of letters, digits and marks.
/// Everything between them, such as spaces and `|`, is skipped.
fn words(line: &str) -> impl Iterator<Item = &[u8]> {
    line.split(|c: char| !is_word(c))
        .filter(|word| !word.is_empty())
        .map(str::as_bytes)
}

/// The words of a vocabulary that were read so far in a line.
#[derive(Debug, Default)]
struct SeenWords {
    count: usize,
    has_telling: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_matches_if_all_words_are_listed_and_one_is_telling() {
        let mut vocabulary = Vocabulary::default();
        vocabulary.add(
            RuleId::new(7),
            &"Newsletters Subscribe Advertise".split(' ').collect(),
            &"us with my account e paper".split(' ').collect(),
        );
        let mut found = Vec::new();
        for (line, is_match) in [
            ("Advertise with us", true),
            ("E-Paper | My Account | SUBSCRIBE", true),
            ("SubscribeNewsletters", true),
            ("NewslettersSubscribe my account", true),
            // One word alone is a label.
            ("Subscribe", false),
            ("my account with us", false),
            ("Subscribe with the others", false),
            ("Subscribers advertise", false),
            ("", false),
        ] {
            vocabulary.matches(&normalize(line), &mut found);
            assert_eq!(!found.is_empty(), is_match, "{line}");
        }
    }
}
