//! The engine of [dechaff](https://crates.io/crates/dechaff), which strips the boilerplate that web
//! scraping leaves in text that has *already been extracted* from HTML, and accounts for every
//! byte.
//!
//! A [`Cleaner`] is compiled once from a [`RuleSet`] and shared by all threads. It cleans a
//! [`Document`], which borrows its text, and returns a [`Cleaned`]: the text that is kept, and the
//! [`Removal`]s, each with the rules that removed it. Nothing is rewritten: kept and removed spans
//! partition the source, and [`restore`] puts them together again. If a document contains nothing
//! to remove, its text is returned without copying it.
//!
//! ```
//! use dechaff_core::{Cleaner, Document, Scratch};
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
//! # Ok::<(), dechaff_core::Error>(())
//! ```
//!
//! Other entry points: [`Cleaned::offset_map`] maps offsets of the cleaned text to those of the
//! source and back, [`Cleaner::explain`] returns every mark and score behind a result,
//! [`learn`] finds what sites repeat on their pages, so that it can be removed,
//! [`verify`] runs the examples that rules carry and measures rules on labelled texts, and
//! [`model::training`] computes what the line model is trained on.
//!
//! The crate touches no file, thread, clock, terminal or environment. Most users depend on the
//! crate `dechaff`, which re-exports it.

pub mod audit;
mod built_in;
mod cleaner;
mod error;
mod filter;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod learn;
mod mark;
pub mod model;
mod rules;
mod search;
mod steps;
mod text;
pub mod verdict;
pub mod verify;

pub use built_in::lint_built_in;
pub use cleaner::{
    Builder, Cleaned, Cleaner, Explanation, OffsetMap, Outcome, Removal, Scratch, Veto, restore,
};
pub use dechaff_rules::language;
pub use dechaff_rules::rule::{
    Category, Confidence, Cue, Effect, Examples, FilterName, LanguageFit, Level, Matcher, Near,
    Rule, RuleId, Zone,
};
pub use dechaff_rules::{CompiledRules, PackError, Problem, StringList};
pub use error::Error;
pub use mark::{Mark, Score};
pub use rules::RuleSet;
pub use text::{Document, Span};
pub use verdict::{DocumentKind, Verdict, verdict_file};
