//! `dechaff explain`: a text with what would go marked in place.

use super::Exit;
use super::args::{Reading, Selection};
use super::config::Config;
use super::selection::{build_cleaner, read_input};
use super::terminal::Terminal;
use crate::document::Document;
use crate::filter::Scratch;
use crate::io::{Content, encoding_of};
use crate::job::walk::complaint;
use crate::report::explain;
use anyhow::{Result, bail};
use std::path::PathBuf;

/// So many features are named for each line that the model takes.
const REASONS: usize = 5;

pub(super) fn explain_file(file: Option<PathBuf>, selection: Selection, reading: Reading, terminal: &mut Terminal) -> Result<Exit> {
    let config = Config::load(selection.config.as_deref())?;
    let cleaner = build_cleaner(selection, &config)?;
    let encoding = reading.encoding.as_ref().or(config.encoding.as_ref()).map(|label| encoding_of(label)).transpose()?;
    let path = file.unwrap_or_else(|| PathBuf::from("-"));
    let content = Content::new(read_input(&path)?, encoding);
    if let Some(complaint) = complaint(&content) {
        bail!("{} {complaint}", crate::report::shown(&path));
    }
    let Content::Text(text) = content else { return Ok(Exit::Unusable) };
    let mut document = Document::new(text.as_str())?;
    if let Some(language) = &reading.lang {
        document = document.with_language(language);
    }
    if let Some(host) = &reading.host {
        document = document.with_host(host);
    }
    let cleaned = cleaner.clean(&document, &mut Scratch::default());
    let reasons = cleaner.reasons(&document, REASONS);
    terminal.raw(explain(&cleaned, cleaner.rules(), &reasons, terminal.has_colour()).as_bytes())
}
