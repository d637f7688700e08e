//! Which files a job is about: paths named, trees walked, lists read; and where in the output each one belongs.

use super::journal::Checkpoint;
use super::manifest::is_manifest;
use crate::io::{Compression, Content, Source};
use anyhow::{Context, Result, anyhow, bail};
use globset::GlobSet;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use walkdir::WalkDir;

/// The directory of dechaff's own files in an output directory.
pub const OWN: &str = ".dechaff";

/// Where files come from.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Files and directories that were named.
    pub paths: Vec<PathBuf>,
    /// Files that a list named; their place in the output is their path in the list.
    pub listed: Vec<PathBuf>,
    /// In directories, only files that match one of these (by path below the directory, or by name).
    pub include: Option<GlobSet>,
    /// In directories, no files that match one of these.
    pub exclude: Option<GlobSet>,
    /// Whether symbolic links in directories are followed.
    pub follow_links: bool,
}

/// A file to be cleaned.
#[derive(Clone, Debug)]
pub struct InputFile {
    /// Where it is.
    pub path: PathBuf,
    /// Where it belongs below the output directory: plain names only.
    pub place: PathBuf,
    /// Its size in bytes, as far as is known.
    pub size: u64,
    /// Whether an output at its place is that of an earlier run, and may be replaced.
    pub ours: bool,
    /// How far an earlier run was.
    pub part: Option<Box<Checkpoint>>,
    /// Which of its bytes are meant, if not all.
    pub slice: Option<Range<u64>>,
}

/// What a walk meets.
#[derive(Debug)]
pub enum WalkEntry {
    /// A file.
    File(InputFile),
    /// A link, device, pipe or socket in a directory.
    Special,
    /// Something that cannot be read.
    Failed(PathBuf, anyhow::Error),
}

impl Inputs {
    /// All files, in a fixed order: inputs as they were given, trees sorted by name.
    pub fn walk(&self) -> impl Iterator<Item = WalkEntry> + '_ {
        let named = self.paths.iter().flat_map(|path| self.walk_path(path));
        let listed = self.listed.iter().map(|path| {
            let place = plain(path).unwrap_or_else(|| name_of(path));
            named_file(path, place)
        });
        named.chain(listed)
    }

    fn walk_path<'s>(&'s self, path: &'s Path) -> Box<dyn Iterator<Item = WalkEntry> + 's> {
        if path.is_dir() {
            Box::new(self.walk_tree(path))
        } else {
            Box::new(std::iter::once(named_file(path, name_of(path))))
        }
    }

    fn walk_tree<'s>(&'s self, root: &'s Path) -> impl Iterator<Item = WalkEntry> + 's {
        WalkDir::new(root)
            .follow_links(self.follow_links)
            .sort_by_file_name()
            .into_iter()
            .filter_map(move |entry| {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        let path = error.path().unwrap_or(root).to_owned();
                        let error = match error.loop_ancestor() {
                            Some(ancestor) => anyhow!(
                                "the link leads back to {}; it is not followed",
                                ancestor.display()
                            ),
                            None => anyhow::Error::from(
                                error
                                    .into_io_error()
                                    .unwrap_or_else(|| std::io::Error::other("cannot be walked")),
                            ),
                        };
                        return Some(WalkEntry::Failed(path, error));
                    }
                };
                let place = entry.path().strip_prefix(root).ok().and_then(plain)?;
                if entry.file_type().is_dir() || !self.wants(&place) || is_own(&place) {
                    return None;
                }
                if !entry.file_type().is_file() {
                    return Some(WalkEntry::Special);
                }
                let size = entry.metadata().map_or(0, |metadata| metadata.len());
                Some(WalkEntry::File(InputFile {
                    path: entry.into_path(),
                    place,
                    size,
                    ours: false,
                    part: None,
                    slice: None,
                }))
            })
    }

    fn wants(&self, place: &Path) -> bool {
        let matches = |globs: &GlobSet| {
            globs.is_match(place) || place.file_name().is_some_and(|name| globs.is_match(name))
        };
        self.include.as_ref().is_none_or(matches) && !self.exclude.as_ref().is_some_and(matches)
    }
}

/// Whether something in a tree is of dechaff's own making: journals, unfinished outputs, manifests.
fn is_own(place: &Path) -> bool {
    let name = place.file_name().unwrap_or_default();
    let is_part = name.to_string_lossy().starts_with(".dechaff-");
    is_part
        || place.iter().any(|part| part == OWN)
        || (place.components().count() == 1 && is_manifest(name))
}

/// A file that was named by itself; a directory in a list is a mistake.
fn named_file(path: &Path, place: PathBuf) -> WalkEntry {
    let check = || -> Result<u64> {
        let metadata = std::fs::metadata(path).context("cannot be read")?;
        if metadata.is_dir() {
            bail!("is a directory; name it as an argument to clean the files in it");
        }
        if !metadata.is_file() {
            bail!("is a device or pipe; use it as standard input");
        }
        Ok(metadata.len())
    };
    match check() {
        Ok(size) => WalkEntry::File(InputFile {
            path: path.to_owned(),
            place,
            size,
            ours: false,
            part: None,
            slice: None,
        }),
        Err(error) => WalkEntry::Failed(path.to_owned(), error),
    }
}

fn name_of(path: &Path) -> PathBuf {
    path.file_name()
        .map_or_else(|| PathBuf::from("file"), PathBuf::from)
}

/// A relative path of plain names only, so that it cannot lead out of where it is put.
fn plain(path: &Path) -> Option<PathBuf> {
    let plain = path
        .components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        });
    plain
        .collect::<Option<PathBuf>>()
        .filter(|path| !path.as_os_str().is_empty())
}

/// What was read of an input.
#[derive(Debug)]
pub enum Whole {
    /// All of it.
    Read(Vec<u8>),
    /// Its first bytes; there are more than allowed.
    Larger(Vec<u8>),
}

/// Reads a whole input of at most `most` bytes. `size` is what it has on disk, as far as is known.
///
/// # Errors
/// If it cannot be read.
pub fn read_up_to(source: &mut Source<'_>, size: u64, most: u64) -> Result<Whole> {
    use std::io::Read;
    if source.compression == Compression::None && size > most {
        return Ok(Whole::Larger(Vec::new()));
    }
    let mut bytes = Vec::with_capacity(size.min(most) as usize + 1);
    source
        .reader
        .by_ref()
        .take(most + 1)
        .read_to_end(&mut bytes)
        .context("cannot be read")?;
    Ok(if bytes.len() as u64 <= most {
        Whole::Read(bytes)
    } else {
        Whole::Larger(bytes)
    })
}

/// Says why JSON that is not JSON Lines is passed through.
#[must_use]
pub fn other_json() -> String {
    "is JSON, but not an object on each line, and is passed through unchanged; `jq -c .[]` makes JSON Lines of a list".to_owned()
}

/// Reads a list of files, one path a line, or each ended by a NUL.
///
/// # Errors
/// If the list is not valid UTF-8.
pub fn read_list(bytes: Vec<u8>) -> Result<Vec<PathBuf>> {
    let separator = if bytes.contains(&0) { '\0' } else { '\n' };
    let text = String::from_utf8(bytes).context("the list of files is not valid UTF-8")?;
    let lines = text
        .split(separator)
        .map(|line| line.trim_end_matches('\r'))
        .filter(|line| !line.is_empty());
    Ok(lines.map(PathBuf::from).collect())
}

/// Says what is wrong with an input that is no text.
#[must_use]
pub fn complaint(content: &Content) -> Option<String> {
    match content {
        Content::Text(_) => None,
        Content::Binary { utf16: true } => {
            Some("looks like UTF-16; name it with --encoding utf-16le or utf-16be".to_owned())
        }
        Content::Binary { utf16: false } => Some("is binary".to_owned()),
        Content::Invalid { at, .. } => Some(format!(
            "is not valid text at byte {at}; name its encoding with --encoding"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_output() {
        assert_eq!(plain(Path::new("./a/b")), Some(PathBuf::from("a/b")));
        for path in ["../a", "/a", "a/../../b", ""] {
            assert_eq!(plain(Path::new(path)), None, "{path}");
        }
    }
}
