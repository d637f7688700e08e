//! What is kept of a cleaned text once the text itself is gone, and the offsets and objects that
//! Python expects. `cleaner`, `explain` and `arrow` build their results from these.

use dechaff::{Cleaned, Outcome, Removal, RuleSet, Verdict};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyType};

/// The result of a scan, without references to the source.
pub struct Scanned {
    /// The cleaned text, or `None` if nothing was removed.
    pub text: Option<String>,
    /// The removed spans, disjoint and in order; empty if the text is held.
    pub removals: Vec<Removal>,
    /// Whether the text is held, because it would lose more than `max_removed`.
    pub held: bool,
    /// The share of the bytes that was removed, or would have been removed if the text is held.
    pub share: f64,
    /// The verdict on the text, if the cleaner gives one.
    pub verdict: Option<Verdict>,
}

/// Returns the cleaned text, or `None` if nothing was removed. Then the caller can return the
/// object that it received instead of copying the source.
pub fn changed(cleaned: &Cleaned<'_>) -> Option<String> {
    (cleaned.outcome() == Outcome::Changed).then(|| cleaned.text().into_owned())
}

/// Returns the text with its removals.
pub fn scanned(cleaned: &Cleaned<'_>) -> Scanned {
    Scanned {
        text: changed(cleaned),
        removals: cleaned.removals().to_vec(),
        held: matches!(cleaned.outcome(), Outcome::Held { .. }),
        share: cleaned.share(),
        verdict: cleaned.verdict(),
    }
}

/// Converts a verdict to an instance of the Python class `Verdict`.
pub fn verdict(py: Python<'_>, verdict: Verdict) -> PyResult<Bound<'_, PyAny>> {
    static VERDICT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    VERDICT.import(py, "dechaff._result", "Verdict")?.call1((
        verdict.kind.name(),
        verdict.removed_share,
        verdict.almost_removed_share,
        verdict.risk,
        verdict.held,
    ))
}

/// Converts removals of `source` to instances of the Python class `Removal`.
pub fn removals<'py>(
    py: Python<'py>,
    rules: &RuleSet,
    source: &str,
    removals: &[Removal],
) -> PyResult<Bound<'py, PyTuple>> {
    static REMOVAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = REMOVAL.import(py, "dechaff._result", "Removal")?;
    let points = CodePoints::new(source, removals);
    let objects = removals.iter().zip(points).map(|(removal, (start, end))| {
        let rule = rules.get(removal.rule);
        let also = PyTuple::new(py, removal.also.iter().map(|&id| &rules.get(id).name))?;
        class.call1((
            start,
            end,
            removal.span.start(),
            removal.span.end(),
            &rule.name,
            also,
            rule.category.name(),
            rule.confidence.name(),
            f64::from(removal.score.thousandths()) / 1000.0,
            &source[removal.span.range()],
        ))
    });
    PyTuple::new(py, objects.collect::<PyResult<Vec<_>>>()?)
}

/// An iterator over the start and the end of each removal in code points, in which Python counts.
/// Reads the source only once, so that it takes linear time.
pub struct CodePoints<'s> {
    source: &'s str,
    removals: std::slice::Iter<'s, Removal>,
    /// The end of the last removal, in bytes and in code points.
    last: (usize, usize),
}

impl<'s> CodePoints<'s> {
    /// Creates the iterator for `removals`, which must be disjoint, in order and on character
    /// boundaries of `source`, as those of a `Cleaned` are.
    pub fn new(source: &'s str, removals: &'s [Removal]) -> Self {
        Self {
            source,
            removals: removals.iter(),
            last: (0, 0),
        }
    }
}

impl Iterator for CodePoints<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let span = self.removals.next()?.span;
        let start = self.last.1 + self.source[self.last.0..span.start()].chars().count();
        let end = start + self.source[span.range()].chars().count();
        self.last = (span.end(), end);
        Some((start, end))
    }
}
