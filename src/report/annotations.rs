//! Marks written beside a text instead of removing from it: as a list in a field of its record, and as a line of a Dolma
//! attribute file. Offsets count code points, as the readers of both expect.

use crate::cleaner::Cleaned;
use crate::pack::RuleSet;
use anyhow::Result;
use serde_json::{Map, Value, json};

/// One mark on a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// The field that holds the text.
    pub field: String,
    /// First code point.
    pub start: usize,
    /// One past the last one.
    pub end: usize,
    /// Full name of the rule.
    pub rule: String,
    /// Its category.
    pub category: &'static str,
    /// How sure the mark is, 0 to 1.
    pub score: f64,
}

/// Appends what would be removed from a text.
pub fn annotate(field: &str, cleaned: &Cleaned<'_>, rules: &RuleSet, to: &mut Vec<Annotation>) {
    // Removals are in order, so that the characters are counted once.
    let (mut at, mut points) = (0, 0);
    let mut count = |offset: usize| {
        points += cleaned.source()[at..offset].chars().count();
        at = offset;
        points
    };
    for removal in cleaned.removals() {
        let rule = rules.get(removal.rule);
        to.push(Annotation {
            field: field.to_owned(),
            start: count(removal.span.start()),
            end: count(removal.span.end()),
            rule: rule.name.clone(),
            category: rule.category.name(),
            score: f64::from(removal.score.thousandths()) / 1000.0,
        });
    }
}

/// The marks as a JSON list.
///
/// # Errors
/// None in practice.
pub fn annotation_list(annotations: &[Annotation]) -> Result<Vec<u8>> {
    let mark = |mark: &Annotation| {
        json!({
            "field": mark.field, "start": mark.start, "end": mark.end, "rule": mark.rule, "category": mark.category, "score": mark.score,
        })
    };
    Ok(serde_json::to_vec(
        &annotations.iter().map(mark).collect::<Vec<_>>(),
    )?)
}

/// A line of a Dolma attribute file, with the id as it is spelt in the document: all marks as `NAME__all`, and those of each category as `NAME__CATEGORY`.
#[must_use]
pub fn dolma_line(id: Option<&str>, name: &str, annotations: &[Annotation]) -> Vec<u8> {
    let mut attributes = Map::new();
    attributes.insert(format!("{name}__all"), json!([]));
    for mark in annotations {
        for key in [
            format!("{name}__all"),
            format!("{name}__{}", mark.category.replace('-', "_")),
        ] {
            if let Value::Array(list) = attributes.entry(key).or_insert_with(|| json!([])) {
                list.push(json!([mark.start, mark.end, mark.score]));
            }
        }
    }
    let attributes = Value::Object(attributes);
    format!(
        "{{\"id\":{},\"attributes\":{attributes}}}\n",
        id.unwrap_or("null")
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cleaner, Document, Scratch};

    #[test]
    fn offsets_count_code_points() {
        let cleaner = Cleaner::builder().build().unwrap();
        let document = Document::new(
            "Es regnete \u{1d11e} süß.\nAdvertisement\nÄh.\nShare this article\nEnde.",
        )
        .unwrap();
        let mut found = Vec::new();
        annotate(
            "text",
            &cleaner.clean(&document, &mut Scratch::default()),
            cleaner.rules(),
            &mut found,
        );
        let spans: Vec<_> = found
            .iter()
            .map(|mark| (mark.start, mark.end, mark.category))
            .collect();
        assert_eq!(spans, [(18, 32, "advert"), (36, 55, "share")]);
        let line = String::from_utf8(dolma_line(Some("\"a\""), "x", &found)).unwrap();
        let all = r#""x__all":[[18,32,1.0],[36,55,1.0]],"x__advert":[[18,32,1.0]],"x__share":[[36,55,1.0]]"#;
        assert_eq!(line, format!("{{\"id\":\"a\",\"attributes\":{{{all}}}}}\n"));
    }
}
