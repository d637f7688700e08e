//! Standard input, or what takes its place: a program that embeds the command may pass a reader of
//! its own, which stands behind the path `-`.

use crate::io::{Format, Source};
use anyhow::{Context, Result};
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A reader, with a name whose extension can tell the format.
type NamedReader = (PathBuf, Box<dyn Read + Send>);

/// Standard input, or the reader that takes its place. Clones share the reader.
#[derive(Clone, Default)]
pub struct Stdin(Option<Arc<Mutex<Option<NamedReader>>>>);

impl Stdin {
    /// Creates a standard input that reads from `reader`. Of `name`, only the extension matters; `-`
    /// has none.
    pub fn new(name: PathBuf, reader: impl Read + Send + 'static) -> Self {
        let reader: NamedReader = (name, Box::new(reader));
        Self(Some(Arc::new(Mutex::new(Some(reader)))))
    }

    /// Opens the input by reading its first bytes; of a live stream, its first line. A reader can be
    /// opened once.
    pub(super) fn open(&self, format: Option<Format>, is_live: bool) -> Result<Source<'static>> {
        let Some(shared) = &self.0 else {
            let (path, stdin) = (Path::new("-"), io::stdin());
            return if is_live {
                Source::live(path, stdin, format)
            } else {
                Source::new(path, stdin, format)
            };
        };
        let mut reader = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, reader) = reader.take().context("was read already")?;
        if is_live {
            Source::live(&name, reader, format)
        } else {
            Source::new(&name, reader, format)
        }
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Stdin")
            .field("is_reader", &self.0.is_some())
            .finish_non_exhaustive()
    }
}
