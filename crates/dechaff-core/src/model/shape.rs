//! What a unit of text looks like: its length, and how much of it is capitals, digits, signs; how it starts and ends. It
//! is told from its characters alone.

use dechaff_rules::chars::{is_spaceless, is_word};

/// A unit of at most so many words that does not end as a sentence does is short.
const SHORT: i32 = 12;
/// A unit of at least so many words that ends as a sentence does is prose by its shape.
const PROSE: i32 = 12;

/// What a unit looks like. Shares are in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LineShape {
    pub chars: i32,
    pub words: i32,
    /// Of the characters.
    pub digits: i32,
    pub upper: i32,
    pub marks: i32,
    pub spaceless: i32,
    /// Of the words: those that begin with a capital, and those all in capitals.
    pub capitals: i32,
    pub shouted: i32,
    pub sentences: i32,
    /// Commas, colons; bars, bullets, slashes and arrows; other signs, quotation marks, brackets.
    pub commas: i32,
    pub colons: i32,
    pub bars: i32,
    pub signs: i32,
    pub quotes: i32,
    pub brackets: i32,
    pub links: i32,
    /// Characters of the longest word.
    pub longest: i32,
    pub starts: i32,
    pub ends: i32,
}

impl LineShape {
    /// The shape of no unit at all, beyond the ends of a page.
    pub(super) const OUTSIDE: Self = Self {
        chars: -1,
        words: -1,
        digits: -1,
        upper: -1,
        marks: -1,
        spaceless: -1,
        capitals: -1,
        shouted: -1,
        sentences: -1,
        commas: -1,
        colons: -1,
        bars: -1,
        signs: -1,
        quotes: -1,
        brackets: -1,
        links: -1,
        longest: -1,
        starts: -1,
        ends: -1,
    };

    /// The shape of some lines. Of running text only its length is told, and how it starts and ends.
    pub(super) fn of<'t>(lines: impl Iterator<Item = &'t str> + Clone, running: bool) -> Self {
        let mut shape = if running {
            Self::running(lines.clone())
        } else {
            Counts::of(lines.clone()).shape()
        };
        shape.starts = lines.clone().next().map_or(0, start_of);
        shape.ends = lines.last().map_or(0, end_of);
        shape
    }

    /// Running text has what such text has on average; its words are told by its spaces.
    fn running<'t>(lines: impl Iterator<Item = &'t str>) -> Self {
        let (mut chars, mut spaces, mut bytes) = (0, 0, 0);
        for line in lines {
            chars += line.chars().count();
            spaces += memchr::memchr_iter(b' ', line.as_bytes()).count() + 1;
            bytes += line.len();
        }
        // Scripts without spaces have a word in six bytes or so.
        let words = spaces.max(bytes / 12) as i32;
        Self {
            chars: chars as i32,
            words,
            sentences: 1 + words / 20,
            capitals: 150,
            ..Self::default()
        }
    }

    pub(super) fn is_short(&self) -> bool {
        self.words <= SHORT && !self.is_sentence()
    }

    pub(super) fn is_sentence(&self) -> bool {
        ends_sentence(self.ends)
    }

    pub(super) fn is_prose(&self) -> bool {
        self.words >= PROSE && self.is_sentence()
    }

    /// Whether two units look alike, as items of a list do.
    pub(super) fn resembles(&self, other: &Self) -> bool {
        self.starts == other.starts
            && self.ends == other.ends
            && self.words <= 2 * other.words + 2
            && other.words <= 2 * self.words + 2
    }
}

/// What the characters of a unit come to.
#[derive(Default)]
struct Counts {
    chars: i32,
    letters: i32,
    upper: i32,
    digits: i32,
    marks: i32,
    spaceless: i32,
    words: i32,
    capitals: i32,
    shouted: i32,
    longest: i32,
    sentences: i32,
    links: i32,
    kinds: [i32; KINDS],
    /// Letters of the word that is being read, and how many of them are capitals.
    length: i32,
    upper_in_word: i32,
    /// Whether what was read last ends a sentence.
    stopped: bool,
}

/// What a sign is counted as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CharClass {
    Other,
    Comma,
    Colon,
    Bar,
    Sign,
    Quote,
    Bracket,
}

const KINDS: usize = 7;

/// Bits of [`ASCII`] beside the kind of a sign.
const WORD: u8 = 1 << 7;
const DIGIT: u8 = 1 << 6;
const UPPER: u8 = 1 << 5;
const SPACE: u8 = 1 << 4;
const KIND: u8 = 7;

/// What each ASCII character is.
static ASCII: [u8; 128] = ascii_classes();

const fn ascii_classes() -> [u8; 128] {
    let mut classes = [0; 128];
    let mut byte = 0u8;
    while byte < 128 {
        let kind = kind_of(byte as char) as u8;
        classes[byte as usize] =
            kind | if byte.is_ascii_alphanumeric() {
                WORD
            } else {
                0
            } | if byte.is_ascii_digit() { DIGIT } else { 0 }
                | if byte.is_ascii_uppercase() { UPPER } else { 0 }
                | if matches!(byte, b' ' | 9..=13) {
                    SPACE
                } else {
                    0
                };
        byte += 1;
    }
    classes
}

const fn kind_of(c: char) -> CharClass {
    match c {
        ',' | '、' | '，' | '،' => CharClass::Comma,
        ':' | '：' => CharClass::Colon,
        '|' | '•' | '·' | '/' | '»' | '›' | '→' | '>' | '—' | '–' | '▶' | '∙' | '◦' | '*' => {
            CharClass::Bar
        }
        '@' | '#' | '©' | '®' | '™' | '%' | '&' | '+' | '=' | '€' | '$' | '£' => {
            CharClass::Sign
        }
        '"' | '“' | '”' | '„' | '«' | '「' | '」' | '‘' => CharClass::Quote,
        '(' | ')' | '[' | ']' => CharClass::Bracket,
        _ => CharClass::Other,
    }
}

impl Counts {
    fn of<'t>(lines: impl Iterator<Item = &'t str>) -> Self {
        let mut counts = Self::default();
        for line in lines {
            counts.read(line);
            counts.end_word();
            counts.sentences += i32::from(counts.stopped);
            counts.stopped = false;
        }
        counts
    }

    fn read(&mut self, line: &str) {
        let bytes = line.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            self.chars += 1;
            if bytes[at] < 0x80 {
                self.read_ascii(bytes[at]);
                at += 1;
            } else {
                let c = line[at..].chars().next().unwrap_or(' ');
                self.read_other(c);
                at += c.len_utf8();
            }
        }
        self.links += memchr::memchr2_iter(b'.', b':', bytes)
            .filter(|&at| is_of_link(bytes, at))
            .count() as i32;
    }

    fn read_ascii(&mut self, byte: u8) {
        let class = ASCII[usize::from(byte)];
        if class & WORD != 0 {
            return self.read_letter(class & UPPER != 0, class & DIGIT != 0);
        }
        if byte != b'\'' {
            self.end_word();
        }
        if class & SPACE != 0 {
            self.sentences += i32::from(self.stopped);
            self.stopped = false;
        } else {
            self.marks += 1;
            self.kinds[usize::from(class & KIND)] += 1;
            self.stopped =
                matches!(byte, b'.' | b'!' | b'?') || (self.stopped && matches!(byte, b'"' | b')'));
        }
    }

    fn read_other(&mut self, c: char) {
        if is_word(c) {
            self.spaceless += i32::from(is_spaceless(c));
            return self.read_letter(c.is_uppercase(), c.is_numeric());
        }
        if c != '’' {
            self.end_word();
        }
        if c.is_whitespace() {
            self.sentences += i32::from(self.stopped);
            self.stopped = false;
        } else {
            self.marks += 1;
            self.kinds[kind_of(c) as usize] += 1;
            self.sentences += i32::from(matches!(c, '。' | '！' | '？' | '।' | '؟'));
            self.stopped = c == '…' || (self.stopped && matches!(c, '”' | '’' | '»'));
        }
    }

    fn read_letter(&mut self, upper: bool, digit: bool) {
        let upper = i32::from(upper);
        self.letters += 1;
        self.digits += i32::from(digit);
        self.upper += upper;
        self.upper_in_word += upper;
        self.capitals += upper & i32::from(self.length == 0);
        self.length += 1;
        self.stopped = false;
    }

    fn end_word(&mut self) {
        if self.length > 0 {
            self.words += 1;
            self.longest = self.longest.max(self.length);
            self.shouted += i32::from(self.length > 1 && self.upper_in_word == self.length);
            (self.length, self.upper_in_word) = (0, 0);
        }
    }

    fn shape(&self) -> LineShape {
        // Two characters of a script without spaces count as a word.
        let words = self.words + self.spaceless / 2;
        let share = |part: i32, of: i32| (i64::from(part) * 1000 / i64::from(of.max(1))) as i32;
        let kind = |kind: CharClass| self.kinds[kind as usize];
        LineShape {
            chars: self.chars,
            words,
            digits: share(self.digits, self.chars),
            upper: share(self.upper, self.letters),
            marks: share(self.marks, self.chars),
            spaceless: share(self.spaceless, self.chars),
            capitals: share(self.capitals, words),
            shouted: share(self.shouted, words),
            sentences: self.sentences,
            commas: kind(CharClass::Comma),
            colons: kind(CharClass::Colon),
            bars: kind(CharClass::Bar),
            signs: kind(CharClass::Sign),
            quotes: kind(CharClass::Quote),
            brackets: kind(CharClass::Bracket),
            links: self.links,
            longest: self.longest,
            starts: 0,
            ends: 0,
        }
    }
}

/// Whether a full stop or colon is that of "www.", ".com" or "://".
fn is_of_link(bytes: &[u8], at: usize) -> bool {
    bytes[..at].ends_with(b"www")
        || bytes[at..].starts_with(b".com")
        || bytes[at..].starts_with(b"://")
}

/// Whether what [`end_of`] tells is the end of a sentence.
pub(super) fn ends_sentence(ends: i32) -> bool {
    matches!(ends, 1 | 2 | 6)
}

/// How a text starts: 1 small letter, 2 capital, 3 number, 4 number of a list, 5 quotation, 6 bullet or dash, 7 letter
/// without case, 0 other.
fn start_of(text: &str) -> i32 {
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

/// How a text ends: 1 full stop, 2 question or exclamation, 3 colon, 4 comma or semicolon, 5 ellipsis, 6 closing
/// quotation after a stop, 7 closing quotation or bracket, 8 number, 9 other sign, 0 letter.
pub(super) fn end_of(text: &str) -> i32 {
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

    #[test]
    fn characters_are_counted_by_kind() {
        let shape = LineShape::of(
            ["SHARE THIS | 12: Ünïcode’s “end”…", "www.example.com"].into_iter(),
            false,
        );
        assert_eq!((shape.words, shape.longest, shape.sentences), (8, 8, 1));
        assert_eq!(
            (shape.bars, shape.colons, shape.quotes, shape.links),
            (1, 1, 2, 2)
        );
        assert_eq!((shape.starts, shape.ends), (2, 0));
        assert_eq!(
            LineShape::of(["橋が落ちた。雨だ。"].into_iter(), false).sentences,
            2
        );
        assert_eq!(LineShape::of(["橋が落ちた。"].into_iter(), false).words, 3);
    }

    #[test]
    fn running_text_is_told_by_its_length() {
        let text = "The bridge over the river was closed to all traffic on Monday night, and it will stay so.";
        let (counted, told) = (
            LineShape::of([text].into_iter(), false),
            LineShape::of([text].into_iter(), true),
        );
        assert_eq!(
            (counted.chars, counted.words, counted.starts, counted.ends),
            (told.chars, told.words, told.starts, told.ends)
        );
        assert!(told.is_prose() && counted.is_prose());
    }
}
