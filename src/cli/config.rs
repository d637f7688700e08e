//! The configuration file `dechaff.toml`. It sets defaults for options of the command line, under
//! the same names; an option given on the command line overrides it.

use super::args::{OnErrorArg, TextFormatArg};
use crate::io::fs;
use anyhow::{Context, Result, bail};
use dechaff_core::Level;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Name of the configuration file that is searched for.
const FILE_NAME: &str = "dechaff.toml";

/// The contents of a configuration file. Unknown keys are errors.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Config {
    pub level: Option<Level>,
    #[serde(default)]
    pub only: Vec<String>,
    #[serde(default)]
    pub skip: Vec<String>,
    /// Packs and directories of packs. In the file they are relative to its directory; `load` makes
    /// them relative to the working directory.
    #[serde(default)]
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
    #[serde(default)]
    pub include: Vec<String>,
    #[serde(default)]
    pub exclude: Vec<String>,
    pub jobs: Option<usize>,
    #[serde(default)]
    pub text_field: Vec<String>,
    pub id_field: Option<String>,
    pub url_field: Option<String>,
    pub lang_field: Option<String>,
    pub site_field: Option<String>,
    pub on_error: Option<OnErrorArg>,
    pub max_record: Option<String>,
    pub text_format: Option<TextFormatArg>,
    pub delimiter: Option<String>,
    pub quote: Option<String>,
    pub escape: Option<String>,
    pub no_header: Option<bool>,
    pub output_format: Option<String>,
    pub compress: Option<String>,
    pub drop_empty: Option<bool>,
}

impl Config {
    /// Reads the configuration from `path`, or from the nearest `dechaff.toml` in the working
    /// directory and its parents. Returns the default if there is no such file. Errors name line
    /// and column.
    pub(super) fn load(path: Option<&Path>) -> Result<Self> {
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
        Ok(config)
    }

    /// Parses the content of a configuration file, which `path` names in errors.
    pub(super) fn parse(source: &str, path: &Path) -> Result<Self> {
        match toml::from_str(source) {
            Ok(config) => Ok(config),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                let before = &source[..source.floor_char_boundary(at)];
                let column = before
                    .rsplit('\n')
                    .next()
                    .unwrap_or_default()
                    .chars()
                    .count()
                    + 1;
                bail!(
                    "{}:{}:{column}: {}",
                    path.display(),
                    before.matches('\n').count() + 1,
                    error.message().trim()
                );
            }
        }
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
