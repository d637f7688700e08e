//! Records that leave in another format than they came in: each is turned when its texts are cleaned, on the worker's
//! thread. It stands apart from `records`, which needs none of it where a format stays.

use super::records::{Annotate, BatchOutput, Disposition, RecordCleaner, RecordShape, Worker};
use crate::io::with_member;

impl RecordCleaner<'_> {
    /// Turns a record that is cleaned into what the converter makes of it.
    pub(super) fn convert(
        &self,
        shape: &RecordShape,
        number: u64,
        record: &[u8],
        fate: Disposition,
        done: &mut BatchOutput,
        worker: &mut Worker,
    ) -> Disposition {
        let Some(converter) = &shape.converter else {
            return fate;
        };
        let cleaned = std::mem::take(&mut worker.record);
        let record = match fate {
            Disposition::Same => record,
            Disposition::Changed => &cleaned,
            Disposition::Dropped => return fate,
        };
        // What is no record, such as a blank line or a line of names, is nothing in another format.
        let Some(values) = converter.values(&shape.layout, number, record) else {
            return Disposition::Dropped;
        };
        converter.write(&values, &mut worker.record);
        if let (Some(marks), Some(Annotate::Field(name))) =
            (worker.marks.take(), &self.options.format.annotate)
            && let Some(longer) = with_member(&worker.record, name, &marks)
        {
            worker.record = longer;
        }
        if converter.makes_table() {
            done.rows.push(&values);
        }
        Disposition::Changed
    }
}
