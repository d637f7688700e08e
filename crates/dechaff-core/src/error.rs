//! The errors of the library. Every message says what happened, to which input, and what to do
//! about it.

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
        /// Length of the longest text that a document can have, in bytes.
        max: usize,
    },
    /// A pack of rules cannot be used. Contains all problems that were found in it.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A name that was given to switch rules on or off matches no rule.
    #[error("no rule, pack, category or filter is called '{name}'{}", suggest(.nearest.as_deref()))]
    UnknownName {
        /// The name as it was given.
        name: String,
        /// The most similar name that exists, if there is a similar one.
        nearest: Option<String>,
    },
    /// An option has a value outside its range. Contains the message.
    #[error("{0}")]
    Option(String),
    /// The line model cannot be used. Contains the reason.
    #[error(
        "the line model cannot be used: {0}; build dechaff again from clean sources, or train the \
         model with training/run"
    )]
    Model(String),
    /// A removal record does not belong to the text that is to be restored with it. Contains the
    /// reason.
    #[error("cannot restore: {0}")]
    Restore(String),
}

/// Returns the end of the message of [`Error::UnknownName`]: the nearest name, if there is one, and
/// how to list all names.
fn suggest(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || "; `dechaff rules list` shows all".to_owned(),
        |name| format!("; did you mean '{name}'? `dechaff rules list` shows all"),
    )
}
