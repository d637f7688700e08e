//! The manifest that a finished run leaves in its output directory: with what it was made, and what each file holds. It has
//! no times and no numbers of threads, so that equal runs write equal manifests; `dechaff verify` holds it against the files.

use crate::cleaner::Cleaner;
use crate::io::{Checksum, StagedFile};
use crate::pack::RuleSet;
use crate::report::Stats;
use crate::rule::Rule;
use anyhow::{Context, Result};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What names of manifests begin with.
pub const MANIFEST: &str = "dechaff-run";

/// The line model, to tell which one was used.
const MODEL: &[u8] = include_bytes!("../../models/line.bin");

/// A part of the inputs: of each `of` files the one with this index, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Which one.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}

/// All that decides what outputs are, besides the inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version.
    pub dechaff: String,
    /// Options as they were given.
    pub options: Value,
    /// A hash of the rules of each pack.
    pub packs: BTreeMap<String, String>,
    /// A hash of the line model.
    pub model: String,
    /// Which part of the inputs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shard: Option<Shard>,
}

impl Plan {
    /// What a cleaner and these options will do.
    #[must_use]
    pub fn new(cleaner: &Cleaner, options: Value, shard: Option<Shard>) -> Self {
        let packs = pack_hashes(cleaner.rules());
        let model = HEXLOWER.encode(&Sha256::digest(MODEL));
        Self {
            dechaff: env!("CARGO_PKG_VERSION").to_owned(),
            options,
            packs,
            model,
            shard,
        }
    }
}

/// Hashes the rules of each pack by their binary encoding, so that renaming a field or moving a pack's file changes no hash.
fn pack_hashes(rules: &RuleSet) -> BTreeMap<String, String> {
    let mut hashes: BTreeMap<&str, Sha256> = BTreeMap::new();
    for (_, rule) in rules.iter() {
        let content = Rule {
            origin: Default::default(),
            ..rule.clone()
        };
        // A vector grows as needed, so encoding cannot fail.
        hashes
            .entry(rule.pack())
            .or_default()
            .update(postcard::to_allocvec(&content).unwrap_or_default());
    }
    hashes
        .into_iter()
        .map(|(name, hash)| (name.to_owned(), HEXLOWER.encode(&hash.finalize())))
        .collect()
}

/// What became of an input.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ManifestFile {
    /// Its place below the output directory; of one that failed, its path.
    pub place: String,
    /// Its size in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub input_bytes: Option<u64>,
    /// Its output, if it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output: Option<Checksum>,
    /// Its counts; rules are counted in the totals.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub counts: Option<Stats>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failed: Option<String>,
}

impl ManifestFile {
    /// An input that is done.
    #[must_use]
    pub fn done(place: &str, size: u64, output: Option<Checksum>, stats: &Stats) -> Self {
        let counts = Stats {
            rules: BTreeMap::new(),
            ..stats.clone()
        };
        Self {
            place: place.to_owned(),
            input_bytes: Some(size),
            output,
            counts: Some(counts),
            failed: None,
        }
    }

    /// An input that failed.
    #[must_use]
    pub fn failed(path: &str, reason: &str) -> Self {
        Self {
            place: path.to_owned(),
            input_bytes: None,
            output: None,
            counts: None,
            failed: Some(reason.to_owned()),
        }
    }
}

/// A manifest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// What the run did.
    #[serde(flatten)]
    pub plan: Plan,
    /// What became of each input, sorted by place.
    pub files: Vec<ManifestFile>,
    /// All counts together.
    pub totals: Stats,
}

impl Manifest {
    /// The manifest of a run.
    #[must_use]
    pub fn new(plan: Plan, mut files: Vec<ManifestFile>, totals: &Stats) -> Self {
        files.sort_by(|one, other| one.place.cmp(&other.place));
        Self {
            plan,
            files,
            totals: totals.clone(),
        }
    }

    /// Writes it into a directory.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, directory: &Path) -> Result<()> {
        let shard = self.plan.shard.map_or_else(String::new, |shard| {
            format!("-{}-of-{}", shard.index, shard.of)
        });
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        StagedFile::write(
            &directory.join(format!("{MANIFEST}{shard}.json")),
            &mut json.as_slice(),
            None,
            true,
        )?
        .commit()
    }
}

/// What was found out about a directory.
#[derive(Debug, Default)]
pub struct VerifyReport {
    /// Manifests read.
    pub manifests: usize,
    /// Outputs that are what their manifest says.
    pub sound: usize,
    /// Everything that is not as it should be.
    pub problems: Vec<String>,
}

/// Holds the manifests of a directory against its files.
///
/// # Errors
/// If a manifest cannot be read.
pub fn verify(directory: &Path) -> Result<VerifyReport> {
    let cannot = || format!("cannot read the directory {}", directory.display());
    let entries = fs::read_dir(directory).with_context(cannot)?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()
        .with_context(cannot)?;
    paths.retain(|path| path.file_name().is_some_and(is_manifest));
    paths.sort();
    let mut verdict = VerifyReport::default();
    let mut shards: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for path in paths {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let manifest: Manifest = serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is no manifest of dechaff", path.display()))?;
        verdict.manifests += 1;
        if let Some(shard) = manifest.plan.shard {
            shards.entry(shard.of).or_default().push(shard.index);
        }
        verdict.check(directory, &path, &manifest);
    }
    for (of, found) in shards {
        for missing in (1..=of).filter(|index| !found.contains(index)) {
            verdict
                .problems
                .push(format!("there is no manifest of shard {missing}/{of}"));
        }
    }
    Ok(verdict)
}

/// Whether a file's name is that of a manifest.
#[must_use]
pub fn is_manifest(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    name.strip_prefix(MANIFEST)
        .and_then(|rest| rest.strip_suffix(".json"))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

impl VerifyReport {
    fn check(&mut self, directory: &Path, path: &Path, manifest: &Manifest) {
        let mut documents = 0;
        for file in &manifest.files {
            documents += file.counts.as_ref().map_or(0, |counts| counts.documents);
            if let Some(reason) = &file.failed {
                self.problems
                    .push(format!("{} failed: {reason}", file.place));
            }
            let Some(output) = &file.output else { continue };
            match Checksum::of(&directory.join(&file.place)) {
                Ok(found) if found == *output => self.sound += 1,
                Ok(found) if found.bytes != output.bytes => {
                    self.problems.push(format!(
                        "{} has {} bytes, not {}",
                        file.place, found.bytes, output.bytes
                    ));
                }
                Ok(_) => self
                    .problems
                    .push(format!("{} has other bytes than were written", file.place)),
                Err(error) => self
                    .problems
                    .push(format!("{} cannot be read: {error:#}", file.place)),
            }
        }
        if documents != manifest.totals.documents {
            self.problems.push(format!(
                "{}: its files have {documents} documents, its totals {}",
                path.display(),
                manifest.totals.documents
            ));
        }
    }
}
