//! The summary of a run, in a few lines for people: how much was removed, of which kinds, from
//! which documents most, and what was not cleaned and why.

use super::stats::{Stats, bytes, count, percent};
use super::{Name, escape_line};
use dechaff_core::{FilterName, RuleSet};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Kinds of removals that are named; the others are added up.
const NAMED_KINDS: usize = 5;

/// What a summary needs to know besides the statistics.
#[derive(Clone, Copy, Debug)]
pub struct SummaryContext<'s> {
    /// The rules, by which removals are sorted into categories.
    pub rules: &'s RuleSet,
    /// What follows the number of bytes: "removed", or another verb where nothing is written.
    pub verb: &'s str,
    /// The largest share of a document that may be removed, from 0 to 1.
    pub max_removed: f64,
    /// What happened to documents that would have lost more: "held", or what was chosen instead.
    pub held: &'s str,
}

/// Returns the lines of the summary of a run with these statistics.
#[must_use]
pub fn summary(stats: &Stats, context: &SummaryContext<'_>) -> Vec<String> {
    let mut lines = vec![totals(stats, context)];
    lines.extend(kinds(stats, context.rules));
    lines.extend(most_affected(stats));
    lines.extend(held(stats, context));
    lines.extend(uncleaned(stats));
    lines
}

/// Returns the number of documents and of bytes, before and after.
fn totals(stats: &Stats, context: &SummaryContext<'_>) -> String {
    let share = if stats.bytes_read == 0 {
        0.0
    } else {
        stats.bytes_removed as f64 / stats.bytes_read as f64
    };
    format!(
        "{}: {} changed, {} of {} {} ({}).",
        count(stats.documents, "document"),
        stats.changed,
        bytes(stats.bytes_removed),
        bytes(stats.bytes_read),
        context.verb,
        percent(share)
    )
}

/// Returns how many removals there are and of which kinds, most frequent first; `None` if there are
/// none. A removal counts once, for the rule that explains most of it.
fn kinds(stats: &Stats, rules: &RuleSet) -> Option<String> {
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, rule) in &stats.rules {
        *kinds.entry(kind(name, rules)).or_default() += rule.main_hits;
    }
    let mut kinds: Vec<_> = kinds.into_iter().filter(|(_, hits)| *hits > 0).collect();
    kinds.sort_by_key(|(name, hits)| (Reverse(*hits), *name));
    let total = kinds.iter().map(|(_, hits)| hits).sum();
    let mut parts: Vec<String> = kinds
        .iter()
        .take(NAMED_KINDS)
        .map(|(name, hits)| format!("{name} {hits}"))
        .collect();
    let others: u64 = kinds.iter().skip(NAMED_KINDS).map(|(_, hits)| hits).sum();
    if others > 0 {
        parts.push(format!("others {others}"));
    }
    (total > 0).then(|| format!("{}: {}.", count(total, "removal"), parts.join(", ")))
}

/// Returns the kind of a rule's removals, a name that --skip takes: its category, or "model" for
/// the line model, whose category says nothing. A rule that is not known is named by its pack.
fn kind<'k>(name: &'k str, rules: &'k RuleSet) -> &'k str {
    let Some(id) = rules.find(name) else {
        return name.split('/').next().unwrap_or(name);
    };
    let rule = rules.get(id);
    match rule.filter() {
        FilterName::Model => "model",
        _ => rule.category.name(),
    }
}

/// Returns which documents lost most; `None` if there is only one document.
fn most_affected(stats: &Stats) -> Option<String> {
    if stats.documents < 2 || stats.most_affected.is_empty() {
        return None;
    }
    let documents: Vec<String> = stats
        .most_affected
        .iter()
        .map(|loss| {
            let name = Name {
                path: &loss.path,
                record: loss.record,
                id: None,
                field: loss.field.as_deref(),
            };
            format!(
                "{} ({} of {})",
                escape_line(&name.to_string()),
                bytes(loss.removed),
                bytes(loss.bytes)
            )
        })
        .collect();
    Some(format!("Most from {}.", documents.join(", ")))
}

/// Returns how many documents were held, and what lets them through.
fn held(stats: &Stats, context: &SummaryContext<'_>) -> Option<String> {
    // A share such as 0.07 is not exact in binary; no one needs more digits.
    let limit = (context.max_removed * 1e6).round() / 1e4;
    let were = if stats.held == 1 { "was" } else { "were" };
    (stats.held > 0).then(|| {
        format!(
            "{} {were} {} because more than {limit} % would have gone; --max-removed 1 cleans {}.",
            count(stats.held, "document"),
            context.held,
            if stats.held == 1 { "it" } else { "them" }
        )
    })
}

/// Returns a sentence for each kind of input, record or document that was not cleaned, and for what
/// else needs attention.
fn uncleaned(stats: &Stats) -> Vec<String> {
    let invalid = stats.invalid.saturating_sub(stats.html + stats.other_json);
    let binary = stats.binary.saturating_sub(stats.pdf + stats.zip);
    let sentences = [
        (
            stats.html,
            "HTML file",
            "passed through unchanged; extract the text first, or --text-format html cleans what is \
             between the tags",
        ),
        (stats.pdf, "PDF file", "skipped; extract the text first"),
        (
            stats.zip,
            "zip archive",
            "skipped, as docx and epub files are; extract the texts first",
        ),
        (
            stats.other_json,
            "JSON file",
            "passed through unchanged: no object in it has the text field",
        ),
        (
            invalid,
            "input",
            "passed through unchanged: not valid in its encoding (--encoding names another)",
        ),
        (
            stats.damaged,
            "record",
            "not cleaned (--errors FILE lists them with the reasons)",
        ),
        (stats.empty, "record", "left without any text"),
        (
            stats.too_large,
            "input",
            "passed through unchanged: larger than --max-document",
        ),
        (binary, "binary file", "skipped"),
        (stats.special, "link, device or pipe", "skipped"),
    ];
    let mut lines: Vec<String> = sentences
        .into_iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, noun, what)| {
            let were = if number == 1 { "was" } else { "were" };
            format!("{} {were} {what}.", count(number, noun))
        })
        .collect();
    if stats.failed > 0 {
        lines.push(format!("{} failed.", count(stats.failed, "input")));
    }
    if stats.unlearned > 0 {
        let are = if stats.unlearned == 1 {
            "is of a site"
        } else {
            "are of sites"
        };
        lines.push(format!(
            "{} {are} of which nothing was learned (name sites with --url-field, --site-field or \
             --host).",
            count(stats.unlearned, "document")
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::losses::Loss;
    use crate::report::stats::RuleStats;

    fn lines(stats: &Stats) -> Vec<String> {
        let rules = RuleSet::built_in();
        let context = SummaryContext {
            rules: &rules,
            verb: "removed",
            max_removed: 0.95,
            held: "held",
        };
        summary(stats, &context)
    }

    #[test]
    fn kinds_are_sorted_by_number_and_the_rest_is_added_up() {
        let mut stats = Stats {
            documents: 1,
            ..Stats::default()
        };
        for (name, main_hits) in [
            ("advert/marker", 2),
            ("model/line", 4),
            ("newsletter/sign-up", 1),
            ("newsletter/inbox", 2),
            ("share/share-labels", 7),
            ("layout/blank-lines", 2),
            ("gone/rule", 1),
            ("cookie/uses-cookies", 0),
        ] {
            let rule = RuleStats {
                main_hits,
                ..RuleStats::default()
            };
            stats.rules.insert(name.to_owned(), rule);
        }
        assert_eq!(
            lines(&stats)[1..],
            ["19 removals: share 7, model 4, newsletter 3, advert 2, layout 2, others 1."]
        );
    }

    #[test]
    fn what_is_not_cleaned_is_called_what_it_is() {
        let stats = Stats {
            documents: 2,
            held: 1,
            invalid: 4,
            html: 2,
            other_json: 1,
            binary: 1,
            pdf: 1,
            special: 2,
            ..Stats::default()
        };
        assert_eq!(
            lines(&stats),
            [
                "2 documents: 0 changed, 0 B of 0 B removed (0.0 %).",
                "1 document was held because more than 95 % would have gone; --max-removed 1 cleans \
                 it.",
                "2 HTML files were passed through unchanged; extract the text first, or \
                 --text-format html cleans what is between the tags.",
                "1 PDF file was skipped; extract the text first.",
                "1 JSON file was passed through unchanged: no object in it has the text field.",
                "1 input was passed through unchanged: not valid in its encoding (--encoding names \
                 another).",
                "2 links, devices or pipes were skipped.",
            ]
        );
    }

    #[test]
    fn documents_are_named_only_if_there_are_several() {
        let mut stats = Stats {
            documents: 1,
            ..Stats::default()
        };
        stats.most_affected.add(Loss {
            path: "a\u{1b}.jsonl".to_owned(),
            record: Some(3),
            field: Some("text".to_owned()),
            removed: 1200,
            bytes: 4000,
        });
        assert_eq!(lines(&stats).len(), 1);
        stats.documents = 2;
        assert_eq!(
            lines(&stats)[1],
            "Most from a\\u{1b}.jsonl#3.text (1.2 kB of 4.0 kB)."
        );
    }
}
