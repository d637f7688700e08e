//! Columns that a run adds to tables and to the rows of CSV, behind those that they have.

use std::fmt;

/// A column that a run adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewColumn {
    /// Its name.
    pub name: String,
    /// The kind of its values.
    pub kind: ColumnKind,
}

/// The kind of the values of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Strings.
    Text,
    /// Floating-point numbers.
    Number,
    /// True or false.
    Flag,
}

/// A value of a new column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// A string.
    Text(&'static str),
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            // A share of 1 is a number with a fraction, as in JSON.
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Flag(flag) => write!(f, "{flag}"),
        }
    }
}
