//! dechaff strips the boilerplate that scraping leaves in *already extracted* text, and accounts for every byte.
//!
//! A [`Cleaner`] is compiled once from a [`RuleSet`] and shared by all threads. It takes a [`Document`], which borrows
//! its text, and gives a [`Cleaned`]: the text that is kept, and the [`Removal`]s, each with the rules that took it.
//! Nothing is ever rewritten: what is kept and what is removed partition the source, and [`restore`] puts it together
//! again. A document in which nothing is found comes back borrowed.
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
//! The feature `cli`, on by default, adds the command and what it needs: files, threads and the terminal. Without it
//! the library touches none of them.

mod automaton;
mod built_in;
mod cleaner;
#[cfg(feature = "cli")]
pub mod cli;
mod document;
mod error;
mod expression;
mod filter;
mod fold;
mod guess;
#[cfg(feature = "cli")]
mod io;
#[cfg(feature = "cli")]
mod job;
mod language;
mod mark;
mod model;
mod pack;
mod phrase;
mod prepare;
mod rarity;
#[cfg(feature = "cli")]
mod report;
mod rule;
mod span;
mod texts;
pub mod verify;
mod view;

pub use built_in::lint_built_in;
pub use cleaner::{Builder, Cleaned, Cleaner, Outcome, Removal, Veto, restore};
pub use document::Document;
pub use error::{Error, Problem};
pub use filter::{Filter, Scratch, Stage};
pub use mark::{Mark, Marks, Score};
pub use pack::RuleSet;
pub use rule::{
    Category, Confidence, Cue, Effect, Examples, FilterName, Level, Matcher, Near, Rule, RuleId,
    Zone,
};
pub use span::Span;
pub use view::View;

use std::borrow::Cow;
use std::sync::OnceLock;

/// Cleans a text with the built-in rules at the default level. The rules are compiled on the first call.
///
/// ```
/// assert_eq!(dechaff::clean("It rained.\nShare this article\nIt stopped.\n"), "It rained.\nIt stopped.\n");
/// ```
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    static CLEANER: OnceLock<Option<Cleaner>> = OnceLock::new();
    let cleaner = CLEANER.get_or_init(|| Cleaner::builder().build().ok());
    cleaner
        .as_ref()
        .map_or(Cow::Borrowed(text), |cleaner| cleaner.clean_text(text))
}
