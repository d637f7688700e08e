//! The journal of a run into a directory: which inputs are done, and checkpoints of large inputs,
//! so that an interrupted or killed run can be resumed. It is a JSON Lines file in `.dechaff/` of
//! the output directory, one per shard, and is locked while the run lasts. An entry for an input
//! is valid as long as the input keeps its size and modification time. Unfinished outputs are in
//! `.dechaff/` too, so that a run finds those of a killed one without a walk.
//!
//! A run that cleaned one file, was interrupted in a second one and was then resumed leaves:
//!
//! ```text
//! {"plan":{…}}                            what the run does; another plan cannot resume it
//! {"ours":["a.txt"]}                      about to rename a staged file to a.txt
//! {"done":{"place":"a.txt",…}}            a.txt is finished
//! {"part":{"place":"b.jsonl",…}}          b.jsonl is finished up to a record
//! {"ours":["b.jsonl"]}                    from the resumed run
//! {"done":{"place":"b.jsonl",…}}
//! {"failed":{"place":"c.txt",…}}          c.txt has no lines in the reports
//! {"kept":2}                              if a run discards what follows the first two done inputs
//! "end"                                   the manifest was written
//! ```
//!
//! A line that a crash cut short is ignored, with everything after it.

mod entry;
mod known;
mod lock;

pub use self::entry::{Checkpoint, Lengths};

use self::entry::{FailedInput, Finished, Input, JournalEntry};
use self::known::{Entries, packed, shared};
use self::lock::lock;
use super::batch::BatchStats;
use super::manifest::{Manifest, ManifestFile, Plan, STATE_DIR};
use super::shard::Shard;
use super::walk::InputFile;
use crate::io::fs::{self, File};
use crate::io::{
    Checksum, DirectorySync, FileState, PartialFile, Start, create_directories, hash_path,
    open_own_file, sync_file,
};
use crate::report::{Stats, parse_record_path, record_path};
use anyhow::{Context, Result, bail};
use rustc_hash::FxHashSet;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the journal knows about an input.
#[derive(Debug)]
pub enum ResumeState {
    /// Nothing, or nothing that can be used.
    New,
    /// The input is finished, with these statistics.
    Done(Box<Stats>),
    /// The input is finished up to this checkpoint.
    Checkpoint(Box<Checkpoint>),
    /// The input failed, and has no lines in the reports, which have those of later inputs.
    Failed,
    /// The input or its output changed since the earlier run.
    Changed,
}

/// The open journal of a run.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    file: File,
    /// Directory of unfinished outputs.
    parts: PathBuf,
    /// Whether entries are on the disk before what they announce is done.
    sync: bool,
    /// Hold the locks until they are closed.
    _locks: Vec<File>,
    plan: Plan,
    entries: Entries,
    /// How many finished inputs at the front of `entries` this run has accepted or added.
    accepted: usize,
    /// Output paths that this run or the resumed one wrote or is about to write.
    owned: FxHashSet<Arc<str>>,
    /// Entries of the manifest so far.
    files: Vec<ManifestFile>,
}

impl Journal {
    /// Locks `directory`, which is created if missing, and opens its journal. The journal is kept
    /// if `resume` is set and an earlier run had the same plan, else it is started over. Also
    /// returns a note for the user if `resume` is set and there is nothing to resume.
    ///
    /// # Errors
    /// If another run holds the lock, the journal cannot be read or written, or an earlier run
    /// left outputs and neither `resume` nor `force` is set.
    pub fn open(
        directory: &Path,
        plan: Plan,
        resume: bool,
        force: bool,
    ) -> Result<(Self, Option<&'static str>)> {
        let state = create_directories(directory, Path::new(STATE_DIR))?;
        let suffix = Shard::suffix(plan.shard);
        let path = state.join(format!("journal{suffix}.jsonl"));
        let locks = lock(directory, &state, plan.shard)?;
        let file = open_own_file(&path)
            .with_context(|| format!("cannot write the journal {}", path.display()))?;
        let parts = Path::new(STATE_DIR).join(format!("parts{suffix}"));
        let parts = create_directories(directory, &parts)?;
        let mut journal = Self {
            directory: directory.to_owned(),
            file,
            parts,
            _locks: locks,
            plan,
            entries: Entries::default(),
            accepted: 0,
            sync: false,
            owned: FxHashSet::default(),
            files: Vec::new(),
        };
        let previous = journal
            .read()
            .with_context(|| format!("cannot read the journal {}", path.display()))?;
        let note = match previous {
            PreviousRun::Nothing if resume => {
                Some("there is no earlier run to resume; all files are cleaned")
            }
            PreviousRun::Nothing => None,
            PreviousRun::Unfinished | PreviousRun::Finished if resume => {
                journal.remove_stale_parts();
                // Most finished inputs will be accepted; growing would take twice the memory.
                journal.files.reserve_exact(journal.entries.done.len());
                return Ok((journal, None));
            }
            PreviousRun::OtherPlan if resume => Some(
                "the options, the rules or the version of dechaff differ from those of the \
                 earlier run; all files are cleaned again",
            ),
            _ if force => None,
            _ => bail!(
                "{} holds {}; use --resume to continue it, or --force to start over",
                directory.display(),
                if previous == PreviousRun::Finished {
                    "the outputs of an earlier run"
                } else {
                    "an interrupted run"
                }
            ),
        };
        journal.start_over(resume)?;
        journal.remove_stale_parts();
        Ok((journal, note))
    }

    /// Deletes the unfinished outputs that an earlier run left, except those that this run can
    /// continue. The lock keeps other runs from writing there.
    fn remove_stale_parts(&self) {
        let kept: FxHashSet<PathBuf> = self
            .entries
            .checkpoints
            .keys()
            .map(|output_path| self.part(&parse_record_path(output_path)))
            .collect();
        for name in fs::list(&self.parts).into_iter().flatten().flatten() {
            let path = self.parts.join(name);
            if !kept.contains(&path) {
                let _ = fs::remove_file(&path);
            }
        }
    }

    /// Returns the path of the unfinished output of `output_path`. Its name has the same length for
    /// all outputs, as that of an output may be as long as the file system allows.
    #[must_use]
    pub fn part(&self, output_path: &Path) -> PathBuf {
        self.parts.join(format!("{:032x}", hash_path(output_path)))
    }

    /// Reads the entries of an earlier run, up to the first incomplete or invalid line, and
    /// truncates the file there, so that new entries follow valid ones.
    fn read(&mut self) -> Result<PreviousRun> {
        let mut reader = BufReader::new(&self.file);
        let (mut valid_len, mut previous, mut line) = (0, PreviousRun::Nothing, Vec::new());
        loop {
            line.clear();
            let line_len = reader.read_until(b'\n', &mut line)? as u64;
            let Ok(entry) = serde_json::from_slice::<JournalEntry>(&line) else {
                break;
            };
            if !line.ends_with(b"\n") {
                break;
            }
            valid_len += line_len;
            if previous != PreviousRun::OtherPlan {
                previous = PreviousRun::Unfinished;
            }
            match entry {
                JournalEntry::Plan(plan) if plan != self.plan => previous = PreviousRun::OtherPlan,
                JournalEntry::Owned(paths) => {
                    for path in paths {
                        shared(&mut self.owned, &path);
                    }
                }
                JournalEntry::Checkpoint(checkpoint) => {
                    shared(&mut self.owned, &checkpoint.output_path);
                    self.entries.add_checkpoint(checkpoint);
                }
                JournalEntry::Done(finished) => {
                    let path = shared(&mut self.owned, &finished.output_path);
                    self.entries.add_finished(path, finished);
                }
                JournalEntry::Failed(failed) => {
                    self.entries
                        .failed
                        .insert(failed.output_path.into(), failed.input);
                }
                JournalEntry::Kept(count) => self.entries.keep(count),
                JournalEntry::End if previous == PreviousRun::Unfinished => {
                    previous = PreviousRun::Finished;
                }
                JournalEntry::Plan(_) | JournalEntry::End => {}
            }
        }
        drop(reader);
        self.file.set_len(valid_len)?;
        self.file.seek(SeekFrom::End(0))?;
        Ok(previous)
    }

    /// Makes the journal wait for the disk if `sync` is set: claims are on the disk before outputs
    /// are renamed, and the end before the run ends.
    ///
    /// # Errors
    /// If the directories cannot be written.
    pub fn with_sync(self, sync: bool) -> Result<Self> {
        if sync {
            let file = self.directory.join(STATE_DIR).join("journal");
            DirectorySync::default().sync(&[file])?;
        }
        Ok(Self { sync, ..self })
    }

    /// Empties the journal and writes the plan. With `resume`, outputs of the earlier run stay
    /// owned, so that this run may replace them even if its plan differs.
    fn start_over(&mut self, resume: bool) -> Result<()> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .context("cannot write the journal")?;
        self.entries = Entries::default();
        self.write(&JournalEntry::Plan(self.plan.clone()))?;
        let owned = std::mem::take(&mut self.owned);
        if !resume || owned.is_empty() {
            return Ok(());
        }
        let mut paths: Vec<String> = owned.iter().map(ToString::to_string).collect();
        drop(owned);
        paths.sort();
        self.claim(paths)
    }

    /// Returns the lengths of the reports at the last entry of the earlier run: longer reports
    /// must be truncated to them before this run continues. Zero if nothing is resumed.
    #[must_use]
    pub fn lengths(&self) -> Lengths {
        self.entries.lengths.unwrap_or([Some(0); 3])
    }

    /// Returns whether this run or the resumed one wrote, or was about to write, the output at
    /// `output_path` below the output directory. Such an output may be replaced without `--force`.
    #[must_use]
    pub fn owns(&self, output_path: &Path) -> bool {
        self.owned.contains(record_path(output_path).as_ref())
    }

    /// Returns what the earlier run did with `file`. A finished input whose output is still there,
    /// with its size and time of modification, also enters the manifest of this run. A checkpoint is
    /// returned only if the unfinished output begins with the bytes that the checkpoint describes.
    ///
    /// With `in_order`, reports are written, whose lines are in the order of the inputs. Then only
    /// inputs count that follow each other in the journal as they do now.
    pub fn resume(&mut self, file: &InputFile, in_order: bool) -> ResumeState {
        let key = record_path(&file.output_path);
        let input = FileState::of(&file.path).map(Input::from);
        if let Some(done) = self.entries.done.get(key.as_ref()) {
            if Some(done.input) != input
                || !done.has_output(&self.directory.join(&file.output_path))
            {
                return ResumeState::Changed;
            }
            if in_order && done.index != self.accepted {
                return ResumeState::New;
            }
            return self.accept(&key);
        }
        let Some(checkpoint) = self.entries.checkpoints.get(key.as_ref()) else {
            let failed = self.entries.failed.get(key.as_ref());
            return if in_order && self.has_rest() && failed.is_some() && failed == input.as_ref() {
                ResumeState::Failed
            } else {
                ResumeState::New
            };
        };
        if Some(checkpoint.input) != input {
            return ResumeState::Changed;
        }
        let follows = self.entries.order.len() == self.accepted
            && checkpoint
                .begun
                .iter()
                .zip(self.entries.lengths_after(self.accepted))
                .all(|(&begun, length)| begun.is_none() || length.is_none() || begun == length);
        if in_order && !follows {
            return ResumeState::New;
        }
        match PartialFile::can_resume(&self.part(&file.output_path), &checkpoint.written) {
            Some(true) => ResumeState::Checkpoint(Box::new(checkpoint.clone())),
            Some(false) => ResumeState::Changed,
            None => ResumeState::New,
        }
    }

    /// Moves the finished input with this output path to the manifest of this run.
    fn accept(&mut self, path: &str) -> ResumeState {
        let Some((path, done)) = self.entries.done.remove_entry(path) else {
            return ResumeState::New;
        };
        self.accepted += 1;
        let stats = Box::new(done.stats());
        let size = done.input.size;
        let counts = Box::new(done.counts.without_rules());
        self.files
            .push(ManifestFile::done(path, size, done.output, counts));
        ResumeState::Done(stats)
    }

    /// Returns whether anything is known about inputs that this run has not accepted yet.
    fn has_rest(&self) -> bool {
        self.entries.order.len() != self.accepted || !self.entries.checkpoints.is_empty()
    }

    /// Discards everything that is known about inputs which [`Journal::resume`] has not accepted
    /// yet. Returns the lengths of the reports after the last accepted input, or `None` if there
    /// was nothing to discard.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn discard_rest(&mut self) -> Result<Option<Lengths>> {
        if !self.has_rest() {
            return Ok(None);
        }
        self.entries.keep(self.accepted);
        self.write(&JournalEntry::Kept(self.accepted))?;
        self.wait_for_disk()?;
        Ok(self.entries.lengths)
    }

    /// Discards all checkpoints. This must come before the reports are cut to the lines before an
    /// input, which its checkpoints are behind.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn discard_checkpoints(&mut self) -> Result<()> {
        self.entries.checkpoints.clear();
        self.write(&JournalEntry::Kept(self.entries.order.len()))?;
        self.wait_for_disk()
    }

    /// Records that the outputs at these paths are about to be renamed to their final paths. This
    /// must come first: if the run is killed in between, the resumed run may replace them.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn claim(&mut self, output_paths: Vec<String>) -> Result<()> {
        if output_paths.is_empty() {
            return Ok(());
        }
        for path in &output_paths {
            shared(&mut self.owned, path);
        }
        self.write(&JournalEntry::Owned(output_paths))?;
        self.wait_for_disk()
    }

    /// Records that `file` is finished, in the state in which it was read. `reports` are the
    /// lengths of the reports with its lines. An input that could not be looked at before it was read is
    /// not recorded, so a resumed run looks at it again.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn finish(
        &mut self,
        file: &InputFile,
        output: Option<Checksum>,
        stats: &Stats,
        reports: Lengths,
    ) -> Result<()> {
        let Some(input) = file.state.map(Input::from) else {
            return Ok(());
        };
        let output_path = record_path(&file.output_path);
        self.files.push(ManifestFile::done(
            shared(&mut self.owned, &output_path),
            input.size,
            output.clone(),
            Box::new(stats.without_rules()),
        ));
        self.entries.order.push(packed(reports));
        self.accepted += 1;
        let written = match output {
            Some(_) => FileState::of(&self.directory.join(&file.output_path)),
            None => None,
        };
        self.write(&JournalEntry::Done(Finished {
            output_path: output_path.into_owned(),
            input,
            output,
            written: written.and_then(|state| state.modified),
            stats: stats.clone(),
            reports,
        }))
    }

    /// Records that `file` failed for `reason`, in the state in which it was read, and has no lines
    /// in the reports. A resumed run tries it again; if it fails again, what follows it stays done.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn fail_input(&mut self, file: &InputFile, reason: &str) -> Result<()> {
        self.fail(&file.path, reason);
        let output_path = record_path(&file.output_path);
        let Some(input) = file.state.map(Input::from) else {
            return Ok(());
        };
        if self.entries.failed.get(output_path.as_ref()) == Some(&input) {
            return Ok(());
        }
        self.write(&JournalEntry::Failed(FailedInput {
            output_path: output_path.into_owned(),
            input,
        }))
    }

    /// Adds the failed input at `path` to the manifest. Nothing is written to the journal, so that
    /// a resumed run takes it for a new one.
    pub fn fail(&mut self, path: &Path, reason: &str) {
        self.files
            .push(ManifestFile::failed(&record_path(path), reason));
    }

    /// Records a checkpoint of `file`: the first bytes of its output, which `written` describes, are
    /// on disk and belong to the input before `start`, whose statistics are `tally`. `reports` are the lengths
    /// of the reports now, `begun` those before the file.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn checkpoint(
        &mut self,
        file: &InputFile,
        start: Start,
        written: Checksum,
        tally: &BatchStats,
        reports: Lengths,
        begun: Lengths,
    ) -> Result<()> {
        let Some(input) = file.state.map(Input::from) else {
            return Ok(());
        };
        self.write(&JournalEntry::Checkpoint(Checkpoint {
            output_path: record_path(&file.output_path).into_owned(),
            input,
            start,
            written,
            tally: tally.clone(),
            reports,
            begun,
        }))
    }

    /// Ends a run that cleaned all its inputs: writes the manifest with these totals, then the last
    /// line of the journal. An interrupted run must not call this.
    ///
    /// # Errors
    /// If the manifest or the journal cannot be written.
    pub fn end(mut self, totals: &Stats) -> Result<()> {
        let files = std::mem::take(&mut self.files);
        Manifest::new(self.plan.clone(), files, totals).write(&self.directory, self.sync)?;
        // Fails if another file is there, which then stays.
        let _ = fs::remove_dir(&self.parts);
        self.write(&JournalEntry::End)?;
        self.wait_for_disk()
    }

    fn wait_for_disk(&self) -> Result<()> {
        if self.sync {
            sync_file(&self.file).context("cannot write the journal")?;
        }
        Ok(())
    }

    fn write(&mut self, entry: &JournalEntry) -> Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file
            .write_all(&line)
            .context("cannot write the journal")
    }
}

/// What an earlier run left in the journal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PreviousRun {
    Nothing,
    /// Entries of a run that was interrupted.
    Unfinished,
    Finished,
    /// Entries of a run with another plan.
    OtherPlan,
}
