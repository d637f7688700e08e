//! A value of a pack that is a string or a list of strings, with the positions of the strings.

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::ops::Range;
use toml::Spanned;

/// A string or a list of strings, each with its position in the source. The position of a single
/// string is empty here: serde reports only that of the whole value.
pub(super) struct OneOrMany(pub(super) Vec<Spanned<String>>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrManyVisitor;
        impl<'de> Visitor<'de> for OneOrManyVisitor {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![Spanned::new(0..0, text.to_owned())]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany(texts))
            }
        }
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

/// Iterates over the strings of a value, each with its position in the source. A single string has
/// the position of the value.
pub(super) fn texts(value: &Spanned<OneOrMany>) -> impl Iterator<Item = (&String, Range<usize>)> {
    value.get_ref().0.iter().map(|text| {
        let span = if text.span().is_empty() {
            value.span()
        } else {
            text.span()
        };
        (text.get_ref(), span)
    })
}
