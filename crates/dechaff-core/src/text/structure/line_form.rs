//! The forms of single lines: what their first and last characters say, and counts of short ones.
//! They are computed once for each line, so that the detection of structures compares a few bytes.

use super::entries::{is_code, is_ingredient, is_pair, is_turn, timed, version};
use crate::text::lines::TextLines;
use std::ops::Range;

/// Length above which a line is not read as a whole, in bytes. It counts as [`u8::MAX`] words.
const MAX_READ_LEN: usize = 400;
/// Maximum length of a term, in bytes.
const MAX_TERM_LEN: usize = 60;
/// Maximum number of words of a term.
const MAX_TERM_WORDS: u8 = 5;
/// Maximum number of words of a question that stands in the place of a term.
const MAX_TERM_QUESTION_WORDS: u8 = 12;
/// Maximum length of a cell of a table, in bytes.
const MAX_CELL_LEN: usize = 60;
/// Maximum number of letters of a cell that counts as a figure, such as "12 km".
const MAX_FIGURE_LETTERS: usize = 3;

/// Characters that can follow the end of a sentence.
const CLOSERS: [char; 13] = [
    '"', '\'', '”', '’', '»', '“', ')', ']', '」', '』', '*', '_', ' ',
];
/// Characters that open speech in quotation marks.
const OPENING_QUOTES: [char; 6] = ['"', '“', '„', '«', '»', '「'];

/// Properties of a line, as bits.
pub(super) mod flag {
    /// Ends like a sentence.
    pub const SENTENCE: u32 = 1;
    /// Ends like a sentence, with a full stop or an exclamation mark.
    pub const STATEMENT: u32 = 1 << 1;
    /// Ends with a question mark.
    pub const QUESTION: u32 = 1 << 2;
    /// Ends with a comma, a semicolon, a colon or a dash.
    pub const CLAUSE: u32 = 1 << 3;
    /// Can be the term of a definition.
    pub const TERM: u32 = 1 << 4;
    /// Starts with a letter that is not lowercase.
    pub const CAPITAL: u32 = 1 << 5;
    /// Starts with the marker of an item of a list.
    pub const BULLET: u32 = 1 << 6;
    /// Is speech: in quotation marks, or a sentence behind a dash.
    pub const SPEECH: u32 = 1 << 7;
    /// Starts with the marker of a block quote.
    pub const QUOTE: u32 = 1 << 8;
    /// Starts with the name of a speaker.
    pub const TURN: u32 = 1 << 9;
    /// Is a name, a colon and a value.
    pub const PAIR: u32 = 1 << 10;
    /// Is the number of a version, perhaps with its date.
    pub const VERSION: u32 = 1 << 11;
    /// Starts with a quantity and a unit of a kitchen.
    pub const INGREDIENT: u32 = 1 << 12;
    /// Starts with a digit.
    pub const DIGIT: u32 = 1 << 13;
    /// Has a sign of a currency.
    pub const PRICE: u32 = 1 << 14;
    /// Has a digit anywhere.
    pub const HAS_DIGIT: u32 = 1 << 15;
    /// Is a date, with or without text behind it.
    pub const DATE: u32 = 1 << 16;
    /// Is a date and nothing else.
    pub const DATE_ONLY: u32 = 1 << 17;
    /// Looks like a line of source code.
    pub const CODE: u32 = 1 << 18;
    /// Is short enough for a cell of a table.
    pub const CELL: u32 = 1 << 19;
    /// Is a figure, with at most a unit.
    pub const FIGURE: u32 = 1 << 20;
    /// The next line follows directly.
    pub const FOLLOWED: u32 = 1 << 21;
}

/// The form of a line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LineForm {
    pub flags: u32,
    /// Number of an item of a list; 0 if there is none.
    pub number: u16,
    /// Number of words, at most [`u8::MAX`]. In scripts without spaces two characters count as one.
    pub words: u8,
}

impl LineForm {
    /// Returns the form of a line without white space at its ends.
    fn new(text: &str) -> Self {
        let mut flags = ending(text);
        let first = text.chars().next().unwrap_or(' ');
        set(&mut flags, flag::QUOTE, first == '>');
        set(&mut flags, flag::DIGIT, first.is_ascii_digit());
        let is_letter = first.is_alphabetic();
        set(
            &mut flags,
            flag::CAPITAL,
            is_letter && !first.is_lowercase(),
        );
        let after = &text[first.len_utf8()..];
        let is_bullet = matches!(first, '-' | '*' | '•' | '+' | '–' | '—' | '▪' | '·');
        set(
            &mut flags,
            flag::BULLET,
            is_bullet && after.starts_with(' '),
        );
        let is_speech = OPENING_QUOTES.contains(&first)
            && after.contains(['"', '“', '”', '»', '«', '」'])
            || matches!(first, '–' | '—') && flags & flag::SENTENCE != 0;
        set(&mut flags, flag::SPEECH, is_speech);
        set(&mut flags, flag::TURN, is_turn(text));
        if let Some(len) = timed(text) {
            set(&mut flags, flag::DATE, true);
            set(&mut flags, flag::DATE_ONLY, len == text.len());
        }
        let number = item_number(text);
        if text.len() > MAX_READ_LEN {
            return Self {
                flags,
                number,
                words: u8::MAX,
            };
        }
        let counts = Counts::new(text);
        let words = counts.words.min(usize::from(u8::MAX)) as u8;
        set(&mut flags, flag::HAS_DIGIT, counts.digits > 0);
        set(&mut flags, flag::PRICE, counts.has_currency);
        set(&mut flags, flag::CELL, text.len() <= MAX_CELL_LEN);
        let is_figure = counts.digits > 0 && counts.letters <= MAX_FIGURE_LETTERS;
        set(&mut flags, flag::FIGURE, is_figure);
        let is_phrase = flags & (flag::SENTENCE | flag::CLAUSE) == 0
            && words <= MAX_TERM_WORDS
            && !text.ends_with(')');
        let is_question = flags & flag::QUESTION != 0 && words <= MAX_TERM_QUESTION_WORDS;
        let is_term = text.len() <= MAX_TERM_LEN && flags & flag::CAPITAL != 0 && is_phrase;
        set(&mut flags, flag::TERM, is_term || is_question);
        set(&mut flags, flag::PAIR, is_pair(text));
        set(&mut flags, flag::INGREDIENT, is_ingredient(text));
        set(&mut flags, flag::CODE, is_code(text, counts.symbols));
        set(
            &mut flags,
            flag::VERSION,
            counts.digits > 1 && version(text).is_some(),
        );
        Self {
            flags,
            number,
            words,
        }
    }
}

/// Sets a bit of `flags` if a condition holds.
fn set(flags: &mut u32, flag: u32, holds: bool) {
    *flags |= flag * u32::from(holds);
}

/// Returns the flags that the end of a line decides.
fn ending(text: &str) -> u32 {
    let inner = text.trim_end_matches(CLOSERS);
    match inner.chars().next_back() {
        Some('.' | '!' | '。' | '！' | '।') => flag::SENTENCE | flag::STATEMENT,
        Some('?' | '？' | '؟') if inner.len() == text.len() => flag::SENTENCE | flag::QUESTION,
        Some('…' | '?' | '？' | '؟') => flag::SENTENCE,
        Some(',' | ';' | ':' | '–' | '—' | '，' | '、' | '；' | '：' | '،') => {
            flag::CLAUSE
        }
        _ => 0,
    }
}

/// Returns the number of an item of a list, such as 3 of "3. Cut it." or "(3) Cut it."; 0 if the
/// line has none.
fn item_number(text: &str) -> u16 {
    let text = text.strip_prefix('(').unwrap_or(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &text[digits..];
    if !(1..=3).contains(&digits) || !(rest.starts_with(". ") || rest.starts_with(") ")) {
        return 0;
    }
    text[..digits].parse().unwrap_or(0)
}

/// Counts of a line.
struct Counts {
    words: usize,
    digits: usize,
    letters: usize,
    /// Number of characters that are frequent in source code.
    symbols: usize,
    has_currency: bool,
}

/// The class of a byte, by which [`Counts`] counts.
#[derive(Clone, Copy)]
enum ByteClass {
    Other,
    Space,
    Digit,
    /// The first byte of a letter.
    Letter,
    Symbol,
    Dollar,
    /// The first byte of a character of a script without spaces: kana and Han.
    Spaceless,
}

/// The class of each byte.
static CLASSES: [ByteClass; 256] = byte_classes();

/// Computes [`CLASSES`] when dechaff is compiled.
const fn byte_classes() -> [ByteClass; 256] {
    let mut classes = [ByteClass::Other; 256];
    let mut byte = 0u8;
    loop {
        classes[byte as usize] = match byte {
            b' ' => ByteClass::Space,
            b'0'..=b'9' => ByteClass::Digit,
            b'$' => ByteClass::Dollar,
            b'a'..=b'z' | b'A'..=b'Z' | 0xc3..=0xdf | 0xe0 | 0xe1 | 0xea..=0xed => {
                ByteClass::Letter
            }
            b',' | b'-' | b'?' | b'%' | b'^' => ByteClass::Other,
            b'!'..=b'~' => ByteClass::Symbol,
            0xe3..=0xe9 => ByteClass::Spaceless,
            _ => ByteClass::Other,
        };
        if byte == u8::MAX {
            return classes;
        }
        byte += 1;
    }
}

impl Counts {
    fn new(text: &str) -> Self {
        let mut counts = [0; 7];
        for byte in text.bytes() {
            counts[CLASSES[usize::from(byte)] as usize] += 1;
        }
        let [_, spaces, digits, letters, symbols, dollars, spaceless] = counts;
        let has_currency =
            dollars > 0 || !text.is_ascii() && text.contains(['€', '£', '¥', '₽', '₹']);
        Self {
            words: spaces + 1 + spaceless / 2,
            digits,
            letters: letters + spaceless,
            symbols: symbols + dollars,
            has_currency,
        }
    }
}

/// The non-blank lines of a document with their forms.
pub(super) struct FormedLines<'l, 'd> {
    pub lines: &'l TextLines<'d>,
    pub forms: Vec<LineForm>,
}

impl<'l, 'd> FormedLines<'l, 'd> {
    pub(super) fn new(lines: &'l TextLines<'d>) -> Self {
        let count = lines.count();
        let forms = (0..count)
            .map(|line| {
                let mut form = LineForm::new(lines.text(line));
                let is_followed =
                    line + 1 < count && lines.number(line + 1) == lines.number(line) + 1;
                set(&mut form.flags, flag::FOLLOWED, is_followed);
                form
            })
            .collect();
        Self { lines, forms }
    }

    pub(super) fn count(&self) -> usize {
        self.forms.len()
    }

    /// Returns whether a line has one of these flags.
    pub(super) fn is(&self, line: usize, flags: u32) -> bool {
        self.forms[line].flags & flags != 0
    }

    pub(super) fn words(&self, line: usize) -> usize {
        usize::from(self.forms[line].words)
    }

    pub(super) fn text(&self, line: usize) -> &'d str {
        self.lines.text(line)
    }

    /// Returns the end of the run of lines from `first` on that `belongs` accepts.
    pub(super) fn run_end(&self, first: usize, belongs: impl Fn(usize) -> bool) -> usize {
        (first..self.count())
            .find(|&line| !belongs(line))
            .unwrap_or(self.count())
    }

    /// Returns the end of the run of lines from `first` on that follow each other directly and that
    /// `belongs` accepts.
    pub(super) fn adjacent_end(&self, first: usize, belongs: impl Fn(usize) -> bool) -> usize {
        self.run_end(first, |line| {
            (line == first || self.is(line - 1, flag::FOLLOWED)) && belongs(line)
        })
    }

    /// Returns how many of the lines have one of these flags.
    pub(super) fn count_in(&self, lines: Range<usize>, flags: u32) -> usize {
        lines.filter(|&line| self.is(line, flags)).count()
    }
}
