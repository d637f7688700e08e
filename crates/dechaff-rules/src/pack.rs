//! The file format of packs: TOML, read strictly. Unknown keys are errors, and every problem has a
//! line and a column. What the keys of a rule mean is defined in [`rule`](crate::rule). Named sets
//! are expanded in `sets` before anything else reads a phrase or a pattern. Both are checked in
//! `lint`.

mod lint;
mod sets;
mod texts;

pub(crate) use sets::Sets;

use crate::chars::is_word;
use crate::error::Problem;
use crate::language::canonical;
use crate::rule::{
    Category, Confidence, Cue, Effect, Examples, FilterName, Matcher, Near, Rule, Zone,
};
use lint::{Lint, is_name, lint_pattern, lint_phrase};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use sets::{Scope, SetsEntry};
use std::ops::Range;
use texts::{OneOrMany, texts};
use toml::Spanned;

/// Lines to which a `near` condition reaches if the rule does not say `within`.
const DEFAULT_WITHIN: usize = 2;

/// A whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackFile {
    pack: PackHead,
    #[serde(default)]
    sets: SetsEntry,
    #[serde(default)]
    rule: Vec<Spanned<RuleEntry>>,
}

/// The table `[pack]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackHead {
    name: Spanned<String>,
    #[serde(default)]
    description: String,
}

/// A table `[[rule]]`, before it is checked.
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

/// The value of `words`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsEntry {
    telling: Vec<Spanned<String>>,
    #[serde(default)]
    filler: Vec<Spanned<String>>,
}

/// The value of `examples`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExamplesEntry {
    #[serde(rename = "match")]
    matches: Vec<String>,
    #[serde(rename = "no_match")]
    non_matches: Vec<String>,
}

/// The content of a pack, with the problems that did not prevent it from being parsed.
pub(crate) struct Parsed {
    pub name: String,
    pub description: String,
    pub rules: Vec<Rule>,
    pub problems: Vec<Problem>,
}

/// Parses a pack. `origin` names it in problems; `shared` are the sets that it may use besides its
/// own. With `deep`, phrases and patterns are compiled and linted as well, which takes most of the
/// time. Rules that cannot be understood are left out of the result and reported among its
/// problems, which are in the order of the source.
///
/// # Errors
/// The first problem, if the source is not valid TOML or has an unknown key.
pub(crate) fn parse(
    source: &str,
    origin: &str,
    deep: bool,
    shared: &Sets,
) -> Result<Parsed, Problem> {
    let mut lint = Lint::new(source, origin, deep);
    let mut file: PackFile = lint.read()?;
    let pack = file.pack.name.get_ref();
    if !is_name(pack) {
        lint.note(
            file.pack.name.span(),
            format!("the pack's name '{pack}' must be lower-case letters, digits and hyphens"),
        );
    }
    let mut scope = Scope::new(shared, file.sets, &mut lint);
    for entry in &mut file.rule {
        expand_sets(entry.get_mut(), &mut scope, &mut lint);
    }
    scope.note_unused(&mut lint);
    let mut seen: FxHashMap<&str, usize> = FxHashMap::default();
    let mut rules = Vec::with_capacity(file.rule.len());
    for entry in &file.rule {
        let id = &entry.get_ref().id;
        let line = lint.line(id.span().start);
        if let Some(first) = seen.insert(id.get_ref(), line) {
            lint.note(
                id.span(),
                format!(
                    "the id '{}' is already used by the rule in line {first}; choose another",
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
        problems: lint.into_problems(),
    })
}

/// Replaces the references to sets in what a rule matches and in its exceptions. Examples and
/// descriptions are left as they are.
fn expand_sets(entry: &mut RuleEntry, scope: &mut Scope<'_>, lint: &mut Lint<'_>) {
    for value in [&mut entry.phrase, &mut entry.pattern]
        .into_iter()
        .flatten()
    {
        let span = value.span();
        for text in &mut value.get_mut().0 {
            scope.expand_text(text, &span, lint);
        }
    }
    for text in &mut entry.unless {
        scope.expand_text(text, &(0..0), lint);
    }
    if let Some(labels) = &mut entry.labels {
        scope.expand_list(labels, lint);
    }
    if let Some(words) = &mut entry.words {
        scope.expand_list(&mut words.telling, lint);
        scope.expand_list(&mut words.filler, lint);
    }
}

/// Converts a table of a pack to a rule and notes what is wrong with it. Returns `None` if the
/// table defines no rule, because its effect or its matcher is missing or ambiguous.
fn read_rule(
    entry: &Spanned<RuleEntry>,
    pack: &str,
    line: usize,
    lint: &mut Lint<'_>,
) -> Option<Rule> {
    let (at, entry) = (entry.get_ref().id.span(), entry.get_ref());
    let id = entry.id.get_ref();
    // A rule that overrides may give the full name of another pack's rule.
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
            lint.note(
                at.clone(),
                "a rule cannot have both 'keep' and 'cue'; remove one",
            );
            return None;
        }
        (true, None) => Effect::Keep,
        (false, Some(cue)) => Effect::Cue(cue),
        (false, None) => Effect::Remove,
    };
    check_fields(entry, effect, &at, lint);
    Some(Rule {
        name,
        description: entry.description.clone(),
        category: entry.category.unwrap_or(Category::Other),
        confidence: entry.confidence.unwrap_or(Confidence::Certain),
        effect,
        matcher: read_matcher(entry, at, lint)?,
        unless: strings(&entry.unless),
        longest: entry.longest,
        zone: entry.zone.unwrap_or(Zone::Anywhere),
        near: (!entry.near.is_empty()).then(|| Near {
            categories: entry.near.clone(),
            within: entry.within.unwrap_or(DEFAULT_WITHIN),
        }),
        languages: entry.languages.iter().map(|code| canonical(code)).collect(),
        hosts: entry
            .hosts
            .iter()
            .map(|host| host.to_ascii_lowercase())
            .collect(),
        examples: Examples {
            matches: entry.examples.matches.iter().collect(),
            non_matches: entry.examples.non_matches.iter().collect(),
        },
        overrides: entry.overrides,
        origin: (lint.origin.to_owned(), line),
    })
}

/// Notes keys that are missing from a rule with this effect, and keys that have no meaning without
/// another one. `at` is the position of the rule's id, which the problems refer to.
fn check_fields(entry: &RuleEntry, effect: Effect, at: &Range<usize>, lint: &mut Lint<'_>) {
    if effect == Effect::Remove && entry.category.is_none() {
        lint.note(at.clone(), "a rule that removes needs a category");
    }
    if effect == Effect::Remove && entry.confidence.is_none() {
        lint.note(
            at.clone(),
            "a rule that removes needs a confidence: certain, likely or possible",
        );
    }
    if entry.examples.matches.len() < 2 || entry.examples.non_matches.len() < 2 {
        lint.note(
            at.clone(),
            "a rule needs at least two examples.match and two examples.no_match",
        );
    }
    if entry.longest.is_some() && !(entry.line && entry.pattern.is_some()) {
        lint.note(
            at.clone(),
            "'longest' limits the length of the lines that a pattern matches; it needs 'pattern' \
             and line = true",
        );
    }
    if entry.within.is_some() && entry.near.is_empty() {
        lint.note(
            at.clone(),
            "'within' sets the distance of 'near' and has no meaning without it; add 'near' or \
             remove 'within'",
        );
    }
    for pattern in &entry.unless {
        lint_pattern(pattern.get_ref(), pattern.span(), false, false, lint);
    }
}

/// Collects strings without their positions in the source.
fn strings<C: FromIterator<String>>(spanned: &[Spanned<String>]) -> C {
    spanned.iter().map(|text| text.get_ref().clone()).collect()
}

/// Converts the one key of a table that defines what the rule matches, and lints its value. Notes a
/// problem and returns `None` if the table has none of these keys or several.
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
                        "a label needs a letter: a number alone may belong to a list, and \
                         punctuation at the ends of a label does not count",
                    );
                }
            }
            Some(Matcher::Labels(strings(labels)))
        }
        (None, None, None, Some(words), None) => {
            for word in words.telling.iter().chain(&words.filler) {
                if word.get_ref().is_empty() || !word.get_ref().chars().all(is_word) {
                    lint.note(
                        word.span(),
                        format!(
                            "'{}' is not a single word of letters and digits",
                            word.get_ref()
                        ),
                    );
                }
            }
            Some(Matcher::Words {
                telling: strings(&words.telling),
                filler: strings(&words.filler),
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
