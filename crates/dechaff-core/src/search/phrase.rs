//! Matching a phrase at a position of a normalized text.
//!
//! A phrase is a small program (see [`dechaff_rules::phrase`]). [`match_at`] runs it at one offset; [`match_around`] first
//! works out at which offsets a match that contains a given literal can start, from what the phrase allows before the
//! literal.

use crate::text::NormalizedText;
use dechaff_rules::chars::{first_char, is_spaceless, is_word, word_after, word_before};
use dechaff_rules::phrase::{LiteralContext, MAX_WORD_LEN, Op, Phrase};
use std::ops::Range;
use unicode_normalization::char::is_combining_mark;

/// Most lines that a match of a whole-line phrase may be broken over.
const MAX_BREAKS: usize = 16;

/// Most bytes of bullets and other signs before the first word of a line.
const MAX_BULLETS_LEN: usize = 24;

/// Most positions that are tried for one literal of a whole-line phrase.
const MAX_STARTS: usize = 64;

/// The end of the match that starts at a folded offset, if there is one. For a phrase that must be the whole
/// line, `start` lies in a line's first word, and the end is the end of a line.
pub(super) fn match_at(phrase: &Phrase, text: &NormalizedText, start: usize) -> Option<usize> {
    let bytes = text.bytes();
    // Most tries end here, without a word having been compared.
    if !phrase.can_start(0, bytes, start) {
        return None;
    }
    if !phrase.is_line() {
        let first = first_char(&bytes[start..])?;
        if is_word(first) && !is_spaceless(first) && word_before(bytes, start) {
            return None;
        }
        if matches!(phrase.ops().first(), Some(Op::Gap(..))) && !starts_sentence(bytes, start) {
            return None;
        }
    }
    Attempt { phrase, text }.run(0, start)
}

/// The match that holds a literal which stands at a folded offset: its start and end; of several the earliest.
/// `starts` is a buffer.
pub(super) fn match_around(
    phrase: &Phrase,
    text: &NormalizedText,
    at: usize,
    context: &LiteralContext,
    starts: &mut Vec<usize>,
) -> Option<(usize, usize)> {
    // Where a gap comes first, what follows it has few places to stand; the gap has many.
    if let Some(lengths) = &context.behind_gap {
        let rest = Attempt { phrase, text };
        if !lengths
            .iter()
            .filter_map(|length| at.checked_sub(*length))
            .any(|start| rest.run(1, start).is_some())
        {
            return None;
        }
    }
    match_starts(phrase, text, at, context, starts);
    let found = |&start: &usize| {
        match_at(phrase, text, start)
            .filter(|&end| end > at)
            .map(|end| (start, end))
    };
    starts.iter().find_map(found)
}

/// The folded offsets at which a match may start that holds the literal at `at`, the earliest first.
fn match_starts(
    phrase: &Phrase,
    text: &NormalizedText,
    at: usize,
    context: &LiteralContext,
    starts: &mut Vec<usize>,
) {
    starts.clear();
    if phrase.is_line() {
        line_match_starts(text, at, context, starts);
        return;
    }
    if let Some(lengths) = &context.bytes {
        starts.extend(lengths.iter().filter_map(|length| at.checked_sub(*length)));
    } else {
        let bytes = text.bytes();
        let mut start = at;
        for _ in 0..=context.words + 1 {
            starts.push(start);
            let Some(space) = start.checked_sub(1) else {
                break;
            };
            let from = space.saturating_sub(MAX_WORD_LEN);
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

/// The first words of the lines in which a match may start: the literal's own, and as many before it as the
/// phrase may have been broken over.
fn line_match_starts(
    text: &NormalizedText,
    at: usize,
    context: &LiteralContext,
    starts: &mut Vec<usize>,
) {
    let longest = context
        .bytes
        .as_ref()
        .and_then(|lengths| lengths.iter().max());
    let (mut index, mut breaks) = (text.line_index(at), 0);
    loop {
        let line = text.lines()[index];
        if longest.is_some_and(|length| at - line.start as usize > length + MAX_BULLETS_LEN) {
            break;
        }
        if !text.continues(index) {
            line_starts(text.bytes(), line.range(), starts);
            breaks += 1;
        }
        if index == 0 || breaks > context.breaks.min(MAX_BREAKS) || starts.len() > MAX_STARTS {
            break;
        }
        index -= 1;
    }
    starts.reverse();
}
/// The places of a line at which a match may start: its start and, past bullets, its first word.
pub(super) fn line_starts(bytes: &[u8], line: Range<usize>, starts: &mut Vec<usize>) {
    let mut start = line.start;
    while start < line.end.min(line.start + MAX_BULLETS_LEN) && !word_after(bytes, start) {
        starts.push(start);
        start += first_char(&bytes[start..line.end]).map_or(1, char::len_utf8);
    }
    starts.push(start);
}

/// One try of a phrase at one place.
struct Attempt<'p, 't> {
    phrase: &'p Phrase,
    text: &'t NormalizedText,
}

impl Attempt<'_, '_> {
    fn run(&self, mut op: usize, mut at: usize) -> Option<usize> {
        let bytes = self.text.bytes();
        loop {
            match self.phrase.ops().get(op) {
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
                        .take(MAX_WORD_LEN)
                        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
                        .count();
                    if !rest.first()?.is_ascii_digit() {
                        return None;
                    }
                    // "1,204," is a number and a comma.
                    let number = rest[..digits].iter().rposition(u8::is_ascii_digit)? + 1;
                    if self.phrase.is_line() && self.fills_line(at, at + number) {
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
                    let last = op + 1 == self.phrase.ops().len();
                    let mut letters = 0;
                    loop {
                        // At its end a span must not leave the rest of a word behind.
                        if letters >= min
                            && (self.phrase.is_line() || !last || !word_after(bytes, at))
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
        line.trimmed() == (start..end)
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
            if end - at > MAX_WORD_LEN {
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
        let rest = &rest[..rest.len().min(MAX_WORD_LEN)];
        let length = rest
            .iter()
            .position(u8::is_ascii_whitespace)
            .unwrap_or(rest.len());
        (length > 0 && length < MAX_WORD_LEN).then_some(at + length)
    }

    /// Past the word at `at` and the white space after it, where a gap may cross that.
    fn skip_word_and_space(&self, at: usize) -> Option<usize> {
        let bytes = self.text.bytes();
        let end = self.word_end(at)?;
        let sentence =
            ends_sentence(&bytes[at..end]) && !(self.phrase.is_line() && asks(&bytes[at..end]));
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
        if self.phrase.is_line() {
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
            if at - start == MAX_WORD_LEN {
                return None;
            }
            at += 1;
        }
        if word_after(bytes, start) && !first_char(&bytes[start..]).is_some_and(is_spaceless) {
            return None;
        }
        loop {
            let sentence = !self.phrase.is_line()
                && ends_sentence(&bytes[at.saturating_sub(MAX_WORD_LEN).max(start)..at]);
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
        if self.phrase.is_line() {
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
            let from = at.saturating_sub(MAX_WORD_LEN);
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
    use crate::text::Document;

    /// What a phrase takes of a text, tried at every character.
    fn found(phrase: &str, line: bool, text: &str) -> Vec<String> {
        let phrase = Phrase::parse(phrase, line).unwrap();
        let folded = NormalizedText::whole(&Document::new(text).unwrap());
        let starts =
            (0..folded.bytes().len()).filter(|&at| !folded.bytes()[at].is_ascii_whitespace());
        let starts = starts.filter(|&at| std::str::from_utf8(&folded.bytes()[at..]).is_ok());
        let starts = starts
            .filter(|&at| !line || folded.lines().iter().any(|line| line.trimmed().start == at));
        starts
            .filter_map(|at| {
                Some(
                    text[folded
                        .source(at, match_at(&phrase, &folded, at)?, text)
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
            ("[a] [b]", "empty text"),
            ("(a|b", "not closed"),
            ("a)", "no opening bracket"),
            ("a {x}", "not a valid gap"),
            ("a {..40} b {..40}", "gaps"),
            ("{..3}a b", "cannot begin"),
            ("[a|b] {..3} {#}", "no word that every match contains"),
        ] {
            let error = Phrase::search_terms(phrase, false).unwrap_err();
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
            let (_, literals) = Phrase::search_terms(phrase, false).unwrap();
            let phrase = Phrase::parse(phrase, false).unwrap();
            let folded = NormalizedText::whole(&Document::new(text).unwrap());
            let mut starts = Vec::new();
            let reached = literals.iter().any(|literal| {
                let at = memchr::memmem::find(text.as_bytes(), &literal.text);
                at.is_some_and(|at| {
                    match_starts(&phrase, &folded, at, &literal.context, &mut starts);
                    starts.contains(&0)
                })
            });
            assert!(reached, "{text}");
        }
    }
}
