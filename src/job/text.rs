//! Decides what becomes of a text: what is removed from it, how it is counted and reported, and what
//! happens if it cannot be read. Records, tables and inputs that are one text all clean their texts
//! here, and differ only in how they find texts and write what is left.
//!
//! ```text
//! Place: where a text is ─┐
//! Document: the text ─────┴─► TextCleaner ─► TextOutcome: cuts, statistics, report lines
//! Place and Problem ────────► TextCleaner ─► Fate: is the record kept?
//! ```

use super::Event;
use super::batch::{BatchOutput, BatchStats};
use super::encoded::{EncodedHtml, EncodedText, RecordField};
use super::options::{JobOptions, OnError, OnHeld};
use crate::io::{HtmlText, InputText, TextFields, decode_utf8};
use crate::report::{
    Annotation, Cut, Lines, MapLine, Name, Origin, annotate, annotate_whole, damage_line,
    document_records, dropped_record, emptied_record, find, find_whole,
};
use anyhow::{Result, bail};
use dechaff_core::{Cleaned, Document, Outcome, Scratch, Span, Verdict};
use std::fmt;
use std::ops::Range;

/// Rule name in the removal record of a damaged record that was dropped.
pub(super) const DAMAGED: &str = "record/damaged";
/// Rule name in the removal record of a dropped record whose texts were removed entirely.
const EMPTY: &str = "record/empty";
/// Rule name in the removal record of a dropped record with a held text.
pub(super) const HELD: &str = "record/held";
/// Rule name in the removal record of a held text of which nothing is left, in a record that stays.
const EMPTIED: &str = "text/held";

/// A record, a text of a table or a whole input, and where it is.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'r> {
    /// Number of the record or row, counted from 1. `None` for a whole input.
    pub(super) number: Option<u64>,
    /// Offset of the bytes in the decompressed input. `None` in tables.
    pub(super) offset: Option<u64>,
    /// Lines before the bytes in their batch, if findings are wanted.
    pub(super) lines: u64,
    /// Bytes of the record or input, or of the text in a table.
    pub(super) bytes: &'r [u8],
    /// Id of the record, if it has one.
    pub(super) id: Option<&'r str>,
    /// Field that holds the text.
    pub(super) field: Option<&'r str>,
    /// Index of the text among those of its field and row; 0 outside of tables.
    pub(super) item: u64,
}

/// The result of cleaning one text, or the texts of a record together.
#[derive(Default)]
pub(super) struct TextOutcome {
    /// Statistics, and the messages of the observer.
    pub(super) tally: BatchStats,
    /// Removed spans of the text, sorted and disjoint, in bytes. Of several texts, those of each.
    pub(super) removed: Vec<Range<usize>>,
    /// Bytes of the place that encode the removed spans, sorted and disjoint.
    pub(super) cuts: Vec<Range<usize>>,
    /// Removal records as JSON Lines.
    pub(super) records: Vec<u8>,
    /// The removed spans as annotations, if the options want them.
    pub(super) annotations: Vec<Annotation>,
    /// The verdicts on texts, with the fields that hold them, if the cleaner gives verdicts.
    pub(super) verdicts: Vec<(String, Verdict)>,
    /// What is kept of each text, if the options want it.
    pub(super) maps: Vec<MapLine>,
    /// Bytes of text, and how many of them the rules would remove.
    pub(super) found_bytes: (usize, usize),
    /// Bytes of text that are left.
    pub(super) kept_bytes: usize,
    /// Share of bytes that would have been removed, if a text is held.
    pub(super) held: Option<f64>,
}

/// Why a record is not written as it was cleaned, or why its texts cannot be cleaned.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Problem {
    /// The record or text is larger than `--max-record`, in bytes.
    TooLarge(usize),
    /// The row has no text in the column of this name.
    NoText(String),
    /// The record or text cannot be read, for this reason.
    Damaged(String),
    /// A text would have lost this share of its bytes, which is more than allowed.
    Held(f64),
    /// Nothing is left of any text.
    Empty,
}

/// What is left of a text, as far as it decides whether its record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// It cannot be read.
    Damaged,
    /// It would have lost more than allowed, and is not emptied for that.
    Held,
    /// This many bytes.
    Kept(usize),
}

/// What happens to a record with a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is written: unchanged, unless only its texts are empty.
    Kept,
    /// It is left out of the output.
    Dropped,
}

impl Problem {
    /// Returns the name in place of a rule in the removal record of a dropped record.
    pub(super) fn rule(&self) -> &'static str {
        match self {
            Self::Empty => EMPTY,
            Self::Held(_) => HELD,
            _ => DAMAGED,
        }
    }
}

impl fmt::Display for Problem {
    /// Writes the problem as a predicate, which continues a sentence that begins with the record.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(max) => write!(f, "is larger than --max-record allows ({max} bytes)"),
            Self::NoText(column) => write!(f, "holds null in '{column}' instead of a text"),
            Self::Damaged(reason) => f.write_str(reason),
            Self::Held(share) => {
                write!(f, "is held: {:.1} % would have gone", share * 100.0)
            }
            Self::Empty => f.write_str("has no text left"),
        }
    }
}

impl TextOutcome {
    /// Returns the share of the bytes of all texts that the rules would remove, from 0 to 1.
    pub(super) fn share(&self) -> f64 {
        self.found_bytes.1 as f64 / self.found_bytes.0.max(1) as f64
    }

    /// Appends the lines that say what is kept of the texts to `out`. Nothing is if `is_dropped`.
    pub(super) fn write_maps(&mut self, is_dropped: bool, out: &mut Vec<u8>) -> Result<()> {
        for line in &mut self.maps {
            if is_dropped {
                line.clear();
            }
            line.write(out)?;
        }
        Ok(())
    }
}

impl Place<'_> {
    /// Describes the place for removal records of the input called `path`. There are no places of
    /// removed spans yet, and the first text of a field has no index.
    fn origin<'o>(&'o self, path: &'o str) -> Origin<'o> {
        Origin {
            path,
            bytes: self.bytes,
            offset: self.offset.unwrap_or_default(),
            record: self.number,
            id: self.id,
            field: self.field,
            item: Some(self.item).filter(|&item| item > 0),
            ..Origin::default()
        }
    }

    /// Names the document at this place in the input called `path`.
    fn name<'o>(&'o self, path: &'o str) -> Name<'o> {
        Name {
            path,
            record: self.number,
            id: self.id,
            field: self.field,
        }
    }
}

/// Cleans the texts of one input.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextCleaner<'j> {
    options: &'j JobOptions,
    /// Name of the input in reports.
    name: &'j str,
    /// Site of texts of which nothing else says which it is.
    site: Option<&'j str>,
}

impl<'j> TextCleaner<'j> {
    /// Creates a cleaner for the input called `name`.
    pub(super) fn new(options: &'j JobOptions, name: &'j str) -> Self {
        Self {
            options,
            name,
            site: None,
        }
    }

    /// Sets the site of texts that have neither a host nor a field that names it.
    pub(super) fn with_site(self, site: Option<&'j str>) -> Self {
        Self { site, ..self }
    }

    /// Returns how texts are cleaned.
    pub(super) fn options(&self) -> &'j JobOptions {
        self.options
    }

    /// Returns the name of the input in reports.
    pub(super) fn name(&self) -> &'j str {
        self.name
    }

    /// Cleans an input that is one text. Its removal records hold offsets in its own encoding.
    pub(super) fn clean_input(
        &self,
        text: &InputText,
        scratch: &mut Scratch,
    ) -> Result<TextOutcome> {
        let place = Place {
            bytes: text.bytes(),
            ..Place::default()
        };
        let mut outcome = TextOutcome::default();
        let fields = TextFields::default();
        self.clean_encoded(&place, text, &fields, &mut outcome, scratch)?;
        Ok(outcome)
    }

    /// Cleans the text of a field and adds the result to `outcome`. `place` is that of its record,
    /// and `texts` supplies the language and the address.
    pub(super) fn clean_field(
        &self,
        place: &Place<'_>,
        field: &RecordField<'_>,
        texts: &TextFields<'_>,
        outcome: &mut TextOutcome,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let place = Place {
            field: Some(field.field.name.as_ref()).filter(|name| !name.is_empty()),
            ..*place
        };
        self.clean_encoded(&place, field, texts, outcome, scratch)
    }

    /// Cleans the text that `encoded` found at `place` or, if it is HTML, the text between its tags.
    fn clean_encoded(
        &self,
        place: &Place<'_>,
        encoded: &dyn EncodedText,
        texts: &TextFields<'_>,
        outcome: &mut TextOutcome,
        scratch: &mut Scratch,
    ) -> Result<()> {
        if self.options.format.is_html {
            let html = HtmlText::new(encoded.text());
            let document = self.describe(Document::new(html.as_str())?, texts);
            let encoded = EncodedHtml {
                html: &html,
                encoded,
            };
            return self.clean(&document, place, &encoded, outcome, scratch);
        }
        let document = self.describe(Document::new(encoded.text())?, texts);
        self.clean(&document, place, encoded, outcome, scratch)
    }

    /// Cleans the text `document`, which `encoded` found at `place`, shows it to the observer, and
    /// adds the result to `outcome`: statistics, and what else the options want.
    fn clean(
        &self,
        document: &Document<'_>,
        place: &Place<'_>,
        encoded: &dyn EncodedText,
        outcome: &mut TextOutcome,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let cleaned = self.options.cleaner.clean(document, scratch);
        if let Some(sites) = self.options.cleaner.learned() {
            let known = document.site().and_then(|name| sites.site(name));
            if let Some(error) = sites.error() {
                bail!(error);
            }
            outcome.tally.stats.unlearned += u64::from(known.is_none());
        }
        let is_emptied = self.is_emptied(&cleaned, place.number.is_none());
        let removed: Vec<Range<usize>> = cleaned
            .removals()
            .iter()
            .map(|removal| removal.span.range())
            .collect();
        let cuts = if is_emptied {
            encoded.all(place.bytes)
        } else {
            encoded.cuts(place.bytes, &removed)
        };
        if !is_emptied {
            outcome.kept_bytes += encoded.kept_bytes(&removed, &cuts);
        }
        self.count(&cleaned, place, outcome);
        if self.options.format.annotate.is_some() {
            let first_field = self.options.format.names.text.first();
            let field = place.field.or(first_field.map(String::as_str));
            self.annotate(
                field.unwrap_or_default(),
                place,
                encoded,
                &cleaned,
                &cuts,
                outcome,
            );
        }
        if let Some(verdict) = cleaned.verdict() {
            let field = place.field.unwrap_or_default().to_owned();
            outcome.verdicts.push((field, verdict));
        }
        if let Some(observer) = &self.options.observer {
            let seen = observer.visit(&place.name(self.name), document, &cleaned, scratch);
            outcome.tally.events.extend(seen.map(Event::Observed));
        }
        let origin = Origin {
            text: encoded.text(),
            cuts: &cuts,
            encoding: encoded.encoding(),
            site: document.site(),
            ..place.origin(self.name)
        };
        if self.options.records && is_emptied {
            emptied_record(&origin, EMPTIED, &mut outcome.records)?;
        } else if self.options.records {
            let rules = self.options.cleaner.rules();
            document_records(&cleaned, &origin, rules, &mut outcome.records)?;
        }
        if self.options.maps {
            outcome.maps.push(MapLine::new(&cleaned, &origin));
        }
        if self.options.findings {
            self.find(place, &cleaned, &origin, encoded, outcome);
        }
        for cut in cuts {
            outcome.removed.push(cut.text);
            outcome.cuts.push(cut.bytes);
        }
        Ok(())
    }

    /// Adds the counts of the cleaned text at `place` to `outcome`. A held text that is not passed
    /// through counts as removed.
    fn count(&self, cleaned: &Cleaned<'_>, place: &Place<'_>, outcome: &mut TextOutcome) {
        let stats = &mut outcome.tally.stats;
        stats.add_document(cleaned, self.options.cleaner.rules());
        let (bytes, found) = (cleaned.source().len(), cleaned.found_bytes());
        let (mut spans, mut lost) = (cleaned.removals().len(), found);
        if let Outcome::Held { share } = cleaned.outcome() {
            outcome.held = Some(share);
            let is_lost = self.options.format.on_held != OnHeld::Pass;
            (spans, lost) = if is_lost { (1, bytes) } else { (0, 0) };
            stats.bytes_removed += lost as u64;
        }
        if let Some(number) = place.number {
            let losses = &mut stats.most_affected;
            losses.add_record(number, place.field, lost as u64, bytes as u64);
        }
        outcome.tally.spans += spans;
        outcome.found_bytes.0 += bytes;
        outcome.found_bytes.1 += found;
    }

    /// Adds the annotations of the text of `field` to `outcome`. A held text that would not be passed
    /// through is marked as a whole.
    fn annotate(
        &self,
        field: &str,
        place: &Place<'_>,
        encoded: &dyn EncodedText,
        cleaned: &Cleaned<'_>,
        cuts: &[Cut],
        outcome: &mut TextOutcome,
    ) {
        let (text, annotations) = (encoded.text(), &mut outcome.annotations);
        if is_held(cleaned) && self.options.format.on_held != OnHeld::Pass {
            annotate_whole(field, text, &encoded.all(place.bytes), HELD, annotations);
        } else {
            let rules = self.options.cleaner.rules();
            annotate(field, text, cleaned, cuts, rules, annotations);
        }
    }

    /// Adds the findings in the text at `place` to the events of `outcome`. A held text that would
    /// not be passed through is one.
    fn find(
        &self,
        place: &Place<'_>,
        cleaned: &Cleaned<'_>,
        origin: &Origin<'_>,
        encoded: &dyn EncodedText,
        outcome: &mut TextOutcome,
    ) {
        let lines = match (place.number, place.offset) {
            (None, _) => Lines::Text,
            (Some(_), Some(_)) => Lines::Record(place.lines),
            (Some(_), None) => Lines::None,
        };
        let mut found = Vec::new();
        if is_held(cleaned) && self.options.format.on_held != OnHeld::Pass {
            let is_dropped = place.number.is_some() && self.options.format.on_held == OnHeld::Drop;
            let all = encoded.all(place.bytes);
            let origin = Origin {
                cuts: &all,
                ..*origin
            };
            let reason = if is_dropped { HELD } else { EMPTIED };
            found.push(find_whole(reason, &origin, lines));
        } else {
            let rules = self.options.cleaner.rules();
            find(cleaned, origin, lines, rules, &mut found);
        }
        let events = &mut outcome.tally.events;
        events.extend(found.into_iter().map(Event::Found));
    }

    /// Returns whether nothing is to be left of a text because it is held. `is_input` says that it
    /// is an input by itself, which has no record that could be dropped instead.
    fn is_emptied(&self, cleaned: &Cleaned<'_>, is_input: bool) -> bool {
        let format = &self.options.format;
        let empties = match format.on_held {
            OnHeld::Pass => false,
            OnHeld::Drop => is_input,
            OnHeld::KeepEmpty => true,
        };
        empties && format.annotate.is_none() && is_held(cleaned)
    }

    /// Returns what is left of `value`, the bytes of a text, after cleaning. `texts` supplies the
    /// language and the address.
    pub(super) fn judge(
        &self,
        value: &[u8],
        texts: &TextFields<'_>,
        scratch: &mut Scratch,
    ) -> Judged {
        let Ok(text) = self.read(value) else {
            return Judged::Damaged;
        };
        let html = self.options.format.is_html.then(|| HtmlText::new(text));
        let Ok(document) = Document::new(html.as_ref().map_or(text, HtmlText::as_str)) else {
            return Judged::Damaged;
        };
        let document = self.describe(document, texts);
        let cleaned = self.options.cleaner.clean(&document, scratch);
        if self.is_emptied(&cleaned, false) {
            Judged::Kept(0)
        } else if is_held(&cleaned) {
            Judged::Held
        } else {
            Judged::Kept(cleaned.kept().map(Span::len).sum())
        }
    }

    /// Returns `value` as a text, unless it is too large or not valid UTF-8.
    pub(super) fn read<'v>(&self, value: &'v [u8]) -> Result<&'v str, Problem> {
        self.check_size(value)?;
        decode_utf8(value).map_err(Problem::Damaged)
    }

    /// Checks that `value`, a record or a text, does not exceed the maximum size of a record.
    pub(super) fn check_size(&self, value: &[u8]) -> Result<(), Problem> {
        if value.len() > self.options.format.max_record {
            return Err(self.too_large());
        }
        Ok(())
    }

    /// Returns the problem of a record that exceeds the maximum size.
    pub(super) fn too_large(&self) -> Problem {
        Problem::TooLarge(self.options.format.max_record)
    }

    /// Adds the language, the address and the site of a text. What its record says replaces what
    /// the options say of all documents; a language code that is not known is ignored.
    fn describe<'t>(&self, document: Document<'t>, texts: &TextFields<'_>) -> Document<'t> {
        let mut document = self.options.describe(document);
        if let Some(code) = &texts.language {
            document = document.with_corpus_language(code);
        }
        if let Some(url) = &texts.url {
            document = document.with_url(url);
        }
        match (&texts.site, self.site) {
            (Some(site), _) => document.with_site(site),
            (None, Some(site)) if document.site().is_none() => document.with_site(site),
            _ => document,
        }
    }

    /// Counts and reports a problem of the record at `place`, and returns what happens to the
    /// record. Fails if damaged records fail the file.
    pub(super) fn handle(
        &self,
        place: &Place<'_>,
        problem: &Problem,
        output: &mut BatchOutput,
    ) -> Result<Fate> {
        match problem {
            Problem::TooLarge(_) | Problem::NoText(_) | Problem::Damaged(_) => {
                self.handle_damage(place, &problem.to_string(), output)
            }
            Problem::Held(_) => {
                let format = &self.options.format;
                let (fate, end) = match format.on_held {
                    OnHeld::Drop if format.annotate.is_none() => (Fate::Dropped, "; left out"),
                    OnHeld::KeepEmpty if format.annotate.is_none() => (Fate::Kept, "; emptied"),
                    _ => (Fate::Kept, ""),
                };
                self.report(place, &format!("{problem}{end}"), output)?;
                Ok(fate)
            }
            Problem::Empty => {
                output.tally.stats.empty += 1;
                Ok(if self.options.format.drop_empty {
                    Fate::Dropped
                } else {
                    Fate::Kept
                })
            }
        }
    }

    /// Counts and reports a damaged record; see [`TextCleaner::handle`].
    fn handle_damage(
        &self,
        place: &Place<'_>,
        reason: &str,
        output: &mut BatchOutput,
    ) -> Result<Fate> {
        let number = place.number.unwrap_or_default();
        let on_error = self.options.format.on_error;
        if on_error == OnError::Fail {
            bail!("record {number} {reason}; --on-error pass would leave it as it is");
        }
        output.tally.stats.damaged += 1;
        self.report(place, reason, output)?;
        output.tally.note_damage(number, reason);
        Ok(match on_error {
            OnError::Drop => Fate::Dropped,
            OnError::Pass | OnError::Fail => Fate::Kept,
        })
    }

    /// Appends a line to the report of damaged records, if that is wanted.
    fn report(&self, place: &Place<'_>, reason: &str, output: &mut BatchOutput) -> Result<()> {
        if !self.options.damage {
            return Ok(());
        }
        let number = place.number.unwrap_or_default();
        damage_line(self.name, number, place.offset, reason, &mut output.damage)
    }

    /// Counts the bytes at `place` as dropped and appends their removal record, if removal records
    /// are wanted. `rule` is that of the problem.
    pub(super) fn drop_place(
        &self,
        place: &Place<'_>,
        rule: &str,
        output: &mut BatchOutput,
    ) -> Result<()> {
        output.tally.differs = true;
        if !self.options.records {
            return Ok(());
        }
        dropped_record(&place.origin(self.name), rule, &mut output.records)
    }
}

fn is_held(cleaned: &Cleaned<'_>) -> bool {
    matches!(cleaned.outcome(), Outcome::Held { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::Field;
    use std::borrow::Cow;

    const TEXT: &str = "It rained.\\nAdvertisement\\nIt stopped.";

    fn place(bytes: &[u8]) -> Place<'_> {
        Place {
            number: Some(3),
            offset: Some(100),
            bytes,
            ..Place::default()
        }
    }

    #[test]
    fn cuts_are_bytes_of_the_record_and_removed_spans_bytes_of_the_text() {
        let options = JobOptions {
            records: true,
            ..JobOptions::for_tests()
        };
        let record = format!("{{\"text\": \"{TEXT}\"}}");
        let raw = 10..10 + TEXT.len();
        let field = Field::new(
            Cow::Borrowed("text"),
            &record,
            raw,
            crate::io::Escaping::Json,
        );
        let mut outcome = TextOutcome::default();
        TextCleaner::new(&options, "a.jsonl")
            .clean_field(
                &place(record.as_bytes()),
                &RecordField {
                    field: &field,
                    decoded: None,
                },
                &TextFields::default(),
                &mut outcome,
                &mut Scratch::default(),
            )
            .unwrap();
        assert_eq!(outcome.removed.first(), Some(&(11..25)));
        assert_eq!(outcome.cuts.first(), Some(&(22..37)));
        assert_eq!((outcome.kept_bytes, outcome.tally.spans), (22, 1));
        let line = String::from_utf8(outcome.records).unwrap();
        assert!(line.contains("\"record\":3"), "{line}");
        assert!(line.contains("\"start\":122,\"end\":137"), "{line}");
    }

    #[test]
    fn a_damaged_record_is_counted_and_kept_dropped_or_fails_the_file() {
        let problem = Problem::NoText("text".to_owned());
        let mut options = JobOptions {
            damage: true,
            ..JobOptions::for_tests()
        };
        for (on_error, fate) in [(OnError::Pass, Fate::Kept), (OnError::Drop, Fate::Dropped)] {
            options.format.on_error = on_error;
            let mut output = BatchOutput::default();
            let handled =
                TextCleaner::new(&options, "a").handle(&place(b""), &problem, &mut output);
            assert_eq!(handled.unwrap(), fate);
            assert_eq!(output.tally.stats.damaged, 1);
            let reason = "holds null in 'text' instead of a text";
            assert_eq!(output.tally.first_damage, Some((3, reason.to_owned())));
            assert!(String::from_utf8(output.damage).unwrap().contains(reason));
        }
        options.format.on_error = OnError::Fail;
        let mut output = BatchOutput::default();
        let failed = TextCleaner::new(&options, "a").handle(&place(b""), &problem, &mut output);
        assert!(
            failed
                .unwrap_err()
                .to_string()
                .starts_with("record 3 holds null")
        );
    }

    #[test]
    fn a_held_text_is_reported_and_an_empty_record_counted() {
        let mut options = JobOptions {
            damage: true,
            ..JobOptions::for_tests()
        };
        options.format.drop_empty = true;
        let cleaner = TextCleaner::new(&options, "a");
        let mut output = BatchOutput::default();
        let held = cleaner.handle(&place(b""), &Problem::Held(0.75), &mut output);
        assert_eq!(held.unwrap(), Fate::Kept);
        let line = String::from_utf8(output.damage.clone()).unwrap();
        assert!(line.contains("is held: 75.0 % would have gone"), "{line}");
        let empty = cleaner.handle(&place(b""), &Problem::Empty, &mut output);
        assert_eq!(empty.unwrap(), Fate::Dropped);
        assert_eq!(
            (output.tally.stats.damaged, output.tally.stats.empty),
            (0, 1)
        );
    }

    #[test]
    fn values_that_are_too_large_or_not_text_cannot_be_read() {
        let mut options = JobOptions::for_tests();
        options.format.max_record = 4;
        let cleaner = TextCleaner::new(&options, "a");
        assert_eq!(cleaner.read(b"rain"), Ok("rain"));
        assert_eq!(cleaner.read(b"rains"), Err(Problem::TooLarge(4)));
        let invalid = Problem::Damaged("is not valid UTF-8 at byte 1".to_owned());
        assert_eq!(cleaner.read(b"a\xff"), Err(invalid));
    }
}
