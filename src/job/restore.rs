//! Puts removed text back, from cleaned files and the record of what was removed from them.

use crate::io::{Pending, Permissions};
use crate::report::{Record, read_records};
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// Restores one text. `path` names it as the record does; without it, the record must hold one path only, or one that
/// is `cleaned` or the only one to end in its file name.
///
/// # Errors
/// If the record cannot be read, names several files none of which is meant, or does not fit.
pub fn restore_one(cleaned: &Path, record: &Path, path: Option<&str>) -> Result<Vec<u8>> {
    let bytes = if cleaned == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
        bytes
    } else {
        fs::read(cleaned).with_context(|| format!("cannot read {}", cleaned.display()))?
    };
    let path = match path {
        Some(path) => Some(path.to_owned()),
        None => meant(cleaned, record)?,
    };
    let mut records = Vec::new();
    for entry in open(record)? {
        let entry = entry?;
        if Some(&entry.path) == path.as_ref() {
            records.push(entry);
        }
    }
    put_back(&bytes, &records)
}

/// Restores in place every file that the record names. Gives the number of files.
///
/// # Errors
/// At the first file that cannot be restored; those before it are.
pub fn restore_in_place(record: &Path) -> Result<usize> {
    let mut files = 0;
    let mut group: Vec<Record> = Vec::new();
    let mut finish = |group: &mut Vec<Record>| -> Result<()> {
        let Some(first) = group.first() else { return Ok(()) };
        let path = PathBuf::from(&first.path);
        let restore = || -> Result<()> {
            let source = put_back(&fs::read(&path)?, group)?;
            let permissions = Permissions::of(fs::metadata(&path)?);
            Pending::write(&fs::canonicalize(&path)?, &mut source.as_slice(), Some(&permissions), true)?.commit()
        };
        restore().with_context(|| format!("cannot restore {}", path.display()))?;
        files += 1;
        group.clear();
        Ok(())
    };
    for entry in open(record)? {
        let entry = entry?;
        if group.first().is_some_and(|first| first.path != entry.path) {
            finish(&mut group)?;
        }
        group.push(entry);
    }
    finish(&mut group)?;
    Ok(files)
}

fn open(record: &Path) -> Result<impl Iterator<Item = Result<Record>>> {
    let file = File::open(record).with_context(|| format!("cannot read the removal record {}", record.display()))?;
    Ok(read_records(BufReader::new(file)))
}

/// Which path of the record a cleaned file is; none if the record is empty, as nothing was removed.
fn meant(cleaned: &Path, record: &Path) -> Result<Option<String>> {
    let mut paths: Vec<String> = Vec::new();
    for entry in open(record)? {
        let path = entry?.path;
        if paths.last() != Some(&path) {
            paths.push(path);
        }
    }
    paths.dedup();
    if paths.len() <= 1 {
        return Ok(paths.pop());
    }
    if let Some(own) = paths.iter().find(|path| Path::new(path) == cleaned) {
        return Ok(Some(own.clone()));
    }
    let alike: Vec<&String> = paths.iter().filter(|path| Path::new(path).file_name() == cleaned.file_name()).collect();
    match alike.as_slice() {
        [one] => Ok(Some((*one).clone())),
        _ => bail!("the record names {} files; say with --path which one {} is", paths.len(), cleaned.display()),
    }
}

fn put_back(cleaned: &[u8], records: &[Record]) -> Result<Vec<u8>> {
    let removed: Vec<(usize, Vec<u8>)> = records.iter().map(|record| Ok((record.start, record.source_bytes()?))).collect::<Result<_>>()?;
    Ok(crate::restore(cleaned, removed.iter().map(|(start, bytes)| (*start, bytes.as_slice())))?)
}
