//! Where the output of one input goes, as a value: nowhere, to standard output, or to a staged
//! file. Whoever cleans an input writes to an [`Output`] and finishes it, and so does not depend on
//! the target of the job. Standard output is a writer that the caller supplies, because jobs do not
//! print.

use super::walk::InputFile;
use super::{Job, Target};
use crate::io::{Codec, Compression, PartialFile, Permissions, StagedFile};
use anyhow::{Context, Result};
use std::fmt;
use std::fs;
use std::io::{self, Write};
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

    /// Waits until a staged output is on the disk and returns its length, to which a checkpoint may
    /// refer. Returns `None` for other outputs, which cannot be resumed.
    pub(super) fn sync(&self) -> Result<Option<u64>> {
        match self {
            Self::Nowhere | Self::Stdout(_) => Ok(None),
            Self::Staged(file) => file.sync().map(Some),
        }
    }

    /// Leaves an unfinished staged output on the disk, for a later run to resume.
    pub(super) fn keep_for_resume(self) -> Result<()> {
        match self {
            Self::Nowhere | Self::Stdout(_) => Ok(()),
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
    /// Returns how an output is compressed: as the options say, else, for a single output file, as
    /// its name says, else as the input is. Output to a terminal is not compressed.
    pub(super) fn codec(&self, input: Compression) -> Codec {
        self.options.format.codec_or(|| {
            Codec::of(match &self.target {
                Target::File(file) => Compression::of_name(&file.to_string_lossy()).0,
                Target::Stdout(stdout) if stdout.is_terminal => Compression::None,
                Target::Nowhere | Target::Stdout(_) | Target::Directory(_) | Target::InPlace => {
                    input
                }
            })
        })
    }

    /// Returns whether a later run can resume this one, which needs a journal and therefore an
    /// output directory.
    pub(super) fn is_resumable(&self) -> bool {
        matches!(self.target, Target::Directory(_))
    }

    /// Creates the output of `file`. A staged output gets the permissions of the input. `owned`
    /// says that an earlier run wrote an existing output, which may thus be replaced. If `kept` is
    /// not 0, the unfinished output of that run is opened and truncated to its first `kept` bytes.
    pub(super) fn create_output(&self, file: &InputFile, owned: bool, kept: u64) -> Result<Output> {
        let permissions = match self.inputs.stream {
            Some(_) => None,
            None => fs::metadata(&file.path).ok().map(Permissions::of),
        };
        let (permissions, force) = (permissions.as_ref(), self.options.force);
        let staged = match &self.target {
            Target::Nowhere => return Ok(Output::Nowhere),
            Target::Stdout(stdout) => return Ok(Output::Stdout(stdout.clone())),
            Target::Directory(directory) => {
                let target = directory.join(&file.output_path);
                PartialFile::resumable(&target, permissions, force || owned, kept)
            }
            Target::File(target) => PartialFile::new(target, permissions, force),
            // A link stays a link: the file that it leads to is replaced.
            Target::InPlace => {
                let target = fs::canonicalize(&file.path).context("cannot be replaced")?;
                PartialFile::new(&target, permissions, true)
            }
        };
        staged.map(|file| Output::Staged(Box::new(file)))
    }
}
