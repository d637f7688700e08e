//! Regular expressions that are only asked whether they match, made for a start that takes microseconds. An expression
//! tells few characters apart: each set of characters that it treats alike becomes one byte (`expression`), so that `[^\s,]{1,20}` is a
//! chain of twenty states and not of twenty times all of UTF-8. The automaton itself is the regex-automata crate's, whose
//! states are made as texts ask for them.

use dechaff_rules::class_regex::{Alphabet, ClassRegex};
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{Compiler, Config, WhichCaptures};
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Hir, Look};
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// States that one automaton may keep, in bytes; where it needs more it forgets some.
const CACHE_CAPACITY: usize = 1 << 20;

/// How an expression is to be understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SearchMode {
    pub ignore_case: bool,
    /// Whether it must match the whole text.
    pub whole: bool,
    /// Whether it is searched from the end of the text, where it must end, and may begin anywhere.
    pub backward: bool,
    /// Whether word boundaries beside letters outside ASCII are told; without it the text must have no such letter.
    pub unicode_boundaries: bool,
}

/// An expression made ready.
pub(super) struct LazyDfa {
    /// No two automata have the same.
    id: u64,
    alphabet: Alphabet,
    dfa: DFA,
    mode: SearchMode,
}

/// The states that automata have made so far, for one thread.
#[derive(Debug, Default)]
pub(super) struct DfaCache {
    by_dfa: FxHashMap<u64, Cache>,
    /// A text in the alphabet of an automaton.
    text: Vec<u8>,
}

impl LazyDfa {
    /// The automaton of an expression whose characters are told apart as this mode asks.
    pub(super) fn new(regex: ClassRegex, mode: SearchMode) -> Option<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (hir, alphabet) = (regex.hir(), regex.alphabet);
        let hir = if mode.whole {
            Hir::concat(vec![hir, Hir::look(Look::End)])
        } else {
            hir
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
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            alphabet,
            dfa,
            mode,
        })
    }

    pub(super) fn is_match(&self, text: &str, states: &mut DfaCache) -> bool {
        let DfaCache {
            by_dfa,
            text: written,
        } = states;
        let text = self.alphabet.write(text, written);
        let cache = by_dfa
            .entry(self.id)
            .or_insert_with(|| self.dfa.create_cache());
        let anchored = if self.mode.whole || self.mode.backward {
            Anchored::Yes
        } else {
            Anchored::No
        };
        let input = Input::new(text).anchored(anchored).earliest(true);
        // These searches fail only where a limit is set, and none is.
        let found = if self.mode.backward {
            self.dfa.try_search_rev(cache, &input)
        } else {
            self.dfa.try_search_fwd(cache, &input)
        };
        found.is_ok_and(|found| found.is_some())
    }
}

/// Whether a text has a letter, digit or mark outside ASCII, as word boundaries of expressions count them.
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

    const EXPRESSIONS: &[&str] = &[
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

    /// A few thousand texts of the characters that the expressions tell apart.
    fn texts() -> Vec<String> {
        const PARTS: &[&str] = &[
            "a", "É", "é", "x", "said", " ", "\u{a0}", ",", "“", "ß", "SS", "straße", "k",
            "\u{212a}", "7", "\n", "–", "λ", "広告", "ぁん", "sagte", ".", "_",
        ];
        let mut state = 7u64;
        let mut draw = |most: usize| {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            (state >> 33) as usize % most
        };
        (0..3000)
            .map(|_| (0..draw(7)).map(|_| PARTS[draw(PARTS.len())]).collect())
            .collect()
    }

    fn automaton(source: &str, mode: SearchMode) -> LazyDfa {
        LazyDfa::new(
            ClassRegex::new(source, mode.ignore_case, mode.unicode_boundaries).unwrap(),
            mode,
        )
        .unwrap()
    }

    #[test]
    fn automata_match_what_the_expressions_match() {
        let mut states = DfaCache::default();
        let mut matched = 0;
        for source in EXPRESSIONS {
            for (ignore_case, whole, backward) in [
                (false, false, false),
                (true, false, false),
                (false, true, false),
                (true, true, false),
                (false, true, true),
            ] {
                let start = if whole && !backward { r"\A" } else { "" };
                let end = if whole { r"\z" } else { "" };
                let regex = RegexBuilder::new(&format!("{start}(?:{source}){end}"))
                    .case_insensitive(ignore_case)
                    .build()
                    .unwrap();
                for unicode_boundaries in [false, true] {
                    let automaton = automaton(
                        source,
                        SearchMode {
                            ignore_case,
                            whole,
                            backward,
                            unicode_boundaries,
                        },
                    );
                    for text in texts()
                        .iter()
                        .filter(|text| unicode_boundaries || !has_unicode_word(text))
                    {
                        let found = automaton.is_match(text, &mut states);
                        assert_eq!(
                            found,
                            regex.is_match(text),
                            "{source} in {text:?}, whole {whole}, backward {backward}, unicode_boundaries {unicode_boundaries}"
                        );
                        matched += usize::from(found);
                    }
                }
            }
        }
        assert!(matched > 1000);
    }

    #[test]
    fn expressions_without_word_boundaries_need_no_second_alphabet() {
        let automaton = automaton(
            "[é-ü]+",
            SearchMode {
                whole: true,
                ..SearchMode::default()
            },
        );
        assert!(automaton.is_match("ñé", &mut DfaCache::default()));
        assert!(!automaton.is_match("ñex", &mut DfaCache::default()));
    }

    #[test]
    fn expressions_that_tell_too_much_apart_are_refused() {
        let all: String = ('一'..).take(300).flat_map(|c| [c, '.', '|']).collect();
        assert!(ClassRegex::new(&all, false, false).is_none());
        assert!(ClassRegex::new("(", false, false).is_none());
    }
}
