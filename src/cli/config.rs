//! The configuration file `dechaff.toml`. It sets defaults for options of the command line, under
//! the same names; an option given on the command line overrides it.

use super::args::{OnErrorArg, OnHeldArg, TextFormatArg};
use super::terminal::Terminal;
use crate::io::fs;
use crate::report::display_path;
use anyhow::{Context, Result, bail};
use dechaff_core::Level;
use serde::de::value::{SeqAccessDeserializer, StrDeserializer};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Name of the configuration file that is searched for.
const FILE_NAME: &str = "dechaff.toml";

/// The contents of a configuration file. Unknown keys are errors. A list of one string can be
/// written as the string.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Config {
    pub level: Option<Level>,
    #[serde(default, deserialize_with = "one_or_more")]
    pub only: Vec<String>,
    #[serde(default, deserialize_with = "one_or_more")]
    pub skip: Vec<String>,
    /// Packs and directories of packs. In the file they are relative to its directory; `load` makes
    /// them relative to the working directory.
    #[serde(default, deserialize_with = "one_or_more")]
    pub rules: Vec<PathBuf>,
    pub max_removed: Option<f64>,
    pub max_loss: Option<f64>,
    /// File of what was learned of sites; relative as packs are.
    pub learned: Option<PathBuf>,
    pub min_pages: Option<u64>,
    pub min_share: Option<f64>,
    pub idempotent: Option<bool>,
    pub max_document: Option<String>,
    pub encoding: Option<String>,
    pub strict: Option<bool>,
    pub follow_links: Option<bool>,
    #[serde(default, deserialize_with = "one_or_more")]
    pub include: Vec<String>,
    #[serde(default, deserialize_with = "one_or_more")]
    pub exclude: Vec<String>,
    pub jobs: Option<usize>,
    #[serde(default, deserialize_with = "one_or_more")]
    pub text_field: Vec<String>,
    pub id_field: Option<String>,
    pub url_field: Option<String>,
    pub lang_field: Option<String>,
    pub site_field: Option<String>,
    pub on_error: Option<OnErrorArg>,
    pub on_held: Option<OnHeldArg>,
    pub max_record: Option<String>,
    pub text_format: Option<TextFormatArg>,
    pub delimiter: Option<String>,
    pub quote: Option<String>,
    pub escape: Option<String>,
    pub no_header: Option<bool>,
    pub output_format: Option<String>,
    pub compress: Option<String>,
    pub drop_empty: Option<bool>,
    pub verdict: Option<String>,
    /// The file, unless the configuration is the default.
    #[serde(skip)]
    pub path: Option<PathBuf>,
    /// Whether the file was found rather than named.
    #[serde(skip)]
    is_found: bool,
}

impl Config {
    /// Reads the configuration from `path`, or from the nearest `dechaff.toml` in the working
    /// directory and its parents. Returns the default if there is no such file. Errors name line
    /// and column.
    pub(super) fn load(path: Option<&Path>) -> Result<Self> {
        let is_found = path.is_none();
        let path = match path {
            Some(path) => path.to_owned(),
            None => match find_nearest()? {
                Some(path) => path,
                None => return Ok(Self::default()),
            },
        };
        let source = fs::read_to_string(&path)
            .with_context(|| format!("cannot read the configuration {}", path.display()))?;
        let mut config = Self::parse(&source, &path)?;
        if let Some(directory) = path.parent() {
            for pack in &mut config.rules {
                *pack = directory.join(&*pack);
            }
            config.learned = config.learned.map(|learned| directory.join(learned));
        }
        config.is_found = is_found;
        config.path = Some(path);
        Ok(config)
    }

    /// Says which file applies if the user did not name it, unless `quiet` is set.
    pub(super) fn announced(self, quiet: bool, terminal: &Terminal) -> Self {
        if let Some(path) = self.path.as_ref().filter(|_| self.is_found && !quiet) {
            terminal.note(&format!("using the configuration {}", display_path(path)));
        }
        self
    }

    /// Parses the content of a configuration file, which `path` names in errors.
    pub(super) fn parse(source: &str, path: &Path) -> Result<Self> {
        let error = match toml::from_str(source) {
            Ok(config) => return Ok(config),
            Err(error) => error,
        };
        let span = error.span().unwrap_or_default();
        let before = &source[..source.floor_char_boundary(span.start)];
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
        bail!(
            "{}:{}:{}: {}",
            display_path(path),
            before.matches('\n').count() + 1,
            before[before.len() - column..].chars().count() + 1,
            problem(source, span, error.message().trim())
        );
    }

    /// Returns the keys of a configuration file.
    fn keys() -> Vec<String> {
        match serde_json::to_value(Self::default()) {
            Ok(serde_json::Value::Object(members)) => {
                members.into_iter().map(|(key, _)| key).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Returns the problem of a configuration file in words of its user. `message` is the parser's, and
/// concerns the bytes `span` of `source`.
fn problem(source: &str, span: Range<usize>, message: &str) -> String {
    let found = source.get(span.clone()).unwrap_or_default();
    if message.starts_with("unknown field") {
        let key = found.trim_matches(['[', ']', '"', '\'']);
        return unknown_key(key);
    }
    let Some((found, expected)) = message
        .strip_prefix("invalid type: ")
        .and_then(|types| types.split_once(", expected "))
    else {
        return message.to_owned();
    };
    let expected = match expected {
        "u64" | "usize" => "a whole number",
        "f64" => "a number",
        "a boolean" => "true or false",
        other => other,
    };
    let line = source[..span.start].rsplit('\n').next().unwrap_or_default();
    match line.split_once('=') {
        Some((key, _)) => format!("'{}' must be {expected}, not {found}", key.trim()),
        None => format!("there must be {expected}, not {found}"),
    }
}

/// Returns the message that `key` is not a key, with the nearest key or, if none is near, all keys.
fn unknown_key(key: &str) -> String {
    let keys = Config::keys();
    let nearest = keys
        .iter()
        .map(|known| (strsim::osa_distance(key, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len().max(key.len()).div_ceil(3));
    match nearest {
        Some((_, known)) => format!("unknown key '{key}'; did you mean '{known}'?"),
        None => format!("unknown key '{key}'; the keys are {}", keys.join(", ")),
    }
}

/// Reads a list of strings, or one string as a list of one.
fn one_or_more<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(OneOrMore(PhantomData))
}

/// Visits a string, or a list of strings.
struct OneOrMore<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMore<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of strings")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<T>, E> {
        Ok(vec![T::deserialize(StrDeserializer::new(text))?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Vec<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items))
    }
}

fn find_nearest() -> Result<Option<PathBuf>> {
    let Ok(directory) = std::env::current_dir() else {
        return Ok(None);
    };
    for directory in directory.ancestors() {
        let path = directory.join(FILE_NAME);
        if fs::is_file(&path)? {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Returns the values of a list option: those of the command line, or those of the configuration if
/// the command line has none.
pub(super) fn list_or<'a>(arguments: &'a [String], config: &'a [String]) -> &'a [String] {
    if arguments.is_empty() {
        config
    } else {
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(source: &str) -> String {
        Config::parse(source, Path::new("dechaff.toml"))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_list_of_one_string_can_be_the_string() {
        let config = Config::parse(
            "skip = \"timestamp\"\ntext-field = [\"a\", \"b\"]\nrules = \"mine.toml\"\n",
            Path::new("dechaff.toml"),
        )
        .unwrap();
        assert_eq!(config.skip, ["timestamp"]);
        assert_eq!(config.text_field, ["a", "b"]);
        assert_eq!(config.rules, [PathBuf::from("mine.toml")]);
    }

    #[test]
    fn mistakes_are_named_with_what_to_write() {
        for (source, expected) in [
            (
                "levle = \"precise\"",
                "dechaff.toml:1:1: unknown key 'levle'; did you mean 'level'?",
            ),
            (
                "level = \"precise\"\nmax_removed = 0.5",
                "dechaff.toml:2:1: unknown key 'max_removed'; did you mean 'max-removed'?",
            ),
            (
                "level = \"fierce\"",
                "dechaff.toml:1:9: unknown level 'fierce', expected one of precise, balanced, \
                 thorough",
            ),
            (
                "jobs = \"four\"",
                "dechaff.toml:1:8: 'jobs' must be a whole number, not string \"four\"",
            ),
            (
                "skip = 3",
                "dechaff.toml:1:8: 'skip' must be a list of strings, not integer `3`",
            ),
            (
                "strict = \"yes\"",
                "dechaff.toml:1:10: 'strict' must be true or false, not string \"yes\"",
            ),
        ] {
            assert_eq!(message(source), expected);
        }
        let all = message("colour = 1");
        assert!(
            all.contains("unknown key 'colour'; the keys are level, only, skip"),
            "{all}"
        );
    }
}
