//! shim
mod cleaner {
    pub use dechaff_core::{Builder, Cleaned, Cleaner, Outcome, Removal, Veto, restore};
}
mod document {
    pub use dechaff_core::Document;
}
mod error {
    pub use dechaff_core::{Error, Problem};
}
mod filter {
    pub use dechaff_core::Scratch;
}
mod mark {
    pub use dechaff_core::model::{Decision, FeatureWeight as Weight, LineScore};
    pub use dechaff_core::{Mark, Score};
}
mod pack {
    pub use dechaff_core::RuleSet;
}
mod rule {
    pub use dechaff_core::{
        Category, Confidence, Cue, Effect, Examples, FilterName, Level, Matcher, Near, Rule,
        RuleId, Zone,
    };
}
mod span {
    pub use dechaff_core::Span;
}
mod texts {
    pub use dechaff_core::StringList;
}
mod built_in {
    pub use dechaff_core::lint_built_in;
}

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
mod io;
#[cfg(feature = "cli")]
mod job;
#[cfg(feature = "cli")]
mod report;

pub use dechaff_core::*;

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
