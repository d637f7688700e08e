//! Identities of files, which tell whether two paths lead to the same file, and states of files,
//! which tell whether a file changed since it was looked at.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::UNIX_EPOCH;

/// The identity of a regular file: that of all its names, hard links included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId(u128);

impl FileId {
    /// Returns the identity of the file that `path` leads to, links followed. Returns `None` if
    /// there is none, or if it is a directory, pipe or device, which can be named any number of
    /// times.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        Self::new(path, &fs::metadata(path).ok()?)
    }

    /// Returns the identity of the directory that `path` leads to, links followed, or `None` if there
    /// is none. It does not depend on the case of names where the file system ignores it.
    #[must_use]
    pub fn of_directory(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        if !metadata.is_dir() {
            return None;
        }
        #[cfg(unix)]
        {
            Some(Self(inode(&metadata)))
        }
        #[cfg(not(unix))]
        {
            Some(Self(hash_path(&fs::canonicalize(path).ok()?)))
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
        let file = fs::File::from(stream.as_fd().try_clone_to_owned().ok()?);
        Self::new(Path::new("-"), &file.metadata().ok()?)
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

/// Returns the number of further names (hard links) of the file at `path`.
#[must_use]
pub fn other_names(path: &Path) -> u64 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).map_or(0, |metadata| metadata.nlink().saturating_sub(1))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
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

    #[test]
    fn links_have_the_identity_of_their_file_and_copies_do_not() {
        let directory = tempfile::tempdir().unwrap();
        let [one, copy, link] = ["one", "copy", "link"].map(|name| directory.path().join(name));
        fs::write(&one, "It rained.").unwrap();
        fs::copy(&one, &copy).unwrap();
        assert_ne!(FileId::of(&one), FileId::of(&copy));
        assert_eq!(FileId::of(directory.path()), None);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&one, &link).unwrap();
            assert_eq!(FileId::of(&one), FileId::of(&link));
            fs::hard_link(&one, directory.path().join("hard")).unwrap();
            assert_eq!(other_names(&one), 1);
        }
        assert_eq!(FileId::of(&link.join("missing")), None);
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
