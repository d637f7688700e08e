//! The check, before anything is written, that no output or report is an input, and that no two of
//! them are the same file. Files are compared by identity, so other names and links make no
//! difference, and outputs that do not exist yet by their final names.

use super::manifest::{MANIFEST, STATE_DIR};
use super::placement::{absolute, path_below};
use super::shard::Shard;
use super::tasks::slice_path;
use super::walk::{InputFile, WalkEntry};
use super::{Job, Target};
use crate::io::fs::{self, TempDirectory};
use crate::io::{FileId, hash_path};
use anyhow::{Context, Result, bail};
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::{Path, PathBuf};
use unicode_normalization::UnicodeNormalization;

/// A file other than an output that a run writes, or one other than an input that it reads.
#[derive(Clone, Copy, Debug)]
pub struct NamedFile<'p> {
    /// What names the file, such as `--removed`.
    pub option: &'static str,
    /// Path of the file.
    pub path: &'p Path,
}

/// What identifies a file that may not exist yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Identity {
    Existing(FileId),
    /// The absolute path of a file that does not exist.
    Missing(PathBuf),
}

impl Identity {
    /// Returns what identifies the file at `path`. Returns `None` for a pipe or device, which may
    /// be named several times.
    fn of(path: &Path) -> Result<Option<Self>> {
        Ok(match FileId::of(path)? {
            Some(id) => Some(Self::Existing(id)),
            None if fs::exists(path)? => None,
            None => Some(Self::Missing(absolute(path)?)),
        })
    }
}

impl Job<'_> {
    /// Refuses outputs and reports that are inputs or `sources`, such as packs of rules, and
    /// outputs and reports that are the same file. Walks all inputs, also those of other shards.
    /// Options to replace existing files do not matter.
    ///
    /// # Errors
    /// The first such file, with the names of both.
    pub fn check_collisions(
        &self,
        reports: &[NamedFile<'_>],
        sources: &[NamedFile<'_>],
    ) -> Result<()> {
        let mut written: FxHashMap<Identity, String> = FxHashMap::default();
        for report in reports {
            let Some(identity) = Identity::of(report.path)? else {
                continue;
            };
            let name = format!("{} {}", report.option, report.path.display());
            if let Some(other) = written.get(&identity) {
                bail!("{other} and {name} are the same file; choose different ones");
            }
            written.insert(identity, name);
        }
        let output = match &self.target {
            Target::File { path, .. } => Identity::of(path)?
                .map(|identity| (identity, format!("--output {}", path.display()))),
            Target::Stdout(_) => {
                FileId::of_stdout().map(|id| (Identity::Existing(id), "standard output".to_owned()))
            }
            Target::Nowhere | Target::Directory(_) | Target::InPlace => None,
        };
        if let Some((identity, name)) = output {
            if let Some(report) = written.get(&identity) {
                bail!("{report} is also the output; choose another file");
            }
            written.insert(identity, name);
        }
        for source in sources {
            self.check_input(source.option, source.path, &written)?;
        }
        if let Target::Directory(directory) = &self.target {
            return self.check_outputs(directory, &written, sources);
        }
        if written.is_empty() {
            return Ok(());
        }
        for file in self.files() {
            self.check_input("input", &file.path, &written)?;
        }
        Ok(())
    }

    /// Fails if the file at `path`, which is read, is among those that are written.
    fn check_input(
        &self,
        what: &str,
        path: &Path,
        written: &FxHashMap<Identity, String>,
    ) -> Result<()> {
        let id = if path == Path::new("-") {
            FileId::of_stdin()
        } else {
            FileId::of(path)?
        };
        if let Some(name) = id.and_then(|id| written.get(&Identity::Existing(id))) {
            bail!(
                "{name} is the {what} {}, which would be lost; choose another file",
                path.display()
            );
        }
        Ok(())
    }

    /// Checks the outputs below `directory`: their final names differ, and none is an input, one of
    /// `reports` or a file that dechaff keeps there.
    fn check_outputs(
        &self,
        directory: &Path,
        reports: &FxHashMap<Identity, String>,
        sources: &[NamedFile<'_>],
    ) -> Result<()> {
        let slices = self.slices_input()?;
        let slice = self.shard.filter(|_| slices);
        let has_outputs = fs::exists(directory)?;
        let mut names = OutputNames::default();
        let (mut inputs, mut existing) = (FxHashSet::default(), FxHashSet::default());
        for file in self.files() {
            let output_path = self.final_path(&file, slice);
            if self.is_reserved(&output_path) {
                bail!(
                    "the output of {} would be {}, a file of dechaff itself; rename the input",
                    file.path.display(),
                    directory.join(&output_path).display()
                );
            }
            let clash = names.add(&output_path);
            if clash != Clash::None
                && let Some(other) = self.find_clash(&file, &output_path, slice)
                && (clash == Clash::Exact || is_one_name(directory, &other.1, &output_path)?)
            {
                bail!(
                    "{} and {} would both be written to {}; clean them into different directories",
                    other.0.display(),
                    file.path.display(),
                    directory.join(&output_path).display()
                );
            }
            if clash == Clash::Folded {
                // The file system tells such names apart, so they need no more comparisons.
                names.folded = None;
            }
            if !reports.is_empty() {
                self.check_input("input", &file.path, reports)?;
            }
            if let Some(state) = file.state {
                inputs.insert(state.id);
            }
            if has_outputs && let Some(id) = FileId::of(&directory.join(&output_path))? {
                existing.insert(id);
            }
        }
        for (identity, name) in reports {
            if let Identity::Missing(path) = identity
                && let Some(below) = path_below(path, directory)?
                && (names.files.contains(&hash_path(below))
                    || self.is_reserved(below)
                    || names.has_folded(below) && self.is_output(directory, below, slice)?)
            {
                bail!("{name} is also the output of an input; choose another file");
            }
            if let Identity::Existing(id) = identity
                && existing.contains(id)
            {
                bail!("{name} is also the output of an input; choose another file");
            }
        }
        for source in sources {
            if FileId::of(source.path)?.is_some_and(|id| existing.contains(&id)) {
                bail!(
                    "{} {} is also the output of an input; choose another directory",
                    source.option,
                    source.path.display()
                );
            }
        }
        if existing.is_disjoint(&inputs) {
            return Ok(());
        }
        self.name_overwritten(directory, &existing, slice)
    }

    /// Fails with the first input that is one of the `existing` outputs, and the input whose output
    /// it would become.
    fn name_overwritten(
        &self,
        directory: &Path,
        existing: &FxHashSet<FileId>,
        slice: Option<Shard>,
    ) -> Result<()> {
        for file in self.files() {
            let Some(id) = file.state.map(|state| state.id) else {
                continue;
            };
            if !existing.contains(&id) {
                continue;
            }
            for other in self.files() {
                let output = directory.join(self.final_path(&other, slice));
                if FileId::of(&output)? == Some(id) {
                    bail!(
                        "the output of {} would be {}, which is the input {}; choose another \
                         directory",
                        other.path.display(),
                        output.display(),
                        file.path.display()
                    );
                }
            }
        }
        Ok(())
    }

    /// Finds an earlier input whose output clashes with that of `file`: its path and that of its
    /// output. Names are compared without case.
    fn find_clash(
        &self,
        file: &InputFile,
        output_path: &Path,
        slice: Option<Shard>,
    ) -> Option<(PathBuf, PathBuf)> {
        let wanted = folded(output_path);
        self.files()
            .map(|other| (self.final_path(&other, slice), other.path))
            .take_while(|(_, path)| *path != file.path)
            .find(|(other, _)| {
                let other = folded(other);
                other.starts_with(&wanted) || wanted.starts_with(&other)
            })
            .map(|(other, path)| (path, other))
            // The same path was named twice.
            .or_else(|| Some((file.path.clone(), output_path.to_owned())))
    }

    /// Returns whether `path` is that of an output below `directory`, if names are compared as the file
    /// system does.
    fn is_output(&self, directory: &Path, path: &Path, slice: Option<Shard>) -> Result<bool> {
        let wanted = folded(path);
        self.files()
            .map(|file| self.final_path(&file, slice))
            .find(|output| folded(output) == wanted)
            .map_or(Ok(false), |output| is_one_name(directory, &output, path))
    }

    /// Returns the output path of `file` with all extensions that the options add.
    fn final_path(&self, file: &InputFile, slice: Option<Shard>) -> PathBuf {
        match slice {
            Some(shard) => self.renamed(&slice_path(&file.output_path, shard)),
            None => self.renamed(&file.output_path),
        }
    }

    /// Returns whether the run itself writes the file with this path below its output directory.
    fn is_reserved(&self, output_path: &Path) -> bool {
        let manifest = format!("{MANIFEST}{}.json", Shard::suffix(self.shard));
        output_path.starts_with(STATE_DIR) || output_path == Path::new(&manifest)
    }

    fn files(&self) -> impl Iterator<Item = InputFile> {
        self.inputs.walk().filter_map(|entry| match entry {
            WalkEntry::File(file) => Some(file),
            WalkEntry::Special | WalkEntry::Own(_) | WalkEntry::Failed(..) => None,
        })
    }
}

/// How the name of an output relates to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clash {
    None,
    /// It is the same name, or one is a directory of the other.
    Exact,
    /// It is the same name on a file system that ignores case or composition of letters.
    Folded,
}

/// The final names of outputs, as hashes, which take less memory than the names.
#[derive(Debug)]
struct OutputNames {
    files: FxHashSet<u128>,
    directories: FxHashSet<u128>,
    /// Names without case; `None` if the file system tells them apart.
    folded: Option<FxHashSet<u128>>,
}

impl Default for OutputNames {
    fn default() -> Self {
        Self {
            files: FxHashSet::default(),
            directories: FxHashSet::default(),
            folded: Some(FxHashSet::default()),
        }
    }
}

impl OutputNames {
    /// Returns whether an output may have this path on a file system that ignores case.
    fn has_folded(&self, path: &Path) -> bool {
        self.folded
            .as_ref()
            .is_some_and(|names| names.contains(&hash_path(&folded(path))))
    }

    /// Adds a path and returns how it clashes with those before it.
    fn add(&mut self, output_path: &Path) -> Clash {
        let hash = hash_path(output_path);
        let mut clashes = self.directories.contains(&hash) || !self.files.insert(hash);
        for directory in output_path.ancestors().skip(1) {
            if directory.as_os_str().is_empty() {
                break;
            }
            let hash = hash_path(directory);
            clashes |= self.files.contains(&hash);
            // The directories above it are known, too.
            if !self.directories.insert(hash) {
                break;
            }
        }
        let folded_is_new = self
            .folded
            .as_mut()
            .is_none_or(|names| names.insert(hash_path(&folded(output_path))));
        match (clashes, folded_is_new) {
            (true, _) => Clash::Exact,
            (false, false) => Clash::Folded,
            (false, true) => Clash::None,
        }
    }
}

/// Returns a path that is equal for all paths which some file system does not tell apart.
fn folded(path: &Path) -> PathBuf {
    let name = path.to_string_lossy();
    let name: String = name.nfc().collect();
    name.to_lowercase().into()
}

/// Returns whether the two different paths name the same file below `directory`, by trying the
/// first names in which they differ beside it.
fn is_one_name(directory: &Path, one: &Path, other: &Path) -> Result<bool> {
    let Some((one, other)) = one.iter().zip(other).find(|(one, other)| one != other) else {
        return Ok(true);
    };
    let place = directory
        .ancestors()
        .find(|place| fs::is_directory(place).unwrap_or(false))
        .unwrap_or_else(|| Path::new("."));
    let trial = TempDirectory::new(place, ".dechaff-")
        .with_context(|| format!("cannot write to the directory {}", place.display()))?;
    fs::write(&trial.path().join(one), b"")
        .with_context(|| format!("cannot write to the directory {}", place.display()))?;
    Ok(fs::symlink_metadata(&trial.path().join(other)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn equal_and_nested_names_clash() {
        let mut names = OutputNames::default();
        assert_eq!(names.add(Path::new("a/b.txt")), Clash::None);
        assert_eq!(names.add(Path::new("a/c.txt")), Clash::None);
        assert_eq!(names.add(Path::new("a/b.txt")), Clash::Exact);
        assert_eq!(names.add(Path::new("a")), Clash::Exact);
        assert_eq!(names.add(Path::new("a/c.txt/d")), Clash::Exact);
    }

    #[test]
    fn names_that_differ_in_case_or_composition_are_compared_on_the_disk() {
        let mut names = OutputNames::default();
        assert_eq!(names.add(Path::new("caf\u{e9}.txt")), Clash::None);
        assert_eq!(names.add(Path::new("cafe\u{301}.txt")), Clash::Folded);
        assert_eq!(names.add(Path::new("CAF\u{c9}.txt")), Clash::Folded);
        names.folded = None;
        assert_eq!(names.add(Path::new("Caf\u{c9}.txt")), Clash::None);
        let directory = tempfile::tempdir().unwrap();
        let (one, other) = (Path::new("x/a.txt"), Path::new("x/A.txt"));
        fs::write(directory.path().join("probe"), "").unwrap();
        let expected = directory.path().join("PROBE").exists();
        let missing = directory.path().join("not/yet");
        assert_eq!(is_one_name(&missing, one, other).unwrap(), expected);
    }
}
