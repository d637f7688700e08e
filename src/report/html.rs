//! The HTML report: a survey as a page.

use super::page::{Page, inert};
use super::survey::{BottomK, Claim, DocumentSample, Sample, Survey, TextPiece};
use super::survey::{DOCUMENTS_PER_REASON, SAMPLES_PER_RULE};
use super::{escape_control, rules::names};
use dechaff_core::{Category, Rule, RuleId, RuleSet};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const PAGE: Page<'static> = Page {
    template: include_str!("html/report.html"),
    style: concat!(
        include_str!("html/base.css"),
        include_str!("html/report.css")
    ),
    script: concat!(include_str!("html/base.js"), include_str!("html/report.js")),
};

/// Bytes of documents in a page, as JSON.
const DOCUMENT_BYTES: usize = 2_500_000;
/// Bytes of samples in a page, as JSON.
const SAMPLE_BYTES: usize = 1_000_000;
/// Bytes of rules with their descriptions and figures in a page, as JSON.
const RULE_BYTES: usize = 600_000;

/// What a page shows apart from the survey.
#[derive(Clone, Debug)]
pub struct ReportMeta<'h> {
    /// The title of the page.
    pub title: &'h str,
    /// The level and the other options that decide what is removed, for people.
    pub options: &'h str,
    /// The summary of the run, which also counts the inputs that failed.
    pub summary: &'h str,
}

/// Returns the report as an HTML page. It is smaller than 5 MB for any corpus, because rules,
/// samples and documents beyond the limits above are left out.
#[must_use]
pub fn html_page(survey: &Survey, rules: &RuleSet, meta: &ReportMeta<'_>) -> String {
    let texts = [("title", meta.title), ("summary", meta.summary)];
    PAGE.render(&survey_json(survey, rules, meta), &texts)
}

/// Returns `value` and subtracts its bytes in the page from `budget`, or returns `None` and leaves
/// `budget` as it is if there is no room for it. A smaller value may still fit.
fn within_budget(value: Value, budget: &mut usize) -> Option<Value> {
    let size = inert(&value.to_string()).len();
    *budget = budget.checked_sub(size)?;
    Some(value)
}

/// Returns the survey as JSON, as the page contains it and `dechaff report --json` prints it. All
/// text in it is escaped for terminals.
#[must_use]
pub fn survey_json(survey: &Survey, rules: &RuleSet, meta: &ReportMeta<'_>) -> Value {
    let (documents, named) = documents(survey, rules);
    let rules_json = rules_json(survey, rules, &named);
    json!({
        "dechaff": env!("CARGO_PKG_VERSION"),
        "title": escape_control(meta.title),
        "options": escape_control(meta.options),
        "summary": escape_control(meta.summary),
        "documents": survey.documents,
        "changed": survey.changed,
        "held": survey.held,
        "bytes-read": survey.bytes_read,
        "bytes-removed": survey.bytes_removed,
        "shares": survey.shares,
        "categories": categories(survey, rules),
        "rules": rules_json,
        "pages": documents,
    })
}

/// Returns the categories from which something was removed, those with most bytes first. A span
/// counts for the category of its first rule only, so that bytes add up to all that was removed.
fn categories(survey: &Survey, rules: &RuleSet) -> Vec<Value> {
    let mut sums: BTreeMap<Category, (u64, u64)> = BTreeMap::new();
    for (&id, rule) in &survey.rules {
        let sum = sums.entry(rules.get(id).category).or_default();
        sum.0 += rule.own_bytes;
        sum.1 += rule.hits;
    }
    let mut sums: Vec<_> = sums
        .into_iter()
        .filter(|(_, (bytes, _))| *bytes > 0)
        .collect();
    sums.sort_by_key(|(category, (bytes, _))| (std::cmp::Reverse(*bytes), *category));
    sums.iter()
        .map(|(category, (bytes, hits))| {
            json!({ "name": category.name(), "bytes": bytes, "hits": hits })
        })
        .collect()
}

/// Returns the rules that removed something, or would have but for a keep rule, those with most
/// bytes first and each with samples. Then come the rules of `named` that are not among these, with
/// their descriptions only: keep rules, which documents and samples name.
fn rules_json(survey: &Survey, rules: &RuleSet, named: &BTreeSet<RuleId>) -> Vec<Value> {
    let mut surveyed: Vec<_> = survey.rules.iter().collect();
    surveyed.sort_by_key(|(id, rule)| (std::cmp::Reverse(rule.bytes), **id));
    let mut budget = RULE_BYTES;
    let mut list: Vec<(RuleId, Value)> = Vec::new();
    for &(&id, counts) in &surveyed {
        let rule = rules.get(id);
        let value = json!({
            "name": rule.name, "description": escape_control(&rule.description),
            "category": rule.category, "confidence": rule.confidence,
            "hits": counts.hits, "bytes": counts.bytes, "sole": counts.sole_bytes,
            "documents": counts.documents, "saved": counts.saved,
        });
        list.extend(within_budget(value, &mut budget).map(|value| (id, value)));
    }
    add_samples(&mut list, survey, rules);
    let listed: BTreeSet<RuleId> = list.iter().map(|(id, _)| *id).collect();
    list.into_iter()
        .map(|(_, value)| value)
        .chain(
            named
                .iter()
                .filter(|id| !listed.contains(id))
                .map(|&id| description(rules.get(id))),
        )
        .collect()
}

/// Adds samples to the rules of `list`: removals as `samples`, and protected spans as `kept`. While
/// there is room it adds a first sample to each rule, then a second one, so that rules with few
/// bytes get theirs too.
fn add_samples(list: &mut [(RuleId, Value)], survey: &Survey, rules: &RuleSet) {
    let mut budget = SAMPLE_BYTES;
    for key in ["samples", "kept"] {
        for number in 0..SAMPLES_PER_RULE {
            for (id, value) in &mut *list {
                let rule = &survey.rules[id];
                let samples: &BottomK<Sample> = if key == "samples" {
                    &rule.samples
                } else {
                    &rule.saved_samples
                };
                let sample = samples
                    .iter()
                    .nth(number)
                    .and_then(|sample| within_budget(sample_json(sample, rules), &mut budget));
                let Some(sample) = sample else { continue };
                match value[key].as_array_mut() {
                    Some(samples) => samples.push(sample),
                    None => value[key] = json!([sample]),
                }
            }
        }
    }
}

/// Returns what the page shows of a rule that has no figures. The script recognizes such a rule by
/// the missing `hits`.
fn description(rule: &Rule) -> Value {
    json!({
        "name": rule.name, "description": escape_control(&rule.description),
        "category": rule.category,
    })
}

fn sample_json(sample: &Sample, rules: &RuleSet) -> Value {
    json!({
        "document": sample.document, "before": sample.before, "text": sample.text,
        "after": sample.after, "score": sample.score, "others": names(&sample.others, rules),
    })
}

/// Returns the sampled documents, each once and with all reasons why it was chosen, as far as there
/// is room: the first one of each reason, then the second one and so on. Held documents come first,
/// then those that lose most bytes. The second value is the set of all rules that they name.
fn documents(survey: &Survey, rules: &RuleSet) -> (Vec<Value>, BTreeSet<RuleId>) {
    let samples = [
        ("held", &survey.held_samples),
        ("share", &survey.largest_shares),
        ("bytes", &survey.most_bytes),
        ("score", &survey.least_sure),
        ("chance", &survey.random),
    ];
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (reason, documents) in samples {
        for document in documents.iter() {
            reasons.entry(&document.name).or_default().push(reason);
        }
    }
    let (mut budget, mut seen, mut named) = (DOCUMENT_BYTES, BTreeSet::new(), BTreeSet::new());
    let mut list: Vec<(&DocumentSample, Value)> = Vec::new();
    for number in 0..DOCUMENTS_PER_REASON {
        for document in samples
            .iter()
            .filter_map(|(_, documents)| documents.iter().nth(number))
        {
            if !seen.insert(&document.name) {
                continue;
            }
            let value = document_json(document, &reasons[document.name.as_str()], rules);
            let Some(value) = within_budget(value, &mut budget) else {
                continue;
            };
            for claim in document
                .pieces
                .iter()
                .filter_map(|piece| piece.claim.as_ref())
            {
                named.insert(claim.rule);
                named.extend(claim.also.iter().copied().chain(claim.saved_by));
            }
            list.push((document, value));
        }
    }
    list.sort_by_key(|(document, _)| {
        (
            !document.held,
            std::cmp::Reverse(document.removed),
            &document.name,
        )
    });
    (list.into_iter().map(|(_, value)| value).collect(), named)
}

fn document_json(document: &DocumentSample, reasons: &[&str], rules: &RuleSet) -> Value {
    let pieces: Vec<Value> = document
        .pieces
        .iter()
        .map(|piece| piece_json(piece, rules))
        .collect();
    json!({
        "name": document.name, "id": document.id, "bytes": document.bytes,
        "removed": document.removed, "held": document.held, "why": reasons, "pieces": pieces,
    })
}

/// Returns a piece of a document as a JSON list, which is shorter than an object: its text alone
/// or, if a rule removes it, text, rule, other rules, score in thousandths, and the rule that
/// protects it or null.
fn piece_json(piece: &TextPiece, rules: &RuleSet) -> Value {
    let Some(Claim {
        rule,
        also,
        score,
        saved_by,
    }) = &piece.claim
    else {
        return json!([piece.text]);
    };
    let saved_by = saved_by.map(|id| rules.get(id).name.as_str());
    json!([
        piece.text,
        rules.get(*rule).name,
        names(also, rules),
        score,
        saved_by
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Name;
    use crate::{Cleaner, Document, Scratch};

    const META: ReportMeta<'_> = ReportMeta {
        title: "</title><script>t</script>",
        options: "level balanced",
        summary: "<b>&",
    };

    fn page(texts: impl Iterator<Item = (String, String)>) -> String {
        let cleaner = Cleaner::builder().build().unwrap();
        let mut survey = Survey::default();
        for (name, text) in texts {
            let document = Document::new(&text).unwrap();
            survey.add(
                &Name {
                    path: &name,
                    ..Name::default()
                },
                &cleaner.clean(&document, &mut Scratch::default()),
                cleaner.rules(),
            );
        }
        html_page(&survey, cleaner.rules(), &META)
    }

    #[test]
    fn hostile_text_cannot_end_an_element() {
        let text = "It rained.\n\nAdvertisement\n\n</script><script>alert(1)</script>\
                    <!-- {{data}} \u{2028}\n"
            .to_owned();
        let page = page(std::iter::once((
            "</script><img src=x>.txt".to_owned(),
            text,
        )));
        assert_eq!(
            page.matches("<script").count(),
            2,
            "the data and the page's own"
        );
        assert_eq!(page.matches("</script").count(), 2);
        assert!(!page.contains("<img") && !page.contains("<b>") && !page.contains('\u{2028}'));
        let data = page
            .split("id=\"data\">")
            .nth(1)
            .unwrap()
            .split("</script>")
            .next()
            .unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["pages"][0]["name"], "</script><img src=x>.txt");
    }

    #[test]
    fn a_page_is_below_five_megabytes_for_hostile_text() {
        let texts = (0..150).map(|number| {
            let noise = "<<<<&&&&\u{1}\u{1} ".repeat(900);
            (
                format!("{number}{}", "<".repeat(3000)),
                format!("{noise}\nAdvertisement\n{noise}\nShare this article\n"),
            )
        });
        let size = page(texts).len();
        assert!(size < 5_000_000, "{size}");
    }
}
