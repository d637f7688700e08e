//! The verdicts on the texts of a row group. Texts are cleaned column by column, and the columns of the
//! verdicts are written once all of them are.

use crate::io::{Cell, ColumnChanges, NewColumn};
use crate::job::options::RecordOptions;
use crate::job::verdicts::VerdictFields;
use dechaff_core::Verdict;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// The number of a row, and the verdict on its text in the column of this name.
pub(super) type RowVerdict = (u64, String, Verdict);

/// The verdicts on the rows of the current row group. It is empty if the options want none.
pub(super) struct RowVerdicts<'o> {
    fields: Option<VerdictFields<'o>>,
    columns: Vec<NewColumn>,
    /// The columns with their verdicts, by the number of the row.
    rows: RefCell<FxHashMap<u64, Vec<(String, Verdict)>>>,
}

impl<'o> RowVerdicts<'o> {
    /// Creates an empty one.
    pub(super) fn new(options: &'o RecordOptions) -> Self {
        let fields = VerdictFields::new(options);
        Self {
            fields,
            columns: fields.map(|fields| fields.columns()).unwrap_or_default(),
            rows: RefCell::default(),
        }
    }

    /// Forgets the rows of the row group before.
    pub(super) fn begin_group(&self) {
        self.rows.borrow_mut().clear();
    }

    /// Adds the verdicts on some rows of a column.
    pub(super) fn add(&self, verdicts: Vec<RowVerdict>) {
        let mut rows = self.rows.borrow_mut();
        for (row, column, verdict) in verdicts {
            rows.entry(row).or_default().push((column, verdict));
        }
    }

    /// Returns the values of a row in the new columns.
    pub(super) fn cells(&self, row: u64) -> Vec<Option<Cell>> {
        let rows = self.rows.borrow();
        let verdicts = rows.get(&row).map(Vec::as_slice).unwrap_or_default();
        let cells = self.fields.map(|fields| fields.cells(verdicts));
        cells.unwrap_or_default()
    }

    /// Returns how the table changes, with `cells`, which returns the values of a row.
    pub(super) fn changes<'c>(
        &'c self,
        cells: &'c dyn Fn(u64) -> Vec<Option<Cell>>,
    ) -> ColumnChanges<'c> {
        ColumnChanges {
            added: &self.columns,
            cells: Some(cells),
            ..ColumnChanges::default()
        }
    }

    /// Returns the names of the new columns.
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.columns.iter().map(|column| column.name.clone());
        names.collect()
    }
}
