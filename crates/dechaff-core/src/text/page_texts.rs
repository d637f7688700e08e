//! The texts of a page that a site may repeat: its lines, its hard-wrapped paragraphs as if each
//! were one line, and the last sentence of its prose. Each has a key, which is equal for equal
//! texts, and a position relative to the prose of the page.
//!
//! Texts are compared in the form that rules see, without punctuation at the ends, and with every
//! number as `0`, so that "12 comments" and "7 comments" are the same text.

use super::document::Document;
use super::lines::TextLines;
use super::normalize::NormalizedText;
use super::sentences::last_sentence;
use super::span::Span;
use super::words::{ends_like_sentence, has_word, word_count};
use dechaff_rules::chars::{normalize, trim_symbols};
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

/// Fewest words of the last sentence of the prose.
const MIN_SENTENCE_WORDS: usize = 3;

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
    /// Where it is in the source: whole lines, with the end of the last one. A sentence begins with
    /// the white space before it and ends before that at the end of the line.
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
    /// The last of several sentences of the last paragraph of the prose.
    sentence: Option<PageText>,
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
        let last = body.as_ref().and_then(|body| texts.get(body.end - 1));
        Self {
            sentence: last.and_then(|text| sentence_of(text, lines)),
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

    /// Returns the last sentence of the last paragraph of the prose, with the lines of that
    /// paragraph; `None` if it has one sentence or there is no prose,
    /// or the sentence has fewer than three words.
    #[must_use]
    pub fn sentence(&self) -> Option<&PageText> {
        self.sentence.as_ref()
    }

    /// Iterates over what is counted: the texts, then the sentence.
    pub fn counted(&self) -> impl Iterator<Item = &PageText> {
        self.texts.iter().chain(&self.sentence)
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
    let (key, numbers, mut words) = key_of(normalized.bytes(), whole)?;
    let document = lines.document();
    let first = document.line(lines.number(range.start));
    let last = document.line(lines.number(range.end - 1));
    if !range.clone().all(|line| lines.text(line).is_ascii()) {
        words = range.clone().map(|line| word_count(lines.text(line))).sum();
    }
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

/// Returns the last of several sentences of a text.
fn sentence_of(text: &PageText, lines: &TextLines<'_>) -> Option<PageText> {
    let source = &lines.document().text()[text.span.range()];
    let source = source.trim_end();
    let start = last_sentence(source)?;
    let words = word_count(&source[start..]);
    if words < MIN_SENTENCE_WORDS {
        return None;
    }
    let normalized = normalize(&source[start..]);
    let (key, numbers, _) = key_of(&normalized, 0..normalized.len())?;
    let offset = text.span.start();
    Some(PageText {
        span: Span::from_offsets(offset + start, offset + source.len()),
        key,
        words,
        is_stamp: numbers >= MIN_STAMP_NUMBERS,
        ..text.clone()
    })
}

/// Returns whether a text looks like prose rather than a label or a title.
pub(crate) fn is_prose(text: &str) -> bool {
    looks_like_prose(word_count(text), text)
}

/// Returns whether a text of `words` words with the last line `end` looks like prose.
fn looks_like_prose(words: usize, end: &str) -> bool {
    words >= MIN_LONG_WORDS || (words >= MIN_PROSE_WORDS && ends_like_sentence(end))
}

/// Returns the key of the text `range` of normalized bytes and the counts of its numbers and words,
/// or `None` if it has no letter. The words are those of [`word_count`] if the text is ASCII.
fn key_of(bytes: &[u8], range: Range<usize>) -> Option<(u64, usize, usize)> {
    let text = &bytes[trim_symbols(bytes, range)];
    let letters = std::str::from_utf8(text).ok()?;
    if !letters.chars().any(char::is_alphabetic) || !has_word(letters) {
        return None;
    }
    let (mut hasher, mut numbers, mut words) = (FnvHasher::default(), 0, 0);
    let (mut in_number, mut in_word) = (0, 0);
    // Each byte of the hash waits for the one before, so counting words takes no time.
    for &byte in text {
        let ByteClass {
            hashed,
            digit,
            alphanumeric,
            visible,
        } = CLASSES[usize::from(byte)];
        if digit & in_number == 0 {
            hasher.write_u8(hashed);
        }
        numbers += usize::from(digit & !in_number);
        words += usize::from(alphanumeric & !in_word);
        in_number = digit;
        in_word = alphanumeric | (in_word & visible);
    }
    Some((hasher.finish(), numbers, words))
}

/// What a byte of a normalized text means for its key. All but `hashed` are 0 or 1.
#[derive(Clone, Copy)]
struct ByteClass {
    /// The byte that is hashed for it, if it does not continue a number.
    hashed: u8,
    digit: u8,
    alphanumeric: u8,
    visible: u8,
}

/// The class of each byte.
const CLASSES: [ByteClass; 256] = {
    let none = ByteClass {
        hashed: 0,
        digit: 0,
        alphanumeric: 0,
        visible: 0,
    };
    let mut classes = [none; 256];
    let mut index = 0;
    while index < 256 {
        let byte = index as u8;
        classes[index] = ByteClass {
            hashed: match byte {
                b'\n' => b' ',
                b'0'..=b'9' => b'0',
                _ => byte,
            },
            digit: byte.is_ascii_digit() as u8,
            alphanumeric: byte.is_ascii_alphanumeric() as u8,
            visible: !(byte.is_ascii_whitespace() || byte == b'\x0b') as u8,
        };
        index += 1;
    }
    classes
};

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
    fn words_are_those_of_the_source() {
        for text in [
            "it's  4 p.m.,\tsaid\x0bJo -- twice",
            "-- One 2 (three) --",
            "a\x1cb",
            "caf\u{e9} \u{201c}x\u{201d} \u{2014} y",
            "\u{6a4b}\u{306e}\u{4e0a} x",
        ] {
            assert_eq!(page(text).texts()[0].words, word_count(text), "{text:?}");
        }
    }

    #[test]
    fn the_last_sentence_of_the_prose_has_the_key_of_a_line() {
        let prose = "The bridge opens on Monday, and it cost four million in the end.\n";
        let text = format!(
            "{prose}{prose}It rained all day long in the whole town. Follow 3 of us!  \nHome\n"
        );
        let found = page(&text);
        let sentence = found.sentence().unwrap();
        assert_eq!(&text[sentence.span.range()], " Follow 3 of us!");
        assert_eq!(sentence.key, page("follow 12 of us\n").texts()[0].key);
        assert_eq!((sentence.words, sentence.position), (4, Position::Body));
        assert!(page(&format!("{prose}{prose}{prose}")).sentence().is_none());
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
