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

use super::batch::BatchStats;
use super::manifest::{Manifest, ManifestFile, Plan, STATE_DIR, Shard};
use super::walk::InputFile;
use crate::io::fs::{self, File, TryLockError};
use crate::io::{
    Checksum, DirectorySync, FileState, PartialFile, Start, create_directories, hash_path,
    open_own_file, sync_file,
};
use crate::report::{RuleStats, Stats, parse_record_path, record_path};
use anyhow::{Context, Result, bail};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Lengths of the reports in bytes: removal records, damaged records, and maps of offsets; `None` for
/// a report that is not written.
pub type Lengths = [Option<u64>; 3];

/// What stands for the length of a report that is not written.
const NO_REPORT: u64 = u64::MAX;

/// The properties of an input that show whether it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    size: u64,
    /// Time of modification in nanoseconds since 1970, if the file system has it.
    modified: Option<u64>,
}

impl From<FileState> for Input {
    fn from(state: FileState) -> Self {
        Self {
            size: state.size,
            modified: state.modified,
        }
    }
}

/// An input that is finished.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finished {
    #[serde(rename = "place")]
    output_path: String,
    input: Input,
    output: Option<Checksum>,
    /// Time of modification of the output, as in [`Input`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    written: Option<u64>,
    stats: Stats,
    /// Lengths of the reports after this input.
    reports: Lengths,
}

/// An input that failed.
#[derive(Debug, Serialize, Deserialize)]
struct FailedInput {
    #[serde(rename = "place")]
    output_path: String,
    input: Input,
}

/// A large input that is finished up to the end of a record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    #[serde(rename = "place")]
    output_path: String,
    input: Input,
    /// Position in the decompressed input.
    pub start: Start,
    /// The bytes of the output that belong to the input before that position.
    pub written: Checksum,
    /// Statistics of the input before that position.
    pub tally: BatchStats,
    /// Lengths of the reports at that position.
    pub reports: Lengths,
    /// Lengths of the reports before the input.
    pub begun: Lengths,
}

/// A line of the journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum JournalEntry {
    /// What the run does; the first line.
    Plan(Plan),
    /// Outputs that are about to be renamed to their final path, or were in an earlier run.
    #[serde(rename = "ours")]
    Owned(Vec<String>),
    #[serde(rename = "part")]
    Checkpoint(Checkpoint),
    Done(Finished),
    Failed(FailedInput),
    /// Of the inputs that are done, only this many count; the others and all checkpoints are void.
    Kept(usize),
    /// The run finished.
    End,
}

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

/// A finished input of the earlier run, in less memory than [`Finished`]: there can be many.
#[derive(Debug)]
struct Done {
    /// How many finished inputs come before it in the journal and in the reports.
    index: usize,
    input: Input,
    output: Option<Checksum>,
    written: Option<u64>,
    /// Counts without those per rule.
    counts: Box<Stats>,
    /// Counts per rule. Names are shared with other inputs.
    rules: Box<[(Arc<str>, RuleStats)]>,
}

impl Done {
    /// Returns whether the output at `target` has the size and the time of modification that it was
    /// written with.
    fn has_output(&self, target: &Path) -> bool {
        let Some(sum) = &self.output else {
            return true;
        };
        FileState::of(target).is_some_and(|state| {
            state.size == sum.bytes && (self.written.is_none() || state.modified == self.written)
        })
    }

    fn stats(&self) -> Stats {
        let rules = self.rules.iter();
        Stats {
            rules: rules
                .map(|(name, rule)| (name.to_string(), *rule))
                .collect(),
            ..(*self.counts).clone()
        }
    }
}

/// What the journal says about inputs.
#[derive(Debug, Default)]
struct Entries {
    /// Finished inputs of the earlier run that this run has not accepted yet, by output path.
    done: FxHashMap<Arc<str>, Box<Done>>,
    /// Lengths of the reports after each finished input, in the order of the journal. A report that
    /// is not written has the length [`NO_REPORT`], which takes half the memory of `None`.
    order: Vec<[u64; 3]>,
    /// Inputs that failed, by output path.
    failed: FxHashMap<Arc<str>, Input>,
    /// Names of rules.
    rules: FxHashSet<Arc<str>>,
    /// Last checkpoints of unfinished inputs of the earlier run, by output path.
    checkpoints: FxHashMap<String, Checkpoint>,
    /// Lengths of the reports at the last entry.
    lengths: Option<Lengths>,
}

impl Entries {
    fn add_checkpoint(&mut self, checkpoint: Checkpoint) {
        self.lengths = Some(checkpoint.reports);
        self.checkpoints
            .insert(checkpoint.output_path.clone(), checkpoint);
    }

    fn add_finished(&mut self, path: Arc<str>, finished: Finished) {
        self.lengths = Some(finished.reports);
        self.checkpoints.remove(&*path);
        self.failed.remove(&path);
        let mut counts = Box::new(finished.stats);
        let done = Done {
            index: self.order.len(),
            input: finished.input,
            output: finished.output,
            written: finished.written,
            rules: std::mem::take(&mut counts.rules)
                .into_iter()
                .map(|(name, rule)| (shared(&mut self.rules, &name), rule))
                .collect(),
            counts,
        };
        self.order.push(packed(finished.reports));
        self.done.insert(path, Box::new(done));
    }

    /// Forgets all checkpoints, and all finished inputs except the first `count`.
    fn keep(&mut self, count: usize) {
        self.checkpoints.clear();
        self.done.retain(|_, done| done.index < count);
        self.order.truncate(count);
        self.lengths = Some(self.lengths_after(count));
    }

    /// Returns the lengths of the reports after the first `count` finished inputs.
    fn lengths_after(&self, count: usize) -> Lengths {
        count
            .checked_sub(1)
            .and_then(|last| self.order.get(last))
            .map_or([Some(0); 3], |lengths| {
                lengths.map(|length| Some(length).filter(|&length| length != NO_REPORT))
            })
    }
}

/// Returns lengths of reports as they are kept for each finished input.
fn packed(lengths: Lengths) -> [u64; 3] {
    lengths.map(|length| length.unwrap_or(NO_REPORT))
}

/// Returns `text` as it is in `texts`, to which it is added if it is not there.
fn shared(texts: &mut FxHashSet<Arc<str>>, text: &str) -> Arc<str> {
    if let Some(shared) = texts.get(text) {
        return Arc::clone(shared);
    }
    let added: Arc<str> = text.into();
    texts.insert(Arc::clone(&added));
    added
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

/// Locks the output `directory`, whose journals are in `state`, against other runs, until the
/// returned files are closed. Only shards of the same number of shards may run at the same time.
///
/// # Errors
/// If another run holds a lock, or a lock cannot be opened.
fn lock(directory: &Path, state: &Path, shard: Option<Shard>) -> Result<Vec<File>> {
    let whole = open_lock(&state.join("lock"))?;
    let Some(shard) = shard else {
        check_lock(whole.try_lock(), directory, "")?;
        return Ok(vec![whole]);
    };
    check_lock(whole.try_lock_shared(), directory, "")?;
    let count = open_lock(&state.join(format!("lock-of-{}", shard.count)))?;
    check_lock(count.try_lock_shared(), directory, "")?;
    let names = fs::list(state)
        .with_context(|| format!("cannot read the directory {}", state.display()))?;
    for name in names.flatten() {
        let other = name.to_str().and_then(|name| name.strip_prefix("lock-of-"));
        if other.is_some_and(|other| other != shard.count.to_string()) {
            let other = open_lock(&state.join(&name))?;
            check_lock(
                other.try_lock(),
                directory,
                " with another number of shards",
            )?;
        }
    }
    let own = open_lock(&state.join(format!("lock{}", Shard::suffix(Some(shard)))))?;
    check_lock(own.try_lock(), directory, " of the same shard")?;
    Ok(vec![whole, count, own])
}

fn open_lock(path: &Path) -> Result<File> {
    open_own_file(path).with_context(|| format!("cannot lock {}", path.display()))
}

/// Returns an error if another run, which `kind` describes, holds the lock. Where files cannot be
/// locked, runs are not kept apart.
fn check_lock(locked: Result<(), TryLockError>, directory: &Path, kind: &str) -> Result<()> {
    if let Err(TryLockError::WouldBlock) = locked {
        bail!(
            "another run{kind} is writing to {}; wait for it, or choose another directory",
            directory.display()
        );
    }
    Ok(())
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

/// Parses a shard written as `I/N`, such as `1/8` for the first of eight; `I` is counted from 1
/// and at most `N`.
///
/// # Errors
/// If `text` is anything else.
pub fn parse_shard(text: &str) -> Result<Shard> {
    let numbers = text
        .split_once('/')
        .and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
    match numbers {
        Some((index, count)) if (1..=count).contains(&index) => Ok(Shard { index, count }),
        _ => bail!("'{text}' is not a valid shard; write I/N, such as 1/8 for the first of eight"),
    }
}
