//! Restores sources from cleaned files and their removal records. A source is put together from
//! the bytes that were kept, in the cleaned file, and the removed ones, in the record, each at the
//! offset that the record says. Files are restored in chunks, so memory does not grow with them.
//!
//! The record says what the source and the cleaned text of each file are. A file is read once
//! before anything is written, to find out which of the two it is, and what is restored is compared
//! with the source before it replaces anything. So restoring can be interrupted and repeated.

mod source;

use super::root::Root;
use super::tables::{check_table, restore_table};
use super::walk::{Inputs, WalkEntry};
use crate::io::fs::{self, File};
use crate::io::{
    Checksum, Compression, FileId, PartialFile, Permissions, Source, StagedFile, commit_all,
    directory_of, remove_abandoned_in,
};
use crate::report::{
    ContentHash, PartCheck, Record, RecordLine, parse_record_path, read_lines, record_path,
};
use anyhow::{Context, Error, Result, bail};
use rustc_hash::FxHashSet;
use source::restore_source;
use std::ffi::OsStr;
use std::io::{self, BufReader, Read, Seek};
use std::iter::Peekable;
use std::path::{Component, Path, PathBuf};

/// Bytes that are collected before they are compressed and written.
const CHUNK: usize = 1 << 20;
/// Number of restored files that wait for the disk together.
const SYNC_FILES: usize = 256;

/// What a removal record says about one file.
#[derive(Debug, Default)]
struct Document {
    /// The path of the file, as the record writes it.
    path: String,
    /// The number of lines of the record.
    lines: usize,
    /// The number of lines that are removals.
    removals: usize,
    /// The parts of the source.
    source: Vec<ContentHash>,
    /// The parts of the cleaned text.
    cleaned: Vec<ContentHash>,
    /// The columns of a table.
    columns: Vec<String>,
    /// The columns that the run added to a table.
    added_columns: Vec<String>,
    /// Whether the run finished the file.
    complete: bool,
}

/// What a file is, compared with its removal record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The cleaned text.
    Cleaned,
    /// The source.
    Source,
    /// Neither.
    Other,
}

/// Where the files are that a removal record names, and where their sources go.
#[derive(Clone, Copy, Debug)]
pub enum RestoreTarget<'p> {
    /// Each file is where the record says, below this root, and is replaced.
    Recorded(&'p Root),
    /// The files are in this directory, and are replaced.
    Directory(&'p Path),
    /// The files are in the first directory, and their sources go to the second one. Existing files
    /// there are replaced if the third value is set. Files that the record does not name, because
    /// nothing was removed from them, are copied.
    Copy(&'p Path, &'p Path, bool),
    /// Only this file is replaced.
    File(&'p Path),
}

/// The result of restoring many files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Restored {
    /// Files that were restored.
    pub restored: usize,
    /// Files that were the source already.
    pub already: usize,
    /// Files that the run which wrote the record had not replaced when it was interrupted.
    pub unfinished: usize,
    /// Files that could not be restored.
    pub failed: usize,
}

/// Restores the file `cleaned`, or standard input if it is `-`, and passes the bytes of the source
/// to `write`, compressed as the cleaned file is. A file that is the source already is copied.
/// `path` is the name of the file in the removal record. Without it, the record must name one file
/// only, or `cleaned`, or exactly one file with the same file name.
///
/// # Errors
/// If a file cannot be read, the record names several files and none of them is meant, the file is
/// neither the cleaned text nor the source that the record describes, or `write` fails.
pub fn restore_one(
    cleaned: &Path,
    record: &Path,
    path: Option<&Path>,
    write: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let path = match path {
        Some(path) => Some(record_path(path).into_owned()),
        None => find_path(cleaned, record)?,
    };
    let file = if cleaned == Path::new("-") {
        let mut copy = fs::create_unnamed().context("cannot create a temporary file")?;
        io::copy(&mut io::stdin(), &mut copy).context("cannot read standard input")?;
        copy
    } else {
        File::open(cleaned).with_context(|| format!("cannot read {}", cleaned.display()))?
    };
    let mut document = Document::default();
    for line in lines_of(record, path.as_ref())? {
        document.add(line?);
    }
    let state = if document.lines == 0 {
        State::Source
    } else {
        document.check_restorable()?;
        document.compare(cleaned, &file)?
    };
    match state {
        State::Cleaned => {
            let mut lines = lines_of(record, path.as_ref())?;
            document.restore(open(cleaned, &file)?, &file, &mut lines, write)
        }
        State::Source => copy_chunks(&mut from_start(&file)?, write),
        State::Other => bail!("{} {}", cleaned.display(), document.other_file()),
    }
}

/// Restores the file `cleaned`, which is called `name`, from the removal record `record`. All of
/// them are in memory. A file that is the source already is returned as it is.
///
/// # Errors
/// As for files on disk.
#[cfg(any(test, feature = "fuzzing"))]
pub fn restore_bytes(name: &Path, cleaned: &[u8], record: &[u8]) -> Result<Vec<u8>> {
    let mut document = Document::default();
    for line in read_lines(record) {
        document.add(line?);
    }
    if document.lines == 0 {
        return Ok(cleaned.to_owned());
    }
    document.check_restorable()?;
    let mut checks = [
        PartCheck::new(&document.source),
        PartCheck::new(&document.cleaned),
    ];
    checks.iter_mut().for_each(|check| check.add(cleaned));
    if checks[0].is_whole() {
        return Ok(cleaned.to_owned());
    }
    if !checks[1].is_whole() {
        return Err(document.other_file());
    }
    let mut check = PartCheck::new(&document.source);
    let mut restored = Vec::new();
    restore_source(
        Source::new(name, cleaned, None)?,
        &mut read_lines(record),
        &mut check,
        &mut |chunk| {
            restored.extend_from_slice(chunk);
            Ok(())
        },
    )?;
    document.check_restored(&check)?;
    Ok(restored)
}

/// Restores all files that the removal record names. Each is replaced atomically; files that are
/// the source already are left alone. A file that cannot be restored is passed to `report`, and the
/// others are restored all the same. With `sync`, everything is on the disk at the end.
///
/// # Errors
/// If the record cannot be read, or a line of it is invalid. The files before it are restored.
pub fn restore_files(
    record: &Path,
    target: RestoreTarget<'_>,
    sync: bool,
    report: &mut dyn FnMut(&Path, &Error),
) -> Result<Restored> {
    let mut restorer = FilesRestorer {
        record,
        target,
        sync,
        staged: Vec::new(),
        seen: FxHashSet::default(),
        tidied: FxHashSet::default(),
        restored: Restored::default(),
        report,
    };
    let only = match target {
        RestoreTarget::File(path) => find_path(path, record)?,
        _ => None,
    };
    // One reader is a file ahead of the other, as the parts of a file follow its removals.
    let mut ahead = lines_of(record, only.as_ref())?.peekable();
    let mut lines = lines_of(record, only.as_ref())?;
    let outcome = loop {
        match Document::read(&mut ahead) {
            Ok(Some(document)) => restorer.add(&document, &mut lines),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    restorer.commit();
    outcome?;
    restorer.copy_others();
    restorer.commit();
    Ok(restorer.restored)
}

/// Restores files one after the other.
struct FilesRestorer<'r> {
    record: &'r Path,
    target: RestoreTarget<'r>,
    sync: bool,
    /// Restored files that do not have their final names yet, each with the path to report.
    staged: Vec<(PathBuf, StagedFile)>,
    /// Paths below the directory that the record named, or may have named.
    seen: FxHashSet<PathBuf>,
    /// Directories without temporary files of killed processes.
    tidied: FxHashSet<PathBuf>,
    restored: Restored,
    report: &'r mut dyn FnMut(&Path, &Error),
}

impl FilesRestorer<'_> {
    /// Restores the file of `document`, whose lines are the next ones of `lines`.
    fn add(&mut self, document: &Document, lines: &mut dyn Iterator<Item = Result<RecordLine>>) {
        let mut lines = lines.take(document.lines);
        let path = parse_record_path(&document.path);
        match self.restore(&path, document, &mut lines) {
            Ok(Some(staged)) => self.staged.push((path, staged)),
            Ok(None) => {}
            Err(error) => self.fail(&path, &error),
        }
        lines.for_each(drop);
        if self.staged.len() >= SYNC_FILES {
            self.commit();
        }
    }

    fn fail(&mut self, path: &Path, error: &Error) {
        self.restored.failed += 1;
        (self.report)(path, error);
    }

    /// Gives the restored files their final names.
    fn commit(&mut self) {
        let (paths, staged): (Vec<_>, Vec<_>) = self.staged.drain(..).unzip();
        for (path, committed) in paths.iter().zip(commit_all(staged, self.sync)) {
            match committed {
                Ok(()) => self.restored.restored += 1,
                Err(error) => self.fail(path, &error),
            }
        }
    }

    /// Restores the file that the record calls `path`. Returns `None` if it is left alone.
    fn restore(
        &mut self,
        path: &Path,
        document: &Document,
        lines: &mut dyn Iterator<Item = Result<RecordLine>>,
    ) -> Result<Option<StagedFile>> {
        let from = match self.target {
            RestoreTarget::Recorded(root) => root.file(path)?,
            RestoreTarget::File(file) => file.to_owned(),
            RestoreTarget::Directory(directory) | RestoreTarget::Copy(directory, ..) => {
                let relative = match find_below(directory, path) {
                    Ok(Some(relative)) => relative,
                    missing => {
                        // Whatever file it is, the record names it, so it is not copied.
                        self.seen.extend(ends_of(path));
                        missing?;
                        bail!("there is no such file in {}", directory.display());
                    }
                };
                self.seen.insert(relative.clone());
                Root::new(Some(directory))?.file(&relative)?;
                directory.join(relative)
            }
        };
        let target = match self.target {
            RestoreTarget::Copy(directory, target, _) => target.join(from.strip_prefix(directory)?),
            // A link stays a link: the file that it leads to is replaced.
            _ => fs::canonicalize(&from).context("cannot be opened")?,
        };
        if self.tidied.insert(directory_of(&target).to_owned()) {
            remove_abandoned_in(directory_of(&target));
        }
        if FileId::of(&from)? == FileId::of(self.record)? {
            bail!("is the removal record itself");
        }
        let file = File::open(&from).context("cannot be read")?;
        if !document.complete {
            if !document.may_be_source(&from, &file, lines)? {
                bail!("is not the source, and the record ends within the file; it is left alone");
            }
            self.restored.unfinished += 1;
            return self.copy(&from);
        }
        document.check_restorable()?;
        match document.compare(&from, &file)? {
            State::Source => {
                self.restored.already += 1;
                return self.copy(&from);
            }
            State::Other => return Err(document.other_file()),
            State::Cleaned => {}
        }
        let permissions = Permissions::of(fs::metadata(&from).context("cannot be read")?);
        let mut output = match self.target {
            RestoreTarget::Copy(.., force) => {
                if let Ok(existing) = File::open(&target)
                    && document.compare(&target, &existing)? == State::Source
                {
                    self.restored.already += 1;
                    return Ok(None);
                }
                PartialFile::new(&target, Some(&permissions), force)?
            }
            _ => PartialFile::new(&target, Some(&permissions), true)?,
        };
        document.restore(open(&from, &file)?, &file, lines, &mut |chunk| {
            output.append(chunk)
        })?;
        output.finish().map(Some)
    }

    /// Copies the file `from` as it is, if files are restored into another directory and it is not
    /// there yet.
    fn copy(&self, from: &Path) -> Result<Option<StagedFile>> {
        let RestoreTarget::Copy(directory, target, force) = self.target else {
            return Ok(None);
        };
        let target = target.join(from.strip_prefix(directory)?);
        if fs::is_file(&target)? && Checksum::of(&target)? == Checksum::of(from)? {
            return Ok(None);
        }
        let permissions = Permissions::of(fs::metadata(from).context("cannot be read")?);
        let mut content = File::open(from).context("cannot be read")?;
        StagedFile::write(&target, &mut content, Some(&permissions), force).map(Some)
    }

    /// Copies the files that the record does not name, if files are restored into another
    /// directory.
    fn copy_others(&mut self) {
        let RestoreTarget::Copy(directory, ..) = self.target else {
            return;
        };
        let inputs = Inputs {
            paths: vec![directory.to_owned()],
            ..Inputs::default()
        };
        for entry in inputs.walk() {
            match entry {
                WalkEntry::File(file) if self.seen.contains(&file.output_path) => {}
                WalkEntry::File(file) => match self.copy(&file.path) {
                    Ok(Some(staged)) => {
                        if let [Err(error)] = commit_all(vec![staged], self.sync).as_slice() {
                            self.fail(&file.path, error);
                        }
                    }
                    Ok(None) => {}
                    Err(error) => self.fail(&file.path, &error),
                },
                WalkEntry::Special | WalkEntry::Own(_) => {}
                WalkEntry::Failed(path, error) => self.fail(&path, &error),
            }
        }
    }
}

impl Document {
    /// Reads the lines of the next file, which are those at the front with the same path. Returns
    /// `None` at the end of the record.
    fn read(
        lines: &mut Peekable<impl Iterator<Item = Result<RecordLine>>>,
    ) -> Result<Option<Self>> {
        let Some(first) = lines.next() else {
            return Ok(None);
        };
        let mut document = Self::default();
        document.add(first?);
        while let Some(line) = lines.next_if(|line| {
            line.as_ref()
                .map_or(true, |line| line.path() == document.path)
        }) {
            document.add(line?);
        }
        Ok(Some(document))
    }

    /// Adds the next line of the file.
    fn add(&mut self, line: RecordLine) {
        self.lines += 1;
        match line {
            RecordLine::Removal(record) => {
                self.removals += 1;
                self.complete = false;
                self.path = record.path;
            }
            RecordLine::Addition(addition) => {
                self.complete = false;
                self.path = addition.path;
            }
            RecordLine::Part(part) => {
                self.complete = part.complete;
                self.path = part.path;
                self.source.extend(part.source);
                self.cleaned.extend(part.cleaned);
                self.added_columns.extend(part.added_columns);
                if let Some(field) = part.field
                    && !self.columns.contains(&field)
                {
                    self.columns.push(field);
                }
            }
        }
    }

    /// Checks that the record says what the file was and is.
    fn check_restorable(&self) -> Result<()> {
        // A complete document without parts is empty.
        if !self.complete {
            bail!(
                "the removal record does not say what the source of {} was: the run was \
                 interrupted, or it wrote another format",
                self.path
            );
        }
        Ok(())
    }

    /// Compares `file`, which was opened from `path`, with the source and the cleaned text.
    fn compare(&self, path: &Path, file: &File) -> Result<State> {
        let mut checks = [PartCheck::new(&self.source), PartCheck::new(&self.cleaned)];
        self.check(path, file, &mut checks)?;
        let [source, cleaned] = checks;
        Ok(if source.is_whole() {
            State::Source
        } else if cleaned.is_whole() {
            State::Cleaned
        } else {
            State::Other
        })
    }

    /// Adds the content of `file`, which was opened from `path`, to `checks`. A file that cannot be
    /// read, because it is compressed and damaged or no table any more, is neither of what they
    /// describe; its content ends at the damage.
    fn check(&self, path: &Path, file: &File, checks: &mut [PartCheck<'_>]) -> Result<()> {
        let mut source = open(path, file)?;
        if source.format.is_table() {
            let columns = self.columns.clone();
            // A table without texts has no parts.
            if columns.is_empty() {
                return Ok(());
            }
            return check_table(from_start(file)?, columns, checks);
        }
        let mut chunk = vec![0; CHUNK];
        loop {
            let length = source.reader.read(&mut chunk).context("cannot be read")?;
            if length == 0 {
                return Ok(());
            }
            for check in &mut *checks {
                check.add(&chunk[..length]);
            }
        }
    }

    /// Returns whether `file` may be the source, although the record ends within it: it begins with
    /// the parts that the record describes and, unless it is a table, has all removed spans.
    fn may_be_source(
        &self,
        path: &Path,
        file: &File,
        lines: &mut dyn Iterator<Item = Result<RecordLine>>,
    ) -> Result<bool> {
        let mut checks = [PartCheck::new(&self.source)];
        self.check(path, file, &mut checks)?;
        if !checks[0].is_prefix() {
            return Ok(false);
        }
        let mut source = open(path, file)?;
        if source.format.is_table() {
            return Ok(true);
        }
        let mut at = 0;
        for removal in lines.filter_map(removal) {
            let removal = removal?;
            let (start, bytes) = (removal.start as u64, removal.source_bytes()?);
            let Some(skipped) = start.checked_sub(at) else {
                return Ok(false);
            };
            io::copy(&mut source.reader.by_ref().take(skipped), &mut io::sink())?;
            let mut found = Vec::new();
            source
                .reader
                .by_ref()
                .take(bytes.len() as u64)
                .read_to_end(&mut found)?;
            if found != bytes {
                return Ok(false);
            }
            at = start + bytes.len() as u64;
        }
        Ok(true)
    }

    /// Returns the error for a file that is neither the source nor the cleaned text.
    fn other_file(&self) -> Error {
        anyhow::anyhow!(
            "is neither the cleaned text nor the source of {} in the removal record; it may have \
             changed since, or the record is that of another run",
            self.path
        )
    }

    /// Restores `cleaned`, which was opened from `file`, and passes the source to `write`.
    fn restore(
        &self,
        cleaned: Source<'_>,
        file: &File,
        lines: &mut dyn Iterator<Item = Result<RecordLine>>,
        write: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut check = PartCheck::new(&self.source);
        if cleaned.format.is_table() {
            // A table is written to a `Write` that threads can share, which `write` is not.
            let mut restored = fs::create_unnamed().context("cannot create a temporary file")?;
            restore_table(
                from_start(file)?,
                self.columns.clone(),
                &self.added_columns,
                &mut lines.filter_map(removal),
                &mut check,
                &mut restored,
            )?;
            self.check_restored(&check)?;
            return copy_chunks(&mut from_start(&restored)?, write);
        }
        restore_source(cleaned, lines, &mut check, write)?;
        self.check_restored(&check)
    }

    fn check_restored(&self, check: &PartCheck<'_>) -> Result<()> {
        if !check.is_whole() {
            bail!(
                "what is restored is not the source of {} that the removal record describes; the \
                 record is damaged",
                self.path
            );
        }
        Ok(())
    }
}

/// Opens the content of `file`, which was opened from `path`, from its start.
fn open(path: &Path, file: &File) -> Result<Source<'static>> {
    Source::new(path, from_start(file)?, None)
}

/// Returns another handle of `file`, at its start. Only one handle may be in use.
fn from_start(file: &File) -> Result<File> {
    let mut file = file.try_clone().context("cannot be read")?;
    file.rewind().context("cannot be read twice")?;
    Ok(file)
}

/// Passes all bytes of `file` to `write`.
fn copy_chunks(file: &mut File, write: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk).context("cannot be read")? {
            0 => return Ok(()),
            length => write(&chunk[..length])?,
        }
    }
}

/// Returns the file that the record calls `path` as a path below `directory`: the longest end of
/// `path` that is a file there, perhaps with another extension for its compression. `None` if there
/// is none.
///
/// # Errors
/// If it is unknown whether one of them is a file.
fn find_below(directory: &Path, path: &Path) -> Result<Option<PathBuf>> {
    for end in ends_of(path) {
        if fs::is_file(&directory.join(&end))? {
            return Ok(Some(end));
        }
    }
    Ok(None)
}

/// Returns the ends of `path` after its last `..`, the longest first, each with all extensions for
/// compressions.
fn ends_of(path: &Path) -> Vec<PathBuf> {
    let mut names = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => names.push(name),
            Component::ParentDir => names.clear(),
            _ => {}
        }
    }
    (0..names.len())
        .map(|at| names[at..].iter().collect::<PathBuf>())
        .flat_map(compressed_paths)
        .collect()
}

/// Returns `path` and then the paths that a run with `--compress` may write instead of it.
fn compressed_paths(path: PathBuf) -> impl Iterator<Item = PathBuf> {
    let name = path.file_name().and_then(OsStr::to_str);
    let name = name.map(|name| Compression::of_name(name).1.to_owned());
    let others: Vec<PathBuf> = [Compression::None, Compression::Gzip, Compression::Zstd]
        .into_iter()
        .filter_map(|compression| {
            let name = format!("{}{}", name.as_ref()?, compression.extension());
            Some(path.with_file_name(name)).filter(|other| *other != path)
        })
        .collect();
    std::iter::once(path).chain(others)
}

/// Reads the lines of a removal record, or only those of the file that it calls `path`.
fn lines_of(
    record: &Path,
    path: Option<&String>,
) -> Result<impl Iterator<Item = Result<RecordLine>>> {
    let file = File::open(record)
        .with_context(|| format!("cannot read the removal record {}", record.display()))?;
    let name = record.display().to_string();
    let path = path.cloned();
    Ok(read_lines(BufReader::new(file))
        .map(move |line| line.with_context(|| name.clone()))
        .filter(move |line| {
            line.as_ref().map_or(true, |line| {
                path.as_ref().is_none_or(|path| line.path() == path)
            })
        }))
}

/// Returns the removal in a line, or `None` for a line that is none.
pub(super) fn removal(line: Result<RecordLine>) -> Option<Result<Record>> {
    match line {
        Ok(RecordLine::Removal(record)) => Some(Ok(*record)),
        Ok(RecordLine::Part(_) | RecordLine::Addition(_)) => None,
        Err(error) => Some(Err(error)),
    }
}

/// Returns the path in the record that means the file `cleaned`: the only one, or the equal one, or
/// the only one with the same file name, perhaps compressed otherwise. `None` if the record is empty, as nothing was removed.
fn find_path(cleaned: &Path, record: &Path) -> Result<Option<String>> {
    let mut paths: Vec<String> = Vec::new();
    for line in lines_of(record, None)? {
        let line = line?;
        if paths.last().map(String::as_str) != Some(line.path()) {
            paths.push(line.path().to_owned());
        }
    }
    if paths.len() <= 1 {
        return Ok(paths.pop());
    }
    if let Some(path) = paths.iter().find(|path| parse_record_path(path) == cleaned) {
        return Ok(Some(path.clone()));
    }
    for name in compressed_paths(cleaned.file_name().unwrap_or_default().into()) {
        let mut same_name = paths
            .iter()
            .filter(|path| parse_record_path(path).file_name() == Some(name.as_os_str()));
        match (same_name.next(), same_name.next()) {
            (Some(path), None) => return Ok(Some(path.clone())),
            (Some(_), Some(_)) => break,
            (None, _) => {}
        }
    }
    bail!(
        "the record names {} files; say with --path which one {} is",
        paths.len(),
        cleaned.display()
    )
}
