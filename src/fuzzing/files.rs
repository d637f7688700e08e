//! What must hold for every file of records, and the rules and texts that the targets of formats
//! share. The rules are few, so that most of the time is spent on formats.

use crate::io::Format;
use crate::job::in_memory::{clean_records, restore_bytes};
use crate::job::{BatchOutput, JobOptions, OnError};
use crate::report::{Record, read_records};
use anyhow::Result;
use dechaff_core::{Cleaner, Document, RuleSet, Scratch};
use std::path::Path;
use std::sync::LazyLock;

/// Rules that match a line, a part of a line with quotes and a backslash, and letters that take
/// several bytes.
const PACK: &str = r#"
[pack]
name = "fuzz"
[[rule]]
id = "marker"
description = "A line."
category = "advert"
confidence = "certain"
labels = ["Advertisement", "Anzeige ö"]
examples.match = ["Advertisement", "Anzeige ö"]
examples.no_match = ["a", "b"]
[[rule]]
id = "part"
description = "A part of a line."
category = "advert"
confidence = "certain"
phrase = ["read \"more\" now", "say c:\\x é twice"]
examples.match = ["read \"more\" now", "say c:\\x é twice"]
examples.no_match = ["a", "b"]
"#;

/// Texts with and without chaff.
pub(super) const TEXTS: [&str; 8] = [
    "It rained.\nAdvertisement\nIt stopped.\n",
    "They read \"more\" now, and say c:\\x é twice.",
    "Advertisement",
    "",
    "one, \"two\"\tthree \u{1d11e}\r\n\r\nAnzeige ö\r\n",
    "\"quoted\" and \\ and \u{2028}\u{1}",
    "WARC/1.0\r\nAdvertisement\r\n\r\n",
    "a\nAdvertisement\nAdvertisement\nb, read \"more\" now",
];

/// The cleaner of all targets of formats.
pub(super) static CLEANER: LazyLock<Cleaner> = LazyLock::new(|| build_cleaner(false));
/// The same, with verdicts.
static JUDGE: LazyLock<Cleaner> = LazyLock::new(|| build_cleaner(true));

fn build_cleaner(gives_verdicts: bool) -> Cleaner {
    let mut rules = RuleSet::default();
    rules.add_pack(PACK, "fuzz.toml").expect("it is valid");
    let builder = Cleaner::builder().rules(rules).max_removed(1.0);
    let cleaner = builder.verdicts(gives_verdicts).build();
    cleaner.expect("the options are valid")
}

/// Options with removal records. The bits of `mode` select what happens to damaged and empty
/// records and how large a record may be.
pub(super) fn options(mode: u8, format: &str) -> JobOptions {
    static OPTIONS: LazyLock<JobOptions> = LazyLock::new(JobOptions::for_tests);
    let mut options = OPTIONS.clone();
    options.cleaner = CLEANER.clone();
    options.records = true;
    options.damage = true;
    options.format.format = Some(Format::parse(format).expect("the format exists"));
    options.format.on_error = [OnError::Pass, OnError::Drop][usize::from(mode & 1)];
    options.format.drop_empty = mode & 2 != 0;
    if mode & 4 != 0 {
        options.format.max_record = 60;
    }
    options
}

/// Returns what is left of a text.
pub(super) fn cleaned_text(text: &str) -> String {
    let document = Document::new(text).expect("the text is short");
    let cleaned = CLEANER.clean(&document, &mut Scratch::default());
    cleaned.text().into_owned()
}

/// Returns whether no record of a file is left out or too large, so that each record of the output
/// is one of the input.
pub(super) fn keeps_records(options: &JobOptions) -> bool {
    let format = &options.format;
    format.on_error == OnError::Pass && !format.drop_empty && format.max_record > 60
}

/// Returns whether bytes begin like a compressed file.
pub(super) fn is_compressed(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1F\x8B") || bytes.starts_with(b"\x28\xB5\x2F\xFD")
}

/// Cleans a file, and checks its removal records and that restoring gives it back.
pub(super) fn check_file(options: &JobOptions, name: &str, input: &[u8]) -> Result<BatchOutput> {
    let batch = clean_records(options, name, input)?;
    let records: Vec<Record> = read_records(batch.records.as_slice())
        .collect::<Result<_>>()
        .expect("the record can be read");
    let mut end = 0;
    for record in &records {
        let bytes = record.source_bytes().expect("the bytes are valid");
        assert!(record.start >= end, "{record:?} overlaps the one before");
        assert_eq!(bytes, input[record.start..record.end], "{record:?}");
        end = record.end;
    }
    let is_same = batch.output == input;
    assert_eq!(batch.tally.differs, !is_same, "whether the output differs");
    let restored = restore_bytes(Path::new(name), &batch.output, &batch.records)
        .unwrap_or_else(|error| panic!("cannot be restored: {error:#}"));
    assert!(restored == input, "restoring gives the source");
    check_verdicts(options, name, input);
    Ok(batch)
}

/// Cleans a file with verdicts, if its format has a place for them, and checks that restoring takes
/// them away.
fn check_verdicts(options: &JobOptions, name: &str, input: &[u8]) {
    let mut options = options.clone();
    options.cleaner = JUDGE.clone();
    options.format.verdict = Some("v".to_owned());
    let Ok(batch) = clean_records(&options, name, input) else {
        return;
    };
    let restored = restore_bytes(Path::new(name), &batch.output, &batch.records)
        .unwrap_or_else(|error| panic!("cannot be restored with verdicts: {error:#}"));
    assert!(restored == input, "restoring takes verdicts away");
}
