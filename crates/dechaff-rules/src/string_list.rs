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
    /// All strings, concatenated.
    text: String,
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
    /// If the list has no such string.
    fn index(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[index] as usize]
    }
}

impl<T: AsRef<str>> FromIterator<T> for StringList {
    fn from_iter<I: IntoIterator<Item = T>>(strings: I) -> Self {
        let mut list = Self::default();
        for string in strings {
            list.text.push_str(string.as_ref());
            list.ends.push(list.text.len() as u32);
        }
        list
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
