//! What `dechaff eval` and `dechaff rules test --corpus` share: filters on documents, and how inputs
//! that failed are reported.

use super::Exit;
use super::terminal::Terminal;
use crate::job::corpus::{Failed, parse_filter};
use anyhow::Result;

/// Number of failed inputs that are named. A corpus of the wrong kind may have millions of them.
const MAX_NAMED_FAILURES: usize = 10;

/// Parses the values of `--where`: names of fields, each with the permitted values.
pub(super) fn parse_filters(filters: &[String]) -> Result<Vec<(String, Vec<String>)>> {
    filters.iter().map(|filter| parse_filter(filter)).collect()
}

/// Prints the errors of failed inputs: the first [`MAX_NAMED_FAILURES`] of them, then the number of
/// the others.
pub(super) fn print_failed(failed: &Failed, terminal: &Terminal) {
    for (path, error) in failed.iter().take(MAX_NAMED_FAILURES) {
        terminal.error(Some(path), error);
    }
    if failed.len() > MAX_NAMED_FAILURES {
        terminal.note(&format!(
            "{} more inputs failed",
            failed.len() - MAX_NAMED_FAILURES
        ));
    }
}

/// Returns the exit code of a run over a corpus: `Exit::Unusable` if inputs failed and there is no
/// result, and `Exit::SomeFailed` if only some inputs failed.
pub(super) fn exit_code(failed: &Failed, has_result: bool) -> Exit {
    match (failed.is_empty(), has_result) {
        (true, _) => Exit::Done,
        (false, true) => Exit::SomeFailed,
        (false, false) => Exit::Unusable,
    }
}
