//! Paths that come from a file, such as a removal record or a manifest, and must not lead out of a
//! directory.

use crate::io::fs;
use anyhow::{Context, Result, bail};
use std::path::{Component, Path, PathBuf};

/// A directory that paths must stay below.
#[derive(Debug)]
pub struct Root {
    /// The directory as the user named it; empty for the working directory.
    named: PathBuf,
    /// The directory with links resolved.
    real: PathBuf,
}

impl Root {
    /// Creates a root at `directory`, or at the working directory if it is `None`.
    ///
    /// # Errors
    /// If it is not a directory.
    pub fn new(directory: Option<&Path>) -> Result<Self> {
        let named = directory.unwrap_or_else(|| Path::new("."));
        let real = fs::canonicalize(named)
            .with_context(|| format!("cannot read the directory {}", named.display()))?;
        if !fs::is_directory(&real)? {
            bail!("{} is not a directory", named.display());
        }
        Ok(Self {
            named: directory.unwrap_or_else(|| Path::new("")).to_owned(),
            real,
        })
    }

    /// Returns the path, with links resolved, of the regular file that `path` names below the root.
    /// An absolute path is accepted if the root was named and is above it.
    ///
    /// # Errors
    /// If the path has `..`, leads out of the root, by a link too, or is not a regular file.
    pub fn file(&self, path: &Path) -> Result<PathBuf> {
        let has_parent = path.components().any(|part| part == Component::ParentDir);
        if has_parent {
            bail!("the path has '..', which may lead out of the root");
        }
        let is_named = !self.named.as_os_str().is_empty();
        if plain_path(path).is_none() && !is_named {
            bail!("the path is absolute; --root DIR allows files below DIR");
        }
        // Joining an absolute path replaces the root.
        let real = fs::canonicalize(&self.named.join(path)).context("cannot be opened")?;
        if !real.starts_with(&self.real) {
            bail!(
                "the path leads out of the root, {}; --root DIR allows files below DIR",
                self.real.display()
            );
        }
        if !fs::metadata(&real).context("cannot be opened")?.is_file() {
            bail!("is not a regular file");
        }
        Ok(real)
    }
}

/// Returns `path` without `.` components, or `None` if it is empty or has a root, a prefix or `..`.
/// A path of plain names cannot lead out of the directory that it is joined to, except by a link.
pub fn plain_path(path: &Path) -> Option<PathBuf> {
    path.components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        })
        .collect::<Option<PathBuf>>()
        .filter(|path| !path.as_os_str().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn no_path_leads_out_of_the_output() {
        assert_eq!(plain_path(Path::new("./a/b")), Some(PathBuf::from("a/b")));
        for path in ["../a", "/a", "a/../../b", ""] {
            assert_eq!(plain_path(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn files_below_the_root_are_found_and_others_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let inside = directory.path().join("inside");
        fs::create_dir_all(inside.join("sub")).unwrap();
        fs::write(inside.join("sub/a.txt"), "It rained.").unwrap();
        fs::write(directory.path().join("b.txt"), "It rained.").unwrap();
        let root = Root::new(Some(&inside)).unwrap();
        let real = fs::canonicalize(inside.join("sub/a.txt")).unwrap();
        assert_eq!(root.file(Path::new("sub/a.txt")).unwrap(), real);
        assert_eq!(root.file(&real).unwrap(), real);
        assert!(Root::new(None).unwrap().file(&real).is_err());
        let outside = fs::canonicalize(directory.path().join("b.txt")).unwrap();
        for path in [Path::new("../b.txt"), &outside, Path::new("sub")] {
            assert!(root.file(path).is_err(), "{}", path.display());
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
            let error = root.file(Path::new("link")).unwrap_err();
            assert!(error.to_string().contains("leads out"), "{error}");
        }
    }
}
