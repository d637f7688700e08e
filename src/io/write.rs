//! Staged outputs: files that are complete or absent.
//!
//! An output is written to a temporary file in the directory of its target ([`PartialFile`]). Once
//! complete, it is a [`StagedFile`]; committing that renames it to the target, which is atomic
//! within a file system. Both delete the temporary file when they are dropped, so that errors and
//! panics leave nothing behind. Only a partial file that is kept on purpose survives, for a later
//! run to resume. The temporary file of a killed process stays too; it is no longer locked, and
//! [`remove_abandoned`] deletes it.

use super::below::open_own_file;
use super::fs::{self, File, Metadata, Mode, TempPath, TryLockError};
use anyhow::{Context, Result, bail};
use data_encoding::HEXLOWER;
use digest_io::IoWrapper;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Beginning of the name of a temporary file.
const TEMPORARY_PREFIX: &str = ".dechaff-";
/// End of the name of a temporary file.
const TEMPORARY_SUFFIX: &str = ".part";
/// Number of random letters and digits between the two.
const TEMPORARY_RANDOM: usize = 12;

/// Maximum number of entries of a directory among which temporary files are looked for.
const MAX_ENTRIES: usize = 10_000;

/// A complete output that is not yet at its target path. Dropping it deletes it.
#[derive(Debug)]
pub struct StagedFile {
    temporary: TempPath,
    target: PathBuf,
    replace: bool,
    checksum: Option<Checksum>,
    /// Holds the lock of the temporary file, if it has one, until the file has its final name.
    _lock: Option<File>,
}

/// The permissions and owner that an output takes over from an existing file.
#[derive(Clone, Debug)]
pub struct Permissions(Metadata);

impl Permissions {
    /// Takes over the mode and, where the system allows it, the owner and group in `metadata`,
    /// usually that of the input.
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
    /// Digest of the bytes so far, in a resumable output only.
    hasher: Option<Sha256>,
    /// Bytes written so far, including those of earlier runs.
    length: u64,
}

/// The length and digest of a file, as manifests and journals record them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 in lowercase hexadecimal digits.
    pub sha256: String,
}

/// Reads all of `reader`, and returns its length and its hash.
fn hashed(mut reader: impl Read) -> io::Result<(u64, Sha256)> {
    let mut hasher = IoWrapper(Sha256::new());
    let bytes = io::copy(&mut reader, &mut hasher)?;
    Ok((bytes, hasher.0))
}

impl Checksum {
    /// Reads the whole file at `path` and returns its checksum. Memory use does not depend on its
    /// size.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn of(path: &Path) -> Result<Self> {
        let (bytes, hasher) = hashed(File::open(path)?)?;
        Ok(Self::new(bytes, hasher))
    }

    fn new(bytes: u64, hasher: Sha256) -> Self {
        Self {
            bytes,
            sha256: HEXLOWER.encode(&hasher.finalize()),
        }
    }
}

impl PartialFile {
    /// Creates a locked temporary file with a random name in the directory of `target`, and creates
    /// that directory if it is missing. `replace` allows the target to exist. Without
    /// `permissions`, the output gets the mode of any new file.
    ///
    /// # Errors
    /// If the target exists and must not be replaced, or the directory cannot be written to.
    pub fn new(target: &Path, permissions: Option<&Permissions>, replace: bool) -> Result<Self> {
        let directory = prepare_directory(target, replace)?;
        let (file, temporary) = create_locked(directory).with_context(|| cannot_write(target))?;
        Ok(Self {
            file,
            temporary,
            target: target.to_owned(),
            permissions: permissions.cloned(),
            replace,
            hasher: None,
            length: 0,
        })
    }

    /// Creates the temporary file `path`, whose name a later run finds again. If `kept` is not 0,
    /// the file of an interrupted run is opened instead and truncated to its first `kept` bytes,
    /// which are read once for the checksum. If `path` is on another file system than `target`,
    /// the file is copied at the end.
    ///
    /// # Errors
    /// As [`PartialFile::new`], and if the existing file is shorter than `kept`.
    pub fn resumable(
        path: &Path,
        target: &Path,
        permissions: Option<&Permissions>,
        replace: bool,
        kept: u64,
    ) -> Result<Self> {
        prepare_directory(target, replace)?;
        let opened = if kept == 0 {
            // A stale file is useless. `create_new` refuses to follow a link in its place.
            let _ = fs::remove_file(path);
            File::options()
                .read(true)
                .write(true)
                .create_new(true)
                .open(path)
        } else {
            open_own_file(path)
        };
        let mut file = opened.with_context(|| cannot_write(target))?;
        let temporary = TempPath::of(path).with_context(|| cannot_write(target))?;
        let (available, hasher) =
            hashed((&mut file).take(kept)).with_context(|| cannot_write(target))?;
        if available < kept {
            bail!(
                "the unfinished {} is shorter than it was when the last run was interrupted",
                target.display()
            );
        }
        file.set_len(kept)
            .and_then(|()| file.seek(SeekFrom::Start(kept)))
            .with_context(|| cannot_write(target))?;
        Ok(Self {
            file,
            temporary,
            target: target.to_owned(),
            permissions: permissions.cloned(),
            replace,
            hasher: Some(hasher),
            length: kept,
        })
    }

    /// Compares the resumable output `path` that an interrupted run left with the checksum of its
    /// first bytes, which are read. Returns `None` if there is no such output.
    #[must_use]
    pub fn can_resume(path: &Path, start: &Checksum) -> Option<bool> {
        if !fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file()) {
            return None;
        }
        let file = File::open(path).ok()?;
        let (available, hasher) = hashed(file.take(start.bytes)).ok()?;
        Some(Checksum::new(available, hasher) == *start)
    }

    /// Appends `bytes`. Unlike [`Write::write_all`], the error names the target.
    ///
    /// # Errors
    /// If the bytes cannot be written, for example because the disk is full.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.write_all(bytes)
            .with_context(|| cannot_write(&self.target))
    }

    /// Returns the checksum of all bytes written so far. A checkpoint may refer to that position.
    /// With `wait`, the bytes are on the disk then. `None` if the output is not resumable.
    ///
    /// # Errors
    /// If the system cannot write them.
    pub fn sync(&self, wait: bool) -> Result<Option<Checksum>> {
        if wait {
            self.file
                .sync_data()
                .with_context(|| cannot_write(&self.target))?;
        }
        Ok(self
            .hasher
            .as_ref()
            .map(|hasher| Checksum::new(self.length, hasher.clone())))
    }

    /// Closes a resumable output without deleting its temporary file, for a later run to continue.
    pub fn keep_for_resume(self) {
        self.temporary.keep();
    }

    /// Completes the output: sets its permissions and, if it is resumable, computes its checksum.
    /// The target is not touched yet.
    ///
    /// # Errors
    /// If the permissions cannot be set.
    pub fn finish(self) -> Result<StagedFile> {
        let mode = match &self.permissions {
            Some(Permissions(metadata)) => {
                copy_owner(&self.file, metadata);
                Some(metadata.permissions())
            }
            None => default_mode(self.target.parent().unwrap_or(Path::new("."))),
        };
        if let Some(mode) = mode {
            self.file
                .set_permissions(mode)
                .with_context(|| cannot_write(&self.target))?;
        }
        let is_resumable = self.hasher.is_some();
        Ok(StagedFile {
            temporary: self.temporary,
            target: self.target,
            replace: self.replace,
            checksum: self.hasher.map(|hasher| Checksum::new(self.length, hasher)),
            _lock: (!is_resumable).then_some(self.file),
        })
    }
}

/// Creates a temporary file in `directory` and locks it, so that no other process takes it for one
/// that was left behind. Where files cannot be locked, it is created without a lock.
fn create_locked(directory: &Path) -> io::Result<(File, TempPath)> {
    loop {
        let (file, path) = fs::create_temporary(
            directory,
            TEMPORARY_PREFIX,
            TEMPORARY_RANDOM,
            TEMPORARY_SUFFIX,
        )
        .map_err(without_path)?;
        let is_locked = !matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        // Another process may have deleted the file before it was locked.
        if is_locked && fs::symlink_metadata(&path).is_ok() {
            return Ok((file, path));
        }
    }
}

/// Returns the error of the operating system in an error of `tempfile`, without the path of the
/// temporary file, which means nothing to the user.
fn without_path(error: io::Error) -> io::Error {
    error
        .get_ref()
        .and_then(std::error::Error::source)
        .and_then(|source| source.downcast_ref::<io::Error>())
        .and_then(io::Error::raw_os_error)
        .or(error.raw_os_error())
        .map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

/// Returns whether `name` is that of a temporary file beside its target.
#[must_use]
pub fn is_temporary(name: &OsStr) -> bool {
    name.to_str()
        .and_then(|name| {
            name.strip_prefix(TEMPORARY_PREFIX)?
                .strip_suffix(TEMPORARY_SUFFIX)
        })
        .is_some_and(|random| {
            random.len() == TEMPORARY_RANDOM && random.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// Deletes the temporary files that killed processes left in `directory`, which may be missing. At
/// most [`MAX_ENTRIES`] entries are looked at, as many runs may write single files into a large
/// directory.
pub fn remove_abandoned_in(directory: &Path) {
    let names = fs::list(directory).into_iter().flatten().flatten();
    for name in names.take(MAX_ENTRIES) {
        if is_temporary(&name) {
            remove_abandoned(&directory.join(name));
        }
    }
}

/// Deletes the temporary file `path` that a killed process left, unless a process still writes it
/// and thus holds its lock.
pub fn remove_abandoned(path: &Path) {
    let is_file = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    if !is_file {
        return;
    }
    if let Ok(file) = File::options().read(true).write(true).open(path)
        && file.try_lock().is_ok()
    {
        // If the file was completed and renamed meanwhile, there is nothing to delete.
        let _ = fs::remove_file(path);
    }
}

fn cannot_write(target: &Path) -> String {
    format!("cannot write {}", target.display())
}

/// Returns the directory of `target` after creating it if it is missing. Returns an error if the
/// target exists and `replace` is false, where a dangling link counts as existing, or if it leads to
/// a device or pipe: a file in its place would be of no use to those who have it open.
fn prepare_directory(target: &Path, replace: bool) -> Result<&Path> {
    if fs::symlink_metadata(target).is_ok() {
        if fs::is_special(target).unwrap_or(false) {
            bail!(
                "{} is a device or pipe, which no file replaces; name another file",
                target.display()
            );
        }
        if !replace {
            bail!("{} exists; use --force to replace it", target.display());
        }
    }
    let directory = target
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot create the directory {}", directory.display()))?;
    Ok(directory)
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.length += written as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&bytes[..written]);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl StagedFile {
    /// Writes all of `content` to a staged file for `target`. The other parameters and the errors
    /// are those of [`PartialFile::new`].
    ///
    /// # Errors
    /// Also if `content` cannot be read.
    pub fn write(
        target: &Path,
        content: &mut dyn io::Read,
        permissions: Option<&Permissions>,
        replace: bool,
    ) -> Result<Self> {
        let mut file = PartialFile::new(target, permissions, replace)?;
        io::copy(content, &mut file).with_context(|| cannot_write(target))?;
        file.finish()
    }

    /// Returns the path of the temporary file.
    pub(super) fn path(&self) -> &Path {
        &self.temporary
    }

    /// Returns the path that the file will have.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Returns the checksum of the content, or `None` if the output was not resumable.
    #[must_use]
    pub fn checksum(&self) -> Option<&Checksum> {
        self.checksum.as_ref()
    }

    /// Renames the file to its target, atomically. Without `replace`, a target that has appeared in
    /// the meantime is kept and reported.
    ///
    /// # Errors
    /// If the target exists and must not be replaced, or the rename fails. The staged file is
    /// deleted then.
    pub fn commit(self) -> Result<()> {
        let (target, replace) = (self.target, self.replace);
        let renamed = match self.temporary.persist(&target, replace) {
            Err((error, staged)) if error.kind() == io::ErrorKind::CrossesDevices => {
                copy_beside(&staged, &target)
                    .and_then(|copy| copy.persist(&target, replace).map_err(|(error, _)| error))
            }
            renamed => renamed.map_err(|(error, _)| error),
        };
        renamed
            .map_err(without_path)
            .with_context(|| cannot_write(&target))
    }
}

/// Copies a staged file to a temporary file in the directory of `target`, which is on another file
/// system, with its permissions.
fn copy_beside(staged: &Path, target: &Path) -> io::Result<TempPath> {
    let (mut copy, path) = create_locked(target.parent().unwrap_or(Path::new(".")))?;
    let mut source = File::open(staged)?;
    io::copy(&mut source, &mut copy)?;
    copy.set_permissions(source.metadata()?.permissions())?;
    copy.sync_all()?;
    Ok(path)
}

/// Gives `file` the owner and group in `metadata`, so that a file replaced in place keeps them.
/// Only root may do that in general; for others the output keeps its own owner.
#[cfg(unix)]
fn copy_owner(file: &File, metadata: &Metadata) {
    use std::os::unix::fs::MetadataExt;
    if file
        .metadata()
        .is_ok_and(|own| own.uid() != metadata.uid() || own.gid() != metadata.gid())
    {
        let _ = file.set_owner(metadata.uid(), metadata.gid());
    }
}

#[cfg(not(unix))]
fn copy_owner(_: &File, _: &Metadata) {}

/// Returns the mode that the process's umask leaves a new file, or `None` if it cannot be found
/// out. Temporary files are created readable by their owner alone. The umask can only be read by
/// setting it, so a probe file is created in `directory` once per process.
#[cfg(unix)]
fn default_mode(directory: &Path) -> Option<Mode> {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::OnceLock;
    static MODE: OnceLock<Option<u32>> = OnceLock::new();
    MODE.get_or_init(|| probe_mode(directory))
        .map(Mode::from_mode)
}

/// Creates a file in `directory` with mode 0666, returns the mode that it got, and deletes it.
#[cfg(unix)]
fn probe_mode(directory: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let name = directory.join(format!(
        "{TEMPORARY_PREFIX}mode{:08}{TEMPORARY_SUFFIX}",
        std::process::id() % 100_000_000
    ));
    let file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o666)
        .open(&name)
        .ok()?;
    let mode = file.metadata().ok()?.permissions().mode();
    fs::remove_file(&name).ok()?;
    Some(mode)
}

#[cfg(not(unix))]
fn default_mode(_: &Path) -> Option<Mode> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn an_uncommitted_output_is_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("a/b.txt");
        drop(StagedFile::write(&target, &mut &b"text"[..], None, false).unwrap());
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 0);
    }

    #[test]
    fn an_interrupted_output_is_resumed() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("b.txt");
        let part = directory.path().join("part");
        let mut partial = PartialFile::resumable(&part, &target, None, false, 0).unwrap();
        partial.append(b"one two torn").unwrap();
        let checksum = partial.sync(true).unwrap().unwrap();
        assert_eq!(checksum.bytes, 12);
        partial.keep_for_resume();
        let longer = Checksum {
            bytes: 13,
            ..checksum.clone()
        };
        assert_eq!(PartialFile::can_resume(&part, &checksum), Some(true));
        assert_eq!(PartialFile::can_resume(&part, &longer), Some(false));
        fs::write(&part, "one TWO torn").unwrap();
        assert_eq!(PartialFile::can_resume(&part, &checksum), Some(false));
        fs::write(&part, "one two torn").unwrap();
        assert!(!target.exists());
        let mut partial = PartialFile::resumable(&part, &target, None, false, 8).unwrap();
        partial.append(b"three").unwrap();
        let staged = partial.finish().unwrap();
        let checksum = staged.checksum().unwrap().clone();
        staged.commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"one two three");
        assert_eq!(checksum, Checksum::of(&target).unwrap());
    }

    #[test]
    fn only_abandoned_temporary_files_are_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("b.txt");
        let staged = StagedFile::write(&target, &mut &b"one"[..], None, false).unwrap();
        let entry = fs::read_dir(directory.path()).unwrap().next().unwrap();
        let temporary = entry.unwrap().path();
        assert!(is_temporary(temporary.file_name().unwrap()));
        remove_abandoned(&temporary);
        staged.commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"one");
        fs::write(&temporary, "left").unwrap();
        remove_abandoned(&temporary);
        assert!(!temporary.exists());
        for name in [".dechaff-user.txt", ".dechaff-a.part", "a.part"] {
            assert!(!is_temporary(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn errors_do_not_name_temporary_files() {
        let directory = tempfile::tempdir().unwrap();
        let gone = directory.path().join("gone");
        let error = create_locked(&gone).unwrap_err();
        assert!(!error.to_string().contains("gone"), "{error}");
    }

    #[test]
    fn an_existing_file_is_replaced_only_with_permission() {
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
