//! What must hold for every WARC file: restoring gives it back, and its output can be read as well
//! as it can: the same number of records is damaged, and cleaning it again removes nothing that was
//! removed.
//!
//! The first byte of an input selects options; the rest is the file.

use super::files::{TEXTS, check_file, is_compressed, keeps_records, options};
use data_encoding::{BASE32, HEXLOWER};
use sha1::{Digest, Sha1};

/// Checks a file. See the description of the module.
pub fn check(data: &[u8]) {
    let [mode, file @ ..] = data else { return };
    if is_compressed(file) {
        return;
    }
    let options = options(*mode, "wet");
    let batch = check_file(&options, "a.warc", file).expect("it can be cleaned");
    if keeps_records(&options) {
        let again = check_file(&options, "a.warc", &batch.output).expect("it can be cleaned");
        let (stats, again) = (batch.tally.stats, again.tally.stats);
        assert_eq!(again.damaged, stats.damaged, "damaged records");
        assert_eq!(again.documents, stats.documents, "texts");
    }
}

/// Returns a record with its length and digests.
fn record(kind: &str, text: &str, style: usize) -> String {
    let sum = Sha1::digest(text);
    let digest = [BASE32.encode(&sum), HEXLOWER.encode(&sum)];
    format!(
        "WARC/1.{}\r\nWARC-Type: {kind}\r\nWARC-Target-URI: https://example.org/{style}\r\n\
         WARC-Block-Digest: sha1:{}\r\nContent-Type: text/plain\r\n\
         Content-Length: {:0width$}\r\n\r\n{text}\r\n\r\n",
        style % 2,
        digest[style / 2 % 2],
        text.len(),
        width = style % 5
    )
}

/// Returns files of a few records, some with wrong lengths.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, text) in TEXTS.iter().enumerate() {
        let one = record("conversion", text, number);
        let other = record("conversion", TEXTS[(number + 1) % TEXTS.len()], number + 1);
        let info = record("warcinfo", "software: x\r\n", number);
        let wrong = other.replace("Content-Length: ", "Content-Length: 1");
        let bare = one.replace("\r\n", "\n");
        for records in [
            vec![&one],
            vec![&info, &one, &other],
            vec![&wrong, &one],
            vec![&bare],
        ] {
            let mode = (seeds.len() % 8) as u8;
            let file: String = records.into_iter().map(String::as_str).collect();
            seeds.push([&[mode], file.as_bytes()].concat());
        }
    }
    seeds
}
