//! The values of options that have names: which of them are accepted, and which of them shells
//! complete and messages suggest. Some options accept more than what is listed here, such as the
//! rules of a user's own packs.

use crate::io::Format;
use anyhow::{Result, bail};
use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::error::Error;
use clap::{Arg, Command};
use dechaff_core::language::{Language, canonical, from_tag};
use dechaff_core::{Category, Confidence, FilterName, Level, RuleSet};
use std::ffi::OsStr;
use std::str::FromStr;

/// A parser that accepts any string, and lists some for shells to complete.
#[derive(Clone)]
pub(super) struct Suggested(fn() -> Vec<PossibleValue>);

impl TypedValueParser for Suggested {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0().into_iter()))
    }
}

/// Accepts the name of a level.
pub(super) fn level() -> impl TypedValueParser<Value = Level> {
    one_of(Level::ALL.iter().map(|level| level.name()))
}

/// Accepts the name of a category.
pub(super) fn category() -> impl TypedValueParser<Value = Category> {
    one_of(Category::ALL.iter().map(|category| category.name()))
}

/// Accepts the name of a confidence.
pub(super) fn confidence() -> impl TypedValueParser<Value = Confidence> {
    one_of(Confidence::ALL.iter().map(|confidence| confidence.name()))
}

/// Accepts the name of a format that inputs can have.
pub(super) fn format() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(Format::all().map(Format::name))
}

/// Accepts the name of a format that outputs can have.
pub(super) fn output_format() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(Format::all_outputs().map(Format::name))
}

/// Lists the codecs of `--compress`, which can be followed by a level.
pub(super) fn codec() -> Suggested {
    Suggested(|| ["none", "gzip", "zstd"].map(PossibleValue::new).into())
}

/// Lists the values of `--line` that are words.
pub(super) fn lines() -> Suggested {
    Suggested(|| ["removed", "kept", "all"].map(PossibleValue::new).into())
}

/// Lists the codes of the languages of the built-in packs.
pub(super) fn language() -> Suggested {
    Suggested(|| {
        Language::ALL
            .iter()
            .map(|language| PossibleValue::new(language.code).help(language.name))
            .collect()
    })
}

/// Lists the names of categories, filters, and the built-in packs and rules.
pub(super) fn rule_name() -> Suggested {
    Suggested(|| rule_names().into_iter().map(PossibleValue::new).collect())
}

/// Returns the names that select built-in rules, sorted.
pub(super) fn rule_names() -> Vec<String> {
    let rules = RuleSet::built_in();
    let mut names: Vec<String> = Category::ALL
        .iter()
        .map(|category| category.name().to_owned())
        .chain(
            FilterName::ALL
                .iter()
                .map(|filter| filter.name().to_owned()),
        )
        .chain(
            rules
                .iter()
                .flat_map(|(_, rule)| [rule.pack().to_owned(), rule.name.clone()]),
        )
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Accepts one of `names`, all of which parse as a `T`.
fn one_of<T>(names: impl Iterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>())
}

/// Returns the form of the language code of `--lang` that rules use. Fails for anything that is not
/// a code of two or three letters, with the code of a language that was named.
pub(super) fn parse_language(text: &str) -> Result<String> {
    let code = canonical(text);
    if let Some(code) = from_tag(text) {
        return Ok(code);
    }
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Ok(code);
    }
    match Language::called(text) {
        Some(language) => bail!(
            "--lang takes the code of a language; for {}, write --lang {}",
            language.name,
            language.code
        ),
        None => bail!(
            "'{text}' is not the code of a language; write one of two letters, such as en, or of \
             three, such as eng"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_named_by_codes() {
        for (text, code) in [
            ("en", "en"),
            ("en-GB", "en"),
            ("eng_Latn", "en"),
            ("ger", "de"),
            ("nn", "no"),
            // No built-in rule is bound to Occitan, but other rules are bound to other languages.
            ("oci", "oci"),
        ] {
            assert_eq!(parse_language(text).unwrap(), code, "{text}");
        }
        for (text, message) in [
            ("English", "for English, write --lang en"),
            ("norsk", "for Norwegian, write --lang no"),
            ("klingon", "'klingon' is not the code of a language"),
            ("", "'' is not the code of a language"),
        ] {
            let error = parse_language(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn names_of_rules_are_listed_once() {
        let names = rule_names();
        for name in ["advert", "phrases", "newsletter", "advert/marker", "hu"] {
            assert!(
                names.iter().filter(|known| *known == name).count() == 1,
                "{name}"
            );
        }
    }
}
