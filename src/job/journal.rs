//! The journal of a run into a directory: which inputs are done, and how far a large one is, so that a run that was
//! interrupted, or killed, can be gone on with. It lies in `.dechaff/` of the output directory, one for each shard, and is
//! locked while the run lasts. What it says of an input holds while that has the same size and time.

use super::manifest::{Manifest, ManifestFile, Plan, Shard};
use super::records::BatchStats;
use super::walk::{InputFile, OWN};
use crate::io::{Checksum, PartialFile, Start};
use crate::report::Stats;
use anyhow::{Context, Result, bail};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// How long the reports are: removal records, and what is wrong with records.
pub type Lengths = [Option<u64>; 2];

/// What tells whether an input changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    size: u64,
    /// Nanoseconds since 1970, where the system tells.
    modified: Option<u64>,
}

impl Input {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        let since = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Some(Self {
            size: metadata.len(),
            modified: since.and_then(|since| u64::try_from(since.as_nanos()).ok()),
        })
    }
}

/// An input that is done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finished {
    place: String,
    input: Input,
    output: Option<Checksum>,
    stats: Stats,
    reports: Lengths,
}

/// An input of which a part is done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    place: String,
    input: Input,
    /// Where in the decompressed input the run was.
    pub start: Start,
    /// How many bytes of the output belong to what is before it.
    pub written: u64,
    /// The figures so far.
    pub tally: BatchStats,
    reports: Lengths,
    /// How long the reports were before the file.
    pub begun: Lengths,
}

/// A line of the journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum JournalEntry {
    /// What the run does; the first line.
    Plan(Plan),
    /// Outputs that are about to get their names, or got them in an earlier run.
    Ours(Vec<String>),
    Checkpoint(Checkpoint),
    Done(Finished),
    /// The run came to its end.
    End,
}

/// What the journal knows of an input.
#[derive(Debug)]
pub enum ResumeState {
    /// Nothing.
    New,
    /// It is done.
    Done(Box<Stats>),
    /// A part of it is done.
    Checkpoint(Box<Checkpoint>),
    /// It is not what it was.
    Changed,
}

/// The journal of a run that is going on.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    file: File,
    /// Held as long as it is open.
    _lock: File,
    plan: Plan,
    done: FxHashMap<String, Finished>,
    parts: FxHashMap<String, Checkpoint>,
    ours: FxHashSet<String>,
    /// How long the reports were at the last line.
    lengths: Option<Lengths>,
    files: Vec<ManifestFile>,
}

impl Journal {
    /// Locks a directory and opens its journal. Gives too what the user should know.
    ///
    /// # Errors
    /// If another run is at it, or an interrupted run was there and it was not said what to do about it.
    pub fn open(
        directory: &Path,
        plan: Plan,
        resume: bool,
        force: bool,
    ) -> Result<(Self, Option<&'static str>)> {
        let own = directory.join(OWN);
        let shard = plan.shard.map_or_else(String::new, |shard| {
            format!("-{}-of-{}", shard.index, shard.of)
        });
        fs::create_dir_all(&own)
            .with_context(|| format!("cannot make the directory {}", own.display()))?;
        let path = own.join(format!("journal{shard}.jsonl"));
        let open = |path: &Path| {
            File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)
        };
        let cannot = || format!("cannot write the journal {}", path.display());
        let lock = open(&own.join(format!("lock{shard}"))).with_context(cannot)?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            let which = if shard.is_empty() {
                ""
            } else {
                " of the same shard"
            };
            bail!(
                "another run{which} is writing to {}; wait for it, or choose another directory",
                directory.display()
            );
        }
        let file = open(&path).with_context(cannot)?;
        let (done, parts) = Default::default();
        let (ours, lengths, files) = Default::default();
        let mut journal = Self {
            directory: directory.to_owned(),
            file,
            _lock: lock,
            plan,
            done,
            parts,
            ours,
            lengths,
            files,
        };
        let told = journal
            .read()
            .with_context(|| format!("cannot read the journal {}", path.display()))?;
        let note = match told {
            PreviousRun::Nothing if resume => {
                Some("there is no earlier run to go on with; all files are cleaned")
            }
            PreviousRun::Nothing => None,
            PreviousRun::Unfinished | PreviousRun::Finished if resume => {
                return Ok((journal, None));
            }
            PreviousRun::Other if resume => Some(
                "options, rules or dechaff are not those of the earlier run; all files are cleaned anew",
            ),
            _ if force => None,
            told => {
                let what = if told == PreviousRun::Finished {
                    "the outputs of an earlier run"
                } else {
                    "a run that was interrupted"
                };
                bail!(
                    "{} holds {what}; use --resume to go on with it, or --force to begin anew",
                    directory.display()
                )
            }
        };
        journal.begin(resume)?;
        Ok((journal, note))
    }

    /// Reads what an earlier run left, up to a line that is not whole.
    fn read(&mut self) -> Result<PreviousRun> {
        let mut reader = BufReader::new(&self.file);
        let (mut good, mut told, mut line) = (0, PreviousRun::Nothing, Vec::new());
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line)? as u64;
            let Ok(entry) = serde_json::from_slice::<JournalEntry>(&line) else {
                break;
            };
            if !line.ends_with(b"\n") {
                break;
            }
            good += length;
            if told != PreviousRun::Other {
                told = PreviousRun::Unfinished;
            }
            match entry {
                JournalEntry::Plan(plan) if plan != self.plan => told = PreviousRun::Other,
                JournalEntry::Ours(places) => self.ours.extend(places),
                JournalEntry::Checkpoint(part) => {
                    self.lengths = Some(part.reports);
                    self.ours.insert(part.place.clone());
                    self.parts.insert(part.place.clone(), part);
                }
                JournalEntry::Done(entry) => {
                    self.lengths = Some(entry.reports);
                    self.ours.insert(entry.place.clone());
                    self.parts.remove(&entry.place);
                    self.done.insert(entry.place.clone(), entry);
                }
                JournalEntry::End if told == PreviousRun::Unfinished => {
                    told = PreviousRun::Finished
                }
                JournalEntry::Plan(_) | JournalEntry::End => {}
            }
        }
        drop(reader);
        self.file.set_len(good)?;
        self.file.seek(SeekFrom::End(0))?;
        Ok(told)
    }

    /// Begins the journal anew. Outputs of an earlier run may be replaced where a run is gone on with.
    fn begin(&mut self, resume: bool) -> Result<()> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .context("cannot write the journal")?;
        self.done.clear();
        self.parts.clear();
        self.lengths = None;
        self.write(&JournalEntry::Plan(self.plan.clone()))?;
        let mut ours: Vec<String> = std::mem::take(&mut self.ours)
            .into_iter()
            .filter(|_| resume)
            .collect();
        ours.sort();
        if ours.is_empty() {
            Ok(())
        } else {
            self.claim(ours)
        }
    }

    /// How long the reports were when the earlier run was interrupted.
    #[must_use]
    pub fn lengths(&self) -> Lengths {
        self.lengths.unwrap_or([Some(0); 2])
    }

    /// Whether the output at a place is of this run or of the one that is gone on with.
    #[must_use]
    pub fn is_ours(&self, place: &Path) -> bool {
        self.ours.contains(place.to_string_lossy().as_ref())
    }

    /// What is known of an input. What is done is taken over into this run.
    pub fn take(&mut self, found: &InputFile) -> ResumeState {
        let place = found.place.to_string_lossy();
        let target = self.directory.join(&found.place);
        let input = Input::of(&found.path);
        if let Some(entry) = self.done.get(place.as_ref()) {
            let is_there = entry.output.as_ref().is_none_or(|sum| {
                fs::metadata(&target).is_ok_and(|found| found.len() == sum.bytes)
            });
            if Some(entry.input) != input || !is_there {
                return ResumeState::Changed;
            }
            self.lengths = Some(entry.reports);
            self.files.push(ManifestFile::done(
                &entry.place,
                entry.input.size,
                entry.output.clone(),
                &entry.stats,
            ));
            return ResumeState::Done(Box::new(entry.stats.clone()));
        }
        match self.parts.get(place.as_ref()) {
            Some(part) if Some(part.input) != input => ResumeState::Changed,
            Some(part) if PartialFile::can_resume(&target, part.written) => {
                ResumeState::Checkpoint(Box::new(part.clone()))
            }
            Some(_) | None => ResumeState::New,
        }
    }

    /// Forgets all inputs that were not taken over yet. Gives how long the reports were before them.
    pub fn forget(&mut self) -> Lengths {
        let kept: FxHashSet<&str> = self.files.iter().map(|file| file.place.as_str()).collect();
        let last = self
            .done
            .values()
            .filter(|entry| kept.contains(entry.place.as_str()))
            .map(|entry| entry.reports)
            .max();
        self.done.clear();
        self.parts.clear();
        last.unwrap_or([Some(0); 2])
    }

    /// Says which outputs are about to get their names.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn claim(&mut self, places: Vec<String>) -> Result<()> {
        self.ours.extend(places.iter().cloned());
        self.write(&JournalEntry::Ours(places))
    }

    /// Says that an input is done.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn finish(
        &mut self,
        found: &InputFile,
        output: Option<Checksum>,
        stats: &Stats,
        reports: Lengths,
    ) -> Result<()> {
        let Some(input) = Input::of(&found.path) else {
            return Ok(());
        };
        let place = found.place.to_string_lossy().into_owned();
        self.files.push(ManifestFile::done(
            &place,
            input.size,
            output.clone(),
            stats,
        ));
        self.write(&JournalEntry::Done(Finished {
            place,
            input,
            output,
            stats: stats.clone(),
            reports,
        }))
    }

    /// Says that an input failed. It is tried again when the run is gone on with.
    pub fn fail(&mut self, path: &Path, reason: &str) {
        self.files
            .push(ManifestFile::failed(&path.to_string_lossy(), reason));
    }

    /// Says how far a large input is.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn part(
        &mut self,
        found: &InputFile,
        start: Start,
        written: u64,
        tally: &BatchStats,
        reports: Lengths,
        begun: Lengths,
    ) -> Result<()> {
        let Some(input) = Input::of(&found.path) else {
            return Ok(());
        };
        let place = found.place.to_string_lossy().into_owned();
        self.write(&JournalEntry::Checkpoint(Checkpoint {
            place,
            input,
            start,
            written,
            tally: tally.clone(),
            reports,
            begun,
        }))
    }

    /// Ends a run that came to its end: leaves the manifest.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn end(mut self, stats: &Stats) -> Result<()> {
        let files = std::mem::take(&mut self.files);
        Manifest::new(self.plan.clone(), files, stats).write(&self.directory)?;
        self.write(&JournalEntry::End)
    }

    fn write(&mut self, line: &JournalEntry) -> Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.file
            .write_all(&bytes)
            .context("cannot write the journal")
    }
}

/// What an earlier run left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PreviousRun {
    Nothing,
    /// A run that was interrupted.
    Unfinished,
    Finished,
    /// A run with other options.
    Other,
}

/// Reads `I/N`.
///
/// # Errors
/// If it is no such thing.
pub fn parse_shard(text: &str) -> Result<Shard> {
    let numbers = text
        .split_once('/')
        .and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
    match numbers {
        Some((index, of)) if (1..=of).contains(&index) => Ok(Shard { index, of }),
        _ => bail!("'{text}' is no shard; write I/N, such as 1/8 for the first of eight"),
    }
}
