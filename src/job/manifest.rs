//! The manifest that a finished run leaves in its output directory: the options, rules and model
//! that decided the outputs, and the size, checksum and counts of each file. A manifest holds no
//! times and no thread counts, so equal runs write equal manifests. `dechaff verify` compares
//! manifests with the files beside them.

use super::root::{Root, plain_path};
use super::shard::Shard;
use crate::io::fs::{self, File};
use crate::io::{Checksum, PartialFile, commit_all};
use crate::report::{Stats, parse_record_path};
use anyhow::{Context, Result, anyhow, bail};
use data_encoding::HEXLOWER;
use dechaff_core::{Cleaner, Rule, RuleSet};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// Prefix of the file names of manifests.
pub const MANIFEST: &str = "dechaff-run";

/// Maximum number of missing shards that are named.
const MAX_MISSING_SHARDS: usize = 100;

/// Name of the directory in an output directory that holds journals and locks.
pub const STATE_DIR: &str = ".dechaff";

/// Everything except the inputs that decides the outputs of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of dechaff.
    #[serde(rename = "dechaff")]
    pub version: String,
    /// Options as the user gave them.
    pub options: Value,
    /// SHA-256 of the rules of each pack, by pack name.
    pub packs: BTreeMap<String, String>,
    /// SHA-256 of the line model.
    pub model: String,
    /// The part of the inputs that is cleaned, unless it is all of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shard: Option<Shard>,
}

impl Plan {
    /// Describes a run of `cleaner`. `options` are stored as they are: two runs whose options,
    /// packs, model, shard and version of dechaff are equal have equal plans, and only such a run
    /// can be resumed.
    #[must_use]
    pub fn new(cleaner: &Cleaner, options: Value, shard: Option<Shard>) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            options,
            packs: pack_hashes(cleaner.rules()),
            model: model_hash(cleaner.gives_verdicts()),
            shard,
        }
    }
}

/// Hashes the line model and, if verdicts are given, the models that they are given with.
fn model_hash(gives_verdicts: bool) -> String {
    let mut hash = Sha256::new_with_prefix(dechaff_core::model::built_in_file());
    if gives_verdicts {
        hash.update(dechaff_core::verdict_file());
    }
    HEXLOWER.encode(&hash.finalize())
}

/// Hashes the rules of each pack by their binary encoding. The hash of a pack does not change if
/// a field of `Rule` is renamed or the pack's file is moved.
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

/// The entry of one input in a manifest.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ManifestFile {
    /// Path of the output below the output directory; path of the input if that failed.
    #[serde(rename = "place")]
    #[serde(serialize_with = "write_path", deserialize_with = "read_path")]
    pub output_path: Arc<str>,
    /// Size of the input in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub input_bytes: Option<u64>,
    /// Size and hash of the output, if one was written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output: Option<Checksum>,
    /// Counts of the file, without those per rule.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub counts: Option<Box<Stats>>,
    /// Reason of a failure.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failed: Option<String>,
}

impl ManifestFile {
    /// Creates the entry of a finished input of `size` bytes. `counts` must be without those per
    /// rule: only the manifest's totals have them, which keeps manifests of many files small.
    #[must_use]
    pub fn done(
        output_path: Arc<str>,
        size: u64,
        output: Option<Checksum>,
        counts: Box<Stats>,
    ) -> Self {
        Self {
            output_path,
            input_bytes: Some(size),
            output,
            counts: Some(counts),
            failed: None,
        }
    }

    /// Creates the entry of an input that failed for `reason`. It names the input by its `path`,
    /// because a failed input may have no output path, and has neither size nor counts.
    #[must_use]
    pub fn failed(path: &str, reason: &str) -> Self {
        Self {
            output_path: path.into(),
            input_bytes: None,
            output: None,
            counts: None,
            failed: Some(reason.to_owned()),
        }
    }
}

fn write_path<S: Serializer>(path: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(path)
}

fn read_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    String::deserialize(deserializer).map(Arc::from)
}

/// The manifest of a finished run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Options, rules and model of the run.
    #[serde(flatten)]
    pub plan: Plan,
    /// Entries of all inputs, sorted by output path.
    pub files: Vec<ManifestFile>,
    /// Sums of all counts, with those per rule.
    pub totals: Stats,
}

impl Manifest {
    /// Creates the manifest of a run. `files` may be in any order and are sorted by output path,
    /// so that an interrupted and resumed run has the same manifest as an uninterrupted one. The
    /// totals name no inputs, whose paths depend on where the run started.
    #[must_use]
    pub fn new(plan: Plan, mut files: Vec<ManifestFile>, totals: &Stats) -> Self {
        files.sort_by(|one, other| one.output_path.cmp(&other.output_path));
        Self {
            plan,
            files,
            totals: Stats {
                rules: totals.rules.clone(),
                ..totals.without_rules()
            },
        }
    }

    /// Writes the manifest into `directory` as indented JSON, replacing an earlier manifest of the
    /// same shard. The file is written under a temporary name and then renamed. With `sync`, it is
    /// on the disk afterwards.
    ///
    /// # Errors
    /// If the file cannot be written or renamed.
    pub fn write(&self, directory: &Path, sync: bool) -> Result<()> {
        let suffix = Shard::suffix(self.plan.shard);
        let path = directory.join(format!("{MANIFEST}{suffix}.json"));
        // That of many files is large, so it is never in memory as text.
        let mut file = PartialFile::new(&path, None, true)?;
        let mut writer = BufWriter::new(&mut file);
        serde_json::to_writer_pretty(&mut writer, self)
            .map_err(io::Error::from)
            .and_then(|()| writer.write_all(b"\n"))
            .and_then(|()| writer.flush())
            .with_context(|| format!("cannot write {}", path.display()))?;
        drop(writer);
        commit_all(vec![file.finish()?], sync).into_iter().collect()
    }
}

/// The result of comparing a directory with its manifests.
#[derive(Debug, Default)]
pub struct VerifyReport {
    /// Number of manifests read.
    pub manifests: usize,
    /// Number of outputs whose size and hash equal those in their manifest.
    pub sound: usize,
    /// A message for each missing, changed or failed file and each missing shard.
    pub problems: Vec<String>,
}

/// Compares the files of `directory` with all manifests in it: every output is read and hashed.
/// Also reports shards without a manifest, inputs that failed, and manifests whose totals differ
/// from the sum of their files.
///
/// # Errors
/// If the directory or a manifest cannot be read. Problems with outputs are in the report.
pub fn verify(directory: &Path) -> Result<VerifyReport> {
    let mut names = fs::list(directory)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .with_context(|| format!("cannot read the directory {}", directory.display()))?;
    names.retain(|name| is_manifest(name));
    names.sort();
    let mut report = VerifyReport::default();
    let mut shards: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    let root = Root::new(Some(directory))?;
    for name in names {
        let path = directory.join(name);
        let manifest = read_manifest(&path)?;
        report.manifests += 1;
        if let Some(shard) = manifest.plan.shard {
            shards.entry(shard.count).or_default().insert(shard.index);
        }
        report.check(&root, &path, &manifest);
    }
    for (count, present) in shards {
        let missing = (1..=count).filter(|index| !present.contains(index));
        report.problems.extend(
            missing
                .take(MAX_MISSING_SHARDS)
                .map(|index| format!("there is no manifest of shard {index}/{count}")),
        );
        let unnamed = count
            .saturating_sub(present.len() as u64)
            .saturating_sub(MAX_MISSING_SHARDS as u64);
        if unnamed > 0 {
            report.problems.push(format!(
                "there are no manifests of {unnamed} more shards of {count}"
            ));
        }
    }
    Ok(report)
}

/// Reads a manifest. What is no regular file, which may have no end, is not read.
fn read_manifest(path: &Path) -> Result<Manifest> {
    let cannot_read = || format!("cannot read {}", path.display());
    if !fs::metadata(path).with_context(cannot_read)?.is_file() {
        bail!("{} is not a regular file", path.display());
    }
    let file = BufReader::new(File::open(path).with_context(cannot_read)?);
    serde_json::from_reader(file)
        .with_context(|| format!("{} is not a manifest of dechaff", path.display()))
}

/// Returns whether `name` is the file name of a manifest: `dechaff-run.json`, or that of a shard,
/// such as `dechaff-run-1-of-8.json`.
#[must_use]
pub fn is_manifest(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    name.strip_prefix(MANIFEST)
        .and_then(|rest| rest.strip_suffix(".json"))
        .is_some_and(|rest| rest.is_empty() || is_shard_suffix(rest))
}

/// Returns whether `text` is the part of a file name that [`Shard::suffix`] returns.
fn is_shard_suffix(text: &str) -> bool {
    text.strip_prefix('-')
        .and_then(|numbers| numbers.split_once("-of-"))
        .is_some_and(|(index, count)| index.parse::<u64>().is_ok() && count.parse::<u64>().is_ok())
}

impl VerifyReport {
    /// Compares the outputs below `root` with one manifest, which was read from `path`. Sizes are
    /// compared before hashes only to give the better message; each output is read in full. Paths
    /// that lead out of the root are problems.
    fn check(&mut self, root: &Root, path: &Path, manifest: &Manifest) {
        let mut documents = 0;
        for file in &manifest.files {
            let output_path = &file.output_path;
            documents += file.counts.as_ref().map_or(0, |counts| counts.documents);
            if let Some(reason) = &file.failed {
                self.problems
                    .push(format!("{output_path} failed: {reason}"));
            }
            let Some(output) = &file.output else { continue };
            let found = match plain_path(&parse_record_path(output_path)) {
                Some(path) => root.file(&path),
                None => Err(anyhow!("the path leads out of the directory")),
            };
            match found.and_then(|path| Checksum::of(&path)) {
                Ok(actual) if actual == *output => self.sound += 1,
                Ok(actual) if actual.bytes != output.bytes => {
                    self.problems.push(format!(
                        "{output_path} has {} bytes, not {}",
                        actual.bytes, output.bytes
                    ));
                }
                Ok(_) => self
                    .problems
                    .push(format!("{output_path} has other bytes than were written")),
                Err(error) => self
                    .problems
                    .push(format!("{output_path} cannot be read: {error:#}")),
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
