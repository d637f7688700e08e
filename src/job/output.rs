//! Where the output of one input goes, as a value: nowhere, to standard output, or to a staged
//! file. Whoever cleans an input writes to an [`Output`] and finishes it, and so does not depend on
//! the target of the job. Standard output is a writer that the caller supplies, because jobs do not
//! print.

use super::tasks::Task;
use super::{Annotate, Job, JobOptions, Target};
use crate::io::fs;
use crate::io::{
    Checksum, Codec, Compression, Format, PartialFile, Permissions, StagedFile, create_directories,
};
use crate::report::display_path;
use anyhow::{Context, Result, bail};
use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Standard output, or the writer that takes its place. Clones share the writer.
#[derive(Clone)]
pub struct Stdout {
    writer: Arc<Mutex<dyn Write + Send>>,
    is_terminal: bool,
}

impl Stdout {
    /// Creates a standard output that writes to `writer`. With `is_terminal`, outputs are not
    /// compressed unless the options say so, and Parquet is refused.
    pub fn new(writer: impl Write + Send + 'static, is_terminal: bool) -> Self {
        Self {
            writer: Arc::new(Mutex::new(writer)),
            is_terminal,
        }
    }

    /// Writes `bytes` and flushes them, so that a reader sees each part once it is complete.
    ///
    /// # Errors
    /// If the bytes cannot be written, for example to a closed pipe.
    pub fn append(&self, bytes: &[u8]) -> Result<()> {
        let mut writer = self.lock();
        writer
            .write_all(bytes)
            .and_then(|()| writer.flush())
            .context("cannot write to standard output")
    }

    fn lock(&self) -> MutexGuard<'_, dyn Write + Send + 'static> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Stdout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Stdout")
            .field("is_terminal", &self.is_terminal)
            .finish_non_exhaustive()
    }
}

/// The output of one input while it is written.
#[derive(Debug)]
pub(super) enum Output {
    /// Bytes are discarded.
    Nowhere,
    /// Bytes are written to standard output at once.
    Stdout(Stdout),
    /// Bytes are written to a temporary file, which is renamed once it is complete.
    Staged(Box<PartialFile>),
}

impl Output {
    /// Returns whether bytes are discarded, so that an input need not be read to copy it.
    pub(super) fn is_nowhere(&self) -> bool {
        matches!(self, Self::Nowhere)
    }

    /// Returns whether bytes go to a terminal, which cannot show binary formats.
    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Self::Stdout(stdout) if stdout.is_terminal)
    }

    /// Appends `bytes`, for standard output as [`Stdout::append`] does. The error names the output.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Nowhere => Ok(()),
            Self::Stdout(stdout) => stdout.append(bytes),
            Self::Staged(file) => file.append(bytes),
        }
    }

    /// Returns the checksum of a staged output, to which a checkpoint may refer. With `wait`, its
    /// bytes are on the disk then. Returns `None` for outputs that cannot be resumed.
    pub(super) fn sync(&self, wait: bool) -> Result<Option<Checksum>> {
        match self {
            Self::Nowhere | Self::Stdout(_) => Ok(None),
            Self::Staged(file) => file.sync(wait),
        }
    }

    /// Leaves an unfinished staged output on the disk, for a later run to resume.
    pub(super) fn keep_for_resume(self) {
        match self {
            Self::Nowhere | Self::Stdout(_) => {}
            Self::Staged(file) => file.keep_for_resume(),
        }
    }

    /// Completes the output. Returns the staged file, which still has to be renamed, or `None` if
    /// there is none.
    pub(super) fn finish(mut self) -> Result<Option<StagedFile>> {
        self.flush().context("cannot write to standard output")?;
        match self {
            Self::Nowhere | Self::Stdout(_) => Ok(None),
            Self::Staged(file) => file.finish().map(Some),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Nowhere => Ok(bytes.len()),
            Self::Stdout(stdout) => stdout.lock().write(bytes),
            Self::Staged(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Nowhere => Ok(()),
            Self::Stdout(stdout) => stdout.lock().flush(),
            Self::Staged(file) => file.flush(),
        }
    }
}

impl Job<'_> {
    /// Returns the options for an input in `format`. They differ from those of the job if no format of
    /// the output was asked for, and the name that the user chose for it stands for another one.
    ///
    /// # Errors
    /// If the output cannot have the format that its name stands for.
    pub(super) fn options_for(&self, format: Format) -> Result<Cow<'_, JobOptions>> {
        let options = &self.options.format;
        let has_fixed_format = matches!(options.annotate, Some(Annotate::Dolma(_)));
        let Target::File {
            path,
            format: Some(named),
            ..
        } = &self.target
        else {
            return Ok(Cow::Borrowed(self.options));
        };
        if options.target.is_some() || has_fixed_format || *named == format {
            return Ok(Cow::Borrowed(self.options));
        }
        if !named.is_output() {
            bail!(
                "cannot become {}, which the name of {} stands for, as {0} is only read; choose \
                 another name",
                named.name(),
                display_path(path)
            );
        }
        Ok(Cow::Owned(self.options.converting_to(*named)))
    }

    /// Returns how the output of an input with these options is compressed: as they say, else, for a
    /// single output file that the user named, as its name says, else as the input is. Output to a
    /// terminal is not compressed.
    pub(super) fn codec(&self, options: &JobOptions, input: Compression) -> Codec {
        options.format.codec_or(|| {
            Codec::of(match &self.target {
                Target::File {
                    compression: Some(compression),
                    ..
                } => *compression,
                Target::Stdout(stdout) if stdout.is_terminal => Compression::None,
                _ => input,
            })
        })
    }

    /// Returns whether a later run can resume this one, which needs a journal and therefore an
    /// output directory.
    pub(super) fn is_resumable(&self) -> bool {
        matches!(self.target, Target::Directory(_))
    }

    /// Creates the output of a task. A staged output gets the permissions of the input. An existing
    /// output that an earlier run wrote may be replaced. At a checkpoint, the unfinished output of
    /// that run is opened and truncated. Directories are created without following links below the
    /// output directory.
    pub(super) fn create_output(&self, task: &Task) -> Result<Output> {
        let file = &task.file;
        let kept = task
            .checkpoint
            .as_ref()
            .map_or(0, |checkpoint| checkpoint.written.bytes);
        let permissions = match self.inputs.stream {
            Some(_) => None,
            None => fs::metadata(&file.path).ok().map(Permissions::of),
        };
        let (permissions, force) = (permissions.as_ref(), self.options.force);
        let staged = match &self.target {
            Target::Nowhere => return Ok(Output::Nowhere),
            Target::Stdout(stdout) => return Ok(Output::Stdout(stdout.clone())),
            Target::Directory(directory) => {
                let parent = file.output_path.parent().unwrap_or(Path::new(""));
                create_directories(directory, parent)?;
                let target = directory.join(&file.output_path);
                let replace = force || task.owned;
                match &task.part {
                    Some(part) => PartialFile::resumable(part, &target, permissions, replace, kept),
                    None => PartialFile::new(&target, permissions, replace),
                }
            }
            Target::File { path, .. } => PartialFile::new(path, permissions, force),
            // A link stays a link: the file that it leads to is replaced.
            Target::InPlace => {
                let target = fs::canonicalize(&file.path).context("cannot be replaced")?;
                PartialFile::new(&target, permissions, true)
            }
        };
        staged.map(|file| Output::Staged(Box::new(file)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobOptions;
    use crate::job::walk::{InputFile, Inputs};
    use std::fs;
    use std::path::PathBuf;
    use std::sync::atomic::AtomicBool;

    /// Calls `check` with a job that has this target.
    fn with_job(options: &JobOptions, target: Target, check: impl FnOnce(&Job<'_>)) {
        check(&Job {
            options,
            inputs: &Inputs::default(),
            target,
            shard: None,
            stop: &AtomicBool::new(false),
        });
    }

    fn file_target(compression: Option<Compression>) -> Target {
        Target::File {
            path: PathBuf::from("b"),
            compression,
            format: None,
        }
    }

    fn task(path: &Path) -> Task {
        Task::new(InputFile {
            path: path.to_owned(),
            output_path: PathBuf::from("a.txt"),
            size: 0,
            state: None,
        })
    }

    #[test]
    fn options_then_the_name_then_the_input_select_the_compression() {
        let mut options = JobOptions::for_tests();
        for (target, expected) in [
            (file_target(Some(Compression::Zstd)), Compression::Zstd),
            (file_target(Some(Compression::None)), Compression::None),
            (file_target(None), Compression::Gzip),
            (Target::Directory(PathBuf::from("out")), Compression::Gzip),
            (Target::InPlace, Compression::Gzip),
            (
                Target::Stdout(Stdout::new(Vec::new(), true)),
                Compression::None,
            ),
            (
                Target::Stdout(Stdout::new(Vec::new(), false)),
                Compression::Gzip,
            ),
        ] {
            with_job(&options, target, |job| {
                let codec = job.codec(&options, Compression::Gzip);
                assert_eq!(codec, Codec::of(expected), "{:?}", job.target);
            });
        }
        options.format.codec = Some(Codec::of(Compression::None));
        with_job(&options, file_target(Some(Compression::Zstd)), |job| {
            let codec = job.codec(&options, Compression::Gzip);
            assert_eq!(codec, Codec::of(Compression::None));
        });
    }

    #[test]
    fn a_staged_output_has_its_name_once_it_is_committed() {
        let directory = tempfile::tempdir().unwrap();
        let target = Target::Directory(directory.path().join("out"));
        let path = directory.path().join("out/a.txt");
        with_job(&JobOptions::for_tests(), target, |job| {
            let mut task = task(&directory.path().join("a.txt"));
            let mut output = job.create_output(&task).unwrap();
            output.append(b"It rained.\n").unwrap();
            // Without a name for a later run, it cannot be resumed.
            assert_eq!(output.sync(true).unwrap(), None);
            let staged = output.finish().unwrap().unwrap();
            assert!(!path.exists());
            staged.commit().unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"It rained.\n");
            // An existing output is replaced only if an earlier run wrote it.
            assert!(job.create_output(&task).is_err());
            task.owned = true;
            assert!(job.create_output(&task).is_ok());
        });
    }

    #[test]
    fn an_output_nowhere_or_to_a_stream_has_no_file() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let stdout = Stdout {
            writer: written.clone(),
            is_terminal: false,
        };
        for target in [Target::Nowhere, Target::Stdout(stdout)] {
            with_job(&JobOptions::for_tests(), target, |job| {
                let mut output = job.create_output(&task(Path::new("-"))).unwrap();
                output.append(b"It rained.\n").unwrap();
                assert_eq!(output.sync(true).unwrap(), None);
                assert!(output.finish().unwrap().is_none());
            });
        }
        assert_eq!(*written.lock().unwrap(), b"It rained.\n");
    }
}
