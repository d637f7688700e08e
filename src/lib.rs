//! dechaff strips the boilerplate that scraping leaves in *already extracted* text, and accounts
//! for every byte.
//!
//! A [`Cleaner`] is compiled once from a [`RuleSet`] and shared by all threads. It cleans a
//! [`Document`], which borrows its text, and returns a [`Cleaned`]: the text that is kept, and the
//! [`Removal`]s, each with the rules that removed it. Nothing is rewritten: what is kept and what
//! is removed partition the source, and [`restore`] puts them together again. If nothing is found
//! in a document, its text comes back borrowed.
//!
//! ```
//! use dechaff::{Cleaner, Document, Scratch};
//!
//! let cleaner = Cleaner::builder().build()?;
//! let text = "The bridge opens on Monday.\n\nAdvertisement\n\nIt cost four million.\n";
//! let document = Document::new(text)?;
//! let cleaned = cleaner.clean(&document, &mut Scratch::default());
//!
//! assert_eq!(cleaned.text(), "The bridge opens on Monday.\n\nIt cost four million.\n");
//! let removal = &cleaned.removals()[0];
//! assert_eq!(&text[removal.span.range()], "Advertisement\n");
//! assert_eq!(cleaner.rules().get(removal.rule).category.name(), "advert");
//! # Ok::<(), dechaff::Error>(())
//! ```
//!
//! For a text of which nothing else is known, [`clean`] does all of that in one call.
//!
//! The library is the crate `dechaff-core`, re-exported. The features `cli` and `parquet`, on by
//! default, add the command and what it needs: files, threads and the terminal. Without them the
//! library touches none of these.

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(any(all(test, feature = "cli", feature = "parquet"), feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "cli")]
mod io;
#[cfg(feature = "cli")]
mod job;
#[cfg(feature = "cli")]
mod report;

/// The command for programs that pass a cleaner and streams of their own, for the Python package.
/// Not part of the library's interface.
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod embedded {
    pub use crate::cli::embedded::{Problems, Stream, clean_stream, write_report};
}

/// Files of what was learned, for the Python package. Not part of the library's interface.
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod learned_files {
    pub use crate::io::LearnedFile;
    pub use crate::job::learn::Learning;
    pub use crate::job::learned::{LearnedMerger, learned_from_bytes, save_learned, split_learned};
    pub use crate::report::{LearnedLine, learned_lines};
}

pub use dechaff_core::*;

use std::borrow::Cow;
use std::sync::OnceLock;

/// Cleans a text with the built-in rules at the default level. The rules are compiled on the first
/// call, and kept for the life of the process.
///
/// ```
/// let cleaned = dechaff::clean("It rained.\nShare this article\nIt stopped.\n");
/// assert_eq!(cleaned, "It rained.\nIt stopped.\n");
/// ```
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    static CLEANER: OnceLock<Option<Cleaner>> = OnceLock::new();
    let cleaner = CLEANER.get_or_init(|| Cleaner::builder().build().ok());
    cleaner
        .as_ref()
        .map_or(Cow::Borrowed(text), |cleaner| cleaner.clean_text(text))
}
