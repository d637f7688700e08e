//! What a site repeats: texts that stand on several of its pages, such as slogans, promotions,
//! section names and author boxes. [`Learner`] counts them, [`LearnedSite`] has the counts of a
//! site, and [`Evidence`] says how many pages are enough.
//!
//! ```text
//! page ─► PageTexts: keys, places ─► SiteCounts ─┬─► LearnedSite ─► filter `site`
//! page ─► …                                      │
//! SiteCounts of another part of the corpus ──────┘
//! ```
//!
//! Counts can be added up in any order, so the result depends neither on the order of pages nor on
//! how a corpus is divided.

mod counts;
mod evidence;
mod learned;
mod sketch;

pub use crate::text::{KEY_VERSION, PageText, PageTexts, Position};
pub use counts::{SiteCounts, TextCounts};
pub use evidence::Evidence;
pub use learned::{Learned, LearnedSite, LearnedText, Learner, Sites};
pub use sketch::PageSketch;
