//! Outputs that are whole or not there: written to a temporary file beside the target, then renamed.

use anyhow::{Context, Result, bail};
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempPath};

/// An output that is written but does not have its name yet. Dropped before that, it is gone.
#[derive(Debug)]
pub struct Pending {
    temporary: TempPath,
    target: PathBuf,
    replace: bool,
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
pub struct Draft {
    file: NamedTempFile,
    target: PathBuf,
    replace: bool,
}

impl Draft {
    /// Begins an output beside `target`, making the directories above it. `replace` allows an existing target.
    ///
    /// # Errors
    /// If the target exists and must not be replaced, or cannot be written.
    pub fn new(target: &Path, permissions: Option<&Permissions>, replace: bool) -> Result<Self> {
        if !replace && fs::symlink_metadata(target).is_ok() {
            bail!("{} exists; use --force to replace it", target.display());
        }
        let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let cannot = || format!("cannot write {}", target.display());
        fs::create_dir_all(directory).with_context(|| format!("cannot make the directory {}", directory.display()))?;
        let file = tempfile::Builder::new().prefix(".dechaff-").tempfile_in(directory).with_context(cannot)?;
        let mode = match permissions {
            Some(Permissions(metadata)) => {
                keep_owner(file.as_file(), metadata);
                Some(metadata.permissions())
            }
            None => default_mode(directory),
        };
        if let Some(mode) = mode {
            fs::set_permissions(file.path(), mode).with_context(cannot)?;
        }
        Ok(Self { file, target: target.to_owned(), replace })
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.as_file_mut().write_all(bytes).with_context(|| format!("cannot write {}", self.target.display()))
    }

    /// Ends the output.
    #[must_use]
    pub fn finish(self) -> Pending {
        Pending { temporary: self.file.into_temp_path(), target: self.target, replace: self.replace }
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

impl Pending {
    /// Writes `content` beside `target`. See [`Draft::new`].
    ///
    /// # Errors
    /// If the target exists and must not be replaced, or cannot be written.
    pub fn write(target: &Path, content: &mut dyn io::Read, permissions: Option<&Permissions>, replace: bool) -> Result<Self> {
        let mut draft = Draft::new(target, permissions, replace)?;
        io::copy(content, draft.file.as_file_mut()).with_context(|| format!("cannot write {}", target.display()))?;
        Ok(draft.finish())
    }

    /// Gives the output its name.
    ///
    /// # Errors
    /// If the target has come into being meanwhile and must not be replaced, or the rename fails.
    pub fn commit(self) -> Result<()> {
        let target = self.target;
        let done = if self.replace { self.temporary.persist(&target) } else { self.temporary.persist_noclobber(&target) };
        done.map_err(|error| error.error).with_context(|| format!("cannot write {}", target.display()))
    }
}

/// A file replaced in place stays its owner's, where that is allowed.
#[cfg(unix)]
fn keep_owner(file: &File, metadata: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    if file.metadata().is_ok_and(|own| own.uid() != metadata.uid() || own.gid() != metadata.gid()) {
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
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o666).open(&name).ok()?;
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
        drop(Pending::write(&target, &mut &b"text"[..], None, false).unwrap());
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 0);
    }

    #[test]
    fn an_existing_file_is_replaced_only_where_allowed() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("b.txt");
        Pending::write(&target, &mut &b"one"[..], None, false).unwrap().commit().unwrap();
        let error = Pending::write(&target, &mut &b"two"[..], None, false).unwrap_err();
        assert!(error.to_string().contains("--force"), "{error}");
        Pending::write(&target, &mut &b"two"[..], None, true).unwrap().commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"two");
    }
}
