//! Reading of labelled corpora: JSON Lines in which each row holds a text and, optionally, one
//! label per line of it.
//!
//! ```json
//! {"text": "The bridge opens on Monday.\nShare this article", "labels": "kd"}
//! ```
//!
//! Labels are `k` (keep), `d` (drop) and `u` (unsure), as a string or as a list of strings. What
//! follows the last line end counts as a line, even if it is empty: `a⏎b⏎` has three labels.

use super::format::Format;
use super::fs::File;
use super::source::Source;
use anyhow::{Context, Result, bail};
use dechaff_core::verify::Label;
use serde_json::{Map, Value};
use std::io::{BufRead, BufReader};
use std::path::Path;

/// One row of a labelled or unlabelled corpus.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledRow {
    /// Text of the page.
    pub text: String,
    /// One label per line of the text, split at line feeds, or `None` if the row has no labels.
    pub labels: Option<Vec<Label>>,
    /// All other fields of the row.
    pub fields: Map<String, Value>,
}

/// Opens the JSON Lines file at `path`, plain or compressed with gzip or zstd, and returns an
/// iterator over its rows. `field` names the field that holds the text. Labels are read only if
/// that is `text`, because they refer to its lines. Blank lines are skipped.
///
/// # Errors
/// If the file cannot be opened or its first bytes cannot be read. A malformed row is an error of
/// that item, with its line number, and does not end the iterator.
pub fn read_rows(
    path: &Path,
    field: &str,
) -> Result<impl Iterator<Item = Result<LabelledRow>> + use<>> {
    let reader = Source::new(path, File::open(path)?, Some(Format::JSON_LINES))?.reader;
    let field = field.to_owned();
    let lines = BufReader::with_capacity(1 << 16, reader).lines();
    Ok(lines
        .enumerate()
        .filter(|(_, line)| !line.as_ref().is_ok_and(|line| line.trim().is_empty()))
        .map(move |(index, line)| {
            line.map_err(anyhow::Error::from)
                .and_then(|line| parse_row(&line, &field))
                .with_context(|| format!("line {}", index + 1))
        }))
}

/// Parses one line into a row. Returns an error if the line is not a JSON object, lacks a string in
/// `field`, or has labels that do not fit the text.
fn parse_row(line: &str, field: &str) -> Result<LabelledRow> {
    let Value::Object(mut fields) = serde_json::from_str(line).context("is not valid JSON")? else {
        bail!("is not a JSON object")
    };
    let Some(Value::String(text)) = fields.remove(field) else {
        bail!("has no text in the field '{field}'")
    };
    let letters = match fields.remove("labels") {
        Some(_) if field != "text" => None,
        Some(Value::String(letters)) => Some(letters),
        Some(Value::Array(letters)) => Some(
            letters
                .iter()
                .map(|letter| letter.as_str().unwrap_or("?"))
                .collect(),
        ),
        Some(Value::Null) | None => None,
        Some(_) => bail!("has labels that are neither a string nor a list of letters"),
    };
    let labels = letters
        .map(|letters| parse_labels(&letters, &text))
        .transpose()?;
    Ok(LabelledRow {
        text,
        labels,
        fields,
    })
}

/// Parses `letters` to one label per line of `text`. Returns an error at the first unknown letter,
/// or if the number of labels differs from that of the lines.
fn parse_labels(letters: &str, text: &str) -> Result<Vec<Label>> {
    let labels: Vec<Label> = letters.chars().map(parse_label).collect::<Result<_>>()?;
    let lines = text.split('\n').count();
    if labels.len() != lines {
        bail!(
            "has {} label{} for {lines} line{}; what follows the last line end counts as a line \
             too, even if it is empty",
            labels.len(),
            plural(labels.len()),
            plural(lines)
        );
    }
    Ok(labels)
}

fn plural(number: usize) -> &'static str {
    if number == 1 { "" } else { "s" }
}

fn parse_label(letter: char) -> Result<Label> {
    match letter {
        'k' => Ok(Label::Keep),
        'd' => Ok(Label::Drop),
        'u' => Ok(Label::Unsure),
        other => bail!("has the label '{other}'; labels are k (keep), d (drop) and u (unsure)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_one_label_per_line() {
        let row = parse_row(r#"{"id": 1, "text": "a\nb\n", "labels": "kdu"}"#, "text").unwrap();
        assert_eq!(
            row.labels.unwrap(),
            [Label::Keep, Label::Drop, Label::Unsure]
        );
        assert_eq!(row.fields["id"], 1);
        assert_eq!(
            parse_row(r#"{"text": "a\nb", "labels": ["k", "d"]}"#, "text")
                .unwrap()
                .labels
                .unwrap()
                .len(),
            2
        );
        for (line, reason) in [
            (r#"{"text": "a\nb", "labels": "k"}"#, "1 label for 2 lines"),
            (r#"{"text": "a", "labels": "x"}"#, "label 'x'"),
            (r#"{"gold": "a"}"#, "no text in the field 'text'"),
            ("[]", "not a JSON object"),
            ("{", "not valid JSON"),
        ] {
            assert!(
                format!("{:#}", parse_row(line, "text").unwrap_err()).contains(reason),
                "{line}"
            );
        }
        assert_eq!(
            parse_row(r#"{"gold": "a", "labels": "kkk"}"#, "gold")
                .unwrap()
                .labels,
            None
        );
    }
}
