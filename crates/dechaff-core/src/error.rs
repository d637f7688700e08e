//! What can go wrong in the library. Every message says what happened, to which input, and what to do about it.

use dechaff_rules::PackError;

/// An error of the library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text is longer than spans can address.
    #[error("the text has {bytes} bytes, more than the {max} that a document can have; split it")]
    TooLong {
        /// Length of the text in bytes.
        bytes: usize,
        /// The longest text that a document can have, in bytes.
        max: usize,
    },
    /// A pack of rules is broken: all that was found wrong with it.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A name given to switch rules on or off means nothing.
    #[error("no rule, pack, category or filter is called '{name}'{}", suggest(.nearest.as_deref()))]
    UnknownName {
        /// The name as given.
        name: String,
        /// The nearest name that exists, if one is near.
        nearest: Option<String>,
    },
    /// An option has a value outside its range.
    #[error("{0}")]
    Option(String),
    /// A line model cannot be used.
    #[error(
        "the line model cannot be used: {0}; build dechaff again from clean sources, or train the model (training/README.md)"
    )]
    Model(String),
    /// A removal record does not fit the text that it should restore.
    #[error("cannot restore: {0}")]
    Restore(String),
}

fn suggest(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || "; `dechaff rules list` shows all".to_owned(),
        |name| format!("; did you mean '{name}'? `dechaff rules list` shows all"),
    )
}
