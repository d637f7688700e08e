//! Regular expressions and phrases that are made ready when they are first needed. Of more than a thousand rules most texts
//! need a few.

use crate::automaton::{DfaCache, LazyDfa, SearchMode, has_foreign_word};
use crate::built_in;
use crate::expression::ClassRegex;
use crate::phrase::Phrase;
use regex::{Regex, RegexBuilder};
use std::sync::OnceLock;

/// A regular expression that is made ready when it is first needed, in the reading that suits the text best.
pub(super) struct LazyRegex {
    source: String,
    ignore_case: bool,
    /// Whether it must match all of a text, and whether it can then begin with anything.
    whole: bool,
    free: bool,
    /// Whether it asks for word boundaries.
    bounds: bool,
    /// Whether it is only ever run as the regex crate has it.
    plain: bool,
    /// By whether they read backward, and whether they know of letters outside ASCII.
    automata: [OnceLock<Option<LazyDfa>>; 4],
    regex: OnceLock<Option<Regex>>,
}

impl LazyRegex {
    pub(super) fn new(source: String, ignore_case: bool) -> Self {
        let bounds = source.contains(r"\b") || source.contains(r"\B");
        let (automata, regex) = Default::default();
        Self {
            source,
            ignore_case,
            whole: false,
            free: false,
            bounds,
            plain: false,
            automata,
            regex,
        }
    }

    /// The expression of a pattern, which may have to be the whole line.
    pub(super) fn pattern(source: &str, whole: bool, free: bool) -> Self {
        Self {
            whole,
            free,
            ..Self::new(source.to_owned(), false)
        }
    }

    /// The same by the regex crate alone, to compare them with.
    #[cfg(test)]
    pub(super) fn plainly(&self) -> Self {
        Self {
            whole: self.whole,
            plain: true,
            ..Self::new(self.source.clone(), self.ignore_case)
        }
    }

    pub(super) fn is_match(&self, text: &str, states: &mut DfaCache) -> bool {
        let foreign = self.bounds && has_foreign_word(text);
        // What can begin with anything is searched from the end of a line, where most lines are told apart.
        let backward = self.free && memchr::memchr(b'\n', text.as_bytes()).is_none();
        let reading = SearchMode {
            ignore_case: self.ignore_case,
            whole: self.whole,
            backward,
            foreign,
        };
        let made = &self.automata[usize::from(foreign) + 2 * usize::from(backward)];
        match made.get_or_init(|| {
            if self.plain {
                None
            } else {
                self.automaton(reading)
            }
        }) {
            Some(automaton) => automaton.is_match(text, states),
            None => self.regex().is_some_and(|regex| regex.is_match(text)),
        }
    }

    fn automaton(&self, reading: SearchMode) -> Option<LazyDfa> {
        let known = if reading.foreign {
            None
        } else {
            built_in::expression(&self.source, reading.ignore_case)
        };
        LazyDfa::of(
            known
                .or_else(|| ClassRegex::new(&self.source, reading.ignore_case, reading.foreign))?,
            reading,
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
        let mut states = DfaCache::default();
        assert!(regex.is_match("the “caf” by the sea", &mut states));
        assert!(!regex.is_match("the “café” by the sea", &mut states));
        assert_eq!(
            regex
                .automata
                .iter()
                .filter(|automaton| automaton.get().is_some())
                .count(),
            2
        );
    }

    #[test]
    fn what_can_begin_with_anything_still_keeps_to_its_line() {
        let regex = LazyRegex::pattern(r"[^\n]{3}[^\n]*, she said\.", true, true);
        let mut states = DfaCache::default();
        assert!(regex.is_match("It rained, she said.", &mut states));
        assert!(!regex.is_match("It, she said.", &mut states));
        assert!(!regex.is_match("It rained.\nIt snowed, she said.", &mut states));
    }
}
