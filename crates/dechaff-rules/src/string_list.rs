//! An immutable list of strings in one allocation. The built-in rules have ten thousand labels,
//! which are deserialized at every start; a `Vec<String>` would spend most of that time on
//! allocations.

use serde::{Deserialize, Serialize};
use std::ops::Index;

/// An ordered list of strings, which can be collected from an iterator, indexed and iterated.
///
/// ```
/// use dechaff_rules::StringList;
///
/// let labels: StringList = ["Share", "Print", "Más"].into_iter().collect();
/// assert_eq!(labels.len(), 3);
/// assert_eq!(&labels[2], "Más");
/// assert!(labels.iter().any(|label| label == "Print"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StringList {
    /// The UTF-8 of all strings, concatenated. Each is checked when it is used, because most of the
    /// strings of the built-in rules never are.
    #[serde(with = "bytes")]
    text: Vec<u8>,
    /// End offset of each string, in bytes.
    ends: Vec<u32>,
}

impl StringList {
    /// Returns the number of strings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether the list has no strings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the UTF-8 of the string at `index`, which is not checked.
    ///
    /// # Panics
    /// If the list has no such string.
    #[must_use]
    pub fn bytes(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[index] as usize]
    }

    /// Iterates over the strings in order, from either end.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        (0..self.len()).map(|index| &self[index])
    }
}

impl Index<usize> for StringList {
    type Output = str;

    /// Returns the string at `index`.
    ///
    /// # Panics
    /// If the list has no such string. One that was deserialized from invalid UTF-8 is empty.
    fn index(&self, index: usize) -> &str {
        std::str::from_utf8(self.bytes(index)).unwrap_or_default()
    }
}

impl<T: AsRef<str>> FromIterator<T> for StringList {
    fn from_iter<I: IntoIterator<Item = T>>(strings: I) -> Self {
        let mut list = Self::default();
        for string in strings {
            list.text.extend_from_slice(string.as_ref().as_bytes());
            list.ends.push(list.text.len() as u32);
        }
        list
    }
}

/// Serializes bytes as one piece, rather than one by one.
pub(crate) mod bytes {
    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};
    use std::fmt;

    pub(crate) fn serialize<S: Serializer>(text: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(text)
    }

    pub(crate) fn deserialize<'d, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_byte_buf(Bytes)
    }

    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }

        fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
            Ok(bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_returned_as_they_were_added() {
        let list: StringList = ["Share", "", "Más"].into_iter().collect();
        assert_eq!(list.iter().collect::<Vec<_>>(), ["Share", "", "Más"]);
        assert_eq!(&list[2], "Más");
        assert!(StringList::default().is_empty());
    }
}
