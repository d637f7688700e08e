//! Words of a text, and whether it ends like a sentence.

use dechaff_rules::chars::{is_spaceless, is_word};

/// Returns whether a text has a letter or digit. Without one it is a separator, a bullet or the
/// rest of a removal.
pub(crate) fn has_word(text: &str) -> bool {
    text.chars().any(is_word)
}

/// Counts the words of a text: the parts between white space that have a letter or digit. In
/// scripts without spaces, two characters count as one word, rounded up.
pub(crate) fn word_count(text: &str) -> usize {
    if text.is_ascii() {
        let words = text
            .as_bytes()
            .split(|byte| char::from(*byte).is_whitespace());
        return words
            .filter(|word| word.iter().any(u8::is_ascii_alphanumeric))
            .count();
    }
    let spaceless = text.chars().filter(|&c| is_spaceless(c)).count();
    let spaced = text
        .split_whitespace()
        .filter(|word| word.chars().any(|c| is_word(c) && !is_spaceless(c)))
        .count();
    spaced + spaceless.div_ceil(2)
}

/// Returns whether a line ends like a sentence or a part of one: with a full stop, question or
/// exclamation mark, ellipsis, comma or semicolon. Closing quotation marks, brackets and spaces
/// after it are skipped.
pub(crate) fn ends_like_sentence(text: &str) -> bool {
    let inner = text.trim_end_matches(['"', '\'', '”', '’', '»', ')', ']', '」', '』', ' ']);
    inner.ends_with(['.', '!', '?', '…', '。', '！', '？', '।', '؟', ';', ','])
}

#[cfg(test)]
mod tests {
    use super::word_count;

    #[test]
    fn words_of_ascii_are_counted_as_others_are() {
        for (text, words) in [
            ("", 0),
            (" - ", 0),
            ("one", 1),
            ("it's  4 p.m.,\tsaid\x0bJo -- twice\n", 6),
            ("a\x1cb", 1),
        ] {
            assert_eq!(word_count(text), words, "{text:?}");
            assert_eq!(word_count(&format!("{text} —")), words, "{text:?}");
        }
        assert_eq!(word_count("橋の上 x"), 3);
    }
}
