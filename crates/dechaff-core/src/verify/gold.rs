//! Agreement of a text with the main text of its page, as bags of words. Unlike labels of lines, it
//! also counts what an extractor lost before dechaff saw the text.

use dechaff_rules::chars::{is_spaceless, is_word};
use rustc_hash::FxHashMap;

/// Returns the F1 of the words of `text` against those of `gold`, from 0 to 1. A word is a run of
/// letters and digits, without regard to case, or a character of a script without spaces. A word
/// that both have several times counts as often as the one with fewer of them has it. Two texts
/// without words agree.
///
/// ```
/// use dechaff_core::verify::word_f1;
/// // Two of three words are in the main text, and all of its words were found.
/// assert!((word_f1("It rained. Share", "It RAINED") - 0.8).abs() < 1e-9);
/// ```
#[must_use]
pub fn word_f1(text: &str, gold: &str) -> f64 {
    let mut expected: FxHashMap<String, u64> = FxHashMap::default();
    let mut gold_words = 0;
    for_each_word(gold, |word| {
        gold_words += 1;
        *expected.entry(word).or_default() += 1;
    });
    let (mut words, mut found) = (0u64, 0u64);
    for_each_word(text, |word| {
        words += 1;
        if let Some(count) = expected.get_mut(&word).filter(|count| **count > 0) {
            *count -= 1;
            found += 1;
        }
    });
    if words + gold_words == 0 {
        return 1.0;
    }
    2.0 * found as f64 / (words + gold_words) as f64
}

/// Calls `each` with every word of `text` in lower case.
fn for_each_word(text: &str, mut each: impl FnMut(String)) {
    let mut word = String::new();
    for c in text.chars() {
        if is_word(c) && !is_spaceless(c) {
            word.extend(c.to_lowercase());
            continue;
        }
        if !word.is_empty() {
            each(std::mem::take(&mut word));
        }
        if is_spaceless(c) {
            each(c.to_string());
        }
    }
    if !word.is_empty() {
        each(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_is_between_none_and_all() {
        for (text, gold, expected) in [
            ("", "", "1.000"),
            ("It rained.", "it RAINED", "1.000"),
            ("Share", "It rained.", "0.000"),
            ("it it it", "it", "0.500"),
            ("橋が", "橋が開く", "0.667"),
        ] {
            assert_eq!(format!("{:.3}", word_f1(text, gold)), expected, "{text}");
        }
    }
}
