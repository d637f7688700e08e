//! The shape of a block: its length, how much of it is capitals, digits, punctuation and symbols,
//! and how it starts and ends. Only characters count here; words are the subject of `words`.
//!
//! For example, the block "SHARE THIS | 12" has 15 characters and three words, two of which are in
//! capitals (666 thousandths). It contains one separator, starts with a capital (kind 2) and ends
//! with a digit (kind 8).
//!
//! The characters of a block are read once. ASCII characters are classified by a table, and runs of
//! ASCII letters and digits, most of all text, are read in one loop. Plain prose is not read at
//! all: its shape is estimated from its length.

use dechaff_rules::chars::{is_spaceless, is_word};

/// Maximum number of words of a short block, as items of lists and menus are.
const MAX_SHORT_WORDS: i32 = 12;
/// Minimum number of words of a block that is prose by its shape.
const MIN_PROSE_WORDS: i32 = 12;

/// The shape of a block. Shares are in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LineShape {
    /// Number of code points.
    pub chars: i32,
    /// Number of words. Two characters of a script without spaces count as one.
    pub words: i32,
    /// Share of the characters that are digits.
    pub digits: i32,
    /// Share of the letters and digits that are capitals.
    pub upper: i32,
    /// Share of the characters that are neither white space nor part of a word.
    pub punctuation: i32,
    /// Share of the characters that belong to a script without spaces.
    pub spaceless: i32,
    /// Share of the words that start with a capital.
    pub capitalized: i32,
    /// Share of the words that have two or more characters, all of them capitals.
    pub all_caps: i32,
    /// Number of ends of sentences.
    pub sentences: i32,
    pub commas: i32,
    pub colons: i32,
    /// Number of bars, bullets, slashes, dashes, arrows and the like.
    pub separators: i32,
    /// Number of signs such as `@`, `©` and `%`.
    pub symbols: i32,
    pub quotes: i32,
    pub brackets: i32,
    /// Number of occurrences of "www.", ".com" and "://".
    pub links: i32,
    /// Length of the longest word, in code points.
    pub longest_word: i32,
    /// How the block starts, as [`start_kind`] classifies it.
    pub start_kind: i32,
    /// How the block ends, as [`end_kind`] classifies it.
    pub end_kind: i32,
}

impl LineShape {
    /// The shape of [`Block::OUTSIDE`](super::page::Block::OUTSIDE), a neighbor beyond the page.
    pub(super) const OUTSIDE: Self = Self {
        chars: -1,
        words: -1,
        digits: -1,
        upper: -1,
        punctuation: -1,
        spaceless: -1,
        capitalized: -1,
        all_caps: -1,
        sentences: -1,
        commas: -1,
        colons: -1,
        separators: -1,
        symbols: -1,
        quotes: -1,
        brackets: -1,
        links: -1,
        longest_word: -1,
        start_kind: -1,
        end_kind: -1,
    };

    /// Returns the shape of a block with these `lines`, without white space at their ends. The
    /// shape of plain prose is estimated; only its length and its kinds of start and end are its
    /// own. An empty block has a shape of zeros.
    pub(super) fn new<'t>(lines: impl Iterator<Item = &'t str> + Clone, plain_prose: bool) -> Self {
        let mut shape = if plain_prose {
            Self::estimate(lines.clone())
        } else {
            CharCounts::new(lines.clone()).shape()
        };
        shape.start_kind = lines.clone().next().map_or(0, start_kind);
        shape.end_kind = lines.last().map_or(0, end_kind);
        shape
    }

    /// Returns the shape of plain prose with these `lines`: characters are counted, words are
    /// counted by the spaces, and sentences and capitals are what prose of that length has on
    /// average. All other counts are 0. No character is classified.
    fn estimate<'t>(lines: impl Iterator<Item = &'t str>) -> Self {
        let (mut chars, mut spaces, mut bytes) = (0, 0, 0);
        for line in lines {
            chars += if line.is_ascii() {
                line.len()
            } else {
                line.chars().count()
            };
            spaces += memchr::memchr_iter(b' ', line.as_bytes()).count() + 1;
            bytes += line.len();
        }
        // Scripts without spaces: at least one word for every 12 bytes.
        let words = spaces.max(bytes / 12) as i32;
        Self {
            chars: chars as i32,
            words,
            sentences: 1 + words / 20,
            capitalized: 150,
            ..Self::default()
        }
    }

    /// Returns whether the block is short: at most [`MAX_SHORT_WORDS`] words, and no sentence.
    /// Consecutive short blocks are a run, such as a menu or a list of links.
    pub(super) fn is_short(&self) -> bool {
        self.words <= MAX_SHORT_WORDS && !self.is_sentence()
    }

    /// Returns whether the block ends like a sentence; see [`ends_sentence`]. It may have more than
    /// one sentence, or be only the end of one.
    pub(super) fn is_sentence(&self) -> bool {
        ends_sentence(self.end_kind)
    }

    /// Returns whether the block starts with a capital, a letter without case or a quotation mark, ends
    /// with a full stop, and has no link.
    pub(super) fn is_statement(&self) -> bool {
        matches!(self.start_kind, 2 | 5 | 7) && self.end_kind == 1 && self.links == 0
    }

    /// Returns whether the block is prose by its shape: at least [`MIN_PROSE_WORDS`] words that end
    /// like a sentence. This is weaker than plain prose: it ignores what rules match.
    pub(super) fn is_prose(&self) -> bool {
        self.words >= MIN_PROSE_WORDS && self.is_sentence()
    }

    /// Returns whether the block ends with a colon, ASCII or fullwidth, as a line does that
    /// announces a list.
    pub(super) fn ends_with_colon(&self) -> bool {
        self.end_kind == 3
    }

    /// Returns whether two blocks look alike, as items of a list do: they start and end the same
    /// way, and neither has more than twice the words of the other and two. Symmetric.
    pub(super) fn resembles(&self, other: &Self) -> bool {
        self.start_kind == other.start_kind
            && self.end_kind == other.end_kind
            && self.words <= 2 * other.words + 2
            && other.words <= 2 * self.words + 2
    }
}

/// Counts of the characters and words of a block, and the state of reading it.
#[derive(Debug, Default, PartialEq)]
struct CharCounts {
    chars: i32,
    /// Letters, digits and marks.
    word_chars: i32,
    upper: i32,
    digits: i32,
    punctuation: i32,
    spaceless: i32,
    words: i32,
    capitalized: i32,
    all_caps: i32,
    longest_word: i32,
    sentences: i32,
    links: i32,
    /// Punctuation characters by [`CharClass`].
    by_class: [i32; CLASS_COUNT],
    /// Characters of the current word; 0 between words.
    word_len: i32,
    /// Capitals of the current word.
    word_upper: i32,
    /// Whether the characters read last end a sentence if white space follows.
    at_sentence_end: bool,
}

/// Class of a punctuation character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CharClass {
    Other,
    Comma,
    Colon,
    Separator,
    Symbol,
    Quote,
    Bracket,
}

/// Number of classes.
const CLASS_COUNT: usize = 7;

// Bits of an element of `CLASSES`. The lowest three are the `CharClass`.
const WORD: u8 = 1 << 7;
const DIGIT: u8 = 1 << 6;
const UPPER: u8 = 1 << 5;
const SPACE: u8 = 1 << 4;
const CLASS_MASK: u8 = 7;

/// What each ASCII character is, as a combination of bits; 0 for other bytes.
static CLASSES: [u8; 256] = byte_classes();

/// Computes [`CLASSES`] when dechaff is compiled: the class of each ASCII character, and the bits
/// `WORD`, `DIGIT`, `UPPER` and `SPACE` if they apply.
const fn byte_classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0u8;
    while byte < 128 {
        let mut class = class_of(byte as char) as u8;
        if byte.is_ascii_alphanumeric() {
            class |= WORD;
        }
        if byte.is_ascii_digit() {
            class |= DIGIT;
        }
        if byte.is_ascii_uppercase() {
            class |= UPPER;
        }
        if matches!(byte, b' ' | 9..=13) {
            class |= SPACE;
        }
        classes[byte as usize] = class;
        byte += 1;
    }
    classes
}

/// Returns the class of a character as punctuation; `Other` for full stops, for all signs that are
/// not listed here, and for letters, digits and white space.
const fn class_of(c: char) -> CharClass {
    match c {
        ',' | '、' | '，' | '،' => CharClass::Comma,
        ':' | '：' => CharClass::Colon,
        '|' | '•' | '·' | '/' | '»' | '›' | '→' | '>' | '—' | '–' | '▶' | '∙' | '◦' | '*' => {
            CharClass::Separator
        }
        '@' | '#' | '©' | '®' | '™' | '%' | '&' | '+' | '=' | '€' | '$' | '£' => {
            CharClass::Symbol
        }
        '"' | '“' | '”' | '„' | '«' | '「' | '」' | '‘' => CharClass::Quote,
        '(' | ')' | '[' | ']' => CharClass::Bracket,
        _ => CharClass::Other,
    }
}

impl CharCounts {
    /// Counts the characters and words of `lines`, which have no white space at their ends. The end
    /// of a line ends its last word and, behind a full stop, a sentence.
    fn new<'t>(lines: impl Iterator<Item = &'t str>) -> Self {
        let mut counts = Self::default();
        for line in lines {
            counts.read(line);
            counts.end_word();
            counts.sentences += i32::from(counts.at_sentence_end);
            counts.at_sentence_end = false;
        }
        counts
    }

    /// Adds the characters of a line and its parts of links. Leaves its last word open.
    fn read(&mut self, line: &str) {
        let bytes = line.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let class = CLASSES[usize::from(bytes[at])];
            if class & WORD != 0 {
                at += self.read_ascii_word(&bytes[at..]);
            } else if bytes[at] < 0x80 {
                self.read_ascii_sign(bytes[at], class);
                at += 1;
            } else {
                let c = line[at..].chars().next().unwrap_or(' ');
                self.read_non_ascii(c);
                at += c.len_utf8();
            }
        }
        self.links += memchr::memchr2_iter(b'.', b':', bytes)
            .filter(|&at| is_part_of_link(bytes, at))
            .count() as i32;
    }

    /// Adds the ASCII letters and digits at the start of `bytes`, at least one. Returns their
    /// number.
    fn read_ascii_word(&mut self, bytes: &[u8]) -> usize {
        let starts_upper = bytes[0].is_ascii_uppercase();
        let (mut len, mut upper, mut digits) = (0, 0, 0);
        for &byte in bytes {
            let class = CLASSES[usize::from(byte)];
            if class != WORD {
                if class & WORD == 0 {
                    break;
                }
                upper += i32::from(class & UPPER != 0);
                digits += i32::from(class & DIGIT != 0);
            }
            len += 1;
        }
        self.add_word_chars(len as i32, upper, digits, starts_upper);
        len
    }

    /// Adds an ASCII character of this class that is no letter and no digit. An apostrophe does not
    /// end a word. A sentence ends at `.`, `!` or `?`, with closing quotation marks and parentheses
    /// behind it, if white space follows.
    fn read_ascii_sign(&mut self, byte: u8, class: u8) {
        self.chars += 1;
        if byte != b'\'' {
            self.end_word();
        }
        if class & SPACE != 0 {
            self.sentences += i32::from(self.at_sentence_end);
            self.at_sentence_end = false;
        } else {
            self.punctuation += 1;
            self.by_class[usize::from(class & CLASS_MASK)] += 1;
            self.at_sentence_end = matches!(byte, b'.' | b'!' | b'?')
                || (self.at_sentence_end && matches!(byte, b'"' | b')'));
        }
    }

    /// Adds a character outside ASCII. Full stops of scripts that put no space behind them, such as
    /// `。`, end a sentence at once; the ellipsis `…` ends one if white space follows.
    fn read_non_ascii(&mut self, c: char) {
        if is_word(c) {
            self.spaceless += i32::from(is_spaceless(c));
            let (upper, digit) = (c.is_uppercase(), c.is_numeric());
            return self.add_word_chars(1, i32::from(upper), i32::from(digit), upper);
        }
        self.chars += 1;
        if c != '’' {
            self.end_word();
        }
        if c.is_whitespace() {
            self.sentences += i32::from(self.at_sentence_end);
            self.at_sentence_end = false;
        } else {
            self.punctuation += 1;
            self.by_class[class_of(c) as usize] += 1;
            self.sentences += i32::from(matches!(c, '。' | '！' | '？' | '।' | '؟'));
            self.at_sentence_end =
                c == '…' || (self.at_sentence_end && matches!(c, '”' | '’' | '»'));
        }
    }

    /// Adds `len` letters, digits and marks to the current word, or starts a word with them. Takes
    /// back that a sentence ended: in "3.5" the full stop is inside a number.
    fn add_word_chars(&mut self, len: i32, upper: i32, digits: i32, starts_upper: bool) {
        self.chars += len;
        self.word_chars += len;
        self.digits += digits;
        self.upper += upper;
        self.word_upper += upper;
        self.capitalized += i32::from(starts_upper && self.word_len == 0);
        self.word_len += len;
        self.at_sentence_end = false;
    }

    /// Ends the current word and counts it. Does nothing between words, so that it can be called at
    /// every character that is not part of a word.
    fn end_word(&mut self) {
        if self.word_len > 0 {
            self.words += 1;
            self.longest_word = self.longest_word.max(self.word_len);
            self.all_caps += i32::from(self.word_len > 1 && self.word_upper == self.word_len);
            (self.word_len, self.word_upper) = (0, 0);
        }
    }

    /// Returns the counts as a shape, with shares in thousandths. The kinds of start and end are 0;
    /// they do not follow from counts.
    fn shape(&self) -> LineShape {
        // Two characters of a script without spaces count as a word.
        let words = self.words + self.spaceless / 2;
        LineShape {
            chars: self.chars,
            words,
            digits: thousandths(self.digits, self.chars),
            upper: thousandths(self.upper, self.word_chars),
            punctuation: thousandths(self.punctuation, self.chars),
            spaceless: thousandths(self.spaceless, self.chars),
            capitalized: thousandths(self.capitalized, words),
            all_caps: thousandths(self.all_caps, words),
            sentences: self.sentences,
            commas: self.by_class[CharClass::Comma as usize],
            colons: self.by_class[CharClass::Colon as usize],
            separators: self.by_class[CharClass::Separator as usize],
            symbols: self.by_class[CharClass::Symbol as usize],
            quotes: self.by_class[CharClass::Quote as usize],
            brackets: self.by_class[CharClass::Bracket as usize],
            links: self.links,
            longest_word: self.longest_word,
            start_kind: 0,
            end_kind: 0,
        }
    }
}

/// Returns `part` as a share of `whole` in thousandths, rounded down; of a `whole` of 0, as if it
/// were 1, so that the share of nothing is 0.
fn thousandths(part: i32, whole: i32) -> i32 {
    (i64::from(part) * 1000 / i64::from(whole.max(1))) as i32
}

/// Returns whether the full stop or colon at offset `at` belongs to "www.", ".com" or "://", which
/// are taken as signs of a link. Case matters; the addresses themselves are not parsed.
fn is_part_of_link(bytes: &[u8], at: usize) -> bool {
    bytes[..at].ends_with(b"www")
        || bytes[at..].starts_with(b".com")
        || bytes[at..].starts_with(b"://")
}

/// Returns whether a text whose end [`end_kind`] classifies as `kind` ends like a sentence: with a
/// full stop, a question or exclamation mark, or a quotation mark or bracket behind one.
pub(super) fn ends_sentence(kind: i32) -> bool {
    matches!(kind, 1 | 2 | 6)
}

/// Returns how a text starts. The kinds are values of features, so a model depends on them:
///
/// - 0: anything else, or an empty text
/// - 1: a lowercase letter
/// - 2: a capital
/// - 3: a number
/// - 4: the number of a list item, such as "1." or "1)"
/// - 5: a quotation mark
/// - 6: a bullet, dash or arrow
/// - 7: a letter without case
fn start_kind(text: &str) -> i32 {
    let Some(first) = text.chars().next() else {
        return 0;
    };
    match first {
        c if c.is_lowercase() => 1,
        c if c.is_uppercase() => 2,
        c if c.is_numeric() => {
            let rest = text.trim_start_matches(char::is_numeric);
            if rest.starts_with(['.', ')']) && !rest[1..].starts_with(char::is_numeric) {
                4
            } else {
                3
            }
        }
        '"' | '“' | '„' | '«' | '‘' | '\'' | '「' => 5,
        '-' | '–' | '—' | '•' | '*' | '·' | '▪' | '►' | '▶' | '+' | '>' | '»' => 6,
        c if c.is_alphabetic() => 7,
        _ => 0,
    }
}

/// Returns how a text ends. The kinds are values of features, so a model depends on them:
///
/// - 0: a letter, or an empty text
/// - 1: a full stop
/// - 2: a question or exclamation mark
/// - 3: a colon
/// - 4: a comma or semicolon
/// - 5: an ellipsis
/// - 6: a closing quotation mark or bracket behind the end of a sentence, or behind a comma
/// - 7: another closing quotation mark or bracket
/// - 8: a digit
/// - 9: any other character
pub(super) fn end_kind(text: &str) -> i32 {
    let Some(last) = text.chars().next_back() else {
        return 0;
    };
    match last {
        '.' if text.ends_with("...") => 5,
        '.' | '。' | '।' => 1,
        '!' | '?' | '！' | '？' | '؟' => 2,
        ':' | '：' => 3,
        ',' | ';' | '，' | '、' | '،' => 4,
        '…' => 5,
        '"' | '”' | '’' | '\'' | '»' | ')' | ']' | '」' | '』' => {
            let inner =
                text.trim_end_matches(['"', '”', '’', '\'', '»', ')', ']', '」', '』', ' ']);
            if inner.ends_with(['.', '!', '?', '…', '。', '！', '？', ',']) {
                6
            } else {
                7
            }
        }
        c if c.is_numeric() => 8,
        c if c.is_alphabetic() => 0,
        _ => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the counted shape of `lines`.
    fn shape(lines: &[&str]) -> LineShape {
        LineShape::new(lines.iter().copied(), false)
    }

    #[test]
    fn characters_are_counted_by_class() {
        let bar = shape(&["SHARE THIS | 12"]);
        assert_eq!((bar.chars, bar.words, bar.all_caps), (15, 3, 666));
        assert_eq!((bar.separators, bar.start_kind, bar.end_kind), (1, 2, 8));
        let mixed = shape(&["SHARE THIS | 12: Ünïcode’s “end”…", "www.example.com"]);
        assert_eq!(
            (mixed.words, mixed.longest_word, mixed.sentences),
            (8, 8, 1)
        );
        assert_eq!(
            (mixed.separators, mixed.colons, mixed.quotes, mixed.links),
            (1, 1, 2, 2)
        );
        assert_eq!((mixed.start_kind, mixed.end_kind), (2, 0));
        assert_eq!(shape(&["橋が落ちた。雨だ。"]).sentences, 2);
        assert_eq!(shape(&["橋が落ちた。"]).words, 3);
    }

    #[test]
    fn words_are_read_as_character_by_character() {
        let parts = [
            "a", "Z", "9", "word", "WORD", "é", "É", "橋", "٣", "'", "’", ".", "!", "\"", ")", "”",
            "…", "。", " ", "\u{a0}", ",", ":", "|", "@", "(", "://", "www.", ".com", "\u{301}",
        ];
        let compare = |line: &str| {
            let mut plain = CharCounts::default();
            for c in line.chars() {
                plain.read(c.encode_utf8(&mut [0; 4]));
            }
            let mut counts = CharCounts::default();
            counts.read(line);
            plain.links = counts.links;
            assert_eq!(counts, plain, "{line:?}");
        };
        for first in parts {
            for second in parts {
                for third in parts {
                    compare(&format!("{first}{second}{third}{second}{third}"));
                }
            }
        }
    }

    #[test]
    fn estimate_of_prose_has_its_length_and_ends() {
        let text = "The bridge over the river was closed to all traffic on Monday night, and it \
            will stay so.";
        let counted = shape(&[text]);
        let estimated = LineShape::new([text].into_iter(), true);
        assert_eq!(
            (counted.chars, counted.words),
            (estimated.chars, estimated.words)
        );
        assert_eq!(
            (counted.start_kind, counted.end_kind),
            (estimated.start_kind, estimated.end_kind)
        );
        assert!(estimated.is_prose() && counted.is_prose());
    }
}
