//! What must hold for every CSV file: if no row is damaged, it has the values that the `csv` crate
//! reads, except for its texts, which are cleaned.
//!
//! The first byte of an input selects options; the rest is the file.

use super::files::{TEXTS, check_file, cleaned_text, is_compressed, keeps_records, options};
use crate::io::{CsvOptions, Quote};

/// Checks a file. See the description of the module.
pub fn check(data: &[u8]) {
    let [mode, file @ ..] = data else { return };
    if is_compressed(file) {
        return;
    }
    let (delimiter, format, name) =
        [(b',', "csv", "a.csv"), (b'\t', "tsv", "a.tsv")][usize::from(mode >> 3 & 1)];
    let mut options = options(*mode, format);
    options.format.csv = CsvOptions {
        delimiter: Some(delimiter),
        quote: Some(Quote::Byte(b'"')),
        ..CsvOptions::default()
    };
    let Ok(batch) = check_file(&options, name, file) else {
        // The header row has no column of texts, or cannot be read.
        return;
    };
    // The crate also ends rows at carriage returns, and skips blank lines.
    let has_lone_return = file
        .windows(2)
        .any(|pair| pair[0] == b'\r' && pair[1] != b'\n');
    if !keeps_records(&options) || batch.tally.stats.damaged > 0 || has_lone_return {
        return;
    }
    let (rows, found) = (rows(file, delimiter), rows(&batch.output, delimiter));
    let Some(column) = rows
        .first()
        .and_then(|header| header.iter().position(|name| name == b"text"))
    else {
        return;
    };
    assert_eq!(rows.len(), found.len());
    for (number, (mut row, found)) in rows.into_iter().zip(found).enumerate() {
        if number > 0
            && let Some(value) = row.get_mut(column)
        {
            let text = std::str::from_utf8(value).expect("an invalid row is damaged");
            *value = cleaned_text(text).into_bytes();
        }
        assert_eq!(found, row, "row {number}");
    }
}

/// Returns the rows of a table as the `csv` crate reads them, the header row too.
fn rows(file: &[u8], delimiter: u8) -> Vec<Vec<Vec<u8>>> {
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true);
    let rows = reader.from_reader(file).into_byte_records();
    rows.map(|row| {
        let row = row.expect("memory can be read");
        row.iter().map(<[u8]>::to_vec).collect()
    })
    .collect()
}

/// Returns small tables in several styles.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, text) in TEXTS.iter().enumerate() {
        for style in 0..8u8 {
            let delimiter = [b',', b'\t'][usize::from(style & 1)];
            let mut writer = csv::WriterBuilder::new();
            writer.delimiter(delimiter);
            if style & 2 != 0 {
                writer.quote_style(csv::QuoteStyle::Always);
            }
            if style & 4 != 0 {
                writer.terminator(csv::Terminator::CRLF);
            }
            let mut writer = writer.from_writer(vec![(style & 1) << 3 | (number as u8 & 7)]);
            writer.write_record(["id", "text", "more"]).unwrap();
            let other = TEXTS[(number + 1) % TEXTS.len()];
            for row in [["1", text, other], ["", other, text]] {
                writer.write_record(row).unwrap();
            }
            seeds.push(writer.into_inner().unwrap());
        }
    }
    seeds.push(b"\x00\xEF\xBB\xBFtext\na\n\"not closed\nAdvertisement\n".to_vec());
    seeds.push(b"\x00text,text\r\n\"Advertisement\",b\r\n\r\nx\r\n".to_vec());
    seeds
}
