//! Building relaxed DFAs. Determinizing takes a few milliseconds for each regex, so it is done when
//! dechaff is built.

use super::ClassRegex;
use super::relaxed::{DEAD, MATCH, RelaxedDfa};
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson::{Compiler, Config, WhichCaptures};
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Dot, Hir, HirKind, Look, Repetition};
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// What to try in turn until a DFA of the whole regex is small enough: the highest bound of
/// repetitions that is not relaxed, and the limits of the DFA. Small DFAs come first: most regexes
/// have one that rejects as much as a large one. A large one is better than a small one of a part
/// of the regex, because the texts that get past it are slow to decide.
const ATTEMPTS: [(u32, Limits); 5] = [
    (u32::MAX, SMALL),
    (4, SMALL),
    (1, SMALL),
    (4, LARGE),
    (1, LARGE),
];
/// Limits of a DFA whose states are bytes.
const SMALL: Limits = Limits {
    states: 256,
    memory: 150_000,
};
/// Limits of a DFA whose states are two bytes.
const LARGE: Limits = Limits {
    states: 1024,
    memory: 2_500_000,
};

/// How large a DFA may be.
#[derive(Clone, Copy)]
struct Limits {
    states: usize,
    /// Memory for determinizing, in bytes.
    memory: usize,
}

impl RelaxedDfa<'static> {
    /// Builds the DFA of a regex. Relaxes more of it until the DFA is small enough; returns `None`
    /// if that fails. With `backward`, the DFA reads texts from their end.
    #[must_use]
    pub fn new(regex: &ClassRegex<'_>, whole_text: bool, backward: bool) -> Option<Self> {
        let hir = regex.hir();
        let build = |relaxed: &Hir, exact_len, limits| {
            Self::build(relaxed, exact_len, whole_text, backward, limits)
        };
        ATTEMPTS
            .into_iter()
            .find_map(|(max_bound, limits)| {
                let exact_len = exact_len(&hir, max_bound);
                build(&relax(&hir, max_bound), exact_len, limits)
            })
            .or_else(|| {
                // The longest part of a sequence that fits, found by bisection.
                let relaxed = relax(&hir, 1);
                let HirKind::Concat(parts) = relaxed.kind() else {
                    return None;
                };
                let (mut fits, mut too_many) = (0, parts.len());
                let mut best = None;
                while fits + 1 < too_many {
                    let count = usize::midpoint(fits, too_many);
                    match build(&keep_parts(parts, count, backward), 0, LARGE) {
                        Some(dfa) => (fits, best) = (count, Some(dfa)),
                        None => too_many = count,
                    }
                }
                best
            })
    }

    /// Builds the DFA of a relaxed regex. Returns `None` if it exceeds the limits.
    fn build(
        relaxed: &Hir,
        exact_len: u32,
        whole_text: bool,
        backward: bool,
        limits: Limits,
    ) -> Option<Self> {
        let regex = if whole_text {
            &Hir::concat(vec![relaxed.clone(), Hir::look(Look::End)])
        } else {
            relaxed
        };
        let (start, states) = determinize(regex, whole_text || backward, backward, limits.memory)?;
        let (start, states) = minimize(start, &states);
        if states.len() > limits.states {
            return None;
        }
        let (firsts, groups) = group_bytes(&states);
        let width = if states.len() > SMALL.states { 2 } else { 1 };
        let next = states
            .iter()
            .flat_map(|state| firsts.iter().map(|&byte| state.next[byte]))
            .flat_map(|state| state.to_le_bytes().into_iter().take(width));
        let ends = states.iter().map(|state| u8::from(state.is_end));
        Some(Self {
            exact_len,
            whole_text,
            backward,
            start: start as u16,
            group_count: firsts.len() as u16,
            groups: Cow::Owned(groups),
            next: next.collect(),
            ends: ends.collect(),
        })
    }
}

/// A state: the next one for each byte, and whether the text may end here.
struct State {
    next: [u32; 256],
    is_end: bool,
}

/// Replaces the bounds of repetitions above `most` by it and by none.
fn relax(hir: &Hir, most: u32) -> Hir {
    match hir.kind() {
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            min: repetition.min.min(most),
            max: repetition.max.filter(|&max| max <= most),
            greedy: repetition.greedy,
            sub: Box::new(relax(&repetition.sub, most)),
        }),
        HirKind::Capture(capture) => relax(&capture.sub, most),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(|part| relax(part, most)).collect()),
        HirKind::Alternation(parts) => {
            Hir::alternation(parts.iter().map(|part| relax(part, most)).collect())
        }
        _ => hir.clone(),
    }
}

/// Returns the length of the longest text, in bytes, for which [`relax`] makes no difference. A
/// text without `max` characters cannot exceed that bound, but a relaxed lower bound matters.
fn exact_len(hir: &Hir, most: u32) -> u32 {
    match hir.kind() {
        HirKind::Repetition(Repetition { min, .. }) if *min > most => 0,
        HirKind::Repetition(Repetition { max, sub, .. }) => {
            let own = max.filter(|&max| max > most).unwrap_or(u32::MAX);
            own.min(exact_len(sub, most))
        }
        HirKind::Capture(capture) => exact_len(&capture.sub, most),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            let parts = parts.iter().map(|part| exact_len(part, most));
            parts.min().unwrap_or(u32::MAX)
        }
        _ => u32::MAX,
    }
}

/// Returns a sequence of which only the first `count` parts are kept, or the last ones if it is
/// read backward. The others are replaced by anything.
fn keep_parts(parts: &[Hir], count: usize, backward: bool) -> Hir {
    let anything = Hir::repetition(Repetition {
        min: 0,
        max: None,
        greedy: true,
        sub: Box::new(Hir::dot(Dot::AnyByte)),
    });
    if backward {
        let kept = parts[parts.len() - count..].iter().cloned();
        Hir::concat(std::iter::once(anything).chain(kept).collect())
    } else {
        let kept = parts[..count].iter().cloned();
        Hir::concat(kept.chain([anything]).collect())
    }
}

/// Returns the states of a DFA, of which [`DEAD`] and [`MATCH`] are the first, and the one to start
/// with. Returns `None` if it takes more than `max_memory` bytes.
fn determinize(
    hir: &Hir,
    is_anchored: bool,
    backward: bool,
    max_memory: usize,
) -> Option<(u32, Vec<State>)> {
    let config = Config::new()
        .utf8(false)
        .reverse(backward)
        .which_captures(WhichCaptures::None);
    let nfa = Compiler::new().configure(config).build_from_hir(hir).ok()?;
    let (start_kind, anchored) = if is_anchored {
        (StartKind::Anchored, Anchored::Yes)
    } else {
        (StartKind::Unanchored, Anchored::No)
    };
    let config = dense::Config::new()
        .accelerate(false)
        .start_kind(start_kind)
        .dfa_size_limit(Some(max_memory))
        .determinize_size_limit(Some(max_memory));
    let dfa = dense::Builder::new()
        .configure(config)
        .build_from_nfa(&nfa)
        .ok()?;
    let first = dfa
        .start_state_forward(&Input::new(b"").anchored(anchored))
        .ok()?;
    let mut found = vec![first];
    let mut numbers = FxHashMap::from_iter([(first, 2)]);
    let mut states = vec![
        State {
            next: [u32::from(DEAD); 256],
            is_end: false,
        },
        State {
            next: [u32::from(MATCH); 256],
            is_end: true,
        },
    ];
    while let Some(&id) = found.get(states.len() - 2) {
        let mut next = [u32::from(DEAD); 256];
        let mut last = None;
        for byte in 0..=255 {
            let to = dfa.next_state(id, byte);
            // Neighboring bytes mostly lead to the same state.
            next[usize::from(byte)] = match last {
                Some((last, number)) if last == to => number,
                _ if dfa.is_dead_state(to) => u32::from(DEAD),
                _ if dfa.is_match_state(to) => u32::from(MATCH),
                _ => *numbers.entry(to).or_insert_with(|| {
                    found.push(to);
                    found.len() as u32 + 1
                }),
            };
            last = Some((to, next[usize::from(byte)]));
        }
        let is_end = dfa.is_match_state(dfa.next_eoi_state(id));
        states.push(State { next, is_end });
    }
    Some((2, states))
}

/// Returns the first byte of each group of bytes that all states treat alike, and the group of each
/// byte.
fn group_bytes(states: &[State]) -> (Vec<usize>, Vec<u8>) {
    let mut groups: FxHashMap<Vec<u32>, u8> = FxHashMap::default();
    let (mut firsts, mut by_byte) = (Vec::new(), Vec::new());
    for byte in 0..256 {
        let column: Vec<u32> = states.iter().map(|state| state.next[byte]).collect();
        let count = groups.len() as u8;
        by_byte.push(*groups.entry(column).or_insert_with(|| {
            firsts.push(byte);
            count
        }));
    }
    (firsts, by_byte)
}

/// Merges states that accept the same texts (the method of Moore, 1956): starts with the states in
/// which a text may end and the others, and splits these sets until the states of each lead to the
/// same sets.
fn minimize(start: u32, states: &[State]) -> (u32, Vec<State>) {
    let (bytes, _) = group_bytes(states);
    let mut sets: Vec<u32> = (0..)
        .zip(states)
        .map(|(number, state)| {
            if number == u32::from(MATCH) {
                number
            } else {
                2 * u32::from(state.is_end)
            }
        })
        .collect();
    let mut count = 0;
    loop {
        let mut numbers: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
        sets = (0..states.len())
            .map(|state| {
                let next = bytes.iter().map(|&byte| states[state].next[byte] as usize);
                let key = std::iter::once(sets[state]).chain(next.map(|next| sets[next]));
                let number = numbers.len() as u32;
                *numbers.entry(key.collect()).or_insert(number)
            })
            .collect();
        if numbers.len() == count {
            break;
        }
        count = numbers.len();
    }
    let merged = (0..count as u32).filter_map(|set| {
        let state = &states[sets.iter().position(|&own| own == set)?];
        Some(State {
            next: state.next.map(|next| sets[next as usize]),
            is_end: state.is_end,
        })
    });
    (sets[start as usize], merged.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::RegexBuilder;

    /// Returns a few thousand random texts.
    fn texts() -> Vec<String> {
        const PARTS: [&str; 12] = [
            "a", "É", "é", "x", "by ", " ", ",", "ß", "7", "\n", "photo", "ab",
        ];
        let mut state = 7u64;
        let mut draw = |bound: usize| {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            (state >> 33) as usize % bound
        };
        (0..3000)
            .map(|_| (0..draw(12)).map(|_| PARTS[draw(PARTS.len())]).collect())
            .collect()
    }

    #[test]
    fn relaxed_dfas_accept_what_the_regex_crate_matches_and_little_else() {
        let (mut accepted, mut matched) = (0, 0);
        for (source, exact_len) in [
            (r"by [^\n]{3,60}", u32::MAX),
            (r"(?i)\bé|\Bx\b|photos?", u32::MAX),
            (r"", u32::MAX),
            (r"[^\n]{2}[^\n]*\d{1,3}", u32::MAX),
            (
                r"(?:[^\n]{0,90}[\sx])?by \w{1,25}[^\n]{0,90}(?:photo|7)[^\n]{0,40}ab?",
                25,
            ),
            (
                r"(?:[^\n]{3,80}[ax,])?(?:x|by [^\n]{3,90}a|É\w{2,40}a|7[^\n]{9,70}ab)[^\n]{0,70}7\W{0,9}",
                0,
            ),
        ] {
            for (whole_text, backward) in [(true, false), (false, false), (true, true)] {
                if backward && !source.starts_with(r"[^\n]{2}[^\n]*") {
                    continue;
                }
                let pattern = if whole_text {
                    format!(r"\A(?:{source})\z")
                } else {
                    source.to_owned()
                };
                let regex = RegexBuilder::new(&pattern).build().unwrap();
                let classes = ClassRegex::new(source, false, true).unwrap();
                let dfa = RelaxedDfa::new(&classes, whole_text, backward).unwrap();
                assert_eq!(dfa.exact_len, exact_len, "{source}");
                for text in texts() {
                    // Only single lines are read backward.
                    if backward && text.contains('\n') {
                        continue;
                    }
                    let is_match = regex.is_match(&text);
                    let is_accepted = dfa.is_match(&classes.alphabet, &text);
                    assert!(is_accepted || !is_match, "{source} in {text:?}");
                    let is_exact = text.len() <= exact_len as usize;
                    assert!(!is_exact || is_accepted == is_match, "{source} in {text:?}");
                    accepted += usize::from(is_accepted);
                    matched += usize::from(is_match);
                }
            }
        }
        assert!(
            matched > 1000 && accepted < matched * 5 / 4,
            "{accepted} {matched}"
        );
    }
}
