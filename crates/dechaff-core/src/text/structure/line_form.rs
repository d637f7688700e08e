//! The forms of single lines: what their first and last characters say, and what short ones are as
//! a whole. They are computed once for each line, so that the detection of structures compares a
//! few bytes. The first byte of a line rules out most forms.

use super::entries::{is_capital, is_code, is_ingredient, is_pair, is_turn, version};
use crate::text::lines::TextLines;
use std::ops::Range;

/// Length above which a line is not read as a whole, in bytes.
const MAX_READ_LEN: usize = 400;
/// Maximum length of a cell of a table, in bytes.
const MAX_CELL_LEN: usize = 60;
/// Maximum number of letters of a cell that counts as a figure, such as "12 km".
const MAX_FIGURE_LETTERS: usize = 3;
/// Length of the start of a line in which the colon behind a name or a speaker must be, in bytes.
const COLON_HEAD: usize = 41;

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
    /// Starts with a letter that is not lowercase.
    pub const CAPITAL: u32 = 1 << 4;
    /// Starts with a digit.
    pub const DIGIT: u32 = 1 << 5;
    /// Starts with the marker of an item of a list.
    pub const BULLET: u32 = 1 << 6;
    /// Starts with the number of an item of a list.
    pub const NUMBERED: u32 = 1 << 7;
    /// Starts with the marker of a block quote.
    pub const QUOTE: u32 = 1 << 8;
    /// Is speech: in quotation marks, or a sentence behind a dash.
    pub const SPEECH: u32 = 1 << 9;
    /// Starts with the name of a speaker.
    pub const TURN: u32 = 1 << 10;
    /// Is a name, a colon and a value.
    pub const PAIR: u32 = 1 << 11;
    /// Is the number of a version, perhaps with its date.
    pub const VERSION: u32 = 1 << 12;
    /// Starts with a quantity and a unit of a kitchen.
    pub const INGREDIENT: u32 = 1 << 13;
    /// Looks like a line of source code.
    pub const CODE: u32 = 1 << 14;
    /// Is short enough for a cell of a table.
    pub const CELL: u32 = 1 << 15;
    /// Is a cell with a figure and at most a unit.
    pub const FIGURE: u32 = 1 << 16;
    /// Starts with an opening bracket or parenthesis.
    pub const BRACKET: u32 = 1 << 17;
    /// The next line follows directly.
    pub const FOLLOWED: u32 = 1 << 18;
}

/// The form of a line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LineForm {
    pub flags: u32,
    /// Number of an item of a list; 0 if there is none.
    pub number: u16,
}

impl LineForm {
    /// Returns the form of a line without white space at its ends.
    fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let Some(&first) = bytes.first() else {
            return Self::default();
        };
        let ending = ending(text);
        let mut flags = ending | start(text, ending);
        let possible = possible_forms(first);
        let mut number = 0;
        if possible & flag::NUMBERED != 0 {
            number = item_number(text);
            set(&mut flags, flag::NUMBERED, number > 0);
        }
        // The first byte of a fullwidth colon is 0xEF.
        let head = &bytes[..bytes.len().min(COLON_HEAD)];
        let has_colon = memchr::memchr2(b':', 0xef, head).is_some();
        if has_colon || possible & flag::TURN != 0 {
            set(&mut flags, flag::TURN, is_turn(text));
        }
        if text.len() <= MAX_READ_LEN {
            if possible & flag::VERSION != 0 {
                set(&mut flags, flag::VERSION, version(text).is_some());
            }
            if possible & flag::INGREDIENT != 0 {
                set(&mut flags, flag::INGREDIENT, is_ingredient(text));
            }
            set(&mut flags, flag::PAIR, has_colon && is_pair(text));
            set(&mut flags, flag::CODE, is_code(text));
        }
        if text.len() <= MAX_CELL_LEN {
            set(&mut flags, flag::CELL, true);
            set(&mut flags, flag::FIGURE, is_figure(bytes));
        }
        Self { flags, number }
    }
}

/// Returns which of these a line with this first byte can be: an item with a number, a turn without
/// a colon, a version, and an ingredient. The signs outside ASCII with which an ingredient starts
/// have the first byte 0xC2 or 0xE2.
fn possible_forms(first: u8) -> u32 {
    match first {
        b'0'..=b'9' => flag::NUMBERED | flag::VERSION | flag::INGREDIENT,
        b'(' => flag::NUMBERED | flag::TURN,
        b'[' => flag::TURN | flag::VERSION,
        b'<' => flag::TURN,
        b'*' => flag::VERSION | flag::INGREDIENT,
        b'#' | b'v' | b'V' | b'r' | b'R' => flag::VERSION,
        b'-' | 0xc2 | 0xe2 => flag::INGREDIENT,
        _ => 0,
    }
}

/// Sets a bit of `flags` if a condition holds.
fn set(flags: &mut u32, flag: u32, holds: bool) {
    *flags |= flag * u32::from(holds);
}

/// Returns the flags that the end of a line decides.
fn ending(text: &str) -> u32 {
    let inner = match text.as_bytes().last() {
        Some(byte) if byte.is_ascii_alphanumeric() => return 0,
        Some(b'.') => text,
        _ => text.trim_end_matches(is_closer),
    };
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

/// Returns whether a character can follow the end of a sentence.
fn is_closer(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '”' | '’' | '»' | '“' | ')' | ']' | '」' | '』' | '*' | '_' | ' '
    )
}

/// Returns the flags that the first character of a line decides, with the flags of its end.
fn start(text: &str, ending: u32) -> u32 {
    let mut chars = text.chars();
    let first = chars.next().unwrap_or(' ');
    let after = chars.as_str();
    let mut flags = 0;
    match first {
        'a'..='z' => {}
        '0'..='9' => flags = flag::DIGIT,
        '>' => flags = flag::QUOTE,
        '[' | '(' => flags = flag::BRACKET,
        '"' | '“' | '„' | '«' | '»' | '「' => {
            let is_closed = after.contains(['"', '“', '”', '»', '«', '」']);
            set(&mut flags, flag::SPEECH, is_closed);
        }
        '-' | '*' | '•' | '+' | '–' | '—' | '▪' | '·' => {
            set(&mut flags, flag::BULLET, after.starts_with(' '));
            let is_speech = matches!(first, '–' | '—') && ending & flag::SENTENCE != 0;
            set(&mut flags, flag::SPEECH, is_speech);
        }
        _ => set(&mut flags, flag::CAPITAL, is_capital(first)),
    }
    flags
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

/// Returns whether a line is a figure, with at most a unit. Letters are recognized by their first byte.
fn is_figure(line: &[u8]) -> bool {
    let is_letter =
        |&byte: &u8| byte.is_ascii_alphabetic() || (0xc3..=0xed).contains(&byte) && byte != 0xe2;
    line.iter()
        .filter(|byte| is_letter(byte))
        .nth(MAX_FIGURE_LETTERS)
        .is_none()
        && line.iter().any(u8::is_ascii_digit)
}

/// Returns the number of words of a line; [`MAX_READ_LEN`] for a line of more bytes, which is not
/// read. In scripts without spaces two characters count as one word. They are recognized by their
/// first byte, which is that of kana and Han.
fn rough_word_count(line: &[u8]) -> usize {
    if line.len() > MAX_READ_LEN {
        return MAX_READ_LEN;
    }
    let spaces = memchr::memchr_iter(b' ', line).count();
    if line.is_ascii() {
        return spaces + 1;
    }
    let is_spaceless = |byte: &&u8| matches!(byte, 0xe3..=0xe9);
    spaces + 1 + line.iter().filter(is_spaceless).count() / 2
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

    /// Returns the number of words of a line; see [`rough_word_count`]. Reads the line.
    pub(super) fn words(&self, line: usize) -> usize {
        rough_word_count(self.text(line).as_bytes())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns lines that are made of a start, a middle and an end each.
    fn lines() -> Vec<String> {
        let starts = [
            "", "#", "* ", "- ", "• ", "· ", "▢ ", "[", "[9:30] ", "(", "<bob> ", "“", "— ", "é",
            "Éa ", "橋", "ǅ", "v", "Version ", "rest ", "½ ", "⅓", "if (", "x = ", "}", "$ ",
        ];
        let middles = [
            "",
            "1",
            "12.3.2021",
            "1.2",
            "1.2.3",
            "2 cups flour",
            "200g: ",
            "May 3, 2021",
            "Mr. Hill: ",
            "価格：１２",
            "a b c d 1999 ",
            "a b c 1999 ",
            "The lamp is low",
        ];
        let ends = [
            "", ".", "?", "!”", "…", ",", "):", "{", ";", ")", "é", "橋。", " 12 km",
        ];
        let mut lines = Vec::new();
        for start in starts {
            for middle in middles {
                for end in ends {
                    let line = format!("{start}{middle}{end}");
                    lines.push(line.trim().to_owned());
                    lines.push(format!("{} {line}", "word ".repeat(7)).trim().to_owned());
                }
            }
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    #[test]
    fn first_bytes_and_colons_rule_out_no_form() {
        for line in lines() {
            let flags = LineForm::new(&line).flags;
            let has = |flag: u32| flags & flag != 0;
            assert_eq!(has(flag::TURN), is_turn(&line), "{line}");
            assert_eq!(has(flag::PAIR), is_pair(&line), "{line}");
            assert_eq!(has(flag::NUMBERED), item_number(&line) > 0, "{line}");
            assert_eq!(has(flag::VERSION), version(&line).is_some(), "{line}");
            assert_eq!(has(flag::INGREDIENT), is_ingredient(&line), "{line}");
        }
    }

    #[test]
    fn ends_are_flagged_as_if_all_closers_were_skipped() {
        for line in lines() {
            let inner = line.trim_end_matches(is_closer);
            let has = |ends: &[char], flag: u32| {
                assert_eq!(inner.ends_with(ends), ending(&line) & flag != 0, "{line}");
            };
            has(&['.', '!', '。', '？', '?', '…'], flag::SENTENCE);
            has(&['.', '!', '。'], flag::STATEMENT);
            has(&[',', ';', ':', '：', '—'], flag::CLAUSE);
        }
    }

    #[test]
    fn figures_have_a_digit_and_few_letters() {
        for line in ["9000", "12 km", "$ 1,200.50", "12 км", "５ 9"] {
            assert!(is_figure(line.as_bytes()), "{line}");
        }
        for line in ["", "km", "Hull", "12 miles", "12 橋橋橋橋"] {
            assert!(!is_figure(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn words_are_counted_by_spaces_and_pairs_of_characters() {
        let count = |line: &str| rough_word_count(line.as_bytes());
        assert_eq!((count("lamp"), count("The lamp"), count("Éa b")), (1, 2, 2));
        assert_eq!((count("橋が落"), count("a 橋が落ち")), (2, 4));
        assert_eq!(count(&"x".repeat(MAX_READ_LEN + 1)), MAX_READ_LEN);
    }
}
