//! What a journal says about the inputs of an earlier run.

use super::entry::{Checkpoint, Finished, Input, Lengths};
use crate::io::{Checksum, FileState};
use crate::report::{RuleStats, Stats};
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::Path;
use std::sync::Arc;

/// What stands for the length of a report that is not written.
const NO_REPORT: u64 = u64::MAX;

/// A finished input of the earlier run, in less memory than [`Finished`]: there can be many.
#[derive(Debug)]
pub struct Done {
    /// How many finished inputs come before it in the journal and in the reports.
    pub index: usize,
    pub input: Input,
    pub output: Option<Checksum>,
    pub written: Option<u64>,
    /// Counts without those per rule.
    pub counts: Box<Stats>,
    /// Counts per rule. Names are shared with other inputs.
    pub rules: Box<[(Arc<str>, RuleStats)]>,
}

impl Done {
    /// Returns whether the output at `target` has the size and the time of modification that it was
    /// written with.
    pub fn has_output(&self, target: &Path) -> bool {
        let Some(sum) = &self.output else {
            return true;
        };
        FileState::of(target).is_some_and(|state| {
            state.size == sum.bytes && (self.written.is_none() || state.modified == self.written)
        })
    }

    pub fn stats(&self) -> Stats {
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
pub struct Entries {
    /// Finished inputs of the earlier run that this run has not accepted yet, by output path.
    pub done: FxHashMap<Arc<str>, Box<Done>>,
    /// Lengths of the reports after each finished input, in the order of the journal. A report that
    /// is not written has the length [`NO_REPORT`], which takes half the memory of `None`.
    pub order: Vec<[u64; 3]>,
    /// Inputs that failed, by output path.
    pub failed: FxHashMap<Arc<str>, Input>,
    /// Names of rules.
    pub rules: FxHashSet<Arc<str>>,
    /// Last checkpoints of unfinished inputs of the earlier run, by output path.
    pub checkpoints: FxHashMap<String, Checkpoint>,
    /// Lengths of the reports at the last entry.
    pub lengths: Option<Lengths>,
}

impl Entries {
    pub fn add_checkpoint(&mut self, checkpoint: Checkpoint) {
        self.lengths = Some(checkpoint.reports);
        self.checkpoints
            .insert(checkpoint.output_path.clone(), checkpoint);
    }

    pub fn add_finished(&mut self, path: Arc<str>, finished: Finished) {
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
    pub fn keep(&mut self, count: usize) {
        self.checkpoints.clear();
        self.done.retain(|_, done| done.index < count);
        self.order.truncate(count);
        self.lengths = Some(self.lengths_after(count));
    }

    /// Returns the lengths of the reports after the first `count` finished inputs.
    pub fn lengths_after(&self, count: usize) -> Lengths {
        count
            .checked_sub(1)
            .and_then(|last| self.order.get(last))
            .map_or([Some(0); 3], |lengths| {
                lengths.map(|length| Some(length).filter(|&length| length != NO_REPORT))
            })
    }
}

/// Returns lengths of reports as they are kept for each finished input.
pub fn packed(lengths: Lengths) -> [u64; 3] {
    lengths.map(|length| length.unwrap_or(NO_REPORT))
}

/// Returns `text` as it is in `texts`, to which it is added if it is not there.
pub fn shared(texts: &mut FxHashSet<Arc<str>>, text: &str) -> Arc<str> {
    if let Some(shared) = texts.get(text) {
        return Arc::clone(shared);
    }
    let added: Arc<str> = text.into();
    texts.insert(Arc::clone(&added));
    added
}
