//! A text as rules see it: case folded, white space collapsed, quotes, dashes and compatibility forms made alike, marks
//! decomposed, invisible characters left out, with a map back to the source. Rules and texts go through the same fold,
//! so that matching itself is a comparison of bytes.

use crate::document::Document;
use crate::span::Span;
use std::ops::Range;
use std::sync::OnceLock;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Wrapped text has no wider lines than this, in bytes.
const WIDEST_WRAP: u32 = 120;

/// A folded document: a single space for each run of white space inside a line, `\n` where the run holds a line end.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    bytes: Vec<u8>,
    /// Where the distance between folded and source offsets changes: (folded, source), at starts of characters.
    map: Vec<(u32, u32)>,
    lines: Vec<FoldedLine>,
}

/// A line that is not blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FoldedLine {
    /// Folded offset of its first character that is not white space.
    pub start: u32,
    /// Folded offset after its last.
    pub end: u32,
    /// The source offset of that first character.
    pub source: u32,
    /// Its number in the document, from 0.
    pub line: u32,
    /// Whether the next line only goes on where hard wrapping broke this one.
    pub joins: bool,
}

impl FoldedLine {
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// What a run of white space comes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    LineEnd,
}

impl Folded {
    /// Folds a document into this buffer, which is emptied first.
    pub(crate) fn fill(&mut self, document: &Document<'_>) {
        self.bytes.clear();
        self.map.clear();
        self.lines.clear();
        let text = document.text();
        let source = text.as_bytes();
        self.bytes.reserve(source.len());
        let (mut gap, mut line, mut open) = (Gap::None, 0u32, false);
        let mut at = 0;
        while at < source.len() {
            let byte = source[at];
            let (character, width) = if byte < 0x80 { (byte as char, 1) } else { decode(text, at) };
            let folding = if byte < 0x80 { None } else { Folding::of(character) };
            let (is_blank, is_invisible) = match folding {
                Some(folding) => (folding.kind == Kind::Blank, folding.kind == Kind::Invisible),
                None => (character.is_whitespace(), byte >= 0x80 && is_invisible(character)),
            };
            if is_blank {
                if character == '\n' {
                    if open {
                        self.close_line();
                    }
                    (gap, open, line) = (Gap::LineEnd, false, line + 1);
                } else {
                    gap = gap.max(Gap::Space);
                }
                at += width;
                continue;
            }
            if is_invisible {
                at += width;
                continue;
            }
            if gap != Gap::None && !self.bytes.is_empty() {
                self.bytes.push(if open { b' ' } else { b'\n' });
            }
            gap = Gap::None;
            if !open {
                let start = self.bytes.len() as u32;
                self.lines.push(FoldedLine { start, end: start, source: at as u32, line, joins: false });
                open = true;
            }
            self.note(at);
            if byte < 0x80 {
                at = self.plain_run(source, at);
            } else {
                let start = self.bytes.len();
                match folding {
                    Some(folding) => self.bytes.extend_from_slice(&folding.bytes[..usize::from(folding.length)]),
                    None => fold_char(character, &mut self.bytes),
                }
                at += width;
                if self.bytes.len() - start != width {
                    self.map.push((self.bytes.len() as u32, at as u32));
                }
            }
        }
        if open {
            self.close_line();
        }
        self.map.push((self.bytes.len() as u32, source.len() as u32));
        self.find_wraps();
    }

    /// Copies ASCII up to white space that would collapse; single spaces between words go along.
    fn plain_run(&mut self, source: &[u8], start: usize) -> usize {
        // A control character that is no white space stands for itself.
        let end = (start + plain_length(&source[start..])).max(start + 1);
        let folded = self.bytes.len();
        self.bytes.extend_from_slice(&source[start..end]);
        self.bytes[folded..].make_ascii_lowercase();
        end
    }

    fn close_line(&mut self) {
        let end = self.bytes.len() as u32;
        if let Some(line) = self.lines.last_mut() {
            line.end = end;
        }
    }

    /// Notes where the next character comes from, if that does not follow from the one before.
    fn note(&mut self, source: usize) {
        let (folded, source) = (self.bytes.len() as u32, source as u32);
        if self.map.last().is_none_or(|&(f, s)| s + (folded - f) != source) {
            self.map.push((folded, source));
        }
    }

    /// Finds the lines that hard wrapping broke: in a text whose lines all keep to one width, a line is broken where
    /// the next word would not have fitted on it.
    fn find_wraps(&mut self) {
        let neighbours = |pair: &[FoldedLine]| pair[1].line == pair[0].line + 1;
        let wide = self.lines.iter().filter(|line| line.end - line.start > WIDEST_WRAP).count();
        if self.lines.len() < 6 || wide * 50 > self.lines.len() {
            return;
        }
        let widths = self.lines.iter().map(|line| line.end - line.start).filter(|&width| width <= WIDEST_WRAP);
        let width = widths.max().unwrap_or(0);
        if width < 50 {
            return;
        }
        let bytes = &self.bytes;
        let breaks = |pair: &[FoldedLine]| {
            let next = &bytes[pair[1].range()];
            let word = memchr::memchr(b' ', next).unwrap_or(next.len()) as u32;
            neighbours(pair) && pair[0].end - pair[0].start + 1 + word > width
        };
        let together = self.lines.windows(2).filter(|pair| neighbours(pair)).count();
        let broken = self.lines.windows(2).filter(|pair| breaks(pair)).count();
        if broken * 2 < together || broken < 3 {
            return;
        }
        let joins: Vec<bool> = self.lines.windows(2).map(breaks).collect();
        for (line, joins) in self.lines.iter_mut().zip(joins) {
            line.joins = joins;
        }
    }

    /// The folded text.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its lines that are not blank.
    pub(crate) fn lines(&self) -> &[FoldedLine] {
        &self.lines
    }

    /// The folded range of these lines.
    pub(crate) fn range(&self, lines: Range<usize>) -> Range<usize> {
        match self.lines.get(lines) {
            Some([first, .., last]) => first.start as usize..last.end as usize,
            Some([only]) => only.range(),
            _ => 0..0,
        }
    }

    /// The index in [`lines`](Self::lines) of the line that holds the folded offset.
    pub(crate) fn line_index(&self, offset: usize) -> usize {
        self.lines.partition_point(|line| line.start as usize <= offset).saturating_sub(1)
    }

    /// Whether a hard-wrapped line goes on in the line of this index.
    pub(crate) fn continues(&self, index: usize) -> bool {
        index > 0 && self.lines[index - 1].joins
    }

    /// The source span of a folded range that is not empty.
    pub(crate) fn source(&self, start: usize, end: usize, text: &str) -> Span {
        let last = self.char_start(end - 1, text);
        let width = text[last..].chars().next().map_or(0, char::len_utf8);
        Span::at(self.char_start(start, text), last + width)
    }

    /// The source offset of the character that the folded byte came from.
    fn char_start(&self, folded: usize, text: &str) -> usize {
        let after = self.map.partition_point(|&(f, _)| f as usize <= folded);
        let (f, s) = self.map[after - 1];
        let limit = self.map.get(after).map_or(text.len(), |&(_, s)| s as usize);
        let mut at = (s as usize + folded - f as usize).min(limit.saturating_sub(1));
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

/// The length of the visible ASCII with which some bytes begin, single spaces between words included. A backtick is not
/// copied as it is.
fn plain_length(bytes: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let mut at = 0;
    // Whole blocks first, then eight bytes at once, without a branch for each byte.
    while let Some(block) = bytes[at..].first_chunk::<{ BLOCK + 1 }>() {
        let is = |byte: u8, other: u8| u8::from(byte == other);
        let breaks = |at: usize| {
            u8::from(block[at].wrapping_sub(b' ') > b'~' - b' ') | is(block[at], b'`') | is(block[at], b' ') & is(block[at + 1], b' ')
        };
        if (0..BLOCK).fold(0, |any, at| any | breaks(at)) != 0 {
            break;
        }
        at += BLOCK;
    }
    let end = loop {
        let breaks = breaks_of_eight(&bytes[at..], at > 0 && bytes[at - 1] == b' ');
        if breaks != 0 {
            break at + breaks.trailing_zeros() as usize / 8;
        }
        at += 8;
    };
    // A space at the end is none between words.
    if end > 0 && bytes[end - 1] == b' ' { end - 1 } else { end }
}

/// The upper bit of each of eight bytes that is no visible ASCII, a backtick, or the second of two spaces, the first of
/// which may stand before them. What is past the end is none.
fn breaks_of_eight(bytes: &[u8], after_space: bool) -> u64 {
    const ALL: u64 = u64::MAX / 255;
    const UPPER: u64 = ALL << 7;
    let eight = match bytes.first_chunk() {
        Some(&chunk) => u64::from_le_bytes(chunk),
        None => bytes.iter().rev().fold(0, |eight, &byte| eight << 8 | u64::from(byte)),
    };
    let seven = eight & !UPPER;
    // No sum of seven bits carries into the next byte.
    let is = |byte: u8| !((seven ^ (ALL * u64::from(byte))) + ALL * 0x7F) & !eight & UPPER;
    let visible = (seven + ALL * (0x80 - 0x20)) & !(seven + ALL) & !eight & UPPER;
    let spaces = is(b' ');
    (!visible & UPPER) | is(b'`') | (spaces & (spaces << 8 | u64::from(after_space) << 7))
}

/// Folds a string as documents are folded, white space at both ends left out.
pub(crate) fn fold(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !bytes.is_empty() {
            bytes.push(b' ');
        }
        for character in word.chars().filter(|&c| !is_invisible(c)) {
            fold_char(character, &mut bytes);
        }
    }
    bytes
}

/// Whether the folded text has a letter, digit or mark that ends at `at`.
pub(crate) fn word_before(folded: &[u8], at: usize) -> bool {
    if let Some(last) = at.checked_sub(1).map(|last| folded[last]).filter(u8::is_ascii) {
        return last.is_ascii_alphanumeric();
    }
    let mut start = at;
    while start > 0 {
        start -= 1;
        if folded[start] & 0xC0 != 0x80 {
            return first_is_word(&folded[start..at]);
        }
    }
    false
}

/// Whether the folded text has a letter, digit or mark that starts at `at`.
pub(crate) fn word_after(folded: &[u8], at: usize) -> bool {
    folded
        .get(at)
        .is_some_and(|&byte| if byte < 0x80 { byte.is_ascii_alphanumeric() } else { first_is_word(&folded[at..folded.len().min(at + 4)]) })
}

fn first_is_word(bytes: &[u8]) -> bool {
    first_char(bytes).is_some_and(is_word)
}

/// The first character of folded bytes that start at a character.
pub(crate) fn first_char(bytes: &[u8]) -> Option<char> {
    let chunk = bytes[..bytes.len().min(4)].utf8_chunks().next()?;
    chunk.valid().chars().next()
}

/// Whether a character belongs to a word: a letter, a digit or a mark on one.
pub(crate) fn is_word(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric();
    }
    Folding::remembered(character).map_or_else(|| belongs_to_word(character), |folding| folding.is_word)
}

fn belongs_to_word(character: char) -> bool {
    character.is_alphanumeric() || is_combining_mark(character)
}

/// Whether a character that is no letter or digit folds to some, as "™" does.
pub(crate) fn folds_to_word(character: char) -> bool {
    let mut found = false;
    if !character.is_ascii() {
        decompose_compatible(character, |part| found |= is_word(part));
    }
    found
}

/// Whether a character is written without spaces between words, so that any place is a word boundary.
pub(crate) fn is_spaceless(character: char) -> bool {
    matches!(character, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Whether a character shows nothing and separates nothing, or is a sign that Arabic may as well leave out: short vowels
/// and the line that stretches a word.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character, '\u{AD}' | '\u{640}' | '\u{64B}'..='\u{655}' | '\u{670}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{2069}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

fn decode(text: &str, at: usize) -> (char, usize) {
    let character = text[at..].chars().next().unwrap_or('\u{FFFD}');
    (character, character.len_utf8())
}

/// What a character outside ASCII comes to, remembered, because finding out takes a hundred times as long as looking it up.
#[derive(Clone, Copy, Debug)]
struct Folding {
    kind: Kind,
    is_word: bool,
    length: u8,
    bytes: [u8; LONGEST_FOLDING],
}

/// Whether a character shows anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Visible,
    Blank,
    Invisible,
    /// Its fold depends on what stands before it, or is longer than what is remembered.
    Other,
}

/// Folds of more bytes are not remembered.
const LONGEST_FOLDING: usize = 10;
/// Folds are remembered of so many characters, in blocks that are made when a text first has a character of them.
const REMEMBERED: usize = 0x10000;
const FOLDINGS: usize = 64;

impl Folding {
    /// What a character comes to, where that is remembered.
    fn of(character: char) -> Option<&'static Self> {
        Self::remembered(character).filter(|folding| folding.kind != Kind::Other)
    }

    /// What is remembered of a character.
    fn remembered(character: char) -> Option<&'static Self> {
        static BLOCKS: [OnceLock<Box<[Folding; FOLDINGS]>>; REMEMBERED / FOLDINGS] = [const { OnceLock::new() }; REMEMBERED / FOLDINGS];
        let code = character as usize;
        let block =
            BLOCKS.get(code / FOLDINGS)?.get_or_init(|| Box::new(std::array::from_fn(|at| Self::new(code / FOLDINGS * FOLDINGS + at))));
        Some(&block[code % FOLDINGS])
    }

    fn new(code: usize) -> Self {
        let character = u32::try_from(code).ok().and_then(char::from_u32);
        let is_word = character.is_some_and(belongs_to_word);
        let other = Self { kind: Kind::Other, is_word, length: 0, bytes: [0; LONGEST_FOLDING] };
        // Marks may be left out behind some letters.
        let Some(character) = character.filter(|c| !matches!(c, '\u{300}'..='\u{36F}')) else {
            return other;
        };
        let mut folded = Vec::new();
        fold_char(character, &mut folded);
        let kind = if character.is_whitespace() {
            Kind::Blank
        } else if is_invisible(character) {
            Kind::Invisible
        } else {
            Kind::Visible
        };
        match other.bytes.get(folded.len()..) {
            Some(rest) => {
                let bytes = std::array::from_fn(|at| folded.get(at).copied().unwrap_or_default());
                Self { kind, is_word, length: (LONGEST_FOLDING - rest.len()) as u8, bytes }
            }
            None => other,
        }
    }
}

/// Appends the fold of one visible character: quotes and dashes alike, compatibility forms decomposed (NFKD), then full
/// case folding by way of upper case, which also joins ß with SS, final with other sigmas, and dotless with dotted i.
/// Accents that a script leaves out in places go: those of Greek, which capitals do not have, and the hamza on alef.
fn fold_char(character: char, out: &mut Vec<u8>) {
    match character {
        '\u{2018}'..='\u{201B}' | '\u{2032}' | '\u{2035}' | '\u{B4}' | '\u{2B9}' | '\u{2BC}' | '`' => out.push(b'\''),
        '\u{201C}'..='\u{201F}' | '\u{2033}' | '\u{2036}' | '\u{AB}' | '\u{BB}' => out.push(b'"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push(b'-'),
        '\u{4E00}'..='\u{9FFF}' => push(character, out),
        _ if character.is_ascii() => out.push(character.to_ascii_lowercase() as u8),
        _ => {
            let start = out.len();
            decompose_compatible(character, |part| {
                for upper in part.to_uppercase() {
                    for lower in upper.to_lowercase() {
                        // The dot that lower-casing leaves on a dotted capital I.
                        let dot = lower == '\u{307}' && out.last() == Some(&b'i');
                        let tonos = lower == '\u{301}' && matches!(out.last_chunk(), Some([0xCE | 0xCF, _]));
                        if !dot && !tonos && !is_invisible(lower) {
                            push(lower, out);
                        }
                    }
                }
            });
            // What decomposes into a space and a mark would look like the end of a word.
            if out[start..].contains(&b' ') {
                out.truncate(start);
                push(character, out);
            }
        }
    }
}

fn push(character: char, out: &mut Vec<u8>) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_folding_gives() {
        // Behind a letter that some marks would belong to.
        for before in ["", "i", "α"] {
            for character in ('\u{80}'..='\u{12000}').filter(|c| !c.is_whitespace() && !is_invisible(*c)) {
                let text = format!("{before}{character}");
                let mut folded = Folded::default();
                folded.fill(&Document::new(&text).unwrap());
                let mut bytes = before.as_bytes().to_vec();
                fold_char(character, &mut bytes);
                assert_eq!(folded.bytes(), bytes, "{text:?}");
            }
        }
    }

    #[test]
    fn what_belongs_to_words_is_remembered_too() {
        assert!(('\0'..='\u{12000}').all(|character| is_word(character) == belongs_to_word(character)));
    }

    #[test]
    fn plain_text_ends_where_the_first_other_byte_is() {
        let plainly = |bytes: &[u8]| {
            let graphic = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_graphic() && *byte != b'`');
            let fine = |at: usize| graphic(at) || (bytes[at] == b' ' && graphic(at + 1));
            (0..bytes.len()).find(|&at| !fine(at)).unwrap_or(bytes.len())
        };
        for length in 0..70 {
            for at in 0..=length {
                for other in [&b""[..], b" ", b"  ", b"\n", b"\x7f", b" \x7f", b"\xc3\xa9", b"\0", b"`", b" `", b" ~"] {
                    let text =
                        [&b"It was a dark and stormy night; the rain fell in torrents, except at night."[..at], other, &b"~!a b"[..]]
                            .concat();
                    assert_eq!(plain_length(&text), plainly(&text), "{:?}", String::from_utf8_lossy(&text));
                }
            }
        }
    }

    fn folded(text: &str) -> (String, Vec<FoldedLine>) {
        let mut folded = Folded::default();
        folded.fill(&Document::new(text).unwrap());
        (String::from_utf8(folded.bytes.clone()).unwrap(), folded.lines)
    }

    #[test]
    fn writing_habits_fold_alike() {
        for (a, b) in [
            ("Caf\u{e9}", "CAFE\u{301}"),
            ("STRASSE", "straße"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("don\u{2019}t", "DON'T"),
            ("\u{ff33}\u{ff48}are", "share"),
            ("İstanbul", "istanbul"),
            ("e\u{2011}mail", "e-mail"),
            ("new\u{ad}sletter\u{200b}", "newsletter"),
            ("a \u{a0}\t b", "a b"),
            ("ПОДПИСАТЬСЯ", "подписаться"),
            ("ΕΓΓΡΑΦΗ", "εγγραφή"),
            ("أخبار", "اخبار"),
            ("اِشْتَرِكْ", "اشترك"),
            ("المـــزيد", "المزيد"),
        ] {
            assert_eq!(folded(a).0, folded(b).0, "{a} {b}");
            assert_eq!(fold(a), fold(b));
        }
    }

    #[test]
    fn the_fold_of_a_document_is_the_fold_of_its_words() {
        let text = "\u{feff}One \u{a0} TWO,\r\n\r\n  ‘three’\u{2003}½ \u{7}x\n";
        assert_eq!(folded(text).0.replace('\n', " ").into_bytes(), fold(text));
    }

    #[test]
    fn every_folded_byte_leads_back_to_its_character() {
        let text = "\u{feff}É ½ß  x\u{ad}y\r\n ‘ｚ’ ﬁn  ";
        let mut folded = Folded::default();
        folded.fill(&Document::new(text).unwrap());
        assert_eq!(std::str::from_utf8(folded.bytes()).unwrap(), "e\u{301} 1\u{2044}2ss xy\n'z' fin");
        let back: Vec<&str> = (0..folded.bytes().len())
            .filter(|&at| !folded.bytes()[at].is_ascii_whitespace())
            .map(|at| &text[folded.source(at, at + 1, text).range()])
            .collect();
        assert_eq!(back, ["É", "É", "É", "½", "½", "½", "½", "½", "ß", "ß", "x", "y", "‘", "ｚ", "’", "ﬁ", "ﬁ", "n"]);
    }

    #[test]
    fn blank_lines_are_left_out_and_numbers_stay() {
        let (text, lines) = folded("\n a\n \r\nb\n");
        assert_eq!(text, "a\nb");
        assert_eq!(lines.iter().map(|line| line.line).collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn hard_wrapping_is_seen_and_short_lines_are_not_taken_for_it() {
        let wrapped = "The council voted on Monday to close the bridge for repairs that will\n\
            take until the end of next year, and said that buses would run along the\n\
            embankment in the meantime, at no further cost to those who hold passes.\n\
            \n\
            Traders in the old harbour said they had not been asked, and expected to\n\
            lose a third of their custom before the work is done and the road opens\n\
            again.\n\nShare\n";
        let (_, lines) = folded(wrapped);
        assert_eq!(lines.iter().map(|line| line.joins).collect::<Vec<_>>(), [true, true, false, true, true, false, false]);
        assert!(folded("Home\nNews\nSport\nCulture\nTravel\nAbout us\n").1.iter().all(|line| !line.joins));
    }
}
