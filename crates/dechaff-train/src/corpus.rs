//! Labelled pages: JSON Lines with a text and one letter for each of its lines. For example, the
//! row `{"id": "1", "text": "It rained.\nShare\n", "labels": "kdu"}` keeps the first line and drops
//! the second; the empty part behind the last line feed has a label too.

use anyhow::{Context, Result, bail, ensure};
use dechaff_core::verify::Label;
use flate2::read::MultiGzDecoder;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A labelled page.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledPage {
    /// Text of the page.
    pub text: String,
    /// A label for each part of the text between line feeds.
    pub labels: Vec<Label>,
    /// All other fields of the row.
    pub fields: Map<String, Value>,
}

impl LabelledPage {
    /// Returns the value of the field `name`, or the empty string if the row has no such field or
    /// its value is not a string. `text` and `labels` are not among the fields.
    pub fn field(&self, name: &str) -> &str {
        self.fields
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// Reads the labelled pages of a JSON Lines file one by one. A file whose name ends in `.gz` is
/// decompressed. Rows without labels are skipped.
///
/// # Errors
/// If the file cannot be opened. For a row that cannot be read, the iterator yields an error that
/// names the file and the line.
pub fn read_pages(path: &Path) -> Result<impl Iterator<Item = Result<LabelledPage>> + use<>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let is_gzip = path.extension().is_some_and(|extension| extension == "gz");
    let reader: Box<dyn Read> = if is_gzip {
        Box::new(MultiGzDecoder::new(BufReader::new(file)))
    } else {
        Box::new(file)
    };
    let name = path.display().to_string();
    let lines = BufReader::with_capacity(1 << 16, reader)
        .lines()
        .enumerate();
    Ok(lines.filter_map(move |(index, line)| {
        line.map_err(anyhow::Error::from)
            .and_then(|line| parse_page(&line))
            .with_context(|| format!("{name}, line {}", index + 1))
            .transpose()
    }))
}

/// Parses a row of a JSON Lines file. Labels are a string or a list of letters. Returns `None` if it
/// has no labels.
///
/// # Errors
/// If the row is not a JSON object, has no text, has a letter that is not a label, or has not
/// exactly one label for each line.
fn parse_page(line: &str) -> Result<Option<LabelledPage>> {
    let mut fields: Map<String, Value> = serde_json::from_str(line)?;
    let letters = match fields.remove("labels") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(letters)) => letters,
        Some(Value::Array(letters)) => letters.iter().filter_map(Value::as_str).collect(),
        Some(_) => bail!("the field 'labels' is neither a string nor a list of letters"),
    };
    let Some(Value::String(text)) = fields.remove("text") else {
        bail!("the row has no field 'text'");
    };
    let labels: Vec<Label> = letters.chars().map(label).collect::<Result<_>>()?;
    let lines = text.split('\n').count();
    ensure!(
        labels.len() == lines,
        "the row has {} labels for {lines} lines",
        labels.len()
    );
    Ok(Some(LabelledPage {
        text,
        labels,
        fields,
    }))
}

fn label(letter: char) -> Result<Label> {
    match letter {
        'k' => Ok(Label::Keep),
        'd' => Ok(Label::Drop),
        'u' => Ok(Label::Unsure),
        other => bail!("'{other}' is not a label; labels are k (keep), d (drop) and u (unsure)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_label_per_line() {
        let page = parse_page(r#"{"id": "1", "text": "a\nb\n", "labels": "kdu"}"#)
            .unwrap()
            .unwrap();
        assert_eq!(page.labels, [Label::Keep, Label::Drop, Label::Unsure]);
        assert_eq!(page.field("id"), "1");
        let list = parse_page(r#"{"text": "a\nb", "labels": ["k", "d"]}"#).unwrap();
        assert_eq!(list.unwrap().labels, [Label::Keep, Label::Drop]);
        assert!(parse_page(r#"{"text": "a"}"#).unwrap().is_none());
        for row in [
            r#"{"text": "a\nb", "labels": "k"}"#,
            r#"{"text": "a", "labels": "x"}"#,
            r#"{"text": "a", "labels": 1}"#,
            "{",
        ] {
            assert!(parse_page(row).is_err(), "{row}");
        }
    }
}
