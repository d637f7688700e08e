//! Whether the words of a block occur in the prose of its page, and what kind of page that tells.
//! Headings, captions and items of lists share words with the prose around them; menus, forms and
//! lists of other articles do not.
//!
//! Words are compared by their *stems*: at most the first [`STEM_CHARS`] characters of a word that
//! has at least [`MIN_STEM_CHARS`] of them, or any word that is not ASCII. In scripts without
//! spaces a stem is a pair of characters. For example, if "The harbour tunnel opens in May." is the
//! only prose of a page, two of the three stems of the heading "Harbour tunnels delayed" occur in
//! it (`harbou`, `tunnel`), so that the overlap of the heading is 666 thousandths.
//!
//! Stems are counted in a table of fixed size by their hash, so that the cost does not depend on
//! the size of the page. Two stems with the same hash count as one.

use super::shape::LineShape;
use super::words::{for_each_ascii_token, for_each_unicode_token};
use super::{hash, mix};
use crate::text::has_key;
use dechaff_rules::chars::{first_char, is_spaceless};
use std::ops::Range;

/// Length of a stem, in code points.
const STEM_CHARS: usize = 6;
/// Minimum length of an ASCII word with a stem, in code points.
const MIN_STEM_CHARS: usize = 4;
/// Number of stems of a block that are read.
const MAX_STEMS: usize = 400;
/// Maximum number of words of a block whose overlap is computed.
const MAX_WORDS: i32 = 60;
/// Binary logarithm of the number of hashes of stems.
const TABLE_BITS: u32 = 15;

/// Minimum number of words of a block of loose prose that ends like a sentence.
const MIN_SENTENCE_WORDS: i32 = 8;
/// Number of words from which on any block is loose prose.
const MIN_LOOSE_WORDS: i32 = 22;
/// Maximum number of words of a heading.
const MAX_HEADING_WORDS: i32 = 12;

/// Words before or behind the number of a section of a law.
const SECTION_WORDS: [&str; 20] = [
    "§",
    "Art.",
    "Art",
    "Article",
    "ARTICLE",
    "Artikel",
    "Artículo",
    "Artigo",
    "Articolo",
    "Článek",
    "Artykuł",
    "Section",
    "SECTION",
    "Sec.",
    "Abschnitt",
    "artikla",
    "Статья",
    "Стаття",
    "条",
    "條",
];

/// How much of a block occurs in the prose of the page.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Overlap {
    /// Share of the block's stems that occur in other blocks of prose, in thousandths; -1 if it has
    /// no stems or too many words.
    pub share: i32,
    /// Number of these stems.
    pub stems: i32,
}

/// The form of a block, as far as it tells what kind of page it is on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Form {
    /// Whether it is loose prose: a sentence of a few words, or many words.
    pub is_prose: bool,
    /// Whether it looks like a heading: few words and no end of a sentence.
    pub is_heading: bool,
    /// Whether Markdown marks it as a heading of the first rank.
    pub is_top_heading: bool,
    /// Whether it is a key with a value, such as "Price: 12".
    pub is_pair: bool,
    pub is_question: bool,
    /// Whether it starts with the number of a section of a law, such as "§ 12" or "Article 5".
    pub is_section: bool,
}

impl Form {
    /// Returns the form of a block with this shape. `text` is its first line.
    pub(super) fn new(shape: &LineShape, text: &str) -> Self {
        let ends_sentence = shape.is_sentence() || shape.end_kind == 5;
        let is_prose =
            shape.words >= MIN_LOOSE_WORDS || shape.words >= MIN_SENTENCE_WORDS && ends_sentence;
        Self {
            is_prose,
            is_heading: (1..=MAX_HEADING_WORDS).contains(&shape.words)
                && (!ends_sentence || text.ends_with('?'))
                && shape.end_kind != 4
                && memchr::memchr_iter(b'|', text.as_bytes()).take(2).count() < 2,
            is_top_heading: text.starts_with("# "),
            is_pair: !is_prose && has_key(text),
            is_question: text.ends_with(['?', '？', '؟']),
            is_section: is_section(text),
        }
    }
}

/// Returns whether a line starts with the number of a section of a law.
fn is_section(text: &str) -> bool {
    let text = text.trim_start_matches(['#', '*', ' ', '(']).trim_start();
    if !starts_like_section(text.as_bytes()) {
        return false;
    }
    let mut words = text.split_whitespace();
    let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    if starts_with_digit(first) {
        return SECTION_WORDS.contains(&second.trim_end_matches(['.', ':']));
    }
    starts_with_digit(second) && (SECTION_WORDS.contains(&first) || first.starts_with('§'))
        || first.strip_prefix('§').is_some_and(starts_with_digit)
}

/// Returns whether a line starts with a digit or with the first two bytes of a section word.
fn starts_like_section(line: &[u8]) -> bool {
    matches!(
        line,
        [b'0'..=b'9', ..]
            | [b'A', b'r' | b'R' | b'b', ..]
            | [b'S', b'e' | b'E', ..]
            | [b'a', b'r', ..]
            | [0xc2, 0xa7, ..]
            | [0xc4, 0x8c, ..]
            | [0xd0, 0xa1, ..]
            | [0xe6, 0x9d | 0xa2, ..]
    )
}

fn starts_with_digit(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

/// What the forms and stems of all blocks say about a page. Shares are in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PageForm {
    /// Mean overlap of the blocks that are no prose and have an overlap.
    pub overlap: i32,
    /// Share of the blocks that are pairs.
    pub pairs: i32,
    /// Share of the blocks that look like a heading, with prose next.
    pub headings: i32,
    /// Share of the blocks that end with a question mark.
    pub questions: i32,
    /// Share of the blocks that are neither prose nor like a heading.
    pub others: i32,
    /// Number of distinct stems of the prose, divided by the root of its number of words; times 10.
    pub variety: i32,
    /// Mean number of words of a block of prose.
    pub prose_words: i32,
    /// Share of the blocks that start with the number of a section of a law.
    pub sections: i32,
}

/// Counts in how many blocks of prose each stem of a page occurs: none, one or several.
#[derive(Debug)]
pub(super) struct StemCounts {
    /// For each stem [`NO_BLOCK`], [`SEVERAL_BLOCKS`], or one more than the index of its only
    /// block.
    blocks: Box<[u16]>,
    /// The different stems of the page, whose entries the next page has to clear.
    distinct: Vec<u16>,
    /// The hashed stems of all blocks.
    stems: Vec<u16>,
    /// The end of the stems of each block in `stems`.
    ends: Vec<u32>,
}

/// The stem is in no block of prose.
const NO_BLOCK: u16 = 0;
/// The stem is in more than one block of prose.
const SEVERAL_BLOCKS: u16 = u16::MAX;

impl Default for StemCounts {
    fn default() -> Self {
        let (distinct, stems, ends) = Default::default();
        Self {
            blocks: vec![NO_BLOCK; 1 << TABLE_BITS].into(),
            distinct,
            stems,
            ends,
        }
    }
}

impl StemCounts {
    /// Starts a page without any stems.
    pub(super) fn start_page(&mut self) {
        for stem in self.distinct.drain(..) {
            self.blocks[usize::from(stem)] = NO_BLOCK;
        }
        self.stems.clear();
        self.ends.clear();
    }

    /// Returns the number of different stems that were counted.
    pub(super) fn distinct(&self) -> i32 {
        self.distinct.len() as i32
    }

    /// Iterates over the stems of all blocks of the page; they can repeat.
    pub(super) fn stems(&self) -> impl Iterator<Item = u16> + '_ {
        self.stems.iter().copied()
    }

    /// Starts the next block of the page, to whose stems each word has to be added.
    pub(super) fn start_block(&mut self) -> BlockStems<'_> {
        BlockStems {
            start: self.stems.len(),
            stems: &mut self.stems,
            ends: &mut self.ends,
            previous: &[],
        }
    }

    /// Counts the stems of a block of prose, which must be counted at most once. `block` is its
    /// index, less than 65,535.
    pub(super) fn add(&mut self, block: usize) {
        let range = self.range(block);
        let block = block as u16 + 1;
        for &stem in &self.stems[range] {
            let counted = &mut self.blocks[usize::from(stem)];
            if *counted == NO_BLOCK {
                *counted = block;
                self.distinct.push(stem);
            } else if *counted != block {
                *counted = SEVERAL_BLOCKS;
            }
        }
    }

    /// Returns how much of a block occurs in the prose of the page. A block of prose is itself in
    /// the counts, so that its stems must occur in another one.
    pub(super) fn overlap(&mut self, block: usize, shape: &LineShape, form: Form) -> Overlap {
        const NONE: Overlap = Overlap {
            share: -1,
            stems: 0,
        };
        let range = self.range(block);
        if shape.words > MAX_WORDS || range.is_empty() {
            return NONE;
        }
        let stems = &mut self.stems[range];
        stems.sort_unstable();
        let (mut distinct, mut found, mut previous) = (0, 0, None);
        for &stem in &*stems {
            if previous != Some(stem) {
                let counted = self.blocks[usize::from(stem)];
                distinct += 1;
                found += i32::from(if form.is_prose {
                    counted == SEVERAL_BLOCKS
                } else {
                    counted != NO_BLOCK
                });
            }
            previous = Some(stem);
        }
        Overlap {
            share: found * 1000 / distinct,
            stems: found,
        }
    }

    /// Returns where the stems of a block are in `stems`.
    fn range(&self, block: usize) -> Range<usize> {
        let start = block.checked_sub(1).map_or(0, |before| self.ends[before]);
        start as usize..self.ends[block] as usize
    }
}

/// The stems of a block while its words are read. The block ends when this is dropped.
pub(super) struct BlockStems<'p> {
    stems: &'p mut Vec<u16>,
    ends: &'p mut Vec<u32>,
    /// Number of stems of the blocks before.
    start: usize,
    /// The last word, if it is a character of a script without spaces.
    previous: &'p [u8],
}

impl<'p> BlockStems<'p> {
    /// Adds the stems of all words of `text`, which is normalized.
    pub(super) fn add_all(&mut self, text: &'p [u8]) {
        if text.is_ascii() {
            for_each_ascii_token(text, |word| self.add_ascii(text, word));
        } else {
            for_each_unicode_token(text, |word| self.add(word));
        }
    }

    /// Adds the stem of the word at `word` of ASCII text. As words differ in length all the time,
    /// there is no branch that depends on it: the stem is cut from the next eight bytes, and taken
    /// back if it is too short.
    #[inline]
    fn add_ascii(&mut self, text: &'p [u8], word: Range<usize>) {
        let Some(&bytes) = text[word.start..].first_chunk() else {
            return self.add(&text[word]);
        };
        if self.stems.len() - self.start == MAX_STEMS {
            return;
        }
        let len = word.len().min(STEM_CHARS);
        let stem = u64::from_be_bytes(bytes) >> (64 - 8 * len);
        self.stems.push(index(mix(len as u64, stem)));
        let is_short = len < MIN_STEM_CHARS;
        self.stems
            .truncate(self.stems.len() - usize::from(is_short));
    }

    /// Adds the stem of a word, if it has one. Stems after the first [`MAX_STEMS`] are ignored.
    #[inline]
    pub(super) fn add(&mut self, word: &'p [u8]) {
        if self.stems.len() - self.start == MAX_STEMS {
            return;
        }
        if word[0] < 0x80 {
            if word.len() >= MIN_STEM_CHARS {
                let stem = &word[..word.len().min(STEM_CHARS)];
                self.stems.push(index(hash(stem)));
            }
            self.previous = &[];
        } else if first_char(word).is_some_and(is_spaceless) {
            if !self.previous.is_empty() {
                let pair = hash(self.previous).rotate_left(7) ^ hash(word);
                self.stems.push(index(pair));
            }
            self.previous = word;
        } else {
            let stem = &word[..chars_len(word, STEM_CHARS)];
            self.stems.push(index(hash(stem)));
            self.previous = &[];
        }
    }
}

impl Drop for BlockStems<'_> {
    fn drop(&mut self) {
        self.ends.push(self.stems.len() as u32);
    }
}

/// Returns the length in bytes of the first `count` code points of `token`, or of all of it.
fn chars_len(token: &[u8], count: usize) -> usize {
    token
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte & 0xC0 != 0x80)
        .nth(count)
        .map_or(token.len(), |(at, _)| at)
}

/// Returns the place of a hash in the table.
fn index(hash: u64) -> u16 {
    (hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - TABLE_BITS)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::model::words::for_each_token;

    /// Adds the words of the next block, which is normalized text.
    fn add_block(counts: &mut StemCounts, text: &str) {
        let mut stems = counts.start_block();
        for_each_token(text.as_bytes(), |word| stems.add(word));
    }

    /// Returns the overlap of `line` with a page whose prose is `prose`.
    fn overlap(prose: &str, line: &str) -> Overlap {
        let mut counts = StemCounts::default();
        counts.start_page();
        add_block(&mut counts, prose);
        add_block(&mut counts, line);
        counts.add(0);
        let shape = LineShape::new([line].into_iter(), false);
        counts.overlap(1, &shape, Form::new(&shape, line))
    }

    #[test]
    fn overlap_is_the_share_of_stems_that_occur_in_prose() {
        let prose = "the harbour tunnel opens in may.";
        let heading = overlap(prose, "harbour tunnels delayed");
        assert_eq!((heading.share, heading.stems), (666, 2));
        assert_eq!(overlap(prose, "log in").share, -1);
        assert_eq!(
            overlap("港のトンネルは五月に開く。", "港のトンネル").share,
            1000
        );
        assert_eq!(overlap(prose, &"harbour ".repeat(61)).share, -1);
    }

    #[test]
    fn stems_of_ascii_text_are_those_of_its_words() {
        let text = "the harbour tunnels of 1912 open: in may, a town said so at one";
        for len in 0..text.len() {
            let text = &text.as_bytes()[..len];
            let mut counts = StemCounts::default();
            counts.start_block().add_all(text);
            let all = std::mem::take(&mut counts.stems);
            counts.ends.clear();
            let mut stems = counts.start_block();
            for_each_token(text, |word| stems.add(word));
            drop(stems);
            assert_eq!(all, counts.stems, "{len}");
        }
    }

    #[test]
    fn pages_do_not_affect_each_other() {
        let mut counts = StemCounts::default();
        let shape = LineShape::new(["harbour"].into_iter(), false);
        let form = Form::new(&shape, "harbour");
        for page in 0..70_000 {
            counts.start_page();
            add_block(&mut counts, "the harbour");
            assert_eq!(counts.overlap(0, &shape, form).share, 0, "{page}");
            counts.add(0);
            assert_eq!(counts.distinct(), 1);
        }
    }

    #[test]
    fn forms_are_told_apart() {
        for (text, prose, heading, pair, question) in [
            ("Opening hours", false, true, false, false),
            ("Price: 12 pounds", false, true, true, false),
            ("See https://example.org/", false, true, false, false),
            (
                "The tunnel opens in May, the council said on Monday.",
                true,
                false,
                false,
                false,
            ),
            ("When does it open?", false, true, false, true),
            ("Home | News | Sport", false, false, false, false),
            ("§ 12 Kosten", false, true, false, false),
        ] {
            let shape = LineShape::new([text].into_iter(), false);
            let form = Form::new(&shape, text);
            assert_eq!(
                (
                    form.is_prose,
                    form.is_heading,
                    form.is_pair,
                    form.is_question
                ),
                (prose, heading, pair, question),
                "{text}"
            );
        }
    }

    #[test]
    fn sections_of_laws_have_numbers() {
        for text in [
            "## § 12 Kosten",
            "§12",
            "Article 5",
            "2 artikla",
            "(Art. 3)",
        ] {
            assert!(is_section(text), "{text}");
        }
        for word in SECTION_WORDS {
            assert!(is_section(&format!("{word} 5")), "{word}");
        }
        for text in [
            "Article content",
            "Section",
            "12 towns",
            "The article 5",
            "",
        ] {
            assert!(!is_section(text), "{text}");
        }
    }
}
