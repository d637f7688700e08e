//! The parts of a sentence: those that are the same on every page, and those that vary.

use super::words::WordSet;

/// Maximum number of varying parts in a phrase.
const MAX_GAPS: usize = 3;

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentencePart {
    /// Text that is the same on every page.
    Fixed(String),
    /// Text that differs from page to page.
    Varies {
        text: String,
        /// Number of words.
        words: usize,
        /// Whether the text is a single number.
        number: bool,
    },
}

impl SentencePart {
    pub fn fixed(&self) -> Option<&str> {
        match self {
            Self::Fixed(text) => Some(text),
            Self::Varies { .. } => None,
        }
    }

    pub fn varying(&self) -> Option<&str> {
        match self {
            Self::Fixed(_) => None,
            Self::Varies { text, .. } => Some(text),
        }
    }

    /// Returns the part in the phrase language. The gap for a varying part may have up to two words
    /// more than the part has, since other names are longer.
    pub fn to_phrase(&self) -> String {
        match self {
            Self::Fixed(text) => text.to_lowercase(),
            Self::Varies { number: true, .. } => "{#}".to_owned(),
            Self::Varies { words, .. } => format!("{{1..{}}}", words + 2),
        }
    }
}

/// Splits a sentence into fixed and varying parts, which alternate. Varying are numbers, addresses,
/// words with brackets, and capitalized words that are unknown to the rules and do not begin a
/// sentence. Of more than [`MAX_GAPS`] varying parts the shortest become fixed.
pub fn split_sentence(sentence: &str, words: &WordSet) -> Vec<SentencePart> {
    let tokens: Vec<&str> = sentence.split_whitespace().collect();
    // In a heading most words are capitalized, so that capitals do not indicate names.
    let is_heading = tokens.len() > 3
        && tokens.iter().filter(|token| is_capitalized(token)).count() * 2 > tokens.len();
    let mut parts: Vec<SentencePart> = Vec::new();
    let mut starts_sentence = true;
    for token in tokens {
        let bare = token.trim_matches(|c: char| !c.is_alphanumeric());
        let has_digits = bare.contains(|c: char| c.is_ascii_digit());
        let is_number = has_digits && bare.chars().all(|c| c.is_ascii_digit());
        let is_address = bare.contains('@') || bare.contains("://") || bare.starts_with("www.");
        let is_known = words.contains(bare);
        let is_name = is_capitalized(token) && !starts_sentence && !is_heading && !is_known;
        // These characters have a meaning in the phrase language.
        let is_special = token.contains(['(', ')', '[', ']', '{', '}', '|']);
        starts_sentence = token.ends_with(['.', '!', '?', ':']);
        if is_number || is_address || is_name || is_special || (has_digits && !is_known) {
            append_varying(&mut parts, token, is_number && bare == token);
        } else if let Some(SentencePart::Fixed(text)) = parts.last_mut() {
            *text = format!("{text} {token}");
        } else {
            parts.push(SentencePart::Fixed(token.to_owned()));
        }
    }
    while parts.iter().filter_map(SentencePart::varying).count() > MAX_GAPS {
        let shortest = parts
            .iter()
            .enumerate()
            .filter_map(|(at, part)| part.varying().map(|text| (text.len(), at)))
            .min();
        let Some((_, at)) = shortest else { break };
        let text = parts[at].varying().unwrap_or_default().to_owned();
        parts[at] = SentencePart::Fixed(text);
    }
    parts
}

/// Appends a token that varies, to the last part if that varies too. An address counts as several
/// words: its runs of letters and digits.
fn append_varying(parts: &mut Vec<SentencePart>, token: &str, is_number: bool) {
    let count = token
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .count()
        .max(1);
    if let Some(SentencePart::Varies {
        text,
        words,
        number,
    }) = parts.last_mut()
    {
        *text = format!("{text} {token}");
        *words += count;
        *number = false;
    } else {
        parts.push(SentencePart::Varies {
            text: token.to_owned(),
            words: count,
            number: is_number,
        });
    }
}

/// Returns whether the first letter or digit of a token is an upper-case letter.
fn is_capitalized(token: &str) -> bool {
    token
        .trim_start_matches(|c: char| !c.is_alphanumeric())
        .starts_with(char::is_uppercase)
}
