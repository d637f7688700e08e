//! Where the outputs and reports of a job may be: the name of an output, and the checks that nothing
//! overwrites an input, another output, or is found as an input.

use super::walk::InputFile;
use super::{Job, Target};
use crate::io::fs;
use crate::io::{Codec, Compression, FileId, Format};
use anyhow::{Context, Error, Result, anyhow, bail};
use rustc_hash::FxHashSet;
use std::path::{Path, PathBuf};

impl Job<'_> {
    /// Returns `output_path` with the extensions of the output's format and compression, if these
    /// are given as options and outputs go to a directory. A table keeps its name unless it is
    /// converted, as it is compressed inside.
    pub(super) fn renamed(&self, output_path: &Path) -> PathBuf {
        let options = &self.options.format;
        if !matches!(self.target, Target::Directory(_))
            || (options.target.is_none() && options.codec.is_none())
        {
            return output_path.to_owned();
        }
        let name = output_path.file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let (compression, uncompressed) = Compression::of_name(&name);
        if options.target.is_none() && Format::from_path(output_path).is_some_and(Format::is_table)
        {
            return output_path.to_owned();
        }
        let codec = options.codec_or(|| Codec::of(compression));
        let converted = options.target.map(|target| {
            let stem = Format::strip_extensions(uncompressed);
            format!("{stem}.{}", target.extension())
        });
        output_path.with_file_name(format!(
            "{}{}",
            converted.as_deref().unwrap_or(uncompressed),
            codec.compression.extension()
        ))
    }

    /// Returns an error if `file` is the same file as an earlier input and cleaned in place.
    /// Otherwise adds it to `replaced`. Skips the comparison in a single tree without links, whose
    /// files must differ.
    pub(super) fn repeated(
        &self,
        file: &InputFile,
        replaced: &mut FxHashSet<PathBuf>,
    ) -> Option<Error> {
        let may_repeat = self.inputs.paths.len() + self.inputs.listed.len() > 1;
        if !matches!(self.target, Target::InPlace) || !(may_repeat || self.inputs.follow_links) {
            return None;
        }
        let real = fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone());
        (!replaced.insert(real))
            .then(|| anyhow!("is the same file as another input; it is cleaned once"))
    }

    /// Refuses to write reports into an input directory, where the walk would find them as inputs.
    /// Directories are compared by identity.
    ///
    /// # Errors
    /// If one of the reports lies in a directory that is to be cleaned.
    pub fn check_reports<'p>(&self, reports: impl Iterator<Item = &'p PathBuf>) -> Result<()> {
        for report in reports {
            let path = absolute(report)?;
            for input in &self.inputs.paths {
                if fs::is_directory(input)? && path_below(&path, input)?.is_some() {
                    bail!(
                        "{} lies inside the input {}; choose a path outside of it",
                        report.display(),
                        input.display()
                    );
                }
            }
        }
        Ok(())
    }

    /// Refuses an output directory that is an input directory or lies in one, where the walk would
    /// find outputs as inputs, and an output directory that exists as a file.
    ///
    /// # Errors
    /// If the output directory is refused.
    pub fn check_target(&self) -> Result<()> {
        let Target::Directory(output) = &self.target else {
            return Ok(());
        };
        if fs::look(output)?.is_some_and(|metadata| !metadata.is_dir()) {
            bail!(
                "--output {} is a file, and several files need a directory",
                output.display()
            );
        }
        for input in &self.inputs.paths {
            if !fs::is_directory(input)? {
                continue;
            }
            let id = FileId::of_directory(output)?;
            if absolute(output)? == absolute(input)?
                || id.is_some() && FileId::of_directory(input)? == id
            {
                bail!(
                    "--output is the input directory {}; use --in-place to change files where \
                     they are",
                    input.display()
                );
            }
            if path_below(&absolute(output)?, input)?.is_some() {
                bail!(
                    "--output {} lies inside the input {}; choose a directory outside of it",
                    output.display(),
                    input.display()
                );
            }
        }
        Ok(())
    }
}

/// Returns what is left of the absolute `path`, which may not exist yet, below `directory`. Returns
/// `None` if it is elsewhere.
///
/// # Errors
/// If a directory cannot be looked at.
pub(super) fn path_below<'p>(path: &'p Path, directory: &Path) -> Result<Option<&'p Path>> {
    if let Ok(below) = path.strip_prefix(absolute(directory)?) {
        return Ok(Some(below));
    }
    let Some(id) = FileId::of_directory(directory)? else {
        return Ok(None);
    };
    for above in path.ancestors() {
        if FileId::of_directory(above)? == Some(id) {
            return Ok(path.strip_prefix(above).ok());
        }
    }
    Ok(None)
}

/// Returns `path` as an absolute path. Links are resolved in the longest part of it that exists,
/// as an output usually does not exist yet.
///
/// # Errors
/// If links cannot be resolved.
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in path.ancestors() {
        match (fs::canonicalize(ancestor), path.strip_prefix(ancestor)) {
            (Ok(real), Ok(rest)) => return Ok(real.join(rest)),
            (Err(error), _) if !fs::is_absence(&error) => {
                return Err(error).with_context(|| format!("cannot look at {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(path)
}
