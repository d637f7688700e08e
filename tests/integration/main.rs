//! The integration tests, as one binary: linking the crate once takes a fraction of the time that
//! fifteen binaries would. `tests/data` is a second one, for tests that are generated from data or
//! whose data may be missing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these are tests"
)]

mod audit;
mod browser;
mod clients;
mod command;
mod common;
mod completions;
mod convert;
mod diff;
mod differential;
#[cfg(unix)]
mod docs;
mod explain;
#[cfg(unix)]
mod faults;
mod findings;
mod formats;
mod golden;
mod held;
mod learn;
mod live;
mod maps;
mod packaging;
mod promises_formats;
#[cfg(unix)]
mod promises_places;
#[cfg(unix)]
mod promises_records;
mod properties;
mod python;
#[cfg(unix)]
mod release;
mod report;
mod runs;
mod verdicts;
mod wasm;
