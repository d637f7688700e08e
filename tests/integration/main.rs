//! The integration tests, as one binary: linking the crate once takes a fraction of the time that fifteen binaries would.
//! `tests/rules.rs` is separate, because it generates its tests from the examples of rules.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these are tests"
)]

mod clients;
mod command;
mod common;
mod convert;
mod diff;
#[cfg(unix)]
mod docs;
mod explain;
#[cfg(unix)]
mod faults;
mod formats;
mod golden;
mod house;
mod packs;
mod properties;
mod python;
mod report;
mod runs;
