//! The only file that calls the file system. Everything else that opens, reads, writes, names or
//! deletes files does it here, which a test of `tests/data/house.rs` checks.
//!
//! Each operation begins with a fault point. In unit tests of this crate a fault point counts the
//! operation and can make it fail ([`faults`]), so that a test can fail every operation of a run
//! once. In every other build it is empty. That is why the tests that use it are unit tests: a
//! feature or another profile would build the crate once more.
//!
//! Closing a file and moving its position have no fault point, as they do not fail on files.

#[cfg(test)]
pub mod faults;

use anyhow::{Context, Result};
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};

pub use std::fs::{FileType, Metadata, Permissions as Mode, TryLockError};

/// A kind of operation, for the choice of the error with which it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Opens an existing file for reading, or duplicates a handle.
    Open,
    /// Reads a part of a file.
    Read,
    /// Reads metadata, resolves links or tests whether a file exists.
    Look,
    /// Reads an entry of a directory, or opens a directory.
    List,
    /// Locks a file.
    Lock,
    /// Opens a file for writing, which may create it.
    Create,
    /// Appends to a file or overwrites a part of it.
    Write,
    /// Waits for the disk.
    Sync,
    /// Changes the length, mode or owner of a file.
    Change,
    /// Creates a directory.
    CreateDirectory,
    /// Renames a file.
    Rename,
    /// Deletes a file or an empty directory.
    Remove,
}

/// Begins an operation. Returns an error only in tests.
#[cfg(not(test))]
#[inline]
#[allow(clippy::unnecessary_wraps, reason = "it fails in tests")]
fn begin(_: Operation) -> io::Result<()> {
    Ok(())
}

/// Begins to read or write `length` bytes. Returns how many of them to transfer.
#[cfg(not(test))]
#[inline]
#[allow(clippy::unnecessary_wraps, reason = "it fails in tests")]
fn begin_transfer(_: Operation, length: usize) -> io::Result<usize> {
    Ok(length)
}

/// Returns whether operations are counted. They then happen in a fixed order, on one thread.
#[cfg(not(test))]
#[must_use]
pub const fn is_counted() -> bool {
    false
}

#[cfg(test)]
pub use faults::is_counted;
#[cfg(test)]
use faults::{begin, begin_transfer};

/// An open file.
#[derive(Debug)]
pub struct File(std::fs::File);

impl File {
    /// Opens the file at `path` for reading.
    ///
    /// # Errors
    /// If it is missing or may not be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        begin(Operation::Open)?;
        std::fs::File::open(path).map(Self)
    }

    /// Returns options to open a file with.
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions(std::fs::File::options())
    }

    /// Returns another handle of the file, with the same position.
    ///
    /// # Errors
    /// If the process has too many open files.
    pub fn try_clone(&self) -> io::Result<Self> {
        begin(Operation::Open)?;
        self.0.try_clone().map(Self)
    }

    /// Returns the metadata of the file.
    ///
    /// # Errors
    /// If the system cannot read them.
    pub fn metadata(&self) -> io::Result<Metadata> {
        begin(Operation::Look)?;
        self.0.metadata()
    }

    /// Waits until the content and the metadata are on the disk.
    ///
    /// # Errors
    /// If the system cannot write them.
    pub fn sync_all(&self) -> io::Result<()> {
        begin(Operation::Sync)?;
        // Tests that count operations cut no power.
        if is_counted() {
            return Ok(());
        }
        self.0.sync_all()
    }

    /// Waits until the content is on the disk.
    ///
    /// # Errors
    /// If the system cannot write it.
    pub fn sync_data(&self) -> io::Result<()> {
        begin(Operation::Sync)?;
        if is_counted() {
            return Ok(());
        }
        self.0.sync_data()
    }

    /// Reads at `offset` from the start of the file. Other handles, threads and processes that share
    /// the position of the file do not change what is read.
    ///
    /// # Errors
    /// If the system cannot read.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let length = begin_transfer(Operation::Read, buffer.len())?;
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at;
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read;
        read(&self.0, &mut buffer[..length], offset)
    }

    /// Truncates or extends the file to `length` bytes.
    ///
    /// # Errors
    /// If the system refuses, as for a pipe.
    pub fn set_len(&self, length: u64) -> io::Result<()> {
        begin(Operation::Change)?;
        self.0.set_len(length)
    }

    /// Sets the mode of the file.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn set_permissions(&self, mode: Mode) -> io::Result<()> {
        begin(Operation::Change)?;
        self.0.set_permissions(mode)
    }

    /// Sets the owner and the group of the file.
    ///
    /// # Errors
    /// If the system refuses, as it does in general to anybody but root.
    #[cfg(unix)]
    pub fn set_owner(&self, user: u32, group: u32) -> io::Result<()> {
        begin(Operation::Change)?;
        std::os::unix::fs::fchown(&self.0, Some(user), Some(group))
    }

    /// Locks the file against all other locks, without waiting.
    ///
    /// # Errors
    /// If it is locked, or cannot be locked.
    pub fn try_lock(&self) -> std::result::Result<(), TryLockError> {
        begin(Operation::Lock).map_err(TryLockError::Error)?;
        self.0.try_lock()
    }

    /// Locks the file against exclusive locks, without waiting.
    ///
    /// # Errors
    /// If it is locked exclusively, or cannot be locked.
    pub fn try_lock_shared(&self) -> std::result::Result<(), TryLockError> {
        begin(Operation::Lock).map_err(TryLockError::Error)?;
        self.0.try_lock_shared()
    }
}

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Read for &File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = begin_transfer(Operation::Read, buffer.len())?;
        (&self.0).read(&mut buffer[..length])
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = begin_transfer(Operation::Write, bytes.len())?;
        self.0.write(&bytes[..length])
    }

    /// Does nothing: files have no buffer.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for File {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.0.seek(position)
    }
}

impl Seek for &File {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        (&self.0).seek(position)
    }
}

/// How to open a file for writing.
#[derive(Clone, Debug)]
pub struct OpenOptions(std::fs::OpenOptions);

impl OpenOptions {
    /// Sets whether the file can be read.
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.0.read(read);
        self
    }

    /// Sets whether the file can be written.
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.0.write(write);
        self
    }

    /// Sets whether a missing file is created.
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.0.create(create);
        self
    }

    /// Sets whether the file must be created; links are not followed then.
    pub fn create_new(&mut self, create: bool) -> &mut Self {
        self.0.create_new(create);
        self
    }

    /// Sets whether an existing file is emptied.
    pub fn truncate(&mut self, truncate: bool) -> &mut Self {
        self.0.truncate(truncate);
        self
    }

    /// Sets the mode of a file that is created, before the umask.
    #[cfg(unix)]
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        std::os::unix::fs::OpenOptionsExt::mode(&mut self.0, mode);
        self
    }

    /// Refuses a link in place of the file, and does not wait for the other end of a pipe.
    #[cfg(unix)]
    pub fn no_follow(&mut self) -> &mut Self {
        use nix::fcntl::OFlag;
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut self.0, flags.bits());
        self
    }

    /// Opens the file at `path`.
    ///
    /// # Errors
    /// If it cannot be opened or created.
    pub fn open(&self, path: &Path) -> io::Result<File> {
        begin(Operation::Create)?;
        self.0.open(path).map(File)
    }
}

/// The name of a temporary file. Dropping it deletes the file.
#[derive(Debug)]
pub struct TempPath(Option<tempfile::TempPath>);

impl TempPath {
    /// Takes over the existing file at `path` as a temporary one.
    ///
    /// # Errors
    /// If the working directory, which a relative path depends on, is unknown.
    pub fn of(path: &Path) -> io::Result<Self> {
        tempfile::TempPath::try_from_path(path).map(|path| Self(Some(path)))
    }

    /// Renames the file to `target`, atomically. Without `replace`, the target must not exist.
    ///
    /// # Errors
    /// If the file cannot be renamed, which is returned too.
    pub fn persist(
        mut self,
        target: &Path,
        replace: bool,
    ) -> std::result::Result<(), (io::Error, Self)> {
        if let Err(error) = begin(Operation::Rename) {
            return Err((error, self));
        }
        let Some(path) = self.0.take() else {
            return Ok(());
        };
        let renamed = if replace {
            path.persist(target)
        } else {
            match path.persist_noclobber(target) {
                // File systems that can neither refuse to replace nor link a file, as exFAT.
                Err(error) if cannot_link(&error.error) && is_missing(target) => {
                    error.path.persist(target)
                }
                renamed => renamed,
            }
        };
        renamed.map_err(|error| (error.error, Self(Some(error.path))))
    }

    /// Keeps the file under its temporary name.
    pub fn keep(mut self) {
        self.forget();
    }

    fn forget(&mut self) {
        if let Some(path) = &mut self.0 {
            path.disable_cleanup(true);
        }
    }
}

impl Deref for TempPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        self.0.as_deref().unwrap_or_else(|| Path::new(""))
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        if self.0.is_some() && begin(Operation::Remove).is_err() {
            self.forget();
        }
    }
}

/// Returns whether an error may say that a file system has no links.
fn cannot_link(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    matches!(error.kind(), PermissionDenied | Unsupported | InvalidInput)
}

/// Returns whether nothing is at `path`, not even a link.
fn is_missing(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Creates a file in `directory` with a name of `prefix`, `random` letters and digits, and
/// `suffix`. Only its owner can read it.
///
/// # Errors
/// If the directory cannot be written to.
pub fn create_temporary(
    directory: &Path,
    prefix: &str,
    random: usize,
    suffix: &str,
) -> io::Result<(File, TempPath)> {
    begin(Operation::Create)?;
    let (file, path) = tempfile::Builder::new()
        .prefix(prefix)
        .suffix(suffix)
        .rand_bytes(random)
        .tempfile_in(directory)?
        .into_parts();
    Ok((File(file), TempPath(Some(path))))
}

/// Creates a file without a name in the system's directory of temporary files.
///
/// # Errors
/// If that directory cannot be written to.
pub fn create_unnamed() -> io::Result<File> {
    begin(Operation::Create)?;
    tempfile::tempfile().map(File)
}

/// A temporary directory. Dropping it deletes it with its content.
#[derive(Debug)]
pub struct TempDirectory(tempfile::TempDir);

impl TempDirectory {
    /// Creates a directory in `place` with a random name that begins with `prefix`.
    ///
    /// # Errors
    /// If `place` cannot be written to.
    pub fn new(place: &Path, prefix: &str) -> io::Result<Self> {
        begin(Operation::CreateDirectory)?;
        let created = tempfile::Builder::new().prefix(prefix).tempdir_in(place);
        created.map(Self)
    }

    /// Returns the path of the directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for TempDirectory {
    fn drop(&mut self) {
        if begin(Operation::Remove).is_err() {
            self.0.disable_cleanup(true);
        }
    }
}

/// Reads a whole file.
///
/// # Errors
/// If it cannot be opened or read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    begin(Operation::Open)?;
    begin(Operation::Read)?;
    std::fs::read(path)
}

/// Reads a whole file as UTF-8.
///
/// # Errors
/// If it cannot be opened or read, or is not UTF-8.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    begin(Operation::Open)?;
    begin(Operation::Read)?;
    std::fs::read_to_string(path)
}

/// Writes a whole file, which is replaced if it exists. It is not complete if that fails.
///
/// # Errors
/// If it cannot be created or written.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    let mut file = options.write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)
}

/// Returns the metadata of the file that `path` leads to.
///
/// # Errors
/// If there is none.
pub fn metadata(path: &Path) -> io::Result<Metadata> {
    begin(Operation::Look)?;
    std::fs::metadata(path)
}

/// Returns the metadata of the file or link at `path`.
///
/// # Errors
/// If there is none.
pub fn symlink_metadata(path: &Path) -> io::Result<Metadata> {
    begin(Operation::Look)?;
    std::fs::symlink_metadata(path)
}

/// Returns the metadata of the file that a standard stream is redirected from or to.
///
/// # Errors
/// If the stream is closed.
#[cfg(unix)]
pub fn stream_metadata(stream: impl std::os::fd::AsFd) -> io::Result<Metadata> {
    begin(Operation::Look)?;
    std::fs::File::from(stream.as_fd().try_clone_to_owned()?).metadata()
}

/// Returns the metadata of the file that `path` leads to, or `None` if there is none, or none that
/// this process may reach.
///
/// # Errors
/// If that is unknown. A file must not be taken for absent then, as it could be overwritten.
pub fn look(path: &Path) -> Result<Option<Metadata>> {
    match metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot look at {}", path.display())),
    }
}

/// Returns whether an error of looking at a path says that there is no file.
#[must_use]
pub fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound, PermissionDenied};
    // Linux says that it has followed too many links; the kind of that is not stable.
    #[cfg(unix)]
    let is_loop = error.raw_os_error() == Some(nix::errno::Errno::ELOOP as i32);
    #[cfg(not(unix))]
    let is_loop = false;
    is_loop
        || matches!(
            error.kind(),
            InvalidFilename | InvalidInput | NotADirectory | NotFound | PermissionDenied
        )
}

/// Returns whether `path` leads to anything. The error is that of [`look`].
pub fn exists(path: &Path) -> Result<bool> {
    look(path).map(|metadata| metadata.is_some())
}

/// Returns whether `path` leads to a regular file. The error is that of [`look`].
pub fn is_file(path: &Path) -> Result<bool> {
    look(path).map(|metadata| metadata.is_some_and(|metadata| metadata.is_file()))
}

/// Returns whether `path` leads to a directory. The error is that of [`look`].
pub fn is_directory(path: &Path) -> Result<bool> {
    look(path).map(|metadata| metadata.is_some_and(|metadata| metadata.is_dir()))
}

/// Returns whether `path` leads to a device, a pipe or a socket. The error is that of [`look`].
pub fn is_special(path: &Path) -> Result<bool> {
    look(path)
        .map(|metadata| metadata.is_some_and(|metadata| !metadata.is_file() && !metadata.is_dir()))
}

/// Returns the absolute path that `path` leads to, without links.
///
/// # Errors
/// If it does not exist.
pub fn canonicalize(path: &Path) -> io::Result<PathBuf> {
    begin(Operation::Look)?;
    std::fs::canonicalize(path)
}

/// Creates a directory.
///
/// # Errors
/// If it exists or cannot be created.
pub fn create_dir(path: &Path) -> io::Result<()> {
    begin(Operation::CreateDirectory)?;
    std::fs::create_dir(path)
}

/// Creates a directory and those above it that are missing.
///
/// # Errors
/// If one of them cannot be created.
pub fn create_dir_all(path: &Path) -> io::Result<()> {
    begin(Operation::CreateDirectory)?;
    std::fs::create_dir_all(path)
}

/// Deletes a file.
///
/// # Errors
/// If it is missing or cannot be deleted.
pub fn remove_file(path: &Path) -> io::Result<()> {
    begin(Operation::Remove)?;
    std::fs::remove_file(path)
}

/// Deletes an empty directory.
///
/// # Errors
/// If it is missing, has entries, or cannot be deleted.
pub fn remove_dir(path: &Path) -> io::Result<()> {
    begin(Operation::Remove)?;
    std::fs::remove_dir(path)
}

/// Iterates over the names in a directory, in no order.
///
/// # Errors
/// If the directory cannot be opened. Errors of reading it are items.
pub fn list(path: &Path) -> io::Result<impl Iterator<Item = io::Result<OsString>> + use<>> {
    begin(Operation::List)?;
    let entries = std::fs::read_dir(path)?;
    Ok(entries.map(|entry| {
        begin(Operation::List)?;
        Ok(entry?.file_name())
    }))
}

/// Iterates over everything below `root`, and `root` itself, sorted by name.
pub fn walk(root: &Path, follow_links: bool) -> Walk {
    Walk(
        walkdir::WalkDir::new(root)
            .follow_links(follow_links)
            .sort_by_file_name()
            .into_iter(),
    )
}

/// An iterator over a tree. What cannot be read is an item too, and the iterator goes on.
#[derive(Debug)]
pub struct Walk(walkdir::IntoIter);

/// A file, directory or link that a walk found.
#[derive(Debug)]
pub struct WalkedPath(walkdir::DirEntry);

/// Why a walk could not read something.
#[derive(Debug)]
pub struct WalkFailure {
    /// What could not be read, if that is known.
    pub path: Option<PathBuf>,
    /// The directory above it that it is a link to.
    pub ancestor: Option<PathBuf>,
    /// The error of the operating system, if there is one.
    pub error: Option<io::Error>,
}

impl Iterator for Walk {
    type Item = std::result::Result<WalkedPath, WalkFailure>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.0.next()?;
        if let Err(error) = begin(Operation::List) {
            let path = entry.map(|entry| {
                if entry.file_type().is_dir() {
                    self.0.skip_current_dir();
                }
                entry.into_path()
            });
            return Some(Err(WalkFailure {
                path: path.ok(),
                ancestor: None,
                error: Some(error),
            }));
        }
        Some(entry.map(WalkedPath).map_err(|error| WalkFailure {
            path: error.path().map(Path::to_owned),
            ancestor: error.loop_ancestor().map(Path::to_owned),
            error: error.into_io_error(),
        }))
    }
}

impl WalkedPath {
    /// Returns the path, which begins with the root of the walk.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Returns the path, which begins with the root of the walk.
    #[must_use]
    pub fn into_path(self) -> PathBuf {
        self.0.into_path()
    }

    /// Returns the last part of the path.
    #[must_use]
    pub fn file_name(&self) -> &OsStr {
        self.0.file_name()
    }

    /// Returns what is there; a link that is not followed is one.
    #[must_use]
    pub fn file_type(&self) -> FileType {
        self.0.file_type()
    }

    /// Returns the metadata, or `None` if they cannot be read.
    #[must_use]
    pub fn metadata(&self) -> Option<Metadata> {
        begin(Operation::Look).ok()?;
        self.0.metadata().ok()
    }
}
