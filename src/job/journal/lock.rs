//! Locks an output directory against other runs.

use crate::io::fs::{self, File, TryLockError};
use crate::io::open_own_file;
use crate::job::shard::Shard;
use anyhow::{Context, Result, bail};
use std::path::Path;

/// Locks the output `directory`, whose journals are in `state`, against other runs, until the
/// returned files are closed. Only shards of the same number of shards may run at the same time.
///
/// # Errors
/// If another run holds a lock, or a lock cannot be opened.
pub fn lock(directory: &Path, state: &Path, shard: Option<Shard>) -> Result<Vec<File>> {
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
