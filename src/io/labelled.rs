//! Labelled pages: JSON Lines with a text and a letter for each of its lines, plain, gzip or zstd, read row by row.

use super::format::Format;
use super::source::Source;
use crate::verify::Label;
use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// A text of a labelled or plain corpus.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledRow {
    /// The text.
    pub text: String,
    /// One label for each part of the text between line feeds, if there are labels.
    pub labels: Option<Vec<Label>>,
    /// The other fields of the row.
    pub fields: Map<String, Value>,
}

/// Rows of a JSON Lines file, plain, gzip or zstd, with the field that holds their text. Labels go with the field `text`
/// only, as that is the one that they were given for.
///
/// # Errors
/// If the file cannot be opened or read; a row that is none is an error of that row.
pub fn read_rows(
    path: &Path,
    field: &str,
) -> Result<impl Iterator<Item = Result<LabelledRow>> + use<>> {
    let reader = Source::new(path, File::open(path)?, Some(Format::JsonLines))?.reader;
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

fn parse_row(line: &str, field: &str) -> Result<LabelledRow> {
    let Value::Object(mut fields) = serde_json::from_str(line).context("is no JSON")? else {
        bail!("is no JSON object")
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
        Some(_) => bail!("has labels that are neither a string of letters nor a list of them"),
    };
    let labels = letters
        .map(|letters| read_labels(&letters, &text))
        .transpose()?;
    Ok(LabelledRow {
        text,
        labels,
        fields,
    })
}

fn read_labels(letters: &str, text: &str) -> Result<Vec<Label>> {
    let label = |letter| match letter {
        'k' => Ok(Label::Keep),
        'd' => Ok(Label::Drop),
        'u' => Ok(Label::Unsure),
        other => Err(anyhow!(
            "has the label '{other}'; labels are k (keep), d (drop) and u (unsure)"
        )),
    };
    let labels: Vec<Label> = letters.chars().map(label).collect::<Result<_>>()?;
    let lines = text.split('\n').count();
    if labels.len() != lines {
        bail!("has {} labels for {lines} lines", labels.len());
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_a_label_for_each_line() {
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
            (r#"{"text": "a\nb", "labels": "k"}"#, "1 labels for 2 lines"),
            (r#"{"text": "a", "labels": "x"}"#, "label 'x'"),
            (r#"{"gold": "a"}"#, "no text in the field 'text'"),
            ("[]", "no JSON object"),
            ("{", "no JSON"),
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
