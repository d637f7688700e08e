//! The texts of a page that a site may repeat: its lines, and its hard-wrapped paragraphs as if each
//! were one line. Each has a key, which is equal for equal texts, and a position relative to the
//! prose of the page.
//!
//! Texts are compared in the form that rules see, without punctuation at the ends, and with every
//! number as `0`, so that "12 comments" and "7 comments" are the same text.

use crate::text::{
    Document, NormalizedText, Span, TextLines, ends_like_sentence, has_word, word_count,
};
use dechaff_rules::chars::trim_symbols;
use fnv::FnvHasher;
use std::hash::Hasher;
use std::ops::Range;

/// The version of keys. It changes whenever a text gets another key; counts with keys of different
/// versions do not fit together.
pub const KEY_VERSION: u32 = 1;

/// Fewest words of a text with the end of a sentence that counts as prose.
const MIN_PROSE_WORDS: usize = 10;

/// Fewest words of a text that counts as prose however it ends.
const MIN_LONG_WORDS: usize = 25;

/// Fewest words of a run of prose.
const MIN_RUN_WORDS: usize = 30;

/// Most texts between two texts of the same run of prose.
const MAX_GAP: usize = 3;

/// Fewest words of a text that distinguishes pages.
const MIN_ANCHOR_WORDS: usize = 8;

/// Number of texts that distinguish pages: the longest ones.
const ANCHORS: usize = 3;

/// Fewest numbers of a text that differ from page to page, as the parts of a date and a time do.
const MIN_STAMP_NUMBERS: usize = 5;

/// Where a text stands on a page, relative to the longest run of prose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Before the run.
    Head,
    /// In the run, or anywhere on a page without prose.
    Body,
    /// After the run.
    Tail,
}

/// A text of a page.
#[derive(Clone, Debug)]
pub struct PageText {
    /// Where it is in the source: whole lines, with the end of the last one.
    pub span: Span,
    /// The hash of its normalized text. It does not depend on the machine; see [`KEY_VERSION`].
    pub key: u64,
    /// Where it stands.
    pub position: Position,
    /// Number of its words.
    pub words: usize,
    /// Whether it looks like prose rather than a label or a title.
    pub is_prose: bool,
    /// Whether it has as many numbers as a date with a time.
    pub is_stamp: bool,
    /// Its lines, numbered among the non-blank lines of the page.
    pub(crate) lines: Range<usize>,
}

/// The texts of a page, and what distinguishes it from other pages.
#[derive(Clone, Debug)]
pub struct PageTexts {
    texts: Vec<PageText>,
    /// Keys of the longest texts, the longest first: one more than [`ANCHORS`].
    longest: Vec<u64>,
    has_prose: bool,
}

impl PageTexts {
    /// Finds the texts of a page. Lines without a letter have no key and are left out.
    #[must_use]
    pub fn new(document: &Document<'_>) -> Self {
        let lines = TextLines::new(document, Vec::new());
        Self::of(&lines, &mut NormalizedText::default())
    }

    /// Finds the texts of a page among its non-blank lines. `normalized` may already hold some of
    /// the lines.
    pub(crate) fn of(lines: &TextLines<'_>, normalized: &mut NormalizedText) -> Self {
        let mut texts = Vec::new();
        let mut start = 0;
        while start < lines.count() {
            let mut end = start + 1;
            while end < lines.count() && lines.joins(end - 1) {
                end += 1;
            }
            texts.extend(page_text(lines, start..end, normalized));
            start = end;
        }
        let body = prose_run(&texts);
        for (index, text) in texts.iter_mut().enumerate() {
            text.position = match &body {
                Some(body) if index < body.start => Position::Head,
                Some(body) if index >= body.end => Position::Tail,
                _ => Position::Body,
            };
        }
        let longest = longest_texts(&texts);
        Self {
            texts,
            longest,
            has_prose: body.is_some(),
        }
    }

    /// Returns the texts, in the order of the page.
    #[must_use]
    pub fn texts(&self) -> &[PageText] {
        &self.texts
    }

    /// Returns whether the page has a run of prose. Otherwise all its texts count as being in it.
    #[must_use]
    pub fn has_prose(&self) -> bool {
        self.has_prose
    }

    /// Returns a fingerprint of the page without the text `key`: a hash of its longest other texts.
    /// Copies of an article have the same fingerprint whatever their addresses are, and so do all
    /// pages without a text of eight words.
    #[must_use]
    pub fn fingerprint(&self, key: Option<u64>) -> u64 {
        let mut hasher = FnvHasher::default();
        let others = self.longest.iter().filter(|&&own| Some(own) != key);
        others
            .take(ANCHORS)
            .for_each(|own| hasher.write(&own.to_le_bytes()));
        hasher.finish()
    }
}

/// Returns the text of these non-blank lines, which are one line or a hard-wrapped paragraph, or
/// `None` if it has no letter. Its position is not known yet.
fn page_text(
    lines: &TextLines<'_>,
    range: Range<usize>,
    normalized: &mut NormalizedText,
) -> Option<PageText> {
    normalized.ensure(lines, range.clone());
    let found = &normalized.lines()[normalized.indices(range.clone())];
    let whole = found.first()?.start as usize..found.last()?.end as usize;
    let (key, numbers) = key_of(normalized.bytes(), whole)?;
    let document = lines.document();
    let first = document.line(lines.number(range.start));
    let last = document.line(lines.number(range.end - 1));
    let words = range.clone().map(|line| word_count(lines.text(line))).sum();
    Some(PageText {
        span: Span::from_offsets(first.start(), last.end()),
        key,
        position: Position::Body,
        words,
        is_prose: looks_like_prose(words, lines.visible_text(range.end - 1)),
        is_stamp: numbers >= MIN_STAMP_NUMBERS,
        lines: range,
    })
}

/// Returns whether a text looks like prose rather than a label or a title.
pub(super) fn is_prose(text: &str) -> bool {
    looks_like_prose(word_count(text), text)
}

/// Returns whether a text of `words` words with the last line `end` looks like prose.
fn looks_like_prose(words: usize, end: &str) -> bool {
    words >= MIN_LONG_WORDS || (words >= MIN_PROSE_WORDS && ends_like_sentence(end))
}

/// Returns the key of the text `range` of normalized bytes and the count of its numbers, or `None`
/// if it has no letter.
fn key_of(bytes: &[u8], range: Range<usize>) -> Option<(u64, usize)> {
    let text = &bytes[trim_symbols(bytes, range)];
    let letters = std::str::from_utf8(text).ok()?;
    if !letters.chars().any(char::is_alphabetic) || !has_word(letters) {
        return None;
    }
    let (mut hasher, mut numbers, mut in_number) = (FnvHasher::default(), 0, false);
    for &byte in text {
        let is_digit = byte.is_ascii_digit();
        if !is_digit {
            hasher.write_u8(if byte == b'\n' { b' ' } else { byte });
        } else if !in_number {
            hasher.write_u8(b'0');
            numbers += 1;
        }
        in_number = is_digit;
    }
    Some((hasher.finish(), numbers))
}

/// Returns the longest run of prose, by words, as a range of texts, or `None` if there is none of
/// [`MIN_RUN_WORDS`] words. A few other texts may stand in between.
fn prose_run(texts: &[PageText]) -> Option<Range<usize>> {
    let mut best: Option<(usize, Range<usize>)> = None;
    let mut run: Option<(usize, Range<usize>)> = None;
    for (index, text) in texts.iter().enumerate().filter(|(_, text)| text.is_prose) {
        run = Some(match run {
            Some((words, range)) if index <= range.end + MAX_GAP => {
                (words + text.words, range.start..index + 1)
            }
            _ => (text.words, index..index + 1),
        });
        if run.as_ref().map(|run| run.0) > best.as_ref().map(|best| best.0) {
            best.clone_from(&run);
        }
    }
    best.filter(|(words, _)| *words >= MIN_RUN_WORDS)
        .map(|(_, range)| range)
}

/// Returns the keys of the longest texts, the longest first. Each occurs once.
fn longest_texts(texts: &[PageText]) -> Vec<u64> {
    let mut longest: Vec<(usize, u64)> = Vec::with_capacity(ANCHORS + 2);
    for text in texts.iter().filter(|text| text.words >= MIN_ANCHOR_WORDS) {
        let entry = (text.words, text.key);
        if longest.contains(&entry) {
            continue;
        }
        let at = longest.partition_point(|&other| other > entry);
        if at <= ANCHORS {
            longest.insert(at, entry);
            longest.truncate(ANCHORS + 1);
        }
    }
    longest.into_iter().map(|(_, key)| key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> PageTexts {
        PageTexts::new(&Document::new(text).unwrap())
    }

    #[test]
    fn keys_ignore_case_numbers_space_and_symbols_at_the_ends() {
        let page = page("• 12 Comments »\n7  comments\n１２ comments\n12 comment\n--- 12 ---\n");
        let keys: Vec<u64> = page.texts().iter().map(|text| text.key).collect();
        assert_eq!(keys.len(), 4);
        assert!(keys[0] == keys[1] && keys[1] == keys[2] && keys[2] != keys[3]);
    }

    #[test]
    fn a_key_stays_the_same_from_version_to_version() {
        assert_eq!(page("Share this").texts()[0].key, 0xe9f1_5354_1f02_0b9c);
    }

    #[test]
    fn a_wrapped_paragraph_has_the_key_of_its_single_line() {
        let wrapped = "The council voted on Monday to close the bridge for\n\
                       repairs that will take until the end of the next\n\
                       year, and nobody in the whole town objected to it\n\
                       at all.\n";
        let (wrapped, line) = (page(wrapped), page(&wrapped.trim_end().replace('\n', " ")));
        assert_eq!(wrapped.texts().len(), 1);
        assert_eq!(wrapped.texts()[0].key, line.texts()[0].key);
        assert!(wrapped.texts()[0].is_prose);
    }

    #[test]
    fn positions_are_relative_to_the_longest_run_of_prose() {
        let prose = "The bridge opens on Monday, and it cost four million in the end.\n";
        let text = format!("Home\n{prose}a\nb\nc\nd\n{prose}{prose}Share\n{prose}e\n");
        let found: Vec<Position> = page(&text)
            .texts()
            .iter()
            .map(|text| text.position)
            .collect();
        let (head, body, tail) = (Position::Head, Position::Body, Position::Tail);
        let expected = [head; 6].into_iter().chain([body; 4]).chain([tail]);
        assert_eq!(found, expected.collect::<Vec<_>>());
        assert_eq!(page("Home\nNews\n").texts()[0].position, Position::Body);
    }

    #[test]
    fn copies_of_a_page_have_one_fingerprint_and_other_pages_another() {
        let article = "The bridge opens on Monday, and it cost four million in the end.\n\
                       Nobody in the town had thought that the work would take so long.\n\
                       The ferry that was to replace it has not come, the council said.\n";
        let copy = page(&format!("Home\n{article}Page 2\n"));
        let other = page(&article.replace("bridge", "tunnel"));
        assert_eq!(page(article).fingerprint(None), copy.fingerprint(None));
        assert_ne!(page(article).fingerprint(None), other.fingerprint(None));
        let key = copy.texts()[1].key;
        assert_ne!(copy.fingerprint(Some(key)), copy.fingerprint(None));
        assert_eq!(
            page("Home\n").fingerprint(None),
            page("News\n").fingerprint(None)
        );
    }
}
