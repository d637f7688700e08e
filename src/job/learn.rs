//! Learns what sites repeat from the documents of a job, in bounded memory.
//!
//! A [`Learning`] is an observer that counts the texts of each document by site. Once the counts
//! are too large, they are written to a temporary file, a part, and counting starts again. At the
//! end the parts are merged, as `dechaff learned merge` merges those of several machines. Counts
//! add up in any order, so neither threads nor parts change the result.

use super::observer::Observer;
use crate::io::fs;
use crate::io::{
    LearnedFile, LearnedWriter, PartialFile, commit_all, directory_of, merge_learned,
    remove_abandoned_in,
};
use crate::report::Name;
use anyhow::{Context, Result};
use dechaff_core::learn::{PageTexts, SiteCounts};
use dechaff_core::{Cleaned, Document, Scratch};
use rustc_hash::FxHashMap;
use std::io::{BufWriter, IntoInnerError, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Most parts before they are merged to one, as each is an open file.
const MAX_PARTS: usize = 64;

/// Bytes of a site in memory besides its texts.
const SITE_BYTES: usize = 256;

/// Counts the texts of documents by site.
#[derive(Debug)]
pub struct Learning {
    /// Bytes of counts that are kept in memory, approximately.
    memory: usize,
    state: Mutex<State>,
}

/// What was counted so far.
#[derive(Debug, Default)]
struct State {
    sites: FxHashMap<String, SiteCounts>,
    /// Size of the counts in memory, approximately.
    bytes: usize,
    parts: Vec<LearnedFile>,
    /// Documents of which no site is known.
    unnamed: u64,
    /// Why counting failed.
    error: Option<anyhow::Error>,
}

/// The numbers of what was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LearnedCounts {
    /// Number of sites.
    pub sites: u64,
    /// Number of documents of these sites.
    pub documents: u64,
    /// Number of texts that are stored.
    pub texts: u64,
    /// Number of documents that were left out because no site is known of them.
    pub unnamed: u64,
}

impl Learning {
    /// Creates an observer that keeps about `memory` bytes of counts in memory.
    #[must_use]
    pub fn new(memory: usize) -> Self {
        Self {
            memory,
            state: Mutex::default(),
        }
    }

    /// Counts the texts of a document. If that fails, [`finish`](Self::finish) returns why.
    pub fn add(&self, document: &Document<'_>) {
        let page = document.site().map(|_| PageTexts::new(document));
        self.add_page(document, page);
    }

    /// Counts the texts of a document, `page`, if its site is known.
    fn add_page(&self, document: &Document<'_>, page: Option<PageTexts>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match (document.site(), page) {
            (Some(site), Some(page)) => state.add(site, &page, document.text()),
            _ => state.unnamed += 1,
        }
        self.limit(&mut state);
    }

    /// Adds counts of the site called `site`: of its documents and pages, and of texts by their
    /// keys. If that fails, [`finish`](Self::finish) returns why.
    pub fn add_counts(&self, site: &str, counts: SiteCounts) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.add_counts(site, counts);
        self.limit(&mut state);
    }

    fn limit(&self, state: &mut State) {
        if state.bytes > self.memory && state.error.is_none() {
            state.error = state.spill().err();
        }
    }

    /// Returns what was learned as a temporary file, and the number of documents of which no site
    /// is known. `is_part` is as for [`finish`](Self::finish).
    ///
    /// # Errors
    /// If counting failed, or a temporary file cannot be written.
    pub fn finish_unnamed(&self, is_part: bool) -> Result<(LearnedFile, u64)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.error.take() {
            return Err(error);
        }
        state.spill()?;
        let file = merge_unnamed(&state.parts, is_part)?;
        Ok((file, state.unnamed))
    }

    /// Writes what was learned to the file `output`. With `is_part` the file has every text, so
    /// that it can be merged with others.
    ///
    /// # Errors
    /// If counting failed, or a temporary file or the output cannot be written.
    pub fn finish(&self, output: &Path, is_part: bool, replace: bool) -> Result<LearnedCounts> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.error.take() {
            return Err(error);
        }
        let counts = if state.parts.is_empty() {
            let sites = state.take_sites();
            write_output(output, is_part, replace, |writer| add_sites(writer, sites))?
        } else {
            state.spill()?;
            write_learned(&state.parts, output, is_part, replace)?
        };
        Ok(LearnedCounts {
            unnamed: state.unnamed,
            ..counts
        })
    }
}

impl Observer for Learning {
    fn visit(
        &self,
        _: &Name<'_>,
        document: &Document<'_>,
        _: &Cleaned<'_>,
        scratch: &mut Scratch,
    ) -> Option<String> {
        let page = document.site().map(|_| scratch.page_texts(document));
        self.add_page(document, page);
        None
    }
}

impl State {
    fn add(&mut self, site: &str, page: &PageTexts, text: &str) {
        if self.error.is_some() {
            return;
        }
        if !self.sites.contains_key(site) {
            self.bytes += site.len() + SITE_BYTES;
            self.sites.insert(site.to_owned(), SiteCounts::default());
        }
        if let Some(counts) = self.sites.get_mut(site) {
            self.bytes += counts.add(page, text);
        }
    }

    fn add_counts(&mut self, site: &str, counts: SiteCounts) {
        if self.error.is_some() {
            return;
        }
        self.bytes += site.len() + SITE_BYTES + counts.size();
        match self.sites.get_mut(site) {
            Some(sum) => sum.merge(counts),
            None => {
                self.sites.insert(site.to_owned(), counts);
            }
        }
    }

    /// Removes the counts from memory and returns them in the order of the names of the sites.
    fn take_sites(&mut self) -> Vec<(String, SiteCounts)> {
        self.bytes = 0;
        let mut sites: Vec<_> = std::mem::take(&mut self.sites).into_iter().collect();
        sites.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        sites
    }

    /// Moves the counts in memory to a temporary file.
    fn spill(&mut self) -> Result<()> {
        let sites = self.take_sites();
        let part = write_unnamed(LearnedWriter::temporary, |writer| add_sites(writer, sites))?;
        self.parts.push(part);
        if self.parts.len() >= MAX_PARTS {
            let parts = std::mem::take(&mut self.parts);
            let merge = |writer: &mut LearnedWriter<_>| merge_learned(&parts, true, writer);
            self.parts
                .push(write_unnamed(LearnedWriter::temporary, merge)?);
        }
        Ok(())
    }
}

/// Writes sites, which are in the order of their names.
fn add_sites<W: Write>(
    writer: &mut LearnedWriter<W>,
    sites: Vec<(String, SiteCounts)>,
) -> Result<()> {
    sites
        .into_iter()
        .try_for_each(|(name, counts)| writer.add_site(name, counts))
}

/// Merges files of what was learned to a temporary file. With `is_part` it is a part again.
///
/// # Errors
/// If a file cannot be read, the files do not fit together, or no temporary file can be written.
pub fn merge_unnamed(files: &[LearnedFile], is_part: bool) -> Result<LearnedFile> {
    write_unnamed(
        |file| LearnedWriter::new(file, is_part),
        |writer| merge_learned(files, is_part, writer),
    )
}

/// Returns a temporary file to which `write` writes, with the writer that `new_writer` makes.
fn write_unnamed(
    new_writer: impl FnOnce(BufWriter<fs::File>) -> Result<LearnedWriter<BufWriter<fs::File>>>,
    write: impl FnOnce(&mut LearnedWriter<BufWriter<fs::File>>) -> Result<()>,
) -> Result<LearnedFile> {
    let part = || {
        let mut writer = new_writer(BufWriter::new(fs::create_unnamed()?))?;
        write(&mut writer)?;
        let file = writer.finish()?.into_inner();
        let file = file.map_err(IntoInnerError::into_error)?;
        LearnedFile::new(file, Path::new("the temporary file"))
    };
    part().context("cannot write counts to a temporary file")
}

/// Merges files of what was learned and writes the result to `output`, which is complete or absent
/// afterwards. With `is_part` it is a part again.
///
/// # Errors
/// If a file cannot be read, the files do not fit together, or the output cannot be written.
pub fn write_learned(
    files: &[LearnedFile],
    output: &Path,
    is_part: bool,
    replace: bool,
) -> Result<LearnedCounts> {
    write_output(output, is_part, replace, |writer| {
        merge_learned(files, is_part, writer)
    })
}

/// Writes to the file `output` what `write` writes. The file is complete or absent afterwards.
fn write_output(
    output: &Path,
    is_part: bool,
    replace: bool,
    write: impl FnOnce(&mut LearnedWriter<BufWriter<PartialFile>>) -> Result<()>,
) -> Result<LearnedCounts> {
    let mut writer = LearnedWriter::new(create_output(output, replace)?, is_part)?;
    write(&mut writer)?;
    let [sites, documents, texts] = writer.counts();
    commit_output(writer.finish()?, output)?;
    Ok(LearnedCounts {
        sites,
        documents,
        texts,
        unnamed: 0,
    })
}

/// Starts to write the file `output`, which is complete or absent afterwards.
pub(super) fn create_output(output: &Path, replace: bool) -> Result<BufWriter<PartialFile>> {
    remove_abandoned_in(directory_of(output));
    Ok(BufWriter::new(PartialFile::new(output, None, replace)?))
}

/// Puts a file that [`create_output`] started in its place.
pub(super) fn commit_output(written: BufWriter<PartialFile>, output: &Path) -> Result<()> {
    let partial = written
        .into_inner()
        .map_err(IntoInnerError::into_error)
        .with_context(|| format!("cannot write {}", output.display()))?;
    commit_all(vec![partial.finish()?], true)
        .into_iter()
        .collect()
}
