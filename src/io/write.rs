//! Outputs that are whole or not there: written to a temporary file beside the target, then renamed.

use anyhow::{Context, Result, bail};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// An output that is written but does not have its name yet. Dropped before that, it is gone.
#[derive(Debug)]
pub struct StagedFile {
    temporary: TempPath,
    target: PathBuf,
    replace: bool,
    sum: Option<Checksum>,
}

/// Whose permissions an output takes over.
#[derive(Clone, Debug)]
pub struct Permissions(Metadata);

impl Permissions {
    /// Those of an existing file.
    #[must_use]
    pub fn of(metadata: Metadata) -> Self {
        Self(metadata)
    }
}

/// An output that is being written.
#[derive(Debug)]
pub struct PartialFile {
    file: File,
    temporary: TempPath,
    target: PathBuf,
    permissions: Option<Permissions>,
    replace: bool,
    /// What is told of the bytes so far, where that was asked for.
    sum: Option<Sha256>,
    length: u64,
}

/// What an output holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// Number of bytes.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl Checksum {
    /// Reads a file to its end.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of(path: &Path) -> Result<Self> {
        let (mut sum, mut file) = (Sha256::new(), File::open(path)?);
        let bytes = io::copy(&mut file, &mut sum)?;
        Ok(Self {
            bytes,
            sha256: HEXLOWER.encode(&sum.finalize()),
        })
    }
}

impl PartialFile {
    /// Begins an output beside `target`, making the directories above it. `replace` allows an existing target.
    ///
    /// # Errors
    /// If the target exists and must not be replaced, or cannot be written.
    pub fn new(target: &Path, permissions: Option<&Permissions>, replace: bool) -> Result<Self> {
        let directory = prepare(target, replace)?;
        let file = tempfile::Builder::new()
            .prefix(".dechaff-")
            .tempfile_in(directory);
        let (file, temporary) = file
            .with_context(|| format!("cannot write {}", target.display()))?
            .into_parts();
        let (target, permissions) = (target.to_owned(), permissions.cloned());
        Ok(Self {
            file,
            temporary,
            target,
            permissions,
            replace,
            sum: None,
            length: 0,
        })
    }

    /// Begins an output under a name that a later run finds again, or goes on behind its first `kept` bytes. What it holds
    /// is summed up.
    ///
    /// # Errors
    /// As above, and if fewer bytes are there.
    pub fn resumable(
        target: &Path,
        permissions: Option<&Permissions>,
        replace: bool,
        kept: u64,
    ) -> Result<Self> {
        let directory = prepare(target, replace)?;
        let cannot = || format!("cannot write {}", target.display());
        let path = part_of(directory, target);
        let mut sum = Sha256::new();
        let mut file = if kept == 0 {
            // What another run left there is of no use, and whatever else is there is not written to.
            let _ = fs::remove_file(&path);
            File::options()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path)
        } else {
            File::options().read(true).write(true).open(&path)
        }
        .with_context(cannot)?;
        let temporary = TempPath::try_from_path(&path).with_context(cannot)?;
        let found = io::copy(&mut (&mut file).take(kept), &mut sum).with_context(cannot)?;
        if found < kept {
            bail!(
                "{} is shorter than it was when the last run was interrupted",
                path.display()
            );
        }
        file.set_len(kept)
            .and_then(|()| file.seek(SeekFrom::Start(kept)))
            .with_context(cannot)?;
        let (target, permissions) = (target.to_owned(), permissions.cloned());
        Ok(Self {
            file,
            temporary,
            target,
            permissions,
            replace,
            sum: Some(sum),
            length: kept,
        })
    }

    /// Whether a later run would find so many bytes of an output that was not finished.
    #[must_use]
    pub fn has_part(target: &Path, bytes: u64) -> bool {
        fs::metadata(part_of(target.parent().unwrap_or(Path::new(".")), target))
            .is_ok_and(|found| found.len() >= bytes)
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.write_all(bytes)
            .with_context(|| format!("cannot write {}", self.target.display()))
    }

    /// Puts what was written on disk. Gives its length.
    ///
    /// # Errors
    /// If that cannot be done.
    pub fn sync(&self) -> Result<u64> {
        self.file
            .sync_data()
            .with_context(|| format!("cannot write {}", self.target.display()))?;
        Ok(self.length)
    }

    /// Leaves the unfinished output where it is, for a later run.
    ///
    /// # Errors
    /// If it cannot be left there.
    pub fn leave(self) -> Result<()> {
        self.temporary.keep()?;
        Ok(())
    }

    /// Ends the output.
    ///
    /// # Errors
    /// If it cannot get its permissions.
    pub fn finish(self) -> Result<StagedFile> {
        let mode = match &self.permissions {
            Some(Permissions(metadata)) => {
                keep_owner(&self.file, metadata);
                Some(metadata.permissions())
            }
            None => default_mode(self.target.parent().unwrap_or(Path::new("."))),
        };
        if let Some(mode) = mode {
            self.file
                .set_permissions(mode)
                .with_context(|| format!("cannot write {}", self.target.display()))?;
        }
        let sum = self.sum.map(|sum| Checksum {
            bytes: self.length,
            sha256: HEXLOWER.encode(&sum.finalize()),
        });
        Ok(StagedFile {
            temporary: self.temporary,
            target: self.target,
            replace: self.replace,
            sum,
        })
    }
}

/// The directory of an output, which is made if it is missing.
fn prepare(target: &Path, replace: bool) -> Result<&Path> {
    if !replace && fs::symlink_metadata(target).is_ok() {
        bail!("{} exists; use --force to replace it", target.display());
    }
    let directory = target
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make the directory {}", directory.display()))?;
    Ok(directory)
}

/// What an output is called until it is whole.
fn part_of(directory: &Path, target: &Path) -> PathBuf {
    let mut name = OsString::from(".dechaff-");
    name.push(target.file_name().unwrap_or_default());
    name.push(".part");
    directory.join(name)
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.length += written as u64;
        if let Some(sum) = &mut self.sum {
            sum.update(&bytes[..written]);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl StagedFile {
    /// Writes `content` beside `target`. See [`PartialFile::new`].
    ///
    /// # Errors
    /// If the target exists and must not be replaced, or cannot be written.
    pub fn write(
        target: &Path,
        content: &mut dyn io::Read,
        permissions: Option<&Permissions>,
        replace: bool,
    ) -> Result<Self> {
        let mut draft = PartialFile::new(target, permissions, replace)?;
        io::copy(content, &mut draft)
            .with_context(|| format!("cannot write {}", target.display()))?;
        draft.finish()
    }

    /// What it holds, if that was asked for.
    #[must_use]
    pub fn sum(&self) -> Option<&Checksum> {
        self.sum.as_ref()
    }

    /// Gives the output its name.
    ///
    /// # Errors
    /// If the target has come into being meanwhile and must not be replaced, or the rename fails.
    pub fn commit(self) -> Result<()> {
        let target = self.target;
        let done = if self.replace {
            self.temporary.persist(&target)
        } else {
            self.temporary.persist_noclobber(&target)
        };
        done.map_err(|error| error.error)
            .with_context(|| format!("cannot write {}", target.display()))
    }
}

/// A file replaced in place stays its owner's, where that is allowed.
#[cfg(unix)]
fn keep_owner(file: &File, metadata: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    if file
        .metadata()
        .is_ok_and(|own| own.uid() != metadata.uid() || own.gid() != metadata.gid())
    {
        // Only root may give files away; for others the new file is theirs.
        let _ = fchown(file, Some(metadata.uid()), Some(metadata.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) {}

/// The mode that a new file has by the process's mask; temporary files are made for their owner alone.
#[cfg(unix)]
fn default_mode(directory: &Path) -> Option<fs::Permissions> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    use std::sync::OnceLock;
    static MODE: OnceLock<Option<u32>> = OnceLock::new();
    let probe = || {
        let name = directory.join(format!(".dechaff-mode-{}", std::process::id()));
        let file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o666)
            .open(&name)
            .ok()?;
        let mode = file.metadata().ok()?.permissions().mode();
        fs::remove_file(&name).ok()?;
        Some(mode)
    };
    MODE.get_or_init(probe).map(fs::Permissions::from_mode)
}

#[cfg(not(unix))]
fn default_mode(_: &Path) -> Option<fs::Permissions> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_is_not_committed_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("a/b.txt");
        drop(StagedFile::write(&target, &mut &b"text"[..], None, false).unwrap());
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 0);
    }

    #[test]
    fn an_unfinished_output_is_gone_on_with() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("b.txt");
        let mut draft = PartialFile::resumable(&target, None, false, 0).unwrap();
        draft.append(b"one two torn").unwrap();
        assert_eq!(draft.sync().unwrap(), 12);
        draft.leave().unwrap();
        assert!(
            PartialFile::has_part(&target, 12)
                && !PartialFile::has_part(&target, 13)
                && !target.exists()
        );
        let mut draft = PartialFile::resumable(&target, None, false, 8).unwrap();
        draft.append(b"three").unwrap();
        let pending = draft.finish().unwrap();
        let sum = pending.sum().unwrap().clone();
        pending.commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"one two three");
        assert_eq!(sum, Checksum::of(&target).unwrap());
    }

    #[test]
    fn an_existing_file_is_replaced_only_where_allowed() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("b.txt");
        StagedFile::write(&target, &mut &b"one"[..], None, false)
            .unwrap()
            .commit()
            .unwrap();
        let error = StagedFile::write(&target, &mut &b"two"[..], None, false).unwrap_err();
        assert!(error.to_string().contains("--force"), "{error}");
        StagedFile::write(&target, &mut &b"two"[..], None, true)
            .unwrap()
            .commit()
            .unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"two");
    }
}
