//! Two removal records of one corpus, read side by side. Both are in the order of the inputs, so that what is kept of them
//! is what lies between two documents that both name, not all of them.

use crate::io::{Format, Source};
use crate::report::{Claimed, Comparison, Record, read_records};
use anyhow::{Context, Result};
use rustc_hash::FxHashSet;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// What was removed of one document.
#[derive(Debug)]
struct RecordGroup {
    key: DocumentKey,
    claims: Vec<Claimed<'static>>,
}

/// A document, as records name it. The field counts where places are counted anew in each value, as in Parquet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct DocumentKey {
    path: String,
    record: Option<u64>,
    field: Option<String>,
}

impl DocumentKey {
    fn of(record: &Record) -> Self {
        let is_table = Format::from_path(Path::new(&record.path)) == Some(Format::Parquet);
        let field = record.field.clone().filter(|_| is_table);
        Self {
            path: record.path.clone(),
            record: record.record,
            field,
        }
    }

    /// Which of two comes first, where that can be told: records of one file are in order.
    fn order(&self, other: &Self) -> Option<Ordering> {
        (self.path == other.path && self.field == other.field)
            .then(|| self.record.cmp(&other.record))
    }

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

/// Compares two removal records of the same corpus.
///
/// # Errors
/// If one of them cannot be read.
pub fn compare_records(old: &Path, new: &Path, samples: usize) -> Result<Comparison> {
    let mut comparison = Comparison::new(samples);
    let mut groups = [groups(old)?, groups(new)?];
    let mut waiting: [VecDeque<RecordGroup>; 2] = Default::default();
    // The keys of what waits, and of some that was settled.
    let mut names: [FxHashSet<DocumentKey>; 2] = Default::default();
    let mut open = [true, true];
    while open[0] || open[1] {
        // Where both are in the same file the one that is behind is read, else the one of which less is waiting.
        let last = |side: usize| waiting[side].back().map(|group: &RecordGroup| &group.key);
        let behind = match last(0).zip(last(1)).and_then(|(old, new)| old.order(new)) {
            Some(Ordering::Less) => 0,
            Some(_) => 1,
            None => usize::from(waiting[0].len() > waiting[1].len()),
        };
        let side = if open[behind] { behind } else { 1 - behind };
        let Some(group) = groups[side].next().transpose()? else {
            open[side] = false;
            continue;
        };
        let other = 1 - side;
        let known = names[other].contains(&group.key).then(|| {
            waiting[other]
                .iter()
                .position(|waiting| waiting.key == group.key)
        });
        if let Some(at) = known.flatten() {
            // What waits on both sides came before: the other side has nothing of it.
            settle(&mut comparison, side, waiting[side].drain(..));
            let mut matched = waiting[other].drain(..=at).collect::<Vec<_>>();
            let partner = matched.pop().map_or_else(Vec::new, |group| group.claims);
            settle(&mut comparison, other, matched.into_iter());
            let (old, new) = if side == 0 {
                (&group.claims, &partner)
            } else {
                (&partner, &group.claims)
            };
            comparison.add(&group.key.name(), old, new);
            names.iter_mut().for_each(FxHashSet::clear);
            names[other].extend(waiting[other].iter().map(|group| group.key.clone()));
            continue;
        }
        // In one file, what the other side has before this record has no partner any more.
        let is_same = waiting[other]
            .back()
            .is_some_and(|waiting| waiting.key.path == group.key.path);
        let is_passed =
            |waiting: &RecordGroup| waiting.key.order(&group.key) == Some(Ordering::Less);
        let passed = is_same
            .then(|| waiting[other].iter().rposition(is_passed))
            .flatten();
        if let Some(at) = passed {
            settle(&mut comparison, other, waiting[other].drain(..=at));
        }
        names[side].insert(group.key.clone());
        waiting[side].push_back(group);
    }
    let [old, new] = waiting;
    settle(&mut comparison, 0, old.into_iter());
    settle(&mut comparison, 1, new.into_iter());
    Ok(comparison)
}

/// Adds documents of which only one side removes something.
fn settle(comparison: &mut Comparison, side: usize, groups: impl Iterator<Item = RecordGroup>) {
    groups.for_each(|group| {
        let (old, new): (&[_], &[_]) = if side == 0 {
            (&group.claims, &[])
        } else {
            (&[], &group.claims)
        };
        comparison.add(&group.key.name(), old, new);
    });
}

/// The documents of a removal record, plain or compressed.
fn groups(path: &Path) -> Result<impl Iterator<Item = Result<RecordGroup>>> {
    let open = || Source::new(path, File::open(path)?, Some(Format::JsonLines));
    let source =
        open().with_context(|| format!("cannot read the removal record {}", path.display()))?;
    let name = path.display().to_string();
    let mut records = read_records(BufReader::new(source.reader))
        .map(move |record| record.with_context(|| name.clone()))
        .peekable();
    Ok(std::iter::from_fn(move || {
        let first = match records.next()? {
            Ok(record) => record,
            Err(error) => return Some(Err(error)),
        };
        let key = DocumentKey::of(&first);
        let mut claims = Vec::new();
        let mut next = Some(first);
        while let Some(record) = next {
            match claimed(record) {
                Ok(claim) => claims.push(claim),
                Err(error) => return Some(Err(error)),
            }
            next = records
                .next_if(|record| {
                    record
                        .as_ref()
                        .is_ok_and(|record| DocumentKey::of(record) == key)
                })
                .and_then(Result::ok);
        }
        // Several fields of a record may be cleaned in another order than they stand in.
        claims.sort_by_key(|claim| claim.range.start);
        Some(Ok(RecordGroup { key, claims }))
    }))
}

fn claimed(record: Record) -> Result<Claimed<'static>> {
    let bytes = record.source_bytes()?;
    Ok(Claimed {
        range: record.start..record.end.max(record.start),
        rule: Cow::Owned(record.rule),
        bytes: Cow::Owned(bytes),
        text: Cow::Owned(record.text),
    })
}
