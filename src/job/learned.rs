//! Files of what was learned without a name, for programs that keep them in other places than files,
//! as the Python package does: from bytes, merged in any number, and divided by site.

use super::learn::merge_unnamed;
use crate::io::fs;
use crate::io::{
    LearnedFile, LearnedWriter, PartialFile, StoredSite, commit_all, directory_of,
    remove_abandoned_in,
};
use anyhow::{Context, Result};
use fnv::FnvHasher;
use std::hash::Hasher;
use std::io::{BufWriter, IntoInnerError, Write};
use std::path::Path;

/// Most files that are merged at once, as each is open.
const MAX_FILES: usize = 64;

/// Returns a temporary file with these bytes.
///
/// # Errors
/// If they are not those of a complete file of this version, or it cannot be written.
pub fn learned_from_bytes(bytes: &[u8]) -> Result<LearnedFile> {
    let mut file = fs::create_unnamed().context("cannot create a temporary file")?;
    file.write_all(bytes)
        .context("cannot write to a temporary file")?;
    LearnedFile::new(file, Path::new("the data"))
}

/// Writes the bytes of a file to the file `output`, which is replaced if it exists.
///
/// # Errors
/// If the file cannot be read or the output cannot be written.
pub fn save_learned(file: &LearnedFile, output: &Path) -> Result<()> {
    remove_abandoned_in(directory_of(output));
    let mut writer = BufWriter::new(PartialFile::new(output, None, true)?);
    file.copy_to(&mut writer)?;
    let partial = writer.into_inner().map_err(IntoInnerError::into_error);
    let partial = partial.with_context(|| format!("cannot write {}", output.display()))?;
    commit_all(vec![partial.finish()?], true)
        .into_iter()
        .collect()
}

/// Merges any number of files as they come. At most 64 of each size are open at a time.
#[derive(Debug)]
pub struct LearnedMerger {
    parts: Levels,
    /// Files that are not parts.
    others: Levels,
}

/// Files of which those on each level are 64 of the level below, merged.
#[derive(Debug)]
struct Levels {
    are_parts: bool,
    levels: Vec<Vec<LearnedFile>>,
}

impl Default for LearnedMerger {
    fn default() -> Self {
        let levels = |are_parts| Levels {
            are_parts,
            levels: Vec::new(),
        };
        Self {
            parts: levels(true),
            others: levels(false),
        }
    }
}

impl LearnedMerger {
    /// Adds a file.
    ///
    /// # Errors
    /// If files cannot be read, do not fit together, or no temporary file can be written.
    pub fn add(&mut self, file: LearnedFile) -> Result<()> {
        if file.is_part() {
            self.parts.add(file)
        } else {
            self.others.add(file)
        }
    }

    /// Returns all files, merged. With `is_part` the result is a part again.
    ///
    /// # Errors
    /// If files cannot be read, do not fit together, or no temporary file can be written.
    pub fn finish(self, is_part: bool) -> Result<LearnedFile> {
        let levels = self.parts.levels.into_iter().chain(self.others.levels);
        merge_unnamed(&levels.flatten().collect::<Vec<_>>(), is_part)
    }
}

impl Levels {
    fn add(&mut self, mut file: LearnedFile) -> Result<()> {
        for level in &mut self.levels {
            level.push(file);
            if level.len() < MAX_FILES {
                return Ok(());
            }
            file = merge_unnamed(&std::mem::take(level), self.are_parts)?;
        }
        self.levels.push(vec![file]);
        Ok(())
    }
}

/// Divides the sites of a file among `count` files by a hash of their names, which does not depend
/// on the machine. Returns the bytes of each of these files.
///
/// # Errors
/// If the file cannot be read.
pub fn split_learned(file: &LearnedFile, count: usize) -> Result<Vec<Vec<u8>>> {
    let mut shares: Vec<Vec<StoredSite>> = vec![Vec::new(); count];
    for site in file.iter() {
        let site = site?;
        let mut hasher = FnvHasher::default();
        hasher.write(site.head.name.as_bytes());
        shares[(hasher.finish() % count.max(1) as u64) as usize].push(site);
    }
    let shares = shares.into_iter().map(|sites| {
        let mut writer = LearnedWriter::new(Vec::new(), file.is_part())?;
        for site in sites {
            writer.begin_site(&site.head)?;
            file.texts(&site)
                .try_for_each(|text| writer.add_text(text?))?;
        }
        writer.finish()
    });
    shares.collect()
}
