//! Texts inside records. A record format finds them and says how their characters are spelt in the record's bytes, so that
//! a span of a text can be cut out of these bytes and nothing else is written anew.

use std::borrow::Cow;
use std::ops::Range;

/// How the characters of a text are spelt in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escaping {
    /// As they are.
    Plain,
    /// As in a JSON string, with escapes behind backslashes.
    Json,
    /// As in a quoted CSV field, with quotes doubled.
    Quoted,
}

/// A character that is spelt otherwise than as itself.
struct Escape {
    /// Where it begins.
    at: usize,
    /// How many bytes spell it.
    length: usize,
    /// The character.
    character: char,
}

impl Escaping {
    /// The first escape at or after a place of a well-formed text.
    fn next_escape(self, raw: &[u8], from: usize) -> Option<Escape> {
        match self {
            Self::Plain => None,
            Self::Quoted => {
                let at = from + memchr::memchr(b'"', &raw[from..])?;
                Some(Escape {
                    at,
                    length: 2,
                    character: '"',
                })
            }
            Self::Json => {
                let at = from + memchr::memchr(b'\\', &raw[from..])?;
                let (character, length) = json_escape(&raw[at..]);
                Some(Escape {
                    at,
                    length,
                    character,
                })
            }
        }
    }

    /// The text that is spelt so; borrowed if it has no escapes.
    #[must_use]
    pub fn decode(self, raw: &str) -> Cow<'_, str> {
        let Some(mut escape) = self.next_escape(raw.as_bytes(), 0) else {
            return Cow::Borrowed(raw);
        };
        let (mut text, mut at) = (String::with_capacity(raw.len()), 0);
        loop {
            text.push_str(&raw[at..escape.at]);
            text.push(escape.character);
            at = (escape.at + escape.length).min(raw.len());
            match self.next_escape(raw.as_bytes(), at) {
                Some(next) => escape = next,
                None => break,
            }
        }
        text.push_str(&raw[at..]);
        Cow::Owned(text)
    }

    /// Where ranges of the text, disjoint and in order, are spelt.
    #[must_use]
    pub fn locate(
        self,
        raw: &[u8],
        ranges: impl Iterator<Item = Range<usize>>,
    ) -> Vec<Range<usize>> {
        // Where the walk stands, in the text and in the bytes, and the escape that comes next.
        let (mut text, mut at) = (0, 0);
        let mut escape = self.next_escape(raw, 0);
        let mut find = |wanted: usize| {
            while let Some(next) = &escape
                && text + (next.at - at) < wanted
            {
                text += next.at - at + next.character.len_utf8();
                at = next.at + next.length;
                escape = self.next_escape(raw, at);
            }
            at + (wanted - text)
        };
        ranges
            .map(|range| find(range.start)..find(range.end))
            .collect()
    }
}

/// Reads the escape that begins a text. One half of a surrogate pair without the other, which no text can hold, counts
/// as the replacement character; its bytes stay.
fn json_escape(raw: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let digits = raw.get(at..at + 4)?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    match raw.get(1) {
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'u') => match unit(2) {
            Some(high @ 0xD800..0xDC00) if raw.get(6..8) == Some(b"\\u") => match unit(8) {
                Some(low @ 0xDC00..0xE000) => (
                    char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))
                        .unwrap_or(char::REPLACEMENT_CHARACTER),
                    12,
                ),
                _ => (char::REPLACEMENT_CHARACTER, 6),
            },
            Some(unit) => (
                char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER),
                6,
            ),
            None => (char::REPLACEMENT_CHARACTER, 2),
        },
        // A quote, a backslash or a slash.
        Some(&other) => (other as char, 2),
        None => ('\\', 1),
    }
}

/// A text in a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Field<'r> {
    /// The field's name, where a record has several; else empty.
    pub name: Cow<'r, str>,
    /// The text.
    pub text: Cow<'r, str>,
    /// The bytes of the record that spell it.
    pub raw: Range<usize>,
    /// How they do.
    pub spelling: Escaping,
}

impl<'r> Field<'r> {
    /// A text that is spelt by some bytes of a record.
    #[must_use]
    pub fn new(name: Cow<'r, str>, record: &'r str, raw: Range<usize>, spelling: Escaping) -> Self {
        Self {
            name,
            text: spelling.decode(&record[raw.clone()]),
            raw,
            spelling,
        }
    }

    /// A text that is all there is.
    #[must_use]
    pub fn plain(name: Cow<'r, str>, text: &'r str) -> Self {
        Self {
            name,
            text: Cow::Borrowed(text),
            raw: 0..text.len(),
            spelling: Escaping::Plain,
        }
    }

    /// The bytes of the record that spell ranges of the text, which are disjoint and in order.
    #[must_use]
    pub fn locate(
        &self,
        record: &[u8],
        ranges: impl Iterator<Item = Range<usize>>,
    ) -> Vec<Range<usize>> {
        let shift = |range: Range<usize>| self.raw.start + range.start..self.raw.start + range.end;
        self.spelling
            .locate(&record[self.raw.clone()], ranges)
            .into_iter()
            .map(shift)
            .collect()
    }
}

/// What a record holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextFields<'r> {
    /// Its texts, in the order of their bytes.
    pub fields: Vec<Field<'r>>,
    /// Its id.
    pub id: Option<String>,
    /// The id as it is spelt in JSON, where it is.
    pub id_json: Option<&'r str>,
    /// The address that it came from.
    pub url: Option<String>,
    /// Its language.
    pub language: Option<String>,
}

/// What a record is.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed<'r> {
    /// A record with texts.
    Found(TextFields<'r>),
    /// One without texts that is as it should be, such as a blank line or a line of names.
    Other,
    /// One that should have a text and has none that can be read, and why.
    Damaged(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_of_a_text_is_found_in_its_spelling() {
        let raw = r#"a\n\u00e9\ud834\udd1e"é𝄞\\\"\/\t\ud834x\udd1e"#;
        let text = Escaping::Json.decode(raw);
        assert_eq!(text, "a\né𝄞\"é𝄞\\\"/\t\u{fffd}x\u{fffd}");
        let boundaries: Vec<usize> = text
            .char_indices()
            .map(|(at, _)| at)
            .chain([text.len()])
            .collect();
        for (index, &start) in boundaries.iter().enumerate() {
            for &end in &boundaries[index..] {
                let found = Escaping::Json
                    .locate(raw.as_bytes(), std::iter::once(start..end))
                    .remove(0);
                assert_eq!(
                    Escaping::Json.decode(&raw[found.clone()]),
                    text[start..end],
                    "{start}..{end}"
                );
                let rest = [&raw[..found.start], &raw[found.end..]].concat();
                // Halves of pairs that meet would be a pair; these here stay apart unless what is between them goes.
                if !(text[..start].ends_with('\u{fffd}') && text[end..].starts_with('\u{fffd}')) {
                    assert_eq!(
                        Escaping::Json.decode(&rest),
                        [&text[..start], &text[end..]].concat(),
                        "{start}..{end}"
                    );
                }
            }
        }
    }

    #[test]
    fn quotes_in_quotes_are_one_character() {
        assert_eq!(
            Escaping::Quoted.decode(r#"He said ""no""."#),
            r#"He said "no"."#
        );
        assert_eq!(
            Escaping::Quoted
                .locate(r#"""a""b"#.as_bytes(), std::iter::once(1..3))
                .first(),
            Some(&(2..5))
        );
    }
}
