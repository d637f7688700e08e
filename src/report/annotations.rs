//! Annotations: marks written beside a text instead of being removed from it, either as a list in a
//! field of the record or as a line of a Dolma attribute file. Offsets count code points, because
//! the readers of both index strings by code points and not by UTF-8 bytes.

use super::{Cut, decimal};
use dechaff_core::{Category, Cleaned, RuleSet, Verdict};
use serde_json::{Map, Value, json};
use std::ops::Range;

/// A span of a text that a rule would remove.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// The field that holds the text.
    pub field: String,
    /// The index of the text in the field, if that is a list.
    pub item: Option<usize>,
    /// The first code point of the text.
    pub start: usize,
    /// One past the last code point.
    pub end: usize,
    /// The full name of the rule.
    pub rule: String,
    /// The category of the rule.
    pub category: &'static str,
    /// The score of the mark, from 0 to 1.
    pub score: f64,
}

/// Converts ascending byte offsets of a text to code point offsets. It counts each byte once, so
/// that a text with many marks takes linear time.
struct CodePointCounter<'t> {
    text: &'t str,
    byte: usize,
    code_points: usize,
}

impl CodePointCounter<'_> {
    /// Returns the number of code points before byte `offset`, which must be a character boundary
    /// and not less than the offset of the call before.
    fn count_to(&mut self, offset: usize) -> usize {
        self.code_points += self.text[self.byte..offset].chars().count();
        self.byte = offset;
        self.code_points
    }
}

/// Appends an annotation to `out` for each of `cuts`, the spans that are removed from `text`, the
/// value of `field`, in the order of the text. Only the first rule of a span is named.
pub fn annotate(
    field: &str,
    text: &str,
    cleaned: &Cleaned<'_>,
    cuts: &[Cut],
    rules: &RuleSet,
    out: &mut Vec<Annotation>,
) {
    for (cut, (item, range)) in cuts.iter().zip(code_points(text, cuts)) {
        let removal = &cleaned.removals()[cut.removal];
        let rule = rules.get(removal.rule);
        out.push(Annotation {
            field: field.to_owned(),
            item,
            start: range.start,
            end: range.end,
            rule: rule.name.clone(),
            category: rule.category.name(),
            score: decimal(removal.score),
        });
    }
}

/// Appends an annotation to `out` for each of `cuts`, which cover all of `text`, the value of
/// `field`, for another reason than a rule, such as `record/held`.
pub fn annotate_whole(
    field: &str,
    text: &str,
    cuts: &[Cut],
    reason: &str,
    out: &mut Vec<Annotation>,
) {
    for (item, range) in code_points(text, cuts) {
        out.push(Annotation {
            field: field.to_owned(),
            item,
            start: range.start,
            end: range.end,
            rule: reason.to_owned(),
            category: Category::Other.name(),
            score: 1.0,
        });
    }
}

/// Returns the code points of `text` that each of `cuts` covers. In a list, they are those of the
/// item, of which the index comes first.
fn code_points(text: &str, cuts: &[Cut]) -> Vec<(Option<usize>, Range<usize>)> {
    let mut counter = CodePointCounter {
        text,
        byte: 0,
        code_points: 0,
    };
    // The item of the last cut, and its first code point.
    let (mut item, mut first) = (None, 0);
    let mut found = Vec::with_capacity(cuts.len());
    for cut in cuts {
        if let Some((index, start)) = cut.item
            && item != Some(index)
        {
            (item, first) = (Some(index), counter.count_to(start));
        }
        let start = counter.count_to(cut.text.start) - first;
        found.push((item, start..counter.count_to(cut.text.end) - first));
    }
    found
}

/// Returns the annotations as a JSON list of objects, the value of the field that is added to a
/// record. Without annotations it is an empty list, so that every record has the field.
#[must_use]
pub fn annotation_list(annotations: &[Annotation]) -> Vec<u8> {
    let list: Value = annotations
        .iter()
        .map(|mark| {
            let mut value = json!({
                "field": mark.field, "start": mark.start, "end": mark.end,
                "rule": mark.rule, "category": mark.category, "score": mark.score,
            });
            if let Some(item) = mark.item {
                value["item"] = item.into();
            }
            value
        })
        .collect();
    list.to_string().into_bytes()
}

/// Returns the name of the field that has the share of a record, beside the one called `name` that
/// has its annotations.
#[must_use]
pub fn share_field(name: &str) -> String {
    format!("{name}_removed_share")
}

/// Returns a line of a Dolma attribute file: all annotations as the attribute `NAME__all`, and
/// those of each category as `NAME__CATEGORY`, each a list of `[start, end, score]`. `id` is the
/// JSON of the record's id, copied as it is spelled; `None` is written as `null`. `whole` has the
/// length of the text in code points and the share of it that would be removed, which becomes the
/// score of the one span of `NAME__removed_share`. A verdict, which has a name of its own, has such
/// spans too; the scores of `NAME__kind_KIND`, and of `NAME__held` if the document is held, are 1.
#[must_use]
pub fn dolma_line(
    id: Option<&str>,
    name: &str,
    annotations: &[Annotation],
    whole: Option<(usize, f64)>,
    verdict: Option<(&str, &Verdict)>,
) -> Vec<u8> {
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
    if let (Some((length, _)), Some((name, verdict))) = (whole, verdict) {
        for (end, score) in verdict_scores(verdict) {
            attributes.insert(format!("{name}__{end}"), json!([[0, length, score]]));
        }
    }
    let whole = whole.map(|(length, share)| json!([0, length, share]));
    attributes.insert(
        format!("{name}__removed_share"),
        whole.into_iter().collect(),
    );
    let attributes = Value::Object(attributes);
    format!(
        "{{\"id\":{},\"attributes\":{attributes}}}\n",
        id.unwrap_or("null")
    )
    .into_bytes()
}

/// Returns the ends of the names of the attributes of a verdict, with the scores of their spans.
fn verdict_scores(verdict: &Verdict) -> [(String, f64); 5] {
    let kind = format!("kind_{}", verdict.kind.name());
    [
        (kind, 1.0),
        ("removed_share".to_owned(), verdict.removed_share),
        (
            "almost_removed_share".to_owned(),
            verdict.almost_removed_share,
        ),
        ("risk".to_owned(), verdict.risk),
        ("held".to_owned(), f64::from(u8::from(verdict.held))),
    ]
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
        let cleaned = cleaner.clean(&document, &mut Scratch::default());
        let removals = cleaned.removals().iter().enumerate();
        let cuts = removals.map(|(removal, removed)| Cut {
            removal,
            text: removed.span.range(),
            bytes: removed.span.range(),
            item: None,
        });
        annotate(
            "text",
            cleaned.source(),
            &cleaned,
            &cuts.collect::<Vec<_>>(),
            cleaner.rules(),
            &mut found,
        );
        let spans: Vec<_> = found
            .iter()
            .map(|mark| (mark.start, mark.end, mark.category))
            .collect();
        assert_eq!(spans, [(18, 32, "advert"), (36, 55, "share")]);
        let whole = Some((61, 0.5));
        let line = String::from_utf8(dolma_line(Some("\"a\""), "x", &found, whole, None)).unwrap();
        let all = concat!(
            r#""x__all":[[18,32,1.0],[36,55,1.0]],"#,
            r#""x__advert":[[18,32,1.0]],"x__share":[[36,55,1.0]],"#,
            r#""x__removed_share":[[0,61,0.5]]"#
        );
        assert_eq!(line, format!("{{\"id\":\"a\",\"attributes\":{{{all}}}}}\n"));
    }
}
