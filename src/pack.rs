//! The file format of rules: packs in TOML, read strictly, with the lint that keeps bad rules out. What the parts of a
//! rule mean is said in `rule`.

use crate::error::{Error, Problem};
use crate::fold::is_word;
use crate::language::canonical;
use crate::phrase::Phrase;
use crate::prepare::{RulePlan, prepare};
use crate::rule::{
    Category, Confidence, Cue, Effect, Examples, FilterName, Matcher, Near, Rule, RuleId, Zone,
};
use regex_syntax::hir::{Class, Hir, HirKind};
use rustc_hash::FxHashMap;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;

/// All rules of a cleaner, each with an id.
///
/// ```
/// let rules = dechaff::RuleSet::built_in();
/// let id = rules.find("video/html5-upgrade").expect("the rule exists");
/// assert_eq!(rules.get(id).category, dechaff::Category::Video);
/// ```
///
/// A copy costs nothing: it shares the rules until one of the two is changed.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    contents: Arc<Contents>,
    /// So many rules at the beginning are the built-in ones; 0 if some of these were replaced.
    built_in: usize,
}

/// What a rule set holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Contents {
    rules: Vec<Rule>,
    /// What is worked out of each of them.
    prepared: Vec<RulePlan>,
    by_name: FxHashMap<String, RuleId>,
    /// Descriptions of the packs, by their names.
    packs: FxHashMap<String, String>,
}

impl RuleSet {
    /// Adds the rules of a pack. `origin` is what messages call it, as a rule its path.
    ///
    /// ```
    /// let mut rules = dechaff::RuleSet::built_in();
    /// let error = rules.add_pack("[pack]\nname = 'mine'\ncolour = 'red'", "mine.toml").unwrap_err();
    /// assert!(error.to_string().starts_with("mine.toml:3:1: unknown field"));
    /// ```
    ///
    /// # Errors
    /// [`Error::Pack`] with all that is wrong with the pack, its examples apart: those are run by
    /// [`Verifier`](crate::verify::Verifier).
    pub fn add_pack(&mut self, source: &str, origin: &str) -> Result<(), Error> {
        let mut parsed =
            parse(source, origin, true).map_err(|problem| Error::Pack(vec![problem]))?;
        let mut problems = std::mem::take(&mut parsed.problems);
        for rule in &parsed.rules {
            let known = self.find(&rule.name).map(|id| &self.get(id).origin);
            let message = match known {
                Some((file, line)) if !rule.overrides => format!(
                    "rule '{}' exists already ({file}, line {line}); choose another id, or set override = true to replace it",
                    rule.name
                ),
                None if rule.overrides => format!(
                    "there is no rule '{}' to override; remove override = true",
                    rule.name
                ),
                _ => continue,
            };
            problems.push(Problem {
                origin: origin.to_owned(),
                line: rule.origin.1,
                column: 1,
                message,
            });
        }
        if !problems.is_empty() {
            return Err(Error::Pack(problems));
        }
        self.insert_pack(parsed);
        Ok(())
    }

    fn insert_pack(&mut self, parsed: Parsed) {
        let contents = Arc::make_mut(&mut self.contents);
        contents.packs.insert(parsed.name, parsed.description);
        for rule in parsed.rules {
            let prepared = prepare(&rule.matcher);
            if let Some(id) = contents.by_name.get(&rule.name) {
                if id.index() < self.built_in {
                    self.built_in = 0;
                }
                contents.prepared[id.index()] = prepared;
                contents.rules[id.index()] = rule;
            } else {
                contents
                    .by_name
                    .insert(rule.name.clone(), RuleId::new(contents.rules.len()));
                contents.prepared.push(prepared);
                contents.rules.push(rule);
            }
        }
    }

    /// Adds the rules of a pack that was linted elsewhere; a pack that cannot be read adds nothing.
    #[allow(dead_code, reason = "the build calls it")]
    pub(crate) fn add_linted(&mut self, source: &str, origin: &str) {
        if let Ok(parsed) = parse(source, origin, false) {
            self.insert_pack(parsed);
        }
    }

    /// The built-in rules, unpacked.
    #[allow(dead_code, reason = "the build does not need it")]
    pub(crate) fn of_built_in(contents: Contents) -> Self {
        Self {
            built_in: contents.rules.len(),
            contents: Arc::new(contents),
        }
    }

    /// What is to be packed.
    #[allow(dead_code, reason = "the build calls it")]
    pub(crate) fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Whether all built-in rules are here, as they are.
    #[allow(dead_code, reason = "the build does not need it")]
    pub(crate) fn has_built_in(&self) -> bool {
        self.built_in > 0
    }

    /// Whether a rule is a built-in one, all of them being here.
    #[allow(dead_code, reason = "the build does not need it")]
    pub(crate) fn is_built_in(&self, id: RuleId) -> bool {
        id.index() < self.built_in
    }

    /// These rules, each with a change.
    #[cfg(feature = "cli")]
    pub(crate) fn with(&self, change: impl Fn(&mut Rule)) -> Self {
        let mut rules = Self {
            contents: Arc::clone(&self.contents),
            built_in: 0,
        };
        let Contents {
            rules: list,
            prepared,
            ..
        } = Arc::make_mut(&mut rules.contents);
        for (rule, prepared) in list.iter_mut().zip(prepared) {
            let before = rule.matcher.clone();
            change(rule);
            if rule.matcher != before {
                *prepared = prepare(&rule.matcher);
            }
        }
        rules
    }

    /// What is worked out of a rule.
    pub(crate) fn prepared(&self, id: RuleId) -> &RulePlan {
        &self.contents.prepared[id.index()]
    }

    /// The rule of this id.
    ///
    /// # Panics
    /// If the id is another set's.
    #[must_use]
    pub fn get(&self, id: RuleId) -> &Rule {
        &self.contents.rules[id.index()]
    }

    /// The rule with this full name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<RuleId> {
        self.contents.by_name.get(name).copied()
    }

    /// What the pack of this name is about, as it says itself; empty if it does not.
    #[must_use]
    pub fn pack_description(&self, pack: &str) -> &str {
        self.contents.packs.get(pack).map_or("", String::as_str)
    }

    /// All rules, in the order in which their packs were added.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (RuleId, &Rule)> {
        self.contents
            .rules
            .iter()
            .enumerate()
            .map(|(index, rule)| (RuleId::new(index), rule))
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.contents.rules.len()
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.contents.rules.is_empty()
    }
}

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

/// Where problems of a pack are noted.
struct Lint<'s> {
    source: &'s str,
    origin: &'s str,
    /// Whether phrases and patterns are looked into. Those of built-in packs are when dechaff is tested, not when it is built.
    deep: bool,
    problems: Vec<Problem>,
}

impl Lint<'_> {
    fn problem(&self, span: Range<usize>, message: String) -> Problem {
        let before = &self.source[..self.source.floor_char_boundary(span.start)];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        Problem {
            origin: self.origin.to_owned(),
            line,
            column: before[start..].chars().count() + 1,
            message,
        }
    }

    fn note(&mut self, span: Range<usize>, message: impl Into<String>) {
        let problem = self.problem(span, message.into());
        self.problems.push(problem);
    }
}

/// What a pack says and, where it is linted in depth, what is wrong with its phrases and patterns.
struct Parsed {
    name: String,
    description: String,
    rules: Vec<Rule>,
    problems: Vec<Problem>,
}

fn parse(source: &str, origin: &str, deep: bool) -> Result<Parsed, Problem> {
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

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn lint_phrase(phrase: &str, at: Range<usize>, line: bool, lint: &mut Lint<'_>) {
    if !lint.deep {
        return;
    }
    if let Err(reason) = Phrase::search(phrase, line) {
        lint.note(at, format!("in '{phrase}': {reason}"));
        return;
    }
    let (words, spaceless) = Phrase::least(phrase);
    if !line && words < 2 && spaceless < 6 {
        lint.note(at, format!("the phrase '{phrase}' is too short to be safe inside a line: use two words (six characters in scripts without spaces), or line = true"));
    }
}

fn lint_pattern(
    pattern: &str,
    at: Range<usize>,
    removes: bool,
    bounded: bool,
    lint: &mut Lint<'_>,
) {
    if !lint.deep {
        return;
    }
    let hir = match regex_syntax::parse(pattern) {
        Ok(hir) => hir,
        Err(error) => {
            let reason = match &error {
                regex_syntax::Error::Parse(error) => error.kind().to_string(),
                regex_syntax::Error::Translate(error) => error.kind().to_string(),
                _ => error.to_string(),
            };
            lint.note(
                at,
                format!("the pattern '{pattern}' is no regular expression: {reason}"),
            );
            return;
        }
    };
    if removes
        && hir
            .properties()
            .minimum_len()
            .is_none_or(|least| least == 0)
    {
        lint.note(
            at.clone(),
            format!(
                "the pattern '{pattern}' can match nothing at all; make a part of it obligatory"
            ),
        );
    }
    if !bounded && unbounded(&hir) {
        lint.note(
            at.clone(),
            format!(
                "the pattern '{pattern}' has an unbounded repetition of nearly anything, such as '.*'; write a bound, '.{{0,80}}', or \
                 for whole lines 'longest'"
            ),
        );
    }
    if regex::Regex::new(pattern).is_err() {
        lint.note(
            at,
            format!("the pattern '{pattern}' is too large; use smaller bounds or split it"),
        );
    }
}

/// Whether an expression repeats, without a bound, something that stands for letters and spaces alike.
fn unbounded(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) => {
            (repetition.max.is_none() && takes_prose(&repetition.sub)) || unbounded(&repetition.sub)
        }
        HirKind::Capture(capture) => unbounded(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(unbounded),
        _ => false,
    }
}

/// Whether one turn of a repetition can be a space and can be most letters.
fn takes_prose(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            let ranges = || class.ranges().iter();
            let has = |c: char| ranges().any(|range| range.start() <= c && c <= range.end());
            has(' ') && has('e')
        }
        HirKind::Class(Class::Bytes(_)) => true,
        HirKind::Capture(capture) => takes_prose(&capture.sub),
        HirKind::Alternation(parts) => parts.iter().any(takes_prose),
        // `(\w+\s+)*` runs over prose as well as `.*` does.
        HirKind::Concat(_) => {
            let least = hir.properties().minimum_len().unwrap_or(0);
            hir.properties().maximum_len().is_none() && least <= 2
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLES: &str = "examples.remove = ['a', 'b']\nexamples.keep = ['c', 'd']\n";

    fn problems(rule: &str) -> String {
        let pack = format!(
            "[pack]\nname = 'p'\n\n[[rule]]\nid = 'r'\ndescription = 'D.'\n{rule}\n{EXAMPLES}"
        );
        RuleSet::default()
            .add_pack(&pack, "p.toml")
            .map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn bad_rules_are_refused_where_they_stand() {
        let kind = "category = 'share'\nconfidence = 'certain'\n";
        for (rule, expected) in [
            (
                "phrase = 'share this story'",
                "p.toml:5:6: a rule that removes needs a category",
            ),
            (
                "category = 'chair'",
                "p.toml:7:12: unknown category 'chair'",
            ),
            (
                &format!("{kind}phrase = 'share'"),
                "p.toml:9:10: the phrase 'share' is too short",
            ),
            (
                &format!("{kind}phrase = '続きを'"),
                "p.toml:9:10: the phrase '続きを' is too short",
            ),
            (
                &format!("{kind}phrase = '[share this]'"),
                "p.toml:9:10: in '[share this]': the phrase can match nothing",
            ),
            (
                &format!("{kind}pattern = 'share.*'"),
                "p.toml:9:11: the pattern 'share.*' has an unbounded",
            ),
            (
                &format!("{kind}pattern = '(share)?'"),
                "p.toml:9:11: the pattern '(share)?' can match nothing",
            ),
            (
                &format!("{kind}pattern = 'sha(re'"),
                "p.toml:9:11: the pattern 'sha(re' is no regular expression: unclosed group",
            ),
            (
                &format!("{kind}phrase = 'a b'\npattern = 'c'"),
                "p.toml:5:6: a rule needs exactly one of",
            ),
            (
                &format!("{kind}line = true\nphrase = [\n  'share this',\n  'share (this',\n]"),
                "p.toml:12:3: in 'share (this': '(' is not closed",
            ),
            (
                &format!("{kind}phrase = 1"),
                "p.toml:9:10: invalid type: integer `1`, expected a text or a list of texts",
            ),
            (
                &format!("{kind}words.telling = ['sign in']"),
                "p.toml:9:18: 'sign in' is not one word",
            ),
            (
                &format!("{kind}longest = 9\nlabels = ['Share']"),
                "'longest' limits the lines",
            ),
            (
                &format!("{kind}labels = ['+5']"),
                "p.toml:9:11: a label needs a letter",
            ),
            (
                &format!("{kind}labels = ['***']"),
                "p.toml:9:11: a label needs a letter",
            ),
            (
                &format!("{kind}labels = ['Share']\ncolour = 1"),
                "p.toml:10:1: unknown field `colour`",
            ),
        ] {
            let found = problems(rule);
            assert!(found.contains(expected), "{rule}\n{found}");
        }
        assert_eq!(problems(&format!("{kind}phrase = '続きを読むには'")), "");
        assert_eq!(
            problems(&format!(
                "{kind}pattern = '(?i)share[^\\n]{{0,80}}\\s+\\w+'"
            )),
            ""
        );
    }

    #[test]
    fn a_rule_is_replaced_only_where_its_pack_says_so() {
        let rule = |id: &str, extra: &str| {
            format!(
                "[pack]\nname = 'video'\n[[rule]]\nid = '{id}'\ndescription = 'D.'\ncategory = 'video'\nconfidence = 'likely'\n\
                 labels = ['Play']\n{extra}\n{EXAMPLES}"
            )
        };
        let mut rules = RuleSet::built_in();
        let error = rules
            .add_pack(&rule("html5-upgrade", ""), "mine.toml")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("exists already") && error.contains("override = true"),
            "{error}"
        );
        let error = rules
            .add_pack(&rule("html6", "override = true"), "mine.toml")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("no rule 'video/html6' to override"),
            "{error}"
        );
        let before = rules.len();
        rules
            .add_pack(&rule("html5-upgrade", "override = true"), "mine.toml")
            .unwrap();
        assert_eq!(rules.len(), before);
        let id = rules.find("video/html5-upgrade").unwrap();
        assert_eq!(rules.get(id).confidence, Confidence::Likely);
    }
}
