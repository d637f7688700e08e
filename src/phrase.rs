//! The phrase language: how it is parsed, and how a phrase is matched at one place of a folded text. It stands apart
//! from `filter::phrases`, which finds the places worth trying.
//!
//! A phrase is words. `(a|b)` is one of several, `[a|b]` the same or nothing, `{..5}`, `{1..4}` and `{2}` are that many
//! words of any kind, or letters where they are glued to the text beside them, `{#}` is a number. Matching backtracks, but over gaps and branches whose number is bounded when
//! the phrase is parsed, so that the cost of one try does not depend on the text.

// The paths are said for the build, which takes this file in from elsewhere.
#[path = "phrase/compile.rs"]
mod compile;
#[path = "phrase/fragments.rs"]
mod fragments;
#[path = "phrase/parse.rs"]
mod parse;

pub(crate) use fragments::{LONGEST_FRAGMENT, LONGEST_OPENING, Literal, LiteralContext};

use crate::fold::{
    NormalizedText, REACH, first_char, is_spaceless, is_word, word_after, word_before,
};
use compile::{Op, compile, first_bytes};
use fragments::fragments;
use parse::Node;
use std::ops::Range;
use unicode_normalization::char::is_combining_mark;

/// A word of a gap, a number, or a letter with its marks is at most this long, in folded bytes, so that text without spaces
/// costs no more than other text and a match is never longer than what is folded around it.
const LONGEST_WORD: usize = 256;
/// A line phrase may be broken over this many lines.
const MOST_BREAKS: usize = 16;
/// Bullets and other signs before the first word of a line may be this long, in folded bytes.
const MOST_BULLETS: usize = 24;
/// So many places of lines are tried for one fragment.
const MOST_STARTS: usize = 64;
/// A parsed phrase.
#[derive(Clone, Debug)]
pub(crate) struct Phrase {
    ops: Vec<Op>,
    /// Whether the match must be the whole line.
    line: bool,
    /// For the first op, and each that branches, the bytes that what is left of a match can start with; none where any
    /// will do.
    firsts: Vec<Option<Box<[bool; 256]>>>,
}

impl Phrase {
    /// Parses a phrase.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(crate) fn parse(source: &str, line: bool) -> Result<Self, String> {
        let nodes = parse::parse(source)?;
        if !line && matches!(nodes.first(), Some(Node::Letters(..))) {
            return Err(
                "a gap of letters cannot begin a phrase inside a line; use line = true".to_owned(),
            );
        }
        let mut ops = Vec::new();
        compile(&nodes, &mut ops, true);
        let firsts = (0..ops.len()).map(|op| {
            let mut first = Box::new([false; 256]);
            let wanted = op == 0 || matches!(ops[op], Op::Branch(_));
            (wanted && first_bytes(&ops, op, &mut first)).then_some(first)
        });
        let firsts = firsts.collect();
        let phrase = Self { ops, line, firsts };
        if phrase.longest() > REACH {
            return Err("the phrase can be too long a text; split it".to_owned());
        }
        if phrase.matches_nothing() {
            return Err(
                "the phrase can match nothing at all; make a part of it obligatory".to_owned(),
            );
        }
        Ok(phrase)
    }

    /// Parses a phrase and says what to look for to find it: the openings of the lines that it takes, if it must be the
    /// whole line and they are few, and fragments, which a phrase inside a line must have.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(crate) fn search(source: &str, line: bool) -> Result<(Vec<Vec<u8>>, Vec<Literal>), String> {
        Self::parse(source, line)?;
        let nodes = parse::parse(source)?;
        let mut ops = Vec::new();
        let starts = compile(&nodes, &mut ops, true);
        let openings = if line {
            fragments::openings(&ops)
        } else {
            Vec::new()
        };
        let fragments = fragments(&nodes, &ops, &starts, line);
        if !line && fragments.is_empty() {
            return Err(
                "the phrase has no word that every match holds; use line = true or say more"
                    .to_owned(),
            );
        }
        Ok((openings, fragments))
    }

    pub(crate) fn is_line(&self) -> bool {
        self.line
    }

    /// The fewest words, and letters of scripts without spaces, that a match can have.
    pub(crate) fn least(source: &str) -> (usize, usize) {
        let shortest = Self::shortest(source);
        let spaceless = shortest.chars().filter(|&c| is_spaceless(c)).count();
        (
            shortest
                .split(' ')
                .filter(|word| word.chars().any(is_word))
                .count(),
            spaceless,
        )
    }

    /// The shortest text that a phrase matches, folded; empty if it is no phrase.
    pub(crate) fn shortest(source: &str) -> String {
        parse::parse(source).map_or_else(
            |_| String::new(),
            |nodes| String::from_utf8_lossy(&parse::shortest(&nodes)).into_owned(),
        )
    }

    /// At least as many folded bytes as a match can have.
    fn longest(&self) -> usize {
        let longest = |op: &Op| match op {
            Op::Text(text) => text.len(),
            Op::Number => LONGEST_WORD,
            Op::Gap(_, most) | Op::Letters(_, most) | Op::Rest(_, most) => {
                (most + 1) * (LONGEST_WORD + 1)
            }
            Op::Branch(_) | Op::Jump(_) => 0,
        };
        self.ops.iter().map(longest).sum()
    }

    fn matches_nothing(&self) -> bool {
        Matching {
            phrase: self,
            text: &NormalizedText::default(),
        }
        .run(0, 0)
        .is_some()
    }

    /// The end of the match that starts at a folded offset, if there is one. For a phrase that must be the whole
    /// line, `start` lies in a line's first word, and the end is the end of a line.
    pub(crate) fn match_at(&self, text: &NormalizedText, start: usize) -> Option<usize> {
        let bytes = text.bytes();
        // Most tries end here, without a word having been compared.
        if !self.can_start(0, bytes, start) {
            return None;
        }
        if !self.line {
            let first = first_char(&bytes[start..])?;
            if is_word(first) && !is_spaceless(first) && word_before(bytes, start) {
                return None;
            }
            if matches!(self.ops.first(), Some(Op::Gap(..))) && !starts_sentence(bytes, start) {
                return None;
            }
        }
        Matching { phrase: self, text }.run(0, start)
    }

    /// Whether what is left of a match from an op on can start with the byte at an offset.
    fn can_start(&self, op: usize, bytes: &[u8], at: usize) -> bool {
        let first = self.firsts.get(op).and_then(Option::as_ref);
        first.is_none_or(|first| bytes.get(at).is_some_and(|&byte| first[usize::from(byte)]))
    }

    /// The match that holds a fragment which stands at a folded offset: its start and end; of several the earliest.
    /// `starts` is a buffer.
    pub(crate) fn match_around(
        &self,
        text: &NormalizedText,
        at: usize,
        lead: &LiteralContext,
        starts: &mut Vec<usize>,
    ) -> Option<(usize, usize)> {
        // Where a gap comes first, what follows it has few places to stand; the gap has many.
        if let Some(lengths) = &lead.behind_gap {
            let rest = Matching { phrase: self, text };
            if !lengths
                .iter()
                .filter_map(|length| at.checked_sub(*length))
                .any(|start| rest.run(1, start).is_some())
            {
                return None;
            }
        }
        self.starts(text, at, lead, starts);
        let found = |&start: &usize| {
            self.match_at(text, start)
                .filter(|&end| end > at)
                .map(|end| (start, end))
        };
        starts.iter().find_map(found)
    }

    /// The folded offsets at which a match may start that holds the fragment at `at`, the earliest first.
    fn starts(
        &self,
        text: &NormalizedText,
        at: usize,
        lead: &LiteralContext,
        starts: &mut Vec<usize>,
    ) {
        starts.clear();
        if self.line {
            self.line_starts(text, at, lead, starts);
            return;
        }
        if let Some(lengths) = &lead.bytes {
            starts.extend(lengths.iter().filter_map(|length| at.checked_sub(*length)));
        } else {
            let bytes = text.bytes();
            let mut start = at;
            for _ in 0..=lead.words + 1 {
                starts.push(start);
                let Some(space) = start.checked_sub(1) else {
                    break;
                };
                let from = space.saturating_sub(LONGEST_WORD);
                start = bytes[from..space]
                    .iter()
                    .rposition(u8::is_ascii_whitespace)
                    .map_or(from, |found| from + found + 1);
                if from > 0 && start == from {
                    break;
                }
            }
        }
        starts.sort_unstable();
    }

    /// The first words of the lines in which a match may start: the fragment's own, and as many before it as the
    /// phrase may have been broken over.
    fn line_starts(
        &self,
        text: &NormalizedText,
        at: usize,
        lead: &LiteralContext,
        starts: &mut Vec<usize>,
    ) {
        let longest = lead.bytes.as_ref().and_then(|lengths| lengths.iter().max());
        let (mut index, mut breaks) = (text.line_index(at), 0);
        loop {
            let line = text.lines()[index];
            if longest.is_some_and(|length| at - line.start as usize > length + MOST_BULLETS) {
                break;
            }
            if !text.continues(index) {
                line_start(text.bytes(), line.range(), starts);
                breaks += 1;
            }
            if index == 0 || breaks > lead.breaks.min(MOST_BREAKS) || starts.len() > MOST_STARTS {
                break;
            }
            index -= 1;
        }
        starts.reverse();
    }
}

/// The places of a line at which a match may start: its start and, past bullets, its first word.
pub(crate) fn line_start(bytes: &[u8], line: Range<usize>, starts: &mut Vec<usize>) {
    let mut start = line.start;
    while start < line.end.min(line.start + MOST_BULLETS) && !word_after(bytes, start) {
        starts.push(start);
        start += first_char(&bytes[start..line.end]).map_or(1, char::len_utf8);
    }
    starts.push(start);
}

/// One try of a phrase at one place.
struct Matching<'p, 't> {
    phrase: &'p Phrase,
    text: &'t NormalizedText,
}

impl Matching<'_, '_> {
    fn run(&self, mut op: usize, mut at: usize) -> Option<usize> {
        let bytes = self.text.bytes();
        loop {
            match self.phrase.ops.get(op) {
                None => return self.accept(at),
                Some(Op::Text(text)) => {
                    at = self.skip_text(text, at)?;
                    op += 1;
                }
                Some(Op::Jump(to)) => op = *to,
                Some(Op::Branch(_)) if !self.phrase.can_start(op, bytes, at) => return None,
                Some(Op::Branch(targets)) => {
                    return targets.iter().find_map(|&target| self.run(target, at));
                }
                Some(Op::Number) => {
                    let rest = bytes.get(at..)?;
                    let digits = rest
                        .iter()
                        .take(LONGEST_WORD)
                        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
                        .count();
                    if !rest.first()?.is_ascii_digit() {
                        return None;
                    }
                    // "1,204," is a number and a comma.
                    let number = rest[..digits].iter().rposition(u8::is_ascii_digit)? + 1;
                    if self.phrase.line && self.fills_line(at, at + number) {
                        return None;
                    }
                    at += number;
                    op += 1;
                }
                Some(&Op::Gap(min, max)) => {
                    let mut words = 0;
                    loop {
                        if words >= min
                            && let Some(end) = self.run(op + 1, at)
                        {
                            return Some(end);
                        }
                        if words == max {
                            return None;
                        }
                        at = self.skip_word_and_space(at)?;
                        words += 1;
                    }
                }
                Some(&Op::Letters(min, max)) => {
                    let last = op + 1 == self.phrase.ops.len();
                    let mut letters = 0;
                    loop {
                        // At its end a span must not leave the rest of a word behind.
                        if letters >= min
                            && (self.phrase.line || !last || !word_after(bytes, at))
                            && let Some(end) = self.run(op + 1, at)
                        {
                            return Some(end);
                        }
                        if letters == max {
                            return None;
                        }
                        at = self.skip_letter(at)?;
                        letters += 1;
                    }
                }
                Some(&Op::Rest(min, max)) => {
                    at = self.skip_rest(at, min, max)?;
                    op += 1;
                }
            }
        }
    }

    /// Whether a number stands alone on its line. It may then be a list's or a table's, and belongs to no phrase that
    /// begins or ends on another line.
    fn fills_line(&self, start: usize, end: usize) -> bool {
        let line = self.text.lines()[self.text.line_index(start)];
        line.bare() == (start..end)
    }

    fn skip_text(&self, text: &[u8], at: usize) -> Option<usize> {
        let found = self.text.bytes().get(at..at + text.len())?;
        let alike = |(own, found): (&u8, &u8)| own == found || (*own == b' ' && *found == b'\n');
        text.iter().zip(found).all(alike).then_some(at + text.len())
    }

    /// Past the letter at `at` and what the fold parted from it: marks, and the vowels and finals of Hangul.
    fn skip_letter(&self, at: usize) -> Option<usize> {
        let rest = self.text.bytes().get(at..)?;
        let first = first_char(rest)?;
        let mut end = at + first.len_utf8();
        let part = |c: &char| is_combining_mark(*c) || matches!(c, '\u{1160}'..='\u{11FF}');
        while let Some(next) = first_char(&self.text.bytes()[end..]).filter(part) {
            end += next.len_utf8();
            if end - at > LONGEST_WORD {
                return None;
            }
        }
        let full_stop = first == '.' && !word_after(self.text.bytes(), end);
        (!first.is_whitespace() && !full_stop && !matches!(first, '!' | '?' | '。' | '।' | '؟'))
            .then_some(end)
    }

    /// Where a word ends that starts at `at`.
    fn word_end(&self, at: usize) -> Option<usize> {
        let rest = self.text.bytes().get(at..)?;
        let rest = &rest[..rest.len().min(LONGEST_WORD)];
        let length = rest
            .iter()
            .position(u8::is_ascii_whitespace)
            .unwrap_or(rest.len());
        (length > 0 && length < LONGEST_WORD).then_some(at + length)
    }

    /// Past the word at `at` and the white space after it, where a gap may cross that.
    fn skip_word_and_space(&self, at: usize) -> Option<usize> {
        let bytes = self.text.bytes();
        let end = self.word_end(at)?;
        let sentence =
            ends_sentence(&bytes[at..end]) && !(self.phrase.line && asks(&bytes[at..end]));
        (end < bytes.len() && !sentence && !self.breaks(end)).then_some(end + 1)
    }

    /// Whether the white space at `at` is a line end at which a gap stops: for a whole-line phrase any that hard
    /// wrapping did not make, for another one a blank line.
    fn breaks(&self, at: usize) -> bool {
        if self.text.bytes()[at] != b'\n' {
            return false;
        }
        let next = self.text.line_index(at + 1);
        let lines = self.text.lines();
        let apart = lines[next].number > lines[next - 1].number + 1;
        if self.phrase.line {
            !self.text.continues(next)
        } else {
            apart
        }
    }

    /// Up to the end of the line or, in a span, of the sentence.
    fn skip_rest(&self, start: usize, min: usize, max: usize) -> Option<usize> {
        let bytes = self.text.bytes();
        let hard =
            |at: usize| bytes[at] == b'\n' && !self.text.continues(self.text.line_index(at + 1));
        let (mut at, mut words) = (start, 0);
        // What is glued to the last word, such as its full stop.
        while at < bytes.len() && !bytes[at].is_ascii_whitespace() {
            if at - start == LONGEST_WORD {
                return None;
            }
            at += 1;
        }
        if word_after(bytes, start) && !first_char(&bytes[start..]).is_some_and(is_spaceless) {
            return None;
        }
        loop {
            let sentence = !self.phrase.line
                && ends_sentence(&bytes[at.saturating_sub(LONGEST_WORD).max(start)..at]);
            if at >= bytes.len() || hard(at) || sentence {
                return (words >= min).then_some(at);
            }
            if words == max {
                return None;
            }
            at = self.word_end(at + 1)?;
            words += 1;
        }
    }

    fn accept(&self, at: usize) -> Option<usize> {
        let bytes = self.text.bytes();
        if self.phrase.line {
            let index = self.text.line_index(at.saturating_sub(1));
            let line = self.text.lines().get(index)?;
            let end = line.end as usize;
            let rest = std::str::from_utf8(bytes.get(at..end)?).ok()?;
            return (!line.joins && !rest.chars().any(is_word)).then_some(end);
        }
        let glued = word_after(bytes, at)
            && word_before(bytes, at)
            && !first_char(&bytes[at..]).is_some_and(is_spaceless);
        (!glued).then_some(at)
    }
}

/// Whether a word ends a sentence: it ends in a full stop or the like, and is no initial.
fn ends_sentence(word: &[u8]) -> bool {
    if word.last().is_some_and(u8::is_ascii_alphanumeric) {
        return false;
    }
    let Ok(word) = std::str::from_utf8(word) else {
        return false;
    };
    let bare = word.trim_end_matches(['"', '\'', ')', ']', '」', '』', '”']);
    let stem = bare.trim_end_matches(['.', '!', '?', '。', '！', '？', '।', '؟']);
    let initial = bare.ends_with('.') && stem.chars().count() == 1;
    stem.len() < bare.len() && !initial
}

/// Whether a word ends a question or a cry. Those that open a line are mostly put to the reader ("Got a story? Tell
/// us"), so that the gap of a whole-line phrase may cross them, where it may not swallow a statement.
fn asks(word: &[u8]) -> bool {
    word.iter()
        .rev()
        .find(|byte| !matches!(byte, b'"' | b'\'' | b')'))
        .is_some_and(|byte| matches!(byte, b'?' | b'!'))
}

/// Whether a sentence starts at a folded offset: at the start of a line, or after a word that ends one.
fn starts_sentence(bytes: &[u8], at: usize) -> bool {
    match at.checked_sub(1).map(|before| bytes[before]) {
        None | Some(b'\n') => true,
        Some(b' ') => {
            let from = at.saturating_sub(LONGEST_WORD);
            let before = &bytes[from..at - 1];
            let word = before
                .iter()
                .rposition(u8::is_ascii_whitespace)
                .map_or(before, |space| &before[space + 1..]);
            ends_sentence(word)
        }
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;

    /// What a phrase takes of a text, tried at every character.
    fn found(phrase: &str, line: bool, text: &str) -> Vec<String> {
        let phrase = Phrase::parse(phrase, line).unwrap();
        let folded = NormalizedText::whole(&Document::new(text).unwrap());
        let starts =
            (0..folded.bytes().len()).filter(|&at| !folded.bytes()[at].is_ascii_whitespace());
        let starts = starts.filter(|&at| std::str::from_utf8(&folded.bytes()[at..]).is_ok());
        let starts =
            starts.filter(|&at| !line || folded.lines().iter().any(|line| line.bare().start == at));
        starts
            .filter_map(|at| {
                Some(
                    text[folded
                        .source(at, phrase.match_at(&folded, at)?, text)
                        .range()]
                    .to_owned(),
                )
            })
            .collect()
    }

    #[test]
    fn a_span_stands_at_word_boundaries_and_crosses_any_white_space() {
        assert_eq!(
            found(
                "enable javascript",
                false,
                "Please ENABLE\r\n\u{a0}JavaScript!"
            ),
            ["ENABLE\r\n\u{a0}JavaScript"]
        );
        assert!(found("enable javascript", false, "reenable javascript").is_empty());
        assert!(found("enable javascript", false, "enable javascripts").is_empty());
    }

    #[test]
    fn choices_and_options_take_their_spaces_along() {
        let phrase = "(sign up|subscribe) [now|today] to our [free] newsletter[s] [here]";
        for text in [
            "Sign up to our newsletter",
            "subscribe today to our free newsletters",
            "Sign up now to our newsletter here",
        ] {
            assert_eq!(found(phrase, true, text), [text]);
        }
        assert!(found(phrase, true, "Sign up to our newsletter there").is_empty());
        assert_eq!(
            found(
                "[go] [back] to [the] top [now] [please]",
                true,
                "to top please"
            ),
            ["to top please"]
        );
    }

    #[test]
    fn gaps_take_words_within_bounds() {
        assert_eq!(
            found("more {1..2} stories", true, "More great new stories"),
            ["More great new stories"]
        );
        assert!(found("more {1..2} stories", true, "More stories").is_empty());
        assert!(found("more {1..2} stories", true, "More of his new stories").is_empty());
        assert_eq!(
            found(
                "{..3} contributed to this report",
                true,
                "Ann Lee contributed to this report."
            ),
            ["Ann Lee contributed to this report."]
        );
    }

    #[test]
    fn the_rest_of_a_line_or_sentence_is_bounded_too() {
        assert_eq!(
            found("sign up for {..4}", true, "Sign up for a free trial."),
            ["Sign up for a free trial."]
        );
        assert!(found("sign up for {..2}", true, "Sign up for a free trial.").is_empty());
        assert_eq!(
            found(
                "read our guide {..9}",
                false,
                "He left. Read our guide to tea. She stayed."
            ),
            ["Read our guide to tea."]
        );
        assert!(
            found(
                "sign up for {..9}",
                true,
                "Sign up for\nThe minister spoke."
            )
            .iter()
            .all(|found| !found.contains("minister"))
        );
    }

    #[test]
    fn options_stand_before_other_options_and_before_a_last_gap() {
        for text in [
            "Follow us",
            "Follow us now",
            "Follow us now today",
            "Follow us today",
            "Follow us now today for free",
        ] {
            assert_eq!(found("follow us [now] [today] {..3}", true, text), [text]);
        }
        assert_eq!(
            found("read on [here|there] {..2}", true, "Read on: more"),
            ["Read on: more"]
        );
        assert!(found("follow us [now] {..1}", true, "Follow us now or never").is_empty());
    }

    #[test]
    fn glued_gaps_take_letters() {
        assert_eq!(
            found("abonneer{..3} [u] op", true, "Abonneert u op"),
            ["Abonneert u op"]
        );
        assert!(found("abonneer{..3} [u] op", true, "Abonneer en op").is_empty());
        assert_eq!(
            found(
                "この記事は{..20}で公開{..6}",
                true,
                "この記事は港新聞（旧・町報）で公開されました。"
            )
            .len(),
            1
        );
        assert!(
            found(
                "この記事は{..5}で公開{..6}",
                true,
                "この記事は港新聞（旧・町報）で公開されました"
            )
            .is_empty()
        );
        assert!(
            found(
                "この記事は{..20}で公開{..6}",
                true,
                "この記事は長い。港新聞で公開されました"
            )
            .is_empty()
        );
        assert_eq!(
            found(
                "続きを読むには{..8}",
                false,
                "雨が降った。続きを読むには登録を。終わり"
            ),
            ["続きを読むには登録を"]
        );
        assert_eq!(
            found("{1..3} 뉴스레터{..2} 구독", true, "항구 뉴스레터를 구독").len(),
            1
        );
        assert_eq!(
            found("{..10}の記事一覧", true, "佐藤花子の記事一覧").len(),
            1
        );
    }

    #[test]
    fn numbers_are_single() {
        assert_eq!(
            found("{#} comment[s]", true, "• 1,204 comments"),
            ["1,204 comments"]
        );
        assert!(found("{#} comment[s]", true, "ten comments").is_empty());
        assert!(
            found("advertisement {#}", true, "Advertisement\n5.").is_empty(),
            "the number may be a list's"
        );
    }

    #[test]
    fn punctuation_at_the_ends_of_a_line_does_not_count() {
        assert_eq!(found("share this", true, "[ Share this » ]").len(), 1);
        assert!(found("share this", true, "Share this 4").is_empty());
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for (phrase, reason) in [
            ("", "empty"),
            ("[a] [b]", "nothing"),
            ("(a|b", "not closed"),
            ("a)", "closes nothing"),
            ("a {x}", "no gap"),
            ("a {..40} b {..40}", "gaps"),
            ("{..3}a b", "cannot begin"),
            ("[a|b] {..3} {#}", "no word that every match holds"),
        ] {
            let error = Phrase::search(phrase, false).unwrap_err();
            assert!(error.contains(reason), "{phrase}: {error}");
        }
    }

    #[test]
    fn every_match_holds_a_fragment_at_one_of_its_leads() {
        for (phrase, text) in [
            (
                "sign up [now] for our newsletter",
                "sign up for our newsletter",
            ),
            (
                "(join|follow) us on (facebook|twitter)",
                "follow us on twitter",
            ),
            (
                "{..3} contributed to this report",
                "ann lee contributed to this report",
            ),
            ("{#} (comments|replies)", "12 replies"),
            (
                "follow{..3} us on [the] (facebook|twitter) now",
                "follows us on twitter now",
            ),
        ] {
            let (_, fragments) = Phrase::search(phrase, false).unwrap();
            let phrase = Phrase::parse(phrase, false).unwrap();
            let folded = NormalizedText::whole(&Document::new(text).unwrap());
            let mut starts = Vec::new();
            let reached = fragments.iter().any(|fragment| {
                let at = memchr::memmem::find(text.as_bytes(), &fragment.text);
                at.is_some_and(|at| {
                    phrase.starts(&folded, at, &fragment.lead, &mut starts);
                    starts.contains(&0)
                })
            });
            assert!(reached, "{text}");
        }
    }
}
