//! The counts of a site: on how many of its pages each text stands, and where. Counts of parts of a
//! corpus can be added up.

use super::sketch::PageSketch;
use crate::text::{PageTexts, Position};
use rustc_hash::{FxBuildHasher, FxHashMap};

/// Most bytes of a text that are stored for people to read. The key is of the whole text.
const MAX_STORED: usize = 400;

/// Bytes that a counted text takes in memory besides what its vectors and strings hold.
const ENTRY_BYTES: usize = 160;

/// How often a text stands on the pages of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextCounts {
    /// Number of documents that contain the text, copies of a page included.
    pub documents: u64,
    /// The different pages that contain it.
    pub pages: PageSketch,
    /// Number of documents in which it stands before the prose.
    pub head: u64,
    /// Number of documents in which it stands in the prose.
    pub body: u64,
    /// Number of documents in which it stands after the prose.
    pub tail: u64,
    /// The text of one of the pages: the first in the order of bytes. Cut after 400 bytes.
    pub text: Box<str>,
}

impl TextCounts {
    /// Adds the counts of the same text on other documents of the site.
    pub fn merge(&mut self, other: Self) {
        self.documents = self.documents.saturating_add(other.documents);
        self.pages.merge(&other.pages);
        self.head = self.head.saturating_add(other.head);
        self.body = self.body.saturating_add(other.body);
        self.tail = self.tail.saturating_add(other.tail);
        if self.text.is_empty() || (!other.text.is_empty() && other.text < self.text) {
            self.text = other.text;
        }
    }
}

/// The counts of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteCounts {
    /// Number of documents, copies of a page included.
    pub documents: u64,
    /// The different pages.
    pub pages: PageSketch,
    /// The counts of each text, by its key.
    pub texts: FxHashMap<u64, TextCounts>,
}

impl SiteCounts {
    /// Counts the texts of a page, whose text is `source`. A text that stands on the page several
    /// times counts once. Returns by how many bytes the counts have grown, approximately.
    pub fn add(&mut self, page: &PageTexts, source: &str) -> usize {
        self.documents += 1;
        let fingerprint = page.fingerprint(None);
        let mut grown = if self.pages.add(fingerprint) { 8 } else { 0 };
        let texts = page.texts().len();
        let mut seen: FxHashMap<u64, u8> =
            FxHashMap::with_capacity_and_hasher(texts, FxBuildHasher);
        for text in page.counted() {
            let place = 1 << text.position as u8;
            let places = seen.entry(text.key).or_insert(0);
            let (is_first, is_new_place) = (*places == 0, *places & place == 0);
            *places |= place;
            if !is_new_place {
                continue;
            }
            let counts = self.texts.entry(text.key).or_insert_with(|| {
                grown += ENTRY_BYTES;
                TextCounts::default()
            });
            match text.position {
                Position::Head => counts.head += 1,
                Position::Body => counts.body += 1,
                Position::Tail => counts.tail += 1,
            }
            if is_first {
                counts.documents += 1;
                if counts.pages.add(page.fingerprint(Some(text.key))) {
                    grown += 8;
                }
                let shown = shown_text(&source[text.span.range()]);
                if counts.text.is_empty() || *shown < *counts.text {
                    grown = (grown + shown.len()).saturating_sub(counts.text.len());
                    counts.text = shown.into();
                }
            }
        }
        grown
    }

    /// Returns how many bytes of memory the counts take, approximately.
    #[must_use]
    pub fn size(&self) -> usize {
        let texts = self.texts.values();
        let size =
            |text: &TextCounts| ENTRY_BYTES + text.text.len() + 8 * text.pages.hashes().len();
        8 * self.pages.hashes().len() + texts.map(size).sum::<usize>()
    }

    /// Adds the counts of other documents of the site.
    pub fn merge(&mut self, other: Self) {
        self.documents += other.documents;
        self.pages.merge(&other.pages);
        for (key, counts) in other.texts {
            self.texts.entry(key).or_default().merge(counts);
        }
    }
}

/// Returns the beginning of a text, without white space at its ends.
fn shown_text(text: &str) -> &str {
    let text = text.trim();
    text[..text.floor_char_boundary(MAX_STORED)].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Document;

    fn texts() -> Vec<String> {
        (0..30)
            .map(|page| {
                let name = "i".repeat(page % 20 + 1);
                format!(
                    "Home\n\n{page} comments\n\nOn the first day the bridge called {name} was open \
                     to all who came to see it.\n\nIn the village of {name} nobody had heard of it \
                     until then, or so they said.\n\nHome\n"
                )
            })
            .collect()
    }

    fn counts(texts: &[String]) -> SiteCounts {
        let mut counts = SiteCounts::default();
        for text in texts {
            counts.add(&PageTexts::new(&Document::new(text).unwrap()), text);
        }
        counts
    }

    #[test]
    fn copies_count_as_documents_but_not_as_pages() {
        let counts = counts(&texts());
        assert_eq!((counts.documents, counts.pages.count()), (30, 20));
        let home = counts
            .texts
            .values()
            .find(|counts| &*counts.text == "Home")
            .unwrap();
        assert_eq!((home.documents, home.pages.count()), (30, 20));
        assert_eq!((home.head, home.body, home.tail), (30, 0, 30));
        let comments = counts
            .texts
            .values()
            .find(|counts| counts.text.contains("comm"));
        assert_eq!(&*comments.unwrap().text, "0 comments");
    }

    #[test]
    fn the_counts_of_parts_add_up_in_any_order() {
        let texts = texts();
        let whole = counts(&texts);
        let mut sum = counts(&texts[17..]);
        sum.merge(counts(&texts[..5]));
        sum.merge(counts(&texts[5..17]));
        assert_eq!(sum, whole);
    }
}
