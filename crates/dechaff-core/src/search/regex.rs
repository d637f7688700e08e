//! Regexes and phrases that are compiled on first use. There are more than a thousand rules, but a
//! text needs only the few that are candidates, so compiling all of them in advance would dominate
//! the time of a short run.

use super::dfa::{DfaCache, LazyDfa, SearchMode, has_unicode_word};
use crate::built_in::{Relaxed, StoredRegex};
use crate::steps;
use dechaff_rules::class_regex::{ClassRegex, MAX_INTERPRETED_LEN};
use dechaff_rules::phrase::Phrase;
use regex::{Regex, RegexBuilder};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Bytes of texts for which a regex is interpreted before it is compiled. Most regexes never get so
/// many.
const INTERPRETED_BYTES: u32 = 32_000;

/// Length of the longest text that is interpreted in which a match may start anywhere, in bytes.
const MAX_SEARCHED_LEN: usize = 160;

/// A regex. One of a built-in rule has a relaxed DFA, which was built with dechaff and rules out
/// most texts. The others are interpreted at first, until compiling pays: to a lazy DFA over
/// equivalence classes of characters, which compiles in microseconds but only answers whether there
/// is a match, or by the regex crate, which reports spans.
pub(super) struct LazyRegex {
    source: String,
    ignore_case: bool,
    /// Whether a match must be the whole text.
    whole_text: bool,
    /// Whether a match can be extended to the left over any characters of its line. See
    /// [`SearchMode::backward`].
    starts_with_any: bool,
    /// Whether the source contains word boundaries (`\b` or `\B`).
    has_boundaries: bool,
    /// Whether lazy DFAs are not used. Tests compare their results with those of the regex crate.
    regex_only: bool,
    /// For built-in rules, DFAs that rule out most texts, without and with Unicode word boundaries.
    relaxed: [OnceLock<Option<Box<Relaxed>>>; 2],
    /// The regex over equivalence classes, in the same order; `None` if the source is not supported.
    /// They are boxed because few of them are ever needed.
    classes: [OnceLock<Option<Box<ClassRegex<'static>>>>; 2],
    /// Bytes of the texts that were interpreted.
    interpreted: AtomicU32,
    /// Lazy DFAs, by `unicode_boundaries + 2 * backward` of their search modes; `None` if they
    /// exceed a limit.
    dfas_by_mode: [OnceLock<Option<Box<LazyDfa>>>; 4],
    regex: OnceLock<Option<Regex>>,
}

impl LazyRegex {
    /// Makes a regex that matches anywhere in a text. Nothing is compiled or checked yet: an
    /// invalid `source` never matches, and is reported by the lint of packs.
    pub(super) fn new(source: String, ignore_case: bool) -> Self {
        let has_boundaries = ClassRegex::has_boundaries(&source);
        let (relaxed, classes, interpreted, dfas_by_mode, regex) = Default::default();
        Self {
            source,
            ignore_case,
            whole_text: false,
            starts_with_any: false,
            has_boundaries,
            regex_only: false,
            relaxed,
            classes,
            interpreted,
            dfas_by_mode,
            regex,
        }
    }

    /// Makes the regex of a rule's pattern, which is case-sensitive. With `whole_text`, a match
    /// must be the whole text. `starts_with_any` says that the pattern starts with `[^\n]*` or the
    /// like, as the search plan found.
    pub(super) fn pattern(source: &str, whole_text: bool, starts_with_any: bool) -> Self {
        Self {
            whole_text,
            starts_with_any,
            ..Self::new(source.to_owned(), false)
        }
    }

    /// Returns a copy that never uses lazy DFAs. Tests use it as the reference for what the lazy
    /// DFAs find.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn with_regex_crate(&self) -> Self {
        Self {
            whole_text: self.whole_text,
            regex_only: true,
            ..Self::new(self.source.clone(), self.ignore_case)
        }
    }

    /// Returns whether the regex matches in `text`, or all of `text` if it is a whole-text pattern.
    /// Compiles the lazy DFA that suits the text on first use; `dfas` holds the states that this
    /// thread has built so far. Returns `false` if the source is invalid.
    pub(super) fn is_match(&self, text: &str, dfas: &mut DfaCache) -> bool {
        steps::count(text.len());
        let unicode_boundaries = self.has_boundaries && has_unicode_word(text);
        // Lines differ more at their ends than in what `[^\n]*` matches, so reading backward
        // rejects most of them sooner.
        let backward = self.starts_with_any && memchr::memchr(b'\n', text.as_bytes()).is_none();
        if self.regex_only {
            return self.regex().is_some_and(|regex| regex.is_match(text));
        }
        if let Some((dfa, alphabet)) = self.relaxed(unicode_boundaries)
            && (dfa.whole_text, dfa.backward) == (self.whole_text, backward)
        {
            let is_match = dfa.is_match(alphabet, text);
            if !is_match || text.len() <= dfa.exact_len as usize {
                return is_match;
            }
        }
        self.is_exact_match(text, backward, unicode_boundaries, dfas)
    }

    /// Returns `false` only if there is no match in a text. Compiles nothing.
    pub(super) fn may_match(&self, text: &str) -> bool {
        let unicode_boundaries = self.has_boundaries && has_unicode_word(text);
        match self.relaxed(unicode_boundaries) {
            Some((dfa, alphabet)) if !dfa.whole_text && !dfa.backward => {
                dfa.is_match(alphabet, text)
            }
            _ => true,
        }
    }

    /// Returns the relaxed DFA of a built-in rule.
    fn relaxed(&self, unicode_boundaries: bool) -> Option<&Relaxed> {
        self.relaxed[usize::from(unicode_boundaries)]
            .get_or_init(|| {
                let stored = StoredRegex::find(&self.source, self.ignore_case, unicode_boundaries);
                stored.and_then(StoredRegex::relaxed).map(Box::new)
            })
            .as_deref()
    }

    /// Returns what [`is_match`](Self::is_match) does, for a text that the relaxed DFA accepts.
    fn is_exact_match(
        &self,
        text: &str,
        backward: bool,
        unicode_boundaries: bool,
        dfas: &mut DfaCache,
    ) -> bool {
        let mode = SearchMode {
            ignore_case: self.ignore_case,
            whole_text: self.whole_text,
            backward,
            unicode_boundaries,
        };
        let classes = self.classes[usize::from(unicode_boundaries)].get_or_init(|| {
            let (source, ignore_case) = (&self.source, self.ignore_case);
            StoredRegex::find(source, ignore_case, unicode_boundaries)
                .and_then(StoredRegex::classes)
                .or_else(|| ClassRegex::new(source, ignore_case, unicode_boundaries))
                .map(Box::new)
        });
        let Some(classes) = classes.as_ref() else {
            return self.regex().is_some_and(|regex| regex.is_match(text));
        };
        let dfa = &self.dfas_by_mode[usize::from(unicode_boundaries) + 2 * usize::from(backward)];
        if dfa.get().is_none()
            && let Some(is_match) = self.interpret(classes, text, dfas)
        {
            return is_match;
        }
        match dfa.get_or_init(|| LazyDfa::new(classes, mode).map(Box::new)) {
            Some(dfa) => dfa.is_match(classes, text, dfas),
            None => self.regex().is_some_and(|regex| regex.is_match(text)),
        }
    }

    /// Returns what [`is_match`](Self::is_match) does, without compiling the regex, if the text is
    /// short and one of the first; `None` otherwise.
    fn interpret(&self, classes: &ClassRegex<'_>, text: &str, dfas: &mut DfaCache) -> Option<bool> {
        let max_len = if self.whole_text {
            MAX_INTERPRETED_LEN
        } else {
            MAX_SEARCHED_LEN
        };
        if text.len() > max_len || self.interpreted.load(Ordering::Relaxed) >= INTERPRETED_BYTES {
            return None;
        }
        self.interpreted
            .fetch_add(text.len() as u32, Ordering::Relaxed);
        classes.is_match(text, self.whole_text, dfas.buffer())
    }

    /// Returns the regex as compiled by the regex crate, for searches that need spans and for
    /// sources that lazy DFAs do not support. Returns `None` if the source is invalid, which the
    /// lint of packs excludes.
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.regex
            .get_or_init(|| {
                let source = if self.whole_text {
                    format!(r"\A(?:{})\z", self.source)
                } else {
                    self.source.clone()
                };
                RegexBuilder::new(&source)
                    .case_insensitive(self.ignore_case)
                    .build()
                    .ok()
            })
            .as_ref()
    }
}

/// A phrase that is parsed on first use.
#[derive(Default)]
pub(super) struct LazyPhrase(OnceLock<Option<Phrase>>);

impl LazyPhrase {
    /// Returns the phrase, parsed from `source` on the first call; later calls must pass the same
    /// arguments. With `line`, a match must fill its line. Returns `None` if the source is invalid,
    /// which the lint of packs excludes.
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
    fn word_boundaries_respect_letters_outside_ascii() {
        let regex = LazyRegex::pattern(r"\b\w+\b “caf\b[^\n]*", true, false);
        let mut dfas = DfaCache::default();
        assert!(regex.is_match("the “caf” by the sea", &mut dfas));
        assert!(!regex.is_match("the “café” by the sea", &mut dfas));
        let compressed = regex.classes.iter().filter(|regex| regex.get().is_some());
        assert_eq!(compressed.count(), 2);
    }

    #[test]
    fn a_regex_is_compiled_after_some_texts_and_matches_the_same() {
        let texts = [
            "Photo: Ána Ruiz / AP",
            "Photo: AP",
            "the photo (AP)",
            ", said Ána",
        ];
        for (source, whole) in [
            (r"[^\n]*\b(?:AP|AFP)\)?", true),
            (r"\b[A-ZÁ]\w{2,9}\b", false),
        ] {
            let regex = LazyRegex::pattern(source, whole, whole);
            let mut dfas = DfaCache::default();
            let first = texts.map(|text| regex.is_match(text, &mut dfas));
            assert!(regex.dfas_by_mode.iter().all(|dfa| dfa.get().is_none()));
            assert!(first.contains(&true) && first.contains(&false));
            for _ in 0..INTERPRETED_BYTES / 16 {
                assert_eq!(texts.map(|text| regex.is_match(text, &mut dfas)), first);
            }
            assert!(regex.dfas_by_mode.iter().any(|dfa| dfa.get().is_some()));
        }
    }

    #[test]
    fn a_pattern_that_starts_with_any_matches_only_within_its_line() {
        let regex = LazyRegex::pattern(r"[^\n]{3}[^\n]*, she said\.", true, true);
        let mut dfas = DfaCache::default();
        assert!(regex.is_match("It rained, she said.", &mut dfas));
        assert!(!regex.is_match("It, she said.", &mut dfas));
        assert!(!regex.is_match("It rained.\nIt snowed, she said.", &mut dfas));
    }
}
