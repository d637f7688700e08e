//! Identities of files, which tell whether two paths lead to the same file, and states of files,
//! which tell whether a file changed since it was looked at.

use super::fs::{self, Metadata};
use anyhow::Result;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// The identity of a regular file: that of all its names, hard links included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId(u128);

impl FileId {
    /// Returns the identity of the file that `path` leads to, links followed. Returns `None` if
    /// there is none, or if it is a directory, pipe or device, which can be named any number of
    /// times.
    ///
    /// # Errors
    /// If that is unknown.
    pub fn of(path: &Path) -> Result<Option<Self>> {
        Ok(fs::look(path)?.and_then(|metadata| Self::new(path, &metadata)))
    }

    /// Returns the identity of the directory that `path` leads to, links followed, or `None` if there
    /// is none. It does not depend on the case of names where the file system ignores it.
    ///
    /// # Errors
    /// If that is unknown.
    pub fn of_directory(path: &Path) -> Result<Option<Self>> {
        let Some(metadata) = fs::look(path)?.filter(Metadata::is_dir) else {
            return Ok(None);
        };
        #[cfg(unix)]
        {
            Ok(Some(Self(inode(&metadata))))
        }
        #[cfg(not(unix))]
        {
            let _ = metadata;
            Ok(Some(Self(hash_path(&fs::canonicalize(path)?))))
        }
    }

    /// Returns the identity of the file that standard input is redirected from.
    #[must_use]
    pub fn of_stdin() -> Option<Self> {
        Self::of_stream(std::io::stdin())
    }

    /// Returns the identity of the file that standard output is redirected to.
    #[must_use]
    pub fn of_stdout() -> Option<Self> {
        Self::of_stream(std::io::stdout())
    }

    #[cfg(unix)]
    fn of_stream(stream: impl std::os::fd::AsFd) -> Option<Self> {
        Self::new(Path::new("-"), &fs::stream_metadata(stream).ok()?)
    }

    #[cfg(not(unix))]
    fn of_stream<S>(_: S) -> Option<Self> {
        None
    }

    #[cfg(unix)]
    fn new(_: &Path, metadata: &Metadata) -> Option<Self> {
        metadata.is_file().then(|| Self(inode(metadata)))
    }

    /// Uses the hash of the path with links resolved. Hard links have different ones.
    #[cfg(not(unix))]
    fn new(path: &Path, metadata: &Metadata) -> Option<Self> {
        let real = fs::canonicalize(path).ok()?;
        metadata.is_file().then(|| Self(hash_path(&real)))
    }
}

/// Returns the device and the number of a file or directory.
#[cfg(unix)]
fn inode(metadata: &Metadata) -> u128 {
    use std::os::unix::fs::MetadataExt;
    u128::from(metadata.dev()) << 64 | u128::from(metadata.ino())
}

/// What shows that a file was changed or replaced: its identity, size and time of modification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Identity of the file.
    pub id: FileId,
    /// Size in bytes.
    pub size: u64,
    /// Time of modification in nanoseconds since 1970, if the file system has it.
    pub modified: Option<u64>,
}

impl FileState {
    /// Returns the state of the regular file that `path` leads to, or `None` if there is none.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        Self::new(path, &fs::metadata(path).ok()?)
    }

    /// Returns the state that `metadata`, that of the file at `path`, describes.
    #[must_use]
    pub fn new(path: &Path, metadata: &Metadata) -> Option<Self> {
        let since = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Some(Self {
            id: FileId::new(path, metadata)?,
            size: metadata.len(),
            modified: since.and_then(|since| u64::try_from(since.as_nanos()).ok()),
        })
    }
}

/// Returns the number of further names (hard links) of a file.
#[must_use]
pub fn other_names(metadata: &Metadata) -> u64 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        metadata.nlink().saturating_sub(1)
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        0
    }
}

/// Returns a hash of `path` that is different for every path, in practice.
#[must_use]
pub fn hash_path(path: &Path) -> u128 {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    digest
        .iter()
        .take(16)
        .fold(0, |hash, &byte| hash << 8 | u128::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn links_have_the_identity_of_their_file_and_copies_do_not() {
        let directory = tempfile::tempdir().unwrap();
        let [one, copy, link] = ["one", "copy", "link"].map(|name| directory.path().join(name));
        fs::write(&one, "It rained.").unwrap();
        fs::copy(&one, &copy).unwrap();
        assert_ne!(FileId::of(&one).unwrap(), FileId::of(&copy).unwrap());
        assert_eq!(FileId::of(directory.path()).unwrap(), None);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&one, &link).unwrap();
            assert_eq!(FileId::of(&one).unwrap(), FileId::of(&link).unwrap());
            fs::hard_link(&one, directory.path().join("hard")).unwrap();
            assert_eq!(other_names(&fs::metadata(&one).unwrap()), 1);
        }
        assert_eq!(FileId::of(&link.join("missing")).unwrap(), None);
    }

    #[test]
    fn a_replaced_file_has_another_state() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        fs::write(&path, "one").unwrap();
        let state = FileState::of(&path).unwrap();
        let kept = directory.path().join("b");
        fs::rename(&path, &kept).unwrap();
        fs::write(&path, "one").unwrap();
        assert_eq!(FileState::of(&kept), Some(state));
        #[cfg(unix)]
        assert_ne!(FileState::of(&path), Some(state));
    }
}
