//! The documents of a run that lost most text, for its summary and its statistics. Only a few are
//! kept, and which ones depends on what was removed and on names alone, so that parts of a run may
//! be added up in any order.

use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// Number of documents that are kept.
const MAX_LOSSES: usize = 3;

/// A document that lost text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// Path of the input. Empty in the counts of a single input, which know no path.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub path: String,
    /// Number of the record, if the input has several.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record: Option<u64>,
    /// Field that holds the text, if the record has fields.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// Bytes that were removed.
    pub removed: u64,
    /// Bytes of the document.
    pub bytes: u64,
}

/// The documents that lost most bytes, the one with the largest loss first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Losses(Vec<Loss>);

impl Losses {
    /// Returns whether no document lost anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Iterates over the documents, the one with the largest loss first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Loss> {
        self.0.iter()
    }

    /// Adds a text of a record that lost `removed` of its `bytes`, if it is one of the largest
    /// losses.
    pub fn add_record(&mut self, record: u64, field: Option<&str>, removed: u64, bytes: u64) {
        let is_full = self.0.len() == MAX_LOSSES;
        if removed == 0 || is_full && self.0.last().is_some_and(|last| last.removed > removed) {
            return;
        }
        self.add(Loss {
            record: Some(record),
            field: field.map(str::to_owned),
            removed,
            bytes,
            ..Loss::default()
        });
    }

    /// Adds a document, if it is one of the largest losses.
    pub fn add(&mut self, loss: Loss) {
        if loss.removed > 0 {
            let at = self.0.partition_point(|other| rank(other) <= rank(&loss));
            self.0.insert(at, loss);
            self.0.truncate(MAX_LOSSES);
        }
    }
}

/// Returns the key by which documents are sorted. Equal losses are sorted by name.
fn rank(loss: &Loss) -> (Reverse<u64>, &str, Option<u64>, Option<&str>) {
    let field = loss.field.as_deref();
    (Reverse(loss.removed), &loss.path, loss.record, field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_losses_are_kept_in_any_order() {
        let sizes = [5, 9, 0, 7, 9, 1];
        let (mut forward, mut backward) = (Losses::default(), Losses::default());
        for (number, &removed) in (1..).zip(&sizes) {
            forward.add_record(number, Some("text"), removed, 10);
        }
        for (number, &removed) in (1..).zip(&sizes).collect::<Vec<_>>().into_iter().rev() {
            backward.add_record(number, Some("text"), removed, 10);
        }
        assert_eq!(forward, backward);
        let kept: Vec<_> = forward.iter().map(|it| (it.record, it.removed)).collect();
        assert_eq!(kept, [(Some(2), 9), (Some(5), 9), (Some(4), 7)]);
    }
}
