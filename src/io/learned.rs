//! Files of what was learned of sites. `docs/learn.md` defines their format.
//!
//! ```text
//! header │ sites, by name: head, texts by key, in frames │ index, in frames │ top of it │ footer
//! ```
//!
//! A frame is a zstd frame with a checksum behind its length, so every byte between header and
//! footer is checked when it is read. The end of the file leads to the top of the index, which
//! names the first site of each of its frames. One site is therefore found with three reads,
//! however many sites there are.

mod merge;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use merge::merge_learned;
pub use read::{LearnedFile, StoredSite};
pub use write::LearnedWriter;

use dechaff_core::learn::{PageSketch, TextCounts};
use serde::{Deserialize, Serialize};

/// The first bytes of a file.
const MAGIC: &[u8; 8] = b"dechaffL";
/// The last bytes of a file.
const END_MAGIC: &[u8; 8] = b"dechaffE";
/// Version of the format.
const VERSION: u32 = 1;
/// Length of the header: magic, version of the format, version of the keys.
const HEADER_LEN: usize = 16;
/// Length of the footer: offset of the top of the index, length of the file, magic.
const FOOTER_LEN: usize = 24;
/// Bytes of a frame after which the next one is begun.
const FRAME_SIZE: usize = 64 << 10;
/// Sites of one frame of the index.
const SITES_PER_FRAME: usize = 256;
/// Largest frame that is read, decompressed. No frame is that large unless the file is damaged.
const MAX_FRAME: usize = 1 << 30;

/// Different pages, as they are stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StoredPages {
    /// Their number.
    Count(u64),
    /// The hashes of their sketch, in a part that is to be merged with others.
    Sketch(Vec<u64>),
}

impl StoredPages {
    /// Returns the form in which pages are stored: with `keeps_all` their sketch, which can be
    /// merged, or else their number.
    #[must_use]
    pub fn new(pages: &PageSketch, keeps_all: bool) -> Self {
        if keeps_all {
            Self::Sketch(pages.hashes().to_vec())
        } else {
            Self::Count(pages.count())
        }
    }

    /// Returns the number of pages.
    #[must_use]
    pub fn count(&self) -> u64 {
        match self {
            Self::Count(count) => *count,
            Self::Sketch(_) => self.sketch().count(),
        }
    }

    /// Returns the sketch of the pages; an empty one if only their number is stored.
    fn sketch(&self) -> PageSketch {
        match self {
            Self::Count(_) => PageSketch::default(),
            Self::Sketch(hashes) => PageSketch::from_hashes(hashes.clone()),
        }
    }
}

/// What is known of a site as a whole: its first frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredHead {
    /// Name of the site.
    pub name: String,
    /// Number of documents.
    pub documents: u64,
    /// Different pages.
    pub pages: StoredPages,
}

/// A text of a site. The other frames of a site are lists of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredText {
    /// Key of the text.
    pub key: u64,
    /// Number of documents with the text.
    pub documents: u64,
    /// Different pages with the text.
    pub pages: StoredPages,
    /// Number of documents that have it before their prose.
    pub head: u64,
    /// Number of documents that have it in their prose.
    pub body: u64,
    /// Number of documents that have it after their prose.
    pub tail: u64,
    /// The text, cut if it is long.
    pub text: String,
}

impl StoredText {
    /// Returns the form in which a text with these counts is stored; `keeps_all` is as for
    /// [`StoredPages::new`].
    #[must_use]
    pub fn new(key: u64, counts: TextCounts, keeps_all: bool) -> Self {
        Self {
            key,
            documents: counts.documents,
            pages: StoredPages::new(&counts.pages, keeps_all),
            head: counts.head,
            body: counts.body,
            tail: counts.tail,
            text: counts.text.into(),
        }
    }
}

/// A site in the index.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct IndexEntry {
    name: String,
    /// Where its frames are.
    offset: u64,
    length: u64,
}

/// The top of the index.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Top {
    /// Whether the file is a part, which has every text and can be merged with other parts.
    is_part: bool,
    sites: u64,
    documents: u64,
    texts: u64,
    /// For each frame of the index the name of its first site, and where the frame is.
    frames: Vec<(String, u64)>,
}
