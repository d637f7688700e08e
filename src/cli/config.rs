//! The configuration file `dechaff.toml`: the same options as on the command line, which win over it.

use super::args::OnErrorArg;
use anyhow::{Context, Result, bail};
use dechaff_core::Level;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The name under which it is looked for.
const NAME: &str = "dechaff.toml";

/// What a configuration file can say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Config {
    pub level: Option<Level>,
    #[serde(default)]
    pub only: Vec<String>,
    #[serde(default)]
    pub skip: Vec<String>,
    /// Packs and directories of packs, relative to the configuration file.
    #[serde(default)]
    pub rules: Vec<PathBuf>,
    pub max_removed: Option<f64>,
    pub max_loss: Option<f64>,
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
    pub on_error: Option<OnErrorArg>,
    pub max_record: Option<String>,
    pub output_format: Option<String>,
    pub compress: Option<String>,
    pub drop_empty: Option<bool>,
}

impl Config {
    /// Reads the file that was named, or the nearest `dechaff.toml` in the working directory or above it.
    pub(super) fn load(named: Option<&Path>) -> Result<Self> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => match nearest() {
                Some(path) => path,
                None => return Ok(Self::default()),
            },
        };
        let source = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the configuration {}", path.display()))?;
        let mut config: Self = match toml::from_str(&source) {
            Ok(config) => config,
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
        };
        if let Some(directory) = path.parent() {
            config
                .rules
                .iter_mut()
                .for_each(|rules| *rules = directory.join(&*rules));
        }
        Ok(config)
    }
}

fn nearest() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors()
        .map(|directory| directory.join(NAME))
        .find(|path| path.is_file())
}
