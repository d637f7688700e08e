//! The parts of a run of `learn` that can be resumed. The inputs are divided as among shards; what
//! each division counts is a part, a file of its own. A later run with the same inputs and options
//! learns only the parts that are missing, and merges all. Parts and their list are in `.dechaff/`
//! beside the output, until that is complete.

use super::learn::{LearnedCounts, write_learned};
use super::manifest::STATE_DIR;
use super::shard::Shard;
use super::walk::{Inputs, WalkEntry};
use crate::io::fs;
use crate::io::{LearnedFile, directory_of, write_file};
use anyhow::{Context, Result};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Bytes of inputs for which there is one part.
const PART_BYTES: u64 = 256 << 20;

/// Fewest parts of this many files or more, as each file can take long.
const MIN_PARTS: u64 = 16;

/// Most parts, as each is an open file when they are merged.
const MAX_PARTS: u64 = 64;

/// The parts of a run.
#[derive(Debug)]
pub struct LearnParts {
    directory: PathBuf,
    list: PartList,
}

/// What is known of the parts, as it is stored.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct PartList {
    /// SHA-256 of the options and of the names, sizes and times of all inputs.
    plan: String,
    /// Number of parts.
    count: u64,
    /// For each finished part the number of its documents of no known site.
    done: BTreeMap<u64, u64>,
}

impl LearnParts {
    /// Finds the parts that an earlier run with the same output, `options` and inputs left. Those
    /// of another run are deleted.
    ///
    /// # Errors
    /// If the files beside the output cannot be read or written.
    pub fn open(output: &Path, options: &str, inputs: &Inputs) -> Result<Self> {
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        let directory = directory_of(output)
            .join(STATE_DIR)
            .join(format!("learn-{name}"));
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        let (plan, count) = plan_of(options, inputs);
        let stored = fs::read(&directory.join("parts.json")).ok();
        let stored = stored.and_then(|bytes| serde_json::from_slice::<PartList>(&bytes).ok());
        let mut parts = Self {
            directory,
            list: PartList {
                plan,
                count,
                done: BTreeMap::new(),
            },
        };
        match stored {
            Some(stored) if (&stored.plan, stored.count) == (&parts.list.plan, count) => {
                let mut done = stored.done;
                done.retain(|part, _| LearnedFile::open(&parts.path(*part)).is_ok());
                parts.list.done = done;
            }
            _ => {
                parts.remove_files()?;
                parts.store()?;
            }
        }
        Ok(parts)
    }

    /// Returns the parts that are not finished yet, in order.
    #[must_use]
    pub fn missing(&self) -> Vec<Shard> {
        let count = self.list.count;
        (1..=count)
            .filter(|index| !self.list.done.contains_key(index))
            .map(|index| Shard { index, count })
            .collect()
    }

    /// Returns the path of a part.
    #[must_use]
    pub fn path(&self, index: u64) -> PathBuf {
        self.directory.join(format!("{index}.part"))
    }

    /// Notes that the file of a part is complete, with its number of documents of no known site.
    ///
    /// # Errors
    /// If the list cannot be written.
    pub fn finish(&mut self, index: u64, unnamed: u64) -> Result<()> {
        self.list.done.insert(index, unnamed);
        self.store()
    }

    /// Merges all parts, finished or not, to the file `output`, and deletes them. `unnamed` is the
    /// number of documents of no known site in those that are not finished.
    ///
    /// # Errors
    /// If a part cannot be read, or the output cannot be written.
    pub fn merge(
        self,
        output: &Path,
        is_part: bool,
        replace: bool,
        unnamed: u64,
    ) -> Result<LearnedCounts> {
        let files: Vec<LearnedFile> = (1..=self.list.count)
            .map(|index| LearnedFile::open(&self.path(index)))
            .collect::<Result<_>>()?;
        let counts = write_learned(&files, output, is_part, replace)?;
        drop(files);
        self.remove_files()?;
        fs::remove_dir(&self.directory)
            .with_context(|| format!("cannot delete {}", self.directory.display()))?;
        Ok(LearnedCounts {
            unnamed: unnamed + self.list.done.values().sum::<u64>(),
            ..counts
        })
    }

    fn store(&self) -> Result<()> {
        let bytes = serde_json::to_vec_pretty(&self.list)?;
        write_file(&self.directory.join("parts.json"), &bytes, None, true, true)
    }

    /// Deletes the parts and their list.
    fn remove_files(&self) -> Result<()> {
        fs::list(&self.directory)
            .and_then(|mut names| {
                names.try_for_each(|name| fs::remove_file(&self.directory.join(name?)))
            })
            .with_context(|| format!("cannot delete the parts in {}", self.directory.display()))
    }
}

/// Returns a hash of the options and inputs of a run, and the number of its parts.
fn plan_of(options: &str, inputs: &Inputs) -> (String, u64) {
    let mut hasher = Sha256::new();
    hasher.update(env!("CARGO_PKG_VERSION"));
    hasher.update(options);
    let (mut files, mut bytes) = (0, 0);
    for entry in inputs.walk() {
        if let WalkEntry::File(file) = entry {
            let modified = file.state.and_then(|state| state.modified);
            hasher.update("\0");
            hasher.update(file.path.as_os_str().as_encoded_bytes());
            hasher.update(format!("\0{} {modified:?}", file.size));
            files += 1;
            bytes += file.size;
        }
    }
    let count = (bytes / PART_BYTES).max(MIN_PARTS.min(files));
    (
        HEXLOWER.encode(&hasher.finalize()),
        count.clamp(1, MAX_PARTS),
    )
}
