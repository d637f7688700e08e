//! Lazy DFAs over the equivalence classes of a regex: they answer whether there is a match, and
//! compile in microseconds.
//!
//! Compiling `[^\s,]{1,20}` with the regex crate takes milliseconds, because each of the twenty
//! repetitions becomes an automaton over all of UTF-8. But the regex distinguishes few characters.
//! [`ClassRegex`] replaces each equivalence class of characters by one byte, so that the
//! repetitions become a chain of twenty states over bytes:
//!
//! ```text
//! regex      é[^\s,]{1,20}
//! class      é     white space outside ASCII     other characters outside ASCII
//! byte       FD    FE                            FF
//! text       “élan”  ->  FF FD 6C 61 6E FF
//! ```
//!
//! ASCII characters keep their bytes. The text is translated in the same way when it is searched.
//!
//! The DFA itself is the hybrid DFA of regex-automata, which builds its states as texts need them.
//! It is shared by all threads, while the states are per thread, in a [`DfaCache`].

use dechaff_rules::class_regex::{Alphabet, ClassRegex};
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{Compiler, Config, WhichCaptures};
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Hir, Look};
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Memory for the states of one DFA, in bytes. A DFA that needs more drops its states and builds
/// them again.
const CACHE_CAPACITY: usize = 1 << 20;

/// The options with which a regex is compiled and searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SearchMode {
    pub ignore_case: bool,
    /// Whether a match must be the whole text.
    pub whole_text: bool,
    /// Whether the text is read from its end, where a match must end; it may start anywhere. If a
    /// pattern starts with `[^\n]*` and the text is one line, a match of its end can always be
    /// extended to a match of the whole text.
    pub backward: bool,
    /// Whether word boundaries consider letters outside ASCII. Without this, a text with such
    /// letters must not be searched for a regex that has word boundaries.
    pub unicode_boundaries: bool,
}

/// A regex that is compiled to a DFA, whose states are built during searches.
pub(super) struct LazyDfa {
    /// Key of the states in a [`DfaCache`], unique in this process.
    id: u64,
    dfa: DFA,
    mode: SearchMode,
}

/// The states that one thread has built, of all DFAs that it has used.
#[derive(Debug, Default)]
pub(super) struct DfaCache {
    by_dfa: FxHashMap<u64, Cache>,
    /// Buffer for a text in the alphabet of a DFA.
    translated: Vec<u8>,
}

impl DfaCache {
    /// Returns a buffer for a translated text.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.translated
    }
}

impl LazyDfa {
    /// Compiles `regex`, which must have been made with the same `ignore_case` and
    /// `unicode_boundaries` as `mode`. Builds no states yet. Returns `None` if the regex exceeds a
    /// limit of regex-automata.
    pub(super) fn new(regex: &ClassRegex<'_>, mode: SearchMode) -> Option<Self> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let hir = if mode.whole_text {
            Hir::concat(vec![regex.hir(), Hir::look(Look::End)])
        } else {
            regex.hir()
        };
        let config = Config::new()
            .utf8(false)
            .reverse(mode.backward)
            .which_captures(WhichCaptures::None);
        let nfa = Compiler::new()
            .configure(config)
            .build_from_hir(&hir)
            .ok()?;
        let config = DFA::config()
            .cache_capacity(CACHE_CAPACITY)
            .skip_cache_capacity_check(true);
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa).ok()?;
        Some(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            dfa,
            mode,
        })
    }

    /// Returns whether `regex`, from which the DFA was compiled, matches `text` as its mode says.
    /// Adds the states that it needs to `cache`, and stops at the first byte that decides the
    /// answer.
    pub(super) fn is_match(
        &self,
        regex: &ClassRegex<'_>,
        text: &str,
        cache: &mut DfaCache,
    ) -> bool {
        let DfaCache { by_dfa, translated } = cache;
        let states = by_dfa
            .entry(self.id)
            .or_insert_with(|| self.dfa.create_cache());
        // A search fails only if it gives up or meets a quit byte, and neither is configured.
        let found = if self.mode.whole_text || self.mode.backward {
            self.is_anchored_match(&regex.alphabet, text, states)
        } else {
            let text = regex.alphabet.write(text, translated);
            let input = Input::new(text).earliest(true);
            let found = self.dfa.try_search_fwd(states, &input);
            found.map(|found| found.is_some()).ok()
        };
        found.unwrap_or(false)
    }

    /// Returns whether the regex matches a text at whose start, or end if it is read backward, a
    /// match must be. A few characters decide about most texts, so the text is translated while it
    /// is read. Returns `None` if the search gives up.
    fn is_anchored_match(
        &self,
        alphabet: &Alphabet<'_>,
        text: &str,
        states: &mut Cache,
    ) -> Option<bool> {
        let input = Input::new(&[]).anchored(Anchored::Yes);
        let mut chars = text.chars();
        let mut state = if self.mode.backward {
            self.dfa.start_state_reverse(states, &input).ok()?
        } else {
            self.dfa.start_state_forward(states, &input).ok()?
        };
        while let Some(character) = if self.mode.backward {
            chars.next_back()
        } else {
            chars.next()
        } {
            let byte = alphabet.byte(character);
            state = self.dfa.next_state(states, state, byte).ok()?;
            if state.is_match() || state.is_dead() {
                return Some(state.is_match());
            }
        }
        Some(self.dfa.next_eoi_state(states, state).ok()?.is_match())
    }
}

/// Returns whether a text has a letter, digit or mark outside ASCII, as `\w` of the regex crate
/// defines them. If it has none, the cheaper ASCII word boundaries give the same result.
pub(super) fn has_unicode_word(text: &str) -> bool {
    !text.is_ascii()
        && text
            .chars()
            .any(|c| !c.is_ascii() && regex_syntax::is_word_character(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::RegexBuilder;

    const REGEXES: &[&str] = &[
        r"[A-ZÀ-Þ][^\s,;:]{1,20}\s(?:said|“x)[^\n]*",
        r"(?i)stra(?:ß|ss)e \w{2,4}\b.?",
        r"\bé|\Bx\b",
        r"^a$|\d+[\p{Greek}–—]?",
        r"(?m)^[^\n]{3}$",
        r"[^\n]*\bsagt[ea]?\W{0,3}",
        "広告|[ぁ-ん]{2,}ー?",
        r"\W{0,3}(?i:k)\u{a0}?(?:x|)",
        r"",
    ];

    /// Returns a few thousand random texts of characters that the regexes distinguish.
    fn texts() -> Vec<String> {
        const PARTS: &[&str] = &[
            "a", "É", "é", "x", "said", " ", "\u{a0}", ",", "“", "ß", "SS", "straße", "k",
            "\u{212a}", "7", "\n", "–", "λ", "広告", "ぁん", "sagte", ".", "_",
        ];
        let mut state = 7u64;
        let mut draw = |bound: usize| {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            (state >> 33) as usize % bound
        };
        (0..3000)
            .map(|_| (0..draw(7)).map(|_| PARTS[draw(PARTS.len())]).collect())
            .collect()
    }

    fn compile(source: &str, mode: SearchMode) -> (ClassRegex<'static>, LazyDfa) {
        let regex = ClassRegex::new(source, mode.ignore_case, mode.unicode_boundaries).unwrap();
        let dfa = LazyDfa::new(&regex, mode).unwrap();
        (regex, dfa)
    }

    #[test]
    fn lazy_dfas_and_interpreted_regexes_match_what_the_regex_crate_matches() {
        let mut cache = DfaCache::default();
        let mut matched = 0;
        for source in REGEXES {
            for (ignore_case, whole_text, backward) in [
                (false, false, false),
                (true, false, false),
                (false, true, false),
                (true, true, false),
                (false, true, true),
            ] {
                let start = if whole_text && !backward { r"\A" } else { "" };
                let end = if whole_text { r"\z" } else { "" };
                let regex = RegexBuilder::new(&format!("{start}(?:{source}){end}"))
                    .case_insensitive(ignore_case)
                    .build()
                    .unwrap();
                for unicode_boundaries in [false, true] {
                    let mode = SearchMode {
                        ignore_case,
                        whole_text,
                        backward,
                        unicode_boundaries,
                    };
                    let (classes, dfa) = compile(source, mode);
                    for text in texts()
                        .iter()
                        .filter(|text| unicode_boundaries || !has_unicode_word(text))
                    {
                        let expected = regex.is_match(text);
                        let found = dfa.is_match(&classes, text, &mut cache);
                        assert_eq!(found, expected, "{source} in {text:?}, {mode:?}");
                        matched += usize::from(found);
                        if whole_text == start.starts_with('\\') {
                            let found = classes.is_match(text, whole_text, &mut Vec::new());
                            assert_eq!(found, Some(expected), "{source} in {text:?}, interpreted");
                        }
                    }
                }
            }
        }
        assert!(matched > 1000);
    }

    #[test]
    fn a_regex_without_word_boundaries_matches_letters_outside_ascii() {
        let (regex, dfa) = compile(
            "[é-ü]+",
            SearchMode {
                whole_text: true,
                ..SearchMode::default()
            },
        );
        assert!(dfa.is_match(&regex, "ñé", &mut DfaCache::default()));
        assert!(!dfa.is_match(&regex, "ñex", &mut DfaCache::default()));
    }

    #[test]
    fn a_regex_that_distinguishes_too_many_characters_is_refused() {
        let all: String = ('一'..).take(300).flat_map(|c| [c, '.', '|']).collect();
        assert!(ClassRegex::new(&all, false, false).is_none());
        assert!(ClassRegex::new("(", false, false).is_none());
    }
}
