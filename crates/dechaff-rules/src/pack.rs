//! The file format of packs: TOML, read strictly. Unknown keys are errors; every problem has a line and a column. What the
//! keys of a rule mean is defined in [`rule`](crate::rule); what makes a rule bad is checked in `lint`.

mod lint;

use crate::chars::is_word;
use crate::error::Problem;
use crate::language::canonical;
use crate::rule::{
    Category, Confidence, Cue, Effect, Examples, FilterName, Matcher, Near, Rule, Zone,
};
use lint::{Lint, is_name, lint_pattern, lint_phrase};
use rustc_hash::FxHashMap;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::ops::Range;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackFile {
    pack: PackHead,
    #[serde(default)]
    rule: Vec<Spanned<RuleEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackHead {
    name: Spanned<String>,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    id: Spanned<String>,
    description: String,
    category: Option<Category>,
    confidence: Option<Confidence>,
    #[serde(default)]
    languages: Vec<String>,
    #[serde(default)]
    hosts: Vec<String>,
    phrase: Option<Spanned<OneOrMany>>,
    pattern: Option<Spanned<OneOrMany>>,
    labels: Option<Vec<Spanned<String>>>,
    words: Option<WordsEntry>,
    filter: Option<FilterName>,
    #[serde(default)]
    line: bool,
    longest: Option<usize>,
    #[serde(default)]
    keep: bool,
    cue: Option<Cue>,
    #[serde(default)]
    unless: Vec<Spanned<String>>,
    zone: Option<Zone>,
    #[serde(default)]
    near: Vec<Category>,
    within: Option<usize>,
    #[serde(default, rename = "override")]
    overrides: bool,
    examples: ExamplesEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsEntry {
    telling: Vec<Spanned<String>>,
    #[serde(default)]
    filler: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExamplesEntry {
    remove: Vec<String>,
    keep: Vec<String>,
}

/// One text or a list of them, each with its place in the pack.
struct OneOrMany(Vec<Spanned<String>>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrManyVisitor;
        impl<'de> Visitor<'de> for OneOrManyVisitor {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![Spanned::new(0..0, text.to_owned())]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany(texts))
            }
        }
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

/// The texts of one or many, each with its place.
fn texts(all: &Spanned<OneOrMany>) -> impl Iterator<Item = (&String, Range<usize>)> {
    // A single text stands where the whole does.
    all.get_ref().0.iter().map(|text| {
        (
            text.get_ref(),
            if text.span().is_empty() {
                all.span()
            } else {
                text.span()
            },
        )
    })
}

/// What a pack says and, where it is linted in depth, what is wrong with its phrases and patterns.
pub(crate) struct Parsed {
    pub name: String,
    pub description: String,
    pub rules: Vec<Rule>,
    pub problems: Vec<Problem>,
}

pub(crate) fn parse(source: &str, origin: &str, deep: bool) -> Result<Parsed, Problem> {
    let mut lint = Lint {
        source,
        origin,
        deep,
        problems: Vec::new(),
    };
    let file: PackFile = toml::from_str(source).map_err(|error| {
        let message = error.message().trim().replace('\n', " ");
        lint.problem(error.span().unwrap_or(0..0), message)
    })?;
    let pack = file.pack.name.get_ref();
    if !is_name(pack) {
        lint.note(
            file.pack.name.span(),
            format!("the pack's name '{pack}' must be lower-case letters, digits and hyphens"),
        );
    }
    let mut seen: FxHashMap<&str, usize> = FxHashMap::default();
    let mut rules = Vec::with_capacity(file.rule.len());
    for entry in &file.rule {
        let id = &entry.get_ref().id;
        let line = lint.problem(id.span(), String::new()).line;
        if let Some(first) = seen.insert(id.get_ref(), line) {
            lint.note(
                id.span(),
                format!(
                    "the id '{}' is taken by the rule in line {first}",
                    id.get_ref()
                ),
            );
        }
        rules.extend(read_rule(entry, pack, line, &mut lint));
    }
    Ok(Parsed {
        name: pack.clone(),
        description: file.pack.description,
        rules,
        problems: lint.problems,
    })
}

fn read_rule(
    entry: &Spanned<RuleEntry>,
    pack: &str,
    line: usize,
    lint: &mut Lint<'_>,
) -> Option<Rule> {
    let (at, entry) = (entry.get_ref().id.span(), entry.get_ref());
    let id = entry.id.get_ref();
    // A rule that overrides may name another pack's rule in full.
    let name = if id.contains('/') && entry.overrides {
        id.clone()
    } else {
        format!("{pack}/{id}")
    };
    if !name.split('/').all(is_name) || name.split('/').count() != 2 {
        lint.note(
            at.clone(),
            format!("the id '{id}' must be lower-case letters, digits and hyphens"),
        );
    }
    let effect = match (entry.keep, entry.cue) {
        (true, Some(_)) => {
            lint.note(at.clone(), "a rule cannot both keep and give a cue");
            return None;
        }
        (true, None) => Effect::Keep,
        (false, Some(cue)) => Effect::Cue(cue),
        (false, None) => Effect::Remove,
    };
    if effect == Effect::Remove && entry.category.is_none() {
        lint.note(at.clone(), "a rule that removes needs a category");
    }
    if effect == Effect::Remove && entry.confidence.is_none() {
        lint.note(
            at.clone(),
            "a rule that removes needs a confidence: certain, likely or possible",
        );
    }
    if entry.examples.remove.len() < 2 || entry.examples.keep.len() < 2 {
        lint.note(
            at.clone(),
            "a rule needs at least two examples.remove and two examples.keep",
        );
    }
    if entry.longest.is_some() && !(entry.line && entry.pattern.is_some()) {
        lint.note(at.clone(), "'longest' limits the lines that a pattern takes whole; it goes with pattern and line = true");
    }
    if entry.within.is_some() && entry.near.is_empty() {
        lint.note(
            at.clone(),
            "'within' says how far 'near' reaches; without 'near' it means nothing",
        );
    }
    for pattern in &entry.unless {
        lint_pattern(pattern.get_ref(), pattern.span(), false, false, lint);
    }
    Some(Rule {
        name,
        description: entry.description.clone(),
        category: entry.category.unwrap_or(Category::Other),
        confidence: entry.confidence.unwrap_or(Confidence::Certain),
        effect,
        matcher: read_matcher(entry, at, lint)?,
        unless: entry
            .unless
            .iter()
            .map(|pattern| pattern.get_ref().clone())
            .collect(),
        longest: entry.longest,
        zone: entry.zone.unwrap_or(Zone::Anywhere),
        near: (!entry.near.is_empty()).then(|| Near {
            categories: entry.near.clone(),
            within: entry.within.unwrap_or(2),
        }),
        languages: entry.languages.iter().map(|code| canonical(code)).collect(),
        hosts: entry
            .hosts
            .iter()
            .map(|host| host.to_ascii_lowercase())
            .collect(),
        examples: Examples {
            remove: entry.examples.remove.iter().collect(),
            keep: entry.examples.keep.iter().collect(),
        },
        overrides: entry.overrides,
        origin: (lint.origin.to_owned(), line),
    })
}

fn read_matcher(entry: &RuleEntry, at: Range<usize>, lint: &mut Lint<'_>) -> Option<Matcher> {
    match (
        &entry.phrase,
        &entry.pattern,
        &entry.labels,
        &entry.words,
        entry.filter,
    ) {
        (Some(phrases), None, None, None, None) => {
            texts(phrases).for_each(|(phrase, at)| lint_phrase(phrase, at, entry.line, lint));
            Some(Matcher::Phrases {
                phrases: texts(phrases).map(|(phrase, _)| phrase).collect(),
                line: entry.line,
            })
        }
        (None, Some(patterns), None, None, None) => {
            let bounded = entry.line && entry.longest.is_some();
            texts(patterns)
                .for_each(|(pattern, at)| lint_pattern(pattern, at, true, bounded, lint));
            Some(Matcher::Patterns {
                patterns: texts(patterns).map(|(pattern, _)| pattern).collect(),
                line: entry.line,
            })
        }
        (None, None, Some(labels), None, None) => {
            for label in labels {
                if !label.get_ref().chars().any(char::is_alphabetic) {
                    lint.note(
                        label.span(),
                        "a label needs a letter; a number alone may be a list's, and punctuation at the ends does not count",
                    );
                }
            }
            Some(Matcher::Labels(
                labels.iter().map(toml::Spanned::get_ref).collect(),
            ))
        }
        (None, None, None, Some(words), None) => {
            for word in words.telling.iter().chain(&words.filler) {
                if word.get_ref().is_empty() || !word.get_ref().chars().all(is_word) {
                    lint.note(
                        word.span(),
                        format!("'{}' is not one word of letters and digits", word.get_ref()),
                    );
                }
            }
            let all = |words: &[Spanned<String>]| {
                words.iter().map(|word| word.get_ref().clone()).collect()
            };
            Some(Matcher::Words {
                telling: all(&words.telling),
                filler: all(&words.filler),
            })
        }
        (None, None, None, None, Some(filter)) => Some(Matcher::Filter(filter)),
        _ => {
            lint.note(
                at,
                "a rule needs exactly one of phrase, pattern, labels, words and filter",
            );
            None
        }
    }
}
