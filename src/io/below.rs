//! Access to files below a directory without following links, so that a link that someone put there
//! leads to no place outside of it.

use super::fs::{self, File};
use super::identity::other_names;
use anyhow::{Context, Result, bail};
use std::io;
use std::path::{Path, PathBuf};

/// Creates `root` and, below it, the directories of `relative`, a path of plain names. Returns
/// their path. `root` itself may be a link.
///
/// # Errors
/// If a directory below `root` is a link or a file, or cannot be created.
pub fn create_directories(root: &Path, relative: &Path) -> Result<PathBuf> {
    fs::create_dir_all(root)
        .with_context(|| format!("cannot create the directory {}", root.display()))?;
    let mut path = root.to_owned();
    for name in relative {
        path.push(name);
        let created = fs::create_dir(&path);
        let metadata = match (fs::symlink_metadata(&path), created) {
            (Ok(metadata), _) => metadata,
            (Err(_), Err(error)) | (Err(error), Ok(())) => {
                return Err(error)
                    .with_context(|| format!("cannot create the directory {}", path.display()));
            }
        };
        if metadata.is_symlink() {
            bail!(
                "{} is a link, and may lead out of {}; remove it, or choose another directory",
                path.display(),
                root.display()
            );
        }
        if !metadata.is_dir() {
            bail!("{} is not a directory", path.display());
        }
    }
    Ok(path)
}

/// Opens the regular file at `path` for reading and writing, and creates it if it is missing. Its
/// content is kept.
///
/// # Errors
/// If the file cannot be opened, is a link, a device or a pipe, or has other names (hard links),
/// under which writing would change it too.
pub fn open_own_file(path: &Path) -> io::Result<File> {
    let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    if is_link {
        return Err(io::Error::other("it is a link; remove it"));
    }
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    options.no_follow();
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file; remove it"));
    }
    if other_names(&metadata) > 0 {
        return Err(io::Error::other(
            "it is a hard link to another file; remove it",
        ));
    }
    Ok(file)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_below_a_directory_are_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root");
        let outside = directory.path().join("outside");
        fs::create_dir(&outside).unwrap();
        let created = create_directories(&root, Path::new("a/b")).unwrap();
        assert!(created.is_dir() && create_directories(&root, Path::new("a/b")).is_ok());
        symlink(&outside, root.join("a/link")).unwrap();
        let error = create_directories(&root, Path::new("a/link/c")).unwrap_err();
        assert!(error.to_string().contains("is a link"), "{error}");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
        // The directory that the user named may be a link.
        symlink(&outside, directory.path().join("named")).unwrap();
        create_directories(&directory.path().join("named"), Path::new("a")).unwrap();
    }

    #[test]
    fn only_a_regular_file_with_one_name_is_opened() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "It rained.").unwrap();
        assert!(open_own_file(&path).is_ok());
        assert!(open_own_file(&directory.path().join("new")).is_ok());
        symlink(&path, directory.path().join("link")).unwrap();
        fs::hard_link(&path, directory.path().join("hard")).unwrap();
        for name in ["link", "hard"] {
            let error = open_own_file(&directory.path().join(name)).unwrap_err();
            assert!(error.to_string().contains("link"), "{error}");
        }
        assert!(open_own_file(Path::new("/dev/null")).is_err());
    }
}
