//! Lines that are made of nothing but words of a vocabulary: "Contact us | Advertise with us | Privacy policy". What such
//! lines say differs from site to site, what they are made of does not. Words that scraping glued together count too.

use dechaff_rules::StringList;
use dechaff_rules::chars::{is_word, normalize};
use dechaff_rules::rule::RuleId;
use rustc_hash::{FxHashMap, FxHashSet};

/// A longer line is a sentence or a list that rules should not take on its words alone.
const MAX_LINE_LEN: usize = 160;
/// The shortest word that may be glued to others, in folded bytes.
const MIN_GLUED_LEN: usize = 3;

/// The vocabularies of all rules.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    rules: Vec<RuleId>,
    /// For each word, the rules that list it, by their place in `rules`, and whether it tells by itself what the line is.
    words: FxHashMap<Vec<u8>, Vec<(usize, bool)>>,
    /// How words begin.
    beginnings: FxHashSet<[u8; MIN_GLUED_LEN]>,
}

impl Vocabulary {
    pub(super) fn add(&mut self, rule: RuleId, telling: &StringList, filler: &StringList) {
        let index = self.rules.len();
        self.rules.push(rule);
        for (words, tells) in [(telling, true), (filler, false)] {
            for word in words.iter() {
                let word = normalize(word);
                self.beginnings.extend(word.first_chunk().copied());
                self.words.entry(word).or_default().push((index, tells));
            }
        }
    }

    /// The longest line that there can be a vocabulary for, in folded bytes.
    pub(super) fn max_len(&self) -> usize {
        if self.rules.is_empty() {
            0
        } else {
            MAX_LINE_LEN
        }
    }

    /// The rules whose words a folded line is made of: at least two, one of them telling.
    pub(super) fn matches(&self, line: &[u8], found: &mut Vec<RuleId>) {
        found.clear();
        if line.len() > self.max_len() {
            return;
        }
        // Most lines end here: they begin with no word of any vocabulary.
        let first = line
            .split(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        if first.is_ascii() && !self.begins(first) {
            return;
        }
        let Ok(line) = std::str::from_utf8(line) else {
            return;
        };
        let words = || {
            line.split(|c: char| !is_word(c))
                .filter(|word| !word.is_empty())
                .map(str::as_bytes)
        };
        if !words().next().is_some_and(|first| self.begins(first)) {
            return;
        }
        for (index, &rule) in self.rules.iter().enumerate() {
            let mut seen = Seen::default();
            if words().all(|word| self.read(word, index, &mut seen))
                && seen.words >= 2
                && seen.telling
            {
                found.push(rule);
            }
        }
    }

    /// Whether a line that begins with this word may be of the words of some rule.
    fn begins(&self, first: &[u8]) -> bool {
        let Some(beginning) = first.first_chunk() else {
            return self.knows(first);
        };
        let glued = || (MIN_GLUED_LEN..first.len()).any(|end| self.knows(&first[..end]));
        self.beginnings.contains(beginning) && (self.knows(first) || glued())
    }

    /// Whether a word is of a rule's vocabulary, or glued of such words.
    fn read(&self, word: &[u8], rule: usize, seen: &mut Seen) -> bool {
        if let Some(tells) = self.lists(word, rule) {
            seen.words += 1;
            seen.telling |= tells;
            return true;
        }
        for end in (MIN_GLUED_LEN..word.len().saturating_sub(MIN_GLUED_LEN - 1)).rev() {
            if let Some(tells) = self.lists(&word[..end], rule) {
                let mut rest = Seen {
                    words: seen.words + 1,
                    telling: seen.telling | tells,
                };
                if self.read(&word[end..], rule, &mut rest) {
                    *seen = rest;
                    return true;
                }
            }
        }
        false
    }

    fn lists(&self, word: &[u8], rule: usize) -> Option<bool> {
        self.words
            .get(word)?
            .iter()
            .find(|(own, _)| *own == rule)
            .map(|(_, tells)| *tells)
    }

    fn knows(&self, word: &[u8]) -> bool {
        self.words.contains_key(word)
    }
}

/// What was read of a line.
#[derive(Debug, Default)]
struct Seen {
    words: usize,
    telling: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_made_of_listed_words_one_of_which_tells() {
        let list = |words: &str| words.split(' ').collect::<StringList>();
        let mut vocabulary = Vocabulary::default();
        vocabulary.add(
            RuleId::new(7),
            &list("Newsletters Subscribe Advertise"),
            &list("us with my account e paper"),
        );
        let mut found = Vec::new();
        let mut matches = |line: &str| {
            vocabulary.matches(&normalize(line), &mut found);
            !found.is_empty()
        };
        assert!(matches("Advertise with us"));
        assert!(matches("E-Paper | My Account | SUBSCRIBE"));
        assert!(matches("SubscribeNewsletters"));
        assert!(matches("NewslettersSubscribe my account"));
        assert!(
            !matches("Subscribe"),
            "one word alone is a label's business"
        );
        assert!(!matches("my account with us"));
        assert!(!matches("Subscribe with the others"));
        assert!(!matches("Subscribers advertise"));
        assert!(!matches(""));
    }
}
