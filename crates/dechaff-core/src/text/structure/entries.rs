//! Single lines that are entries of a structure: turns of a conversation, dated entries, pairs,
//! versions, ingredients and lines of source code. Only the start of a line is read, or a short
//! line.

use crate::text::key::{find_colon, has_key};

/// Maximum length of the name of a speaker, in bytes, and number of its words.
const MAX_SPEAKER: (usize, usize) = (30, 3);
/// Maximum length of a time in brackets before a speaker, in bytes.
const MAX_TIME_LEN: usize = 22;
/// Maximum number of words of a date.
const MAX_DATE_WORDS: usize = 4;
/// Maximum length of a pair, in bytes.
const MAX_PAIR_LEN: usize = 120;
/// Maximum length of an ingredient, in bytes.
const MAX_INGREDIENT_LEN: usize = 100;
/// Maximum length of a line of source code, in bytes.
const MAX_CODE_LEN: usize = 120;
/// Characters of a line of source code of which at least one is a symbol.
const CHARS_PER_SYMBOL: usize = 14;
/// Maximum length of what follows the number of a version, in bytes.
const MAX_VERSION_REST: usize = 28;

/// Units of quantities in recipes, in several languages.
const UNITS: &[&str] = &[
    "g",
    "kg",
    "mg",
    "ml",
    "cl",
    "dl",
    "dkg",
    "l",
    "lb",
    "lbs",
    "oz",
    "ounce",
    "ounces",
    "pound",
    "pounds",
    "gram",
    "grams",
    "cup",
    "cups",
    "tsp",
    "tbsp",
    "teaspoon",
    "teaspoons",
    "tablespoon",
    "tablespoons",
    "clove",
    "cloves",
    "pinch",
    "slice",
    "slices",
    "stick",
    "sticks",
    "el",
    "tl",
    "gramm",
    "zehe",
    "zehen",
    "prise",
    "prisen",
    "bund",
    "cuillère",
    "cuillères",
    "tasse",
    "tasses",
    "gousse",
    "gousses",
    "pincée",
    "cucharada",
    "cucharadas",
    "cucharadita",
    "cucharaditas",
    "taza",
    "tazas",
    "diente",
    "dientes",
    "pizca",
    "colher",
    "colheres",
    "xícara",
    "xícaras",
    "cucchiaio",
    "cucchiai",
    "cucchiaino",
    "cucchiaini",
    "tazza",
    "spicchio",
    "spicchi",
    "eetlepel",
    "eetlepels",
    "theelepel",
    "theelepels",
    "teentje",
    "teentjes",
    "szklanka",
    "szklanki",
    "łyżka",
    "łyżki",
    "łyżeczka",
    "łyżeczki",
    "ząbek",
    "ząbki",
    "rkl",
    "msk",
    "tsk",
    "krm",
    "г",
    "кг",
    "мл",
    "л",
    "ст",
    "стакан",
    "ложка",
    "ложки",
    "ч",
];

/// Words with which lines of source code start.
const KEYWORDS: &[&str] = &[
    "import", "from", "def", "class", "return", "const", "let", "var", "function", "public",
    "private", "fn", "use", "package", "for", "if", "while", "else", "elif", "try", "with",
    "except", "#include",
];

/// A turn of a conversation.
pub(super) struct Turn<'t> {
    pub speaker: &'t str,
    /// Whether the speaker is in angle brackets, as in a log of a chat.
    pub is_chat: bool,
    /// What the speaker says.
    pub speech: &'t str,
}

/// Returns a line as a turn: a name and a colon, or a name in angle brackets, after a time in
/// brackets or not.
pub(super) fn turn(text: &str) -> Option<Turn<'_>> {
    let text = after_time(text);
    let (max_len, max_words) = MAX_SPEAKER;
    let head = &text[..text.floor_char_boundary(max_len + 2)];
    if let Some(rest) = head.strip_prefix('<') {
        let len = rest.find('>').filter(|&len| len > 0)?;
        return Some(Turn {
            speaker: &rest[..len],
            is_chat: true,
            speech: text[len + 2..].trim_start(),
        });
    }
    if !head.starts_with(is_capital) {
        return None;
    }
    let len = find_colon(head)?;
    let speech = text[len..].trim_start_matches([':', '：']);
    let is_apart = speech.is_empty() || speech.starts_with(char::is_whitespace);
    let words = head[..len].bytes().filter(|&byte| byte == b' ').count() + 1;
    (is_apart && words <= max_words).then(|| Turn {
        speaker: &head[..len],
        is_chat: false,
        speech: speech.trim_start(),
    })
}

/// Returns whether a line is a [`turn`].
pub(super) fn is_turn(text: &str) -> bool {
    turn(text).is_some()
}

/// Returns whether a character is a letter that is not lowercase.
pub(super) fn is_capital(c: char) -> bool {
    c.is_uppercase() || !c.is_lowercase() && c.is_alphabetic()
}

/// Returns the text after a time in brackets at its start, or the whole text.
fn after_time(text: &str) -> &str {
    let close = match text.as_bytes().first() {
        Some(b'[') => ']',
        Some(b'(') => ')',
        _ => return text,
    };
    let head = &text[..text.floor_char_boundary(MAX_TIME_LEN)];
    match head.find(close) {
        Some(end) if head[1..end].starts_with(|c: char| c.is_ascii_digit()) => {
            text[end + 1..].trim_start()
        }
        _ => text,
    }
}

/// Returns the length of the date with a year at the start of a line, with the marks behind it;
/// `None` if it does not start with one.
pub(super) fn timed(text: &str) -> Option<usize> {
    let start = text.trim_start_matches(['-', '*', '•', ' ']);
    if !may_have_early_digit(start) {
        return None;
    }
    let mut at = text.len() - start.len();
    for _ in 0..MAX_DATE_WORDS {
        let rest = &text[at..];
        let word_len = rest.find(' ').unwrap_or(rest.len());
        let word = rest[..word_len].trim_end_matches([',', ':', '.', ')', '–', '—']);
        if is_year(word) || is_numeric_date(word) {
            let end = at + word.len();
            let marks = [' ', ',', ':', '.', ')', '-', '–', '—', '\t'];
            return Some(text.len() - text[end..].trim_start_matches(marks).len());
        }
        let is_day = word.len() <= 2 && word.bytes().all(|byte| byte.is_ascii_digit());
        let is_month = word.starts_with(char::is_alphabetic) && word.len() <= 24;
        if word.is_empty() || !is_day && !is_month || word_len == rest.len() {
            return None;
        }
        at += word_len + 1;
    }
    None
}

/// Returns whether the first [`MAX_DATE_WORDS`] words of a text may have a digit. They have none if
/// none is in the first bytes of the text, and as many spaces are there.
fn may_have_early_digit(text: &str) -> bool {
    let Some(head) = text.as_bytes().first_chunk::<32>() else {
        return text.bytes().any(|byte| byte.is_ascii_digit());
    };
    let count = |is_meant: fn(u8) -> bool| -> u8 {
        head.iter().map(|&byte| u8::from(is_meant(byte))).sum()
    };
    count(|byte| byte.is_ascii_digit()) > 0
        || usize::from(count(|byte| byte == b' ')) < MAX_DATE_WORDS
}

/// Returns whether a word is a year from 1000 to 2099.
fn is_year(word: &str) -> bool {
    word.len() == 4
        && word.bytes().all(|byte| byte.is_ascii_digit())
        && (word.starts_with('1') || word.starts_with("20"))
}

/// Returns whether a word is a date such as 3.4.2021 or 2021-04-03.
fn is_numeric_date(word: &str) -> bool {
    (8..=10).contains(&word.len())
        && word.starts_with(|c: char| c.is_ascii_digit())
        && word.ends_with(|c: char| c.is_ascii_digit())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'/' | b'-'))
        && word.bytes().filter(|byte| !byte.is_ascii_digit()).count() == 2
}

/// Returns whether a line is a short name, a colon and a short value.
pub(super) fn is_pair(text: &str) -> bool {
    text.len() <= MAX_PAIR_LEN && has_key(text)
}

/// Returns the number of the version that a line consists of, with at most its date. A missing part
/// is 0.
pub(super) fn version(text: &str) -> Option<[u32; 3]> {
    let text = text.trim_start_matches(['#', '*', ' ', '[']);
    let name_len = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (name, rest) = text.split_at(name_len);
    if !["", "v", "V", "Version", "version", "Release", "release"].contains(&name) {
        return None;
    }
    let rest = rest.trim_start();
    let len = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
        .count();
    let mut parts = rest[..len].split('.');
    let mut number = [0; 3];
    let mut count = 0;
    for part in &mut number {
        let Some(own) = parts.next() else { break };
        if !(1..=3).contains(&own.len()) {
            return None;
        }
        *part = own.parse().ok()?;
        count += 1;
    }
    let rest = &rest[len..];
    let is_whole = parts.next().is_none() && count >= 2;
    let is_date = rest.len() <= MAX_VERSION_REST && !rest.contains(['%', '+', '$', '€', ':']);
    (is_whole && is_date).then_some(number)
}

/// Returns whether a line starts with a quantity and a unit of a kitchen, and names something.
pub(super) fn is_ingredient(text: &str) -> bool {
    let text = text.trim_start_matches(['-', '*', '•', '·', '▢', '□', ' ']);
    let quantity = ['½', '¼', '¾', '⅓', '⅔', '⅛'];
    let is_quantity = |c: char| c.is_ascii_digit() || quantity.contains(&c);
    if text.len() > MAX_INGREDIENT_LEN || !text.starts_with(is_quantity) {
        return false;
    }
    let rest = text.trim_start_matches(|c: char| {
        is_quantity(c) || matches!(c, '.' | ',' | '/' | '-' | '–' | ' ' | '(')
    });
    let unit_len = rest
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(rest.len());
    let (unit, name) = rest.split_at(unit_len);
    name.contains(char::is_alphabetic) && UNITS.iter().any(|known| known.eq_ignore_ascii_case(unit))
}

/// Returns whether a line looks like source code: one of its forms, and enough symbols. A tag of a
/// template, such as `{* name *}`, is left from a page and does not count.
pub(super) fn is_code(text: &str) -> bool {
    if text.len() > MAX_CODE_LEN || !has_form_of_code(text) {
        return false;
    }
    let symbols = text.bytes().filter(|&byte| is_symbol(byte)).count();
    symbols * CHARS_PER_SYMBOL >= text.len()
        && !["{*", "{{", "{%"].iter().any(|tag| text.starts_with(tag))
}

/// Returns whether a line starts and ends as a line of source code does.
fn has_form_of_code(text: &str) -> bool {
    let &[first, .., last] = text.as_bytes() else {
        return matches!(text, "{" | "}" | ";" | "]");
    };
    if matches!(last, b'{' | b'}' | b';') {
        return true;
    }
    let word_len = text
        .bytes()
        .take_while(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'#'))
        .count();
    let (word, rest) = text.split_at(word_len);
    if word_len > 0 {
        let value = rest.trim_start();
        return text.ends_with("):")
            || text == "..."
            || matches!(last, b')' | b']' | b':') && KEYWORDS.contains(&word)
            || value.starts_with('=') && value.len() > 2
            || last == b')' && rest.starts_with('(') && !first.is_ascii_digit();
    }
    text.ends_with("):")
        || matches!(first, b'}' | b']') && text.len() <= 3
        || text.starts_with("$ ")
        || first == b'<'
            && last == b'>'
            && text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!'))
}

/// Returns whether a byte is a character that is frequent in source code.
fn is_symbol(byte: u8) -> bool {
    byte.is_ascii_punctuation() && !matches!(byte, b',' | b'-' | b'?' | b'%' | b'^')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_letters_that_are_not_lowercase() {
        for c in '\0'..=char::MAX {
            assert_eq!(is_capital(c), c.is_alphabetic() && !c.is_lowercase(), "{c}");
        }
    }

    #[test]
    fn digits_in_the_first_words_are_not_overlooked() {
        let words = [
            "May",
            "1999",
            "3",
            "é",
            "",
            "at",
            "the_longest_word_of_all",
            "橋1",
        ];
        for first in words {
            for second in words {
                for third in words {
                    let text = [first, second, third, third, second, "2021"].join(" ");
                    let mut early = text.split(' ').take(MAX_DATE_WORDS);
                    let has_digit = early.any(|word| word.contains(|c: char| c.is_ascii_digit()));
                    assert!(!has_digit || may_have_early_digit(&text), "{text}");
                }
            }
        }
        assert!(!may_have_early_digit(
            "The bridge over the river was closed in 1999."
        ));
        assert!(!may_have_early_digit("The bridge"));
        assert_eq!(timed("• 3. May 1999: It opens."), Some(17));
    }
}
