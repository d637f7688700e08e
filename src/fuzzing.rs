//! Fuzz targets of the command: functions that check what must hold for any input. `fuzz/` runs them
//! with libFuzzer; the tests replay their seeds and stored inputs. None of this is part of the
//! library's interface.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are checks, which fail by panicking"
)]

pub mod config;
pub mod csv;
mod files;
pub mod journals;
pub mod json;
pub mod learned;
pub mod parquet;
pub mod removals;
pub mod warc;

#[cfg(test)]
mod tests;

pub use dechaff_core::fuzzing::{Target, packs, phrases, texts};

/// Returns all targets, also those of the engine.
#[must_use]
pub fn targets() -> Vec<Target> {
    type Functions = (&'static str, fn(&[u8]), fn() -> Vec<Vec<u8>>);
    let own: [Functions; 8] = [
        ("config", config::check, config::seeds),
        ("json", json::check, json::seeds),
        ("csv", csv::check, csv::seeds),
        ("warc", warc::check, warc::seeds),
        ("parquet", parquet::check, parquet::seeds),
        ("removals", removals::check, removals::seeds),
        ("learned", learned::check, learned::seeds),
        ("journals", journals::check, journals::seeds),
    ];
    let own = own.map(|(name, check, seeds)| Target {
        name,
        check,
        seeds,
        head_len: |_| 0,
    });
    [dechaff_core::fuzzing::TARGETS, &own].concat()
}
