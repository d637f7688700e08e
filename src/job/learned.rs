//! Files of what was learned: from bytes and divided by site, for programs that keep them in other
//! places than files, as the Python package does, and merged in any number.

use super::learn::{commit_output, create_output, merge_unnamed};
use crate::io::fs;
use crate::io::{LearnedFile, LearnedWriter, StoredSite};
use anyhow::{Context, Result};
use fnv::FnvHasher;
use std::hash::Hasher;
use std::io::Write;
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
    let mut writer = create_output(output, true)?;
    file.copy_to(&mut writer)?;
    commit_output(writer, output)
}

/// Merges any number of files as they come. At most 64 of each size are open at a time.
#[derive(Debug, Default)]
pub struct LearnedMerger {
    parts: Levels,
    /// Files that are not parts.
    others: Levels,
}

/// Files of which those on each level are 64 of the level below, merged.
#[derive(Debug, Default)]
struct Levels(Vec<Vec<LearnedFile>>);

impl LearnedMerger {
    /// Adds a file.
    ///
    /// # Errors
    /// If files cannot be read, do not fit together, or no temporary file can be written.
    pub fn add(&mut self, file: LearnedFile) -> Result<()> {
        if file.is_part() {
            self.parts.add(file, true)
        } else {
            self.others.add(file, false)
        }
    }

    /// Returns the files that are left, which together hold what all have.
    #[must_use]
    pub fn into_files(self) -> Vec<LearnedFile> {
        let levels = self.parts.0.into_iter().chain(self.others.0);
        levels.flatten().collect()
    }

    /// Returns all files, merged. With `is_part` the result is a part again.
    ///
    /// # Errors
    /// If files cannot be read, do not fit together, or no temporary file can be written.
    pub fn finish(self, is_part: bool) -> Result<LearnedFile> {
        merge_unnamed(&self.into_files(), is_part)
    }
}

impl Levels {
    fn add(&mut self, mut file: LearnedFile, is_part: bool) -> Result<()> {
        for level in &mut self.0 {
            level.push(file);
            if level.len() < MAX_FILES {
                return Ok(());
            }
            file = merge_unnamed(&std::mem::take(level), is_part)?;
        }
        self.0.push(vec![file]);
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
