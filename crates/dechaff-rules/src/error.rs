//! Errors in packs. Every message says where the problem is and what to write instead.

use std::fmt;

/// A pack cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(problems))]
pub struct PackError {
    /// Everything that is wrong with the pack; at least one problem.
    pub problems: Vec<Problem>,
}

impl From<Problem> for PackError {
    fn from(problem: Problem) -> Self {
        Self {
            problems: vec![problem],
        }
    }
}

/// One problem of a pack, with its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The pack's path, or another name for its source.
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

/// Joins problems, one per line, in the order in which they occur in the pack. Each starts with
/// `origin:line:column:`, which editors and terminals turn into a link.
fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}
