//! Waiting for the disk. A file is safe from a power cut once its bytes are on the disk, and its
//! name once the directory is. Both take milliseconds each, whatever the size, so they are waited
//! for together, on many threads: file systems write what several threads wait for at once.

use super::fs::{self, File};
use super::write::{Permissions, StagedFile, remove_abandoned_in};
use anyhow::{Context, Result};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Maximum number of threads that wait for the disk.
const THREADS: usize = 32;

/// Waits until the bytes of `file` are on the disk. A pipe or device has no disk to wait for.
///
/// # Errors
/// If the system cannot write them.
pub fn sync_file(file: &File) -> io::Result<()> {
    match file.sync_all() {
        Err(error) if has_no_disk(&error) => Ok(()),
        outcome => outcome,
    }
}

/// Returns whether an error says that a kind of file or a file system cannot be waited for.
fn has_no_disk(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InvalidInput | ErrorKind::Unsupported
    )
}

/// Waits until the bytes of staged files are on the disk. Returns the result for each of them.
pub fn sync_staged(staged: &[&StagedFile]) -> Vec<Result<()>> {
    let paths: Vec<&Path> = staged.iter().map(|file| file.path()).collect();
    on_threads(&paths, sync_path)
        .into_iter()
        .zip(staged)
        .map(|(outcome, file)| {
            outcome.with_context(|| format!("cannot write {}", file.target().display()))
        })
        .collect()
}

/// Gives staged files their names. With `sync`, bytes and names are on the disk afterwards. Returns
/// the result for each of them.
pub fn commit_all(staged: Vec<StagedFile>, sync: bool) -> Vec<Result<()>> {
    if !sync {
        return staged.into_iter().map(StagedFile::commit).collect();
    }
    let synced = sync_staged(&staged.iter().collect::<Vec<_>>());
    let targets: Vec<PathBuf> = staged.iter().map(|file| file.target().to_owned()).collect();
    let mut outcomes: Vec<Result<()>> = staged
        .into_iter()
        .zip(synced)
        .map(|(file, synced)| synced.and_then(|()| file.commit()))
        .collect();
    if let Err(error) = DirectorySync::default().sync(&targets)
        && let Some(outcome) = outcomes.iter_mut().rfind(|outcome| outcome.is_ok())
    {
        *outcome = Err(error);
    }
    outcomes
}

/// Writes a file that is the only output of its kind. It has all of `bytes` or is not there. What a
/// killed process left beside it is deleted. `permissions` and `replace` are as in
/// [`StagedFile::write`], `sync` as in [`commit_all`].
///
/// # Errors
/// If the file exists and must not be replaced, or cannot be written.
pub fn write_file(
    path: &Path,
    mut bytes: &[u8],
    permissions: Option<&Permissions>,
    replace: bool,
    sync: bool,
) -> Result<()> {
    remove_abandoned_in(directory_of(path));
    let staged = StagedFile::write(path, &mut bytes, permissions, replace)?;
    commit_all(vec![staged], sync).into_iter().collect()
}

/// Waits until the names of files are on the disk, and those of the directories above them.
#[derive(Debug, Default)]
pub struct DirectorySync {
    /// Directories whose own names are on the disk.
    known: FxHashSet<PathBuf>,
}

impl DirectorySync {
    /// Waits until the names of `files` are on the disk. Directories above theirs are waited for
    /// once, because this run may have created them.
    ///
    /// # Errors
    /// If the system cannot write them.
    pub fn sync(&mut self, files: &[PathBuf]) -> Result<()> {
        let (mut directories, mut above) = (BTreeSet::new(), BTreeSet::new());
        for file in files {
            let mut directory = directory_of(file);
            directories.insert(directory);
            while self.known.insert(directory.to_owned())
                && let Some(next) = directory.parent()
            {
                directory = if next.as_os_str().is_empty() {
                    Path::new(".")
                } else {
                    next
                };
                above.insert(directory);
            }
        }
        let directories: Vec<&Path> = directories.into_iter().collect();
        for (outcome, directory) in on_threads(&directories, sync_directory)
            .into_iter()
            .zip(&directories)
        {
            outcome
                .with_context(|| format!("cannot write the directory {}", directory.display()))?;
        }
        // A directory that may not be read is not one that this run created.
        on_threads(&above.into_iter().collect::<Vec<_>>(), sync_directory);
        Ok(())
    }
}

/// Returns the directory of `file`.
#[must_use]
pub fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Calls `sync` for each of `paths` on several threads, and returns the results in their order.
fn on_threads(paths: &[&Path], sync: fn(&Path) -> io::Result<()>) -> Vec<io::Result<()>> {
    if paths.len() <= 1 || fs::is_counted() {
        return paths.iter().map(|path| sync(path)).collect();
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = paths
            .chunks(paths.len().div_ceil(THREADS))
            .map(|paths| {
                scope.spawn(move || paths.iter().map(|path| sync(path)).collect::<Vec<_>>())
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| match thread.join() {
                Ok(outcomes) => outcomes,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

/// Waits for the bytes of the file at `path`. It may be read-only; Windows then refuses, and the
/// system writes it when it likes.
fn sync_path(path: &Path) -> io::Result<()> {
    let opened = if cfg!(windows) {
        File::options().write(true).open(path)
    } else {
        File::open(path)
    };
    match opened {
        Ok(file) => sync_file(&file),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    match File::open(path) {
        Ok(directory) => sync_file(&directory),
        // A directory may be writable but not readable; there is no other way to open it.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
