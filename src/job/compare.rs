//! Comparison of two removal records of the same corpus.
//!
//! Both records list their documents in the order of the inputs, but each leaves out the documents
//! from which it removes nothing. They are read side by side, like the two inputs of a merge. What
//! one side names is kept waiting until the other side names the same document:
//!
//! ```text
//! old:  a  b     d        a, d   named by both: compared
//! new:  a     c  d        b, c   named by one side only: compared with no removals
//! ```
//!
//! Two files of one corpus cannot be put into order by their paths, since inputs are given in any
//! order. So `b` and `c` wait until `d` is read on both sides. Two records of one file can: they
//! are numbered. Memory therefore depends on the distance between documents that both sides name,
//! not on the size of the corpus.

use crate::io::fs::File;
use crate::io::{Format, Source};
use crate::report::{Claimed, Comparison, Record, read_records};
use anyhow::{Context, Result};
use rustc_hash::FxHashSet;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::io::BufReader;
use std::path::Path;

/// Everything that one removal record lists for one document.
#[derive(Debug)]
struct RecordGroup {
    key: DocumentKey,
    /// Removals in the order of their ranges.
    claims: Vec<Claimed<'static>>,
}

/// Identity of a document in a removal record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct DocumentKey {
    path: String,
    record: Option<u64>,
    /// The field, for Parquet only: there, ranges refer to the value of a field rather than to the
    /// input, so each field is a document.
    field: Option<String>,
}

impl DocumentKey {
    fn new(record: &Record) -> Self {
        let is_table = Format::from_path(Path::new(&record.path)).is_some_and(Format::is_table);
        let field = record.field.clone().filter(|_| is_table);
        Self {
            path: record.path.clone(),
            record: record.record,
            field,
        }
    }

    /// Compares the positions of two documents in the corpus. Returns `None` if they are in
    /// different files or fields, whose order is not known.
    fn order(&self, other: &Self) -> Option<Ordering> {
        (self.path == other.path && self.field == other.field)
            .then(|| self.record.cmp(&other.record))
    }

    /// Returns a name for people: the path, then `#` and the record number, then `.` and the field,
    /// as far as there are any.
    fn name(&self) -> String {
        let record = self
            .record
            .map_or_else(String::new, |record| format!("#{record}"));
        let field = self
            .field
            .as_ref()
            .map_or_else(String::new, |field| format!(".{field}"));
        format!("{}{record}{field}", self.path)
    }
}

/// Compares two removal records of the same corpus. `old` and `new` are paths of JSON Lines files,
/// plain or compressed. The comparison keeps at most `samples` samples for each rule and side.
///
/// # Errors
/// If a file cannot be read, or if one of its lines is not a removal record.
pub fn compare_records(old: &Path, new: &Path, samples: usize) -> Result<Comparison> {
    let mut groups = [read_groups(old)?, read_groups(new)?];
    let mut merge = Merge::new(samples);
    let mut is_open = [true, true];
    while is_open[0] || is_open[1] {
        let behind = merge.side_behind();
        let side = if is_open[behind] { behind } else { 1 - behind };
        match groups[side].next().transpose()? {
            Some(group) => merge.add(side, group),
            None => is_open[side] = false,
        }
    }
    Ok(merge.finish())
}

/// State of the merge of two removal records; side 0 is the old one, side 1 the new one.
struct Merge {
    comparison: Comparison,
    /// For each side, groups that wait for a partner on the other side, in order.
    waiting: [VecDeque<RecordGroup>; 2],
    /// For each side, the keys of the waiting groups. May also hold keys of groups that no longer
    /// wait; a lookup here only saves a search in `waiting`.
    keys: [FxHashSet<DocumentKey>; 2],
}

impl Merge {
    fn new(samples: usize) -> Self {
        Self {
            comparison: Comparison::new(samples),
            waiting: Default::default(),
            keys: Default::default(),
        }
    }

    /// Returns the side to read next. If both sides are in the same file, it is the one that is
    /// behind, otherwise the one with fewer waiting groups.
    fn side_behind(&self) -> usize {
        let [old, new] = &self.waiting;
        let order = old
            .back()
            .zip(new.back())
            .and_then(|(old, new)| old.key.order(&new.key));
        match order {
            Some(Ordering::Less) => 0,
            Some(_) => 1,
            None => usize::from(old.len() > new.len()),
        }
    }

    /// Adds the next group of a side. It is compared with its partner if the other side has read it
    /// already, and waits otherwise.
    fn add(&mut self, side: usize, group: RecordGroup) {
        let other = 1 - side;
        if self.keys[other].contains(&group.key)
            && let Some(at) = self.waiting[other]
                .iter()
                .position(|waiting| waiting.key == group.key)
        {
            self.compare(side, group, at);
            return;
        }
        if let Some(at) = self.last_before(other, &group.key) {
            let unmatched: Vec<RecordGroup> = self.waiting[other].drain(..=at).collect();
            self.add_unmatched(other, unmatched);
        }
        self.keys[side].insert(group.key.clone());
        self.waiting[side].push_back(group);
    }

    /// Compares a group of `side` with its partner, the group at index `at` that waits on the other
    /// side. Groups that come before either of them have no partner.
    fn compare(&mut self, side: usize, group: RecordGroup, at: usize) {
        let other = 1 - side;
        let unmatched = std::mem::take(&mut self.waiting[side]);
        self.add_unmatched(side, unmatched);
        let mut unmatched: Vec<RecordGroup> = self.waiting[other].drain(..=at).collect();
        let partner = unmatched.pop().map_or_else(Vec::new, |group| group.claims);
        self.add_unmatched(other, unmatched);
        let (old, new) = if side == 0 {
            (&group.claims, &partner)
        } else {
            (&partner, &group.claims)
        };
        self.comparison.add(&group.key.name(), old, new);
        self.keys[side].clear();
        self.keys[other] = self.waiting[other]
            .iter()
            .map(|group| group.key.clone())
            .collect();
    }

    /// Returns the index of the last group waiting on `side` that comes before `key` in the same
    /// file. It and all groups before it can have no partner any more.
    fn last_before(&self, side: usize, key: &DocumentKey) -> Option<usize> {
        let waiting = &self.waiting[side];
        if waiting.back()?.key.path != key.path {
            return None;
        }
        waiting
            .iter()
            .rposition(|waiting| waiting.key.order(key) == Some(Ordering::Less))
    }

    /// Adds groups of documents from which only `side` removes something.
    fn add_unmatched(&mut self, side: usize, groups: impl IntoIterator<Item = RecordGroup>) {
        for group in groups {
            let (old, new): (&[_], &[_]) = if side == 0 {
                (&group.claims, &[])
            } else {
                (&[], &group.claims)
            };
            self.comparison.add(&group.key.name(), old, new);
        }
    }

    /// Adds the groups that still wait as unmatched, and returns the comparison.
    fn finish(mut self) -> Comparison {
        let [old, new] = std::mem::take(&mut self.waiting);
        self.add_unmatched(0, old);
        self.add_unmatched(1, new);
        self.comparison
    }
}

/// Reads a removal record, plain or compressed, one document at a time. Consecutive lines of the
/// same document form a group.
///
/// # Errors
/// If the file cannot be opened. Errors of a line are items of the iterator.
fn read_groups(path: &Path) -> Result<impl Iterator<Item = Result<RecordGroup>>> {
    let source = File::open(path)
        .map_err(anyhow::Error::from)
        .and_then(|file| Source::new(path, file, Some(Format::JSON_LINES)))
        .with_context(|| format!("cannot read the removal record {}", path.display()))?;
    let name = path.display().to_string();
    let mut records = read_records(BufReader::new(source.reader))
        .map(move |record| record.with_context(|| name.clone()))
        .peekable();
    Ok(std::iter::from_fn(move || {
        let first = match records.next()? {
            Ok(record) => record,
            Err(error) => return Some(Err(error)),
        };
        let key = DocumentKey::new(&first);
        let mut claims = Vec::new();
        let mut next = Some(first);
        while let Some(record) = next {
            match claim(record) {
                Ok(claim) => claims.push(claim),
                Err(error) => return Some(Err(error)),
            }
            next = records
                .next_if(|record| {
                    record
                        .as_ref()
                        .is_ok_and(|record| DocumentKey::new(record) == key)
                })
                .and_then(Result::ok);
        }
        // Fields of one record may be cleaned in another order than they have in the input.
        claims.sort_by_key(|claim| claim.range.start);
        Some(Ok(RecordGroup { key, claims }))
    }))
}

fn claim(record: Record) -> Result<Claimed<'static>> {
    let bytes = record.source_bytes()?;
    Ok(Claimed {
        range: record.start..record.end.max(record.start),
        rule: Cow::Owned(record.rule),
        bytes: Cow::Owned(bytes),
        text: Cow::Owned(record.text),
    })
}
