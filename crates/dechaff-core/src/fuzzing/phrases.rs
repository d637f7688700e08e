//! What must hold for every phrase and text: parsing ends in a phrase or a reason, and the search,
//! which looks for literals and prefixes first, finds what trying the phrase at every position
//! finds.
//!
//! The bits of the first byte of an input say which of its phrases match whole lines. Its first
//! line holds one to four phrases with tabs between them, and the rest is the text.

use crate::RuleSet;
use crate::search::{Search, SearchBuffers, naive};
use crate::text::{Document, NormalizedText, TextLines, View};
use dechaff_rules::CompiledRules;
use dechaff_rules::phrase::Phrase;
use dechaff_rules::rule::Matcher;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// Most phrases of an input that are used.
const MAX_PHRASES: usize = 4;

/// Most sets of phrases that are kept.
const MAX_KEPT: usize = 200;

/// A search for some rules.
pub(super) struct RuleSearch {
    rules: RuleSet,
    search: Search,
}

thread_local! {
    /// The searches of earlier inputs, by first byte and first line. Compiling one takes much
    /// longer than searching a short text. `None` if no phrase can be searched for.
    static SEARCHES: RefCell<FxHashMap<Vec<u8>, Option<RuleSearch>>> = RefCell::default();
}

/// Checks phrases on a text. See the description of the module.
pub fn check(data: &[u8]) {
    let (head, text) = data.split_at(head_len(data));
    let head = head.strip_suffix(b"\n").unwrap_or(head);
    let text = String::from_utf8_lossy(text);
    let document = Document::new(&text).expect("the text is short");
    let lines = TextLines::new(&document, Vec::new());
    SEARCHES.with_borrow_mut(|searches| {
        if searches.len() > MAX_KEPT {
            searches.clear();
        }
        let search = searches
            .entry(head.to_owned())
            .or_insert_with(|| compile(head));
        if let Some(search) = search {
            search.compare(&View::new(&lines));
        }
    });
}

/// Returns the length of the first line of an input, with its line end.
pub(super) fn head_len(data: &[u8]) -> usize {
    memchr::memchr(b'\n', data).map_or(data.len(), |end| end + 1)
}

/// Compiles the phrases in the first line of an input.
fn compile(head: &[u8]) -> Option<RuleSearch> {
    let [mode, phrases @ ..] = head else {
        return None;
    };
    let phrases = String::from_utf8_lossy(phrases);
    let mut pack = String::from("[pack]\nname = 'p'\n");
    for (number, phrase) in phrases.split('\t').take(MAX_PHRASES).enumerate() {
        let line = mode >> number & 1 == 1;
        if is_searchable(phrase, line) {
            pack += &rule(number, phrase, line);
        }
    }
    let mut rules = CompiledRules::default();
    rules
        .add_unlinted(&pack, "p.toml")
        .expect("the pack is valid");
    (!rules.is_empty()).then(|| RuleSearch::new(RuleSet::from(rules)))
}

impl RuleSearch {
    /// Compiles `rules`.
    pub(super) fn new(rules: RuleSet) -> Self {
        Self {
            search: Search::new(&rules, |_| true, |_| false),
            rules,
        }
    }

    /// Asserts that a search for all rules finds in windows of any size what each rule finds if it
    /// is tried at every position.
    pub(super) fn compare(&self, view: &View<'_>) {
        let mut buffers = SearchBuffers::default();
        let found = self.search.find(view, &mut buffers);
        buffers.normalized = NormalizedText::with_window(1);
        let again = self.search.find(view, &mut buffers);
        assert_eq!(again, found, "windows of one line");
        for (id, rule) in self.rules.iter() {
            if let Matcher::Phrases { .. } | Matcher::Patterns { .. } = rule.matcher {
                let mut found = found.clone();
                found.retain(|mark| mark.rule() == id);
                let expected = naive::find(&self.search, id, view);
                assert_eq!(found, expected, "{:?}", rule.matcher);
            }
        }
    }
}

/// Returns whether a phrase can be searched for. Checks that the functions that read phrases agree.
fn is_searchable(phrase: &str, line: bool) -> bool {
    let parsed = Phrase::parse(phrase, line);
    match (Phrase::search_terms(phrase, line), &parsed) {
        (Ok((prefixes, literals)), Ok(_)) => {
            assert!(line || (prefixes.is_empty() && !literals.is_empty()));
            // A phrase that can be empty is searched for by nothing, and rejected by the lint.
            !line || Phrase::min_words(phrase) != (0, 0)
        }
        (Ok(_), Err(reason)) => panic!("only one of two accepts the phrase: {reason}"),
        (Err(reason), _) => {
            assert!(!reason.is_empty());
            assert!(parsed.is_err() || reason.contains("no word that every match contains"));
            false
        }
    }
}

/// Returns a rule of a pack with this phrase.
fn rule(number: usize, phrase: &str, line: bool) -> String {
    let mut quoted = String::new();
    for character in phrase.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\0'..' ' | '\x7F' => quoted += &format!("\\u{:04X}", u32::from(character)),
            _ => quoted.push(character),
        }
    }
    format!(
        "[[rule]]\nid = 'r{number}'\ndescription = ''\nphrase = \"{quoted}\"\nline = {line}\n\
         examples.match = []\nexamples.no_match = []\n"
    )
}

/// Returns the phrases of all rules with an example of each, and the cases of the test data.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (_, rule) in RuleSet::built_in().iter() {
        let Matcher::Phrases { phrases, line } = &rule.matcher else {
            continue;
        };
        let mode: u8 = if *line { 15 } else { 0 };
        let examples = rule.examples.matches.iter();
        for (phrase, example) in phrases
            .iter()
            .zip(examples.chain(rule.examples.non_matches.iter()))
        {
            if phrase.contains('\n') || phrase.len() > 300 {
                continue;
            }
            seeds.push([&[mode], phrase.as_bytes(), b"\n", example.as_bytes()].concat());
        }
    }
    for number in (0..seeds.len() - 1).step_by(5) {
        let (one, two) = (&seeds[number], &seeds[number + 1]);
        let end = two
            .iter()
            .position(|&byte| byte == b'\n')
            .unwrap_or(two.len());
        let mut both = vec![one[0] & 1 | two[0] & 2];
        let one_end = one
            .iter()
            .position(|&byte| byte == b'\n')
            .unwrap_or(one.len());
        both.extend_from_slice(&one[1..one_end]);
        both.push(b'\t');
        both.extend_from_slice(&two[1..end]);
        both.extend_from_slice(&one[one_end..]);
        both.extend_from_slice(&two[end..]);
        seeds.push(both);
    }
    seeds
}
