//! The map of a run (`--map`): JSON Lines with one line for each cleaned document, which says what
//! of its text is kept and what share the rules would remove. With it, offsets in the cleaned text
//! become offsets in the source, and the reverse.
//!
//! ```text
//! {"path":"a.jsonl","record":3,"field":"text","share":0.5,
//!  "code_points":{"length":8,"kept":[[0,4]]},"bytes":{"length":8,"kept":[[0,4]]}}
//! ```

use super::records::Origin;
use super::verdicts::VerdictObject;
use anyhow::Result;
use dechaff_core::{Cleaned, Outcome};
use serde::Serialize;
use std::ops::Range;

/// The line of one document.
#[derive(Clone, Debug, Serialize)]
pub struct MapLine {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<u64>,
    /// Share of the bytes that the rules would remove, from 0 to 1.
    share: f64,
    /// Whether that is more than the cleaner may remove.
    #[serde(skip_serializing_if = "is_false")]
    held: bool,
    /// The verdict, if the cleaner gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<VerdictObject>,
    code_points: Kept,
    bytes: Kept,
}

/// What is kept of a text, in one unit.
#[derive(Clone, Debug, Default, Serialize)]
struct Kept {
    /// Length of the source.
    length: usize,
    /// The first unit of each kept span, and one past the last.
    kept: Vec<[usize; 2]>,
}

impl MapLine {
    /// Makes the line of a document that `origin` describes, of which its cuts are removed.
    #[must_use]
    pub fn new(cleaned: &Cleaned<'_>, origin: &Origin<'_>) -> Self {
        let [code_points, bytes] = Kept::without_cuts(origin);
        Self {
            path: origin.path.to_owned(),
            record: origin.record,
            id: origin.id.map(str::to_owned),
            field: origin.field.map(str::to_owned),
            item: origin.item,
            share: cleaned.share(),
            held: matches!(cleaned.outcome(), Outcome::Held { .. }),
            verdict: cleaned.verdict().map(VerdictObject::from),
            code_points,
            bytes,
        }
    }

    /// Makes the line say that nothing of the text is kept.
    pub fn clear(&mut self) {
        self.code_points.kept.clear();
        self.bytes.kept.clear();
    }

    /// Appends the line to `out`.
    ///
    /// # Errors
    /// None in practice: the line can always be written as JSON.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.push(b'\n');
        Ok(())
    }
}

impl Kept {
    /// Returns what is kept of the text of `origin`, in code points and in bytes.
    fn without_cuts(origin: &Origin<'_>) -> [Self; 2] {
        let text = origin.text;
        let mut code_points = Self::default();
        let mut bytes = Self::default();
        let (mut at, mut count) = (0, 0);
        let ends = std::iter::once(text.len()..text.len());
        for cut in origin.cuts.iter().map(|cut| cut.text.clone()).chain(ends) {
            let kept = text[at..cut.start].chars().count();
            bytes.push(at..cut.start);
            code_points.push(count..count + kept);
            count += kept + text[cut.clone()].chars().count();
            at = cut.end;
        }
        (code_points.length, bytes.length) = (count, text.len());
        [code_points, bytes]
    }

    /// Adds a kept span, which is joined to the one before if they touch.
    fn push(&mut self, span: Range<usize>) {
        match self.kept.last_mut() {
            _ if span.is_empty() => {}
            Some([_, end]) if *end == span.start => *end = span.end,
            _ => self.kept.push([span.start, span.end]),
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
fn is_false(value: &bool) -> bool {
    !value
}
