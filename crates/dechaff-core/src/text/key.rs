//! Lines that start with a key, as "Price: 12" does.

/// Maximum length of a key, in bytes.
const MAX_LEN: usize = 40;
/// Maximum number of words of a key.
const MAX_WORDS: usize = 5;

/// Returns whether a line is a short key, a colon and a value. The colon of an address or a time is
/// none.
pub(crate) fn has_key(line: &str) -> bool {
    find_colon(&line[..line.floor_char_boundary(MAX_LEN + 1)]).is_some_and(|len| {
        let value = line[len..].trim_start_matches([':', '：']);
        len > 0
            && value.starts_with(char::is_whitespace)
            && line[..len].bytes().filter(|&byte| byte == b' ').count() < MAX_WORDS
    })
}

/// Returns the offset of the first colon of a text, ASCII or fullwidth.
pub(crate) fn find_colon(text: &str) -> Option<usize> {
    // The first byte of a fullwidth colon is 0xEF.
    let at = memchr::memchr2(b':', 0xef, text.as_bytes())?;
    Some(at + text[at..].find([':', '：'])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colons_are_found_behind_other_characters() {
        for text in ["", "a", "a: b", "！：", "あ：a:", "Ａ: ：", "！", "：", ":"] {
            assert_eq!(find_colon(text), text.find([':', '：']), "{text}");
        }
    }

    #[test]
    fn key_is_short_and_a_value_follows() {
        for line in ["Price: 12", "Size:: L", "価格： 12", "a b c d e: f"] {
            assert!(has_key(line), "{line}");
        }
        let long = format!("{}: 12", "x".repeat(41));
        for line in [
            "",
            ":",
            ": 12",
            "Price:",
            "at 12:30",
            "http://x",
            "a b c d e f: g",
            "！ x",
            &long,
        ] {
            assert!(!has_key(line), "{line}");
        }
    }
}
