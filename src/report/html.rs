//! A survey as a page of its own: one file that works from disk, with no network. All that comes from the corpus or from
//! packs goes into it as data, which the page's script puts in as text; a policy in the page forbids any other script.

use super::survey::{Claim, DocumentSample, Sample, Survey, TextPiece};
use crate::pack::RuleSet;
use crate::rule::{Category, RuleId};
use data_encoding::BASE64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

const TEMPLATE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// So many bytes of documents a page holds, of samples, and of the descriptions of rules.
const DOCUMENT_BYTES: usize = 2_500_000;
const SAMPLE_BYTES: usize = 1_000_000;
const RULE_BYTES: usize = 600_000;

/// What a page says beside the survey.
#[derive(Clone, Debug)]
pub struct ReportMeta<'h> {
    /// Its title.
    pub title: &'h str,
    /// How the run was made: level and other options that decide what goes.
    pub options: &'h str,
    /// What else is to be told of the run, such as inputs that failed.
    pub summary: &'h str,
}

/// The page.
#[must_use]
pub fn html_page(survey: &Survey, rules: &RuleSet, heading: &ReportMeta<'_>) -> String {
    let data = inert(&survey_json(survey, rules, heading).to_string());
    let source = |text: &str| format!("'sha256-{}'", BASE64.encode(&Sha256::digest(text)));
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        source(SCRIPT),
        source(STYLE)
    );
    let mut page =
        String::with_capacity(TEMPLATE.len() + STYLE.len() + SCRIPT.len() + data.len() + 1024);
    // What is put in is not searched for places again.
    for (index, part) in TEMPLATE.split("{{").enumerate() {
        let (place, rest) = if index == 0 {
            ("", part)
        } else {
            part.split_once("}}").unwrap_or(("", part))
        };
        match place {
            "policy" => page.push_str(&policy),
            "style" => page.push_str(STYLE),
            "script" => page.push_str(SCRIPT),
            "data" => page.push_str(&data),
            "title" => page.push_str(&escaped(heading.title)),
            "summary" => page.push_str(&escaped(heading.summary)),
            _ => {}
        }
        page.push_str(rest);
    }
    page
}

/// Text between tags.
fn escaped(text: &str) -> String {
    super::escape_control(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// JSON that cannot end the element that holds it: these characters stand in strings only, where escapes are the same.
fn inert(json: &str) -> String {
    let mut safe = String::with_capacity(json.len() + json.len() / 16);
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                safe.push_str(&format!("\\u{:04x}", c as u32))
            }
            c => safe.push(c),
        }
    }
    safe
}

/// A part of the data, unless no room is left for it.
fn fitting(value: Value, room: &mut usize) -> Option<Value> {
    let size = inert(&value.to_string()).len();
    *room = room.checked_sub(size)?;
    Some(value)
}

/// The survey as JSON, as the page holds it.
#[must_use]
pub fn survey_json(survey: &Survey, rules: &RuleSet, heading: &ReportMeta<'_>) -> Value {
    let (pages, chosen) = pages(survey, rules);
    let rules_json = rules_json(survey, rules, &chosen);
    json!({
        "dechaff": env!("CARGO_PKG_VERSION"),
        "title": super::escape_control(heading.title),
        "options": super::escape_control(heading.options),
        "summary": super::escape_control(heading.summary),
        "documents": survey.documents,
        "changed": survey.changed,
        "held": survey.held,
        "bytes-read": survey.bytes_read,
        "bytes-removed": survey.bytes_removed,
        "shares": survey.shares,
        "categories": categories(survey, rules),
        "rules": rules_json,
        "pages": pages,
    })
}

/// What went, by category: bytes add up, as each counts for the rule that is named first.
fn categories(survey: &Survey, rules: &RuleSet) -> Vec<Value> {
    let mut sums: BTreeMap<Category, (u64, u64)> = BTreeMap::new();
    for (&id, found) in &survey.rules {
        let sum = sums.entry(rules.get(id).category).or_default();
        sum.0 += found.own_bytes;
        sum.1 += found.hits;
    }
    let mut sums: Vec<_> = sums
        .into_iter()
        .filter(|(_, (bytes, _))| *bytes > 0)
        .collect();
    sums.sort_by_key(|(category, (bytes, _))| (std::cmp::Reverse(*bytes), *category));
    sums.iter().map(|(category, (bytes, hits))| json!({ "name": category.name(), "bytes": bytes, "hits": hits })).collect()
}

/// Rules that took something or would have, most bytes first, with samples: first one of each rule, then a second of each,
/// as far as there is room. `named` are those that documents name.
fn rules_json(survey: &Survey, rules: &RuleSet, named: &BTreeSet<RuleId>) -> Vec<Value> {
    let mut found: Vec<_> = survey.rules.iter().collect();
    found.sort_by_key(|(id, rule)| (std::cmp::Reverse(rule.bytes), **id));
    let mut room = RULE_BYTES;
    let mut list: Vec<(RuleId, Value)> = Vec::new();
    for &(&id, of) in &found {
        let rule = rules.get(id);
        let value = json!({
            "name": rule.name, "description": super::escape_control(&rule.description), "category": rule.category, "confidence": rule.confidence,
            "hits": of.hits, "bytes": of.bytes, "sole": of.sole_bytes, "documents": of.documents, "saved": of.saved,
        });
        list.extend(fitting(value, &mut room).map(|value| (id, value)));
    }
    let listed: BTreeSet<RuleId> = list.iter().map(|(id, _)| *id).collect();
    let mut room = SAMPLE_BYTES;
    for (key, most) in [
        ("samples", super::survey::SAMPLES),
        ("kept", super::survey::SAMPLES),
    ] {
        for number in 0..most {
            for (id, value) in &mut list {
                let of = &survey.rules[id];
                let sample = if key == "samples" {
                    of.samples.iter().nth(number)
                } else {
                    of.saved_samples.iter().nth(number)
                };
                let Some(sample) =
                    sample.and_then(|sample| fitting(sample_json(sample, rules), &mut room))
                else {
                    continue;
                };
                match value[key].as_array_mut() {
                    Some(samples) => samples.push(sample),
                    None => value[key] = json!([sample]),
                }
            }
        }
    }
    // Rules that only protect are named by documents and samples, and have to be known there.
    let others = named
        .iter()
        .filter(|id| !listed.contains(id))
        .map(|&id| rules.get(id));
    let others =
        others.map(|rule| json!({ "name": rule.name, "description": super::escape_control(&rule.description), "category": rule.category }));
    list.into_iter()
        .map(|(_, value)| value)
        .chain(others)
        .collect()
}

fn sample_json(sample: &Sample, rules: &RuleSet) -> Value {
    json!({
        "document": sample.document, "before": sample.before, "text": sample.text, "after": sample.after, "score": sample.score,
        "others": names(&sample.others, rules),
    })
}

fn names<'r>(ids: &[RuleId], rules: &'r RuleSet) -> Vec<&'r str> {
    ids.iter().map(|&id| rules.get(id).name.as_str()).collect()
}

/// Documents, each once with why it was chosen, as far as there is room: the first of each reason, then the second. Beside
/// them the rules that they name.
fn pages(survey: &Survey, rules: &RuleSet) -> (Vec<Value>, BTreeSet<RuleId>) {
    let reasons = [
        ("held", &survey.most_held),
        ("share", &survey.most_share),
        ("bytes", &survey.most_bytes),
        ("chance", &survey.by_chance),
    ];
    let mut why: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (reason, pages) in reasons {
        pages
            .iter()
            .for_each(|page| why.entry(&page.name).or_default().push(reason));
    }
    let (mut room, mut done, mut named) = (DOCUMENT_BYTES, BTreeSet::new(), BTreeSet::new());
    let mut list: Vec<(&DocumentSample, Value)> = Vec::new();
    for number in 0..super::survey::PAGES {
        for page in reasons
            .iter()
            .filter_map(|(_, pages)| pages.iter().nth(number))
        {
            if !done.insert(&page.name) {
                continue;
            }
            let Some(value) = fitting(page_json(page, &why[page.name.as_str()], rules), &mut room)
            else {
                continue;
            };
            let claims = page.pieces.iter().filter_map(|piece| piece.claim.as_ref());
            named.extend(claims.flat_map(|claim| {
                [claim.rule]
                    .into_iter()
                    .chain(claim.also.iter().copied())
                    .chain(claim.saved_by)
            }));
            list.push((page, value));
        }
    }
    list.sort_by_key(|(page, _)| (!page.held, std::cmp::Reverse(page.removed), &page.name));
    (list.into_iter().map(|(_, value)| value).collect(), named)
}

fn page_json(page: &DocumentSample, why: &[&str], rules: &RuleSet) -> Value {
    let piece = |piece: &TextPiece| match &piece.claim {
        None => json!([piece.text]),
        Some(Claim {
            rule,
            also,
            score,
            saved_by,
        }) => {
            let saved_by = saved_by.map(|id| rules.get(id).name.as_str());
            json!([
                piece.text,
                rules.get(*rule).name,
                names(also, rules),
                score,
                saved_by
            ])
        }
    };
    json!({
        "name": page.name, "id": page.id, "bytes": page.bytes, "removed": page.removed, "held": page.held, "why": why,
        "pieces": page.pieces.iter().map(piece).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Name;
    use crate::{Cleaner, Document, Scratch};

    const HEADING: ReportMeta<'_> = ReportMeta {
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
        html_page(&survey, cleaner.rules(), &HEADING)
    }

    #[test]
    fn hostile_text_ends_no_element() {
        let text = "It rained.\n\nAdvertisement\n\n</script><script>alert(1)</script><!-- {{data}} \u{2028}\n".to_owned();
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
    fn it_stays_below_five_megabytes_however_hostile() {
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
