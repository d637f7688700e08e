//! A site for the examples of rules that remove what sites repeat: a few pages that have the same
//! lines around different texts. Each example counts as another page of it.

use crate::error::Error;
use crate::learn::{Learned, Learner};

/// The name of the site.
pub(super) const NAME: &str = "example.org";

/// What the texts of the pages are about.
const SUBJECTS: [&str; 10] = [
    "bridge", "tunnel", "ferry", "station", "harbour", "library", "market", "school", "tower",
    "mill",
];

/// Learns what the pages of the site repeat.
///
/// # Errors
/// None in practice: the pages are short enough for documents.
pub(super) fn learn() -> Result<Learned, Error> {
    let mut learner = Learner::default();
    for subject in SUBJECTS {
        learner.add(
            NAME,
            &format!(
                "From the valley\n\
                 The {subject} opens on Monday, and it cost the town four million.\n\
                 Nobody had thought that the old {subject} could be used for so long.\n\
                 People who live near the {subject} are glad that the work is over.\n\
                 Letters of the week\n\
                 Stones and sheep\n\
                 Read on in our valley\n\
                 A walk to the {subject}\n\
                 Built by hand since 1872\n\
                 We are a small paper for all who live in the valley, and we print what they \
                 tell us.\n"
            ),
        )?;
    }
    Ok(learner.finish())
}
