//! What can go wrong in the library. Every message says what happened, to which input, and what to do about it.

use std::fmt;

/// An error of the library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text is longer than spans can address.
    #[error(
        "the text has {bytes} bytes, more than the {} that a document can have; split it",
        crate::Span::MAX_TEXT
    )]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A pack of rules is broken: all that was found wrong with it.
    #[error("{}", join(.0))]
    Pack(Vec<Problem>),
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

/// One thing that is wrong with a pack, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The pack's file, or another name for where it came from.
    pub origin: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in code points, counted from 1.
    pub column: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.origin, self.line, self.column, self.message
        )
    }
}

fn join(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}

fn suggest(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || "; `dechaff rules list` shows all".to_owned(),
        |name| format!("; did you mean '{name}'? `dechaff rules list` shows all"),
    )
}
