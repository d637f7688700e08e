//! Verdicts in outputs: the field of a JSON record, and the columns of a table or of rows. If several
//! fields hold texts, each of them has a verdict of its own.
//!
//! ```text
//! one field:        {"v": {"kind": …}}                 v_kind, v_removed_share, …
//! several fields:   {"v": {"text": {"kind": …}, …}}    v_text_kind, v_text_removed_share, …
//! ```

use super::options::RecordOptions;
use crate::io::{Cell, ColumnKind, Format, NewColumn};
use crate::report::VerdictObject;
use anyhow::{Error, anyhow};
use dechaff_core::Verdict;
use serde_json::{Map, Value};

/// The ends of the names of columns, with the kinds of their values.
const COLUMNS: [(&str, ColumnKind); 5] = [
    ("kind", ColumnKind::Text),
    ("removed_share", ColumnKind::Number),
    ("almost_removed_share", ColumnKind::Number),
    ("risk", ColumnKind::Number),
    ("held", ColumnKind::Flag),
];

/// How verdicts are named in an output.
#[derive(Clone, Copy, Debug)]
pub(super) struct VerdictFields<'o> {
    /// Name of the field, or prefix of the names of columns.
    pub(super) name: &'o str,
    /// The fields of texts.
    texts: &'o [String],
}

impl<'o> VerdictFields<'o> {
    /// Returns how these options name verdicts, or `None` if they want none.
    pub(super) fn new(options: &'o RecordOptions) -> Option<Self> {
        Some(Self {
            name: options.verdict.as_deref()?,
            texts: &options.names.text,
        })
    }

    /// Returns the verdict on the text of each field, if it has one. A text that is the only one of
    /// its record need not have a field.
    fn each<'v>(
        &self,
        verdicts: &'v [(String, Verdict)],
    ) -> impl Iterator<Item = Option<&'v Verdict>> {
        self.texts.iter().enumerate().map(move |(index, name)| {
            let found = verdicts.iter().find(|(field, _)| field == name);
            let only = verdicts
                .first()
                .filter(|(field, _)| index == 0 && (self.texts.len() == 1 || field.is_empty()));
            found.or(only).map(|(_, verdict)| verdict)
        })
    }

    /// Returns the columns of the verdicts.
    pub(super) fn columns(&self) -> Vec<NewColumn> {
        let prefixes = self.texts.iter().map(|text| match self.texts.len() {
            1 => self.name.to_owned(),
            _ => format!("{}_{text}", self.name),
        });
        let columns = prefixes.flat_map(|prefix| {
            COLUMNS.map(|(end, kind)| NewColumn {
                name: format!("{prefix}_{end}"),
                kind,
            })
        });
        columns.collect()
    }

    /// Returns the values of the columns for a record or row with these verdicts.
    pub(super) fn cells(&self, verdicts: &[(String, Verdict)]) -> Vec<Option<Cell>> {
        let cells = self.each(verdicts).flat_map(|verdict| match verdict {
            Some(verdict) => [
                Cell::Text(verdict.kind.name()),
                Cell::Number(verdict.removed_share),
                Cell::Number(verdict.almost_removed_share),
                Cell::Number(verdict.risk),
                Cell::Flag(verdict.held),
            ]
            .map(Some),
            None => [None; COLUMNS.len()],
        });
        cells.collect()
    }

    /// Returns the JSON value of the field in a record with these verdicts, or `None` if the record
    /// has none.
    pub(super) fn object(&self, verdicts: &[(String, Verdict)]) -> Option<Vec<u8>> {
        let found = self.texts.iter().zip(self.each(verdicts));
        let mut objects = found.filter_map(|(name, verdict)| {
            let object = serde_json::to_value(VerdictObject::from(*verdict?)).ok()?;
            Some((name.clone(), object))
        });
        let value = if self.texts.len() == 1 {
            objects.next()?.1
        } else {
            let members: Map<String, Value> = objects.collect();
            if members.is_empty() {
                return None;
            }
            Value::Object(members)
        };
        Some(value.to_string().into_bytes())
    }
}

/// Returns the error for an input in the format `from`, of which the output is in the format `to`,
/// in which verdicts have no place.
pub(super) fn no_place(from: Format, to: Format) -> Error {
    let (verb, name) = if from == to {
        ("is", from.name())
    } else {
        ("would become", to.name())
    };
    anyhow!(
        "{verb} {name}, which has no place for a verdict; add --output-format jsonl, or --map FILE, \
         whose lines have it"
    )
}
