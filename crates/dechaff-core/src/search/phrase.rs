//! Matching a phrase at a position of a normalized text.
//!
//! A phrase is a small program (see [`dechaff_rules::phrase`]). [`match_at`] runs it at one offset
//! by backtracking. The number of gaps and branches of a phrase, and the length of a word, are
//! bounded, so the time of a run does not depend on the text.
//!
//! The prefilter reports where a literal of a phrase is, but a match may start before its literal.
//! [`match_around`] computes the offsets at which a match that contains the literal can start, and
//! tries them in order. What can come between the start of the match and the literal was derived
//! from the phrase: the [`LiteralContext`]. For example, before the literal `newsletter` the phrase
//!
//! ```text
//! get the {..2} newsletter
//! ```
//!
//! allows at most four words: two words of the phrase, and two of the gap. How many bytes these are
//! is unknown, so the starts of the six words up to the literal are tried (two more than four, in
//! case the literal starts within a word). In the text
//!
//! ```text
//! it rained. get the free newsletter.
//! 0  3       11  15  19   24
//! ```
//!
//! these are all words. At 0 and 3 the first byte rules out a match. At 11 the program runs:
//!
//! ```text
//! Text "get the "           19
//! Gap 0..2, no word         19    Text "newsletter" fails: backtrack
//! Gap 0..2, one word        24    Text "newsletter" matches: 34
//! end of the program        34    the word ends here, so the match is 11..34
//! ```
//!
//! Without a gap, the context lists the possible distances in bytes, and only those offsets are
//! tried. A whole-line phrase can only start at the start of a line, or behind bullets there
//! ([`line_starts`]), so those are its possible starts.

use super::prefilter::literal_matches;
use crate::steps;
use crate::text::NormalizedText;
use dechaff_rules::chars::{first_char, is_spaceless, is_word, word_after, word_before};
use dechaff_rules::phrase::{LiteralContext, MAX_WORD_LEN, Op, Phrase};
use std::ops::Range;
use unicode_normalization::char::is_combining_mark;

/// Most lines that a match of a whole-line phrase may be broken over.
const MAX_BREAKS: usize = 16;

/// Most bytes of bullets and other symbols before the first word of a line.
const MAX_BULLETS_LEN: usize = 24;

/// Number of possible starts of a whole-line phrase after which no further lines are added.
const MAX_STARTS: usize = 64;

/// Returns the end of the match that starts at offset `start` of the normalized text, or `None` if
/// there is none. For a whole-line phrase, `start` must be one of the [`line_starts`] of a line;
/// the match then ends at the end of a line.
pub(super) fn match_at(phrase: &Phrase, text: &NormalizedText, start: usize) -> Option<usize> {
    let bytes = text.bytes();
    // Most attempts end here, before a word is compared.
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

/// Returns the start and end of the earliest match that contains a literal of the phrase, found at
/// offset `at` of the normalized text. `context` is the context of that literal, and `starts` a
/// buffer.
pub(super) fn match_around(
    phrase: &Phrase,
    text: &NormalizedText,
    at: usize,
    context: &LiteralContext,
    starts: &mut Vec<usize>,
) -> Option<(usize, usize)> {
    // If the phrase starts with a gap, the rest of it has few possible starts, while the gap has
    // many: check the rest first.
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
    starts.iter().find_map(|&start| {
        match_at(phrase, text, start)
            .filter(|&end| end > at)
            .map(|end| (start, end))
    })
}

/// Replaces the contents of `starts` by the offsets at which a match that contains the literal at
/// offset `at` can start, in ascending order. See the overview of this module.
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
                .map_or(from, |index| from + index + 1);
            // A match may start after a symbol, as in "(12 comments)".
            starts.extend(
                (start + 1..space).filter(|&inner| {
                    phrase.can_start(0, bytes, inner) && is_char_start(bytes[inner])
                }),
            );
            if from > 0 && start == from {
                break;
            }
        }
    }
    starts.sort_unstable();
}

/// Adds the starts of the line of the literal at offset `at`, and of as many lines before it as the
/// phrase can be broken over. Stops at a line that is too far away for the lengths in `context`.
fn line_match_starts(
    text: &NormalizedText,
    at: usize,
    context: &LiteralContext,
    starts: &mut Vec<usize>,
) {
    let max_len = context
        .bytes
        .as_ref()
        .and_then(|lengths| lengths.iter().max());
    let (mut index, mut breaks) = (text.line_index(at), 0);
    loop {
        steps::count(1);
        let line = text.lines()[index];
        if max_len.is_some_and(|length| at - line.start as usize > length + MAX_BULLETS_LEN) {
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

/// Adds the offsets in `line` at which a match of a whole-line phrase can start: the start of the
/// line, every symbol before the first word (at most [`MAX_BULLETS_LEN`] bytes of them), and the
/// first word. `line` is a range of the normalized text.
pub(super) fn line_starts(bytes: &[u8], line: Range<usize>, starts: &mut Vec<usize>) {
    let mut start = line.start;
    while start < line.end.min(line.start + MAX_BULLETS_LEN) && !word_after(bytes, start) {
        starts.push(start);
        start += first_char(&bytes[start..line.end]).map_or(1, char::len_utf8);
    }
    starts.push(start);
}

/// A phrase and the text in which it is tried.
struct Attempt<'p, 't> {
    phrase: &'p Phrase,
    text: &'t NormalizedText,
}

impl Attempt<'_, '_> {
    /// Runs the program of the phrase from `op` on at offset `at`. Returns the end of the match, or
    /// `None` if no choice of branches and lengths of gaps leads to a match. Gaps try fewer words
    /// first, so the match has the shortest gaps.
    fn run(&self, mut op: usize, mut at: usize) -> Option<usize> {
        let bytes = self.text.bytes();
        loop {
            steps::count(1);
            match self.phrase.ops().get(op) {
                None => return self.accept(at),
                Some(Op::Text(text)) => {
                    if !literal_matches(bytes, at, text) {
                        return None;
                    }
                    at += text.len();
                    op += 1;
                }
                Some(Op::Jump(to)) => op = *to,
                Some(Op::Branch(_)) if !self.phrase.can_start(op, bytes, at) => return None,
                Some(Op::Branch(targets)) => {
                    return targets.iter().find_map(|&target| self.run(target, at));
                }
                Some(Op::Number) => {
                    at = self.skip_number(at)?;
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
                        // A match inside a line must not end within a word and leave the rest of it
                        // behind.
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

    /// Returns the end of the number at offset `at`: digits with full stops and commas between
    /// them, of which those at the end belong to the sentence ("1,204,"). Returns `None` if there
    /// is no digit at `at`, or if a whole-line phrase meets a number that is alone on its line.
    fn skip_number(&self, at: usize) -> Option<usize> {
        let rest = self.text.bytes().get(at..)?;
        let length = rest
            .iter()
            .take(MAX_WORD_LEN)
            .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
            .count();
        if !rest.first()?.is_ascii_digit() {
            return None;
        }
        let end = at + rest[..length].iter().rposition(u8::is_ascii_digit)? + 1;
        if self.phrase.is_line() && self.fills_line(at, end) {
            return None;
        }
        Some(end)
    }

    /// Returns whether `start..end` is all of its line, apart from punctuation. A number alone on
    /// its line may belong to a list or table, so no phrase may use it as its first or last word.
    fn fills_line(&self, start: usize, end: usize) -> bool {
        let line = self.text.lines()[self.text.line_index(start)];
        line.trimmed() == (start..end)
    }

    /// Returns the offset after the letter at `at` and after what normalization split off from it:
    /// combining marks, and vowels and finals of Hangul. Returns `None` at white space, at the end
    /// of a sentence, and for endless marks.
    fn skip_letter(&self, at: usize) -> Option<usize> {
        let rest = self.text.bytes().get(at..)?;
        let first = first_char(rest)?;
        let mut end = at + first.len_utf8();
        while let Some(next) =
            first_char(&self.text.bytes()[end..]).filter(|&next| extends_letter(next))
        {
            end += next.len_utf8();
            if end - at > MAX_WORD_LEN {
                return None;
            }
        }
        let full_stop = first == '.' && !word_after(self.text.bytes(), end);
        (!first.is_whitespace() && !full_stop && !matches!(first, '!' | '?' | '。' | '।' | '؟'))
            .then_some(end)
    }

    /// Returns the end of the word that starts at offset `at`: the next white space or the end of
    /// the text. Returns `None` if the word is empty or has [`MAX_WORD_LEN`] bytes or more.
    fn word_end(&self, at: usize) -> Option<usize> {
        let rest = self.text.bytes().get(at..)?;
        let rest = &rest[..rest.len().min(MAX_WORD_LEN)];
        let length = rest
            .iter()
            .position(u8::is_ascii_whitespace)
            .unwrap_or(rest.len());
        (length > 0 && length < MAX_WORD_LEN).then_some(at + length)
    }

    /// Returns the offset after the word at `at` and the white space that follows it. Returns
    /// `None` if a gap must not continue there: the text, a sentence or (see
    /// [`stops_gap`](Self::stops_gap)) the line ends after the word.
    fn skip_word_and_space(&self, at: usize) -> Option<usize> {
        let bytes = self.text.bytes();
        let end = self.word_end(at)?;
        let word = &bytes[at..end];
        let ends_sentence =
            ends_sentence(word) && !(self.phrase.is_line() && is_question_or_call(word));
        (end < bytes.len() && !ends_sentence && !self.stops_gap(end)).then_some(end + 1)
    }

    /// Returns whether the white space at offset `at` is a line end that a gap must not cross. In a
    /// whole-line phrase this is any line end that hard wrapping did not make; in other phrases,
    /// one that a blank line follows.
    fn stops_gap(&self, at: usize) -> bool {
        if self.text.bytes()[at] != b'\n' {
            return false;
        }
        let next = self.text.line_index(at + 1);
        let lines = self.text.lines();
        if self.phrase.is_line() {
            !self.text.continues(next)
        } else {
            lines[next].number > lines[next - 1].number + 1
        }
    }

    /// Returns the end of the line, or of the sentence if the phrase matches inside lines, if
    /// between `min` and `max` words come before it. The rest of the word at `start`, such as its
    /// full stop, does not count as a word.
    fn skip_rest(&self, start: usize, min: usize, max: usize) -> Option<usize> {
        let bytes = self.text.bytes();
        let (mut at, mut words) = (start, 0);
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
            let ends_sentence = !self.phrase.is_line()
                && ends_sentence(&bytes[at.saturating_sub(MAX_WORD_LEN).max(start)..at]);
            if at >= bytes.len() || self.is_paragraph_end(at) || ends_sentence {
                return (words >= min).then_some(at);
            }
            if words == max {
                return None;
            }
            at = self.word_end(at + 1)?;
            words += 1;
        }
    }

    fn is_paragraph_end(&self, at: usize) -> bool {
        self.text.bytes()[at] == b'\n' && !self.text.continues(self.text.line_index(at + 1))
    }

    /// Returns the end of the match if it may end at offset `at`. A match of a whole-line phrase
    /// extends over punctuation to the end of its line, which must not continue on the next line.
    /// Any other match must end at the end of a word.
    fn accept(&self, at: usize) -> Option<usize> {
        let bytes = self.text.bytes();
        if self.phrase.is_line() {
            let index = self.text.line_index(at.saturating_sub(1));
            let line = self.text.lines().get(index)?;
            // A phrase may end at every word of a line, so the rest of it must not be read here.
            let words = line.trimmed();
            let ends_line = !line.joins && (words.is_empty() || at >= words.end);
            return ends_line.then_some(line.end as usize);
        }
        let splits_word = word_after(bytes, at)
            && word_before(bytes, at)
            && !first_char(&bytes[at..]).is_some_and(is_spaceless);
        (!splits_word).then_some(at)
    }
}

/// Returns whether a byte of UTF-8 is the first of a character.
fn is_char_start(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

/// Returns whether a character belongs to the letter before it: a combining mark, or a vowel or
/// final of Hangul, which normalization splits from its syllable.
fn extends_letter(character: char) -> bool {
    is_combining_mark(character) || matches!(character, '\u{1160}'..='\u{11FF}')
}

/// Returns whether a word ends a sentence: it ends with a full stop, question mark or exclamation
/// mark, perhaps followed by closing quotation marks or brackets. One letter with a full stop is an
/// initial and ends no sentence.
fn ends_sentence(word: &[u8]) -> bool {
    if word.last().is_some_and(u8::is_ascii_alphanumeric) {
        return false;
    }
    let Some(word) = steps::decode(word) else {
        return false;
    };
    let unquoted = word.trim_end_matches(['"', '\'', ')', ']', '」', '』', '”']);
    let stem = unquoted.trim_end_matches(['.', '!', '?', '。', '！', '？', '।', '؟']);
    let is_initial = unquoted.ends_with('.') && stem.chars().count() == 1;
    stem.len() < unquoted.len() && !is_initial
}

/// Returns whether a word ends a question or exclamation. At the start of a line these mostly
/// address the reader ("Got a story? Tell us"), so the gap of a whole-line phrase may cross them,
/// while it must not swallow a statement.
fn is_question_or_call(word: &[u8]) -> bool {
    word.iter()
        .rev()
        .find(|byte| !matches!(byte, b'"' | b'\'' | b')'))
        .is_some_and(|byte| matches!(byte, b'?' | b'!'))
}

/// Returns whether a sentence starts at offset `at` of the normalized text: at the start of a line,
/// or after a word that [ends a sentence](ends_sentence) and a space.
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
    use dechaff_rules::phrase::Literal;
    use std::collections::BTreeSet;
    use toml::Table;

    /// The tables of `testdata/phrases.toml` with `kind` as their name. Its README describes them.
    fn tables(kind: &str) -> Vec<Table> {
        let mut data: Table = include_str!("../../testdata/phrases.toml").parse().unwrap();
        data.remove(kind).unwrap().try_into().unwrap()
    }

    /// Returns the spans of normalized text that `phrase` matches, tried at each character or, for
    /// a whole-line phrase, at the first character of each line.
    fn matches(phrase: &Phrase, text: &NormalizedText) -> Vec<(usize, usize)> {
        let bytes = text.bytes();
        (0..bytes.len())
            .filter(|&at| {
                !bytes[at].is_ascii_whitespace()
                    && std::str::from_utf8(&bytes[at..]).is_ok()
                    && (!phrase.is_line()
                        || text.lines().iter().any(|line| line.trimmed().start == at))
            })
            .filter_map(|at| Some((at, match_at(phrase, text, at)?)))
            .collect()
    }

    /// Whether the text contains one of `literals`, with a line end for any of its spaces, at an
    /// offset from which a match at `start` is tried.
    fn is_reached(
        phrase: &Phrase,
        literals: &[Literal],
        text: &NormalizedText,
        start: usize,
    ) -> bool {
        let one_line: Vec<u8> = text
            .bytes()
            .iter()
            .map(|&byte| if byte == b'\n' { b' ' } else { byte })
            .collect();
        let mut starts = Vec::new();
        literals.iter().any(|literal| {
            memchr::memmem::find_iter(&one_line, &literal.text).any(|at| {
                match_starts(phrase, text, at, &literal.context, &mut starts);
                starts.contains(&start)
            })
        })
    }

    /// Returns what is wrong with the matches of a test of `testdata/phrases.toml`, or `None`.
    fn problem(test: &Table) -> Option<String> {
        let [name, source, text] =
            ["name", "phrase", "text"].map(|field| test[field].as_str().unwrap());
        let line = test
            .get("line")
            .is_some_and(|line| line.as_bool() == Some(true));
        let phrase = Phrase::parse(source, line).unwrap();
        let (_, literals) = Phrase::search_terms(source, line).unwrap();
        let normalized = NormalizedText::whole(&Document::new(text).unwrap());
        let matches = matches(&phrase, &normalized);
        let actual: Vec<&str> = matches
            .iter()
            .map(|&(start, end)| &text[normalized.source(start, end, text).range()])
            .collect();
        let expected: Vec<String> = test["matches"].clone().try_into().unwrap();
        let is_reached = |start| is_reached(&phrase, &literals, &normalized, start);
        if actual != expected {
            Some(format!("{name}: matches {actual:?}"))
        } else if !matches.iter().all(|&(start, _)| is_reached(start)) {
            Some(format!("{name}: no literal leads to a match"))
        } else {
            None
        }
    }

    #[test]
    fn phrases_match_what_the_test_data_says() {
        let tests = tables("test");
        let problems: Vec<String> = tests.iter().filter_map(problem).collect();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
        let names: BTreeSet<_> = tests.iter().map(|test| test["name"].as_str()).collect();
        assert_eq!(names.len(), tests.len(), "names are unique");
    }

    #[test]
    fn invalid_phrases_are_refused_with_a_reason() {
        for error in tables("error") {
            let (phrase, expected) = (
                error["phrase"].as_str().unwrap(),
                error["message"].as_str().unwrap(),
            );
            let message = Phrase::search_terms(phrase, false).unwrap_err();
            assert!(message.contains(expected), "{phrase}: {message}");
        }
    }

    #[test]
    fn the_example_of_the_overview_holds() {
        let source = "get the {..2} newsletter";
        let text = "it rained. get the free newsletter.";
        let (_, literals) = Phrase::search_terms(source, false).unwrap();
        let [literal] = &literals[..] else {
            panic!("{literals:?}");
        };
        assert_eq!(literal.text, b"newsletter");
        let phrase = Phrase::parse(source, false).unwrap();
        let normalized = NormalizedText::whole(&Document::new(text).unwrap());
        let mut starts = Vec::new();
        match_starts(&phrase, &normalized, 24, &literal.context, &mut starts);
        assert_eq!(starts, [0, 3, 11, 15, 19, 24]);
        let found = match_around(&phrase, &normalized, 24, &literal.context, &mut starts);
        assert_eq!(found, Some((11, 34)));
    }
}
