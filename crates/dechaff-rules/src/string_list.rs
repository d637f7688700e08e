//! Lists of texts that are read more often than they are changed, each list in one piece: ten thousand labels are unpacked
//! at each start, and a string of its own for each would take most of that time.

use serde::{Deserialize, Serialize};
use std::ops::Index;

/// A list of texts, in order.
///
/// ```
/// let rules = dechaff::RuleSet::built_in();
/// let rule = rules.get(rules.find("video/html5-upgrade").expect("the rule exists"));
/// assert!(rule.examples.remove.len() >= 2);
/// assert!(rule.examples.remove.iter().all(|text| !text.is_empty()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StringList {
    all: String,
    /// Where each text ends.
    ends: Vec<u32>,
}

impl StringList {
    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The texts, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        (0..self.len()).map(|index| &self[index])
    }
}

impl Index<usize> for StringList {
    type Output = str;

    fn index(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[start as usize..self.ends[index] as usize]
    }
}

impl<T: AsRef<str>> FromIterator<T> for StringList {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut list = Self::default();
        for text in texts {
            list.all.push_str(text.as_ref());
            list.ends.push(list.all.len() as u32);
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_went_in() {
        let texts: StringList = ["Share", "", "Más"].into_iter().collect();
        assert_eq!(texts.iter().collect::<Vec<_>>(), ["Share", "", "Más"]);
        assert_eq!(&texts[2], "Más");
        assert!(StringList::default().is_empty());
    }
}
