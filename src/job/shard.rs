//! Shards: a run may clean a part of its inputs, so that several machines share the work.

use anyhow::{Error, Result, bail};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// One part of the inputs: every `count`-th file, beginning with file number `index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Number of this shard, counted from 1.
    pub index: u64,
    /// Number of shards.
    #[serde(rename = "of")]
    pub count: u64,
}

impl Shard {
    /// Returns the part of a file name that tells the manifest and journal of a shard from those
    /// of other shards, such as `-2-of-8`. It is empty for a run without shards.
    #[must_use]
    pub fn suffix(shard: Option<Self>) -> String {
        shard.map_or_else(String::new, |shard| {
            format!("-{}-of-{}", shard.index, shard.count)
        })
    }
}

impl FromStr for Shard {
    type Err = Error;

    /// Parses a shard written as `I/N`, such as `1/8` for the first of eight; `I` is counted from 1
    /// and at most `N`.
    fn from_str(text: &str) -> Result<Self> {
        let numbers = text
            .split_once('/')
            .and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match numbers {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            _ => bail!(
                "'{text}' is not a valid shard; write I/N, such as 1/8 for the first of eight"
            ),
        }
    }
}
