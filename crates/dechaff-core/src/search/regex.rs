//! Regular expressions and phrases that are made ready when they are first needed. Of more than a thousand rules most texts
//! need a few.

use super::dfa::{DfaCache, LazyDfa, SearchMode, has_unicode_word};
use crate::built_in;
use dechaff_rules::class_regex::ClassRegex;
use dechaff_rules::phrase::Phrase;
use regex::{Regex, RegexBuilder};
use std::sync::OnceLock;

/// A regular expression that is made ready when it is first needed, in the mode that suits the text best.
pub(super) struct LazyRegex {
    source: String,
    ignore_case: bool,
    /// Whether it must match all of a text, and whether it can then begin with anything.
    whole: bool,
    starts_with_any: bool,
    /// Whether it asks for word boundaries.
    has_boundaries: bool,
    /// Whether it is only ever run as the regex crate has it.
    regex_only: bool,
    /// By whether they read backward, and whether they know of letters outside ASCII.
    dfas_by_mode: [OnceLock<Option<LazyDfa>>; 4],
    regex: OnceLock<Option<Regex>>,
}

impl LazyRegex {
    pub(super) fn new(source: String, ignore_case: bool) -> Self {
        let has_boundaries = source.contains(r"\b") || source.contains(r"\B");
        let (dfas_by_mode, regex) = Default::default();
        Self {
            source,
            ignore_case,
            whole: false,
            starts_with_any: false,
            has_boundaries,
            regex_only: false,
            dfas_by_mode,
            regex,
        }
    }

    /// The expression of a pattern, which may have to be the whole line.
    pub(super) fn pattern(source: &str, whole: bool, starts_with_any: bool) -> Self {
        Self {
            whole,
            starts_with_any,
            ..Self::new(source.to_owned(), false)
        }
    }

    /// The same by the regex crate alone, to compare them with.
    #[cfg(test)]
    pub(super) fn with_regex_crate(&self) -> Self {
        Self {
            whole: self.whole,
            regex_only: true,
            ..Self::new(self.source.clone(), self.ignore_case)
        }
    }

    pub(super) fn is_match(&self, text: &str, dfas: &mut DfaCache) -> bool {
        let unicode_boundaries = self.has_boundaries && has_unicode_word(text);
        // What can begin with anything is searched from the end of a line, where most lines are told apart.
        let backward = self.starts_with_any && memchr::memchr(b'\n', text.as_bytes()).is_none();
        let mode = SearchMode {
            ignore_case: self.ignore_case,
            whole: self.whole,
            backward,
            unicode_boundaries,
        };
        let made = &self.dfas_by_mode[usize::from(unicode_boundaries) + 2 * usize::from(backward)];
        match made.get_or_init(|| {
            if self.regex_only {
                None
            } else {
                self.automaton(mode)
            }
        }) {
            Some(automaton) => automaton.is_match(text, dfas),
            None => self.regex().is_some_and(|regex| regex.is_match(text)),
        }
    }

    fn automaton(&self, mode: SearchMode) -> Option<LazyDfa> {
        let known = if mode.unicode_boundaries {
            None
        } else {
            built_in::class_regex(&self.source, mode.ignore_case)
        };
        LazyDfa::new(
            known.or_else(|| {
                ClassRegex::new(&self.source, mode.ignore_case, mode.unicode_boundaries)
            })?,
            mode,
        )
    }

    /// The expression as the regex crate has it; none if it is invalid, which the lint of packs excludes.
    pub(super) fn regex(&self) -> Option<&Regex> {
        let source = || {
            if self.whole {
                format!(r"\A(?:{})\z", self.source)
            } else {
                self.source.clone()
            }
        };
        self.regex
            .get_or_init(|| {
                RegexBuilder::new(&source())
                    .case_insensitive(self.ignore_case)
                    .build()
                    .ok()
            })
            .as_ref()
    }
}

/// A phrase that is parsed when it is first needed.
#[derive(Default)]
pub(super) struct LazyPhrase(OnceLock<Option<Phrase>>);

impl LazyPhrase {
    /// The phrase; none if it is invalid, which the lint of packs excludes.
    pub(super) fn get(&self, source: &str, line: bool) -> Option<&Phrase> {
        self.0
            .get_or_init(|| Phrase::parse(source, line).ok())
            .as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_boundaries_are_those_of_all_letters() {
        let regex = LazyRegex::pattern(r"\b\w+\b “caf\b[^\n]*", true, false);
        let mut dfas = DfaCache::default();
        assert!(regex.is_match("the “caf” by the sea", &mut dfas));
        assert!(!regex.is_match("the “café” by the sea", &mut dfas));
        assert_eq!(
            regex
                .dfas_by_mode
                .iter()
                .filter(|automaton| automaton.get().is_some())
                .count(),
            2
        );
    }

    #[test]
    fn what_can_begin_with_anything_still_keeps_to_its_line() {
        let regex = LazyRegex::pattern(r"[^\n]{3}[^\n]*, she said\.", true, true);
        let mut dfas = DfaCache::default();
        assert!(regex.is_match("It rained, she said.", &mut dfas));
        assert!(!regex.is_match("It, she said.", &mut dfas));
        assert!(!regex.is_match("It rained.\nIt snowed, she said.", &mut dfas));
    }
}
