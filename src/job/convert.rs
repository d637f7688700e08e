//! Converts cleaned records to another format, on the thread of the worker that cleaned them. This
//! is separate from `records`, which needs none of it if the format stays.

use super::records::{Annotate, BatchOutput, Disposition, RecordCleaner, RecordShape, Worker};
use crate::io::with_member;

impl RecordCleaner<'_> {
    /// Converts a record, if the file has a converter, and returns the new disposition. `record` is
    /// the record as read; with [`Disposition::Changed`] the cleaned record is in `worker.record`,
    /// which the converted one replaces. If the output is Parquet, adds a row to `output` instead.
    /// Annotations that wait in the worker are added as a field of the converted record.
    #[cfg_attr(not(feature = "parquet"), expect(unused_variables))]
    pub(super) fn convert(
        &self,
        shape: &RecordShape,
        number: u64,
        record: &[u8],
        disposition: Disposition,
        output: &mut BatchOutput,
        worker: &mut Worker,
    ) -> Disposition {
        let Some(converter) = &shape.converter else {
            return disposition;
        };
        let cleaned = std::mem::take(&mut worker.record);
        let record = match disposition {
            Disposition::Same => record,
            Disposition::Changed => &cleaned,
            Disposition::Dropped => return disposition,
        };
        // A blank line or a CSV header has no values, and no counterpart in another format.
        let Some(values) = converter.values(&shape.format, number, record) else {
            return Disposition::Dropped;
        };
        converter.write(&values, &mut worker.record);
        if let (Some(annotations), Some(Annotate::Field(name))) =
            (worker.annotations.take(), &self.options.format.annotate)
            && let Some(annotated) = with_member(&worker.record, name, &annotations)
        {
            worker.record = annotated;
        }
        #[cfg(feature = "parquet")]
        if converter.makes_table() {
            output.rows.push(&values);
        }
        Disposition::Changed
    }
}
