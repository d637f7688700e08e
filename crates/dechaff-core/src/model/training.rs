//! What training a line model needs from the engine: the features of a document, computed by the
//! same code that cleaning uses. See `crates/dechaff-train`.

pub use super::features::{FeatureRow, NAMES as FEATURE_NAMES, empty_row};
pub use super::page::PageFeatures;
pub use super::words::WordTable;

use super::line_model::built_in_hits;
use crate::filter::MatchFilter;
use crate::mark::Marks;
use crate::search::SearchBuffers;
use crate::text::{Document, TextLines, View};

/// Version of the meaning of the features. A model names the version that it was trained on.
pub const FEATURE_VERSION: u16 = super::FEATURE_VERSION;

/// Computes the features of documents. Keep one per thread: it reuses its buffers.
#[derive(Debug)]
pub struct FeatureReader {
    hit_filter: MatchFilter,
    search: SearchBuffers,
    page: PageFeatures,
}

impl Default for FeatureReader {
    fn default() -> Self {
        let (search, page) = Default::default();
        Self {
            hit_filter: built_in_hits(),
            search,
            page,
        }
    }
}

impl FeatureReader {
    /// Computes the features of all blocks of a document, and the hashes of their n-grams. The
    /// weights of words come from the table `words`; without a table they are zero, which is how
    /// the n-grams are collected that a table is fitted on. The result borrows the buffers of the
    /// reader.
    ///
    /// ```
    /// use dechaff_core::Document;
    /// use dechaff_core::model::training::FeatureReader;
    ///
    /// let document = Document::new("It rained.\nShare this article\n")?;
    /// let mut reader = FeatureReader::default();
    /// assert_eq!(reader.read(&document, None).len(), 2);
    /// # Ok::<(), dechaff_core::Error>(())
    /// ```
    pub fn read(&mut self, document: &Document<'_>, words: Option<&WordTable>) -> &PageFeatures {
        let lines = TextLines::new(document, Vec::new());
        let view = View::new(&lines);
        self.search.normalized.clear();
        let hits = self
            .hit_filter
            .mark(&view, &mut Marks::default(), &mut self.search);
        let lines = 0..view.line_count();
        let normalized = &mut self.search.normalized;
        self.page.read(&view, lines, &hits, words, true, normalized);
        &self.page
    }
}
