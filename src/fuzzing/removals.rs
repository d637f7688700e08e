//! What must hold for every removal record: each line is read or refused, what is read survives
//! writing, and a file is restored from it to the source that it describes, or not at all.
//!
//! An input is a text, a byte 255, and a removal record. The text is cleaned and restored, and then
//! restored with the record of the input.

use super::files::{TEXTS, options};
use crate::job::in_memory::{clean_text, restore_bytes};
use crate::report::{RecordLine, parse_record_path, read_lines, record_path};
use std::path::Path;

/// What separates the text from the record.
const SEPARATOR: u8 = 0xFF;

/// Checks a text and a record. See the description of the module.
pub fn check(data: &[u8]) {
    let end = data.iter().position(|&byte| byte == SEPARATOR);
    let (text, record) = data.split_at(end.unwrap_or(data.len()));
    let record = record.get(1..).unwrap_or_default();
    let options = options(0, "text");
    let name = Path::new("a.txt");
    let batch = clean_text(&options, "a.txt", text).expect("it can be cleaned");
    if batch.tally.stats.binary == 0 {
        let restored = restore_bytes(name, &batch.output, &batch.records)
            .unwrap_or_else(|error| panic!("cannot be restored: {error:#}"));
        assert!(restored == text, "restoring gives the source");
        // The source is left alone.
        let again = restore_bytes(name, text, &batch.records);
        assert!(again.expect("it is the source") == text);
    }
    check_lines(record);
    for cleaned in [batch.output.as_slice(), text] {
        // Restoring checks what it makes.
        let _ = restore_bytes(name, cleaned, record);
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(text));
        let written = record_path(path);
        assert_eq!(parse_record_path(&written), path, "{written}");
    }
}

/// Checks that lines which can be read are the same after they are written.
fn check_lines(record: &[u8]) {
    for line in read_lines(record) {
        let Ok(line) = line else { continue };
        let mut written = Vec::new();
        match &line {
            RecordLine::Removal(removal) => {
                serde_json::to_writer(&mut written, removal).expect("it can be written");
                written.push(b'\n');
                let _ = (removal.is_whole(), removal.source_bytes());
            }
            RecordLine::Part(part) => part.write(&mut written).expect("it can be written"),
            RecordLine::Addition(addition) => {
                addition.write(&mut written).expect("it can be written");
            }
        }
        let again = read_lines(written.as_slice()).next().expect("a line");
        let again = again.expect("the line is valid");
        assert_eq!(format!("{again:?}"), format!("{line:?}"));
    }
}

/// Returns texts with their removal records.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let options = options(0, "text");
    let mut seeds = Vec::new();
    for text in TEXTS {
        let batch = clean_text(&options, "a.txt", text.as_bytes()).unwrap();
        seeds.push([text.as_bytes(), &[SEPARATOR], &batch.records].concat());
        seeds.push([&batch.output, [SEPARATOR].as_slice(), &batch.records].concat());
    }
    seeds.push(b"\xFF{\"version\":1,\"path\":\"b\"}\n\n{}".to_vec());
    seeds
}
