//! Finds the input files of a job in named paths, directory trees and lists of files, and decides
//! where below an output directory each output belongs.

use super::manifest::{STATE_DIR, is_manifest};
use super::root::plain_path;
use super::stdin::Stdin;
use crate::io::fs::{self, WalkFailure};
use crate::io::{FileState, is_temporary};
use crate::report::display_path;
use anyhow::{Context, Result, anyhow, bail};
use globset::GlobSet;
use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where the files of a job come from.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// A single input that is read once, from its beginning to its end, and may thus be a pipe or
    /// device. The path `-` is standard input. If set, there are no other inputs.
    pub stream: Option<PathBuf>,
    /// What the path `-` stands for.
    pub stdin: Stdin,
    /// Files and directories named as arguments.
    pub paths: Vec<PathBuf>,
    /// Files named in a list. Their output path is their path in the list.
    pub listed: Vec<PathBuf>,
    /// In directories, only files whose relative path or name matches one of these.
    pub include: Option<GlobSet>,
    /// In directories, no files whose relative path or name matches one of these.
    pub exclude: Option<GlobSet>,
    /// Whether symbolic links in directories are followed.
    pub follow_links: bool,
}

/// A file to clean.
#[derive(Clone, Debug)]
pub struct InputFile {
    /// Path of the input.
    pub path: PathBuf,
    /// Path of the output below the output directory: plain names only.
    pub output_path: PathBuf,
    /// Size in bytes; 0 if it is unknown.
    pub size: u64,
    /// State in which the file was found, or later that in which it was read. `None` for a stream.
    pub state: Option<FileState>,
}

impl InputFile {
    /// Returns the name of the first directory below the input that the file was found in, which
    /// stands for its site; `None` if the file is not in a directory below it.
    #[must_use]
    pub fn folder(&self) -> Option<Cow<'_, str>> {
        let mut parts = self.output_path.iter();
        let first = parts.next()?;
        parts.next()?;
        Some(first.to_string_lossy())
    }
}

/// An entry that a walk visits.
#[derive(Debug)]
pub enum WalkEntry {
    /// A file.
    File(InputFile),
    /// A link, device, pipe or socket in a directory.
    Special,
    /// A file in a directory that dechaff itself wrote, or a directory of such files.
    Own(PathBuf),
    /// A path that cannot be read, and why.
    Failed(PathBuf, anyhow::Error),
}

impl Inputs {
    /// Iterates over all files in a fixed order: arguments as they were given, the files of a
    /// directory sorted by name, then the files of the list. A shard relies on this order.
    pub fn walk(&self) -> impl Iterator<Item = WalkEntry> + '_ {
        let stream = self.stream.iter().map(|path| stream_entry(path));
        let named = self.paths.iter().flat_map(|path| self.walk_path(path));
        let listed = self.listed.iter().map(|path| {
            let output_path = plain_path(path).unwrap_or_else(|| name_of(path));
            named_file(path, output_path)
        });
        stream.chain(named).chain(listed)
    }

    /// Returns why a walk finds no file, as a sentence for people; `None` if it finds one, or a path
    /// that cannot be read. `include` are the globs of files to read as the user wrote them.
    #[must_use]
    pub fn why_empty(&self, include: &[String]) -> Option<String> {
        if self.stream.is_some() || self.finds_file() {
            return None;
        }
        let whole = Self {
            include: None,
            exclude: None,
            ..self.clone()
        };
        let files = whole
            .walk()
            .filter(|entry| matches!(entry, WalkEntry::File(_)))
            .count();
        let included = Self {
            exclude: None,
            ..self.clone()
        };
        Some(if self.paths.is_empty() {
            "the list of --files-from names no file".to_owned()
        } else if files == 0 {
            format!("there is no file in {}", self.directories())
        } else if self.include.is_none() || included.finds_file() {
            format!("--exclude leaves out all files in {}", self.directories())
        } else {
            format!(
                "nothing in {} matches --include {}",
                self.directories(),
                include.join(" or ")
            )
        })
    }

    /// Returns whether a walk finds a file, or something else that has to be reported.
    fn finds_file(&self) -> bool {
        self.walk()
            .any(|entry| matches!(entry, WalkEntry::File(_) | WalkEntry::Failed(..)))
    }

    /// Returns the named paths, for a message that none of them has a file.
    fn directories(&self) -> String {
        let names = self.paths.iter().map(|path| display_path(path));
        names.collect::<Vec<_>>().join(", ")
    }

    fn walk_path<'s>(&'s self, path: &'s Path) -> Box<dyn Iterator<Item = WalkEntry> + 's> {
        match fs::is_directory(path) {
            Ok(true) => Box::new(self.walk_tree(path)),
            Ok(false) => Box::new(std::iter::once(named_file(path, name_of(path)))),
            Err(error) => Box::new(std::iter::once(WalkEntry::Failed(path.to_owned(), error))),
        }
    }

    /// Iterates over the files below `root` that the globs select. Files that dechaff itself wrote
    /// are no inputs. An unreadable entry or a link to a directory above it is
    /// reported and the walk continues.
    fn walk_tree<'s>(&'s self, root: &'s Path) -> impl Iterator<Item = WalkEntry> + 's {
        fs::walk(root, self.follow_links).filter_map(move |entry| {
            let entry = match entry {
                Ok(entry) => entry,
                Err(failure) => return Some(walk_failure(root, failure)),
            };
            let output_path = entry.path().strip_prefix(root).ok().and_then(plain_path)?;
            let is_wanted = self.wants(&output_path);
            if is_own(&output_path) {
                let is_listed = is_wanted || is_temporary(entry.file_name());
                return is_listed.then(|| WalkEntry::Own(entry.into_path()));
            }
            let is_in_own = output_path.iter().any(|part| part == STATE_DIR);
            if entry.file_type().is_dir() || is_in_own || !is_wanted {
                return None;
            }
            if !entry.file_type().is_file() {
                return Some(WalkEntry::Special);
            }
            let state = entry
                .metadata()
                .and_then(|metadata| FileState::new(entry.path(), &metadata));
            Some(WalkEntry::File(InputFile {
                path: entry.into_path(),
                output_path,
                size: state.map_or(0, |state| state.size),
                state,
            }))
        })
    }

    /// Returns whether the globs select the file with this path below its directory: it matches an
    /// included glob, if there are any, and no excluded one.
    fn wants(&self, relative: &Path) -> bool {
        self.include
            .as_ref()
            .is_none_or(|globs| matches(globs, relative))
            && !self
                .exclude
                .as_ref()
                .is_some_and(|globs| matches(globs, relative))
    }
}

/// Returns whether a glob matches the whole path or the file name, so that `*.txt` selects files at
/// any depth.
fn matches(globs: &GlobSet, relative: &Path) -> bool {
    globs.is_match(relative)
        || relative
            .file_name()
            .is_some_and(|name| globs.is_match(name))
}

/// Converts an error of the walk below `root`. A link that leads back to a directory above it has
/// its own message, because the error of the operating system would not name that directory.
fn walk_failure(root: &Path, failure: WalkFailure) -> WalkEntry {
    let path = failure.path.unwrap_or_else(|| root.to_owned());
    let error = match (failure.ancestor, failure.error) {
        (Some(ancestor), _) => anyhow!(
            "the link leads back to {}; it is not followed",
            ancestor.display()
        ),
        (None, Some(error)) => error.into(),
        (None, None) => anyhow!("cannot be walked"),
    };
    WalkEntry::Failed(path, error)
}

/// Returns whether dechaff wrote the file with this path below its directory: a directory of
/// journals, an unfinished output, or a manifest at the top of the tree. Such files are never
/// inputs.
fn is_own(relative: &Path) -> bool {
    let name = relative.file_name().unwrap_or_default();
    name == STATE_DIR
        || is_temporary(name)
        || (relative.components().count() == 1 && is_manifest(name))
}

/// Returns the entry of a file that was named, as an argument or in a list, not found by walking.
/// Anything but a regular file fails here, a directory too: a list must name files.
fn named_file(path: &Path, output_path: PathBuf) -> WalkEntry {
    match regular_file_state(path) {
        Ok(state) => WalkEntry::File(InputFile {
            path: path.to_owned(),
            output_path,
            size: state.map_or(0, |state| state.size),
            state,
        }),
        Err(error) => WalkEntry::Failed(path.to_owned(), error),
    }
}

/// Returns the entry of a stream. It is not checked, as opening it reports more; its size is
/// unknown unless it is a file.
fn stream_entry(path: &Path) -> WalkEntry {
    let size = if path == Path::new("-") {
        0
    } else {
        fs::metadata(path).map_or(0, |metadata| metadata.len())
    };
    WalkEntry::File(InputFile {
        path: path.to_owned(),
        output_path: name_of(path),
        size,
        state: None,
    })
}

fn regular_file_state(path: &Path) -> Result<Option<FileState>> {
    let metadata = fs::metadata(path).context("cannot be read")?;
    if metadata.is_dir() {
        bail!("is a directory; name it as an argument to clean the files in it");
    }
    if !metadata.is_file() {
        bail!("is a device or pipe; use it as standard input");
    }
    Ok(FileState::new(path, &metadata))
}

fn name_of(path: &Path) -> PathBuf {
    path.file_name()
        .map_or_else(|| PathBuf::from("file"), PathBuf::from)
}

/// Parses a list of files: one path per line, or, if the list holds a NUL, paths that each end with
/// a NUL. Empty lines and carriage returns at line ends are ignored. Paths need not be valid UTF-8;
/// where file names always are, a path that is not cannot be opened later.
#[must_use]
pub fn read_list(bytes: &[u8]) -> Vec<PathBuf> {
    let separator = if bytes.contains(&0) { 0 } else { b'\n' };
    bytes
        .split(|&byte| byte == separator)
        .map(|line| {
            let end = line.iter().rposition(|&byte| byte != b'\r');
            &line[..end.map_or(0, |end| end + 1)]
        })
        .filter(|line| !line.is_empty())
        .map(|line| PathBuf::from(os_string(line)))
        .collect()
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).to_owned()
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_walk_says_what_leaves_out_the_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        let name = display_path(&path);
        let inputs = |include: Option<&str>, exclude: Option<&str>| Inputs {
            paths: vec![path.clone()],
            include: include.map(glob),
            exclude: exclude.map(glob),
            ..Inputs::default()
        };
        let why = |inputs: Inputs| inputs.why_empty(&["*.md".to_owned(), "*.txt".to_owned()]);
        assert_eq!(
            why(inputs(None, None)),
            Some(format!("there is no file in {name}"))
        );
        fs::write(&path.join("a.log"), b"").unwrap();
        assert_eq!(why(inputs(None, None)), None);
        assert_eq!(
            why(inputs(Some("*.md"), Some("*.tmp"))),
            Some(format!("nothing in {name} matches --include *.md or *.txt"))
        );
        assert_eq!(
            why(inputs(Some("*.log"), Some("a*"))),
            Some(format!("--exclude leaves out all files in {name}"))
        );
        assert!(why(Inputs::default()).unwrap().contains("--files-from"));
    }

    fn glob(pattern: &str) -> GlobSet {
        let mut globs = globset::GlobSetBuilder::new();
        globs.add(globset::Glob::new(pattern).unwrap());
        globs.build().unwrap()
    }

    #[test]
    fn a_list_may_hold_names_that_are_not_utf_8() {
        let list = read_list(b"a.txt\r\n\nb\xff.txt\n");
        assert_eq!((list.len(), list[0].as_path()), (2, Path::new("a.txt")));
        assert_eq!(read_list(b"a\nb\0c\0"), ["a\nb", "c"].map(PathBuf::from));
    }

    #[test]
    fn only_files_of_dechaff_are_left_out() {
        for own in [
            ".dechaff",
            "sub/.dechaff",
            "dechaff-run.json",
            "dechaff-run-1-of-2.json",
        ] {
            assert!(is_own(Path::new(own)), "{own}");
        }
        for other in [
            ".dechaff-user.txt",
            "dechaff-run-notes.json",
            "sub/dechaff-run.json",
        ] {
            assert!(!is_own(Path::new(other)), "{other}");
        }
    }
}
